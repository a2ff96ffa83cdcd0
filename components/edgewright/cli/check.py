"""`edgewright check`: the policies over a stack, without an engine and without an account."""

import dataclasses
import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from edgewright.cli._context import DEFAULT_STACK, StackArgument
from edgewright.cli._exit import Exit, told
from edgewright.config.loader import read_stack
from edgewright.config.models import StackSettings
from edgewright.guard.evaluate import evaluate
from edgewright.guard.findings import SEVERITY_RANK, Evaluation, Finding
from edgewright.guard.formats import FORMATS, markdown, text
from edgewright.guard.gate import Gate, GateError, Verdict, judge
from edgewright.guard.suppress import (
    IGNORE_FILE,
    SuppressionFaults,
    apply_baseline,
    apply_ignores,
    read_baseline,
    read_ignores,
    write_baseline,
)
from edgewright.program.cloud import Cloud
from edgewright.program.errors import ProjectError
from edgewright.program.project import Project
from edgewright.program.resources import Capture
from edgewright.program.runner import shared_runner

_FORMATS = ", ".join(FORMATS)


def evaluate_stack(
    directory: Path, stack: str, *, preview: bool = False, cloud: Cloud | None = None
) -> tuple[Project, Evaluation]:
    """Run a stack's program and return its project and the findings, nothing set aside.

    Raises:
        ProjectError: the project, its settings or the program have faults.
        RunnerBroken: the program could not be run at all.
    """
    project = Project.load(directory)
    capture, settings = shared_runner().run(directory, stack, preview=preview, cloud=cloud)
    return project, evaluate_capture(project, stack, capture, settings)


def evaluate_capture(project: Project, stack: str, capture: Capture, settings: StackSettings) -> Evaluation:
    """Return the findings of what a stack's program declared, nothing set aside.

    Raises:
        ProjectError: the policies' settings have faults.
    """
    from edgewright_policies import ConfigurationFaults

    try:
        return evaluate(capture, settings.policies, limits=settings.limits.model_dump(), production=settings.production)
    except ConfigurationFaults as error:
        config = read_stack(project, stack)
        raise ProjectError(
            [f"{config.shown}:{config.line(path)}: {'.'.join(path)}: {message}" for path, message in error.faults]
        ) from None


def without_ignored(project: Project, evaluation: Evaluation, ignore_file: Path | None = None) -> Evaluation:
    """Return the findings without those that the project's exceptions, or those of the file given, set aside.

    Raises:
        SuppressionFaults: the exceptions have faults.
    """
    ignores = ignore_file or project.directory / IGNORE_FILE
    if ignore_file is None and not ignores.is_file():
        return evaluation
    return apply_ignores(evaluation, read_ignores(ignores), shown=ignores.name)


def repository_prefix(project: Path) -> str:
    """Return the project's folder relative to its repository, which code scanning counts from; `` at the top."""
    for folder in (project, *project.parents):
        if (folder / ".git").exists():
            return project.relative_to(folder).as_posix() if folder != project else ""
    return ""


def _from_repository(evaluation: Evaluation, prefix: str) -> Evaluation:
    if not prefix:
        return evaluation

    def moved(finding: Finding) -> Finding:
        source = finding.source
        if source is None or Path(source.file).is_absolute():
            return finding
        return dataclasses.replace(finding, source=dataclasses.replace(source, file=f"{prefix}/{source.file}"))

    return dataclasses.replace(
        evaluation,
        findings=tuple(map(moved, evaluation.findings)),
        suppressed=tuple(dataclasses.replace(each, finding=moved(each.finding)) for each in evaluation.suppressed),
    )


def _render(verdict: Verdict, format_: str, max_bytes: int | None) -> str:
    if format_ == "markdown" and max_bytes is not None:
        return markdown.render(verdict, max_bytes)
    return FORMATS[format_](verdict)


def _emit(verdict: Verdict, format_: str, output: Path | None, max_bytes: int | None) -> None:
    if output is not None:
        rendered = _render(verdict, format_, max_bytes)
        try:
            output.parent.mkdir(parents=True, exist_ok=True)
            output.write_text(rendered, encoding="utf-8", errors="replace")
        except OSError as error:
            raise ProjectError([f"--output {output}: cannot be written: {error.strerror}"]) from None
        typer.echo(text.summary(verdict))
        return
    if format_ == "text":
        Console(soft_wrap=True, highlight=False, emoji=False, markup=False).print(text.document(verdict), end="")
        return
    sys.stdout.write(_render(verdict, format_, max_bytes))


