"""Enforcement levels and configuration from a stack's settings, and what a wrong one says."""

import json
from pathlib import Path
from typing import Any

import pytest
from edgewright.cli.check import evaluate_stack
from edgewright.guard import evaluate
from edgewright_policies import (
    POLICIES,
    ConfigurationFaults,
    ResourceRule,
    Rule,
    configure,
    engine_configuration,
    settings_from_environment,
)
from edgewright_policies.rule import config_schema
from pulumi_policy import EnforcementLevel

from tests.policies.corpus import capture
from tests.projects import make_project

NO_CACHE = {"api": {"type": "edgewright:index:EdgeApi", "inputs": {"endpoints": [{"path": "/a", "handler": "a.ts"}]}}}


def test_a_level_changes_and_disabled_judges_nothing() -> None:
    assert [each.level for each in evaluate(capture(NO_CACHE)).findings] == ["mandatory"]
    found = evaluate(capture(NO_CACHE), {"cache-headers-missing": "advisory"})
    assert [each.level for each in found.findings] == ["advisory"]
    disabled = evaluate(capture(NO_CACHE), {"cache-headers-missing": {"enforcementLevel": "disabled"}})
    assert disabled.findings == ()
    assert disabled.policies == len(POLICIES) - 1


def test_all_is_every_policy_that_is_not_named() -> None:
    chosen = {each.rule.name: each.level for each in configure({"all": "disabled", "kv-value-size": "advisory"})}
    assert chosen.pop("kv-value-size") == "advisory"
    assert set(chosen.values()) == {"disabled"}


@pytest.mark.parametrize(
    ("settings", "path", "message"),
    [
        (
            {"cache-header-missing": "advisory"},
            "cache-header-missing",
            "unknown policy; did you mean cache-headers-missing?",
        ),
        (
            {"kv-value-size": "warn"},
            "kv-value-size",
            "enforcement level 'warn'; allowed: advisory, mandatory, disabled",
        ),
        (
            {"cpu-budget": {"enforcementLevel": 3}},
            "cpu-budget.enforcementLevel",
            "enforcement level 3; allowed: advisory, mandatory, disabled",
        ),
        (
            {"cpu-budget": {"maxMs": "fast"}},
            "cpu-budget.maxMs",
            "must be a whole number from 1 to 300000, got 'fast'",
        ),
        (
            {"cpu-budget": {"maxMs": 0}},
            "cpu-budget.maxMs",
            "must be a whole number from 1 to 300000, got 0",
        ),
        ({"heavy-imports": {"packages": "sharp"}}, "heavy-imports.packages", "must be a list, got 'sharp'"),
        ({"monthly-cost-over-budget": {"prices": 1}}, "monthly-cost-over-budget.prices", "must be a mapping, got 1"),
        (
            {"cache-key-unbounded": {"allowWholeQuery": 7}},
            "cache-key-unbounded.allowWholeQuery",
            "must be true or false, got 7",
        ),
        ({"EW301": {"maxMs": 0}}, "EW301.maxMs", "must be a whole number from 1 to 300000, got 0"),
        ({"EW301": "advisory", "cpu-budget": "advisory"}, "cpu-budget", "is the policy cpu-budget again; keep one"),
        ({"cpu-budget": {"max": 5}}, "cpu-budget.max", "unknown property; allowed: enforcementLevel, maxMs"),
        ({"kv-value-size": {"max": 5}}, "kv-value-size.max", "unknown property; allowed: enforcementLevel"),
        (
            {"all": {"enforcementLevel": "advisory", "maxMs": 5}},
            "all",
            "maxMs: only a level can be set for all policies",
        ),
    ],
)
def test_a_wrong_configuration_says_where_and_what_is_allowed(
    settings: dict[str, Any], path: str, message: str
) -> None:
    with pytest.raises(ConfigurationFaults) as error:
        configure(settings)
    (at, text), *rest = error.value.faults
    assert not rest
    assert ".".join(at) == f"edgewright:policies.{path}"
    assert text.startswith(message)


WRONG: dict[str, object] = {"integer": "many", "number": "many", "array": 5, "object": 5, "boolean": "maybe"}


