"""Every policy: a stack that keeps to it, one change a rule, the exact message; the whole pack's findings are golden."""

import json
import os
import re
from pathlib import Path

import pytest
from edgewright.guard import evaluate
from edgewright_policies import POLICIES

from tests.policies.corpus import BAD, GOOD, Stack, capture

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


def test_no_golden_file_is_left_over() -> None:
    assert {each.stem for each in GOLDEN.glob("*.json")} == {each.name for each in POLICIES}
