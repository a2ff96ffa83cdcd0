"""The settings of the caching proxy: the keys `caching-proxy:*`."""

from edgewright.config import StackSettings
from edgewright.config.fields import HttpUrl
from pydantic import Field


class Settings(StackSettings):
    """A stack of the caching proxy."""

    origin: HttpUrl = Field(alias="caching-proxy:origin", description="The origin's base URL.")
    timeout_ms: int = Field(
        default=30_000, ge=1, le=30_000, alias="caching-proxy:timeout_ms", description="Time for the origin's headers."
    )
