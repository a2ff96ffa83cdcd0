"""How long a function at the edge takes to start: its package, and its import and first answer measured on Node.js."""

import json
import os
import subprocess
import tempfile
from pathlib import Path
from statistics import median
from typing import Any, Final

import pulumi

from edgewright.assemble.lambda_package import Package
from edgewright.assemble.node import find_node
from edgewright.base.errors import InfrastructureError
from edgewright.base.fault_codes import Code
from edgewright.engine.resources import Capture, Resource
from edgewright.platforms.cloudfront.options import ORIGIN_EVENTS
from edgewright.platforms.parts import FunctionReport, Start

LAMBDA_TYPE: Final = "aws:lambda/function:Function"
DISTRIBUTION_TYPE: Final = "aws:cloudfront/distribution:Distribution"
ROUNDS: Final = 5
TIMEOUT_S: Final = 20
"""Longest time for one start. Lambda gives up on an import after 10 s."""

_MEASURE = """
const [file, name, event] = process.argv.slice(1);
const started = performance.now();
const module = await import(file);
const imported = performance.now();
const run = module[name] ?? module.default?.[name];
if (typeof run !== "function") throw new Error(`${name} is not exported`);
let answered;
try {
  answered = await new Promise((resolve, reject) => {
    const answer = run(JSON.parse(event), { getRemainingTimeInMillis: () => 5000 }, (error, value) => error ? reject(error) : resolve(value));
    if (typeof answer?.then === "function") answer.then(resolve, reject);
  });
} catch (error) {
  answered = { error: String(error) };
}
const done = performance.now();
process.stdout.write("\\n" + JSON.stringify({ import_ms: imported - started, first_answer_ms: done - started, error: answered?.error }));
process.exit(0);
"""


def sample_event(event: str, uri: str = "/") -> dict[str, Any]:
    """Return an event as AWS documents it, for a path."""
    request: dict[str, Any] = {
        "clientIp": "203.0.113.178",
        "headers": {
            "host": [{"key": "Host", "value": "d111111abcdef8.cloudfront.net"}],
            "user-agent": [{"key": "User-Agent", "value": "curl/7.66.0"}],
        },
        "method": "GET",
        "querystring": "",
        "uri": uri,
    }
    if event.startswith("origin-"):
        request["origin"] = {
            "custom": {
                "customHeaders": {},
                "domainName": "example.org",
                "keepaliveTimeout": 5,
                "path": "",
                "port": 443,
                "protocol": "https",
                "readTimeout": 30,
                "sslProtocols": ["TLSv1.2"],
            }
        }
    config = {
        "distributionDomainName": "d111111abcdef8.cloudfront.net",
        "distributionId": "EDFDVBD6EXAMPLE",
        "eventType": event,
        "requestId": "4TyzHTaYWb1GX1qTfsHhEqV6HUDd_BzoBZnwfnvQc_1oF26ClkoUSEQ==",
    }
    found: dict[str, Any] = {"config": config, "request": request}
    if event.endswith("-response"):
        found["response"] = {"headers": {}, "status": "200", "statusDescription": "OK"}
    return {"Records": [{"cf": found}]}


def measure(package: Package, handler: str, event: str, rounds: int = ROUNDS, uri: str = "/") -> Start:
    """Start a function again and again in processes of its own, and return the medians.

    Args:
        package: the function's files.
        handler: `<file>.<export>`.
        event: what it is asked with, as :func:`sample_event` makes it.
        rounds: how many processes.
        uri: the path that it is asked for.

    Raises:
        InfrastructureError: it cannot be imported, or takes too long.
        NodeMissing: there is no usable Node.js.
    """
    node = find_node()
    file, _, export = handler.rpartition(".")
    results = []
    with tempfile.TemporaryDirectory(prefix="edgewright-") as folder:
        for name, content in package.files.items():
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        modules = [Path(folder, f"{file}{suffix}") for suffix in (".mjs", ".js", ".cjs")]
        module = next((each for each in modules if each.is_file()), None)
        if module is None:
            raise InfrastructureError(f"the package has no module of the handler {handler}", Code.EXPORT)
        command = [str(node.executable), "--input-type=module", "--eval", _MEASURE, "--"]
        command += [module.as_uri(), export, json.dumps(sample_event(event, uri))]
        for _ in range(rounds):
            try:
                done = subprocess.run(
                    command,
                    cwd=folder,
                    env={**node.environment(), "NODE_OPTIONS": "", "HOME": os.environ.get("HOME", folder)},
                    capture_output=True,
                    text=True,
                    timeout=TIMEOUT_S,
                    check=False,
                )
            except subprocess.TimeoutExpired:
                raise InfrastructureError(f"the function did not start within {TIMEOUT_S} s", Code.PROCESS) from None
            if done.returncode != 0:
                reason = next((line for line in done.stderr.splitlines() if "Error" in line), done.stderr[-300:])
                raise InfrastructureError(f"the function cannot be imported: {reason.strip()}", Code.PROCESS)
            results.append(json.loads(done.stdout.splitlines()[-1]))
    return Start(
        import_ms=round(median(each["import_ms"] for each in results), 1),
        first_answer_ms=round(median(each["first_answer_ms"] for each in results), 1),
        error=results[-1].get("error"),
    )


