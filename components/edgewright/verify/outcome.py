"""What one answer says about where it came from."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from edgewright.contract.tiers import Tier
from edgewright.platforms import each_part
from edgewright.platforms.parts import Answers

_X_CACHE: dict[str, Tier] = {
    "HIT-EDGE": "edge",
    "HIT-KV": "kv",
    "HIT-SHIELD": "shield",
    "HIT": "platform",
    "MISS": "miss",
    "BYPASS": "bypass",
}
_PLATFORMS: tuple[Answers, ...] = each_part("answers")
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
    """Return which cache answered, by `Cache-Status` (RFC 9211), `X-Cache` and what the platforms' own caches say.

    Names in `headers` are in lower case.
    """
    for platform in _PLATFORMS:
        # What a cache in front of the function says stands before whatever else says something of caches.
        if (told := platform.from_own_cache(headers)) is not None:
            return told
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
    for platform in _PLATFORMS:
        if (told := platform.past_own_cache(headers)) is not None:
            return told
    return "unknown"


def _x_cache(headers: Mapping[str, str], default: Tier) -> Tier:
    return _X_CACHE.get(headers.get("x-cache", "").strip().upper(), default)


def region_of(headers: Mapping[str, str]) -> str | None:
    """Return the region whose origin answered, where the answer says so."""
    return headers.get("x-origin-region") or None
