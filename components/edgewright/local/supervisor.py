"""A running local cloud without a terminal: the process behind `edgewright up` and `edgewright dev --detach`.

Its standard input is one JSON object of options. Its standard output is JSON lines, `{"progress": text}` and at last
`{"ready": {...}}` or `{"error": text, "kind": name}`, and is then closed. It ends on SIGTERM, and when the gateway does.
"""

import json
import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from edgewright.base.errors import DeployRefused, InfrastructureError, ProjectError, RunnerBroken
from edgewright.base.fault_codes import Code
from edgewright.base.project import Project
from edgewright.config.models import Service
from edgewright.engine.runner import Runner
from edgewright.local.dev import Reload, hold, look, start_and_deploy, watch
from edgewright.local.processes import Exit
from edgewright.local.stack import LocalStack


class _Log:
    """Writes to the log file, which is the standard error."""

    def write(self, text: str) -> None:
        sys.stderr.write(f"{time.strftime('%Y-%m-%dT%H:%M:%S%z')} {text}\n")
        sys.stderr.flush()

    def reloaded(self, reload: Reload) -> None:
        names = ", ".join(reload.changed)
        if not reload.ok:
            self.write(f"not reloaded ({names}), the last good version goes on:\n  " + "\n  ".join(reload.errors))
        elif reload.deployed is None:
            self.write(f"nothing that runs has changed ({names}), {reload.ms:.0f} ms")
        else:
            self.write(f"reloaded ({names}) in {reload.ms:.0f} ms")

    def service_ended(self, name: str, exit_: Exit) -> None:
        self.write(f"service {name} {exit_.reason}")


def _say(message: dict[str, Any]) -> None:
    try:
        sys.stdout.write(json.dumps(message) + "\n")
        sys.stdout.flush()
    except (OSError, ValueError):
        return  # who started us has gone; the log has it as well


def _hang_up() -> None:
    """Close the pipe to whoever started us, so that they need not wait for us to end."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.close(null)


def main() -> int:
    """Serve until asked to stop; return the exit status."""
    line = sys.stdin.readline()
    if not line:
        return 0  # who started us was stopped first
    options = json.loads(line)
    log = _Log()
    project = Project.load(Path(options["project"]))
    services = [Service.model_validate(service) for service in options["services"]]
    running = LocalStack(
        project,
        options["stack"],
        port=options["port"],
        fresh=options["fresh"],
        watching=options["watch"],
        progress=lambda text: _say({"progress": text}),
    )
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: running.stopping.set())
    try:
        with running:
            return _serve(running, services, options["watch"], log)
    except (InfrastructureError, ProjectError, DeployRefused, RunnerBroken) as error:
        log.write(str(error))
        _say({"error": _told(error)})
        return 3


def _told(error: InfrastructureError | ProjectError | DeployRefused | RunnerBroken) -> dict[str, Any]:
    """Return an error as whoever started this reads it: see :func:`edgewright.local.detached.raised`."""
    if isinstance(error, ProjectError):
        return {"faults": [fault.to_dict() for fault in error.faults]}
    if isinstance(error, DeployRefused):
        return {"faults": [{"code": fault.code.number, "text": fault.text} for fault in error.errors]}
    code = error.code if isinstance(error, InfrastructureError) else Code.PROCESS
    return {"message": error.message if isinstance(error, InfrastructureError) else str(error), "code": code.number}


def _serve(running: LocalStack, services: Sequence[Service], watching: bool, log: _Log) -> int:
    if not watching:
        running.start(services)
        _say({"ready": {"url": running.url}})
        _hang_up()
        log.write(f"serving {running.stack} on {running.url}")
        hold(running, log)
        return 0
    with Runner() as runner:
        seen = look(running.project.directory)
        capture, _, deployed = start_and_deploy(runner, running)
        _say({"ready": {"url": running.url, "ms": deployed.ms}})
        _hang_up()
        log.write(f"serving {running.stack} on {running.url}, watching")
        watch(runner, running, log, deployed, capture, seen)
    return 0


if __name__ == "__main__":
    sys.exit(main())
