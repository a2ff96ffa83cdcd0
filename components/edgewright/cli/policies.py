"""`edgewright policies`: lists the policies and explains them."""

import json
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from edgewright.cli._exit import told
from edgewright.program.errors import ProjectError

if TYPE_CHECKING:
    from edgewright_policies import Rule


def describe(rule: "Rule") -> dict[str, Any]:
    """Return everything that a policy says of itself."""
    from edgewright_policies import StackRule
    from edgewright_policies.rule import config_schema

    meta = rule.meta
    return {
        "name": rule.name,
        "id": meta.id,
        "family": meta.family,
        "severity": meta.severity,
        "enforcementLevel": meta.level,
        "title": meta.title,
        "why": meta.why,
        "remediation": meta.fix,
        "url": meta.source,
        "framework": {"name": meta.framework[0], "url": meta.framework[1]},
        "judges": "stack" if isinstance(rule, StackRule) else "resource",
        "types": list(meta.types),
        "config": config_schema(meta.config),
    }


def _explain(data: dict[str, Any]) -> str:
    rows = [
        f"{data['name']} ({data['id']}): {data['title']}",
        "",
        data["why"],
        "",
        f"  do        {data['remediation']}",
        f"  level     {data['enforcementLevel']}, severity {data['severity']}",
        f"  judges    {', '.join(data['types'])}",
        f"  see       {data['url']}",
        f"  part of   {data['framework']['name']}, {data['framework']['url']}",
    ]
    if data["config"]:
        rows += [
            "",
            "  Configuration, in the stack's settings:",
            "",
            "    edgewright:policies:",
            f"      {data['name']}:",
        ]
        for name, each in data["config"].items():
            rows.append(f"        {name}: {json.dumps(each.get('default'), ensure_ascii=False)}")
            if "description" in each:
                rows.append(f"          # {each['description']}")
    return "\n".join(rows) + "\n"


def policies(
    names: Annotated[list[str] | None, typer.Argument(help="Policies to explain, by name, id or family.")] = None,
    format_: Annotated[str, typer.Option("--format", "-f", help="text or json.")] = "text",
) -> None:
    """List the policies, or explain some.

    Examples:

      edgewright policies

      edgewright policies kv-value-size

      edgewright policies security --format json
    """
    from edgewright_policies import FAMILIES, POLICIES

    wanted = set(names or ())
    known = {each.name for each in POLICIES} | {each.meta.id for each in POLICIES} | set(FAMILIES)
    with told():
        faults = [f"{name!r}: no such policy; `edgewright policies` lists them" for name in sorted(wanted - known)]
        if format_ not in ("text", "json"):
            faults.append(f"--format {format_!r}; allowed: text, json")
        if faults:
            raise ProjectError(faults)
    chosen = [each for each in POLICIES if not wanted or wanted & {each.name, each.meta.id, each.meta.family}]
    described = [describe(each) for each in chosen]
    if format_ == "json":
        sys.stdout.write(json.dumps(described, indent=2, ensure_ascii=False) + "\n")
        return
    if wanted - set(FAMILIES):
        sys.stdout.write("\n".join(map(_explain, described)))
        return
    console = Console(highlight=False, emoji=False)
    if not console.is_terminal:
        width = max(len(each["name"]) for each in described)
        for each in described:
            sys.stdout.write(
                f"{each['id']}  {each['name']:<{width}}  {each['enforcementLevel']:<9}  {each['severity']:<8}  {each['title']}\n"
            )
        return
    for family, title in FAMILIES.items():
        rows = [each for each in described if each["family"] == family]
        if not rows:
            continue
        table = Table("id", "policy", "level", "severity", "what it asks for", title=title, title_justify="left")
        for each in rows:
            table.add_row(each["id"], each["name"], each["enforcementLevel"], each["severity"], each["title"])
        console.print(table)
