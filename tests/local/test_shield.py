"""A stack with a shield on real workerd, as its resources declare it: storage, purges, and what outlives a reload."""

import concurrent.futures
import contextlib
import http.client
import itertools
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from edgewright.engine import ProgramFailed
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
tiers = {"edge": {"ttl_ceiling": 0}, "shield": {"location": "weur"}}
own = {"memory": {"enabled": False}, "shield": {"ttl": 3600}}
pages = CachePolicy("pages", {"edge_ttl": 3600, "tags": ["pages"], "tiers": tiers, "cloudflare": {"tiers": own}})
origin = GeoRouter("origin", {"origins": [{"region": "eu", "url": config.require("origin")}], "fallback": "eu"})
EdgeApi(
    "api",
    {
        "cloudflare": {"account_id": "0" * 32},
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
            body = f"{self.path} {next(numbers)}".encode() if "sent" in self.path else str(next(numbers)).encode()
            if "slow" in self.path:
                time.sleep(3)
            self.send_response(200)
            if self.path.startswith(("/told", "/sent")):
                self.send_header("Cache-Control", "max-age=3600")
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


def kept(ask: Callable[[], tuple[str | None, str]]) -> str:
    """Ask until the shield has it, which is a moment after it was answered; return the text that it has."""
    deadline = time.monotonic() + loopback.PATIENCE_S
    while True:
        tier, text = ask()
        if tier == "HIT-SHIELD":
            return text
        assert time.monotonic() < deadline, "not stored in the shield"
        time.sleep(0.05)


def test_a_shield_keeps_purges_and_outlives_a_deployment(start_cloud: Start, tmp_path: Path, origin: str) -> None:
    project = make_project(tmp_path, PROGRAM)
    write(project, origin, "one")
    cloud = start_cloud(project)

    def ask(path: str = "/pages/1") -> tuple[str, str]:
        answer = loopback.get(f"{cloud.url}{path}")
        assert answer.status_code == 200, answer.text
        return answer.headers["x-cache"], answer.text

    assert ask() == ("MISS", "1")
    one = kept(ask)
    assert ask() == ("HIT-SHIELD", one)

    # Another version of the function is another isolate; the objects' storage is the Worker's.
    write(project, origin, "two")
    cloud.reload()
    assert ask() == ("HIT-SHIELD", one)

    report = cloud.control.purge(tags=["pages"])["workers"][0]["report"]
    assert report is not None
    assert report["visibleWithinMs"] == 30_000
    assert ask()[0] == "MISS"
    two = kept(ask)
    assert two != one

    httpx.put(f"{cloud.url}/pages/1", content="new", trust_env=False, timeout=loopback.PATIENCE_S)
    assert ask()[0] == "MISS"
    three = kept(ask)
    assert three not in (one, two)

    # A client cannot speak as an edge does.
    forged = loopback.get(f"{cloud.url}/pages/1", headers={"x-edgewright-shield": "%7B%22do%22%3A%22markers%22%7D"})
    assert (forged.headers["x-cache"], forged.text) == ("HIT-SHIELD", three)
    assert not [name for name in forged.headers if name.startswith("x-edgewright-")]


ALONE = """
import pulumi
from edgewright import CachePolicy, EdgeApi, GeoRouter

config = pulumi.Config()
alone = {"edge": {"enabled": False}, "shield": {}}
config.require("build")
forced = CachePolicy("forced", {"edge_ttl": 3600, "tiers": alone})
told = CachePolicy("told", {"mode": "origin", "tiers": alone})
origin = GeoRouter("origin", {"origins": [{"region": "eu", "url": config.require("origin")}], "fallback": "eu"})
endpoints = [
    {"path": f"/{policy._name}/*", "methods": ["GET", "PUT"], "origin": origin.routing, "cache": policy.spec}
    for policy in (forced, told)
]
EdgeApi("api", {"cloudflare": {"account_id": "0" * 32}, "endpoints": endpoints})
"""


@pytest.mark.parametrize("policy", ["forced", "told"])
def test_a_shield_alone_keeps_what_no_data_centre_keeps(
    start_cloud: Start, tmp_path: Path, origin: str, policy: str
) -> None:
    project = make_project(tmp_path, ALONE)
    write(project, origin, "one")
    cloud = start_cloud(project)

    def ask(path: str) -> tuple[str, str]:
        answer = loopback.get(f"{cloud.url}/{policy}{path}")
        assert answer.status_code == 200, answer.text
        return answer.headers["x-cache"], answer.text

    def stored(path: str) -> str:
        assert ask(path)[0] == "MISS"
        return kept(partial(ask, path))

    one, two = stored("/a"), stored("/b")
    assert one != two
    # Each time by the shield: an isolate or a data centre that had a copy would answer by itself.
    assert [ask("/a") for _ in range(3)] == [("HIT-SHIELD", one)] * 3

    cloud.control.purge(urls=[f"/{policy}/a"])
    three = stored("/a")
    assert three != one
    assert ask("/b") == ("HIT-SHIELD", two)

    httpx.put(f"{cloud.url}/{policy}/a", content="new", trust_env=False, timeout=loopback.PATIENCE_S)
    assert stored("/a") not in (one, three)
    assert ask("/b") == ("HIT-SHIELD", two)

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        crowd = [pool.submit(loopback.get, f"{cloud.url}/{policy}/slow") for _ in range(16)]
    assert len({each.result().text for each in crowd}) == 1


AS_SENT = """
import pulumi
from edgewright import CachePolicy, EdgeApi, GeoRouter

config = pulumi.Config()
told = CachePolicy("told", {"mode": "origin", "tiers": {"edge": {"enabled": False}, "shield": {}}})
origin = GeoRouter("origin", {"origins": [{"region": "eu", "url": config.require("origin")}], "fallback": "eu"})
only = {"path": "/*", "methods": ["*"], "origin": origin.routing, "cache": told.spec}
EdgeApi(
    "api",
    {
        "cloudflare": {"account_id": "0" * 32},
        "vars": {"BUILD": config.require("build")},
        "endpoints": [only],
        "url_normalization": "none",
    },
)
"""


def test_a_shield_takes_urls_as_they_are_sent(start_cloud: Start, tmp_path: Path, origin: str) -> None:
    project = make_project(tmp_path, AS_SENT)
    write(project, origin, "one")
    cloud = start_cloud(project)

    def ask(target: str, method: str = "GET") -> tuple[str | None, str]:
        connection = http.client.HTTPConnection("127.0.0.1", httpx.URL(cloud.url).port, timeout=loopback.PATIENCE_S)
        with contextlib.closing(connection):
            connection.request(method, target)
            answer = connection.getresponse()
            return answer.headers["x-cache"], answer.read().decode()

    targets = ["/sent//a", "/sent/a", "/sent%2Fa", "/sent%2fa", "/sent;a", "/sent?", "/sent"]
    expected = [f"{target} {number}" for number, target in enumerate(targets, 1)]
    assert [ask(target) for target in targets] == [("MISS", text) for text in expected]
    texts = [kept(partial(ask, target)) for target in targets]
    assert [text.split()[0] for text in texts] == targets
    assert [ask(target) for target in targets] == [("HIT-SHIELD", text) for text in texts]
    cloud.control.purge(urls=["/sent%2Fa"])
    assert [ask(target)[0] for target in targets] == ["HIT-SHIELD", "HIT-SHIELD", "MISS", "MISS", *["HIT-SHIELD"] * 3]

    # Also an object that has just been started forgets what is written to.
    write(project, origin, "two")
    cloud.reload()
    ask("/sent%2fa", "PUT")
    assert [ask(target)[0] for target in ("/sent%2fa", "/sent//a")] == ["MISS", "HIT-SHIELD"]


ROLLING = """
import pulumi
from edgewright import CachePolicy, EdgeApi, GeoRouter

config = pulumi.Config()
own = {"memory": {"enabled": False}}
if config.get_bool("shield"):
    own["shield"] = {"ttl": 3600}
pages = CachePolicy("pages", {"edge_ttl": 3600, "tiers": {"edge": {"ttl_ceiling": 0}}, "cloudflare": {"tiers": own}})
origin = GeoRouter("origin", {"origins": [{"region": "eu", "url": config.require("origin")}], "fallback": "eu"})
args = {
    # Older than functions have their own exports without asking for them.
    "cloudflare": {"account_id": "0" * 32, "compatibility_date": "2025-01-01"},
    "vars": {"BUILD": config.require("build")},
    "endpoints": [{"path": "/pages/*", "origin": origin.routing, "cache": pages.spec}],
}
if config.get("previous"):
    args["rollout"] = {"percentage": 50, "previous_version_id": config.require("previous")}


def gone(given):
    if given.type_ == "cloudflare:index/workerVersion:WorkerVersion":
        given.props["exports"] = {"EdgewrightShield": {"type": "durable-object", "state": "deleted"}}
    return pulumi.ResourceTransformResult(given.props, given.opts)


api = EdgeApi("api", args, pulumi.ResourceOptions(transforms=[gone] if config.get_bool("gone") else []))
pulumi.export("stable", api.stable_version_id)
pulumi.export("candidate", api.candidate_version_id)
"""


def test_a_rollout_shares_the_shield_and_one_that_would_change_it_is_refused(
    start_cloud: Start, tmp_path: Path, origin: str
) -> None:
    project = make_project(tmp_path, ROLLING)

    def settle(build: str, *, shield: bool = True, previous: str = "", gone: bool = False) -> None:
        text = (
            f"config:\n  demo:origin: {origin}\n  demo:build: {build}\n  demo:shield: {str(shield).lower()}\n"
            f"  demo:gone: {str(gone).lower()}\n  demo:previous: '{previous}'\n"
        )
        (project / "stacks" / "Pulumi.local.yaml").write_text(text)

    settle("one")
    cloud = start_cloud(project)

    def ask(version: str = "") -> tuple[str, str]:
        headers = {"Cloudflare-Workers-Version-Overrides": f'api-local="{version}"'} if version else {}
        answer = loopback.get(f"{cloud.url}/pages/1", headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.headers["x-cache"], answer.text

    def told() -> str:
        with pytest.raises(ProgramFailed) as caught:
            cloud.reload()
        return str(caught.value)

    ask()
    one = kept(ask)
    stable = str(cloud.capture.outputs["stable"])

    settle("two", previous=stable)
    cloud.reload()
    candidate = str(cloud.capture.outputs["candidate"])
    assert candidate not in ("", stable)
    # Whichever version asks, the objects are the same.
    assert [ask(version) for version in (stable, candidate)] == [("HIT-SHIELD", one)] * 2

    settle("three", shield=False, previous=stable)
    assert "differ in their classes of Durable Objects (EdgewrightShield)" in told()
    settle("three", shield=False)
    assert "100402" in told()
    assert ask() == ("HIT-SHIELD", one)

    settle("three", shield=False, gone=True)
    cloud.reload()
    assert [ask()[0] for _ in range(2)] == ["MISS", "MISS"]
    last = str(cloud.capture.outputs["stable"])
    settle("four", previous=last)
    assert "Deploy the change of the shield alone, without `rollout`" in told()
    settle("four")
    cloud.reload()
    ask()
    kept(ask)
