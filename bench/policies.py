"""The whole policy pack over stacks of 1,000 and 10,000 resources, Cloudflare's and AWS's, and the run without it."""

import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from edgewright.engine.resources import Capture
from edgewright.engine.runner import Runner
from edgewright.guard import evaluate
from edgewright_policies import POLICIES

from bench.harness import Options, Result, interleave, ratio
from tests.policies.corpus import GOOD, capture

DESCRIPTION = "the policy pack over 1,000 and 10,000 resources, in-process, and what it adds to a run"
SIZES = (1_000, 10_000)


def stack(size: int, prefix: str) -> Capture:
    """Return a stack of so many resources of one cloud, made of the corpus' compliant ones but for those with files."""
    kinds = [
        (name, data)
        for each in GOOD
        for name, data in each.resources.items()
        if data["type"].startswith(prefix) and len(str(data["inputs"])) < 10_000 and "'fn::" not in str(data["inputs"])
    ]
    resources: dict[str, Any] = {}
    for index in range(size):
        name, data = kinds[index % len(kinds)]
        inputs = dict(data["inputs"])
        # Names and keys of their own, as in a stack that could be deployed.
        for key in ("keyName", "pattern", "hostname", "zoneId"):
            if key in inputs:
                inputs[key] = f"{index}{inputs[key]}"
        resources[f"{name}-{index}"] = {"type": data["type"], "inputs": inputs}
    return capture(resources)


def _timed(work: Callable[[], object]) -> Callable[[], float]:
    def measure() -> float:
        start = time.perf_counter()
        work()
        return time.perf_counter() - start

    return measure


PROGRAM = """\
import json
import pathlib

import pulumi

for each in json.loads((pathlib.Path(__file__).parent / "resources.json").read_text()):
    pulumi.CustomResource(each["type"], each["name"], each["inputs"])
"""


def _project(folder: Path, stack: Capture) -> Path:
    """Write a project whose program declares the stack's resources, and return its folder."""
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text("name: bench\nruntime: python\n")
    (folder / "Pulumi.dev.yaml").write_text("config: {}\n")
    (folder / "__main__.py").write_text(PROGRAM)
    listed = [{"type": each.type, "name": each.name, "inputs": each.inputs} for each in stack]
    (folder / "resources.json").write_text(json.dumps(listed))
    return folder


def run(options: Options) -> Result:
    """Measure the pack alone on both clouds and sizes, and what it adds to a program's run."""
    sizes = SIZES[:1] if options.quick else SIZES
    stacks = {
        f"{cloud} {size}": stack(size, prefix)
        for cloud, prefix in (("cloudflare", "cloudflare:"), ("aws", "aws:"))
        for size in sizes
    }
    competitors = {f"pack, {name}": _timed(lambda each=each: evaluate(each)) for name, each in stacks.items()}  # type: ignore[misc]
    with tempfile.TemporaryDirectory() as folder, Runner() as runner:
        for cloud in ("cloudflare", "aws"):
            project = _project(Path(folder) / cloud, stacks[f"{cloud} {SIZES[0]}"])
            name = f"run, {cloud} {SIZES[0]}"
            competitors[name] = _timed(lambda project=project: runner.run(project, "dev"))  # type: ignore[misc]
            competitors[f"{name}, with the pack"] = _timed(
                lambda project=project: evaluate(runner.run(project, "dev")[0])  # type: ignore[misc]
            )
        spreads = interleave(competitors, options)
    ratios = {}
    for cloud in ("cloudflare", "aws"):
        name = f"run, {cloud} {SIZES[0]}"
        ratios[f"{name}: with the pack / without"] = ratio(spreads[f"{name}, with the pack"], spreads[name])
        if len(sizes) > 1:
            large, small = (spreads[f"pack, {cloud} {size}"] for size in reversed(SIZES))
            ratios[f"pack, {cloud} {SIZES[1]} / {SIZES[0]} (linear: 10)"] = ratio(large, small)
    return Result(
        "s", spreads, ratios, {"policies": len(POLICIES), "to reach": "the pack under 1 s for 1,000 resources"}
    )
