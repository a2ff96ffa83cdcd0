"""AWS at the edge: what Lambda@Edge and CloudFront refuse, hours after the plan said yes."""

import json
import re
from collections.abc import Callable, Iterator, Mapping

from pulumi_policy.proxy import UnknownValueError
from pydantic import Field

from edgewright_policies.reading import View, asset_bytes, is_list, show
from edgewright_policies.rule import (
    Context,
    NoConfig,
    Node,
    PolicyConfig,
    StackView,
    Violation,
    resource_rule,
    rules_of,
    stack_rule,
)
from edgewright_policies.types import (
    ACM_CERTIFICATE,
    CLOUDFRONT_CACHE_POLICY,
    CLOUDFRONT_FUNCTION,
    CONTINUOUS_DEPLOYMENT,
    DISTRIBUTION,
    IAM_ROLE,
    LAMBDA_FUNCTION,
    LAMBDA_PROVISIONED,
    ORIGIN_REQUEST_POLICY,
    RESPONSE_HEADERS_POLICY,
    WAF_WEB_ACL,
    behavior_name,
    behaviors,
)

RESTRICTIONS = "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/edge-functions-restrictions.html"
QUOTAS = "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html"
REGION = "us-east-1"
_PRINCIPALS = ("edgelambda.amazonaws.com", "lambda.amazonaws.com")


def _safe_behaviors(distribution: View) -> list[View]:
    try:
        return list(behaviors(distribution))
    except UnknownValueError:
        return []


def _arns(distribution: View) -> tuple[set[str], bool, set[str]]:
    """Return a distribution's functions' ARNs, whether it has associations at all, and their events."""
    arns, events, any_ = set(), set(), False
    for behavior in _safe_behaviors(distribution):
        try:
            associations = behavior.views("lambdaFunctionAssociations")
        except UnknownValueError:
            any_ = True
            continue
        for association in associations:
            any_ = True
            if association.known("lambdaArn"):
                arns.add(association.text("lambdaArn") or "")
            if association.known("eventType"):
                events.add(association.text("eventType") or "")
    return arns, any_, events


def edge_functions(stack: StackView) -> dict[str, tuple[Node, set[str]]]:
    """Return the functions that a distribution of the stack runs, by URN, each with the events of that distribution.

    A function is found by its ARN, or where that is not known yet, by the distribution's dependencies.
    """
    functions = {node.urn: node for node in stack.of(LAMBDA_FUNCTION)}
    by_arn = {}
    for node in functions.values():
        for name in ("qualifiedArn", "arn"):
            if node.props.known(name) and (arn := node.props.text(name)):
                by_arn[arn] = node
    found: dict[str, tuple[Node, set[str]]] = {}
    for distribution in stack.of(DISTRIBUTION):
        arns, any_, events = _arns(distribution.props)
        if not any_:
            continue
        used = {by_arn[arn].urn for arn in arns if arn in by_arn}
        used |= {by_arn[bare].urn for arn in arns if (bare := re.sub(r":[^:]*$", "", arn)) in by_arn}
        used |= {urn for urn in distribution.dependencies if urn in functions}
        for urn in used:
            _, before = found.get(urn, (functions[urn], set()))
            found[urn] = (functions[urn], before | events)
    return found


Check = Callable[[View], tuple[str, str, str] | None]


