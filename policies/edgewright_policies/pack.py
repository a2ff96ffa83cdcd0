"""All policies, and their configuration from a stack's settings."""

import dataclasses
import difflib
import json
from collections.abc import Mapping
from typing import Any

from edgewright.limits import LimitError, check_overrides, check_plans
from pulumi_policy import EnforcementLevel
from pydantic import ValidationError

from edgewright_policies import caching, compute, routing, storage
from edgewright_policies.rule import LevelName, PolicyConfig, Rule, Settings, config_faults

PACK_NAME = "edgewright"

POLICIES: tuple[Rule, ...] = (*caching.RULES, *storage.RULES, *compute.RULES, *routing.RULES)
"""Every policy, by id."""

BY_NAME: Mapping[str, Rule] = {rule.name: rule for rule in POLICIES}
LEVELS: tuple[LevelName, ...] = ("advisory", "mandatory", "disabled")


class ConfigurationFaults(ValueError):
    """The policies' settings are wrong. Each fault says where, what is wrong and what is allowed."""

    def __init__(self, faults: list[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(faults))


@dataclasses.dataclass(frozen=True)
class Configured:
    """One policy as the settings want it."""

    rule: Rule
    level: LevelName
    config: PolicyConfig
    raw: Mapping[str, Any]


def _level(name: str, value: object, faults: list[str]) -> LevelName | None:
    if isinstance(value, str) and value in LEVELS:
        return value
    faults.append(f"{name}: enforcement level {value!r}; allowed: {', '.join(LEVELS)}")
    return None


def configure(settings: Mapping[str, Any] | None) -> tuple[Configured, ...]:
    """Return every policy with its level and configuration.

    Args:
        settings: policy name to an enforcement level, or to a mapping of `enforcementLevel` and the policy's own
            configuration, as in a Pulumi policy configuration file. `all` is every policy that is not named.

    Raises:
        ConfigurationFaults: unknown policies, levels or properties; all faults at once.
    """
    faults: list[str] = []
    levels: dict[str, LevelName] = {}
    configs: dict[str, dict[str, Any]] = {}
    every: LevelName | None = None
    for name, value in (settings or {}).items():
        raw = dict(value) if isinstance(value, Mapping) else {"enforcementLevel": value}
        if name == "all":
            every = _level(name, raw.pop("enforcementLevel", None), faults)
            if raw:
                faults.append(f"all: {', '.join(map(str, raw))}: only a level can be set for all policies")
            continue
        if name not in BY_NAME:
            near = difflib.get_close_matches(str(name), BY_NAME, n=1, cutoff=0.5)
            hint = f"did you mean {near[0]}?" if near else "`edgewright policies` lists them"
            faults.append(f"{name}: unknown policy; {hint}")
            continue
        if "enforcementLevel" in raw:
            level = _level(name, raw.pop("enforcementLevel"), faults)
            if level is not None:
                levels[name] = level
        configs[name] = raw
    found = []
    for rule in POLICIES:
        raw = configs.get(rule.name, {})
        try:
            config = rule.configuration(raw)
        except ValidationError as error:
            properties = ", ".join(rule.meta.config.model_json_schema(by_alias=True).get("properties", {})) or "none"
            faults.append(f"{rule.name}: {config_faults(error)}; allowed properties: enforcementLevel, {properties}")
            continue
        found.append(Configured(rule, levels.get(rule.name, every or rule.meta.level), config, raw))
    if faults:
        raise ConfigurationFaults(faults)
    return tuple(found)


def engine_configuration(settings: Mapping[str, Any] | None) -> dict[str, EnforcementLevel | dict[str, Any]]:
    """Return the settings as a PolicyPack's `initial_config`.

    Raises:
        ConfigurationFaults: as :func:`configure`.
    """
    return {
        each.rule.name: {"enforcementLevel": EnforcementLevel(each.level), **each.raw}
        for each in configure(settings)
        if each.raw or each.level != each.rule.meta.level
    }


def make_settings(limits: Mapping[str, Any] | None, production: bool | None) -> Settings:
    """Return what policies know of the account, validated.

    Args:
        limits: `plans` (platform to plan) and `overrides` (limit id to value), as in a stack's `edgewright:limits`.
        production: whether the stack is production; None judges by its name.

    Raises:
        ConfigurationFaults: an unknown plan or limit, or a value that is not a positive number.
    """
    given = dict(limits or {})
    plans, overrides = given.pop("plans", None) or {}, given.pop("overrides", None) or {}
    faults = [f"limits.{each}: unknown key; allowed: plans, overrides" for each in given]
    for check, part in ((check_plans, plans), (check_overrides, overrides)):
        if not isinstance(part, Mapping):
            faults.append(f"limits: {part!r} is not a mapping")
            continue
        try:
            check(part)
        except LimitError as error:
            faults.append(str(error))
    if faults:
        raise ConfigurationFaults(faults)
    return Settings(plans=dict(plans), overrides=dict(overrides), production=production)


def settings_from_environment(environment: Mapping[str, str]) -> tuple[Settings, Mapping[str, Any]]:
    """Return the account's facts and the policies' settings from what the engine tells a pack: its `PULUMI_CONFIG`.

    Raises:
        ConfigurationFaults: the stack's settings are wrong.
    """

    def read(name: str) -> Any:
        text = config.get(f"edgewright:{name}")
        if not isinstance(text, str):
            return text
        try:
            return json.loads(text)
        except ValueError:
            raise ConfigurationFaults(
                [f"edgewright:{name}: {text!r} is not what it should be, see `edgewright schema`"]
            ) from None

    try:
        config = json.loads(environment.get("PULUMI_CONFIG") or "{}")
    except ValueError:
        config = {}
    production = read("production")
    if production is not None and not isinstance(production, bool):
        raise ConfigurationFaults([f"edgewright:production: {production!r}; allowed: true, false"])
    policies, limits = read("policies"), read("limits")
    for name, value in (("policies", policies), ("limits", limits)):
        if value is not None and not isinstance(value, dict):
            raise ConfigurationFaults([f"edgewright:{name}: {value!r} is not a mapping"])
    return make_settings(limits, production), policies or {}
