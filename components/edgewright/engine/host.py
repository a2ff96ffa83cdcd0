"""The process that programs are run in: imports once what takes seconds, and forks a fresh child for each run.

Started by :mod:`edgewright.engine.runner` with pipes. A request and a reply are
one pickled object each, after its length (8 bytes, big-endian). It ends when its standard input closes, and takes a run
in progress with it. Pickles are only exchanged between a process and the child that it started itself.
"""

import contextlib
import gc
import importlib
import os
import pickle
import pkgutil
import select
import signal
import struct
import sys
import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edgewright.assemble import bundler
from edgewright.platforms import SDKS

PRELOAD = ("pulumi", *SDKS, "pydantic", "edgewright.engine.execute")
"""Imported before the first run. What is missing or broken is left to the program to find."""

_DEFECT = 97
"""Exit status of a run that failed before or after the program."""

GRACE_S = 2.0
"""Between asking a run that takes too long to stop, and killing it."""

_LOOK_S = 0.2
"""How often it is looked whether a run has ended without a word."""

_LENGTH = struct.Struct(">Q")
_OWN_PATH = [entry for entry in sys.path if entry]
"""The environment's import path, as the interpreter began with it."""


@dataclass(frozen=True)
class Request:
    """What a run is told."""

    function: str
    """Name of a function of :mod:`edgewright.engine.execute`."""
    arguments: tuple[Any, ...]
    timeout_s: float


@dataclass(frozen=True)
class Reply:
    """What came of it: a value, or one of the errors of :mod:`edgewright.base.errors`, or a traceback of ours."""

    value: Any = None
    error: BaseException | None = None
    broken: str | None = None


def send(descriptor: int, payload: bytes) -> None:
    """Write one length and payload."""
    view = memoryview(_LENGTH.pack(len(payload)) + payload)
    while view:
        view = view[os.write(descriptor, view) :]


def receive(descriptor: int) -> bytes | None:
    """Read one payload; None where the other side has closed."""
    head = _read(descriptor, _LENGTH.size)
    return None if head is None else _read(descriptor, _LENGTH.unpack(head)[0])


def _read(descriptor: int, size: int) -> bytes | None:
    parts = bytearray()
    while len(parts) < size:
        part = os.read(descriptor, min(1 << 20, size - len(parts)))
        if not part:
            return None
        parts += part
    return bytes(parts)


def answer(payload: bytes) -> bytes:
    """Carry out one pickled request in this process and return the pickled reply."""
    # Loaded here so that a request for a test's own cloud class finds its module.
    reply: Reply
    try:
        from edgewright.base.errors import ProjectError
        from edgewright.base.fault_codes import Code
        from edgewright.engine import execute

        request = pickle.loads(payload)
        # The asking process may have what is no part of the environment on its path: its own folder, a test's. A program
        # sees what Pulumi's language host would give it.
        sys.path[:] = _OWN_PATH
        with _deadline(request.timeout_s, execute.TimedOut):
            try:
                reply = Reply(value=getattr(execute, request.function)(*request.arguments[0], **request.arguments[1]))
            except ProjectError as error:
                reply = Reply(error=error)
            except execute.TimedOut as error:
                reply = Reply(error=ProjectError(str(error), Code.PROGRAM))
        return pickle.dumps(reply)
    except BaseException:  # noqa: BLE001 - a defect of ours must reach the log, whatever it is
        return pickle.dumps(Reply(broken=traceback.format_exc()))


@contextlib.contextmanager
def _deadline(seconds: float, error: type[BaseException]) -> Any:
    def stop(_signal: int, _frame: object) -> None:
        raise error(f"it took longer than {seconds:g} s; set EDGEWRIGHT_PROGRAM_TIMEOUT_S for more")

    if not hasattr(signal, "setitimer"):
        yield
        return
    previous = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)


def prepare(path: tuple[str, ...], environment: Mapping[str, str], directory: str) -> None:
    """Take over the asking process's import path, environment and directory."""
    sys.path[:] = path
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(directory)


def _child(payload: bytes, context: bytes, writer: int) -> None:
    """Run one request and end. Never returns."""
    status = _DEFECT
    own = os.getpid()
    try:
        if bundler.current is not None and bundler.current.process.stdin is not None:
            bundler.current.process.stdin.close()  # it ends when the last one that holds its input has closed it
        os.setpgid(0, 0)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        prepare(*pickle.loads(context))
        # Nobody reads our standard output but as replies; a program must not write there.
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(null, 0)
        os.dup2(2, 1)
        reply = answer(payload)
        # A copy that the program made of itself, and that came to the end too, has no part in this.
        if os.getpid() == own:
            send(writer, reply)
        status = 0
    finally:
        os._exit(status)


