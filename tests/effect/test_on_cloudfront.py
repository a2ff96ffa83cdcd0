"""Every argument that changes something changes the inputs and what runs, and features hold beside each other: on CloudFront."""

from collections.abc import Callable

import pytest

from tests.effect import running
from tests.effect.live import Live
from tests.effect.rows import Effect

HOST = "cloudfront"


@pytest.mark.runtime
@pytest.mark.parametrize(("area", "row"), running.effects(HOST))
def test_it_changes_the_inputs_and_what_runs(live_on: Callable[[str], Live], area: str, row: Effect) -> None:
    running.changes_what_runs(live_on(HOST), area, row)


@pytest.mark.runtime
@pytest.mark.parametrize("pair", running.pairs(HOST))
def test_each_of_two_features_holds_beside_the_other(live_on: Callable[[str], Live], pair: tuple[str, str]) -> None:
    running.holds(live_on(HOST), pair)
