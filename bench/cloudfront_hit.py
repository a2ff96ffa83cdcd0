"""What a hit of the local CloudFront costs above a bare Node server, asked in turns from one connection each; and how many
origin requests a crowd on a cold key makes."""

import asyncio
import collections
import contextlib
import http.server
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import ClassVar

import httpx
from edgewright.assemble.node import find_node
from edgewright.testing import local_cloud

from bench.harness import Options, Result, Spread, interleave, ratio

DESCRIPTION = "a hit of the local CloudFront, with and without a function at the viewer, against a bare Node server"

_BODY = b'{"text":"' + b"x" * 1000 + b'"}'

_PROGRAM = """
import pulumi
import pulumi_aws as aws

viewer = aws.cloudfront.Function(
    "viewer",
    runtime="cloudfront-js-2.0",
    code="function handler(event) { event.request.headers['x-a'] = { value: '1' }; return event.request; }",
)
behavior = {
    "target_origin_id": "origin",
    "viewer_protocol_policy": "allow-all",
    "allowed_methods": ["GET", "HEAD"],
    "cached_methods": ["GET", "HEAD"],
    "cache_policy_id": aws.cloudfront.get_cache_policy(name="Managed-CachingOptimized").id,
}
scripted = {"function_associations": [{"event_type": "viewer-request", "function_arn": viewer.arn}]}
distribution = aws.cloudfront.Distribution(
    "cdn",
    enabled=True,
    origins=[
        {
            "origin_id": "origin",
            "domain_name": "127.0.0.1",
            "custom_origin_config": {
                "http_port": pulumi.Config().require_int("port"),
                "https_port": 443,
                "origin_protocol_policy": "http-only",
                "origin_ssl_protocols": ["TLSv1.2"],
            },
        }
    ],
    default_cache_behavior=behavior,
    ordered_cache_behaviors=[{**behavior, **scripted, "path_pattern": "/scripted/*"}],
    restrictions={"geo_restriction": {"restriction_type": "none"}},
    viewer_certificate={"cloudfront_default_certificate": True},
    wait_for_deployment=False,
)
pulumi.export("domain", distribution.domain_name)
"""

_BARE = """
const body = Buffer.from(process.argv[1]);
const server = require("node:http").createServer((_, answer) =>
  answer.writeHead(200, { "Content-Type": "application/json", "Content-Length": body.length }).end(body));
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
process.stdin.resume().on("end", () => process.exit());
"""


CROWD = 64
"""Requests at once for one cold key."""


class _Origin(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    asked: ClassVar[collections.Counter[str]] = collections.Counter()

    def do_GET(self) -> None:
        self.asked[self.path] += 1
        if self.path.startswith("/crowd/"):
            time.sleep(0.3)  # the whole crowd is there before the first answer is
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(_BODY)))
        self.send_header("Cache-Control", "max-age=3600")
        self.end_headers()
        self.wfile.write(_BODY)

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextlib.contextmanager
def _origin() -> Iterator[int]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Origin) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


@contextlib.contextmanager
def _bare() -> Iterator[int]:
    with subprocess.Popen(
        [str(find_node().executable), "--eval", _BARE, _BODY.decode()], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield int(process.stdout.readline())
        process.stdin.close()


def _p50(client: httpx.Client, path: str, count: int, *, hit: bool) -> float:
    times = []
    for _ in range(count):
        started = time.perf_counter()
        answer = client.get(path)
        times.append((time.perf_counter() - started) * 1000)
        if answer.status_code != 200 or (hit and "Hit" not in answer.headers.get("x-cache", "")):
            raise RuntimeError(f"{path}: {answer.status_code} {answer.headers.get('x-cache')}")
    return statistics.median(times)


async def _crowd(url: str, host: str, path: str) -> None:
    limits = httpx.Limits(max_connections=CROWD)
    async with httpx.AsyncClient(
        base_url=url, headers={"Host": host}, trust_env=False, limits=limits, timeout=60
    ) as client:
        answers = await asyncio.gather(*(client.get(path) for _ in range(CROWD)))
    if {answer.status_code for answer in answers} != {200}:
        raise RuntimeError(f"{path}: {sorted(answer.status_code for answer in answers)}")


def run(options: Options) -> Result:
    """Measure the median of some hundred sequential requests a round."""
    count = 50 if options.quick else 400
    with tempfile.TemporaryDirectory() as temporary, _origin() as origin, _bare() as bare:
        folder = Path(temporary).resolve()
        (folder / "stacks").mkdir()
        (folder / "Pulumi.yaml").write_text("name: demo\nruntime: python\nstackConfigDir: stacks\n")
        (folder / "stacks" / "Pulumi.local.yaml").write_text(f"config: {{demo:port: {origin}}}\n")
        (folder / "__main__.py").write_text(_PROGRAM)
        with (
            local_cloud(folder, "local") as cloud,
            httpx.Client(base_url=f"http://127.0.0.1:{bare}", trust_env=False) as plain,
            httpx.Client(
                base_url=cloud.url, headers={"Host": str(cloud.capture.outputs["domain"])}, trust_env=False
            ) as edge,
        ):
            for path in ("/page", "/scripted/page"):
                edge.get(path).raise_for_status()
            competitors: dict[str, Callable[[], float]] = {
                "bare Node server": lambda: _p50(plain, "/page", count, hit=False),
                "hit": lambda: _p50(edge, "/page", count, hit=True),
                "hit with a function": lambda: _p50(edge, "/scripted/page", count, hit=True),
            }
            spreads = interleave(competitors, options)
            crowds = []
            for number in range(options.rounds):
                path = f"/crowd/{number}"
                asyncio.run(_crowd(cloud.url, str(cloud.capture.outputs["domain"]), path))
                crowds.append(_Origin.asked[path])
    bare_times = spreads["bare Node server"].values
    for name in ("hit", "hit with a function"):
        added = tuple(mine - bare for mine, bare in zip(spreads[name].values, bare_times, strict=True))
        spreads[f"a {name} adds"] = Spread(added)
    return Result(
        unit="ms at p50",
        spreads=spreads,
        ratios={
            f"{name} / bare": ratio(spreads[name], spreads["bare Node server"])
            for name in ("hit", "hit with a function")
        },
        notes={
            "requests a round": count,
            "bytes": len(_BODY),
            "goal": "a hit adds at most 1.5 ms; a crowd makes 1 origin request",
            f"origin requests of {CROWD} at once on a cold key": f"{min(crowds)} to {max(crowds)} in {len(crowds)} crowds",
        },
    )
