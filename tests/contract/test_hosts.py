"""The contract of both hosts: the same requests, the same answers, but for the names of headers that tell of caches."""

import base64
import http.client
import json
import re
import time
from typing import Any

import httpx
import jwt
import pytest

from tests.contract.conftest import AUDIENCE, ISSUER, SESSION, SESSION_ID, Edge
from tests.loopback import PATIENCE_S
from tests.processes import wait_for

pytestmark = pytest.mark.runtime


def problem(answer: httpx.Response, status: int, code: str, instance: str | None = None) -> None:
    """Hold an answer to being a problem document."""
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text
    document = answer.json()
    assert (document["type"], document["status"], document["code"]) == ("about:blank", status, code)
    assert document["title"]
    assert document["detail"]
    assert answer.headers["cache-control"] == "no-store"
    if instance is not None:
        assert document["instance"] == instance


# --- routing -----------------------------------------------------------------------------------------------------------


def test_a_handler_is_given_the_request_its_parameters_and_its_settings(edge: Edge) -> None:
    answer = edge.ask("/echo/a%20b?x=1", headers={"X-Mine": "yes"})
    assert (answer.status_code, answer.headers["x-handler"]) == (200, "echo")
    told = answer.json()
    assert (told["method"], told["params"], told["mode"]) == ("GET", {"id": "a b"}, "contract")
    assert told["headers"]["x-mine"] == "yes"


def test_a_handler_is_given_the_body_of_a_post(edge: Edge) -> None:
    answer = edge.ask("/echo/1", "POST", content=b"hello", headers={"Content-Type": "text/plain"})
    assert (answer.json()["method"], answer.json()["body"]) == ("POST", "hello")


def test_a_handler_may_be_a_function(edge: Edge) -> None:
    assert edge.ask("/function").text == "from a function: /function"


def test_the_most_specific_path_answers(edge: Edge) -> None:
    assert edge.ask("/api/products/special").text == "from a function: /api/products/special"
    problem(edge.ask("/api/products/special", "POST"), 405, "method-not-allowed", "/api/products/special")


def test_what_nothing_answers_is_a_404(edge: Edge) -> None:
    problem(edge.ask("/nowhere?secret=1"), 404, "no-endpoint", "/nowhere")
    problem(edge.ask("/nowhere", "POST", content=b"x"), 404, "no-endpoint", "/nowhere")


@pytest.mark.parametrize("method", ["DELETE", "PATCH", "PUT"])
def test_a_wrong_method_is_a_405_with_what_is_allowed(edge: Edge, method: str) -> None:
    for path, allowed in (
        ("/echo/1", "GET, HEAD, OPTIONS, POST"),
        ("/api/products/1", "GET, HEAD, OPTIONS"),
        ("/me", "GET, HEAD, OPTIONS"),
    ):
        answer = edge.ask(path, method)
        problem(answer, 405, "method-not-allowed", path)
        assert answer.headers["allow"] == allowed


def test_options_tells_what_is_allowed(edge: Edge) -> None:
    answer = edge.ask("/echo/1", "OPTIONS")
    assert (answer.status_code, answer.headers["allow"], answer.text) == (204, "GET, HEAD, OPTIONS, POST", "")


def test_head_is_get_without_a_body(edge: Edge, fresh: str) -> None:
    for path in ("/echo/1", f"/open/{fresh}", f"/api/products/{fresh}"):
        answer = edge.ask(path, "HEAD")
        assert (answer.status_code, answer.content) == (200, b""), path


def test_a_handlers_fault_is_a_500_that_tells_nothing(edge: Edge) -> None:
    answer = edge.ask("/throws")
    problem(answer, 500, "internal", "/throws")
    assert "secret-of-the-stack-trace" not in answer.text


def test_an_origin_is_sent_the_path_that_was_matched(edge: Edge) -> None:
    assert edge.ask("/open//a/./b/../%63;d?x=1;y=2").json()["url"] == "/open/a/c%3Bd?x=1%3By=2"
    assert edge.ask("/legacy/a/b?c=1").json()["url"] == "/a/b?c=1"


def test_an_origin_is_sent_the_body_of_a_put(edge: Edge) -> None:
    told = edge.ask("/open/put", "PUT", content=b"whole").json()
    assert (told["method"], told["body"]) == ("PUT", "whole")


def test_a_large_answer_comes_whole(edge: Edge) -> None:
    assert len(edge.ask("/large").json()["large"]) == 1_500_000


