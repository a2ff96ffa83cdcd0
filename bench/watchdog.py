"""What the local cloud does with a handler that never ends, and with one that takes all memory: how soon each is ended, how soon
other endpoints are answered again, and how much memory the runtime ever has."""

import contextlib
import json
import os
import re
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil
from edgewright.assemble import runtime
from edgewright.base.project import Project
from edgewright.engine.runner import Runner
from edgewright.local.session import StateDir
from edgewright.local.stack import LocalStack
from edgewright.platforms.cloud import LocalCloud

from bench.harness import NotHere, Options, Result, Spread

DESCRIPTION = "a handler that loops and one that takes memory: ended, others answered, memory"

_LIMIT_MS = 100
_ROUNDS = 10
_PATIENCE_S = 120.0

_PROGRAM = """
from edgewright import EdgeApi

for name in ("loops", "grows", "other"):
    EdgeApi(name, {
        "cloudflare": {"account_id": "%s"},
        "endpoints": [{"path": "/", "handler": f"{name}.js"}],
        **({"limits": {"cpu_ms": %d}} if name == "loops" else {}),
    })
"""
_FILES = {
    "Pulumi.yaml": "name: demo\nruntime: python\nstackConfigDir: stacks\n",
    "stacks/Pulumi.local.yaml": "config: {}\n",
    "__main__.py": _PROGRAM % ("a" * 32, _LIMIT_MS),
    "loops.js": "export default () => { for (;;); };\n",
    # A little at a time, so that it is memory and not time that it takes.
    "grows.js": (
        "export default async () => { const kept = [];"
        " for (;;) { kept.push(new Uint8Array(4 << 20).fill(1)); await scheduler.wait(1); } };\n"
    ),
    "other.js": 'export default () => new Response("other");\n',
}


@dataclass
class _Peak:
    """The most memory that any workerd of the gateway's has had, looked at all the time."""

    gateway: int
    bytes: int = 0
    _stop: threading.Event = field(default_factory=threading.Event)

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        thread = threading.Thread(target=self._watch)
        thread.start()
        try:
            yield
        finally:
            self._stop.set()
            thread.join()

    def _watch(self) -> None:
        known: set[int] = set()
        while not self._stop.wait(0.01):
            # The kernel keeps the most that a process has had: what comes between two looks is seen too.
            for pid in [*known]:
                try:
                    found = re.search(r"^VmHWM:\s+(\d+) kB$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
                except OSError:
                    known.discard(pid)
                    continue
                self.bytes = max(self.bytes, int(found[1]) * 1024 if found else 0)
            with contextlib.suppress(psutil.Error):
                for child in psutil.Process(self.gateway).children(recursive=True):
                    if child.pid not in known and child.name() == "workerd":
                        known.add(child.pid)


@dataclass(frozen=True)
class _Round:
    ended_s: float
    """From the request until it is answered with the platform's error."""
    others_s: float
    """From then until another endpoint answers again; what had waited for it meanwhile may be answered before."""
    peak_mb: float


def _guilty(url: str, name: str) -> float:
    """Ask for what goes over a limit; return the seconds until it is told so."""
    started = time.perf_counter()
    answer = httpx.get(url, headers=_to(name), timeout=_PATIENCE_S, trust_env=False)
    taken = time.perf_counter() - started
    if answer.status_code != 503 or answer.json().get("error_code") != 1102:
        raise RuntimeError(f"{name} was not ended by the watchdog: {answer.status_code} {answer.text[:200]}")
    return taken


def _to(name: str) -> dict[str, str]:
    return {"X-Local-Host": f"{name}-local.local.workers.dev"}


def _answered(url: str) -> float:
    """Ask another endpoint until it answers; return the seconds that it took."""
    started = time.perf_counter()
    while httpx.get(url, headers=_to("other"), timeout=_PATIENCE_S, trust_env=False).status_code != 200:
        if time.perf_counter() - started > _PATIENCE_S:
            raise RuntimeError("the other endpoint is not answered again")
        time.sleep(0.02)
    return time.perf_counter() - started


def _round(url: str, gateway: int, name: str) -> _Round:
    _answered(url)
    peak = _Peak(gateway)
    with peak.watching():
        ended = _guilty(url, name)
        others = _answered(url)
    return _Round(ended, others, peak.bytes / 1e6)


def _version(package: str) -> str:
    """The version of a package of the runtime."""
    file = runtime.ensure() / "node_modules" / package / "package.json"
    return str(json.loads(file.read_text("utf-8"))["version"])


def run(options: Options) -> Result:
    """Have both handlers go over their limits, one after the other, ten times or as often as was asked for."""
    if not Path("/proc/self/status").exists():
        raise NotHere("the runtime's memory is read from /proc")
    load = os.getloadavg()[0]
    rounds = options.rounds if options.quick else max(options.rounds, _ROUNDS)
    with tempfile.TemporaryDirectory() as temporary, Runner() as runner:
        folder = Path(temporary).resolve()
        for name, text in _FILES.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)
        project = Project.load(folder)
        capture, settings = runner.run(folder, "local", cloud=LocalCloud())
        with LocalStack(project, "local", port=0, fresh=True) as local:
            local.start(settings.services)
            local.deploy(capture)
            session = StateDir(project, "local").running()
            assert session is not None
            gateway = local.processes.pids()["gateway"]
            found = {name: [_round(local.url, gateway, name) for _ in range(rounds)] for name in ("loops", "grows")}

    def spread(name: str, values: list[float]) -> dict[str, Spread]:
        return {name: Spread(tuple(values))}

    loops, grows = found["loops"], found["grows"]
    return Result(
        unit="as named",
        spreads={
            **spread(f"a loop with cpu_ms {_LIMIT_MS}: until it is ended (s)", [each.ended_s for each in loops]),
            **spread("a loop: until others are answered, after that (s)", [each.others_s for each in loops]),
            **spread("a loop: most memory of workerd (MB)", [each.peak_mb for each in loops]),
            **spread("memory: until it is ended (s)", [each.ended_s for each in grows]),
            **spread("memory: until others are answered, after that (s)", [each.others_s for each in grows]),
            **spread("memory: most memory of workerd (MB)", [each.peak_mb for each in grows]),
        },
        notes={
            "versions": {name: _version(name) for name in ("miniflare", "workerd")},
            "priority": f"nice {os.getpriority(os.PRIO_PROCESS, 0)}, beside a load of {load:.1f} at the start",
            "wanted": f"a loop is ended within its limit ({_LIMIT_MS} ms) and 2 s, others are answered within 3 s, and workerd"
            " has less than 2000 MB",
            "measured": "each in turn, on one gateway; memory is the most that the kernel counts of any workerd (VmHWM)",
        },
    )
