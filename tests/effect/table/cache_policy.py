"""Rows of CachePolicy."""

from typing import Any

from edgewright import KvNamespace
from edgewright.kv_namespace import KvNamespaceArgs

from tests.components.program import Run, placed, settings_of
from tests.effect.behind import Answer
from tests.effect.edge import Edge
from tests.effect.given import ALL_ORIGINS, STORE, Given, Kit, Later, given, named
from tests.effect.rows import BOTH, CLOUDFLARE, CLOUDFRONT, Effect, Recorded, Refused, Row
from tests.effect.sees import (
    asked_again,
    code,
    later,
    max_age,
    number,
    seconds_left,
    settled,
    spread,
    tier,
    twice,
)

HOUR = {"edge_ttl": 3600}
BASE = given(cache=HOUR)


def hour(**more: Any) -> Given:
    return given(cache={**HOUR, **more})


def key(**parts: Any) -> Given:
    return hour(key=parts)


def tiers(**parts: Any) -> Given:
    return hour(tiers=parts)


OFF = {"enabled": False}
MEMORY_ALONE = {"edge": OFF}


def kv(**parts: Any) -> Given:
    """KV as the only tier."""
    only = {"memory": OFF, "edge": OFF, "kv": {"binding": STORE, "ttl": 600, **parts}}
    return given(cache={**HOUR, "tiers": only}, store={})


def shield(**parts: Any) -> Given:
    """The shield as the only tier."""
    return tiers(memory=OFF, edge=OFF, shield=parts)


def body(size: int) -> Answer:
    return Answer(body="x" * size)


def first_of_two(edge: Edge) -> object:
    """The tier that the first of two objects comes from when the second has come."""
    one, two = edge.fresh(body(2000)), edge.fresh(body(2000))
    for path in (one, two):
        edge.ask(path)
    return edge.tier(edge.ask(one))


def lapsed_of(count: int, seconds: float) -> Any:
    """Whether some of so many objects have left the nearest tier after these seconds."""

    def see(edge: Edge) -> object:
        import time

        paths = [edge.fresh() for _ in range(count)]
        for path in paths:
            edge.ask(path)
        time.sleep(seconds)
        return any(edge.tier(edge.ask(path)) != "memory" for path in paths)

    return see


def purged_by(tag: str) -> Any:
    """What a stored answer is after a purge of this tag."""

    def see(edge: Edge) -> object:
        path = edge.fresh()
        edge.ask(path)
        edge.control.purge(tags=[tag])
        return edge.cache(edge.ask(path))

    return see


def regions(edge: Edge) -> object:
    """The region that answers a second caller, who is nearer to another one."""
    path = edge.fresh()
    edge.ask(path, country="US")
    return edge.ask(path, country="DE").json()["region"]


def by_country(edge: Edge) -> object:
    path = edge.fresh()
    edge.ask(path, country="US")
    return edge.cache(edge.ask(path, country="CA"))


def objects_of_the_shield(edge: Edge) -> object:
    """Whether more than one object keeps what a dozen URLs brought."""
    folder = next(path for path in edge.state.rglob(f"*{edge.name}-api-dev*") if path.is_dir())
    for _ in range(24):
        edge.ask(edge.fresh())
    return len([path for path in folder.rglob("*.sqlite") if "metadata" not in path.name]) > 1


def by_host(edge: Edge) -> object:
    path = edge.fresh()
    edge.ask(path)
    first = edge.urls[0].removeprefix("https://").partition("/")[0]
    (other,) = [host for url in edge.urls if (host := url.removeprefix("https://").partition("/")[0]) != first]
    return edge.cache(edge.ask(path, at=other))


def two_hosts(**parts: Any) -> Given:
    return given(
        cache={**HOUR, "key": parts},
        zone_id="fedcba9876543210fedcba9876543210",
        hostname=named("{}.example.com"),
        workers_dev=True,
    )


def told_vary(edge: Edge) -> object:
    """The `Vary` of an answer, and whether callers with another `Accept-Language` share it."""
    path = edge.fresh()
    first = edge.ask(path, accept_language="de")
    second = edge.ask(path, accept_language="fr")
    third = edge.ask(path, accept_language="fr")
    return (first.headers.get("vary"), edge.cache(second), edge.cache(third))


