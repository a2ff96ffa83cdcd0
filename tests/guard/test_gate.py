"""What makes a check fail."""

import pytest
from edgewright.guard.gate import Gate, GateError, judge

from tests.guard.samples import ADVISORY, evaluation, finding

MANDATORY = finding()


def _passes(gate: Gate) -> bool:
    return judge(evaluation(MANDATORY, ADVISORY), gate).passed


def test_mandatory_findings_fail_and_advisory_ones_do_not() -> None:
    assert not _passes(Gate())
    assert judge(evaluation(ADVISORY), Gate()).passed
    assert judge(evaluation(), Gate()).passed


@pytest.mark.parametrize("name", ["kv-value-size", "EW201", "storage", "high", "critical"])
def test_soft_fail_on_lets_pass(name: str) -> None:
    assert _passes(Gate.of(soft=[name]))


@pytest.mark.parametrize("name", ["jitter-missing", "EW111", "caching", "low"])
def test_hard_fail_on_fails_for_advisory_findings(name: str) -> None:
    assert not judge(evaluation(ADVISORY), Gate.of(hard=[name])).passed
    assert judge(evaluation(ADVISORY), Gate.of(hard=["medium"])).passed


def test_hard_wins_over_soft() -> None:
    assert not _passes(Gate.of(soft=["storage"], hard=["kv-value-size"]))
    assert _passes(Gate.of(soft=["high, kv-value-size"]))


def test_severity_hides_and_does_not_fail_on_what_is_milder() -> None:
    verdict = judge(evaluation(MANDATORY, ADVISORY), Gate.of("high"))
    assert verdict.evaluation.findings == (MANDATORY,)
    assert judge(evaluation(MANDATORY), Gate.of("critical")).passed


def test_unknown_names_are_all_told() -> None:
    with pytest.raises(GateError) as error:
        Gate.of(soft=["nope"], hard=["EW999"])
    assert len(error.value.faults) == 2
    assert error.value.faults[0].text.startswith("--soft-fail-on 'nope'; allowed: a policy's name or id")
    with pytest.raises(GateError, match="--severity 'loud'; allowed: low, medium, high, critical"):
        Gate.of("loud")
