"""`edgewright logs`: what the edge and the services say."""

import json
import re
import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from edgewright.base.errors import ProjectError
from edgewright.base.fault_codes import Code
from edgewright.base.foreign import in_json, one_line
from edgewright.cli import _console
from edgewright.cli._context import DEFAULT_STACK, StackArgument, load_project
from edgewright.cli._exit import told
from edgewright.cli._format import JsonOption, LongFormatOption, wants_json
from edgewright.local.session import StateDir

_COLOURS = {"error": "red", "warn": "yellow", "warning": "yellow", "debug": "dim"}
_POLL_S = 0.15
_STAMP = re.compile(r"\[?(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{3}(?:\d{3})?)?)(Z|[+-]\d\d:\d\d)?")
"""What a line begins with that says when it was written: RFC 3339, or as Python's logging does."""


def logs(
    stack: StackArgument = DEFAULT_STACK,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with new lines until Ctrl-C.")] = False,
    lines: Annotated[
        int, typer.Option("--lines", "-n", min=0, help="How many earlier lines of each log are shown.")
    ] = 50,
    format_: LongFormatOption = "text",
    as_json: JsonOption = False,
) -> None:
    """Show requests, what Workers print, and what the services say, in the order of time.

    A line that does not begin with its time stays behind the line of its log before it.

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
            raise ProjectError(
                f"the stack {stack} has not run here yet; start it with: edgewright dev {stack}", Code.NOT_RUNNING
            )
        console = _console.results()

        def show(name: str, line: str) -> None:
            if name == "edge":
                typer.echo(in_json(line)) if as_json else console.print(_entry(line), soft_wrap=True)
            elif not as_json:
                console.print(f"[cyan]{escape(name)}[/] {escape(one_line(line))}", soft_wrap=True)

        def read() -> None:
            for name, line in in_order(tails.read()):
                show(name, line)

        tails = _Tails(state, lines)
        read()
        if not follow:
            return
        try:
            while True:
                time.sleep(_POLL_S)
                read()
        except KeyboardInterrupt:
            return


def in_order(logs: Iterable[tuple[str, Sequence[str]]]) -> Iterator[tuple[str, str]]:
    """Yield the lines of several logs, each with its log's name, in the order of their times.

    A line without a time stays behind the line of its own log before it. Lines of one time keep the order of the logs, and
    lines of one log never change theirs, whatever times they have.
    """
    told: list[tuple[float, str, str]] = []
    for name, texts in logs:
        latest = float("-inf")
        for text in texts:
            latest = max(latest, _time_of(text))
            told.append((latest, name, text))
    # Sorting is stable.
    for _, name, text in sorted(told, key=lambda each: each[0]):
        yield name, text


def _time_of(line: str) -> float:
    """Return the time of a line in seconds: the `time` of an entry in JSON, or what a line of text begins with."""
    found: object = _STAMP.match(line)
    if line.startswith("{"):
        try:
            entry = json.loads(line)
        except (ValueError, RecursionError):
            entry = None
        found = _STAMP.match(str(entry.get("time", ""))) if isinstance(entry, dict) else None
    if not isinstance(found, re.Match):
        return float("-inf")
    try:
        # Older Pythons read neither a `Z` nor a comma.
        when = datetime.fromisoformat(
            found[1].replace(",", ".").replace(" ", "T") + (found[2] or "").replace("Z", "+00:00")
        )
    except ValueError:
        return float("-inf")
    return when.timestamp()


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

    def read(self) -> Iterator[tuple[str, Sequence[str]]]:
        """Yield each log's name with its new lines."""
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
            yield name, texts if not first else texts[-self.lines :] if self.lines else []
