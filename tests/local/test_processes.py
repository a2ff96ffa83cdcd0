"""The guard: whatever ends, nothing it started is left."""

import os
import signal
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from edgewright.base.errors import InfrastructureError
from edgewright.local.processes import Processes

from tests.processes import alive, tree, wait_for, wait_gone

PARENT = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(child.pid, flush=True)
sys.stdin.read() if {reads} else time.sleep(600)
"""
"""A program with a child of its own, as Node has workerd."""


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    with Processes(tmp_path / "guard.log") as made:
        yield made


def start_parent(processes: Processes, folder: Path, name: str = "parent", reads: bool = False) -> list[int]:
    """Start a program with a child; return both process ids."""
    pid = processes.start(
        name,
        [sys.executable, "-c", PARENT.format(reads=reads)],
        cwd=folder,
        environment=dict(os.environ),
        log=folder / f"{name}.log",
        input="hello",
    )
    line = processes.line(name, 90)
    assert line is not None
    return [pid, int(line)]


def test_close_ends_children_and_theirs(processes: Processes, tmp_path: Path) -> None:
    pids = start_parent(processes, tmp_path) + start_parent(processes, tmp_path, "second", reads=True)
    assert all(map(alive, pids))
    guard = processes.pid
    processes.close()
    assert not any(map(alive, [*pids, guard]))


def test_a_killed_child_takes_its_own_with_it_and_is_told(processes: Processes, tmp_path: Path) -> None:
    pids = start_parent(processes, tmp_path)
    os.kill(pids[0], signal.SIGKILL)
    ended = processes.exits.get(timeout=90)
    assert (ended.name, ended.code, ended.reason) == ("parent", -9, "was killed by signal 9")
    wait_gone(pids)


def test_a_killed_guard_closes_the_input_of_those_that_read_it(processes: Processes, tmp_path: Path) -> None:
    pid, grandchild = start_parent(processes, tmp_path, reads=True)
    os.kill(processes.pid, signal.SIGKILL)
    assert processes.exits.get(timeout=90).name == "guard"
    wait_gone([pid])
    os.kill(grandchild, signal.SIGKILL)  # its parent's to end, as workerd is the gateway's


def test_a_killed_guard_takes_services_with_it(processes: Processes, tmp_path: Path) -> None:
    if sys.platform != "linux":
        pytest.skip("only Linux tells a child of its parent's end")
    argv = [sys.executable, "-c", "import time; time.sleep(600)"]
    pid = processes.start("service", argv, cwd=tmp_path, environment=dict(os.environ), log=tmp_path / "s.log")
    os.kill(processes.pid, signal.SIGKILL)
    wait_gone([pid])


def test_a_killed_owner_leaves_nothing(tmp_path: Path) -> None:
    program = f"""
    import os, signal, sys, time
    from pathlib import Path
    from edgewright.local.processes import Processes
    processes = Processes(Path({str(tmp_path)!r}) / "guard.log")
    argv = [sys.executable, "-c", {PARENT.format(reads=False)!r}]
    processes.start("p", argv, cwd=Path("."), environment=dict(os.environ), log=Path({str(tmp_path / "p.log")!r}), input="x")
    print(processes.pid, processes.pids()["p"], processes.line("p", 90), flush=True)
    time.sleep(600)
    """
    owner = psutil.Popen([sys.executable, "-c", textwrap.dedent(program)], stdout=-1, text=True)
    pids = [int(word) for word in owner.stdout.readline().split()]
    assert len(pids) == 3
    assert all(map(alive, pids))
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    owner.stdout.close()
    wait_gone(pids)


def test_stop_ends_one_and_leaves_the_others(processes: Processes, tmp_path: Path) -> None:
    first, second = start_parent(processes, tmp_path, "first"), start_parent(processes, tmp_path, "second")
    processes.stop("first")
    assert not any(map(alive, first))
    assert all(map(alive, second))
    assert processes.exits.empty(), "an end that was asked for is no news"
    assert "first" not in processes.pids()
    assert start_parent(processes, tmp_path, "first") != first


def test_a_child_that_does_not_listen_is_killed(
    processes: Processes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('x', flush=True); time.sleep(600)"
    )
    pid = processes.start(
        "deaf", [sys.executable, "-c", program], cwd=tmp_path, environment=dict(os.environ), log=tmp_path / "deaf.log"
    )
    wait_for(lambda: (tmp_path / "deaf.log").read_text() != "", "the start")
    processes.stop("deaf")
    assert not alive(pid)


def test_what_cannot_start_is_told(processes: Processes, tmp_path: Path) -> None:
    with pytest.raises(InfrastructureError, match="nothing: cannot be started: /no/such/program: No such file"):
        processes.start("nothing", ["/no/such/program"], cwd=tmp_path, environment={}, log=tmp_path / "x.log")


def test_logs_are_for_their_owner_only(processes: Processes, tmp_path: Path) -> None:
    start_parent(processes, tmp_path)
    assert (tmp_path / "parent.log").stat().st_mode & 0o077 == 0
    assert (tmp_path / "guard.log").stat().st_mode & 0o077 == 0


def test_the_guard_is_out_of_reach_of_ctrl_c(processes: Processes, tmp_path: Path) -> None:
    pids = start_parent(processes, tmp_path)
    groups = {os.getpgid(pid) for pid in [processes.pid, pids[0]]}
    assert os.getpgid(os.getpid()) not in groups
    assert os.getsid(processes.pid) != os.getsid(os.getpid())
    assert tree(processes.pid)[1:] == pids
