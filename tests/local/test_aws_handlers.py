"""What AWS's resources answer: complete outputs, names, refusals, data functions."""

import copy
import inspect
import json
import re
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest
from edgewright.engine.cloud import CloudError, UnknownType
from edgewright.platforms.cloud import HANDLERS, LocalCloud
from edgewright.platforms.cloudfront.emulate import managed
from edgewright.platforms.gaps import GAP_IDS

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "sts:AssumeRole",
                "Principal": {"Service": ["lambda.amazonaws.com", "edgelambda.amazonaws.com"]},
            }
        ],
    }
)
POLICY = json.dumps({"Version": "2012-10-17", "Statement": []})
BEHAVIOR = {
    "targetOriginId": "o",
    "viewerProtocolPolicy": "allow-all",
    "allowedMethods": ["GET", "HEAD"],
    "cachedMethods": ["GET", "HEAD"],
    "cachePolicyId": "658327ea-f89d-4fab-a63d-7e88639e58f6",
}
ORIGIN = {
    "originId": "o",
    "domainName": "origin.example",
    "customOriginConfig": {
        "httpPort": 80,
        "httpsPort": 443,
        "originProtocolPolicy": "http-only",
        "originSslProtocols": ["TLSv1.2"],
    },
}
NOTHING = {
    "cookiesConfig": {"cookieBehavior": "none"},
    "headersConfig": {"headerBehavior": "none"},
    "queryStringsConfig": {"queryStringBehavior": "none"},
}
STORE = "arn:aws:cloudfront::123456789012:key-value-store/x"

