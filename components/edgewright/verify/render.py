"""A report for people (text), for a pull request (markdown) and for programs (json)."""

import json
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from edgewright.contract.tiers import HITS
from edgewright.verify.report import Breakdown, Latency, Report, Verdict

_NAMES = {
    "p50_ms": "p50 latency",
    "p95_ms": "p95 latency",
    "p99_ms": "p99 latency",
    "hit_ratio": "hit ratio",
    "origin_reduction": "origin reduction",
    "error_rate": "error rate",
    "failover_success": "failover success",
}
_BUSY_LAG_MS = 5.0
"""On an idle machine the generator's timers are 1 to 2 ms late."""
_STATES = {"pass": ("pass", "green"), "breach": ("BREACH", "red"), "no-evidence": ("NO EVIDENCE", "yellow")}
_RESULTS = {0: "pass", 1: "an objective is breached", 3: "evidence is missing"}


def as_json(report: Report) -> str:
    """Return the report as JSON, schema `edgewright.verify/1`."""
    return json.dumps(report.model_dump(mode="json", by_alias=True), indent=2, ensure_ascii=False) + "\n"


# --- numbers ---------------------------------------------------------------------------------------------------------


def _ms(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f} ms" if value < 1000 else f"{value / 1000:.2f} s"


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value * 100:.2f} %"


def _number(name: str, value: float | None) -> str:
    return _ms(value) if name.endswith("_ms") else _percent(value)


def _limit(verdict: Verdict) -> str:
    sign = "<=" if verdict.better == "lower" else ">="
    value = verdict.objective if verdict.name.endswith("_ms") else verdict.objective * 100
    return f"{sign} {value:g}{' ms' if verdict.name.endswith('_ms') else ' %'}"


def _rows_of_objectives(report: Report) -> list[tuple[str, str, str, str]]:
    return [
        (_NAMES[item.name], _limit(item), _number(item.name, item.measured), _STATES[item.state][0])
        for item in report.objectives
    ]


def _latency_row(name: str, times: Latency) -> tuple[str, ...]:
    return (name, _ms(times.p50), _ms(times.p95), _ms(times.p99), _ms(times.max))


def _breakdown_row(name: str, part: Breakdown) -> tuple[str, ...]:
    return (
        name,
        str(part.requests),
        str(part.errors),
        _percent(part.hit_ratio),
        _ms(part.p50_ms),
        _ms(part.p95_ms),
    )


_BREAKDOWN_HEADINGS = ("requests", "errors", "hit ratio", "p50", "p95")


def _latency_rows(report: Report) -> list[tuple[str, ...]]:
    return [
        _latency_row("since due", report.latency),
        _latency_row("since sent", report.service_time),
        _latency_row("generator's lag", report.lag),
    ]


def _facts(report: Report) -> list[str]:
    """Return what is told in a line each: tiers, origins, errors, failover."""
    lines = []
    cache = report.cache
    if cache.answers:
        order = [*HITS, "miss", "bypass", "unknown"]
        tiers = ", ".join(
            f"{tier} {_percent(cache.tiers[tier] / cache.answers)}" for tier in order if cache.tiers.get(tier)
        )
        lines.append(f"cache: {cache.hits} of {cache.answers} cacheable answers were hits ({tiers})")
    if report.origins is not None:
        counted = "counted by the gateway" if report.origins.source == "gateway" else "told by the answers' headers"
        by_origin = ", ".join(f"{url} {count}" for url, count in report.origins.by_origin.items())
        each = f": {by_origin}" if by_origin else ""
        lines.append(f"origins: {report.origins.requests} requests ({counted}{each})")
    errors = report.errors
    kinds = ", ".join(f"{kind} {count}" for kind, count in errors.kinds.items())
    lines.append(f"errors: {errors.count} of {report.sent}" + (f" ({kinds})" if kinds else ""))
    lines += [f"  {example}" for example in errors.examples]
    lines += [f"not asked: {line}" for line in report.left_out]
    if report.lag.p95 is not None and report.lag.p95 > _BUSY_LAG_MS:
        lines.append(
            f"note: the load generator itself was late (p95 {_ms(report.lag.p95)}), so this machine is busy with other"
            " work, and latency is told too high"
        )
    if report.failover is not None:
        tried = report.failover
        others = ", ".join(f"{region} {count}" for region, count in tried.other_regions.items()) or "none"
        back = (
            f"used again after {tried.recovered_s:.1f} s" if tried.recovered_s is not None else "not used again in time"
        )
        lines.append(
            f"failover: with {tried.region} down, {_percent(tried.success)} of {tried.requests - tried.from_cache}"
            f" were answered by another region ({others}), p95 {_ms(tried.p95_ms)}; {tried.region} {back}"
        )
    return lines


