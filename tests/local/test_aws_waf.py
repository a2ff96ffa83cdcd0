"""Web ACLs of AWS WAF: what of them is applied here, and that a rate limit of an EdgeApi is."""

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from edgewright.engine import Runner
from edgewright.testing import LocalCloud

from tests import loopback
from tests.local.test_aws_translate import planned
from tests.projects import make_project

PROGRAM = """
def acl(name, statement, action={{"block": {{}}}}, **more):
    visibility = {{"cloudwatch_metrics_enabled": False, "metric_name": name, "sampled_requests_enabled": False}}
    return aws.wafv2.WebAcl(
        name, name=name, region="us-east-1", scope="CLOUDFRONT", default_action={{"allow": {{}}}}, visibility_config=visibility,
        rules=[{{"name": "r", "priority": 0, "statement": statement, "visibility_config": visibility, **more,
                **({{"action": action}} if action else {{}})}}],
    )

used = acl("used", {statement})
distribution(web_acl_id=used.arn)
"""
GEO = '{"geo_match_statement": {"country_codes": ["DE"]}}'


def test_the_acl_of_a_distribution_is_in_the_document_with_its_addresses(runner: Runner, tmp_path: Path) -> None:
    statement = """{"and_statement": {"statements": [
        {"ip_set_reference_statement": {"arn": aws.wafv2.IpSet(
            "office", name="office", region="us-east-1", scope="CLOUDFRONT", ip_address_version="IPV4",
            addresses=["192.0.2.0/24"]).arn}},
        {"not_statement": {"statement": {"rate_based_statement": {
            "limit": 100, "aggregate_key_type": "IP", "scope_down_statement": GEO}}}},
    ]}}""".replace("GEO", GEO)
    made = planned(runner, tmp_path, PROGRAM.format(statement=statement))
    document = made.deployment.cloudfront
    assert document is not None
    (acl,), (addresses,) = document.web_acls, document.ip_sets
    assert document.distributions[0].web_acl_id == acl.arn
    inner = acl.rules[0].statement.and_statement
    assert inner is not None
    assert inner.statements[0].ip_set_reference_statement is not None
    assert inner.statements[0].ip_set_reference_statement.arn == addresses.arn
    negated = inner.statements[1].not_statement
    assert negated is not None
    assert negated.statement is not None
    rate = negated.statement.rate_based_statement
    assert rate is not None
    assert (rate.limit, rate.evaluation_window_sec) == (100, 300)
    assert rate.scope_down_statement is not None
    assert rate.scope_down_statement.geo_match_statement is not None
    assert "aws-waf" not in {gap.id for _, gap in made.gaps}


@pytest.mark.parametrize(
    "statement",
    [
        '{"managed_rule_group_statement": {"name": "AWSManagedRulesCommonRuleSet", "vendor_name": "AWS"}}, None',
        '{"not_statement": {"statement": {"label_match_statement": {"key": "k", "scope": "LABEL"}}}}',
        """{"byte_match_statement": {"positional_constraint": "CONTAINS", "search_string": "x",
            "field_to_match": {"body": {}}, "text_transformations": [{"priority": 0, "type": "NONE"}]}}""",
        GEO + ', {"captcha": {}}',
    ],
)
def test_what_is_not_applied_is_told(runner: Runner, tmp_path: Path, statement: str) -> None:
    made = planned(runner, tmp_path, PROGRAM.format(statement=statement))
    assert "aws-waf" in {gap.id for _, gap in made.gaps}


def test_an_acl_of_no_distribution_is_told(runner: Runner, tmp_path: Path) -> None:
    made = planned(runner, tmp_path, PROGRAM.format(statement=GEO) + f'acl("other", {GEO})')
    assert [resource.name for resource, gap in made.gaps if gap.id == "aws-waf"] == ["other"]
    assert made.deployment.cloudfront is not None
    assert len(made.deployment.cloudfront.web_acls) == 1


API = """
import pulumi
from edgewright import EdgeApi

api = EdgeApi("api", {
    "host": "cloudfront",
    "endpoints": [
        {"path": "/limited", "handler": "hello.ts", "rate_limit": {"limit": 10, "period": 60}},
        {"path": "/free", "handler": "hello.ts"},
    ],
})
pulumi.export("url", api.urls)
"""


@pytest.mark.runtime
def test_a_rate_limit_of_an_api_is_kept_on_the_laptop(start_cloud: Callable[..., LocalCloud], tmp_path: Path) -> None:
    handler = "export default () => new Response('hello');"
    project = make_project(tmp_path, API, files={"hello.ts": handler})
    cloud = start_cloud(project)
    (url,) = cloud.capture.outputs["url"]

    def get(path: str, ip: str = "198.51.100.7") -> int:
        headers = {"host": httpx.URL(url).host, "x-local-ip": ip}
        return loopback.get(f"{cloud.url}{path}", headers=headers).status_code

    assert [get("/limited") for _ in range(12)] == [*[200] * 10, 429, 429]
    assert get("/free") == 200
    assert get("/limited", ip="198.51.100.8") == 200