def _refusals() -> tuple[Check, ...]:
    def environment(props: View) -> tuple[str, str, str] | None:
        variables = props.view("environment").view("variables")
        return ("environment", f"{len(variables.keys())} variables", "none") if variables else None

    def vpc(props: View) -> tuple[str, str, str] | None:
        return ("vpcConfig", "set", "none") if props.view("vpcConfig").texts("subnetIds") else None

    def layers(props: View) -> tuple[str, str, str] | None:
        value = props.raw("layers")
        return ("layers", str(len(value)), "none") if is_list(value) and len(value) else None

    def dead_letters(props: View) -> tuple[str, str, str] | None:
        return ("deadLetterConfig", "set", "none") if props.view("deadLetterConfig").has("targetArn") else None

    def tracing(props: View) -> tuple[str, str, str] | None:
        mode = props.view("tracingConfig").text("mode")
        return ("tracingConfig.mode", "Active", "PassThrough") if mode == "Active" else None

    def image(props: View) -> tuple[str, str, str] | None:
        is_image = props.text("packageType") == "Image" or props.has("imageUri")
        return ("packageType", "Image", "Zip") if is_image else None

    def architecture(props: View) -> tuple[str, str, str] | None:
        return ("architectures", "arm64", "x86_64") if "arm64" in props.texts("architectures") else None

    def runtime(props: View) -> tuple[str, str, str] | None:
        name = props.text("runtime")
        wrong = name is not None and not re.match(r"(nodejs|python)\d", name)
        return ("runtime", show(name), "a Node.js or Python runtime") if wrong else None

    def published(props: View) -> tuple[str, str, str] | None:
        return None if props.flag("publish") else ("publish", "false, so there is no numbered version", "true")

    return (environment, vpc, layers, dead_letters, tracing, image, architecture, runtime, published)


_REFUSALS = _refusals()


@stack_rule(
    "lambda-edge-refused",
    id="EW701",
    family="aws",
    on=(LAMBDA_FUNCTION, LAMBDA_PROVISIONED, DISTRIBUTION),
    severity="critical",
    title="A function at CloudFront's edge uses nothing that Lambda@Edge refuses",
    why="CloudFront refuses the association only when the distribution is updated, minutes into the deployment.",
    fix="Drop it. Settings go into the bundle or an origin custom header; a cold start is lowered by a small bundle,"
    " lazy imports, or a viewer function moved to CloudFront Functions.",
    source=RESTRICTIONS,
)
def lambda_edge_refused(stack: StackView, context: Context[NoConfig]) -> Iterator[Violation | None]:
    edge = edge_functions(stack)
    most = context.limit("lambda_edge.ephemeral_storage_mb")
    for node, _ in edge.values():
        for check in _REFUSALS:
            try:
                found = check(node.props)
            except UnknownValueError:
                yield None
                continue
            if found:
                yield Violation(f"function {node.name} {found[0]}", found[1], found[2], urn=node.urn)
        try:
            size = node.props.view("ephemeralStorage").number("size")
            if size is not None and size > most.value:
                yield Violation(
                    f"function {node.name} ephemeralStorage.size", most.show(size), f"at most {most.text}", urn=node.urn
                )
        except UnknownValueError:
            yield None
    for node in stack.of(LAMBDA_PROVISIONED):
        for urn in node.dependencies:
            if urn in edge:
                yield Violation(f"provisioned concurrency of function {edge[urn][0].name}", "set", "none", urn=node.urn)


@resource_rule(
    "lambda-edge-version",
    id="EW702",
    family="aws",
    on=(DISTRIBUTION,),
    per={DISTRIBUTION: _safe_behaviors},
    severity="critical",
    title="A behavior runs a numbered version in us-east-1",
    why="CloudFront refuses `$LATEST`, aliases and functions of other regions.",
    fix="Set `publish=True` on the function, with `region=us-east-1`, and associate its `qualified_arn`.",
    source=RESTRICTIONS,
)
def lambda_edge_version(behavior: View, _resource: View, _context: Context[NoConfig]) -> Iterator[Violation]:
    for association in behavior.views("lambdaFunctionAssociations"):
        arn = association.text("lambdaArn") or ""
        parts = arn.split(":")
        if len(parts) < 7 or parts[0] != "arn":
            continue
        what = f"{behavior_name(behavior)} lambdaArn"
        if len(parts) != 8 or not parts[7].isdigit():
            yield Violation(what, f"version {show(parts[7]) if len(parts) > 7 else 'none'}", "a numbered version")
        if parts[3] != REGION:
            yield Violation(f"{what} region", show(parts[3]), REGION)