KV_BINDING = {"type": "kv_namespace", "name": "PAGES", "namespace_id": "0123456789abcdef0123456789abcdef"}


def second_store(kit: Kit) -> object:
    """The binding of a store that the program has beside its own."""
    where: Any = placed({"host": kit.host, **kit.account}, KvNamespaceArgs)
    return KvNamespace(f"{kit.name}-second", where).binding


def keeps(edge: Edge) -> object:
    """Whether the program's own store has an entry once something is stored."""
    path = edge.fresh()
    edge.ask(path)
    settled(lambda: edge.ask(path))
    return bool(edge.control.kv_keys(str(edge.outputs["namespace"]))["keys"])


def shield_region(run: Run) -> object:
    """The region of the Origin Shield before the program's origin."""
    (origin,) = [each for each in run.one("Distribution").inputs["origins"] if each["domainName"] == "us.example.com"]
    return (origin.get("originShield") or {}).get("originShieldRegion")


def own_host(**parts: Any) -> Given:
    """An API on CloudFront that has a hostname of its own beside that of the distribution."""
    certificate = "arn:aws:acm:us-east-1:123456789012:certificate/12345678-1234-1234-1234-123456789012"
    return given(cache={**HOUR, "key": parts}, hostname=named("{}-k.example.com"), certificate_arn=certificate)


LONG = {"min": 60, "max": 3600}
"""A time that is drawn."""


def unknown_to_cloudfront(argument: str, parts: Any, says: str, instead: str) -> Row:
    """Return the row of an argument that CloudFront refuses."""
    return Refused(f"CachePolicy.{argument}", CLOUDFRONT, given(cache={**HOUR, **parts}), says, instead)


ORIGIN = {"mode": "origin"}


def strategy(name: str) -> Given:
    return given(cache={"strategy": name})


SOME, ALL_LONG, ALL_SHORT = (True, True), (False, True), (True, False)
"""Of times that are drawn: some are short and some long, or all are one of the two."""


