"""GitHub's workflows: pinned, linted, and their scripts run against a stand-in for the commands they call."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

FOLDER = Path(__file__).parents[2] / ".github" / "workflows"
FILES = sorted(FOLDER.glob("*.yml"))


def _steps(file: Path) -> list[tuple[str, dict[str, Any]]]:
    jobs = yaml.safe_load(file.read_text(encoding="utf-8"))["jobs"]
    return [(f"{file.name} {job}", step) for job, each in jobs.items() for step in each.get("steps", ())]


STEPS = [each for file in FILES for each in _steps(file)]
SCRIPTS: dict[str, str] = {
    f"{where} {step.get('name', step['run'].splitlines()[0])}": step["run"] for where, step in STEPS if "run" in step
}


@pytest.mark.parametrize("file", FILES, ids=lambda each: each.name)
def test_actions_are_pinned_by_digest_and_say_their_version(file: Path) -> None:
    for line in re.findall(r"uses: .*", file.read_text(encoding="utf-8")):
        assert re.fullmatch(
            r"uses: [\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+|uses: \./\.github/workflows/\w+\.yml|uses: <owner>.*",
            line,
        ), line


@pytest.mark.parametrize("file", FILES, ids=lambda each: each.name)
def test_the_token_may_only_read_unless_a_job_says_more(file: Path) -> None:
    assert yaml.safe_load(file.read_text(encoding="utf-8"))["permissions"] == {"contents": "read"}


@pytest.mark.parametrize("name", sorted(SCRIPTS))
def test_a_script_takes_nothing_from_an_expression_and_parses(name: str) -> None:
    """What an expression puts into a script is run; what it puts into the environment is not."""
    assert "${{" not in SCRIPTS[name]
    subprocess.run(["bash", "-n"], input=SCRIPTS[name], text=True, check=True)


@pytest.mark.skipif(shutil.which("actionlint") is None, reason="actionlint is not on PATH")
def test_actionlint_finds_nothing() -> None:
    done = subprocess.run(["actionlint", *map(str, FILES)], capture_output=True, text=True, check=False)
    assert done.stdout + done.stderr == ""


def _script(name: str) -> str:
    return next(
        script for key, script in SCRIPTS.items() if key.startswith("edgewright.yml") and key.endswith(f" {name}")
    )


class Runner:
    """Runs a step's script as GitHub does, with commands that stand in for the real ones and write down their calls."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bin = folder / "bin"
        self.bin.mkdir()
        self.reports = folder / "reports"
        self.calls = folder / "calls"
        self.calls.touch()
        self.output = folder / "output"
        self.output.touch()

    def command(self, name: str, body: str) -> None:
        path = self.bin / name
        path.write_text(f'#!/usr/bin/env bash\necho "{name} $*" >> "{self.calls}"\n{body}\n')
        path.chmod(0o755)

    def run(self, script: str, **environment: str) -> int:
        values = {
            "PATH": f"{self.bin}{os.pathsep}{os.environ['PATH']}",
            "REPORTS": str(self.reports),
            "GITHUB_OUTPUT": str(self.output),
            "GITHUB_STEP_SUMMARY": str(self.folder / "summary.md"),
            **environment,
        }
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
        return subprocess.run(command, env=values, cwd=self.folder, check=False, timeout=60).returncode


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    return Runner(tmp_path)


@pytest.mark.parametrize(("stacks", "code"), [("good", 0), ("good bad good", 1), ("broken bad", 2), ("bad good", 1)])
def test_every_stack_is_checked_and_the_worst_code_is_kept(runner: Runner, stacks: str, code: int) -> None:
    runner.command("edgewright", 'case "$2" in bad) exit 1;; broken) exit 2;; esac')
    assert runner.run(_script("Check"), STACKS=stacks, OPTIONS="--hard-fail-on high") == 0
    assert runner.output.read_text() == f"code={code}\n"
    calls = runner.calls.read_text().splitlines()
    assert len(calls) == 3 * len(stacks.split())
    assert all(each.endswith("--hard-fail-on high") for each in calls)


@pytest.mark.parametrize(("up", "verify", "code"), [(0, 0, 0), (1, 0, 0), (0, 1, 1), (3, 0, 3)])
def test_the_stack_is_taken_down_whatever_verify_says(runner: Runner, up: int, verify: int, code: int) -> None:
    runner.command("edgewright", f'case "$1" in up) exit {up};; verify) exit {verify};; esac')
    assert runner.run(_script("Verify"), STACK="local") == 0
    assert runner.output.read_text() == f"code={code}\n"
    assert runner.calls.read_text().splitlines()[-1] == "edgewright down local"


@pytest.mark.parametrize(
    ("found", "method"),
    [("", "POST repos/acme/shop/issues/7/comments"), ("41", "PATCH repos/acme/shop/issues/comments/41")],
)
def test_the_one_comment_is_made_and_then_edited(runner: Runner, found: str, method: str) -> None:
    runner.reports.mkdir()
    (runner.reports / "check-dev.md").write_text("<!-- edgewright-check shop.dev -->\nall well\n")
    assert runner.run(_script("Summary")) == 0
    assert (
        (runner.reports / "comment.txt")
        .read_text()
        .startswith("<!-- edgewright -->\n<!-- edgewright-check shop.dev -->")
    )
    runner.command("gh", f'[[ "$*" == *--paginate* ]] && echo "{found}"; exit 0')
    assert runner.run(_script("Comment"), REPOSITORY="acme/shop", NUMBER="7", GH_TOKEN="x") == 0
    asked, sent = runner.calls.read_text().splitlines()[0], runner.calls.read_text().splitlines()[-1]
    assert asked.startswith("gh api --paginate repos/acme/shop/issues/7/comments")
    assert sent.startswith(f"gh api --method {method} --field body=@")


@pytest.mark.parametrize(("check", "verify", "code"), [("0", "0", 0), ("1", "0", 1), ("0", "3", 1)])
def test_the_verdict_fails_the_job(runner: Runner, check: str, verify: str, code: int) -> None:
    assert runner.run(_script("Verdict"), CHECK=check, VERIFY=verify) == code


def test_without_credentials_there_is_no_preview(runner: Runner) -> None:
    assert runner.run(_script("Look for credentials"), PULUMI_ACCESS_TOKEN="") == 0
    assert runner.output.read_text() == ""
    assert "so there is no preview" in (runner.folder / "summary.md").read_text()
    assert runner.run(_script("Look for credentials"), PULUMI_ACCESS_TOKEN="pul-x") == 0
    assert runner.output.read_text() == "there=true\n"
