"""The `edgewright` command: assembly only, one file a command."""

import importlib
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

import edgewright
from edgewright.base.fault import coded
from edgewright.base.fault_codes import Code
from edgewright.base.numbers import number_range
from edgewright.cli._exit import Exit, report_defect, say_error, uninterrupted
from edgewright.cli._start import was_interrupted

app = typer.Typer(
    name="edgewright",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Serverless edge systems as Pulumi components: run them on this machine, check them, prove them.",
    epilog="Exit codes: 0 pass, 1 a gate is breached, 2 usage or settings, 3 evidence missing or infrastructure failed.",
)

_ClickException: type[Exception] = next(
    kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException"
)
"""typer carries a click of its own in some releases and uses the real one in others."""

COMMANDS = (
    "up",
    "dev",
    "down",
    "status",
    "logs",
    "check",
    "verify",
    "purge",
    "warm",
    "reap",
    "report",
    "policies",
    "explain",
    "limits",
    "schema",
)
"""In the order of the help. Each is the function of its name in the module of its name."""

_TYPER_INTERRUPTED = 128 + signal.SIGINT


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"edgewright {edgewright.__version__}")
        raise typer.Exit(Exit.PASS)


@app.callback()
def _options(
    cwd: Annotated[
        Path | None, typer.Option("--cwd", "-C", help="Run as if in this folder.", file_okay=False, exists=True)
    ] = None,
    version: Annotated[  # noqa: ARG001 - the callback acts on it
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and end.")
    ] = False,
) -> None:
    if cwd is not None:
        os.chdir(cwd)


for _name in COMMANDS:
    _function: Callable[..., Any] = getattr(importlib.import_module(f"edgewright.cli.{_name}"), _name)
    app.command(_name)(_function)


def _number_fault(error: Exception) -> str | None:
    """Return what to say of a number that an option does not take; None where it is something else."""
    details = getattr(error.__cause__, "errors", None)
    option = getattr(error, "param", None)
    if details is None or option is None:
        return None
    first = details()[0]
    least, most = getattr(option, "min", None), getattr(option, "max", None)
    if least is None and most is None and not str(first["type"]).startswith(("int_", "float_")):
        return None
    whole = "int" in str(getattr(error.__cause__, "title", ""))
    name = next((each for each in option.opts if each.startswith("--")), option.opts[0])
    return f"{name} {first['input']}; allowed: {number_range(whole, least, most)}"


def run(arguments: list[str]) -> int:
    """Run the command line and return the exit code."""
    try:
        code = app(args=arguments, prog_name="edgewright", standalone_mode=False)
        # typer makes an exit of an interruption that came before the command's own function.
        if code == _TYPER_INTERRUPTED:
            return _interrupted()
        return int(code) if isinstance(code, int) else int(Exit.PASS)
    except typer.Exit as error:
        return int(error.exit_code)
    except typer.Abort:
        say_error("interrupted")
        return int(Exit.FAILED)
    except KeyboardInterrupt:
        return _interrupted()
    except BrokenPipeError:
        # `edgewright logs | head`: nobody is left to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return int(Exit.PASS)
    except Exception as error:  # noqa: BLE001 - a defect of ours must not print a traceback
        if isinstance(error, _ClickException):
            message = _number_fault(error) or error.format_message()  # type: ignore[attr-defined]
            if message:  # none where the help was the answer
                say_error(coded(message, Code.OPTION))
            return int(Exit.USAGE)
        if was_interrupted():
            return _interrupted()
        report_defect()
        return int(Exit.FAILED)


def _interrupted() -> int:
    with uninterrupted():
        say_error("interrupted")
    return int(Exit.FAILED)
