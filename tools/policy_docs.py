"""Writes docs/policies/*.md from the policies and the corpus that tests run. `python -m tools.policy_docs [--check]`"""

import json
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import yaml
from edgewright_policies import FAMILIES, POLICIES, Rule, StackRule
from edgewright_policies.rule import Family, config_schema

from tests.policies.corpus import BAD, GOOD, Stack
from tools.pages import ROOT, write_or_check

DOCS = ROOT / "docs" / "policies"
_LONGEST = 72
_NOTE = "<!-- Written by `python -m tools.policy_docs` from the policies and from tests/policies/corpus, which tests run. -->"


def _token(token: str) -> str:
    """Return a type token as Pulumi YAML writes it: `cloudflare:WorkersKv`, `aws:cloudfront:Distribution`."""
    package, module, name = token.split(":")
    module = module.split("/")[0]
    if package == "aws":
        return f"aws:{module}:{name}"
    return f"{package}:{name}"


def _shortened(value: Any) -> Any:
    if isinstance(value, str) and len(value) > _LONGEST and len(set(value)) == 1:
        return f"{value[:8]}... ({len(value):,} characters)"
    if isinstance(value, dict):
        return {key: _shortened(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_shortened(each) for each in value]
    return value


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - PyYAML's own signature
        return True


def _example(stack: Stack, names: list[str]) -> str:
    resources: dict[str, Any] = {}
    for name in names:
        data = stack.resources[name]
        resource: dict[str, Any] = {"type": _token(data["type"]), "properties": _shortened(data["inputs"])}
        options = {key: value for key, value in data.get("options", {}).items() if key != "dependencies"}
        if options:
            resource["options"] = options
        resources[name] = resource
    text = yaml.dump({"resources": resources}, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)
    return f"```yaml\n{text}```\n"


def _touched(bad: Stack) -> list[str]:
    change = bad.change
    names = (
        {path.split("/")[0] for path in change.get("set", {})}
        | set(change.get("add", {}))
        | set(change.get("options", {}))
    )
    return [name for name in bad.resources if name in names]


def _settings(policy: str, config: Mapping[str, Any], limits: Mapping[str, Any]) -> str:
    settings: dict[str, Any] = {}
    if config:
        settings["edgewright:policies"] = {policy: dict(config)}
    if limits:
        settings["edgewright:limits"] = dict(limits)
    return f"```yaml\n{yaml.dump({'config': settings}, sort_keys=False)}```\n" if settings else ""


def _policy(rule: Rule) -> Iterator[str]:
    meta = rule.meta
    good = next(each for each in GOOD if each.policy == rule.name)
    cases = [each for each in BAD if each.policy == rule.name]
    shown = next((each for each in cases if _touched(each)), cases[0])
    touched = _touched(shown)
    yield f"## {rule.name}\n"
    yield f"**{meta.title}.** {meta.why}\n"
    judges = "the whole stack, with" if isinstance(rule, StackRule) else "each"
    yield (
        f"- id `{meta.id}`, severity {meta.severity}, {meta.level} by default\n"
        f"- judges {judges} {', '.join(f'`{_token(each)}`' for each in meta.types)}\n"
        f"- what to do: {meta.fix}\n"
        f"- source: <{meta.source}>; part of [{meta.framework[0]}]({meta.framework[1]})\n"
    )
    passing = [name for name in touched if name in good.resources] or list(good.resources)
    yield f"Passes:\n\n{_example(good, passing)}"
    if good.config:
        yield f"with the settings\n\n{_settings(rule.name, good.config, good.limits)}"
    yield f"Fails, {shown.name}:\n\n{_example(shown, touched or list(shown.resources))}"
    if shown.config or shown.limits:
        yield f"with the settings\n\n{_settings(rule.name, shown.config, shown.limits)}"
    yield f"```text\n{shown.finds}\n```\n"
    if len(cases) > 1:
        others = [f"- {each.name}: `{each.finds}`" for each in cases if each is not shown]
        yield "It also finds:\n\n" + "\n".join(others) + "\n"
    schema = config_schema(meta.config)
    if schema:
        yield "Configuration, under `edgewright:policies` in the stack's settings:\n"
        rows = ["| property | type | default | meaning |", "| --- | --- | --- | --- |"]
        for name, each in schema.items():
            default = f"`{json.dumps(each['default'], ensure_ascii=False)}`" if "default" in each else "none"
            if len(default) > 60:
                default = f"see `edgewright policies {rule.name}`"
            rows.append(f"| `{name}` | {each['type']} | {default} | {each['description']} |")
        yield "\n".join(rows) + "\n"


def _family(family: Family, title: str) -> str:
    rules = [each for each in POLICIES if each.meta.family == family]
    parts = [_NOTE, "", f"# {title} policies", ""]
    for rule in rules:
        parts += list(_policy(rule))
    return "\n".join(parts)


def _index() -> str:
    parts = [
        _NOTE,
        "",
        "# Policies",
        "",
        f"{len(POLICIES)} guardrails that know the platforms' limits. They run in-process (`edgewright check`, and at the"
        " end of `edgewright up`), and in Pulumi's engine:",
        "",
        "```sh\npulumi preview --policy-pack policies\n```",
        "",
        "In a project of your own, `edgewright policies --write-pack policies` writes that folder, with the version that is"
        " installed; names, ids or families before it choose some of them. The pack runs in the virtual environment that the"
        " project's `Pulumi.yaml` names, and without one with the Python on `PATH`: edgewright must be in there. Its"
        " `requirements.txt`, for an environment of the pack's own, names edgewright by where it is installed from (a wheel or a"
        " repository with its digest, or a checkout), and never by a name and a version, which pip would look up on an index.",
        "",
        "Where Pulumi prints `Loading policy packs` and nothing more, the virtual environment that `PulumiPolicy.yaml` names is"
        " not there: Pulumi 3.272 waits for such a pack for ever. `make` sets up this repository's, `pulumi install` a project's.",
        "",
        "Levels and configuration are in the stack's settings, and hold for both; what `pulumi policy` or"
        " `--policy-pack-config` says of the pack wins over them in the engine:",
        "",
        "```yaml\nconfig:\n  edgewright:policies:\n    cpu-budget: { maxMs: 20 }\n    jitter-missing: mandatory\n"
        "    owner-tag-missing: disabled\n```",
        "",
        "A pack of your own, in a `__main__.py` beside a `PulumiPolicy.yaml`; `serve` takes policies that you wrote, too:",
        "",
        "```python\nfrom edgewright_policies import choose, run\n\n"
        'run("acme", choose("caching", "security", "kv-value-size"))\n```',
        "",
        "An exception is an entry in `edgewright.ignore.yaml`, with a reason and a day on which it ends:",
        "",
        "```yaml\nignore:\n  - policy: kv-large-value\n    resource: catalogue-*\n    stack: prod\n"
        "    reason: The catalogue moves to R2 in January.\n    expires: 2027-01-31\n```",
        "",
    ]
    for family, title in FAMILIES.items():
        parts += [
            f"## [{title}]({family}.md)",
            "",
            "| policy | level | severity | asks for |",
            "| --- | --- | --- | --- |",
        ]
        parts += [
            f"| [{each.name}]({family}.md#{each.name}) {each.meta.id} | {each.meta.level} | {each.meta.severity} | {each.meta.title} |"
            for each in POLICIES
            if each.meta.family == family
        ]
        parts.append("")
    return "\n".join(parts)


def pages() -> dict[str, str]:
    """Return every page, by its file's name."""
    found = {"index.md": _index()}
    for family, title in FAMILIES.items():
        found[f"{family}.md"] = _family(family, title)
    return {name: text.rstrip("\n") + "\n" for name, text in found.items()}


def main() -> int:
    """Write the pages, or with --check say which are old. Exit 1 where one is."""
    return write_or_check(DOCS, pages(), "tools.policy_docs", __doc__)


if __name__ == "__main__":
    sys.exit(main())