def _job_summary(verdict: Verdict) -> None:
    """Add to the GitHub job's summary, where there is one. It takes 1 MiB a step."""
    place = os.environ.get("GITHUB_STEP_SUMMARY")
    if not place:
        return
    try:
        with Path(place).open("a", encoding="utf-8") as file:
            file.write(markdown.render(verdict, markdown.SUMMARY_BYTES - 4096))
    except OSError as error:
        typer.echo(f"warning: the job's summary cannot be written: {error.strerror}", err=True)


def run_check(
    directory: Path,
    stack: str,
    *,
    format_: str = "text",
    output: Path | None = None,
    gate: Gate | None = None,
    ignore_file: Path | None = None,
    baseline: Path | None = None,
    new_baseline: Path | None = None,
    preview: bool = False,
    max_bytes: int | None = None,
) -> Exit:
    """Check a stack and report. Returns the exit code.

    Raises:
        ProjectError: something is wrong that the user can mend.
        RunnerBroken: the program could not be run at all.
    """
    project, evaluation = evaluate_stack(directory, stack, preview=preview)
    evaluation = without_ignored(project, evaluation, ignore_file)
    if new_baseline is not None:
        try:
            count = write_baseline(new_baseline, evaluation.findings)
        except OSError as error:
            raise ProjectError([f"--write-baseline {new_baseline}: cannot be written: {error.strerror}"]) from None
        typer.echo(f"{new_baseline}: {count} findings written; commit it, and give it with --baseline", err=True)
        baseline = new_baseline
    if baseline is not None:
        evaluation = apply_baseline(evaluation, read_baseline(baseline), str(baseline))
    if format_ in ("sarif", "github"):
        evaluation = _from_repository(evaluation, repository_prefix(project.directory))
    verdict = judge(evaluation, gate or Gate())
    _emit(verdict, format_, output, max_bytes)
    if format_ == "github":
        _job_summary(verdict)
    return Exit.PASS if verdict.passed else Exit.BREACH


def check(
    stack: StackArgument = DEFAULT_STACK,
    format_: Annotated[str, typer.Option("--format", "-f", help=f"How to report: {_FORMATS}.")] = "text",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the report to this file, and one line here.")
    ] = None,
    severity: Annotated[
        str, typer.Option(help=f"Leave out what is milder than this: {', '.join(SEVERITY_RANK)}.")
    ] = "low",
    soft_fail_on: Annotated[
        list[str] | None,
        typer.Option(help="Report but do not fail on: policies, ids, families, or a severity and all milder ones."),
    ] = None,
    hard_fail_on: Annotated[
        list[str] | None,
        typer.Option(
            help="Fail also on advisory findings of: policies, ids, families, or a severity and all worse ones."
        ),
    ] = None,
    baseline: Annotated[Path | None, typer.Option(help="Report only what this file does not have yet.")] = None,
    new_baseline: Annotated[
        Path | None, typer.Option("--write-baseline", help="Write today's findings as a baseline.")
    ] = None,
    ignore_file: Annotated[
        Path | None,
        typer.Option(help=f"Exceptions with a reason and an expiry. Default: {IGNORE_FILE}, if it is there."),
    ] = None,
    max_bytes: Annotated[
        int | None,
        typer.Option(min=2048, help="markdown: at most so many bytes. Default: 65536, what a comment takes."),
    ] = None,
    preview: Annotated[
        bool, typer.Option("--preview", help="Take ids of new resources for unknown, as `pulumi preview` does.")
    ] = False,
) -> None:
    """Hold a stack against the policies: no engine, no account, no network.

    Exit codes: 0 passed, 1 a finding fails the check, 2 usage, settings or program, 3 the program could not be run.

    Examples:

      edgewright check

      edgewright check prod --format sarif --output edgewright.sarif

      edgewright check dev --hard-fail-on medium --soft-fail-on cost

      edgewright check prod --write-baseline edgewright.baseline.json
    """
    with told():
        if format_ not in FORMATS:
            raise ProjectError(f"--format {format_!r}; allowed: {_FORMATS}")
        try:
            gate = Gate.of(severity, soft_fail_on or (), hard_fail_on or ())
            code = run_check(
                Path.cwd(),
                stack,
                format_=format_,
                output=output,
                gate=gate,
                ignore_file=ignore_file,
                baseline=baseline,
                new_baseline=new_baseline,
                preview=preview,
                max_bytes=max_bytes,
            )
        except (GateError, SuppressionFaults) as error:
            raise ProjectError(error.faults) from None
    raise typer.Exit(code)
