"""A gradual rollout on CloudFront over HTTP: two versions of one function, and who gets which."""

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from edgewright.engine import ProgramFailed
from edgewright.testing import LocalCloud

from tests.loopback import PATIENCE_S
from tests.projects import make_project

pytestmark = pytest.mark.runtime

PROGRAM = """
import pulumi
from edgewright import CachePolicy, EdgeApi

config = pulumi.Config()
cached = CachePolicy("cached", {"edge_ttl": 3600})
args = {
    "host": "cloudfront",
    "endpoints": [{"path": "/live", "handler": "hello.js"}, {"path": "/cached", "handler": "hello.js", "cache": cached.spec}],
    "vars": {"GREETING": config.require("greeting")},
}
if config.get_object("rollout") is not None:
    args["rollout"] = config.require_object("rollout")
api = EdgeApi("api", args)
pulumi.export("version", api.version_id)
pulumi.export("stable", api.stable_version_id)
pulumi.export("candidate", api.candidate_version_id)
"""
HANDLER = "export default (request, env) => new Response(env.GREETING);\n"


def write(folder: Path, greeting: str, rollout: str | None = None) -> Path:
    settings = f"config:\n  demo:greeting: {greeting}\n"
    if rollout is not None:
        settings += f"  demo:rollout: {rollout}\n"
    return make_project(folder, PROGRAM, settings, files={"hello.js": HANDLER})


def outputs(cloud: LocalCloud) -> list[str]:
    return [str(cloud.capture.outputs[name]) for name in ("version", "stable", "candidate")]


def test_a_version_is_staged_by_header_then_by_share_then_promoted(
    start_cloud: Callable[..., LocalCloud], tmp_path: Path
) -> None:
    cloud = start_cloud(write(tmp_path, "old"))
    assert outputs(cloud) == ["1", "1", ""]

    with httpx.Client(base_url=cloud.url, timeout=PATIENCE_S, trust_env=False) as client:
        assert [client.get(path).text for path in ("/live", "/cached", "/cached")] == ["old"] * 3

        # Stage: only who asks for the new version gets it, and each version has a cache of its own.
        header = '{ header: { name: aws-cf-cd-try, value: "yes" }, previous_version_id: "1" }'
        write(tmp_path, "new", header)
        cloud.reload()
        assert outputs(cloud) == ["2", "1", "2"]
        asking = {"aws-cf-cd-try": "yes"}
        for path in ("/live", "/cached"):
            assert (client.get(path).text, client.get(path, headers=asking).text) == ("old", "new")
        assert client.get("/cached", headers=asking).headers["x-cache"] == "Hit from cloudfront"
        assert client.get("/live", headers={"aws-cf-cd-try": "no"}).text == "old"

        # A share: some get the new version, and keep it.
        share = '{ percentage: 15, previous_version_id: "1", session: { idle: 300, longest: 600 } }'
        write(tmp_path, "new", share)
        cloud.reload()
        drawn: dict[str, str] = {}
        for _ in range(400):
            client.cookies.clear()
            answer = client.get("/live")
            drawn[answer.text] = answer.headers["set-cookie"].split(";")[0]
            if len(drawn) == 2:
                break
        assert drawn.keys() == {"old", "new"}
        for version, cookie in drawn.items():
            client.cookies.clear()
            assert {client.get("/live", headers={"Cookie": cookie}).text for _ in range(20)} == {version}
        client.cookies.clear()

        # Promote: the new version for everybody, and the one to go back to.
        write(tmp_path, "new", "{ percentage: 100 }")
        cloud.reload()
        assert outputs(cloud) == ["2", "2", ""]
        answer = client.get("/live")
        assert (answer.text, "set-cookie" in answer.headers) == ("new", False)

        # Back: the old code is a version again, and so is what it was.
        write(tmp_path, "old", "{ percentage: 100 }")
        cloud.reload()
        assert client.get("/live").text == "old"


def test_a_version_that_nobody_published_cannot_keep_the_rest(
    start_cloud: Callable[..., LocalCloud], tmp_path: Path
) -> None:
    cloud = start_cloud(write(tmp_path, "old"))
    write(tmp_path, "new", '{ percentage: 10, previous_version_id: "41" }')
    with pytest.raises(ProgramFailed, match=r"version cannot be found: .*:41") as caught:
        cloud.reload()
    # Once, whatever number of behaviors and events it is of, and with the argument that says it.
    assert str(caught.value).count("cannot be found") == 1
    assert "`rollout.previous_version_id` of EdgeApi" in str(caught.value)
    assert httpx.get(f"{cloud.url}/live", timeout=PATIENCE_S, trust_env=False).text == "old"
