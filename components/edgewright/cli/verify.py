"""`edgewright verify`: replay traffic against a stack and hold it to its objectives."""

import contextlib
import enum
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from edgewright.base import foreign
from edgewright.base.errors import InfrastructureError, ProjectError
from edgewright.base.fault_codes import Code
from edgewright.base.foreign import SafeConsole
from edgewright.base.project import Project
from edgewright.cli import _show
from edgewright.cli._console import errors, results
from edgewright.cli._context import DEFAULT_STACK, StackArgument, load_project
from edgewright.cli._exit import told
from edgewright.config.models import PathMix, StackSettings, Traffic
from edgewright.contract import EdgeSettings
from edgewright.engine.resources import Capture
from edgewright.engine.runner import shared_runner
from edgewright.local.session import Session, StateDir
from edgewright.verify.client import Target
from edgewright.verify.counters import GatewayCounters
from edgewright.verify.plan import derive_mix, left_out
from edgewright.verify.render import as_json, as_markdown, print_text
from edgewright.verify.replay import Progress as Told
from edgewright.verify.replay import replay
from edgewright.verify.report import Report

_API = "edgewright:index:EdgeApi"


class Format(str, enum.Enum):
    """How the report is written."""

    text = "text"
    json = "json"
    markdown = "markdown"


def verify(
    stack: StackArgument = DEFAULT_STACK,
    url: Annotated[
        str | None, typer.Option(help="Where a deployed stack answers. Default: the local cloud that runs the stack.")
    ] = None,
    format: Annotated[Format, typer.Option("--format", help="How the report is written.")] = Format.text,
    output: Annotated[Path | None, typer.Option(help="A file for the report. Default: standard output.")] = None,
    seed: Annotated[int | None, typer.Option(help="Another seed than the settings'.")] = None,
    requests: Annotated[int | None, typer.Option(min=1, help="How many requests are measured.")] = None,
    rate: Annotated[float | None, typer.Option(min=0.01, help="Requests a second.")] = None,
    warm_up: Annotated[int | None, typer.Option(min=0, help="Requests sent before measuring begins.")] = None,
) -> None:
    """Replay traffic against a stack and check its objectives.

    Requests are sent when they are due, whether or not earlier ones have been answered, and latency counts from then.
    The same seed sends the same requests.

    Exit code: 0 all objectives pass, 1 one is breached, 2 usage or settings, 3 evidence is missing (nothing answered,
    only errors, no word of the cache, counters that went back).

    Examples:

      edgewright verify

      edgewright verify local --requests 10000 --rate 300 --format json --output report.json

      edgewright verify staging --url https://api.staging.example.com --format markdown
    """
    with told():
        changes = {"seed": seed, "requests": requests, "rate": rate, "warm_up": warm_up}
        project = load_project(stack)
        if output is not None and not output.parent.is_dir():
            raise ProjectError(
                f"--output {output}: there is no folder {output.parent}; make it, or choose another", Code.UNWRITABLE
            )
        report = _run(project, stack, url, changes)
        try:
            write(report, format, output)
        except OSError as error:
            raise InfrastructureError(
                f"--output {output}: cannot be written: {error.strerror}", Code.UNWRITABLE
            ) from None
        raise typer.Exit(report.exit_code)


def _run(project: Project, stack: str, url: str | None, changes: dict[str, int | float | None]) -> Report:
    if url is not None:
        _check_url(url)
    settings = shared_runner().settings(project.directory, stack)
    target = _target(StateDir(project, stack).running(), settings, stack, url)
    mix = settings.traffic.mix
    left: tuple[str, ...] = ()
    if not mix:
        capture, _ = shared_runner().run(project.directory, stack)
        _show.tell(capture.diagnostics)
        mix, left = mix_of(capture, project, stack)
    traffic = changed(settings.traffic, changes)
    with told_on(errors()) as progress:
        report = replay(target, traffic, settings.objectives, mix=mix, progress=progress)
    return report.model_copy(update={"left_out": list(left)})


