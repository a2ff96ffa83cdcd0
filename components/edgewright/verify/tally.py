"""Adds outcomes up, in a few bytes a request."""

import math
from array import array
from collections import Counter

from edgewright.contract.tiers import HITS
from edgewright.verify.outcome import Outcome
from edgewright.verify.report import Breakdown, CacheUse, Errors, Latency
from edgewright.verify.statistics import Ratio, percentile

_EXAMPLES = 5


def latency(values: "array[float]") -> Latency:
    """Return the summary of milliseconds in any order."""
    ordered = sorted(values)
    if not ordered:
        return Latency(count=0)

    def rounded(value: float | None) -> float | None:
        return None if value is None else round(value, 3)

    return Latency(
        count=len(ordered),
        mean=rounded(math.fsum(ordered) / len(ordered)),
        p50=rounded(percentile(ordered, 0.50)),
        p95=rounded(percentile(ordered, 0.95)),
        p99=rounded(percentile(ordered, 0.99)),
        max=rounded(ordered[-1]),
    )


class Tally:
    """The sum of any number of outcomes."""

    def __init__(self) -> None:
        self.sent = 0
        self.answered = 0
        self.right = 0
        self.scheduled_ms: array[float] = array("d")
        self.service_ms: array[float] = array("d")
        self.lag_ms: array[float] = array("d")
        self.kinds: Counter[str] = Counter()
        self.examples: list[str] = []
        self.tiers: Counter[str] = Counter()
        self.cacheable = 0
        self.origin_cacheable = 0
        self.origin_other = 0

    def add(self, outcome: Outcome, *, expect: tuple[int, ...], cacheable: bool, where: str) -> None:
        """Count one outcome. `where` tells path and country in an error's example.

        Latency is of right answers and of time-outs: a request that never came back was at least that slow, while a
        refused connection is quick and would make a broken system look fast.
        """
        self.sent += 1
        self.lag_ms.append(outcome.lag_ms)
        if outcome.status is not None:
            self.answered += 1
        if outcome.status in expect:
            self.right += 1
        else:
            kind = outcome.error or f"status {outcome.status}"
            self.kinds[kind] += 1
            if len(self.examples) < _EXAMPLES:
                self.examples.append(f"{where}: {kind}")
        if outcome.status in expect or outcome.error == "timeout":
            self.scheduled_ms.append(outcome.scheduled_ms)
            self.service_ms.append(outcome.service_ms)
        if cacheable and outcome.status in expect:
            self.cacheable += 1
            self.tiers[outcome.tier] += 1
            self.origin_cacheable += outcome.reached_origin
        else:
            self.origin_other += outcome.reached_origin

    def errors(self) -> Errors:
        """Return what went wrong."""
        count = self.sent - self.right
        return Errors(
            count=count,
            ratio=Ratio(count, self.sent).value,
            kinds=dict(self.kinds.most_common()),
            examples=self.examples,
        )

    def cache(self) -> CacheUse:
        """Return what the cache did."""
        hits = sum(self.tiers[tier] for tier in HITS)
        return CacheUse(
            answers=self.cacheable,
            hits=hits,
            hit_ratio=Ratio(hits, self.cacheable).value,
            tiers=dict(self.tiers.most_common()),
            unlabelled=self.tiers["unknown"],
        )

    def breakdown(self) -> Breakdown:
        """Return the few numbers that a part of the traffic is told by."""
        times = latency(self.scheduled_ms)
        return Breakdown(
            requests=self.sent,
            errors=self.sent - self.right,
            hit_ratio=self.cache().hit_ratio,
            p50_ms=times.p50,
            p95_ms=times.p95,
        )
