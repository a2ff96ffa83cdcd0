"""AWS on a laptop: what the resources of CloudFront stacks become.

As on the other platforms, two halves: :data:`HANDLERS` and :data:`FUNCTIONS` answer the program, and
:func:`edgewright.local.aws_translate.translate` turns what was captured into the gateway's document.
"""

import base64
import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from edgewright.limits import limit
from edgewright.local import aws_iam
from edgewright.local.aws_managed import CACHE_POLICIES, ORIGIN_REQUEST_POLICIES, RESPONSE_HEADERS_POLICIES
from edgewright.local.aws_packages import BadPackage, archive_files, object_bytes
from edgewright.local.handlers import EPOCH, Handler, Inputs, Outputs, hex_id, uuid_id
from edgewright.program.cloud import CloudError

PACKAGE: Final = "aws"

ACCOUNT: Final = "123456789012"
"""Stands for the account's number, which only the account knows: AWS's own example."""
REGION: Final = "us-east-1"
"""Where a resource is that names no region: the provider's own is not looked at."""

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
LAMBDA = "aws:lambda/function:Function"
PERMISSION = "aws:lambda/permission:Permission"
ROLE = "aws:iam/role:Role"
ROLE_ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
POLICY = "aws:iam/policy:Policy"
BUCKET = "aws:s3/bucket:Bucket"
BUCKET_V2 = "aws:s3/bucketV2:BucketV2"
BUCKET_POLICY = "aws:s3/bucketPolicy:BucketPolicy"
OBJECT = "aws:s3/bucketObject:BucketObject"
OBJECT_V2 = "aws:s3/bucketObjectv2:BucketObjectv2"
PUBLIC_ACCESS = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
CERTIFICATE = "aws:acm/certificate:Certificate"
WEB_ACL = "aws:wafv2/webAcl:WebAcl"

_NAME = re.compile(r"[A-Za-z0-9_-]+")
_BUCKET_NAME = re.compile(r"(?!xn--|sthree-)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")

NODE_AND_PYTHON = re.compile(r"(nodejs|python)\d+(\.\d+|\.x)?")


def region(inputs: Inputs) -> str:
    """Return the region that a resource is in."""
    return str(inputs.get("region") or REGION)


def _number(*parts: Any, digits: int = 13) -> str:
    """Return capital letters and digits, as CloudFront makes ids of."""
    return base64.b32encode(hashlib.sha256(hex_id(*parts).encode()).digest()).decode()[:digits]


def _global(service: str, what: str) -> str:
    return f"arn:aws:{service}::{ACCOUNT}:{what}"


def _arn(service: str, inputs: Inputs, what: str) -> str:
    return f"arn:aws:{service}:{region(inputs)}:{ACCOUNT}:{what}"


def _tags(inputs: Inputs) -> Outputs:
    return {"tagsAll": dict(inputs.get("tags") or {})}


def _etag(inputs: Inputs) -> str:
    return "E" + _number("etag", dict(inputs))


# --- outputs -------------------------------------------------------------------------------------------------------------


def _distribution_outputs(inputs: Inputs, identity: str) -> Outputs:
    return {
        "arn": _global("cloudfront", f"distribution/{identity}"),
        "callerReference": f"local-{identity}",
        "domainName": f"d{_number('domain', identity).lower()}.cloudfront.net",
        "etag": _etag(inputs),
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
        "continuousDeploymentPolicyId": inputs.get("continuousDeploymentPolicyId") or "",
        **_tags(inputs),
    }


def _policy_outputs(kind: str) -> Callable[[Inputs, str], Outputs]:
    def outputs(inputs: Inputs, identity: str) -> Outputs:
        return {"arn": _global("cloudfront", f"{kind}/{identity}"), "etag": _etag(inputs)}

    return outputs


def _function_outputs(inputs: Inputs, _identity: str) -> Outputs:
    return {
        "arn": _global("cloudfront", f"function/{inputs.get('name')}"),
        "etag": _etag(inputs),
        "liveStageEtag": _etag(inputs) if inputs.get("publish", True) else "",
        "publish": inputs.get("publish", True),
        "status": "UNASSOCIATED" if inputs.get("publish", True) else "UNPUBLISHED",
        **_tags(inputs),
    }


def _store_outputs(inputs: Inputs, _identity: str) -> Outputs:
    return {
        "arn": _global("cloudfront", f"key-value-store/{uuid_id(KEY_VALUE_STORE, inputs.get('name'))}"),
        "etag": _etag(inputs),
        "lastModifiedTime": EPOCH,
        **_tags(inputs),
    }


def _pair_bytes(pairs: Iterable[Mapping[str, Any]]) -> int:
    return sum(len(str(pair.get(key) or "").encode()) for pair in pairs for key in ("key", "value"))


def _lambda_outputs(inputs: Inputs, _identity: str) -> Outputs:
    arn = _arn("lambda", inputs, f"function:{inputs.get('name')}")
    version = "1" if inputs.get("publish") else "$LATEST"
    digest, size = _code_digest(inputs)
    return {
        "arn": arn,
        "architectures": inputs.get("architectures") or ["x86_64"],
        "codeSha256": digest,
        "sourceCodeHash": inputs.get("sourceCodeHash") or digest,
        "sourceCodeSize": size,
        "invokeArn": _invoke(inputs, arn, "2015-03-31", "invocations"),
        "lastModified": EPOCH,
        "loggingConfig": {"logFormat": "Text", "logGroup": f"/aws/lambda/{inputs.get('name')}"}
        | dict(inputs.get("loggingConfig") or {}),
        "ephemeralStorage": {"size": 512} | dict(inputs.get("ephemeralStorage") or {}),
        "memorySize": inputs.get("memorySize", 128),
        "packageType": inputs.get("packageType") or "Zip",
        "publish": inputs.get("publish", False),
        "qualifiedArn": f"{arn}:{version}",
        "qualifiedInvokeArn": _invoke(inputs, f"{arn}:{version}", "2015-03-31", "invocations"),
        "region": region(inputs),
        "reservedConcurrentExecutions": inputs.get("reservedConcurrentExecutions", -1),
        "responseStreamingInvokeArn": _invoke(inputs, arn, "2021-11-15", "response-streaming-invocations"),
        "signingJobArn": "",
        "signingProfileVersionArn": "",
        "skipDestroy": inputs.get("skipDestroy", False),
        "timeout": inputs.get("timeout", 3),
        "tracingConfig": {"mode": "PassThrough"} | dict(inputs.get("tracingConfig") or {}),
        "version": version,
        **_tags(inputs),
    }