def test_a_caller_over_the_limit_is_told_so_and_others_are_not(edge: Edge) -> None:
    mine, other = ({"X-Local-IP": address} for address in ("203.0.113.7", "203.0.113.8"))
    assert edge.ask("/limited", headers=mine).status_code == 200
    assert 429 in {edge.ask("/limited", headers=mine).status_code for _ in range(100)}
    assert edge.ask("/limited", headers=other).status_code == 200
    assert edge.ask("/function", headers=mine).status_code == 200


# --- attacks -----------------------------------------------------------------------------------------------------------

SPELLINGS = (
    "/private/%2e%2e/private/x.css",
    "/open/../private/x.css",
    "/open/%2e%2e/private/x.css",
    "//private/x.css",
    "/./private//x.css",
    "/%70rivate/x.css",
    "/private/x.css;jsessionid=1",
)
MALFORMED = (
    "/private%2fx.css",
    "/open/%5c..%5cprivate",
    "/open/x%00.css",
    "/open/%252e%252e/private",
    "/open/..;/private/x",
    "/open/%zz",
    "/open/%0d%0aSet-Cookie:%20a=b",
)


@pytest.mark.parametrize("path", SPELLINGS)
def test_attack_9_every_spelling_of_a_path_needs_what_the_path_needs(edge: Edge, path: str) -> None:
    before = len(edge.us.seen)
    problem(edge.ask(path), 401, "no-session")
    assert len(edge.us.seen) == before
    known = edge.ask(path, headers=SESSION)
    assert known.status_code == 200
    again = edge.ask(path)
    problem(again, 401, "no-session")


@pytest.mark.parametrize("path", MALFORMED)
def test_attack_9_what_can_be_read_in_two_ways_is_a_400(edge: Edge, path: str) -> None:
    before = len(edge.us.seen)
    problem(edge.ask(path), 400, "malformed-path", "/")
    assert len(edge.us.seen) == before


FORGED = {
    "X-Forwarded-Host": "evil.test",
    "X-Forwarded-For": "6.6.6.6",
    "X-Original-URL": "/admin",
    "X-Rewrite-URL": "/admin",
    "X-HTTP-Method-Override": "DELETE",
    "True-Client-IP": "6.6.6.6",
    "Forwarded": "for=6.6.6.6;host=evil.test",
    "X_Forwarded_Host": "evil.test",
    "X-Origin-Region": "moon",
    "X-Edgewright-User": "root",
    "X-Edgewright-Kv": f"session%3A{SESSION_ID}=%7B%22user%22%3A%22root%22%7D",
    "X-Edgewright-Region": "moon",
}


def test_attacks_8_and_15_what_a_client_may_not_say_reaches_nobody(edge: Edge) -> None:
    for path in ("/open/forged", "/echo/forged"):
        headers = edge.ask(path, headers=FORGED).json()["headers"]
        assert not [value for value in headers.values() if value in FORGED.values()], headers
        assert not {"x-edgewright-user", "x-edgewright-kv", "x_forwarded_host", "x-original-url"} & headers.keys()


def test_attack_15_a_session_cannot_be_brought_along(edge: Edge) -> None:
    unknown = {"Cookie": "session=an-id-that-nobody-has"}
    forged = {**unknown, "X-Edgewright-Kv": "session%3Aan-id-that-nobody-has=%7B%22user%22%3A%22root%22%7D"}
    for path in ("/me", "/private/x", "/club/forged"):
        problem(edge.ask(path, headers=forged), 401, "unknown-session", path)


def test_an_origin_does_not_speak_for_the_edge(edge: Edge) -> None:
    headers = edge.ask("/spoof").headers
    assert headers["x-origin-region"] == "us"
    assert "x-edgewright-policy" not in headers


def test_attack_8_a_second_client_gets_a_clean_answer(edge: Edge, fresh: str) -> None:
    poison = {**FORGED, "X-Anything": "poison", "Cookie": "a=poison", "User-Agent": "poison", "Origin": "http://poison"}
    first = edge.ask(f"/api/products/{fresh}", headers=poison)
    assert "poison" not in first.text
    assert "evil" not in first.text
    second = edge.ask(f"/api/products/{fresh}")
    assert edge.hit(second)
    assert second.text == first.text


