"""Caching: what is cached, for how long, under which key, and what must never be."""

import re
from collections.abc import Iterator

from pydantic import Field

from edgewright_policies.reading import View, show
from edgewright_policies.rule import Context, NoConfig, PolicyConfig, Violation, resource_rule, rules_of
from edgewright_policies.types import (
    CACHE_PHASE,
    CACHE_POLICY,
    CLOUDFRONT_CACHE_POLICY,
    DISTRIBUTION,
    EDGE_API,
    RESPONSE_HEADERS_POLICY,
    RULESET,
    S3_OBJECT,
    S3_OBJECT_V2,
    authenticated,
    behavior_name,
    behaviors,
    endpoint_name,
    is_override,
    methods,
)

HOUR = 3600
DAY = 86400
YEAR = 31536000

CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
"""AWS's managed cache policy CachingDisabled."""

_STATIC_PATH = re.compile(r"(^|/)(static|assets|_next/static|_astro|build|dist)(/|\*|$)", re.I)
_STATIC_EXTENSION = re.compile(
    r"\.(css|m?js|map|wasm|png|jpe?g|gif|webp|avif|svg|ico|woff2?|ttf|otf|eot|mp4|webm|mp3)$", re.I
)
_VERSIONED = re.compile(
    r"[._-](?=[0-9a-zA-Z_-]*\d)[0-9a-zA-Z_-]{8,}\.[a-z0-9]+$|[._-][0-9a-f]{8,}(\.|$)|(^|/)v?\d+(\.\d+)*/|(^|/)[0-9a-f]{8,}/|@\d"
)
_PRIVATE_PATH = re.compile(
    r"(^|[/\"'])(account|session|sessions|me|profile|admin|checkout|cart|orders?|users?)(/|\*|\"|'|$)", re.I
)
_VARYING = ("accept-encoding", "accept-language", "accept")
_UNBOUNDED_HEADERS = frozenset(
    {
        "authorization", "cf-connecting-ip", "cf-ray", "cookie", "date", "if-modified-since", "if-none-match", "range",
        "referer", "true-client-ip", "user-agent", "x-amzn-trace-id", "x-forwarded-for", "x-real-ip", "x-request-id",
    }
)  # fmt: skip
_UNBOUNDED_COOKIES = re.compile(r"sess|token|auth|jwt|csrf|_ga|visitor|user", re.I)


def is_static(path: str) -> bool:
    """Return whether a path is of static files, by its folder or its extension."""
    return bool(_STATIC_PATH.search(path) or _STATIC_EXTENSION.search(path))


def static_endpoint(endpoint: View) -> bool:
    """Return whether an endpoint serves static files."""
    return bool(endpoint.flag("static")) or is_static(endpoint.text("path") or "")


def directives(cache_control: str) -> dict[str, str]:
    """Return the directives of a Cache-Control value, names in lower case."""
    found = {}
    for part in cache_control.split(","):
        name, _, value = part.strip().partition("=")
        if name:
            found[name.strip().lower()] = value.strip().strip('"')
    return found


def _max_age(cache_control: str) -> int | None:
    value = directives(cache_control).get("max-age", "")
    return int(value) if value.isascii() and value.isdigit() and len(value) < 12 else None


def _cache_rule(rule: View, ruleset: View) -> View | None:
    """Return the parameters of a Cloudflare cache rule that is on, or None where this is something else."""
    if ruleset.text("phase") != CACHE_PHASE or rule.flag("enabled") is False:
        return None
    return rule.view("actionParameters")


def _rule_name(rule: View) -> str:
    return f"cache rule {rule.text('ref') or rule.text('description') or rule.path}"


def _on_edge(cache: View) -> bool:
    """Return whether a compiled cache policy keeps anything in a shared cache near the caller."""
    if not cache or cache.text("mode") == "bypass":
        return False
    return not cache.has("tiers") or cache.view("tiers").has("edge")