@pytest.mark.parametrize("rule", POLICIES, ids=lambda each: each.name)
def test_every_policy_refuses_what_is_no_configuration_of_it(rule: Rule) -> None:
    properties = config_schema(rule.meta.config)
    cases: dict[str, object] = {"nope": 1, **{name: WRONG[each["type"]] for name, each in properties.items()}}
    for name, value in cases.items():
        with pytest.raises(ConfigurationFaults) as error:
            configure({rule.name: {name: value}})
        (at, message), *rest = error.value.faults
        assert not rest
        assert at == ("edgewright:policies", rule.name, name)
        allowed = ", ".join(["enforcementLevel", *properties])
        assert message == f"unknown property; allowed: {allowed}" if name == "nope" else repr(value) in message


def test_a_price_that_is_none_is_refused() -> None:
    with pytest.raises(ConfigurationFaults, match=r"did you mean cloudflare\.kv\.reads"):
        configure({"monthly-cost-over-budget": {"prices": {"cloudflare.kv.read": 1}}})
    with pytest.raises(ConfigurationFaults, match="give US dollars, 0 or more"):
        configure({"monthly-cost-over-budget": {"prices": {"cloudflare.kv.reads": -1}}})


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(ConfigurationFaults) as error:
        configure({"nope": "advisory", "kv-value-size": "warn", "cpu-budget": {"maxMs": -1}})
    assert len(error.value.faults) == 3


def test_every_configuration_has_a_schema_with_defaults_and_descriptions() -> None:
    for rule in POLICIES:
        schema = rule.config_schema
        if schema is None:
            continue
        for name, each in schema.properties.items():
            assert "type" in each, (rule.name, name)
            field = next(one for one in rule.meta.config.model_fields.values() if one.alias == name)
            optional = field.default is None or field.default_factory is not None
            assert ("default" in each) != optional, (rule.name, name)
            assert each["description"].endswith("."), (rule.name, name)


def test_the_engines_configuration_is_what_differs() -> None:
    assert engine_configuration({}) == {}
    assert engine_configuration({"kv-value-size": "advisory", "cpu-budget": {"maxMs": 20}}) == {
        "kv-value-size": {"enforcementLevel": EnforcementLevel.ADVISORY},
        "cpu-budget": {"enforcementLevel": EnforcementLevel.MANDATORY, "maxMs": 20},
    }


def _environment(**config: object) -> dict[str, str]:
    texts = {f"edgewright:{name}": each if isinstance(each, str) else json.dumps(each) for name, each in config.items()}
    return {"PULUMI_CONFIG": json.dumps(texts)}


def test_the_pack_reads_the_stacks_settings_from_the_engine() -> None:
    settings, policies = settings_from_environment(
        _environment(policies={"all": "advisory"}, limits={"plans": {"cloudflare": "free"}}, production="true")
    )
    assert policies == {"all": "advisory"}
    assert settings.limit("cloudflare.workers.cpu_ms").value == 10
    assert settings.is_production("dev")
    settings, policies = settings_from_environment({})
    assert policies == {}
    assert settings.is_production("acme-prod")
    assert not settings.is_production("reproduce")


def test_the_traffic_that_a_stack_declares_is_what_writes_a_request_are_of(tmp_path: Path) -> None:
    program = "import pulumi_cloudflare as c\nc.WorkersKvNamespace('visits', account_id='a' * 32, title='visits')"
    said = "  edgewright:policies: {kv-write-rate: {writesPerRequest: {visits: 0.5}}}\n"

    def found(traffic: str) -> tuple[list[str], int]:
        project = make_project(tmp_path, program, f"config:\n{said}{traffic}")
        _, evaluation = evaluate_stack(project, "local")
        messages = [each.value for each in evaluation.findings if each.policy == "kv-write-rate"]
        return messages, evaluation.skipped.get("kv-write-rate", 0)

    assert found("  edgewright:traffic: {rate: 30}\n") == (["15"], 0)
    assert found("  edgewright:traffic: {rate: 2}\n") == ([], 0)
    # The rate that `verify` takes by default is no statement about the stack.
    assert found("") == ([], 1)
    settings, _ = settings_from_environment(_environment(traffic={"rate": 30, "requests": 10}))
    assert settings.requests_per_second == 30
    assert settings_from_environment({})[0].requests_per_second is None


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"traffic": {"rate": -1}}, "edgewright:traffic.rate: -1 is not allowed"),
        ({"policies": "[1"}, "edgewright:policies: must be a mapping, got '[1'"),
        ({"policies": [1]}, "edgewright:policies: must be a mapping, got [1]"),
        ({"production": "maybe"}, "edgewright:production: must be true or false, got 'maybe'"),
        ({"limits": {"plan": {}}}, "edgewright:limits.plan: unknown key; allowed: plans, overrides"),
        ({"limits": {"plans": {"cloudflare": "gold"}}}, "edgewright:limits.plans.cloudflare: 'gold' is not a plan of Cloudflare"),
        ({"limits": {"overrides": {"cloudflare.kv.value": 1}}}, "edgewright:limits.overrides.cloudflare.kv.value: unknown limit; did you mean"),
        ({"limits": {"overrides": {"cloudflare.kv.value_bytes": "big"}}}, "edgewright:limits.overrides.cloudflare.kv.value_bytes: 'big' is not allowed"),
    ],
)  # fmt: skip
def test_wrong_settings_stop_the_pack(config: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigurationFaults) as error:
        settings_from_environment(_environment(**config))
    assert str(error.value).startswith(message)


