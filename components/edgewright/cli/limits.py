"""`edgewright limits`: the platforms' limits, their sources, and how much of them a stack uses."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from edgewright.cli._exit import told
from edgewright.guard.usage import usage
from edgewright.limits import Limit, LimitError, all_limits, stale_warnings
from edgewright.program.errors import ProjectError
from edgewright.program.runner import shared_runner


def describe(limit: Limit, used: float | None) -> dict[str, Any]:
    """Return a limit as JSON has it, with what a stack uses of it where that is known."""
    data = limit.model_dump(mode="json")
    if used is not None:
        used = int(used) if float(used).is_integer() else used
        data |= {"used": used, "headroom": limit.value - used, "used_share": round(used / limit.value, 4)}
    return data


def _used_text(limit: Limit, used: float | None) -> str:
    if used is None:
        return ""
    return f"{limit.show(int(used) if float(used).is_integer() else used)} ({used / limit.value:.0%})"


def limits(
    platform: Annotated[
        str | None, typer.Argument(help="cloudflare, cloudfront, lambda_edge, ...; all by default.")
    ] = None,
    stack: Annotated[str | None, typer.Option("--stack", "-s", help="Show what this stack uses of each.")] = None,
    format_: Annotated[str, typer.Option("--format", "-f", help="text or json.")] = "text",
) -> None:
    """Print the platforms' limits: value, plan, hard or soft, when and where it was read; for a stack, the headroom.

    Examples:

      edgewright limits cloudflare

      edgewright limits --stack prod

      edgewright limits lambda_edge --format json
    """
    used: Mapping[str, float] = {}
    with told():
        if format_ not in ("text", "json"):
            raise ProjectError(f"--format {format_!r}; allowed: text, json")
        try:
            if stack is None:
                found = all_limits(platform)
            else:
                capture, settings = shared_runner().run(Path.cwd(), stack)
                used = usage(capture)
                found = all_limits(platform, plans=settings.limits.plans, overrides=settings.limits.overrides)
        except LimitError as error:
            raise ProjectError(str(error)) from None
    warnings = stale_warnings()
    if format_ == "json":
        data = {"limits": [describe(each, used.get(each.id)) for each in found], "warnings": list(warnings)}
        sys.stdout.write(json.dumps(data, indent=2, ensure_ascii=False) + "\n")
        return
    console = Console(highlight=False, emoji=False, markup=False)
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
