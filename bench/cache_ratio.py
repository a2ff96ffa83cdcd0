"""Hit ratio: what eviction and expiry leave of what could have been served from the store."""

from typing import Any

from bench._cache import run_node
from bench.harness import Options, Result, Spread

DESCRIPTION = "the cache's hit ratio on a Zipf trace: ample room, with a TTL, with room for a tenth"

_OBJECTS = 10_000
_REQUESTS = 100_000
_ALPHA = 0.9
_TTL = 6_000
_ROOM = 1_000


def run(options: Options) -> Result:
    """Replay one trace a round, each of another seed: the spread is of the traces, not of the machine."""
    requests = _REQUESTS // 10 if options.quick else _REQUESTS
    found: list[dict[str, Any]] = [
        run_node(
            "trace.mjs",
            {
                "seed": options.seed + number,
                "objects": _OBJECTS,
                "requests": requests,
                "alpha": _ALPHA,
                "ttl": _TTL,
                "room": _ROOM,
            },
        )
        for number in range(min(options.rounds, 5))
    ]

    def percent(case: str, who: str) -> Spread:
        return Spread(tuple(one[case][who] * 100 for one in found))

    def less(case: str) -> Spread:
        return Spread(tuple((one[case]["ideal"] - one[case]["edgewright"]) * 100 for one in found))

    return Result(
        unit="%",
        spreads={
            "ample room: ideal": percent("ample", "ideal"),
            "ample room: edgewright": percent("ample", "edgewright"),
            "ample room: points under the ideal": less("ample"),
            "TTL of 6,000 requests: ideal": percent("ttl", "ideal"),
            "TTL of 6,000 requests: edgewright": percent("ttl", "edgewright"),
            "TTL of 6,000 requests: points under the ideal": less("ttl"),
            "room for a tenth: LRU": percent("room", "lru"),
            "room for a tenth: edgewright": percent("room", "edgewright"),
            "room for a tenth: optimum": percent("room", "optimum"),
        },
        notes={
            "trace": f"Zipf {_ALPHA}, {_OBJECTS} objects of one size, {requests} requests, one a millisecond",
            "what is driven": "the cache core itself, isolate memory only, on Node.js",
        },
    )
