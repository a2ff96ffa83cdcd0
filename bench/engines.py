"""The two engines of a CachePolicy on the local cloud: what a hit, a deployment and a crowd cost with each."""

import concurrent.futures
import tempfile
from functools import partial
from pathlib import Path

import httpx
import psutil
from edgewright.testing import LocalCloud, local_cloud

from bench._cache import CONNECTIONS, load, load_generator
from bench.harness import Options, Result, Spread, interleave, ratio

DESCRIPTION = "a hit's cost with the engines `worker` and `platform`, on the local cloud"

_CROWD = 64
_ACCOUNT = "a" * 32

_HANDLER = """
const body = "x".repeat(1024);
export default (request) => new Response(body, { headers: { "x-made": String(Math.random()), "x-build": "BUILD" } });
"""

_PROGRAM = f"""
import pulumi
from edgewright import CachePolicy, EdgeApi

engine = pulumi.Config().require("engine")
tiers = {{"memory": {{}}}} if engine != "edge" else {{}}
kind = "platform" if engine == "platform" else "worker"
pages = CachePolicy("pages", {{"edge_ttl": 3600, "cloudflare": {{"engine": kind, "tiers": tiers}}, "key": {{"host": False}}}})
endpoints = [{{"path": "/page", "handler": "page.js", "cache": pages.spec}}, {{"path": "/bare", "handler": "page.js"}}]
EdgeApi("api", {{"cloudflare": {{"account_id": "{_ACCOUNT}"}}, "endpoints": endpoints}})
"""

ENGINES = {"worker, memory": "memory", "worker, edge": "edge", "platform": "platform"}


def _project(folder: Path, engine: str) -> Path:
    (folder / "stacks").mkdir(parents=True)
    (folder / "Pulumi.yaml").write_text("name: engines\nruntime: python\nstackConfigDir: stacks\n")
    (folder / "__main__.py").write_text(_PROGRAM)
    (folder / "stacks" / "Pulumi.local.yaml").write_text(f"config:\n  engines:engine: {engine}\n")
    (folder / "page.js").write_text(_HANDLER)
    return folder


def _workerd_s(cloud: LocalCloud) -> float:
    """Processor seconds of workerd, which stands for what is billed as CPU time."""
    gateway = cloud._stack.processes.pids()["gateway"]
    found = [one for one in psutil.Process(gateway).children(recursive=True) if "workerd" in one.name()]
    return sum(times.user + times.system for times in (one.cpu_times() for one in found))


def run(options: Options) -> Result:
    """Measure hits of both engines, and of no cache, interleaved; then a deployment and a crowd."""
    seconds = 1.0 if options.quick else 2.0
    with tempfile.TemporaryDirectory() as folder:
        clouds = {
            name: local_cloud(_project(Path(folder) / engine, engine), "local") for name, engine in ENGINES.items()
        }
        try:
            return _measure(clouds, Path(folder), options, seconds)
        finally:
            for cloud in clouds.values():
                cloud.close()


def _measure(clouds: dict[str, LocalCloud], folder: Path, options: Options, seconds: float) -> Result:
    processor: dict[str, list[float]] = {}
    urls = {name: f"{cloud.url}/page" for name, cloud in clouds.items()}
    owner = dict(clouds)
    urls["no cache"] = f"{clouds['worker, memory'].url}/bare"
    owner["no cache"] = clouds["worker, memory"]

    def once(name: str) -> float:
        before = _workerd_s(owner[name])
        rate, count = load(urls[name], seconds)
        processor.setdefault(name, []).append((_workerd_s(owner[name]) - before) / count * 1e6)
        return rate

    for name in clouds:
        for _ in range(3):
            answer = httpx.get(urls[name], trust_env=False)
        hit = (
            answer.headers.get("cf-cache-status") == "HIT"
            if name == "platform"
            else "hit" in answer.headers["cache-status"]
        )
        if not hit:
            raise RuntimeError(f"{name} does not answer from its cache: {dict(answer.headers)}")
    spreads = interleave({name: partial(once, name) for name in urls}, options)
    ratios = {f"{name} / no cache": ratio(spreads[name], spreads["no cache"]) for name in clouds}
    return Result(
        unit="requests/s through the gateway",
        spreads=spreads,
        ratios=ratios,
        notes={
            "connections": CONNECTIONS,
            "load": load_generator(),
            "workerd's CPU a request (µs)": {
                name: round(Spread(tuple(values[1:])).median, 1) for name, values in processor.items()
            },
            "answers that a crowd of 64 on a new key was given": {
                name: _crowd(cloud) for name, cloud in clouds.items()
            },
            "first request after a deployment": {
                name: _after_deployment(cloud, folder / ENGINES[name]) for name, cloud in clouds.items()
            },
            "of the local cloud": "the cache in front is played in the gateway's Node process: only its CPU in workerd, none,"
            " says something of the real one",
        },
    )


def _crowd(cloud: LocalCloud) -> int:
    limits = httpx.Limits(max_connections=_CROWD)
    with httpx.Client(trust_env=False, limits=limits) as client, concurrent.futures.ThreadPoolExecutor(_CROWD) as pool:
        answers = pool.map(lambda _: client.get(f"{cloud.url}/page?crowd"), range(_CROWD))
        return len({answer.headers["x-made"] for answer in answers})


def _after_deployment(cloud: LocalCloud, folder: Path) -> str:
    before = httpx.get(f"{cloud.url}/page", trust_env=False).headers["x-made"]
    handler = folder / "page.js"
    handler.write_text(handler.read_text().replace("BUILD", "BUILD2"))
    cloud.reload()
    after = httpx.get(f"{cloud.url}/page", trust_env=False).headers["x-made"]
    return "a hit" if after == before else "a miss"
