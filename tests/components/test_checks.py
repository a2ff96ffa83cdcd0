"""The checks of single values, by properties: nothing crashes, what is sound is taken, what is not is refused."""

import string
from typing import Any

import pytest
from edgewright.arguments import checks
from edgewright.arguments.endpoints.check import check_endpoints
from edgewright.arguments.endpoints.models import Api, Endpoint
from edgewright.base.faults import Faults, InputFaults, closest, show
from edgewright.contract.countries import countries, distance_km
from edgewright.platforms.cloudflare.arguments import check_rollout
from edgewright.platforms.cloudflare.asked import Rollout
from edgewright.platforms.cloudflare.cache_rules import specificity
from edgewright.platforms.cloudflare.routes import covers
from hypothesis import example, given
from hypothesis import strategies as st

LABEL = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?", fullmatch=True).filter(
    lambda text: not text.startswith("xn--")
)
HOSTNAME = st.lists(LABEL, min_size=1, max_size=4).map(lambda labels: ".".join([*labels, "example"]))
SEGMENT = st.text(string.ascii_letters + string.digits + "._~-", min_size=1, max_size=8).filter(
    lambda text: text not in (".", "..")
)
PATH = st.lists(SEGMENT, max_size=4).map(lambda parts: "/" + "/".join(parts))
ANYTHING: Any = st.one_of(st.text(max_size=60), st.integers(), st.none(), st.binary(max_size=5), st.floats())


def fresh() -> Faults:
    return Faults("Test", "test")


@given(HOSTNAME)
def test_hostnames_are_taken(host: str) -> None:
    faults = fresh()
    assert checks.hostname("hostname", host, faults)
    assert not faults


@given(HOSTNAME, st.sampled_from(list(" _/:*@?#\\\x00\x7f\n%é漢A")), st.integers(0, 60))
def test_hostnames_with_one_wrong_character_are_refused(host: str, wrong: str, at: int) -> None:
    faults = fresh()
    assert not checks.hostname("hostname", host[:at] + wrong + host[at:], faults)
    assert len(faults.items) == 1


@given(ANYTHING)
@example("xn--")
@example("xn--a.b")
@example("." * 300)
@example("\ud800.example")
def test_no_value_breaks_a_check(value: object) -> None:
    faults = fresh()
    for check in (
        checks.hostname,
        checks.endpoint_path,
        checks.http_url,
        checks.header_name,
        checks.header_value,
        checks.binding_name,
        checks.region,
        checks.function_name,
        checks.date,
        checks.share,
    ):
        check("value", value, faults)
    checks.route_pattern("value", value, faults, "example.com")
    checks.hex_id("value", value, faults, "an id")
    checks.whole("value", value, faults, 0, 10)
    str(InputFaults("Test", "test", faults))


@given(HOSTNAME, PATH, st.sampled_from(["", "http://", "https://"]), st.booleans(), st.sampled_from(["", "*.", "*"]))
def test_route_patterns_are_taken(host: str, path: str, scheme: str, rest: bool, wildcard: str) -> None:
    faults = fresh()
    assert checks.route_pattern("routes[0]", f"{scheme}{wildcard}{host}{path}{'*' if rest else ''}", faults, None), (
        faults.items
    )


@given(HOSTNAME, HOSTNAME)
def test_a_route_is_in_its_zone_or_refused(zone: str, host: str) -> None:
    assert checks.route_pattern("routes[0]", f"{host}/*", fresh(), zone) == (host == zone or host.endswith("." + zone))
    assert checks.route_pattern("routes[0]", f"*.{zone}/*", fresh(), zone)
    assert not checks.route_pattern("routes[0]", f"not{zone}/*", fresh(), zone)


@given(HOSTNAME, PATH)
def test_a_route_covers_itself_and_what_is_under_it(host: str, path: str) -> None:
    assert covers(f"{host}{path}", f"{host}{path}")
    assert covers(f"{host}/*", f"https://{host}{path}")
    assert covers(f"*.{host}/*", f"a.{host}{path}")
    assert not covers(f"https://{host}/*", f"http://{host}{path}")
    assert not covers(f"other-{host}/*", f"{host}{path}")


@given(PATH)
def test_endpoint_paths_are_taken(path: str) -> None:
    faults = fresh()
    assert checks.endpoint_path("path", path, faults), faults.items


