"""Numbered versions of Lambda functions: what publishes another one, and going back to an earlier one."""

from collections.abc import Callable
from pathlib import Path

import pytest
from edgewright.engine import ProgramFailed, Project, Runner
from edgewright.local.session import StateDir
from edgewright.platforms import archive
from edgewright.platforms.cloud import LocalCloud, Plan, plan
from edgewright.platforms.cloudfront.emulate import lambda_
from edgewright.platforms.handlers import Published
from edgewright.testing import LocalCloud as Running

from tests import loopback
from tests.local.test_aws_translate import PREAMBLE
from tests.projects import make_project

CODE = 'code=pulumi.AssetArchive({{"index.js": pulumi.StringAsset("exports.handler = async () => ({text!r});")}})'


def publish(runner: Runner, folder: Path, main: str) -> Plan:
    """Run and translate a program after what was published before, and keep what it publishes."""
    project = Project.load(make_project(folder, PREAMBLE + main))
    state = StateDir(project, "local")
    before = archive.read(state.path)
    capture, _ = runner.run(project.directory, "local", cloud=LocalCloud(before.published))
    planned = plan(project, capture, before)
    archive.keep(state.path, planned.deployment, planned.functions)
    return planned


def numbers(planned: Plan) -> list[str]:
    front = planned.deployment.cloudfront
    assert front is not None
    return [version.version for version in front.lambda_versions]


def site(text: str, more: str = "", arn: str = "f.qualified_arn") -> str:
    return f"f = function({CODE.format(text=text)}{more})\ndistribution(default_cache_behavior=at({arn}))"


def test_what_changes_a_function_publishes_its_next_version(runner: Runner, tmp_path: Path) -> None:
    published = [
        numbers(publish(runner, tmp_path, main))
        for main in (
            site("one"),
            site("one"),  # nothing changed
            site("two"),
            site("one"),  # Lambda compares with what was published last, not with all before
            site("one", ", memory_size=256"),
            site("one", ', memory_size=256, tags={"a": "b"}'),  # tags are not of a version
        )
    ]
    assert published == [["1"], ["1"], ["2"], ["3"], ["4"], ["4"]]


def test_a_function_that_nothing_associates_is_numbered_too(runner: Runner, tmp_path: Path) -> None:
    for text, number in (("one", "1"), ("two", "2")):
        main = f"f = function({CODE.format(text=text)})\npulumi.export('version', f.version)"
        planned = publish(runner, tmp_path, main)
        assert [version.version for version in planned.functions] == [number]
        assert planned.deployment.cloudfront is None


def test_a_behavior_may_go_back_to_an_earlier_version(runner: Runner, tmp_path: Path) -> None:
    publish(runner, tmp_path, site("one"))
    back = publish(runner, tmp_path, site("two", arn='f.arn.apply(lambda arn: f"{arn}:1")'))
    assert numbers(back) == ["1"]
    front = back.deployment.cloudfront
    assert front is not None
    assert (
        front.lambda_versions[0].files[0].content_base64
        == publish(runner, tmp_path, site("one")).functions[0].files[0].content_base64
    )
    both = (
        site("one")
        + """
distribution("other", default_cache_behavior=at(f.arn.apply(lambda arn: f"{arn}:2")))"""
    )
    assert numbers(publish(runner, tmp_path, both)) == ["3", "2"]


def test_a_version_that_was_never_published_here_is_refused(runner: Runner, tmp_path: Path) -> None:
    publish(runner, tmp_path, site("one"))
    with pytest.raises(ProgramFailed, match=r"function version cannot be found: .*:edge:7\. Published here: 1, 2"):
        publish(runner, tmp_path, site("two", arn='f.arn.apply(lambda arn: f"{arn}:7")'))


def test_only_the_newest_versions_are_kept(runner: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "KEPT_VERSIONS", 2)
    for text in ("one", "two", "three"):
        publish(runner, tmp_path, site(text))
    state = StateDir(Project.load(tmp_path), "local")
    assert {version.version for version in archive.read(state.path).functions.values()} == {"2", "3"}


def test_two_functions_count_apart_and_a_function_elsewhere_is_another(tmp_path: Path) -> None:
    numbered = {
        region: LocalCloud({f"arn:aws:lambda:{region}:123456789012:function:edge": Published(4, "other")})
        for region in ("us-east-1", "eu-west-1")
    }
    inputs = {
        "name": "edge",
        "role": "r",
        "publish": True,
        "s3Bucket": "b",
        "s3Key": "k",
        "handler": "index.handler",
        "runtime": "nodejs22.x",
    }
    versions = [cloud.new_resource(lambda_.LAMBDA, "edge", inputs)[1]["version"] for cloud in numbered.values()]
    assert versions == ["5", "1"]


PROGRAM = """
source = '''
exports.handler = async (event, context) => ({
  status: "200",
  headers: { "x-version": [{ value: context.functionVersion }] },
  body: "%s",
});
''' % "TEXT"
f = function(code=pulumi.AssetArchive({"index.js": pulumi.StringAsset(source)}))
cdn = distribution(default_cache_behavior=at(f.qualified_arn, event="viewer-request"))
pulumi.export("domain", cdn.domain_name)
pulumi.export("version", f.version)
"""


@pytest.mark.runtime
def test_an_edit_publishes_the_next_version_and_a_restart_goes_on_from_it(
    start_cloud: Callable[..., Running], tmp_path: Path
) -> None:
    def write(text: str) -> Path:
        return make_project(tmp_path, PREAMBLE + PROGRAM.replace("TEXT", text))

    def seen(cloud: Running) -> tuple[str, str, str]:
        headers = {"host": str(cloud.capture.outputs["domain"])}
        answer = loopback.get(cloud.url, headers=headers)
        return answer.text, answer.headers["x-version"], str(cloud.capture.outputs["version"])

    cloud = start_cloud(write("one"))
    assert seen(cloud) == ("one", "1", "1")
    cloud.reload()
    assert seen(cloud) == ("one", "1", "1")
    write("two")
    cloud.reload()
    assert seen(cloud) == ("two", "2", "2")
    cloud.close()
    write("three")
    again = start_cloud(tmp_path, fresh=False)
    assert seen(again) == ("three", "3", "3")
