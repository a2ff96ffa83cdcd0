"""The origin over HTTP: content, validation, ranges, faults and counts."""

import hashlib
import socket
import subprocess
import sys
import time
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from examples.origins.catalogue import CATEGORIES, PRODUCTS, static_files
from examples.origins.server import parse_range
from tests.origins.conftest import Running


def _file(suffix: str) -> str:
    return next(path for path in static_files() if path.endswith(suffix))


# --- content ---------------------------------------------------------------------------------------------------------


def test_a_product_has_validators_and_names_its_region(client: httpx.Client) -> None:
    answer = client.get("/api/products/17")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-region"] == answer.json()["region"] == "eu"
    assert answer.json()["id"] == 17
    assert answer.headers["etag"].startswith('"')
    assert "last-modified" in answer.headers
    assert client.get("/api/products/17").content == answer.content


@pytest.mark.parametrize("identifier", ["0", str(PRODUCTS + 1), "abc", "01", "-1", "1/2", "%C2%B2", ""])
def test_an_unknown_product_is_a_404_problem(client: httpx.Client, identifier: str) -> None:
    answer = client.get(f"/api/products/{identifier}")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == 404
    assert answer.headers["cache-control"] == "no-store"


def test_pages_cover_every_product_once(client: httpx.Client) -> None:
    first = client.get("/api/products", params={"limit": 100}).json()
    assert first["total"] == PRODUCTS
    seen = [
        item["id"]
        for page in range(1, first["pages"] + 1)
        for item in client.get("/api/products", params={"limit": 100, "page": page}).json()["items"]
    ]
    assert sorted(seen) == list(range(1, PRODUCTS + 1))
    assert len(seen) == len(set(seen))


def test_a_category_filters_and_a_page_past_the_end_is_empty(client: httpx.Client) -> None:
    books = client.get("/api/products", params={"category": "books", "limit": 100}).json()
    assert 0 < books["total"] < PRODUCTS
    assert {item["category"] for item in books["items"]} == {"books"}
    totals = [client.get("/api/products", params={"category": name}).json()["total"] for name in CATEGORIES]
    assert sum(totals) == PRODUCTS
    assert client.get("/api/products", params={"page": 100_000}).json()["items"] == []


def test_wrong_parameters_are_told_together(client: httpx.Client) -> None:
    answer = client.get("/api/products", params={"page": "0", "limit": "many", "category": "cars"})
    assert answer.status_code == 400
    for said in ("page: '0'", "limit: 'many'", "'cars'"):
        assert said in answer.json()["detail"]


def test_other_methods_and_paths(client: httpx.Client) -> None:
    refused = client.post("/api/products", json={})
    assert refused.status_code == 405
    assert refused.headers["allow"] == "GET, HEAD"
    assert client.post("/nothing").status_code == 404
    assert client.get("/healthz").text == "ok\n"
    head, get = client.head("/api/products/3"), client.get("/api/products/3")
    assert head.content == b""
    assert head.headers["content-length"] == str(len(get.content))
    assert head.headers["etag"] == get.headers["etag"]


def test_echo_shows_what_reached_the_origin(client: httpx.Client) -> None:
    seen = client.put("/echo?a=1", content=b"hello", headers={"X-Thing": "yes"}).json()
    assert (seen["method"], seen["target"], seen["body"]) == ("PUT", "/echo?a=1", "hello")
    assert seen["headers"]["x-thing"] == "yes"


# --- static files, conditions, ranges --------------------------------------------------------------------------------