def _invoke(inputs: Inputs, arn: str, date: str, what: str) -> str:
    return f"arn:aws:apigateway:{region(inputs)}:lambda:path/{date}/functions/{arn}/{what}"


def _code_digest(inputs: Inputs) -> tuple[str, int]:
    """Return a digest of the code and its size; AWS's own are of the zip that the provider makes of it."""
    sha, size = hashlib.sha256(), 0
    if inputs.get("code") is None:
        sha.update(repr([inputs.get(key) for key in ("s3Bucket", "s3Key", "s3ObjectVersion", "imageUri")]).encode())
    else:
        for file in archive_files(inputs["code"], Path.cwd()):
            content = base64.b64decode(file.content_base64)
            size += len(content)
            sha.update(f"{file.path}\0{len(content)}\0".encode() + content)
    return base64.b64encode(sha.digest()).decode(), size


def _role_outputs(inputs: Inputs, _identity: str) -> Outputs:
    path = inputs.get("path") or "/"
    return {
        "arn": _global("iam", f"role{path}{inputs.get('name')}"),
        "createDate": EPOCH,
        "forceDetachPolicies": inputs.get("forceDetachPolicies", False),
        "inlinePolicies": inputs.get("inlinePolicies") or [],
        "managedPolicyArns": inputs.get("managedPolicyArns") or [],
        "maxSessionDuration": inputs.get("maxSessionDuration", 3600),
        "path": path,
        "uniqueId": "AROA" + _number(ROLE, inputs.get("name"), digits=17),
        **_tags(inputs),
    }


def _bucket_outputs(inputs: Inputs, _identity: str) -> Outputs:
    name = inputs.get("bucket")
    return {
        "arn": f"arn:aws:s3:::{name}",
        "bucketDomainName": f"{name}.s3.amazonaws.com",
        "bucketRegion": region(inputs),
        "bucketRegionalDomainName": f"{name}.s3.{region(inputs)}.amazonaws.com",
        "bucketNamespace": inputs.get("bucketNamespace") or "global",
        "hostedZoneId": "Z3AQBSTGFYJSTF",
        "objectLockEnabled": inputs.get("objectLockEnabled", False),
        "region": region(inputs),
        **_tags(inputs),
        "forceDestroy": inputs.get("forceDestroy", False),
        # What a bucket has until resources of their own say something else.
        "accelerationStatus": "",
        "acl": inputs.get("acl") or "private",
        "corsRules": inputs.get("corsRules") or [],
        "grants": inputs.get("grants") or [],
        "lifecycleRules": inputs.get("lifecycleRules") or [],
        "logging": inputs.get("logging") or {},
        "objectLockConfiguration": inputs.get("objectLockConfiguration") or {},
        "replicationConfiguration": inputs.get("replicationConfiguration") or {},
        "replicationConfigurations": inputs.get("replicationConfigurations") or [],
        "serverSideEncryptionConfiguration": inputs.get("serverSideEncryptionConfiguration") or {},
        "serverSideEncryptionConfigurations": inputs.get("serverSideEncryptionConfigurations") or [],
        "website": inputs.get("website") or {},
        "websites": inputs.get("websites") or [],
        "loggings": inputs.get("loggings") or [],
        "policy": inputs.get("policy") or "",
        "requestPayer": inputs.get("requestPayer") or "BucketOwner",
        "versioning": inputs.get("versioning") or {"enabled": False, "mfaDelete": False},
        "versionings": inputs.get("versionings") or [],
        "websiteDomain": f"s3-website-{region(inputs)}.amazonaws.com",
        "websiteEndpoint": f"{name}.s3-website-{region(inputs)}.amazonaws.com",
    }


def _object_outputs(inputs: Inputs, _identity: str) -> Outputs:
    content = object_bytes(inputs, Path.cwd())
    return {
        "arn": f"arn:aws:s3:::{inputs.get('bucket')}/{inputs.get('key')}",
        "acl": inputs.get("acl") or "private",
        "bucketKeyEnabled": inputs.get("bucketKeyEnabled", False),
        "contentType": inputs.get("contentType") or "application/octet-stream",
        "etag": hashlib.md5(content, usedforsecurity=False).hexdigest(),
        "kmsKeyId": inputs.get("kmsKeyId") or "",
        "region": region(inputs),
        "serverSideEncryption": inputs.get("serverSideEncryption") or "AES256",
        "storageClass": inputs.get("storageClass") or "STANDARD",
        "versionId": "",
        "checksumCrc32": "",
        "checksumCrc32c": "",
        "checksumCrc64nvme": "",
        "checksumSha1": "",
        "checksumSha256": "",
        **_tags(inputs),
    }


