"""An API's static files on the local CloudFront: what browsers are told of them."""

from collections.abc import Callable
from pathlib import Path

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
