"""`edgewright dev`: serve a stack locally and take in edits."""

import contextlib
import datetime
import json
import re
import signal
import threading
import time
from typing import Annotated

import typer
from rich.markup import escape

from edgewright.assemble import runtime
from edgewright.base.errors import InfrastructureError, ProjectError
from edgewright.base.fault_codes import Code
from edgewright.base.foreign import one_line
from edgewright.cli import _console, _show
from edgewright.cli._context import DEFAULT_STACK, FreshOption, PortOption, StackArgument, clash, load_project
from edgewright.cli._exit import Exit, told
from edgewright.engine.runner import shared_runner
from edgewright.local.control import Control
from edgewright.local.detached import start_detached
from edgewright.local.dev import Reload, look, start_and_deploy, watch
from edgewright.local.processes import Exit as ProcessExit
from edgewright.local.session import DEFAULT_PORT, StateDir
from edgewright.local.stack import LocalStack
from edgewright.local.told import LogEntry

_POLL_S = 0.25
_MOST = 200
"""Log entries taken at once; the rest comes a moment later."""


def _tell_errors(control: Control, stopping: threading.Event) -> None:
    """Print what Workers warn of and fail with, until the stack stops. Everything else is in `edgewright logs`."""
    last = 0
    while not stopping.wait(_POLL_S):
        try:
            entries = control.logs(last, _MOST)
        except (InfrastructureError, RuntimeError):
            return  # the gateway is gone, which the loop that watches says
        for entry in entries:
            last = max(last, int(entry["seq"]))
            if entry["source"] in ("worker", "runtime") and entry["level"] in ("warn", "error"):
                _console.errors().print(_shown(entry), soft_wrap=True)


_OWN_FRAME = re.compile(r"^\s+at .*\b(edgewright|edgewright-local-entry)\.js:\d+:\d+\)?$")


def _shown(entry: LogEntry) -> str:
    when = datetime.datetime.fromisoformat(str(entry["time"]).replace("Z", "+00:00")).astimezone()
    colour, what = ("red", "error") if entry["level"] == "error" else ("yellow", "warning")
    who = f"{what} in {entry['worker']}" if entry.get("worker") else f"{what} of the runtime"
    message = str(entry["message"])
    # What edgewright's own code at the edge logs is one JSON object.
    with contextlib.suppress(ValueError):
        found = json.loads(message)
        if isinstance(found, dict) and isinstance(found.get("message"), str):
            message = found["message"]
            if found.get("method") and found.get("path"):
                who += f" at {found['method']} {found['path']}"
    first, *rest = message.removeprefix("Uncaught ").split("\n")
    # Behind the first line each is indented, so that none looks like a message of its own.
    frames = [f"    {escape(one_line(line.strip()))}" for line in rest if not _OWN_FRAME.match(line)]
    said = f"[{colour}]{escape(one_line(who))}[/]: {escape(one_line(first))}"
    return "\n".join([f"[dim]{when:%H:%M:%S}[/] {said}", *frames])


class _Terminal:
    """Tells of reloads as they happen."""

    def reloaded(self, reload: Reload) -> None:
        console = _console.errors()
        names = escape(", ".join(reload.changed[:3]) + (" ..." if len(reload.changed) > 3 else ""))
        now = time.strftime("%H:%M:%S")
        if reload.ok:
            what = "nothing that runs has changed" if reload.deployed is None else "reloaded"
            console.print(f"[dim]{now}[/] [green]{what}[/] {names} [dim]in {reload.ms:.0f} ms[/]", soft_wrap=True)
            return
        console.print(
            f"[dim]{now}[/] [bold red]not reloaded[/] {names}; the last good version goes on serving", soft_wrap=True
        )
        for error in reload.errors:
            for line in error.splitlines():
                console.print(f"  {escape(line)}", soft_wrap=True)

    def service_ended(self, name: str, exit_: ProcessExit) -> None:
        _console.errors().print(f"[yellow]service {escape(name)} {exit_.reason}[/]; the edge goes on", soft_wrap=True)


def dev(
    stack: StackArgument = DEFAULT_STACK,
    detach: Annotated[
        bool, typer.Option("--detach", "-d", help="Return once it serves; it goes on in the background.")
    ] = False,
    port: PortOption = None,
    fresh: FreshOption = False,
) -> None:
    """Serve a stack on this machine, and reload it on every edit.

    The program, its settings and its handlers are watched. An edit that fails keeps the last good version serving and
    says what is wrong with file and line. So do Workers' warnings and errors. KV data survive restarts unless --fresh.

    Examples:

      edgewright dev

      edgewright dev staging --port 9000

      edgewright dev local --detach && edgewright logs --follow
    """
    with told():
        project = load_project(stack)
        state = StateDir(project, stack)
        if (session := state.running()) is not None:
            if port not in (None, 0, session.port):
                raise clash(port, session.port, stack)
            raise ProjectError(
                f"the stack {stack} already runs on {session.url}"
                f"{' and is watched' if session.watching else ''}; stop it first: edgewright down {stack}",
                Code.RUNNING,
            )
        runtime.ensure(_console.step)
        port = DEFAULT_PORT if port is None else port
        if detach:
            session = start_detached(state, (), port=port, fresh=fresh, watch=True, progress=_console.step)
            _console.results().print(
                f"{stack} serves on {session.url}, watching; stop it with: edgewright down {stack}", soft_wrap=True
            )
            return
        _foreground(LocalStack(project, stack, port=port, fresh=fresh, watching=True, progress=_console.step))


def _foreground(running: LocalStack) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: running.stopping.set())
    runner = shared_runner()
    runner.warm()
    with running:
        seen = look(running.project.directory)
        try:
            capture, settings, deployed = start_and_deploy(runner, running)
        except InfrastructureError:
            if running.stopping.is_set():  # Ctrl-C while it was starting
                _console.step("stopped")
                raise typer.Exit(Exit.PASS) from None
            raise
        console = _console.results()
        _show.tell(capture.diagnostics)
        console.print(_show.resource_tree(capture, deployed.plan))
        for line in _show.curl_lines(capture, deployed.plan, settings, running.url):
            console.print(escape(line), soft_wrap=True)
        for line in _show.output_lines(capture):
            console.print(escape(line), soft_wrap=True)
        _console.step(f"serving {running.stack} on {running.url}; edits are taken in, Ctrl-C stops")
        threading.Thread(target=_tell_errors, args=(running.control, running.stopping), daemon=True).start()
        watch(runner, running, _Terminal(), deployed, capture, seen)
    _console.step("stopped")
