"""For programs."""

import json
from typing import Any

import edgewright
from edgewright.guard.gate import Unjudged, Verdict

_TOOL = {"name": "edgewright", "version": edgewright.__version__}


def _one(judged: Verdict | Unjudged) -> dict[str, Any]:
    if isinstance(judged, Unjudged):
        return {"project": judged.project, "stack": judged.stack, "passed": False, "faults": list(judged.faults)}
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
    }


def render(*judged: Verdict | Unjudged) -> str:
    """Return the report as one JSON document: of one stack, or with `stacks`, a list of such documents.

    `version` is raised when a key changes its meaning or goes.
    """
    data: dict[str, Any] = {"version": 1, "tool": _TOOL}
    if len(judged) == 1:
        data |= _one(judged[0])
    else:
        stacks = [_one(each) for each in judged]
        data |= {"passed": all(each["passed"] for each in stacks), "stacks": stacks}
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"
