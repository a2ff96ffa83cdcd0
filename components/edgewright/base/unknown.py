"""What only an update would know. See :data:`UNKNOWN`."""

import enum
from typing import Final


class Unknown(enum.Enum):
    """The type of :data:`UNKNOWN`."""

    UNKNOWN = "unknown"

    def __repr__(self) -> str:
        return "UNKNOWN"

    def __bool__(self) -> bool:
        return False


UNKNOWN: Final = Unknown.UNKNOWN
"""Stands for a value that only an update would know, as in the engine's preview."""
