"""What a vendor takes that is a list rather than a number, as dated data. See :func:`lists`."""

import datetime
import functools
import re
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edgewright.contract.limits.loader import PLATFORMS_FOLDER, LimitError, read_yaml

_Day = Annotated[datetime.date, Field(strict=False)]


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Runtime(_Data):
    """The end of a runtime of Lambda, in the vendor's own days; None where it names none."""

    ends: _Day | None = None
    create_blocked: _Day | None = None
    update_blocked: _Day | None = None


class Runtimes(_Data):
    """Lambda's runtimes for Node.js and Python, the newest first."""

    source: str = Field(pattern=r"^https://")
    known: dict[str, Runtime]
    past: dict[str, Runtime] = {}
    """Runtimes that no function can be made or changed with any more, of which a day is known."""

    def fault(self, name: str, *, update: bool = False, today: datetime.date | None = None) -> str:
        """Return why AWS makes no function of a runtime any more, or lets none be changed; empty where it does."""
        now = today or datetime.date.today()
        runtime = self.known.get(name) or self.past.get(name)
        if runtime is None:
            return self._old(name)
        blocked = runtime.update_blocked if update else runtime.create_blocked
        if blocked is None or now < blocked:
            return ""
        return (
            f"{name} is past its end: AWS lets no function of it be {'changed' if update else 'made'} since {blocked}"
        )

    def taken(self, today: datetime.date | None = None) -> list[str]:
        """Return the runtimes of which functions can be made."""
        return [name for name in self.known if not self.fault(name, today=today)]

    def _old(self, name: str) -> str:
        """Say that a runtime is older than all that are listed here: one that is newer than the list may be taken."""
        number = _number(name)
        listed = [found for each in self.known if _kind(each) == _kind(name) and (found := _number(each)) is not None]
        if number is None or not listed or number >= min(listed):
            return ""
        later = ((_number(each) or (), each) for each in self.past if _kind(each) == _kind(name))
        dated = min(((at, each) for at, each in later if at > number), default=None)
        since = f", and of the later {dated[1]} none since {self.past[dated[1]].update_blocked}" if dated else ""
        return f"{name} is past its end: AWS lets no function of it be made or changed{since}"


class Values(_Data):
    """Numbers that AWS takes, and no others."""

    source: str = Field(pattern=r"^https://")
    values: tuple[int, ...]

    @property
    def text(self) -> str:
        """The numbers, for people."""
        return ", ".join(map(str, self.values))


class OriginShield(_Data):
    """Regions that have Origin Shield."""

    source: str = Field(pattern=r"^https://")
    regions: tuple[str, ...]
    advised_source: str = Field(pattern=r"^https://")
    advised: dict[str, str]
    """What AWS advises for a region that has none."""


class Lists(_Data):
    """The whole file."""

    read: _Day
    runtimes: Runtimes
    log_retention_days: Values
    origin_shield: OriginShield
    waf_windows_s: Values


def _kind(runtime: str) -> str:
    return re.sub(r"[\d.].*", "", runtime)


def _number(runtime: str) -> tuple[int, ...] | None:
    found = re.fullmatch(r"(?:nodejs|python)(\d+)(?:\.(\d+|x))?", runtime)
    return None if found is None else (int(found[1]), int(found[2]) if (found[2] or "x") != "x" else 0)


def parse(text: str, origin: str) -> Lists:
    """Return a file's content, validated.

    Raises:
        LimitError: the file is not as the schema says.
    """
    try:
        return Lists.model_validate(read_yaml(text, origin))
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
        raise LimitError(f"{origin}: {faults}") from error


@functools.cache
def lists(platform: str) -> Lists:
    """Return what the vendor of a platform takes: its folder's `lists.yaml`."""
    file = PLATFORMS_FOLDER / platform / "lists.yaml"
    return parse(file.read_text(encoding="utf-8"), f"{platform}/{file.name}")
