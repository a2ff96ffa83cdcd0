"""Loopback in tests: ports that nobody has, and requests with a busy machine's patience and past any proxy."""

import contextlib
import random
import socket
from typing import Any

import httpx

PATIENCE_S = 60.0
"""How long an answer may take here. What a test waits for comes at once; a machine that runs much else takes its time."""

_RANGE = range(20_000, 32_000)
"""Below the ports that systems give to connections of their own, so that none takes one before its service does."""


def free_ports(count: int) -> list[int]:
    """Return so many ports of loopback on which nothing listens, drawn at random, as other test runs draw theirs."""
    with contextlib.ExitStack() as stack:
        found: list[int] = []
        for port in random.SystemRandom().sample(_RANGE, len(_RANGE)):
            one = stack.enter_context(socket.socket())
            try:
                one.bind(("127.0.0.1", port))
            except OSError:
                continue
            found.append(port)
            if len(found) == count:
                return found
    raise RuntimeError(f"no {count} free ports from {_RANGE.start} to {_RANGE.stop}")


def free_port() -> int:
    """Return a port of loopback on which nothing listens."""
    (port,) = free_ports(1)
    return port


def get(url: str, **options: Any) -> httpx.Response:
    """Ask once, over a connection of its own."""
    return httpx.get(url, **{"trust_env": False, "timeout": PATIENCE_S, **options})
