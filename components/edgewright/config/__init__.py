"""A stack's settings: models of the tools' own, and the reader that tells every fault with file and line."""

from edgewright.config.loader import load_settings
from edgewright.config.models import Objectives, PathMix, Service, StackSettings, Traffic

__all__ = ["Objectives", "PathMix", "Service", "StackSettings", "Traffic", "load_settings"]
