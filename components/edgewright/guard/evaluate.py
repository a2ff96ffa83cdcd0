"""Runs the policies over what a program declared, as the engine would, without an engine."""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from edgewright.contract.limits import stale_warnings
from edgewright.contract.limits.prices import stale_price_warnings
from edgewright.engine.resources import STACK_TYPE, Capture, Inputs, Resource
from edgewright.guard.findings import Evaluation, Finding, LevelName, Location, order

if TYPE_CHECKING:
    from edgewright_policies import Rule, StackView, Violation
    from edgewright_policies.pack import Configured
    from edgewright_policies.rule import Settings

_SECRET = "[secret]"


def evaluate(
    capture: Capture,
    policies: Mapping[str, object] | None = None,
    *,
    limits: Mapping[str, object] | None = None,
    production: bool | None = None,
    traffic: Mapping[str, object] | None = None,
) -> Evaluation:
    """Return the findings of every policy that is not disabled.

    Args:
        capture: what the program declared. Values that only an update would know are skipped and counted.
        policies: policy name to a level or a configuration, as in a stack's `edgewright:policies`.
        limits: `plans` and `overrides`, as in a stack's `edgewright:limits`.
        production: whether the stack is production; None judges by its name.
        traffic: what a stack's `edgewright:traffic` says of it; of it, `rate` is read.

    Raises:
        edgewright_policies.ConfigurationFaults: the settings of policies or limits are wrong.
    """
    from edgewright_policies import ConfigurationFaults
    from edgewright_policies.archives import files_relative_to
    from edgewright_policies.pack import make_settings, settings_faults

    faults = settings_faults(policies, limits, traffic)
    if faults:
        raise ConfigurationFaults(list(faults))
    with files_relative_to(capture.program_dir or capture.project_dir):
        return _evaluate(capture, policies, make_settings(limits, production, traffic))


def _judged(capture: Capture) -> list[Resource]:
    return [each for each in capture if each.type != STACK_TYPE and not each.read]


def stack_view(capture: Capture) -> "StackView":
    """Return a stack as policies on stacks see it: its resources' outputs, as the engine gives them."""
    from edgewright_policies import Node, StackView
    from edgewright_policies.reading import View

    by_urn = {each.urn: each for each in capture}
    return StackView(
        Node(
            urn=each.urn,
            type=each.type,
            name=each.name,
            props=View(_properties(each)),
            protect=each.options.protect,
            dependencies=each.dependencies,
            provider=View(_provider(each, by_urn, capture.regions)),
        )
        for each in _judged(capture)
    )


def _properties(resource: Resource) -> Inputs:
    if not resource.custom:
        return resource.outputs
    outputs = resource.outputs
    if resource.package == "aws" and "region" not in resource.inputs:
        # Whoever stands for AWS here makes it up. It is the provider's.
        outputs = {key: value for key, value in outputs.items() if key != "region"}
    return {**resource.inputs, **outputs}


def _provider(resource: Resource, by_urn: Mapping[str, Resource], regions: Mapping[str, str]) -> Inputs:
    """Return the settings of the provider that would make a resource, as far as the program and its settings say them."""
    if resource.options.provider:
        found = by_urn.get(resource.options.provider.rpartition("::")[0])
        return found.inputs if found else {}
    region = regions.get(resource.package)
    return {"region": region} if region else {}


