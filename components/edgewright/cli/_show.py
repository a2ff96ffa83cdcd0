"""What commands print of a stack: its resources, its addresses."""

import json
import re
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from rich.markup import escape
from rich.tree import Tree

from edgewright.base.foreign import one_line
from edgewright.cli import _console
from edgewright.config.models import PathMix, StackSettings
from edgewright.engine.resources import PROVIDER_PREFIX, Capture, Diagnostic, Inputs, Resource, Severity
from edgewright.platforms.cloud import Plan, short_type

EDGE_API = "edgewright:index:EdgeApi"
_MOST_CHILDREN = 12
_LONGEST_OUTPUT = 400


def resource_tree(capture: Capture, plan: Plan) -> Tree:
    """Return the resources by component. Many of one type, such as seeded keys, are one line."""
    gaps = {resource.urn: gap for resource, gap in plan.gaps}
    tree = Tree(f"[bold]{escape(capture.project)}[/] {escape(capture.stack)}")

    def add(branch: Tree, parent: str | None) -> None:
        by_type: dict[str, list[Resource]] = {}
        for child in capture.children(parent):
            if not child.type.startswith(PROVIDER_PREFIX):
                by_type.setdefault(child.type, []).append(child)
        for type_, children in by_type.items():
            if len(children) > _MOST_CHILDREN:
                branch.add(f"{_short(type_)} [dim]x {len(children)}[/]")
                continue
            for child in children:
                text = f"{_short(type_)} [cyan]{escape(child.name)}[/]"
                if child.urn in gaps:
                    text += f" [dim](no effect locally: {gaps[child.urn].id})[/]"
                add(branch.add(text), child.urn)

    add(tree, None)
    return tree


def _short(type_: str) -> str:
    return short_type(type_).removeprefix("edgewright.")


def curl_lines(capture: Capture, plan: Plan, settings: StackSettings, url: str) -> list[str]:
    """Return one `curl` line for each endpoint that an EdgeApi of the stack declares."""
    apis = capture.of_type(EDGE_API)
    lines = []
    for api in apis:
        host = _host_of(api, plan) if len(plan.deployment.workers) > 1 else None
        for endpoint in api.inputs.get("endpoints") or []:
            lines.append(_curl(endpoint, settings.traffic.mix, url, host))
    return lines


def _host_of(api: Resource, plan: Plan) -> str | None:
    worker = api.outputs.get("scriptName") or api.outputs.get("script_name")
    for domain in plan.deployment.domains:
        if domain.worker == worker:
            return domain.hostname
    for route in plan.deployment.routes:
        if route.worker == worker:
            return re.sub(r"^(https?://)?\*?\.?", "", route.pattern).split("/", 1)[0]
    return None


def _curl(endpoint: Inputs, mix: Sequence[PathMix], url: str, host: str | None) -> str:
    pattern = str(endpoint["path"])
    methods = endpoint.get("methods") or ["GET"]
    words = ["curl", "-i"]
    if "GET" not in methods and "*" not in methods:
        words += ["-X", str(methods[0])]
    path = re.sub(r":[A-Za-z_]\w*", "1", pattern).replace("*", "")
    headers: Mapping[str, str] = {}
    # Most specific first: a mix's entry with the fewest objects left open says how the endpoint is really asked.
    for entry in mix:
        sample = entry.path.replace("{n}", "1")
        if _matches(pattern, sample.split("?", 1)[0]):
            path, headers = sample, entry.headers
            break
    if host:
        words += ["-H", f"Host: {host}"]
    for name, value in headers.items():
        words += ["-H", f"{name}: {value}"]
    words.append(f"{url}{path}")
    return " ".join(shlex.quote(word) for word in words)


def _matches(pattern: str, path: str) -> bool:
    parts = re.split(r"(:[A-Za-z_]\w*|\*)", pattern)
    expression = "".join(
        "[^/]+" if part.startswith(":") and len(part) > 1 else ".*" if part == "*" else re.escape(part)
        for part in parts
    )
    return re.fullmatch(expression, path) is not None


def output_lines(capture: Capture) -> list[str]:
    """Return the stack's outputs, each on one line and cut where it is long; one with a secret in it is not shown."""
    secret = {re.split(r"[.\[]", path, maxsplit=1)[0] for path in capture.secret_outputs}
    lines = ["", "outputs:"] if capture.outputs else []
    for name, value in capture.outputs.items():
        text = "[secret]" if name in secret else value if isinstance(value, str) else _document(value)
        text = one_line(text)
        lines.append(
            f"  {one_line(name)}: {text if len(text) <= _LONGEST_OUTPUT else f'{text[: _LONGEST_OUTPUT - 1]}…'}"
        )
    return lines


def _document(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def diagnostics(found: Sequence[Diagnostic]) -> list[str]:
    """Return what the program logged and printed, as lines with markup."""
    colours = {Severity.WARNING: "yellow", Severity.ERROR: "red"}
    lines = []
    for diagnostic in found:
        word = diagnostic.severity.value
        if diagnostic.severity is Severity.INFO:
            lines.append(f"[dim]{escape(diagnostic.message)}[/]")
        else:
            lines.append(f"[{colours.get(diagnostic.severity, 'white')}]{word}:[/] {escape(diagnostic.message)}")
    return lines


def tell(found: Sequence[Diagnostic]) -> None:
    """Print what the program logged and printed, to the standard error: the standard output is the command's own."""
    for line in diagnostics(found):
        _console.errors().print(line, soft_wrap=True)
