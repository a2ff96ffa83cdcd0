"""How CloudFront's answers say where they come from."""

from collections.abc import Mapping

from edgewright.contract.tiers import Tier

_WORDS: Mapping[str, Tier] = {
    "hit": "edge",
    "miss": "miss",
    # The origin was asked whether what was stored still holds.
    "refreshhit": "miss",
}
"""The first word of CloudFront's `X-Cache`; the others tell of answers that it made itself."""


def from_own_cache(headers: Mapping[str, str]) -> Tier | None:
    """Return which tier answered, by `X-Cache: Hit from cloudfront` and its like."""
    word, _, whose = headers.get("x-cache", "").strip().lower().partition(" ")
    return _WORDS.get(word, "bypass") if whose == "from cloudfront" else None


def past_own_cache(_headers: Mapping[str, str]) -> Tier | None:
    """Return None: each of its answers says so by the first of the two."""
    return None
