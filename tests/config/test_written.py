"""Settings as people write them: durations, shares, rates and regions, each read as the plain number that it means."""

from typing import Any

import pytest
from edgewright.config.models import Failover, Objectives, Traffic
from pydantic import BaseModel, ValidationError

from stacks.settings import Health, Observability, Origin, ProductsCache, Range, Rollout, Sessions, Settings

FAILOVER: Any = {"service": "us", "path": "/{n}", "country": "US"}


@pytest.mark.parametrize(
    ("model", "texts", "plain"),
    [
        (Objectives, {"p50_ms": "10ms", "p95_ms": "0.5s", "hit_ratio": "90%"}, {"p50_ms": 10, "p95_ms": 500, "hit_ratio": 0.9}),
        (Objectives, {"error_rate": "0.1%", "failover_success": "100%"}, {"error_rate": 0.001, "failover_success": 1}),
        (Traffic, {"rate": "9000/min", "timeout_s": "500ms"}, {"rate": 150, "timeout_s": 0.5}),
        (Failover, {**FAILOVER, "region": "US", "rate": "50/s", "recovery_s": "1m"}, {**FAILOVER, "region": "us", "rate": 50, "recovery_s": 60}),
        (ProductsCache, {"edge_ttl": "1h", "kv_ttl": "1d", "browser_ttl": "1m"}, {"edge_ttl": 3600, "kv_ttl": 86_400, "browser_ttl": 60}),
        (Range, {"min": "50m", "max": "70m"}, {"min": 3000, "max": 4200}),
        (Health, {"interval": "30s"}, {"interval": 30}),
        (Sessions, {"ttl": "1d"}, {"ttl": 86_400}),
        (Rollout, {"percentage": "10%"}, {"percentage": 10}),
        (Observability, {"head_sampling_rate": "10%"}, {"head_sampling_rate": 0.1}),
        (Origin, {"region": "EU", "url": "https://eu.example.com"}, {"region": "eu", "url": "https://eu.example.com"}),
        (Traffic, {"rate": "150"}, {"rate": 150}),
    ],
)  # fmt: skip
def test_a_text_is_the_number_that_it_means(model: type[BaseModel], texts: Any, plain: Any) -> None:
    assert model.model_validate(texts) == model.model_validate(plain)


@pytest.mark.parametrize(
    ("model", "given", "says"),
    [
        (ProductsCache, {"kv_ttl": "30s"}, "'30s' is 30 seconds; allowed: a whole number, 60 or more"),
        (ProductsCache, {"kv_ttl": "1y"}, "'1y' has the unit 'y', which is none of time; allowed: a whole number of seconds, or a"),
        (Objectives, {"hit_ratio": "900%"}, "'900%' is 9; allowed: a number from 0 to 1"),
        (Traffic, {"rate": "fast"}, "'fast' is not a rate; allowed: a number a second, or a rate, for example '150/s'"),
    ],
)  # fmt: skip
def test_a_wrong_one_is_told_with_what_was_understood(model: type[BaseModel], given: Any, says: str) -> None:
    with pytest.raises(ValidationError) as caught:
        model.model_validate(given)
    assert says in str(caught.value)


def test_the_editors_schema_has_both() -> None:
    timeout = Settings.model_json_schema()["properties"]["products-api:timeout_ms"]
    assert timeout["anyOf"][0] == {"type": "integer", "minimum": 1, "maximum": 30_000}
    assert timeout["anyOf"][1]["type"] == "string"
