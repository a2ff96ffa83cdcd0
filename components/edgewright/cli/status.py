"""`edgewright status`: what runs."""

import json
from typing import Any

import typer
from rich import box
from rich.markup import escape
from rich.table import Table

from edgewright.base.errors import InfrastructureError
from edgewright.base.foreign import one_line
from edgewright.cli import _console
from edgewright.cli._context import load_project
from edgewright.cli._exit import told
from edgewright.cli._format import FormatOption, JsonOption, wants_json
from edgewright.local.dev import last_reload
from edgewright.local.services import service_of
from edgewright.local.session import Session, StateDir, sessions


def status(
    format_: FormatOption = "text",
    as_json: JsonOption = False,
) -> None:
    """Show the project's local clouds: address, what serves, services, the last reload.

    Examples:

      edgewright status

      edgewright status --format json
    """
    with told():
        as_json = wants_json(format_, as_json)
        project = load_project()
        found = [_look(state, session) for state, session in sessions(project)]
        if as_json:
            # Not through the console: a machine reads this, so nothing may be wrapped or coloured.
            typer.echo(json.dumps({"stacks": found}, indent=2))
            return
        console = _console.results()
        if not found:
            console.print("nothing runs", soft_wrap=True)
            return
        for entry in found:
            console.print(
                f"[bold]{escape(entry['stack'])}[/] {escape(entry['state'])} {escape(entry['url'])}", soft_wrap=True
            )
            table = Table(box=box.SIMPLE, show_header=True, pad_edge=False)
            for column in ("what", "name", "state"):
                table.add_column(column, overflow="fold")
            for each in entry["runs"]:
                table.add_row(*(escape(one_line(str(each[key]))) for key in ("what", "name", "state")))
            for process in entry["processes"]:
                state = f"pid {process['pid']}" if process["running"] else "[red]gone[/]"
                table.add_row(process["kind"], escape(process["name"]), state)
            console.print(table)
            if entry["runtime"] is not None and entry["runtime"]["restarts"]:
                restarts, reason = entry["runtime"]["restarts"], entry["runtime"]["reason"]
                times = "once" if restarts == 1 else f"{restarts} times"
                console.print(f"[yellow]the Workers runtime was started again {times}[/]: last, it {escape(reason)}")
            reload = entry["last_reload"]
            if reload is not None and not reload["ok"]:
                console.print("[red]the last edit is not served:[/]", soft_wrap=True)
                for error in reload["errors"]:
                    console.print(f"  {escape(error)}", soft_wrap=True)


def _look(state: StateDir, session: Session) -> dict[str, Any]:
    alive = session.alive()
    workers: list[Any] = []
    runs: list[Any] = []
    generation, uptime, runtime = 0, None, None
    answer = "running" if alive else "stopped unexpectedly (edgewright down cleans up)"
    if alive:
        try:
            with session.control() as control:
                told_ = control.status()
            workers, generation, uptime = list(told_["workers"]), told_["generation"], told_["uptime_s"]
            runs = list(told_["runs"])
            runtime = told_.get("runtime")
            if runtime is not None and runtime["state"] != "running":
                answer = f"its Workers runtime starts again: it {runtime['reason']}"
        except InfrastructureError:
            answer = "does not answer"
    reload = last_reload(state)
    return {
        "stack": session.stack,
        "state": answer,
        "running": alive,
        "url": session.url,
        "port": session.port,
        "control_port": session.control_port,
        "watching": session.watching,
        "generation": generation,
        "uptime_s": uptime,
        "runtime": runtime,
        "workers": workers,
        "runs": runs,
        "processes": [
            {
                "kind": "service" if service_of(name) else "process",
                "name": service_of(name) or name,
                "pid": process.pid,
                "running": process.process() is not None,
            }
            for name, process in session.processes.items()
        ],
        "last_reload": reload,
    }
