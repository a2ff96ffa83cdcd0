"""Types for settings models: values that the components would refuse are refused with the settings' file and line.

    class Settings(StackSettings):
        hostname: Hostname | None = Field(default=None, alias="shop:hostname")

Each checks exactly what the components check.
"""

from edgewright.arguments.fields import AccountId, Country, Hostname, HttpUrl, Region, ZoneId

__all__ = ["AccountId", "Country", "Hostname", "HttpUrl", "Region", "ZoneId"]
