"""The public suite of HTTP caching tests (cache-tests.fyi) against examples/caching-proxy, beside what it has published of others.

The suite comes from its repository, at the commit below, and runs unchanged: its server is the proxy's origin.
"""

import json
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import yaml
from edgewright.assemble.node import Node, find_node
from edgewright.testing import local_cloud

from bench.harness import NotHere, Options, Result, Spread

DESCRIPTION = "tests of the public HTTP caching suite that the cache passes, beside other caches' published results"

REPOSITORY = "https://github.com/http-tests/cache-tests.git"
COMMIT = "b55b8bda3dbb8c927c04e85bd8d496a8caa3e4ba"
PEERS = ("nginx", "varnish", "squid", "trafficserver", "apache")
EXAMPLE = Path(__file__).parents[1] / "examples" / "caching-proxy"
_SUITE = Path(__file__).parent / ".work" / "cache-tests"

_JUDGE = """
import { readFileSync } from "node:fs";
import suites from "./tests/index.mjs";
import { determineTestResult, resultTypes } from "./test-engine/lib/results.mjs";
const [ours, ...peers] = process.argv.slice(2);
const named = (result) => Object.keys(resultTypes).find((name) => resultTypes[name] === result);
const rows = [];
for (const [name, file] of [["edgewright", ours], ...peers.map((peer) => [peer, `results/${peer}.json`])]) {
  const results = JSON.parse(readFileSync(file, "utf8"));
  for (const suite of suites) for (const test of suite.tests) {
    if (test.browser_only) continue;
    const found = results[test.id];
    rows.push({ name, id: test.id, kind: test.kind ?? "required", result: named(determineTestResult(suites, test.id, results)),
      why: Array.isArray(found) ? found.join(": ") : "" });
  }
}
process.stdout.write(JSON.stringify(rows));
"""


def _installed(node: Node) -> Path:
    """Return the folder of the suite, fetched where it is not there yet."""
    if not (_SUITE / "package.json").is_file():
        _SUITE.parent.mkdir(parents=True, exist_ok=True)
        cloned = subprocess.run(["git", "clone", "--quiet", REPOSITORY, str(_SUITE)], check=False)
        if cloned.returncode != 0:
            raise NotHere(f"the suite cannot be had from {REPOSITORY}")
    subprocess.run(["git", "checkout", "--quiet", COMMIT], cwd=_SUITE, check=True)
    if not (_SUITE / "node_modules").is_dir():
        install = node.npm("install", "--ignore-scripts", "--omit=dev", "--no-audit", "--no-fund", "--no-package-lock")
        subprocess.run(install, cwd=_SUITE, env=node.environment(), check=True, stdout=subprocess.DEVNULL)
    (_SUITE / "judge.mjs").write_text(_JUDGE)
    return _SUITE


def _serve(node: Node, suite: Path) -> tuple[subprocess.Popen[str], str]:
    """Start the suite's server, and return it with its address."""
    settings = {"npm_config_protocol": "http", "npm_config_port": "0", "npm_config_pidfile": str(suite / "server.pid")}
    server = subprocess.Popen(
        [str(node.executable), "test-engine/server/server.mjs"],
        cwd=suite,
        env={**node.environment(), **settings},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert server.stdout is not None
    for line in server.stdout:
        if line.startswith("Listening on "):
            return server, f"http://127.0.0.1:{line.strip().rstrip('/').rpartition(':')[2]}"
    raise RuntimeError("the suite's server did not start")


def _ask(node: Node, suite: Path, url: str, file: Path) -> None:
    # Both names: npm gives an empty id as the package's setting.
    settings = {"npm_config_base": url, "npm_config_id": "", "npm_package_config_id": ""}
    with file.open("w") as out:
        subprocess.run(
            [str(node.executable), "--no-warnings", "test-engine/cli.mjs"],
            cwd=suite,
            env={**node.environment(), **settings},
            stdout=out,
            stderr=subprocess.DEVNULL,
            timeout=600,
            check=True,
        )


def run(_options: Options) -> Result:
    """Run the suite once."""
    node = find_node()
    suite = _installed(node)
    server, origin = _serve(node, suite)
    try:
        with tempfile.TemporaryDirectory() as folder:
            project = Path(shutil.copytree(EXAMPLE, Path(folder) / "proxy", ignore=shutil.ignore_patterns(".*")))
            settings = project / "stacks" / "Pulumi.local.yaml"
            document = yaml.safe_load(settings.read_text())
            document["config"]["caching-proxy:origin"] = origin
            settings.write_text(yaml.safe_dump(document))
            with local_cloud(project, "local") as cloud:
                httpx.get(f"{cloud.url}/", timeout=30)
                ours = Path(folder) / "ours.json"
                _ask(node, suite, cloud.url, ours)
            judged = subprocess.run(
                [str(node.executable), "judge.mjs", str(ours), *PEERS],
                cwd=suite,
                env=node.environment(),
                capture_output=True,
                text=True,
                check=True,
            )
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(10)
    return _result(json.loads(judged.stdout))


def _result(rows: list[Mapping[str, Any]]) -> Result:
    passed: dict[str, dict[str, list[str]]] = {}
    kinds: dict[str, str] = {}
    why: dict[str, str] = {}
    for row in rows:
        kinds[row["id"]] = row["kind"]
        good = passed.setdefault(row["name"], {kind: [] for kind in ("required", "optimal", "check")})
        if row["result"] in ("pass", "yes"):
            good[row["kind"]].append(row["id"])
        elif row["name"] == "edgewright":
            why[row["id"]] = row["why"] or row["result"]
    totals = {kind: sum(1 for one in kinds.values() if one == kind) for kind in ("required", "optimal", "check")}
    spreads = {
        f"{name}, {kind} (of {totals[kind]})": Spread((float(len(ids)),))
        for name, good in passed.items()
        for kind, ids in good.items()
    }
    notes: dict[str, Any] = {"suite": f"{REPOSITORY} at {COMMIT[:7]}"}
    for identity in sorted(why, key=lambda one: (kinds[one] == "check", kinds[one], one)):
        others = [name for name in PEERS if identity in passed[name][kinds[identity]]]
        notes[f"{kinds[identity]}: {identity}"] = f"{why[identity].strip()}; passed by {', '.join(others) or 'none'}"
    return Result(unit="tests passed", spreads=spreads, notes=notes)
