"""Which region serves a country, and in what order origins are tried."""

from collections.abc import Mapping, Sequence

from edgewright.contract.countries import countries, distance_km

Position = tuple[float, float]
"""Latitude and longitude in degrees."""

REGION_POSITIONS: dict[str, Position] = {
    "af": (-26.2, 28.0),
    "africa": (-26.2, 28.0),
    "ap": (1.35, 103.8),
    "apac": (1.35, 103.8),
    "asia": (1.35, 103.8),
    "au": (-33.9, 151.2),
    "ca": (45.5, -73.6),
    "eu": (50.1, 8.7),
    "europe": (50.1, 8.7),
    "in": (19.1, 72.9),
    "jp": (35.7, 139.7),
    "latam": (-23.5, -46.6),
    "me": (26.2, 50.6),
    "oceania": (-33.9, 151.2),
    "sa": (-23.5, -46.6),
    "uk": (51.5, -0.1),
    "us": (39.0, -77.5),
    "af-south-1": (-33.9, 18.4),
    "ap-northeast-1": (35.7, 139.7),
    "ap-northeast-2": (37.6, 127.0),
    "ap-south-1": (19.1, 72.9),
    "ap-southeast-1": (1.35, 103.8),
    "ap-southeast-2": (-33.9, 151.2),
    "ca-central-1": (45.5, -73.6),
    "eu-central-1": (50.1, 8.7),
    "eu-north-1": (59.3, 18.1),
    "eu-south-1": (45.5, 9.2),
    "eu-west-1": (53.3, -6.3),
    "eu-west-2": (51.5, -0.1),
    "eu-west-3": (48.9, 2.4),
    "me-south-1": (26.2, 50.6),
    "sa-east-1": (-23.5, -46.6),
    "us-central": (41.3, -95.9),
    "us-east": (39.0, -77.5),
    "us-east-1": (39.0, -77.5),
    "us-east-2": (40.0, -83.0),
    "us-west": (45.6, -121.2),
    "us-west-1": (37.4, -121.9),
    "us-west-2": (45.6, -121.2),
}
"""Where a region of a common name is taken to be: the usual data centre of that name."""


def assign_countries(
    positions: Mapping[str, Position | None], named: Mapping[str, Sequence[str]], fallback: str
) -> dict[str, tuple[str, ...]]:
    """Give every ISO 3166-1 country a region: the one that names it, else the nearest whose place is known, else `fallback`.

    Ties go to the region whose name comes first, so that the order of declaration says nothing.
    """
    owner = {code: region for region, codes in named.items() for code in codes}
    placed = sorted((region, position) for region, position in positions.items() if position is not None)
    served: dict[str, list[str]] = {region: [] for region in positions}
    for code, country in countries().items():
        region = owner.get(code)
        if region is None:
            here = (country.latitude, country.longitude)
            region = min(placed, key=lambda item: (distance_km(here, item[1]), item[0]))[0] if placed else fallback
        served[region].append(code)
    return {region: tuple(sorted(codes)) for region, codes in served.items()}


def failover_order(positions: Mapping[str, Position | None], fallback: str) -> dict[str, tuple[str, ...]]:
    """Return, for each region, all regions in the order in which their origins are tried: itself, then by distance.

    A region whose place is not known comes after those whose place is; among such the fallback is first, then by name.
    """

    def rank(here: Position | None, region: str) -> tuple[int, float, int, str]:
        there = positions[region]
        if here is None or there is None:
            return (1, 0.0, 0 if region == fallback else 1, region)
        return (0, distance_km(here, there), 0, region)

    return {
        region: (
            region,
            *sorted((other for other in positions if other != region), key=lambda other: rank(here, other)),
        )
        for region, here in sorted(positions.items())
    }
