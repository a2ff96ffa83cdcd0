"""What strict typing does not check may not become more."""

import json

from tools.untyped import BUDGET, KINDS, PACKAGES, counted, over


def test_types_are_counted_and_texts_are_not() -> None:
    source = (
        '"""Mapping[str, Any]"""\nfrom typing import Any\na: Mapping[str, Any] = {}\nb: list[dict[str, Any]] = []\n'
    )
    assert counted(source) == {"Any": 2, "Mapping[str, Any]": 1, "dict[str, Any]": 1}


def test_one_more_is_told_with_its_place() -> None:
    budget = {"components": dict.fromkeys(KINDS, 1)}
    files = {"a.py": {"Any": 1}, "b.py": {"Any": 1}}
    assert list(over(budget, {"components": {"a.py": {"Any": 1}}})) == []
    (line,) = over(budget, {"components": files})
    assert line == "components: 2 of Any, and 1 are allowed; most are in a.py (1), b.py (1)"


def test_every_package_has_a_budget() -> None:
    budget = json.loads(BUDGET.read_text(encoding="utf-8"))
    assert {package: set(counts) for package, counts in budget.items()} == {key: set(KINDS) for key in PACKAGES}
