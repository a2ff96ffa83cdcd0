"""Whole stacks that use no component of edgewright: clean as they are, and caught where a line of them is changed."""

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml
from edgewright.base.unknown import UNKNOWN
from edgewright.guard import evaluate

from tests.policies.corpus import capture, expand, put

STACKS = Path(__file__).parent / "stacks"


def _stack(cloud: str) -> dict[str, Any]:
    found = expand(yaml.safe_load((STACKS / f"{cloud}.yaml").read_text(encoding="utf-8")))
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("stack", ["prod", "shop"])
@pytest.mark.parametrize("cloud", ["cloudflare", "aws"])
def test_a_hand_written_stack_that_keeps_to_the_policies_is_clean(cloud: str, stack: str) -> None:
    found = evaluate(capture(_stack(cloud), stack), production=True)
    assert [f"{each.resource}: {each.message}" for each in found.findings] == []
    assert not found.skipped


IDS = ("zoneId", "apiId", "namespaceId", "workerId", "bucket", "versionId", "cachePolicyId", "responseHeadersPolicyId", "lambdaArn", "functionArn", "acmCertificateArn", "webAclId", "domainName", "value", "policy", "code")  # fmt: skip


def _in_preview(value: Any, name: str = "") -> Any:
    if name in IDS:
        return UNKNOWN
    if isinstance(value, dict):
        return {key: _in_preview(each, key) for key, each in value.items()}
    if isinstance(value, list):
        return [_in_preview(each) for each in value]
    return value


@pytest.mark.parametrize("cloud", ["cloudflare", "aws"])
def test_what_a_preview_does_not_know_raises_no_alarm(cloud: str) -> None:
    resources = {name: {**data, "inputs": _in_preview(data["inputs"])} for name, data in _stack(cloud).items()}
    found = evaluate(capture(resources, "prod"))
    assert [f"{each.resource}: {each.message}" for each in found.findings] == []
    assert found.skipped


