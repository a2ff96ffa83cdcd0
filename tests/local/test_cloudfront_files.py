"""An API's static files on the local CloudFront: what browsers are told of them."""

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from edgewright.testing import LocalCloud

from tests import loopback
from tests.processes import wait_for
from tests.projects import make_project

pytestmark = pytest.mark.runtime

PROGRAM = """
from edgewright import EdgeApi

EdgeApi(
    "api",
    {
        "host": "cloudfront",
        "endpoints": [{"path": "/hello", "handler": "handler.js"}],
        "assets": [{"path": "/assets/*", "directory": "public", "browser_ttl": 600}],
    },
)
"""
FILES = {
    "handler.js": "export default { fetch() { return new Response('hello'); } };\n",
    "public/a.css": "a {}\n",
}


def test_browsers_keep_a_file_and_not_that_it_is_missing(
    tmp_path: Path, start_cloud: Callable[..., LocalCloud]
) -> None:
    cloud = start_cloud(make_project(tmp_path, PROGRAM, files=FILES))
    first = loopback.get(f"{cloud.url}/assets/a.css")
    assert (first.status_code, first.headers["cache-control"]) == (200, "public, max-age=600, s-maxage=86400")
    assert first.headers["x-content-type-options"] == "nosniff"
    wait_for(lambda: int(loopback.get(f"{cloud.url}/assets/a.css").headers["age"]) >= 1, "a file that lay at the edge")
    later = loopback.get(f"{cloud.url}/assets/a.css")
    assert later.headers["x-cache"] == "Hit from cloudfront"
    assert later.headers["cache-control"] == f"public, max-age={600 + int(later.headers['age'])}, s-maxage=86400"
    for _ in range(2):
        missing = loopback.get(f"{cloud.url}/assets/missing.css")
        assert (missing.status_code, missing.headers.get("cache-control")) == (403, None)
        assert missing.headers["x-cache"] == "Error from cloudfront"


GUARDED = """
from edgewright import EdgeApi

auth = {"kind": "jwt", "issuer": "https://id.example.com", "audience": ["a"], "jwks_url": "http://127.0.0.1:9/keys"}

EdgeApi(
    "api",
    {
        "host": "cloudfront",
        "endpoints": [
            {"path": "/site/private/*", "handler": "handler.js", "auth": auth},
            {"path": "/shop/:id/secret", "handler": "handler.js", "auth": auth},
            {"path": "/lib/:id/secret", "handler": "handler.js", "auth": auth},
            {"path": "/hello", "handler": "handler.js"},
        ],
        "assets": [
            {"path": "/app/*", "directory": "app"},
            {"path": "/app/img/*", "directory": "img"},
            {"path": "/lib/a/*", "directory": "lib"},
            {"path": "/*", "directory": "whole"},
        ],
        "redirects": [{"path": "/app/old.txt", "to": "/app/new.txt"}],
    },
)
"""
TREE = {
    "handler.js": "export default { fetch() { return new Response('hello'); } };\n",
    "app/new.txt": "new\n",
    "app/img/logo.txt": "not this one\n",
    "img/logo.txt": "logo\n",
    "lib/secret": "of the library\n",
    "lib/open.txt": "open\n",
    "whole/hello": "hidden\n",
    "whole/open.txt": "open\n",
    "whole/site/open.txt": "open\n",
    "whole/site/private": "private itself\n",
    "whole/shop/1/secret": "secret\n",
    "whole/shop/1/2/secret": "secret\n",
}
SECRETS = (
    "/site/private",
    "/site/private/report.txt",
    "/site/%70rivate/report.txt",
    "/site/private%2Freport.txt",
    "/site/private%2freport.txt",
    "/site%2Fprivate%2Freport.txt",
    "/site/./private/report.txt",
    "/site/x/../private/report.txt",
    "/site//private/report.txt",
    "/site/private//report.txt",
    "/SITE/PRIVATE/report.txt",
    "/site/Private/report.txt",
    "/shop/1/secret",
    "/shop/1/2/secret",
    "/shop/1%2Fsecret",
    "/shop/%31/secre%74",
    "/lib/a/secret",
    "/lib/%61/secret",
    "/lib/a%2Fsecret",
)


def test_files_hide_no_endpoint_and_nothing_that_one_guards(
    tmp_path: Path, start_cloud: Callable[..., LocalCloud]
) -> None:
    # Where the folder has `site/private` and where it has files below it: a file system cannot have both.
    below = {name: text for name, text in TREE.items() if name != "whole/site/private"}
    for number, tree in enumerate((TREE, {**below, "whole/site/private/report.txt": "report\n"})):
        cloud = start_cloud(make_project(tmp_path / str(number), GUARDED, files=tree))
        for path in ("/site/private/report.txt", "/site/%70rivate/report.txt", "/site/x/../private/report.txt",
                     "/shop/1/secret", "/lib/a/secret", "/lib/%61/secret"):  # fmt: skip
            answer = ask(cloud, path)
            assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json"), path
        for path in SECRETS:
            answer = ask(cloud, path)
            assert answer.status_code in (400, 401, 403, 404), (path, answer.text)
        for path, text in {
            "/hello": "hello",
            "/open.txt": "open\n",
            "/site/open.txt": "open\n",
            "/lib/a/open.txt": "open\n",
            "/app/new.txt": "new\n",
            "/app/img/logo.txt": "logo\n",
        }.items():
            answer = ask(cloud, path)
            assert (answer.status_code, answer.text) == (200, text), path
        moved = ask(cloud, "/app/old.txt")
        assert (moved.status_code, moved.headers["location"]) == (308, "/app/new.txt")


def ask(cloud: LocalCloud, path: str) -> httpx.Response:
    """Ask for a path just as it is written: no client puts it in order."""
    with httpx.Client(trust_env=False, timeout=loopback.PATIENCE_S) as client:
        url = httpx.URL(cloud.url).copy_with(raw_path=path.encode())
        return client.send(client.build_request("GET", url))


def test_a_cloud_that_was_stopped_leaves_none_of_its_functions_behind(
    tmp_path: Path, start_cloud: Callable[..., LocalCloud], monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    project = make_project(tmp_path / "project", PROGRAM, files=FILES)
    monkeypatch.setenv("TMPDIR", str(temporary))
    cloud = start_cloud(project)
    # The function's environment has started, and is what the stop has to wait for.
    assert ask(cloud, "/hello").text == "hello"
    assert list(temporary.glob("*cloudfront*/lambda"))
    cloud.close()
    assert list(temporary.iterdir()) == []
