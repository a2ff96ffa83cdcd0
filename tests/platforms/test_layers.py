"""Which rooms may know which: `base` knows nobody above it, `contract` knows `base`, policies know these two alone; what is
made on a platform knows nothing of the commands and the processes that use it."""

import ast
from collections.abc import Iterator
from pathlib import Path

import edgewright
import edgewright_policies
import pytest

ROOT = Path(edgewright.__file__).parent
POLICIES = Path(edgewright_policies.__file__).parent

BELOW = {"base", "contract"}
MAKING = BELOW | {"arguments", "assemble", "engine", "platforms"}
"""What components are made with: nothing of it knows the commands, and the processes that run what was made."""

MAY: dict[Path, set[str]] = {
    ROOT / "base": {"base"},
    ROOT / "contract": BELOW,
    POLICIES: BELOW,
    **{ROOT / room: MAKING for room in ("arguments", "assemble", "platforms")},
    # A program is run with its stack's settings.
    ROOT / "engine": MAKING | {"config"},
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
