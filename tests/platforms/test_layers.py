"""Which rooms may know which: `base` knows nobody above it, `contract` knows `base`, policies know these two alone."""

import ast
from collections.abc import Iterator
from pathlib import Path

import edgewright
import edgewright_policies
import pytest

ROOT = Path(edgewright.__file__).parent
POLICIES = Path(edgewright_policies.__file__).parent

MAY: dict[Path, set[str]] = {
    ROOT / "base": {"base"},
    ROOT / "contract": {"base", "contract"},
    POLICIES: {"base", "contract"},
}


def rooms(file: Path) -> Iterator[str]:
    """Yield the rooms of edgewright that a module imports from, wherever in it."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        modules += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        for module in modules:
            first, _, rest = module.partition(".")
            if first == "edgewright" and rest:
                yield rest.partition(".")[0]


@pytest.mark.parametrize("room", MAY, ids=lambda path: path.name)
def test_a_room_knows_those_below_it_alone(room: Path) -> None:
    found = {(str(file.relative_to(room)), each) for file in room.rglob("*.py") for each in rooms(file)}
    assert {(file, each) for file, each in found if each not in MAY[room]} == set()
