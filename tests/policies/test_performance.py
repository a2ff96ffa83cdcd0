"""The whole pack takes less than a second of CPU time over 1,000 resources, and about ten times that over 10,000."""

import time

import pytest
from edgewright.guard import evaluate

from bench.policies import stack


def _best(size: int, prefix: str) -> float:
    declared = stack(size, prefix)
    times = []
    for _ in range(3):
        start = time.process_time()
        assert evaluate(declared).resources == size
        times.append(time.process_time() - start)
    return min(times)


@pytest.mark.parametrize("prefix", ["cloudflare:", "aws:"])
def test_a_thousand_resources_take_less_than_a_second(prefix: str) -> None:
    small = _best(1_000, prefix)
    assert small < 1.0
    assert _best(10_000, prefix) < 25 * small + 0.5