@stack_rule(
    "edge-region",
    id="EW703",
    family="aws",
    on=(LAMBDA_FUNCTION, ACM_CERTIFICATE, WAF_WEB_ACL, DISTRIBUTION),
    severity="critical",
    title="What CloudFront uses is in us-east-1",
    why="CloudFront takes certificates, web ACLs and functions from us-east-1 only.",
    fix='Set `region="us-east-1"` on the resource; no second provider is needed.',
    source="https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cnames-and-https-requirements.html",
)
def edge_region(stack: StackView, _context: Context[NoConfig]) -> Iterator[Violation | None]:
    judged = [(node, f"function {node.name} region") for node, _ in edge_functions(stack).values()]
    used = {urn for distribution in stack.of(DISTRIBUTION) for urn in distribution.dependencies}
    judged += [(node, f"certificate {node.name} region") for node in stack.of(ACM_CERTIFICATE) if node.urn in used]
    for node in stack.of(WAF_WEB_ACL):
        if node.props.known("scope") and node.props.text("scope") == "CLOUDFRONT":
            judged.append((node, f"web ACL {node.name} region"))
    for node, what in judged:
        try:
            region = node.props.text("region")
        except UnknownValueError:
            yield None
            continue
        if region is not None and region != REGION:
            yield Violation(what, show(region), REGION, urn=node.urn)


def _trusted(document: object) -> set[str] | None:
    """Return the services that a trust policy names, or None where it cannot be read."""
    if isinstance(document, str):
        try:
            document = json.loads(document[:65536])
        except (ValueError, RecursionError):
            return None
    if not isinstance(document, Mapping):
        return None
    statements = document.get("Statement", document.get("statements"))
    found: set[str] = set()
    for each in list(statements) if is_list(statements) and statements is not None else [statements]:
        principal = each.get("Principal") if isinstance(each, Mapping) and each.get("Effect") == "Allow" else None
        service = principal.get("Service") if isinstance(principal, Mapping) else None
        values = [service] if isinstance(service, str) else list(service) if service and is_list(service) else []
        found.update(value for value in values if isinstance(value, str))
    return found


@stack_rule(
    "lambda-edge-role",
    id="EW704",
    family="aws",
    on=(IAM_ROLE, LAMBDA_FUNCTION, DISTRIBUTION),
    severity="critical",
    title="The role of a function at the edge trusts both services",
    why="CloudFront cannot replicate a function whose role does not trust edgelambda.amazonaws.com.",
    fix="Trust lambda.amazonaws.com and edgelambda.amazonaws.com in assumeRolePolicy.",
    source="https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-edge-permissions.html",
)
def lambda_edge_role(stack: StackView, _context: Context[NoConfig]) -> Iterator[Violation | None]:
    roles = {node.urn: node for node in stack.of(IAM_ROLE)}
    judged = {urn for node, _ in edge_functions(stack).values() for urn in node.dependencies if urn in roles}
    for urn in sorted(judged):
        role = roles[urn]
        try:
            trusted = _trusted(role.props.raw("assumeRolePolicy"))
        except UnknownValueError:
            yield None
            continue
        if trusted is None:
            continue
        missing = [each for each in _PRINCIPALS if each not in trusted]
        if missing:
            yield Violation(
                f"role {role.name} trusted services",
                show(sorted(trusted)) or "none",
                " and ".join(_PRINCIPALS),
                urn=urn,
            )


class EdgeTimeout(PolicyConfig):
    """Configuration of lambda-edge-timeout."""

    max_seconds: int | None = Field(
        default=None, ge=1, le=30, description="Most seconds; by default the guardrail of 5."
    )


@stack_rule(
    "lambda-edge-timeout",
    id="EW705",
    family="aws",
    on=(LAMBDA_FUNCTION, DISTRIBUTION),
    config=EdgeTimeout,
    severity="high",
    title="A function at the edge answers within its budget",
    why="Every second of it is a viewer's wait, on every request that the cache does not answer.",
    fix="Lower `timeout`, and move the slow part to the origin.",
    source=QUOTAS,
)
def lambda_edge_timeout(stack: StackView, context: Context[EdgeTimeout]) -> Iterator[Violation | None]:
    guardrail = context.limit("lambda_edge.timeout_s_guardrail")
    most = context.config.max_seconds or guardrail.value
    for node, _ in edge_functions(stack).values():
        try:
            value = node.props.number("timeout")
        except UnknownValueError:
            yield None
            continue
        if value is not None and value > most:
            yield Violation(
                f"function {node.name} timeout", f"{show(value)} s", f"at most {show(most)} s", urn=node.urn
            )


