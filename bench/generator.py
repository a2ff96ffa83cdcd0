"""What the load generator costs: it shares the machine with what it measures, so its own time is in every number."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from edgewright.config.models import Objectives, PathMix, Traffic
from edgewright.verify import Target, replay
from edgewright.verify.wire import Wire

from bench.harness import Options, Result, ratio
from bench.harness import interleave as measure

DESCRIPTION = "CPU time a request of verify's client against httpx, and its lag at the default rate"


@contextmanager
def _origin() -> Iterator[str]:
    command = [sys.executable, "-m", "examples.origins"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip().split(": ", 1)[1]
        finally:
            process.terminate()


def _wire(url: str, count: int) -> float:
    async def run() -> float:
        wire = Wire(url, 10)
        await wire.get("/api/products/1", {})
        began = time.process_time()
        for number in range(count):
            await wire.get(f"/api/products/{number % 500 + 1}", {"X-Local-Country": "US"})
        spent = time.process_time() - began
        wire.close()
        return spent / count * 1e6

    return asyncio.run(run())


def _httpx(url: str, count: int) -> float:
    async def run() -> float:
        async with httpx.AsyncClient(base_url=url, trust_env=False) as client:
            await client.get("/api/products/1")
            began = time.process_time()
            for number in range(count):
                await client.get(f"/api/products/{number % 500 + 1}", headers={"X-Local-Country": "US"})
            return (time.process_time() - began) / count * 1e6

    return asyncio.run(run())


def run(options: Options) -> Result:
    """Measure sequential requests on one kept-alive connection, then a replay at the default rate."""
    count = 50 if options.quick else 500
    with _origin() as url:
        spreads = measure({"verify": lambda: _wire(url, count), "httpx": lambda: _httpx(url, count)}, options)
        traffic = Traffic(
            requests=100 if options.quick else 1500, warm_up=50, mix=(PathMix(path="/api/products/{n}", objects=500),)
        )
        report = replay(Target(url), traffic, Objectives())
    return Result(
        unit="µs of CPU a request",
        spreads=spreads,
        ratios={"verify / httpx": ratio(spreads["verify"], spreads["httpx"])},
        notes={
            "rate": traffic.rate,
            "lag_p50_ms": report.lag.p50,
            "lag_p95_ms": report.lag.p95,
            "latency_p50_ms": report.latency.p50,
            "errors": report.errors.count,
        },
    )
