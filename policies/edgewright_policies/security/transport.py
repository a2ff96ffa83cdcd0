"""Transport: TLS from the caller to the origin."""

import re
from collections.abc import Iterator

from pydantic import Field

from edgewright_policies.reading import View, show
from edgewright_policies.rule import Context, NoConfig, PolicyConfig, Violation, resource_rule, rules_of
from edgewright_policies.types import (
    DISTRIBUTION,
    GEO_ROUTER,
    HOSTNAME_TLS_SETTING,
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


RULES = rules_of(globals())
