"""The reference system on AWS with the real engine: previewed, brought up, and unchanged by a second run."""

import re
from typing import Any

import pytest
from edgewright.engine.cloud import RecordingCloud
from edgewright.engine.runner import run_program

from tests.engine.conftest import Engine

pytestmark = [pytest.mark.engine, pytest.mark.timeout(900)]

STACK = "aws-prod"
DISTRIBUTION = "aws:cloudfront/distribution:Distribution"


@pytest.fixture(scope="module")
def up(engine: Engine) -> Engine:
    fresh = engine.with_state("aws")
    assert fresh("stack", "init", STACK).code == 0
    done = fresh("up", "--stack", STACK, "--yes", "--skip-preview")
    assert done.code == 0, done.text
    return fresh


def of_type(engine: Engine, type_: str) -> list[dict[str, Any]]:
    return [entry for entry in engine.export(STACK) if entry["type"] == type_]


def test_a_preview_plans_every_resource(engine: Engine) -> None:
    fresh = engine.with_state("aws-preview")
    assert fresh("stack", "init", STACK).code == 0
    answer = fresh("preview", "--stack", STACK, json_output=True)
    assert answer.code == 0, fresh("preview", "--stack", STACK).text
    declared = len(tuple(run_program(engine.project, STACK, preview=True, cloud=RecordingCloud())))
    assert answer.steps == {"create": declared + 1}, "every resource that the program declares, and the stack"


def test_a_second_run_changes_nothing(up: Engine) -> None:
    answer = up("preview", "--stack", STACK, "--expect-no-changes", json_output=True)
    assert answer.code == 0, up("preview", "--stack", STACK, "--diff").text
    assert set(answer.steps) == {"same"}


def test_one_provider_serves_all_of_it(up: Engine) -> None:
    """Pain 2: certificate, function, WAF and logs are in us-east-1 without a provider of their own."""
    providers = of_type(up, "pulumi:providers:aws")
    assert len(providers) == 1
    regional = [entry for entry in up.export(STACK) if "region" in entry.get("inputs", {}) and entry not in providers]
    assert regional
    assert {entry["inputs"]["region"] for entry in regional} == {"us-east-1"}


def test_pain_2_another_region_of_the_stacks_provider_moves_nothing(up: Engine) -> None:
    settings = up.project / "stacks" / f"Pulumi.{STACK}.yaml"
    kept = settings.read_text()
    changed = kept.replace("aws:region: us-east-1", "aws:region: eu-central-1")
    assert changed != kept
    fresh = up.with_state("aws-elsewhere")
    assert fresh("stack", "init", STACK).code == 0
    settings.write_text(changed)
    try:
        done = fresh("up", "--stack", STACK, "--yes", "--skip-preview")
        assert done.code == 0, done.text
    finally:
        settings.write_text(kept)
    (provider,) = of_type(fresh, "pulumi:providers:aws")
    assert provider["inputs"]["region"] == "eu-central-1"
    for type_ in (
        "aws:lambda/function:Function",
        "aws:acm/certificate:Certificate",
        "aws:cloudwatch/logGroup:LogGroup",
    ):
        (found,) = of_type(fresh, type_)
        assert found["inputs"]["region"] == "us-east-1", type_


def test_a_rollout_is_staged_and_ends_without_a_trace(up: Engine) -> None:
    """Pain 9, and 11: what a distribution uses is made before it and goes after it."""
    settings = up.project / "stacks" / f"Pulumi.{STACK}.yaml"
    kept = settings.read_text()
    try:
        # The engine has written the file anew: what it indents is its own choice.
        added = r"\g<0>\n\g<1>products-api:rollout: { percentage: 5, previous_version_id: '1' }"
        changed, count = re.subn(r"(?m)^( +)products-api:protect:.*$", added, kept)
        assert count == 1, kept
        settings.write_text(changed)
        staged = up("up", "--stack", STACK, "--yes", "--skip-preview")
        assert staged.code == 0, staged.text
        primary, staging = sorted(of_type(up, DISTRIBUTION), key=lambda entry: bool(entry["inputs"].get("staging")))
        (policy,) = of_type(up, "aws:cloudfront/continuousDeploymentPolicy:ContinuousDeploymentPolicy")
        assert primary["inputs"]["continuousDeploymentPolicyId"] == policy["id"]
        assert policy["inputs"]["stagingDistributionDnsNames"]["items"] == [staging["outputs"]["domainName"]]
        # The primary is changed, not replaced; what it needs comes before it.
        order = [entry["urn"] for entry in up.export(STACK)]
        assert order.index(staging["urn"]) < order.index(policy["urn"]) < order.index(primary["urn"])
        # It is promoted before it is left out: CloudFront takes HTTP/3 back only without a policy.
        promoted = changed.replace("{ percentage: 5, previous_version_id: '1' }", "{ percentage: 100 }")
        assert promoted != changed
        settings.write_text(promoted)
        done = up("up", "--stack", STACK, "--yes", "--skip-preview")
        assert done.code == 0, done.text
    finally:
        settings.write_text(kept)
    ended = up("up", "--stack", STACK, "--yes", "--skip-preview")
    assert ended.code == 0, ended.text
    assert len(of_type(up, DISTRIBUTION)) == 1
    again = up("preview", "--stack", STACK, "--expect-no-changes", json_output=True)
    assert again.code == 0, up("preview", "--stack", STACK, "--diff").text


def test_the_policy_pack_passes_the_stack_as_it_is(up: Engine) -> None:
    done = up("preview", "--stack", STACK, "--policy-pack", "policies")
    assert done.code == 0, done.text


def test_a_wrong_argument_ends_the_preview_before_anything_is_made(up: Engine) -> None:
    compose = up.project / "stacks" / "compose.py"
    kept = compose.read_text()
    changed = kept.replace(
        '"latency_sensitive": True,', '"latency_sensitive": True,\n        "price_class": "PriceClass_9",'
    )
    assert changed != kept
    compose.write_text(changed)
    try:
        done = up("preview", "--stack", STACK)
    finally:
        compose.write_text(kept)
    assert done.code != 0
    assert "price_class: 'PriceClass_9'" in done.text
    assert "Traceback" not in done.text


def test_the_functions_are_kept_when_the_stack_goes(up: Engine) -> None:
    """Pain 1: a destroy does not wait for replicas, and `edgewright reap` removes what is left."""
    for entry in of_type(up, "aws:lambda/function:Function"):
        assert entry["inputs"]["skipDestroy"] is True