def test_static_files_are_immutable_and_named_by_content(client: httpx.Client) -> None:
    assert {path.rpartition(".")[2] for path in static_files()} == {"js", "css", "svg", "bin"}
    for path in static_files():
        answer = client.get(path)
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert hashlib.sha256(answer.content).hexdigest()[:8] == path.split(".")[1]
        again = client.get(path, headers={"If-None-Match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == answer.headers["etag"]
    assert len(client.get(_file(".bin")).content) == 200_000


def test_conditions_follow_the_precedence_of_rfc_9110(client: httpx.Client) -> None:
    answer = client.get("/api/products/1")
    etag, modified = answer.headers["etag"], answer.headers["last-modified"]

    def status(**headers: str) -> int:
        return client.get("/api/products/1", headers={k.replace("_", "-"): v for k, v in headers.items()}).status_code

    assert status(If_None_Match=f'"other", W/{etag}') == 304
    assert status(If_None_Match="*") == 304
    assert status(If_None_Match='"other"') == 200
    assert status(If_Modified_Since=modified) == 304
    assert status(If_Modified_Since="Thu, 01 Jan 2015 00:00:00 GMT") == 200
    assert status(If_Modified_Since="not a date") == 200
    assert status(If_None_Match='"other"', If_Modified_Since=modified) == 200


def test_ranges(client: httpx.Client) -> None:
    path = _file(".bin")
    whole = client.get(path)
    part = client.get(path, headers={"Range": "bytes=100-199"})
    assert (part.status_code, part.content) == (206, whole.content[100:200])
    assert part.headers["content-range"] == "bytes 100-199/200000"
    assert client.get(path, headers={"Range": "bytes=-5"}).content == whole.content[-5:]
    assert client.get(path, headers={"Range": "bytes=199990-"}).content == whole.content[199_990:]
    beyond = client.get(path, headers={"Range": "bytes=200000-"})
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, "bytes */200000")
    for ignored in ("lines=1-2", "bytes=5-2", "bytes=1-2,4-5", "bytes=-", "bytes=a-b"):
        assert client.get(path, headers={"Range": ignored}).status_code == 200
    assert client.get(path, headers={"Range": "bytes=0-1", "If-Range": '"other"'}).status_code == 200
    assert client.get(path, headers={"Range": "bytes=0-1", "If-Range": whole.headers["etag"]}).status_code == 206
    assert (
        client.get(path, headers={"Range": "bytes=0-1", "If-Range": whole.headers["last-modified"]}).status_code == 206
    )


@given(first=st.integers(0, 400), last=st.integers(0, 400), length=st.integers(1, 300))
def test_a_range_is_what_slicing_gives(first: int, last: int, length: int) -> None:
    body = bytes(index % 251 for index in range(length))
    span = parse_range(f"bytes={first}-{last}", length)
    if last < first:
        assert span == "ignore"
    elif first >= length:
        assert span == "unsatisfiable"
    else:
        assert isinstance(span, tuple)
        assert body[span[0] : span[1] + 1] == body[first : last + 1]


# --- faults and counts -----------------------------------------------------------------------------------------------


def test_it_counts_requests_and_the_admin_path_is_not_one(client: httpx.Client) -> None:
    client.get("/api/products/1")
    client.get("/api/products/1")
    client.get("/nothing")
    state = client.get("/__admin").json()
    assert state["requests"] == 3
    assert state["by_path"] == {"/api/products/1": 2, "/nothing": 1}
    assert state["by_status"] == {"200": 2, "404": 1}
    assert client.post("/__admin", json={"reset": True}).json()["requests"] == 0


def test_fail_for_some_requests_and_then_be_well(client: httpx.Client) -> None:
    client.post("/__admin", json={"mode": "fail", "status": 502, "times": 2, "prefix": "/api/"}).raise_for_status()
    assert client.get("/healthz").status_code == 200
    assert [client.get("/api/products/1").status_code for _ in range(3)] == [502, 502, 200]


def test_slow(client: httpx.Client) -> None:
    client.post("/__admin", json={"mode": "slow", "delay_ms": 300})
    began = time.monotonic()
    assert client.get("/api/products/1").status_code == 200
    assert time.monotonic() - began > 0.15  # half: no two clocks agree to the millisecond
    client.post("/__admin", json={"mode": "slow", "delay_ms": 600_000})
    with pytest.raises(httpx.ReadTimeout):
        client.get("/api/products/1", timeout=1)
    client.post("/__admin", json={"mode": "ok"})
    assert client.get("/api/products/1").status_code == 200  # and not after ten minutes


@pytest.mark.parametrize("mode", ["garbage", "half-close", "drop"])
def test_broken_answers_break_the_client_and_not_the_server(client: httpx.Client, mode: str) -> None:
    client.post("/__admin", json={"mode": mode, "times": 1})
    with pytest.raises(httpx.TransportError):
        client.get("/api/products/1")
    assert client.get("/api/products/1").status_code == 200


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"mode": "melt", "status": 200}, ["'melt' is not one of", "status: 200"]),
        ({"mode": "slow", "delay_ms": -1, "times": 0}, ["delay_ms: -1", "times: 0"]),
        ({"mdoe": "ok"}, ["mdoe: unknown"]),
        ([], ["JSON object"]),
    ],
)
def test_a_wrong_fault_is_refused_and_changes_nothing(client: httpx.Client, document: Any, said: list[str]) -> None:
    answer = client.post("/__admin", json=document)
    assert answer.status_code == 400
    for words in said:
        assert words in answer.json()["detail"]
    assert client.get("/__admin").json()["fault"]["mode"] == "ok"


