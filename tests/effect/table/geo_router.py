"""Rows of GeoRouter."""

import time
from collections.abc import Callable
from typing import Any

from tests.effect.behind import Answer
from tests.effect.edge import Edge
from tests.effect.given import Given, given, named, url
from tests.effect.rows import BOTH, CLOUDFLARE, CLOUDFRONT, Effect, Row
from tests.effect.sees import LAPSE_S, told
from tests.loopback import PATIENCE_S

FAR = {"latitude": 52.5, "longitude": 13.4}
"""Berlin."""


def routed(*origins: dict[str, Any], fallback: str = "us", **router: Any) -> Given:
    return given(router={"origins": list(origins), "fallback": fallback, **router})


US = {"region": "us", "url": url("us"), "countries": ["US"]}
EU = {"region": "eu", "url": url("eu"), "countries": ["DE"]}
TWO = routed(US, EU)


def region(country: str = "US") -> Callable[[Edge], object]:
    """The region whose origin answers a caller from a country."""
    return lambda edge: edge.ask(edge.fresh(), country=country).json()["region"]


def failing(status: int) -> Callable[[Edge], object]:
    """The region that answers where the nearest one's origin answers with a status."""
    return lambda edge: edge.ask(edge.fresh(us=Answer(status))).json()["region"]


def slow(seconds: float) -> Callable[[Edge], object]:
    """The region that answers where the nearest one's origin takes its time."""
    return lambda edge: edge.ask(edge.fresh(us=Answer(hold_s=seconds))).json()["region"]


def after(failures: int) -> Callable[[Edge], object]:
    """Whether the nearest region's origin is asked again after so many failures in a row."""

    def see(edge: Edge) -> object:
        edge.ask(edge.fresh())
        for _ in range(failures):
            edge.ask(edge.fresh(us=Answer(503)))
        path = edge.fresh()
        edge.ask(path)
        return "us" in {each.region for each in edge.asked(path)}

    return see


def again_after_a_second(edge: Edge) -> object:
    """Whether an origin that failed is used again after a second."""
    for _ in range(3):
        edge.ask(edge.fresh(us=Answer(503)))
    time.sleep(1.6)
    return edge.ask(edge.fresh()).json()["region"]


def checked_first(edge: Edge) -> object:
    """The path that an origin which failed is asked for before it is used again, if any."""
    for _ in range(3):
        edge.ask(edge.fresh(us=Answer(503)))
    deadline = time.monotonic() + PATIENCE_S
    while edge.ask(edge.fresh()).json()["region"] != "us":
        assert time.monotonic() < deadline, "the origin is never used again"
        time.sleep(0.1)
    return bool(edge.behind.asked(f"health-{edge.name}"))


def three(**health: Any) -> Given:
    """Three regions, where a caller from the US is nearest to the first and then to the second."""
    apac = {"region": "apac", "url": url("apac"), "countries": ["JP"]}
    judged: dict[str, Any] = {"health_check": health} if health else {}
    return routed(US, EU, apac, **judged)


def further_after(failures: int, wait_s: float = 0.0) -> Callable[[Edge], object]:
    """Whether the second region's origin is asked, where the first fails, after so many failures of both and this time."""

    def see(edge: Edge) -> object:
        for _ in range(failures):
            assert edge.ask(edge.fresh(us=Answer(503), eu=Answer(503))).json()["region"] == "apac"
        time.sleep(wait_s)
        path = edge.fresh(us=Answer(503))
        edge.ask(path)
        return "eu" in {each.region for each in edge.asked(path)}

    return see


def further_checked(edge: Edge) -> object:
    """Whether a path is asked for before an origin that failed is used again."""
    further_after(1, LAPSE_S)(edge)
    return bool(edge.behind.asked(f"health-{edge.name}"))


