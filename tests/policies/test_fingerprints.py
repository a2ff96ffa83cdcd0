"""A finding is known again by its fingerprint: two breaches never have one, or a baseline with one of them hides the other."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from edgewright.guard import Evaluation, evaluate
from edgewright.guard.formats import FORMATS
from edgewright.guard.gate import Gate, judge
from edgewright.guard.suppress import apply_baseline, read_baseline, write_baseline

from tests.policies.corpus import BAD, Stack, capture

DISTRIBUTION = "aws:cloudfront/distribution:Distribution"
EDGE_API = "edgewright:index:EdgeApi"
VERSION = "cloudflare:index/workerVersion:WorkerVersion"
MOST_CHARACTERS = 50_000
"""Stacks that are larger have one large value, and nothing more to double."""


def _lists(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    if isinstance(value, list) and value:
        yield path
    for key, each in inner:
        yield from _lists(each, (*path, key))


def _texts(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    if isinstance(value, str):
        yield path
    for key, each in inner:
        yield from _texts(each, (*path, key))


def _at(value: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        value = value[key]
    return value


def _doubled(stack: Stack) -> Iterator[dict[str, Any]]:
    """Yield the resources with one more item in one of their lists: the same again, or with one text changed."""
    for name, data in stack.resources.items():
        for place in _lists(data["inputs"]):
            items = _at(data["inputs"], place)
            for item in items:
                changed = [copy.deepcopy(item)]
                for path in _texts(item):
                    other = copy.deepcopy(item)
                    if path:
                        _at(other, path[:-1])[path[-1]] = f"{_at(item, path)}x"
                    changed.append(other if path else f"{item}x")
                for each in changed:
                    resources = copy.deepcopy(dict(stack.resources))
                    _at(resources[name]["inputs"], place).append(each)
                    yield resources


def _distinct(evaluation: Evaluation) -> None:
    prints = [each.fingerprint for each in evaluation.findings]
    assert len(set(prints)) == len(prints), [each.message for each in evaluation.findings]


@pytest.mark.parametrize("policy", sorted({each.policy for each in BAD}))
def test_no_two_findings_have_one_fingerprint(policy: str) -> None:
    """Of every bad stack, and of it with one more item in each of its lists."""
    for stack in BAD:
        if stack.policy != policy or len(str(stack.resources)) > MOST_CHARACTERS:
            continue
        _distinct(evaluate(stack.capture(), stack.policies, limits=stack.limits))
        for resources in _doubled(stack):
            _distinct(evaluate(capture(resources, stack.stack), stack.policies, limits=stack.limits))


def _site(*associations: tuple[str, str]) -> dict[str, Any]:
    listed = [
        {"eventType": event, "lambdaArn": f"arn:aws:lambda:us-east-1:1:function:{arn}"} for event, arn in associations
    ]
    return {"type": DISTRIBUTION, "inputs": {"defaultCacheBehavior": {"lambdaFunctionAssociations": listed}}}


def _endpoints(*methods: str) -> dict[str, Any]:
    endpoints = [{"path": "/orders", "methods": [each], "handler": "orders.ts"} for each in methods]
    return {"type": EDGE_API, "inputs": {"endpoints": endpoints}}


def _policy(*actions: str) -> dict[str, Any]:
    statements = [
        {"Effect": "Allow", "Principal": "*", "Action": f"s3:{each}", "Resource": "arn:aws:s3:::b/*"}
        for each in actions
    ]
    return {
        "type": "aws:s3/bucketPolicy:BucketPolicy",
        "inputs": {"bucket": "b", "policy": json.dumps({"Statement": statements})},
    }


def _script(*lines: str) -> dict[str, Any]:
    return {
        "type": "cloudflare:index/workersScript:WorkersScript",
        "inputs": {"scriptName": "s", "content": "\n".join(lines)},
    }


def _cache_rules(*expressions: str) -> dict[str, Any]:
    rules = [{"expression": each, "description": "cache", "actionParameters": {"cache": True}} for each in expressions]
    return {
        "type": "cloudflare:index/ruleset:Ruleset",
        "inputs": {"phase": "http_request_cache_settings", "rules": rules},
    }


def _record(*regions: str) -> dict[str, Any]:
    listed = [{"region": each} for each in regions]
    return {"type": "aws:route53/record:Record", "inputs": {"name": "a.example", "latencyRoutingPolicies": listed}}


def _shares(*shares: float) -> dict[str, Any]:
    versions = [{"versionId": f"v{each}", "percentage": each} for each in shares]
    return {"type": "cloudflare:index/workersDeployment:WorkersDeployment", "inputs": {"versions": versions}}


GITHUB = "".join(("const a = 'gh", "p_", "a1B2" * 9, "';"))
NPM = "".join(("const b = 'np", "m_", "a1B2" * 9, "';"))
BEFORE_AND_AFTER: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("lambda-edge-version", _site(("viewer-request", "auth")), _site(("origin-request", "other:$LATEST"))),
    ("lambda-edge-version", _site(("viewer-request", "auth")), _site(("viewer-request", "other"))),
    ("public-write-unprotected", _endpoints("POST"), _endpoints("DELETE")),
    ("bucket-public", _policy("GetObject"), _policy("PutObject")),
    ("secret-in-plain-text", _script(GITHUB), _script(NPM)),
    ("secret-in-plain-text", _script(NPM), _script(NPM, GITHUB)),
    ("cache-headers-missing", _cache_rules('(http.host eq "a")'), _cache_rules('(http.host eq "b")')),
    ("region-unknown", _record("eu-west"), _record("us-east")),
    ("canary-percentages", _shares(120, 30), _shares(110, -10)),
]  # fmt: skip


@pytest.mark.parametrize(
    ("policy", "before", "after"),
    BEFORE_AND_AFTER,
    ids=[f"{number} {row[0]}" for number, row in enumerate(BEFORE_AND_AFTER)],
)
def test_a_baseline_does_not_hide_a_breach_in_the_place_of_another(
    tmp_path: Path, policy: str, before: dict[str, Any], after: dict[str, Any]
) -> None:
    """The first one is mended, and there is another of the same policy on the same resource."""

    def found(resource: dict[str, Any]) -> Evaluation:
        return evaluate(capture({"it": resource}))

    file = tmp_path / "baseline.json"
    first, second = found(before), found(after)
    assert write_baseline(file, [first]) == len(first.findings)
    assert policy in {each.policy for each in first.findings}
    left = apply_baseline(second, read_baseline(file), "baseline.json")
    assert [each.policy for each in left.findings if each.policy == policy] == [policy]


def test_what_comes_to_what_a_baseline_has_is_new(tmp_path: Path) -> None:
    file = tmp_path / "baseline.json"
    one = _endpoints("POST", "DELETE")
    one["inputs"]["endpoints"][1]["methods"] = ["POST"]
    before = evaluate(capture({"it": {**one, "inputs": {"endpoints": one["inputs"]["endpoints"][:1]}}}))
    write_baseline(file, [before])
    after = apply_baseline(evaluate(capture({"it": one})), read_baseline(file), "baseline.json")
    assert [each.policy for each in after.findings] == ["public-write-unprotected"]
    assert after.suppressed


def test_counts_agree_with_the_list() -> None:
    verdict = judge(
        evaluate(
            capture({"site": _site(("viewer-request", "auth"), ("viewer-request", "auth"), ("origin-request", "o"))})
        ),
        Gate(),
    )
    mandatory = verdict.evaluation.of_level("mandatory")
    assert len(mandatory) == len(verdict.failing) > 2
    assert f"{len(mandatory)} mandatory" in FORMATS["text"](verdict)
    assert f"failed by {len(mandatory)} findings" in FORMATS["text"](verdict)
    data = json.loads(FORMATS["json"](verdict))
    assert sum(each["fails"] for each in data["findings"]) == len(mandatory)
    assert sum(data["severities"].values()) == len(data["findings"])
