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
from edgewright.local import aws_managed
from edgewright.local.cloud import HANDLERS, LocalCloud
from edgewright.local.gaps import GAP_IDS
from edgewright.program.cloud import CloudError, UnknownType

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
    "s3.BucketCorsConfiguration": {"bucket": "b", "corsRules": [{}]},
    "acm.Certificate": {"domainName": "example.com", "validationMethod": "DNS"},
    "acm.CertificateValidation": {"certificateArn": "arn"},
    "wafv2.WebAcl": {"defaultAction": {"allow": {}}, "scope": "CLOUDFRONT", "visibilityConfig": {}},
    "wafv2.WebAclLoggingConfiguration": {"resourceArn": "arn", "logDestinationConfigs": ["arn"]},
    "route53.Zone": {"name": "example.com"},
    "route53.Record": {"zoneId": "Z1", "name": "www.example.com", "type": "A"},
    "route53.HealthCheck": {"type": "HTTPS"},
    "cloudwatch.LogGroup": {},
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
    text = (Path(__file__).parents[2] / "edge/src/gateway/cloudfront/managed-policies.ts").read_text()
    there = dict(re.findall(r'Policy\(\s*"([0-9a-f-]{36})",\s*"([\w-]+)"', text))
    known = {
        **aws_managed.CACHE_POLICIES,
        **aws_managed.ORIGIN_REQUEST_POLICIES,
        **aws_managed.RESPONSE_HEADERS_POLICIES,
    }
    assert {identity: f"Managed-{name}" for identity, name in there.items()} == {v: k for k, v in known.items()}
