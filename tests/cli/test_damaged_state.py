"""What the tools wrote down and somebody changed: each file that is read again ends in a sentence, never in a traceback."""

import json
from pathlib import Path
from typing import Any

import pytest
from edgewright.base.errors import InfrastructureError, ProjectError
from edgewright.base.project import Project
from edgewright.local.dev import last_reload
from edgewright.local.session import SessionDamaged, StateDir
from edgewright.platforms import archive
from edgewright.purge.changed import changes
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.cli.conftest import Edgewright
from tests.projects import worker_project

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)

SESSION: dict[str, Any] = {
    "stack": "local",
    "project_dir": "/nowhere",
    "supervisor": {"pid": 1, "created": 0.0},
    "guard": {"pid": 1, "created": 0.0},
    "processes": {"gateway": {"pid": 1, "created": 0.0}},
    "port": 1,
    "control_port": 1,
    "token": "t",
    "watching": False,
    "services": [],
    "version": 1,
}
FILES = ("session.json", "reload.json", "classes.json", "versions/one.json", "functions/one.json", "gateway.ndjson")


@pytest.fixture
def state(tmp_path: Path) -> StateDir:
    found = StateDir(Project.load(worker_project(tmp_path)), "local")
    found.create()
    return found


@given(value=JSON, key=st.sampled_from([*SESSION, "more"]), whole=st.booleans())
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_a_session_of_odd_types_is_one_or_is_named_as_damaged(
    state: StateDir, value: object, key: str, whole: bool
) -> None:
    path = state.path / "session.json"
    path.write_text(json.dumps(value if whole else {**SESSION, key: value}))
    try:
        session = state.read()
    except SessionDamaged as damaged:
        told = str(damaged)
    else:
        assert session is None or isinstance(session.supervisor.pid, int)
        return
    assert "session.json: cannot be read (" in told
    assert "`edgewright down local` stops what runs and removes it" in told
    assert "\n" not in told


@given(value=JSON, key=st.sampled_from(["at", "ok", "ms", "changed", "errors"]), whole=st.booleans())
@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_a_note_of_a_reload_is_one_or_none(state: StateDir, value: object, key: str, whole: bool) -> None:
    note = {"at": 1.0, "ok": True, "ms": 1.0, "changed": [], "errors": []}
    (state.path / "reload.json").write_text(json.dumps(value if whole else {**note, key: value}))
    assert last_reload(state) is None or last_reload(state)


@given(value=JSON)
@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_an_archive_leaves_out_what_is_none(state: StateDir, value: object) -> None:
    for folder in (archive.versions_folder(state.path), archive.functions_folder(state.path)):
        folder.mkdir(exist_ok=True)
        (folder / "one.json").write_text(json.dumps(value))
    (state.path / "classes.json").write_text(json.dumps(value))
    assert not archive.read(state.path).published


@given(value=JSON)
@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_a_record_of_a_purge_is_one_or_is_refused(state: StateDir, value: object) -> None:
    record = state.path / "record.json"
    record.write_text(json.dumps(value))
    try:
        changes(state.path / "logs", "/p", record)
    except ProjectError as refused:
        told = str(refused)
    else:
        return
    assert "remove it to begin anew" in told


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("content", ["", "{", "[]", "null", "3", '"x"', '{"processes": []}', "\x00\xff", "[" * 5000])
@pytest.mark.parametrize("command", [("status",), ("logs",), ("down",)])
def test_commands_say_a_sentence(
    edgewright: Edgewright, state: StateDir, file: str, content: str, command: tuple[str, ...]
) -> None:
    path = state.path / file
    path.parent.mkdir(exist_ok=True)
    path.write_text(content)
    said = edgewright(*command, cwd=state.project.directory)
    assert "Traceback" not in said.out + said.err
    assert "defect" not in said.err
    if file == "session.json":
        if command == ("down",):
            assert said.code == 0
            assert not path.exists()
        elif command == ("status",):
            assert "edgewright down local" in said.err
            assert said.code == 3


def test_what_runs_with_a_damaged_file_is_found_by_down(state: StateDir) -> None:
    (state.path / "session.json").write_text("[]")
    with pytest.raises(InfrastructureError, match="edgewright down local"):
        state.running()
    assert state.stop() is False
    assert state.running() is None
