"""Requests from pages of other origins, on both hosts: the CORS protocol of the Fetch standard, over HTTP."""

import httpx
import pytest

from tests.contract.conftest import Edge

pytestmark = pytest.mark.runtime

ALLOWED = ("https://a.example", "https://b.example")
OTHERS = (
    None,
    "https://evil.example",
    "null",
    "https://a.example.evil.example",
    "http://a.example",
    "https://A.example",
)


def told(answer: httpx.Response) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name.startswith("access-control-")}


def varies(answer: httpx.Response) -> bool:
    return "origin" in [name.strip().lower() for name in answer.headers.get("vary", "").split(",")]


def of(origin: str | None) -> dict[str, str]:
    return {} if origin is None else {"Origin": origin}


def allowed(origin: str) -> dict[str, str]:
    return {
        "access-control-allow-origin": origin,
        "access-control-allow-credentials": "true",
        "access-control-expose-headers": "x-own",
    }


@pytest.mark.parametrize("path", ["/pages/{}", "/pages/handled?id={}"])
def test_a_stored_answer_tells_each_allowed_origin_and_no_other(edge: Edge, fresh: str, path: str) -> None:
    target = path.format(fresh)
    for turn in range(2):
        for origin in ALLOWED:
            answer = edge.ask(target, headers=of(origin))
            assert (answer.status_code, told(answer), varies(answer)) == (200, allowed(origin), True)
            assert not turn or Edge.hit(answer)
        for other in OTHERS:
            answer = edge.ask(target, headers=of(other))
            assert (answer.status_code, told(answer), varies(answer)) == (200, {}, True), other


@pytest.mark.parametrize("first", [None, "https://evil.example"])
def test_an_answer_that_was_stored_for_others_still_tells_an_allowed_origin(
    edge: Edge, fresh: str, first: str | None
) -> None:
    for _ in range(2):
        assert told(edge.ask(f"/pages/{fresh}", headers=of(first))) == {}
    assert told(edge.ask(f"/pages/{fresh}", headers=of(ALLOWED[1]))) == allowed(ALLOWED[1])


def test_where_every_origin_is_allowed_one_stored_answer_is_for_all(edge: Edge, fresh: str) -> None:
    for index, origin in enumerate((None, *ALLOWED, "https://evil.example")):
        answer = edge.ask(f"/for-all/{fresh}", headers=of(origin))
        assert (told(answer), varies(answer)) == ({"access-control-allow-origin": "*"}, False)
        assert not index or Edge.hit(answer)


@pytest.mark.parametrize("path", ["/pages/{}", "/shared/pages/{}"])
def test_a_preflight_is_answered_without_the_origin(edge: Edge, fresh: str, path: str) -> None:
    before = len(edge.us.seen)
    for origin in (*ALLOWED, "https://evil.example"):
        asked = {**of(origin), "Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "x-mine"}
        answer = edge.ask(path.format(fresh), "OPTIONS", headers=asked)
        assert (answer.status_code, answer.content, varies(answer)) == (204, b"", True)
        expected = {
            "access-control-allow-origin": origin,
            "access-control-allow-credentials": "true",
            "access-control-allow-methods": "GET, HEAD",
            "access-control-allow-headers": "x-mine",
            "access-control-max-age": "600",
        }
        assert told(answer) == (expected if origin in ALLOWED else {})
    assert not [target for target in edge.us.seen[before:] if fresh in target]


def test_a_page_may_read_why_it_was_refused(edge: Edge, fresh: str) -> None:
    for origin in ALLOWED:
        answer = edge.ask(f"/shared/pages/{fresh}", headers=of(origin))
        assert (answer.status_code, told(answer)) == (401, allowed(origin))
        answer = edge.ask(f"/shared/pages/{fresh}", headers={**of(origin), **edge.bearer()})
        assert (answer.status_code, told(answer)) == (200, allowed(origin))
    assert told(edge.ask(f"/shared/pages/{fresh}", headers=of("https://evil.example"))) == {}


def test_another_spelling_of_the_path_tells_no_other_origin(edge: Edge, fresh: str) -> None:
    for spelling in (f"/%70ages/{fresh}", f"//pages/{fresh}", f"/pages/./{fresh}"):
        for origin in (*ALLOWED, *OTHERS):
            answer = edge.ask(spelling, headers=of(origin))
            assert told(answer).get("access-control-allow-origin") in (None, origin if origin in ALLOWED else None)


def test_an_endpoint_without_it_tells_nothing(edge: Edge, fresh: str) -> None:
    assert told(edge.ask(f"/api/products/{fresh}", headers=of(ALLOWED[0]))) == {}
