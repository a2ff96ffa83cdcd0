"""The guard's client: starts processes that end with us, and hears from them."""

import contextlib
import json
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from edgewright.base.errors import InfrastructureError
from edgewright.base.fault_codes import Code
from edgewright.base.private import open_private
from edgewright.local import guard


class Exit:
    """A child has ended."""

    def __init__(self, name: str, code: int) -> None:
        self.name = name
        self.code = code

    @property
    def reason(self) -> str:
        """How it ended, for people."""
        return f"was killed by signal {-self.code}" if self.code < 0 else f"exited with status {self.code}"


class Processes:
    """The processes of one running local cloud. Thread-safe; a context manager.

    Whatever ends this process, the guard ends the children.
    """

    def __init__(self, log: Path) -> None:
        self._log = open_private(log, "ab")
        self._guard = subprocess.Popen(
            [sys.executable, "-E", "-S", guard.__file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            # Ctrl-C goes to the terminal's process group; ending the children in order is ours to do.
            start_new_session=True,
        )
        self._condition = threading.Condition()
        self._pids: dict[str, int] = {}
        self._failed: dict[str, str] = {}
        self._lines: dict[str, list[str]] = {}
        self._ended: dict[str, Exit] = {}
        self._expected: set[str] = set()
        self._closed = False
        self.exits: queue.Queue[Exit] = queue.Queue()
        """Ends of children that nobody asked for; the guard's own end is one named `guard`."""
        self._reader = threading.Thread(target=self._read, name="edgewright-guard", daemon=True)
        self._reader.start()

    def __enter__(self) -> "Processes":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def pid(self) -> int:
        """The guard's process id."""
        return self._guard.pid

    def pids(self) -> dict[str, int]:
        """Return names and process ids of the children."""
        with self._condition:
            return dict(self._pids)

    def start(
        self,
        name: str,
        argv: Sequence[str],
        *,
        cwd: Path,
        environment: Mapping[str, str],
        log: Path,
        input: str | None = None,
        timeout_s: float = 20.0,
    ) -> int:
        """Start a child and return its process id.

        Args:
            name: unique among the children that run.
            argv: program and arguments.
            cwd: its directory.
            environment: its whole environment.
            log: file for its standard error (and output, where `input` is None), written anew.
            input: first line of its standard input, which then stays open for as long as we live; its output's lines
                are read with :meth:`line`. None gives it no input.
            timeout_s: how long the start may take.

        Raises:
            InfrastructureError: it cannot be started.
        """
        with self._condition:
            for kept in (self._failed, self._ended, self._lines):
                kept.pop(name, None)
            self._expected.discard(name)
        self._send(
            {
                "start": {
                    "name": name,
                    "argv": list(argv),
                    "cwd": str(cwd),
                    "environment": dict(environment),
                    "log": str(log),
                    "input": input,
                }
            }
        )
        deadline = time.monotonic() + timeout_s
        with self._condition:
            while name not in self._pids and name not in self._failed:
                if not self._condition.wait(max(0.0, deadline - time.monotonic())) or self._closed:
                    raise InfrastructureError(
                        f"{name}: the process that starts others does not answer; see {log.parent}", Code.PROCESS
                    )
            if name in self._failed:
                raise InfrastructureError(f"{name}: cannot be started: {self._failed[name]}", Code.PROCESS)
            return self._pids[name]

    def line(self, name: str, timeout_s: float) -> str | None:
        """Return a child's next line of output, or None where it ended or the time is over."""
        deadline = time.monotonic() + timeout_s
        with self._condition:
            while not self._lines.get(name):
                if name in self._ended or self._closed:
                    return None
                if not self._condition.wait(max(0.0, deadline - time.monotonic())):
                    return None
            return self._lines[name].pop(0)

    def ended(self, name: str) -> Exit | None:
        """Return how a child ended, or None while it runs."""
        with self._condition:
            return self._ended.get(name)

    def stop(self, name: str, timeout_s: float = 15.0) -> None:
        """Stop one child and what it started; returns when it is gone."""
        with self._condition:
            if name not in self._pids:
                return
            self._expected.add(name)
        self._send({"stop": name})
        deadline = time.monotonic() + timeout_s
        with self._condition:
            while name in self._pids and not self._closed:
                if not self._condition.wait(max(0.0, deadline - time.monotonic())):
                    raise InfrastructureError(f"{name}: did not stop within {timeout_s:g} s", Code.PROCESS)

    def close(self) -> None:
        """Stop all children and the guard; returns when they are gone."""
        with self._condition:
            self._expected.update(self._pids)
            self._closed = True
        if self._guard.stdin is not None:
            with contextlib.suppress(OSError):
                self._guard.stdin.close()
        try:
            self._guard.wait(timeout=guard.STOP_S + 10)
        except subprocess.TimeoutExpired:
            self._guard.kill()
            self._guard.wait()
        self._reader.join(timeout=5)
        if self._guard.stdout is not None:
            self._guard.stdout.close()
        self._log.close()

    def _send(self, message: object) -> None:
        assert self._guard.stdin is not None
        try:
            self._guard.stdin.write(json.dumps(message).encode() + b"\n")
            self._guard.stdin.flush()
        except (OSError, ValueError):
            raise InfrastructureError("the process that guards the others is gone; start again", Code.PROCESS) from None

    def _read(self) -> None:
        assert self._guard.stdout is not None
        for raw in self._guard.stdout:
            message = json.loads(raw)
            with self._condition:
                if "started" in message:
                    self._pids[message["started"]] = message["pid"]
                elif "failed" in message:
                    self._failed[message["failed"]] = message["message"]
                elif "line" in message:
                    self._lines.setdefault(message["name"], []).append(message["line"])
                elif "exited" in message:
                    name = message["exited"]
                    self._pids.pop(name, None)
                    self._ended[name] = Exit(name, message["code"])
                    if name not in self._expected:
                        self.exits.put(self._ended[name])
                self._condition.notify_all()
        code = self._guard.wait()
        with self._condition:
            if not self._closed:
                self._closed = True
                # Its children are gone, or going: the gateway's input closed, and the kernel ends the others on Linux.
                self.exits.put(Exit("guard", code))
            self._condition.notify_all()
