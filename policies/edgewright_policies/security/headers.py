"""Headers that browsers obey: HSTS, CORS and CSP."""

from collections.abc import Iterator

from pydantic import Field

from edgewright_policies.reading import View, show
from edgewright_policies.rule import Context, NoConfig, PolicyConfig, Violation, resource_rule, rules_of
from edgewright_policies.types import (
    HTTP_API,
    LAMBDA_FUNCTION_URL,
    R2_BUCKET_CORS,
    RESPONSE_HEADERS_POLICY,
    RULESET,
    ZONE_SETTING,
)


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


RULES = rules_of(globals())
