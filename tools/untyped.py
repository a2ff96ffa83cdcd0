"""Hold the code to what it has of unchecked types: `python -m tools.untyped`.

`tools/untyped.json` says how many `Mapping[str, Any]`, how many `dict[str, Any]`, and how many annotations with `Any` at all
each package has. What strict typing does not check is to become less: more of one fails `make check`, and the file is changed
by hand. Exit 1 names each that is over, and where most of them are.
"""

import ast
import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUDGET = Path(__file__).with_suffix(".json")
PACKAGES = {"components": "components/edgewright", "policies": "policies/edgewright_policies"}
KINDS = ("Mapping[str, Any]", "dict[str, Any]", "Any")


def counted(source: str) -> Counter[str]:
    """Return how many types of each kind a module's code names; texts and comments have none."""
    found: Counter[str] = Counter()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Name) and node.id == "Any":
            found["Any"] += 1
        elif isinstance(node, ast.Subscript) and (text := ast.unparse(node)) in KINDS:
            found[text] += 1
    return found


def measure() -> dict[str, dict[str, Counter[str]]]:
    """Return the counts of each package by file."""
    return {
        package: {
            path.relative_to(ROOT).as_posix(): counted(path.read_text(encoding="utf-8"))
            for path in sorted((ROOT / folder).rglob("*.py"))
        }
        for package, folder in PACKAGES.items()
    }


def over(
    budget: Mapping[str, Mapping[str, int]], measured: Mapping[str, Mapping[str, Mapping[str, int]]]
) -> Iterator[str]:
    """Yield a line for each count that is over its budget."""
    for package, files in measured.items():
        for kind in KINDS:
            count, allowed = sum(file.get(kind, 0) for file in files.values()), budget[package][kind]
            if count > allowed:
                most = sorted(files, key=lambda file: -files[file].get(kind, 0))[:5]
                places = ", ".join(f"{file} ({files[file].get(kind, 0)})" for file in most)
                yield f"{package}: {count} of {kind}, and {allowed} are allowed; most are in {places}"


def main() -> int:
    lines = list(over(json.loads(BUDGET.read_text(encoding="utf-8")), measure()))
    for line in lines:
        sys.stderr.write(f"{line}\n")
    if lines:
        sys.stderr.write(f"Say what they are by a model or a type, or raise {BUDGET.name} on purpose.\n")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