def _run(payload: bytes, context: bytes, timeout_s: float, control: int) -> bytes | None:
    """Fork, wait for the reply; None where the asking process is gone."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        _child(payload, context, writer)
    os.close(writer)
    with contextlib.suppress(OSError):  # the child does the same; whoever comes first
        os.setpgid(child, child)
    deadline = time.monotonic() + timeout_s + GRACE_S
    parts = bytearray()
    ended = 0
    try:
        while True:
            wait = deadline - time.monotonic()
            # What the program left running may hold the pipe open: the reply is whole by its length, or the child has ended.
            ready, _, _ = select.select([reader, control], [], [], max(0.0, min(wait, _LOOK_S)))
            if control in ready:
                return None  # only the end of the input comes while a run is in progress
            if not ready and time.monotonic() < deadline:
                if os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
                    break
                continue
            if not ready:
                return pickle.dumps(
                    Reply(broken=f"the run did not stop {GRACE_S:g} s after its {timeout_s:g} s were over")
                )
            part = os.read(reader, 1 << 20)
            if not part:
                break
            parts += part
            if len(parts) >= _LENGTH.size and len(parts) >= _LENGTH.size + _LENGTH.unpack(parts[: _LENGTH.size])[0]:
                break
    finally:
        os.close(reader)
        with contextlib.suppress(OSError):
            os.killpg(child, signal.SIGKILL)
        _, ended = os.waitpid(child, 0)
    if len(parts) < _LENGTH.size or len(parts) != _LENGTH.size + _LENGTH.unpack(parts[: _LENGTH.size])[0]:
        return pickle.dumps(_without_answer(ended))
    return bytes(parts[_LENGTH.size :])


def _without_answer(ended: int) -> Reply:
    """Return what to say of a run that ended with a wait status instead of an answer."""
    from edgewright.base.errors import ProgramFailed, ProgramKilled
    from edgewright.base.fault import ProjectFault
    from edgewright.base.fault_codes import Code

    if os.WIFSIGNALED(ended):
        number = os.WTERMSIG(ended)
        try:
            name = signal.Signals(number).name
        except ValueError:
            name = f"signal {number}"
        why = (
            "the system does this when memory runs out" if number == signal.SIGKILL else "a native library may do this"
        )
        return Reply(error=ProgramKilled(f"the program's process was killed by {name} before its end; {why}"))
    status = os.WEXITSTATUS(ended)
    if status == _DEFECT:
        return Reply(broken="the process that ran the program died without an answer")
    return Reply(
        error=ProgramFailed(
            [
                ProjectFault(
                    f"the program ended its own process with status {status} (os._exit, or a library that calls it); let it"
                    " end by itself, or raise pulumi.RunError with a message",
                    Code.PROGRAM,
                )
            ]
        )
    )


def _own_modules() -> list[str]:
    """Return the modules of edgewright that a program may use: components, hosts, settings, the local cloud."""
    import edgewright

    skipped = ("edgewright.cli", "edgewright.verify", "edgewright.guard", "edgewright.testing")
    found = pkgutil.walk_packages(edgewright.__path__, "edgewright.", onerror=lambda _name: None)
    return [module.name for module in found if not module.name.startswith(skipped)]


def serve() -> None:
    """Answer requests until the input closes."""
    control, out = os.dup(0), os.dup(1)
    os.dup2(2, 1)
    # What is imported stays: a collector that looks through it again and again makes the start half as long again.
    gc.disable()
    for name in (*PRELOAD, *_own_modules()):
        with contextlib.suppress(Exception):
            importlib.import_module(name)
    # A forked child copies each page that its collector touches: what is there by now stays out of its way.
    gc.collect()
    gc.freeze()
    gc.enable()
    try:
        send(out, b"ready")
    except BrokenPipeError:
        # Who started this ended meanwhile.
        return
    try:
        while True:
            # Before the first run, and again after one that installed what it needs.
            with contextlib.suppress(OSError):
                bundler.ensure()
            context = receive(control)
            payload = receive(control) if context is not None else None
            timeout = receive(control) if payload is not None else None
            if context is None or payload is None or timeout is None:
                return
            reply = _run(payload, context, float(timeout), control)
            if reply is None:
                return
            send(out, reply)
    finally:
        bundler.close()
