"""For a terminal, or a log."""

from collections.abc import Iterator

from rich.text import Text

from edgewright.base.foreign import lines, one_line
from edgewright.guard.findings import Finding
from edgewright.guard.gate import Unjudged, Verdict

_STYLES = {"critical": "bold red", "high": "red", "medium": "yellow", "low": "cyan"}
_WIDTH = 10


def _plural(count: int, one: str, many: str | None = None) -> str:
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def summary(verdict: Verdict) -> str:
    """Return the verdict in one line."""
    evaluation = verdict.evaluation
    judged = (
        f"{_plural(evaluation.policies, 'policy', 'policies')} over {_plural(evaluation.resources, 'resource')}"
        f" of {one_line(evaluation.project)}/{one_line(evaluation.stack)}"
    )
    if not evaluation.findings:
        return f"{judged}: no findings"
    mandatory, advisory = len(evaluation.of_level("mandatory")), len(evaluation.of_level("advisory"))
    outcome = "passed" if verdict.passed else f"failed by {_plural(len(verdict.failing), 'finding')}"
    return f"{judged}: {mandatory} mandatory, {advisory} advisory; {outcome}"


def skipped_line(verdict: Verdict) -> str | None:
    """Return what could not be judged, in one line."""
    skipped = verdict.evaluation.skipped
    if not skipped:
        return None
    names = ", ".join(f"{name} {count}" for name, count in skipped.items())
    return f"skipped, for values that are not known before the update: {sum(skipped.values())} ({names})"


def suppressed_line(verdict: Verdict) -> str | None:
    """Return what somebody answered for, in one line."""
    suppressed = verdict.evaluation.suppressed
    if not suppressed:
        return None
    by = {kind: sum(each.by == kind for each in suppressed) for kind in ("ignore", "baseline")}
    return "set aside: " + ", ".join(f"{count} by {kind}" for kind, count in by.items() if count)


def _rows(finding: Finding) -> Iterator[tuple[str, str]]:
    if finding.resource is not None:
        yield "resource", f"{finding.resource} ({finding.resource_type})"
    if finding.source is not None:
        yield "declared", str(finding.source)
    yield "found", f"{finding.what}: {finding.value}"
    yield "allowed", finding.allowed
    yield "do", finding.remediation
    yield "see", finding.url


def document(verdict: Verdict) -> Text:
    """Return the report, styled."""
    text = Text()
    for finding in verdict.evaluation.findings:
        style = _STYLES[finding.severity]
        text.append(f"{finding.severity.upper()} ", style=style)
        text.append(f"{finding.level} ")
        text.append(f"{finding.policy} {finding.id}\n", style="bold")
        text.append(f"  {one_line(finding.title)}\n")
        for label, value in _rows(finding):
            text.append(f"  {label:<{_WIDTH}}", style="dim")
            text.append(f"{one_line(value)}\n")
        text.append("\n")
    for warning in verdict.evaluation.warnings:
        text.append("warning: ", style="yellow")
        text.append(f"{one_line(warning)}\n")
    for line in (skipped_line(verdict), suppressed_line(verdict)):
        if line:
            text.append(f"{line}\n", style="dim")
    text.append(f"{summary(verdict)}\n", style="green" if verdict.passed else "bold red")
    return text


def render(*judged: Verdict | Unjudged) -> str:
    """Return the report as plain text, a stack after the other."""
    parts = []
    for each in judged:
        if isinstance(each, Unjudged):
            parts.append(
                f"{one_line(each.project)}/{one_line(each.stack)} could not be checked\n"
                + "".join(f"  {lines(str(f))}\n" for f in each.faults)
            )
        else:
            parts.append(document(each).plain)
    return "\n".join(parts)
