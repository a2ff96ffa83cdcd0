"""`edgewright status`, in words: what it says of a Workers runtime that was started again."""

import contextlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import typer
from edgewright.base.project import Project
from edgewright.cli import status as command
from edgewright.local.session import ProcessId, Session, StateDir
from typer.testing import CliRunner

from tests.projects import worker_project

NOBODY = ProcessId(pid=1, created=0.0)


class Told:
    """A control door that tells of one runtime."""

    def __init__(self, runtime: dict[str, Any] | None, runs: Sequence[dict[str, str]] = ()) -> None:
        self.runtime = runtime
        self.runs = runs

    def status(self) -> dict[str, Any]:
        return {"workers": [], "runs": self.runs, "generation": 1, "uptime_s": 1.0, "runtime": self.runtime}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = worker_project(tmp_path)
    state = StateDir(Project.load(folder), "local")
    state.create()
    state.write(
        Session(
            stack="local",
            project_dir=str(folder),
            supervisor=NOBODY,
            guard=NOBODY,
            processes={"gateway": NOBODY},
            port=8787,
            control_port=1,
            token="t",
            watching=False,
            services=[],
        )
    )
    monkeypatch.chdir(folder)
    return folder


def said(
    monkeypatch: pytest.MonkeyPatch,
    runtime: dict[str, Any] | None,
    runs: Sequence[dict[str, str]] = (),
    format_: str = "text",
) -> str:
    @contextlib.contextmanager
    def control(_session: Session) -> Iterator[Told]:
        yield Told(runtime, runs)

    monkeypatch.setattr(Session, "alive", lambda _session: True)
    monkeypatch.setattr(Session, "control", control)
    app = typer.Typer()
    app.command()(command.status)
    result = CliRunner().invoke(app, ["--format", format_])
    assert result.exit_code == 0, result.output
    return result.output


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(("restarts", "times"), [(1, "once"), (3, "3 times")])
def test_it_says_how_often_the_runtime_was_started_again_and_why(
    monkeypatch: pytest.MonkeyPatch, restarts: int, times: str
) -> None:
    text = said(monkeypatch, {"state": "running", "restarts": restarts, "reason": "ended [unexpectedly]"})
    assert "local running http" in text
    assert f"the Workers runtime was started again {times}: last, it ended [unexpectedly]" in text


@pytest.mark.usefixtures("project")
def test_it_does_not_call_a_stack_running_whose_runtime_starts_again(monkeypatch: pytest.MonkeyPatch) -> None:
    text = said(monkeypatch, {"state": "restarting", "restarts": 2, "reason": "does not start: no room"})
    assert "local its Workers runtime starts again: it does not start: no room http" in text


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("runtime", [None, {"state": "running", "restarts": 0, "reason": None}])
def test_it_says_nothing_of_a_runtime_that_never_ended(
    monkeypatch: pytest.MonkeyPatch, runtime: dict[str, Any] | None
) -> None:
    assert "Workers runtime" not in said(monkeypatch, runtime)


RUNS = [
    {"what": "Worker", "name": "api", "state": "1a2b3c4d 90 %, 5e6f7a8b 10 %"},
    {
        "what": "distribution",
        "name": "EDFDVBD6EXAMPLE",
        "state": "d1.cloudfront.net, www.shop.example; 10 % to ESTAGING",
    },
    {"what": "Lambda function", "name": "edge [a]", "state": "version 3; starts again with the next request: killed"},
]


@pytest.mark.usefixtures("project")
def test_it_shows_what_runs_whatever_kind_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [" ".join(line.split()) for line in said(monkeypatch, None, RUNS).splitlines()]
    for each in RUNS:
        assert " ".join(each.values()) in rows
    [stack] = json.loads(said(monkeypatch, None, RUNS, "json"))["stacks"]
    assert stack["runs"] == RUNS
