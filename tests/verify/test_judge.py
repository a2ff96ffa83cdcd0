"""Verdicts, exit codes and counters: what is missing never passes."""

import asyncio
from typing import Any

import pytest
from edgewright.config.models import Objectives
from edgewright.verify.counters import Counters, CountersUnavailable, GatewayCounters, difference, parse_counters
from edgewright.verify.judge import Measured, exit_code, judge
from hypothesis import given
from hypothesis import strategies as st

NONE = dict.fromkeys(Objectives.model_fields)


@pytest.mark.parametrize(
    ("name", "objective", "value", "state"),
    [
        ("p50_ms", 10, 10.0, "pass"),
        ("p50_ms", 10, 10.01, "breach"),
        ("hit_ratio", 0.9, 0.9, "pass"),
        ("hit_ratio", 0.9, 0.8999, "breach"),
        ("origin_reduction", 0.8, -0.5, "breach"),
        ("error_rate", 0.001, 0.0, "pass"),
        ("failover_success", 1, 0.99, "breach"),
        ("p99_ms", 50, None, "no-evidence"),
    ],
)
def test_an_objective_is_held_to(name: str, objective: float, value: float | None, state: str) -> None:
    (verdict,) = judge(Objectives.model_validate({**NONE, name: objective}), {name: Measured(value)})
    assert (verdict.name, verdict.state) == (name, state)


def test_what_has_no_objective_is_not_judged_and_what_was_not_measured_does_not_pass() -> None:
    assert judge(Objectives.model_validate(NONE), {"p50_ms": Measured(5000.0)}) == []
    verdicts = judge(Objectives(), {})
    assert {verdict.state for verdict in verdicts} == {"no-evidence"}
    assert exit_code(verdicts, []) == 3


@given(st.lists(st.sampled_from(["pass", "breach", "no-evidence"]), max_size=6), st.booleans())
def test_missing_evidence_outranks_a_breach_and_a_breach_outranks_passes(states: list[str], missing: bool) -> None:
    value = {"pass": 1.0, "breach": 1000.0, "no-evidence": None}
    objectives = Objectives.model_validate({**NONE, "p50_ms": 10})
    verdicts = [judge(objectives, {"p50_ms": Measured(value[state])})[0] for state in states]
    expected = 3 if missing or "no-evidence" in states else 1 if "breach" in states else 0
    assert exit_code(verdicts, ["the gateway is gone"] if missing else []) == expected


counts = st.integers(0, 1000)


@given(counts, counts, counts, counts, st.integers(0, 2000))
def test_counters_that_went_back_or_counted_too_little_are_no_evidence(
    first: int, last: int, origin_first: int, origin_last: int, answered: int
) -> None:
    before, after = Counters(first, {"http://o": origin_first}), Counters(last, {"http://o": origin_last})
    if last < first or origin_last < origin_first or last - first < answered:
        with pytest.raises(CountersUnavailable, match=r"went back|counted"):
            difference(before, after, answered)
    else:
        found = difference(before, after, answered)
        assert found == Counters(last - first, {"http://o": origin_last - origin_first})


def test_an_origin_that_vanished_went_back_and_a_new_one_counts_from_nothing() -> None:
    with pytest.raises(CountersUnavailable, match="http://a went back from 3 to 0"):
        difference(Counters(1, {"http://a": 3}), Counters(9, {}), 1)
    assert difference(Counters(1, {}), Counters(9, {"http://b": 4}), 8).origins == {"http://b": 4}


@pytest.mark.parametrize(
    "document",
    [
        {},
        [],
        None,
        {"requests": "7", "origins": {}},
        {"requests": True, "origins": {}},
        {"requests": 1, "origins": {"http://a": {}}},
        {"requests": 1, "origins": {"http://a": {"requests": 1.5}}},
        {"requests": 1, "origins": []},
    ],
)
def test_what_is_not_counters_is_no_evidence(document: Any) -> None:
    with pytest.raises(CountersUnavailable):
        parse_counters(document)


def test_counters_are_parsed() -> None:
    document = {"requests": 7, "byStatus": {"200": 7}, "origins": {"http://a": {"requests": 2, "errors": 0}}, "kv": {}}
    assert parse_counters(document) == Counters(7, {"http://a": 2})


def test_a_gateway_that_is_gone_is_said() -> None:
    with pytest.raises(CountersUnavailable, match="did not tell its counters"):
        asyncio.run(GatewayCounters("http://127.0.0.1:9", "token").read())