def _certificate_outputs(inputs: Inputs, identity: str) -> Outputs:
    names = [str(inputs.get("domainName") or ""), *(inputs.get("subjectAlternativeNames") or [])]
    names = list(dict.fromkeys(name for name in names if name))
    imported = inputs.get("certificateBody") is not None
    method = inputs.get("validationMethod") or ("NONE" if imported else "DNS")
    return {
        "arn": identity,
        "domainName": inputs.get("domainName") or "",
        "domainValidationOptions": []
        if method != "DNS"
        else [
            {
                "domainName": name,
                "resourceRecordName": f"_{hex_id('acm', name.removeprefix('*.'))}.{name.removeprefix('*.')}.",
                "resourceRecordType": "CNAME",
                "resourceRecordValue": f"_{hex_id('acm value', name.removeprefix('*.'))}.acm-validations.aws.",
            }
            for name in names
        ],
        "keyAlgorithm": inputs.get("keyAlgorithm") or "RSA_2048",
        "notAfter": "",
        "notBefore": "",
        "options": inputs.get("options") or {"certificateTransparencyLoggingPreference": "ENABLED"},
        "pendingRenewal": False,
        "region": region(inputs),
        "renewalEligibility": "INELIGIBLE",
        "renewalSummaries": [],
        "status": "ISSUED",
        "subjectAlternativeNames": names,
        "type": "IMPORTED" if imported else "AMAZON_ISSUED",
        "validationEmails": [],
        "validationMethod": method,
        **_tags(inputs),
    }


# --- what the API would refuse ------------------------------------------------------------------------------------------------

_METHODS = (
    {"GET", "HEAD"},
    {"GET", "HEAD", "OPTIONS"},
    {"GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"},
)
_HTTP_VERSIONS = ("http1.1", "http2", "http3", "http2and3")
_PRICE_CLASSES = ("PriceClass_All", "PriceClass_200", "PriceClass_100")


def _check_distribution(inputs: Inputs) -> Iterable[str]:
    origins = inputs.get("origins") or []
    behaviors = [
        ("defaultCacheBehavior", inputs.get("defaultCacheBehavior") or {}),
        *(
            (f"orderedCacheBehaviors[{index}]", behavior)
            for index, behavior in enumerate(inputs.get("orderedCacheBehaviors") or [])
        ),
    ]
    for key, count, name in (
        ("origins", len(origins), "cloudfront.distribution.origins"),
        ("originGroups", len(inputs.get("originGroups") or []), "cloudfront.distribution.origin_groups"),
        ("aliases", len(inputs.get("aliases") or []), "cloudfront.distribution.cnames"),
        ("orderedCacheBehaviors", len(behaviors), "cloudfront.distribution.behaviors"),
    ):
        most = limit(name)
        if count > most.value:
            yield (
                f"{key}: {count}, with the default behavior; a distribution has at most {most.text}"
                if key.startswith("ordered")
                else f"{key}: {count}; a distribution has at most {most.text}"
            )
    for key, allowed in (("httpVersion", _HTTP_VERSIONS), ("priceClass", _PRICE_CLASSES)):
        if inputs.get(key) is not None and inputs[key] not in allowed:
            yield f"{key}: must be one of {', '.join(allowed)}, got {inputs[key]!r}"
    if str(inputs.get("defaultRootObject") or "").startswith("/"):
        yield f"defaultRootObject: {inputs['defaultRootObject']!r} must not begin with /"
    for index, origin in enumerate(origins):
        yield from _check_origin(f"origins[{index}]", origin)
    for where, behavior in behaviors:
        yield from _check_behavior(where, behavior)
    certificate = inputs.get("viewerCertificate") or {}
    arn = certificate.get("acmCertificateArn")
    if arn is not None and str(arn).split(":")[3:4] != [REGION]:
        yield (
            f"viewerCertificate.acmCertificateArn: {arn} is not in {REGION}, where CloudFront takes certificates from;"
            f' set region="{REGION}" on the certificate'
        )
    if inputs.get("aliases") and arn is None and not certificate.get("iamCertificateId"):
        yield (
            f"aliases: {', '.join(inputs['aliases'])} need a certificate that covers them: set"
            " viewerCertificate.acmCertificateArn"
        )
    acl = inputs.get("webAclId")
    if acl and str(acl).startswith("arn:") and f":{REGION}:" not in str(acl):
        yield f"webAclId: {acl} is not in {REGION}; a web ACL of CloudFront is global (scope CLOUDFRONT, {REGION})"
    if inputs.get("staging") and inputs.get("aliases"):
        yield "aliases: a staging distribution has none; viewers reach it through its primary distribution"


def _check_origin(where: str, origin: Mapping[str, Any]) -> Iterable[str]:
    domain = str(origin.get("domainName") or "")
    if "/" in domain or ":" in domain or not domain:
        yield (
            f"{where}.domainName: {domain!r} must be a host name alone, without scheme, port and path; ports go into"
            " customOriginConfig, a path into originPath"
        )
    elif re.fullmatch(r"[\d.]+", domain) and not domain.startswith("127."):
        yield f"{where}.domainName: {domain!r} is an IP address; CloudFront takes a name (127.0.0.1 works here only)"
    path = str(origin.get("originPath") or "")
    if path and (not path.startswith("/") or path.endswith("/")):
        yield f"{where}.originPath: {path!r} must begin with / and not end with one"
    attempts = origin.get("connectionAttempts", 3)
    if attempts not in (1, 2, 3):
        yield f"{where}.connectionAttempts: must be 1 to 3, got {attempts!r}"
    timeout = origin.get("connectionTimeout", 10)
    if not 1 <= timeout <= 10:
        yield f"{where}.connectionTimeout: must be 1 to 10 s, got {timeout!r}"
    if origin.get("customOriginConfig") and origin.get("s3OriginConfig"):
        yield f"{where}: has customOriginConfig and s3OriginConfig; keep one"
    if not origin.get("customOriginConfig") and not _S3_NAME.search(domain) and not origin.get("vpcOriginConfig"):
        yield f"{where}: {domain!r} is no bucket's name, so it needs customOriginConfig"
    for header in origin.get("customHeaders") or []:
        if str(header.get("name")).lower() in _FORBIDDEN_HEADERS or str(header.get("name")).lower().startswith(
            ("x-amz-", "x-edge-")
        ):
            yield f"{where}.customHeaders: CloudFront does not let an origin have the custom header {header.get('name')}"


_S3_NAME = re.compile(r"\.s3[.-]([a-z0-9-]+\.)?amazonaws\.com$")

