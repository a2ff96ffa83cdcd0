"""Origin Shield: which AWS region stands before an origin."""

from collections.abc import Mapping, Sequence

from edgewright.base.fault_codes import Code
from edgewright.base.faults import Faults, show
from edgewright.platforms.cloudfront.behaviors import Served
from edgewright.platforms.cloudfront.lists import aws
from edgewright.platforms.cloudfront.plan import Plan

REGIONS: Mapping[str, str] = {
    "wnam": "us-west-2",
    "enam": "us-east-1",
    "sam": "sa-east-1",
    "weur": "eu-west-1",
    "eeur": "eu-central-1",
    "apac": "ap-southeast-1",
    "oc": "ap-southeast-2",
    "afr": aws().origin_shield.advised["af-south-1"],
    "me": aws().origin_shield.advised["me-south-1"],
}
"""The region with Origin Shield for each place that a CachePolicy's `tiers.shield.location` can name; where there is none in
the place, the one that AWS advises for its oldest region."""


def shields_of(served: Sequence[Served], plan: Plan, faults: Faults) -> dict[str, str]:
    """Return the region that stands before the origins of each router; note what does not say one.

    `origin_shield` goes for all. Else it is what the endpoints' strategies ask for by `tiers.shield`.
    """
    found: dict[str, str] = {}
    places: dict[str, str] = {}
    for_all = plan.given.origin_shield
    for each in served:
        for item, spec in zip(each.behavior.items, each.specs, strict=True):
            cache = spec.cache
            if cache is None or cache.tiers.shield is None or not cache.stores:
                continue
            at, place = f"{item.at}.cache", cache.tiers.shield.location
            if spec.origin is None:
                faults.add(
                    at,
                    f"has a shield (`tiers.shield` of the CachePolicy {show(cache.name)}), and Origin Shield stands before an"
                    " `origin`: what a handler answers does not go by it",
                    code=Code.UNSUPPORTED,
                    fix="Give the endpoint a CachePolicy without `tiers.shield`.",
                )
                continue
            if for_all is not None:
                if place is not None and REGIONS[place] != for_all:
                    faults.add(
                        at,
                        f"has its shield in {show(place)} ({REGIONS[place]}), and `cloudfront.origin_shield` of the"
                        f" API, which goes for all, is {show(for_all)}",
                        code=Code.CONTRADICTION,
                        fix="Leave one of the two out.",
                    )
                continue
            router = spec.origin.router
            if place is None:
                faults.add(
                    at,
                    "has a shield without a place, and CloudFront's Origin Shield is in one AWS region",
                    code=Code.NEEDS,
                    fix="Give the CachePolicy `tiers.shield.location`, or the API `cloudfront.origin_shield`.",
                )
                continue
            region = REGIONS[place]
            if found.setdefault(router, region) != region:
                faults.add(
                    at,
                    f"has its shield in {show(place)}, and {places[router]} has the origins of {show(router)}"
                    f" behind one in {found[router]}: an origin has one",
                    code=Code.CONTRADICTION,
                    fix="Give both strategies one place.",
                )
            places.setdefault(router, at)
    return found
