"""The pack in Pulumi's own engine: the same findings as in-process, value by value; a violating change is blocked."""

import dataclasses
import json
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from edgewright.engine.resources import Capture
from edgewright.engine.runner import run_program
from edgewright.guard import evaluate
from edgewright.guard.pack_folder import write

from tests.engine.cli import Answer, Engine, environment, install
from tests.policies.corpus import BAD, PROJECT, capture

needs_engine = pytest.mark.skipif(
    shutil.which("pulumi") is None or shutil.which("pulumi-language-python") is None,
    reason="the Pulumi CLI with its Python language host is not on PATH",
)
REPOSITORY = Path(__file__).parents[2]
MOST_BYTES = 200_000
"""Stacks with a resource larger than this are left to the in-process tests: the engine prints what it previews."""

# Components of any type, so that the engine judges resources of providers that are not there.
PROGRAM = """\
import json
import pathlib

import pulumi


class Anything(pulumi.ComponentResource):
    def __init__(self, token, name, inputs, opts):
        super().__init__(token, name, inputs, opts)
        self.register_outputs(inputs)
        # Otherwise a dependency on a component means one on its children only, and these have none.
        self._remote = True


def asset(value):
    if isinstance(value, dict) and len(value) == 1:
        (name, inner) = next(iter(value.items()))
        if name == "fn::assetArchive":
            return pulumi.AssetArchive({key: asset(each) for key, each in inner.items()})
        if name == "fn::stringAsset":
            return pulumi.StringAsset(inner)
    return value


declared = json.loads(pathlib.Path("resources.json").read_text())
made = {}


def assets(value):
    if isinstance(value, dict) and len(value) == 1:
        (name, inner) = next(iter(value.items()))
        if name == "fn::assetArchive":
            return pulumi.AssetArchive({key: assets(each) for key, each in inner.items()})
        if name == "fn::stringAsset":
            return pulumi.StringAsset(inner)
    return value


def make(name):
    if name not in made:
        data = declared[name]
        options = dict(data["options"])
        first = [make(each) for each in options.pop("dependencies", [])]
        made[name] = Anything(
            data["type"], name, {key: assets(each) for key, each in data["inputs"].items()}, pulumi.ResourceOptions(depends_on=first, **options)
        )
    return made[name]


for each in declared:
    make(each)
"""


def _resources() -> dict[str, dict[str, Any]]:
    """Return the resources of all bad stacks as those of one, under names of their own."""
    found: dict[str, dict[str, Any]] = {}
    for index, stack in enumerate(BAD):
        if len(json.dumps(stack.resources)) > MOST_BYTES:
            continue
        for name, data in stack.resources.items():
            options = dict(data.get("options", {}))
            options["dependencies"] = [f"{each}-{index}" for each in options.get("dependencies", [])]
            found[f"{name}-{index}"] = {"type": data["type"], "inputs": data["inputs"], "options": options}
    return found


class Project:
    """A project of its own, with a pack as `edgewright policies --write-pack` writes it."""

    def __init__(self, folder: Path, *chosen: str) -> None:
        self.folder = folder / "project"
        self.folder.mkdir()
        runtime = {"name": "python", "options": {"virtualenv": sys.prefix}}
        (self.folder / "Pulumi.yaml").write_text(json.dumps({"name": PROJECT, "runtime": runtime}))
        (self.folder / "__main__.py").write_text(PROGRAM)
        self.pack = self.folder / "policies"
        write(self.pack, chosen)
        # Without the last, the CLI has no `--event-log`.
        self.run = Engine(self.folder, {**environment(folder), "PULUMI_DEBUG_COMMANDS": "1"})

    def preview(
        self, stack: str, resources: Mapping[str, Any], policies: Mapping[str, Any], *options: str
    ) -> tuple[Answer, list[dict[str, Any]]]:
        (self.folder / "resources.json").write_text(json.dumps(resources))
        (self.folder / f"Pulumi.{stack}.yaml").write_text(json.dumps({"config": {"edgewright:policies": policies}}))
        assert self.run("stack", "init", stack).code == 0
        log = self.folder / f"{stack}.events.json"
        done = self.run("preview", "--policy-pack", str(self.pack), "--event-log", str(log), *options)
        assert log.exists(), done.text
        events = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
        return done, [each["policyEvent"] for each in events if "policyEvent" in each]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


@needs_engine
@pytest.mark.engine
@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_the_engine_finds_the_same(project: Project, stack: str) -> None:
    resources = _resources()
    done, events = project.preview(stack, resources, {"all": "advisory"})
    assert done.code == 0, done.text
    ours = evaluate(capture(resources, stack), {"all": "advisory"})
    assert not ours.skipped
    root = f"urn:pulumi:{stack}::{PROJECT}::pulumi:pulumi:Stack::{PROJECT}-{stack}"
    theirs = sorted(
        (
            each["policyName"],
            each["severity"],
            each["enforcementLevel"],
            "" if each.get("resourceUrn", root) == root else each["resourceUrn"],
            each["message"].partition("\n")[2].rstrip("\n"),
        )
        for each in events
    )
    assert theirs == sorted((f.policy, f.severity, f.level, f.urn or "", f.message) for f in ours.findings)
    assert len({each[0] for each in theirs}) > 50


@needs_engine
@pytest.mark.engine
def test_the_engine_blocks_a_violating_change_and_lets_the_mended_one_pass(project: Project) -> None:
    entry = {"type": "cloudflare:index/workersKv:WorkersKv", "inputs": {"keyName": "..", "value": "x"}, "options": {}}
    done, events = project.preview("dev", {"entry": entry}, {})
    assert done.code != 0
    assert [(each["policyName"], each["enforcementLevel"]) for each in events] == [("kv-key-size", "mandatory")]
    assert "key_name: `..`; allowed: any key but the empty one, `.` and `..`." in done.text
    done, events = project.preview("mended", {"entry": {**entry, "inputs": {"keyName": "a", "value": "x"}}}, {})
    assert (done.code, events) == (0, [])


