"""Sharing: which responses one caller may have of another, and under which key."""

import re
from collections.abc import Iterator

from pydantic import Field

from edgewright_policies.caching.common import (
    PRIVATE_PATH,
    cache_rule,
    is_private_expression,
    legacy_keys,
    page_rule,
    page_target,
    rule_name,
)
from edgewright_policies.reading import View, show
from edgewright_policies.rule import Context, NoConfig, PolicyConfig, Violation, resource_rule, rules_of
from edgewright_policies.types import (
    CACHE_POLICY,
    CLOUDFRONT_CACHE_POLICY,
    DISTRIBUTION,
    EDGE_API,
    PAGE_RULE,
    RESPONSE_HEADERS_POLICY,
    RULESET,
    authenticated,
    behavior_name,
    behaviors,
    endpoint_name,
    is_override,
)

_VARYING = ("accept-encoding", "accept-language", "accept")
_UNBOUNDED_HEADERS = frozenset(
    {
        "authorization", "cf-connecting-ip", "cf-ray", "cookie", "date", "if-modified-since", "if-none-match", "range",
        "referer", "true-client-ip", "user-agent", "x-amzn-trace-id", "x-forwarded-for", "x-real-ip", "x-request-id",
    }
)  # fmt: skip
_UNBOUNDED_COOKIES = re.compile(r"sess|token|auth|jwt|csrf|_ga|visitor|user", re.I)


@resource_rule(
    "vary-missing",
    id="EW106",
    family="caching",
    on=(CACHE_POLICY, RULESET),
    per={RULESET: "rules"},
    severity="medium",
    title="What the cache key varies by, Vary says",
    why="A browser or a proxy between does not know our key. Without Vary it gives one language's or one encoding's"
    " response to a request for another.",
    fix="Add the header to `vary`.",
    source="https://www.rfc-editor.org/rfc/rfc9111#section-4.1",
)
def vary_missing(resource: View, ruleset: View, context: Context[NoConfig]) -> Iterator[Violation]:
    if context.type == RULESET:
        parameters = cache_rule(resource, ruleset)
        if parameters is None or parameters.view("browserTtl").text("mode") != "override_origin":
            return
        custom = parameters.view("cacheKey").view("customKey")
        keyed = {each.lower() for each in custom.view("header").texts("includes")} & set(_VARYING)
        if custom.view("user").flag("lang"):
            keyed.add("accept-language")
        if keyed:
            yield Violation(
                f"{rule_name(resource)} browser_ttl", f"override_origin with {show(sorted(keyed))} in the key", "respect_origin",
                "Let the origin say how long browsers keep it, together with its Vary: they know nothing of the rule's key.",
            )  # fmt: skip
        return
    if resource.text("mode") == "bypass":
        return
    keyed = {each.lower() for each in resource.view("key").texts("headers")}
    if not keyed & set(_VARYING):
        return
    told = {each.lower() for each in resource.texts("vary")}
    for header in sorted(keyed & set(_VARYING) - told):
        yield Violation(
            "vary", show(sorted(told)) or "not set", f"a list with {header}, which the key has", about=header
        )


