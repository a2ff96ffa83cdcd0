"""The plan: the same for the same seed, in the shares and at the rate that were asked for."""

import itertools
from collections import Counter

import pytest
from edgewright.config.models import PathMix, Traffic
from edgewright.contract import CacheSpec, EdgeSettings
from edgewright.verify.plan import derive_mix, left_out, plan
from hypothesis import given
from hypothesis import strategies as st

MIX = (
    PathMix(path="/api/products/{n}", objects=20, weight=3, zipf=0),
    PathMix(path="/static/app.js", weight=1),
)


@given(st.integers(), st.integers(1, 200))
def test_the_seed_decides_everything(seed: int, count: int) -> None:
    traffic = Traffic(seed=seed)
    first, second = (list(plan(traffic, MIX, count=count)) for _ in range(2))
    assert first == second
    assert len(first) == count
    longer = list(plan(traffic, MIX, count=count + 5))
    assert longer[:count] == first  # a longer run begins as a shorter one
    assert [request.at_s for request in first] == sorted(request.at_s for request in first)


def test_seeds_and_phases_differ() -> None:
    plans = [
        [request.path for request in plan(Traffic(seed=seed), MIX, count=50, phase=phase)]
        for seed, phase in [(1, "measure"), (2, "measure"), (1, "warm-up")]
    ]
    assert len({tuple(paths) for paths in plans}) == 3


def test_shares_and_rate_are_as_asked() -> None:
    traffic = Traffic(rate=200, countries={"US": 3, "JP": 1})
    planned = list(plan(traffic, MIX, count=20_000))
    families = Counter(request.family for request in planned)
    countries = Counter(request.country for request in planned)
    assert families[0] / 20_000 == pytest.approx(0.75, abs=0.02)
    assert countries["US"] / 20_000 == pytest.approx(0.75, abs=0.02)
    assert 20_000 / planned[-1].at_s == pytest.approx(200, rel=0.03)
    assert {request.path for request in planned if request.family == 0} == {f"/api/products/{n}" for n in range(1, 21)}


def test_fixed_arrivals_are_an_even_beat() -> None:
    planned = list(plan(Traffic(rate=10, arrivals="fixed"), MIX, count=30))
    gaps = [later.at_s - earlier.at_s for earlier, later in itertools.pairwise(planned)]
    assert gaps == pytest.approx([0.1] * 29)


def test_an_empty_mix_is_refused() -> None:
    with pytest.raises(ValueError, match="mix is empty"):
        next(plan(Traffic(), (), count=1))


def test_a_mix_can_be_read_off_an_api() -> None:
    origin = {"kind": "origin", "router": "origins"}
    cached = CacheSpec(name="products", edge_ttl_s=60).model_dump()
    settings = EdgeSettings.model_validate(
        {
            "name": "api",
            "endpoints": [
                {"path": "/api/products", "target": origin, "cache": cached},
                {"path": "/api/products/:id", "target": origin, "cache": cached},
                {"path": "/api/orders/:id", "target": origin},
                {"path": "/api/session", "target": {"kind": "session"}, "auth": {"kind": "session"}},
                {"path": "/api/upload", "methods": ["POST"], "target": origin},
                {"path": "/static/*", "target": origin, "cache": cached},
            ],
        }
    )
    found = {family.path: family for family in derive_mix(settings)}
    assert set(found) == {"/api/products", "/api/products/{n}", "/api/orders/{n}"}
    assert found["/api/products/{n}"].objects > 1
    assert found["/api/products"].objects == 1
    assert [found[path].cacheable for path in found] == [True, True, False]
    assert left_out(settings) == (
        "/api/session: it needs credentials; name it in edgewright:traffic.mix with `headers` that carry them",
        "/api/upload: it is not read by GET",
        "/static/*: its paths cannot be guessed; name some in edgewright:traffic.mix",
    )
