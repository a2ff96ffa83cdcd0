"""esbuild, kept ready between runs: a small Node.js process that the process which runs programs owns.

Programs run in forked children of that process, and each asks over a connection of its own. Whoever runs without one (the
Pulumi engine, a test) starts `bundler.mjs` for one answer.
"""

import contextlib
import json
import os
import secrets
import socket
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SCRIPT = Path(__file__).with_name("bundler.mjs")

STOP_S = 2.0
"""Between closing the process's input and killing it."""


@dataclass(frozen=True)
class Bundler:
    """A running process that bundles."""

    process: "subprocess.Popen[bytes]"
    port: int
    token: str
    environment: tuple[str | None, ...]
    """What chose Node.js and esbuild; a program with other values has to start its own."""

    @classmethod
    def start(cls) -> "Bundler | None":
        """Start it without waiting for it; None where Node.js or esbuild is not here yet: nothing is installed."""
        from edgewright.assemble.handlers import installed_esbuild
        from edgewright.assemble.node import NodeMissing, find_node

        # What is found here must not be kept for children: they may run with another PATH.
        try:
            node = find_node()
        except NodeMissing:
            return None
        finally:
            find_node.cache_clear()
        home = installed_esbuild()
        if home is None:
            return None
        token = secrets.token_hex(16)
        with socket.create_server(("127.0.0.1", 0)) as listening:
            descriptor = listening.fileno()
            process = subprocess.Popen(
                [str(node.executable), os.fspath(SCRIPT), os.fspath(home), str(descriptor), token],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=(descriptor,),
                env=node.environment(),
            )
            return cls(process, listening.getsockname()[1], token, _environment())

    @property
    def usable(self) -> bool:
        """Whether it would answer this process as one that it starts itself."""
        return self.environment == _environment()

    def ask(self, request: Mapping[str, object], timeout_s: float) -> Any:
        """Return the answer to a request.

        Raises:
            OSError: it does not answer, or not in time.
            ValueError: it broke half-way.
        """
        parts = bytearray()
        with socket.create_connection(("127.0.0.1", self.port), timeout_s) as connection:
            connection.sendall(json.dumps({**request, "token": self.token}).encode())
            connection.shutdown(socket.SHUT_WR)
            while part := connection.recv(1 << 20):
                parts += part
        return json.loads(parts)

    def stop(self) -> None:
        """End it."""
        assert self.process.stdin is not None
        with contextlib.suppress(OSError):
            self.process.stdin.close()
        try:
            self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def _environment() -> tuple[str | None, ...]:
    return tuple(os.environ.get(name) for name in ("PATH", "EDGEWRIGHT_CACHE_DIR", "XDG_CACHE_HOME", "HOME"))


current: Bundler | None = None
"""The process that programs of this process and its children ask."""


def ensure() -> None:
    """Start it where it is not running."""
    global current
    if current is not None and current.process.poll() is None:
        return
    current = Bundler.start()


def close() -> None:
    """End it where it is running."""
    global current
    if current is not None:
        current.stop()
    current = None
