"""Starts a supervisor and waits until it serves."""

import contextlib
import json
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from edgewright.base.errors import InfrastructureError, PortInUse, ProjectError
from edgewright.base.fault import ProjectFault
from edgewright.base.fault_codes import Code
from edgewright.base.private import open_private
from edgewright.config.models import Service
from edgewright.local.session import Session, StateDir


def start_detached(
    state: StateDir,
    services: Sequence[Service],
    *,
    port: int,
    fresh: bool = False,
    watch: bool = False,
    progress: Callable[[str], None] = lambda _text: None,
) -> Session:
    """Start a supervisor in a session of its own and return what it serves.

    Raises:
        InfrastructureError: it cannot serve; nothing is left running.
        ProjectError: with `watch`, the program has faults.
    """
    state.create()
    options = {
        "project": str(state.project.directory),
        "stack": state.stack,
        "port": port,
        "fresh": fresh,
        "watch": watch,
        "services": [service.model_dump(mode="json") for service in services],
    }
    with open_private(state.path / "supervisor.log", "w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "edgewright.local.supervisor"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,
            cwd=state.project.directory,
            text=True,
        )
    assert process.stdin is not None
    assert process.stdout is not None
    answer: dict[str, Any] = {}
    try:
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(json.dumps(options) + "\n")
            process.stdin.close()
        for line in process.stdout:
            answer = json.loads(line)
            if "progress" in answer:
                progress(answer["progress"])
            else:
                break
    except BaseException:
        # In order and to its end, whoever presses Ctrl-C again: the supervisor has processes of its own to stop.
        before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            process.terminate()
            process.wait()
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
        raise
    finally:
        process.stdout.close()
    if "ready" in answer:
        session = state.running()
        # It goes on without us: not a child that anyone waits for.
        process.returncode = 0
        if session is not None:
            return session
        raise InfrastructureError(f"the local cloud ended at once; see {state.path / 'supervisor.log'}", Code.PROCESS)
    process.wait()
    raise raised(answer.get("error") or {}, f"the local cloud cannot start; see {state.path / 'supervisor.log'}")


def raised(error: Mapping[str, Any], otherwise: str) -> ProjectError | InfrastructureError:
    """Return the error that a supervisor told of; `otherwise` is the message where it told of none."""
    if "faults" in error:
        return ProjectError([ProjectFault.from_dict(each) for each in error["faults"]])
    code = Code.of(str(error.get("code", ""))) or Code.PROCESS
    message = str(error.get("message", otherwise))
    return PortInUse(message) if code is Code.PORT else InfrastructureError(message, code)
