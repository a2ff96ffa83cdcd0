"""What one answer says about where it came from."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Tier = Literal["memory", "edge", "kv", "shield", "platform", "miss", "bypass", "unknown"]
"""`platform` is a hit in the vendor's own cache, before the function; `unknown` means that no header told."""

HITS: tuple[Tier, ...] = ("memory", "edge", "kv", "shield", "platform")

_X_CACHE: dict[str, Tier] = {
    "HIT-EDGE": "edge",
    "HIT-KV": "kv",
    "HIT-SHIELD": "shield",
    "HIT": "platform",
    "MISS": "miss",
    "BYPASS": "bypass",
}
_CLOUDFRONT: dict[str, Tier] = {
    "hit": "edge",
    "miss": "miss",
    # The origin was asked whether what was stored still holds.
    "refreshhit": "miss",
}
"""The first word of CloudFront's `X-Cache`; the others tell of answers that it made itself."""
_CF_HITS = frozenset({"HIT", "STALE", "UPDATING", "REVALIDATED"})
_CF_MISSES = frozenset({"MISS", "EXPIRED"})
_DETAIL = re.compile(r";\s*detail=\"?(memory|edge|kv)\b")


@dataclass(frozen=True)
class Outcome:
    """What became of one request.

    Attributes:
        status: the answer's status, or None where none came.
        error: what went wrong where none came: `timeout`, `refused`, `TLS`, `disconnected`, `not HTTP`, `not sent`.
        scheduled_ms: from when the request was due to the end of the answer's body.
        service_ms: from when it was sent.
        lag_ms: how late the generator sent it.
    """

    status: int | None
    error: str | None
    scheduled_ms: float
    service_ms: float
    lag_ms: float
    tier: Tier = "unknown"
    region: str | None = None
    reached_origin: bool = False


def tier_of(headers: Mapping[str, str]) -> Tier:
    """Return which cache answered, by `Cache-Status` (RFC 9211), `X-Cache` and `Cf-Cache-Status`.

    Names in `headers` are in lower case.
    """
    word, _, whose = headers.get("x-cache", "").strip().lower().partition(" ")
    if whose == "from cloudfront":
        # It stands before whatever else says something of caches.
        return _CLOUDFRONT.get(word, "bypass")
    platform = headers.get("cf-cache-status", "").upper()
    if platform in _CF_HITS:
        return "platform"
    # The last member is the cache nearest to the client, the edge's own; the ones before it lie behind it.
    status = headers.get("cache-status", "").rpartition(",")[2]
    if re.search(r";\s*hit\b", status):
        detail = _DETAIL.search(status)
        return detail.group(1) if detail else _x_cache(headers, "edge")  # type: ignore[return-value]
    if re.search(r";\s*fwd=bypass\b", status):
        return "bypass"
    if re.search(r";\s*fwd\b", status):
        return "shield" if _x_cache(headers, "miss") == "shield" else "miss"
    if "x-cache" in headers:
        return _x_cache(headers, "unknown")
    if platform in _CF_MISSES:
        return "miss"
    return "bypass" if platform in {"BYPASS", "DYNAMIC", "NONE"} else "unknown"


def _x_cache(headers: Mapping[str, str], default: Tier) -> Tier:
    return _X_CACHE.get(headers.get("x-cache", "").strip().upper(), default)


def region_of(headers: Mapping[str, str]) -> str | None:
    """Return the region whose origin answered, where the answer says so."""
    return headers.get("x-origin-region") or None
