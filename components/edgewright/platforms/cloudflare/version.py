"""A Worker's version: its modules, and what its code runs with."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import pulumi

from edgewright.arguments.endpoints.models import Endpoints
from edgewright.assemble.handlers import bundle_handlers
from edgewright.assemble.worker import BUNDLES, SHIELD_CLASS, has_shield, size, worker_modules
from edgewright.base.fault_codes import Code
from edgewright.base.faults import Faults
from edgewright.contract.limits import limit
from edgewright.contract.models import CacheSpec, EdgeSettings, EndpointSpec
from edgewright.platforms.cloudflare.arguments import Plan, hosts_of
from edgewright.platforms.cloudflare.asked import Asked, Limits, Observability

COMPATIBILITY_DATE = "2026-07-01"
"""The runtime's behaviour that edgewright's own code is tested with."""
OWN_EXPORTS, NO_OWN_EXPORTS, OWN_EXPORTS_DATE = "enable_ctx_exports", "disable_ctx_exports", "2025-11-17"
"""The flags of `ctx.exports`, and since which compatibility date it is there without one:
https://developers.cloudflare.com/workers/configuration/compatibility-flags/"""


def bundle(plan: Plan, endpoints: Endpoints, faults: Faults) -> dict[str, str]:
    """Return the handlers' modules, bundled for workerd."""
    flags = list(plan.given.compatibility_flags)
    return bundle_handlers(endpoints.handlers, endpoints.handler_places, flags, faults)


def modules(
    name: str, plan: Plan, _endpoints: Endpoints, settings: EdgeSettings, handlers: Mapping[str, str]
) -> list[dict[str, str]]:
    """Return the Worker's modules, or raise a fault where they are larger than the platform takes."""
    own_host = min((host for host in hosts_of(plan) if "*" not in host), default=None)
    made = worker_modules(
        _with_own_entries(settings, plan.script_name, plan.hostname or own_host), handlers, BUNDLES / "cloudflare"
    )
    most = limit("cloudflare.workers.script_bytes")
    if size(made) > most.value:
        faults = Faults("EdgeApi", name)
        faults.add(
            "endpoints",
            f"need modules of {size(made)} bytes",
            code=Code.LIMIT,
            allowed=f"at most {most.text}",
            fix="Leave packages out of the handlers, or split the API in two.",
        )
        faults.raise_if_any()
    return made


def _with_own_entries(settings: EdgeSettings, script_name: str, cache_host: str | None) -> EdgeSettings:
    """Return the settings with the hostname that the Cache API asks its keys to have, which saves it a look-up of DNS
    (https://developers.cloudflare.com/workers/runtime-apis/cache/), and with entries that hostnames share kept apart from those of other functions. All Workers of a zone
    share its Cache API (https://developers.cloudflare.com/workers/reference/how-the-cache-works/), and a KV namespace may
    be several functions' too: without the host in the key, one function's answers would be given out by another."""

    def own(endpoint: EndpointSpec) -> EndpointSpec:
        cache = endpoint.cache
        if cache is None or cache.key.host:
            return endpoint
        return endpoint.model_copy(update={"cache": cache.model_copy(update={"name": f"{script_name}/{cache.name}"})})

    return settings.model_copy(update={"cache_host": cache_host, "endpoints": tuple(map(own, settings.endpoints))})


def exports_of(settings: EdgeSettings) -> dict[str, Any] | None:
    """Return the shield's class: its storage is made with the deployment, and stays when the version goes. No binding leads
    to it, because the platform refuses one to a class that is not there yet (100406): the function has it as one of its own
    exports, `ctx.exports`."""
    return {SHIELD_CLASS: {"type": "durable-object", "storage": "sqlite"}} if has_shield(settings) else None


def flags_of(given: Asked, settings: EdgeSettings) -> list[str]:
    """Return the flags as given, and for a shield the one that newer dates have by themselves."""
    flags = set(given.compatibility_flags)
    if has_shield(settings):
        if NO_OWN_EXPORTS in flags:
            faults = Faults("EdgeApi", settings.name)
            faults.add(
                "cloudflare.compatibility_flags",
                f"has {NO_OWN_EXPORTS!r}, without which nothing leads to the shield",
                code=Code.CONTRADICTION,
                fix="Leave the flag out, or the policies' `tiers.shield`.",
            )
            faults.raise_if_any()
        if (given.compatibility_date or COMPATIBILITY_DATE) < OWN_EXPORTS_DATE:
            flags.add(OWN_EXPORTS)
    return sorted(flags)


def warn_of_purges(name: str, settings: EdgeSettings) -> None:
    """Tell of tags that a purge could follow in part only: nothing carries it to data centres and isolates."""
    caches = {cache.name: cache for cache in _caches(settings) if cache.stores}
    if any(cache.tiers.kv or cache.tiers.shield for cache in caches.values()):
        return
    tagged = sorted(cache.name for cache in caches.values() if cache.tags)
    if tagged:
        pulumi.log.warn(
            f"EdgeApi {name!r}: {', '.join(tagged)}: has tags to purge by, and neither tiers.kv nor tiers.shield, by which"
            " a purge reaches every data centre and isolate; without them only a zone's purge by tag can empty edge tiers"
            " (as Cloudflare documents it), and the rest stays until it expires"
        )


def _caches(settings: EdgeSettings) -> list[CacheSpec]:
    return [item.cache for item in settings.endpoints if item.cache is not None]


def limits_of(limits: Limits) -> Any:
    """Return the limits that were asked for: Workers Free refuses a version that sets `cpu_ms`, whatever its value."""
    found = {key: value for key, value in asdict(limits).items() if value}
    return found or None


def cache_options(settings: EdgeSettings) -> dict[str, bool]:
    """Return what turns the platform's own cache on where an endpoint's strategy asks for it, and else off: what is left
    out may stay as it was, and in front of a Worker that does not expect it that cache keeps what has no Cache-Control."""
    used = any(cache.engine == "platform" for cache in _caches(settings))
    return {"enabled": used, "cross_version_cache": False}


def observability_of(observability: Observability) -> Any:
    """Return what the platform keeps of logs and traces, with its defaults: the API fills them in otherwise."""
    enabled, rate = observability.enabled, observability.head_sampling_rate
    return {
        "enabled": enabled,
        "head_sampling_rate": rate,
        "logs": {
            "enabled": enabled,
            "head_sampling_rate": rate,
            "invocation_logs": observability.invocation_logs,
            "persist": True,
            "destinations": [],
        },
        "traces": {
            "enabled": observability.traces,
            "head_sampling_rate": rate,
            "persist": True,
            "destinations": [],
        },
    }
