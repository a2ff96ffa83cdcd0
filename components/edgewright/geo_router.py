"""Regions, their origins and countries. See :class:`GeoRouter`."""

import functools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi
from typing_extensions import NotRequired, TypedDict

from edgewright.arguments import checks
from edgewright.arguments.program import claim_name, gathers
from edgewright.arguments.regions import REGION_POSITIONS, Position, assign_countries, failover_order
from edgewright.arguments.shape import PENDING_URL, Later, checked, fill, is_later, normalise, properties
from edgewright.arguments.written import Milliseconds, Region, Seconds
from edgewright.base.fault_codes import Code
from edgewright.base.faults import Faults, show
from edgewright.contract.claims import HOP_BY_HOP
from edgewright.contract.models import OriginSpec, RouterSpec

TOKEN = "edgewright:index:GeoRouter"
MAX_TIMEOUT_MS = 30_000
"""Longest wait for one origin: a caller that waited this long has gone."""


NOT_AN_ORIGINS = (HOP_BY_HOP - {"proxy-authenticate", "proxy-authorization"}) | {"content-length", "expect", "host"}
"""Headers of the message and its connection, which no router chooses. An origin behind a proxy may ask for credentials."""


class RegionOrigin(TypedDict):
    """One region's origin."""

    region: Region
    """The region's name, for example `us`, `eu`, `apac`: letters, digits and hyphens; in any case."""
    url: pulumi.Input[str]
    """The origin's `https://` or `http://` base URL. A path on it is a prefix."""
    countries: NotRequired[list[str]]
    """ISO 3166-1 alpha-2 codes that this region serves, whatever the distance. Default: none by name."""
    latitude: NotRequired[float]
    """Where the origin is, in degrees. Default: known for common region names (`us`, `eu`, `apac`, `us-east-1`, ...)."""
    longitude: NotRequired[float]
    """Where the origin is, in degrees. Required beside `latitude`, refused without it."""
    headers: NotRequired[dict[str, str]]
    """Headers added to each request to this origin. They are written into the function: no secrets. Default: none."""


class OriginHealthCheck(TypedDict):
    """How an origin's health is judged from the edge."""

    path: NotRequired[str]
    """Path asked for before an origin that failed is used again. Default: none, the next request tries it."""
    interval: NotRequired[Seconds]
    """Seconds for which an origin that failed is left out. Default: 30."""
    unhealthy_after: NotRequired[int]
    """Consecutive failures before an origin is left out. Default: 2."""


class GeoRouterArgs(TypedDict):
    """Arguments of GeoRouter."""

    origins: list[RegionOrigin]
    """The origins, one a region."""
    fallback: Region
    """The region for a caller whose country is unknown."""
    timeout_ms: NotRequired[Milliseconds]
    """Milliseconds that an origin has for its response headers before the next nearest is asked, from the end of the request's
    body. On cloudfront whole seconds, at least 4 for the origins that CloudFront asks itself. Default: 2000."""
    retry_statuses: NotRequired[list[int]]
    """Statuses taken for a failed origin. Default: 502, 503, 504 and Cloudflare's 520 to 526 and 530."""
    health_check: NotRequired[OriginHealthCheck]
    """How an origin's health is judged. On CloudFront each request asks the nearest origin first; of the further ones those
    that failed are left out. Default: left out for 30 s after 2 failures in a row, no path is asked."""


@dataclass(frozen=True)
class Origin:
    """One region's origin, as it was read."""

    region: str | None = None
    url: Later[str] = PENDING_URL
    countries: tuple[str, ...] = ()
    latitude: float | None = None
    longitude: float | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def position(self) -> Position | None:
        """Where it is, as far as that is known."""
        if self.latitude is not None and self.longitude is not None:
            return (float(self.latitude), float(self.longitude))
        return REGION_POSITIONS.get(self.region or "")


@dataclass(frozen=True)
class HealthCheck:
    """How an origin's health is judged, as it was read."""

    path: str | None = None
    interval: int | None = None
    unhealthy_after: int | None = None


