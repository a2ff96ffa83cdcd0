"""A range of times. See :class:`Jitter`."""

from typing_extensions import TypedDict

from edgewright.arguments.written import Seconds


class Jitter(TypedDict):
    """A range from which a time to live is drawn, so that entries stored together do not expire together."""

    min: Seconds
    """Shortest time to live, in seconds."""
    max: Seconds
    """Longest time to live, in seconds."""