GOOD: Mapping[str, dict[str, Any]] = {
    "cloudfront.Distribution": {
        "enabled": True,
        "origins": [ORIGIN],
        "defaultCacheBehavior": BEHAVIOR,
        "restrictions": {"geoRestriction": {"restrictionType": "none"}},
        "viewerCertificate": {"cloudfrontDefaultCertificate": True},
    },
    "cloudfront.CachePolicy": {"parametersInCacheKeyAndForwardedToOrigin": NOTHING},
    "cloudfront.OriginRequestPolicy": {**NOTHING},
    "cloudfront.ResponseHeadersPolicy": {
        "customHeadersConfig": {"items": [{"header": "a", "value": "b", "override": True}]}
    },
    "cloudfront.Function": {
        "code": "function handler(event) { return event.request; }",
        "runtime": "cloudfront-js-2.0",
    },
    "cloudfront.KeyValueStore": {},
    "cloudfront.KeyvaluestoreKey": {"key": "k", "value": "v", "keyValueStoreArn": STORE},
    "cloudfront.KeyvaluestoreKeysExclusive": {
        "keyValueStoreArn": STORE,
        "resourceKeyValuePairs": [{"key": "k", "value": "v"}],
    },
    "cloudfront.OriginAccessControl": {
        "originAccessControlOriginType": "s3",
        "signingBehavior": "always",
        "signingProtocol": "sigv4",
    },
    "cloudfront.OriginAccessIdentity": {},
    "cloudfront.ContinuousDeploymentPolicy": {
        "enabled": True,
        "stagingDistributionDnsNames": {"items": ["d1.cloudfront.net"], "quantity": 1},
        "trafficConfig": {"type": "SingleWeight", "singleWeightConfig": {"weight": 0.1}},
    },
    "cloudfront.MonitoringSubscription": {
        "distributionId": "E1",
        "monitoringSubscription": {
            "realtimeMetricsSubscriptionConfig": {"realtimeMetricsSubscriptionStatus": "Enabled"}
        },
    },
    "cloudfront.RealtimeLogConfig": {"endpoint": {}, "fields": ["timestamp"], "samplingRate": 50},
    "cloudfront.PublicKey": {"encodedKey": "pem"},
    "cloudfront.KeyGroup": {"items": ["K1"]},
    "lambda_.Function": {
        "role": "arn:aws:iam::123456789012:role/r",
        "handler": "index.handler",
        "runtime": "nodejs22.x",
        "code": pulumi.AssetArchive({"index.js": pulumi.StringAsset("exports.handler = async () => null;")}),
        "publish": True,
    },
    "lambda_.Permission": {"action": "lambda:GetFunction", "function": "f", "principal": "x.amazonaws.com"},
    "iam.Role": {"assumeRolePolicy": TRUST},
    "iam.RolePolicyAttachment": {"role": "r", "policyArn": "arn:aws:iam::aws:policy/p"},
    "iam.RolePolicy": {"role": "r", "policy": POLICY},
    "iam.Policy": {"policy": POLICY},
    "s3.Bucket": {},
    "s3.BucketV2": {},
    "s3.BucketPolicy": {"bucket": "b", "policy": POLICY},
    "s3.BucketObject": {"bucket": "b", "content": "text"},
    "s3.BucketObjectv2": {"bucket": "b", "content": "text"},
    "s3.BucketPublicAccessBlock": {"bucket": "b"},
    "s3.BucketOwnershipControls": {"bucket": "b", "rule": {"objectOwnership": "BucketOwnerEnforced"}},
    "s3.BucketVersioning": {"bucket": "b", "versioningConfiguration": {"status": "Enabled"}},
    "s3.BucketServerSideEncryptionConfiguration": {"bucket": "b", "rules": [{}]},
    "s3.BucketLifecycleConfiguration": {"bucket": "b", "rules": []},
    "s3.BucketAcl": {"bucket": "b", "acl": "private"},
    "s3.BucketWebsiteConfiguration": {"bucket": "b", "indexDocument": {"suffix": "index.html"}},
    "s3.BucketWebsiteConfigurationV2": {"bucket": "b", "redirectAllRequestsTo": {"hostName": "example.com"}},
    "s3.BucketCorsConfiguration": {"bucket": "b", "corsRules": [{}]},
    "acm.Certificate": {"domainName": "example.com", "validationMethod": "DNS"},
    "acm.CertificateValidation": {"certificateArn": "arn"},
    "wafv2.WebAcl": {"defaultAction": {"allow": {}}, "scope": "CLOUDFRONT", "visibilityConfig": {}},
    "wafv2.IpSet": {"ipAddressVersion": "IPV4", "scope": "CLOUDFRONT", "addresses": ["192.0.2.0/24"]},
    "wafv2.WebAclLoggingConfiguration": {"resourceArn": "arn", "logDestinationConfigs": ["arn"]},
    "route53.Zone": {"name": "example.com"},
    "route53.Record": {"zoneId": "Z1", "name": "www.example.com", "type": "A"},
    "route53.HealthCheck": {"type": "HTTPS"},
    "cloudwatch.LogGroup": {},
    "cloudwatch.LogDeliverySource": {"logType": "ACCESS_LOGS", "resourceArn": "arn"},
    "cloudwatch.LogDeliveryDestination": {"deliveryDestinationConfiguration": {"destinationResourceArn": "arn"}},
    "cloudwatch.LogDelivery": {"deliveryDestinationArn": "arn", "deliverySourceName": "s"},
    "cloudwatch.Dashboard": {"dashboardName": "d", "dashboardBody": "{}"},
    "cloudwatch.MetricAlarm": {"comparisonOperator": "GreaterThanThreshold", "evaluationPeriods": 1},
}

OPTIONAL = {
    # What the API gives only to some, or the provider leaves empty.
    ("lambda_.Function", "signingJobArn"),
}


def cls(name: str) -> Any:
    module, member = name.split(".")
    return getattr(getattr(aws, module), member)


def token(name: str) -> str:
    found = re.search(r"\.__init__\(\s*'(aws:[^']+)'", inspect.getsource(cls(name)))
    assert found is not None
    return found.group(1)


def make(name: str, inputs: Mapping[str, Any], resource: str = "x") -> tuple[str, Mapping[str, Any]]:
    return LocalCloud().new_resource(token(name), resource, inputs)


def refused(name: str, /, **changed: Any) -> str:
    with pytest.raises(CloudError) as caught:
        make(name, {**GOOD[name], **changed})
    return str(caught.value)


