"""Values as people write them: durations `1h30m`, sizes `25MiB`, rates `100/min`, shares `10%`, methods `GET, POST`.

The one parser of such texts, for arguments and settings alike. It computes with whole numbers and fractions, so that what
was written is what comes out. Plain numbers are none of its business: they mean what their argument says.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from edgewright.base.fault_codes import Code

MAX_TEXT = 64
"""Characters of the longest text that is looked at: no duration, size or rate needs more."""

_MILLISECONDS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
"""Milliseconds of each unit of a duration, the smallest first."""
_TIME_WORDS = {
    **{unit: unit for unit in _MILLISECONDS},
    **dict.fromkeys(("msec", "millisecond", "milliseconds"), "ms"),
    **dict.fromkeys(("sec", "secs", "second", "seconds"), "s"),
    **dict.fromkeys(("min", "mins", "minute", "minutes"), "m"),
    **dict.fromkeys(("hr", "hrs", "hour", "hours"), "h"),
    **dict.fromkeys(("day", "days"), "d"),
    **dict.fromkeys(("week", "weeks"), "w"),
}
_BYTES = {
    **{f"{prefix}b": 1000**power for power, prefix in enumerate(("", "k", "m", "g", "t"))},
    **{f"{prefix}ib": 1024**power for power, prefix in enumerate(("k", "m", "g", "t"), 1)},
    **dict.fromkeys(("byte", "bytes"), 1),
}
_NUMBER = r"[0-9]+(?:\.[0-9]+)?"
_PART = re.compile(rf"({_NUMBER})\s*([A-Za-z]+)\s*")
_WHOLE_PART = re.compile(rf"({_NUMBER})\s*([A-Za-z]+)\Z")
_RATE = re.compile(rf"({_NUMBER})\s*(?:/|\s+(?:per|an?|each|every)\s+)\s*(.+)\Z", re.IGNORECASE)
_SHARE = re.compile(rf"({_NUMBER})\s*%\Z")
_BARE = re.compile(rf"-?{_NUMBER}\Z")
_BITS = re.compile(r"[KMGT]i?b\Z")


class UnreadableError(ValueError):
    """A text is not what was to be written there."""

    def __init__(self, problem: str, fix: str = "", code: Code = Code.QUANTITY) -> None:
        super().__init__(problem)
        self.problem = problem
        """What is wrong with it, to be said after the text itself."""
        self.fix = fix
        """What to write instead, where that can be told."""
        self.code = code
        """The kind of fault that it is."""


@dataclass(frozen=True)
class Rate:
    """So many in a period."""

    count: Fraction
    period_ms: Fraction

    def per_second(self) -> Fraction:
        """How many a second that is."""
        return self.count * 1000 / self.period_ms


def duration(text: str) -> Fraction:
    """Return the milliseconds of a duration: `90s`, `1h30m`, `1.5h`, `500 ms`.

    Raises:
        UnreadableError: the text is no duration.
    """
    text = _trimmed(text)
    if _BARE.match(text):
        raise UnreadableError("has no unit", f"Write {text}, without quotes, or its unit: '{text}s'.")
    total, at, smaller_than = Fraction(0), 0, ""
    while at < len(text):
        part = _PART.match(text, at)
        if part is None:
            raise UnreadableError("is not a duration")
        unit = _TIME_WORDS.get(part[2].lower())
        if unit is None:
            raise UnreadableError(f"has the unit {part[2]!r}, which is none of time")
        if smaller_than and _MILLISECONDS[unit] >= _MILLISECONDS[smaller_than]:
            raise UnreadableError("has its units out of order, the largest goes first")
        total, at, smaller_than = total + Fraction(part[1]) * _MILLISECONDS[unit], part.end(), unit
    if not smaller_than:
        raise UnreadableError("is not a duration")
    return total


def size(text: str, *, binary: bool = False) -> Fraction:
    """Return the bytes of a size: `10MB` is 10 times 1000 times 1000, `25MiB` 25 times 1024 times 1024.

    Args:
        text: what was written.
        binary: whether `MB` is what AWS means by it: 1024 times 1024.

    Raises:
        UnreadableError: the text is no size.
    """
    text = _trimmed(text)
    if _BARE.match(text):
        raise UnreadableError("has no unit", f"Write {text}, without quotes, or its unit, for example '{text}MB'.")
    part = _WHOLE_PART.match(text)
    if part is None:
        raise UnreadableError("is not a size")
    if _BITS.match(part[2]):
        raise UnreadableError("is a number of bits", f"Write '{part[1]}{part[2][:-1]}B' for bytes.")
    unit = part[2].lower()
    if binary and re.fullmatch(r"[kmgt]b", unit):
        unit = f"{unit[0]}ib"
    if unit not in _BYTES:
        raise UnreadableError(f"has the unit {part[2]!r}, which is none of bytes")
    number: Fraction = Fraction(part[1]) * _BYTES[unit]
    return number


def rate(text: str) -> Rate:
    """Return a rate: `100/min`, `10/s`, `100 per 10s`.

    Raises:
        UnreadableError: the text is no rate.
    """
    text = _trimmed(text)
    if _BARE.match(text):
        raise UnreadableError("has no period", f"Write its period too, for example '{text}/min'.")
    part = _RATE.match(text)
    if part is None:
        raise UnreadableError("is not a rate")
    period = part[2].strip()
    try:
        milliseconds = duration(f"1 {period}" if period.isalpha() else period)
    except UnreadableError as error:
        raise UnreadableError(f"has the period {period!r}, which {error.problem}") from None
    if milliseconds == 0:
        raise UnreadableError("has a period of no time")
    return Rate(Fraction(part[1]), milliseconds)


def percentage(text: str) -> Fraction:
    """Return the number before a percent sign: 10 of `10%`.

    Raises:
        UnreadableError: the text is no percentage.
    """
    text = _trimmed(text)
    if _BARE.match(text):
        raise UnreadableError("has no unit", f"Write {text}, without quotes, or '{text}%'.")
    part = _SHARE.match(text)
    if part is None:
        raise UnreadableError("is not a share")
    return Fraction(part[1])


def methods(text: str) -> list[str]:
    """Return the methods of a list: `GET, POST`. Which of them there are is for the endpoint to say.

    Raises:
        UnreadableError: there is none.
    """
    found = [word for word in re.split(r"[\s,]+", text) if word]
    if not found:
        raise UnreadableError("has no method", code=Code.METHOD)
    return found


def _trimmed(text: str) -> str:
    if len(text) > MAX_TEXT:
        raise UnreadableError(f"has {len(text)} characters, more than such a value needs")
    text = text.strip()
    if not text.isascii():
        raise UnreadableError("has characters that are not ASCII")
    return text


# --- what an argument takes ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Understood:
    """What a text means, and how that is told."""

    value: object
    meaning: str
    """The same in words, for faults: `7200 seconds`. Empty where it reads as it was written."""


@dataclass(frozen=True)
class Kind:
    """A kind of value: which plain values it has, and which texts."""

    name: str
    """What the text is, with its article: `a duration`."""
    plain: type | None
    """Type of its plain values, which mean what they are. None: mappings and lists, whose shape stands elsewhere."""
    plain_words: str
    """What may be given that is no text."""
    example: str
    """A text that it takes."""
    read: Callable[[str], Understood]
    """Reads a text, or raises `UnreadableError`."""

    @property
    def allowed(self) -> str:
        """What may be written, for a fault."""
        return f"{self.plain_words}, or {self.name}, for example {self.example!r}"


def _number(value: Fraction, of: str, *, whole: bool) -> Understood:
    """Return what a text means as a number of a unit; one that has no such number is not understood."""
    if not whole:
        number: int | float = int(value) if value.denominator == 1 else float(value)
        return Understood(number, f"{number:g} {of}".strip() if isinstance(number, float) else f"{number} {of}".strip())
    if value.denominator != 1:
        raise UnreadableError(f"is {float(value):g} {of}, which is not whole")
    return Understood(int(value), f"{int(value)} {of}")


def _durations(unit: str, of: str, *, whole: bool = True) -> Kind:
    example = {"ms": "500ms", "d": "30d"}.get(unit, "1h30m" if whole else "10s")
    return Kind(
        "a duration",
        int if whole else float,
        f"a whole number of {of}" if whole else f"a number of {of}",
        example,
        lambda text: _number(duration(text) / _MILLISECONDS[unit], of, whole=whole),
    )


SECONDS = _durations("s", "seconds")
MILLISECONDS = _durations("ms", "milliseconds")
DAYS = _durations("d", "days")
SECONDS_OR_PARTS = _durations("s", "seconds", whole=False)
MILLISECONDS_OR_PARTS = _durations("ms", "milliseconds", whole=False)
BYTES = Kind("a size", int, "a whole number of bytes", "10MB", lambda text: _number(size(text), "bytes", whole=True))
MEGABYTES = Kind(
    "a size",
    int,
    "a whole number of MB",
    "512MB",
    lambda text: _number(size(text, binary=True) / 1024**2, "MB", whole=True),
)
SHARE = Kind(
    "a share", float, "a number from 0 to 1", "10%", lambda text: _number(percentage(text) / 100, "", whole=False)
)
PERCENTAGE = Kind(
    "a share", float, "a number from 0 to 100", "10%", lambda text: _number(percentage(text), "percent", whole=False)
)
PER_SECOND = Kind(
    "a rate",
    float,
    "a number a second",
    "150/s",
    lambda text: _number(rate(text).per_second(), "a second", whole=False),
)
METHODS = Kind("a list of methods", None, "a list", "GET, POST", lambda text: Understood(methods(text), ""))


def rate_limit(periods: tuple[int, ...]) -> Kind:
    """Return the kind of an endpoint's rate limit, on platforms that count in these periods of seconds, the shortest first."""
    wanted = " or ".join(map(str, periods)) + " seconds"

    def read(text: str) -> Understood:
        found = rate(text)
        period, count = found.period_ms / 1000, found.count
        if period == 1:
            # No platform counts single seconds: so many a second are ten times as many in ten.
            count, period = count * periods[0], Fraction(periods[0])
        if period not in periods:
            raise UnreadableError(
                f"counts in {float(period):g} seconds, and requests can be counted in {wanted}",
                f"Write '{_printed(count)}/min', or what you mean in {wanted}.",
            )
        if count.denominator != 1:
            raise UnreadableError(f"allows {float(count):g} requests, which is not whole")
        value: Mapping[str, int] = {"limit": int(count), "period": int(period)}
        return Understood(value, f"{int(count)} requests in {int(period)} seconds")

    return Kind("a rate", None, "a mapping with limit and period", "100/min", read)


def _printed(count: Fraction) -> str:
    return str(int(count)) if count.denominator == 1 else f"{float(count):g}"


def named(name: str, example: str, key: str) -> Kind:
    """Return the kind of a word that stands for a mapping with it under one key."""
    return Kind(name, None, f"a mapping with {key}", example, lambda text: Understood({key: text}, ""))


def word(name: str, example: str, *, any_case: bool = False) -> Kind:
    """Return the kind of a word that the component knows; in any case where no two of them differ by case alone."""
    return Kind(name, str, "a string", example, lambda text: Understood(text.strip().lower() if any_case else text, ""))


REGION = word("a region", "eu", any_case=True)
