"""GitHub's workflow commands: annotations on the lines of a pull request."""

from collections import Counter

from edgewright.base import foreign
from edgewright.guard.formats.text import summary
from edgewright.guard.gate import Unjudged, Verdict

MOST_A_STEP = 10
"""GitHub shows so many errors, so many warnings and so many notices of one step, and drops the others unsaid."""
_MOST = 4096


def _data(text: str) -> str:
    return foreign.lines(text.replace("\r\n", "\n")).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


class _Step:
    """What one step says: annotations as far as GitHub shows them, and plain lines for the log."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.given: Counter[str] = Counter()
        self.left: Counter[str] = Counter()

    def annotate(self, command: str, message: str, place: tuple[str, int] | None = None, title: str = "") -> None:
        if self.given[command] == MOST_A_STEP:
            self.left[command] += 1
            where = f"{place[0]}:{place[1]}: " if place else ""
            self.log(f"{command}: {where}{title}: {message}")
            return
        self.given[command] += 1
        properties = [f"title={_property(title)}"]
        if place:
            properties = [f"file={_property(place[0])}", f"line={place[1]}", *properties]
        self.lines.append(f"::{command} {','.join(properties)}::{_data(message[:_MOST])}")

    def log(self, text: str) -> None:
        """Add a line to the log, and to nothing else: the runner takes what begins with `::` for a command."""
        line = _data(text).lstrip()
        self.lines.append(foreign.apart(line))


def render(*judged: Verdict | Unjudged) -> str:
    """Return one annotation a finding: `error` for what fails, `warning` for the other mandatory ones, `notice`.

    What GitHub would not show as annotation is a line of the log, worst first.
    """
    step = _Step()
    verdicts = [each for each in judged if isinstance(each, Verdict)]
    for unjudged in judged:
        if isinstance(unjudged, Unjudged):
            for fault in unjudged.faults:
                step.annotate("error", str(fault), title=f"{unjudged.stack} could not be checked")
    several = len(judged) > 1
    for verdict in verdicts:
        for each in verdict.evaluation.findings:
            fails = each.fingerprint in verdict.failing
            command = "error" if fails else "warning" if each.level == "mandatory" else "notice"
            where = f"{each.resource}: " if each.resource else ""
            stack = f"{verdict.evaluation.stack}: " if several else ""
            place = (each.source.file, each.source.line) if each.source else None
            step.annotate(command, stack + where + each.message, place, f"{each.policy} ({each.severity})")
    for verdict in verdicts:
        for warning in verdict.evaluation.warnings:
            step.annotate("warning", warning, title="edgewright")
    if step.left:
        left = ", ".join(f"{count} {command}s" for command, count in step.left.items())
        step.log(f"GitHub shows {MOST_A_STEP} annotations of a kind; above in this log only: {left}")
    for verdict in verdicts:
        step.log(summary(verdict))
    return "\n".join(step.lines) + "\n"
