"""`edgewright schema`: the JSON Schema of a stack's settings file, for editors."""

import json
from pathlib import Path
from typing import Annotated

import typer

from edgewright.base.errors import ProjectError
from edgewright.base.fault_codes import Code
from edgewright.cli import _console
from edgewright.cli._context import load_project
from edgewright.cli._exit import told
from edgewright.engine.runner import shared_runner


def schema(
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="A file for it. Default: standard output.")
    ] = None,
) -> None:
    """Print the JSON Schema of the project's `Pulumi.<stack>.yaml` files.

    An editor with the YAML language server uses it where a file begins with
    `# yaml-language-server: $schema=schema.json`.

    Examples:

      edgewright schema --output stacks/schema.json
    """
    with told():
        project = load_project()
        text = json.dumps(shared_runner().schema(project.directory), indent=2) + "\n"
        if output is None:
            typer.echo(text, nl=False)
            return
        try:
            output.write_text(text, encoding="utf-8")
        except OSError as error:
            raise ProjectError(f"--output {output}: cannot be written: {error.strerror}", Code.UNWRITABLE) from None
        _console.step(f"wrote {output}")
