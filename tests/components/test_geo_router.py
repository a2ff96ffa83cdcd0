"""GeoRouter: every country has a region, origins fail over by distance, and what cannot be is refused."""

from typing import Any

import pulumi
import pytest
from edgewright import GeoRouter
from edgewright.contract.countries import countries
from edgewright.contract.models import RouterSpec
from edgewright.geo_router import GeoRouterArgs
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.components.program import UNKNOWN, faults_of, run

THREE: list[Any] = [
    {"region": "us", "url": "https://us.example.com"},
    {"region": "eu", "url": "https://eu.example.com"},
    {"region": "apac", "url": "https://apac.example.com/"},
]


def routing(args: Any, **options: Any) -> Any:
    return run(lambda: GeoRouter("origins", args), **options).one("GeoRouter").outputs["routing"]


def router_of(args: GeoRouterArgs) -> RouterSpec:
    return RouterSpec.model_validate(routing(args))


def region_of(router: RouterSpec, country: str) -> str:
    (found,) = [origin.region for origin in router.origins if country in origin.countries]
    return found


def test_every_country_has_exactly_one_region() -> None:
    router = router_of({"origins": THREE, "fallback": "us"})
    served = [code for origin in router.origins for code in origin.countries]
    assert len(served) == 249
    assert sorted(served) == sorted(countries())


@pytest.mark.parametrize(
    ("country", "region"),
    [
        ("US", "us"),
        ("CA", "us"),
        ("BR", "us"),
        ("DE", "eu"),
        ("GB", "eu"),
        ("NG", "eu"),
        ("JP", "apac"),
        ("AU", "apac"),
        ("IN", "apac"),
    ],
)
def test_countries_go_to_the_nearest_region(country: str, region: str) -> None:
    assert region_of(router_of({"origins": THREE, "fallback": "us"}), country) == region


def test_a_country_named_by_a_region_goes_there_whatever_the_distance() -> None:
    origins = [{**THREE[0], "countries": ["JP", "BR"]}, *THREE[1:]]
    router = router_of({"origins": origins, "fallback": "us"})
    assert region_of(router, "JP") == "us"
    assert region_of(router, "KR") == "apac"


def test_origins_fail_over_to_the_nearest_first() -> None:
    router = router_of({"origins": THREE, "fallback": "us"})
    assert router.order == {"apac": ("apac", "eu", "us"), "eu": ("eu", "us", "apac"), "us": ("us", "eu", "apac")}


def test_coordinates_place_a_region_of_any_name() -> None:
    origins = [{"region": "north", "url": "https://n.example.com", "latitude": 60, "longitude": 25}, THREE[2]]
    assert region_of(router_of({"origins": origins, "fallback": "north"}), "SE") == "north"


def test_a_region_without_a_place_takes_its_countries_and_is_asked_last() -> None:
    origins = [*THREE, {"region": "lab", "url": "https://lab.example.com", "countries": ["IS"]}]
    router = router_of({"origins": origins, "fallback": "us"})
    assert [origin.countries for origin in router.origins if origin.region == "lab"] == [("IS",)]
    assert router.order["us"] == ("us", "eu", "apac", "lab")
    assert router.order["lab"] == ("lab", "us", "apac", "eu")


def test_the_order_of_declaration_says_nothing() -> None:
    one = routing({"origins": THREE, "fallback": "us"})
    other = routing({"origins": list(reversed(THREE)), "fallback": "us"})
    assert one == other


def test_defaults_are_written_out() -> None:
    router = routing({"origins": THREE[:1], "fallback": "us"})
    assert router["timeout_ms"] == 2000
    assert router["health"] == {"path": None, "interval_s": 30, "unhealthy_after": 2}
    assert 503 in router["retry_statuses"]


def test_a_url_that_is_not_known_leaves_the_rest_known_in_a_preview() -> None:
    def program() -> None:
        later = pulumi.CustomResource("test:index:Origin", "origin", {}).id.apply(
            lambda id_: f"https://{id_}.example.com"
        )
        GeoRouter("origins", {"origins": [{"region": "us", "url": later}, THREE[1]], "fallback": "us"})

    outputs = run(program, preview=True).one("GeoRouter").outputs
    assert {origin["region"]: origin["url"] for origin in outputs["routing"]["origins"]} == {
        "eu": "https://eu.example.com",
        "us": UNKNOWN,
    }
    assert outputs["regions"] == ["eu", "us"]
    known = run(program).one("GeoRouter").outputs["routing"]["origins"]
    assert known[1]["url"] == "https://origin-id.example.com"