@resource_rule(
    "forced-ttl-authenticated",
    id="EW107",
    family="caching",
    on=(EDGE_API, RULESET, PAGE_RULE, CLOUDFRONT_CACHE_POLICY, DISTRIBUTION),
    per={EDGE_API: "endpoints", RULESET: "rules", DISTRIBUTION: behaviors},
    severity="critical",
    title="No forced time to live on an authenticated route",
    why="A forced time to live stores what one caller may see and gives it to the next.",
    fix="Use mode `origin`, so that the origin's own Cache-Control decides, or `bypass`.",
    source="https://www.rfc-editor.org/rfc/rfc9111#section-3.5",
)
def forced_ttl_authenticated(item: View, resource: View, context: Context[NoConfig]) -> Iterator[Violation]:
    if context.type == EDGE_API:
        cache = item.view("cache")
        if authenticated(item) and is_override(cache) and cache.number("edgeTtlS") != 0:
            ttl = cache.number("edgeTtlS")
            yield Violation(
                f"{endpoint_name(item)} cache", f"mode override, edge_ttl {show(ttl)}", "mode origin or bypass"
            )
    elif context.type == RULESET:
        parameters = cache_rule(item, resource)
        if parameters is None or not parameters.flag("cache"):
            return
        if parameters.view("edgeTtl").text("mode") == "override_origin" and is_private_expression(item):
            yield Violation(
                f"{rule_name(item)} edge_ttl mode",
                f"override_origin where {show(item.text('expression'))}",
                "respect_origin or bypass_by_default",
                "Let the origin's own Cache-Control decide on routes that know their caller.",
            )
    elif context.type == PAGE_RULE:
        actions = page_rule(item)
        if actions and PRIVATE_PATH.search(page_target(item)) and actions.text("cacheLevel") == "cache_everything":
            ttl = actions.number("edgeCacheTtl")
            if ttl:
                yield Violation(
                    f"page rule {show(item.text('target'))} edge_cache_ttl", f"{show(ttl)} s with cache_everything", "not set",
                    "Let the origin's own Cache-Control decide on routes that know their caller.",
                )  # fmt: skip
    elif context.type == DISTRIBUTION:
        values, least = legacy_keys(item), item.number("minTtl")
        if values is not None and least:
            by_header = any(each.lower() == "authorization" for each in values.texts("headers"))
            if by_header or PRIVATE_PATH.search(item.text("pathPattern") or ""):
                reason = "Authorization forwarded" if by_header else "a path of one caller's own"
                yield Violation(
                    f"{behavior_name(item)} minTtl", f"{show(least)} with {reason}", "0",
                    "Set minTtl to 0, so that the origin's `no-store` and `private` are obeyed.",
                )  # fmt: skip
    else:
        key = item.view("parametersInCacheKeyAndForwardedToOrigin").view("headersConfig").view("headers")
        least = item.number("minTtl")
        if least and any(each.lower() == "authorization" for each in key.texts("items")):
            yield Violation(
                "minTtl", f"{show(least)} with Authorization in the key", "0",
                "Set minTtl to 0, so that the origin's `no-store` and `private` are obeyed.",
            )  # fmt: skip


@resource_rule(
    "set-cookie-cached",
    id="EW108",
    family="caching",
    on=(EDGE_API, RULESET, PAGE_RULE, CLOUDFRONT_CACHE_POLICY, DISTRIBUTION, RESPONSE_HEADERS_POLICY),
    per={EDGE_API: "endpoints", RULESET: "rules", DISTRIBUTION: behaviors},
    severity="critical",
    title="A response with Set-Cookie is not cached",
    why="A stored Set-Cookie gives one caller's session to every other one.",
    fix="Store nothing there, or strip the cookie before the response is stored.",
    source="https://www.rfc-editor.org/rfc/rfc9111#section-7.3",
)
def set_cookie_cached(item: View, resource: View, context: Context[NoConfig]) -> Iterator[Violation]:
    if context.type == EDGE_API:
        if item.flag("session") and item.has("cache") and item.view("cache").text("mode") != "bypass":
            yield Violation(f"{endpoint_name(item)} cache", "set on a session endpoint", "no cache, or mode bypass")
    elif context.type == RULESET:
        yield from _ruleset_set_cookie(item, resource)
    elif context.type == PAGE_RULE:
        actions = page_rule(item)
        cookie = actions.text("cacheOnCookie") if actions else None
        if actions and cookie and _UNBOUNDED_COOKIES.search(cookie) and actions.number("edgeCacheTtl"):
            yield Violation(
                f"page rule {show(item.text('target'))} cache_on_cookie", show(cookie), "no cookie that tells callers apart",
                "A forced time to live on a response made for one session stores its Set-Cookie: bypass the cache there.",
            )  # fmt: skip
    elif context.type == DISTRIBUTION:
        values, least = legacy_keys(item), item.number("minTtl")
        if values is not None and least and values.view("cookies").text("forward") == "all":
            yield Violation(
                f"{behavior_name(item)} minTtl", f"{show(least)} with every cookie forwarded", "0",
                "Set minTtl to 0, or name the cookies that belong to the key: CloudFront stores Set-Cookie with the object.",
            )  # fmt: skip
    elif context.type == CLOUDFRONT_CACHE_POLICY:
        cookies = item.view("parametersInCacheKeyAndForwardedToOrigin").view("cookiesConfig")
        behavior, least = cookies.text("cookieBehavior"), item.number("minTtl")
        if least and behavior == "all":
            yield Violation(
                "minTtl", f"{show(least)} with every cookie forwarded", "0",
                "Set minTtl to 0, or name the cookies that belong to the key: CloudFront stores Set-Cookie with the object.",
            )  # fmt: skip
    else:
        for header in item.view("customHeadersConfig").views("items"):
            if (header.text("header") or "").lower() == "set-cookie":
                yield Violation(
                    "customHeadersConfig header", "Set-Cookie", "any other header",
                    "Set cookies in a function or at the origin, on responses that are not stored.",
                )  # fmt: skip


