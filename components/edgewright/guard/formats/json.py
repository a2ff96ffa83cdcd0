"""For programs."""

import json

import edgewright
from edgewright.guard.gate import Verdict


def render(verdict: Verdict) -> str:
    """Return the report as one JSON document. `version` is raised when a key changes its meaning or goes."""
    evaluation = verdict.evaluation
    data = {
        "version": 1,
        "tool": {"name": "edgewright", "version": edgewright.__version__},
        "project": evaluation.project,
        "stack": evaluation.stack,
        "passed": verdict.passed,
        "policies": evaluation.policies,
        "resources": evaluation.resources,
        "severities": evaluation.counts(),
        "findings": [{**each.to_dict(), "fails": each.fingerprint in verdict.failing} for each in evaluation.findings],
        "suppressed": [
            {"by": each.by, "reason": each.reason, "finding": each.finding.to_dict()} for each in evaluation.suppressed
        ],
        "skipped": dict(evaluation.skipped),
        "warnings": list(evaluation.warnings),
    }
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"
