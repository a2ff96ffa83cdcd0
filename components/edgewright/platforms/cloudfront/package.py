"""The package of the API's function at the origin's events, and the stores that are bound."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from edgewright.arguments.bindings import KEY_VALUE_STORE
from edgewright.arguments.endpoints.models import Endpoints
from edgewright.assemble.handlers import bundle_handlers
from edgewright.assemble.lambda_package import Package
from edgewright.base.fault_codes import Code
from edgewright.base.faults import Faults, show
from edgewright.contract.limits import limit
from edgewright.contract.models import (
    CacheSpec,
    EdgeSettings,
    HealthCheckSpec,
    JwtAuth,
    OriginSpec,
    RouterSpec,
    SessionTarget,
)
from edgewright.platforms.cloudfront import functions, lambda_edge, policies
from edgewright.platforms.cloudfront.behaviors import Served, serve
from edgewright.platforms.cloudfront.endpoints import check_experiments, check_store_of
from edgewright.platforms.cloudfront.function_files import Uploads, lambda_modules
from edgewright.platforms.cloudfront.guard import guard_modules
from edgewright.platforms.cloudfront.origins import FAILOVER_STATUSES
from edgewright.platforms.cloudfront.plan import Plan
from edgewright.platforms.cloudfront.policies import query_rule
from edgewright.platforms.cloudfront.shield import shields_of
from edgewright.platforms.parts import Binding

TAGS = "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/invalidation-specifying-tags.html"


def bundle(_plan: Plan, endpoints: Endpoints, faults: Faults) -> dict[str, str]:
    """Return the handlers' modules, bundled for Node.js in Lambda."""
    return bundle_handlers(endpoints.handlers, endpoints.handler_places, [], faults, mode="lambda")


def bindings(_plan: Plan, _endpoints: Endpoints, needed: Sequence[Binding], faults: Faults) -> list[dict[str, Any]]:
    """Return the stores that the functions at the viewer read."""
    found = []
    for binding in needed:
        if binding["type"] != KEY_VALUE_STORE:
            # Told with its place by `check_endpoints`, where it was known when the program ran.
            name = binding["name"]
            fix = f"If {name!r} is of a CachePolicy's `tiers.kv`, leave that out: CloudFront's regional caches stand for it."
            check_store_of("endpoints", binding, faults, fix)
            continue
        found.append(dict(binding))
    return found


def modules(
    name: str, plan: Plan, endpoints: Endpoints, settings: EdgeSettings, handlers: Mapping[str, str]
) -> Uploads:
    """Return the functions' packages, or raise what is wrong with them."""
    faults = Faults("EdgeApi", name)
    served = serve(endpoints, settings)
    _check_served(served, plan, faults)
    _check_routers(served, settings, faults)
    shields_of(served, plan, faults)
    behaviors = [
        {
            "pattern": each.behavior.pattern,
            "policy": each.cache.name if each.cache is not None else None,
            "guarded": each.guard is not None,
            **({"own": True} if each.own else {}),
            **({"varies": each.varies} if each.varies else {}),
        }
        for each in served
    ]
    package = Package(lambda_modules(for_lambda(settings), behaviors, handlers, plan.given.vars))
    lambda_edge.check_package("endpoints", package, lambda_edge.Shape(), faults)
    guard = _guard(plan, served, settings, faults)
    faults.raise_if_any()
    return Uploads(package, guard)


def _guard(plan: Plan, served: Sequence[Served], settings: EdgeSettings, faults: Faults) -> Package | None:
    """Return the package of the function at the viewer that checks tokens, where a stored answer needs one."""
    guarded = [each for each in served if each.guard == "jwt"]
    if not guarded:
        return None
    options = {
        "reserved": list(functions.RESERVED),
        "redirects": json.loads(plan.redirects) if plan.redirects else [],
        "queries": [{"pattern": each.behavior.pattern, **query_rule(each.cache)} for each in guarded],
    }
    package = Package(guard_modules(for_guard(settings), options))
    most = limit("lambda_edge.viewer.package_bytes")
    if len(package.zipped()) > most.value:
        faults.add(
            "redirects",
            f"make the function that checks tokens {len(package.zipped())} bytes large ({most.source})",
            code=Code.LIMIT,
            allowed=f"at most {most.text}",
            fix="Have fewer.",
        )
    return package


def for_guard(settings: EdgeSettings) -> EdgeSettings:
    """Return the settings for the guard: routes and tokens, nothing of origins and sessions."""
    endpoints = tuple(
        endpoint.model_copy(
            update={
                "target": SessionTarget(),
                "cache": None,
                "rate_limit": None,
                "static": False,
                "auth": endpoint.auth if isinstance(endpoint.auth, JwtAuth) else None,
            }
        )
        for endpoint in settings.endpoints
    )
    return settings.model_copy(update={"endpoints": endpoints, "routers": (), "sessions": None, "trace": False})


NOT_FROM_A_FUNCTION = (
    "connection",
    "expect",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "trailer",
    "upgrade",
    "x-cache",
    "x-forwarded-proto",
    "x-real-ip",
    "accept-encoding",
    "content-length",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "transfer-encoding",
    "via",
)
"""Headers that a function may not add, or not change, on origin-request."""
NOT_FROM_A_FUNCTION_PREFIXES = ("x-accel-", "x-amz-cf-", "x-amzn-", "x-edge-")
EDGE_FUNCTION_RESTRICTIONS = (
    "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/edge-function-restrictions-all.html"
)

NOT_HERE = ("memory", "kv", "shield")
"""Tiers that CloudFront itself stands for."""