_FORBIDDEN_HEADERS = frozenset(
    [
        "cache-control",
        "connection",
        "content-length",
        "cookie",
        "host",
        "if-match",
        "if-modified-since",
        "if-none-match",
        "if-range",
        "if-unmodified-since",
        "max-forwards",
        "pragma",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "range",
        "request-range",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "via",
        "x-real-ip",
    ]
)
"""https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/add-origin-custom-headers.html (read November 2026)."""


def _check_behavior(where: str, behavior: Mapping[str, Any]) -> Iterable[str]:
    allowed, cached = set(behavior.get("allowedMethods") or []), set(behavior.get("cachedMethods") or [])
    if allowed not in _METHODS:
        yield (
            f"{where}.allowedMethods: {sorted(allowed)} is none of the sets that CloudFront takes: GET and HEAD; those and"
            " OPTIONS; all of GET, HEAD, OPTIONS, PUT, POST, PATCH, DELETE"
        )
    if cached not in _METHODS[:2]:
        yield f"{where}.cachedMethods: {sorted(cached)} must be GET and HEAD, or those and OPTIONS"
    elif not cached <= allowed:
        yield f"{where}.cachedMethods: {sorted(cached - allowed)} are not in allowedMethods"
    pattern = behavior.get("pathPattern")
    if pattern is not None and not 0 < len(str(pattern)) <= 255:
        yield f"{where}.pathPattern: has {len(str(pattern))} characters; CloudFront takes 1 to 255"
    if behavior.get("cachePolicyId"):
        for key in ("minTtl", "defaultTtl", "maxTtl"):
            if behavior.get(key):
                yield f"{where}.{key}: {behavior[key]} cannot be together with a cache policy, which has its own"
    seen: set[Any] = set()
    for key in ("functionAssociations", "lambdaFunctionAssociations"):
        for association in behavior.get(key) or []:
            event = (key, association.get("eventType"))
            if event in seen:
                yield f"{where}.{key}: {event[1]} is there twice; an event takes one function"
            seen.add(event)


def _ttls(where: str, inputs: Mapping[str, Any]) -> Iterable[str]:
    least, usual, most = inputs.get("minTtl", 0), inputs.get("defaultTtl", 86400), inputs.get("maxTtl", 31536000)
    if not 0 <= least <= usual <= most:
        yield f"{where}minTtl, defaultTtl and maxTtl must rise: got {least}, {usual} and {most}"


def _items(config: Any, key: str) -> list[str]:
    return [str(item) for item in ((config or {}).get(key) or {}).get("items") or []]


def _check_cache_policy(inputs: Inputs) -> Iterable[str]:
    yield from _ttls("", inputs)
    yield from _check_named(inputs, 128)
    parameters = inputs.get("parametersInCacheKeyAndForwardedToOrigin") or {}
    for key, inner, name in (
        ("headersConfig", "headers", "headers"),
        ("cookiesConfig", "cookies", "cookies"),
        ("queryStringsConfig", "queryStrings", "query_strings"),
    ):
        names = _items(parameters.get(key), inner)
        most = limit(f"cloudfront.cache_policy.{name}")
        where = f"parametersInCacheKeyAndForwardedToOrigin.{key}"
        if len(names) > most.value:
            yield f"{where}: {len(names)} names; a cache policy takes {most.text}"
        characters = limit("cloudfront.cache_policy.names_chars")
        if len("".join(names)) > characters.value:
            yield f"{where}: the names have {len(''.join(names))} characters together; CloudFront takes {characters.value}"
        yield from _check_behavior_names(where, parameters.get(key) or {}, names)
    if inputs.get("maxTtl") == 0:
        used = [
            key
            for key, behavior in (
                ("headersConfig", "headerBehavior"),
                ("cookiesConfig", "cookieBehavior"),
                ("queryStringsConfig", "queryStringBehavior"),
            )
            if (parameters.get(key) or {}).get(behavior, "none") != "none"
        ]
        used += [key for key in ("enableAcceptEncodingGzip", "enableAcceptEncodingBrotli") if parameters.get(key)]
        if used:
            yield f"{', '.join(used)}: cannot be in a policy with caching disabled (maxTtl 0); forward by an origin request policy"


def _check_behavior_names(where: str, config: Mapping[str, Any], names: list[str]) -> Iterable[str]:
    behavior = next((str(config[key]) for key in config if key.endswith("Behavior")), "none")
    if behavior in ("whitelist", "allExcept", "allViewerAndWhitelistCloudFront"):
        if not names:
            yield f"{where}: {behavior} needs names"
    elif names:
        yield f"{where}: {behavior} takes no names, got {', '.join(names)}"


def _check_origin_request_policy(inputs: Inputs) -> Iterable[str]:
    yield from _check_named(inputs, 128)
    for key, inner in (
        ("headersConfig", "headers"),
        ("cookiesConfig", "cookies"),
        ("queryStringsConfig", "queryStrings"),
    ):
        yield from _check_behavior_names(key, inputs.get(key) or {}, _items(inputs.get(key), inner))


def _check_headers_policy(inputs: Inputs) -> Iterable[str]:
    yield from _check_named(inputs, 128)
    custom = (inputs.get("customHeadersConfig") or {}).get("items") or []
    most = limit("cloudfront.response_headers_policy.custom_headers")
    if len(custom) > most.value:
        yield f"customHeadersConfig: {len(custom)} headers; a policy takes {most.text}"
    security = inputs.get("securityHeadersConfig") or {}
    text = str((security.get("contentSecurityPolicy") or {}).get("contentSecurityPolicy") or "")
    longest = limit("cloudfront.response_headers_policy.csp_chars")
    if len(text) > longest.value:
        yield f"securityHeadersConfig.contentSecurityPolicy: {len(text)} characters; CloudFront takes {longest.value}"
    if not any(
        inputs.get(key)
        for key in (
            "corsConfig",
            "customHeadersConfig",
            "removeHeadersConfig",
            "securityHeadersConfig",
            "serverTimingHeadersConfig",
        )
    ):
        yield "the policy does nothing: give it at least one of corsConfig, customHeadersConfig, removeHeadersConfig, securityHeadersConfig, serverTimingHeadersConfig"


