"""What the API of Amazon CloudFront would refuse."""

import re
from collections.abc import Iterable
from typing import Any

from edgewright.contract.limits import limit
from edgewright.engine.resources import Inputs
from edgewright.platforms.cloudfront.emulate.account import REGION, check_named, items_of
from edgewright.platforms.cloudfront.lists import aws

_METHODS = (
    {"GET", "HEAD"},
    {"GET", "HEAD", "OPTIONS"},
    {"GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"},
)

_HTTP_VERSIONS = ("http1.1", "http2", "http3", "http2and3")

_PATTERN = re.compile(r"[A-Za-z0-9_.*$/~\"'@:+&?-]+")
"""https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/DownloadDistValuesCacheBehavior.html"""

_PRICE_CLASSES = ("PriceClass_All", "PriceClass_200", "PriceClass_100")


def check_distribution(inputs: Inputs) -> Iterable[str]:
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
    groups = {group.get("originId") for group in inputs.get("originGroups") or []}
    for where, behavior in behaviors:
        yield from _check_behavior(where, behavior)
        writing = set(behavior.get("allowedMethods") or []) - set(_METHODS[1])
        if behavior.get("targetOriginId") in groups and writing:
            yield (
                f"{where}.allowedMethods: {', '.join(sorted(writing))} cannot be allowed where the target is an origin group;"
                " allow GET, HEAD and OPTIONS there, and have another behavior with a single origin for what writes"
            )
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
    deployed_continuously = inputs.get("staging") or inputs.get("continuousDeploymentPolicyId")
    if deployed_continuously and inputs.get("httpVersion") in ("http3", "http2and3"):
        yield (
            f"httpVersion: {inputs['httpVersion']!r} cannot be together with continuous deployment; use 'http2'"
            " (https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/understanding-continuous-deployment.html)"
        )
    if inputs.get("staging") and inputs.get("continuousDeploymentPolicyId"):
        yield "continuousDeploymentPolicyId: belongs to the primary distribution, not to its staging one"
    if inputs.get("staging") and inputs.get("aliases"):
        yield "aliases: a staging distribution has none; viewers reach it through its primary distribution"


def _check_origin(where: str, origin: Inputs) -> Iterable[str]:
    shield, regions = origin.get("originShield") or {}, aws().origin_shield.regions
    if shield.get("enabled") and shield.get("originShieldRegion") not in regions:
        yield (
            f"{where}.originShield.originShieldRegion: {shield.get('originShieldRegion')!r} has no Origin Shield; use one of"
            f" {', '.join(regions)}"
        )
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


_S3_NAME = re.compile(r"\.s3(?!-website)[.-]([a-z0-9-]+\.)?amazonaws\.com$")

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


def _check_behavior(where: str, behavior: Inputs) -> Iterable[str]:
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
    elif pattern is not None and not _PATTERN.fullmatch(str(pattern)):
        yield f"{where}.pathPattern: {pattern!r} has a character that no path pattern has; use * or ? for it"
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


def _ttls(where: str, inputs: Inputs) -> Iterable[str]:
    least, usual, most = inputs.get("minTtl", 0), inputs.get("defaultTtl", 86400), inputs.get("maxTtl", 31536000)
    if not 0 <= least <= usual <= most:
        yield f"{where}minTtl, defaultTtl and maxTtl must rise: got {least}, {usual} and {most}"


def check_cache_policy(inputs: Inputs) -> Iterable[str]:
    yield from _ttls("", inputs)
    yield from check_named(inputs, 128)
    parameters = inputs.get("parametersInCacheKeyAndForwardedToOrigin") or {}
    for key, inner, name in (
        ("headersConfig", "headers", "headers"),
        ("cookiesConfig", "cookies", "cookies"),
        ("queryStringsConfig", "queryStrings", "query_strings"),
    ):
        names = items_of(parameters.get(key), inner)
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


def _check_behavior_names(where: str, config: Inputs, names: list[str]) -> Iterable[str]:
    behavior = next((str(config[key]) for key in config if key.endswith("Behavior")), "none")
    if behavior in ("whitelist", "allExcept", "allViewerAndWhitelistCloudFront"):
        if not names:
            yield f"{where}: {behavior} needs names"
    elif names:
        yield f"{where}: {behavior} takes no names, got {', '.join(names)}"


def check_origin_request_policy(inputs: Inputs) -> Iterable[str]:
    yield from check_named(inputs, 128)
    for key, inner in (
        ("headersConfig", "headers"),
        ("cookiesConfig", "cookies"),
        ("queryStringsConfig", "queryStrings"),
    ):
        yield from _check_behavior_names(key, inputs.get(key) or {}, items_of(inputs.get(key), inner))


def check_headers_policy(inputs: Inputs) -> Iterable[str]:
    yield from check_named(inputs, 128)
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


def check_function(inputs: Inputs) -> Iterable[str]:
    yield from check_named(inputs)
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


def pair_bytes(pairs: Iterable[Inputs]) -> int:
    return sum(len(str(pair.get(key) or "").encode()) for pair in pairs for key in ("key", "value"))


def check_pairs(pairs: Iterable[tuple[str, Inputs]]) -> Iterable[str]:
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


def check_keys(inputs: Inputs) -> Iterable[str]:
    pairs = inputs.get("resourceKeyValuePairs") or []
    yield from check_pairs((f"resourceKeyValuePairs[{index}].", pair) for index, pair in enumerate(pairs))
    keys = [str(pair.get("key")) for pair in pairs]
    for key in sorted({key for key in keys if keys.count(key) > 1}):
        yield f"resourceKeyValuePairs: the key {key!r} is there twice"
    whole = limit("cloudfront.kvs.store_bytes")
    if pair_bytes(pairs) > whole.value:
        yield f"resourceKeyValuePairs: {pair_bytes(pairs)} bytes; a store has at most {whole.text}"
    batch = inputs.get("maxBatchSize", 50)
    most = limit("cloudfront.kvs.update_keys").value
    if not 1 <= batch <= most:
        yield f"maxBatchSize: must be 1 to {most:g}, got {batch!r}"


def check_continuous(inputs: Inputs) -> Iterable[str]:
    names = items_of(inputs, "stagingDistributionDnsNames")
    if len(names) != 1:
        yield f"stagingDistributionDnsNames: needs the domain name of one staging distribution, got {len(names)}"
    traffic = inputs.get("trafficConfig") or {}
    single = traffic.get("singleWeightConfig") or {}
    if traffic.get("type") == "SingleWeight" and not 0 <= float(single.get("weight", -1)) <= 0.15:
        yield f"trafficConfig.singleWeightConfig.weight: must be 0 to 0.15, got {single.get('weight')!r}"
    sticky = single.get("sessionStickinessConfig")
    if sticky:
        idle, longest = sticky.get("idleTtl", 0), sticky.get("maximumTtl", 0)
        for key, value in (("idleTtl", idle), ("maximumTtl", longest)):
            if not 300 <= value <= 3600:
                yield f"trafficConfig.singleWeightConfig.sessionStickinessConfig.{key}: must be 300 to 3600 s, got {value!r}"
        if idle > longest:
            yield (
                "trafficConfig.singleWeightConfig.sessionStickinessConfig.idleTtl: must not be above maximumTtl, got"
                f" {idle!r} and {longest!r}"
            )
    header = str((traffic.get("singleHeaderConfig") or {}).get("header") or "")
    if traffic.get("type") == "SingleHeader" and not header.lower().startswith("aws-cf-cd-"):
        yield f"trafficConfig.singleHeaderConfig.header: must begin with aws-cf-cd-, got {header!r}"
