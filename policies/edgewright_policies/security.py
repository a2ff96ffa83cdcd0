"""Security: transport, headers, secrets, and what is open to the public."""

import functools
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import Field

from edgewright_policies.reading import View, is_list, modules, show
from edgewright_policies.rule import Context, NoConfig, PolicyConfig, Violation, resource_rule, rules_of
from edgewright_policies.types import (
    DISTRIBUTION,
    EDGE_API,
    GEO_ROUTER,
    HOSTNAME_TLS_SETTING,
    HTTP_API,
    HTTP_API_AUTHORIZER,
    LAMBDA_FUNCTION,
    LAMBDA_FUNCTION_URL,
    R2_BUCKET_CORS,
    R2_MANAGED_DOMAIN,
    RESPONSE_HEADERS_POLICY,
    RULESET,
    S3_BUCKET,
    S3_BUCKET_ACL,
    S3_BUCKET_POLICY,
    S3_PUBLIC_ACCESS_BLOCK,
    WORKER,
    WORKER_VERSION,
    WORKERS_KV,
    WORKERS_SCRIPT,
    WORKERS_SCRIPT_SUBDOMAIN,
    ZONE_SETTING,
    authenticated,
    behavior_name,
    behaviors,
    endpoint_name,
    methods,
)

_OLD_CLOUDFRONT = frozenset(("SSLv3", "TLSv1", "TLSv1_2016", "TLSv1.1_2016"))
_OLD_ORIGIN = frozenset(("SSLv3", "TLSv1", "TLSv1.1"))
_OLD_ZONE = frozenset(("1.0", "1.1"))
_WRITES = frozenset(("POST", "PUT", "PATCH", "DELETE"))


@resource_rule(
    "tls-minimum",
    id="EW501",
    family="security",
    on=(ZONE_SETTING, HOSTNAME_TLS_SETTING, DISTRIBUTION),
    severity="high",
    title="TLS 1.2 or newer, end to end",
    why="TLS 1.0 and 1.1 are deprecated (RFC 8996) and broken; a flexible mode leaves the way to the origin in plain text.",
    fix="Ask for TLS 1.2 at least.",
    source="https://www.rfc-editor.org/rfc/rfc8996",
)
def tls_minimum(resource: View, context: Context[NoConfig]) -> Iterator[Violation]:
    if context.type in (ZONE_SETTING, HOSTNAME_TLS_SETTING):
        setting, value = resource.text("settingId"), resource.raw("value")
        text = show(value)
        if setting == "min_tls_version" and text in _OLD_ZONE | {"1"}:
            yield Violation("min_tls_version", text, "1.2, 1.3")
        elif setting == "ssl" and text in ("off", "flexible"):
            yield Violation("ssl", text, "full, strict", "Set it to strict, so that the origin is reached by TLS too.")
        elif setting == "always_use_https" and text == "off":
            yield Violation("always_use_https", "off", "on", "Turn it on: plain HTTP is then redirected.")
        return
    certificate = resource.view("viewerCertificate")
    version = certificate.text("minimumProtocolVersion")
    if version in _OLD_CLOUDFRONT:
        yield Violation("viewerCertificate.minimumProtocolVersion", version or "", "TLSv1.2_2021 or newer")
    elif resource.texts("aliases") and version is None and not certificate.flag("cloudfrontDefaultCertificate"):
        yield Violation("viewerCertificate.minimumProtocolVersion", "not set, which is TLSv1", "TLSv1.2_2021 or newer")
    for behavior in behaviors(resource):
        if behavior.text("viewerProtocolPolicy") == "allow-all":
            yield Violation(
                f"{behavior_name(behavior)} viewerProtocolPolicy", "allow-all", "redirect-to-https, https-only",
                "Redirect plain HTTP to HTTPS.",
            )  # fmt: skip
    for origin in resource.views("origins"):
        custom = origin.view("customOriginConfig")
        name = show(origin.text("originId"))
        old = sorted(set(custom.texts("originSslProtocols")) & _OLD_ORIGIN)
        if old:
            yield Violation(f"origin {name} originSslProtocols", show(old), "TLSv1.2")


