"""`edgewright down`: stop what runs."""

from typing import Annotated

import typer

from edgewright.cli import _console
from edgewright.cli._context import load_project
from edgewright.cli._exit import told
from edgewright.local.session import SessionDamaged, StateDir, state_dirs


def down(
    stack: Annotated[
        str | None, typer.Argument(help="The stack to stop; all of the project's where it is left out.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Stop all stacks of this project.")] = False,
) -> None:
    """Stop local clouds, and end whatever a crash may have left behind. Data stay.

    Examples:

      edgewright down

      edgewright down local
    """
    with told():
        project = load_project()
        console = _console.results()
        if stack is not None and not every:
            project.stack_file(stack)  # refuses what cannot be a stack's name
            chosen = [StateDir(project, stack)]
        else:
            chosen = list(state_dirs(project))
        said = False
        for state in chosen:
            try:
                known = state.read() is not None
            except SessionDamaged:
                known = True
            if state.stop():
                console.print(f"stopped {state.stack}", soft_wrap=True)
            elif known:
                console.print(f"cleaned up {state.stack}, which had stopped unexpectedly", soft_wrap=True)
            said = said or known
        if not said:
            console.print(f"{stack or 'nothing'} {'is not running' if stack else 'runs'}", soft_wrap=True)
