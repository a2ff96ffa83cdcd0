"""Rows of the table: what an argument does, on which host, and how that is seen."""

import base64
import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from edgewright.engine.resources import Resource

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


def inputs(resources: Sequence[Resource], name: str) -> Any:
    """Return what would be deployed of a program: every resource of a provider with its inputs, files by their text.

    The same program gives the same under another name: what follows from its resources' names (`name` begins them) and is
    their own, as ids are, is called by the resource that it is of.
    """
    own = [item for item in resources if item.custom and not item.type.startswith("pulumi:")]
    # Bindings are called in capitals what their stores are called.
    called = {name: "NAME", name.upper(): "NAME"}
    for item in own:
        label = f"{item.type.rpartition(':')[2]} {item.name}"
        given = [each for each in item.inputs.values() if isinstance(each, str)]
        for key, value in (("id", item.id), *item.outputs.items()):
            if isinstance(value, str) and value not in given and len(value) >= MADE and not _is_word(value):
                called.setdefault(value, f"<{key} of {label}>")
    # The longest first: an ARN with a version begins as the one without.
    names = sorted(called.items(), key=lambda pair: -len(pair[0]))
    return [_plain((item.urn, item.inputs, item.options, sorted(item.secret_paths)), names) for item in own]


MADE = 8
"""What a cloud makes up for a resource has so many characters at least; other outputs are words."""


def _is_word(text: str) -> bool:
    return text.isalpha() and text.islower()


def _plain(value: Any, names: Sequence[tuple[str, str]]) -> Any:
    if isinstance(value, Mapping):
        limits = value.get("type") == "ratelimit"
        return {
            _plain(key, names): _plain(base64.b64decode(item).decode() if key == "contentBase64" else item, names)
            for key, item in value.items()
            # Digests of names, and of all that is beside them.
            if key != "workersTag" and not (limits and key == "namespaceId")
        }
    if isinstance(value, (list, tuple)):
        return [_plain(item, names) for item in value]
    if hasattr(value, "assets"):
        return {key: _plain(asset, names) for key, asset in value.assets.items()}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {each.name: _plain(getattr(value, each.name), names) for each in dataclasses.fields(value)}
    text = getattr(value, "text", None) or getattr(value, "path", None) or value
    if isinstance(text, str):
        for made, label in names:
            text = text.replace(made, label)
    return text
