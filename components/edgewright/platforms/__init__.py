"""One folder a platform: how an API's specification becomes that platform's resources, and how they run locally."""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgewright.platforms.platform import Platform

HOSTS = ("cloudflare", "cloudfront")
"""Platforms that an EdgeApi can be on. Each is a folder of this package."""


def host_of(name: str) -> "Platform":
    """Return a platform's module. Its SDK is imported only now: each takes its time."""
    host: Platform = importlib.import_module(f"{__name__}.{name if name in HOSTS else HOSTS[0]}.api")
    return host
