"""Reads the platforms' `limits.yaml`. See :func:`limit`."""

import datetime
import difflib
import functools
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, HttpUrl, TypeAdapter, ValidationError, model_validator

STALE_AFTER_DAYS = 180
"""A limit read longer ago than this is warned about: vendors move them."""

Unit = Literal["bytes", "ms", "s", "MB", "count", "characters", "percent"]
Number = int | float
Overrides = Mapping[str, Number]
"""Limit id (`cloudflare.kv.value_bytes`) to the value that this account has instead."""

PLATFORMS_FOLDER = Path(__file__).parents[2] / "platforms"
"""Where each platform has its own folder, with its data in it."""
_SUFFIX = "limits.yaml"


def _data_files() -> dict[str, Path]:
    """Return name to file: the `limits.yaml` of each platform's folder, and the `<name>.limits.yaml` of what has limits of
    its own there."""
    files = sorted(PLATFORMS_FOLDER.glob(f"*/*{_SUFFIX}"), key=lambda file: (file.parent.name, file.name != _SUFFIX))
    return {file.name.removesuffix(_SUFFIX).rstrip(".") or file.parent.name: file for file in files}


_FILES = _data_files()
_PLATFORMS = tuple(_FILES)


class LimitError(ValueError):
    """An unknown limit or plan, or an override that is not a positive number. The message says what is allowed.

    Of several, :attr:`faults` has what is wrong by the name of the limit or platform.
    """

    def __init__(self, message: str, faults: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.faults = dict(faults or {})


class Limit(BaseModel):
    """One limit of one platform, for one plan."""

    model_config = ConfigDict(frozen=True)

    id: str = Field(description="Platform and name, for example `cloudflare.kv.value_bytes`.")
    title: str
    value: Number
    unit: Unit
    plan: str = Field(description="The plan that the value is for; `any` where the plan does not move it.")
    kind: Literal["hard", "soft"] = Field(description="hard: refused by the platform. soft: adjustable, or our advice.")
    source: str = Field(description="The page that says so.")
    read: datetime.date = Field(description="When that page was read.")
    note: str | None = None
    overridden: bool = Field(default=False, description="The value is this account's own, from the stack's settings.")

    @property
    def platform(self) -> str:
        """The platform's name, such as `cloudflare`."""
        return self.id.partition(".")[0]

    @property
    def text(self) -> str:
        """The value with its unit, for people: `25 MiB`, `50 ms`, `20`."""
        return quantity(self.value, self.unit)

    def show(self, value: Number) -> str:
        """Return another value in this limit's unit, for people."""
        return quantity(value, self.unit)

    def age_days(self, today: datetime.date | None = None) -> int:
        """Return the days since the source was read."""
        return ((today or datetime.date.today()) - self.read).days

    def stale(self, today: datetime.date | None = None) -> bool:
        """Return whether the source was read more than 180 days ago."""
        return self.age_days(today) > STALE_AFTER_DAYS


_SIZES = ((1024**3, "GiB"), (1024**2, "MiB"), (1024, "KiB"), (10**9, "GB"), (10**6, "MB"))


def quantity(value: Number, unit: str) -> str:
    """Return a value with its unit, exact, and short where the value is round."""
    if unit == "bytes":
        fits = [(value // size, name) for size, name in _SIZES if value >= size and value % size == 0]
        if fits:
            number, name = min(fits)
            return f"{number:,} {name}"
        return f"{value:,} B"
    if unit == "count":
        return f"{value:,}"
    return f"{value:,} {unit}"


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    title: str
    unit: Unit
    kind: Literal["hard", "soft"]
    source: str
    read: Annotated[datetime.date, Field(strict=False)] | None = None
    value: Annotated[Number, Field(gt=0)] | None = None
    values: dict[str, Annotated[Number, Field(gt=0)]] | None = None
    note: str | None = None

    @model_validator(mode="after")
    def _one_form(self) -> "_Entry":
        if (self.value is None) == (self.values is None):
            raise ValueError("give exactly one of `value` and `values`")
        TypeAdapter(HttpUrl).validate_python(self.source)
        return self


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    platform: str
    title: str
    plans: list[str] = Field(min_length=1)
    default_plan: str
    read: Annotated[datetime.date, Field(strict=False)]
    limits: dict[Annotated[str, Field(pattern=r"^[a-z0-9_]+(\.[a-z0-9_]+)*$")], _Entry]

    @model_validator(mode="after")
    def _plans_known(self) -> "_File":
        if self.default_plan not in self.plans:
            raise ValueError(f"default_plan {self.default_plan!r} is not one of {self.plans}")
        for name, entry in self.limits.items():
            if entry.values is not None:
                unknown = sorted(set(entry.values) - set(self.plans))
                if unknown:
                    raise ValueError(f"{name}: unknown plans {unknown}; allowed are {self.plans}")
                if self.default_plan not in entry.values:
                    raise ValueError(f"{name}: no value for the default plan {self.default_plan!r}")
        return self


def read_yaml(text: str, origin: str) -> Any:
    """Return a data file's content; a key that is there twice is refused, not lost.

    Raises:
        LimitError: it is not YAML that is read here.
    """
    # At the top, this would go round: settings have limits too.
    from edgewright.base.document import DocumentError, parse_document

    try:
        return parse_document(text, Path(origin), origin).data
    except DocumentError as error:
        raise LimitError(str(error)) from None


def parse(text: str, origin: str) -> _File:
    """Return one platform's file, validated.

    Raises:
        LimitError: the file is not as the schema says.
    """
    try:
        return _File.model_validate(read_yaml(text, origin))
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise LimitError(f"{origin}: {faults}") from error


@functools.cache
def _file(platform: str) -> _File:
    file = _FILES[platform]
    return parse(file.read_text(encoding="utf-8"), f"{file.parent.name}/{file.name}")


def platforms() -> dict[str, str]:
    """Return the platforms that limits are known of, name to title."""
    return {name: _file(name).title for name in _PLATFORMS}


def _suggest(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    return f"did you mean {' or '.join(near)}?" if near else "`edgewright limits` lists them"


def check_overrides(overrides: Mapping[str, object]) -> dict[str, Number]:
    """Return the overrides, each known and positive.

    Raises:
        LimitError: all faults at once.
    """
    known = [f"{platform}.{name}" for platform in _PLATFORMS for name in _file(platform).limits]
    faults: dict[str, str] = {}
    checked: dict[str, Number] = {}
    for name, value in overrides.items():
        if name not in known:
            faults[str(name)] = f"unknown limit; {_suggest(str(name), known)}"
        elif isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value <= 0:
            faults[str(name)] = f"{value!r} is not allowed; give a number above 0"
        else:
            checked[name] = value
    if faults:
        raise LimitError("; ".join(f"{name}: {problem}" for name, problem in faults.items()), faults)
    return checked


def check_plans(plans: Mapping[str, object]) -> dict[str, str]:
    """Return the plans by platform, each known.

    Raises:
        LimitError: all faults at once.
    """
    faults: dict[str, str] = {}
    checked: dict[str, str] = {}
    for platform, plan in plans.items():
        if platform not in _PLATFORMS:
            faults[str(platform)] = f"{platform!r}: unknown platform; allowed are {', '.join(_PLATFORMS)}"
        elif plan not in _file(platform).plans:
            allowed = ", ".join(_file(platform).plans)
            faults[str(platform)] = f"{plan!r} is not a plan of {_file(platform).title}; allowed are {allowed}"
        else:
            checked[platform] = str(plan)
    if faults:
        raise LimitError("; ".join(faults.values()), faults)
    return checked


def limit(limit_id: str, *, plan: str | None = None, overrides: Overrides | None = None) -> Limit:
    """Return a limit by its id, such as `cloudflare.kv.value_bytes`.

    Args:
        limit_id: platform and name.
        plan: the account's plan; by default the platform's usual paid one. A plan that a limit does not
            distinguish gives that limit's default.
        overrides: this account's own values, by limit id.

    Raises:
        LimitError: no such limit, no such plan, or an override that is not a positive number.
    """
    platform, _, name = limit_id.partition(".")
    if platform not in _PLATFORMS:
        raise LimitError(f"{limit_id!r}: unknown platform {platform!r}; allowed are {', '.join(_PLATFORMS)}")
    file = _file(platform)
    entry = file.limits.get(name)
    if entry is None:
        known = [f"{platform}.{each}" for each in file.limits]
        raise LimitError(f"{limit_id!r}: unknown limit; {_suggest(limit_id, known)}")
    if plan is not None and plan not in file.plans:
        raise LimitError(f"{plan!r} is not a plan of {file.title}; allowed are {', '.join(file.plans)}")
    if entry.values is None:
        chosen, value = "any", entry.value
    else:
        chosen = plan if plan in entry.values else file.default_plan
        value = entry.values[chosen]
    assert value is not None
    overridden = overrides is not None and limit_id in overrides
    if overridden:
        assert overrides is not None
        value = check_overrides({limit_id: overrides[limit_id]})[limit_id]
    return Limit(
        id=limit_id,
        title=entry.title,
        value=value,
        unit=entry.unit,
        plan=chosen,
        kind=entry.kind,
        source=entry.source,
        read=entry.read or file.read,
        note=entry.note,
        overridden=overridden,
    )


def all_limits(
    platform: str | None = None,
    *,
    plans: Mapping[str, str] | None = None,
    overrides: Overrides | None = None,
) -> tuple[Limit, ...]:
    """Return every limit of one platform, or of all of them, in the files' order.

    Raises:
        LimitError: no such platform or plan, or a wrong override.
    """
    if platform is not None and platform not in _PLATFORMS:
        raise LimitError(f"{platform!r}: unknown platform; allowed are {', '.join(_PLATFORMS)}")
    return tuple(
        limit(f"{each}.{name}", plan=(plans or {}).get(each), overrides=overrides)
        for each in ((platform,) if platform else _PLATFORMS)
        for name in _file(each).limits
    )


def stale_warnings(today: datetime.date | None = None) -> tuple[str, ...]:
    """Return one warning a platform whose limits were read more than 180 days ago."""
    warnings = []
    for platform in _PLATFORMS:
        old = [each for each in all_limits(platform) if each.stale(today)]
        if old:
            oldest = min(old, key=lambda each: each.read)
            warnings.append(
                f"{len(old)} limits of {_file(platform).title} were read more than {STALE_AFTER_DAYS} days ago"
                f" (oldest: {oldest.id}, {oldest.read}); check {oldest.source} and update its limits.yaml,"
                " or override a value in the stack's settings"
            )
    return tuple(warnings)