def test_a_url_that_turns_out_wrong_is_refused_when_it_is_known() -> None:
    def program() -> None:
        url = pulumi.Output.from_input("gopher://example.com")
        GeoRouter("origins", {"origins": [{"region": "us", "url": url}], "fallback": "us"})

    assert faults_of(program) == [
        "origins[0].url: 'gopher://example.com' is not http or https."
        " Allowed: an http:// or https:// URL without credentials, query and fragment."
    ]


FAULTS: list[tuple[dict[str, Any], str]] = [
    ({"origins": [], "fallback": "us"}, "origins: is empty. Allowed: at least one origin."),
    ({"origins": THREE}, "fallback: is required and was not given."),
    ({"fallback": "us"}, "origins: is required and was not given."),
    ({"origins": THREE, "fallback": "uss"}, "fallback: 'uss' is not the region of any origin. Allowed: apac, eu, us."),
    (
        {"origins": [{"region": "EU_1", "url": "https://e.example.com"}], "fallback": "eu_1"},
        "origins[0].region: 'eu_1' is not a region's name. Allowed: a lower-case letter, then at most 30 lower-case"
        " letters, digits and hyphens.",
    ),
    (
        {"origins": [*THREE, {"region": "mars", "url": "https://m.example.com"}], "fallback": "us"},
        "origins[3].region: 'mars' is not a region whose place is known, so that no country could be given to it. Give"
        " `latitude` and `longitude`, or its `countries`, or use a known name: af, africa, ap, apac, asia, au, ca, eu, europe,"
        " in, jp, latam, me, oceania, sa, uk, us.",
    ),
    (
        {"origins": [*THREE, THREE[0]], "fallback": "us"},
        "origins[3].region: 'us' is also the region of origins[0]. Give each region one origin.",
    ),
    (
        {"origins": [{**THREE[0], "countries": ["UK"]}], "fallback": "us"},
        "origins[0].countries[0]: 'UK' is not a country. Allowed: ISO 3166-1 alpha-2 codes in capitals, for example DE."
        " Did you mean 'GB' (United Kingdom)?",
    ),
    (
        {"origins": [{**THREE[0], "countries": ["de"]}], "fallback": "us"},
        "origins[0].countries[0]: 'de' is not a country. Allowed: ISO 3166-1 alpha-2 codes in capitals, for example DE."
        " Did you mean 'DE' (Germany)?",
    ),
    (
        {"origins": [{**THREE[0], "countries": ["DE"]}, {**THREE[1], "countries": ["DE"]}], "fallback": "us"},
        "origins[1].countries[0]: 'DE' is also given to origins[0]. A country has one region.",
    ),
    (
        {"origins": [{**THREE[0], "countries": ["DE", "DE"]}], "fallback": "us"},
        "origins[0].countries[1]: 'DE' is given twice. A country has one region.",
    ),
    (
        {"origins": [{"region": "us", "url": "https://user:hunter2@us.example.com"}], "fallback": "us"},
        "origins[0].url: the value has credentials, which would be written into the function."
        " Allowed: an http:// or https:// URL without credentials, query and fragment.",
    ),
    (
        {"origins": [{**THREE[0], "latitude": 91, "longitude": 0}], "fallback": "us"},
        "origins[0].latitude: 91 is out of range. Allowed: -90 to 90 degrees.",
    ),
    (
        {"origins": [{**THREE[0], "latitude": 9}], "fallback": "us"},
        "origins[0].longitude: is missing beside the other coordinate. Give both, or neither.",
    ),
    (
        {"origins": [{**THREE[0], "headers": {"x y": "1"}}], "fallback": "us"},
        "origins[0].headers.x y: 'x y' is not a header's name. Allowed: letters, digits and !#$%&'*+-.^_`|~.",
    ),
    (
        {"origins": [{**THREE[0], "headers": {"x-a": "1\r\nset-cookie: a"}}], "fallback": "us"},
        "origins[0].headers.x-a: '1\\r\\nset-cookie: a' is not a header's value."
        " Allowed: one line, no control characters, not padded.",
    ),
    (
        {"origins": [{**THREE[0], "headers": {"Host": "a.example.com"}}], "fallback": "us"},
        "origins[0].headers.Host: is set by whoever sends the request, so that what is given here would have no effect."
        " The Host is that of `url`: give the origin's own name there.",
    ),
    (
        {"origins": [{**THREE[0], "headers": {"content-length": "1"}}], "fallback": "us"},
        "origins[0].headers.content-length: is set by whoever sends the request, so that what is given here would have no"
        " effect. Leave it out.",
    ),
    (
        {"origins": THREE, "fallback": "us", "timeout_ms": "2 parsecs"},
        "timeout_ms: '2 parsecs' has the unit 'parsecs', which is none of time. Allowed: a whole number of milliseconds, or a"
        " duration, for example '500ms'.",
    ),
    (
        {"origins": THREE, "fallback": "us", "timeout_ms": "0.5ms"},
        "timeout_ms: '0.5ms' is 0.5 milliseconds, which is not whole. Allowed: a whole number of milliseconds, or a duration,"
        " for example '500ms'.",
    ),
    (
        {"origins": THREE, "fallback": "us", "timeout_ms": "1 min"},
        "timeout_ms: 60000 is out of range ('1 min' is 60000 milliseconds). Allowed: 1 to 30000 milliseconds.",
    ),
    (
        {"origins": THREE, "fallback": "us", "timeout_ms": 0},
        "timeout_ms: 0 is out of range. Allowed: 1 to 30000 milliseconds.",
    ),
    (
        {"origins": THREE, "fallback": "us", "retry_statuses": [200]},
        "retry_statuses[0]: 200 is out of range. Allowed: 400 to 599. Only an error is asked of another origin.",
    ),
    (
        {"origins": THREE, "fallback": "us", "health_check": {"path": "health"}},
        "health_check.path: 'health' does not begin with `/`. Allowed: a path, for example /health.",
    ),
]


