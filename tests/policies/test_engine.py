"""The pack in Pulumi's own engine: the same findings as in-process, value by value; a violating change is blocked."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from edgewright.guard import evaluate

from tests.policies.corpus import BAD, PROJECT, capture

ROOT = Path(__file__).parents[2]
PULUMI = shutil.which("pulumi")
needs_engine = pytest.mark.skipif(
    PULUMI is None or shutil.which("pulumi-language-python") is None,
    reason="the Pulumi CLI with its Python language host is not on PATH",
)
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


class Engine:
    """A project in a folder of its own, with a state of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("state", "home"):
            (folder / name).mkdir()
        runtime = {"name": "python", "options": {"virtualenv": str(ROOT / ".venv")}}
        (folder / "Pulumi.yaml").write_text(json.dumps({"name": PROJECT, "runtime": runtime}))
        (folder / "__main__.py").write_text(PROGRAM)
        self.environment = {
            **os.environ,
            "PULUMI_BACKEND_URL": (folder / "state").as_uri(),
            "PULUMI_HOME": str(folder / "home"),
            "PULUMI_CONFIG_PASSPHRASE": "x",
            "PULUMI_SKIP_UPDATE_CHECK": "1",
            "PULUMI_DEBUG_COMMANDS": "1",
        }

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        assert PULUMI is not None
        return subprocess.run(
            [PULUMI, *arguments, "--non-interactive"],
            cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=200, check=False,
        )  # fmt: skip

    def preview(
        self, stack: str, resources: Mapping[str, Any], policies: Mapping[str, Any]
    ) -> tuple[subprocess.CompletedProcess[str], list[dict[str, Any]]]:
        (self.folder / "resources.json").write_text(json.dumps(resources))
        (self.folder / f"Pulumi.{stack}.yaml").write_text(json.dumps({"config": {"edgewright:policies": policies}}))
        assert self.run("stack", "init", stack).returncode == 0
        log = self.folder / f"{stack}.events.json"
        done = self.run("preview", "--policy-pack", str(ROOT / "policies"), "--event-log", str(log))
        events = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
        return done, [each["policyEvent"] for each in events if "policyEvent" in each]


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    if not (ROOT / ".venv" / "bin" / "python").exists():
        pytest.skip("the pack's virtual environment .venv is not there; make sets it up")
    return Engine(tmp_path)


@needs_engine
@pytest.mark.engine
@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_the_engine_finds_the_same(engine: Engine, stack: str) -> None:
    resources = _resources()
    done, events = engine.preview(stack, resources, {"all": "advisory"})
    assert done.returncode == 0, done.stdout + done.stderr
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
def test_the_engine_blocks_a_violating_change_and_lets_the_mended_one_pass(engine: Engine) -> None:
    entry = {"type": "cloudflare:index/workersKv:WorkersKv", "inputs": {"keyName": "..", "value": "x"}, "options": {}}
    done, events = engine.preview("dev", {"entry": entry}, {})
    assert done.returncode != 0
    assert [(each["policyName"], each["enforcementLevel"]) for each in events] == [("kv-key-size", "mandatory")]
    assert "key_name: `..`; allowed: any key but the empty one, `.` and `..`." in done.stdout
    done, events = engine.preview("mended", {"entry": {**entry, "inputs": {"keyName": "a", "value": "x"}}}, {})
    assert (done.returncode, events) == (0, [])


@needs_engine
@pytest.mark.engine
def test_wrong_settings_stop_the_engine_with_a_message(engine: Engine) -> None:
    done, _ = engine.preview("dev", {}, {"kv-key-sise": "advisory"})
    assert done.returncode != 0
    assert "edgewright:policies.kv-key-sise: unknown policy; did you mean kv-key-size?" in done.stdout + done.stderr
