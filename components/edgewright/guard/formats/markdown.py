"""Markdown, for a comment on a pull request (64 KB at most) or a job's summary (1 MB at most)."""

import re
from collections.abc import Iterator, Sequence

from edgewright.base import foreign
from edgewright.guard.findings import Finding
from edgewright.guard.formats.text import skipped_line, summary, suppressed_line
from edgewright.guard.gate import Unjudged, Verdict

COMMENT_BYTES = 65_536
SUMMARY_BYTES = 1024 * 1024
LEAST_BYTES = 2048
"""Less than this is of no use for one stack's findings."""


def marker(verdict: Verdict) -> str:
    """Return the hidden line by which the comment of this stack is found again and edited."""
    name = re.sub(r"[^A-Za-z0-9_.-]", "-", f"{verdict.evaluation.project}.{verdict.evaluation.stack}")
    return f"<!-- edgewright-check {name} -->"


def code(text: str) -> str:
    """Return a text as a code span: nothing in it is markup, a mention or a link."""
    text = foreign.lines(" ".join(text.split())).replace("|", "&#124;")
    if "&#124;" in text:
        escaped = text.replace("<", "&lt;").replace(">", "&gt;")
        return f"<code>{escaped}</code>"
    fence = "`" * (max((len(run) for run in re.findall(r"`+", text)), default=0) + 1)
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{pad}{text}{pad}{fence}" if text else ""


_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "@": "@\u200b", **{each: f"\\{each}" for each in "\\`*_{}[]#|~"}}


def plain(text: str) -> str:
    """Return a text with everything escaped that Markdown or HTML would take for itself, but code spans kept."""
    parts = re.split(r"(`[^`]*`)", foreign.lines(" ".join(text.split())))
    return "".join(
        code(part[1:-1]) if index % 2 else "".join(_ESCAPES.get(each, each) for each in part)
        for index, part in enumerate(parts)
    )


def _row(finding: Finding, fails: bool) -> str:
    where = code(finding.resource) if finding.resource else "the stack"
    source = f"<br>{code(str(finding.source))}" if finding.source else ""
    policy = f"[{finding.policy}]({finding.url})"
    mark = "**fails**" if fails else finding.level
    return (
        f"| {finding.severity} | {mark} | {policy} {finding.id} | {where}{source} |"
        f" {plain(finding.what)}: {code(finding.value)}; allowed: {plain(finding.allowed)} |\n"
    )


def _remedies(findings: Sequence[Finding]) -> Iterator[str]:
    seen: dict[tuple[str, str], None] = {}
    for each in findings:
        seen.setdefault((each.policy, each.remediation))
    for policy, remedy in seen:
        yield f"- {code(policy)}: {plain(remedy)}\n"


def _fit(parts: Sequence[str], room: int) -> int:
    """Return how many of the parts fit into so many bytes."""
    used = 0
    for index, part in enumerate(parts):
        used += len(part.encode("utf-8", "replace"))
        if used > room:
            return index
    return len(parts)


