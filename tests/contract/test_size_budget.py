"""The budget that `make check` holds the bundles to."""

import json

from tools.size import BUDGET, measure, over


def test_up_to_five_percent_more_is_within_the_budget() -> None:
    budget = {"cache": 1000, "geo": 100}
    assert over(budget, {"cache": 1050, "geo": 20}) == []
    assert over(budget, {"cache": 1051, "geo": 100}) == ["cache: 1051 bytes, 5.1% over its budget of 1000"]


def test_what_is_new_and_what_is_gone_is_named() -> None:
    assert over({"gone": 1}, {"new": 2}) == [
        "gone: has a budget and is not there; take it out",
        "new: 2 bytes and no budget; write it down",
    ]


def test_the_bundles_that_are_shipped_are_within_it() -> None:
    budget = json.loads(BUDGET.read_text(encoding="utf-8"))
    assert over(budget, measure()) == []
    # Readable code may cost as much, and no more.
    assert budget["cache in all, by default"] <= 13_000
    assert budget["cache in all, reference stack (memory, edge, KV)"] <= 16_000