@dataclass(frozen=True)
class Routing:
    """A router's arguments, as they were read."""

    origins: tuple[Origin, ...] | None = None
    fallback: str | None = None
    timeout_ms: int | None = None
    retry_statuses: tuple[int, ...] | None = None
    health_check: HealthCheck = HealthCheck()


class GeoRouter(pulumi.ComponentResource):
    """Sends each caller to the nearest origin, and to the next nearest where that one fails.

        origins = GeoRouter("origins", {
            "origins": [{"region": "us", "url": "https://us.example.com"}, {"region": "eu", "url": "https://eu.example.com"}],
            "fallback": "us",
        })

    Every ISO 3166-1 country is given a region: the one that names it, else the nearest.
    """

    routing: dict[str, Any]
    """What an endpoint's `origin` takes: the fields of the settings document's RouterSpec. Known at preview, but for
    origins' URLs that are not."""
    regions: list[str]
    """The regions' names, sorted."""

    @gathers
    def __init__(self, name: str, args: GeoRouterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Declare a router.

        Raises:
            InputFaults: an argument is missing, unknown or out of its range; all such are named.
        """
        super().__init__(TOKEN, name, properties(args, GeoRouterArgs), opts)
        faults = Faults("GeoRouter", name)
        claim_name("GeoRouter", name, opts, faults)
        given = fill(Routing, normalise(args, GeoRouterArgs, faults))
        urls = _check_args(given, faults)
        faults.raise_if_any()
        self.routing = _compile(name, given, urls)
        self.regions = [origin["region"] for origin in self.routing["origins"]]
        self.register_outputs({"routing": self.routing, "regions": self.regions})


def _compile(name: str, given: Routing, urls: Sequence[Later[str]]) -> dict[str, Any]:
    """Return the router as plain data: the fields of RouterSpec, with URLs that become known later in their places. The
    arguments are sound."""
    origins = {origin.region or "": (origin, url) for origin, url in zip(given.origins or (), urls, strict=True)}
    fallback = given.fallback or ""
    positions = {region: origin.position for region, (origin, _) in origins.items()}
    served = assign_countries(
        positions, {region: origin.countries for region, (origin, _) in origins.items()}, fallback
    )
    said = {
        "timeout_ms": given.timeout_ms,
        "retry_statuses": None if given.retry_statuses is None else tuple(sorted(set(given.retry_statuses))),
    }
    health = {
        "path": given.health_check.path,
        "interval_s": given.health_check.interval,
        "unhealthy_after": given.health_check.unhealthy_after,
    }
    spec = RouterSpec.model_validate(
        {
            "name": name,
            "origins": tuple(
                OriginSpec(
                    region=region,
                    url=PENDING_URL if is_later(url) else _without_slash(url),
                    countries=served[region],
                    latitude=_part(origin.position, 0),
                    longitude=_part(origin.position, 1),
                    headers={key.lower(): origin.headers[key] for key in sorted(origin.headers)},
                )
                for region, (origin, url) in sorted(origins.items(), key=lambda item: item[0])
            ),
            "fallback": fallback,
            "order": failover_order(positions, fallback),
            "health": _given(health),
            **_given(said),
        }
    )
    compiled = spec.model_dump(mode="json")
    for plain in compiled["origins"]:
        url = origins[plain["region"]][1]
        if is_later(url):
            plain["url"] = url.apply(_without_slash)
    return compiled


def _given(values: Mapping[str, object]) -> dict[str, object]:
    return {key: value for key, value in values.items() if value is not None}


def _without_slash(url: str) -> str:
    return url.rstrip("/")


def _part(position: Position | None, index: int) -> float | None:
    return None if position is None else position[index]


def _check_args(given: Routing, faults: Faults) -> list[Later[str]]:
    """Note what is wrong; return the origins' URLs, checked now or, where they become known later, then."""
    origins = given.origins or ()
    if given.origins == ():
        faults.add("origins", "is empty", code=Code.EMPTY, allowed="at least one origin")
    urls: list[Later[str]] = []
    owner: dict[str, str] = {}
    regions: dict[str, int] = {}
    for index, origin in enumerate(origins):
        path = f"origins[{index}]"
        region = origin.region
        if region is not None and checks.region(f"{path}.region", region, faults):
            if region in regions:
                faults.add(
                    f"{path}.region",
                    f"{region!r} is also the region of origins[{regions[region]}]",
                    code=Code.TWICE,
                    fix="Give each region one origin.",
                )
            regions.setdefault(region, index)
        _check_countries(path, origin, owner, faults)
        _check_position(path, origin, len(origins), faults)
        for header, value in origin.headers.items():
            if header.lower() in NOT_AN_ORIGINS:
                faults.add(
                    f"{path}.headers.{header}",
                    "is set by whoever sends the request, so that what is given here would have no effect",
                    code=Code.RESERVED,
                    fix="Leave it out."
                    if header.lower() != "host"
                    else "The Host is that of `url`: give the origin's own name there.",
                )
            elif checks.header_name(f"{path}.headers.{header}", header, faults):
                checks.header_value(f"{path}.headers.{header}", value, faults)
        urls.append(checked(origin.url, functools.partial(checks.http_url, f"{path}.url"), faults))
    fallback = given.fallback
    told = any(re.fullmatch(r"origins\[\d+\](\.region)?", fault.path) for fault in faults)
    if fallback is not None and regions and fallback not in regions and not told:
        faults.add(
            "fallback",
            f"{show(fallback)} is not the region of any origin",
            code=Code.NO_SUCH,
            allowed=", ".join(sorted(regions)),
        )
    if given.timeout_ms is not None:
        checks.whole("timeout_ms", given.timeout_ms, faults, 1, MAX_TIMEOUT_MS, "milliseconds")
    for index, status in enumerate(given.retry_statuses or ()):
        checks.whole(
            f"retry_statuses[{index}]", status, faults, 400, 599, "", "Only an error is asked of another origin."
        )
    health = given.health_check
    if health.path is not None and not health.path.startswith("/"):
        faults.add(
            "health_check.path",
            f"{show(health.path)} does not begin with `/`",
            code=Code.PATH,
            allowed="a path, for example /health",
        )
    if health.interval is not None:
        checks.seconds("health_check.interval", health.interval, faults, low=1)
    if health.unhealthy_after is not None:
        checks.whole("health_check.unhealthy_after", health.unhealthy_after, faults, 1, 100, "failures")
    return urls


def _check_countries(path: str, origin: Origin, owner: dict[str, str], faults: Faults) -> None:
    for index, code in enumerate(origin.countries):
        at = f"{path}.countries[{index}]"
        if not checks.country(at, code, faults):
            continue
        if code in owner:
            where = "given twice" if owner[code] == path else f"also given to {owner[code]}"
            faults.add(at, f"{code!r} is {where}", code=Code.TWICE, fix="A country has one region.")
        else:
            owner[code] = path


def _check_position(path: str, origin: Origin, count: int, faults: Faults) -> None:
    for key, degrees, most in (("latitude", origin.latitude, 90), ("longitude", origin.longitude, 180)):
        if degrees is not None and not -most <= degrees <= most:
            faults.add(
                f"{path}.{key}", f"{degrees} is out of range", code=Code.RANGE, allowed=f"-{most} to {most} degrees"
            )
    if (origin.latitude is None) != (origin.longitude is None):
        missing = "longitude" if origin.longitude is None else "latitude"
        faults.add(
            f"{path}.{missing}", "is missing beside the other coordinate", code=Code.NEEDS, fix="Give both, or neither."
        )
    elif count > 1 and origin.region and not origin.countries and origin.position is None:
        faults.add(
            f"{path}.region",
            f"{show(origin.region)} is not a region whose place is known, so that no country could be given to it",
            code=Code.NEEDS,
            fix="Give `latitude` and `longitude`, or its `countries`, or use a known name: "
            f"{', '.join(name for name in REGION_POSITIONS if '-' not in name)}.",
        )
