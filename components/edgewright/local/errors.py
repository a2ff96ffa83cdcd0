"""Failures of the local cloud itself, as opposed to faults of a program or its settings."""


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