CHANGES: list[tuple[str, str, dict[str, Any]]] = [
    ("cloudflare", "cache-headers-missing", {"cache/rules/1/actionParameters/edgeTtl": None}),
    ("cloudflare", "static-ttl-short", {"cache/rules/0/actionParameters/browserTtl/default": 60}),
    ("cloudflare", "static-past-cdn", {"cache/rules/0/actionParameters": {"cache": False}}),
    ("cloudflare", "vary-missing", {"cache/rules/0/actionParameters/cacheKey": {"customKey": {"user": {"lang": True}}}}),
    ("cloudflare", "forced-ttl-authenticated", {"cache/rules/2/actionParameters": {"cache": True, "edgeTtl": {"mode": "override_origin", "default": 60}}}),
    ("cloudflare", "cache-key-unbounded", {"cache/rules/1/actionParameters/cacheKey/customKey/header/includes": ["User-Agent"]}),
    ("cloudflare", "jitter-missing", {"cache/rules/1/actionParameters/edgeTtl": {"mode": "override_origin", "default": 3600}}),
    ("cloudflare", "kv-value-size", {"hits/value": "x" * (25 * 1024 * 1024 + 1)}),
    ("cloudflare", "kv-key-size", {"hits/keyName": "x" * 513}),
    ("cloudflare", "kv-metadata-size", {"hits/metadata": "x" * 1025}),
    ("cloudflare", "kv-ttl-minimum", {"hits/expirationTtl": 30}),
    ("cloudflare", "kv-security-state", {"hits/keyName": "revoked:1"}),
    ("cloudflare", "kv-large-value", {"hits/value": "x" * (2 * 1024 * 1024)}),
    ("cloudflare", "cpu-budget", {"version/limits/cpuMs": 200}),
    ("cloudflare", "bundle-size", {"version/modules/0/contentBase64": expand({"$base64": "x" * (1024 * 1024 + 1)})}),
    ("cloudflare", "heavy-imports", {"version/modules/0/contentBase64": expand({"$base64": 'import sharp from "sharp";'})}),
    ("cloudflare", "long-work-without-queue", {"version/limits/cpuMs": 30000, "version/bindings/2/type": "service"}),
    ("cloudflare", "subrequest-fan-out", {"version/limits/subrequests": 1000}),
    ("cloudflare", "single-origin-region", {"balancer/defaultPools": ["us-id"], "balancer/regionPools": {"ENAM": ["us-id"]}}),
    ("cloudflare", "failover-missing", {"balancer/defaultPools": ["us-id"]}),
    ("cloudflare", "health-check-missing", {"us/monitor": None}),
    ("cloudflare", "region-unknown", {"balancer/regionPools": {"EUROPE": ["eu-id"]}}),
    ("cloudflare", "routes-overlap", {"images/pattern": "example.com/api/*"}),
    ("cloudflare", "canary-percentages", {"deployment/versions/0/percentage": 60}),
    ("cloudflare", "ruleset-phase-duplicate", {"limits/phase": "http_request_cache_settings"}),
    ("cloudflare", "tls-minimum", {"tls/value": "1.0"}),
    ("cloudflare", "zone-defaults-unsafe", {"tls/settingId": "tls_1_3"}),
    ("cloudflare", "hsts-missing", {"hsts/value/strict_transport_security/max_age": None}),
    ("cloudflare", "secret-in-plain-text", {"version/bindings/3/type": "plain_text"}),
    ("cloudflare", "declared-write-unlimited", {"limits/rules": []}),
    ("cloudflare", "bucket-public", {"public/enabled": True}),
    ("cloudflare", "workers-dev-production", {"worker/subdomain/enabled": True}),
    ("cloudflare", "preview-domain-open", {"worker/subdomain/previewsEnabled": True}),
    ("cloudflare", "observability-missing", {"worker/observability/enabled": False}),
    ("cloudflare", "owner-tag-missing", {"worker/tags": ["env:prod"]}),
    ("aws", "cache-headers-missing", {"script/cacheControl": None}),
    ("aws", "static-ttl-short", {"script/cacheControl": "public, max-age=60, immutable"}),
    ("aws", "static-immutable-missing", {"script/cacheControl": "public, max-age=31536000"}),
    ("aws", "immutable-unversioned", {"page/cacheControl": "public, max-age=60, immutable"}),
    ("aws", "stale-while-revalidate-missing", {"page/cacheControl": "public, max-age=3600"}),
    ("aws", "jitter-missing", {"cache/minTtl": 86400, "cache/parametersInCacheKeyAndForwardedToOrigin/headersConfig": {"headerBehavior": "none"}}),
    ("aws", "forced-ttl-authenticated", {"cache/minTtl": 60}),
    ("aws", "forced-ttl-authenticated", {"site/orderedCacheBehaviors/1/minTtl": 60}),
    ("aws", "set-cookie-cached", {"cache/minTtl": 1, "cache/parametersInCacheKeyAndForwardedToOrigin/cookiesConfig": {"cookieBehavior": "all"}}),
    ("aws", "cache-key-unbounded", {"site/orderedCacheBehaviors/1/forwardedValues/headers": ["User-Agent"]}),
    ("aws", "long-function-behind-api", {"orders/timeout": 60}),
    ("aws", "failover-record-alone", {"secondary/failoverRoutingPolicies/0/type": "PRIMARY"}),
    ("aws", "region-unknown", {"site/origins/1/originShield/originShieldRegion": "europe"}),
    ("aws", "canary-percentages", {"alias/routingConfig/additionalVersionWeights": {"3": 10}}),
    ("aws", "tls-minimum", {"site/viewerCertificate": {"cloudfrontDefaultCertificate": True}}),
    ("aws", "origin-plaintext", {"site/origins/1/customOriginConfig/originProtocolPolicy": "http-only"}),
    ("aws", "hsts-missing", {"headers/securityHeadersConfig/strictTransportSecurity": None}),
    ("aws", "csp-missing", {"headers/securityHeadersConfig/contentSecurityPolicy": None}),
    ("aws", "response-headers-missing", {"site/defaultCacheBehavior/responseHeadersPolicyId": None}),
    ("aws", "cors-wildcard-credentials", {"headers/corsConfig/accessControlAllowCredentials": True}),
    ("aws", "secret-in-plain-text", {"orders/environment/variables/DB_PASSWORD": "hunter2"}),
    ("aws", "public-write-unprotected", {"site/webAclId": None}),
    ("aws", "http-api-write-open", {"create/authorizationType": "NONE", "stage/defaultRouteSettings": None}),
    ("aws", "jwt-audience-missing", {"authorizer/jwtConfiguration/audiences": []}),
    ("aws", "bucket-public", {"policy/policy": '{"Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"*"}]}'}),
    ("aws", "production-unprotected", {"table/deletionProtectionEnabled": False}),
    ("aws", "lambda-edge-refused", {"auth/environment": {"variables": {"LEVEL": "info"}}}),
    ("aws", "lambda-edge-version", {"site/orderedCacheBehaviors/0/lambdaFunctionAssociations/0/lambdaArn": "arn:aws:lambda:us-east-1:123456789012:function:auth:$LATEST"}),
    ("aws", "edge-region", {"auth/region": "eu-west-1"}),
    ("aws", "lambda-edge-role", {"role/assumeRolePolicy": '{"Statement":[]}'}),
    ("aws", "lambda-edge-timeout", {"auth/timeout": 30}),
    ("aws", "lambda-edge-viewer-memory", {"auth/memorySize": 512}),
    ("aws", "lambda-edge-replicas", {"auth/skipDestroy": False}),
    ("aws", "lambda-edge-heavy-imports", {"auth/code": {"fn::assetArchive": {"index.mjs": {"fn::stringAsset": 'import "sharp";'}}}}),
    ("aws", "edge-event-clash", {"site/orderedCacheBehaviors/0/functionAssociations": [{"eventType": "viewer-response", "functionArn": "arn:aws:cloudfront::1:function/x"}]}),
    ("aws", "cloudfront-quota", {"rewrite/code": "x" * 10241}),
    ("aws", "observability-missing", {"site/loggingConfig": None}),
    ("aws", "log-retention-missing", {"logs/retentionInDays": None}),
    ("aws", "log-group-missing", {"logs/name": "/aws/lambda/other"}),
    ("aws", "owner-tag-missing", {"bucket/tags": None}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("cloud", "policy", "change"), CHANGES, ids=[f"{cloud}: {policy}" for cloud, policy, _ in CHANGES]
)
def test_one_line_that_is_changed_is_found(cloud: str, policy: str, change: dict[str, Any]) -> None:
    resources = copy.deepcopy(_stack(cloud))
    for path, value in change.items():
        put(resources, path, value)
    found = evaluate(capture(resources, "prod"))
    assert policy in {each.policy for each in found.findings}


@pytest.mark.parametrize("cloud", ["cloudflare", "aws"])
def test_production_without_an_alarm_or_protection_is_found(cloud: str) -> None:
    resources = _stack(cloud)
    del resources["alarm"]
    resources["bucket" if cloud == "aws" else "files"]["options"] = {}
    found = {each.policy for each in evaluate(capture(resources, "prod")).findings}
    assert {"alarm-missing", "production-unprotected"} <= found


@pytest.mark.parametrize("cloud", ["cloudflare", "aws"])
def test_the_same_stack_under_another_name_is_bound_to_production(cloud: str) -> None:
    found = evaluate(capture(_stack(cloud), "dev"))
    assert "production-binding" in {each.policy for each in found.findings}