class Plaintext(PolicyConfig):
    """Configuration of origin-plaintext."""

    allowed_hosts: tuple[str, ...] = Field(
        default=("localhost", "127.0.0.1", "[::1]"), description="Hosts that may be reached by plain HTTP."
    )


@resource_rule(
    "origin-plaintext",
    id="EW502",
    family="security",
    on=(GEO_ROUTER, DISTRIBUTION),
    config=Plaintext,
    severity="high",
    title="Origins are reached by HTTPS",
    why="Between the edge and the origin lies the public internet: requests, cookies and tokens can be read there.",
    fix="Use the origin's https:// URL.",
    source="https://owasp.org/www-project-application-security-verification-standard/",
)
def origin_plaintext(resource: View, context: Context[Plaintext]) -> Iterator[Violation]:
    for origin in resource.views("origins"):
        if context.type == GEO_ROUTER:
            if not origin.known("url"):
                continue
            url = origin.text("url") or ""
            found = re.match(r"http://(\[[^\]]*\]|[^/:?#]*)", url, re.I)
            if found and found.group(1).lower() not in context.config.allowed_hosts:
                yield Violation(f"origin {show(origin.text('region'))} url", show(url), "an https:// URL")
        elif origin.view("customOriginConfig").text("originProtocolPolicy") == "http-only":
            if origin.known("domainName") and origin.text("domainName") in context.config.allowed_hosts:
                continue
            yield Violation(
                f"origin {show(origin.text('originId'))} originProtocolPolicy", "http-only", "https-only",
                "Set originProtocolPolicy to https-only.",
            )  # fmt: skip


class Hsts(PolicyConfig):
    """Configuration of hsts-missing."""

    min_seconds: int = Field(
        default=15552000, ge=1, description="Least max-age of Strict-Transport-Security, in seconds."
    )


@resource_rule(
    "hsts-missing",
    id="EW503",
    family="security",
    on=(ZONE_SETTING, RESPONSE_HEADERS_POLICY),
    config=Hsts,
    severity="medium",
    title="Strict-Transport-Security is sent",
    why="Without it the first request of each visit can be made by plain HTTP, and be taken over there.",
    fix="Turn it on with a max-age of at least half a year.",
    source="https://www.rfc-editor.org/rfc/rfc6797",
)
def hsts_missing(resource: View, context: Context[Hsts]) -> Iterator[Violation]:
    least = context.config.min_seconds
    if context.type == ZONE_SETTING:
        if resource.text("settingId") != "security_header":
            return
        hsts = resource.view("value").view("strict_transport_security")
        if not hsts:
            hsts = resource.view("value").view("strictTransportSecurity")
        if hsts.flag("enabled") is not True:
            yield Violation("security_header strict_transport_security", "off", "on")
            return
        age = hsts.number("max_age") if hsts.has("max_age") else hsts.number("maxAge")
        what = "security_header max_age"
    else:
        hsts = resource.view("securityHeadersConfig").view("strictTransportSecurity")
        if not hsts:
            yield Violation("securityHeadersConfig.strictTransportSecurity", "not set", "a max-age")
            return
        age, what = hsts.number("accessControlMaxAgeSec"), "strictTransportSecurity.accessControlMaxAgeSec"
    if age is not None and age < least:
        yield Violation(what, f"{show(age)} s", f"at least {least} s")


def _any_origin(origins: list[str]) -> str | None:
    return next((each for each in origins if each in ("*", "http://*", "https://*")), None)


