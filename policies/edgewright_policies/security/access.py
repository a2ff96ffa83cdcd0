"""What is open to the public."""

from collections.abc import Iterator

from pulumi_policy.proxy import UnknownValueError

from edgewright_policies.arguments import CLOUDFRONT
from edgewright_policies.reading import View, show
from edgewright_policies.rule import (
    Context,
    NoConfig,
    Node,
    StackView,
    Violation,
    host_of,
    resource_rule,
    rules_of,
    stack_rule,
)
from edgewright_policies.types import (
    API_SHIELD_OPERATION,
    DISTRIBUTION,
    EDGE_API,
    HTTP_API,
    HTTP_API_AUTHORIZER,
    HTTP_API_ROUTE,
    HTTP_API_STAGE,
    LAMBDA_FUNCTION_URL,
    RULESET,
    WORKER,
    WORKERS_SCRIPT_SUBDOMAIN,
    ZONE,
    authenticated,
    behavior_name,
    behaviors,
    endpoint_name,
    inside,
    methods,
)

_WRITES = frozenset(("POST", "PUT", "PATCH", "DELETE"))


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
        if host_of(resource) == CLOUDFRONT and resource.view("cloudfront").has("webAclArn"):
            # On CloudFront: the rate limit is a rule of it then, and the component refuses one beside it.
            return
        given = methods(item)
        writes = sorted(given & _WRITES) or (["*"] if "*" in given else [])
        if writes:
            yield Violation(f"{endpoint_name(item)} methods", f"{show(writes)} for everybody", "a rate_limit or auth")
        return
    # The endpoints of an EdgeApi say themselves who may write, and its own functions hold them to it.
    if item.has("webAclId") or inside(context.urn, EDGE_API):
        return
    for behavior in behaviors(item):
        writes = sorted(set(behavior.texts("allowedMethods")) & _WRITES)
        if writes and not behavior.texts("trustedKeyGroups"):
            yield Violation(
                f"{behavior_name(behavior)} allowedMethods", f"{show(writes)} without a WAF", "a webAclId",
                "Give the distribution a WAFv2 web ACL with a rate-based rule, or allow GET and HEAD only.",
            )  # fmt: skip


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


@resource_rule(
    "function-url-open",
    id="EW513",
    family="security",
    on=(LAMBDA_FUNCTION_URL,),
    severity="high",
    title="A function's URL is not for everybody",
    why="It answers past the edge: without its cache, its rate limits and its firewall, and each call is billed.",
    fix="Set authorizationType to AWS_IAM, and let CloudFront sign its requests with an origin access control.",
    source="https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-restricting-access-to-lambda.html",
)
def function_url_open(resource: View, _context: Context[NoConfig]) -> Iterator[Violation]:
    kind = resource.text("authorizationType")
    if kind == "NONE":
        yield Violation("authorizationType", "NONE", "AWS_IAM")


def _is_throttled(settings: View) -> bool:
    return bool(settings.number("throttlingRateLimit"))


@stack_rule(
    "http-api-write-open",
    id="EW514",
    family="security",
    on=(HTTP_API, HTTP_API_ROUTE, HTTP_API_STAGE),
    severity="high",
    title="A public write of an HTTP API is throttled or needs an authorizer",
    why="API Gateway lets everybody call a route without an authorizer, up to the account's own limit of 10,000 requests a"
    " second, which all its APIs share.",
    fix="Give the route an authorizer, or the stage a throttlingRateLimit.",
    source="https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-throttling.html",
)
def http_api_write_open(stack: StackView, _context: Context[NoConfig]) -> Iterator[Violation | None]:
    apis = {node.urn for node in stack.of(HTTP_API)}
    stages = stack.of(HTTP_API_STAGE)
    for node in stack.of(HTTP_API):
        # An API with a target of its own has one route, for everything, on a stage that cannot be throttled here.
        if node.props.has("target") and node.props.known("routeKey"):
            yield Violation(
                f"API {node.name} target", "one open route for every method", "routes and a stage",
                "Declare the routes and a stage, each write with an authorizer or the stage with a throttlingRateLimit.",
                urn=node.urn,
            )  # fmt: skip
    for node in stack.of(HTTP_API_ROUTE):
        try:
            key = node.props.text("routeKey") or ""
            kind = node.props.text("authorizationType")
        except UnknownValueError:
            yield None
            continue
        method = key.split(" ")[0].upper()
        writes = method in _WRITES or method == "ANY" or key == "$default"
        if not writes or kind not in (None, "NONE") or node.props.flag("apiKeyRequired"):
            continue
        mine = [each for each in stages if _same_api(node, each, apis)]
        if not mine:
            # The stage, and what it lets through, is somebody else's.
            yield None
            continue
        try:
            open_stages = [each.name for each in mine if not _stage_throttles(each.props, key)]
        except UnknownValueError:
            yield None
            continue
        if open_stages:
            yield Violation(
                f"route {show(key)}", f"open to everybody on stage {show(sorted(open_stages))}",
                "an authorizer, or throttling", urn=node.urn,
            )  # fmt: skip


def _stage_throttles(stage: View, key: str) -> bool:
    if _is_throttled(stage.view("defaultRouteSettings")):
        return True
    return any(each.text("routeKey") == key and _is_throttled(each) for each in stage.views("routeSettings"))


def _same_api(route: Node, stage: Node, apis: set[str]) -> bool:
    """Return whether a route and a stage are of one API, by its id or, where that is not known, by what they depend on."""
    if route.props.known("apiId") and stage.props.known("apiId"):
        return route.props.text("apiId") == stage.props.text("apiId")
    return bool(apis & set(route.dependencies) & set(stage.dependencies))


_LIMITING = ("http_ratelimit", "http_request_firewall_custom", "http_request_firewall_managed")


@stack_rule(
    "declared-write-unlimited",
    id="EW515",
    family="security",
    on=(API_SHIELD_OPERATION, RULESET, ZONE),
    severity="medium",
    level="advisory",
    title="A write that a zone's API declares is behind a rate limit or the WAF",
    why="An operation that API Shield knows of is public: without a rule anybody may call it as often as they like.",
    fix="Add a Ruleset of phase http_ratelimit to the zone.",
    source="https://developers.cloudflare.com/waf/rate-limiting-rules/",
)
def declared_write_unlimited(stack: StackView, _context: Context[NoConfig]) -> Iterator[Violation | None]:
    zones = {node.urn for node in stack.of(ZONE)}
    limited: set[str] = set()
    for node in stack.of(RULESET):
        try:
            if node.props.text("phase") in _LIMITING and node.props.views("rules"):
                limited |= (zones & set(node.dependencies)) or {node.props.text("zoneId") or ""}
        except UnknownValueError:
            yield None
            return
    for node in stack.of(API_SHIELD_OPERATION):
        try:
            method = (node.props.text("method") or "").upper()
            about = (zones & set(node.dependencies)) or {node.props.text("zoneId") or ""}
            path = node.props.text("endpoint")
        except UnknownValueError:
            yield None
            continue
        if method in _WRITES and not about & limited:
            yield Violation(
                f"operation {method} {show(path)}",
                "no rate limit and no WAF in its zone",
                "a rule of either",
                urn=node.urn,
            )


RULES = rules_of(globals())
