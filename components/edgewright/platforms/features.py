"""What of the portable features a platform has. See :class:`Support`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from edgewright.platforms import DEFAULT, HOSTS, part_of


@dataclass(frozen=True)
class Support:
    """How a platform has one feature; each platform's `features.py` has a row for each."""

    how: Literal["native", "ours", "refused"]
    """`native`: the platform does it; `ours`: our code at the edge does; `refused`: it is not to be had there."""
    reason: str = ""
    """Why it is refused, as the end of a sentence that begins with the argument."""
    instead: str = ""
    """What to do instead."""


def support(platform: str, feature: str) -> Support:
    """Return how a platform has a feature; an unknown platform's is the default one's, whose name is a fault of its own."""
    rows: Mapping[str, Support] = part_of(platform if platform in HOSTS else DEFAULT, "features").FEATURES
    return rows[feature]