@resource_rule(
    "cors-wildcard-credentials",
    id="EW504",
    family="security",
    on=(RESPONSE_HEADERS_POLICY, HTTP_API, LAMBDA_FUNCTION_URL, RULESET, R2_BUCKET_CORS),
    per={RULESET: "rules", R2_BUCKET_CORS: "rules"},
    severity="critical",
    title="No CORS for every origin with credentials",
    why="Any website could then make requests in the name of whoever visits it, and read the answers.",
    fix="Name the origins that may send credentials, or do not allow credentials.",
    source="https://developer.mozilla.org/docs/Web/HTTP/Guides/CORS",
)
def cors_wildcard_credentials(item: View, resource: View, context: Context[NoConfig]) -> Iterator[Violation]:
    if context.type == RESPONSE_HEADERS_POLICY:
        cors = item.view("corsConfig")
        origin = _any_origin(cors.view("accessControlAllowOrigins").texts("items"))
        if origin and cors.flag("accessControlAllowCredentials"):
            yield Violation("corsConfig accessControlAllowOrigins", f"{origin} with credentials", "named origins")
    elif context.type in (HTTP_API, LAMBDA_FUNCTION_URL):
        name = "corsConfiguration" if context.type == HTTP_API else "cors"
        cors = item.view(name)
        origin = _any_origin(cors.texts("allowOrigins"))
        if origin and cors.flag("allowCredentials"):
            yield Violation(f"{name}.allowOrigins", f"{origin} with credentials", "named origins")
    elif context.type == R2_BUCKET_CORS:
        allowed = item.view("allowed")
        origin = _any_origin(allowed.texts("origins"))
        headers = {each.lower() for each in allowed.texts("headers")}
        if origin and "authorization" in headers:
            yield Violation("rules allowed.origins", f"{origin} with the header Authorization", "named origins")
    elif resource.text("phase") == "http_response_headers_transform" and item.flag("enabled") is not False:
        headers_view = item.view("actionParameters").view("headers")
        values = {
            name.lower(): headers_view.view(name).text("value") or ""
            for name in headers_view.keys()  # noqa: SIM118
        }
        credentials = values.get("access-control-allow-credentials", "").lower() == "true"
        if credentials and values.get("access-control-allow-origin") == "*":
            yield Violation("access-control-allow-origin", "* with credentials", "named origins")


@resource_rule(
    "csp-missing",
    id="EW505",
    family="security",
    on=(RESPONSE_HEADERS_POLICY,),
    severity="medium",
    level="advisory",
    title="HTML has a Content-Security-Policy",
    why="It is what is left when markup of somebody else's gets into a page.",
    fix="Set securityHeadersConfig.contentSecurityPolicy; `default-src 'self'` is a beginning.",
    source="https://developer.mozilla.org/docs/Web/HTTP/Guides/CSP",
)
def csp_missing(resource: View, _context: Context[NoConfig]) -> Iterator[Violation]:
    policy = resource.view("securityHeadersConfig").view("contentSecurityPolicy").text("contentSecurityPolicy")
    custom = {(each.text("header") or "").lower() for each in resource.view("customHeadersConfig").views("items")}
    if policy:
        return
    if "content-security-policy" not in custom and "content-security-policy-report-only" not in custom:
        yield Violation("securityHeadersConfig.contentSecurityPolicy", "not set", "a policy")


_SECRET_NAME = re.compile(
    r"(^|_)(SECRETS?|TOKENS?|PASSWORDS?|PASSWD|PASSPHRASE|CREDENTIALS?|API_?KEYS?|PRIVATE_?KEYS?|ACCESS_?KEYS?|SIGNING_?KEYS?"
    r"|ENCRYPTION_?KEYS?|CLIENT_?SECRETS?|WEBHOOK_?SECRETS?|HMAC|DSN|DATABASE_URL)(_|$)"
)
_NOT_SECRET = re.compile(
    r"(^|_)(PUBLIC|URL|URI|TTL|HEADER|NAME|ID|ISSUER|AUDIENCE|ENDPOINT|PREFIX|COOKIE|EXPIRY|LIFETIME)(_|$)"
)
_SECRET_TEXT = (
    (("PRIVATE KEY-----",), re.compile(r"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----"), "a private key"),
    (("AKIA", "ASIA"), re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"), "an AWS access key id"),
    ((), re.compile(r"gh[pousr]_[A-Za-z0-9]{36,}\b"), "a GitHub token"),
    (("sk_live_",), re.compile(r"\bsk_live_[A-Za-z0-9]{16,}\b"), "a Stripe live key"),
    (("xox",), re.compile(r"\bxox[abprs]-[A-Za-z0-9-]{10,}\b"), "a Slack token"),
)
"""Texts of which one is in every secret of the kind, found far faster than a pattern is; the pattern; the kind."""


def _secret_name(name: str) -> bool:
    upper = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name[:256]).upper().replace("-", "_")
    if upper.endswith("DATABASE_URL"):
        return True
    return bool(_SECRET_NAME.search(upper)) and not _NOT_SECRET.search(upper)


