"""JUnit XML, for test reporters: a suite a family, a test a policy."""

import re
import xml.etree.ElementTree as ET

from edgewright.guard.findings import Finding
from edgewright.guard.gate import Verdict

_FORBIDDEN = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 has no way to write."""


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("�", text)


def _detail(finding: Finding) -> str:
    where = f"{finding.resource} ({finding.resource_type})" if finding.resource else "the stack"
    source = f" at {finding.source}" if finding.source else ""
    return f"{finding.severity} {finding.level}: {where}{source}\n{finding.message}\n{finding.url}"


def render(verdict: Verdict) -> str:
    """Return the report as JUnit XML. What does not fail the check is a test's output."""
    from edgewright_policies import FAMILIES, POLICIES

    evaluation = verdict.evaluation
    root = ET.Element("testsuites", name="edgewright check")
    total_failures = 0
    for family, title in FAMILIES.items():
        rules = [each for each in POLICIES if each.meta.family == family]
        if not rules:
            continue
        suite = ET.SubElement(root, "testsuite", name=_clean(f"{evaluation.project}/{evaluation.stack}: {title}"))
        failures = skips = 0
        for rule in rules:
            file = next(
                (each.source.file for each in evaluation.findings if each.id == rule.meta.id and each.source), None
            )
            case = ET.SubElement(suite, "testcase", classname=f"edgewright.{family}", name=rule.name)
            if file:
                case.set("file", _clean(file))
            found = [each for each in evaluation.findings if each.id == rule.meta.id]
            failing = [each for each in found if each.fingerprint in verdict.failing]
            others = [each for each in found if each.fingerprint not in verdict.failing]
            if failing:
                failures += 1
                failure = ET.SubElement(case, "failure", message=_clean(failing[0].message), type=rule.meta.id)
                failure.text = _clean("\n\n".join(map(_detail, failing)))
            elif rule.name in evaluation.skipped and not found:
                skips += 1
                count = evaluation.skipped[rule.name]
                ET.SubElement(case, "skipped", message=f"{count} judgements need values known after the update only")
            if others:
                ET.SubElement(case, "system-out").text = _clean("\n\n".join(map(_detail, others)))
        total_failures += failures
        counts = {"tests": len(rules), "failures": failures, "errors": 0, "skipped": skips}
        for name, count in counts.items():
            suite.set(name, str(count))
        suite.set("time", "0")
    root.set("tests", str(len(POLICIES)))
    root.set("failures", str(total_failures))
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"