def test_every_handler_has_an_example() -> None:
    assert {token(name) for name in GOOD} == {type_ for type_ in HANDLERS if type_.startswith("aws:")}


@pytest.mark.parametrize("name", GOOD)
def test_outputs_are_complete(name: str) -> None:
    identity, outputs = make(name, GOOD[name])
    assert identity
    missing = []
    for member in vars(cls(name)).values():
        if not isinstance(member, property) or member.fget is None:
            continue
        wire = getattr(member.fget, "_pulumi_name", member.fget.__name__)
        returned = typing.get_args(inspect.get_annotations(member.fget, eval_str=True)["return"])[0]
        optional = type(None) in typing.get_args(returned)
        if not optional and outputs.get(wire) is None and (name, wire) not in OPTIONAL:
            missing.append(wire)
    assert missing == []


@pytest.mark.parametrize("name", GOOD)
def test_inputs_are_given_back_and_ids_are_the_same_twice(name: str) -> None:
    first = make(name, GOOD[name])
    assert make(name, copy.deepcopy({k: v for k, v in GOOD[name].items() if k != "code"}) | GOOD[name])[0] == first[0]
    for key, value in GOOD[name].items():
        if isinstance(value, (str, bool, int)):
            assert first[1][key] == value


@pytest.mark.parametrize("name", GOOD)
def test_what_is_required_is_missed_by_name(name: str) -> None:
    handler = HANDLERS[token(name)]
    for key in handler.required:
        assert f"{key}: is required and missing" in refused(name, **{key: None})


def test_gaps_of_handlers_are_in_the_list() -> None:
    assert {handler.gap for handler in HANDLERS.values() if handler.gap} <= GAP_IDS


def test_unknown_types_are_named() -> None:
    with pytest.raises(UnknownType, match=r"aws:sqs/queue:Queue"):
        LocalCloud().new_resource("aws:sqs/queue:Queue", "jobs", {})
    with pytest.raises(UnknownType, match=r"aws:ec2/getAmi:getAmi"):
        LocalCloud().call("aws:ec2/getAmi:getAmi", {})


def test_managed_policies_are_those_of_the_gateway() -> None:
    text = (Path(__file__).parents[2] / "edge/src/platforms/cloudfront/gateway/managed-policies.ts").read_text()
    there = dict(re.findall(r'Policy\(\s*"([0-9a-f-]{36})",\s*"([\w-]+)"', text))
    known = {
        **managed.CACHE_POLICIES,
        **managed.ORIGIN_REQUEST_POLICIES,
        **managed.RESPONSE_HEADERS_POLICIES,
    }
    assert {identity: f"Managed-{name}" for identity, name in there.items()} == {v: k for k, v in known.items()}


