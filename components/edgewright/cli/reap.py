"""`edgewright reap`: remove what CloudFront's replicas have left behind."""

import json
from typing import Annotated

import typer

from edgewright.base.errors import ProjectError
from edgewright.base.fault_codes import Code
from edgewright.cli import _console
from edgewright.cli._context import StackArgument, load_project
from edgewright.cli._exit import told
from edgewright.platforms import each_part
from edgewright.platforms.parts import Leftover, Reaper
from edgewright.purge.deployed import export_state


def reap(
    stack: StackArgument,
    delete: Annotated[bool, typer.Option("--delete", help="Delete them; without it, they are only listed.")] = False,
    keep: Annotated[
        int, typer.Option("--keep", min=0, help="Versions before the one in use that stay, to go back to.")
    ] = 1,
    state: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="State of the stack, by `pulumi stack export`; - reads the input."),
    ] = None,
    destroyed: Annotated[
        bool, typer.Option("--destroyed", help="The stack is gone: every function of it is left over.")
    ] = False,
) -> None:
    """List retired versions of functions at CloudFront's edge, and remove them once AWS allows it.

    AWS refuses to delete a version while it has replicas, which is for hours after its last association: run it again later.
    Credentials come from AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, which need lambda:ListFunctions,
    lambda:ListVersionsByFunction and lambda:DeleteFunction.

    Examples:

      edgewright reap aws-prod

      edgewright reap aws-prod --delete

      edgewright reap aws-dev --destroyed --delete
    """
    out = _console.results()
    with told():
        if destroyed and state is not None:
            raise ProjectError(
                "--destroyed and --state exclude each other: a stack that is gone has no state", Code.OPTION
            )
        project = load_project(None if destroyed else stack)
        document: object = None
        where = ""
        if not destroyed:
            text, where = export_state(project, stack, state, "reap")
            try:
                document = json.loads(text)
            except ValueError as error:
                raise ProjectError(f"{where}: is not JSON: {error}", Code.SYNTAX) from None
        count = left = 0
        for part in each_part("reap"):
            used = {} if destroyed else part.in_use(document, where)
            with part.reaper() as reaper:
                found = reaper.leftovers(project.name, stack, used, keep)
                count += len(found)
                left += sum(_one(reaper, item, delete) for item in found)
        if not count:
            out.print("nothing is left over", soft_wrap=True)
            return
    if not delete:
        out.print(f"{count} left over; remove them with --delete", soft_wrap=True)
    elif left:
        out.print(f"{left} of {count} still have replicas: run this again in some hours", soft_wrap=True)


def _one(reaper: Reaper, item: Leftover, delete: bool) -> int:
    """Say what is left over, or what became of it; return whether it is still there."""
    out = _console.results()
    if not delete:
        out.print(f"left over  {item.text}  {item.component}", soft_wrap=True, markup=False)
        return 0
    outcome = reaper.remove(item)
    detail = f"  {outcome.message}" if outcome.message else ""
    out.print(f"{outcome.status:<10} {item.text}  {item.component}{detail}", soft_wrap=True, markup=False)
    return int(outcome.status == "replicated")
