"""The worked example of docs/architecture.md: a function with a decorator makes a guardrail."""

from edgewright_policies import Context, ResourceRule, Settings

from tests.extend.guardrail import BUCKET, RULES

COMPLIANT = {"accountId": "0" * 32, "name": "images", "location": "WEUR"}


def test_a_function_makes_a_guardrail() -> None:
    (rule,) = RULES
    assert isinstance(rule, ResourceRule)
    context = Context(config=rule.meta.config(), settings=Settings(), stack="dev", type=BUCKET, name="images")
    assert rule.judge(COMPLIANT, context).violations == ()
    (violation,) = rule.judge({**COMPLIANT, "location": None}, context).violations
    assert "location" in str(violation)
