"""All policies, and their configuration from a stack's settings."""

import dataclasses
import difflib
import json
import math
from collections.abc import Mapping
from typing import Any

from edgewright.contract.limits import LimitError, check_overrides, check_plans
from pulumi_policy import EnforcementLevel
from pydantic import ValidationError

from edgewright_policies import aws, caching, compute, cost, isolation, operations, routing, security, storage
from edgewright_policies.rule import FAMILIES, LevelName, PolicyConfig, Rule, Settings, config_fault

PACK_NAME = "edgewright"
POLICIES_KEY = "edgewright:policies"
LIMITS_KEY = "edgewright:limits"
TRAFFIC_KEY = "edgewright:traffic"

POLICIES: tuple[Rule, ...] = (
    *caching.RULES,
    *storage.RULES,
    *compute.RULES,
    *routing.RULES,
    *security.RULES,
    *isolation.RULES,
    *aws.RULES,
    *operations.RULES,
    *cost.RULES,
)
"""Every policy, by id."""

BY_NAME: Mapping[str, Rule] = {rule.name: rule for rule in POLICIES}
BY_ID: Mapping[str, Rule] = {rule.meta.id: rule for rule in POLICIES}
LEVELS: tuple[LevelName, ...] = ("advisory", "mandatory", "disabled")


def nearest(name: str, *others: str) -> str | None:
    """Return the policy's name or id, or the one of the others, that was probably meant by a name that is none."""
    if name.upper() in BY_ID:
        return name.upper()
    known = {each.lower(): each for each in (*BY_NAME, *others)}
    near = difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.6)
    return known[near[0]] if near else None


def hint(name: str, *others: str) -> str:
    """Return what to do about a name that is no policy's and no id: the nearest one, also of the others, or where they are
    listed."""
    near = nearest(name, *others)
    return f"did you mean {near}?" if near else "`edgewright policies` lists them"


def choose(*names: str) -> tuple[Rule, ...]:
    """Return the policies of these names, ids or families, in the pack's order.

    Raises:
        ValueError: one of them is neither.
    """
    known = {part for rule in POLICIES for part in (rule.name, rule.meta.id, rule.meta.family)}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ValueError("; ".join(f"{name!r}: no such policy; {hint(name, *FAMILIES)}" for name in unknown))
    wanted = set(names)
    return tuple(rule for rule in POLICIES if wanted & {rule.name, rule.meta.id, rule.meta.family})


Fault = tuple[tuple[str, ...], str]
"""The keys that lead to what is wrong, and the message."""


class ConfigurationFaults(ValueError):
    """The policies' settings are wrong. Each fault says where, what is wrong and what is allowed."""

    def __init__(self, faults: "list[Fault]") -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(f"{'.'.join(path)}: {message}" for path, message in faults))


@dataclasses.dataclass(frozen=True)
class Configured:
    """One policy as the settings want it."""

    rule: Rule
    level: LevelName
    config: PolicyConfig
    raw: Mapping[str, Any]


def _level(path: tuple[str, ...], value: object, faults: list[Fault]) -> LevelName | None:
    if isinstance(value, str) and value in LEVELS:
        return value
    faults.append((path, f"enforcement level {value!r}; allowed: {', '.join(LEVELS)}"))
    return None


def configure(settings: Mapping[str, object] | None) -> tuple[Configured, ...]:
    """Return every policy with its level and configuration.

    Args:
        settings: policy name or id to an enforcement level, or to a mapping of `enforcementLevel` and the policy's own
            configuration, as in a Pulumi policy configuration file. `all` is every policy that is not named.

    Raises:
        ConfigurationFaults: unknown policies, levels or properties; all faults at once.
    """
    faults: list[Fault] = []
    levels: dict[str, LevelName] = {}
    configs: dict[str, dict[str, Any]] = {}
    paths: dict[str, tuple[str, ...]] = {}
    every: LevelName | None = None
    for name, value in (settings or {}).items():
        path = (POLICIES_KEY, str(name))
        nested = isinstance(value, Mapping)
        raw = dict(value) if isinstance(value, Mapping) else {"enforcementLevel": value}
        level_path = (*path, "enforcementLevel") if nested else path
        if name == "all":
            every = _level(level_path, raw.pop("enforcementLevel", None), faults)
            if raw:
                faults.append((path, f"{', '.join(map(str, raw))}: only a level can be set for all policies"))
            continue
        rule = BY_NAME.get(name) or BY_ID.get(name)
        if rule is None:
            faults.append((path, f"unknown policy; {hint(str(name))}"))
            continue
        if rule.name in configs:
            faults.append((path, f"is the policy {rule.name} again; keep one"))
            continue
        if "enforcementLevel" in raw:
            level = _level(level_path, raw.pop("enforcementLevel"), faults)
            if level is not None:
                levels[rule.name] = level
        configs[rule.name] = raw
        paths[rule.name] = path
    found = []
    for rule in POLICIES:
        raw = configs.get(rule.name, {})
        try:
            config = rule.configuration(raw)
        except ValidationError as error:
            properties = ", ".join(rule.meta.config.model_json_schema(by_alias=True).get("properties", {}))
            allowed = f"enforcementLevel, {properties}" if properties else "enforcementLevel"
            for each in error.errors(include_url=False):
                at = (*paths[rule.name], *map(str, each["loc"][:1]))
                if each["type"] == "extra_forbidden":
                    faults.append((at, f"unknown property; allowed: {allowed}"))
                elif not any(where == at for where, _ in faults):
                    faults.append((at, config_fault(rule.meta.config, each)))
            continue
        found.append(Configured(rule, levels.get(rule.name, every or rule.meta.level), config, raw))
    if faults:
        raise ConfigurationFaults(faults)
    return tuple(found)


