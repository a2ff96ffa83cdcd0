"""`edgewright report`: what a stack's functions at CloudFront's edge are made of, and how long they take to start."""

import dataclasses
import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from edgewright.base.project import Project
from edgewright.cli import _show
from edgewright.cli._console import results
from edgewright.cli._context import DEFAULT_STACK, StackArgument
from edgewright.cli._exit import told
from edgewright.cli._format import FormatOption, JsonOption, wants_json
from edgewright.engine.runner import shared_runner
from edgewright.platforms import each_part
from edgewright.platforms.parts import FunctionReport

ROUNDS = 5
"""How often each function is started, unless told otherwise."""


def report(
    stack: StackArgument = DEFAULT_STACK,
    rounds: Annotated[
        int, typer.Option("--rounds", min=1, max=50, help="How often each function is started.")
    ] = ROUNDS,
    format_: FormatOption = "text",
    as_json: JsonOption = False,
) -> None:
    """Report what a stack's Lambda@Edge functions weigh, what they import, and how long they take to start on Node.js.

    Starts are measured in processes of their own on this machine: compare them with each other, not with AWS's.

    Examples:

      edgewright report

      edgewright report aws-prod

      edgewright report aws-prod --format json
    """
    with told():
        as_json = wants_json(format_, as_json)
        project = Project.load(Path.cwd())
        capture, _ = shared_runner().run(project.directory, stack)
        _show.tell(capture.diagnostics)
        base = project.main if project.main.is_dir() else project.main.parent
        # Reading packages needs the Pulumi SDK, which no other command should wait for: it is loaded here.
        found = [each for part in each_part("coldstart") for each in part.report(capture, base, rounds)]
    if as_json:
        sys.stdout.write(json.dumps({"functions": [dataclasses.asdict(each) for each in found]}, indent=2) + "\n")
        return
    if not found:
        results().print(f"the stack {stack} has no function at CloudFront's edge")
    for each in found:
        for line in lines(each):
            results().print(line, soft_wrap=True, markup=False)


def lines(item: FunctionReport) -> list[str]:
    """Return a report for people."""
    said = [
        f"{item.name} ({', '.join(item.events)}; {item.runtime})",
        f"  package   {item.bytes:,} bytes in {item.files} files, {item.zipped_bytes:,} zipped",
    ]
    if item.start is not None:
        said.append(
            f"  start     import {item.start.import_ms} ms, import to first answer {item.start.first_answer_ms} ms"
        )
        if item.start.error:
            said.append(f"            on the sample event it threw: {item.start.error}")
    said += [f"  part      {part['bytes']:>9,}  {part['name']}" for part in item.parts[:5]]
    if item.imports:
        said.append(f"  imports   {', '.join(item.imports)}")
    return [*said, *(f"  advice    {line}" for line in item.advice)]
