"""Ctrl-C at any moment of `up`: one line, and no process is left."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO

import pytest
from edgewright.base.project import Project
from edgewright.local.session import StateDir

from tests.processes import tree, wait_gone
from tests.projects import worker_project

pytestmark = pytest.mark.runtime

BEGUN = """
import signal
from edgewright.cli._start import main

own = signal.signal

def begun(*arguments):
    signal.signal = own
    print("begun", flush=True)
    return own(*arguments)

signal.signal = begun
main()
"""
"""The command, which says when it has begun: Python's own start, and what runs before `main`, is not ours to end in one line."""

LONG_TRAFFIC = """
config:
  edgewright:traffic:
    requests: 100000
    rate: 20
    mix: [{ path: /, weight: 1 }]
"""
"""Traffic of more than an hour: whatever the machine's speed, the command has not ended by the time of the press."""


def interrupted(project: Path, after: Callable[[IO[str]], object], presses: int = 1) -> str:
    """Return what `up` says that is interrupted after something, which may read what it says until then."""
    process = subprocess.Popen(
        [sys.executable, "-c", BEGUN, "up", "--port", "0"],
        cwd=project,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        # A shell's background job ignores Ctrl-C, and so would all that it starts.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    after(process.stdout)
    family = set(tree(process.pid))
    for _ in range(presses):
        os.killpg(process.pid, signal.SIGINT)
        time.sleep(0.05)
        family |= set(tree(process.pid))
    out, _ = process.communicate(timeout=120)
    session = StateDir(Project.load(project), "local").read()
    if session is not None:
        family |= set(tree(session.supervisor.pid))
    assert process.returncode == 3, f"{process.returncode}: {out}"
    wait_gone(sorted(family))
    return out


@pytest.mark.parametrize("presses", [1, 3])
@pytest.mark.parametrize("delay_ms", [0, 50, 150, 300, 600, 1000, 1500, 2500, 4000])
def test_one_line_and_no_process(
    tmp_path: Path, runtime_dir: Path, stop_all: Callable[[Path], Path], delay_ms: int, presses: int
) -> None:
    assert runtime_dir
    project = stop_all(worker_project(tmp_path, LONG_TRAFFIC))
    said = interrupted(project, lambda _said: time.sleep(delay_ms / 1000), presses)
    assert "Traceback" not in said, said
    assert said.count("interrupted") == 1, said
    assert said.rstrip().endswith("interrupted"), said


def test_while_traffic_is_replayed(tmp_path: Path, runtime_dir: Path, stop_all: Callable[[Path], Path]) -> None:
    assert runtime_dir
    project = stop_all(worker_project(tmp_path, LONG_TRAFFIC))
    state = StateDir(Project.load(project), "local")
    said = interrupted(project, lambda said: next(line for line in said if line.startswith("replaying")))
    assert "Traceback" not in said, said
    assert said.count("interrupted") == 1, said
    assert state.running() is None


AS_ANOTHER_ERROR = """
import os, signal, sys, types
from edgewright.cli import _start

def press():
    try:
        os.kill(os.getpid(), signal.SIGINT)
        signal.pause()
    except KeyboardInterrupt as error:
        raise ValueError("what a library made of it") from error

class WhileImported(types.ModuleType):
    def __getattr__(self, name):
        press()

moment = sys.argv.pop()
if moment == "import":
    sys.modules["edgewright.cli.main"] = WhileImported("edgewright.cli.main")
else:
    import edgewright.cli.main
    if moment == "run":
        edgewright.cli.main.app = lambda **_: press()
    else:
        edgewright.cli.main.os.chdir = lambda _: os.kill(os.getpid(), signal.SIGINT)
        sys.argv += ["--cwd", ".", "status"]
_start.main()
"""


@pytest.mark.parametrize("moment", ["import", "run", "before the command"])
def test_what_a_library_makes_of_it(moment: str) -> None:
    """pydantic turns an interruption into a SchemaError while it builds a model, and typer into an exit of its own."""
    done = subprocess.run([sys.executable, "-c", AS_ANOTHER_ERROR, moment], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (3, "error: interrupted\n")
