"""Programs without a component of edgewright, run and judged in-process: what the clouds would name and know is stood for."""

from pathlib import Path

import pytest
from edgewright.base.errors import ProgramFailed
from edgewright.cli.check import evaluate_stack
from edgewright.engine.runner import run_program
from edgewright.guard import evaluate

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
    {"cloudflare": {"account_id": "a" * 32, "zone_id": zone.zone_id, "routes": ["example.com/*"]}, "endpoints": [{"path": "/*", "origin": router.routing}]},
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


EDGE = """
import json

import pulumi
import pulumi_aws as aws

{provider}
opts = pulumi.ResourceOptions(provider={given})
trust = {{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {{"Service": ["lambda.amazonaws.com", "edgelambda.amazonaws.com"]}}}}
auth = aws.lambda_.Function(
    "auth",
    runtime="nodejs22.x",
    handler="index.handler",
    role=aws.iam.Role("role", assume_role_policy=json.dumps({{"Statement": [trust]}})).arn,
    publish=True,
    skip_destroy=True,
    code=pulumi.AssetArchive({{"index.mjs": pulumi.StringAsset("export const handler = async (event) => event;")}}),
    opts=opts,
)
certificate = aws.acm.Certificate("shown", domain_name="shop.example.com", validation_method="DNS", opts=opts)
validated = aws.acm.CertificateValidation("validated", certificate_arn=certificate.arn, opts=opts)
# Of the same name, for a load balancer: it is where that is.
elsewhere = aws.acm.Certificate("elsewhere", domain_name="shop.example.com", region="eu-central-1", opts=opts)
aws.wafv2.WebAcl("acl", scope="CLOUDFRONT", default_action={{"allow": {{}}}}, visibility_config={{"cloudwatch_metrics_enabled": True, "metric_name": "acl", "sampled_requests_enabled": True}}, opts=opts)
aws.cloudfront.Distribution(
    "site",
    enabled=True,
    aliases=["shop.example.com"],
    origins=[{{"origin_id": "o", "domain_name": "o.example.com"}}],
    default_cache_behavior={{
        "target_origin_id": "o",
        "viewer_protocol_policy": "https-only",
        "allowed_methods": ["GET", "HEAD"],
        "cached_methods": ["GET", "HEAD"],
        "lambda_function_associations": [{{"event_type": "origin-request", "lambda_arn": auth.qualified_arn}}],
    }},
    restrictions={{"geo_restriction": {{"restriction_type": "none"}}}},
    viewer_certificate={{
        "acm_certificate_arn": {shown},
        "ssl_support_method": "sni-only",
        "minimum_protocol_version": "TLSv1.2_2021",
    }},
    opts=pulumi.ResourceOptions(depends_on=[elsewhere]),
)
"""
EVERY = {"auth", "shown", "acl"}


@pytest.mark.parametrize("preview", [False, True], ids=["known", "in a preview"])
@pytest.mark.parametrize("shown", ["certificate.arn", "validated.certificate_arn"])
@pytest.mark.parametrize(
    ("provider", "given", "settings", "found", "skipped"),
    [
        ('eu = aws.Provider("eu", region="eu-west-1")', "eu", "config: {aws:region: us-east-1}", EVERY, 0),
        ('us = aws.Provider("us", region="us-east-1")', "us", "config: {aws:region: eu-west-1}", set(), 0),
        ("", "None", "config: {aws:region: eu-west-1}", EVERY, 0),
        ("", "None", "config: {aws:region: us-east-1}", set(), 0),
        ("", "None", "config: {}", set(), 3),
    ],
    ids=["a provider elsewhere", "a provider there", "a stack elsewhere", "a stack there", "nobody says"],
)
def test_what_cloudfront_uses_is_where_its_provider_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, provider: str, given: str, settings: str, found: set[str], skipped: int,
    shown: str, preview: bool,
) -> None:  # fmt: skip
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    project = make_project(tmp_path, EDGE.format(provider=provider, given=given, shown=shown))
    (project / "stacks" / "Pulumi.local.yaml").write_text(f"{settings}\n")
    judged = evaluate(run_program(project, "local", preview=preview))
    assert {each.resource for each in judged.findings if each.policy == "edge-region"} == (
        # In a preview either certificate that the distribution waits for may be the one it shows.
        found | ({"elsewhere"} if preview else set())
    )
    # Nor is the ARN that it will have known in a preview.
    assert judged.skipped.get("edge-region", 0) == skipped + preview


ANOTHER_STACK = """
import pulumi
import pulumi_aws as aws

ref = pulumi.StackReference("org/net/dev")
aws.s3.Bucket("open", acl="public-read", tags={"owner": "web"})
aws.s3.Bucket("unsure", bucket=ref.get_output("name"), acl=ref.require_output("acl"), tags={"owner": ref.outputs["owner"]})


async def details():
    found = await ref.get_output_details("zone")
    return found.value or found.secret_value


pulumi.export("zone", pulumi.Output.from_input(details()))
pulumi.export("name", ref.get_output("name"))
"""


@pytest.mark.parametrize("preview", [False, True], ids=["by itself", "in a preview"])
def test_what_another_stack_gives_is_not_known(tmp_path: Path, preview: bool) -> None:
    _, found = evaluate_stack(make_project(tmp_path, ANOTHER_STACK), "local", preview=preview)
    assert [(each.policy, each.resource) for each in found.findings] == [("bucket-public", "open")]
    assert found.skipped == {"bucket-public": 1}
    warned = [each for each in found.warnings if "__main__.py:5: StackReference 'org/net/dev'" in each]
    assert bool(warned) is not preview


@pytest.mark.parametrize(
    "wanted",
    [
        'pulumi.export("upper", pulumi.Output.from_input(details()).apply(str).apply(lambda text: text["zone"]))',
        """
async def upper():
    return (await ref.get_output_details("zone")).value.upper()


pulumi.export("upper", pulumi.Output.from_input(upper()))
""",
    ],
    ids=["the value of details", "details alone"],
)
def test_a_plain_value_of_another_stack_is_wanting(tmp_path: Path, wanted: str) -> None:
    with pytest.raises(ProgramFailed, match=r"__main__\.py:5: StackReference 'org/net/dev': another stack's outputs"):
        evaluate_stack(make_project(tmp_path, ANOTHER_STACK + wanted), "local")


def test_another_stack_hides_no_fault_of_the_program(tmp_path: Path) -> None:
    with pytest.raises(ProgramFailed, match="no such thing") as raised:
        evaluate_stack(make_project(tmp_path, ANOTHER_STACK + "raise pulumi.RunError('no such thing')\n"), "local")
    assert "another stack's outputs" in str(raised.value)
