"""What each stack of the repository declares stays what it is: names, types, parents, options and inputs.

Where a change is meant: EDGEWRIGHT_UPDATE_GOLDEN=1 pytest tests/captures, and look at the difference.
"""

import os
from pathlib import Path

import pytest
from edgewright.engine.runner import Runner

from tests.captures.record import FOLDER, file_of, projects, record


@pytest.mark.parametrize(("project", "stack"), projects(), ids=lambda value: getattr(value, "name", value))
def test_a_stack_declares_what_it_did(runner: Runner, project: Path, stack: str) -> None:
    file = file_of(project, stack)
    found = record(runner, project, stack)
    if os.environ.get("EDGEWRIGHT_UPDATE_GOLDEN"):
        file.parent.mkdir(exist_ok=True)
        file.write_text(found, "utf-8")
    assert found == file.read_text("utf-8")


def test_each_capture_is_of_a_stack() -> None:
    assert sorted(FOLDER.glob("*.json")) == sorted(file_of(*found) for found in projects())
