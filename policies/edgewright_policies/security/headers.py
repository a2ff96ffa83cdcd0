"""Headers that browsers obey: HSTS, CORS and CSP."""

from collections.abc import Iterator
from pathlib import PurePath

from pydantic import Field

from edgewright_policies.archives import located
from edgewright_policies.reading import View, modules, show
from edgewright_policies.rule import Context, NoConfig, PolicyConfig, Violation, resource_rule, rules_of
from edgewright_policies.types import (
    DISTRIBUTION,
    HTTP_API,
    LAMBDA_FUNCTION_URL,
    R2_BUCKET_CORS,
    RESPONSE_HEADERS_POLICY,
    RULESET,
    WORKER_VERSION,
    WORKERS_SCRIPT,
    ZONE_SETTING,
    behavior_name,
    behaviors,
    is_bucket,
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
    if age is None:
        yield Violation(what, "not set, which is 0 s", f"at least {least} s")
    elif age < least:
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
    fix="In this resource, name the origins that may send credentials, or allow no credentials: no component has an argument"
    " for CORS.",
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
            yield Violation(
                "rules allowed.origins", f"{origin} with the header Authorization", "named origins", about=item.path
            )
    elif resource.text("phase") == "http_response_headers_transform" and item.flag("enabled") is not False:
        headers_view = item.view("actionParameters").view("headers")
        values = {
            name.lower(): headers_view.view(name).text("value") or ""
            for name in headers_view.keys()  # noqa: SIM118
        }
        credentials = values.get("access-control-allow-credentials", "").lower() == "true"
        if credentials and values.get("access-control-allow-origin") == "*":
            about = item.text("ref") or item.path
            yield Violation("access-control-allow-origin", "* with credentials", "named origins", about=about)


def _file_text(*parts: str) -> str:
    try:
        place = located(str(PurePath(*parts)))
        return place.read_text("utf-8", "replace") if place.is_file() and place.stat().st_size < _MOST_HEADERS else ""
    except (OSError, ValueError):
        return ""


_MOST_HEADERS = 1024 * 1024


def _html_assets(resource: View) -> str | None:
    """Return the folder of a Worker's static assets where it has HTML and is on this machine's disk."""
    folder = resource.view("assets").text("directory")
    if not folder:
        return None
    try:
        return folder if located(folder).joinpath("index.html").is_file() else None
    except (OSError, ValueError):
        return None


@resource_rule(
    "csp-missing",
    id="EW505",
    family="security",
    on=(RESPONSE_HEADERS_POLICY, WORKER_VERSION, WORKERS_SCRIPT),
    severity="medium",
    level="advisory",
    title="HTML has a Content-Security-Policy",
    why="It is what is left when markup of somebody else's gets into a page.",
    fix="Set securityHeadersConfig.contentSecurityPolicy in this resource; `default-src 'self'` is a beginning."
    " An EdgeApi has an argument for its `assets` alone.",
    source="https://developer.mozilla.org/docs/Web/HTTP/Guides/CSP",
)
def csp_missing(resource: View, context: Context[NoConfig]) -> Iterator[Violation]:
    if context.type == RESPONSE_HEADERS_POLICY:
        policy = resource.view("securityHeadersConfig").view("contentSecurityPolicy").text("contentSecurityPolicy")
        custom = {(each.text("header") or "").lower() for each in resource.view("customHeadersConfig").views("items")}
        if not policy and not custom & {_CSP, f"{_CSP}-report-only"}:
            yield Violation("securityHeadersConfig.contentSecurityPolicy", "not set", "a policy")
        return
    folder = _html_assets(resource)
    if folder is None:
        return
    texts = [resource.view("assets").view("config").text("headers") or "", _file_text(folder, "_headers")]
    if any(_CSP in each.lower() for each in texts) or any(
        _CSP.encode() in content.lower() for _, content in modules(resource)
    ):
        return
    yield Violation(
        "assets", "HTML without a Content-Security-Policy", "a policy",
        "Set it in the assets' `_headers` file, or in the Worker.",
    )  # fmt: skip


_CSP = "content-security-policy"
_RESPONSE_EVENTS = frozenset(("viewer-response", "origin-response"))


@resource_rule(
    "response-headers-missing",
    id="EW512",
    family="security",
    on=(DISTRIBUTION,),
    severity="medium",
    title="What a bucket answers gets its security headers at the edge",
    why="S3 sends no Strict-Transport-Security and no Content-Security-Policy, and cannot be told to.",
    fix="In this distribution, give the behavior a ResponseHeadersPolicy with strictTransportSecurity and"
    " contentSecurityPolicy, or a function on viewer-response that sets them.",
    source="https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/adding-response-headers.html",
)
def response_headers_missing(resource: View, _context: Context[NoConfig]) -> Iterator[Violation]:
    # Another origin may well send the headers itself: only of a bucket it is known that it does not.
    buckets = {origin.text("originId") for origin in resource.views("origins") if is_bucket(origin)}
    if not buckets:
        return
    for behavior in behaviors(resource):
        if behavior.has("responseHeadersPolicyId") or behavior.text("targetOriginId") not in buckets:
            continue
        lambdas = behavior.views("lambdaFunctionAssociations")
        functions = [*behavior.views("functionAssociations"), *lambdas]
        if any(each.text("eventType") == "origin-request" for each in lambdas):
            # It may answer itself or choose another origin: that the bucket answers is not known.
            continue
        if not {each.text("eventType") for each in functions} & _RESPONSE_EVENTS:
            yield Violation(
                f"{behavior_name(behavior)} responseHeadersPolicyId", "not set before a bucket", "a policy's id"
            )


RULES = rules_of(globals())
