"""Limits are dated data with a source, one loader, per-account overrides."""

import datetime
from typing import get_args

import pytest
from edgewright.arguments.written import PERIODS
from edgewright.contract.limits import (
    STALE_AFTER_DAYS,
    LimitError,
    all_limits,
    limit,
    platforms,
    stale_warnings,
)
from edgewright.contract.limits.loader import parse, quantity
from edgewright.contract.models import KvTier, RateLimitSpec
from edgewright.kv_namespace import MAX_TITLE
from edgewright.platforms.cloudflare.bindings.ratelimit import _PERIODS
from edgewright_policies.compute import CpuBudget

GOOD = """
platform: x
title: X
plans: [free, paid]
default_plan: paid
read: 2026-11-01
limits:
  a.b: {title: A, unit: bytes, kind: hard, source: "https://example.com/a", values: {free: 1, paid: 2}}
"""


def test_a_limit_has_value_unit_plan_kind_source_and_date() -> None:
    found = limit("cloudflare.kv.value_bytes")
    assert (found.value, found.unit, found.plan, found.kind) == (26_214_400, "bytes", "any", "hard")
    assert found.source == "https://developers.cloudflare.com/kv/platform/limits/"
    assert found.read == datetime.date(2026, 11, 1)
    assert found.text == "25 MiB"
    assert found.show(26_214_401) == "26,214,401 B"


def test_the_plan_moves_a_value_and_the_usual_plan_is_paid() -> None:
    assert limit("cloudflare.workers.cpu_ms").value == 30_000
    assert limit("cloudflare.workers.cpu_ms", plan="free").value == 10
    assert limit("cloudflare.workers.request_body_bytes", plan="enterprise").value == 5_000_000_000
    # A zone plan says nothing about the Workers plan.
    assert limit("cloudflare.workers.cpu_ms", plan="enterprise").plan == "paid"


def test_an_account_overrides_a_value() -> None:
    found = limit("cloudfront.cache_policies", overrides={"cloudfront.cache_policies": 100})
    assert found.value == 100
    assert found.overridden
    assert not limit("cloudfront.cache_policies").overridden


@pytest.mark.parametrize("value", [0, -1, True, "20", float("nan"), float("inf"), None])
def test_a_wrong_override_is_refused(value: object) -> None:
    with pytest.raises(LimitError, match="give a number above 0"):
        limit("cloudfront.cache_policies", overrides={"cloudfront.cache_policies": value})  # type: ignore[dict-item]


def test_an_unknown_limit_plan_or_platform_says_what_is_allowed() -> None:
    with pytest.raises(LimitError, match=r"did you mean cloudflare\.kv\.value_bytes"):
        limit("cloudflare.kv.value_byte")
    with pytest.raises(LimitError, match="'gold' is not a plan of Cloudflare; allowed are free, paid"):
        limit("cloudflare.kv.value_bytes", plan="gold")
    with pytest.raises(LimitError, match="unknown platform 'azure'; allowed are cloudflare, cloudfront"):
        limit("azure.x")
    with pytest.raises(LimitError, match="unknown platform"):
        all_limits("azure")


def test_every_limit_of_every_platform_loads() -> None:
    found = all_limits()
    assert {each.platform for each in found} == set(platforms())
    assert len({each.id for each in found}) == len(found)
    for each in found:
        assert each.source.startswith("https://")
        assert each.title
        assert each.text


def test_a_limit_is_warned_about_after_180_days() -> None:
    read = limit("deno.memory_bytes").read
    assert stale_warnings(read + datetime.timedelta(days=STALE_AFTER_DAYS)) == ()
    warnings = stale_warnings(read + datetime.timedelta(days=STALE_AFTER_DAYS + 1))
    assert len(warnings) == len(platforms())
    assert (
        "limits of Deno Deploy were read more than 180 days ago (oldest: deno.memory_bytes, 2026-11-01)" in warnings[3]
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("values: {free: 1, paid: 2}", "value: 1, values: {paid: 2}"), "exactly one of"),
        (("paid: 2}", "paid: 2, gold: 3}"), "unknown plans"),
        (("free: 1, paid: 2", "free: 1"), "no value for the default plan 'paid'"),
        (("unit: bytes", "unit: parsecs"), "unit"),
        (("https://example.com/a", "nonsense"), "URL"),
        (("free: 1", "free: 0"), "greater than 0"),
        (("default_plan: paid", "default_plan: gold"), "is not one of"),
        (("kind: hard", "kind: hard, extra: 1"), "extra"),
    ],
)
def test_a_wrong_file_says_where(change: tuple[str, str], message: str) -> None:
    assert parse(GOOD, "x.yaml").platform == "x"
    with pytest.raises(LimitError, match=r"x\.yaml: limits|x\.yaml: :|x\.yaml:") as error:
        parse(GOOD.replace(*change), "x.yaml")
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (25 * 1024**2, "bytes", "25 MiB"),
        (100_000_000, "bytes", "100 MB"),
        (128_000_000, "bytes", "128 MB"),
        (512, "bytes", "512 B"),
        (50, "ms", "50 ms"),
        (20_000, "count", "20,000"),
    ],
)
def test_quantities_are_exact_and_short(value: int, unit: str, text: str) -> None:
    assert quantity(value, unit) == text


def test_what_must_be_written_out_is_what_the_limits_say() -> None:
    """A type lists its values; these are the limits'."""
    assert get_args(RateLimitSpec.model_fields["period_s"].annotation) == PERIODS == _PERIODS == (10, 60)
    assert KvTier(binding="KV", ttl_s=60).max_object_bytes == limit("cloudflare.kv.value_bytes").value
    assert limit("cloudflare.kv.title_chars").value == MAX_TITLE
    with pytest.raises(ValueError, match="less than or equal to 300000"):
        CpuBudget(max_ms=int(limit("cloudflare.workers.cpu_ms_max").value) + 1)


def test_a_limit_that_is_there_twice_is_refused() -> None:
    twice = GOOD + GOOD.splitlines()[-1] + "\n"
    with pytest.raises(LimitError, match=r"x\.yaml:9: .*a\.b"):
        parse(twice, "x.yaml")
