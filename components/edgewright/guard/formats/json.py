"""For programs."""

import json
from typing import Any

import edgewright
from edgewright.guard.findings import SEVERITY_RANK
from edgewright.guard.gate import Unjudged, Verdict

_TOOL = {"name": "edgewright", "version": edgewright.__version__}


def _one(judged: Verdict | Unjudged) -> dict[str, Any]:
    if isinstance(judged, Unjudged):
        return {
            "project": judged.project,
            "stack": judged.stack,
            "passed": False,
            "policies": 0,
            "resources": 0,
            "severities": dict.fromkeys(tuple(SEVERITY_RANK)[::-1], 0),
            "findings": [],
            "suppressed": [],
            "skipped": {},
            "warnings": [],
            "faults": [fault.to_dict() for fault in judged.faults],
        }
    evaluation = judged.evaluation
    return {
        "project": evaluation.project,
        "stack": evaluation.stack,
        "passed": judged.passed,
        "policies": evaluation.policies,
        "resources": evaluation.resources,
        "severities": evaluation.counts(),
        "findings": [{**each.to_dict(), "fails": each.fingerprint in judged.failing} for each in evaluation.findings],
        "suppressed": [
            {"by": each.by, "reason": each.reason, "finding": each.finding.to_dict()} for each in evaluation.suppressed
        ],
        "skipped": dict(evaluation.skipped),
        "warnings": list(evaluation.warnings),
        "faults": [],
    }


def render(*judged: Verdict | Unjudged) -> str:
    """Return the report as one JSON document: `stacks` has an object for each stack, all with the same keys.

    One that could not be judged has `faults`, each with its `code` and `text`. Of one stack alone, its keys are at the top too. `version` is raised when a
    key changes its meaning or goes.
    """
    stacks = [_one(each) for each in judged]
    data: dict[str, Any] = {"version": 2, "tool": _TOOL, "passed": all(each["passed"] for each in stacks)}
    if len(stacks) == 1:
        data |= stacks[0]
    return json.dumps({**data, "stacks": stacks}, indent=2, ensure_ascii=False) + "\n"
