"""Pain 3: a purge of CloudFront, by path and tag, against a stub of its API; what is unchanged is not invalidated."""

import datetime
import json
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from edgewright.base.errors import InfrastructureError
from edgewright.cli._exit import Exit
from edgewright.contract.purge import Purge
from edgewright.platforms.cloudfront.aws.client import AwsClient
from edgewright.platforms.cloudfront.aws.sigv4 import Credentials, sign
from edgewright.platforms.cloudfront.purge import CloudFront, batches, items
from edgewright.testing import LocalCloud

from tests import loopback
from tests.cli.conftest import Edgewright
from tests.cli.conftest import edgewright as edgewright  # the fixture
from tests.projects import make_project

CREDENTIALS = Credentials("AKIDEXAMPLE", "secret")
HOSTS = ("api.example.com", "d1.cloudfront.net")


@dataclass
class Api:
    """What was asked of the stub, and how often it refuses."""

    invalidations: list[tuple[str, tuple[str, ...], str]] = field(default_factory=list)
    """Distribution, items, caller reference."""
    busy: int = 0
    url: str = ""


@pytest.fixture
def api() -> Iterator[Api]:
    state = Api()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:
            pass

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            when = datetime.datetime.strptime(self.headers["x-amz-date"], "%Y%m%dT%H%M%SZ")
            expected = sign(
                "POST",
                state.url + self.path,
                {"content-type": self.headers["content-type"]},
                body,
                credentials=CREDENTIALS,
                region="us-east-1",
                service="cloudfront",
                now=when.replace(tzinfo=datetime.timezone.utc),
            )
            text = body.decode()
            paths = tuple(re.findall(r"<Path>([^<]*)</Path>", text))
            status, answer = 201, "<Invalidation><Id>I1</Id><Status>InProgress</Status></Invalidation>"
            if expected["authorization"] != self.headers["authorization"]:
                status, answer = (
                    403,
                    "<ErrorResponse><Error><Code>SignatureDoesNotMatch</Code><Message>no</Message></Error></ErrorResponse>",
                )
            elif f"<Quantity>{len(paths)}</Quantity>" not in text:
                status, answer = (
                    400,
                    "<ErrorResponse><Error><Code>InconsistentQuantities</Code><Message>no</Message></Error></ErrorResponse>",
                )
            elif state.busy > 0:
                state.busy -= 1
                status, answer = (
                    400,
                    "<ErrorResponse><Error><Code>TooManyInvalidationsInProgress</Code><Message>wait</Message></Error></ErrorResponse>",
                )
            else:
                found = re.search(r"<CallerReference>(\w+)</CallerReference>", text)
                assert found is not None
                state.invalidations.append((self.path.split("/")[3], paths, found[1]))
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer.encode())

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield state
    server.shutdown()
    server.server_close()
    thread.join(5)


def client(api: Api, waits: list[float]) -> CloudFront:
    return CloudFront(
        lambda: AwsClient("cloudfront", CREDENTIALS, api.url), sleep=waits.append, clock=lambda: sum(waits)
    )


def test_a_purge_becomes_paths_and_tags() -> None:
    purge = Purge(
        urls=("/a", "https://api.example.com/b?x=1", "https://other.example.com/c", "/ü"),
        prefixes=("/docs", "/"),
        tags=("products",),
    )
    assert items(purge, HOSTS) == ("/a", "/b?x=1", "/%C3%BC", "/docs", "/docs?*", "/docs/*", "/*", "#products")
    assert items(Purge(everything=True), HOSTS) == ("/*",)
    # CloudFront keeps paths as they were sent, and a client may well have sent the normal form.
    spelled = Purge(urls=("/a;b//c?x;y", "/a%2Fb"), prefixes=("/p;q",))
    assert items(spelled, HOSTS) == (
        "/a;b//c?x;y",
        "/a%3Bb/c?x%3By",
        "/a%2Fb",
        *("/p;q", "/p;q?*", "/p;q/*"),
        *("/p%3Bq", "/p%3Bq?*", "/p%3Bq/*"),
    )


def test_what_may_be_in_progress_at_once_bounds_a_batch() -> None:
    wild = [f"/{number}/*" for number in range(31)]
    assert [len(batch) for batch in batches(wild)] == [15, 15, 1]
    plain = [f"/{number}" for number in range(3001)]
    assert [len(batch) for batch in batches(plain)] == [3000, 1]
    assert list(batches([])) == []


def test_it_waits_while_earlier_invalidations_are_in_the_way_and_gives_up_in_the_end(api: Api) -> None:
    waits: list[float] = []
    api.busy = 2
    assert client(api, waits).invalidate("E1", ["/a", "#t"], "k") == "I1"
    assert (waits, api.invalidations[0][:2]) == ([5, 10], ("E1", ("/a", "#t")))
    api.busy = 1000
    with pytest.raises(InfrastructureError, match="TooManyInvalidationsInProgress"):
        client(api, waits).invalidate("E1", ["/a"], "k")


def test_the_same_step_done_again_is_the_same_invalidation(api: Api) -> None:
    for key in ("1 step", "1 step", "2 step"):
        client(api, []).invalidate("E1", ["/a"], key)
    references = [reference for _, _, reference in api.invalidations]
    assert references[0] == references[1] != references[2]


# --- the command ------------------------------------------------------------------------------------------------------


