"""A running local cloud as other commands find it: `<project>/.edgewright/<stack>/session.json`."""

import contextlib
import json
import os
import shutil
import signal
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any, Final

import psutil
import pydantic

from edgewright.assemble.runtime import try_lock
from edgewright.base.errors import InfrastructureError
from edgewright.base.fault_codes import Code
from edgewright.base.foreign import one_line
from edgewright.base.private import open_private
from edgewright.base.project import Project
from edgewright.local.control import Control

DEFAULT_PORT = 8787
"""The edge's port on 127.0.0.1 where nobody chooses one."""

STATE_FOLDER = ".edgewright"
STOP_TIMEOUT_S = 20.0

_SESSION = "session.json"
_LOCK = "lock"
_KEPT_WHEN_FRESH = {_LOCK, _SESSION}


@dataclass(frozen=True)
class ProcessId:
    """A process, told from a later one of the same number by its start."""

    pid: int
    created: float

    @classmethod
    def of(cls, pid: int) -> "ProcessId":
        """Return the identity of a process that runs."""
        try:
            return cls(pid, psutil.Process(pid).create_time())
        except psutil.NoSuchProcess:
            return cls(pid, 0.0)

    def process(self) -> psutil.Process | None:
        """Return the process, or None where it is gone."""
        try:
            process = psutil.Process(self.pid)
            if abs(process.create_time() - self.created) > 0.01 or process.status() == psutil.STATUS_ZOMBIE:
                return None
        except psutil.Error:
            return None
        return process


@dataclass(frozen=True)
class Session:
    """What is known of a running local cloud."""

    stack: str
    project_dir: str
    supervisor: ProcessId
    guard: ProcessId
    processes: dict[str, ProcessId]
    """The gateway and the services, by name. Each leads a process group."""
    port: int
    control_port: int
    token: str
    watching: bool
    services: list[dict[str, Any]] = field(default_factory=list)
    """The services' settings, to see whether they changed."""
    version: int = 1

    @property
    def url(self) -> str:
        """Where the edge answers."""
        return f"http://127.0.0.1:{self.port}"

    def alive(self) -> bool:
        """Return whether the process that owns it still runs."""
        return self.supervisor.process() is not None

    def control(self) -> Control:
        """Return a client of its control port."""
        return Control(self.control_port, self.token)


class SessionDamaged(InfrastructureError):
    """The file that says what runs cannot be read."""

    def __init__(self, message: str, code: Code = Code.SYNTAX) -> None:
        super().__init__(message, code)


