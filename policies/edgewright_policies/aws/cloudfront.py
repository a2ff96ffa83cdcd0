"""CloudFront: its quotas, and the order in which it lets go of things."""

from collections.abc import Iterator

from edgewright.contract.limits.lists import lists
from edgewright.contract.path_patterns import covers, overlap

from edgewright_policies.aws.common import QUOTAS
from edgewright_policies.reading import View, asset_bytes, show
from edgewright_policies.rule import (
    Context,
    NoConfig,
    StackView,
    Violation,
    resource_rule,
    rules_of,
    stack_rule,
)
from edgewright_policies.types import (
    CLOUDFRONT_CACHE_POLICY,
    CLOUDFRONT_FUNCTION,
    CONTINUOUS_DEPLOYMENT,
    DISTRIBUTION,
    ORIGIN_REQUEST_POLICY,
    RESPONSE_HEADERS_POLICY,
    WAF_PATTERNS,
    WAF_WEB_ACL,
    behavior_name,
)


@resource_rule(
    "cloudfront-quota",
    id="EW709",
    family="aws",
    on=(DISTRIBUTION, CLOUDFRONT_CACHE_POLICY, RESPONSE_HEADERS_POLICY, CLOUDFRONT_FUNCTION, WAF_WEB_ACL, WAF_PATTERNS),
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
    elif context.type == WAF_WEB_ACL:
        found = [
            (rule.text("name"), each)
            for rule in resource.views("rules")
            for each in _statements(rule.view("statement"))
        ]
        rates = [(name, each.view("rateBasedStatement")) for name, each in found if each.has("rateBasedStatement")]
        judged = [("rate-based rules", len(rates), "waf.rate_rules")]
        for name, each in found:
            pattern = each.view("regexMatchStatement").text("regexString") or ""
            judged.append((f"rule {name} pattern", len(pattern), "waf.pattern_chars"))
        for name, rate in rates:
            yield from _rate_taken(f"rule {name}", rate, context)
    elif context.type == WAF_PATTERNS:
        patterns = [each.text("regexString") or "" for each in resource.views("regularExpressions")]
        judged = [(f"pattern {index}", len(each), "waf.pattern_chars") for index, each in enumerate(patterns)]
    else:
        code = asset_bytes(resource.raw("code"))
        judged = [("code", len(code or b""), "functions.code_bytes")]
    for what, value, name in judged:
        most = context.limit(f"cloudfront.{name}")
        if value > most.value:
            yield Violation(what, most.show(value), f"at most {most.text}")


def _statements(statement: View) -> Iterator[View]:
    """Yield a statement of a rule of AWS WAF, and all that it has inside."""
    yield statement
    ways = statement.keys()
    for way in ways:
        inner = statement.view(way)
        for key in ("scopeDownStatement", "statement"):
            if inner.has(key):
                yield from _statements(inner.view(key))
        if inner.has("statements"):
            for each in inner.views("statements"):
                yield from _statements(each)


def _rate_taken(where: str, rate: View, context: Context[NoConfig]) -> Iterator[Violation]:
    window, windows = rate.number("evaluationWindowSec"), lists("cloudfront").waf_windows_s
    if window is not None and window not in windows.values:
        yield Violation(
            f"{where} evaluationWindowSec",
            f"{window:g} s",
            f"{windows.text} s",
            f"Count over one of these, with a `limit` for as long ({windows.source}).",
        )
    most, least = rate.number("limit"), context.limit("cloudfront.waf.rate_least")
    if most is not None and most < least.value:
        yield Violation(
            f"{where} limit", f"{most:g}", f"{least.value:g} or more", "Raise it, or count over a longer window."
        )


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


@resource_rule(
    "cloudfront-guard-hidden",
    id="EW714",
    family="aws",
    on=(DISTRIBUTION,),
    severity="high",
    title="No behavior without a guard takes what a later one guards",
    why="CloudFront goes by the first pattern that matches: what an earlier behavior takes, the guard of a later one never sees.",
    fix="Put the narrower pattern, which has the guard, before the broader one; or give both the guard. Where two patterns only"
    " have paths in common, the one with the guard comes first.",
    source="https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/DownloadDistValuesCacheBehavior.html",
)
def cloudfront_guard_hidden(resource: View, _context: Context[NoConfig]) -> Iterator[Violation]:
    ordered = resource.views("orderedCacheBehaviors")
    for index, guarded in enumerate([*ordered, resource.view("defaultCacheBehavior")]):
        if not _guarded(guarded):
            continue
        pattern = guarded.text("pathPattern") or "*"
        for earlier in ordered[:index]:
            before = earlier.text("pathPattern") or "*"
            # One that lies within is meant as it stands: what is left open of a guarded path.
            within = covers(pattern, before) and not covers(before, pattern)
            if _guarded(earlier) or within or not overlap(before, pattern):
                continue
            taken = "all of its paths are" if covers(before, pattern) else "some of its paths are"
            yield Violation(
                f"{behavior_name(guarded)} guard",
                f"{taken} taken by {show(before)}, which comes first and has none",
                f"{show(pattern)} before {show(before)}",
            )


def _guarded(behavior: View) -> bool:
    """Return whether something looks at who asks before a behavior answers."""
    if behavior.texts("trustedKeyGroups") or behavior.texts("trustedSigners"):
        return True
    return any(
        association.text("eventType") == "viewer-request"
        for key in ("lambdaFunctionAssociations", "functionAssociations")
        for association in behavior.views(key)
    )


RULES = rules_of(globals())