@given(PATH, st.sampled_from(list('?#{}\\ "<>\x00é*:')), st.integers(1, 40))
def test_endpoint_paths_with_one_wrong_character_are_refused(path: str, wrong: str, at: int) -> None:
    at = min(at, len(path))
    spoilt = path[:at] + wrong + path[at:] + "a"
    parameter = wrong == ":" and spoilt[at - 1] == "/"
    if not parameter:
        assert not checks.endpoint_path("path", spoilt, fresh())


@given(st.floats(allow_nan=True, allow_infinity=True) | st.integers())
def test_a_rollouts_shares_add_to_100_or_it_is_refused(percentage: float) -> None:
    faults = fresh()
    found = check_rollout(
        Rollout(percentage=percentage, previous_version_id="1" * 8 + "-1111-1111-1111-" + "1" * 12), faults
    )
    if not faults:
        assert 0 <= found <= 100
        assert round(found + round(100 - found, 2), 2) == 100


@given(st.lists(PATH, min_size=1, max_size=6, unique=True), st.randoms())
def test_endpoints_are_ordered_whatever_the_order_given(paths: list[str], random: Any) -> None:
    def ordered(given_paths: list[str]) -> list[Any]:
        api = Api(endpoints=tuple(Endpoint(path=path, origin={}) for path in given_paths))
        return [(item.path, item.methods) for item in check_endpoints(api, fresh()).items]

    shuffled = list(paths)
    random.shuffle(shuffled)
    assert ordered(paths) == ordered(shuffled)


def test_the_more_specific_path_ranks_higher() -> None:
    paths = ["/a/b", "/a/*", "/*", "/a/:id", "/:x/b"]
    assert sorted(paths, key=specificity) == ["/*", "/:x/b", "/a/*", "/a/:id", "/a/b"]


def test_every_country_is_there_once_with_a_place() -> None:
    table = countries()
    assert len(table) == 249
    assert list(table) == sorted(table)
    for code, country in table.items():
        assert code == country.code
        assert len(code) == 2
        assert country.continent in {"AF", "AN", "AS", "EU", "NA", "OC", "SA"}
        assert -90 <= country.latitude <= 90
        assert -180 <= country.longitude <= 180
        assert country.name
    assert {table[code].continent for code in ("DE", "US", "BR", "JP", "AU", "KE")} == {
        "EU",
        "NA",
        "SA",
        "AS",
        "OC",
        "AF",
    }


def test_distance_is_the_great_circles() -> None:
    assert distance_km((51.5, -0.1), (40.7, -74.0)) == pytest.approx(5570, abs=20)
    assert distance_km((0, 179), (0, -179)) == pytest.approx(222, abs=2)


def test_messages_say_the_word_that_was_meant_and_cut_long_values() -> None:
    assert closest("edge_tll", ["edge_ttl", "mode"]) == "edge_ttl"
    assert closest("zzz", ["edge_ttl", "mode"]) is None
    assert len(show("x" * 500)) == 80
    error = InputFaults("EdgeApi", "api", [])
    assert str(error) == "EdgeApi 'api': 0 faults in its arguments"


@pytest.mark.parametrize(
    ("value", "problem", "meant"),
    [
        ("Bad_Host", "is not lower case, and has the label 'bad_host', which DNS does not allow", ""),
        ("API", "is not lower case, and is not a full hostname", ""),
        ("API.Example.com.", "ends with a dot, and is not lower case", "api.example.com"),
        ("API.example.com", "is not lower case", "api.example.com"),
        ("münchen", "is not ASCII, and is not a full hostname", ""),
        ("bad_host.example.com.", "ends with a dot, and has the label 'bad_host', which DNS does not allow", ""),
    ],
)
def test_what_a_fix_says_to_write_is_taken(value: str, problem: str, meant: str) -> None:
    faults = Faults("EdgeApi", "api")
    assert not checks.hostname("hostname", value, faults)
    assert not checks.route_pattern("route", f"https://*.{value}/api/*", faults, None)
    host, route = faults
    assert host.problem == f"{value!r} {problem}"
    assert route.problem == f"'https://*.{value}/api/*' has a hostname that {problem}"
    assert host.fix == (f"Write {meant!r}." if meant else "")
    assert route.fix == (f"Write 'https://*.{meant}/api/*'." if meant else "")
    if meant:
        assert checks.hostname("hostname", meant, faults)
        assert checks.route_pattern("route", f"https://*.{meant}/api/*", faults, None)


def test_a_route_without_a_path_and_with_a_bad_hostname_is_given_no_fix_that_is_refused() -> None:
    faults = Faults("EdgeApi", "api")
    assert not checks.route_pattern("route", "Bad_Host", faults, None)
    (fault,) = faults
    assert fault.fix == ""
