"""The same findings in-process and from the analyzer that the engine talks to."""

import pytest
from edgewright.base.unknown import UNKNOWN
from edgewright.guard import evaluate

from tests.policies.analyzer import Analyzer
from tests.policies.corpus import BAD, GOOD, Stack, capture


@pytest.fixture(scope="module")
def plain() -> Analyzer:
    return Analyzer()


@pytest.mark.parametrize("stack", [*GOOD, *BAD], ids=lambda each: f"{each.policy}: {each.name}")
def test_the_analyzer_finds_the_same(stack: Stack, plain: Analyzer) -> None:
    analyzer = Analyzer(stack.policies, stack.limits) if stack.policies or stack.limits else plain
    theirs, skipped = analyzer.findings(stack.capture())
    ours = evaluate(stack.capture(), stack.policies, limits=stack.limits)
    assert theirs == sorted((each.policy, each.urn or "", each.message) for each in ours.findings)
    assert skipped == 0


def test_an_unknown_value_is_skipped_and_counted_alike(plain: Analyzer) -> None:
    resources = {
        "entry": {
            "type": "cloudflare:index/workersKv:WorkersKv",
            "inputs": {"keyName": "a", "namespaceId": UNKNOWN, "value": UNKNOWN},
        },
        "api": {
            "type": "edgewright:index:EdgeApi",
            "inputs": {
                "endpoints": [{"path": "/a", "handler": "a.ts", "auth": UNKNOWN}, {"path": "/b", "handler": "b.ts"}]
            },
        },
    }
    found = evaluate(capture(resources))
    theirs, skipped = plain.findings(capture(resources))
    # What is known is judged all the same: the second endpoint has no cache policy.
    assert theirs == sorted((each.policy, each.urn or "", each.message) for each in found.findings)
    assert [(each.policy, each.what) for each in found.findings] == [("cache-headers-missing", "endpoint /b cache")]
    assert found.skipped == {"jwt-audience-missing": 1, "kv-large-value": 1, "kv-value-size": 1, "kv-write-rate": 1, "secret-in-plain-text": 1}  # fmt: skip
    assert skipped == sum(found.skipped.values())
