"""What the pack costs where Pulumi's engine asks it: over the engine's own protocol, and, where the CLI is, in `pulumi preview`."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc  # type: ignore[import-untyped]
import psutil
from edgewright.engine.resources import Capture
from edgewright_policies import POLICIES
from google.protobuf import struct_pb2  # type: ignore[import-untyped]
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc
from pulumi_policy.deserialize import serialize_properties

from bench.harness import Options, Result, Spread, interleave, ratio
from bench.policies import stack

DESCRIPTION = "the pack as the engine asks it, beside the same policies in PolicyPack and a pack of one empty policy"
SIZES = (1_000, 10_000)
PREVIEWED = 1_000
_PACKS = {
    "pack": "from edgewright_policies import POLICIES, serve\nserve('pack', POLICIES, CONFIG)\n",
    "in PolicyPack": (
        "from edgewright_policies import POLICIES\n"
        "from pulumi_policy import PolicyPack\n"
        "PolicyPack('pack', list(POLICIES), initial_config=CONFIG)\n"
    ),
    "empty pack": (
        "from pulumi_policy import PolicyPack, ResourceValidationPolicy\n"
        "PolicyPack('pack', [ResourceValidationPolicy('nothing', 'nothing', lambda args, report: None)])\n"
    ),
}
_CONFIG = "from pulumi_policy import EnforcementLevel\nCONFIG = {'all': EnforcementLevel.ADVISORY}\n"
_PROGRAM = """\
import json
import pathlib

import pulumi

for each in json.loads((pathlib.Path(__file__).parent / "resources.json").read_text()):
    pulumi.ComponentResource(each["type"], each["name"], each["inputs"])
