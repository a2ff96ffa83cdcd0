"""examples/caching-proxy on the real local cloud: a plain HTTP cache that stores what the origin's headers allow."""

import asyncio
import gzip
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from edgewright.engine.runner import Runner

from tests.reference.cloud import ROOT, Cloud, running

pytestmark = pytest.mark.runtime


@dataclass
class Got:
    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        values = [value for key, value in self.headers if key.lower() == name]
        return ", ".join(values) if values else None


@dataclass
class Reply:
    status: int = 200
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b"hello"
    cut: bool = False


def _nothing(got: Got) -> Reply:
    return Reply(404)


class Origin:
    """Answers by path, in the test's own words, and remembers what it got."""

    def __init__(self) -> None:
        self.replies: dict[str, Callable[[Got], Reply]] = {}
        self.got: list[Got] = []
        self.port = 0

    def at(self, path: str, *headers: tuple[str, str], status: int = 200, body: bytes = b"hello") -> str:
        reply = Reply(status, list(headers), body)
        self.replies[path] = lambda _: reply
        return path

    def count(self, path: str, method: str | None = None) -> int:
        return sum(got.target.split("?")[0] == path and method in (None, got.method) for got in self.got)

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                method, target, _ = head[0].split(" ")
                headers = [(name, value.strip()) for name, _, value in (line.partition(":") for line in head[1:-2])]
                got = Got(method, target, headers, b"")
                if got.header("transfer-encoding"):
                    while size := int((await reader.readline()).split(b";")[0], 16):
                        got.body += await reader.readexactly(size)
                        await reader.readline()
                    await reader.readline()
                else:
                    got.body = await reader.readexactly(int(got.header("content-length") or 0))
                self.got.append(got)
                reply = self.replies.get(target.split("?")[0], _nothing)(got)
                lines = [f"HTTP/1.1 {reply.status} Reply", *(f"{name}: {value}" for name, value in reply.headers)]
                bodiless = reply.status in (204, 304)
                if not bodiless:
                    lines.append(f"Content-Length: {len(reply.body)}")
                body = b"" if bodiless or method == "HEAD" else reply.body
                writer.write(
                    "\r\n".join([*lines, "", ""]).encode("latin-1") + (body[: len(body) // 2] if reply.cut else body)
                )
                if reply.cut:
                    await writer.drain()
                    break
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        writer.close()


@pytest.fixture(scope="module")
def origin() -> Iterator[Origin]:
    origin, loop = Origin(), asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def start() -> asyncio.Server:
        return await asyncio.start_server(origin.converse, "127.0.0.1", 0)

    async def stop() -> None:
        server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    server = asyncio.run_coroutine_threadsafe(start(), loop).result(60)
    origin.port = server.sockets[0].getsockname()[1]
    yield origin
    asyncio.run_coroutine_threadsafe(stop(), loop).result(60)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


@pytest.fixture(scope="module")
def cloud(origin: Origin, runner: Runner, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    folder = tmp_path_factory.mktemp("example") / "caching-proxy"
    shutil.copytree(
        ROOT / "examples" / "caching-proxy", folder, ignore=shutil.ignore_patterns("__pycache__", ".edgewright")
    )
    file = folder / "stacks" / "Pulumi.local.yaml"
    file.write_text(file.read_text().replace("127.0.0.1:9301", f"127.0.0.1:{origin.port}"))
    with running(folder, runner) as cloud:
        yield cloud


@pytest.fixture(scope="module")
def proxy(cloud: Cloud) -> httpx.Client:
    return cloud.client


_CACHED = ("Cache-Control", "max-age=60")


def stored(proxy: httpx.Client, origin: Origin, path: str) -> bool:
    """Ask twice; say whether the second answer came without the origin."""
    before = origin.count(path)
    first, second = proxy.get(path), proxy.get(path)
    assert first.content == second.content
    asked = origin.count(path) - before
    assert asked in (1, 2)
    return asked == 1


@pytest.mark.parametrize(
    ("name", "headers", "expected"),
    [
        ("nothing", [], False),
        ("max-age", [_CACHED], True),
        ("s-maxage", [("Cache-Control", "s-maxage=60, max-age=0")], True),
        ("cdn", [("CDN-Cache-Control", "max-age=60"), ("Cache-Control", "no-store")], True),
        ("expires", [("Expires", "Fri, 01 Jan 2100 00:00:00 GMT")], True),
        ("public-alone", [("Cache-Control", "public")], False),
        ("no-store", [("Cache-Control", "no-store, max-age=60")], False),
        ("private", [("Cache-Control", "private, max-age=60")], False),
        ("no-cache", [("Cache-Control", "no-cache")], False),
        ("zero", [("Cache-Control", "max-age=0")], False),
        ("expired", [("Expires", "Thu, 01 Jan 2015 00:00:00 GMT")], False),
        ("vary-all", [_CACHED, ("Vary", "*")], False),
    ],
)  # fmt: skip
def test_only_the_origins_headers_decide(
    proxy: httpx.Client, origin: Origin, name: str, headers: list[tuple[str, str]], expected: bool
) -> None:
    assert stored(proxy, origin, origin.at(f"/decide/{name}", *headers)) is expected


def test_a_hit_says_so_and_has_an_age(proxy: httpx.Client, origin: Origin) -> None:
    path = origin.at("/hit", _CACHED, ("X-Own", "kept"))
    first, second = proxy.get(path), proxy.get(path)
    assert first.headers["x-cache"] == "MISS"
    assert second.headers["x-cache"] == "HIT-EDGE"
    assert "; hit" in second.headers["cache-status"]
    assert int(second.headers["age"]) >= 0
    assert second.headers["cache-control"] == "max-age=60"
    assert second.headers["x-own"] == "kept"


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_every_method_and_path_reaches_the_origin(proxy: httpx.Client, origin: Origin, method: str) -> None:
    path = f"/any/{method}/%C3%A9/x"
    origin.at(path, status=207)
    body = b"" if method in ("GET", "HEAD") else b"a body"
    answer = proxy.request(method, f"{path}?b=2&a=1&a=0", content=body, headers={"X-Mine": "1"})
    got = origin.got[-1]
    assert answer.status_code == 207
    assert (got.method, got.target, got.body) == (method, f"{path}?b=2&a=1&a=0", body)
    assert got.header("x-mine") == "1"


def send(proxy: httpx.Client, target: str, method: str = "GET") -> tuple[int, dict[str, str], bytes]:
    """Send a request target byte for byte, as no client library would."""
    url = proxy.base_url
    with socket.create_connection((url.host, url.port or 80), 60) as connection:
        head = f"{method} {target} HTTP/1.1\r\nHost: {url.host}:{url.port}\r\nConnection: close\r\n\r\n"
        connection.sendall(head.encode("latin-1"))
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    head_of, _, body = answer.partition(b"\r\n\r\n")
    first, *lines = head_of.decode("latin-1").split("\r\n")
    fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return int(first.split(" ")[1]), fields, body


AS_SENT = (
    "/x//y", "//x/y", "//127.0.0.1/y", "///", "/x%2Fy", "/x%2fy", "/x%5Cy", "/x%5cy", "/x%00y", "/x;y", "/x;y=1?z;w",
    "/x|y", "/x[y]'!$&()*+,=:@~", "/%78/y", "/x%zzy", "/x%", "/x%253By", "/%c3%a9", "/%C3%A9", "/%ff", "/..;/x",
    "/%2e%2e;x/y", "/..%2fx", "/x/%2e%2e%2fy", "/x.", "/x%20y", "/x", "/x?", "/x??", "/x?y", "/x?y&", "/x?y=%2f", "/x?y=%2F",
    "/x?y=1&y=2", "/x?y=2&y=1", "/x?a`b|{}^[]\\c", "/x?b=2&a=1", "/x?//../..", "/x/", "/.well-known/x",
)  # fmt: skip
"""Targets that nothing changes: not the cache, not the runtime."""

BY_RUNTIME = {
    "/x/../y": "/y",
    "/x/./y": "/x/y",
    "/x/%2E%2e/y": "/y",
    "/../../y": "/y",
    "/x/..": "/",
    "/x//../y": "/x/y",
    "/x\\y": "/x/y",
    "/\\x": "//x",
    '/x"y': "/x%22y",
    "/x<y>": "/x%3Cy%3E",
    "/x`y{z}^": "/x%60y%7Bz%7D%5E",
    "/x?\"<>'": "/x?%22%3C%3E%27",
    "/x#y": "/x",
    "/x?#y": "/x?",
}
"""What every URL parser does, as the example's README says."""


@pytest.mark.parametrize("target", AS_SENT)
def test_a_target_reaches_the_origin_as_it_was_sent(proxy: httpx.Client, origin: Origin, target: str) -> None:
    assert_asked(proxy, origin, target, target)


@pytest.mark.parametrize(("target", "asked"), BY_RUNTIME.items())
def test_a_target_reaches_the_origin_as_the_runtime_has_it(
    proxy: httpx.Client, origin: Origin, target: str, asked: str
) -> None:
    assert_asked(proxy, origin, target, asked)


def assert_asked(proxy: httpx.Client, origin: Origin, target: str, asked: str) -> None:
    before = len(origin.got)
    status, _, _ = send(proxy, target)
    assert (status, [got.target for got in origin.got[before:]]) == (404, [asked])
    # The other way through the cache.
    assert send(proxy, target, "POST")[0] == 404
    assert origin.got[-1].target == asked


@pytest.mark.parametrize("target", ["/\xe9", "/\xc3\xa9", "/x\x7f", "/x\x01", "*", "x", "http://127.0.0.1:bad/"])
def test_a_target_that_is_none_is_refused(proxy: httpx.Client, origin: Origin, target: str) -> None:
    before = len(origin.got)
    assert send(proxy, target)[0] == 400
    assert len(origin.got) == before


def test_targets_that_differ_are_stored_apart(proxy: httpx.Client, origin: Origin) -> None:
    def own(got: Got) -> Reply:
        return Reply(headers=[_CACHED], body=got.target.encode())

    targets = [target.replace("/x", "/apart/x") for target in AS_SENT if "/x" in target]
    assert len(targets) == len(set(targets))
    for target in targets:
        origin.replies[target.split("?")[0]] = own
    for cached in ("MISS", "HIT-EDGE"):
        for target in targets:
            status, headers, body = send(proxy, target)
            assert (target, status, headers["x-cache"], body) == (target, 200, cached, target.encode())


@pytest.mark.parametrize(
    ("option", "given", "gone", "left"),
    [
        ("urls", "/p/x%2Fy;z", ["/p/x%2Fy;z", "/p/x%2fy;z"], ["/p/x/y;z", "/p/x%2Fy%3Bz"]),
        ("urls", "/p//x", ["/p//x"], ["/p/x"]),
        ("urls", "/p/x?", ["/p/x?"], ["/p/x"]),
        ("prefixes", "/p/a%2Fb", ["/p/a%2Fb", "/p/a%2fb/c", "/p/%61%2Fb//c?d"], ["/p/a/b", "/p/a%2Fbc"]),
        ("prefixes", "{url}//q", ["//q", "//q/x"], ["/q/x"]),
    ],
)  # fmt: skip
def test_a_purge_finds_them_in_every_spelling(
    proxy: httpx.Client, origin: Origin, cloud: Cloud, option: str, given: str, gone: list[str], left: list[str]
) -> None:
    for target in [*gone, *left]:
        origin.at(target.split("?")[0], _CACHED)
        send(proxy, target)
        assert send(proxy, target)[1]["x-cache"] == "HIT-EDGE"
    where = given.replace("{url}", str(proxy.base_url).rstrip("/"))
    cloud.stack.control.purge(**{option: [where]})
    assert {target: send(proxy, target)[1]["x-cache"] for target in gone} == dict.fromkeys(gone, "MISS")
    assert {target: send(proxy, target)[1]["x-cache"] for target in left} == dict.fromkeys(left, "HIT-EDGE")


def test_trace_is_refused(proxy: httpx.Client) -> None:
    assert send(proxy, "/x//y", "TRACE")[0] == 405


def test_a_write_invalidates(proxy: httpx.Client, origin: Origin) -> None:
    path = origin.at("/write", _CACHED)
    assert stored(proxy, origin, path)
    proxy.post(path, content=b"new")
    assert proxy.get(path).headers["x-cache"] == "MISS"


def test_content_is_not_transformed(proxy: httpx.Client, origin: Origin) -> None:
    packed = gzip.compress(b"<html><body>content</body></html>" * 50, mtime=0)
    path = origin.at("/packed", _CACHED, ("Content-Encoding", "gzip"), ("Content-Type", "text/html"), body=packed)
    for _ in range(2):
        with proxy.stream("GET", path, headers={"Accept-Encoding": "gzip"}) as answer:
            assert b"".join(answer.iter_raw()) == packed
            assert answer.headers["content-encoding"] == "gzip"
            assert answer.headers["content-type"] == "text/html"


def test_redirects_and_errors_are_passed_on(proxy: httpx.Client, origin: Origin) -> None:
    moved = proxy.get(origin.at("/moved", ("Location", "/hit"), status=302))
    assert (moved.status_code, moved.headers["location"]) == (302, "/hit")
    for status in (404, 500, 503):
        answer = proxy.get(origin.at(f"/status/{status}", status=status, body=b"as it came"))
        assert (answer.status_code, answer.content) == (status, b"as it came")


def test_variants_are_kept_apart(proxy: httpx.Client, origin: Origin) -> None:
    path = "/vary"
    origin.replies[path] = lambda got: Reply(
        headers=[_CACHED, ("Vary", "Accept-Language")], body=(got.header("accept-language") or "-").encode()
    )
    for _ in range(2):
        for language in ("de", "en"):
            assert proxy.get(path, headers={"Accept-Language": language}).text == language
    assert origin.count(path) == 2


def test_a_stale_response_is_revalidated(proxy: httpx.Client, origin: Origin) -> None:
    path = "/validate"
    origin.replies[path] = lambda got: (
        Reply(304, [("ETag", '"v1"'), ("Cache-Control", "no-cache")])
        if got.header("if-none-match") == '"v1"'
        else Reply(200, [("ETag", '"v1"'), ("Cache-Control", "no-cache")], b"version 1")
    )
    for _ in range(3):
        answer = proxy.get(path)
        assert (answer.status_code, answer.text) == (200, "version 1")
    assert origin.count(path) == 3
    assert [got.header("if-none-match") for got in origin.got if got.target == path] == [None, '"v1"', '"v1"']


def test_half_an_answer_is_not_stored(proxy: httpx.Client, origin: Origin) -> None:
    path = "/half"
    origin.replies[path] = lambda _: Reply(200, [_CACHED], b"x" * 10_000, cut=True)
    try:
        answer = proxy.get(path)
    except httpx.TransportError:
        pass  # the client sees that it is broken
    else:
        assert answer.status_code >= 500
    origin.at(path, _CACHED, body=b"y" * 10_000)
    assert proxy.get(path).content == b"y" * 10_000


def test_an_origin_that_is_down_is_a_problem(runner: Runner, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        folder = tmp_path / "caching-proxy"
        shutil.copytree(
            ROOT / "examples" / "caching-proxy", folder, ignore=shutil.ignore_patterns("__pycache__", ".edgewright")
        )
        file = folder / "stacks" / "Pulumi.local.yaml"
        file.write_text(file.read_text().replace("127.0.0.1:9301", f"127.0.0.1:{port}"))
        with running(folder, runner) as cloud:
            answer = cloud.client.get("/anything")
    assert answer.status_code in (502, 503, 504)
    assert answer.headers["content-type"] == "application/problem+json"
