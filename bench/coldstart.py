"""How long the reference system's functions at CloudFront's edge take to start, beside a function that does nothing."""

import functools
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from edgewright.assemble.lambda_package import Package
from edgewright.base.project import Project
from edgewright.engine.runner import Runner
from edgewright.platforms.cloud import LocalCloud
from edgewright.platforms.cloudfront.coldstart import DISTRIBUTION_TYPE, LAMBDA_TYPE, measure, package_of

from bench.harness import Options, Result, interleave, ratio

DESCRIPTION = (
    "cold start of the stack aws-local's Lambda@Edge functions on Node.js: import to first answer, a process each"
)

STACK = "aws-local"
URI = "/api/products"
"""What is asked for: a path that goes on to an origin."""

_BARE = "a function that does nothing"
_NOTHING = Package({"index.mjs": b"export const handler = async (event) => event.Records[0].cf.request;"})


def _start(package: Package, handler: str, event: str) -> float:
    started = measure(package, handler, event, 1, URI)
    if started.error:
        raise RuntimeError(f"{handler} on {event}: {started.error}")
    return started.first_answer_ms


def _events(distributions: Iterable[Mapping[str, Any]], arn: str) -> list[str]:
    """Return the events on which distributions run a function."""
    behaviors = [
        behavior
        for inputs in distributions
        for behavior in (inputs["defaultCacheBehavior"], *(inputs.get("orderedCacheBehaviors") or ()))
    ]
    found = {
        str(association["eventType"])
        for behavior in behaviors
        for association in behavior.get("lambdaFunctionAssociations") or ()
        if str(association["lambdaArn"]).startswith(f"{arn}:")
    }
    return sorted(found)


def run(options: Options) -> Result:
    """Start each function once a round on each of its events."""
    project = Project.load(Path(__file__).resolve().parents[1])
    with Runner() as runner:
        capture, _ = runner.run(project.directory, STACK, cloud=LocalCloud())
    base = project.main if project.main.is_dir() else project.main.parent
    competitors: dict[str, Callable[[], float]] = {
        _BARE: functools.partial(_start, _NOTHING, "index.handler", "viewer-request")
    }
    notes: dict[str, Any] = {"path": URI, "goal": "under 100 ms"}
    distributions = [each.inputs for each in capture.of_type(DISTRIBUTION_TYPE)]
    for function in capture.of_type(LAMBDA_TYPE):
        package, handler = package_of(function, base), str(function.inputs["handler"])
        for event in _events(distributions, str(function.outputs["arn"])):
            competitors[f"{function.name}, {event}"] = functools.partial(_start, package, handler, event)
        notes[f"bytes of {function.name}"] = package.size
    spreads = interleave(competitors, options)
    return Result(
        unit="ms",
        spreads=spreads,
        ratios={
            f"{name} / nothing": ratio(spread, spreads[_BARE]) for name, spread in spreads.items() if name != _BARE
        },
        notes=notes,
    )
