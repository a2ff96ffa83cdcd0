"""The repository's own project, and copies of it that a test may spoil."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from edgewright.program.runner import Runner

ROOT = Path(__file__).resolve().parents[2]
STACKS = ("dev", "local", "prod", "staging")


@pytest.fixture(scope="session")
def runner() -> Iterator[Runner]:
    with Runner() as runner:
        yield runner


Spoil = Callable[[str, str, str], Path]


@pytest.fixture
def spoil(tmp_path: Path) -> Spoil:
    """Return a function that copies the project with one text of a stack's settings replaced by another."""

    def copy(stack: str, old: str, new: str) -> Path:
        for name in ("Pulumi.yaml", "__main__.py"):
            shutil.copy(ROOT / name, tmp_path / name)
        shutil.copytree(ROOT / "stacks", tmp_path / "stacks", ignore=shutil.ignore_patterns("__pycache__"))
        file = tmp_path / "stacks" / f"Pulumi.{stack}.yaml"
        text = file.read_text()
        assert text.count(old) >= 1, f"{file.name} has no {old!r}"
        file.write_text(text.replace(old, new, 1))
        return tmp_path

    return copy
