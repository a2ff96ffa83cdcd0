"""What AWS takes that is a list: dated data, by which components, policies and the local cloud refuse."""

import datetime

import pytest
from edgewright.contract.limits import LimitError
from edgewright.contract.limits.lists import parse
from edgewright.platforms.cloudfront.lists import aws

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


def test_a_malformed_file_is_named() -> None:
    with pytest.raises(LimitError, match=r"x\.yaml: .*read"):
        parse("runtimes: {}\n", "x.yaml")
