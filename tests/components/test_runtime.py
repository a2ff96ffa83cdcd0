"""What EdgeApi generates runs on the real runtime: modules, handlers, settings and bindings as one version has them."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from edgewright import EdgeApi
from edgewright.assemble.handlers import esbuild_home
from edgewright.assemble.node import find_node

from tests.components.program import run

pytestmark = pytest.mark.runtime

SERVE = """
import { createRequire } from "node:module";
const request = JSON.parse(await new Response(process.stdin).text());
const { Miniflare } = createRequire(request.home + "/package.json")("miniflare");
const main = ({ name }) => (name === request.main ? 0 : 1);
const modules = [...request.modules].sort((a, b) => main(a) - main(b));
const miniflare = new Miniflare({
  host: "127.0.0.1", port: 0, compatibilityDate: request.date, compatibilityFlags: request.flags,
  modulesRoot: "/", modules: modules.map(({ name, contentBase64 }) => ({
    type: "ESModule", path: "/" + name, contents: Buffer.from(contentBase64, "base64").toString() })),
  bindings: Object.fromEntries(request.bindings.map(({ name, text }) => [name, text])), cf: false,
});
const answers = [];
for (const [method, path] of request.requests) {
  const answer = await miniflare.dispatchFetch("http://api.example.com" + path, { method });
  answers.push({ status: answer.status, type: answer.headers.get("content-type"), allow: answer.headers.get("allow"), text: await answer.text() });
}
await miniflare.dispose();
process.stdout.write(JSON.stringify(answers));
"""


def test_a_version_with_handlers_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "hello.ts").write_text(
        "interface Env { GREETING: string; KEY: string }\n"
        "export default { fetch: (r: Request, env: Env): Response => new Response(`${env.GREETING} ${env.KEY.length}`) };\n"
    )
    (tmp_path / "plain.js").write_text("export default () => Response.json({ plain: true });\n")
    args: Any = {
        "endpoints": [
            {"path": "/hello", "handler": "hello.ts", "methods": ["POST"]},
            {"path": "/plain/:id", "handler": "plain.js"},
        ],
        "vars": {"GREETING": "hello"},
        "secrets": {"KEY": "12345"},
    }
    version = run(lambda: EdgeApi("api", args)).one("WorkerVersion").inputs
    request = {
        "home": str(esbuild_home()),
        "main": version["mainModule"],
        "modules": [item for item in version["modules"] if item["contentType"] != "application/source-map"],
        "bindings": version["bindings"],
        "date": version["compatibilityDate"],
        "flags": version["compatibilityFlags"],
        "requests": [["POST", "/hello"], ["GET", "/plain/1"], ["GET", "/hello"], ["GET", "/nothing"]],
    }
    node = find_node()
    done = subprocess.run(
        [str(node.executable), "--input-type=module", "--eval", SERVE],
        input=json.dumps(request),
        capture_output=True,
        text=True,
        timeout=90,
        env=node.environment(),
        check=False,
    )
    assert done.returncode == 0, done.stderr
    posted, plain, wrong, missing = json.loads(done.stdout)
    assert (posted["status"], posted["text"]) == (200, "hello 5")
    assert (plain["status"], plain["text"]) == (200, '{"plain":true}')
    assert (wrong["status"], wrong["type"], wrong["allow"]) == (405, "application/problem+json", "OPTIONS, POST")
    assert missing["status"] == 404