def _secret_text(text: str) -> str | None:
    for hints, pattern, what in _SECRET_TEXT:
        if (not hints or any(hint in text for hint in hints)) and pattern.search(text):
            return what
    return None


@functools.lru_cache(maxsize=128)
def _secret_module(content: bytes) -> str | None:
    return _secret_text(content.decode("latin-1"))


@resource_rule(
    "secret-in-plain-text",
    id="EW506",
    family="security",
    on=(WORKER_VERSION, WORKERS_SCRIPT, LAMBDA_FUNCTION, WORKERS_KV),
    severity="critical",
    title="No secret in plain text",
    why="A plain variable, a bundle or a value in KV is read by everybody who may read the account, and stays in the"
    " stack's state and its history.",
    fix="Give it as a secret: `secrets` of the EdgeApi, a secret_text binding, or a secrets manager.",
    source="https://developers.cloudflare.com/workers/configuration/secrets/",
)
def secret_in_plain_text(resource: View, context: Context[NoConfig]) -> Iterator[Violation]:
    if context.type == WORKERS_KV:
        found = _secret_text((resource.text("value") or "")[:65536])
        if found:
            yield Violation(f"value of key {show(resource.text('keyName'))}", found, "no secret")
        return
    if context.type == LAMBDA_FUNCTION:
        variables = resource.view("environment").pairs("variables")
    else:
        variables = {}
        for each in resource.views("bindings"):
            if each.text("type") == "plain_text" and each.known("text"):
                variables[each.text("name") or ""] = each.text("text")
            elif each.text("type") == "json" and each.known("json"):
                variables[each.text("name") or ""] = each.raw("json")
    for name, value in variables.items():
        if not isinstance(value, str) or not value:
            continue
        found = _secret_text(value[:65536])
        if found or _secret_name(name):
            yield Violation(
                f"variable {show(name)}", found or "a secret by its name, in plain text", "a secret binding"
            )
    for name, content in modules(resource):
        found = _secret_module(content) if len(content) <= 1024 * 1024 else _secret_text(content.decode("latin-1"))
        if found:
            yield Violation(f"module {show(name)}", found, "no secret")


@resource_rule(
    "public-write-unprotected",
    id="EW507",
    family="security",
    on=(EDGE_API, DISTRIBUTION),
    per={EDGE_API: "endpoints"},
    severity="high",
    title="A public write is rate-limited, authenticated or behind a WAF",
    why="A write that anybody may make, as often as they like, is an invitation to fill the store and to try passwords.",
    fix="Set `rate_limit` on the endpoint, or `auth`.",
    source="https://owasp.org/API-Security/editions/2023/en/0xa4-unrestricted-resource-consumption/",
)
def public_write_unprotected(item: View, resource: View, context: Context[NoConfig]) -> Iterator[Violation]:
    if context.type == EDGE_API:
        if resource.flag("public") is False or authenticated(item) or item.has("rateLimit"):
            return
        given = methods(item)
        writes = sorted(given & _WRITES) or (["*"] if "*" in given else [])
        if writes:
            yield Violation(f"{endpoint_name(item)} methods", f"{show(writes)} for everybody", "a rate_limit or auth")
        return
    if item.has("webAclId"):
        return
    for behavior in behaviors(item):
        writes = sorted(set(behavior.texts("allowedMethods")) & _WRITES)
        if writes and not behavior.texts("trustedKeyGroups"):
            yield Violation(
                f"{behavior_name(behavior)} allowedMethods", f"{show(writes)} without a WAF", "a webAclId",
                "Give the distribution a WAFv2 web ACL with a rate-based rule, or allow GET and HEAD only.",
            )  # fmt: skip