def _check_named(inputs: Inputs, most: int = 64) -> Iterable[str]:
    name = str(inputs.get("name") or "")
    if not _NAME.fullmatch(name) or len(name) > most:
        yield f"name: {name[:80]!r} must have 1 to {most} letters, digits, hyphens and underscores"


def _check_function(inputs: Inputs) -> Iterable[str]:
    yield from _check_named(inputs)
    code = str(inputs.get("code") or "")
    most = limit("cloudfront.functions.code_bytes")
    if len(code.encode()) > most.value:
        yield f"code: {len(code.encode())} bytes; a CloudFront function has at most {most.text}; use Lambda@Edge for more"
    if inputs.get("runtime") not in ("cloudfront-js-1.0", "cloudfront-js-2.0"):
        yield f"runtime: must be cloudfront-js-1.0 or cloudfront-js-2.0, got {inputs.get('runtime')!r}"
    stores = inputs.get("keyValueStoreAssociations") or []
    if len(stores) > 1:
        yield f"keyValueStoreAssociations: {len(stores)}; a function takes one key-value store"
    if stores and inputs.get("runtime") == "cloudfront-js-1.0":
        yield "keyValueStoreAssociations: key-value stores need the runtime cloudfront-js-2.0"


def _check_pairs(pairs: Iterable[tuple[str, Mapping[str, Any]]]) -> Iterable[str]:
    longest, largest = limit("cloudfront.kvs.key_bytes"), limit("cloudfront.kvs.value_bytes")
    for where, pair in pairs:
        key, value = str(pair.get("key") or ""), str(pair.get("value") or "")
        if not 0 < len(key.encode()) <= longest.value:
            yield f"{where}key: {key[:40]!r} has {len(key.encode())} bytes; a key has 1 to {longest.value}"
        if len(value.encode()) > largest.value:
            yield (
                f"{where}value: {len(value.encode())} bytes under {key[:40]!r}; a value has at most {largest.text}. Keep"
                " larger ones in S3 or DynamoDB, read by Lambda@Edge"
            )


def _check_keys(inputs: Inputs) -> Iterable[str]:
    pairs = inputs.get("resourceKeyValuePairs") or []
    yield from _check_pairs((f"resourceKeyValuePairs[{index}].", pair) for index, pair in enumerate(pairs))
    keys = [str(pair.get("key")) for pair in pairs]
    for key in sorted({key for key in keys if keys.count(key) > 1}):
        yield f"resourceKeyValuePairs: the key {key!r} is there twice"
    whole = limit("cloudfront.kvs.store_bytes")
    if _pair_bytes(pairs) > whole.value:
        yield f"resourceKeyValuePairs: {_pair_bytes(pairs)} bytes; a store has at most {whole.text}"
    batch = inputs.get("maxBatchSize", 50)
    most = limit("cloudfront.kvs.update_keys").value
    if not 1 <= batch <= most:
        yield f"maxBatchSize: must be 1 to {most:g}, got {batch!r}"


def _check_lambda(inputs: Inputs) -> Iterable[str]:
    yield from _check_named({"name": str(inputs.get("name") or "").rsplit(":", 1)[-1]})
    sources = [key for key in ("code", "s3Bucket", "imageUri") if inputs.get(key) is not None]
    if len(sources) != 1:
        yield f"code: needs code, s3Bucket with s3Key, or imageUri, one of them; got {', '.join(sources) or 'none'}"
    if inputs.get("packageType") != "Image":
        for key in ("handler", "runtime"):
            if not inputs.get(key):
                yield f"{key}: is required of a function that is a zip"
    for key, least, most, unit in (("timeout", 1, 900, "s"), ("memorySize", 128, 32768, "MB")):
        value = inputs.get(key)
        if value is not None and not (isinstance(value, (int, float)) and least <= value <= most):
            yield f"{key}: must be {least} to {most} {unit}, got {value!r}"
    if inputs.get("code") is not None:
        try:
            if not archive_files(inputs["code"], Path.cwd()):
                yield "code: the package has no files"
        except BadPackage as error:
            yield f"code: {error}"


def _check_policy(key: str) -> Callable[[Inputs], Iterable[str]]:
    def check(inputs: Inputs) -> Iterable[str]:
        try:
            aws_iam.read(inputs.get(key) or "")
        except aws_iam.BadPolicy as error:
            yield f"{key}: {error}"

    return check


def _check_bucket(inputs: Inputs) -> Iterable[str]:
    name = str(inputs.get("bucket") or "")
    if not _BUCKET_NAME.fullmatch(name) or ".." in name:
        yield (
            f"bucket: {name!r} is not a bucket's name: 3 to 63 lower-case letters, digits, hyphens and dots, beginning and"
            " ending with a letter or digit"
        )


def _check_object(inputs: Inputs) -> Iterable[str]:
    given = [key for key in ("source", "content", "contentBase64") if inputs.get(key) is not None]
    if len(given) > 1:
        yield f"{' and '.join(given)}: give one of them"
    try:
        object_bytes(inputs, Path.cwd())
    except BadPackage as error:
        yield f"source: {error}"


def _check_web_acl(inputs: Inputs) -> Iterable[str]:
    if inputs.get("scope") == "CLOUDFRONT" and region(inputs) != REGION:
        yield f'region: a web ACL of the scope CLOUDFRONT is in {REGION}, got {region(inputs)!r}; set region="{REGION}"'


