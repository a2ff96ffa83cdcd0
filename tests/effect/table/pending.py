"""Rows whose right value does not hold yet, by :func:`tests.effect.rows.identity`. They are expected to fail."""

_CACHE_ON_CLOUDFRONT = (
    "engine",
    "key.host",
    "tiers",
    "tiers.edge",
    "tiers.edge.enabled",
    "tiers.edge.jitter",
    "tiers.edge.jitter.max",
    "tiers.edge.jitter.min",
    "tiers.edge.ttl_ceiling",
    *(f"tiers.memory{part}" for part in ("", ".enabled", ".jitter", ".jitter.max", ".jitter.min", ".max_bytes")),
    *(f"tiers.memory.{part}" for part in ("max_object_bytes", "ttl_ceiling")),
    *(f"tiers.shield.{part}" for part in ("jitter", "jitter.max", "jitter.min", "max_bytes", "max_object_bytes")),
    *(f"tiers.shield.{part}" for part in ("shards", "ttl")),
    "vary",
)

PENDING: frozenset[str] = frozenset(
    {
        *(f"CachePolicy.{part}@cloudfront" for part in _CACHE_ON_CLOUDFRONT),
        "EdgeApi.endpoints[].static@cloudfront",
        "EdgeApi.sessions.ttl@cloudflare",
        "EdgeApi.sessions.ttl@cloudfront",
        "KvNamespace.list_limit@cloudflare",
    }
)

PENDING_PAIRS: tuple[tuple[str, str], ...] = (("vary", "cloudfront"), ("engine", "cloudfront"))
"""Features whose pairs are expected to fail on a host."""
