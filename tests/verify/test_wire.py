"""The load generator's client, against servers that speak raw bytes."""

import asyncio
import contextlib
from typing import Any

import pytest
from edgewright.verify.wire import ExchangeFailed, Received, Wire


def exchange(*replies: bytes, hold: bool = False, requests: int = 1, path: str = "/a", value: str = "1") -> Any:
    """Return the answers, and how many connections the server saw. Each reply is for one request."""

    async def run() -> tuple[list[Received], int, list[bytes]]:
        connections, seen, left = 0, list[bytes](), list(replies)

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal connections
            connections += 1
            with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
                while left:
                    seen.append(await reader.readuntil(b"\r\n\r\n"))
                    writer.write(left.pop(0))
                    if hold:
                        await reader.read()
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        wire = Wire(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/base/", 0.5)
        try:
            return [await wire.get(path, {"X-A": value}) for _ in range(requests)], connections, seen
        finally:
            wire.close()
            server.close()
            await server.wait_closed()

    return asyncio.run(run())


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-A: 1\r\nx-a: 2\r\n\r\nhi"


def test_a_connection_is_kept_alive_and_headers_are_joined() -> None:
    answers, connections, seen = exchange(OK, OK, requests=2)
    assert answers == [Received(200, {"content-length": "2", "x-a": "1, 2"}, 2)] * 2
    assert connections == 1
    assert seen[0].startswith(b"GET /base/a HTTP/1.1\r\nHost: 127.0.0.1:")


def test_a_connection_that_the_server_closes_is_not_used_again() -> None:
    closing = OK.replace(b"X-A: 1", b"Connection: close")
    assert exchange(closing, OK, requests=2)[1] == 2


@pytest.mark.parametrize(
    ("reply", "size"),
    [
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", 5),
        (b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + OK, 2),
        (b'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\n\r\n', 0),
        (b"HTTP/1.0 200 OK\r\n\r\nuntil the end", 13),
    ],
)
def test_bodies(reply: bytes, size: int) -> None:
    assert exchange(reply)[0][0].size == size


@pytest.mark.parametrize(
    ("reply", "hold", "kind"),
    [
        (b"\x00\x01 nonsense\r\n\r\n", True, "not HTTP"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", False, "disconnected"),
        (b"", False, "disconnected"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", True, "timeout"),
        (b"", True, "timeout"),
        (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", True, "not HTTP"),
    ],
)
def test_what_is_no_whole_answer(reply: bytes, hold: bool, kind: str) -> None:
    with pytest.raises(ExchangeFailed) as failed:
        exchange(reply, hold=hold)
    assert failed.value.kind == kind


def test_refused_and_unsendable() -> None:
    with pytest.raises(ExchangeFailed, match="refused"):
        asyncio.run(Wire("http://127.0.0.1:9", 1).get("/", {}))
    with pytest.raises(ExchangeFailed, match="cannot be sent"):
        exchange(OK, path="/a b")
    with pytest.raises(ExchangeFailed, match="cannot be sent"):
        exchange(OK, value="a\r\nb: c")


@pytest.mark.parametrize("url", ["ftp://a", "127.0.0.1:80", "http://", ""])
def test_a_url_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="is not an http"):
        Wire(url, 1)
