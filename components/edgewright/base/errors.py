"""Errors that are no fault of one component's arguments: each prints as a message for its reader, never as a traceback."""

from collections.abc import Sequence


class ProjectError(Exception):
    """The project or its settings are wrong: something for the user to mend.

    Every fault found is in :attr:`faults`, one line or paragraph each.
    """

    def __init__(self, faults: Sequence[str] | str) -> None:
        self.faults: tuple[str, ...] = (faults,) if isinstance(faults, str) else tuple(faults)
        super().__init__("\n".join(self.faults))

    def __reduce__(self) -> tuple[type["ProjectError"], tuple[object, ...]]:
        return type(self), (self.faults,)


class ProgramFailed(ProjectError):
    """The program ran and failed: it raised, or declared something that cannot be.

    What it printed and logged until then is in :attr:`said`: the severity's word and the message of each.
    """

    def __init__(self, faults: Sequence[str] | str, said: Sequence[tuple[str, str]] = ()) -> None:
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
    """Something that the local cloud needs failed: a download, a port, a process. The message says what to do."""


class PortInUse(InfrastructureError):
    """Another process listens on a port that is needed."""


class RuntimeInstallFailed(InfrastructureError):
    """The edge runtimes could not be installed."""


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
    ) -> None:
        self.message = message
        self.worker = worker
        self.module = module
        self.line = line
        self.column = column

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.module, self.line, self.column) if part is not None)
        where = " ".join(part for part in (f"Worker {self.worker}" if self.worker else "", place) if part)
        return f"{where}: {self.message}" if where else self.message
