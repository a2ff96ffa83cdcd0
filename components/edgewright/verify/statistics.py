"""The numbers behind a report, as pure functions. A number without enough evidence is None, never a guess."""

import bisect
import itertools
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass


def percentile(ordered: Sequence[float], fraction: float) -> float | None:
    """Return the nearest-rank percentile of ascending values: the smallest that `fraction` of them do not exceed.

    None where there are too few values for at least one to be expected beyond it: p99 needs 100, p50 needs 2.

    Raises:
        ValueError: the fraction is not between 0 and 1, both excluded.
    """
    if not 0 < fraction < 1:
        raise ValueError(f"a percentile's fraction lies between 0 and 1, not {fraction!r}")
    if len(ordered) < least_values(fraction):
        return None
    return ordered[math.ceil(round(fraction * len(ordered), 9)) - 1]


def least_values(fraction: float) -> int:
    """Return how many values a percentile needs to say anything: 2 for p50, 20 for p95, 100 for p99."""
    return math.ceil(round(1 / (1 - fraction), 6))


@dataclass(frozen=True)
class Ratio:
    """A share of a whole. Without a whole it has no value."""

    part: int
    whole: int

    def __post_init__(self) -> None:
        if self.part < 0 or self.whole < 0 or self.part > self.whole:
            raise ValueError(f"{self.part} of {self.whole} is not a share")

    @property
    def value(self) -> float | None:
        """The share from 0 to 1, or None where there was nothing to share."""
        return self.part / self.whole if self.whole else None


def reduction(origin_requests: int, requests: int) -> float | None:
    """Return the share of requests that did not become an origin request; None where there were none.

    It is negative where origins were asked more often than the edge was: retries and failover can do that.
    """
    if origin_requests < 0 or requests < 0:
        raise ValueError(f"counts are not negative: {origin_requests}, {requests}")
    return 1 - origin_requests / requests if requests else None


class Zipf:
    """Draws numbers from 1 to `objects` with probability proportional to `1 / rank ** exponent`.

    An exponent of 0 is uniform; the popularity of pages on the web is near 0.9.
    """

    def __init__(self, objects: int, exponent: float) -> None:
        if objects < 1 or exponent < 0:
            raise ValueError(f"Zipf needs at least one object and an exponent from 0, not {objects} and {exponent}")
        self._cumulative: list[float] = list(
            itertools.accumulate(1 / float(rank) ** exponent for rank in range(1, objects + 1))
        )

    def draw(self, chance: random.Random) -> int:
        """Return one number."""
        point = chance.random() * self._cumulative[-1]
        return min(bisect.bisect_right(self._cumulative, point), len(self._cumulative) - 1) + 1

    def probability(self, number: int) -> float:
        """Return the probability of a number."""
        below = self._cumulative[number - 2] if number > 1 else 0.0
        return (self._cumulative[number - 1] - below) / self._cumulative[-1]