def package_of(function: Resource, base: Path) -> Package:
    """Return the package of a captured function; files of its archive are read from `base`."""
    code = function.inputs.get("code")
    files: dict[str, bytes] = {}
    if isinstance(code, pulumi.FileArchive):
        root = base / code.path
        if root.is_dir():
            files = {each.relative_to(root).as_posix(): each.read_bytes() for each in root.rglob("*") if each.is_file()}
    elif isinstance(code, pulumi.AssetArchive):
        for name, asset in code.assets.items():
            if isinstance(asset, pulumi.StringAsset):
                files[name] = asset.text.encode()
            elif isinstance(asset, pulumi.FileAsset):
                files[name] = (base / asset.path).read_bytes()
    return Package(files)


def _events(ledger: Any, component: str) -> tuple[str, ...]:
    """Return the events on which a function runs, from its component's ledger."""
    entries = ledger if isinstance(ledger, list | tuple) else [ledger]
    own = [entry for entry in entries if str((entry or {}).get("component")).rpartition("/")[-1] == component]
    return tuple(own[0].get("events") or ()) if own else ()


def report(capture: Capture, base: Path, rounds: int = ROUNDS) -> tuple[FunctionReport, ...]:
    """Return a report of each function that a program declares for CloudFront's edge.

    Args:
        capture: the program's resources.
        base: the program's folder.
        rounds: how often each function is started.

    Raises:
        InfrastructureError: a function cannot be started.
        NodeMissing: there is no usable Node.js.
    """
    from edgewright.platforms.cloudfront import lambda_edge

    found = []
    for function in capture.of_type(LAMBDA_TYPE):
        if not str(function.inputs.get("description", "")).startswith(lambda_edge.LEDGER_MARK):
            continue
        component = str(function.inputs["description"]).split(":")[0].rpartition("/")[-1]
        owner = next((each for each in capture if each.urn == function.parent), None)
        outputs = owner.outputs if owner is not None else {}
        told = outputs.get("report") or {}
        events = tuple(
            (outputs.get("association") or {}).get("events")
            or _events(outputs.get("ledger"), component)
            or ORIGIN_EVENTS
        )
        package = package_of(function, base)
        runtime = str(function.inputs.get("runtime"))
        shape = lambda_edge.Shape(
            runtime=runtime,
            events=events,
            timeout_s=int(function.inputs.get("timeout", lambda_edge.TIMEOUT_S)),
            memory_mb=int(function.inputs.get("memorySize", lambda_edge.MEMORY_MB)),
        )
        parts = told.get("parts") or [
            {"name": name, "bytes": len(content)}
            for name, content in sorted(package.files.items(), key=lambda item: (-len(item[1]), item[0]))[:10]
        ]
        found.append(
            FunctionReport(
                name=component,
                events=events,
                runtime=runtime,
                bytes=package.size,
                zipped_bytes=len(package.zipped()),
                files=len(package.files),
                parts=tuple(parts),
                imports=tuple(told.get("imports") or ()),
                advice=tuple(told.get("advice") or lambda_edge.advice(package, shape)),
                start=measure(package, str(function.inputs["handler"]), events[0], rounds)
                if runtime.startswith("nodejs")
                else None,
            )
        )
    return tuple(sorted(found, key=lambda item: item.name))