BAD: tuple[tuple[str, dict[str, Any], str], ...] = (
    ("cloudfront.Distribution", {"httpVersion": "http9"}, "httpVersion: must be one of http1.1, http2, http3"),
    ("cloudfront.Distribution", {"defaultRootObject": "/index.html"}, "'/index.html' must not begin with /"),
    (
        "cloudfront.Distribution",
        {"aliases": ["www.example.com"]},
        "aliases: www.example.com need a certificate that covers them",
    ),
    (
        "cloudfront.Distribution",
        {"viewerCertificate": {"acmCertificateArn": "arn:aws:acm:eu-west-1:123456789012:certificate/x"}},
        'is not in us-east-1, where CloudFront takes certificates from; set region="us-east-1"',
    ),
    (
        "cloudfront.Distribution",
        {"webAclId": "arn:aws:wafv2:eu-west-1:123456789012:regional/webacl/a/b"},
        "a web ACL of CloudFront is global",
    ),
    (
        "cloudfront.Distribution",
        {"origins": [{**ORIGIN, "domainName": "https://origin.example/x"}]},
        "must be a host name alone, without scheme, port and path",
    ),
    ("cloudfront.Distribution", {"origins": [{**ORIGIN, "domainName": "192.0.2.1"}]}, "'192.0.2.1' is an IP address"),
    ("cloudfront.Distribution", {"origins": [{**ORIGIN, "originPath": "api/"}]}, "must begin with / and not end with"),
    (
        "cloudfront.Distribution",
        {"origins": [{"originId": "o", "domainName": "origin.example"}]},
        "is no bucket's name, so it needs customOriginConfig",
    ),
    (
        "cloudfront.Distribution",
        {"origins": [{**ORIGIN, "customHeaders": [{"name": "Host", "value": "x"}]}]},
        "CloudFront does not let an origin have the custom header Host",
    ),
    ("cloudfront.Distribution", {"origins": [ORIGIN] * 101}, "origins: 101; a distribution has at most 100"),
    (
        "cloudfront.Distribution",
        {"orderedCacheBehaviors": [{**BEHAVIOR, "pathPattern": f"/{n}"} for n in range(75)]},
        "orderedCacheBehaviors: 76, with the default behavior; a distribution has at most 75",
    ),
    (
        "cloudfront.Distribution",
        {"defaultCacheBehavior": {**BEHAVIOR, "allowedMethods": ["GET", "POST"]}},
        "allowedMethods: ['GET', 'POST'] is none of the sets that CloudFront takes",
    ),
    (
        "cloudfront.Distribution",
        {"defaultCacheBehavior": {**BEHAVIOR, "cachedMethods": ["GET", "HEAD", "OPTIONS"]}},
        "cachedMethods: ['OPTIONS'] are not in allowedMethods",
    ),
    (
        "cloudfront.Distribution",
        {
            "defaultCacheBehavior": {
                **BEHAVIOR,
                "lambdaFunctionAssociations": [{"eventType": "origin-request", "lambdaArn": "a"}] * 2,
            }
        },
        "origin-request is there twice; an event takes one function",
    ),
    ("cloudfront.CachePolicy", {"minTtl": 5, "defaultTtl": 1}, "minTtl, defaultTtl and maxTtl must rise: got 5, 1"),
    (
        "cloudfront.CachePolicy",
        {
            "parametersInCacheKeyAndForwardedToOrigin": {
                **NOTHING,
                "headersConfig": {"headerBehavior": "whitelist", "headers": {"items": [f"h{n}" for n in range(11)]}},
            }
        },
        "headersConfig: 11 names; a cache policy takes 10",
    ),
    (
        "cloudfront.CachePolicy",
        {
            "minTtl": 0,
            "defaultTtl": 0,
            "maxTtl": 0,
            "parametersInCacheKeyAndForwardedToOrigin": {**NOTHING, "cookiesConfig": {"cookieBehavior": "all"}},
        },
        "cookiesConfig: cannot be in a policy with caching disabled",
    ),
    (
        "cloudfront.OriginRequestPolicy",
        {"headersConfig": {"headerBehavior": "whitelist"}},
        "headersConfig: whitelist needs names",
    ),
    (
        "cloudfront.ResponseHeadersPolicy",
        {"securityHeadersConfig": {"contentSecurityPolicy": {"contentSecurityPolicy": "x" * 1784, "override": True}}},
        "1784 characters; CloudFront takes 1783",
    ),
    ("cloudfront.Function", {"code": "x" * 10241}, "10241 bytes; a CloudFront function has at most 10 KiB"),
    ("cloudfront.Function", {"name": "a b"}, "name: 'a b' must have 1 to 64 letters"),
    (
        "cloudfront.Function",
        {"runtime": "cloudfront-js-1.0", "keyValueStoreAssociations": [STORE]},
        "key-value stores need the runtime cloudfront-js-2.0",
    ),
    ("cloudfront.KeyvaluestoreKey", {"value": "v" * 1025}, "1025 bytes under 'k'; a value has at most 1 KiB"),
    (
        "cloudfront.KeyvaluestoreKeysExclusive",
        {"resourceKeyValuePairs": [{"key": "k", "value": "v"}] * 2},
        "the key 'k' is there twice",
    ),
    (
        "cloudfront.ContinuousDeploymentPolicy",
        {"trafficConfig": {"type": "SingleWeight", "singleWeightConfig": {"weight": 0.5}}},
        "weight: must be 0 to 0.15, got 0.5",
    ),
    (
        "cloudfront.ContinuousDeploymentPolicy",
        {
            "trafficConfig": {
                "type": "SingleWeight",
                "singleWeightConfig": {
                    "weight": 0.1,
                    "sessionStickinessConfig": {"idleTtl": 600, "maximumTtl": 300},
                },
            }
        },
        "idleTtl: must not be above maximumTtl, got 600 and 300",
    ),
    (
        "cloudfront.ContinuousDeploymentPolicy",
        {
            "trafficConfig": {
                "type": "SingleWeight",
                "singleWeightConfig": {
                    "weight": 0.1,
                    "sessionStickinessConfig": {"idleTtl": 60, "maximumTtl": 7200},
                },
            }
        },
        "maximumTtl: must be 300 to 3600 s, got 7200",
    ),
    (
        "cloudfront.Distribution",
        {"continuousDeploymentPolicyId": "p", "httpVersion": "http2and3"},
        "httpVersion: 'http2and3' cannot be together with continuous deployment",
    ),
    (
        "cloudfront.Distribution",
        {"orderedCacheBehaviors": [{**BEHAVIOR, "pathPattern": "/a%20b"}]},
        "orderedCacheBehaviors[0].pathPattern: '/a%20b' has a character that no path pattern has",
    ),
    (
        "cloudfront.Distribution",
        {"staging": True, "continuousDeploymentPolicyId": "p"},
        "continuousDeploymentPolicyId: belongs to the primary distribution",
    ),
    (
        "cloudfront.Distribution",
        {
            "originGroups": [
                {
                    "originId": "g",
                    "failoverCriteria": {"statusCodes": [500]},
                    "members": [{"originId": "o"}, {"originId": "p"}],
                }
            ],
            "defaultCacheBehavior": {
                **BEHAVIOR,
                "targetOriginId": "g",
                "allowedMethods": ["GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"],
            },
        },
        "DELETE, PATCH, POST, PUT cannot be allowed where the target is an origin group",
    ),
    ("lambda_.Function", {"code": None}, "code: needs code, s3Bucket with s3Key, or imageUri"),
    ("lambda_.Function", {"code": pulumi.FileArchive("no-such-folder")}, "'no-such-folder' cannot be read"),
    ("lambda_.Function", {"memorySize": 64}, "memorySize: must be 128 to 32768 MB, got 64"),
    ("lambda_.Function", {"runtime": "nodejs20.x"}, "AWS lets no function of it be changed since 2026-09-30"),
    ("lambda_.Function", {"runtime": "python3.8"}, "python3.8 is past its end"),
    ("cloudwatch.LogGroup", {"retentionInDays": 31}, "retentionInDays: must be one of 1, 3, 5, 7, 14, 30, 60"),
    (
        "cloudfront.Distribution",
        {"origins": [{**ORIGIN, "originShield": {"enabled": True, "originShieldRegion": "eu-north-1"}}]},
        "'eu-north-1' has no Origin Shield",
    ),
    (
        "wafv2.WebAcl",
        {
            "rules": [
                {
                    "name": f"r{number}",
                    "priority": number,
                    "statement": {"rateBasedStatement": {"limit": 10, "evaluationWindowSec": 60}},
                }
                for number in range(11)
            ]
        },
        "WAFLimitsExceededException: 11 rate-based rules; a web ACL has at most 10",
    ),
    (
        "wafv2.WebAcl",
        {"rules": [{"name": "r", "priority": 0, "statement": {"regexMatchStatement": {"regexString": "x" * 201}}}]},
        "rules[r].regexMatchStatement.regexString: 201 characters; AWS WAF takes 200",
    ),
    ("lambda_.Function", {"timeout": 901}, "timeout: must be 1 to 900 s, got 901"),
    ("iam.Role", {"assumeRolePolicy": "{"}, "assumeRolePolicy: is not JSON"),
    (
        "s3.BucketWebsiteConfiguration",
        {"redirectAllRequestsTo": {"hostName": "example.com"}},
        "indexDocument: give it or redirectAllRequestsTo",
    ),
    (
        "s3.BucketWebsiteConfiguration",
        {"indexDocument": {"suffix": "a/index.html"}},
        "indexDocument.suffix: 'a/index.html' must be a name without a slash",
    ),
    (
        "cloudfront.Distribution",
        {"origins": [{"originId": "o", "domainName": "b.s3-website-us-east-1.amazonaws.com"}]},
        "is no bucket's name, so it needs customOriginConfig",
    ),
    ("s3.Bucket", {"bucket": "Files_"}, "'Files_' is not a bucket's name"),
    ("s3.BucketObjectv2", {"source": pulumi.StringAsset("x")}, "source and content: give one of them"),
    (
        "wafv2.WebAcl",
        {"rules": [{"name": "a", "priority": 1}, {"name": "b", "priority": 1}]},
        "rules: the priority 1 is there twice",
    ),
    (
        "wafv2.WebAcl",
        {
            "rules": [
                {
                    "name": "a",
                    "priority": 1,
                    "statement": {"rateBasedStatement": {"limit": 5, "evaluationWindowSec": 30}},
                }
            ]
        },
        "rules[a].rateBasedStatement.evaluationWindowSec: must be one of (60, 120, 300, 600), got 30;"
        " rules[a].rateBasedStatement.limit: must be 10 or more, got 5",
    ),
    ("wafv2.IpSet", {"addresses": ["192.0.2.1"]}, "'192.0.2.1' is no network of IPV4 such as 192.0.2.0/24"),
    ("wafv2.IpSet", {"addresses": ["2001:db8::/32"]}, "is no network of IPV4"),
    ("wafv2.WebAcl", {"region": "eu-west-1"}, "a web ACL of the scope CLOUDFRONT is in us-east-1, got 'eu-west-1'"),
)