def test_attack_11_parameters_in_any_order_spelling_and_company_are_one_entry(edge: Edge, fresh: str) -> None:
    path = f"/api/products/{fresh}"
    first = edge.ask(f"{path}?page=2&id=1&utm_source=poison")
    told, _, query = first.json()["url"].partition("?")
    assert (told, sorted(query.split("&"))) == (path, ["id=1", "page=2"])
    for query in ("id=1&page=2", "page=2&id=1", "id=1&utm_source=other&page=2", "%69d=1&pag%65=2"):
        answer = edge.ask(f"{path}?{query}")
        assert edge.hit(answer), query
        assert answer.text == first.text
    for query in ("id=2&page=2", "id=1", "id=1&page=2&id=3"):
        assert not edge.hit(edge.ask(f"{path}?{query}")), query


def test_a_browser_is_left_browser_ttl_however_long_an_answer_lay_at_the_edge(edge: Edge, fresh: str) -> None:
    def age_and_max_age(answer: httpx.Response) -> tuple[int, int]:
        found = re.search(r"\bmax-age=(\d+)", answer.headers["cache-control"].replace("s-maxage", ""))
        return int(answer.headers.get("age", "0")), int(found[1] if found else -1)

    path = f"/api/products/{fresh}"
    age, most = age_and_max_age(edge.ask(path))
    assert most == 60 + age  # Date has whole seconds: the first answer may be of the one before
    wait_for(lambda: age_and_max_age(edge.ask(path))[0] >= 2, "an answer that lay at the edge")
    answer = edge.ask(path)
    assert edge.hit(answer)
    age, most = age_and_max_age(answer)
    assert most == 60 + age


# --- callers -----------------------------------------------------------------------------------------------------------


def test_a_session_is_told_to_its_owner_alone(edge: Edge) -> None:
    for sent in (SESSION, {"Authorization": f"Bearer {SESSION_ID}"}):
        answer = edge.ask("/me", headers=sent)
        assert (answer.status_code, answer.json()) == (200, {"user": "ada"})
        assert answer.headers["cache-control"] in ("no-store", "private, no-store", "private")
    problem(edge.ask("/me"), 401, "no-session", "/me")
    problem(edge.ask("/me", headers={"Cookie": "session=unknown-session"}), 401, "unknown-session", "/me")


def test_a_good_token_is_let_in_and_its_claims_are_known_to_handlers(edge: Edge) -> None:
    assert edge.ask("/tokens/1", headers=edge.bearer()).status_code == 200
    claims = edge.ask("/claims", headers=edge.bearer(role="admin")).json()["claims"]
    assert (claims["sub"], claims["role"], claims["iss"]) == ("ada", "admin", ISSUER)


def _unsigned(edge: Edge) -> str:
    claims = {"iss": ISSUER, "aud": AUDIENCE, "exp": int(time.time()) + 600}
    parts = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in ({"alg": "nOnE"}, claims)
    ]
    return f"{parts[0]}.{parts[1]}.AA"


def _with_the_public_key(edge: Edge) -> str:
    header, claims = (
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()
        for part in ({"alg": "HS256", "kid": "one"}, {"iss": ISSUER, "aud": AUDIENCE, "exp": int(time.time()) + 600})
    )
    algorithm = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256)
    signature = algorithm.sign(f"{header}.{claims}".encode(), edge.keys.pem)
    return f"{header}.{claims}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def _changed(edge: Edge) -> str:
    head, claims, signature = edge.keys.token().split(".")
    return f"{head}.{claims}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}"


BAD_TOKENS: dict[str, Any] = {
    "attack 1: no algorithm": _unsigned,
    "attack 2: the public key as a secret": _with_the_public_key,
    "attack 4: a kid that looks elsewhere": lambda edge: edge.keys.token(headers={"kid": "../../keys' OR 1=1 --"}),
    "attack 5: another signature": _changed,
    "attack 5: padding": lambda edge: edge.keys.token() + "==",
    "attack 6: another issuer": lambda edge: edge.keys.token(iss="https://evil.example.com"),
    "attack 6: another audience": lambda edge: edge.keys.token(aud="other"),
    "attack 6: expired": lambda edge: edge.keys.token(exp=int(time.time()) - 3600),
    "attack 6: not yet valid": lambda edge: edge.keys.token(nbf=int(time.time()) + 3600),
    "a token that never expires": lambda edge: edge.keys.token(exp=None),
}


@pytest.mark.parametrize("attack", BAD_TOKENS)
@pytest.mark.parametrize("path", ["/tokens/bad", "/shared/bad"])
def test_a_bad_token_is_a_401_and_nobody_behind_the_edge_hears_of_it(edge: Edge, path: str, attack: str) -> None:
    before = len(edge.us.seen)
    answer = edge.ask(path, headers={"Authorization": f"Bearer {BAD_TOKENS[attack](edge)}"})
    problem(answer, 401, "invalid-token", path)
    assert answer.headers["www-authenticate"] == 'Bearer realm="contract", error="invalid_token"'
    assert len(edge.us.seen) == before


