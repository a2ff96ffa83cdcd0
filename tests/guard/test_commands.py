"""`edgewright check`, `policies` and `limits` as a user runs them, on a project without edgewright components."""

import json
import threading
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import pytest
from edgewright.cli._progress import progress
from edgewright.cli.main import run
from edgewright_policies import POLICIES

PROGRAM = """\
import pulumi_cloudflare as cloudflare

account = "0123456789abcdef0123456789abcdef"
store = cloudflare.WorkersKvNamespace("store", account_id=account, title="shop-dev")
cloudflare.WorkersKv(
    "entry", account_id=account, namespace_id=store.id, key_name="counter:visits", value="0"
)
cloudflare.Worker("api", account_id=account, name="api", observability={"enabled": True})
"""
Shell = Callable[..., tuple[int, str, str]]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    (tmp_path / "Pulumi.dev.yaml").write_text("config: {}\n")
    (tmp_path / "__main__.py").write_text(PROGRAM)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    return tmp_path


@pytest.fixture
def shell(project: Path, capfd: pytest.CaptureFixture[str]) -> Shell:
    def call(*arguments: str) -> tuple[int, str, str]:
        capfd.readouterr()
        code = run(list(arguments))
        streams = capfd.readouterr()
        return code, streams.out, streams.err

    return call


def test_a_hand_written_stack_is_guarded_with_the_line_of_each_resource(shell: Shell) -> None:
    code, out, err = shell("check", "dev")
    assert code == 1, err
    assert "HIGH mandatory kv-security-state EW205\n" in out
    assert "  declared  __main__.py:5\n" in out
    assert "  found     key_name: counter:visits\n" in out
    assert "LOW advisory owner-tag-missing EW804\n" in out
    judged = sum(each.meta.level != "disabled" for each in POLICIES)
    assert out.endswith(
        f"{judged} policies over 3 resources of shop/dev: 1 mandatory, 1 advisory; failed by 1 finding\n"
    )
    assert "\x1b" not in out


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--soft-fail-on", "EW205"], 0),
        (["--soft-fail-on", "storage", "--hard-fail-on", "low"], 1),
        (["--severity", "critical"], 0),
        (["--preview"], 1),
    ],
)
def test_the_gate_decides_the_exit_code(shell: Shell, options: list[str], code: int) -> None:
    assert shell("check", "dev", *options)[0] == code


def test_a_preview_skips_and_counts_what_is_not_known(shell: Shell) -> None:
    _, out, _ = shell("check", "dev", "--preview", "--format", "json")
    data = json.loads(out)
    assert data["skipped"] == {"kv-write-rate": 1}
    assert "kv-security-state" in [each["policy"] for each in data["findings"]]


def test_reports_go_to_a_file(shell: Shell, project: Path) -> None:
    code, out, _ = shell("check", "dev", "--format", "sarif", "--output", "out/check.sarif")
    assert code == 1
    assert out.count("\n") == 1
    log = json.loads((project / "out" / "check.sarif").read_text())
    assert [each["ruleId"] for each in log["runs"][0]["results"]] == ["EW205", "EW804"]
    shell("check", "dev", "--format", "junit", "--output", "check.xml")
    assert ET.parse(project / "check.xml").getroot().get("failures") == "1"


def test_a_markdown_report_keeps_to_its_share(project: Path, shell: Shell) -> None:
    with (project / "__main__.py").open("a") as program:
        program.write(
            'for n in range(60):\n    cloudflare.WorkersKv(f"k{n}", account_id=account, namespace_id="n", key_name="..", value=f"{n}")\n'
        )
    _, out, _ = shell("check", "dev", "--format", "markdown", "--max-bytes", "4000")
    assert len(out.encode()) <= 4000
    assert "more findings: run `edgewright check` to see all of them" in out
    _, out, _ = shell("check", "dev", "--format", "markdown")
    assert "more findings" not in out


