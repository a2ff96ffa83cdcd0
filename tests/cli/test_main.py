"""The command as a whole: help, usage, exit codes, defects of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from edgewright import __version__
from edgewright.assemble import runtime
from edgewright.base.project import Project
from edgewright.cli import _console, main
from edgewright.cli._exit import Exit
from edgewright.local.session import ProcessId, Session, StateDir

from tests.cli.conftest import COMMAND, Edgewright
from tests.projects import make_project


def test_version(edgewright: Edgewright, tmp_path: Path) -> None:
    assert edgewright("--version", cwd=tmp_path).out == f"edgewright {__version__}\n"


@pytest.mark.parametrize("command", main.COMMANDS)
def test_help_has_examples(edgewright: Edgewright, tmp_path: Path, command: str) -> None:
    outcome = edgewright(command, "--help", cwd=tmp_path)
    assert outcome.code == 0
    assert "Example" in outcome.out
    assert f"edgewright {command}" in outcome.out


def test_the_help_names_every_command(edgewright: Edgewright, tmp_path: Path) -> None:
    outcome = edgewright("--help", cwd=tmp_path)
    assert outcome.code == 0
    assert all(command in outcome.out for command in main.COMMANDS)
    assert "Exit codes" in outcome.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["frob"], "No such command 'frob'"),
        (["dev", "--prot", "1"], "--prot"),
        (["dev", "--port", "99999"], "--port"),
        (["dev", "--port", "x"], "--port"),
        (["-C", "/no/such/folder", "status"], "/no/such/folder"),
    ],
)
def test_usage_is_exit_2(edgewright: Edgewright, tmp_path: Path, arguments: list[str], message: str) -> None:
    outcome = edgewright(*arguments, cwd=tmp_path)
    assert outcome.code == Exit.USAGE
    assert message in outcome.err


def test_report_is_of_the_stack_local_unless_told_otherwise(edgewright: Edgewright, tmp_path: Path) -> None:
    make_project(tmp_path, "", stack="local")
    outcome = edgewright("report", cwd=tmp_path)
    assert (outcome.code, outcome.out) == (Exit.PASS, "the stack local has no function at CloudFront's edge\n")


def test_a_folder_without_a_project(edgewright: Edgewright, tmp_path: Path) -> None:
    for arguments in (["up"], ["dev"], ["down"], ["status"], ["logs"], ["schema"]):
        outcome = edgewright(*arguments, cwd=tmp_path)
        assert outcome.code == Exit.USAGE
        assert "no Pulumi.yaml here or in a folder above" in outcome.err


def test_cwd_names_the_project(edgewright: Edgewright, tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: x\nruntime: python\n")
    (tmp_path / "__main__.py").write_text("")
    outcome = edgewright("-C", str(tmp_path), "status", cwd=Path("/"))
    assert (outcome.code, outcome.out) == (0, "nothing runs\n")


def test_a_defect_is_a_short_message_and_a_log_file(
    edgewright: Edgewright, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(runtime.CACHE_VARIABLE, str(tmp_path / "cache"))

    def broken(_project: object) -> object:
        raise ZeroDivisionError("a defect")

    monkeypatch.setattr("edgewright.cli.status.sessions", broken)
    (tmp_path / "Pulumi.yaml").write_text("name: x\nruntime: python\n")
    (tmp_path / "__main__.py").write_text("")
    outcome = edgewright("status", cwd=tmp_path)
    assert outcome.code == Exit.FAILED
    assert "edgewright failed unexpectedly: ZeroDivisionError: a defect" in outcome.err
    assert "Traceback" not in outcome.err
    (log,) = (tmp_path / "cache" / "errors").iterdir()
    assert str(log) in outcome.err.replace("\n", "")
    assert "Traceback" in log.read_text()


@pytest.mark.parametrize("more", [{}, {"CI": "true", "GITHUB_ACTIONS": "true"}, {"TERM": "xterm-256color"}])
def test_output_is_plain_without_a_terminal(tmp_path: Path, more: dict[str, str]) -> None:
    environment = {**os.environ, **more}
    done = subprocess.run(
        [*COMMAND, "status"], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert "\x1b" not in done.stdout + done.stderr
    assert done.returncode == 2


def test_a_reader_that_leaves_is_no_failure(tmp_path: Path) -> None:
    first = subprocess.Popen([*COMMAND, "--help"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=tmp_path)
    assert first.stdout is not None
    first.stdout.close()
    assert first.stderr is not None
    said = first.stderr.read()
    first.stderr.close()
    first.wait()
    assert b"Traceback" not in said


def test_starting_the_command_imports_no_sdk() -> None:
    check = "import sys, edgewright.cli.main; print([m for m in ('pulumi', 'pulumi_cloudflare', 'grpc') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_status_and_down_agree_about_what_a_crash_left(edgewright: Edgewright, tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: x\nruntime: python\n")
    (tmp_path / "__main__.py").write_text("")
    (tmp_path / "Pulumi.local.yaml").write_text("config: {}\n")
    state = StateDir(Project.load(tmp_path), "local")
    state.create()
    gone = ProcessId(2**22 - 1, 0.0)
    state.write(Session("local", str(tmp_path), gone, gone, {"gateway": gone}, 8787, 8788, "t", watching=False))
    assert "local stopped unexpectedly (edgewright down cleans up)" in edgewright("status", cwd=tmp_path).out
    assert edgewright("down", cwd=tmp_path).out == "cleaned up local, which had stopped unexpectedly\n"
    assert edgewright("status", cwd=tmp_path).out == "nothing runs\n"
    assert edgewright("down", cwd=tmp_path).out == "nothing runs\n"


@pytest.mark.parametrize(
    ("main", "code", "said"),
    [
        ("import os\nos._exit(3)\n", Exit.USAGE, "the program ended its own process with status 3"),
        (
            "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n",
            Exit.FAILED,
            "the program's process was killed by SIGKILL before its end",
        ),
    ],
)
def test_a_program_that_dies_is_no_defect_of_edgewright(
    edgewright: Edgewright, tmp_path: Path, main: str, code: Exit, said: str
) -> None:
    outcome = edgewright("check", "local", cwd=make_project(tmp_path, main))
    assert outcome.code == code
    assert f"error: {said}" in outcome.err
    assert "defect" not in outcome.err


def test_a_users_own_text_is_printed_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    _console.results().print("seed.session:abc: is taken", markup=False)
    assert capsys.readouterr().out == "seed.session:abc: is taken\n"
