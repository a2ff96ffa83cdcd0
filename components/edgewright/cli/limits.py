"""`edgewright limits`: the platforms' limits, their sources, and how much of them a stack uses."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from edgewright.base.errors import ProjectError
from edgewright.base.fault_codes import Code
from edgewright.base.foreign import SafeConsole
from edgewright.cli import _show
from edgewright.cli._exit import told
from edgewright.cli._format import FormatOption, JsonOption, wants_json
from edgewright.cli._progress import progress
from edgewright.contract.limits import Limit, LimitError, all_limits, platforms, stale_warnings
from edgewright.guard.declared import declared
from edgewright.guard.usage import usage
from edgewright.platforms.counter import Used


def describe(limit: Limit, used: Used | None) -> dict[str, Any]:
    """Return a limit as JSON has it, with what a stack uses of it where that is known."""
    data = limit.model_dump(mode="json")
    if used is not None:
        amount = int(used.amount) if float(used.amount).is_integer() else used.amount
        data |= {"used": amount, "headroom": limit.value - amount, "used_share": round(amount / limit.value, 4)}
        data |= {"used_by": used.by}
    return data


def _used_text(limit: Limit, used: Used | None) -> str:
    if used is None:
        return ""
    amount = int(used.amount) if float(used.amount).is_integer() else used.amount
    return f"{limit.show(amount)} ({amount / limit.value:.0%})" + (f" {used.by}" if used.by else "")


def limits(
    platform: Annotated[str | None, typer.Argument(help=f"One of {', '.join(platforms())}; all by default.")] = None,
    stack: Annotated[str | None, typer.Option("--stack", "-s", help="Show what this stack uses of each.")] = None,
    format_: FormatOption = "text",
    as_json: JsonOption = False,
) -> None:
    """Print the platforms' limits: value, plan, hard or soft, when and where it was read; for a stack, the headroom.

    Examples:

      edgewright limits cloudflare

      edgewright limits --stack prod

      edgewright limits lambda_edge --format json
    """
    used: Mapping[str, Used] = {}
    notes: tuple[str, ...] = ()
    with told():
        as_json = wants_json(format_, as_json)
        try:
            if stack is None:
                found = all_limits(platform)
            else:
                with progress(f"the program of {stack}"):
                    capture, settings, notes = declared(Path.cwd(), stack)
                _show.tell(capture.diagnostics)
                used = usage(capture)
                found = all_limits(platform, plans=settings.limits.plans, overrides=settings.limits.overrides)
        except LimitError as error:
            raise ProjectError(str(error), Code.OPTION) from None
    warnings = (*notes, *stale_warnings())
    if as_json:
        data = {"limits": [describe(each, used.get(each.id)) for each in found], "warnings": list(warnings)}
        sys.stdout.write(json.dumps(data, indent=2, ensure_ascii=False) + "\n")
        return
    console = SafeConsole(highlight=False, emoji=False, markup=False)
    if console.is_terminal:
        table = Table("limit", "value", "plan", "kind", *(["used"] if stack else []), "what", "read")
        for each in found:
            row = [each.id, each.text, _plan(each), each.kind]
            table.add_row(*row, *([_used_text(each, used.get(each.id))] if stack else []), each.title, str(each.read))
        console.print(table)
    else:
        width = max(len(each.id) for each in found)
        for each in found:
            share = f"  used {_used_text(each, used[each.id])}" if each.id in used else ""
            sys.stdout.write(
                f"{each.id:<{width}}  {each.text:>12}  {_plan(each):<10}  {each.kind}  {each.read}  {each.source}{share}\n"
            )
    for warning in warnings:
        typer.echo(f"warning: {warning}", err=True)


def _plan(limit: Limit) -> str:
    return f"{limit.plan}*" if limit.overridden else limit.plan
