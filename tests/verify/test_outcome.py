"""What headers say about where an answer came from."""

import pytest
from edgewright.contract.countries import countries
from edgewright.verify.outcome import tier_of
from edgewright.verify.replay import continent_of


@pytest.mark.parametrize(
    ("headers", "tier"),
    [
        ({"Cache-Status": "edgewright; hit; ttl=60; detail=memory", "X-Cache": "HIT-EDGE"}, "memory"),
        ({"Cache-Status": "edgewright; hit; ttl=60; detail=edge"}, "edge"),
        ({"Cache-Status": 'edgewright; hit; ttl=-3; detail="kv"'}, "kv"),
        ({"Cache-Status": "edgewright; hit; ttl=3", "X-Cache": "HIT-KV"}, "kv"),
        ({"Cache-Status": "edgewright; hit"}, "edge"),
        ({"Cache-Status": "edgewright; fwd=miss; stored"}, "miss"),
        ({"Cache-Status": "edgewright; fwd=stale; fwd-status=304"}, "miss"),
        ({"Cache-Status": "edgewright; fwd=bypass"}, "bypass"),
        # The origin's own cache hit is not ours: the last member is the nearest to the client.
        ({"Cache-Status": "varnish; hit, edgewright; fwd=miss; stored"}, "miss"),
        ({"Cache-Status": "varnish; fwd=miss, edgewright; hit; detail=edge"}, "edge"),
        ({"X-Cache": "HIT-EDGE"}, "edge"),
        ({"X-Cache": "hit-kv"}, "kv"),
        ({"X-Cache": "MISS"}, "miss"),
        ({"X-Cache": "BYPASS"}, "bypass"),
        ({"X-Cache": "Hit from cloudfront", "Cache-Status": "origin; fwd=miss"}, "edge"),
        ({"X-Cache": "Miss from cloudfront", "Cache-Status": "origin; hit"}, "miss"),
        ({"X-Cache": "RefreshHit from cloudfront"}, "miss"),
        ({"X-Cache": "LambdaGeneratedResponse from cloudfront"}, "bypass"),
        ({"X-Cache": "Error from cloudfront"}, "bypass"),
        ({"X-Cache": "Hit from elsewhere"}, "unknown"),
        ({"CF-Cache-Status": "HIT", "Cache-Status": "edgewright; fwd=miss"}, "platform"),
        ({"CF-Cache-Status": "EXPIRED"}, "miss"),
        ({"CF-Cache-Status": "DYNAMIC"}, "bypass"),
        ({"CF-Cache-Status": "DYNAMIC", "X-Cache": "HIT-EDGE"}, "edge"),
        ({"Age": "20"}, "unknown"),
        ({}, "unknown"),
        ({"Cache-Status": "white-space"}, "unknown"),
    ],
)
def test_tier(headers: dict[str, str], tier: str) -> None:
    assert tier_of({name.lower(): value for name, value in headers.items()}) == tier


def test_every_country_has_one_continent() -> None:
    assert "Unknown" not in {continent_of(code) for code in countries()}
    assert [continent_of(code) for code in ("US", "DE", "JP", "BR", "NZ", "ZA", "AQ", "XX", "")] == [
        "North America",
        "Europe",
        "Asia",
        "South America",
        "Oceania",
        "Africa",
        "Antarctica",
        "Unknown",
        "Unknown",
    ]