ROWS: tuple[Row, ...] = (
    Effect("GeoRouter.origins", BOTH, routed(US), TWO, region("DE"), ("us", "eu")),
    Effect(
        "GeoRouter.origins[].region",
        BOTH,
        routed({**US, "region": "us"}),
        routed({**US, "region": "america"}, fallback="america"),
        lambda edge: edge.ask().headers["x-origin-region"],
        ("us", "america"),
    ),
    Effect(
        "GeoRouter.origins[].url",
        BOTH,
        routed(US),
        routed({**US, "url": url("us", "/base")}),
        told("url"),
        ("/x/1", "/base/x/1"),
    ),
    Effect(
        "GeoRouter.origins[].countries",
        BOTH,
        TWO,
        routed({**US, "countries": ["US", "FR"]}, EU),
        region("FR"),
        ("eu", "us"),
    ),
    Effect(
        "GeoRouter.origins[].latitude",
        BOTH,
        routed({**US, "countries": [], **FAR, "latitude": -33.9}, {**EU, **FAR}),
        routed({**US, "countries": [], **FAR}, {**EU, **FAR, "latitude": -33.9}),
        region("PL"),
        ("eu", "us"),
    ),
    Effect(
        "GeoRouter.origins[].longitude",
        BOTH,
        routed({**US, "countries": [], **FAR, "longitude": 151.2}, {**EU, **FAR}),
        routed({**US, "countries": [], **FAR}, {**EU, **FAR, "longitude": 151.2}),
        region("PL"),
        ("eu", "us"),
    ),
    Effect(
        "GeoRouter.origins[].headers",
        BOTH,
        routed(US),
        routed({**US, "headers": {"X-Key": "k"}}),
        told("headers", "x-key"),
        (None, "k"),
    ),
    Effect("GeoRouter.fallback", BOTH, TWO, routed(US, EU, fallback="eu"), region("XX"), ("us", "eu")),
    Effect(
        "GeoRouter.timeout_ms",
        CLOUDFLARE,
        routed(US, EU, timeout_ms=30_000),
        routed(US, EU, timeout_ms=1000),
        slow(3.0),
        ("us", "eu"),
    ),
    Effect(
        "GeoRouter.timeout_ms",
        CLOUDFRONT,
        routed(US, EU, timeout_ms=30_000),
        routed(US, EU, timeout_ms=4000),
        slow(6.0),
        ("us", "eu"),
    ),
    Effect(
        "GeoRouter.retry_statuses",
        BOTH,
        routed(US, EU),
        routed(US, EU, retry_statuses=[404]),
        failing(404),
        ("us", "eu"),
    ),
    Effect(
        "GeoRouter.health_check",
        CLOUDFLARE,
        routed(US, EU),
        routed(US, EU, health_check={"unhealthy_after": 100}),
        after(3),
        (False, True),
    ),
    Effect(
        "GeoRouter.health_check.unhealthy_after",
        CLOUDFLARE,
        routed(US, EU),
        routed(US, EU, health_check={"unhealthy_after": 100}),
        after(3),
        (False, True),
    ),
    Effect(
        "GeoRouter.health_check.interval",
        CLOUDFLARE,
        routed(US, EU, health_check={"unhealthy_after": 1, "interval": 3600}),
        routed(US, EU, health_check={"unhealthy_after": 1, "interval": 1}),
        again_after_a_second,
        ("eu", "us"),
    ),
    Effect(
        "GeoRouter.health_check.path",
        CLOUDFLARE,
        routed(US, EU, health_check={"unhealthy_after": 1, "interval": 1}),
        routed(US, EU, health_check={"unhealthy_after": 1, "interval": 1, "path": named("/health-{}")}),
        checked_first,
        (False, True),
    ),
    # On CloudFront each request asks the nearest origin first: it is the further ones whose health is judged.
    Effect("GeoRouter.health_check", CLOUDFRONT, three(), three(unhealthy_after=100), further_after(3), (False, True)),
    Effect(
        "GeoRouter.health_check.unhealthy_after",
        CLOUDFRONT,
        three(),
        three(unhealthy_after=100),
        further_after(3),
        (False, True),
    ),
    Effect(
        "GeoRouter.health_check.interval",
        CLOUDFRONT,
        three(unhealthy_after=1, interval=3600),
        three(unhealthy_after=1, interval=1),
        further_after(1, LAPSE_S),
        (False, True),
    ),
    Effect(
        "GeoRouter.health_check.path",
        CLOUDFRONT,
        three(unhealthy_after=1, interval=1),
        three(unhealthy_after=1, interval=1, path=named("/health-{}")),
        further_checked,
        (False, True),
    ),
)