@stack_rule(
    "lambda-edge-viewer-memory",
    id="EW706",
    family="aws",
    on=(LAMBDA_FUNCTION, DISTRIBUTION),
    severity="low",
    level="advisory",
    title="A viewer function has 128 MB",
    why="The long-standing table of quotas, which accounts may still be held to, gives viewer triggers 128 MB.",
    fix="Set memorySize to 128, or run it on origin events.",
    source=QUOTAS,
)
def lambda_edge_viewer_memory(stack: StackView, context: Context[NoConfig]) -> Iterator[Violation | None]:
    most = context.limit("lambda_edge.viewer.memory_mb")
    for node, events in edge_functions(stack).values():
        if not events & {"viewer-request", "viewer-response"}:
            continue
        try:
            value = node.props.number("memorySize")
        except UnknownValueError:
            yield None
            continue
        if value is not None and value > most.value:
            yield Violation(f"function {node.name} memorySize", most.show(value), f"at most {most.text}", urn=node.urn)


@stack_rule(
    "lambda-edge-replicas",
    id="EW707",
    family="aws",
    on=(LAMBDA_FUNCTION, DISTRIBUTION),
    severity="high",
    title="Destroying a function at the edge leaves its replicas to CloudFront",
    why="Replicas go hours after the last association: until then AWS refuses to delete the function, and destroy fails.",
    fix="Set `skip_destroy=True` on the function, and delete old versions later.",
    source="https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-edge-delete-replicas.html",
)
def lambda_edge_replicas(stack: StackView, _context: Context[NoConfig]) -> Iterator[Violation | None]:
    for node, _ in edge_functions(stack).values():
        try:
            skip = node.props.flag("skipDestroy")
        except UnknownValueError:
            yield None
            continue
        if not skip:
            yield Violation(f"function {node.name} skipDestroy", "false", "true", urn=node.urn)


@resource_rule(
    "edge-event-clash",
    id="EW708",
    family="aws",
    on=(DISTRIBUTION,),
    per={DISTRIBUTION: _safe_behaviors},
    severity="critical",
    title="A behavior has one function an event",
    why="CloudFront refuses two functions on one event, and a CloudFront Function beside Lambda@Edge on viewer events.",
    fix="Join the functions, or use one kind for viewer events.",
    source=RESTRICTIONS,
)
def edge_event_clash(behavior: View, _resource: View, context: Context[NoConfig]) -> Iterator[Violation]:
    most = context.limit("lambda_edge.functions_per_event")
    lambdas = [each.text("eventType") or "" for each in behavior.views("lambdaFunctionAssociations")]
    functions = [each.text("eventType") or "" for each in behavior.views("functionAssociations")]
    for kind, events in (("Lambda@Edge functions", lambdas), ("CloudFront Functions", functions)):
        for event in sorted(set(events)):
            if event and events.count(event) > most.value:
                yield Violation(
                    f"{behavior_name(behavior)} {show(event)}", f"{events.count(event)} {kind}", f"at most {most.text}"
                )
    viewer = sorted(each for each in {*lambdas} if each.startswith("viewer-"))
    if viewer and functions:
        yield Violation(
            f"{behavior_name(behavior)} viewer events",
            f"Lambda@Edge on {show(viewer)} and a CloudFront Function",
            "one kind on viewer events",
        )