def _ruleset_set_cookie(rule: View, ruleset: View) -> Iterator[Violation]:
    if rule.flag("enabled") is False:
        return
    if ruleset.text("phase") == "http_response_headers_transform":
        headers = rule.view("actionParameters").view("headers")
        for name in headers.keys():  # noqa: SIM118
            if name.lower() == "set-cookie" and headers.view(name).text("operation") in ("set", "add"):
                yield Violation(
                    f"rule {rule.text('ref') or rule.path} headers", "Set-Cookie", "any other header",
                    "Set cookies in a Worker or at the origin, on responses that are not stored.",
                )  # fmt: skip
        return
    parameters = cache_rule(rule, ruleset)
    if parameters is None or not parameters.flag("cache"):
        return
    cookies = parameters.view("cacheKey").view("customKey").view("cookie").texts("includes")
    if parameters.view("edgeTtl").text("mode") == "override_origin" and any(map(_UNBOUNDED_COOKIES.search, cookies)):
        yield Violation(
            f"{rule_name(rule)} cache_key cookie", show(cookies), "no cookie that tells callers apart",
            "A forced time to live on a response made for one session stores its Set-Cookie: bypass the cache there.",
        )  # fmt: skip


class UnboundedKey(PolicyConfig):
    """Configuration of cache-key-unbounded."""

    allow_whole_query: bool = Field(default=True, description="Whether a key may have every query parameter.")


@resource_rule(
    "cache-key-unbounded",
    id="EW109",
    family="caching",
    on=(CACHE_POLICY, RULESET, PAGE_RULE, CLOUDFRONT_CACHE_POLICY, DISTRIBUTION),
    per={RULESET: "rules", DISTRIBUTION: behaviors},
    config=UnboundedKey,
    severity="medium",
    title="The cache key is bounded",
    why="A key with a value that each caller has for itself never hits, and fills the cache with entries nobody reads.",
    fix="Leave it out of the key, or map it to a few values first.",
    source="https://developers.cloudflare.com/cache/how-to/cache-keys/",
)
def cache_key_unbounded(item: View, resource: View, context: Context[UnboundedKey]) -> Iterator[Violation]:
    whole_query = False
    if context.type == CACHE_POLICY:
        key = item.view("key")
        headers, cookies = key.texts("headers"), key.texts("cookies")
        whole_query = (key.text("query") or "all") == "all" and item.text("mode") != "bypass"
        subject = "key"
    elif context.type == RULESET:
        parameters = cache_rule(item, resource)
        if parameters is None:
            return
        custom = parameters.view("cacheKey").view("customKey")
        headers, cookies = custom.view("header").texts("includes"), custom.view("cookie").texts("includes")
        subject = f"{rule_name(item)} cache_key"
    elif context.type == PAGE_RULE:
        fields = (page_rule(item) or View({})).view("cacheKeyFields")
        headers, cookies = fields.view("header").texts("includes"), fields.view("cookie").texts("includes")
        subject = f"page rule {show(item.text('target'))} cache_key_fields"
    elif context.type == DISTRIBUTION:
        values = legacy_keys(item)
        if values is None or item.number("maxTtl") == 0:
            return
        # CloudFront forwards Authorization only where it is in the key: that it must not be stored is another rule's.
        headers = [each for each in values.texts("headers") if each.lower() != "authorization"]
        named = values.view("cookies")
        cookies = ["*"] if named.text("forward") == "all" else named.texts("whitelistedNames")
        whole_query = values.flag("queryString") is True and not values.texts("queryStringCacheKeys")
        subject = f"{behavior_name(item)} forwardedValues"
    else:
        if item.number("maxTtl") == 0:
            return
        forwarded = item.view("parametersInCacheKeyAndForwardedToOrigin")
        headers = forwarded.view("headersConfig").view("headers").texts("items")
        headers = [each for each in headers if each.lower() != "authorization"]
        cookies = forwarded.view("cookiesConfig").view("cookies").texts("items")
        whole_query = forwarded.view("queryStringsConfig").text("queryStringBehavior") == "all"
        if forwarded.view("cookiesConfig").text("cookieBehavior") == "all":
            cookies = ["*"]
        subject = "key"
    for header in headers:
        if header.lower() in _UNBOUNDED_HEADERS:
            yield Violation(f"{subject} headers", header, "headers with few values", about=header)
    for cookie in cookies:
        if cookie == "*" or _UNBOUNDED_COOKIES.search(cookie):
            yield Violation(
                f"{subject} cookies",
                "every cookie" if cookie == "*" else cookie,
                "cookies with few values",
                about=cookie,
            )
    if whole_query and not context.config.allow_whole_query:
        yield Violation(f"{subject} query", "all", "none, include or exclude")


RULES = rules_of(globals())
