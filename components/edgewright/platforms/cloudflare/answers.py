"""How Cloudflare's answers say where they come from: `CF-Cache-Status`, of the cache in front of a Worker.

https://developers.cloudflare.com/cache/concepts/cache-responses/
"""

from collections.abc import Mapping

from edgewright.contract.tiers import Tier

_HITS = frozenset({"HIT", "STALE", "UPDATING", "REVALIDATED"})
_MISSES = frozenset({"MISS", "EXPIRED"})
_PASSED = frozenset({"BYPASS", "DYNAMIC", "NONE"})


def _status(headers: Mapping[str, str]) -> str:
    return headers.get("cf-cache-status", "").upper()


def from_own_cache(headers: Mapping[str, str]) -> Tier | None:
    """Return `platform` where the cache in front answered."""
    return "platform" if _status(headers) in _HITS else None


def past_own_cache(headers: Mapping[str, str]) -> Tier | None:
    """Return what the cache in front says of a request that it let pass, where nothing behind it said more."""
    if _status(headers) in _MISSES:
        return "miss"
    return "bypass" if _status(headers) in _PASSED else None
