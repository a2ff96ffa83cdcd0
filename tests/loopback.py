"""Loopback in tests: ports that nobody has, and requests with a busy machine's patience and past any proxy."""

import fcntl
import os
import random
import socket
import tempfile
from pathlib import Path
from typing import IO, Any

import httpx

PATIENCE_S = 60.0
"""How long an answer may take here. What a test waits for comes at once; a machine that runs much else takes its time."""

_RANGE = range(20_000, 32_000)
"""Below the ports that systems give to connections of their own, so that none takes one before its service does."""


_TAKEN: dict[int, IO[bytes]] = {}
"""The ports that this process has been given, each with the lock on its file."""


def _take(port: int) -> bool:
    """Take a port among all test runs of this machine, for as long as this process lives; say whether nobody had it."""
    folder = Path(tempfile.gettempdir()) / f"edgewright-test-ports-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    file = (folder / str(port)).open("ab")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
    except OSError:
        file.close()
        return False
    _TAKEN[port] = file
    return True


def free_ports(count: int) -> list[int]:
    """Return so many ports of loopback on which nothing listens, and which no other test is given, here or in another run:
    what is started on one later finds it free."""
    found: list[int] = []
    for port in random.SystemRandom().sample(_RANGE, len(_RANGE)):
        if len(found) == count:
            return found
        if _take(port):
            found.append(port)
    raise RuntimeError(f"no {count} free ports from {_RANGE.start} to {_RANGE.stop}")


def free_port() -> int:
    """Return a port of loopback on which nothing listens."""
    (port,) = free_ports(1)
    return port


def get(url: str, **options: Any) -> httpx.Response:
    """Ask once, over a connection of its own."""
    return httpx.get(url, **{"trust_env": False, "timeout": PATIENCE_S, **options})