@resource_rule(
    "cloudfront-quota",
    id="EW709",
    family="aws",
    on=(DISTRIBUTION, CLOUDFRONT_CACHE_POLICY, RESPONSE_HEADERS_POLICY, CLOUDFRONT_FUNCTION),
    severity="high",
    title="A CloudFront resource fits its quotas",
    why="CloudFront refuses it in the middle of the deployment.",
    fix="Share or split it, or ask AWS for more and set the account's value under `edgewright:limits`.",
    source=QUOTAS,
)
def cloudfront_quota(resource: View, context: Context[NoConfig]) -> Iterator[Violation]:
    judged: list[tuple[str, int, str]] = []
    if context.type == DISTRIBUTION:
        judged = [
            ("behaviors", len(resource.views("orderedCacheBehaviors")) + 1, "distribution.behaviors"),
            ("origins", len(resource.views("origins")), "distribution.origins"),
            ("originGroups", len(resource.views("originGroups")), "distribution.origin_groups"),
            ("aliases", len(resource.texts("aliases")), "distribution.cnames"),
        ]
    elif context.type == CLOUDFRONT_CACHE_POLICY:
        key = resource.view("parametersInCacheKeyAndForwardedToOrigin")
        names = {
            "headers": key.view("headersConfig").view("headers").texts("items"),
            "cookies": key.view("cookiesConfig").view("cookies").texts("items"),
            "query_strings": key.view("queryStringsConfig").view("queryStrings").texts("items"),
        }
        judged = [(part.replace("_", " "), len(values), f"cache_policy.{part}") for part, values in names.items()]
        together = sum(len(each) for values in names.values() for each in values)
        judged.append(("names together", together, "cache_policy.names_chars"))
    elif context.type == RESPONSE_HEADERS_POLICY:
        csp = resource.view("securityHeadersConfig").view("contentSecurityPolicy").text("contentSecurityPolicy") or ""
        custom = len(resource.view("customHeadersConfig").views("items"))
        judged = [
            ("customHeadersConfig", custom, "response_headers_policy.custom_headers"),
            ("contentSecurityPolicy", len(csp), "response_headers_policy.csp_chars"),
        ]
    else:
        code = asset_bytes(resource.raw("code"))
        judged = [("code", len(code or b""), "functions.code_bytes")]
    for what, value, name in judged:
        most = context.limit(f"cloudfront.{name}")
        if value > most.value:
            yield Violation(what, most.show(value), f"at most {most.text}")


_COUNTED = {
    CLOUDFRONT_CACHE_POLICY: ("cache policies", "cache_policies"),
    ORIGIN_REQUEST_POLICY: ("origin request policies", "origin_request_policies"),
    RESPONSE_HEADERS_POLICY: ("response headers policies", "response_headers_policies"),
    CONTINUOUS_DEPLOYMENT: ("continuous deployment policies", "continuous_deployment_policies"),
    CLOUDFRONT_FUNCTION: ("CloudFront Functions", "functions"),
    DISTRIBUTION: ("distributions", "distributions"),
}


@stack_rule(
    "cloudfront-account-quota",
    id="EW710",
    family="aws",
    on=tuple(_COUNTED),
    severity="high",
    title="The stack leaves room in the account's CloudFront quotas",
    why="An account has 20 cache policies for all its stacks; the next stack is the one that fails.",
    fix="Use AWS's managed policies, and share equal ones between distributions.",
    source=QUOTAS,
)
def cloudfront_account_quota(stack: StackView, context: Context[NoConfig]) -> Iterator[Violation | None]:
    for token, (what, name) in _COUNTED.items():
        nodes = stack.of(token)
        most = context.limit(f"cloudfront.{name}")
        if len(nodes) > most.value:
            yield Violation(what, most.show(len(nodes)), f"at most {most.text} an account", urn=nodes[-1].urn)


@resource_rule(
    "cloudfront-delete-order",
    id="EW711",
    family="aws",
    on=(CLOUDFRONT_CACHE_POLICY, ORIGIN_REQUEST_POLICY, RESPONSE_HEADERS_POLICY, CLOUDFRONT_FUNCTION),
    severity="high",
    title="What a distribution uses is made anew before the old one is deleted",
    why="CloudFront refuses to delete a policy or a function that a distribution still uses.",
    fix="Leave delete_before_replace off, and put a hash of the content into the name so that both can exist.",
    source=QUOTAS,
)
def cloudfront_delete_order(_resource: View, context: Context[NoConfig]) -> Iterator[Violation]:
    if context.delete_before_replace:
        yield Violation("delete_before_replace", "true", "false")


RULES = rules_of(globals())
