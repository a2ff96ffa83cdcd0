"""Reports for people, pull requests and programs."""

import io
import re

import pytest
from edgewright.config.models import Objectives, PathMix, Traffic
from edgewright.verify import Report, Target, replay
from edgewright.verify.render import as_markdown, print_text
from rich.console import Console

from tests.verify.edge import caching, serve


@pytest.fixture(scope="module")
def report() -> Report:
    mix = (PathMix(path="/api/products/{n}", objects=5), PathMix(path="/odd|path`x", expect=(404,)))
    with serve(caching) as edge:
        traffic = Traffic(requests=40, rate=1000, warm_up=0, mix=mix)
        return replay(Target(edge.url, "local", counters=edge), traffic, Objectives(p50_ms=5000))


def text(report: Report, width: int = 100) -> str:
    stream = io.StringIO()
    print_text(report, Console(file=stream, width=width))
    return stream.getvalue()


def test_text_has_the_objectives_and_no_escapes_without_a_terminal(report: Report) -> None:
    shown = text(report)
    assert "\x1b" not in shown
    assert re.search(r"hit ratio +>= 90 % +[\d.]+ % +(pass|BREACH)", shown)
    assert re.search(r"error rate +<= 0.1 % +[\d.]+ % +BREACH", shown)
    assert "status 200" in shown
    assert "result: an objective is breached (exit 1)" in shown
    assert max(len(line) for line in text(report, width=60).splitlines() if "|" not in line and ":" not in line) <= 60


def test_markdown_is_one_comment_with_whole_tables(report: Report) -> None:
    shown = as_markdown(report)
    assert shown.startswith("### edgewright verify: an objective is breached\n")
    assert len(shown) < 65_536  # what GitHub takes
    width = 0
    for line in shown.splitlines():
        if not line.startswith("|"):
            width = 0
            continue
        cells = len(re.findall(r"(?<!\\)\|", line))
        assert width in (0, cells), line
        width = cells
    assert "/odd\\|path\\`x" in shown


def test_a_busy_machine_is_said(report: Report) -> None:
    for p95, said in ((1.5, False), (30.0, True)):
        busy = report.model_copy(update={"lag": report.lag.model_copy(update={"p95": p95})})
        assert ("this machine is busy" in text(busy)) is said
        assert ("this machine is busy" in as_markdown(busy)) is said


def test_missing_evidence_is_said_in_each_format(report: Report) -> None:
    missing = report.model_copy(update={"missing_evidence": ["the gateway is gone"], "exit_code": 3})
    assert "evidence is missing: the gateway is gone" in text(missing)
    assert "result: evidence is missing (exit 3)" in text(missing)
    assert "**evidence is missing**: the gateway is gone" in as_markdown(missing)
