"""What the cache, and every other feature, adds to an edge function."""

import json
from pathlib import Path
from typing import Any

from bench._cache import BUNDLES, gzipped
from bench.harness import Options, Result, Spread

DESCRIPTION = "bytes that each feature adds to a Worker, minified and gzipped"


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
    reference = core | features["cache"] | features["geo"]
    return Result(
        unit="bytes",
        spreads={
            "core": weigh(core),
            **{f"{name} adds": weigh(names - core) for name, names in features.items()},
            "Worker with cache and geo": weigh(reference),
            "Worker with everything": weigh(core.union(*features.values())),
        },
        notes={
            "minified": {name: manifest["files"][name]["bytes"] for name in sorted(manifest["files"])},
            "left out where not used": sorted(manifest["features"]),
        },
    )
