"""What most commands begin with."""

from pathlib import Path
from typing import Annotated

import typer

from edgewright.base.errors import ProjectError
from edgewright.base.fault_codes import Code
from edgewright.base.project import Project
from edgewright.local.session import DEFAULT_PORT

DEFAULT_STACK = "local"

StackArgument = Annotated[str, typer.Argument(help="The stack's name: `dev` for Pulumi.dev.yaml.", show_default=True)]
PortOption = Annotated[
    int | None,
    typer.Option(
        "--port",
        "-p",
        min=0,
        max=65535,
        show_default=str(DEFAULT_PORT),
        help="Port of the edge on 127.0.0.1; 0 chooses a free one.",
    ),
]
FreshOption = Annotated[bool, typer.Option("--fresh", help="Begin without the KV data and caches of earlier runs.")]


def load_project(stack: str | None = None) -> Project:
    """Return the project of the current folder, with the stack known to exist where one is named.

    Raises:
        ProjectError: there is no project, or no such stack.
    """
    project = Project.load(Path.cwd())
    if stack is not None:
        project.require_stack(stack)
    return project


def clash(port: int, running_port: int, stack: str) -> ProjectError:
    """Return the error for a port other than that of the stack which runs already."""
    return ProjectError(
        f"--port {port}: the stack {stack} already runs on port {running_port}; leave --port out, or stop it first:"
        f" edgewright down {stack}",
        Code.RUNNING,
    )
