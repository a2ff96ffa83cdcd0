"""What the cache, and every other feature, adds to an edge function."""

import gzip
import json
from pathlib import Path
from typing import Any

from bench._cache import BUNDLES, gzipped
from bench.harness import Options, Result, Spread

DESCRIPTION = "bytes that each feature adds to a Worker, minified and gzipped"

REFERENCE = "reference stack (memory, edge, KV)"
STACKS = {
    "edge tier alone": ("cache_edge",),
    "by default": ("cache_edge", "cache_memory"),
    REFERENCE: ("cache_edge", "cache_memory", "cache_kv", "cache_purge"),
    "caching-proxy (mode origin, all methods)": ("cache_edge", "cache_memory", "cache_origin", "cache_writes"),
    "with a shield (memory, edge, shield)": ("cache_edge", "cache_memory", "cache_purge", "cache_shield"),
    "every part": (
        "cache_edge",
        "cache_key",
        "cache_memory",
        "cache_kv",
        "cache_origin",
        "cache_writes",
        "cache_platform",
        "cache_purge",
        "cache_shield",
    ),
}
"""Parts of the cache by the stacks that have them."""


def run(options: Options) -> Result:  # noqa: ARG001
    """Measure the bundles as they are shipped."""
    return sizes(BUNDLES)


def sizes(bundles: Path) -> Result:
    """Return gzipped bytes of the core, of what each feature adds to it, and of whole Workers."""
    manifest: dict[str, Any] = json.loads((bundles / "manifest.json").read_text())

    def files(part: dict[str, Any]) -> set[str]:
        return {part["file"], *part["imports"]}

    def weigh(names: set[str]) -> Spread:
        return Spread((float(sum(gzipped(bundles / name) for name in names)),))

    core = files(manifest["core"])
    features = {name: files(part) for name, part in manifest["features"].items()}
    base = core | features["cache"]

    def adds(*names: str) -> Spread:
        """What is uploaded more, compressed as one archive: as Wrangler counts an upload."""
        whole = base.union(*(features[name] for name in names))
        return Spread((float(_together(bundles, whole) - _together(bundles, core)),))

    part = {name: names - (base if name.startswith("cache_") else core) for name, names in features.items()}
    reference = base.union(*(features[name] for name in (*STACKS[REFERENCE], "geo")))
    return Result(
        unit="bytes",
        spreads={
            "core": weigh(core),
            **{f"{name} adds": weigh(names) for name, names in part.items()},
            **{f"cache in all, {stack}": adds(*names) for stack, names in STACKS.items()},
            "Worker of the reference stack": weigh(reference),
            "Worker with everything": weigh(core.union(*features.values())),
        },
        notes={
            "minified": {name: manifest["files"][name]["bytes"] for name in sorted(manifest["files"])},
            "left out where not used": sorted(manifest["features"]),
            "a part's bytes": "each file by itself; a part of the cache: beside the cache",
            "cache in all": "what the upload grows by, compressed as one",
        },
    )


def _together(bundles: Path, names: set[str]) -> int:
    return len(gzip.compress(b"".join((bundles / name).read_bytes() for name in sorted(names)), 9, mtime=0))