def _check_continuous(inputs: Inputs) -> Iterable[str]:
    names = _items(inputs, "stagingDistributionDnsNames")
    if len(names) != 1:
        yield f"stagingDistributionDnsNames: needs the domain name of one staging distribution, got {len(names)}"
    traffic = inputs.get("trafficConfig") or {}
    single = traffic.get("singleWeightConfig") or {}
    if traffic.get("type") == "SingleWeight" and not 0 <= float(single.get("weight", -1)) <= 0.15:
        yield f"trafficConfig.singleWeightConfig.weight: must be 0 to 0.15, got {single.get('weight')!r}"
    header = str((traffic.get("singleHeaderConfig") or {}).get("header") or "")
    if traffic.get("type") == "SingleHeader" and not header.lower().startswith("aws-cf-cd-"):
        yield f"trafficConfig.singleHeaderConfig.header: must begin with aws-cf-cd-, got {header!r}"


# --- the table ----------------------------------------------------------------------------------------------------------------


def _by(*keys: str) -> Callable[[Inputs], Iterable[Any]]:
    return lambda inputs: [inputs.get(key) for key in keys]


def _first(_type: str, identity: Iterable[Any]) -> str:
    return str(next(iter(identity)))


def _joined(_type: str, identity: Iterable[Any]) -> str:
    return "_".join(str(part) for part in identity if part is not None)


def _cloudfront_id(letter: str) -> Callable[[str, Iterable[Any]], str]:
    return lambda type_, identity: letter + _number(type_, *identity)


def _uuid(type_: str, identity: Iterable[Any]) -> str:
    return uuid_id(type_, *identity)


def _none(_inputs: Inputs, _identity: str) -> Outputs:
    return {}


def _in_region(inputs: Inputs, _identity: str) -> Outputs:
    return {"region": region(inputs)}


def _bucket_setting(required: tuple[str, ...], outputs: Callable[[Inputs], Outputs] = lambda _i: {}) -> Handler:
    return Handler(
        _by("bucket"),
        lambda i, identity: {**_in_region(i, identity), **outputs(i)},
        ("bucket", *required),
        make_id=_first,
        gap="aws-s3",
    )


