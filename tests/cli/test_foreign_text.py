"""What comes from elsewhere is shown by a command, and never run by the terminal or by GitHub's runner that reads it."""

import io
import json
from pathlib import Path

import pytest
from edgewright.base import foreign
from edgewright.base.fault import ProjectFault
from edgewright.base.fault_codes import Code
from edgewright.base.project import Project
from edgewright.cli import _exit, dev
from edgewright.guard.formats import FORMATS
from edgewright.guard.gate import Gate, Unjudged, judge
from edgewright.local.session import StateDir
from edgewright.local.told import LogEntry
from rich.markup import escape
from rich.table import Table

from tests.cli.conftest import Edgewright
from tests.guard.samples import evaluation, finding
from tests.projects import worker_project

ATTACKS = {
    "clear the screen": "\x1b[2J\x1b[H",
    "write the clipboard": "\x1b]52;c;ZXZpbA==\x07",
    "name a link otherwise": "\x1b]8;;https://evil.test\x1b\\here\x1b]8;;\x1b\\",
    "CSI of one byte": "\x9b2J",
    "OSC of one byte": "\x9d52;c;ZXZpbA==\x9c",
    "a line of its own": "x\n12:00:00.000 all is well",
    "over the line": "bad\rgood",
    "back": "bad\b\b\bgood",
    "a line of Unicode": "x\u2028all is well",
    "next line": "x\x85all is well",
    "right to left": "\u202etxt.exe\u202c",
    "isolates": "\u2066admin\u2069",
    "delete": "a\x7fb",
    "nothing": "a\x00b",
    "tags": "a\U000e0041b",
    "a workflow's command": "\n::add-mask::x",
    "an indented command": "\n   ::error::x",
    "an older command": "\n##[error]x",
}
RUN = [
    *map(chr, (*range(9), *range(11, 32), *range(127, 160), 0x61C, 0x200E, 0x200F, 0x2028, 0x2029, 0xE0041)),
    *map(chr, (*range(0x202A, 0x202F), *range(0x2066, 0x206A))),
]


def harmless(text: str) -> None:
    assert not [each for each in RUN if each in text], repr(text)


@pytest.fixture(params=list(ATTACKS.values()), ids=list(ATTACKS))
def attack(request: pytest.FixtureRequest) -> str:
    text: str = request.param
    return text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain, größe, 日本, 👩‍🚀", "plain, größe, 日本, 👩‍🚀"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("a\nb\r\tc", "a\\nb\\r\\tc"),
        ("\x9b\x7f\u202e\u2028", "\\x9b\\x7f\\u202e\\u2028"),
        ("\ud800\U000e0041", "\\ud800\\U000e0041"),
        ("a\\nb", "a\\nb"),
    ],
)
def test_each_character_that_would_act_is_written_out(text: str, shown: str) -> None:
    assert foreign.one_line(text) == shown


def test_json_says_the_same_after_it() -> None:
    document = {"text": "".join(ATTACKS.values())}
    shown = foreign.in_json(json.dumps(document, ensure_ascii=False, indent=2))
    harmless(shown)
    assert json.loads(shown) == document


def test_logs_show_and_do_not_run(edgewright: Edgewright, tmp_path: Path, attack: str) -> None:
    project = worker_project(tmp_path)
    state = StateDir(Project.load(project), "local")
    (state.path / "logs").mkdir(parents=True)
    entries = [
        {"time": "2026-11-29T12:00:00.000Z", "level": "warn", "worker": f"w{attack}", "message": f"said {attack}"},
        {
            "time": "2026-11-29T12:00:00.000Z",
            "level": "info",
            "method": "GET",
            "url": f"/{attack}",
            "status": 200,
            "ms": 1,
        },
        {"time": f"2026-11-29T{attack}", "level": attack, "message": "odd"},
    ]
    lines = [json.dumps(entry, ensure_ascii=False) for entry in entries]
    # A line that is no entry, and a service's.
    torn = attack.replace("\n", "")
    state.gateway_log.write_text("\n".join([*lines, torn, "7"]) + "\n", encoding="utf-8")
    (state.path / "logs" / "service-origin.log").write_text(f"torn {torn}\n", encoding="utf-8")
    outcome = edgewright("logs", cwd=project)
    assert (outcome.code, outcome.err) == (0, "")
    harmless(outcome.out)
    assert len(outcome.out.splitlines()) == 6
    as_json = edgewright("logs", "--json", cwd=project)
    harmless(as_json.out)
    assert [json.loads(line) for line in as_json.out.split("\n")[:3]] == entries


@pytest.mark.parametrize("format_", FORMATS)
def test_reports_show_and_do_not_run(
    edgewright: Edgewright, monkeypatch: pytest.MonkeyPatch, attack: str, format_: str
) -> None:
    from edgewright.cli.check import _shown

    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    sample = finding(what=f"w{attack}", value=attack, allowed=f"a{attack}", remediation=attack, resource=f"r{attack}")
    verdict = judge(evaluation(sample, warnings=(f"x{attack}",), project=f"p{attack}"), Gate())
    text = _shown(format_, FORMATS[format_](verdict, Unjudged("p", "s", (ProjectFault(f"f{attack}", Code.PROGRAM),))))
    harmless(text)
    commands = [line for line in text.split("\n") if line.strip().startswith(("::", "##["))]
    assert len(commands) == (3 if format_ == "github" else 0), commands


def test_errors_show_and_do_not_run(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, attack: str
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    _exit.say_error(f"said {attack}")
    _exit._say_faults([f"first {attack}", f"x\n{attack}"])
    said = capsys.readouterr().err
    harmless(said)
    assert not [line for line in said.split("\n") if line.strip().startswith(("::", "##["))]


def test_a_message_in_dev_is_one_with_its_frames_behind_it(attack: str) -> None:
    entry: LogEntry = {
        "seq": 1,
        "time": "2026-11-29T12:00:00Z",
        "level": "error",
        "source": "worker",
        "worker": f"w{attack}",
        "message": f"said {attack}",
    }
    first, *rest = dev._shown(entry).split("\n")
    harmless(first + "".join(rest))
    assert "error in w" in first
    assert all(line.startswith("    ") for line in rest)


def test_no_renderable_gives_a_terminal_commands(monkeypatch: pytest.MonkeyPatch, attack: str) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    table = Table("heading")
    table.add_row(escape(attack))
    for thing in (table, escape(attack), f"[red]{escape(attack)}[/]"):
        file = io.StringIO()
        foreign.SafeConsole(file=file, width=200, no_color=True, force_terminal=False).print(thing)
        harmless(file.getvalue())
