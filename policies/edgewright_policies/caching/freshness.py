"""Freshness: how long a response is good, and what happens after."""

from collections.abc import Iterator

from pydantic import Field

from edgewright_policies.caching.common import (
    CACHING_DISABLED,
    DAY,
    HOUR,
    VERSIONED,
    YEAR,
    cache_rule,
    directives,
    is_static,
    is_static_expression,
    judged_elsewhere,
    max_age,
    on_edge,
    page_rule,
    page_target,
    rule_name,
    served,
    static_endpoint,
)
from edgewright_policies.reading import View, show
from edgewright_policies.rule import Context, NoConfig, PolicyConfig, Violation, resource_rule, rules_of
from edgewright_policies.types import (
    CACHE_POLICY,
    CLOUDFRONT_CACHE_POLICY,
    DISTRIBUTION,
    EDGE_API,
    PAGE_RULE,
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


@resource_rule(
    "cache-headers-missing",
    id="EW101",
    family="caching",
    on=(EDGE_API, RULESET, PAGE_RULE, S3_OBJECT, S3_OBJECT_V2),
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
        parameters = cache_rule(item, resource)
        if parameters is not None and parameters.flag("cache"):
            given = [each for each in ("edgeTtl", "browserTtl") if parameters.has(each)]
            if not given:
                yield Violation(
                    f"{rule_name(item)} edge_ttl and browser_ttl",
                    "not set",
                    "at least one",
                    "Say in the rule how long a response is fresh, at the edge and in the browser.",
                )
    elif context.type == PAGE_RULE:
        actions = page_rule(item)
        times = ("edgeCacheTtl", "browserCacheTtl", "cacheTtlByStatus")
        if actions and actions.text("cacheLevel") == "cache_everything" and not any(map(actions.has, times)):
            yield Violation(
                f"page rule {show(item.text('target'))} edge_cache_ttl and browser_cache_ttl", "not set", "at least one",
                "Say in the rule how long a response is fresh, at the edge and in the browser.",
            )  # fmt: skip
    elif not item.has("cacheControl") and is_static(item.text("key") or "") and not judged_elsewhere(context.urn):
        yield Violation(
            f"object {show(item.text('key'))} cacheControl",
            "not set",
            "a Cache-Control value",
            "Set cacheControl: `public, max-age=31536000, immutable` for a versioned name,"
            " `public, max-age=86400, stale-while-revalidate=604800` otherwise.",
        )


class StaticTtl(PolicyConfig):
    """Configuration of static-ttl-short."""

    min_seconds: int = Field(default=DAY, ge=1, le=YEAR, description="Least freshness of static files, in seconds.")


@resource_rule(
    "static-ttl-short",
    id="EW102",
    family="caching",
    on=(EDGE_API, RULESET, PAGE_RULE, DISTRIBUTION, S3_OBJECT, S3_OBJECT_V2),
    per={EDGE_API: served, RULESET: "rules", DISTRIBUTION: behaviors},
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
        if item.has("directory"):
            # 0, the default, is to ask each time: right for names without a version, and the edge answers from its store.
            judged = [(f"assets {show(item.text('path'))} browser_ttl", item.number("browserTtl") or None)]
        elif static_endpoint(item) and is_override(cache):
            name = endpoint_name(item)
            judged = [(f"{name} {each}", cache.number(f"{each}S")) for each in ("edgeTtl", "browserTtl")]
            judged = [(what.replace("Ttl", "_ttl"), value) for what, value in judged]
    elif context.type == RULESET:
        parameters = cache_rule(item, resource)
        if parameters is not None and parameters.flag("cache") and is_static_expression(item):
            judged = [
                (f"{rule_name(item)} {label}", parameters.view(each).number("default"))
                for each, label in (("edgeTtl", "edge_ttl"), ("browserTtl", "browser_ttl"))
                if parameters.view(each).text("mode") == "override_origin"
            ]
    elif context.type == PAGE_RULE:
        actions = page_rule(item)
        if actions and is_static(page_target(item)):
            name = f"page rule {show(item.text('target'))}"
            judged = [
                (f"{name} edge_cache_ttl", actions.number("edgeCacheTtl")),
                # 0 is to do as the origin says.
                (f"{name} browser_cache_ttl", actions.number("browserCacheTtl") or None),
            ]
    elif context.type == DISTRIBUTION:
        if is_static(item.text("pathPattern") or "") and item.has("forwardedValues"):
            judged = [(f"{behavior_name(item)} defaultTtl", item.number("defaultTtl"))]
    elif not judged_elsewhere(context.urn):
        key, header = item.text("key") or "", item.text("cacheControl") or ""
        age = max_age(header)
        # Browsers that ask each time are right for names without a version, where the edge answers them from its store.
        if is_static(key) and not (age == 0 and directives(header).get("s-maxage", "0").strip("0")):
            judged = [(f"object {show(key)} max-age", age)]
    for what, value in judged:
        if value is not None and value < least:
            yield Violation(what, f"{show(value)} s", f"at least {least} s")


@resource_rule(
    "static-past-cdn",
    id="EW103",
    family="caching",
    on=(EDGE_API, RULESET, PAGE_RULE, DISTRIBUTION),
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
        elif not on_edge(cache):
            value = "mode bypass" if cache.text("mode") == "bypass" else "the edge tier is off"
            yield Violation(f"{endpoint_name(item)} cache", value, "a CachePolicy that stores at the edge")
    elif context.type == RULESET:
        parameters = cache_rule(item, resource)
        if parameters is not None and parameters.flag("cache") is False and is_static_expression(item):
            yield Violation(
                f"{rule_name(item)} cache",
                "false",
                "true",
                "Let the rule store static files, or narrow its expression.",
            )
    elif context.type == PAGE_RULE:
        actions = page_rule(item)
        if actions and actions.text("cacheLevel") == "bypass" and is_static(page_target(item)):
            yield Violation(
                f"page rule {show(item.text('target'))} cache_level", "bypass", "a level that stores",
                "Let the rule store static files, or narrow its target.",
            )  # fmt: skip
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
    if header and is_static(key) and VERSIONED.search(key) and "immutable" not in directives(header):
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
            if not VERSIONED.search(path):
                yield Violation(f"{endpoint_name(item)} immutable", "true on a path without a version", "false")
        return
    key = item.text("key") or ""
    if "immutable" in directives(item.text("cacheControl") or "") and not VERSIONED.search(key):
        yield Violation(f"object {show(key)} cacheControl", "immutable on a name without a version", "no `immutable`")


class HourlyTtl(PolicyConfig):
    """Configuration of the rules on long times to live."""

    from_seconds: int = Field(default=HOUR, ge=1, le=YEAR, description="Times to live from here on are judged.")


@resource_rule(
    "stale-while-revalidate-missing",
    id="EW110",
    family="caching",
    on=(CACHE_POLICY, RULESET, S3_OBJECT, S3_OBJECT_V2),
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
    least = context.config.from_seconds
    if context.type == CACHE_POLICY:
        ttl = item.number("edgeTtl")
        forced = (item.text("mode") or "override") == "override" and not item.flag("immutable")
        if forced and ttl is not None and ttl >= least and not item.number("staleWhileRevalidate"):
            yield Violation("stale_while_revalidate", f"0 s with an edge_ttl of {show(ttl)} s", "above 0 s")
    elif context.type == RULESET:
        parameters = cache_rule(item, resource)
        if parameters is not None and parameters.view("serveStale").flag("disableStaleWhileUpdating"):
            ttl = parameters.view("edgeTtl").number("default")
            if ttl is not None and ttl >= least:
                yield Violation(
                    f"{rule_name(item)} serve_stale", f"disabled with an edge_ttl of {show(ttl)} s", "enabled",
                    "Remove disable_stale_while_updating.",
                )  # fmt: skip
    else:
        header = item.text("cacheControl") or ""
        given, ttl = directives(header), max_age(header)
        never = {"immutable", "no-store", "private", "must-revalidate", "stale-while-revalidate"}
        if ttl is not None and ttl >= least and not never & set(given):
            yield Violation(
                f"object {show(item.text('key'))} cacheControl", show(header), "a value with `stale-while-revalidate`",
                "Add `stale-while-revalidate=604800`, or `immutable` where the name has a version.",
            )  # fmt: skip


@resource_rule(
    "jitter-missing",
    id="EW111",
    family="caching",
    on=(CACHE_POLICY, RULESET, PAGE_RULE, CLOUDFRONT_CACHE_POLICY),
    per={RULESET: "rules"},
    config=HourlyTtl,
    severity="low",
    level="advisory",
    title="An hourly time to live has jitter",
    why="Entries stored together expire together, and the origin takes all their misses in one second.",
    fix="Set `jitter`, for example 3600 to 4200 s for an hour.",
    source="https://aws.amazon.com/builders-library/caching-challenges-and-strategies/",
)
def jitter_missing(item: View, resource: View, context: Context[HourlyTtl]) -> Iterator[Violation]:
    least = context.config.from_seconds
    by_origin = "Let the origin's own max-age decide, drawn anew for each response from a range."
    if context.type == CACHE_POLICY:
        ttl = item.number("edgeTtl")
        forced = (item.text("mode") or "override") == "override" and not item.flag("immutable")
        drawn = item.has("jitter") or item.view("cloudflare").view("tiers").view("kv").has("jitter")
        if forced and ttl is not None and ttl >= least and not drawn:
            yield Violation("jitter", f"not set with an edge_ttl of {show(ttl)} s", "a range")
    elif context.type == RULESET:
        parameters = cache_rule(item, resource)
        if parameters is None or not parameters.flag("cache"):
            return
        ttl = parameters.view("edgeTtl").number("default")
        forced = parameters.view("edgeTtl").text("mode") == "override_origin"
        # Files with a version in their names are not asked for again in a crowd: nothing changes when they expire.
        if forced and ttl is not None and ttl >= least and not is_static_expression(item):
            yield Violation(
                f"{rule_name(item)} edge_ttl", f"{show(ttl)} s for every response", "respect_origin", by_origin
            )
    elif context.type == PAGE_RULE:
        actions = page_rule(item)
        ttl = actions.number("edgeCacheTtl") if actions else None
        if ttl is not None and ttl >= least and not is_static(page_target(item)):
            name = f"page rule {show(item.text('target'))} edge_cache_ttl"
            yield Violation(name, f"{show(ttl)} s for every response", "not set", by_origin)
    else:
        shortest, longest = item.number("minTtl"), item.number("maxTtl")
        if shortest is not None and shortest >= least and shortest == longest:
            yield Violation(
                "minTtl and maxTtl", f"{show(shortest)} s both", "a range",
                "Leave room between them, and draw the origin's max-age from a range.",
            )  # fmt: skip


RULES = rules_of(globals())
