"""One folder a platform: how an API's specification becomes that platform's resources, how they run locally, and whatever
else is known of it. The registry is derived from the folders: a platform is one that has `api.py`.

Nothing heavy is imported here: each part of a platform is a module of its folder, loaded when it is first asked for.
"""

import functools
import importlib
import importlib.util
from pathlib import Path
from typing import Any

HOSTS: tuple[str, ...] = tuple(sorted(file.parent.name for file in Path(__file__).parent.glob("*/api.py")))
"""Platforms that an EdgeApi can be on. Each is a folder of this package."""

SDKS: tuple[str, ...] = tuple(importlib.import_module(f"{__name__}.{name}").SDK for name in HOSTS)
"""The Python packages of the providers that make their resources."""

DEFAULT = HOSTS[0]
"""The platform of what names none."""


@functools.cache
def part_of(name: str, part: str) -> Any:
    """Return a module of a platform's folder; None where it has none of that name. What it offers is typed where it is used:
    see :mod:`edgewright.platforms.parts`."""
    module = f"{__name__}.{name}.{part}"
    return importlib.import_module(module) if importlib.util.find_spec(module) is not None else None


def each_part(part: str) -> tuple[Any, ...]:
    """Return the modules of this name, of each platform that has one."""
    return tuple(found for name in HOSTS if (found := part_of(name, part)) is not None)
