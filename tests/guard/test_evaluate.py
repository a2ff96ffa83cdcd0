"""Evaluation over a capture: places, secrets, what is not judged."""

import dataclasses
from pathlib import Path

from edgewright.engine.resources import Capture, Resource, SourceLocation
from edgewright.guard import evaluate

KV = "cloudflare:index/workersKv:WorkersKv"


def _resource(**changes: object) -> Resource:
    fields: dict[str, object] = {
        "urn": "urn:pulumi:dev::shop::" + KV + "::config",
        "type": KV,
        "name": "config",
        "parent": None,
        "custom": True,
        "inputs": {"namespaceId": "n", "keyName": "..", "value": "v"},
        "source": SourceLocation(Path("/srv/shop/stacks/compose.py"), 7),
    }
    return Resource(**{**fields, **changes})  # type: ignore[arg-type]


def _capture(*resources: Resource) -> Capture:
    return Capture("shop", "dev", resources, project_dir=Path("/srv/shop"))


def test_a_finding_has_the_line_of_the_declaration() -> None:
    (found,) = evaluate(_capture(_resource())).findings
    assert str(found.source) == "stacks/compose.py:7"
    assert found.resource == "config"
    (outside,) = evaluate(_capture(_resource(source=SourceLocation(Path("/lib/x.py"), 2)))).findings
    assert str(outside.source) == "/lib/x.py:2"
    (nowhere,) = evaluate(_capture(_resource(source=None))).findings
    assert nowhere.source is None


def test_a_secret_never_gets_into_a_message() -> None:
    secret = "rate-limit-hunter2-hunter2"
    inputs = {"namespaceId": "n", "keyName": secret, "value": "v"}
    (found,) = evaluate(_capture(_resource(inputs=inputs, secret_paths=frozenset({"keyName"})))).findings
    assert found.value == "[secret]"
    long = "rate-limit-" + "s3cret" * 40
    (found,) = evaluate(
        _capture(_resource(inputs={**inputs, "keyName": long}, secret_paths=frozenset({"keyName"})))
    ).findings
    assert "s3cret" not in found.message


def test_what_is_only_read_is_not_judged() -> None:
    found = evaluate(_capture(_resource(read=True)))
    assert found.findings == ()
    assert found.resources == 0


def test_findings_are_in_a_stable_order() -> None:
    resources = [
        _resource(
            urn=f"urn:pulumi:dev::shop::{KV}::k{n}",
            name=f"k{n}",
            inputs={"keyName": "..", "value": "x", "expirationTtl": 1},
        )
        for n in range(5)
    ]
    forward = evaluate(_capture(*resources)).findings
    backward = evaluate(_capture(*reversed(resources))).findings
    assert forward == backward
    assert len(forward) == 10


def test_limits_of_the_account_move_the_policies() -> None:
    big = _resource(inputs={"namespaceId": "n", "keyName": "a", "value": "x" * 100})
    assert evaluate(_capture(big)).findings == ()
    (found,) = evaluate(_capture(big), limits={"overrides": {"cloudflare.kv.value_bytes": 64}}).findings
    assert found.allowed == "at most 64 B"


def test_production_is_what_the_settings_say() -> None:
    worker = _resource(
        type="cloudflare:index/worker:Worker",
        inputs={"subdomain": {"enabled": True}, "observability": {"enabled": True}, "tags": ["owner:x"]},
    )
    assert evaluate(_capture(worker)).findings == ()
    found = evaluate(_capture(worker), production=True).findings
    assert [each.policy for each in found] == ["workers-dev-production", "alarm-missing"]
    prod = dataclasses.replace(_capture(worker), stack="prod")
    assert evaluate(prod, production=False).findings == ()
    assert len(evaluate(prod).findings) == 2