HANDLERS: dict[str, Handler] = {
    DISTRIBUTION: Handler(
        _by(),
        _distribution_outputs,
        ("defaultCacheBehavior", "enabled", "origins", "restrictions", "viewerCertificate"),
        _check_distribution,
        make_id=_cloudfront_id("E"),
        by_name=True,
    ),
    CACHE_POLICY: Handler(
        _by("name"),
        _policy_outputs("cache-policy"),
        ("parametersInCacheKeyAndForwardedToOrigin",),
        _check_cache_policy,
        make_id=_uuid,
        auto_name="name",
    ),
    ORIGIN_REQUEST_POLICY: Handler(
        _by("name"),
        _policy_outputs("origin-request-policy"),
        ("cookiesConfig", "headersConfig", "queryStringsConfig"),
        _check_origin_request_policy,
        make_id=_uuid,
        auto_name="name",
    ),
    RESPONSE_HEADERS_POLICY: Handler(
        _by("name"),
        _policy_outputs("response-headers-policy"),
        (),
        _check_headers_policy,
        make_id=_uuid,
        auto_name="name",
    ),
    CF_FUNCTION: Handler(
        _by("name"), _function_outputs, ("code", "runtime"), _check_function, make_id=_first, auto_name="name"
    ),
    KEY_VALUE_STORE: Handler(_by("name"), _store_outputs, (), _check_named, make_id=_first, auto_name="name"),
    KVS_KEY: Handler(
        _by("keyValueStoreArn", "key"),
        lambda i, _: {"totalSizeInBytes": _pair_bytes([i])},
        ("key", "keyValueStoreArn", "value"),
        lambda i: _check_pairs([("", i)]),
        make_id=lambda _type, identity: ",".join(map(str, identity)),
    ),
    KVS_KEYS: Handler(
        _by("keyValueStoreArn"),
        lambda i, _: {
            "maxBatchSize": i.get("maxBatchSize", 50),
            "totalSizeInBytes": _pair_bytes(i.get("resourceKeyValuePairs") or []),
        },
        ("keyValueStoreArn",),
        _check_keys,
        make_id=_first,
    ),
    ACCESS_CONTROL: Handler(
        _by("name"),
        lambda i, identity: {
            "arn": _global("cloudfront", f"origin-access-control/{identity}"),
            "description": i.get("description") or "Managed by Pulumi",
            "etag": _etag(i),
        },
        ("originAccessControlOriginType", "signingBehavior", "signingProtocol"),
        _check_named,
        make_id=_cloudfront_id("E"),
        auto_name="name",
    ),
    ACCESS_IDENTITY: Handler(
        _by(),
        lambda i, identity: {
            "arn": _global("cloudfront", f"origin-access-identity/{identity}"),
            "callerReference": f"local-{identity}",
            "cloudfrontAccessIdentityPath": f"origin-access-identity/cloudfront/{identity}",
            "etag": _etag(i),
            "iamArn": f"arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity {identity}",
            "s3CanonicalUserId": hex_id("canonical", identity) * 2,
        },
        make_id=_cloudfront_id("E"),
        by_name=True,
    ),
    CONTINUOUS: Handler(
        _by(),
        lambda i, identity: {
            "arn": _global("cloudfront", f"continuous-deployment-policy/{identity}"),
            "etag": _etag(i),
            "lastModifiedTime": EPOCH,
        },
        ("enabled", "stagingDistributionDnsNames"),
        _check_continuous,
        make_id=_uuid,
        by_name=True,
    ),
    MONITORING: Handler(
        _by("distributionId"), _none, ("distributionId", "monitoringSubscription"), make_id=_first, gap="aws-logs"
    ),
    REALTIME_LOGS: Handler(
        _by("name"),
        lambda _i, identity: {"arn": identity},
        ("endpoint", "fields", "samplingRate"),
        make_id=lambda _type, identity: _global("cloudfront", f"realtime-log-config/{_first('', identity)}"),
        gap="aws-logs",
        auto_name="name",
    ),
    PUBLIC_KEY: Handler(
        _by("name"),
        lambda i, identity: {"callerReference": f"local-{identity}", "etag": _etag(i)},
        ("encodedKey",),
        make_id=_cloudfront_id("K"),
        gap="aws-signed-urls",
        auto_name="name",
        auto_prefix=True,
    ),
    KEY_GROUP: Handler(
        _by("name"),
        lambda i, _: {"etag": _etag(i)},
        ("items",),
        make_id=_uuid,
        gap="aws-signed-urls",
        auto_name="name",
    ),
    LAMBDA: Handler(_by("name"), _lambda_outputs, ("role",), _check_lambda, make_id=_first, auto_name="name"),
    PERMISSION: Handler(
        _by("statementId"),
        _in_region,
        ("action", "function", "principal"),
        make_id=_first,
        gap="aws-iam",
        auto_name="statementId",
        auto_prefix=True,
    ),
    ROLE: Handler(
        _by("name"),
        _role_outputs,
        ("assumeRolePolicy",),
        _check_policy("assumeRolePolicy"),
        make_id=_first,
        gap="aws-lambda-role",
        auto_name="name",
        auto_prefix=True,
    ),
    ROLE_ATTACHMENT: Handler(
        _by("role", "policyArn"),
        _none,
        ("policyArn", "role"),
        make_id=lambda _type, identity: "-".join(map(str, identity)),
        gap="aws-lambda-role",
    ),
    ROLE_POLICY: Handler(
        _by("role", "name"),
        _none,
        ("policy", "role"),
        _check_policy("policy"),
        make_id=lambda _type, identity: ":".join(map(str, identity)),
        gap="aws-lambda-role",
        auto_name="name",
        auto_prefix=True,
    ),
    POLICY: Handler(
        _by("path", "name"),
        lambda i, identity: {
            "arn": identity,
            "attachmentCount": 0,
            "path": i.get("path") or "/",
            "policyId": "ANPA" + _number(POLICY, identity, digits=17),
            **_tags(i),
        },
        ("policy",),
        _check_policy("policy"),
        make_id=lambda _type, identity: _global("iam", "policy{}{}".format(*(p or "/" for p in identity))),
        gap="aws-lambda-role",
        auto_name="name",
        auto_prefix=True,
    ),
    **{
        type_: Handler(
            _by("bucket"), _bucket_outputs, (), _check_bucket, make_id=_first, auto_name="bucket", auto_prefix=True
        )
        for type_ in (BUCKET, BUCKET_V2)
    },
    BUCKET_POLICY: Handler(_by("bucket"), _in_region, ("bucket", "policy"), _check_policy("policy"), make_id=_first),
    **{
        type_: Handler(
            _by("bucket", "key"),
            _object_outputs,
            ("bucket",),
            _check_object,
            make_id=lambda _type, identity: "/".join(map(str, identity)),
            auto_name="key",
            auto_suffix=False,
        )
        for type_ in (OBJECT, OBJECT_V2)
    },
    PUBLIC_ACCESS: Handler(_by("bucket"), _in_region, ("bucket",), make_id=_first),
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": _bucket_setting(("rule",)),
    "aws:s3/bucketVersioning:BucketVersioning": _bucket_setting(("versioningConfiguration",)),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": _bucket_setting(
        ("rules",)
    ),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": _bucket_setting(
        (),
        lambda i: (
            {"expectedBucketOwner": "", "transitionDefaultMinimumObjectSize": "all_storage_classes_128K"} | dict(i)
        ),
    ),
    "aws:s3/bucketAcl:BucketAcl": _bucket_setting(
        (), lambda i: {"accessControlPolicy": i.get("accessControlPolicy") or {}}
    ),
    "aws:s3/bucketCorsConfiguration:BucketCorsConfiguration": _bucket_setting(("corsRules",)),
    CERTIFICATE: Handler(
        _by("domainName", "subjectAlternativeNames", "certificateBody", "region"),
        _certificate_outputs,
        make_id=lambda type_, identity: _arn(
            "acm", {"region": list(identity)[3]}, f"certificate/{uuid_id(type_, *list(identity)[:3])}"
        ),
        gap="aws-tls",
    ),
    "aws:acm/certificateValidation:CertificateValidation": Handler(
        _by("certificateArn"), _in_region, ("certificateArn",), make_id=_uuid, gap="aws-tls"
    ),
    WEB_ACL: Handler(
        _by("name", "scope"),
        lambda i, identity: {
            "applicationIntegrationUrl": "",
            "arn": _arn(
                "wafv2",
                i,
                f"{'global' if i.get('scope') == 'CLOUDFRONT' else 'regional'}/webacl/{i.get('name')}/{identity}",
            ),
            "capacity": 0,
            "lockToken": uuid_id("lock", dict(i)),
            "region": region(i),
            **_tags(i),
        },
        ("defaultAction", "scope", "visibilityConfig"),
        _check_web_acl,
        make_id=_uuid,
        gap="aws-waf",
        auto_name="name",
        auto_prefix=True,
    ),
    "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration": Handler(
        _by("resourceArn"), _in_region, ("logDestinationConfigs", "resourceArn"), make_id=_first, gap="aws-waf"
    ),
    "aws:route53/zone:Zone": Handler(
        _by("name"),
        lambda i, identity: {
            "arn": f"arn:aws:route53:::hostedzone/{identity}",
            "comment": i.get("comment") or "Managed by Pulumi",
            "enableAcceleratedRecovery": i.get("enableAcceleratedRecovery", False),
            "nameServers": [f"ns-{n}.awsdns-{n:02}.{end}" for n, end in enumerate(("com", "net", "org", "co.uk"))],
            "primaryNameServer": "ns-0.awsdns-00.com",
            "zoneId": identity,
            **_tags(i),
        },
        make_id=_cloudfront_id("Z"),
        gap="aws-dns",
        auto_name="name",
        auto_suffix=False,
    ),
    "aws:route53/record:Record": Handler(
        _by("zoneId", "name", "type", "setIdentifier"),
        lambda i, _: {
            "allowOverwrite": i.get("allowOverwrite", False),
            "fqdn": str(i.get("name")).rstrip("."),
        },
        ("name", "type", "zoneId"),
        make_id=_joined,
        gap="aws-dns",
    ),
    "aws:route53/healthCheck:HealthCheck": Handler(
        _by(),
        lambda i, identity: {
            "arn": f"arn:aws:route53:::healthcheck/{identity}",
            "enableSni": i.get("enableSni", i.get("type") == "HTTPS"),
            "failureThreshold": i.get("failureThreshold", 3),
            "regions": i.get("regions") or [],
            "requestInterval": i.get("requestInterval", 30),
            "triggers": i.get("triggers") or {},
            **_tags(i),
        },
        ("type",),
        make_id=_uuid,
        gap="aws-dns",
        by_name=True,
    ),
    "aws:cloudwatch/logGroup:LogGroup": Handler(
        _by("name"),
        lambda i, _: {
            "arn": _arn("logs", i, f"log-group:{i.get('name')}"),
            "deletionProtectionEnabled": i.get("deletionProtectionEnabled", False),
            "logGroupClass": i.get("logGroupClass") or "STANDARD",
            "region": region(i),
            **_tags(i),
        },
        make_id=_first,
        gap="aws-logs",
        auto_name="name",
        auto_prefix=True,
    ),
    "aws:cloudwatch/logDeliverySource:LogDeliverySource": Handler(
        _by("name"),
        lambda i, _: {
            "arn": _arn("logs", i, f"delivery-source:{i.get('name')}"),
            "region": region(i),
            "service": "cloudfront",
            **_tags(i),
        },
        ("logType", "resourceArn"),
        make_id=_first,
        gap="aws-logs",
        auto_name="name",
    ),
    "aws:cloudwatch/logDeliveryDestination:LogDeliveryDestination": Handler(
        _by("name"),
        lambda i, _: {
            "arn": _arn("logs", i, f"delivery-destination:{i.get('name')}"),
            "deliveryDestinationType": i.get("deliveryDestinationType") or "CWL",
            "outputFormat": i.get("outputFormat") or "json",
            "region": region(i),
            **_tags(i),
        },
        make_id=_first,
        gap="aws-logs",
        auto_name="name",
    ),
    "aws:cloudwatch/logDelivery:LogDelivery": Handler(
        _by("deliverySourceName", "deliveryDestinationArn"),
        lambda i, identity: {
            "arn": _arn("logs", i, f"delivery:{identity}"),
            "fieldDelimiter": i.get("fieldDelimiter") or "",
            "recordFields": i.get("recordFields") or [],
            "region": region(i),
            "s3DeliveryConfigurations": i.get("s3DeliveryConfigurations") or [],
            **_tags(i),
        },
        ("deliveryDestinationArn", "deliverySourceName"),
        make_id=lambda type_, identity: _number(type_, *identity, digits=16),
        gap="aws-logs",
    ),
    "aws:cloudwatch/dashboard:Dashboard": Handler(
        _by("dashboardName"),
        lambda i, _: {
            "dashboardArn": _global("cloudwatch", f"dashboard/{i.get('dashboardName')}"),
            "region": region(i),
        },
        ("dashboardBody", "dashboardName"),
        make_id=_first,
        gap="aws-logs",
    ),
    "aws:cloudwatch/metricAlarm:MetricAlarm": Handler(
        _by("name"),
        lambda i, _: {
            "arn": _arn("cloudwatch", i, f"alarm:{i.get('name')}"),
            "evaluateLowSampleCountPercentiles": i.get("evaluateLowSampleCountPercentiles") or "",
            "region": region(i),
            **_tags(i),
        },
        make_id=_first,
        gap="aws-logs",
        auto_name="name",
    ),
}
"""Every resource type of AWS that the local cloud knows."""


