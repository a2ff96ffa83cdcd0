"""What an origin breaks off is never kept as if it were whole: through the gateway, on real workerd, in every tier."""

import contextlib
import itertools
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from edgewright.testing import LocalCloud

from tests.projects import make_project

pytestmark = pytest.mark.runtime

Start = Callable[..., LocalCloud]

PROGRAM = """
import pulumi
from edgewright import CachePolicy, EdgeApi, GeoRouter, KvNamespace

store = KvNamespace("store", {"cloudflare": {"account_id": "0" * 32}})
url = pulumi.Config().require("origin")
origin = GeoRouter(
    "origin", {"origins": [{"region": "eu", "url": url}], "fallback": "eu", "health_check": {"unhealthy_after": 100}}
)
OFF = {"enabled": False}
kept = {
    "memory": ({"edge": OFF}, {"memory": {"max_bytes": 64 * 2**20, "max_object_bytes": 32 * 2**20}}),
    "edge": ({"edge": {}}, {}),
    "kv": ({"edge": OFF}, {"kv": {"binding": store.binding, "ttl": 3600}}),
    "shield": ({"edge": OFF, "shield": {}}, {"memory": {}}),
}
endpoints = [
    {
        "path": f"/{name}/*",
        "origin": origin.routing,
        "cache": CachePolicy(name, {"edge_ttl": 3600, "tiers": tiers, "cloudflare": {"tiers": own}}).spec,
    }
    for name, (tiers, own) in kept.items()
]
EdgeApi("api", {"cloudflare": {"account_id": "0" * 32}, "endpoints": endpoints})
"""

CHUNK = b"x" * 65_536
SIZES = {"short": 2, "long": 72}
"""Chunks before the break: some kilobytes, and more than what is held for a crowd."""
# A long body is streamed into the edge's and the shield's store while it comes; other tiers take what is whole.
CASES = [
    ("memory", "short", "between"),
    ("kv", "short", "in-chunk"),
    *itertools.product(("edge", "shield"), ("long",), ("between", "garbled")),
    ("edge", "short", "reset"),
    ("edge", "long", "in-chunk"),
]


class Origin:
    """Breaks each body off the first time it is asked for a path, by the path's last word; then sends it whole."""

    def __init__(self) -> None:
        self.asked: dict[str, int] = {}
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def close(self) -> None:
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection:
            head = b""
            while b"\r\n\r\n" not in head:
                got = connection.recv(65_536)
                if not got:
                    return
                head += got
            path = head.split(b" ", 2)[1].decode()
            self.asked[path] = self.asked.get(path, 0) + 1
            size, kind = path.rsplit("/", 2)[1:]
            first = self.asked[path] == 1
            with contextlib.suppress(OSError):
                self._send(connection, SIZES[size], kind if first else "whole")

    def _send(self, connection: socket.socket, chunks: int, kind: str) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n")
        for _ in range(chunks):
            connection.sendall(b"%x\r\n" % len(CHUNK) + CHUNK + b"\r\n")
        if kind == "whole":
            connection.sendall(b"0\r\n\r\n")
        elif kind == "in-chunk":
            connection.sendall(b"%x\r\n" % len(CHUNK) + CHUNK[:100])
        elif kind == "garbled":
            connection.sendall(b"zz\r\n")
        elif kind == "reset":
            # RST instead of FIN.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        # `between`: the connection ends where a chunk could follow.


@pytest.fixture
def origin() -> Iterator[Origin]:
    made = Origin()
    yield made
    made.close()


def test_a_chunked_body_that_breaks_off_is_not_kept(start_cloud: Start, tmp_path: Path, origin: Origin) -> None:
    project = make_project(tmp_path, PROGRAM, f"config:\n  demo:origin: {origin.url}\n")
    cloud = start_cloud(project)
    wrong: list[str] = []
    for tier, size, kind in CASES:
        path = f"/{tier}/{size}/{kind}"
        with contextlib.suppress(httpx.HTTPError):
            httpx.get(f"{cloud.url}{path}", timeout=60)
        again = httpx.get(f"{cloud.url}{path}", timeout=60)
        if again.content != CHUNK * SIZES[size] or origin.asked[path] != 2:
            wrong.append(
                f"{path}: {len(again.content)} bytes, {origin.asked[path]} requests, {again.headers['cache-status']}"
            )
    assert wrong == []