def render(*judged: Verdict | Unjudged, most: int = COMMENT_BYTES) -> str:
    """Return the report as Markdown of at most so many bytes. What does not fit is counted, never cut in the middle.

    Of several stacks there is a table first, and then the findings of each, those that fail first.
    """
    if len(judged) == 1 and isinstance(judged[0], Verdict):
        return _stack(judged[0], most)
    project = next((_names(each)[0] for each in judged), "")
    failed = sum(not isinstance(each, Verdict) or not each.passed for each in judged)
    outcome = f"{failed} of {len(judged)} stacks failed" if failed else "passed"
    text = f"<!-- edgewright-check -->\n### edgewright check: {plain(project)[:200]} {outcome}\n\n"
    order = sorted(judged, key=lambda each: (isinstance(each, Verdict), isinstance(each, Verdict) and each.passed))
    table = "| stack | result | mandatory | advisory | set aside |\n| --- | --- | --- | --- | --- |\n"
    rows = [_overview(each) for each in order]
    kept = _fit(rows, most // 2)
    text += table + "".join(rows[:kept])
    if kept < len(rows):
        text += f"| _{len(rows) - kept} more stacks_ | | | | |\n"
    text += "\n"
    worth = [
        each for each in order if isinstance(each, Unjudged) or each.evaluation.findings or each.evaluation.warnings
    ]
    for index, each in enumerate(worth):
        left = len(worth) - index
        room = most - _size(text) - 256
        share = room // left
        if share < LEAST_BYTES and room >= LEAST_BYTES:
            share = LEAST_BYTES
        if share < LEAST_BYTES:
            text += f"_The findings of {left} more stacks do not fit: run `edgewright check STACK` to see them._\n"
            break
        text += _faults(each, share) if isinstance(each, Unjudged) else _stack(each, share)
    return text


def _names(judged: Verdict | Unjudged) -> tuple[str, str]:
    about = judged if isinstance(judged, Unjudged) else judged.evaluation
    return about.project, about.stack


def _overview(judged: Verdict | Unjudged) -> str:
    if isinstance(judged, Unjudged):
        return f"| {code(judged.stack)} | **could not be checked** | | | |\n"
    evaluation = judged.evaluation
    counts = (len(evaluation.of_level("mandatory")), len(evaluation.of_level("advisory")), len(evaluation.suppressed))
    result = "passed" if judged.passed else "**failed**"
    return f"| {code(evaluation.stack)} | {result} | {' | '.join(f'{count:,}' for count in counts)} |\n"


def _faults(judged: Unjudged, most: int) -> str:
    head = f"### edgewright check: {plain(judged.stack)[:200]} could not be checked\n\n"
    lines = [f"- {plain(str(each))}\n" for each in judged.faults]
    kept = _fit(lines, most - _size(head) - 64)
    more = f"- _{len(lines) - kept} more_\n" if kept < len(lines) else ""
    return head + "".join(lines[:kept]) + more + "\n"


def _size(text: str) -> int:
    return len(text.encode("utf-8", "replace"))


def _stack(verdict: Verdict, most: int) -> str:
    evaluation = verdict.evaluation
    title = "passed" if verdict.passed else "failed"
    head = (
        f"{marker(verdict)}\n### edgewright check: {plain(evaluation.project)}/{plain(evaluation.stack)} {title}\n\n"
        f"{plain(summary(verdict))}\n\n"
    )
    lines = [line for line in (skipped_line(verdict), suppressed_line(verdict)) if line]
    tail = "".join(f"{plain(line)}\n\n" for line in lines)
    warnings = [f"> {plain(each)}\n\n" for each in evaluation.warnings]
    size = _size
    note = "\n_{count} more {name}: run `edgewright check` to see all of them._\n\n"
    room = most - size(head) - 512
    if size(tail) > room // 4:
        tail = f"{sum(evaluation.skipped.values())} judgements skipped; {len(evaluation.suppressed)} findings set aside.\n\n"
    room -= size(tail)
    body = ""
    findings = evaluation.findings
    if findings:
        table = "| severity | level | policy | resource | found |\n| --- | --- | --- | --- | --- |\n"
        rows = [_row(each, each.fingerprint in verdict.failing) for each in findings]
        kept = _fit(rows, room - size(table))
        body = table + "".join(rows[:kept]) + "\n"
        if kept < len(rows):
            body += note.format(count=len(rows) - kept, name="findings")
        room -= size(body)
        opening, closing = "<details><summary>What to do</summary>\n\n", "\n</details>\n\n"
        remedies = list(_remedies(findings[:kept]))
        fitting = _fit(remedies, room - size(opening) - size(closing))
        if fitting:
            body += opening + "".join(remedies[:fitting]) + closing
            room -= size(opening) + size(closing) + sum(map(size, remedies[:fitting]))
    kept = _fit(warnings, room)
    text = head + body + "".join(warnings[:kept]) + tail
    return text.encode("utf-8", "replace").decode("utf-8")