def engine_configuration(settings: Mapping[str, object] | None) -> dict[str, EnforcementLevel | dict[str, Any]]:
    """Return the settings as a PolicyPack's `initial_config`.

    Raises:
        ConfigurationFaults: as :func:`configure`.
    """
    return {
        each.rule.name: {"enforcementLevel": EnforcementLevel(each.level), **each.raw}
        for each in configure(settings)
        if each.raw or each.level != each.rule.meta.level
    }


def make_settings(
    limits: Mapping[str, object] | None, production: bool | None, traffic: Mapping[str, object] | None = None
) -> Settings:
    """Return what policies know of the account, validated.

    Args:
        limits: `plans` (platform to plan) and `overrides` (limit id to value), as in a stack's `edgewright:limits`.
        production: whether the stack is production; None judges by its name.
        traffic: `rate`, the requests a second that a stack's `edgewright:traffic` declares.

    Raises:
        ConfigurationFaults: an unknown plan or limit, or a value that is not a positive number.
    """
    given = dict(limits or {})
    plans, overrides = given.pop("plans", None) or {}, given.pop("overrides", None) or {}
    faults: list[Fault] = [((LIMITS_KEY, str(each)), "unknown key; allowed: plans, overrides") for each in given]
    for name, part, check in (("plans", plans, check_plans), ("overrides", overrides, check_overrides)):
        if not isinstance(part, Mapping):
            faults.append(((LIMITS_KEY, name), f"{part!r} is not a mapping"))
            continue
        for key, value in part.items():
            try:
                check({str(key): value})
            except LimitError as error:
                faults.append(((LIMITS_KEY, name, str(key)), error.faults[str(key)]))
    rate = (traffic or {}).get("rate")
    if rate is not None and (isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 < rate < math.inf):
        faults.append(((TRAFFIC_KEY, "rate"), f"{rate!r} is not allowed; give requests a second, above 0"))
    if faults:
        raise ConfigurationFaults(faults)
    return Settings(
        plans=check_plans(plans) if isinstance(plans, Mapping) else {},
        overrides=check_overrides(overrides) if isinstance(overrides, Mapping) else {},
        production=production,
        requests_per_second=rate if isinstance(rate, int | float) else None,
    )


def settings_faults(
    policies: Mapping[str, object] | None,
    limits: Mapping[str, object] | None,
    traffic: Mapping[str, object] | None = None,
) -> tuple[Fault, ...]:
    """Return every fault of the settings of policies, limits and traffic, those of all three."""
    found: list[Fault] = []
    for check in (lambda: configure(policies), lambda: make_settings(limits, None, traffic)):
        try:
            check()
        except ConfigurationFaults as error:
            found += error.faults
    return tuple(found)


def settings_from_environment(environment: Mapping[str, str]) -> tuple[Settings, Mapping[str, Any]]:
    """Return the account's facts and the policies' settings from what the engine tells a pack: its `PULUMI_CONFIG`.

    Raises:
        ConfigurationFaults: the stack's settings are wrong.
    """

    faults: list[Fault] = []

    def read(name: str) -> Any:
        text = config.get(f"edgewright:{name}")
        if not isinstance(text, str):
            return text
        try:
            return json.loads(text)
        except ValueError:
            wanted = "must be true or false" if name == "production" else "must be a mapping"
            faults.append(((f"edgewright:{name}",), f"{wanted}, got {text!r}"))
            return None

    try:
        config = json.loads(environment.get("PULUMI_CONFIG") or "{}")
    except ValueError:
        config = {}
    production = read("production")
    if production is not None and not isinstance(production, bool):
        faults.append((("edgewright:production",), f"must be true or false, got {production!r}"))
    given = {name: read(name) for name in ("policies", "limits", "traffic")}
    for name, value in given.items():
        if value is not None and not isinstance(value, dict):
            faults.append(((f"edgewright:{name}",), f"must be a mapping, got {value!r}"))
            given[name] = None
    faults += settings_faults(given["policies"], given["limits"], given["traffic"])
    if faults:
        raise ConfigurationFaults(faults)
    return make_settings(given["limits"], production, given["traffic"]), given["policies"] or {}
