"""`edgewright reap`: remove what CloudFront's replicas have left behind."""

import json
from typing import Annotated

import typer

from edgewright.base.errors import ProjectError
from edgewright.cli import _console
from edgewright.cli._context import StackArgument, load_project
from edgewright.cli._exit import told
from edgewright.platforms.cloudfront.aws.client import AwsClient
from edgewright.platforms.cloudfront.reap import LAMBDA_URL, Leftover, in_use, leftovers, remove
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
            raise ProjectError("--destroyed and --state exclude each other: a stack that is gone has no state")
        project = load_project(None if destroyed else stack)
        used: dict[str, str] = {}
        if not destroyed:
            text, where = export_state(project, stack, state, "reap")
            try:
                used = in_use(json.loads(text), where)
            except ValueError as error:
                raise ProjectError(f"{where}: is not JSON: {error}") from None
        with AwsClient.from_environment("lambda", LAMBDA_URL) as client:
            found = leftovers(client, project.name, stack, used, keep)
            if not found:
                out.print("nothing is left over", soft_wrap=True)
                return
            left = 0
            for item in found:
                left += _one(client, item, delete)
    if not delete:
        out.print(f"{len(found)} left over; remove them with --delete", soft_wrap=True)
    elif left:
        out.print(f"{left} of {len(found)} still have replicas: run this again in some hours", soft_wrap=True)


def _one(client: AwsClient, item: Leftover, delete: bool) -> int:
    """Say what is left over, or what became of it; return whether it is still there."""
    out = _console.results()
    if not delete:
        out.print(f"left over  {item.text}  {item.component}", soft_wrap=True, markup=False)
        return 0
    outcome = remove(client, item)
    detail = f"  {outcome.message}" if outcome.message else ""
    out.print(f"{outcome.status:<10} {item.text}  {item.component}{detail}", soft_wrap=True, markup=False)
    return int(outcome.status == "replicated")
