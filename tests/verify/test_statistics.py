"""Percentiles, shares and popularity, against what they mean."""

import math
import random

import pytest
from edgewright.verify.statistics import Ratio, Zipf, least_values, percentile, reduction
from hypothesis import assume, given
from hypothesis import strategies as st

numbers = st.lists(st.floats(0, 1e6), min_size=1, max_size=300)
fractions = st.sampled_from([0.01, 0.25, 0.5, 0.9, 0.95, 0.99])


@given(numbers, fractions)
def test_a_percentile_is_the_smallest_value_that_covers_its_share(values: list[float], fraction: float) -> None:
    ordered = sorted(values)
    assume(len(ordered) >= least_values(fraction))
    found = percentile(ordered, fraction)
    assert found in ordered
    assert found is not None
    need = fraction * len(ordered) - 1e-9
    assert sum(value <= found for value in ordered) >= need
    assert sum(value < found for value in ordered) < need


@given(numbers)
def test_percentiles_rise_with_the_fraction(values: list[float]) -> None:
    found = [percentile(sorted(values), fraction) for fraction in (0.5, 0.95, 0.99)]
    known = [value for value in found if value is not None]
    assert known == sorted(known)


@pytest.mark.parametrize(("fraction", "least"), [(0.5, 2), (0.95, 20), (0.99, 100), (0.999, 1000)])
def test_too_few_values_give_no_percentile(fraction: float, least: int) -> None:
    assert least_values(fraction) == least
    assert percentile([1.0] * (least - 1), fraction) is None
    assert percentile([1.0] * least, fraction) == 1.0


@pytest.mark.parametrize("fraction", [0, 1, -0.1, 1.5])
def test_a_fraction_outside_is_refused(fraction: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        percentile([1.0], fraction)


@given(st.integers(0, 1000), st.integers(0, 1000))
def test_a_ratio_has_a_value_exactly_when_there_is_a_whole(part: int, whole: int) -> None:
    if part > whole:
        with pytest.raises(ValueError, match="not a share"):
            Ratio(part, whole)
    elif whole == 0:
        assert Ratio(part, whole).value is None
    else:
        value = Ratio(part, whole).value
        assert value is not None
        assert 0 <= value <= 1
        assert math.isclose(value * whole, part, abs_tol=1e-9)


def test_reduction() -> None:
    assert reduction(0, 0) is None
    assert reduction(5, 0) is None
    assert reduction(0, 10) == 1.0
    assert reduction(2, 10) == 0.8
    assert reduction(15, 10) == -0.5
    with pytest.raises(ValueError, match="not negative"):
        reduction(-1, 10)


@given(st.integers(1, 500), st.floats(0, 3), st.integers())
def test_zipf_draws_within_its_objects_and_its_probabilities_add_to_one(
    objects: int, exponent: float, seed: int
) -> None:
    zipf = Zipf(objects, exponent)
    chance = random.Random(seed)
    assert all(1 <= zipf.draw(chance) <= objects for _ in range(20))
    probabilities = [zipf.probability(number) for number in range(1, objects + 1)]
    assert math.isclose(math.fsum(probabilities), 1, rel_tol=1e-9)
    for rank, probability in enumerate(probabilities, 1):
        assert math.isclose(probability, probabilities[0] / rank**exponent, rel_tol=1e-6, abs_tol=1e-12)


def test_zipf_draws_follow_the_probabilities() -> None:
    zipf, chance, draws = Zipf(50, 0.9), random.Random(7), 40_000
    counts = [0] * 51
    for _ in range(draws):
        counts[zipf.draw(chance)] += 1
    chi_square = sum(
        (counts[n] - draws * zipf.probability(n)) ** 2 / (draws * zipf.probability(n)) for n in range(1, 51)
    )
    assert chi_square < 85.4  # 49 degrees of freedom, one in a thousand; the seed is fixed


def test_zipf_refuses_what_it_cannot_draw_from() -> None:
    with pytest.raises(ValueError, match="at least one object"):
        Zipf(0, 1)
    with pytest.raises(ValueError, match="exponent from 0"):
        Zipf(1, -1)
