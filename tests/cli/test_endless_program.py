"""Ctrl-C and SIGTERM while a program runs that never ends: the command ends in one line, and so does the program."""

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import popen
from tests.processes import tree, wait_for, wait_gone
from tests.projects import worker_project

pytestmark = pytest.mark.runtime

SAYS_WHERE = (
    "import os, pathlib\npathlib.Path('runs.tmp').write_text(str(os.getpid()))\nos.rename('runs.tmp', 'runs')\n"
)
"""Written whole or not at all, so that whoever waits for it reads the number."""
ENDLESS = f"{SAYS_WHERE}while True: pass\n"


def stopped(process: "subprocess.Popen[str]", project: Path, number: signal.Signals) -> str:
    """Send a signal once the program loops, and return what the command says from then on."""
    try:
        wait_for((project / "runs").is_file, "the endless program's run")
        family = [*tree(process.pid), int((project / "runs").read_text())]
        os.killpg(process.pid, number)
        # Less than the time that a program is given, after which the command would end by itself.
        said, _ = process.communicate(timeout=90)
        wait_gone(family)
        return said
    finally:
        process.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(
    ("arguments", "line", "code"),
    [
        (("dev", "--port", "0"), "stopped", 0),
        (("up", "--port", "0"), "error: interrupted", 3),
        (("check", "local"), "error: interrupted", 3),
    ],
)
def test_a_first_run_is_ended_with_its_command(
    tmp_path: Path,
    runtime_dir: Path,
    stop_all: Callable[[Path], Path],
    arguments: tuple[str, ...],
    line: str,
    code: int,
    number: signal.Signals,
) -> None:
    assert runtime_dir
    project = stop_all(worker_project(tmp_path))
    (project / "__main__.py").write_text(ENDLESS)
    process = popen(*arguments, cwd=project)
    said = stopped(process, project, number)
    assert process.returncode == code, said
    assert said.rstrip().splitlines()[-1] == line, said
    assert "Traceback" not in said, said


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_run_of_an_edit_is_ended_with_dev(
    tmp_path: Path, runtime_dir: Path, stop_all: Callable[[Path], Path], number: signal.Signals
) -> None:
    assert runtime_dir
    project = stop_all(worker_project(tmp_path))
    process = popen("dev", "--port", "0", cwd=project)
    assert process.stdout is not None
    for told in process.stdout:
        if "edits are taken in" in told:
            break
    (project / "__main__.py").write_text(ENDLESS)
    said = stopped(process, project, number)
    assert process.returncode == 0, said
    assert said.rstrip() == "stopped", said
