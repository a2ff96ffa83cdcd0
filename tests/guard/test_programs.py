"""Programs without a component of edgewright, run and judged in-process: what the clouds would name and know is stood for."""

from pathlib import Path

import pytest
from edgewright.cli.check import evaluate_stack
from edgewright.guard import evaluate
from edgewright.program.errors import ProgramFailed
from edgewright.program.runner import run_program

from tests.projects import make_project

FUNCTIONS = """
import json

import pulumi
import pulumi_aws as aws


def role(name, *services):
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": list(services)}}
    return aws.iam.Role(name, assume_role_policy=json.dumps({"Statement": [trust]}))


code = pulumi.AssetArchive({"index.mjs": pulumi.StringAsset("export const handler = async (event) => event;")})
edge = aws.lambda_.Function(
    "edge",
    runtime="nodejs22.x",
    handler="index.handler",
    role=role("at-edge", "lambda.amazonaws.com", "edgelambda.amazonaws.com").arn,
    publish=True,
    skip_destroy=True,
    region="us-east-1",
    timeout=5,
    code=code,
)
worker = aws.lambda_.Function(
    "worker", runtime="python3.13", handler="a.b", role=role("in-region", "lambda.amazonaws.com").arn, timeout=600, code=code
)
aws.cloudfront.Distribution(
    "site",
    enabled=True,
    origins=[{"origin_id": "o", "domain_name": "o.example.com"}],
    default_cache_behavior={
        "target_origin_id": "o",
        "viewer_protocol_policy": "https-only",
        "allowed_methods": ["GET", "HEAD"],
        "cached_methods": ["GET", "HEAD"],
        "lambda_function_associations": [{"event_type": "origin-request", "lambda_arn": edge.qualified_arn}],
    },
    restrictions={"geo_restriction": {"restriction_type": "none"}},
    viewer_certificate={"cloudfront_default_certificate": True},
    opts=pulumi.ResourceOptions(depends_on=[worker]),
)
"""


def at_edge(project: Path, preview: bool = False) -> dict[str | None, set[str]]:
    """Return which rules on functions at the edge found something, by resource."""
    found: dict[str | None, set[str]] = {}
    for each in evaluate(run_program(project, "local", preview=preview)).findings:
        if each.policy.startswith("lambda-edge"):
            found.setdefault(each.resource, set()).add(each.policy)
    return found


@pytest.mark.parametrize("preview", [False, True], ids=["known", "in a preview"])
def test_a_function_that_no_behavior_names_is_not_at_the_edge(tmp_path: Path, preview: bool) -> None:
    """Neither because nobody named it, nor because the distribution waits for it."""
    assert at_edge(make_project(tmp_path, FUNCTIONS), preview) == {}


def test_what_the_one_function_of_a_preview_lacks_is_found(tmp_path: Path) -> None:
    alone = FUNCTIONS.replace("    publish=True,\n", "").replace(
        "    opts=pulumi.ResourceOptions(depends_on=[worker]),\n", ""
    )
    assert set(at_edge(make_project(tmp_path, alone), preview=True)) == {"edge"}


@pytest.mark.parametrize(("name", "found"), [("edge", {"edge"}), ("worker", {"worker", "in-region", "site"})])
def test_the_function_that_a_behavior_names_is(tmp_path: Path, name: str, found: set[str]) -> None:
    program = FUNCTIONS.replace("edge.qualified_arn", f"{name}.qualified_arn").replace("skip_destroy=True,", "")
    assert set(at_edge(make_project(tmp_path, program))) == found


ADDRESS = """
import pulumi
import pulumi_aws as aws

api = aws.apigatewayv2.Api("api", protocol_type="HTTP", cors_configuration={"allow_origins": ["*"], "allow_credentials": True})
pulumi.export("host", api.api_endpoint.apply(lambda url: url.removeprefix("https://")))
"""
ZONE = """
import pulumi_cloudflare as cloudflare

zone = cloudflare.get_zone_output(filter={"name": "example.com"})
cloudflare.ZoneSetting("tls", zone_id=zone.zone_id, setting_id="min_tls_version", value="1.0")
"""
ROUTER = """
import pulumi_cloudflare as cloudflare
from edgewright import GeoRouter, EdgeApi

zone = cloudflare.get_zone_output(filter={"name": "example.com"})
router = GeoRouter("r", {"origins": [{"region": "us", "url": "http://o.example.com"}], "fallback": "us"})
api = EdgeApi(
    "api",
    {"account_id": "a" * 32, "zone_id": zone.zone_id, "routes": ["example.com/*"], "endpoints": [{"path": "/*", "origin": router.routing}]},
)
"""


@pytest.mark.parametrize(
    ("program", "policy", "why"),
    [
        (ADDRESS, "cors-wildcard-credentials", "NoneType"),
        (ZONE, "tls-minimum", "cloudflare:index/getZone:getZone"),
        (ROUTER, "origin-plaintext", "cloudflare:index/getZone:getZone"),
    ],
    ids=["an output", "a function", "a function for a component"],
)
def test_a_program_that_needs_a_cloud_is_judged_as_in_a_preview(
    tmp_path: Path, program: str, policy: str, why: str
) -> None:
    _, found = evaluate_stack(make_project(tmp_path, program), "local")
    assert policy in {each.policy for each in found.findings}
    assert any("as in a preview" in each and why in each for each in found.warnings)


@pytest.mark.parametrize(
    ("program", "told"),
    [
        ("import pulumi_cloudflare as c\nc.get_zone(filter={'name': 'x'}).name.upper()", "getZone asks the real cloud"),
        ("None.upper()", "__main__.py:1: AttributeError"),
        (ADDRESS + "\nraise pulumi.RunError('no')", "no"),
    ],
)
def test_a_program_that_fails_in_a_preview_too_is_told_why(tmp_path: Path, program: str, told: str) -> None:
    with pytest.raises(ProgramFailed, match=told):
        evaluate_stack(make_project(tmp_path, program), "local")


def test_functions_that_need_no_account_are_answered(tmp_path: Path) -> None:
    program = """
import pulumi
import pulumi_aws as aws

statement = {"actions": ["s3:GetObject"], "resources": ["*"], "principals": [{"type": "*", "identifiers": ["*"]}]}
aws.s3.BucketPolicy("open", bucket="b", policy=aws.iam.get_policy_document(statements=[statement]).json)
pulumi.export("account", aws.get_caller_identity().account_id)
"""
    _, found = evaluate_stack(make_project(tmp_path, program), "local")
    assert [each.policy for each in found.findings] == ["bucket-public"]
    assert not any("preview" in each for each in found.warnings)
