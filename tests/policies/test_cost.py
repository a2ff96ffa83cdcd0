"""What a month costs, where the corpus cannot tell two stacks apart."""

from typing import Any

import pytest
from edgewright.guard.evaluate import evaluate

from tests.policies.corpus import capture

CONFIG: Any = {"budgetUsd": 1, "requestsPerMonth": 20_000_000, "durableObjectRequestsPerRequest": 20}


@pytest.mark.parametrize(
    "inputs",
    [
        {"bindings": [{"type": "durable_object_namespace", "name": "ROOM", "className": "Room"}]},
        # A function reaches classes of its own without a binding: `ctx.exports`.
        {"bindings": [], "exports": {"Room": {"type": "durable-object", "storage": "sqlite"}}},
    ],
)
def test_durable_objects_are_paid_whichever_way_the_function_reaches_them(inputs: dict[str, Any]) -> None:
    resources = {
        "worker": {"type": "cloudflare:index/worker:Worker", "inputs": {"accountId": "a", "name": "api"}},
        "version": {"type": "cloudflare:index/workerVersion:WorkerVersion", "inputs": {"accountId": "a", **inputs}},
    }
    found = evaluate(capture(resources, "dev"), {"monthly-cost-over-budget": CONFIG})
    (told,) = [each.message for each in found.findings if each.policy == "monthly-cost-over-budget"]
    assert "Durable Object requests 59.85" in told
