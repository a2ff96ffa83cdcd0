"""Cloudflare: how an API becomes a Worker with its routes and domains, and a store a KV namespace. What it offers to the
components is in :class:`edgewright.platforms.platform.Platform`.

One room a part: `arguments` and `routes` check what was asked for, `version` and `environment` make the function's code and
what it sees, `rollout` shares the requests out to versions, `cache_rules` writes the zone's rules, and `create` here puts the
resources together. What the provider or the API would accept and not do is refused before.
"""

from typing import Any

import pulumi
import pulumi_cloudflare as cloudflare

from edgewright.arguments.endpoints.models import Compiled, Endpoints, whole
from edgewright.arguments.shape import Later, when_known
from edgewright.assemble.worker import MAIN, digest
from edgewright.platforms.cloudflare.arguments import Plan, check, check_endpoints
from edgewright.platforms.cloudflare.cache_rules import CACHE_PHASE, cache_rules
from edgewright.platforms.cloudflare.environment import bindings
from edgewright.platforms.cloudflare.kv import check_store, create_store
from edgewright.platforms.cloudflare.rollout import make_sticky, served_by, shares
from edgewright.platforms.cloudflare.routes import split_route
from edgewright.platforms.cloudflare.version import (
    COMPATIBILITY_DATE,
    bundle,
    cache_options,
    exports_of,
    flags_of,
    limits_of,
    modules,
    observability_of,
    warn_of_purges,
)
from edgewright.platforms.platform import Deployed

__all__ = ["Plan", "bindings", "bundle", "check", "check_endpoints", "check_store", "create", "create_store", "modules"]


def create(
    parent: pulumi.Resource,
    name: str,
    plan: Plan,
    _endpoints: Endpoints,
    compiled: Later[Compiled],
    modules: Any,
    bound: Any,
) -> Deployed:
    """Make the resources of an API from what it compiled to, its modules and its bindings, known now or later."""
    settings = whole(compiled)
    given = plan.given
    child = pulumi.ResourceOptions(parent=parent)
    worker = cloudflare.Worker(
        f"{name}-worker",
        account_id=plan.account_id,
        name=plan.script_name,
        logpush=False,
        observability=observability_of(given.observability),
        subdomain={"enabled": plan.workers_dev, "previews_enabled": False},
        tags=sorted(set(given.tags)),
        tail_consumers=[],
        # A default name stays when the component is renamed: another one would take the hostname off the Worker for a while.
        opts=child if given.script_name is not None else pulumi.ResourceOptions(parent=parent, ignore_changes=["name"]),
    )
    platform_cache: Any = when_known(settings, cache_options)
    exported: Any = when_known(settings, exports_of)
    when_known(settings, lambda known: warn_of_purges(name, known))
    version = cloudflare.WorkerVersion(
        f"{name}-version",
        account_id=plan.account_id,
        worker_id=worker.id,
        main_module=MAIN,
        modules=modules,
        bindings=bound,
        exports=exported,
        compatibility_date=given.compatibility_date or COMPATIBILITY_DATE,
        compatibility_flags=when_known(settings, lambda known: flags_of(given, known)),
        limits=limits_of(given.limits),
        placement={"mode": given.placement} if given.placement is not None else None,
        cache_options=platform_cache,
        annotations={"workers_message": f"{name} by edgewright", "workers_tag": when_known(modules, digest)},
        opts=child,
    )
    before = [make_sticky(parent, name, plan, settings)] if plan.sticky else []
    deployment = cloudflare.WorkersDeployment(
        f"{name}-deployment",
        account_id=plan.account_id,
        script_name=worker.name,
        strategy="percentage",
        versions=shares(parent, plan, worker, version.id, settings),
        annotations={"workers_message": f"{name} by edgewright"},
        opts=pulumi.ResourceOptions(parent=parent, depends_on=before),
    )
    _lead_to(name, plan, worker, pulumi.ResourceOptions(parent=parent, depends_on=[deployment]))
    if given.tiered_cache:
        # Two switches: tiered caching itself, and its smart topology.
        tiered = cloudflare.ArgoTieredCaching(f"{name}-tiered-caching", zone_id=plan.zone_id, value="on", opts=child)
        smart = pulumi.ResourceOptions(parent=parent, depends_on=[tiered])
        cloudflare.TieredCache(f"{name}-tiered-cache", zone_id=plan.zone_id, value="on", opts=smart)
    if given.cache_rules:
        cloudflare.Ruleset(
            f"{name}-cache-rules",
            zone_id=plan.zone_id,
            kind="zone",
            phase=CACHE_PHASE,
            name="edgewright cache rules",
            description=f"Cache rules of {name}, by edgewright.",
            rules=when_known(settings, lambda known: cache_rules(name, plan, known)),
            opts=child,
        )
    # Of the deployment, not of the version: where the platform refuses to deploy it, the version is there and answers
    # nobody, and whoever rolled out next would leave most requests to it.
    deployed = deployment.versions.apply(lambda shares: [share.version_id for share in shares])
    served = pulumi.Output.all(deployed, plan.previous_version_id).apply(lambda known: served_by(known[0], known[1]))
    return Deployed(
        urls=_urls(plan, worker),
        # Known once it is deployed: another function's binding to a Worker that has no version yet is refused.
        script_name=deployment.script_name,
        version_id=served.apply(lambda found: found.version),
        stable_version_id=served.apply(lambda found: found.stable),
        candidate_version_id=served.apply(lambda found: found.candidate),
    )


def _lead_to(name: str, plan: Plan, worker: cloudflare.Worker, opts: pulumi.ResourceOptions) -> None:
    """Lead requests to the function, once something is deployed that can answer them."""
    if plan.hostname is not None:
        cloudflare.WorkersCustomDomain(
            f"{name}-domain",
            account_id=plan.account_id,
            zone_id=plan.zone_id,
            hostname=plan.hostname,
            service=worker.name,
            opts=opts,
        )
    for pattern in plan.routes:
        cloudflare.WorkersRoute(
            f"{name}-route-{pattern}", zone_id=plan.zone_id, pattern=pattern, script=worker.name, opts=opts
        )


def _urls(plan: Plan, worker: cloudflare.Worker) -> pulumi.Output[list[str]]:
    fixed = [f"https://{plan.hostname}"] if plan.hostname else []
    for pattern in plan.routes:
        scheme, host, path = split_route(pattern)
        if not host.startswith("*"):
            fixed.append(f"{scheme or 'https'}://{host}{path.removesuffix('*')}")
    if not plan.workers_dev:
        return pulumi.Output.from_input(sorted(fixed))

    def with_own(subdomain: Any) -> list[str]:
        # An account that has no workers.dev name yet has no address there.
        url = getattr(subdomain, "url", None) or (subdomain or {}).get("url") if subdomain else None
        own = [url if "://" in url else f"https://{url}"] if url else []
        return sorted({*fixed, *own})

    return worker.subdomain.apply(with_own)
