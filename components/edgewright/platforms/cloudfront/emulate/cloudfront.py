"""Amazon CloudFront: distributions, policies, functions and key-value stores."""

import re
from collections.abc import Callable, Mapping
from typing import Final

from edgewright.engine.cloud import CloudError
from edgewright.engine.resources import Inputs, Outputs
from edgewright.platforms.cloudfront.emulate.account import (
    all_tags,
    by,
    capitals,
    check_named,
    etag_of,
    first_part,
    global_arn,
    lettered,
    no_outputs,
    uuid_of,
)
from edgewright.platforms.cloudfront.emulate.cloudfront_checks import (
    check_cache_policy,
    check_continuous,
    check_distribution,
    check_function,
    check_headers_policy,
    check_keys,
    check_origin_request_policy,
    check_pairs,
    pair_bytes,
)
from edgewright.platforms.cloudfront.emulate.managed import (
    CACHE_POLICIES,
    ORIGIN_REQUEST_POLICIES,
    RESPONSE_HEADERS_POLICIES,
)
from edgewright.platforms.handlers import EPOCH, Function, Handler, hex_id, uuid_id

DISTRIBUTION = "aws:cloudfront/distribution:Distribution"
CACHE_POLICY = "aws:cloudfront/cachePolicy:CachePolicy"
ORIGIN_REQUEST_POLICY = "aws:cloudfront/originRequestPolicy:OriginRequestPolicy"
RESPONSE_HEADERS_POLICY = "aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy"
CF_FUNCTION = "aws:cloudfront/function:Function"
KEY_VALUE_STORE = "aws:cloudfront/keyValueStore:KeyValueStore"
KVS_KEY = "aws:cloudfront/keyvaluestoreKey:KeyvaluestoreKey"
KVS_KEYS = "aws:cloudfront/keyvaluestoreKeysExclusive:KeyvaluestoreKeysExclusive"
ACCESS_CONTROL = "aws:cloudfront/originAccessControl:OriginAccessControl"
ACCESS_IDENTITY = "aws:cloudfront/originAccessIdentity:OriginAccessIdentity"
CONTINUOUS = "aws:cloudfront/continuousDeploymentPolicy:ContinuousDeploymentPolicy"
MONITORING = "aws:cloudfront/monitoringSubscription:MonitoringSubscription"
REALTIME_LOGS = "aws:cloudfront/realtimeLogConfig:RealtimeLogConfig"
PUBLIC_KEY = "aws:cloudfront/publicKey:PublicKey"
KEY_GROUP = "aws:cloudfront/keyGroup:KeyGroup"


def _distribution_outputs(inputs: Inputs, identity: str) -> Outputs:
    return {
        "arn": global_arn("cloudfront", f"distribution/{identity}"),
        "callerReference": f"local-{identity}",
        "domainName": f"d{capitals('domain', identity).lower()}.cloudfront.net",
        "etag": etag_of(inputs),
        "hostedZoneId": "Z2FDTNDATAQYW2",
        "httpVersion": inputs.get("httpVersion") or "http2",
        "inProgressValidationBatches": 0,
        "isIpv6Enabled": inputs.get("isIpv6Enabled", False),
        "lastModifiedTime": EPOCH,
        "loggingV1Enabled": bool(inputs.get("loggingConfig")),
        "priceClass": inputs.get("priceClass") or "PriceClass_All",
        "retainOnDelete": inputs.get("retainOnDelete", False),
        "staging": inputs.get("staging", False),
        "status": "Deployed",
        "trustedKeyGroups": [{"enabled": False, "items": []}],
        "trustedSigners": [{"enabled": False, "items": []}],
        "waitForDeployment": inputs.get("waitForDeployment", True),
        # Left out, it is none: gap `aws-policy-detach`.
        "continuousDeploymentPolicyId": inputs.get("continuousDeploymentPolicyId") or "",
        **all_tags(inputs),
    }


def _policy_outputs(kind: str) -> Callable[[Inputs, str], Outputs]:
    def outputs(inputs: Inputs, identity: str) -> Outputs:
        return {"arn": global_arn("cloudfront", f"{kind}/{identity}"), "etag": etag_of(inputs)}

    return outputs


def _function_outputs(inputs: Inputs, _identity: str) -> Outputs:
    return {
        "arn": global_arn("cloudfront", f"function/{inputs.get('name')}"),
        "etag": etag_of(inputs),
        "liveStageEtag": etag_of(inputs) if inputs.get("publish", True) else "",
        "publish": inputs.get("publish", True),
        "status": "UNASSOCIATED" if inputs.get("publish", True) else "UNPUBLISHED",
        **all_tags(inputs),
    }


def _store_outputs(inputs: Inputs, _identity: str) -> Outputs:
    return {
        "arn": global_arn("cloudfront", f"key-value-store/{uuid_id(KEY_VALUE_STORE, inputs.get('name'))}"),
        "etag": etag_of(inputs),
        "lastModifiedTime": EPOCH,
        **all_tags(inputs),
    }


def _managed(kind: str, known: Mapping[str, str], example: str) -> Function:
    def answer(args: Inputs) -> Outputs:
        by_id = {identity: name for name, identity in known.items()}
        name = args.get("name") or by_id.get(str(args.get("id")))
        if name not in known:
            raise CloudError(
                f"{kind}: there is no managed policy {args.get('name') or args.get('id')!r}, such as {example!r}; one of"
                " this stack's own is a resource's output"
            )
        identity = known[str(name)]
        what = kind.removeprefix("get")
        path = re.sub(r"(?<!^)([A-Z])", r"-\1", what).lower()
        return {**args, "id": identity, "name": name, "arn": global_arn("cloudfront", f"{path}/{identity}")}

    return answer


