"""SARIF 2.1.0 (OASIS), for code scanning."""

import json
import urllib.parse
from pathlib import PurePosixPath
from typing import Any

import edgewright
from edgewright.guard.findings import Finding
from edgewright.guard.gate import Unjudged, Verdict

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_SCORES = {"critical": "9.5", "high": "8.0", "medium": "5.5", "low": "3.0"}
_LEVELS = {"mandatory": "error", "advisory": "warning", "disabled": "none"}
MOST_RESULTS = 25_000
"""Code scanning refuses a run with more."""
NO_SOURCE = "Pulumi.yaml"
"""Code scanning wants a file: what was declared nowhere in particular is the project's."""


def _rules() -> list[dict[str, Any]]:
    from edgewright_policies import POLICIES

    return [
        {
            "id": rule.meta.id,
            "name": "".join(part.capitalize() for part in rule.name.split("-")),
            "shortDescription": {"text": rule.meta.title},
            "fullDescription": {"text": f"{rule.meta.title}. {rule.meta.why}"},
            "help": {
                "text": f"{rule.meta.why}\n\n{rule.meta.fix}",
                "markdown": f"{rule.meta.why}\n\n**What to do:** {rule.meta.fix}",
            },
            "helpUri": rule.meta.source,
            "defaultConfiguration": {"level": _LEVELS[rule.meta.level], "enabled": rule.meta.level != "disabled"},
            "properties": {
                "tags": [rule.meta.family, rule.name],
                "precision": "high",
                "problem.severity": "error" if rule.meta.level == "mandatory" else "warning",
                "security-severity": _SCORES[rule.meta.severity],
            },
        }
        for rule in POLICIES
    ]


def _uri(file: str) -> str:
    if PurePosixPath(file).is_absolute():
        return "file://" + urllib.parse.quote(file)
    return urllib.parse.quote(file)


def _result(finding: Finding, indexes: dict[str, int], fails: bool) -> dict[str, Any]:
    location: dict[str, Any] = {
        "physicalLocation": {
            "artifactLocation": {"uri": _uri(finding.source.file if finding.source else NO_SOURCE)},
            "region": {"startLine": max(finding.source.line, 1) if finding.source else 1},
        }
    }
    if finding.urn:
        location["logicalLocations"] = [
            {"name": finding.resource or finding.urn, "fullyQualifiedName": finding.urn, "kind": "resource"}
        ]
    return {
        "ruleId": finding.id,
        "ruleIndex": indexes[finding.id],
        "level": "error" if fails else "warning" if finding.level == "mandatory" else "note",
        "message": {"text": finding.message},
        "locations": [location],
        # The second is the one by which code scanning tells results apart. What it makes up itself, of the line's text, is
        # the same for all resources of a loop.
        "partialFingerprints": {
            "edgewright/v1": finding.fingerprint,
            "primaryLocationLineHash": f"{finding.fingerprint}:1",
        },
        "properties": {"severity": finding.severity, "enforcementLevel": finding.level, "family": finding.family},
    }


def _run(judged: Verdict | Unjudged, rules: list[dict[str, Any]]) -> dict[str, Any]:
    indexes = {rule["id"]: index for index, rule in enumerate(rules)}
    results: list[dict[str, Any]] = []
    invocation: dict[str, Any]
    if isinstance(judged, Unjudged):
        project, stack = judged.project, judged.stack
        invocation = {
            "executionSuccessful": False,
            "toolConfigurationNotifications": [
                {"level": "error", "message": {"text": str(each)}, "descriptor": {"id": each.code.number}}
                for each in judged.faults
            ],
        }
    else:
        evaluation = judged.evaluation
        project, stack = evaluation.project, evaluation.stack
        findings = evaluation.findings[:MOST_RESULTS]
        results += [_result(each, indexes, each.fingerprint in judged.failing) for each in findings]
        warnings = list(evaluation.warnings)
        if len(findings) < len(evaluation.findings):
            left = len(evaluation.findings) - len(findings)
            warnings.append(f"{left} more findings are left out; `edgewright check` shows all of them")
        invocation = {
            "executionSuccessful": True,
            "toolExecutionNotifications": [{"level": "warning", "message": {"text": each}} for each in warnings],
        }
    return {
        "tool": {
            "driver": {
                "name": "edgewright",
                "version": edgewright.__version__,
                "semanticVersion": edgewright.__version__,
                "rules": rules,
            }
        },
        "automationDetails": {"id": f"edgewright/{project}/{stack}/"},
        "invocations": [invocation],
        "columnKind": "unicodeCodePoints",
        "results": results,
    }


def render(*judged: Verdict | Unjudged) -> str:
    """Return the report as a SARIF log, a run a stack. Every policy is declared as a rule, found or not.

    What an exception or the baseline sets aside is no result: code scanning takes no notice of `suppressions`, and would
    open an alert for each.
    """
    rules = _rules()
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [_run(each, rules) for each in judged]}
    return json.dumps(log, indent=2, ensure_ascii=False) + "\n"
