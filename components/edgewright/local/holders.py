"""Who has a port: another local cloud, by its project and stack, or a process, by its command."""

import contextlib
import json
import shlex
from pathlib import Path

import psutil

from edgewright.local.session import STATE_FOLDER

_SHOWN = 80
"""Characters of a command that a message shows."""


def holder(port: int) -> str:
    """Return who listens on a port of this machine, as a message says it, with how to stop it where that is known.

    A system may keep other users' processes from us; then it is "another process".
    """
    try:
        pids = {
            connection.pid
            for connection in psutil.net_connections("tcp")
            if connection.laddr and connection.laddr.port == port and connection.status == psutil.CONN_LISTEN
        }
    except psutil.Error:
        return "another process"
    for pid in sorted(pid for pid in pids if pid is not None):
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(pid)
            if (found := _local_cloud(process)) is not None:
                stack, folder = found
                where = shlex.quote(str(folder))
                return f"the stack {stack} of {folder}, which runs; stop it with `edgewright -C {where} down {stack}`"
            command = shlex.join(process.cmdline()) or process.name()
            return f"process {pid} ({command if len(command) <= _SHOWN else command[: _SHOWN - 1] + '…'})"
    return "another process"


def _local_cloud(process: psutil.Process) -> tuple[str, Path] | None:
    """Return the stack and the project's folder of the local cloud that a process belongs to."""
    family = [process, *process.parents()]
    pids = {member.pid for member in family}
    for member in family:
        with contextlib.suppress(psutil.Error, OSError):
            folder = Path(member.cwd())
            for file in sorted((folder / STATE_FOLDER).glob("*/session.json")):
                with contextlib.suppress(OSError, ValueError, TypeError, AttributeError, KeyError):
                    known = json.loads(file.read_text())
                    owned = [known["supervisor"], known["guard"], *known["processes"].values()]
                    if pids & {one["pid"] for one in owned}:
                        return file.parent.name, folder
    return None
