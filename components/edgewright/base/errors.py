"""Errors that are no fault of one component's arguments: each prints as a message for its reader, never as a traceback."""

from collections.abc import Iterable, Sequence
from typing import overload

from edgewright.base.fault import ProjectFault, coded
from edgewright.base.fault_codes import Code


class ProjectError(Exception):
    """The project, its settings or a command line are wrong: something for the user to mend.

    Every fault found is in :attr:`faults`, each with its code.
    """

    @overload
    def __init__(self, faults: str, code: Code) -> None: ...
    @overload
    def __init__(self, faults: Iterable[ProjectFault]) -> None: ...
    def __init__(self, faults: str | Iterable[ProjectFault], code: Code = Code.PROJECT) -> None:
        self.faults: tuple[ProjectFault, ...] = (
            (ProjectFault(faults, code),) if isinstance(faults, str) else tuple(faults)
        )
        super().__init__("\n".join(map(str, self.faults)))

    def __reduce__(self) -> tuple[type["ProjectError"], tuple[object, ...]]:
        return type(self), (self.faults,)


class ProgramFailed(ProjectError):
    """The program ran and failed: it raised, or declared something that cannot be.

    What it printed and logged until then is in :attr:`said`: the severity's word and the message of each.
    """

    def __init__(self, faults: Iterable[ProjectFault], said: Sequence[tuple[str, str]] = ()) -> None:
        super().__init__(faults)
        self.said = tuple(said)

    def __reduce__(self) -> tuple[type["ProgramFailed"], tuple[object, ...]]:
        return type(self), (self.faults, self.said)


class NeedsCloud(ProgramFailed):
    """The program failed only for want of what a real cloud knows. In a preview that is unknown, and it may not fail."""


class RunnerBroken(Exception):
    """The process that runs programs died or did not answer: not the user's mistake."""


class ProgramKilled(RunnerBroken):
    """The program's process was killed: by a library that crashed, by the system for memory, or by somebody."""


class RunStopped(Exception):
    """Whoever asked for the run had it stopped: nothing is wrong."""


class InfrastructureError(Exception):
    """Something that the local cloud or a platform needs failed: a download, a port, a process, a service. The message says
    what to do."""

    def __init__(self, message: str, code: Code) -> None:
        super().__init__(message, code)
        self.message = message
        self.code = code

    def __str__(self) -> str:
        return coded(self.message, self.code)


class PortInUse(InfrastructureError):
    """Another process listens on a port that is needed."""

    def __init__(self, message: str, code: Code = Code.PORT) -> None:
        super().__init__(message, code)


class RuntimeInstallFailed(InfrastructureError):
    """The edge runtimes could not be installed."""

    def __init__(self, message: str, code: Code = Code.INSTALL) -> None:
        super().__init__(message, code)


class DeployRefused(Exception):
    """The gateway refused a deployment and goes on serving the last good one."""

    def __init__(self, errors: list["DeployFault"]) -> None:
        self.errors = errors
        super().__init__("\n".join(error.message for error in errors))


class DeployFault:
    """One reason for a refusal, with the place in a Worker's module where the runtime named one."""

    def __init__(
        self,
        message: str,
        worker: str | None = None,
        module: str | None = None,
        line: int | None = None,
        column: int | None = None,
        code: Code = Code.REFUSED,
    ) -> None:
        self.message = message
        self.worker = worker
        self.module = module
        self.line = line
        self.column = column
        self.code = code

    @property
    def text(self) -> str:
        """The message with its place, without the code."""
        place = ":".join(str(part) for part in (self.module, self.line, self.column) if part is not None)
        where = " ".join(part for part in (f"Worker {self.worker}" if self.worker else "", place) if part)
        return f"{where}: {self.message}" if where else self.message

    def __str__(self) -> str:
        return coded(self.text, self.code)
