"""JUnit XML, for test reporters: a suite a family, a test a policy."""

import re
import xml.etree.ElementTree as ET

from edgewright.guard.findings import Finding
from edgewright.guard.gate import Unjudged, Verdict

_FORBIDDEN = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 has no way to write."""


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("�", text)


def _detail(finding: Finding) -> str:
    where = f"{finding.resource} ({finding.resource_type})" if finding.resource else "the stack"
    source = f" at {finding.source}" if finding.source else ""
    return f"{finding.severity} {finding.level}: {where}{source}\n{finding.message}\n{finding.url}"


def _unjudged(root: ET.Element, judged: Unjudged) -> None:
    suite = ET.SubElement(root, "testsuite", name=_clean(f"{judged.project}/{judged.stack}"))
    for name, count in {"tests": 1, "failures": 0, "errors": 1, "skipped": 0, "time": 0}.items():
        suite.set(name, str(count))
    case = ET.SubElement(suite, "testcase", classname=_clean(f"edgewright.{judged.stack}"), name="check", time="0")
    first = judged.faults[0]
    error = ET.SubElement(case, "error", message=_clean(str(first)), type=first.code.number)
    error.text = _clean("\n".join(map(str, judged.faults)))


def _suites(root: ET.Element, verdict: Verdict) -> None:
    from edgewright_policies import FAMILIES, POLICIES

    evaluation = verdict.evaluation
    by_rule: dict[str, list[Finding]] = {}
    for each in evaluation.findings:
        by_rule.setdefault(each.id, []).append(each)
    for family, title in FAMILIES.items():
        rules = [each for each in POLICIES if each.meta.family == family]
        if not rules:
            continue
        suite = ET.SubElement(root, "testsuite", name=_clean(f"{evaluation.project}/{evaluation.stack}: {title}"))
        failures = skips = 0
        for rule in rules:
            found = by_rule.get(rule.meta.id, [])
            name = _clean(f"edgewright.{evaluation.stack}.{family}")
            case = ET.SubElement(suite, "testcase", classname=name, name=rule.name, time="0")
            file = next((each.source.file for each in found if each.source), None)
            if file:
                case.set("file", _clean(file))
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
        counts = {"tests": len(rules), "failures": failures, "errors": 0, "skipped": skips, "time": 0}
        for name, count in counts.items():
            suite.set(name, str(count))


def render(*judged: Verdict | Unjudged) -> str:
    """Return the report as JUnit XML. What does not fail the check is a test's output."""
    root = ET.Element("testsuites", name="edgewright check")
    for each in judged:
        if isinstance(each, Unjudged):
            _unjudged(root, each)
        else:
            _suites(root, each)
    for name in ("tests", "failures", "errors"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in root)))
    root.set("time", "0")
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"