@resource_rule(
    "cache-headers-missing",
    id="EW101",
    family="caching",
    on=(EDGE_API, RULESET, S3_OBJECT, S3_OBJECT_V2),
    per={EDGE_API: "endpoints", RULESET: "rules"},
    severity="high",
    title="Every cacheable endpoint says how it is cached",
    why="Without cache headers each platform guesses: one stores nothing and the origin takes every request, another"
    " stores for hours what changed a minute ago.",
    fix="Give it a CachePolicy; one with mode `bypass` says that nothing is to be stored.",
    source="https://www.rfc-editor.org/rfc/rfc9111#section-4.2",
)
def cache_headers_missing(item: View, resource: View, context: Context[NoConfig]) -> Iterator[Violation]:
    if context.type == EDGE_API:
        readable = methods(item) & {"GET", "HEAD", "*"}
        if readable and not authenticated(item) and not static_endpoint(item) and not item.has("cache"):
            yield Violation(f"{endpoint_name(item)} cache", "not set", "a CachePolicy's spec")
    elif context.type == RULESET:
        parameters = _cache_rule(item, resource)
        if parameters is not None and parameters.flag("cache"):
            given = [each for each in ("edgeTtl", "browserTtl") if parameters.has(each)]
            if not given:
                yield Violation(
                    f"{_rule_name(item)} edge_ttl and browser_ttl",
                    "not set",
                    "at least one",
                    "Say in the rule how long a response is fresh, at the edge and in the browser.",
                )
    elif not item.has("cacheControl") and is_static(item.text("key") or ""):
        yield Violation(
            f"object {show(item.text('key'))} cacheControl",
            "not set",
            "a Cache-Control value",
            "Set cacheControl: `public, max-age=31536000, immutable` for a versioned name, `public, max-age=60` otherwise.",
        )


class StaticTtl(PolicyConfig):
    """Configuration of static-ttl-short."""

    min_seconds: int = Field(default=DAY, ge=1, le=YEAR, description="Least freshness of static files, in seconds.")


@resource_rule(
    "static-ttl-short",
    id="EW102",
    family="caching",
    on=(EDGE_API, RULESET, DISTRIBUTION, S3_OBJECT, S3_OBJECT_V2),
    per={EDGE_API: "endpoints", RULESET: "rules", DISTRIBUTION: behaviors},
    config=StaticTtl,
    severity="medium",
    title="Static files stay fresh for at least a day",
    why="A static file changes its name when it changes. A short time to live makes browsers and the edge ask again"
    " for bytes that cannot have changed.",
    fix="Raise it; `browser_ttl` and `edge_ttl` of 31536000 with `immutable` suit versioned names.",
    source="https://www.rfc-editor.org/rfc/rfc8246",
)
def static_ttl_short(item: View, resource: View, context: Context[StaticTtl]) -> Iterator[Violation]:
    least = context.config.min_seconds
    judged: list[tuple[str, int | float | None]] = []
    if context.type == EDGE_API:
        cache = item.view("cache")
        if static_endpoint(item) and is_override(cache):
            name = endpoint_name(item)
            judged = [(f"{name} {each}", cache.number(f"{each}S")) for each in ("edgeTtl", "browserTtl")]
            judged = [(what.replace("Ttl", "_ttl"), value) for what, value in judged]
    elif context.type == RULESET:
        parameters = _cache_rule(item, resource)
        if parameters is not None and parameters.flag("cache") and is_static_expression(item):
            judged = [
                (f"{_rule_name(item)} {label}", parameters.view(each).number("default"))
                for each, label in (("edgeTtl", "edge_ttl"), ("browserTtl", "browser_ttl"))
                if parameters.view(each).text("mode") == "override_origin"
            ]
    elif context.type == DISTRIBUTION:
        if is_static(item.text("pathPattern") or "") and item.has("forwardedValues"):
            judged = [(f"{behavior_name(item)} defaultTtl", item.number("defaultTtl"))]
    else:
        key = item.text("key") or ""
        if is_static(key):
            judged = [(f"object {show(key)} max-age", _max_age(item.text("cacheControl") or ""))]
    for what, value in judged:
        if value is not None and value < least:
            yield Violation(what, f"{show(value)} s", f"at least {least} s")


