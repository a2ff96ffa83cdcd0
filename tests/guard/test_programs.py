"""Programs without a component of edgewright, run and judged in-process: what the clouds would name and know is stood for."""

from pathlib import Path

import pytest
from edgewright.guard import evaluate
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


def at_edge(project: Path) -> dict[str | None, set[str]]:
    """Return which rules on functions at the edge found something, by resource."""
    found: dict[str | None, set[str]] = {}
    for each in evaluate(run_program(project, "local")).findings:
        if each.policy.startswith("lambda-edge"):
            found.setdefault(each.resource, set()).add(each.policy)
    return found


def test_a_function_that_no_behavior_names_is_not_at_the_edge(tmp_path: Path) -> None:
    """Neither because nobody named it, nor because the distribution waits for it."""
    assert at_edge(make_project(tmp_path, FUNCTIONS)) == {}


@pytest.mark.parametrize(("name", "found"), [("edge", {"edge"}), ("worker", {"worker", "in-region", "site"})])
def test_the_function_that_a_behavior_names_is(tmp_path: Path, name: str, found: set[str]) -> None:
    program = FUNCTIONS.replace("edge.qualified_arn", f"{name}.qualified_arn").replace("skip_destroy=True,", "")
    assert set(at_edge(make_project(tmp_path, program))) == found
