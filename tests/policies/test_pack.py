"""What every policy says of itself, and the pack as a whole."""

import re
from pathlib import Path

import pytest
from edgewright.contract.limits.prices import price, stale_price_warnings
from edgewright_policies import FAMILIES, POLICIES, Rule
from pulumi_policy import ResourceValidationPolicy, StackValidationPolicy

ROOT = Path(__file__).parents[2]
DIGITS = {family: str(index) for index, family in enumerate(FAMILIES, 1)}


@pytest.mark.parametrize("rule", POLICIES, ids=lambda each: each.name)
def test_a_policy_documents_itself(rule: Rule) -> None:
    meta = rule.meta
    assert isinstance(rule, ResourceValidationPolicy | StackValidationPolicy)
    assert re.fullmatch(r"[a-z]+(-[a-z0-9]+)+", rule.name)
    assert re.fullmatch(r"EW\d{3}", meta.id)
    assert meta.id[2] == DIGITS[meta.family]
    for text in (meta.why, meta.fix):
        assert text.endswith((".", "`"))
        assert "  " not in text
    assert not meta.title.endswith(".")
    assert meta.source.startswith("https://")
    assert meta.framework[1].startswith("https://")
    assert meta.types
    assert rule.url == meta.source
    assert rule.remediation_steps == meta.fix
    assert rule.severity is not None
    assert rule.framework is not None
    assert rule.framework.reference == meta.id


def test_names_and_ids_are_unique_and_in_order() -> None:
    ids = [each.meta.id for each in POLICIES]
    assert ids == sorted(set(ids))
    assert len({each.name for each in POLICIES}) == len(POLICIES)


def test_every_family_has_policies() -> None:
    assert {each.meta.family for each in POLICIES} == set(FAMILIES)


def test_the_packs_file_names_the_packages_version() -> None:
    import edgewright

    text = (ROOT / "policies" / "PulumiPolicy.yaml").read_text(encoding="utf-8")
    assert f"version: {edgewright.__version__}\n" in text


def test_prices_are_dated_data() -> None:
    import datetime

    lambda_edge = price("lambda_edge.gb_s")
    # 128 MB x 50 ms x 1 M requests are 6,250 GB-s.
    assert round(lambda_edge.cost(6250), 2) == 0.31
    assert price("cloudflare.workers.requests").cost(11_000_000) == pytest.approx(0.30)
    assert price("cloudflare.workers.requests", {"cloudflare.workers.requests": 0.1}).cost(11_000_000) == pytest.approx(
        0.1
    )
    assert stale_price_warnings(lambda_edge.as_of + datetime.timedelta(days=90)) == ()
    assert (
        "prices were read more than 90 days ago"
        in stale_price_warnings(lambda_edge.as_of + datetime.timedelta(days=91))[0]
    )
