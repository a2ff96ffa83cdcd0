"""Transport: TLS from the caller to the origin."""

import re
from collections.abc import Callable, Iterator

from pulumi_policy.proxy import UnknownValueError
from pydantic import Field

from edgewright_policies.reading import View, modules, raise_unknown, show
from edgewright_policies.rule import (
    Context,
    NoConfig,
    PolicyConfig,
    StackView,
    Violation,
    resource_rule,
    rules_of,
    stack_rule,
)
from edgewright_policies.types import (
    DISTRIBUTION,
    GEO_ROUTER,
    HOSTNAME_TLS_SETTING,
    PAGE_RULE,
    RULESET,
    WORKER_VERSION,
    WORKERS_SCRIPT,
    ZONE,
    ZONE_SETTING,
    behavior_name,
    behaviors,
)

_OLD_CLOUDFRONT = frozenset(("SSLv3", "TLSv1", "TLSv1_2016", "TLSv1.1_2016"))
_OLD_ORIGIN = frozenset(("SSLv3", "TLSv1", "TLSv1.1"))
_OLD_ZONE = frozenset(("1.0", "1.1"))


@resource_rule(
    "tls-minimum",
    id="EW501",
    family="security",
    on=(ZONE_SETTING, HOSTNAME_TLS_SETTING, PAGE_RULE, DISTRIBUTION),
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
    if context.type == PAGE_RULE:
        mode = resource.view("actions").text("ssl")
        if mode in ("off", "flexible") and resource.text("status") != "disabled":
            yield Violation(
                f"page rule {show(resource.text('target'))} ssl", mode, "full, strict",
                "Set it to strict, so that the origin is reached by TLS too.",
            )  # fmt: skip
        return
    certificate = resource.view("viewerCertificate")
    own = certificate.has("acmCertificateArn") or certificate.has("iamCertificateId")
    version = certificate.text("minimumProtocolVersion")
    if version in _OLD_CLOUDFRONT:
        yield Violation("viewerCertificate.minimumProtocolVersion", version or "", "TLSv1.2_2021 or newer")
    elif version is None and own:
        yield Violation("viewerCertificate.minimumProtocolVersion", "not set, which is TLSv1", "TLSv1.2_2021 or newer")
    elif not own and (resource.texts("aliases") or context.production):
        yield Violation(
            "viewerCertificate", "CloudFront's default certificate, which takes TLSv1", "a certificate of its own",
            "Give it an alias and a certificate of us-east-1, with minimumProtocolVersion TLSv1.2_2021.",
        )  # fmt: skip
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


_S3_WEBSITE = re.compile(r"\.s3-website[.-][a-z0-9-]+\.amazonaws\.com(\.cn)?$", re.I)
"""The host of a bucket as a website, which takes no TLS: https://docs.aws.amazon.com/AmazonS3/latest/userguide/WebsiteEndpoints.html"""


class Plaintext(PolicyConfig):
    """Configuration of origin-plaintext."""

    allowed_hosts: tuple[str, ...] = Field(
        default=("localhost", "127.0.0.1", "[::1]"), description="Hosts that may be reached by plain HTTP."
    )


@resource_rule(
    "origin-plaintext",
    id="EW502",
    family="security",
    on=(GEO_ROUTER, PAGE_RULE, DISTRIBUTION),
    config=Plaintext,
    severity="high",
    title="Origins are reached by HTTPS",
    why="Between the edge and the origin lies the public internet: requests, cookies and tokens can be read there.",
    fix="Use the origin's https:// URL.",
    source="https://owasp.org/www-project-application-security-verification-standard/",
)
def origin_plaintext(resource: View, context: Context[Plaintext]) -> Iterator[Violation]:
    if context.type == PAGE_RULE:
        url = resource.view("actions").view("forwardingUrl").text("url") or ""
        if url.lower().startswith("http://") and resource.text("status") != "disabled":
            yield Violation(
                f"page rule {show(resource.text('target'))} forwarding_url", show(url), "an https:// URL",
                "Forward to the https:// URL.",
            )  # fmt: skip
        return
    unknown = False
    for origin in resource.views("origins"):
        if context.type == GEO_ROUTER:
            if not origin.known("url"):
                unknown = True
                continue
            url = origin.text("url") or ""
            found = re.match(r"http://(\[[^\]]*\]|[^/:?#]*)", url, re.I)
            if found and found.group(1).lower() not in context.config.allowed_hosts:
                yield Violation(f"origin {show(origin.text('region'))} url", show(url), "an https:// URL")
        elif origin.view("customOriginConfig").text("originProtocolPolicy") == "http-only":
            if origin.known("domainName") and origin.text("domainName") in context.config.allowed_hosts:
                continue
            what = f"origin {show(origin.text('originId'))} originProtocolPolicy"
            if _S3_WEBSITE.search((origin.text("domainName") if origin.known("domainName") else None) or ""):
                yield Violation(
                    what, "http-only, which is all that an S3 website speaks", "an origin that speaks TLS",
                    "Use the bucket's own endpoint (`<bucket>.s3.<region>.amazonaws.com`) with an origin access control.",
                )  # fmt: skip
                continue
            yield Violation(what, "http-only", "https-only", "Set originProtocolPolicy to https-only.")
    if unknown:
        raise_unknown("origins")


_ZONE_DEFAULTS = {
    "min_tls_version": ("not set, which is TLS 1.0", "1.2, 1.3"),
    "always_use_https": ("not set, which is off", "on, or a rule that redirects"),
    "security_header": ("not set: no Strict-Transport-Security", "a ZoneSetting, or a rule that sets the header"),
}
_HSTS = "strict-transport-security"


def _rules_say(stack: StackView, phase: str, says: Callable[[View], bool]) -> bool | None:
    """Return whether a rule of a phase does; None where one that is not known might."""
    unknown = False
    for node in stack.of(RULESET):
        try:
            if node.props.text("phase") == phase and any(map(says, node.props.views("rules"))):
                return True
        except UnknownValueError:
            unknown = True
    return None if unknown else False


def _sets_hsts(rule: View) -> bool:
    headers = rule.view("actionParameters").view("headers")
    named = {*headers.keys(), *(each.text("name") or "" for each in rule.view("actionParameters").views("headers"))}
    return any(name.lower() == _HSTS for name in named)


def _either(one: bool | None, other: bool | None) -> bool | None:
    return True if one or other else None if one is None or other is None else False


def _workers_set_hsts(stack: StackView) -> bool | None:
    """Return whether a Worker of the stack sets the header itself; None where one that is not known whole might."""
    unknown = False
    for node in stack.of(WORKER_VERSION, WORKERS_SCRIPT):
        try:
            if any(_HSTS.encode() in content.lower() for _, content in modules(node.props)):
                return True
        except UnknownValueError:
            unknown = True
    return None if unknown else False


def _redirects(rule: View) -> bool:
    return "https" in repr(rule.view("actionParameters").view("fromValue").raw("targetUrl")).lower()


@stack_rule(
    "zone-defaults-unsafe",
    id="EW511",
    family="security",
    on=(ZONE, ZONE_SETTING, HOSTNAME_TLS_SETTING, RULESET, PAGE_RULE, WORKER_VERSION, WORKERS_SCRIPT),
    severity="high",
    title="A zone that the stack makes is not left with Cloudflare's defaults",
    why="A new zone takes TLS 1.0, answers plain HTTP and sends no Strict-Transport-Security until somebody says otherwise.",
    fix="Add a ZoneSetting for it.",
    source="https://developers.cloudflare.com/ssl/edge-certificates/additional-options/minimum-tls/",
)
def zone_defaults_unsafe(stack: StackView, _context: Context[NoConfig]) -> Iterator[Violation | None]:
    zones = [node for node in stack.of(ZONE) if not node.props.known("type") or node.props.text("type") != "internal"]
    if not zones:
        return
    urns = {node.urn for node in zones}
    # A setting that depends on no zone of the stack has its zone's id from elsewhere: it may be any of them.
    given: dict[str, set[str]] = {}
    for node in stack.of(ZONE_SETTING, HOSTNAME_TLS_SETTING):
        if not node.props.known("settingId"):
            yield None
            return
        about = urns & set(node.dependencies) or urns
        given.setdefault(node.props.text("settingId") or "", set()).update(about)
    by_rule = {
        "security_header": _either(
            _rules_say(stack, "http_response_headers_transform", _sets_hsts), _workers_set_hsts(stack)
        ),
        "always_use_https": _rules_say(stack, "http_request_dynamic_redirect", _redirects),
    }
    if any(
        node.props.known("actions") and node.props.view("actions").flag("alwaysUseHttps")
        for node in stack.of(PAGE_RULE)
    ):
        by_rule["always_use_https"] = True
    for setting, said in by_rule.items():
        if said is None and not urns <= given.get(setting, set()):
            yield None
        if said is not False:
            given.setdefault(setting, set()).update(urns)
    for node in zones:
        for setting, (value, allowed) in _ZONE_DEFAULTS.items():
            if node.urn not in given.get(setting, ()):
                yield Violation(f"zone {node.name} {setting}", value, allowed, urn=node.urn)


RULES = rules_of(globals())