def test_attack_3_a_token_does_not_say_where_its_keys_are(edge: Edge) -> None:
    before = len(edge.origins["eu"].seen)
    token = edge.keys.token(headers={"jku": f"{edge.origins['eu'].url}/jku", "kid": "two"})
    problem(edge.ask("/shared/jku", headers={"Authorization": f"Bearer {token}"}), 401, "invalid-token")
    assert len(edge.origins["eu"].seen) == before


def test_what_is_stored_behind_a_token_is_given_to_no_one_without(edge: Edge, fresh: str) -> None:
    path = f"/shared/{fresh}"
    problem(edge.ask(path), 401, "no-token", path)
    first = edge.ask(path, headers=edge.bearer())
    assert first.status_code == 200
    second = edge.ask(path, headers=edge.bearer(sub="bob"))
    assert edge.hit(second), "the origin said that it is for everybody who may come in"
    assert second.text == first.text
    assert edge.us.seen.count(path) == 1
    # It is in the store now: strangers must still be asked who they are.
    problem(edge.ask(path), 401, "no-token", path)
    for bad in BAD_TOKENS.values():
        problem(edge.ask(path, headers={"Authorization": f"Bearer {bad(edge)}"}), 401, "invalid-token", path)
    for spelling in (f"/shared/./{fresh}", f"//shared/{fresh}", f"/%73hared/{fresh}", f"/open/../shared/{fresh}"):
        problem(edge.ask(spelling), 401, "no-token")
        assert edge.ask(spelling, headers=edge.bearer()).status_code == 200
        problem(edge.ask(spelling), 401, "no-token")
    assert edge.ask(path, "HEAD").status_code == 401
    assert edge.ask(path, "OPTIONS").headers["allow"] == "GET, HEAD, OPTIONS"


def test_what_is_stored_behind_a_session_is_given_to_no_one_without(edge: Edge, fresh: str) -> None:
    path = f"/club/{fresh}"
    problem(edge.ask(path), 401, "no-session", path)
    first = edge.ask(path, headers=SESSION)
    assert first.status_code == 200
    second = edge.ask(path, headers=SESSION)
    assert edge.hit(second)
    assert second.text == first.text
    problem(edge.ask(path), 401, "no-session", path)
    problem(edge.ask(path, headers={"Cookie": "session=unknown-session"}), 401, "unknown-session", path)
    problem(edge.ask(path, headers={"Authorization": "Basic YTpi"}), 401, "unknown-session", path)
    for spelling in (f"/club/./{fresh}", f"//club/{fresh}", f"/open/../club/{fresh}"):
        assert edge.ask(spelling, headers=SESSION).status_code == 200
        problem(edge.ask(spelling), 401, "no-session")


# --- regions -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("country", "region"), [("US", "us"), ("DE", "eu"), ("JP", "apac"), ("BR", "us")])
def test_the_country_chooses_the_region(edge: Edge, country: str, region: str) -> None:
    answer = edge.ask("/near", headers={"X-Local-Country": country})
    assert (answer.json()["region"], answer.headers["x-origin-region"]) == (region, region)
    assert int(answer.headers["x-origin-latency"]) >= 0


@pytest.mark.parametrize("failing", [("us",), ("us", "eu"), ("us", "apac")])
def test_the_next_nearest_that_is_well_answers_and_the_response_says_so(edge: Edge, failing: tuple[str, ...]) -> None:
    for region in failing:
        edge.origins[region].status = 503
    try:
        answer = edge.ask("/near", headers={"X-Local-Country": "US"})
    finally:
        for region in failing:
            edge.origins[region].status = 200
    (left,) = [region for region in ("eu", "apac") if region not in failing][:1]
    assert (answer.status_code, answer.json()["region"], answer.headers["x-origin-region"]) == (200, left, left)
    assert "us" in answer.headers["x-origin-failover"]


def test_where_all_fail_the_last_ones_error_is_passed_on_and_not_stored(edge: Edge, fresh: str) -> None:
    for origin in edge.origins.values():
        origin.status = 503
    path = f"/near/cached?id={fresh}"
    try:
        answer = edge.ask(path)
        assert (answer.status_code, answer.json()["region"] in edge.origins) == (503, True)
        assert answer.headers["x-origin-region"] == answer.json()["region"]
    finally:
        for origin in edge.origins.values():
            origin.status = 200
    well = edge.ask(path)
    assert (well.status_code, edge.hit(well)) == (200, False)
    assert edge.hit(edge.ask(path))