class StateDir:
    """The folder in which a stack's local cloud keeps its session, logs and data."""

    def __init__(self, project: Project, stack: str) -> None:
        self.project = project
        self.stack = stack
        self.path = project.directory / STATE_FOLDER / stack
        self._lock: IO[bytes] | None = None

    @property
    def gateway_log(self) -> Path:
        """Requests and what Workers print, one JSON object a line."""
        return self.path / "gateway.ndjson"

    def log(self, name: str) -> Path:
        """Return the log file of a process."""
        return self.path / "logs" / f"{name}.log"

    def create(self) -> None:
        """Make the folder, for its owner alone."""
        (self.path / "logs").mkdir(parents=True, exist_ok=True)
        self.path.chmod(0o700)
        # One entry instead of a rule in each user's own .gitignore: what is here holds secrets.
        ignore = self.path.parent / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n")

    def wipe(self) -> None:
        """Remove all data: KV, caches, versions, logs. For `--fresh`, when nothing runs."""
        if not self.path.is_dir():
            return
        for entry in self.path.iterdir():
            if entry.name in _KEPT_WHEN_FRESH:
                continue
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()

    def acquire(self) -> bool:
        """Become the one process that runs this stack here; held until :meth:`release` or our end."""
        self.create()
        file = open_private(self.path / _LOCK, "ab")
        if not try_lock(file.fileno()):
            file.close()
            return False
        self._lock = file
        return True

    def release(self) -> None:
        """Let others run this stack."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def write(self, session: Session) -> None:
        """Publish the session. The file holds the control token, so only its owner reads it."""
        temporary = self.path / f"{_SESSION}.{os.getpid()}"
        with open_private(temporary, "w") as file:
            json.dump(asdict(session), file)
        temporary.replace(self.path / _SESSION)

    def read(self) -> Session | None:
        """Return the last session, whether or not it still runs; None where there is none.

        Raises:
            SessionDamaged: its file cannot be read.
        """
        path = self.path / _SESSION
        try:
            session = _SESSIONS.validate_json(path.read_bytes())
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, ValueError) as error:
            raise SessionDamaged(
                f"{self.project.shown(path)}: cannot be read ({_why(error)}); `edgewright down {self.stack}` stops what runs"
                " and removes it"
            ) from None
        return session if session.version == 1 else None

    def forget(self) -> None:
        """Remove the session's file."""
        with contextlib.suppress(OSError):
            (self.path / _SESSION).unlink()

    def running(self) -> Session | None:
        """Return the session that runs, or None."""
        session = self.read()
        return session if session is not None and session.alive() else None

    def stop(self) -> bool:
        """Stop what runs, and end what an earlier crash may have left; return whether there was anything.

        Raises:
            InfrastructureError: a process cannot be ended.
        """
        try:
            session = self.read()
        except SessionDamaged:
            return self._stop_unknown()
        if session is None:
            return False
        found = False
        supervisor = session.supervisor.process()
        if supervisor is not None:
            found = True
            with contextlib.suppress(psutil.NoSuchProcess):
                supervisor.send_signal(signal.SIGTERM)
            if not _wait(session.supervisor, STOP_TIMEOUT_S):
                with contextlib.suppress(psutil.NoSuchProcess):
                    supervisor.kill()
                _wait(session.supervisor, 5.0)
        # The guard ends by itself when its supervisor does; give it the time to end the others in order.
        if not _wait(session.guard, STOP_TIMEOUT_S) and (guard := session.guard.process()) is not None:
            found = True
            guard.kill()
        for process in session.processes.values():
            if process.process() is not None:
                found = True
                with contextlib.suppress(OSError):
                    os.killpg(process.pid, signal.SIGKILL)
                if not _wait(process, 5.0):
                    raise InfrastructureError(
                        f"process {process.pid} does not end; end it by hand and try again", Code.PROCESS
                    )
        self.forget()
        return found

    def _stop_unknown(self) -> bool:
        """Stop whoever holds this stack's lock: where its file does not say who that is."""
        found = False
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if process.pid == os.getpid() or Path(process.cwd()) != self.project.directory:
                    continue
                if not any(Path(file.path) == self.path / _LOCK for file in process.open_files()):
                    continue
                found = True
                process.terminate()
                # Its guard and all that belongs to it end with it.
                process.wait(STOP_TIMEOUT_S)
        self.forget()
        return found


_SESSIONS: Final = pydantic.TypeAdapter(Session)


def _why(error: Exception) -> str:
    if isinstance(error, pydantic.ValidationError):
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        return one_line(f"{where}: {first['msg']}" if where else first["msg"])
    return str(getattr(error, "strerror", None) or error)


def _wait(identity: ProcessId, timeout_s: float) -> bool:
    """Wait for a process to be gone; return whether it is."""
    deadline = time.monotonic() + timeout_s
    while identity.process() is not None:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def sessions(project: Project) -> Iterator[tuple[StateDir, Session]]:
    """Yield the project's sessions, running or left behind, by stack name."""
    for state in state_dirs(project):
        session = state.read()
        if session is not None:
            yield state, session


def state_dirs(project: Project) -> Iterator[StateDir]:
    """Yield the folders of the project's stacks that have a session, which may be damaged."""
    for file in sorted((project.directory / STATE_FOLDER).glob(f"*/{_SESSION}")):
        yield StateDir(project, file.parent.name)