def test_the_admin_path_refuses_forwarded_requests_and_forms(client: httpx.Client) -> None:
    assert client.get("/__admin", headers={"X-Forwarded-For": "127.0.0.1"}).status_code == 403
    assert client.post("/__admin", content='{"mode":"fail"}', headers={"Content-Type": "text/plain"}).status_code == 415
    assert client.post("/__admin", content="{", headers={"Content-Type": "application/json"}).status_code == 400
    assert client.delete("/__admin").status_code == 405


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", b"400"),
        (b"nonsense\r\n\r\n", b"400"),
        (b"GET //[x HTTP/1.1\r\nHost: a\r\n\r\n", b"400"),
        (b"GET /api/products?" + b"a&" * 200 + b" HTTP/1.1\r\nHost: a\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 70_000 + b"\r\n\r\n", b"431"),
        (b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2000000\r\n\r\n" + b"a" * 2_000_000, b"413"),
    ],
)
def test_bad_requests_get_an_answer(running: Running, raw: bytes, status: bytes) -> None:
    with socket.create_connection(("127.0.0.1", running.port), timeout=60) as connection:
        try:
            connection.sendall(raw)
        except ConnectionError:
            return  # refused while still sending, which is an answer too
        try:
            received = connection.recv(200)
        except ConnectionError:
            return
    assert received.startswith(b"HTTP/1.1 " + status)


def test_pipelined_and_kept_alive_requests_are_answered_in_order(running: Running) -> None:
    with socket.create_connection(("127.0.0.1", running.port), timeout=60) as connection:
        one = b"GET /api/products/%d HTTP/1.1\r\nHost: a\r\n\r\n"
        closing = b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        connection.sendall(one % 1 + one % 2 + closing)
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
    assert received.count(b"HTTP/1.1 200") == 3
    assert received.index(b'"id":1,') < received.index(b'"id":2,') < received.index(b"\r\n\r\nok")


# --- the command -----------------------------------------------------------------------------------------------------


def test_the_command_serves_stops_on_sigterm_and_says_when_a_port_is_taken() -> None:
    command = [sys.executable, "-m", "examples.origins", "--region", "apac", "--latency-ms", "1"]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process,
        httpx.Client(trust_env=False, timeout=60) as client,
    ):
        assert process.stdout is not None
        assert process.stderr is not None
        line = process.stdout.readline()
        assert line, process.stderr.read()
        region, url = line.strip().split(": ", 1)
        try:
            assert region == "apac"
            assert client.get(f"{url}/api/products/1").json()["region"] == "apac"
            taken = subprocess.run(
                [*command, "--port", url.rpartition(":")[2]], capture_output=True, text=True, timeout=120, check=False
            )
            assert taken.returncode == 2
            assert "cannot listen on 127.0.0.1" in taken.stderr
            assert "Traceback" not in taken.stderr
        finally:
            process.terminate()
        # The client's connection is still open: it is closed without a word.
        assert (process.stderr.read(), process.wait(60)) == ("", 0)