def _check_url(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ProjectError(f"--url {url!r}: must be an http:// or https:// URL without query and fragment", Code.OPTION)


def changed(traffic: Traffic, changes: dict[str, int | float | None]) -> Traffic:
    """Return the traffic with what the command line changes."""
    return traffic.model_copy(update={name: value for name, value in changes.items() if value is not None})


def _target(session: Session | None, settings: StackSettings, stack: str, url: str | None) -> Target:
    if session is not None and (url is None or _same_place(url, session.url)):
        return local_target(session, settings)
    if url is None:
        raise InfrastructureError(
            f"the stack {stack!r} does not run here: start it with `edgewright dev {stack} --detach`, or say with --url"
            " where it is deployed",
            Code.NOT_RUNNING,
        )
    return Target(url=url, stack=stack)


def _same_place(one: str, other: str) -> bool:
    first, second = urlsplit(one), urlsplit(other)
    loopback = {"127.0.0.1", "localhost"}
    same_host = first.hostname == second.hostname or {first.hostname, second.hostname} <= loopback
    return first.scheme == second.scheme and same_host and first.port == second.port


def local_target(session: Session, settings: StackSettings) -> Target:
    """Return a running local cloud as a target: its counters are read, its services can be made to fail."""
    return Target(
        url=session.url,
        stack=session.stack,
        local=True,
        counters=GatewayCounters(f"http://127.0.0.1:{session.control_port}", session.token),
        services=settings.services,
    )


def mix_of(capture: Capture, project: Project, stack: str) -> tuple[tuple[PathMix, ...], tuple[str, ...]]:
    """Return a mix read off the one EdgeApi that a program declares, and what it leaves out.

    Raises:
        ProjectError: it declares none or several, or nothing of it can be asked for without knowing more.
    """
    declared = [resource.outputs.get("settings") for resource in capture.resources if resource.type == _API]
    mix: tuple[PathMix, ...] = ()
    left: tuple[str, ...] = ()
    if len(declared) == 1:
        found = EdgeSettings.model_validate(declared[0])
        mix, left = derive_mix(found), left_out(found)
    if not mix:
        why = (
            f"has no other endpoint than {'; '.join(left)}"
            if len(declared) == 1
            else f"is one of {len(declared)} EdgeApis"
        )
        why = why if declared else "is missing: the program declares no EdgeApi"
        file = project.shown(project.stack_file(stack))
        raise ProjectError(
            f"{file}: edgewright:traffic.mix is needed, because the API {why}; for example"
            ' `mix: [{ path: "/api/products/{n}", objects: 100 }]`',
            Code.SETTING,
        )
    return mix, left


@contextlib.contextmanager
def told_on(console: Console) -> Iterator[Told | None]:
    """Show a progress bar on a terminal, and nothing elsewhere."""
    if not console.is_terminal:
        yield None
        return
    columns = (
        TextColumn("{task.description:<9}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    # A few refreshes a second: the bar shares the processor with what is measured.
    with Progress(*columns, console=console, transient=True, refresh_per_second=4) as bar:
        tasks = {phase: bar.add_task(phase, total=None, visible=False) for phase in ("warm-up", "measure", "failover")}

        def tell(phase: str, done: int, total: int) -> None:
            if done % 10 == 0 or done == total:
                bar.update(tasks[phase], completed=done, total=total, visible=True)

        yield tell


def write(report: Report, format: Format, output: Path | None) -> None:
    """Write a report to a file or to standard output."""
    if format is Format.text:
        if output is None:
            print_text(report, results())
        else:
            with output.open("w", encoding="utf-8") as file:
                print_text(report, SafeConsole(file=file, width=120, no_color=True, force_terminal=False))
        return
    text = as_json(report) if format is Format.json else as_markdown(report)
    if output is None:
        sys.stdout.write(foreign.in_json(text) if format is Format.json else foreign.lines(text))
    else:
        output.write_text(text, encoding="utf-8")