@pytest.mark.parametrize(("name", "changed", "message"), BAD)
def test_what_aws_would_refuse_is_refused(name: str, changed: dict[str, Any], message: str) -> None:
    assert message in refused(name, **changed)


def test_names_that_are_not_given_are_made_as_the_provider_does() -> None:
    _, outputs = make("cloudfront.CachePolicy", GOOD["cloudfront.CachePolicy"], "pages")
    assert re.fullmatch(r"pages-[0-9a-f]{7}", outputs["name"])
    _, outputs = make("iam.Role", {**GOOD["iam.Role"], "namePrefix": "edge-"}, "role")
    assert re.fullmatch(r"edge-[0-9a-f]{7}", outputs["name"])
    identity, outputs = make("lambda_.Function", {**GOOD["lambda_.Function"], "name": "own"}, "function")
    assert identity == outputs["name"] == "own"
    assert outputs["qualifiedArn"] == "arn:aws:lambda:us-east-1:123456789012:function:own:1"
    unpublished = make("lambda_.Function", {**GOOD["lambda_.Function"], "publish": False, "region": "eu-west-1"})[1]
    assert unpublished["qualifiedArn"].startswith("arn:aws:lambda:eu-west-1:")
    assert unpublished["qualifiedArn"].endswith(":$LATEST")


