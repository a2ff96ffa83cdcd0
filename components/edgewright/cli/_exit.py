"""Exit codes, and how each kind of failure becomes one."""

import enum
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import typer

from edgewright.base.errors import (
    DeployRefused,
    InfrastructureError,
    ProgramFailed,
    ProgramKilled,
    ProjectError,
    RunnerBroken,
)
from edgewright.base.fault import ProjectFault, coded
from edgewright.base.fault_codes import Code
from edgewright.base.foreign import lines, one_line


class Exit(enum.IntEnum):
    """What a command's exit status means, the same for every command."""

    PASS = 0
    BREACH = 1
    """A gate is breached: a mandatory policy, an objective."""
    USAGE = 2
    """The command line, the settings or the program has faults."""
    FAILED = 3
    """Evidence is missing, or the infrastructure failed."""


def say_error(message: str) -> None:
    """Print what went wrong, for people, to the standard error."""
    from edgewright.cli._console import errors

    errors().print(f"[bold red]error:[/] {_escape(lines(message))}", soft_wrap=True)


def _escape(text: str) -> str:
    from rich.markup import escape

    return escape(text)


def say_heard(error: ProjectError) -> None:
    """Print what a program that failed had printed and logged until then."""
    if isinstance(error, ProgramFailed) and error.said:
        from edgewright.cli import _show
        from edgewright.engine.resources import Diagnostic, Severity

        _show.tell([Diagnostic(Severity(word), message) for word, message in error.said])


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Let neither Ctrl-C nor SIGTERM end what is in here: it comes a second time while what the first one stopped is cleared away."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def told() -> Iterator[None]:
    """Turn failures into a message and an exit code; a traceback only ever goes into a log file."""
    try:
        yield
    except (typer.Exit, typer.Abort):
        raise
    except ProjectError as error:
        say_heard(error)
        _say_faults([str(fault) for fault in error.faults])
        raise typer.Exit(Exit.USAGE) from None
    except DeployRefused as error:
        _say_faults([str(fault) for fault in error.errors])
        raise typer.Exit(Exit.USAGE) from None
    except InfrastructureError as error:
        say_error(str(error))
        raise typer.Exit(Exit.FAILED) from None
    except ProgramKilled as error:
        say_error(coded(str(error), Code.PROGRAM))
        raise typer.Exit(Exit.FAILED) from None
    except KeyboardInterrupt:
        with uninterrupted():
            say_error("interrupted")
        raise typer.Exit(Exit.FAILED) from None
    except RunnerBroken as error:
        report_defect(str(error))
        raise typer.Exit(Exit.FAILED) from None


@contextmanager
def collected(faults: list[ProjectFault]) -> Iterator[None]:
    """Add what is wrong to the other faults, so that all are told at once."""
    try:
        yield
    except ProjectError as error:
        faults += error.faults


def _say_faults(faults: list[str]) -> None:
    from edgewright.cli._console import errors

    console = errors()
    for fault in faults:
        first, *rest = fault.split("\n")
        console.print(f"[bold red]error:[/] {_escape(one_line(first))}", soft_wrap=True)
        for line in rest:
            console.print(f"  {_escape(lines(line))}", soft_wrap=True)
    if len(faults) > 1:
        console.print(f"{len(faults)} errors", soft_wrap=True)


def report_defect(details: str | None = None) -> None:
    """Keep the details of a defect of ours in a log file and say where."""
    from edgewright.assemble.runtime import cache_dir

    text = details or traceback.format_exc()
    summary = text.strip().splitlines()[-1][:300]
    try:
        folder = cache_dir() / "errors"
        folder.mkdir(parents=True, exist_ok=True)
        path: Path | None = folder / f"{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.log"
        assert path is not None
        path.write_text(f"{sys.argv}\n{text}")
    except OSError:
        path = None
    where = f"the details are in {path}" if path else "the details cannot be written to the cache folder"
    say_error(f"edgewright failed unexpectedly: {summary}\nThis is a defect of edgewright, please report it; {where}")