HANDLERS: Final[dict[str, Handler]] = {
    DISTRIBUTION: Handler(
        by(),
        _distribution_outputs,
        ("defaultCacheBehavior", "enabled", "origins", "restrictions", "viewerCertificate"),
        check_distribution,
        make_id=lettered("E"),
        by_name=True,
    ),
    CACHE_POLICY: Handler(
        by("name"),
        _policy_outputs("cache-policy"),
        ("parametersInCacheKeyAndForwardedToOrigin",),
        check_cache_policy,
        make_id=uuid_of,
        auto_name="name",
    ),
    ORIGIN_REQUEST_POLICY: Handler(
        by("name"),
        _policy_outputs("origin-request-policy"),
        ("cookiesConfig", "headersConfig", "queryStringsConfig"),
        check_origin_request_policy,
        make_id=uuid_of,
        auto_name="name",
    ),
    RESPONSE_HEADERS_POLICY: Handler(
        by("name"),
        _policy_outputs("response-headers-policy"),
        (),
        check_headers_policy,
        make_id=uuid_of,
        auto_name="name",
    ),
    CF_FUNCTION: Handler(
        by("name"), _function_outputs, ("code", "runtime"), check_function, make_id=first_part, auto_name="name"
    ),
    KEY_VALUE_STORE: Handler(by("name"), _store_outputs, (), check_named, make_id=first_part, auto_name="name"),
    KVS_KEY: Handler(
        by("keyValueStoreArn", "key"),
        lambda i, _: {"totalSizeInBytes": pair_bytes([i])},
        ("key", "keyValueStoreArn", "value"),
        lambda i: check_pairs([("", i)]),
        make_id=lambda _type, identity: ",".join(map(str, identity)),
    ),
    KVS_KEYS: Handler(
        by("keyValueStoreArn"),
        lambda i, _: {
            "maxBatchSize": i.get("maxBatchSize", 50),
            "totalSizeInBytes": pair_bytes(i.get("resourceKeyValuePairs") or []),
        },
        ("keyValueStoreArn",),
        check_keys,
        make_id=first_part,
    ),
    ACCESS_CONTROL: Handler(
        by("name"),
        lambda i, identity: {
            "arn": global_arn("cloudfront", f"origin-access-control/{identity}"),
            "description": i.get("description") or "Managed by Pulumi",
            "etag": etag_of(i),
        },
        ("originAccessControlOriginType", "signingBehavior", "signingProtocol"),
        check_named,
        make_id=lettered("E"),
        auto_name="name",
    ),
    ACCESS_IDENTITY: Handler(
        by(),
        lambda i, identity: {
            "arn": global_arn("cloudfront", f"origin-access-identity/{identity}"),
            "callerReference": f"local-{identity}",
            "cloudfrontAccessIdentityPath": f"origin-access-identity/cloudfront/{identity}",
            "etag": etag_of(i),
            "iamArn": f"arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity {identity}",
            "s3CanonicalUserId": hex_id("canonical", identity) * 2,
        },
        make_id=lettered("E"),
        by_name=True,
    ),
    CONTINUOUS: Handler(
        by(),
        lambda i, identity: {
            "arn": global_arn("cloudfront", f"continuous-deployment-policy/{identity}"),
            "etag": etag_of(i),
            "lastModifiedTime": EPOCH,
        },
        ("enabled", "stagingDistributionDnsNames"),
        check_continuous,
        make_id=uuid_of,
        by_name=True,
    ),
    MONITORING: Handler(
        by("distributionId"),
        no_outputs,
        ("distributionId", "monitoringSubscription"),
        make_id=first_part,
        gap="aws-logs",
    ),
    REALTIME_LOGS: Handler(
        by("name"),
        lambda _i, identity: {"arn": identity},
        ("endpoint", "fields", "samplingRate"),
        make_id=lambda _type, identity: global_arn("cloudfront", f"realtime-log-config/{first_part('', identity)}"),
        gap="aws-logs",
        auto_name="name",
    ),
    PUBLIC_KEY: Handler(
        by("name"),
        lambda i, identity: {"callerReference": f"local-{identity}", "etag": etag_of(i)},
        ("encodedKey",),
        make_id=lettered("K"),
        auto_name="name",
        auto_prefix=True,
    ),
    KEY_GROUP: Handler(
        by("name"),
        lambda i, _: {"etag": etag_of(i)},
        ("items",),
        make_id=uuid_of,
        auto_name="name",
    ),
}

FUNCTIONS: Final[dict[str, Function]] = {
    "aws:cloudfront/getCachePolicy:getCachePolicy": _managed(
        "getCachePolicy", CACHE_POLICIES, "Managed-CachingOptimized"
    ),
    "aws:cloudfront/getOriginRequestPolicy:getOriginRequestPolicy": _managed(
        "getOriginRequestPolicy", ORIGIN_REQUEST_POLICIES, "Managed-AllViewer"
    ),
    "aws:cloudfront/getResponseHeadersPolicy:getResponseHeadersPolicy": _managed(
        "getResponseHeadersPolicy", RESPONSE_HEADERS_POLICIES, "Managed-SecurityHeadersPolicy"
    ),
    "aws:cloudfront/getLogDeliveryCanonicalUserId:getLogDeliveryCanonicalUserId": lambda _args: {
        "id": "c4c1ede66af53448b93c283ce9448c4ba468c9432aa01d700d3878632f77d2d0"
    },
}
