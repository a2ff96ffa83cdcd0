"""`--format text|json`, the same in every command that prints a result."""

from typing import Annotated

import typer

from edgewright.base.errors import ProjectError
from edgewright.base.fault_codes import Code

_HELP = "text or json."
FormatOption = Annotated[str, typer.Option("--format", "-f", help=_HELP)]
LongFormatOption = Annotated[str, typer.Option("--format", help=_HELP)]
"""For commands whose `-f` is something else."""
JsonOption = Annotated[bool, typer.Option("--json", help="The same as --format json.")]


def wants_json(format_: str, as_json: bool = False) -> bool:
    """Return whether a program is to read the result.

    Raises:
        ProjectError: it is neither text nor json.
    """
    if format_ not in ("text", "json"):
        raise ProjectError(f"--format {format_!r}; allowed: text, json", Code.OPTION)
    return as_json or format_ == "json"