def test_a_distribution_keeps_its_id_whatever_changes() -> None:
    name = "cloudfront.Distribution"
    first = make(name, GOOD[name], "cdn")[0]
    assert make(name, {**GOOD[name], "comment": "changed"}, "cdn")[0] == first
    assert make(name, GOOD[name], "other")[0] != first
    assert re.fullmatch(r"E[A-Z2-7]{13}", first)


def test_code_is_told_apart_by_its_content() -> None:
    def digest(text: str) -> str:
        code = pulumi.AssetArchive({"index.js": pulumi.StringAsset(text)})
        return str(make("lambda_.Function", {**GOOD["lambda_.Function"], "code": code})[1]["codeSha256"])

    assert digest("a") == digest("a") != digest("b")


def call(function: str, **args: Any) -> Mapping[str, Any]:
    module, name = function.split(".")
    return LocalCloud().call(f"aws:{module}/{name}:{name}", args)


def test_policy_documents_are_written_as_the_provider_writes_them() -> None:
    # The documentation's own example: https://www.pulumi.com/registry/packages/aws/api-docs/iam/getpolicydocument/
    answer = call(
        "iam.getPolicyDocument",
        statements=[
            {"sid": "1", "actions": ["s3:ListAllMyBuckets", "s3:GetBucketLocation"], "resources": ["arn:aws:s3:::*"]},
            {
                "actions": ["s3:ListBucket"],
                "resources": ["arn:aws:s3:::b"],
                "conditions": [
                    {"test": "StringLike", "variable": "s3:prefix", "values": ["", "home/", "home/&{aws:username}/"]}
                ],
            },
            {
                "effect": "Deny",
                "notActions": ["s3:*"],
                "principals": [
                    {"type": "AWS", "identifiers": ["*"]},
                    {"type": "Service", "identifiers": ["b.amazonaws.com", "a.amazonaws.com"]},
                ],
            },
            {"principals": [{"type": "*", "identifiers": ["*"]}], "actions": ["x:y"]},
        ],
    )
    assert json.loads(answer["json"]) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "1",
                "Effect": "Allow",
                "Action": ["s3:ListAllMyBuckets", "s3:GetBucketLocation"],
                "Resource": "arn:aws:s3:::*",
            },
            {
                "Effect": "Allow",
                "Action": "s3:ListBucket",
                "Resource": "arn:aws:s3:::b",
                "Condition": {"StringLike": {"s3:prefix": ["home/${aws:username}/", "home/", ""]}},
            },
            {
                "Effect": "Deny",
                "NotAction": "s3:*",
                "Principal": {"AWS": "*", "Service": ["b.amazonaws.com", "a.amazonaws.com"]},
            },
            {"Effect": "Allow", "Action": "x:y", "Principal": "*"},
        ],
    }
    assert json.loads(answer["minifiedJson"]) == json.loads(answer["json"])
    assert " " not in answer["minifiedJson"]


