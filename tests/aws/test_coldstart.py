"""The cold-start report: what a package weighs, and what starting it takes on Node.js."""

import json
from pathlib import Path

import pytest
from edgewright.assemble.lambda_package import Package
from edgewright.base.errors import InfrastructureError
from edgewright.cli._exit import Exit
from edgewright.contract.limits import limit
from edgewright.platforms.cloudfront.coldstart import measure, sample_event

from tests.cli.conftest import Edgewright
from tests.cli.conftest import edgewright as edgewright  # the fixture

pytestmark = pytest.mark.runtime

PROGRAM = """
from edgewright import EdgeApi, GeoRouter, LambdaEdgeFunction
origins = GeoRouter("origins", {"origins": [{"region": "us", "url": "https://us.example.com"}], "fallback": "us"})
slow = LambdaEdgeFunction("slow", {"code": {"file": "slow.ts"}, "events": ["viewer-request"]})
EdgeApi("api", {"host": "cloudfront", "endpoints": [{"path": "/a", "origin": origins.routing, "cloudfront": {"functions": [slow.association]}}]})
"""
GUARDED = """
from edgewright import CachePolicy, EdgeApi, GeoRouter
origins = GeoRouter("origins", {"origins": [{"region": "us", "url": "https://us.example.com"}], "fallback": "us"})
shared = CachePolicy("shared", {"mode": "origin"})
token = {"kind": "jwt", "issuer": "https://id.example.com", "audience": ["a"], "jwks_url": "https://id.example.com/keys"}
EdgeApi(
    "api",
    {"host": "cloudfront", "endpoints": [{"path": "/a", "origin": origins.routing, "cache": shared.spec, "auth": token}]},
)
"""
SLOW = """
const until = Date.now() + 80;
while (Date.now() < until);
export const handler = async (event: any) => event.Records[0].cf.request;
"""


def test_import_and_first_answer_are_measured() -> None:
    quick = Package({"index.mjs": b"export const handler = async (event) => event.Records[0].cf.request;"})
    slow = Package(
        {"index.mjs": b"const t = Date.now() + 60; while (Date.now() < t); export const handler = async () => null;"}
    )
    # Half of what it burns: no two clocks agree to the millisecond.
    assert measure(slow, "index.handler", "origin-request", 3).import_ms > 30
    start = measure(quick, "index.handler", "viewer-request", 3)
    assert start.import_ms <= start.first_answer_ms
    assert start.error is None


def test_what_a_handler_throws_on_the_sample_is_told_and_what_cannot_be_imported_is_an_error() -> None:
    thrown = Package({"index.mjs": b"export const handler = async () => { throw new Error('no table'); };"})
    assert measure(thrown, "index.handler", "origin-request", 1).error == "Error: no table"
    broken = Package({"index.mjs": b"import 'nowhere';"})
    with pytest.raises(InfrastructureError, match=r"cannot be imported: .*nowhere"):
        measure(broken, "index.handler", "origin-request", 1)


def test_sample_events_are_as_aws_documents_them() -> None:
    record = sample_event("origin-response")["Records"][0]["cf"]
    assert sorted(record) == ["config", "request", "response"]
    assert "origin" in record["request"]
    assert "origin" not in sample_event("viewer-request")["Records"][0]["cf"]["request"]


def test_the_guard_is_reported_as_what_it_is_a_small_function_at_the_viewer(
    edgewright: Edgewright, tmp_path: Path
) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    (tmp_path / "Pulumi.dev.yaml").write_text("config: {}\n")
    (tmp_path / "__main__.py").write_text(GUARDED)
    outcome = edgewright("report", "dev", "--rounds", "1", "--format", "json", cwd=tmp_path)
    assert outcome.code == Exit.PASS, outcome.err
    by_name = {each["name"]: each for each in json.loads(outcome.out)["functions"]}
    assert by_name.keys() == {"api", "api-guard"}
    assert by_name["api"]["events"] == ["origin-request", "origin-response"]
    guard = by_name["api-guard"]
    assert guard["events"] == ["viewer-request"]
    assert guard["start"]["error"] is None
    assert guard["zipped_bytes"] < limit("lambda_edge.viewer.package_bytes").value / 20


def test_the_command_reports_each_function_of_a_stack(edgewright: Edgewright, tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    (tmp_path / "Pulumi.dev.yaml").write_text("config: {}\n")
    (tmp_path / "__main__.py").write_text(PROGRAM)
    (tmp_path / "slow.ts").write_text(SLOW)
    outcome = edgewright("report", "dev", "--rounds", "1", "--format", "json", cwd=tmp_path)
    assert outcome.code == Exit.PASS, outcome.err
    api, slow = json.loads(outcome.out)["functions"]
    assert (api["name"], slow["name"]) == ("api", "slow")
    assert slow["start"]["import_ms"] > 40  # half of what it burns
    assert [part["name"] for part in slow["parts"]] == ["slow.ts"]
    assert "as a CloudFront Function" in slow["advice"][0]
    assert 0 < api["start"]["import_ms"] <= api["start"]["first_answer_ms"]
    assert api["start"]["error"] is None
    text = edgewright("report", "dev", "--rounds", "1", cwd=tmp_path)
    assert "import to first answer" in text.out
    assert edgewright("report", "dev", "--format", "xml", cwd=tmp_path).code == Exit.USAGE
