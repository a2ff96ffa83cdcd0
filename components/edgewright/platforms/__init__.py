"""One folder a platform: how an API's specification becomes that platform's resources, how they run locally, and whatever
else is known of it. The registry is derived from the folders: a platform is one that has `api.py`.

Nothing heavy is imported here: each part of a platform is a module of its folder, loaded when it is first asked for.
"""

import importlib
import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from edgewright.platforms.platform import Platform

HOSTS: tuple[str, ...] = tuple(sorted(file.parent.name for file in Path(__file__).parent.glob("*/api.py")))
"""Platforms that an EdgeApi can be on. Each is a folder of this package."""

DEFAULT = HOSTS[0]
"""The platform of what names none."""


def host_of(name: str) -> "Platform":
    """Return a platform's module. Its SDK is imported only now: each takes its time."""
    host: Platform = importlib.import_module(f"{__name__}.{name if name in HOSTS else DEFAULT}.api")
    return host


def part_of(name: str, part: str) -> Any:
    """Return a module of a platform's folder; None where it has none of that name."""
    module = f"{__name__}.{name}.{part}"
    return importlib.import_module(module) if importlib.util.find_spec(module) is not None else None


def each_part(part: str) -> Iterator[Any]:
    """Yield the modules of this name, of each platform that has one."""
    for name in HOSTS:
        found = part_of(name, part)
        if found is not None:
            yield found
