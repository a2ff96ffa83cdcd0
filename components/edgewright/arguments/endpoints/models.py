"""Endpoints as they were read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class RateLimit:
    """A rate limit's binding: one counter for each endpoint and caller."""

    name: str
    limit: int
    period_s: int


@dataclass(frozen=True)
class Endpoints:
    """Endpoints that are sound as written, in the order of their paths, and what they need."""

    items: tuple[Mapping[str, Any], ...] = ()
    handlers: Mapping[str, Path] = field(default_factory=dict)
    """Module name to file."""
    handler_places: Mapping[str, str] = field(default_factory=dict)
    """Module name to the property that names it first."""
    rate_limits: tuple[RateLimit, ...] = ()