@pytest.mark.parametrize(("args", "fault"), FAULTS, ids=[fault[:40] for _, fault in FAULTS])
def test_a_fault_is_named(args: Any, fault: str) -> None:
    assert faults_of(lambda: GeoRouter("origins", args)) == [fault]


def test_all_faults_are_named_at_once() -> None:
    args: Any = {
        "origins": [{"region": "E U", "url": "ftp://x", "countries": ["XX"]}],
        "fallbak": "eu",
        "timeout_ms": -1,
    }
    found = faults_of(lambda: GeoRouter("origins", args))
    assert [fault.split(":")[0] for fault in found] == [
        "fallbak",
        "fallback",
        "origins[0].region",
        "origins[0].countries[0]",
        "origins[0].url",
        "timeout_ms",
    ]


def test_a_secret_header_is_refused_because_it_would_be_written_into_the_function() -> None:
    def program() -> None:
        headers: Any = {"authorization": pulumi.Output.secret("Bearer canary")}
        GeoRouter(
            "origins",
            {"origins": [{"region": "us", "url": "https://us.example.com", "headers": headers}], "fallback": "us"},
        )

    (fault,) = faults_of(program)
    assert fault.startswith("origins[0].headers.authorization: is an Output")
    assert "canary" not in fault


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(sorted(countries())), unique=True, max_size=12), st.integers(0, 2))
def test_named_countries_are_always_kept(codes: list[str], index: int) -> None:
    from edgewright.arguments.regions import REGION_POSITIONS, assign_countries

    names = ["us", "eu", "apac"]
    served = assign_countries({name: REGION_POSITIONS[name] for name in names}, {names[index]: codes}, "us")
    assert set(codes) <= set(served[names[index]])
    assert sum(map(len, served.values())) == 249


def test_an_origin_at_fault_is_not_taken_for_missing() -> None:
    origins: Any = ["https://eu.example.com", {"region": "us", "url": "https://us.example.com"}]
    (fault,) = faults_of(lambda: GeoRouter("it", {"origins": origins, "fallback": "eu"}))
    assert fault.startswith("origins[0]: 'https://eu.example.com' is not a mapping.")
