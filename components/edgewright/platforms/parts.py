"""What the modules of a platform's folder offer, apart from what makes its resources (:mod:`edgewright.platforms.platform`)."""

from collections.abc import Mapping
from typing import Protocol

from edgewright.contract.tiers import Tier


class Answers(Protocol):
    """`answers`: how the platform's answers say where they come from. Names of headers are in lower case."""

    def from_own_cache(self, headers: Mapping[str, str], /) -> Tier | None:
        """Return which tier answered, where the platform's own cache says so; None where it says nothing."""

    def past_own_cache(self, headers: Mapping[str, str], /) -> Tier | None:
        """Return what that cache says of a request that it let pass, for where nothing behind it said more."""
