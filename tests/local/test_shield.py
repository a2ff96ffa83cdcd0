"""A stack with a shield on real workerd, as its resources declare it: storage, purges, and what outlives a reload."""

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from edgewright.testing import LocalCloud

from tests import loopback
from tests.projects import make_project

pytestmark = pytest.mark.runtime

Start = Callable[..., LocalCloud]

PROGRAM = """
import pulumi
from edgewright import CachePolicy, EdgeApi, GeoRouter

config = pulumi.Config()
# No tier in the data centre keeps anything: what is there after a moment is the shield's.
tiers = {"memory": {"enabled": False}, "edge": {"ttl_ceiling": 0}, "shield": {"ttl": 3600, "location": "weur"}}
pages = CachePolicy("pages", {"edge_ttl": 3600, "tags": ["pages"], "tiers": tiers})
origin = GeoRouter("origin", {"origins": [{"region": "eu", "url": config.require("origin")}], "fallback": "eu"})
EdgeApi(
    "api",
    {
        "account_id": "0" * 32,
        "vars": {"BUILD": config.require("build")},
        "endpoints": [{"path": "/pages/*", "methods": ["GET", "PUT"], "origin": origin.routing, "cache": pages.spec}],
    },
)
"""


@pytest.fixture
def origin() -> Iterator[str]:
    """An origin that numbers its answers."""
    numbers = itertools.count(1)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = str(next(numbers)).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_PUT(self) -> None:
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def write(project: Path, origin: str, build: str) -> None:
    text = f"config:\n  demo:origin: {origin}\n  demo:build: {build}\n"
    (project / "stacks" / "Pulumi.local.yaml").write_text(text)


def test_a_shield_keeps_purges_and_outlives_a_deployment(start_cloud: Start, tmp_path: Path, origin: str) -> None:
    project = make_project(tmp_path, PROGRAM)
    write(project, origin, "one")
    cloud = start_cloud(project)

    def ask(path: str = "/pages/1") -> tuple[str, str]:
        answer = loopback.get(f"{cloud.url}{path}")
        assert answer.status_code == 200, answer.text
        time.sleep(0.5)  # it is stored a moment after it is answered
        return answer.headers["x-cache"], answer.text

    assert ask() == ("MISS", "1")
    assert ask() == ("HIT-SHIELD", "1")

    # Another version of the function is another isolate; the objects' storage is the Worker's.
    write(project, origin, "two")
    cloud.reload()
    assert ask() == ("HIT-SHIELD", "1")

    report = cloud.control.purge(tags=["pages"])["workers"][0]["report"]
    assert report["visibleWithinMs"] == 30_000
    assert ask() == ("MISS", "2")
    assert ask() == ("HIT-SHIELD", "2")

    httpx.put(f"{cloud.url}/pages/1", content="new", trust_env=False, timeout=loopback.PATIENCE_S)
    assert ask() == ("MISS", "3")

    # A client cannot speak as an edge does.
    forged = loopback.get(f"{cloud.url}/pages/1", headers={"x-edgewright-shield": "%7B%22do%22%3A%22markers%22%7D"})
    assert (forged.headers["x-cache"], forged.text) == ("HIT-SHIELD", "3")
    assert not [name for name in forged.headers if name.startswith("x-edgewright-")]
