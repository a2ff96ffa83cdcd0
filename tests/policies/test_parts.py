"""Resources that are part of a component: what the component is judged for, its parts are not judged for again."""

from typing import Any

import pytest
from edgewright.base.unknown import UNKNOWN
from edgewright_policies import POLICIES, Context, ResourceRule, Settings

RULES = {rule.name: rule for rule in POLICIES}
API = "urn:pulumi:dev::shop::edgewright:index:EdgeApi$"
ALONE = "urn:pulumi:dev::shop::"
OBJECT = "aws:s3/bucketObjectv2:BucketObjectv2"
DISTRIBUTION = "aws:cloudfront/distribution:Distribution"
WRITES: dict[str, Any] = {"defaultCacheBehavior": {"allowedMethods": ["GET", "HEAD", "POST"]}}


@pytest.mark.parametrize(
    ("policy", "token", "inputs"),
    [
        ("cache-headers-missing", OBJECT, {"key": "assets/app.css"}),
        ("public-write-unprotected", DISTRIBUTION, WRITES),
    ],
)
def test_what_the_component_is_judged_for_its_parts_are_not(policy: str, token: str, inputs: dict[str, Any]) -> None:
    rule = RULES[policy]
    assert isinstance(rule, ResourceRule)
    found = {}
    for parent in (API, ALONE):
        urn = f"{parent}{token}::one"
        context = Context(config=rule.meta.config(), settings=Settings(), stack="dev", urn=urn, type=token, name="one")
        found[parent] = len(rule.judge(inputs, context).violations)
    assert found == {API: 0, ALONE: 1}


def test_what_comes_before_an_unknown_list_is_judged_all_the_same() -> None:
    rule = RULES["static-past-cdn"]
    assert isinstance(rule, ResourceRule)
    caching_disabled = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
    behavior = {"pathPattern": "static/*", "cachePolicyId": caching_disabled}
    context = Context(config=rule.meta.config(), settings=Settings(), stack="dev", type=DISTRIBUTION)
    outcome = rule.judge({"defaultCacheBehavior": behavior, "orderedCacheBehaviors": UNKNOWN}, context)
    assert (len(outcome.violations), outcome.skipped) == (1, 1)