def is_static_expression(rule: View) -> bool:
    """Return whether a rule's expression selects static files."""
    expression = rule.text("expression") or ""
    return any(is_static(each) for each in re.findall(r'"([^"]{1,200})"', expression)) or (
        "http.request.uri.path.extension" in expression
    )


@resource_rule(
    "static-past-cdn",
    id="EW103",
    family="caching",
    on=(EDGE_API, RULESET, DISTRIBUTION),
    per={EDGE_API: "endpoints", RULESET: "rules", DISTRIBUTION: behaviors},
    severity="high",
    title="Static files are served from the edge's cache",
    why="Static files past the CDN cost an origin request each, and a round trip around the world.",
    fix="Let the edge store them: a CachePolicy with an edge_ttl and the edge tier on.",
    source="https://developers.cloudflare.com/cache/concepts/default-cache-behavior/",
)
def static_past_cdn(item: View, resource: View, context: Context[NoConfig]) -> Iterator[Violation]:
    if context.type == EDGE_API:
        if not static_endpoint(item):
            return
        cache = item.view("cache")
        if not item.has("cache"):
            yield Violation(f"{endpoint_name(item)} cache", "not set", "a CachePolicy that stores at the edge")
        elif not _on_edge(cache):
            value = "mode bypass" if cache.text("mode") == "bypass" else "the edge tier is off"
            yield Violation(f"{endpoint_name(item)} cache", value, "a CachePolicy that stores at the edge")
    elif context.type == RULESET:
        parameters = _cache_rule(item, resource)
        if parameters is not None and parameters.flag("cache") is False and is_static_expression(item):
            yield Violation(
                f"{_rule_name(item)} cache",
                "false",
                "true",
                "Let the rule store static files, or narrow its expression.",
            )
    elif is_static(item.text("pathPattern") or "") and item.text("cachePolicyId") == CACHING_DISABLED:
        yield Violation(
            f"{behavior_name(item)} cachePolicyId",
            "CachingDisabled",
            "a cache policy that stores",
            "Use the managed policy CachingOptimized (658327ea-f89d-4fab-a63d-7e88639e58f6) for static files.",
        )


@resource_rule(
    "static-immutable-missing",
    id="EW104",
    family="caching",
    on=(EDGE_API, S3_OBJECT, S3_OBJECT_V2),
    per={EDGE_API: "endpoints"},
    severity="low",
    level="advisory",
    title="Versioned static files are immutable",
    why="Without `immutable` a browser revalidates versioned files on each reload: requests that only ever answer 304.",
    fix="Set `immutable`, so that a reload does not ask again (RFC 8246).",
    source="https://www.rfc-editor.org/rfc/rfc8246",
)
def static_immutable_missing(item: View, _resource: View, context: Context[NoConfig]) -> Iterator[Violation]:
    if context.type == EDGE_API:
        cache = item.view("cache")
        if item.flag("static") and is_override(cache) and not cache.flag("immutable"):
            yield Violation(f"{endpoint_name(item)} immutable", "false", "true")
        return
    key, header = item.text("key") or "", item.text("cacheControl")
    if header and is_static(key) and _VERSIONED.search(key) and "immutable" not in directives(header):
        yield Violation(f"object {show(key)} cacheControl", show(header), "a value with `immutable`")


