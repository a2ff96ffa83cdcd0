"""`edgewright logs`: what the edge and the services say."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from edgewright.base.errors import ProjectError
from edgewright.base.foreign import in_json, one_line
from edgewright.cli import _console
from edgewright.cli._context import DEFAULT_STACK, StackArgument, load_project
from edgewright.cli._exit import told
from edgewright.cli._format import JsonOption, LongFormatOption, wants_json
from edgewright.local.session import StateDir

_COLOURS = {"error": "red", "warn": "yellow", "warning": "yellow", "debug": "dim"}
_POLL_S = 0.15


def logs(
    stack: StackArgument = DEFAULT_STACK,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with new lines until Ctrl-C.")] = False,
    lines: Annotated[
        int, typer.Option("--lines", "-n", min=0, help="How many earlier lines of each log are shown.")
    ] = 50,
    format_: LongFormatOption = "text",
    as_json: JsonOption = False,
) -> None:
    """Show requests, what Workers print, and what the services say.

    As JSON these are the edge's entries as they are, one object a line.

    Examples:

      edgewright logs

      edgewright logs local --follow

      edgewright logs --format json -n 1000
    """
    with told():
        as_json = wants_json(format_, as_json)
        state = StateDir(load_project(stack), stack)
        if not state.path.is_dir():
            raise ProjectError(f"the stack {stack} has not run here yet; start it with: edgewright dev {stack}")
        console = _console.results()

        def show(name: str, line: str) -> None:
            if name == "edge":
                typer.echo(in_json(line)) if as_json else console.print(_entry(line), soft_wrap=True)
            elif not as_json:
                console.print(f"[cyan]{escape(name)}[/] {escape(one_line(line))}", soft_wrap=True)

        tails = _Tails(state, lines)
        tails.read(show)
        if not follow:
            return
        try:
            while True:
                time.sleep(_POLL_S)
                tails.read(show)
        except KeyboardInterrupt:
            return


def _entry(line: str) -> str:
    try:
        entry: Any = json.loads(line)
    except (ValueError, RecursionError):
        entry = None
    if not isinstance(entry, dict):
        return escape(one_line(line))
    when = str(entry.get("time", ""))[11:23]
    level = str(entry.get("level", "info"))
    colour = _COLOURS.get(level, "default")
    if entry.get("method"):
        text = f"{entry['method']} {entry.get('url', '')} {entry.get('status', '')} {entry.get('ms', '')} ms"
    else:
        text = str(entry.get("message", ""))
    worker = f"[cyan]{escape(one_line(str(entry['worker'])))}[/] " if entry.get("worker") else ""
    return f"[dim]{escape(one_line(when))}[/] {worker}[{colour}]{escape(one_line(text))}[/]"


class _Tails:
    """Reads what was added to a stack's logs since the last time. A log that was begun anew is read from its start."""

    def __init__(self, state: StateDir, lines: int) -> None:
        self.state = state
        self.lines = lines
        self.offsets: dict[Path, int] = {}

    def files(self) -> Iterator[tuple[str, Path]]:
        yield "edge", self.state.gateway_log
        folder = self.state.path / "logs"
        for path in sorted(folder.glob("*.log")):
            yield path.stem.removeprefix("service-"), path
        yield "supervisor", self.state.path / "supervisor.log"

    def read(self, show: Callable[[str, str], None]) -> None:
        for name, path in self.files():
            try:
                size = path.stat().st_size
            except OSError:
                continue
            first = path not in self.offsets
            start = 0 if first or size < self.offsets[path] else self.offsets[path]
            if size == start and not first:
                continue
            with path.open("rb") as file:
                file.seek(start)
                data = file.read()
            complete = data.rfind(b"\n") + 1
            self.offsets[path] = start + complete
            # Only a line feed ends a line: what else Python takes for an end may stand in a message.
            texts = data[:complete].decode(errors="replace").split("\n")[:-1]
            for text in texts[-self.lines :] if first and self.lines else [] if first else texts:
                show(name, text)
