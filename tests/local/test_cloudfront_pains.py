"""What users of Lambda@Edge and CloudFront suffer from, as it shows over HTTP on the local CloudFront."""

import json
import threading
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from edgewright.engine import ProgramFailed
from edgewright.platforms.cloudfront.emulate.cloudfront_updates import held, refused
from edgewright.testing import LocalCloud

from tests import loopback
from tests.local.test_aws_translate import PREAMBLE
from tests.projects import make_project

pytestmark = pytest.mark.runtime

Start = Callable[..., LocalCloud]


def get(cloud: LocalCloud, path: str = "/", **headers: str) -> httpx.Response:
    host = {"host": str(cloud.capture.outputs["domain"])}
    return loopback.get(f"{cloud.url}{path}", headers={**host, **headers})


def write(folder: Path, program: str) -> Path:
    return make_project(folder, PREAMBLE + program)


def test_pain_4_a_function_has_no_environment_variables_of_its_users(
    start_cloud: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TABLE_NAME", "orders")
    program = """
source = "exports.handler = async () => ({ status: '200', body: JSON.stringify(process.env) });"
f = function(code=pulumi.AssetArchive({"index.js": pulumi.StringAsset(source)}))
cdn = distribution(default_cache_behavior=at(f.qualified_arn, event="viewer-request"))
pulumi.export("domain", cdn.domain_name)
"""
    seen = get(start_cloud(write(tmp_path, program))).json()
    assert "TABLE_NAME" not in seen
    assert seen["AWS_LAMBDA_FUNCTION_NAME"] == "us-east-1.edge"
    refused = program.replace("function(code", 'function(environment={"variables": {"TABLE_NAME": "orders"}}, code')
    with pytest.raises(ProgramFailed, match="cannot have environment variables"):
        start_cloud(write(tmp_path / "other", refused))


def test_pain_8_code_and_settings_are_never_of_two_versions(start_cloud: Start, tmp_path: Path) -> None:
    def program(release: int) -> str:
        return f"""
source = '''
const settings = require("./settings.json");
exports.handler = async (event, context) => ({{
  status: "200",
  body: JSON.stringify({{ code: {release}, settings: settings.release, version: Number(context.functionVersion) }}),
}});
'''
f = function(code=pulumi.AssetArchive({{
    "index.js": pulumi.StringAsset(source),
    "settings.json": pulumi.StringAsset('{{"release": {release}}}'),
}}))
cdn = distribution(default_cache_behavior=at(f.qualified_arn, event="viewer-request"))
pulumi.export("domain", cdn.domain_name)
"""

    cloud = start_cloud(write(tmp_path, program(1)))
    answers: list[dict[str, int]] = []
    failures: list[str] = []
    done = threading.Event()

    def ask() -> None:
        while not done.is_set():
            answer = get(cloud)
            if answer.status_code == 200:
                answers.append(answer.json())
            else:
                failures.append(answer.text)

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        for release in (2, 3):
            write(tmp_path, program(release))
            cloud.reload()
    finally:
        done.set()
        thread.join()
    last = get(cloud).json()
    assert last == {"code": 3, "settings": 3, "version": 3}
    assert failures == []
    assert answers
    assert all(answer["code"] == answer["settings"] == answer["version"] for answer in answers)


STAGES = """
def version(f, number):
    return f.arn.apply(lambda arn: f"{arn}:{number}")

source = "exports.handler = async () => ({ status: '200', body: 'release %s' });" % RELEASE
f = function(code=pulumi.AssetArchive({"index.js": pulumi.StringAsset(source)}))
options = {}
if STAGED:
    staging = distribution("staging", staging=True, default_cache_behavior=at(version(f, STAGED), event="viewer-request"))
    policy = aws.cloudfront.ContinuousDeploymentPolicy(
        "rollout",
        enabled=True,
        staging_distribution_dns_names={"items": [staging.domain_name], "quantity": 1},
        traffic_config={
            "type": "SingleHeader",
            "single_header_config": {"header": "aws-cf-cd-try", "value": "yes"},
        },
    )
    options["continuous_deployment_policy_id"] = policy.id
cdn = distribution(default_cache_behavior=at(version(f, LIVE), event="viewer-request"), **options)
pulumi.export("domain", cdn.domain_name)
"""


def test_pain_9_a_release_is_staged_tested_promoted_and_detached(start_cloud: Start, tmp_path: Path) -> None:
    def step(release: int, live: int, staged: int | None) -> Path:
        values = {"RELEASE": release, "LIVE": live, "STAGED": staged}
        return write(tmp_path, "".join(f"{name} = {value!r}\n" for name, value in values.items()) + STAGES)

    def seen() -> list[str]:
        return [get(cloud).text, get(cloud, **{"aws-cf-cd-try": "yes"}).text]

    cloud = start_cloud(step(1, live=1, staged=None))
    assert seen() == ["release 1", "release 1"]
    step(2, live=1, staged=2)
    cloud.reload()
    assert seen() == ["release 1", "release 2"], "staged: nobody sees it but who asks for it"
    step(2, live=2, staged=2)
    cloud.reload()
    assert seen() == ["release 2", "release 2"], "promoted"
    step(2, live=2, staged=None)
    cloud.reload()
    assert seen() == ["release 2", "release 2"], "detached"
    step(2, live=1, staged=None)
    cloud.reload()
    assert seen() == ["release 1", "release 1"], "and taken back, to the code of its time"


def test_a_uri_that_is_encoded_twice_reaches_function_and_origin_as_it_came(start_cloud: Start, tmp_path: Path) -> None:
    program = """
source = '''exports.handler = async (event) => {
  const { uri, querystring } = event.Records[0].cf.request;
  return { status: "200", body: JSON.stringify({ uri, querystring }) };
};'''
f = function(code=pulumi.AssetArchive({"index.js": pulumi.StringAsset(source)}))
cdn = distribution(default_cache_behavior=at(f.qualified_arn, event="viewer-request"))
pulumi.export("domain", cdn.domain_name)
"""
    cloud = start_cloud(write(tmp_path, program))
    answer = get(cloud, "/a%2520b/%C3%A9?q=%252F&r=%2B+")
    assert json.loads(answer.text) == {"uri": "/a%2520b/%C3%A9", "querystring": "q=%252F&r=%2B+"}


ROLLOUT = """
from edgewright import EdgeApi

EdgeApi("api", {
    "host": "cloudfront",
    "endpoints": [{"path": "/hello", "handler": "handler.js"}],
    "cloudfront": {"price_class": %r},
    "rollout": %s,
})
"""
STAGED = '{"percentage": 5, "previous_version_id": "1"}'
PROMOTED = '{"percentage": 100}'


def test_what_may_not_change_during_a_rollout_is_refused_with_the_steps(start_cloud: Start, tmp_path: Path) -> None:
    def write_release(release: int, price: str, rollout: str) -> Path:
        handler = f"export default {{ fetch() {{ return new Response('{release}'); }} }};\n"
        return make_project(tmp_path, ROLLOUT % (price, rollout), files={"handler.js": handler})

    everywhere, fewer = "PriceClass_All", "PriceClass_100"
    cloud = start_cloud(write_release(1, everywhere, PROMOTED))
    write_release(2, everywhere, STAGED)
    cloud.reload()
    for rollout in (STAGED, PROMOTED):
        write_release(2, fewer, rollout)
        with pytest.raises(ProgramFailed, match=r"priceClass: IllegalUpdate: .*attached.* First promote or give up"):
            cloud.reload()
    write_release(2, everywhere, PROMOTED)
    cloud.reload()
    write_release(2, fewer, PROMOTED)
    cloud.reload()
    assert loopback.get(f"{cloud.url}/hello").text == "2"


def test_a_web_acl_comes_and_goes_without_a_rollout_alone() -> None:
    before = held(
        {"continuousDeploymentPolicyId": "p", "webAclId": "acl", "cacheTagConfig": {"headerName": "Cache-Tag"}}
    )
    assert (
        list(
            refused(
                {"continuousDeploymentPolicyId": "p", "webAclId": "acl", "cacheTagConfig": {"headerName": "Cache-Tag"}},
                before,
            )
        )
        == []
    )
    (fixed, acl) = refused({"continuousDeploymentPolicyId": ""}, before)
    assert fixed.startswith("cacheTagConfig: IllegalUpdate: ")
    assert acl.startswith("webAclId: a web ACL cannot be taken away while continuous deployment is on. First promote")
    assert list(refused({}, held({}))) == []


ONLY_HANDLER = """
from edgewright import EdgeApi, GeoRouter

regions = GeoRouter("regions", {
    "origins": [{"region": "us", "url": "https://gone.invalid"}, {"region": "eu", "url": "http://127.0.0.1:%d", "countries": ["DE"]}],
    "fallback": "us",
})
api = EdgeApi("api", {
    "host": "cloudfront",
    "endpoints": [
        {"path": "/hello", "handler": "handler.js"},
        {"path": "/write", "methods": ["GET", "POST"], "origin": regions.routing},
    ],
})
"""


def test_an_origin_whose_name_is_gone_takes_nothing_else_with_it(start_cloud: Start, tmp_path: Path) -> None:
    files = {"handler.js": "export default { fetch() { return new Response('hello'); } };\n"}
    cloud = start_cloud(make_project(tmp_path, ONLY_HANDLER % loopback.free_port(), files=files))
    assert loopback.get(f"{cloud.url}/hello").text == "hello"
    # The region's own origin is asked: it is the one that does not answer here, not the one without a name.
    near = loopback.get(f"{cloud.url}/write", headers={"X-Local-Country": "DE"})
    assert (near.status_code, "wasn't able to connect" in near.text) == (502, True)
    far = loopback.get(f"{cloud.url}/write", headers={"X-Local-Country": "US"})
    assert (far.status_code, "resolve the origin domain name" in far.text) == (502, True)
    assert loopback.get(f"{cloud.url}/nowhere").status_code == 404