@resource_rule(
    "immutable-unversioned",
    id="EW105",
    family="caching",
    on=(EDGE_API, S3_OBJECT, S3_OBJECT_V2),
    per={EDGE_API: "endpoints"},
    severity="high",
    title="Only versioned names are immutable",
    why="What a browser holds as immutable cannot be taken back: a mistake stays until the time to live is over.",
    fix="Put a version or a content hash into the path (and set `static: true` on the endpoint), or drop `immutable`.",
    source="https://www.rfc-editor.org/rfc/rfc8246#section-2",
)
def immutable_unversioned(item: View, _resource: View, context: Context[NoConfig]) -> Iterator[Violation]:
    if context.type == EDGE_API:
        if item.view("cache").flag("immutable") and not item.flag("static"):
            path = item.text("path") or ""
            if not _VERSIONED.search(path):
                yield Violation(f"{endpoint_name(item)} immutable", "true on a path without a version", "false")
        return
    key = item.text("key") or ""
    if "immutable" in directives(item.text("cacheControl") or "") and not _VERSIONED.search(key):
        yield Violation(f"object {show(key)} cacheControl", "immutable on a name without a version", "no `immutable`")


@resource_rule(
    "vary-missing",
    id="EW106",
    family="caching",
    on=(CACHE_POLICY,),
    severity="medium",
    title="What the cache key varies by, Vary says",
    why="A browser or a proxy between does not know our key. Without Vary it gives one language's or one encoding's"
    " response to a request for another.",
    fix="Add the header to `vary`.",
    source="https://www.rfc-editor.org/rfc/rfc9111#section-4.1",
)
def vary_missing(resource: View, _context: Context[NoConfig]) -> Iterator[Violation]:
    if resource.text("mode") == "bypass":
        return
    keyed = {each.lower() for each in resource.view("key").texts("headers")}
    if not keyed & set(_VARYING):
        return
    told = {each.lower() for each in resource.texts("vary")}
    for header in sorted(keyed & set(_VARYING) - told):
        yield Violation("vary", show(sorted(told)) or "not set", f"a list with {header}, which the key has")


