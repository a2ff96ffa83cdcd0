"""Running the command in this process, or in one of its own."""

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from edgewright.base.project import Project
from edgewright.cli.main import run
from edgewright.local.session import StateDir, sessions

COMMAND = [sys.executable, "-c", "from edgewright.cli._start import main; main()"]


@dataclass(frozen=True)
class Outcome:
    """What a command left: its exit code and what it said."""

    code: int
    out: str
    err: str


Edgewright = Callable[..., Outcome]


@pytest.fixture
def edgewright(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Edgewright:
    """A function that runs the command in a folder, in this process."""

    def call(*arguments: str, cwd: Path) -> Outcome:
        monkeypatch.chdir(cwd)
        capsys.readouterr()
        code = run(list(arguments))
        said = capsys.readouterr()
        return Outcome(code, said.out, said.err)

    return call


@pytest.fixture
def stop_all() -> Iterator[Callable[[Path], Path]]:
    """A function to name a project whose stacks are stopped after the test, whatever became of it."""
    projects: list[Path] = []

    def name(project: Path) -> Path:
        projects.append(project)
        return project

    yield name
    for project in projects:
        for state, _ in sessions(Project.load(project)):
            StateDir(state.project, state.stack).stop()


def popen(*arguments: str, cwd: Path) -> "subprocess.Popen[str]":
    """Start the command in a process and a session of its own, with all that it says in one pipe."""
    return subprocess.Popen(
        [*COMMAND, *arguments],
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        # A shell's background job ignores Ctrl-C, and so would all that it starts.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
