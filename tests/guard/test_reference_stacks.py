"""The whole pack over every stack of this repository: no false alarm."""

from pathlib import Path

import pytest
from edgewright.base.project import Project
from edgewright.engine.runner import shared_runner
from edgewright.guard import evaluate
from edgewright.guard.gate import Gate, judge

ROOT = Path(__file__).parents[2]
KNOWN = {("prod", "alarm-missing"), ("aws-prod", "alarm-missing")}
"""Advice that the reference stack leaves to its user: where alarms go is the account's own."""


@pytest.mark.parametrize("preview", [False, True], ids=["update", "preview"])
@pytest.mark.parametrize("stack", Project.load(ROOT).stacks())
def test_a_reference_stack_is_clean(stack: str, preview: bool) -> None:
    capture, settings = shared_runner().run(ROOT, stack, preview=preview)
    found = evaluate(capture, settings.policies, limits=settings.limits.model_dump(), production=settings.production)
    assert judge(found, Gate()).passed
    assert [each.message for each in found.findings if (stack, each.policy) not in KNOWN] == []
    assert found.resources > 5


@pytest.mark.parametrize("example", ["quickstart", "caching-proxy"])
def test_an_example_passes(example: str) -> None:
    capture, settings = shared_runner().run(ROOT / "examples" / example, "local")
    assert judge(evaluate(capture, settings.policies), Gate()).passed