# --- data functions -------------------------------------------------------------------------------------------------------------


def _managed(kind: str, known: Mapping[str, str], example: str) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    def answer(args: Mapping[str, Any]) -> dict[str, Any]:
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
        return {**args, "id": identity, "name": name, "arn": _global("cloudfront", f"{path}/{identity}")}

    return answer


def _policy_document(args: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return aws_iam.policy_document(args)
    except aws_iam.BadPolicy as error:
        raise CloudError(f"getPolicyDocument: {error}") from None


def _region(args: Mapping[str, Any]) -> dict[str, Any]:
    name = str(args.get("region") or args.get("name") or REGION)
    return {
        "id": name,
        "name": name,
        "region": name,
        "description": name,
        "endpoint": f"ec2.{name}.amazonaws.com",
    }


FUNCTIONS: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "aws:iam/getPolicyDocument:getPolicyDocument": _policy_document,
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
    "aws:index/getCallerIdentity:getCallerIdentity": lambda _args: {
        "accountId": ACCOUNT,
        "arn": _global("iam", "user/local"),
        "id": ACCOUNT,
        "userId": "AIDALOCAL",
    },
    "aws:index/getRegion:getRegion": _region,
    "aws:index/getPartition:getPartition": lambda _args: {
        "id": "aws",
        "partition": "aws",
        "dnsSuffix": "amazonaws.com",
        "reverseDnsPrefix": "com.amazonaws",
    },
    "aws:route53/getZone:getZone": lambda args: {
        **args,
        "id": (zone := str(args.get("zoneId") or "Z" + _number("zone", args.get("name")))),
        "zoneId": zone,
        "arn": f"arn:aws:route53:::hostedzone/{zone}",
        "name": str(args.get("name") or "local.example").rstrip("."),
        "callerReference": "local",
        "comment": "",
        "linkedServiceDescription": "",
        "linkedServicePrincipal": "",
        "nameServers": [],
        "primaryNameServer": "",
        "privateZone": False,
        "resourceRecordSetCount": 2,
        "tags": {},
        "vpcId": args.get("vpcId") or "",
    },
}
"""The data functions of AWS that the local cloud answers; what an account would know is stood for (gap `aws-account`)."""
