"""How Paper's answers say where they come from: they do not."""

from collections.abc import Mapping

from edgewright.contract.tiers import Tier


def from_own_cache(headers: Mapping[str, str]) -> Tier | None:
    """Return None: Paper has no cache."""
    return None


def past_own_cache(headers: Mapping[str, str]) -> Tier | None:
    """Return None: Paper has no cache."""
    return None
