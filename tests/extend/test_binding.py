"""The worked example of docs/architecture.md: one file makes a kind of binding."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.extend.copies import ask, copy_of_package

PIPELINES = Path(__file__).parent / "pipelines.py"

_PROGRAM = """
from edgewright import EdgeApi, GeoRouter

origins = GeoRouter("origins", {"origins": [{"region": "eu", "url": "https://eu.example.com"}], "fallback": "eu"})
EdgeApi("api", {
    "cloudflare": {"account_id": "0123456789abcdef0123456789abcdef"},
    "endpoints": [{"path": "/a", "origin": origins.routing}],
    "bindings": [{"type": "pipelines", "name": "EVENTS", "pipeline": "p1"}],
})
"""

_QUESTION = """
import json
from pathlib import Path
from edgewright.base.project import Project
from edgewright.engine.runner import Runner
from edgewright.platforms.cloud import LocalCloud, plan

with Runner() as runner:
    capture, _ = runner.run(Path("."), "local", cloud=LocalCloud())
(version,) = capture.of_type("cloudflare:index/workerVersion:WorkerVersion")
(worker,) = plan(Project.load(Path(".")), capture).deployment.workers
print(json.dumps({
    "inputs": [each for each in version.inputs["bindings"] if each["name"] == "EVENTS"],
    "plays": [each.model_dump() for each in worker.versions[0].bindings if each.name == "EVENTS"],
}))
"""


@pytest.mark.runtime
def test_a_file_makes_a_kind_of_binding(tmp_path: Path) -> None:
    shutil.copy(PIPELINES, copy_of_package(tmp_path) / "platforms" / "cloudflare" / "bindings")
    done = ask(tmp_path, _PROGRAM, _QUESTION)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    assert found["inputs"] == [{"type": "pipelines", "name": "EVENTS", "pipeline": "p1"}]
    (played,) = found["plays"]
    assert (played["option"], played["value"]) == ("pipelines", "p1")


@pytest.mark.runtime
def test_a_field_of_it_that_is_missing_is_told(tmp_path: Path) -> None:
    shutil.copy(PIPELINES, copy_of_package(tmp_path) / "platforms" / "cloudflare" / "bindings")
    done = ask(tmp_path, _PROGRAM.replace(', "pipeline": "p1"', ""), _QUESTION)
    assert (
        "bindings[0].pipeline: is required by a binding of type 'pipelines'. Allowed: a pipeline's id." in done.stderr
    )
