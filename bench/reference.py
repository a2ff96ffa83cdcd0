"""The reference system as `make up` proves it: what a user's first run measures."""

import shutil
import tempfile
from pathlib import Path

from edgewright.base.project import Project
from edgewright.cli.verify import local_target
from edgewright.engine.runner import Runner
from edgewright.local.session import StateDir
from edgewright.local.stack import LocalStack
from edgewright.platforms.cloud import LocalCloud
from edgewright.verify import Report, replay

from bench.harness import Options, Result, Spread
from tests.loopback import free_ports

DESCRIPTION = "the stack local under its own traffic: latency, hit ratio, origin reduction"

_ROOT = Path(__file__).resolve().parents[1]
_ORIGIN_PORTS = ("9101", "9102", "9103")
_PARTS = ("Pulumi.yaml", "__main__.py", "stacks", "examples/__init__.py", "examples/origins")


def _copy(folder: Path) -> Path:
    """Copy the project with its origins on free ports, so that a stack that runs here is left alone."""
    for part in _PARTS:
        source, target = _ROOT / part, folder / part
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    file = folder / "stacks" / "Pulumi.local.yaml"
    text = file.read_text()
    for port, free in zip(_ORIGIN_PORTS, free_ports(len(_ORIGIN_PORTS)), strict=True):
        text = text.replace(port, str(free))
    file.write_text(text)
    return folder


def run(options: Options) -> Result:
    """Replay the stack's traffic once a round, each on caches that know nothing."""
    reports: list[Report] = []
    with tempfile.TemporaryDirectory() as temporary, Runner() as runner:
        folder = _copy(Path(temporary))
        project = Project.load(folder)
        capture, settings = runner.run(folder, "local", cloud=LocalCloud())
        changes = {"requests": 150, "warm_up": 50} if options.quick else {}
        traffic = settings.traffic.model_copy(update={**changes, "failover": None})
        for _ in range(min(options.rounds, 3)):
            with LocalStack(project, "local", port=0, fresh=True) as local:
                local.start(settings.services)
                local.deploy(capture)
                session = StateDir(project, "local").running()
                assert session is not None
                reports.append(replay(local_target(session, settings), traffic, settings.objectives))

    def spread(values: list[float | None]) -> Spread:
        return Spread(tuple(value for value in values if value is not None))

    return Result(
        unit="ms or share",
        spreads={
            "p50": spread([report.latency.p50 for report in reports]),
            "p95": spread([report.latency.p95 for report in reports]),
            "service p50": spread([report.service_time.p50 for report in reports]),
            "generator's lag p50": spread([report.lag.p50 for report in reports]),
            "hit ratio": spread([report.cache.hit_ratio for report in reports]),
            "origin reduction": spread([report.origins.reduction if report.origins else None for report in reports]),
            "error rate": spread([report.errors.ratio for report in reports]),
        },
        notes={"requests": traffic.requests, "rate": traffic.rate, "seed": traffic.seed},
    )
