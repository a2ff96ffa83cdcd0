"""Crowds: 64 clients ask for one thing at once."""

from typing import Any

from bench._cache import run_node, stage
from bench.harness import Options, Result, Spread

DESCRIPTION = "64 requests at once: origin requests, and how long the last client waits"

CLIENTS = 64
DELAY_MS = 300
_SCENES = {
    "cold, cacheable": ("public, max-age=60", False),
    "cold, no-store": ("no-store", False),
    "stale": ("public, max-age=1", True),
    "stale + SWR": ("public, max-age=1, stale-while-revalidate=60", True),
}
_SERVERS = {"crowd": "edgewright", "by hand": "by hand", "nginx": "nginx", "varnish": "varnish"}


def run(options: Options) -> Result:
    """Run every scene on every server, in another order each round."""
    rounds = min(options.rounds, 5)
    with stage() as made:
        servers = {label: made.servers[name] for name, label in _SERVERS.items() if name in made.servers}
        found: list[dict[str, Any]] = run_node(
            "crowd.mjs",
            {
                "origin": made.origin,
                "servers": servers,
                "scenes": {name: {"control": control, "prime": prime} for name, (control, prime) in _SCENES.items()},
                "clients": CLIENTS,
                "delay": DELAY_MS,
                "rounds": rounds,
                "seed": options.seed,
            },
        )
    spreads: dict[str, Spread] = {}
    ratios: dict[str, Spread] = {}
    requests: dict[str, str] = {}
    for server in servers:
        for scene in _SCENES:
            of = [one for one in found if one["server"] == server and one["scene"] == scene]
            key = f"{server}: {scene}"
            spreads[key] = Spread(tuple(one["slowest_ms"] for one in of))
            ratios[f"{key}, last client / origin"] = Spread(tuple(one["slowest_ms"] / DELAY_MS for one in of))
            counts = sorted({one["origin_requests"] for one in of})
            requests[key] = " to ".join(
                str(count) for count in (counts[:1] if len(counts) == 1 else (counts[0], counts[-1]))
            )
    return Result(
        unit="ms until the last client has its answer",
        spreads=spreads,
        ratios=ratios,
        notes={
            "clients": CLIENTS,
            "the origin takes (ms)": DELAY_MS,
            "origin requests": requests,
            "versions": made.versions,
            "not installed": list(made.missing),
            "of the peers": "nginx serves stale while it updates although the origin does not allow it (use_stale updating)",
        },
    )
