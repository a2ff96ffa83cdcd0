"""Processes of the project's own that run beside the local cloud: `edgewright:services`."""

import os
import socket
import sys
import time
from collections.abc import Callable, Sequence

import httpx

from edgewright.base.errors import InfrastructureError, PortInUse
from edgewright.base.fault_codes import Code
from edgewright.config.models import Service
from edgewright.local.holders import holder
from edgewright.local.processes import Processes
from edgewright.local.session import StateDir

READY_TIMEOUT_S = 30.0
_PREFIX = "service-"


def addresses(services: Sequence[Service]) -> dict[str, str]:
    """Return where the domain names of services are found on this machine."""
    return {name: f"http://127.0.0.1:{service.port}" for service in services for name in service.domain_names}


def process_name(service: Service) -> str:
    """Return the name of a service's process."""
    return f"{_PREFIX}{service.name}"


def service_of(process: str) -> str | None:
    """Return the service's name behind a process's name, or None where it is no service's."""
    return process.removeprefix(_PREFIX) if process.startswith(_PREFIX) else None


def command(service: Service, stack: str) -> list[str]:
    """Return the argument vector with `{python}`, `{port}` and `{stack}` filled in."""
    words = {"{python}": sys.executable, "{port}": str(service.port), "{stack}": stack}
    filled = []
    for argument in service.command:
        for word, value in words.items():
            argument = argument.replace(word, value)
        filled.append(argument)
    return filled


def listening(port: int) -> bool:
    """Return whether something on this machine answers on a port of 127.0.0.1."""
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def start_services(
    services: Sequence[Service], processes: Processes, state: StateDir, interrupted: Callable[[], bool] = lambda: False
) -> None:
    """Start services side by side, and return when each answers.

    Raises:
        PortInUse: another process has a service's port.
        InfrastructureError: a service ended or did not answer in time; the message has the end of its log.
    """
    ports: dict[int, str] = {}
    for service in services:
        if service.port in ports:
            raise PortInUse(
                f"services {ports[service.port]} and {service.name} both have port {service.port}; give each its own"
            )
        ports[service.port] = service.name
    taken = [service for service in services if listening(service.port)]
    if taken:
        held = "; ".join(f"port {service.port} (service {service.name}): {holder(service.port)}" for service in taken)
        file = state.project.shown(state.project.stack_file(state.stack))
        raise PortInUse(
            f"in use: {held}. Stop that, or give the services of this stack other ports, under `edgewright:services` in"
            f" {file} and wherever else the file names them, as in the URLs of origins"
        )
    for service in services:
        processes.start(
            process_name(service),
            command(service, state.stack),
            cwd=state.project.directory,
            environment={**os.environ, "PYTHONUNBUFFERED": "1", **service.environment},
            log=state.log(process_name(service)),
        )
    deadline = time.monotonic() + READY_TIMEOUT_S
    with httpx.Client(trust_env=False, timeout=5.0) as client:
        for service in services:
            _await_ready(service, processes, state, client, deadline, interrupted)


def _await_ready(
    service: Service,
    processes: Processes,
    state: StateDir,
    client: httpx.Client,
    deadline: float,
    interrupted: Callable[[], bool],
) -> None:
    url = f"http://127.0.0.1:{service.port}/{service.ready.lstrip('/')}"
    last = "it does not listen"
    while True:
        if (ended := processes.ended(process_name(service))) is not None:
            raise InfrastructureError(
                f"service {service.name} {ended.reason} while starting.{_tail(state, service)}", Code.PROCESS
            )
        if interrupted():
            raise InfrastructureError("stopped while the services were starting", Code.STOPPED)
        try:
            response = client.get(url)
            if response.status_code < 500:
                return
            last = f"{url} answers {response.status_code}"
        except httpx.HTTPError as error:
            last = f"{url}: {error or type(error).__name__}"
        if time.monotonic() > deadline:
            raise InfrastructureError(
                f"service {service.name} is not ready after {READY_TIMEOUT_S:g} s: {last}.{_tail(state, service)}",
                Code.PROCESS,
            )
        time.sleep(0.03)


def _tail(state: StateDir, service: Service) -> str:
    path = state.log(process_name(service))
    try:
        lines = path.read_text(errors="replace").strip().splitlines()[-8:]
    except OSError:
        lines = []
    said = "\n  ".join(line[:300] for line in lines)
    return (
        f" The end of {state.project.shown(path)}:\n  {said}"
        if said
        else f" It wrote nothing to {state.project.shown(path)}."
    )