def test_policy_documents_are_merged_by_sid() -> None:
    base = json.dumps({"Version": "2012-10-17", "Statement": [{"Sid": "a", "Effect": "Allow", "Action": "x:1"}]})
    over = json.dumps({"Statement": {"Sid": "b", "Effect": "Deny", "Action": "x:3"}})
    answer = call(
        "iam.getPolicyDocument",
        sourcePolicyDocuments=[base],
        statements=[{"sid": "b", "actions": ["x:2"]}, {"actions": ["x:4"]}],
        overridePolicyDocuments=[over],
    )
    assert json.loads(answer["json"])["Statement"] == [
        {"Sid": "a", "Effect": "Allow", "Action": "x:1"},
        {"Sid": "b", "Effect": "Deny", "Action": "x:3"},
        {"Effect": "Allow", "Action": "x:4"},
    ]
    with pytest.raises(CloudError, match="two statements of sourcePolicyDocuments have the Sid 'a'"):
        call("iam.getPolicyDocument", sourcePolicyDocuments=[base, base])
    with pytest.raises(CloudError, match="is not JSON"):
        call("iam.getPolicyDocument", overridePolicyDocuments=["{"])


def test_data_functions_stand_in_for_the_account() -> None:
    found = call("cloudfront.getCachePolicy", name="Managed-CachingDisabled")
    assert found["id"] == "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
    assert call("cloudfront.getCachePolicy", id=found["id"])["name"] == "Managed-CachingDisabled"
    with pytest.raises(CloudError, match="there is no managed policy 'mine', such as 'Managed-AllViewer'"):
        call("cloudfront.getOriginRequestPolicy", name="mine")
    assert LocalCloud().call("aws:index/getCallerIdentity:getCallerIdentity", {})["accountId"] == "123456789012"
    assert LocalCloud().call("aws:index/getRegion:getRegion", {})["region"] == "us-east-1"
