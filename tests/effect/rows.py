"""Rows of the table: what an argument does, on which host, and how that is seen."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.components.program import Run
from tests.effect.edge import Edge
from tests.effect.given import Given

CLOUDFLARE = ("cloudflare",)
CLOUDFRONT = ("cloudfront",)
BOTH = (*CLOUDFLARE, *CLOUDFRONT)


@dataclass(frozen=True)
class Effect:
    """The argument changes what runs: `see` looks at both programs on the local cloud, and gives these two values."""

    argument: str
    hosts: tuple[str, ...]
    base: Given
    changed: Given
    see: Callable[[Edge], object]
    gives: tuple[object, object]
    note: str = ""
    """Tells rows of one argument apart."""


@dataclass(frozen=True)
class Recorded:
    """The argument changes what would be deployed, and no runtime here can show it: the gap says why."""

    argument: str
    hosts: tuple[str, ...]
    base: Given
    changed: Given
    reads: Callable[[Run], object]
    """Reads it from the resources' inputs."""
    gives: tuple[object, object]
    gap: str
    """The id of the difference in `edgewright.platforms.gaps`."""
    reason: str
    note: str = ""


@dataclass(frozen=True)
class Timed:
    """What the argument does takes longer than a test may: it is shown by one that has a clock of its own."""

    argument: str
    hosts: tuple[str, ...]
    base: Given
    changed: Given
    file: str
    """The test's file, from the repository's folder."""
    test: str
    """The test's name, as the file has it."""
    reason: str
    note: str = ""


@dataclass(frozen=True)
class Judged:
    """The argument is for the policies: what they find in both programs."""

    argument: str
    hosts: tuple[str, ...]
    base: Given
    changed: Given
    finds: tuple[tuple[str, ...], tuple[str, ...]]
    """Ids among `about` that are found."""
    about: tuple[str, ...]
    names: str = "row-"
    """What the names of the resources begin with that are looked at."""
    note: str = ""


@dataclass(frozen=True)
class Refused:
    """The host does not have it: the fault at this argument says so, and what to do instead."""

    argument: str
    hosts: tuple[str, ...]
    given: Given
    says: str
    """What the fault begins with: the place and what is wrong."""
    instead: str
    """What it says to do."""
    note: str = ""


Row = Effect | Recorded | Timed | Judged | Refused


def identity(row: Row, host: str) -> str:
    """Return a name for a row on a host: what its tests are called by."""
    return f"{row.argument}@{host}" + (f" ({row.note})" if row.note else "")


def inputs(run: Run) -> Any:
    """Return what would be deployed: every resource of a provider with its inputs, files by their text."""
    return [
        (item.urn, _plain(item.inputs), item.options, item.secret_paths)
        for item in run.resources
        if item.custom and not item.type.startswith("pulumi:")
    ]


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if hasattr(value, "assets"):
        return {name: _plain(asset) for name, asset in value.assets.items()}
    return getattr(value, "text", None) or getattr(value, "path", None) or value