def _evaluate(
    capture: Capture,
    policies: Mapping[str, object] | None,
    settings: "Settings",
) -> Evaluation:
    from edgewright_policies import Context, ResourceRule, StackRule, configure
    from edgewright_policies.pack import Configured

    configured = [each for each in configure(policies) if each.level != "disabled"]
    findings: list[Finding] = []
    skipped: dict[str, int] = {}
    resources = _judged(capture)
    by_urn = {each.urn: each for each in resources}

    def add(rule: "Rule", level: str, violations: "tuple[Violation, ...]", resource: Resource | None) -> None:
        for violation in violations:
            about = by_urn.get(violation.urn) if violation.urn else resource
            findings.append(_finding(rule, level, violation, about, capture.project_dir))

    def count(rule: "Rule", times: int) -> None:
        if times:
            skipped[rule.name] = skipped.get(rule.name, 0) + times

    by_type: dict[str, list[Configured]] = {}
    for chosen in configured:
        if isinstance(chosen.rule, ResourceRule):
            for token in chosen.rule.meta.types:
                by_type.setdefault(token, []).append(chosen)
    for resource in resources:
        for chosen in by_type.get(resource.type, ()):
            rule = chosen.rule
            assert isinstance(rule, ResourceRule)
            outcome = rule.judge(
                resource.inputs,
                Context(
                    config=chosen.config,
                    settings=settings,
                    stack=capture.stack,
                    urn=resource.urn,
                    type=resource.type,
                    name=resource.name,
                    protect=resource.options.protect,
                    delete_before_replace=resource.options.delete_before_replace,
                ),
            )
            add(rule, chosen.level, outcome.violations, resource)
            count(rule, outcome.skipped)
    stack_rules = [
        (chosen.rule, chosen.level, chosen.config) for chosen in configured if isinstance(chosen.rule, StackRule)
    ]
    if stack_rules:
        stack = stack_view(capture)
        for stack_rule, level, config in stack_rules:
            outcome = stack_rule.judge(stack, Context(config=config, settings=settings, stack=capture.stack))
            add(stack_rule, level, outcome.violations, None)
            count(stack_rule, outcome.skipped)
    return Evaluation(
        project=capture.project,
        stack=capture.stack,
        findings=tuple(sorted(_told_apart(findings), key=order)),
        policies=len(configured),
        resources=len(resources),
        skipped=dict(sorted(skipped.items())),
        warnings=(*stale_warnings(), *(stale_price_warnings() if _judges_cost(configured) else ())),
    )


def _told_apart(findings: Iterable[Finding]) -> Iterator[Finding]:
    """Yield the findings, numbered where a policy says the same of one resource more than once.

    The first keeps its fingerprint, so that a baseline with it does not stand for the next.
    """
    seen: dict[str, int] = {}
    for each in findings:
        times = seen[each.fingerprint] = seen.get(each.fingerprint, 0) + 1
        yield each if times == 1 else dataclasses.replace(each, about=f"{each.about}\0{times}")


def _judges_cost(configured: "list[Configured]") -> bool:
    return any(each.rule.meta.family == "cost" and each.raw for each in configured)


def _finding(rule: "Rule", level: str, violation: "Violation", resource: Resource | None, project_dir: Path) -> Finding:
    hide = _hider(resource)
    assert level in ("advisory", "mandatory")
    named: LevelName = "mandatory" if level == "mandatory" else "advisory"
    return Finding(
        policy=rule.name,
        id=rule.meta.id,
        family=rule.meta.family,
        severity=rule.meta.severity,
        level=named,
        title=rule.meta.title,
        what=hide(violation.what),
        value=hide(violation.value),
        allowed=violation.allowed,
        remediation=hide(violation.fix or rule.meta.fix),
        url=rule.meta.source,
        urn=resource.urn if resource else violation.urn,
        resource_type=resource.type if resource else None,
        resource=resource.name if resource else None,
        source=_location(resource, project_dir),
        about=violation.about or "",
    )


def _location(resource: Resource | None, project_dir: Path) -> Location | None:
    if resource is None or resource.source is None:
        return None
    file = resource.source.file
    try:
        shown = file.relative_to(project_dir)
    except ValueError:
        shown = file
    return Location(shown.as_posix(), resource.source.line)


class _Hider:
    def __init__(self, secrets: tuple[str, ...]) -> None:
        self._secrets = secrets

    def __call__(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, _SECRET)
        return text


def _hider(resource: Resource | None) -> _Hider:
    """Return what takes a resource's secrets out of a message."""
    if resource is None or not resource.secret_paths:
        return _Hider(())
    found = {
        text
        for path, text in _texts(resource.inputs, "")
        if len(text) > 3 and any(_inside(path, secret) for secret in resource.secret_paths)
    }
    # Messages show long texts shortened and control characters replaced: those forms are hidden too.
    from edgewright_policies.reading import show

    found |= {show(text) for text in found}
    return _Hider(tuple(sorted(found, key=len, reverse=True)))


def _inside(path: str, secret: str) -> bool:
    return path == secret or path.startswith((f"{secret}.", f"{secret}["))


def _texts(value: object, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for key, each in value.items():
            yield from _texts(each, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list | tuple):
        for index, each in enumerate(value):
            yield from _texts(each, f"{path}[{index}]")