def for_lambda(settings: EdgeSettings) -> EdgeSettings:
    """Return the settings for the function: what CloudFront and WAF do themselves is left out of them."""

    def of_function(cache: CacheSpec | None) -> CacheSpec | None:
        if cache is None:
            return None
        tiers = cache.tiers.model_copy(update=dict.fromkeys(NOT_HERE))
        return cache.model_copy(update={"engine": "worker", "tiers": tiers})

    endpoints = tuple(
        endpoint.model_copy(update={"cache": of_function(endpoint.cache), "rate_limit": None})
        for endpoint in settings.endpoints
    )
    return settings.model_copy(update={"endpoints": endpoints})


def _check_served(served: Sequence[Served], plan: Plan, faults: Faults) -> None:
    for each in served:
        _check_guard(each, plan, faults)
        names = {spec.cache.name if spec.cache else None for spec in each.specs if "GET" in spec.methods}
        if len(names) > 1:
            paths = " and ".join(sorted({show(spec.path) for spec in each.specs}))
            faults.add(
                f"{each.behavior.items[-1].at}.cache",
                f"is not that of every endpoint which CloudFront matches by {show(each.behavior.pattern)}: {paths}",
                code=Code.COMBINATION,
                fix="Give them one strategy, or other paths.",
            )
        for item, spec in zip(each.behavior.items, each.specs, strict=True):
            cache = spec.cache
            policies.compile_policy(f"{item.at}.cache", cache, faults, varies=each.varies)
            policies.check_strategy(f"{item.at}.cache", cache, faults)
            if cache is not None and cache.tags and spec.origin is None:
                faults.add(
                    f"{item.at}.cache",
                    f"has tags (CachePolicy {show(cache.name)}), and CloudFront takes them from the answers of origins; of"
                    f" those that a function makes on origin-request AWS says nothing ({TAGS})",
                    code=Code.UNSUPPORTED,
                    fix="Leave `tags` out for a handler on this host, and purge its paths.",
                )
            if cache is not None:
                check_experiments(spec.path, cache, plan, faults)


def _check_routers(served: Sequence[Served], settings: EdgeSettings, faults: Faults) -> None:
    """Note what a router says that CloudFront, which asks the nearest origin itself, does not do."""
    routers = {router.name: router for router in settings.routers}
    usual = set(RouterSpec.model_fields["retry_statuses"].default)
    seen = set()
    for each in served:
        for item, spec in zip(each.behavior.items, each.specs, strict=True):
            router = routers.get(spec.origin.router) if spec.origin is not None else None
            if router is None or router.name in seen:
                continue
            seen.add(router.name)
            at = f"{item.at}.origin"
            others = sorted(set(router.retry_statuses) - {*FAILOVER_STATUSES, *usual})
            if others:
                faults.add(
                    at,
                    f"has `retry_statuses` {', '.join(map(str, others))}, after which CloudFront asks no other origin"
                    " (https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/high_availability_origin_failover.html)",
                    code=Code.NOT_TAKEN,
                    allowed=", ".join(map(str, FAILOVER_STATUSES)),
                )
            if not router.retry_statuses and len(router.origins) > 1:
                faults.add(
                    at,
                    "has no `retry_statuses`, and an origin group of CloudFront has one at least",
                    code=Code.NOT_TAKEN,
                    allowed=", ".join(map(str, FAILOVER_STATUSES)),
                    fix="Leave it out for 502, 503 and 504, or give the GeoRouter one origin.",
                )
            if router.health != HealthCheckSpec() and len(router.origins) < 3:
                # Said and not refused: the same router may serve an API on a host where the check acts.
                pulumi.log.warn(
                    f"EdgeApi {faults.name!r}: {at}: its `health_check` has no effect on CloudFront, which asks the nearest"
                    " origin each time, whatever is known of it: only of several origins behind that one is the health"
                    f" kept, and here are {len(router.origins)} in all"
                )
            for region in router.origins:
                _check_headers(at, region, faults)


def _check_headers(at: str, origin: OriginSpec, faults: Faults) -> None:
    for header in origin.headers:
        if header in NOT_FROM_A_FUNCTION or header.startswith(NOT_FROM_A_FUNCTION_PREFIXES):
            faults.add(
                at,
                f"has the header {show(header)} for the origin of {origin.region}, which no function may set on CloudFront"
                f" ({EDGE_FUNCTION_RESTRICTIONS})",
                code=Code.RESERVED,
                fix="Give it another name.",
            )


def _check_guard(served: Served, plan: Plan, faults: Faults) -> None:
    """Note where what a behavior stores would be given to somebody whom one of its endpoints does not know."""
    if served.guard is None:
        return
    at = served.behavior.items[-1].at
    kinds = {spec.auth.kind if spec.auth else None for spec in served.stored}
    if len(kinds) > 1:
        paths = " and ".join(sorted({show(spec.path) for spec in served.specs}))
        faults.add(
            f"{at}.auth",
            f"is not of one kind for every stored answer which CloudFront matches by {show(served.behavior.pattern)}: {paths}",
            code=Code.COMBINATION,
            fix="Give them one kind of `auth`, or other paths.",
        )
    if served.guard != "jwt":
        return
    for experiment in plan.experiments:
        both = sorted({spec.path for spec in served.specs} & set(experiment.paths))
        if both:
            faults.add(
                f"{experiment.at}.paths",
                f"has {show(both[0])}, where a Lambda@Edge function checks the token before a stored answer is given:"
                " CloudFront takes no CloudFront Function beside it",
                code=Code.COMBINATION,
                fix="Leave the path out, or leave out its `cache`.",
            )
