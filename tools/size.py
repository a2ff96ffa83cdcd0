"""Hold the bundles to their budget: `python -m tools.size`.

`edge/budget.json` says how many bytes, minified and gzipped, each stack's cache and each feature adds to an upload. What
grows by more than 5 % over that fails `make check`; the file is changed by hand, so that a reviewer sees the price of a
change. Exit 1 names each that is over, or that the budget lacks or has for nothing.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path

from bench._cache import BUNDLES
from bench.cache_size import sizes

BUDGET = Path(__file__).resolve().parent.parent / "edge" / "budget.json"
GROWTH = 1.05


def over(budget: Mapping[str, int], measured: Mapping[str, int]) -> list[str]:
    """Return a line for each bundle that is not within its budget."""
    lines = [f"{name}: has a budget and is not there; take it out" for name in sorted(budget.keys() - measured.keys())]
    for name, size in measured.items():
        allowed = budget.get(name)
        if allowed is None:
            lines.append(f"{name}: {size} bytes and no budget; write it down")
        elif size > allowed * GROWTH:
            lines.append(f"{name}: {size} bytes, {size / allowed - 1:.1%} over its budget of {allowed}")
    return lines


def measure() -> dict[str, int]:
    """Return the gzipped bytes of what is shipped."""
    return {name: int(spread.median) for name, spread in sizes(BUNDLES).spreads.items()}


def main() -> int:
    lines = over(json.loads(BUDGET.read_text(encoding="utf-8")), measure())
    for line in lines:
        print(line, file=sys.stderr)  # noqa: T201
    if lines:
        print(f"Make it smaller, or raise {BUDGET.name} on purpose.", file=sys.stderr)  # noqa: T201
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
