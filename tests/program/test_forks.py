"""Programs that leave copies of themselves, processes and threads behind: a run ends with the program, and has one answer."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from edgewright.engine.runner import Runner

from tests.projects import make_project

PROGRAMS = {
    "a copy that waits": "import os, time\nif os.fork() == 0:\n    time.sleep(600)\n",
    "a copy that goes on to the end": "import os\nos.fork()\n",
    "a copy in a session of its own": "import os, time\nif os.fork() == 0:\n    os.setsid()\n    time.sleep(30)\n    os._exit(0)\n",
    "a process of multiprocessing": (
        "import multiprocessing, time\n"
        "context = multiprocessing.get_context('fork')\n"
        "context.Process(target=time.sleep, args=(600,), daemon=True).start()\n"
    ),
    "a pool": (
        "import multiprocessing\n"
        "pool = multiprocessing.get_context('fork').Pool(2)\n"
        "assert pool.map(abs, [-1, -2]) == [1, 2]\n"
    ),
    "a subprocess left running": "import subprocess\nsubprocess.Popen(['sleep', '600'])\n",
    "a subprocess that keeps every file": (
        "import subprocess\nsubprocess.Popen(['sleep', '30'], close_fds=False, start_new_session=True)\n"
    ),
    "a thread that does not end": "import threading, time\nthreading.Thread(target=time.sleep, args=(600,)).start()\n",
}


@pytest.fixture(scope="module")
def runner() -> Iterator[Runner]:
    with Runner() as shared:
        yield shared


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_a_run_ends_with_the_program(runner: Runner, tmp_path: Path, program: str) -> None:
    main = f"import pulumi\n{program}pulumi.export('done', 'yes')\n"
    make_project(tmp_path, main)
    began = time.monotonic()
    for _ in range(2):
        capture, _settings = runner.run(tmp_path, "local", timeout_s=300)
        assert capture.outputs == {"done": "yes"}
    # Not for as long as what was left behind, nor until the program's time is up.
    assert time.monotonic() - began < 250
