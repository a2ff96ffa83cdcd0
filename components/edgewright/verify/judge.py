"""Objectives against what was measured. Evidence that is missing never passes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from edgewright.config.models import Objectives
from edgewright.verify.report import Verdict


@dataclass(frozen=True)
class Measured:
    """A number that an objective is held against, or why there is none."""

    value: float | None
    why_missing: str = ""


_BETTER: dict[str, Literal["lower", "higher"]] = {
    "p50_ms": "lower",
    "p95_ms": "lower",
    "p99_ms": "lower",
    "hit_ratio": "higher",
    "origin_reduction": "higher",
    "error_rate": "lower",
    "failover_success": "higher",
}


def judge(objectives: Objectives, measured: dict[str, Measured]) -> list[Verdict]:
    """Return one verdict for each objective that is set, in a fixed order.

    An objective met exactly is met.
    """
    verdicts = []
    for name, better in _BETTER.items():
        objective: float | None = getattr(objectives, name)
        if objective is None:
            continue
        found = measured.get(name, Measured(None, "it was not measured"))
        state: Literal["pass", "breach", "no-evidence"]
        if found.value is None:
            state = "no-evidence"
        elif (found.value <= objective) if better == "lower" else (found.value >= objective):
            state = "pass"
        else:
            state = "breach"
        why = found.why_missing or "too few answers to tell" if state == "no-evidence" else ""
        verdicts.append(
            Verdict(name=name, objective=objective, measured=found.value, better=better, state=state, why=why)
        )
    return verdicts


def exit_code(verdicts: Sequence[Verdict], missing_evidence: Sequence[str]) -> Literal[0, 1, 3]:
    """Return 3 where evidence is missing, 1 where an objective is breached, else 0."""
    if missing_evidence or any(verdict.state == "no-evidence" for verdict in verdicts):
        return 3
    return 1 if any(verdict.state == "breach" for verdict in verdicts) else 0
