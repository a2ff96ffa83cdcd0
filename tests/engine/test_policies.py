"""The pack over the reference system in the real engine, and in-process: the same findings, value by value.

The stacks are clean, so settings make their limits and budgets too small: what a real stack's resources give to every
kind of policy, with values that are not known yet among them, is judged on both ways.
"""

import json
from typing import Any

import pytest
import yaml
from edgewright.engine.cloud import RecordingCloud
from edgewright.engine.runner import Runner
from edgewright.guard import evaluate

from tests.engine.cli import Engine

pytestmark = [pytest.mark.engine, pytest.mark.timeout(600)]

TIGHT: dict[str, dict[str, Any]] = {
    "dev": {
        "edgewright:production": True,
        "edgewright:policies": {"all": "advisory", "bundle-size": {"maxBytes": 1000}, "cpu-budget": {"maxMs": 5}},
        "edgewright:limits": {"overrides": {"cloudflare.workers.script_bytes": 2000, "cloudflare.kv.title_chars": 4}},
    },
    "aws-prod": {
        "edgewright:production": True,
        "edgewright:policies": {"all": "advisory", "lambda-edge-timeout": {"maxSeconds": 1}},
        "edgewright:limits": {
            "overrides": {
                "cloudfront.distribution.behaviors": 2,
                "cloudfront.distribution.origins": 1,
                "cloudfront.functions.code_bytes": 100,
                "cloudfront.cache_policy.query_strings": 1,
                "cloudfront.cache_policies": 1,
                "cloudfront.functions": 1,
                "lambda_edge.origin.package_bytes": 1000,
            }
        },
    },
}


@pytest.mark.parametrize("stack", sorted(TIGHT))
def test_a_preview_finds_what_a_check_finds(engine: Engine, stack: str) -> None:
    backend = engine.with_state(f"policies-{stack}")
    fresh = Engine(backend.project, {**backend.environment, "PULUMI_DEBUG_COMMANDS": "1"})
    settings = fresh.project / "stacks" / f"Pulumi.{stack}.yaml"
    kept = settings.read_text()
    log = fresh.project.parent / f"{stack}.events.json"
    try:
        assert fresh("stack", "init", stack).code == 0
        data = yaml.safe_load(settings.read_text())
        data["config"] |= TIGHT[stack]
        settings.write_text(yaml.safe_dump(data))
        done = fresh("preview", "--stack", stack, "--policy-pack", "policies", "--event-log", str(log))
        assert done.code == 0, done.text
        with Runner() as runner:
            capture, told = runner.run(fresh.project, stack, preview=True, cloud=RecordingCloud())
    finally:
        settings.write_text(kept)
    ours = evaluate(capture, told.policies, limits=told.limits.model_dump(), production=told.production)
    events = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
    root = f"urn:pulumi:{stack}::{capture.project}::pulumi:pulumi:Stack::{capture.project}-{stack}"
    theirs = sorted(
        (
            event["policyName"],
            event["severity"],
            event["enforcementLevel"],
            "" if event.get("resourceUrn", root) == root else event["resourceUrn"],
            event["message"].partition("\n")[2].rstrip("\n"),
        )
        for event in (each["policyEvent"] for each in events if "policyEvent" in each)
    )
    assert theirs == sorted((f.policy, f.severity, f.level, f.urn or "", f.message) for f in ours.findings)
    assert len({each[0] for each in theirs}) >= 3, theirs