# --- where redirects lead -------------------------------------------------------------------------------------------------


EVIL = (
    ".evil.test/",
    "@evil.test/",
    ":x@evil.test/",
    "/evil.test",
    "//evil.test",
    "///evil.test",
    "%5Cevil.test",
    "/%5Cevil.test",
    "%09/evil.test",
    "/%09/evil.test",
    "%0d%0aSet-Cookie:%20a=b",
    "%00/evil.test",
    "%20/evil.test",
    "%2F%2Fevil.test",
    "%40evil.test",
    "?@evil.test/",
    "?//evil.test",
    "x?to=https://evil.test/&a=%0d%0ab",
)


@pytest.mark.parametrize("rest", EVIL)
@pytest.mark.parametrize("where", ["/to-host/", "/to-part", "/to-root/", "/shared/moved/", "/shared/home/"])
def test_no_path_turns_a_redirect_to_another_host(edge: Edge, where: str, rest: str) -> None:
    if edge.host != "cloudfront":
        assert edge.ask(where + rest).status_code == 404 or "location" not in edge.ask(where + rest).headers
        return
    answer = edge.ask(where + rest)
    location = answer.headers["location"]
    assert answer.status_code == 308, answer.text
    # As browsers read it: control characters dropped, backslashes taken for slashes.
    read = re.sub(r"[\x00-\x20\x7f]", "", location).replace("\\", "/")
    host = httpx.URL("https://edge.example.com/").join(read).host
    assert host == ("edge.example.com" if where in ("/to-root/", "/shared/home/") else "new.example.com"), location
    assert location == read
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("rest", ["..", "../x", "a/../../x", "%2e%2e/x", "a/%2E./x", "./x"])
@pytest.mark.parametrize("where", ["/to-host/", "/shared/moved/"])
def test_a_path_with_dots_leaves_no_redirect_s_target(edge: Edge, where: str, rest: str) -> None:
    url = httpx.URL(edge.cloud.url)
    # httpx would ask for the path without its dots, as browsers do.
    connection = http.client.HTTPConnection(url.host, url.port, timeout=PATIENCE_S)
    try:
        connection.request("GET", where + rest)
        answer = connection.getresponse()
        assert (answer.status != 308, answer.getheader("location")) == (True, None)
    finally:
        connection.close()


def test_a_redirect_takes_the_query_along(edge: Edge) -> None:
    if edge.host != "cloudfront":
        return
    for sent, location in (
        ("/to-host/a/b", "https://new.example.com/a/b"),
        ("/to-host/a?b=1&c", "https://new.example.com/a?b=1&c"),
        ("/to-page/x", "/page?a=1#here"),
        ("/to-page/x?b=2", "/page?a=1&b=2#here"),
        ("/shared/moved/a?b=1", "https://new.example.com/a?b=1"),
        ("/files/old.txt", "/files/new.txt"),
    ):
        assert edge.ask(sent).headers["location"] == location
    assert edge.ask("/files/new.txt").text == "new\n"


# --- how long a session lasts ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/me", "/private/x", "/club/1"])
@pytest.mark.parametrize(
    ("made", "status"),
    [
        ("made-just-now", 200),
        ("made-yesterday", 200),
        ("made-too-long-ago", 401),
        ("made-at-the-epoch", 401),
        ("made-tomorrow", 401),
        ("made-before-time", 401),
        ("made-in-words", 401),
        ("made-never", 401),
    ],
)
def test_a_session_older_than_its_ttl_is_none(edge: Edge, path: str, made: str, status: int) -> None:
    for shown in ({"Cookie": f"session={made}"}, {"Authorization": f"Bearer {made}"}):
        answer = edge.ask(path, headers=shown)
        assert answer.status_code == status, answer.text
        if status == 401:
            problem(answer, 401, "unknown-session", path)


# --- what cannot act --------------------------------------------------------------------------------------------------------


def test_passing_through_on_an_exception_is_refused_with_what_to_do(edge: Edge) -> None:
    problem(edge.ask("/passes-through"), 500, "internal", "/passes-through")
    wait_for(
        lambda: "Catch what may fail in the handler" in "\n".join(map(str, edge.cloud.control.logs())),
        "the reason in the log",
    )