"""


@contextmanager
def _served(folder: Path, text: str) -> Iterator[Any]:
    """Serve a pack, and give what asks it."""
    folder.mkdir()
    (folder / "__main__.py").write_text(_CONFIG + text)
    command = [sys.executable, str(folder / "__main__.py")]
    most = [("grpc.max_send_message_length", 1 << 28), ("grpc.max_receive_message_length", 1 << 28)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            with grpc.insecure_channel(f"127.0.0.1:{int(process.stdout.readline())}", options=most) as channel:
                yield analyzer_pb2_grpc.AnalyzerStub(channel), psutil.Process(process.pid)
        finally:
            process.kill()


def _requests(resources: Capture) -> tuple[list[Any], Any]:
    each_one = []
    whole = analyzer_pb2.AnalyzeStackRequest()
    for each in resources:
        properties = struct_pb2.Struct()
        properties.update(serialize_properties(each.inputs))
        said: dict[str, Any] = {"type": each.type, "urn": each.urn, "name": each.name, "properties": properties}
        each_one.append(analyzer_pb2.AnalyzeRequest(options=analyzer_pb2.AnalyzerResourceOptions(), **said))
        whole.resources.append(analyzer_pb2.AnalyzerResource(options=analyzer_pb2.AnalyzerResourceOptions(), **said))
    return each_one, whole


def _asking(stub: Any, process: psutil.Process, each_one: list[Any], whole: Any) -> Callable[[], float]:
    """Return what asks a pack everything that the engine asks it of a stack: twice of each resource, once of them all.

    What is measured is the time that the pack's process computes: not who asks, and not what else the machine does.
    """

    def measure() -> float:
        before = process.cpu_times()
        for request in each_one:
            stub.Remediate(request)
            stub.Analyze(request)
        stub.AnalyzeStack(whole)
        after = process.cpu_times()
        return (after.user - before.user) + (after.system - before.system)

    return measure


def _previews(folder: Path, size: int, options: Options) -> Mapping[str, Spread]:
    """Measure `pulumi preview` of a program alone and with each pack. The engine is asked for advice only, so all pass."""
    runtime = {"name": "python", "options": {"virtualenv": sys.prefix}}
    for name, text in _PACKS.items():
        place = folder / name.replace(" ", "-")
        place.mkdir(parents=True)
        (place / "PulumiPolicy.yaml").write_text(json.dumps({"name": "pack", "runtime": runtime}))
        (place / "__main__.py").write_text(_CONFIG + text)
    for inner in ("state", "home"):
        (folder / inner).mkdir()
    (folder / "Pulumi.yaml").write_text(json.dumps({"name": "bench", "runtime": runtime}))
    (folder / "Pulumi.dev.yaml").write_text("config: {}\n")
    (folder / "__main__.py").write_text(_PROGRAM)
    listed = [{"type": each.type, "name": each.name, "inputs": each.inputs} for each in stack(size, "cloudflare:")]
    (folder / "resources.json").write_text(json.dumps(listed, default=str))
    environment = {
        **os.environ,
        "PULUMI_BACKEND_URL": (folder / "state").as_uri(),
        "PULUMI_HOME": str(folder / "home"),
        "PULUMI_CONFIG_PASSPHRASE": "bench",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }

    def pulumi(*arguments: str) -> float:
        start = time.perf_counter()
        subprocess.run(
            ["pulumi", *arguments, "--non-interactive"], cwd=folder, env=environment, check=True, capture_output=True
        )
        return time.perf_counter() - start

    pulumi("stack", "init", "dev")
    return interleave(
        {
            f"preview of {size}": lambda: pulumi("preview"),
            **{
                f"preview of {size}, {name}": lambda name=name: pulumi(  # type: ignore[misc]
                    "preview", "--policy-pack", str(folder / name.replace(" ", "-"))
                )
                for name in _PACKS
            },
        },
        options,
    )


def run(options: Options) -> Result:
    """Ask the packs over the protocol; then preview a program with each, where the CLI is."""
    sizes = (100,) if options.quick else SIZES
    spreads: dict[str, Spread] = {}
    ratios: dict[str, Spread] = {}
    with tempfile.TemporaryDirectory() as made, ExitStack() as open_:
        folder = Path(made)
        stubs = {
            name: open_.enter_context(_served(folder / f"served-{name.replace(' ', '-')}", text))
            for name, text in _PACKS.items()
        }
        competitors = {}
        for cloud in ("cloudflare", "aws"):
            for size in sizes:
                each_one, whole = _requests(stack(size, f"{cloud}:"))
                for name, (stub, process) in stubs.items():
                    if name == "pack" or size == sizes[0]:
                        competitors[f"{name}, {cloud} {size}, CPU"] = _asking(stub, process, each_one, whole)
        spreads |= interleave(competitors, options)
        for cloud in ("cloudflare", "aws"):
            ours = spreads[f"pack, {cloud} {sizes[0]}, CPU"]
            for name in ("in PolicyPack", "empty pack"):
                ratios[f"{cloud} {sizes[0]}: pack / {name}"] = ratio(ours, spreads[f"{name}, {cloud} {sizes[0]}, CPU"])
            if len(sizes) > 1:
                large = spreads[f"pack, {cloud} {sizes[1]}, CPU"]
                ratios[f"{cloud}: pack {sizes[1]} / {sizes[0]} (linear: {sizes[1] // sizes[0]})"] = ratio(large, ours)
        if shutil.which("pulumi") and shutil.which("pulumi-language-python"):
            size = 50 if options.quick else PREVIEWED
            previews = _previews(folder / "preview", size, replace(options, rounds=min(options.rounds, 3)))
            spreads |= previews
            alone, ours = previews[f"preview of {size}"], previews[f"preview of {size}, pack"]
            ratios[f"preview of {size}: with the pack / without"] = ratio(ours, alone)
            for name in ("in PolicyPack", "empty pack"):
                ratios[f"preview of {size}: pack / {name}"] = ratio(ours, previews[f"preview of {size}, {name}"])
            previewed = f"pulumi preview of {size} resources"
        else:
            previewed = "not run: the Pulumi CLI is not on PATH"
    notes = {
        "policies": len(POLICIES),
        "CPU": "of the pack's process, asked as the engine asks: twice of each resource, once of the stack",
        "preview": previewed,
    }
    return Result("s", spreads, ratios, notes)
