"""Regions, their origins and countries. See :class:`GeoRouter`."""

from typing import Any

import pulumi
from typing_extensions import NotRequired, TypedDict


class RegionOrigin(TypedDict):
    """One region's origin."""

    region: str
    """The region's name, for example `us`, `eu`, `apac`: lower-case letters, digits and hyphens."""
    url: pulumi.Input[str]
    """The origin's `https://` or `http://` base URL. A path on it is a prefix."""
    countries: NotRequired[list[str]]
    """ISO 3166-1 alpha-2 codes that this region serves, whatever the distance. Default: none by name."""
    latitude: NotRequired[float]
    """Where the origin is, in degrees. Default: known for common region names (`us`, `eu`, `apac`, `us-east-1`, ...)."""
    longitude: NotRequired[float]
    """Where the origin is, in degrees. Given together with `latitude`."""
    headers: NotRequired[dict[str, pulumi.Input[str]]]
    """Headers added to each request to this origin. Default: none."""


class OriginHealthCheck(TypedDict):
    """How an origin's health is judged from the edge."""

    path: NotRequired[str]
    """Path asked for before an origin that failed is used again. Default: none, the next request tries it."""
    interval: NotRequired[int]
    """Seconds for which an origin that failed is left out. Default: 30."""
    unhealthy_after: NotRequired[int]
    """Consecutive failures before an origin is left out. Default: 2."""


class GeoRouterArgs(TypedDict):
    """Arguments of GeoRouter."""

    origins: list[RegionOrigin]
    """The origins, one a region."""
    fallback: str
    """The region for a caller whose country is unknown."""
    timeout_ms: NotRequired[int]
    """Milliseconds that an origin has for its response headers before the next nearest is asked. Default: 2000."""
    retry_statuses: NotRequired[list[int]]
    """Statuses taken for a failed origin. Default: 502, 503, 504 and Cloudflare's 520 to 526 and 530."""
    health_check: NotRequired[OriginHealthCheck]
    """How an origin's health is judged."""


class GeoRouter(pulumi.ComponentResource):
    """Sends each caller to the nearest origin, and to the next nearest where that one fails.

        origins = GeoRouter("origins", {
            "origins": [{"region": "us", "url": "https://us.example.com"}, {"region": "eu", "url": "https://eu.example.com"}],
            "fallback": "us",
        })

    Every ISO 3166-1 country is given a region: the one that names it, else the nearest.
    """

    routing: dict[str, Any]
    """What an endpoint's `origin` takes. Known at preview, but for origins' URLs that are not."""
    regions: list[str]
    """The regions' names, sorted."""

    def __init__(self, name: str, args: GeoRouterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Declare a router.

        Raises:
            InputFaults: an argument is missing, unknown or out of its range; all such are named.
        """
        super().__init__("edgewright:index:GeoRouter", name, dict(args), opts)
        self.register_outputs({})