def test_places_are_counted_from_the_repository(project: Path, shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    inner = project / "infra" / "edge"
    inner.mkdir(parents=True)
    (project / ".git").mkdir()
    for name in ("Pulumi.yaml", "Pulumi.dev.yaml", "__main__.py"):
        (project / name).rename(inner / name)
    monkeypatch.chdir(inner)
    _, out, _ = shell("check", "dev", "--format", "github")
    assert out.startswith("::error file=infra/edge/__main__.py,line=5,title=kv-security-state (high)::entry: key_name")
    _, out, _ = shell("check", "dev", "--format", "sarif")
    uris = {
        each["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        for each in json.loads(out)["runs"][0]["results"]
    }
    assert uris == {"infra/edge/__main__.py"}
    # A finding of the stack as a whole has no place of its own: it is the project's, which is in a folder here.
    (inner / "Pulumi.prod.yaml").write_text("config: {}\n")
    _, out, _ = shell("check", "prod", "--format", "sarif")
    results = json.loads(out)["runs"][0]["results"]
    stack_wide = [each for each in results if "logicalLocations" not in each["locations"][0]]
    assert stack_wide
    for each in stack_wide:
        assert each["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "infra/edge/Pulumi.yaml"


def test_several_stacks_are_one_report(project: Path, shell: Shell) -> None:
    (project / "Pulumi.staging.yaml").write_text("config:\n  edgewright:policies:\n    kv-security-state: advisory\n")
    (project / "Pulumi.bad.yaml").write_text("config:\n  edgewright:policies:\n    kv-sise: advisory\n")
    code, out, err = shell("check", "staging", "dev", "--also", "markdown=out/c.md", "--also", "sarif=out/c.sarif")
    assert (code, "error:" in err) == (1, False)
    assert out.index("shop/staging: 0 mandatory, 2 advisory; passed") < out.index("of shop/dev: 1 mandatory")
    assert "| `dev` | **failed** | 1 | 1 | 0 |" in (project / "out" / "c.md").read_text()
    assert len(json.loads((project / "out" / "c.sarif").read_text())["runs"]) == 2
    code, out, err = shell("check", "dev", "bad", "nope", "--also", "markdown=c.md")
    assert code == 2
    assert "of shop/dev: 1 mandatory" in out
    assert "Pulumi.bad.yaml:3: edgewright:policies.kv-sise: unknown policy" in err
    assert "stack 'nope': no Pulumi.nope.yaml" in err
    assert "| `bad` | **could not be checked** | | | |" in (project / "c.md").read_text()


@pytest.mark.parametrize("format_", ["json", "sarif", "junit"])
def test_a_program_that_reads_the_report_gets_one_of_a_broken_stack_too(
    project: Path, shell: Shell, format_: str
) -> None:
    (project / "Pulumi.dev.yaml").write_text("config:\n  edgewright:policies:\n    kv-sise: advisory\n")
    code, out, err = shell("check", "dev", "--format", format_)
    assert code == 2
    assert "kv-sise: unknown policy" in err
    assert "kv-sise: unknown policy" in out


def test_a_baseline_of_several_stacks_is_one_file(project: Path, shell: Shell) -> None:
    (project / "Pulumi.staging.yaml").write_text("config: {}\n")
    shell("check", "dev", "--write-baseline", "baseline.json")
    assert shell("check", "staging", "--baseline", "baseline.json")[0] == 1
    shell("check", "staging", "--write-baseline", "baseline.json")
    code, out, _ = shell("check", "dev", "staging", "--baseline", "baseline.json")
    assert code == 0
    assert "no longer there" not in out


def test_a_long_program_is_said_to_run(capfd: pytest.CaptureFixture[str]) -> None:
    told = threading.Event()
    with progress("the program of dev", first_s=0.0, every_s=0.001):
        while not told.is_set():
            told.set() if "still running the program of dev: " in capfd.readouterr().err else time.sleep(0.005)
    with progress("something quick", first_s=600):
        pass
    assert "quick" not in capfd.readouterr().err


def test_a_jobs_summary_takes_no_more_than_a_step_may_write(
    project: Path, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    summary = project / "summary.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    for before in (1024 * 1024 - 9000, 1024 * 1024 - 5000):
        summary.write_text("x" * before)
        _, _, err = shell("check", "dev", "--format", "github")
        assert summary.stat().st_size <= 1024 * 1024
        assert ("the job's summary is full" in err) == (summary.stat().st_size == before)
    assert summary.stat().st_size == before


def test_a_github_job_gets_a_summary(project: Path, shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    summary = project / "summary.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    shell("check", "dev", "--format", "github")
    assert summary.read_text().startswith("<!-- edgewright-check shop.dev -->\n### edgewright check: shop/dev failed")


def test_the_ignore_file_is_found_and_obeyed(project: Path, shell: Shell) -> None:
    (project / "edgewright.ignore.yaml").write_text(
        "ignore:\n  - policy: EW205\n    reason: A demonstration, nobody counts.\n    expires: 2000-01-01\n"
    )
    code, out, _ = shell("check", "dev")
    assert code == 1
    assert "edgewright.ignore.yaml:2: the entry for EW205 expired on 2000-01-01" in out
    (project / "edgewright.ignore.yaml").write_text("ignore:\n  - policy: EW205\n    reason: x\n")
    code, _, err = shell("check", "dev")
    assert code == 2
    assert "edgewright.ignore.yaml:3: reason: 'x' is too short" in err
    assert "edgewright.ignore.yaml:2: expires: is required" in err
    # All faults at once, those of the baseline too.
    code, _, err = shell("check", "dev", "--baseline", "none.json")
    assert code == 2
    assert "none.json: no such file" in err
    assert "edgewright.ignore.yaml:3: reason: 'x' is too short" in err


def test_a_baseline_is_written_and_then_only_new_findings_count(project: Path, shell: Shell) -> None:
    code, _, err = shell("check", "dev", "--write-baseline", "baseline.json")
    assert code == 0
    assert "baseline.json: 2 findings written" in err
    assert shell("check", "dev", "--baseline", "baseline.json")[0] == 0
    with (project / "__main__.py").open("a") as program:
        program.write('cloudflare.WorkersKv("b", account_id=account, namespace_id="n", key_name="..", value="0")\n')
    code, out, _ = shell("check", "dev", "--baseline", "baseline.json")
    assert code == 1
    assert "1 mandatory, 0 advisory; failed by 1 finding" in out
    assert "set aside: 2 by baseline" in out
    code, _, err = shell("check", "dev", "--baseline", "none.json")
    assert code == 2
    assert "none.json: no such file; make one with --write-baseline none.json" in err


def test_settings_move_levels_and_their_faults_have_lines(project: Path, shell: Shell) -> None:
    (project / "Pulumi.dev.yaml").write_text("config:\n  edgewright:policies:\n    kv-security-state: advisory\n")
    assert shell("check", "dev")[0] == 0
    (project / "Pulumi.dev.yaml").write_text(
        "config:\n  edgewright:policies:\n    kv-security-sate: advisory\n    cpu-budget:\n      maxMs: fast\n"
        "  edgewright:limits:\n    overrides:\n      cloudflare.kv.value_byte: 5\n"
    )
    code, out, err = shell("check", "dev")
    assert (code, out) == (2, "")
    assert "Pulumi.dev.yaml:8: edgewright:limits.overrides.cloudflare.kv.value_byte: unknown limit; did you mean" in err
    assert (
        "Pulumi.dev.yaml:3: edgewright:policies.kv-security-sate: unknown policy; did you mean kv-security-state?"
        in err
    )
    assert (
        "Pulumi.dev.yaml:5: edgewright:policies.cpu-budget.maxMs: must be a whole number from 1 to 300000, got 'fast'"
        in err
    )


def test_all_faults_of_the_settings_are_told_at_once_and_once(project: Path, shell: Shell) -> None:
    (project / "Pulumi.dev.yaml").write_text(
        """\
config:
  edgewright:polices: {}
  edgewright:production: maybe
  edgewright:limits:
    plans: {cloudflare: gold}
    overrides:
      lambda_edge.viewer.package_bytes: 100 GB
      cloudflare.kv.value_byte: 3
    overides: {}
  edgewright:policies:
    heavy-imports: {packages: sharp}
    kv-sise: advisory
    EW503: loud
  plain: 1
  edgewright:objectives: {p50: 3}
sets: {}
"""
    )
    code, _, err = shell("check", "dev")
    assert code == 2
    lines = [line for line in err.splitlines() if line.startswith("error: Pulumi.dev.yaml:")]
    assert [line.removeprefix("error: Pulumi.dev.yaml:").split(": ")[:2] for line in lines] == [
        ["2", "edgewright:polices"],
        ["3", "edgewright:production"],
        ["5", "edgewright:limits.plans.cloudflare"],
        ["7", "edgewright:limits.overrides.lambda_edge.viewer.package_bytes"],
        ["8", "edgewright:limits.overrides.cloudflare.kv.value_byte"],
        ["9", "edgewright:limits.overides"],
        ["11", "edgewright:policies.heavy-imports.packages"],
        ["12", "edgewright:policies.kv-sise"],
        ["13", "edgewright:policies.EW503"],
        ["14", "plain"],
        ["15", "edgewright:objectives.p50"],
        ["16", "sets"],
    ]
    assert "12 errors" in err
    assert "edgewright:production: must be true or false, got 'maybe'" in err
    assert "heavy-imports.packages: must be a list, got 'sharp'" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["check", "prod"], "stack 'prod': no Pulumi.prod.yaml; stacks there: dev"),
        (["check", "dev", "--format", "yaml"], "--format 'yaml'; allowed: text, json, sarif, junit, markdown, github"),
        (["check", "dev", "--also", "sarif"], "--also 'sarif'; give a format and a file, as in markdown=comment.md"),
        (["check", "dev", "--also", "yaml=x"], "--also 'yaml=x'; give a format and a file"),
        (["check", "dev", "--also", "json=/proc/nope/x"], "--also /proc/nope/x: cannot be written"),
        (["check", "dev", "--severity", "loud"], "--severity 'loud'; allowed: low, medium, high, critical"),
        (["check", "dev", "--output", "/proc/nope/x"], "--output /proc/nope/x: cannot be written"),
        (
            ["check", "dev", "-o", "r.json", "--also", "json=r.json"],
            "--also json=r.json: --output r.json writes this file",
        ),
        (
            ["check", "dev", "--also", "json=r", "--also", "sarif=./a/../r"],
            "--also sarif=a/../r: --also json=r writes this",
        ),
        (
            ["check", "dev", "--soft-fail-on", "cachin"],
            "--soft-fail-on 'cachin'; did you mean caching? allowed: a policy's",
        ),
        (["policies", "nope"], "'nope': no such policy; `edgewright policies` lists them"),
        (["policies", "owner-tag-mising"], "'owner-tag-mising': no such policy; did you mean owner-tag-missing?"),
        (["policies", "ew503"], "'ew503': no such policy; did you mean EW503?"),
        (["limits", "azure"], "'azure': unknown platform"),
        (["limits", "--stack", "prod"], "no Pulumi.prod.yaml"),
    ],
)
def test_a_users_mistake_ends_with_2_and_no_traceback(shell: Shell, arguments: list[str], message: str) -> None:
    code, out, err = shell(*arguments)
    assert code == 2
    assert message in err.replace("\n", " ")
    assert "Traceback" not in out + err


def test_a_program_that_fails_ends_with_2(project: Path, shell: Shell) -> None:
    (project / "__main__.py").write_text("raise ValueError('no such product')\n")
    code, _, err = shell("check", "dev")
    assert code == 2
    assert "no such product" in err


def test_policies_are_listed_and_explained(shell: Shell) -> None:
    code, out, _ = shell("policies")
    assert code == 0
    assert [line.split()[1] for line in out.splitlines()] == [each.name for each in POLICIES]
    _, out, _ = shell("policies", "EW301")
    assert out.startswith("cpu-budget (EW301): A request at the edge stays inside its CPU budget\n")
    assert "      cpu-budget:\n        maxMs:" in out
    _, out, _ = shell("policies", "security", "--format", "json")
    described = json.loads(out)
    assert {each["family"] for each in described} == {"security"}
    assert {"name", "id", "severity", "remediation", "url", "framework", "config", "enforcementLevel", "types"} <= set(
        described[0]
    )


def test_limits_are_printed_with_a_stacks_headroom(project: Path, shell: Shell) -> None:
    (project / "Pulumi.dev.yaml").write_text(
        "config:\n  edgewright:limits:\n    plans: {cloudflare: free}\n    overrides: {cloudflare.kv.key_bytes: 28}\n"
    )
    code, out, _ = shell("limits", "cloudflare", "--stack", "dev", "--format", "json")
    assert code == 0
    limits = {each["id"]: each for each in json.loads(out)["limits"]}
    assert limits["cloudflare.workers.cpu_ms"]["value"] == 10
    key = limits["cloudflare.kv.key_bytes"]
    assert (key["value"], key["used"], key["headroom"], key["used_share"]) == (28, 14, 14, 0.5)
    assert "used" not in limits["cloudflare.workers.memory_bytes"]
    assert key["used_by"] == "entry"
    assert limits["cloudflare.workers.scripts"]["used"] == 1
    _, out, _ = shell("limits", "cloudflare", "--stack", "dev")
    assert "cloudflare.kv.key_bytes" in out
    assert "used 14 B (50%) entry" in out


@pytest.mark.parametrize("command", ["status", "limits", "policies"])
def test_every_command_has_its_result_as_json(shell: Shell, command: str) -> None:
    _, plain, _ = shell(command, "--format", "json")
    assert json.loads(plain) is not None
    assert json.loads(shell(command, "--json")[1]) == json.loads(plain)
    code, out, err = shell(command, "--format", "yaml")
    assert (code, out) == (2, "")
    assert "--format 'yaml'; allowed: text, json" in err


@pytest.mark.parametrize("command", ["warm", "logs", "report"])
def test_a_wrong_format_is_refused_before_anything_is_done(shell: Shell, command: str) -> None:
    code, out, err = shell(command, "dev", "--format", "yaml")
    assert (code, out) == (2, "")
    assert "--format 'yaml'; allowed: text, json" in err


PLACES = """\
import pulumi
import pulumi_cloudflare as cloudflare
from lib.things import Keys, make_key

for index in range(2):
    make_key(f"loop-{index}", "..")
Keys("component", [".."])
made = {"a": cloudflare.WorkersKv("here", account_id="0" * 32, namespace_id="n", key_name="..", value="v")}
pulumi.Output.from_input("..").apply(lambda key: cloudflare.WorkersKv(
    "late", account_id="0" * 32, namespace_id="n", key_name=key, value="v"))
"""
THINGS = """\
import pulumi
import pulumi_cloudflare as cloudflare


def make_key(name, key):
    return cloudflare.WorkersKv(name, account_id="0" * 32, namespace_id="n", key_name=key, value="v")


class Keys(pulumi.ComponentResource):
    def __init__(self, name, keys, opts=None):
        super().__init__("acme:index:Keys", name, {}, opts)
        for key in keys:
            cloudflare.WorkersKv(
                f"{name}-key", account_id="0" * 32, namespace_id="n", key_name=key, value="v",
                opts=pulumi.ResourceOptions(parent=self),
            )
"""


def test_the_line_is_where_the_resource_is_declared_however_it_is(project: Path, shell: Shell) -> None:
    """In a helper, a loop, a component of the user's own, a comprehension, and after an output is known."""
    (project / "__main__.py").write_text(PLACES)
    (project / "lib").mkdir()
    (project / "lib" / "__init__.py").touch()
    (project / "lib" / "things.py").write_text(THINGS)
    _, out, _ = shell("check", "dev", "--format", "json")
    found = {
        each["resource"]: (each["source"]["file"], each["source"]["line"])
        for each in json.loads(out)["findings"]
        if each["policy"] == "kv-key-size"
    }
    assert found.pop("late")[0] == "__main__.py"
    assert found == {
        "loop-0": ("lib/things.py", 6),
        "loop-1": ("lib/things.py", 6),
        "component-key": ("lib/things.py", 13),
        "here": ("__main__.py", 8),
    }


def test_what_the_program_prints_is_shown_beside_the_report(project: Path, shell: Shell) -> None:
    (project / "__main__.py").write_text(
        "import pulumi\nprint('[here] I am')\npulumi.log.warn('mind that')\n" + PROGRAM
    )
    for format_ in ("text", "json", "sarif"):
        _, out, err = shell("check", "dev", "--format", format_)
        assert "[here] I am\n" in err
        assert "warning: mind that\n" in err
        assert "I am" not in out
    for command in (("limits", "--stack", "dev"), ("report", "dev")):
        assert "[here] I am\n" in shell(*command)[2]


@pytest.mark.parametrize("end", ["raise ValueError('broken')", "import sys; sys.exit(3)", "pulumi.log.error('broken')"])
def test_what_a_failing_program_printed_is_shown_before_its_fault(project: Path, shell: Shell, end: str) -> None:
    (project / "__main__.py").write_text(f"import pulumi\nprint('step one')\npulumi.log.warn('mind that')\n{end}\n")
    for command in (("check", "dev"), ("check", "dev", "--format", "json"), ("report", "dev")):
        code, out, err = shell(*command)
        assert code == 2
        assert err.index("step one\n") < err.index("warning: mind that\n") < err.index("error: ")
        assert "step one" not in out
        assert err.count("broken") <= 1
