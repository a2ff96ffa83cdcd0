"""Handlers of an EdgeApi that fail: at the start and on a request, the message names the user's own file, line and column."""

import os
import re
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from edgewright.base.project import Project
from edgewright.local.session import StateDir

from tests import loopback
from tests.cli.conftest import Edgewright, popen
from tests.cli.test_lifetime import Dev
from tests.projects import ACCOUNT, make_project

pytestmark = pytest.mark.runtime

API = f"""
from edgewright import EdgeApi

EdgeApi("api", {{"cloudflare": {{"account_id": "{ACCOUNT}"}}, "endpoints": [{{"path": "/hello", "handler": "handlers/hello.ts"}}]}})
"""

GOOD = """import { text } from "./lib";

export default {
  async fetch(request: Request): Promise<Response> {
    return new Response(text(new URL(request.url)));
  },
};
"""

LIB = """type Text = string;

export function text(url: URL): Text {
  if (url.searchParams.has("fail")) {
    throw new RangeError("asked to fail");
  }
  return "hello";
}
"""


@pytest.fixture
def project(tmp_path: Path, runtime_dir: Path) -> Path:
    return make_project(tmp_path, API, files={"handlers/hello.ts": GOOD, "handlers/lib.ts": LIB})


def refused(edgewright: Edgewright, project: Path) -> str:
    outcome = edgewright("up", "--no-verify", "--port", "0", cwd=project)
    assert outcome.code == 2, outcome
    assert StateDir(Project.load(project), "local").running() is None
    return outcome.err


def test_a_throw_at_the_top_of_an_import_is_named_in_its_file(edgewright: Edgewright, project: Path) -> None:
    (project / "handlers" / "lib.ts").write_text(f"interface Unused {{ a: 1 }}\n\nthrow new Error('no key');\n{LIB}")
    said = refused(edgewright, project)
    assert re.search(r"Worker api-local handlers/lib\.ts:3:7: Error: no key \[EWF504\]$", said, re.MULTILINE), said


def test_a_default_export_that_can_be_no_handler_never_reaches_the_runtime(
    edgewright: Edgewright, project: Path
) -> None:
    (project / "handlers" / "hello.ts").write_text("\nexport default 5;\n")
    said = " ".join(refused(edgewright, project).split())
    assert (
        "endpoints[0].handler: handlers/hello.ts:2:16: the default export is a number. Allowed: a function (request, env,"
        " ctx) that returns a Response, or an object with such a function as `fetch`." in said
    )
    assert "BadAssembly" not in said


def test_a_default_export_that_only_the_start_tells_to_be_wrong_is_named_with_the_reason(
    edgewright: Edgewright, project: Path
) -> None:
    (project / "handlers" / "hello.ts").write_text("export default [1, 2].at(0);\n")
    said = refused(edgewright, project)
    assert "Worker api-local handlers/hello.ts: The edge function cannot start: [EWF504]\n" in said
    assert "handlers/hello.ts has no default export that is a function or an object with `fetch`." in said
    assert "edgewright.js" not in said


def test_dev_shows_a_throw_on_a_request_with_its_place(project: Path, stop_all: Callable[[Path], Path]) -> None:
    stop_all(project)
    process = popen("dev", "--port", "0", cwd=project)
    dev = Dev(process)
    try:
        dev.read_until("edits are taken in")
        session = StateDir(Project.load(project), "local").running()
        assert session is not None
        assert loopback.get(f"{session.url}/hello").text == "hello"
        assert loopback.get(f"{session.url}/hello?fail").status_code == 500
        dev.read_until(
            r"error in api-local at GET /hello: RangeError: asked to fail\n\s+at text \(handlers/lib\.ts:5:11\)"
        )
        dev.read_until(r"at .*\(handlers/hello\.ts:5:25\)")

        # An edit that moves the lines moves the places as well.
        (project / "handlers" / "lib.ts").write_text("\n\n" + LIB)
        dev.read_until(r"reloaded handlers/lib.ts in \d+ ms")
        assert loopback.get(f"{session.url}/hello?fail").status_code == 500
        dev.read_until(r"at text \(handlers/lib\.ts:7:11\)")
        assert "handler-hello.js" not in dev.said
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(timeout=120) == 0
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()
