"""`edgewright policies`: lists the policies and explains them."""

import json
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from edgewright.base.errors import ProjectError
from edgewright.base.fault import ProjectFault
from edgewright.base.fault_codes import Code
from edgewright.base.foreign import SafeConsole
from edgewright.cli._exit import told
from edgewright.cli._format import FormatOption, JsonOption, wants_json

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


def _write_pack(folder: Path, chosen: Sequence[str]) -> None:
    from edgewright.guard.pack_folder import virtual_environment, write

    written = write(folder, chosen)
    for path in written:
        typer.echo(f"{path}: written")
    if not written:
        typer.echo(f"{folder}: is so already")
    environment = virtual_environment(folder)
    if environment is None:
        typer.echo(
            "It runs with the Python on PATH: activate an environment with edgewright in it before you run pulumi."
        )
    else:
        place = (folder / environment).resolve()
        typer.echo(f"It runs in {place}, as the program does: edgewright must be in there.")
        if not place.is_dir():
            typer.echo(
                "It is not there yet: make it first, for Pulumi waits for ever for a pack without its environment."
            )
    typer.echo(f"pulumi preview --policy-pack {shlex.quote(str(folder))}")


def policies(
    names: Annotated[list[str] | None, typer.Argument(help="Policies to explain, by name, id or family.")] = None,
    format_: FormatOption = "text",
    as_json: JsonOption = False,
    pack: Annotated[
        Path | None,
        typer.Option("--write-pack", metavar="FOLDER", help="Write a policy pack of them, for `pulumi --policy-pack`."),
    ] = None,
) -> None:
    """List the policies, explain some, or write a policy pack of them for Pulumi's engine.

    Examples:

      edgewright policies

      edgewright policies kv-value-size

      edgewright policies security --format json

      edgewright policies --write-pack policies
    """
    from edgewright_policies import FAMILIES, POLICIES
    from edgewright_policies.pack import hint

    wanted = set(names or ())
    known = {each.name for each in POLICIES} | {each.meta.id for each in POLICIES} | set(FAMILIES)
    with told():
        faults = [
            ProjectFault(f"{name!r}: no such policy; {hint(name, *FAMILIES)}", Code.OPTION)
            for name in sorted(wanted - known)
        ]
        try:
            as_json = wants_json(format_, as_json)
        except ProjectError as error:
            faults += error.faults
        if faults:
            raise ProjectError(faults)
        if pack is not None:
            _write_pack(pack, names or ())
            return
    chosen = [each for each in POLICIES if not wanted or wanted & {each.name, each.meta.id, each.meta.family}]
    described = [describe(each) for each in chosen]
    if as_json:
        sys.stdout.write(json.dumps(described, indent=2, ensure_ascii=False) + "\n")
        return
    if wanted - set(FAMILIES):
        sys.stdout.write("\n".join(map(_explain, described)))
        return
    console = SafeConsole(highlight=False, emoji=False)
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
