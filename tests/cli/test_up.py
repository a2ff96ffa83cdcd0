"""`edgewright up`: one verdict at its end, which is what it exits with."""

from collections.abc import Callable
from pathlib import Path

import pytest
from edgewright.cli._exit import Exit
from edgewright.cli.up import Part, verdict, worst

from tests.cli.conftest import Edgewright
from tests.projects import make_project

PROGRAM = """
import pulumi_aws as aws
from edgewright import EdgeApi

EdgeApi("api", {"host": "cloudfront", "endpoints": [{"path": "/hello", "handler": "handler.js"}]})
aws.s3.Bucket("open", acl="public-read")
"""
HANDLER = "export default { fetch() { return new Response('hello'); } };\n"
SETTINGS = """
config:
  edgewright:traffic: {rate: 50, requests: 20, warm_up: 5}
  edgewright:objectives: {p50_ms: null, hit_ratio: null, origin_reduction: null}
"""


@pytest.mark.runtime
def test_failed_policies_are_in_the_verdict_though_every_objective_is_reached(
    edgewright: Edgewright, tmp_path: Path, stop_all: Callable[[Path], Path]
) -> None:
    """The last line said `result: pass (exit 0)`, and the exit status was 1."""
    project = stop_all(make_project(tmp_path, PROGRAM, SETTINGS, files={"handler.js": HANDLER}))
    done = edgewright("up", "--port", "0", cwd=project)
    assert done.code == Exit.BREACH, done.err
    verdicts = [line for line in done.out.splitlines() if line.startswith("result:")]
    assert verdicts == [done.out.splitlines()[-1]]
    assert verdicts[0].startswith("result: policies: failed by ")
    assert verdicts[0].endswith(" told above; objectives: pass (exit 1)")


@pytest.mark.runtime
def test_a_proof_that_cannot_be_made_leaves_word_of_what_runs(
    edgewright: Edgewright, tmp_path: Path, stop_all: Callable[[Path], Path]
) -> None:
    program = PROGRAM.replace("/hello", "/*").replace('aws.s3.Bucket("open", acl="public-read")\n', "")
    project = stop_all(make_project(tmp_path, program, SETTINGS, files={"handler.js": HANDLER}))
    done = edgewright("up", "--port", "0", cwd=project)
    assert done.code == Exit.USAGE, done.err
    assert "edgewright:traffic.mix is needed" in done.err
    assert "stays up on http://127.0.0.1:" in done.err
    assert "stop it with: edgewright down" in " ".join(done.err.split())


def test_what_is_missing_outweighs_what_is_breached() -> None:
    parts = [
        Part("policies", Exit.BREACH, "failed by 1 finding, told above"),
        Part("objectives", 3, "evidence is missing"),
    ]
    assert worst(parts) == Exit.FAILED
    assert verdict(parts) == (
        "result: policies: failed by 1 finding, told above; objectives: evidence is missing (exit 3)"
    )
