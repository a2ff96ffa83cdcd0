"""Runs programs: each in a process of its own, fresh, and well under a second once warm."""

import atexit
import contextlib
import os
import pickle
import select
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import edgewright
from edgewright.base.errors import RunnerBroken, RunStopped
from edgewright.config.models import StackSettings
from edgewright.engine import host
from edgewright.engine.cloud import Cloud
from edgewright.engine.resources import Capture

TIMEOUT_VARIABLE = "EDGEWRIGHT_PROGRAM_TIMEOUT_S"
DEFAULT_TIMEOUT_S = 120.0
_START_TIMEOUT_S = 120.0
_LOOK_S = 0.1
"""How often it is looked whether a run is to be stopped."""


def program_timeout() -> float:
    """Return how long a program may run, in seconds: 120, or what EDGEWRIGHT_PROGRAM_TIMEOUT_S says."""
    try:
        seconds = float(os.environ.get(TIMEOUT_VARIABLE, ""))
    except ValueError:
        return DEFAULT_TIMEOUT_S
    return seconds if 0 < seconds <= 86_400 else DEFAULT_TIMEOUT_S


def _package_state() -> tuple[tuple[str, int, int], ...]:
    """Return names, times and sizes of this package's own modules: the warm process must not outlive an edit of them."""
    root = Path(edgewright.__file__).parent
    found = ((str(path), path.stat()) for path in sorted((*root.rglob("*.py"), root / "assemble" / "bundler.mjs")))
    return tuple((name, status.st_mtime_ns, status.st_size) for name, status in found)


class Runner:
    """Runs programs in children of one warm process. Use as a context manager, or close it.

    Where the platform has no `fork` (Windows), each run starts a cold process.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._state: tuple[tuple[str, int, int], ...] = ()

    def __enter__(self) -> "Runner":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def warm(self) -> None:
        """Start importing now, without waiting for it."""
        with self._lock:
            self._ensure()

    def close(self) -> None:
        """Stop the warm process and what it runs."""
        with self._lock:
            self._stop()

    def run(
        self,
        project_dir: Path,
        stack: str,
        *,
        preview: bool = False,
        cloud: Cloud | None = None,
        timeout_s: float | None = None,
        stopping: threading.Event | None = None,
    ) -> tuple[Capture, StackSettings]:
        """Run the program of a stack.

        Args:
            project_dir: the project's folder, or one inside it.
            stack: the stack's name.
            preview: what only an update would know is unknown, as in `pulumi preview`.
            cloud: who makes the resources; by default everything is accepted and given back.
            timeout_s: how long the program may take; see :func:`program_timeout`.
            stopping: ends the run, with all that the program started, once it is set.

        Raises:
            ProjectError: the project or its settings have faults. A ProgramFailed is one: the program itself failed.
            ProgramKilled: the program's process was killed.
            RunnerBroken: the run could not be carried out at all.
            RunStopped: `stopping` was set before the program came to its end.
        """
        result = self._ask("run", timeout_s, stopping, project_dir.resolve(), stack, preview=preview, cloud=cloud)
        return result.capture, result.settings

    def settings(self, project_dir: Path, stack: str) -> StackSettings:
        """Return a stack's settings for the tools, validated with the project's own model."""
        found: StackSettings = self._ask("settings", None, None, project_dir.resolve(), stack)
        return found

    def schema(self, project_dir: Path) -> dict[str, Any]:
        """Return the JSON Schema of the project's stack settings files."""
        found: dict[str, Any] = self._ask("schema", None, None, project_dir.resolve())
        return found

    def _ask(
        self,
        function: str,
        timeout_s: float | None,
        stopping: threading.Event | None,
        *positional: Any,
        **named: Any,
    ) -> Any:
        timeout = timeout_s or program_timeout()
        request = host.Request(function, (positional, named), timeout)
        payload = pickle.dumps(request)
        context = pickle.dumps((tuple(sys.path), dict(os.environ), str(Path.cwd())))
        with self._lock:
            reply = self._exchange(context, payload, timeout, stopping)
        if reply.broken:
            raise RunnerBroken(reply.broken)
        if reply.error is not None:
            raise reply.error
        return reply.value

    def _exchange(self, context: bytes, payload: bytes, timeout: float, stopping: threading.Event | None) -> host.Reply:
        if not hasattr(os, "fork"):
            return self._cold(context, payload, timeout)
        if self._process is not None and self._state != _package_state():
            self._stop()
        process = self._ensure()
        assert process.stdin is not None
        assert process.stdout is not None
        answer: bytes | None = None
        reason = "it closed its output"
        try:
            for part in (context, payload, repr(timeout).encode()):
                host.send(process.stdin.fileno(), part)
            answer = self._receive(process.stdout.fileno(), timeout + host.GRACE_S + _START_TIMEOUT_S, stopping)
        except OSError as error:
            reason = str(error)
        except BaseException:
            # Interrupted half-way: what is still in the pipes belongs to no one.
            self._stop()
            raise
        if answer is None:
            self._stop()
            raise RunnerBroken(f"the process that runs programs ended unexpectedly: {reason}")
        reply: host.Reply = pickle.loads(answer)
        return reply

    def _receive(self, descriptor: int, timeout: float, stopping: threading.Event | None) -> bytes | None:
        deadline = time.monotonic() + timeout
        while time.monotonic() <= deadline:
            if stopping is not None and stopping.is_set():
                raise RunStopped("the run of the program was stopped")
            # Looked at again and again: a signal's handler that sets `stopping` does not end the wait by itself.
            ready, _, _ = select.select([descriptor], [], [], _LOOK_S)
            # The first thing that a process says is that it is ready, and the answer comes after that.
            if ready and (said := host.receive(descriptor)) != b"ready":
                return said
        return None

    def _ensure(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is None:
            return self._process
        self._state = _package_state()
        # A session of its own: Ctrl-C in the terminal is ours to handle, and closes its input when we end.
        self._process = subprocess.Popen(
            [sys.executable, "-c", "from edgewright.engine.host import serve; serve()"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
            env={**os.environ, "GRPC_ENABLE_FORK_SUPPORT": "0"},
        )
        atexit.register(self.close)
        return self._process

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        atexit.unregister(self.close)
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _cold(self, context: bytes, payload: bytes, timeout: float) -> host.Reply:
        command = "import sys,pickle;from edgewright.engine import host;d=sys.stdin.buffer;host.prepare(*pickle.load(d));o=sys.stdout.buffer;sys.stdout=sys.stderr;o.write(host.answer(d.read()))"
        try:
            done = subprocess.run(
                [sys.executable, "-c", command],
                input=context + payload,
                stdout=subprocess.PIPE,
                timeout=timeout + 30,
                check=True,
            )
        except subprocess.SubprocessError as error:
            return host.Reply(broken=str(error))
        reply: host.Reply = pickle.loads(done.stdout)
        return reply


_shared: Runner | None = None


def shared_runner() -> Runner:
    """Return this process's own runner, started on first use and closed at exit."""
    global _shared
    if _shared is None:
        _shared = Runner()
    return _shared


def run_program(project_dir: Path, stack: str, *, preview: bool = False, cloud: Cloud | None = None) -> Capture:
    """Run the program of a stack in a fresh process and return what it declared. See :meth:`Runner.run`."""
    return shared_runner().run(project_dir, stack, preview=preview, cloud=cloud)[0]
