"""Every policy: a stack that keeps to it, one change a rule, the exact message; the whole pack's findings are golden."""

import copy
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from edgewright.base.unknown import UNKNOWN
from edgewright.guard import evaluate
from edgewright_policies import POLICIES

from tests.policies.corpus import BAD, GOOD, Stack, capture, put

GOLDEN = Path(__file__).parent / "corpus" / "golden"


def _id(stack: Stack) -> str:
    return f"{stack.policy}: {stack.name}"


def test_every_policy_has_a_good_stack_and_a_bad_one() -> None:
    names = {each.name for each in POLICIES}
    assert {each.policy for each in GOOD} == names
    assert {each.policy for each in BAD} == names
    assert len({_id(each) for each in BAD}) == len(BAD)


@pytest.mark.parametrize("stack", GOOD, ids=_id)
def test_a_compliant_stack_has_no_finding(stack: Stack) -> None:
    """Not of its own policy, and of no other: what one policy advises, no other may flag."""
    found = evaluate(stack.capture(), stack.policies, limits=stack.limits)
    assert [each.message for each in found.findings if each.policy not in stack.also] == []
    assert {each.policy for each in found.findings} == stack.also
    assert not found.skipped


@pytest.mark.parametrize("stack", BAD, ids=_id)
def test_one_change_is_found_with_its_exact_message(stack: Stack) -> None:
    found = [
        each for each in evaluate(stack.capture(), stack.policies, limits=stack.limits).findings
        if each.policy == stack.policy
    ]  # fmt: skip
    assert [f"{each.what}: {each.value}; allowed: {each.allowed}" for each in found] == [stack.finds]
    assert found[0].message == f"{stack.finds}. {found[0].remediation}"
    assert found[0].remediation.endswith((".", ")", "`"))


KNOWN_ENOUGH = {
    ("lambda-edge-refused", "a package encrypted with a key of one's own"): "that a key is given is known",
    ("http-api-write-open", "an API that is one open route"): "that a target is given is known",
    ("cpu-budget", "a script over the stack's own budget"): "another resource breaks the rule, and is known",
    ("single-origin-region", "fewer regions than the settings want"): "another resource breaks the rule, and is known",
    ("kv-security-state", "what the settings name"): "another resource breaks the rule, and is known",
}


@pytest.mark.parametrize("stack", [each for each in BAD if any(each.change.get("set", {}).values())], ids=_id)
def test_what_breaks_a_rule_is_skipped_and_counted_where_it_is_not_known(stack: Stack) -> None:
    resources = copy.deepcopy(dict(stack.resources))
    for path, value in stack.change["set"].items():
        if value is not None:
            put(resources, path, UNKNOWN)
    found = evaluate(capture(resources, stack.stack), stack.policies, limits=stack.limits)
    findings = [each.message for each in found.findings if each.policy == stack.policy]
    if (stack.policy, stack.name) in KNOWN_ENOUGH:
        assert findings
    else:
        assert findings == []
        assert found.skipped.get(stack.policy)


def test_the_cache_control_that_messages_advise_breaks_no_policy() -> None:
    messages = [
        each.message for stack in BAD for each in evaluate(stack.capture(), stack.policies, limits=stack.limits).findings
    ]  # fmt: skip
    advised = {header for text in messages for header in re.findall(r"`(public, [^`]+)`", text)}
    assert len(advised) > 1
    for header in advised:
        key = "assets/app.3f9a1c77.js" if "immutable" in header else "assets/app.js"
        inputs = {"bucket": "b", "key": key, "cacheControl": header}
        resources = {"object": {"type": "aws:s3/bucketObjectv2:BucketObjectv2", "inputs": inputs}}
        assert [each.message for each in evaluate(capture(resources)).findings] == []


@pytest.mark.parametrize("policy", sorted({each.policy for each in BAD}))
def test_the_whole_packs_findings_are_golden(policy: str) -> None:
    """EDGEWRIGHT_UPDATE_GOLDEN=1 writes them anew; look at the difference."""
    found = {}
    for stack in BAD:
        if stack.policy != policy:
            continue
        evaluation = evaluate(stack.capture(), stack.policies, limits=stack.limits)
        # A baseline with one of two that are not told apart would hide the other.
        assert len({each.fingerprint for each in evaluation.findings}) == len(evaluation.findings)
        found[stack.name] = [
            f"{each.level} {each.severity} {each.id} {each.policy} {each.resource or '-'}: {each.message}"
            for each in evaluation.findings
        ]
    text = json.dumps(found, indent=2, ensure_ascii=False) + "\n"
    golden = GOLDEN / f"{policy}.json"
    if os.environ.get("EDGEWRIGHT_UPDATE_GOLDEN"):
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(text, encoding="utf-8")
    assert golden.read_text(encoding="utf-8") == text


def _headers(*rules: str) -> list[dict[str, Any]]:
    values = {"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Credentials": "true"}
    headers = {name: {"operation": "set", "value": value} for name, value in values.items()}
    return [{"ref": ref, "action": "rewrite", "actionParameters": {"headers": headers}} for ref in rules]


KEY = "parametersInCacheKeyAndForwardedToOrigin"
GROWING: list[tuple[str, str, dict[str, Any], str, Any]] = [
    ("kv-security-state", "cloudflare:index/workersScript:WorkersScript", {}, "bindings", [{"type": "kv_namespace", "name": name} for name in ("COUNTERS", "NONCES")]),
    ("heavy-imports", "cloudflare:index/workersScript:WorkersScript", {"mainModule": "w.mjs"}, "content", ['import "sharp";', 'import "sharp";import "aws-sdk";']),
    ("cache-key-unbounded", "aws:cloudfront/cachePolicy:CachePolicy", {"minTtl": 0}, KEY, [{"headersConfig": {"headerBehavior": "whitelist", "headers": {"items": items}}} for items in (["Cookie"], ["Cookie", "User-Agent"])]),
    ("region-unknown", "cloudflare:index/loadBalancer:LoadBalancer", {"defaultPools": ["a", "b"], "fallbackPool": "b"}, "regionPools", [{"EUROPE": ["a"]}, {"EUROPE": ["a"], "ASIA": ["b"]}]),
    ("cors-wildcard-credentials", "cloudflare:index/ruleset:Ruleset", {"kind": "zone", "phase": "http_response_headers_transform"}, "rules", _headers("one", "two")),
    ("cors-wildcard-credentials", "cloudflare:index/r2BucketCors:R2BucketCors", {}, "rules", [{"allowed": {"origins": ["*"], "headers": ["authorization"]}}] * 2),
]  # fmt: skip


@pytest.mark.parametrize(
    ("policy", "token", "inputs", "name", "values"),
    GROWING,
    ids=[f"{row[0]} {row[1].split(':')[-1]}" for row in GROWING],
)
def test_a_second_breach_is_told_from_the_first(
    policy: str, token: str, inputs: dict[str, Any], name: str, values: list[Any]
) -> None:
    """Else a baseline with the first one hides it."""

    def found(value: Any) -> set[str]:
        resources = {"it": {"type": token, "inputs": {**inputs, name: value}}}
        return {each.fingerprint for each in evaluate(capture(resources)).findings if each.policy == policy}

    growing = name in ("bindings", "rules")
    before, after = (found(values[:1] if growing else values[0]), found(values if growing else values[1]))
    assert len(before) == 1
    assert len(after) == 2
    assert before < after


def test_no_golden_file_is_left_over() -> None:
    assert {each.stem for each in GOLDEN.glob("*.json")} == {each.name for each in POLICIES}