def test_an_id_is_as_good_as_a_name() -> None:
    settings = {"EW301": {"enforcementLevel": "advisory", "maxMs": 7}, "EW513": "disabled"}
    by_id = {each.rule.name: (each.level, each.config) for each in configure(settings)}
    named = {"cpu-budget": settings["EW301"], "function-url-open": "disabled"}
    assert by_id == {each.rule.name: (each.level, each.config) for each in configure(named)}
    assert by_id["function-url-open"][0] == "disabled"
    assert engine_configuration(settings) == engine_configuration(named)


def test_the_pack_tells_all_faults_of_the_settings_at_once() -> None:
    with pytest.raises(ConfigurationFaults) as error:
        settings_from_environment(
            _environment(
                policies={"kv-sise": "advisory", "hsts-missing": "loud"},
                limits={"plans": {"cloudflare": "gold"}, "overrides": {"cloudflare.kv.value": 1}},
                production="maybe",
                traffic=[1],
            )
        )
    assert [".".join(path) for path, _ in error.value.faults] == [
        "edgewright:production", "edgewright:traffic", "edgewright:policies.kv-sise", "edgewright:policies.hsts-missing",
        "edgewright:limits.plans.cloudflare", "edgewright:limits.overrides.cloudflare.kv.value",
    ]  # fmt: skip


def test_a_wrong_configuration_that_reaches_a_policy_is_a_finding_and_no_crash() -> None:
    from pulumi_policy import PolicyCustomTimeouts, PolicyResourceOptions, ResourceValidationArgs

    rule = next(each for each in POLICIES if each.name == "cpu-budget")
    args = ResourceValidationArgs(
        "cloudflare:index/workerVersion:WorkerVersion", {}, "urn:pulumi:dev::p::t::n", "n",
        PolicyResourceOptions(False, [], None, [], PolicyCustomTimeouts(0, 0, 0), []), None, {"maxMs": "fast"},
    )  # fmt: skip
    said: list[str] = []

    def report(message: str, urn: str | None = None) -> None:
        said.append(message)

    assert isinstance(rule, ResourceRule)
    rule.validate(args, report)
    assert said == [
        "the configuration of cpu-budget is wrong: maxMs: must be a whole number from 1 to 300000, got 'fast'"
    ]


def _bounded() -> list[tuple[str, str, float, float]]:
    """Return each number of each policy that has two bounds, with them."""
    found = []
    for rule in POLICIES:
        for name, schema in config_schema(rule.meta.config).items():
            low = schema.get("minimum", schema.get("exclusiveMinimum"))
            high = schema.get("maximum", schema.get("exclusiveMaximum"))
            if low is not None and high is not None:
                found.append((rule.name, name, low, high))
    return found


@pytest.mark.parametrize(("policy", "name", "low", "high"), _bounded())
def test_a_number_out_of_its_range_is_told_both_bounds(policy: str, name: str, low: float, high: float) -> None:
    for wrong in (low - 1, high + 1):
        with pytest.raises(ConfigurationFaults) as caught:
            configure({policy: {name: wrong}})
        ((path, problem),) = caught.value.faults
        assert path[1:] == (policy, name)
        assert f"{low:.15g}" in problem
        assert f"{high:.15g}" in problem
