"""A zone's cache rules, written from the endpoints' strategies."""

import hashlib
from collections.abc import Sequence
from typing import Any

import pulumi

from edgewright.base.fault_codes import Code
from edgewright.base.faults import Faults
from edgewright.contract.claims import CREDENTIALS
from edgewright.contract.limits import limit
from edgewright.contract.models import CacheSpec, EdgeSettings, EndpointSpec
from edgewright.platforms.cloudflare.arguments import Plan, hosts_of
from edgewright.platforms.cloudflare.expressions import bases, fetched_expression, quoted

CACHE_PHASE = "http_request_cache_settings"


def cache_rules(name: str, plan: Plan, settings: EdgeSettings) -> list[Any]:
    """Return the zone's cache rules for the endpoints' strategies. Of several that match the last one holds, so the more
    specific ones come later.

    Rules act on the URL that a Worker fetches, not on the one that a client asks for
    (https://developers.cloudflare.com/cache/concepts/interact-with-workers/); a Worker's `cf` settings would come before
    them, and the function's own requests have none that say anything of caching.
    """
    made = [
        (item, _zone_keeps(plan, settings, item, item.cache), item.cache)
        for item in settings.endpoints
        if item.cache is not None and item.target.kind == "origin"
    ]
    made.sort(key=lambda each: (specificity(each[0].path), each[0].path))
    rules = [_cache_rule(name, settings, item, cache, kept) for item, kept, cache in made]
    if any(kept for _, kept, _ in made):
        rules.append(_credentials_rule(name, settings, [item for item, kept, _ in made if kept]))
    _check_zone(name, plan, len(rules))
    return rules


def specificity(path: str) -> tuple[int, ...]:
    """Return what paths are ordered by, the more specific ones later."""
    ranks = {"*": 0, ":": 1}
    return tuple(ranks.get(segment[:1], 2) for segment in path[1:].split("/"))


def _zone_keeps(plan: Plan, settings: EdgeSettings, item: EndpointSpec, cache: CacheSpec) -> bool:
    """Say whether the zone may keep what an origin answers at an endpoint. Its key is the fetched URL and nothing else, and
    purges by tag and the invalidation by writes do not reach it: what needs more is left to the function's own tiers."""
    key = cache.key
    hosts = hosts_of(plan) | ({"workers.dev"} if plan.workers_dev else set())
    more = key.headers or key.cookies or key.country or cache.vary or cache.tags
    shared = not key.host or (len(hosts) == 1 and "*" not in next(iter(hosts)))
    written = any(
        set(other.methods) - {"GET", "HEAD", "OPTIONS", "TRACE"}
        for other in settings.endpoints
        if other.path == item.path
    )
    stored = cache.mode == "origin" or (cache.mode == "override" and (cache.edge_ttl_s or 0) > 0)
    return stored and item.auth is None and shared and not more and not written


def _check_zone(name: str, plan: Plan, count: int) -> None:
    """Hold the number of rules against the zone's plan, or warn where the plan is not known. The plans' least edge TTL is
    for rules that set one, and these leave it to what the origin says."""
    known = plan.given.zone_plan
    most = limit("cloudflare.cache.rules", plan=known or "free")
    if count <= most.value:
        return
    if known is None:
        pulumi.log.warn(
            f"EdgeApi {name!r}: cache_rules: the endpoints make {count} cache rules, and a zone on the plan Free takes at"
            f" most {most.text}. Say the zone's plan by `cloudflare.zone_plan`"
        )
        return
    faults = Faults("EdgeApi", name)
    faults.add(
        "endpoints",
        f"make {count} cache rules",
        code=Code.LIMIT,
        allowed=f"at most {most.text} on the plan {known} ({most.source})",
        fix="Give endpoints with the same policy one path that ends in `*`, or leave `cloudflare.cache_rules` out.",
    )
    faults.raise_if_any()


def _credentials_rule(name: str, settings: EdgeSettings, items: Sequence[EndpointSpec]) -> dict[str, Any]:
    """Return the last rule: what comes with a credential in a header is never kept. The function treats each of these
    headers as `Authorization` (RFC 9111, section 3.5), and the zone knows that one alone."""
    hosts = sorted({host for item in items for paths in bases(settings, item).values() for host in paths})
    return {
        "ref": f"edgewright_{hashlib.sha256(f'{name} credentials'.encode()).hexdigest()[:16]}",
        "description": "Requests with credentials",
        "expression": f"http.host in {{{' '.join(map(quoted, hosts))}}} and"
        f" any(http.request.headers.names[*] in {{{' '.join(map(quoted, sorted(CREDENTIALS)))}}})",
        "action": "set_cache_settings",
        "enabled": True,
        "action_parameters": {"cache": False},
    }


def _cache_rule(name: str, settings: EdgeSettings, item: EndpointSpec, cache: CacheSpec, kept: bool) -> dict[str, Any]:
    identity = f"{name} {item.path} {','.join(item.methods)}"
    rule = {
        "ref": f"edgewright_{hashlib.sha256(identity.encode()).hexdigest()[:16]}",
        "description": f"{item.path}: {cache.name}",
        "expression": fetched_expression(settings, item),
        "action": "set_cache_settings",
        "enabled": True,
    }
    if not kept:
        return {**rule, "action_parameters": {"cache": False}}
    override = cache.mode == "override"
    return {
        **rule,
        "action_parameters": {
            "cache": True,
            # Not `respect_origin`: with that, the zone keeps for two hours what says nothing of caching. Not
            # `override_origin` either, whatever the policy's mode: with that, it keeps what is `private`, and takes
            # `Set-Cookie` off what it keeps. The time that a policy forces is for the function's own tiers, which refuse both.
            "edge_ttl": {"mode": "bypass_by_default"},
            # Without it, the zone gives one answer to all, whatever the answer varies on.
            "vary": {"default": {"action": "passthrough"}},
            # What is stale is the function's to serve: it knows the policy.
            "serve_stale": {"disable_stale_while_updating": True},
            "cache_key": {"ignore_query_strings_order": override, "cache_deception_armor": False},
        },
    }
