"""Starts the gateway: the Node process with the edge port, the control port and workerd."""

import importlib.resources
import json
from dataclasses import dataclass
from pathlib import Path

from edgewright.assemble.node import NodeMissing, find_node
from edgewright.base.errors import InfrastructureError, PortInUse
from edgewright.base.fault_codes import Code
from edgewright.local.holders import holder
from edgewright.local.processes import Processes

PROCESS = "gateway"
START_TIMEOUT_S = 60.0


@dataclass(frozen=True)
class Gateway:
    """A running gateway."""

    port: int
    control_port: int
    token: str


def bundle() -> Path:
    """Return the gateway's program, built into the package."""
    return Path(str(importlib.resources.files("edgewright") / "_bundles" / "gateway.mjs"))


def start_gateway(
    processes: Processes, *, port: int, state_dir: Path, runtime_dir: Path, log_file: Path, log: Path
) -> Gateway:
    """Start the gateway and return its ports.

    Args:
        processes: who owns it.
        port: the edge's port on 127.0.0.1; 0 chooses a free one.
        state_dir: where KV and the other products keep their data.
        runtime_dir: where miniflare and workerd are.
        log_file: file of requests and of what Workers print, one JSON object a line.
        log: file of what the process itself says.

    Raises:
        PortInUse: another process has the port.
        InfrastructureError: it does not start.
    """
    program = bundle()
    if not program.is_file():
        raise InfrastructureError(
            f"{program} is missing: this copy of edgewright is not built; run `make build`", Code.INSTALL
        )
    try:
        node = find_node()
    except NodeMissing as error:
        raise InfrastructureError(error.message, error.code) from None
    options = {
        "host": "127.0.0.1",
        "port": port,
        "controlPort": 0,
        "stateDir": str(state_dir),
        "runtimeDir": str(runtime_dir),
        "logFile": str(log_file),
    }
    processes.start(
        PROCESS,
        [str(node.executable), str(program)],
        cwd=runtime_dir,
        environment=node.environment(),
        log=log,
        input=json.dumps(options),
    )
    line = processes.line(PROCESS, START_TIMEOUT_S)
    try:
        answer = json.loads(line or "")
    except ValueError:
        answer = {}
    if "error" in answer:
        message = str(answer["error"].get("message", "it gave no reason"))
        if answer["error"].get("code") == "port-in-use":
            raise PortInUse(
                f"port {port} on 127.0.0.1 is in use by {holder(port)}. Stop that, or choose another port with --port;"
                " --port 0 takes a free one"
            )
        raise InfrastructureError(f"the gateway cannot start: {message}", Code.PROCESS)
    if not {"port", "controlPort", "token"} <= answer.keys():
        ended = processes.ended(PROCESS)
        how = ended.reason if ended else f"said nothing within {START_TIMEOUT_S:g} s"
        raise InfrastructureError(f"the gateway {how} while starting; see {log}", Code.PROCESS)
    return Gateway(answer["port"], answer["controlPort"], answer["token"])