@pytest.fixture
def project(tmp_path: Path, api: Api, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    (tmp_path / "__main__.py").write_text("")
    (tmp_path / "Pulumi.aws.yaml").write_text("config: {}\n")
    write_state(tmp_path, "content-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDFRONT", api.url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", CREDENTIALS.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", CREDENTIALS.secret_key)
    for name in ("AWS_SESSION_TOKEN", "CLOUDFLARE_API_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def write_state(folder: Path, content: str, **distribution: str) -> None:
    outputs = {
        "scriptName": "api-edge",
        "urls": ["https://api.example.com", "https://d1.cloudfront.net"],
        "settings": {"endpoints": [{"cache": {"name": "products", "mode": "override"}}]},
        "distribution": {"id": "E1", "content": content, **distribution},
    }
    resource = {
        "type": "edgewright:index:EdgeApi",
        "inputs": {"host": "cloudfront", "endpoints": []},
        "outputs": outputs,
    }
    (folder / "state.json").write_text(json.dumps({"deployment": {"resources": [resource]}}))


def test_a_deployed_distribution_is_invalidated_without_credentials_of_cloudflare(
    edgewright: Edgewright, project: Path, api: Api
) -> None:
    outcome = edgewright("purge", "aws", "--state", "state.json", "--url", "/a", "--tag", "t", cwd=project)
    assert outcome.code == Exit.PASS, outcome.err
    assert outcome.out == "purged distribution E1: 1 path, 1 tag\n"
    assert [(where, what) for where, what, _ in api.invalidations] == [("E1", ("/a", "#t"))]


def test_during_a_rollout_the_staging_distribution_is_invalidated_too(
    edgewright: Edgewright, project: Path, api: Api
) -> None:
    """The two share no cache."""
    write_state(project, "content-1", staging_id="E2")
    outcome = edgewright("purge", "aws", "--state", "state.json", "--url", "/a", cwd=project)
    assert outcome.out == "purged distribution E1: 1 path\npurged distribution E2: 1 path\n"
    assert [(where, what) for where, what, _ in api.invalidations] == [("E1", ("/a",)), ("E2", ("/a",))]


def test_pain_3_an_unchanged_deployment_invalidates_nothing(edgewright: Edgewright, project: Path, api: Api) -> None:
    arguments = ("purge", "aws", "--state", "state.json", "--everything", "--if-changed")
    assert edgewright(*arguments, cwd=project).code == Exit.PASS
    again = edgewright(*arguments, cwd=project)
    assert (again.code, again.out) == (Exit.PASS, "nothing was deployed since the last purge: nothing is purged\n")
    assert len(api.invalidations) == 1
    write_state(project, "content-2")
    assert edgewright(*arguments, cwd=project).code == Exit.PASS
    assert [what for _, what, _ in api.invalidations] == [("/*",), ("/*",)]


def test_what_cloudfront_does_not_have_is_told(edgewright: Edgewright, project: Path, api: Api) -> None:
    soft = edgewright("purge", "aws", "--state", "state.json", "--everything", "--soft", cwd=project)
    assert soft.code == Exit.USAGE
    assert "CloudFront knows no soft purge (distribution E1)" in soft.err
    assert "Leave --soft out" in soft.err
    elsewhere = edgewright(
        "purge", "aws", "--state", "state.json", "--url", "https://a.example/b", "--soft", cwd=project
    )
    assert elsewhere.code == Exit.USAGE
    assert "the stack has no host a.example. With a cache it has: api.example.com, d1.cloudfront.net." in elsewhere.err
    local = edgewright("purge", "aws", "--everything", "--if-changed", cwd=project)
    assert (local.code, "--if-changed is about a deployed stack" in local.err) == (Exit.USAGE, True)
    dry = edgewright("purge", "aws", "--state", "state.json", "--everything", "--dry-run", cwd=project)
    assert dry.out == "would purge distribution E1: 1 path\n"
    assert api.invalidations == []


PROGRAM = """
from edgewright import CachePolicy, EdgeApi

kept = CachePolicy("kept", {"edge_ttl": 3600, "browser_ttl": 60})
EdgeApi("api", {"host": "cloudfront", "endpoints": [{"path": "/*", "handler": "handler.js", "cache": kept.spec}]})
"""
HANDLER = "export default { fetch() { return new Response(String(Math.random())); } };\n"


@pytest.mark.runtime
def test_a_soft_purge_is_refused_locally_as_it_is_deployed(
    edgewright: Edgewright, tmp_path: Path, start_cloud: Callable[..., LocalCloud]
) -> None:
    """It said `purged` and did nothing."""
    folder = make_project(tmp_path, PROGRAM, files={"handler.js": HANDLER})
    cloud = start_cloud(folder)
    first = loopback.get(f"{cloud.url}/a").text
    for what in (["--everything"], ["--tag", "news"], ["--url", "/a"], ["--prefix", f"{cloud.url}/a"]):
        for more in ([], ["--dry-run"]):
            outcome = edgewright("purge", *what, "--soft", *more, cwd=folder)
            assert (outcome.code, outcome.out) == (Exit.USAGE, ""), outcome
            assert "CloudFront knows no soft purge" in outcome.err
    assert loopback.get(f"{cloud.url}/a").text == first
    assert edgewright("purge", "--url", "/a", cwd=folder).code == Exit.PASS
    assert loopback.get(f"{cloud.url}/a").text != first


def test_wrong_credentials_are_a_usage_error(
    edgewright: Edgewright, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "canary")
    outcome = edgewright("purge", "aws", "--state", "state.json", "--everything", cwd=project)
    assert outcome.code == Exit.USAGE
    assert "SignatureDoesNotMatch" in outcome.err
    assert "canary" not in outcome.err
