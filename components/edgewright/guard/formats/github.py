"""GitHub's workflow commands: annotations on the lines of a pull request."""

from edgewright.guard.formats.text import summary
from edgewright.guard.gate import Verdict

_MOST = 4096


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def render(verdict: Verdict) -> str:
    """Return one annotation a finding: `error` for what fails, `warning` for the other mandatory ones, `notice`."""
    lines = []
    for each in verdict.evaluation.findings:
        fails = each.fingerprint in verdict.failing
        command = "error" if fails else "warning" if each.level == "mandatory" else "notice"
        properties = [f"title={_property(f'{each.policy} ({each.severity})')}"]
        if each.source:
            properties = [f"file={_property(each.source.file)}", f"line={each.source.line}", *properties]
        where = f"{each.resource}: " if each.resource else ""
        lines.append(f"::{command} {','.join(properties)}::{_data((where + each.message)[:_MOST])}")
    lines += [f"::warning title=edgewright::{_data(each)}" for each in verdict.evaluation.warnings]
    lines.append(_data(summary(verdict)))
    return "\n".join(lines) + "\n"