@needs_engine
@pytest.mark.engine
def test_wrong_settings_stop_the_engine_with_a_message(project: Project) -> None:
    done, _ = project.preview("dev", {}, {"kv-key-sise": "advisory"})
    assert done.code != 0
    assert "edgewright:policies.kv-key-sise: unknown policy; did you mean kv-key-size?" in done.text


@needs_engine
@pytest.mark.engine
def test_a_pack_of_chosen_policies_has_only_those(tmp_path: Path) -> None:
    """Settings of the others, which `edgewright check` judges, are no fault."""
    project = Project(tmp_path, "EW202", "routing")
    entry = {"type": "cloudflare:index/workersKv:WorkersKv", "inputs": {"keyName": "..", "value": "x"}, "options": {}}
    done, events = project.preview("dev", {"entry": entry}, {"cpu-budget": {"maxMs": 20}, "kv-key-size": "advisory"})
    assert (done.code, [each["policyName"] for each in events]) == (0, ["kv-key-size"]), done.text


@needs_engine
@pytest.mark.engine
def test_pulumis_own_configuration_of_a_pack_holds(project: Project) -> None:
    """`--policy-pack-config`, which Pulumi Cloud also uses, wins over the stack's settings."""
    config = project.folder / "pack-config.json"
    config.write_text(
        json.dumps({"kv-key-size": "advisory", "cpu-budget": {"enforcementLevel": "mandatory", "maxMs": 5}})
    )
    resources = {
        "entry": {
            "type": "cloudflare:index/workersKv:WorkersKv",
            "inputs": {"keyName": "..", "value": "x"},
            "options": {},
        },
        "script": {
            "type": "cloudflare:index/workersScript:WorkersScript",
            "inputs": {"scriptName": "s", "content": "x", "limits": {"cpuMs": 10}, "observability": {"enabled": True}},
            "options": {},
        },
    }
    done, events = project.preview("dev", resources, {}, "--policy-pack-config", str(config))
    assert done.code != 0
    found = {each["policyName"]: (each["enforcementLevel"], each["message"]) for each in events}
    assert found["kv-key-size"][0] == "advisory"
    assert found["cpu-budget"][0] == "mandatory"
    assert "at most 5 ms" in found["cpu-budget"][1]


@needs_engine
@pytest.mark.engine
def test_files_of_the_program_are_read_from_its_folder(project: Project) -> None:
    """As `edgewright check` reads them: a bundle that is in a file is judged by what is in it."""
    (project.folder / "dist").mkdir()
    (project.folder / "dist" / "main.js").write_text("export default {}\n" + "// padding\n" * 1000)
    version = {
        "type": "cloudflare:index/workerVersion:WorkerVersion",
        "inputs": {
            "mainModule": "main.js",
            "modules": [
                {"name": "main.js", "contentType": "application/javascript+module", "contentFile": "dist/main.js"}
            ],
        },
        "options": {},
    }
    policies = {"all": "disabled", "bundle-size": {"enforcementLevel": "advisory", "maxBytes": 1000}}
    done, events = project.preview("dev", {"version": version}, policies)
    assert done.code == 0, done.text
    assert [each["policyName"] for each in events] == ["bundle-size"]
    here = evaluate(capture_in(project.folder, {"version": version}), policies)
    assert [each["message"].partition("\n")[2].rstrip("\n") for each in events] == [f.message for f in here.findings]


def capture_in(folder: Path, resources: Mapping[str, Any]) -> Capture:
    return dataclasses.replace(capture(resources), project_dir=folder)


REGIONS = """\
import pulumi
import pulumi_aws as aws

eu = aws.Provider("eu", region="eu-west-1")
us = aws.Provider("us", region="us-east-1")


def acl(name, **options):
    seen = {"cloudwatch_metrics_enabled": True, "metric_name": name, "sampled_requests_enabled": True}
    aws.wafv2.WebAcl(
        name, scope="CLOUDFRONT", default_action={"allow": {}}, visibility_config=seen, opts=pulumi.ResourceOptions(**options)
    )


acl("by-default")
acl("elsewhere", provider=eu)
acl("there", provider=us)
"""


@needs_engine
@pytest.mark.engine
@pytest.mark.parametrize(
    ("region", "found"), [("eu-central-1", ["by-default", "elsewhere"]), ("us-east-1", ["elsewhere"])]
)
def test_the_engine_tells_the_region_of_a_provider(tmp_path: Path, region: str, found: list[str]) -> None:
    project = Project(tmp_path, "edge-region")
    (project.folder / "__main__.py").write_text(REGIONS)
    install(Path(project.run.environment["PULUMI_HOME"]), "aws", REPOSITORY)
    settings = {"config": {"aws:region": region, "edgewright:policies": {"all": "advisory"}}}
    (project.folder / "Pulumi.dev.yaml").write_text(json.dumps(settings))
    assert project.run("stack", "init", "dev").code == 0
    log = project.folder / "events.json"
    done = project.run("preview", "--policy-pack", str(project.pack), "--event-log", str(log))
    assert done.code == 0, done.text
    events = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
    told = [each["policyEvent"]["resourceUrn"] for each in events if "policyEvent" in each]
    assert sorted(each.rpartition("::")[2] for each in told) == found
    ours = evaluate(run_program(project.folder, "dev", preview=True))
    assert sorted(each.resource or "" for each in ours.findings if each.policy == "edge-region") == found
