"""The process that bundles handlers: one for all runs, gone with the process that owns it, and never in the way."""

import base64
import os
import re
import signal
from pathlib import Path

import psutil
import pytest
from edgewright.engine import Runner

from tests.processes import wait_gone
from tests.program.test_runner import failure, run
from tests.projects import ACCOUNT, make_project

pytestmark = pytest.mark.runtime


@pytest.fixture(autouse=True)
def unedited(monkeypatch: pytest.MonkeyPatch) -> None:
    """An edit of edgewright itself starts the runner anew, which is not what is tested."""
    monkeypatch.setattr("edgewright.engine.runner._package_state", lambda: ())


BUNDLING = f"""
import os
import subprocess

import pulumi
from edgewright import EdgeApi
from edgewright.assemble import bundler

subprocess.run = None  # a process of its own would need it
api = EdgeApi("api", {{"cloudflare": {{"account_id": "{ACCOUNT}"}}, "endpoints": [{{"path": "/", "handler": "handler.ts"}}]}})
pulumi.export("bundler", bundler.current.process.pid)
"""


def test_handlers_are_bundled_by_one_process_that_ends_with_the_runner(tmp_path: Path) -> None:
    project = make_project(
        tmp_path,
        BUNDLING,
        files={"handler.ts": 'import { n } from "./lib";\nexport default () => new Response(n);\n'},
    )
    versions, pids = [], set()
    with Runner() as runner:
        for text in ("one", "two", "two"):
            (project / "lib.ts").write_text(f'export const n: string = "{text}";\n')
            capture = run(runner, project)
            (version,) = (item for item in capture.resources if item.type.endswith(":WorkerVersion"))
            (module,) = (item for item in version.inputs["modules"] if item["name"].endswith("handler.js"))
            versions.append(base64.b64decode(module["contentBase64"]).decode())
            pids.add(capture.outputs["bundler"])
        (pid,) = pids
        assert psutil.pid_exists(int(pid))
        (project / "lib.ts").write_text("export const n = (;")
        assert "lib.ts:1:" in failure(runner, project)
    assert [re.findall('"(one|two)"', text) for text in versions] == [["one"], ["two"], ["two"]]
    wait_gone([int(pid)])


def test_a_killed_bundler_costs_time_and_no_run(tmp_path: Path) -> None:
    project = make_project(
        tmp_path,
        BUNDLING.replace("subprocess.run = None", ""),
        files={"handler.ts": "export default () => new Response();\n"},
    )
    with Runner() as runner:
        first = int(run(runner, project).outputs["bundler"])
        os.kill(first, signal.SIGKILL)
        assert run(runner, project).outputs["bundler"]
        second = int(run(runner, project).outputs["bundler"])
        assert second != first
    wait_gone([second])


def test_a_killed_runner_takes_the_bundler_with_it(tmp_path: Path) -> None:
    project = make_project(tmp_path, BUNDLING, files={"handler.ts": "export default () => new Response();\n"})
    with Runner() as runner:
        bundler = int(run(runner, project).outputs["bundler"])
        (parent,) = [item.pid for item in psutil.Process(bundler).parents() if item.ppid() == os.getpid()]
        os.kill(parent, signal.SIGKILL)
        wait_gone([bundler])