def _headline(report: Report) -> str:
    rate = f"{report.achieved_rate:.0f}" if report.achieved_rate is not None else "-"
    stack = f"{report.stack} at " if report.stack else ""
    return (
        f"{stack}{report.url}: {report.sent} requests in {report.duration_s:.1f} s"
        f" ({rate} of {report.rate:g} a second), seed {report.seed}"
    )


# --- text ------------------------------------------------------------------------------------------------------------


def result(report: Report) -> str:
    """Return how it ended, in words."""
    return _RESULTS[report.exit_code]


def print_text(report: Report, console: Console, *, verdict: bool = True) -> None:
    """Print the report as tables; without its `verdict` where a command of more parts gives one of all of them."""
    console.print(Text(_headline(report)), soft_wrap=True)
    console.print()
    console.print(_table(("latency", "p50", "p95", "p99", "max"), _latency_rows(report)))
    console.print()
    for title, parts in (("continent", report.by_continent), ("endpoint", report.by_endpoint)):
        if not parts:
            continue
        rows = [_breakdown_row(name, part) for name, part in parts.items()]
        console.print(_table((title, *_BREAKDOWN_HEADINGS), rows))
        console.print()
    for line in _facts(report):
        console.print(Text(line), soft_wrap=True)
    console.print()
    console.print(_objectives_table(report))
    for line in report.missing_evidence:
        console.print(Text(f"evidence is missing: {line}", style="yellow"), soft_wrap=True)
    if verdict:
        console.print(Text(f"result: {result(report)} (exit {report.exit_code})"))


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for index, heading in enumerate(headings):
        table.add_column(heading, justify="right" if index else "left", overflow="fold" if index == 0 else "ellipsis")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    return table


def _objectives_table(report: Report) -> Table:
    table = _table(("objective", "wanted", "measured", ""), ())
    styles = dict(_STATES.values())
    for name, wanted, got, state in _rows_of_objectives(report):
        table.add_row(Text(name), Text(wanted), Text(got), Text(state, style=styles[state]))
    return table


# --- markdown --------------------------------------------------------------------------------------------------------


def as_markdown(report: Report) -> str:
    """Return the report as GitHub-flavoured Markdown of the size of a pull request comment."""
    lines = [f"### edgewright verify: {_RESULTS[report.exit_code]}", "", _escape(_headline(report)), ""]
    lines += _markdown_table(("objective", "wanted", "measured", "result"), _rows_of_objectives(report))
    lines += [f"- **evidence is missing**: {_escape(line)}" for line in report.missing_evidence]
    if report.missing_evidence:
        lines.append("")
    lines += [f"- {_escape(line.strip())}" for line in _facts(report)]
    lines += ["", "<details><summary>Latency, continents, endpoints</summary>", ""]
    lines += _markdown_table(("latency", "p50", "p95", "p99", "max"), _latency_rows(report))
    for title, parts in (("continent", report.by_continent), ("endpoint", report.by_endpoint)):
        if not parts:
            continue
        rows = [_breakdown_row(name, part) for name, part in parts.items()]
        lines += _markdown_table((title, *_BREAKDOWN_HEADINGS), rows)
    lines.append("</details>")
    return "\n".join(lines) + "\n"


def _markdown_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = ["| " + " | ".join(headings) + " |", "| --- |" + " ---: |" * (len(headings) - 1)]
    lines += ["| " + " | ".join(_escape(cell) for cell in row) + " |" for row in rows]
    return [*lines, ""]


_SPECIAL = str.maketrans({character: f"\\{character}" for character in "\\`*_{}[]<>|#"})


def _escape(text: str) -> str:
    """Return text that Markdown shows as it is, on one line: a path or an error is not ours to trust."""
    return text.replace("\n", " ").replace("\r", " ").translate(_SPECIAL)
