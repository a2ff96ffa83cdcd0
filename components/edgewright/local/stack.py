"""One stack on the local cloud: its processes, its deployments, its end."""

import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType

from edgewright.assemble import runtime
from edgewright.base.errors import InfrastructureError
from edgewright.base.fault_codes import Code
from edgewright.base.project import Project
from edgewright.config.models import Service
from edgewright.engine.resources import Capture
from edgewright.local.control import Control
from edgewright.local.gateway import Gateway, start_gateway
from edgewright.local.processes import Processes
from edgewright.local.services import addresses, process_name, start_services
from edgewright.local.session import DEFAULT_PORT, ProcessId, Session, StateDir
from edgewright.platforms import archive
from edgewright.platforms.cloud import Plan, plan


@dataclass(frozen=True)
class Deployed:
    """What a deployment did."""

    plan: Plan
    generation: int
    ms: float
    """Milliseconds from the gateway's having the document to its being served."""


def deploy(control: Control, state: StateDir, capture: Capture, services: Sequence[Service] = ()) -> Deployed:
    """Deploy a captured program, whole or not at all.

    Args:
        control: of the gateway.
        state: of the stack.
        capture: the program's resources.
        services: what runs beside it, where origins may be.

    Raises:
        ProgramFailed: the resources do not fit together.
        DeployRefused: the runtime refuses the code; the last good deployment goes on serving.
        InfrastructureError: the gateway does not answer.
    """
    return deploy_plan(control, state, plan(state.project, capture, archive.read(state.path), addresses(services)))


def deploy_plan(control: Control, state: StateDir, planned: Plan) -> Deployed:
    """Deploy what a program was translated to; see :func:`deploy`."""
    answer = control.deploy(planned.deployment)
    archive.keep(
        state.path,
        planned.deployment,
        planned.functions,
        classes=planned.classes,
        distributions=planned.distributions,
    )
    return Deployed(planned, int(answer["generation"]), float(answer.get("ms", 0)))


class LocalStack:
    """Owns the processes of one stack's local cloud. A context manager.

    Args:
        project: the project.
        stack: the stack's name.
        port: the edge's port on 127.0.0.1; 0 chooses a free one.
        fresh: remove all data of earlier runs first.
        watching: told to other commands: whoever owns this reloads on edits.
        progress: told one line a step.
    """

    def __init__(
        self,
        project: Project,
        stack: str,
        *,
        port: int = DEFAULT_PORT,
        fresh: bool = False,
        watching: bool = False,
        progress: Callable[[str], None] = lambda _text: None,
    ) -> None:
        self.project = project
        self.stack = stack
        self.state = StateDir(project, stack)
        self._port = port
        self._fresh = fresh
        self._watching = watching
        self._progress = progress
        self._services: tuple[Service, ...] = ()
        self._processes: Processes | None = None
        self._gateway: Gateway | None = None
        self._control: Control | None = None
        self.stopping = threading.Event()

    def __enter__(self) -> "LocalStack":
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def port(self) -> int:
        """The edge's port."""
        return self._started().port

    @property
    def url(self) -> str:
        """Where the edge answers."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def control(self) -> Control:
        """A client of the gateway's control port."""
        if self._control is None:
            raise RuntimeError("the stack is not started")
        return self._control

    @property
    def processes(self) -> Processes:
        """The processes that run."""
        if self._processes is None:
            raise RuntimeError("the stack is not started")
        return self._processes

    @property
    def before(self) -> archive.Archive:
        """What earlier runs published, which a fresh one forgets."""
        return archive.Archive() if self._fresh else archive.read(self.state.path)

    def start(self, services: Sequence[Service] = ()) -> None:
        """Start the gateway and the services.

        Raises:
            InfrastructureError: it runs already, or something cannot be started; nothing is left running then.
        """
        runtime_dir = runtime.ensure(self._progress)
        if not self.state.acquire():
            raise InfrastructureError(
                f"stack {self.stack} already runs here; `edgewright status` shows it, `edgewright down {self.stack}` stops it",
                Code.RUNNING,
            )
        try:
            self.state.stop()  # what a crash left behind
            if self._fresh:
                self.state.wipe()
            self.state.create()
            started = time.monotonic()
            self._processes = Processes(self.state.log("guard"))
            self._gateway = start_gateway(
                self._processes,
                port=self._port,
                state_dir=self.state.path,
                runtime_dir=runtime_dir,
                log_file=self.state.gateway_log,
                log=self.state.log("gateway"),
            )
            self._control = Control(self._gateway.control_port, self._gateway.token)
            # Published before the services, so that `down` finds what a kill in between leaves.
            self._publish()
            self._services = tuple(services)
            start_services(self._services, self._processes, self.state, self.stopping.is_set)
            self._publish()
            self._progress(f"local cloud ready on {self.url} in {time.monotonic() - started:.1f} s")
        except BaseException:
            self.close()
            raise

    def set_services(self, services: Sequence[Service]) -> bool:
        """Stop, start and restart services so that these run; return whether anything changed."""
        wanted = tuple(services)
        if wanted == self._services:
            return False
        for service in self._services:
            if service not in wanted:
                self.processes.stop(process_name(service))
        before, self._services = self._services, wanted
        start_services(
            [service for service in wanted if service not in before], self.processes, self.state, self.stopping.is_set
        )
        self._publish()
        return True

    def deploy(self, capture: Capture) -> Deployed:
        """Deploy a captured program; see :func:`deploy`."""
        return deploy(self.control, self.state, capture, self._services)

    def plan(self, capture: Capture) -> Plan:
        """Translate a captured program without deploying it."""
        return plan(self.project, capture, archive.read(self.state.path), addresses(self._services))

    def deploy_plan(self, planned: Plan) -> Deployed:
        """Deploy what :meth:`plan` returned."""
        return deploy_plan(self.control, self.state, planned)

    def close(self) -> None:
        """Stop everything; returns when no process is left. Data stay."""
        if self._control is not None:
            self._control.close()
            self._control = None
        if self._processes is not None:
            self._processes.close()
            self._processes = None
            self.state.forget()
        self._gateway = None
        self.state.release()

    def _started(self) -> Gateway:
        if self._gateway is None:
            raise RuntimeError("the stack is not started")
        return self._gateway

    def _publish(self) -> None:
        gateway = self._started()
        self.state.write(
            Session(
                stack=self.stack,
                project_dir=str(self.project.directory),
                supervisor=ProcessId.of(os.getpid()),
                guard=ProcessId.of(self.processes.pid),
                processes={name: ProcessId.of(pid) for name, pid in self.processes.pids().items()},
                port=gateway.port,
                control_port=gateway.control_port,
                token=gateway.token,
                watching=self._watching,
                services=[service.model_dump(mode="json") for service in self._services],
            )
        )