@resource_rule(
    "forced-ttl-authenticated",
    id="EW107",
    family="caching",
    on=(EDGE_API, RULESET, CLOUDFRONT_CACHE_POLICY),
    per={EDGE_API: "endpoints", RULESET: "rules"},
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
        parameters = _cache_rule(item, resource)
        if parameters is None or not parameters.flag("cache"):
            return
        expression = item.text("expression") or ""
        if parameters.view("edgeTtl").text("mode") == "override_origin" and (
            _PRIVATE_PATH.search(expression) or "authorization" in expression.lower()
        ):
            yield Violation(
                f"{_rule_name(item)} edge_ttl mode",
                f"override_origin where {show(expression)}",
                "respect_origin or bypass_by_default",
                "Let the origin's own Cache-Control decide on routes that know their caller.",
            )
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
    on=(EDGE_API, RULESET, CLOUDFRONT_CACHE_POLICY, RESPONSE_HEADERS_POLICY),
    per={EDGE_API: "endpoints", RULESET: "rules"},
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
    parameters = _cache_rule(rule, ruleset)
    if parameters is None or not parameters.flag("cache"):
        return
    cookies = parameters.view("cacheKey").view("customKey").view("cookie").texts("includes")
    if parameters.view("edgeTtl").text("mode") == "override_origin" and any(map(_UNBOUNDED_COOKIES.search, cookies)):
        yield Violation(
            f"{_rule_name(rule)} cache_key cookie", show(cookies), "no cookie that tells callers apart",
            "A forced time to live on a response made for one session stores its Set-Cookie: bypass the cache there.",
        )  # fmt: skip


class UnboundedKey(PolicyConfig):
    """Configuration of cache-key-unbounded."""

    allow_whole_query: bool = Field(default=True, description="Whether a key may have every query parameter.")


@resource_rule(
    "cache-key-unbounded",
    id="EW109",
    family="caching",
    on=(CACHE_POLICY, RULESET, CLOUDFRONT_CACHE_POLICY),
    per={RULESET: "rules"},
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
        parameters = _cache_rule(item, resource)
        if parameters is None:
            return
        custom = parameters.view("cacheKey").view("customKey")
        headers, cookies = custom.view("header").texts("includes"), custom.view("cookie").texts("includes")
        subject = f"{_rule_name(item)} cache_key"
    else:
        forwarded = item.view("parametersInCacheKeyAndForwardedToOrigin")
        headers = forwarded.view("headersConfig").view("headers").texts("items")
        cookies = forwarded.view("cookiesConfig").view("cookies").texts("items")
        whole_query = forwarded.view("queryStringsConfig").text("queryStringBehavior") == "all"
        if forwarded.view("cookiesConfig").text("cookieBehavior") == "all":
            cookies = ["*"]
        subject = "key"
    for header in headers:
        if header.lower() in _UNBOUNDED_HEADERS:
            yield Violation(f"{subject} headers", header, "headers with few values")
    for cookie in cookies:
        if cookie == "*" or _UNBOUNDED_COOKIES.search(cookie):
            yield Violation(
                f"{subject} cookies", "every cookie" if cookie == "*" else cookie, "cookies with few values"
            )
    if whole_query and not context.config.allow_whole_query:
        yield Violation(f"{subject} query", "all", "none, include or exclude")


class HourlyTtl(PolicyConfig):
    """Configuration of the rules on long times to live."""

    from_seconds: int = Field(default=HOUR, ge=1, le=YEAR, description="Times to live from here on are judged.")


@resource_rule(
    "stale-while-revalidate-missing",
    id="EW110",
    family="caching",
    on=(CACHE_POLICY, RULESET),
    per={RULESET: "rules"},
    config=HourlyTtl,
    severity="medium",
    level="advisory",
    title="An hourly time to live has stale-while-revalidate",
    why="Without it the first caller after each expiry waits for the origin, and where the origin is down there is nothing.",
    fix="Set `stale_while_revalidate`, a day is usual: callers get the old response at once while a fresh one is fetched.",
    source="https://www.rfc-editor.org/rfc/rfc5861#section-3",
)
def stale_while_revalidate_missing(item: View, resource: View, context: Context[HourlyTtl]) -> Iterator[Violation]:
    if context.type == CACHE_POLICY:
        ttl = item.number("edgeTtl")
        forced = (item.text("mode") or "override") == "override" and not item.flag("immutable")
        if (
            forced
            and ttl is not None
            and ttl >= context.config.from_seconds
            and not item.number("staleWhileRevalidate")
        ):
            yield Violation("stale_while_revalidate", f"0 s with an edge_ttl of {show(ttl)} s", "above 0 s")
        return
    parameters = _cache_rule(item, resource)
    if parameters is not None and parameters.view("serveStale").flag("disableStaleWhileUpdating"):
        ttl = parameters.view("edgeTtl").number("default")
        if ttl is not None and ttl >= context.config.from_seconds:
            yield Violation(
                f"{_rule_name(item)} serve_stale", f"disabled with an edge_ttl of {show(ttl)} s", "enabled",
                "Remove disable_stale_while_updating.",
            )  # fmt: skip


@resource_rule(
    "jitter-missing",
    id="EW111",
    family="caching",
    on=(CACHE_POLICY,),
    config=HourlyTtl,
    severity="low",
    level="advisory",
    title="An hourly time to live has jitter",
    why="Entries stored together expire together, and the origin takes all their misses in one second.",
    fix="Set `jitter`, for example 3600 to 4200 s for an hour.",
    source="https://aws.amazon.com/builders-library/caching-challenges-and-strategies/",
)
def jitter_missing(resource: View, context: Context[HourlyTtl]) -> Iterator[Violation]:
    ttl = resource.number("edgeTtl")
    forced = (resource.text("mode") or "override") == "override" and not resource.flag("immutable")
    if not forced or ttl is None or ttl < context.config.from_seconds:
        return
    if not resource.has("jitter") and not resource.view("tiers").view("kv").has("jitter"):
        yield Violation("jitter", f"not set with an edge_ttl of {show(ttl)} s", "a range")


RULES = rules_of(globals())
