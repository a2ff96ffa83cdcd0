"""A caching strategy, which is sound, as the settings document has it."""

from collections.abc import Iterable, Mapping

from edgewright.arguments.cache.models import Key as KeyArguments
from edgewright.arguments.cache.models import Kv, Policy, Range, Shield, Tiers
from edgewright.contract.models import (
    MEMORY_IN_FRONT_S,
    CacheKeySpec,
    CacheSpec,
    CacheTiers,
    EdgeTier,
    KvTier,
    MemoryTier,
    ShieldTier,
)


def compile_strategy(name: str, given: Policy, store: str | None) -> CacheSpec:
    """Return a strategy as the code at the edge applies it.

    Args:
        name: the policy's name.
        given: its arguments.
        store: the name under which the function is bound to the KV tier's namespace.
    """
    tiers, key = given.tiers or Tiers(), given.key or KeyArguments()
    return CacheSpec(
        name=name,
        mode=given.resolved,
        engine=given.engine or "worker",
        edge_ttl_s=given.edge_ttl,
        edge_jitter_s=_range(given.jitter),
        browser_ttl_s=given.browser_ttl,
        stale_while_revalidate_s=given.stale_while_revalidate or 0,
        stale_if_error_s=given.stale_if_error or 0,
        immutable=given.immutable or False,
        statuses=CacheSpec.model_fields["statuses"].default
        if given.statuses is None
        else tuple(sorted(set(given.statuses))),
        error_ttl_s=given.error_ttl or 0,
        tiers=CacheTiers(
            memory=_memory(given, tiers),
            edge=EdgeTier(ttl_ceiling_s=tiers.edge.ttl_ceiling, jitter_s=_range(tiers.edge.jitter))
            if tiers.edge.enabled
            else None,
            kv=_kv(tiers.kv, store) if tiers.kv is not None and store is not None else None,
            shield=_shield(tiers.shield) if tiers.shield is not None else None,
        ),
        key=CacheKeySpec(
            query=key.query,
            query_names=_sorted(key.query_names),
            headers=_sorted(name.lower() for name in key.headers),
            cookies=_sorted(key.cookies),
            country=key.country,
            region=key.region,
            host=key.host,
        ),
        vary=_sorted(name.lower() for name in given.vary or ()),
        tags=_sorted(given.tags or ()),
    )


def _memory(given: Policy, tiers: Tiers) -> MemoryTier | None:
    """Return the memory tier: as given, or in front of the edge cache, where a hit from it costs a fraction."""
    memory = tiers.memory
    if memory is None:
        in_front = given.engine in (None, "worker") and tiers.edge.enabled and given.resolved != "bypass"
        return MemoryTier(ttl_ceiling_s=MEMORY_IN_FRONT_S) if in_front else None
    if not memory.enabled:
        return None
    return MemoryTier.model_validate(
        _said(
            {
                "max_bytes": memory.max_bytes,
                "max_object_bytes": memory.max_object_bytes,
                "ttl_ceiling_s": memory.ttl_ceiling,
                "jitter_s": _range(memory.jitter),
            }
        )
    )


def _kv(kv: Kv, store: str) -> KvTier:
    return KvTier.model_validate(
        _said(
            {
                "binding": store,
                "ttl_s": kv.ttl,
                "jitter_s": _range(kv.jitter),
                "max_object_bytes": kv.max_object_bytes,
            }
        )
    )


def _shield(shield: Shield) -> ShieldTier:
    return ShieldTier.model_validate(
        _said(
            {
                "location": shield.location,
                "shards": shield.shards,
                "ttl_s": shield.ttl,
                "jitter_s": _range(shield.jitter),
                "max_bytes": shield.max_bytes,
                "max_object_bytes": shield.max_object_bytes,
            }
        )
    )


def _said(values: Mapping[str, object]) -> dict[str, object]:
    """Return what was given: the model has the defaults of the rest."""
    return {key: value for key, value in values.items() if value is not None}


def _range(jitter: Range | None) -> tuple[int, int] | None:
    return None if jitter is None else jitter.whole


def _sorted(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(names)))
