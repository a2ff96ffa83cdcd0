"""What AWS takes that is a list: dated data, by which components, policies and the local cloud refuse."""

import datetime

import pytest
from edgewright.contract.limits import LimitError
from edgewright.contract.limits.lists import parse
from edgewright.platforms.cloudfront.lists import aws
from edgewright.platforms.cloudfront.shield import REGIONS

DAY = datetime.date.fromisoformat


@pytest.mark.parametrize(
    ("name", "update", "today", "refused"),
    [
        ("nodejs20.x", False, "2026-08-30", False),
        ("nodejs20.x", False, "2026-08-31", True),
        ("nodejs20.x", True, "2026-09-29", False),
        ("nodejs20.x", True, "2026-09-30", True),
        ("python3.10", False, "2026-11-29", False),
        ("python3.10", False, "2026-11-30", True),
        ("nodejs22.x", False, "2027-05-31", False),
        ("nodejs22.x", False, "2027-06-01", True),
        ("nodejs18.x", True, "2026-11-29", True),
        ("python3.9", False, "2026-11-29", True),
        ("nodejs26.x", False, "2026-11-29", False),
        ("java21", False, "2026-11-29", False),
    ],
)
def test_a_runtime_is_refused_from_its_day_on(name: str, update: bool, today: str, refused: bool) -> None:
    assert bool(aws().runtimes.fault(name, update=update, today=DAY(today))) == refused


def test_what_is_advised_instead_can_be_used() -> None:
    shield = aws().origin_shield
    assert set(shield.advised.values()) <= set(shield.regions)
    assert not set(shield.advised) & set(shield.regions)
    assert "nodejs20.x" not in aws().runtimes.taken(DAY("2026-11-29"))


def test_the_regions_advised_are_those_of_the_source() -> None:
    """The table of the vendor's own sample, which takes it from the vendor's page."""
    shield = aws().origin_shield
    assert shield.advised_source.startswith("https://github.com/aws-samples/image-optimization/")
    assert shield.advised == {
        "us-west-1": "us-west-2",
        "af-south-1": "eu-west-1",
        "ap-east-1": "ap-southeast-1",
        "ca-central-1": "us-east-1",
        "eu-south-1": "eu-central-1",
        "eu-west-3": "eu-west-2",
        "eu-north-1": "eu-west-2",
        "me-south-1": "ap-south-1",
    }
    assert len(shield.regions) == 12


@pytest.mark.parametrize("location", REGIONS)
def test_a_shields_place_is_a_region_that_has_one(location: str) -> None:
    assert REGIONS[location] in aws().origin_shield.regions


@pytest.mark.parametrize("name", ["nodejs12.x", "nodejs8.10"])
def test_a_runtime_older_than_all_dated_ones_says_since_when_at_the_latest(name: str) -> None:
    assert aws().runtimes.fault(name) == (
        f"{name} is past its end: AWS lets no function of it be made or changed, and of the later nodejs14.x none since"
        " 2024-02-08"
    )
    assert aws().runtimes.fault("nodejs14.x").endswith("made since 2024-01-09")


def test_a_malformed_file_is_named() -> None:
    with pytest.raises(LimitError, match=r"x\.yaml: .*read"):
        parse("runtimes: {}\n", "x.yaml")
