"""Decisions a second: over heads and weights alone, as a simulator makes them, and by the cache that moves the bytes."""

from typing import Any

from bench._cache import run_node
from bench.harness import Options, Result, Spread, ratio

DESCRIPTION = "the cache's decisions a second over heads alone, beside those of `handle`, on one trace"

_OBJECTS = 10_000
_REQUESTS = 100_000
_ALPHA = 0.9


def run(options: Options) -> Result:
    """Run one trace a round through both; each has as many hits as the other."""
    requests = _REQUESTS // 10 if options.quick else _REQUESTS
    found: list[dict[str, Any]] = []
    for number in range(min(options.rounds, 5)):
        trace = {"seed": options.seed + number, "objects": _OBJECTS, "requests": requests, "alpha": _ALPHA}
        one = run_node("decide.mjs", trace)
        if one["decide"]["hits"] != one["handle"]["hits"]:
            raise RuntimeError(f"{one['decide']['hits']} hits are decided, {one['handle']['hits']} are served")
        found.append(one)
    decide = Spread(tuple(one["decide"]["rate"] for one in found))
    handle = Spread(tuple(one["handle"]["rate"] for one in found))
    return Result(
        unit="decisions/s",
        spreads={"decide": decide, "handle": handle},
        ratios={"decide / handle": ratio(decide, handle)},
        notes={
            "trace": f"Zipf {_ALPHA}, {_OBJECTS} objects, {requests} requests, one a millisecond, fresh for 30 s",
            "hits": ", ".join(str(one["decide"]["hits"]) for one in found),
            "what is driven": "the cache core itself, mode origin, isolate memory only, on Node.js",
        },
    )
