"""What `make bench` measures of the pack: a stack of the size it says, judged whole."""

import pytest
from edgewright.guard import evaluate

from bench.policies import stack


@pytest.mark.parametrize("prefix", ["cloudflare:", "aws:"])
def test_every_resource_of_a_benchmarks_stack_is_judged(prefix: str) -> None:
    assert evaluate(stack(200, prefix)).resources == 200
