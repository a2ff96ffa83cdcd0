"""List prices as dated data. See :func:`price`."""

import datetime
import functools
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edgewright.contract.limits.loader import PLATFORMS_FOLDER, LimitError, read_yaml

STALE_AFTER_DAYS = 90
"""A price read longer ago than this is warned about."""


class Price(BaseModel):
    """One list price in US dollars."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    title: str
    unit: str
    usd: Annotated[float, Field(ge=0)]
    per: Annotated[float, Field(gt=0)] = Field(description="How many units the price is for.")
    included: Annotated[float, Field(ge=0)] = Field(default=0, description="Units a month that cost nothing.")
    confidence: Literal["vendor page", "third party", "low"]
    source: str = Field(pattern=r"^https://")
    as_of: Annotated[datetime.date, Field(strict=False)]
    note: str | None = None

    def cost(self, units: float) -> float:
        """Return what so many units a month cost, in US dollars, past what is included."""
        return max(units - self.included, 0) / self.per * self.usd

    def stale(self, today: datetime.date | None = None) -> bool:
        """Return whether the price was read more than 90 days ago."""
        return ((today or datetime.date.today()) - self.as_of).days > STALE_AFTER_DAYS


def parse(text: str, origin: str) -> dict[str, Price]:
    """Return the prices of a file, by id.

    Raises:
        LimitError: the file is not as the schema says.
    """
    data = read_yaml(text, origin)
    try:
        return {
            name: Price.model_validate({"id": name, "as_of": data["read"], **entry})
            for name, entry in data["prices"].items()
        }
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
        raise LimitError(f"{origin}: {faults}") from error


@functools.cache
def prices() -> Mapping[str, Price]:
    """Return every price, by id."""
    found: dict[str, Price] = {}
    for file in sorted(PLATFORMS_FOLDER.glob("*/prices.yaml")):
        found |= parse(file.read_text(encoding="utf-8"), f"{file.parent.name}/{file.name}")
    return found


def price(price_id: str, overrides: Mapping[str, float] | None = None) -> Price:
    """Return a price by its id, such as `cloudflare.workers.requests`.

    Args:
        price_id: platform, product and unit.
        overrides: this account's own prices in US dollars, by id.

    Raises:
        LimitError: there is no such price.
    """
    found = prices().get(price_id)
    if found is None:
        raise LimitError(f"{price_id!r}: unknown price; allowed: {', '.join(prices())}")
    if overrides and price_id in overrides:
        return found.model_copy(update={"usd": overrides[price_id]})
    return found


def stale_price_warnings(today: datetime.date | None = None) -> tuple[str, ...]:
    """Return a warning where prices were read more than 90 days ago."""
    old = [each for each in prices().values() if each.stale(today)]
    if not old:
        return ()
    oldest = min(old, key=lambda each: each.as_of)
    return (
        f"{len(old)} prices were read more than {STALE_AFTER_DAYS} days ago (oldest: {oldest.id}, {oldest.as_of});"
        f" check {oldest.source} and update its platform's prices.yaml, or override them in the policy's configuration",
    )