_PUBLIC_ACLS = ("public-read", "public-read-write", "authenticated-read", "website")


def _public_statements(policy: object) -> Iterator[Mapping[str, Any]]:
    if isinstance(policy, str):
        try:
            policy = json.loads(policy[:65536])
        except (ValueError, RecursionError):
            return
    if not isinstance(policy, Mapping):
        return
    statements = policy.get("Statement", policy.get("statements"))
    for each in statements if is_list(statements) else [statements]:
        if not isinstance(each, Mapping) or each.get("Effect") != "Allow" or each.get("Condition"):
            continue
        principal = each.get("Principal")
        if isinstance(principal, Mapping):
            principal = principal.get("AWS")
        if principal == "*" or (principal is not None and is_list(principal) and "*" in list(principal)):
            yield each


@resource_rule(
    "bucket-public",
    id="EW508",
    family="security",
    on=(R2_MANAGED_DOMAIN, S3_BUCKET, S3_BUCKET_ACL, S3_BUCKET_POLICY, S3_PUBLIC_ACCESS_BLOCK),
    severity="critical",
    title="No bucket is open to everybody",
    why="What is open past the edge has neither its cache nor its rules, and its traffic is billed by the byte.",
    fix="Close it, and serve it through the edge: a binding, an origin access control or a custom domain.",
    source="https://developers.cloudflare.com/r2/buckets/public-buckets/",
)
def bucket_public(resource: View, context: Context[NoConfig]) -> Iterator[Violation]:
    if context.type == R2_MANAGED_DOMAIN:
        if resource.flag("enabled"):
            yield Violation("r2.dev domain", "enabled", "disabled")
    elif context.type in (S3_BUCKET, S3_BUCKET_ACL):
        acl = resource.text("acl")
        if acl in _PUBLIC_ACLS:
            yield Violation("acl", acl or "", "private")
    elif context.type == S3_PUBLIC_ACCESS_BLOCK:
        for name in ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"):
            if resource.known(name) and resource.flag(name) is not True:
                yield Violation(name, "false" if resource.has(name) else "not set, which is false", "true")
    elif any(True for _ in _public_statements(resource.raw("policy"))):
        yield Violation("policy principal", "* without a condition", "named principals, or a condition")


@resource_rule(
    "workers-dev-production",
    id="EW509",
    family="security",
    on=(WORKER, WORKERS_SCRIPT_SUBDOMAIN),
    severity="high",
    title="workers.dev is closed in production",
    why="The workers.dev name passes the zone's firewall, its rate limits and its access rules by.",
    fix="Turn it off, and use a hostname or routes of the zone.",
    source="https://developers.cloudflare.com/workers/configuration/routing/workers-dev/",
)
def workers_dev_production(resource: View, context: Context[NoConfig]) -> Iterator[Violation]:
    if not context.production:
        return
    if context.type == WORKER:
        if resource.view("subdomain").flag("enabled"):
            yield Violation("subdomain.enabled", f"true in stack {context.stack}", "false")
    elif resource.flag("enabled"):
        yield Violation("enabled", f"true in stack {context.stack}", "false")


@resource_rule(
    "jwt-audience-missing",
    id="EW510",
    family="security",
    on=(EDGE_API, HTTP_API_AUTHORIZER),
    per={EDGE_API: "endpoints"},
    severity="high",
    title="A token is for this API",
    why="Without an audience, a token that the same issuer made for another service is good here too.",
    fix="Name the accepted audiences.",
    source="https://www.rfc-editor.org/rfc/rfc8725#section-3.9",
)
def jwt_audience_missing(item: View, _resource: View, context: Context[NoConfig]) -> Iterator[Violation]:
    if context.type == EDGE_API:
        auth = item.view("auth")
        if auth.text("kind") == "jwt" and not auth.texts("audience"):
            yield Violation(f"{endpoint_name(item)} auth.audience", "not set", "at least one audience")
    elif item.text("authorizerType") == "JWT" and not item.view("jwtConfiguration").texts("audiences"):
        yield Violation("jwtConfiguration.audiences", "not set", "at least one audience")


RULES = rules_of(globals())