def drawn(row: str, hosts: tuple[str, ...], make: Any, least: int, most: int) -> tuple[Row, ...]:
    """Return the rows of a jitter, between these times; `make` puts one, or none, into a program, whose time is `most`."""

    def jitter(low: int, high: int) -> Given:
        given: Given = make({"jitter": {"min": low, "max": high}})
        return given

    see = spread(least, most, (least + most) // 2)
    plain: Given = make({})
    return (
        Effect(f"{row}.jitter", hosts, plain, jitter(least, most), see, (ALL_LONG, SOME)),
        Effect(f"{row}.jitter.min", hosts, jitter(most, most), jitter(least, most), see, (ALL_LONG, SOME)),
        Effect(f"{row}.jitter.max", hosts, jitter(least, least), jitter(least, most), see, (ALL_SHORT, SOME)),
    )


ROWS: tuple[Row, ...] = (
    # --- times -------------------------------------------------------------------------------------------------------
    Effect("CachePolicy.edge_ttl", BOTH, BASE, given(cache={"edge_ttl": 1}), asked_again(), (False, True)),
    Effect("CachePolicy.browser_ttl", BOTH, BASE, hour(browser_ttl=77), twice(look=max_age), (None, 77)),
    Effect(
        "CachePolicy.stale_while_revalidate",
        BOTH,
        given(cache={"edge_ttl": 1}),
        given(cache={"edge_ttl": 1, "stale_while_revalidate": 3600}),
        later(number),
        (2, 1),
    ),
    Effect(
        "CachePolicy.stale_if_error",
        BOTH,
        given(cache={"edge_ttl": 1}),
        given(cache={"edge_ttl": 1, "stale_if_error": 3600}),
        later(code, then=Answer(503)),
        (503, 200),
    ),
    Effect("CachePolicy.error_ttl", BOTH, BASE, hour(error_ttl=3600), twice(answer=Answer(404), look=number), (2, 1)),
    Effect(
        "CachePolicy.statuses", BOTH, BASE, hour(statuses=[200, 403]), twice(answer=Answer(403), look=number), (2, 1)
    ),
    Effect("CachePolicy.strategy", BOTH, given(cache={}), strategy("cache-first"), twice(look=number), (2, 1)),
    Effect(
        "CachePolicy.strategy",
        BOTH,
        given(cache={"edge_ttl": 1}),
        strategy("stale-while-revalidate"),
        later(number),
        (2, 1),
        note="stale-while-revalidate",
    ),
    Effect(
        "CachePolicy.strategy",
        BOTH,
        strategy("cache-first"),
        strategy("network-first"),
        later(number),
        (1, 2),
        note="network-first",
    ),
    Effect(
        "CachePolicy.strategy",
        BOTH,
        given(cache={"edge_ttl": 1}),
        strategy("network-first"),
        later(code, then=Answer(503)),
        (503, 200),
        note="network-first, the origin fails",
    ),
    Effect(
        "CachePolicy.strategy", BOTH, BASE, strategy("network-only"), twice(look=number), (1, 2), note="network-only"
    ),
    Effect(
        "CachePolicy.mode",
        BOTH,
        BASE,
        given(cache=ORIGIN),
        twice(),
        ("hit", "miss"),
    ),
    Effect(
        "CachePolicy.immutable",
        BOTH,
        hour(browser_ttl=60),
        hour(browser_ttl=60, immutable=True),
        lambda edge: "immutable" in edge.ask(edge.fresh()).headers["cache-control"],
        (False, True),
    ),
    # --- the key -----------------------------------------------------------------------------------------------------
    Effect(
        "CachePolicy.key", BOTH, BASE, key(query="none"), twice({"query": "a=1"}, {"query": "a=2"}), ("miss", "hit")
    ),
    Effect(
        "CachePolicy.key.query",
        BOTH,
        key(query="all"),
        key(query="none"),
        twice({"query": "a=1"}, {"query": "a=2"}),
        ("miss", "hit"),
    ),
    Effect(
        "CachePolicy.key.query_names",
        BOTH,
        key(query="include", query_names=["a"]),
        key(query="include", query_names=["b"]),
        twice({"query": "a=1"}, {"query": "a=2"}),
        ("miss", "hit"),
    ),
    Effect(
        "CachePolicy.key.headers",
        BOTH,
        BASE,
        key(headers=["X-Plan"]),
        twice({"x_plan": "a"}, {"x_plan": "b"}),
        ("hit", "miss"),
    ),
    Effect(
        "CachePolicy.key.cookies",
        BOTH,
        BASE,
        key(cookies=["plan"]),
        twice({"cookie": "plan=a"}, {"cookie": "plan=b"}),
        ("hit", "miss"),
    ),
    Effect("CachePolicy.key.country", BOTH, BASE, key(country=True), by_country, ("hit", "miss")),
    Effect(
        "CachePolicy.key.region",
        BOTH,
        given(cache=HOUR, router={"origins": ALL_ORIGINS}),
        given(cache={**HOUR, "key": {"region": True}}, router={"origins": ALL_ORIGINS}),
        regions,
        ("us", "eu"),
    ),
    Effect("CachePolicy.key.host", CLOUDFLARE, two_hosts(host=True), two_hosts(host=False), by_host, ("miss", "hit")),
    Effect(
        "CachePolicy.vary",
        BOTH,
        BASE,
        hour(vary=["Accept-Language"]),
        told_vary,
        ((None, "hit", "hit"), ("accept-language", "miss", "hit")),
    ),
    # --- purges ------------------------------------------------------------------------------------------------------
    Effect("CachePolicy.tags", BOTH, BASE, hour(tags=["news"]), purged_by("news"), ("hit", "miss")),
    # --- where -------------------------------------------------------------------------------------------------------
    Effect(
        "CachePolicy.cloudflare.engine",
        CLOUDFLARE,
        key(host=False),
        given(cache={**HOUR, "key": {"host": False}, "engine": "platform"}),
        twice(look=tier),
        ("memory", "platform"),
    ),
    Effect("CachePolicy.cloudflare.tiers", CLOUDFLARE, BASE, tiers(memory=OFF), twice(look=tier), ("memory", "edge")),
    Effect(
        "CachePolicy.tiers",
        CLOUDFLARE,
        tiers(memory=OFF),
        tiers(memory=OFF, edge={"ttl_ceiling": 60}),
        seconds_left(60, 3600),
        (3600, 60),
    ),
    Effect(
        "CachePolicy.cloudflare.tiers.shield",
        CLOUDFLARE,
        shield(ttl=600),
        shield(ttl=60),
        seconds_left(60, 600),
        (600, 60),
    ),
    Effect("CachePolicy.cloudflare.tiers.memory", CLOUDFLARE, BASE, tiers(memory={}), seconds_left(5, 3600), (5, 3600)),
    Effect(
        "CachePolicy.cloudflare.tiers.memory.enabled",
        CLOUDFLARE,
        tiers(memory={}),
        tiers(memory=OFF),
        twice(look=tier),
        ("memory", "edge"),
    ),
    Effect(
        "CachePolicy.cloudflare.tiers.memory.max_bytes",
        CLOUDFLARE,
        tiers(memory={}),
        tiers(memory={"max_bytes": 4000, "max_object_bytes": 4000}),
        first_of_two,
        ("memory", "edge"),
    ),
    Effect(
        "CachePolicy.cloudflare.tiers.memory.max_object_bytes",
        CLOUDFLARE,
        tiers(memory={}),
        tiers(memory={"max_object_bytes": 1000}),
        twice(answer=body(2000), look=tier),
        ("memory", "edge"),
    ),
    Effect(
        "CachePolicy.cloudflare.tiers.memory.ttl_ceiling",
        CLOUDFLARE,
        tiers(memory={}),
        tiers(memory={"ttl_ceiling": 1}),
        later(tier),
        ("memory", "edge"),
    ),
    Effect(
        "CachePolicy.tiers.edge",
        CLOUDFLARE,
        tiers(memory=OFF),
        tiers(memory=OFF, edge={"ttl_ceiling": 60}),
        seconds_left(60, 3600),
        (3600, 60),
    ),
    Effect(
        "CachePolicy.tiers.edge.enabled",
        CLOUDFLARE,
        tiers(memory={"ttl_ceiling": 1}),
        tiers(memory={"ttl_ceiling": 1}, edge=OFF),
        later(Edge.cache),
        ("hit", "miss"),
    ),
    Effect(
        "CachePolicy.tiers.edge.ttl_ceiling",
        CLOUDFLARE,
        tiers(memory=OFF),
        tiers(memory=OFF, edge={"ttl_ceiling": 1}),
        asked_again(),
        (False, True),
    ),
    Effect(
        "CachePolicy.cloudflare.tiers.kv",
        CLOUDFLARE,
        given(cache={**HOUR, "tiers": {"memory": {}, "edge": OFF}}, store={}),
        kv(),
        twice(look=tier),
        ("memory", "kv"),
    ),
    Effect(
        "CachePolicy.cloudflare.tiers.kv.ttl", CLOUDFLARE, kv(ttl=600), kv(ttl=60), seconds_left(60, 600), (600, 60)
    ),
    Effect(
        "CachePolicy.cloudflare.tiers.kv.max_object_bytes",
        CLOUDFLARE,
        kv(),
        kv(max_object_bytes=1000),
        twice(answer=body(2000), look=tier),
        ("kv", "miss"),
    ),
    Effect("CachePolicy.tiers.shield", CLOUDFLARE, BASE, shield(), twice(look=tier), ("memory", "shield")),
    Effect(
        "CachePolicy.cloudflare.tiers.shield.ttl",
        CLOUDFLARE,
        shield(ttl=600),
        shield(ttl=60),
        seconds_left(60, 600),
        (600, 60),
    ),
    Effect(
        "CachePolicy.cloudflare.tiers.shield.max_object_bytes",
        CLOUDFLARE,
        shield(),
        shield(max_object_bytes=1000),
        twice(answer=body(2000), look=tier),
        ("shield", "miss"),
    ),
    Effect(
        "CachePolicy.cloudflare.tiers.shield.max_bytes",
        CLOUDFLARE,
        shield(shards=1),
        shield(shards=1, max_bytes=3000, max_object_bytes=3000),
        first_of_two,
        ("shield", "miss"),
    ),
    # --- times that are drawn ---------------------------------------------------------------------------------------
    *drawn(
        "CachePolicy",
        CLOUDFLARE,
        lambda parts: given(
            cache={"edge_ttl": parts.get("jitter", {}).get("max", 3600), "tiers": {"memory": OFF}, **parts}
        ),
        100,
        3600,
    ),
    *drawn(
        "CachePolicy",
        CLOUDFRONT,
        lambda parts: given(cache={"edge_ttl": parts.get("jitter", {}).get("max", 3600), **parts}),
        100,
        3600,
    ),
    *drawn(
        "CachePolicy.cloudflare.tiers.memory",
        CLOUDFLARE,
        lambda parts: tiers(memory={"ttl_ceiling": 3000, **parts}),
        100,
        3000,
    ),
    *drawn(
        "CachePolicy.tiers.edge",
        CLOUDFLARE,
        lambda parts: tiers(memory=OFF, edge={"ttl_ceiling": 3000, **parts}),
        100,
        3000,
    ),
    *drawn("CachePolicy.cloudflare.tiers.kv", CLOUDFLARE, lambda parts: kv(ttl=3000, **parts), 100, 3000),
    *drawn("CachePolicy.cloudflare.tiers.shield", CLOUDFLARE, lambda parts: shield(ttl=3000, **parts), 100, 3000),
    # --- the shield's place, and where KV is --------------------------------------------------------------------------
    Recorded(
        "CachePolicy.tiers.shield.location",
        CLOUDFLARE,
        shield(),
        shield(location="weur"),
        lambda run: settings_of(run.one("WorkerVersion"))["endpoints"][0]["cache"]["tiers"]["shield"]["location"],
        (None, "weur"),
        "shield-place",
        "There is one place.",
    ),
    Effect(
        "CachePolicy.cloudflare.tiers.shield.shards",
        CLOUDFLARE,
        shield(shards=1),
        shield(shards=64),
        objects_of_the_shield,
        (False, True),
    ),
    Effect(
        "CachePolicy.cloudflare.tiers.kv.binding",
        CLOUDFLARE,
        kv(binding=Later(second_store, "SECOND")),
        kv(),
        keeps,
        (False, True),
    ),
    # --- what CloudFront does not have -------------------------------------------------------------------------------
    unknown_to_cloudfront(
        "tiers.edge.enabled",
        {"tiers": {"edge": OFF, "shield": {"location": "weur"}}},
        "has `tiers.edge` disabled",
        "Leave `tiers.edge.enabled` out",
    ),
    # --- what it has, in its own way ---------------------------------------------------------------------------------
    Effect("CachePolicy.tiers", CLOUDFRONT, BASE, tiers(edge={"ttl_ceiling": 60}), seconds_left(60, 3600), (3600, 60)),
    Effect(
        "CachePolicy.tiers.edge", CLOUDFRONT, BASE, tiers(edge={"ttl_ceiling": 60}), seconds_left(60, 3600), (3600, 60)
    ),
    Effect(
        "CachePolicy.tiers.edge.ttl_ceiling",
        CLOUDFRONT,
        BASE,
        tiers(edge={"ttl_ceiling": 1}),
        asked_again(),
        (False, True),
    ),
    *drawn("CachePolicy.tiers.edge", CLOUDFRONT, lambda parts: tiers(edge={"ttl_ceiling": 3000, **parts}), 100, 3000),
    Recorded(
        "CachePolicy.tiers.shield",
        CLOUDFRONT,
        BASE,
        tiers(shield={"location": "weur"}),
        shield_region,
        (None, "eu-west-1"),
        "aws-edge-locations",
        "There is one cache, before which nothing can be shielded.",
    ),
    Recorded(
        "CachePolicy.tiers.shield.location",
        CLOUDFRONT,
        tiers(shield={"location": "weur"}),
        tiers(shield={"location": "apac"}),
        shield_region,
        ("eu-west-1", "ap-southeast-1"),
        "aws-edge-locations",
        "There is one cache, before which nothing can be shielded.",
    ),
    Effect("CachePolicy.key.host", CLOUDFRONT, own_host(), own_host(host=False), by_host, ("miss", "hit")),
)
