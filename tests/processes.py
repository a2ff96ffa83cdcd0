"""Looking at processes, for tests of their ends."""

import time
from collections.abc import Callable, Iterable

import psutil


def alive(pid: int) -> bool:
    """Return whether a process runs; one that only waits to be collected does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def tree(pid: int) -> list[int]:
    """Return a process and all that it started."""
    return [pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))]


def wait_for(condition: Callable[[], bool], what: str, timeout_s: float = 90.0) -> None:
    """Wait until a condition holds; fail with what was waited for."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"not within {timeout_s:g} s: {what}"
        time.sleep(0.02)


def wait_gone(pids: Iterable[int], timeout_s: float = 90.0) -> None:
    """Wait until none of these processes is left."""
    wanted = list(pids)
    wait_for(lambda: not any(map(alive, wanted)), f"the end of {wanted}", timeout_s)
