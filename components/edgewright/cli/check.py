"""`edgewright check`: the policies over a stack, without an engine and without an account."""

import dataclasses
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from edgewright.base import foreign
from edgewright.base.errors import ProjectError
from edgewright.base.fault import ProjectFault
from edgewright.base.fault_codes import Code
from edgewright.base.foreign import SafeConsole
from edgewright.base.project import Project
from edgewright.cli import _show
from edgewright.cli._context import DEFAULT_STACK
from edgewright.cli._exit import Exit, say_heard, told
from edgewright.cli._progress import progress
from edgewright.config.loader import read_stack
from edgewright.config.models import StackSettings
from edgewright.engine.cloud import Cloud
from edgewright.engine.resources import Capture
from edgewright.guard.declared import declared
from edgewright.guard.evaluate import evaluate
from edgewright.guard.findings import SEVERITY_RANK, Evaluation, Finding, Location
from edgewright.guard.formats import FORMATS, markdown, sarif, text
from edgewright.guard.gate import Gate, GateError, Unjudged, Verdict, judge
from edgewright.guard.suppress import (
    IGNORE_FILE,
    Baseline,
    Entry,
    SuppressionFaults,
    apply_baseline,
    apply_ignores,
    read_baseline,
    read_ignores,
    write_baseline,
)

_FORMATS = ", ".join(FORMATS)
_DOCUMENTS = ("json", "sarif", "junit")
"""Formats whose reader is given a document even where nothing could be checked."""


def evaluate_stack(
    directory: Path, stack: str, *, preview: bool = False, cloud: Cloud | None = None
) -> tuple[Project, Evaluation]:
    """Run a stack's program and return its project and the findings, nothing set aside.

    Raises:
        ProjectError: the project, its settings or the program have faults.
        RunnerBroken: the program could not be run at all.
    """
    project = Project.load(directory)
    capture, settings, notes = declared(directory, stack, preview=preview, cloud=cloud)
    _show.tell(capture.diagnostics)
    evaluation = evaluate_capture(project, stack, capture, settings)
    return project, dataclasses.replace(evaluation, warnings=(*notes, *evaluation.warnings))


def evaluate_capture(project: Project, stack: str, capture: Capture, settings: StackSettings) -> Evaluation:
    """Return the findings of what a stack's program declared, nothing set aside.

    Raises:
        ProjectError: the policies' settings have faults.
    """
    from edgewright_policies import ConfigurationFaults

    try:
        return evaluate(
            capture,
            settings.policies,
            limits=settings.limits.model_dump(),
            production=settings.production,
            # A rate that nobody wrote down is what `verify` replays, and not the stack's traffic.
            traffic=settings.traffic.model_dump(include={"rate"}, exclude_unset=True),
        )
    except ConfigurationFaults as error:
        config = read_stack(project, stack)
        raise ProjectError(config.fault(path, message, Code.POLICY) for path, message in error.faults) from None


def read_ignored(project: Project, ignore_file: Path | None = None) -> tuple[Entry, ...] | None:
    """Return the project's exceptions, or those of the file given; None where there are none.

    Raises:
        SuppressionFaults: the exceptions have faults.
    """
    ignores = ignore_file or project.directory / IGNORE_FILE
    return None if ignore_file is None and not ignores.is_file() else read_ignores(ignores)


def without_ignored(project: Project, evaluation: Evaluation, ignore_file: Path | None = None) -> Evaluation:
    """Return the findings without those that the project's exceptions, or those of the file given, set aside.

    Raises:
        SuppressionFaults: the exceptions have faults.
    """
    entries = read_ignored(project, ignore_file)
    if entries is None:
        return evaluation
    return apply_ignores(evaluation, entries, shown=(ignore_file or Path(IGNORE_FILE)).name)


def repository_prefix(project: Path) -> str:
    """Return the project's folder relative to its repository, which code scanning counts from; `` at the top."""
    for folder in (project, *project.parents):
        if (folder / ".git").exists():
            return project.relative_to(folder).as_posix() if folder != project else ""
    return ""


def _from_repository(evaluation: Evaluation, prefix: str, nowhere: Location | None) -> Evaluation:
    """Return the findings with places counted from the repository; `nowhere` is the place of those that have none."""
    if not prefix:
        return evaluation

    def moved(finding: Finding) -> Finding:
        source = finding.source or nowhere
        if source is None or Path(source.file).is_absolute():
            return finding
        return dataclasses.replace(finding, source=dataclasses.replace(source, file=f"{prefix}/{source.file}"))

    return dataclasses.replace(
        evaluation,
        findings=tuple(map(moved, evaluation.findings)),
        suppressed=tuple(dataclasses.replace(each, finding=moved(each.finding)) for each in evaluation.suppressed),
    )


@dataclasses.dataclass(frozen=True)
class Output:
    """A report, and where it goes; None is the standard output."""

    format: str
    path: Path | None = None

    @classmethod
    def of(cls, text: str) -> "Output":
        """Return what `--also` says: `markdown=comment.md`.

        Raises:
            ProjectError: it is not a format and a file.
        """
        name, sign, path = text.partition("=")
        if name not in FORMATS or not sign or not path:
            raise ProjectError(
                f"--also {text!r}; give a format and a file, as in markdown=comment.md; formats: {_FORMATS}",
                Code.OPTION,
            )
        return cls(name, Path(path))


def same_files(outputs: Sequence[Output]) -> list[ProjectFault]:
    """Return a fault for each report that would be written over another one of the same run."""
    first: dict[Path, str] = {}
    faults = []
    for index, each in enumerate(outputs):
        if each.path is None:
            continue
        place = Path(os.path.realpath(each.path))
        named = f"--also {each.format}={each.path}" if index else f"--output {each.path}"
        if place in first and place.name != os.devnull.rpartition(os.sep)[2]:
            faults.append(
                ProjectFault(
                    f"{named}: {first[place]} writes this file; give each report a file of its own", Code.UNWRITABLE
                )
            )
        first.setdefault(place, named)
    return faults


Judged = Verdict | Unjudged


def _for(format_: str, judged: Sequence[Judged], prefix: str) -> list[Judged]:
    """Return the verdicts with places counted from the repository, where the format's reader counts so."""
    if format_ not in ("sarif", "github"):
        return list(judged)
    nowhere = Location(sarif.NO_SOURCE, 1) if format_ == "sarif" else None
    return [
        dataclasses.replace(each, evaluation=_from_repository(each.evaluation, prefix, nowhere))
        if isinstance(each, Verdict)
        else each
        for each in judged
    ]


def _write(output: Output, option: str, judged: Sequence[Judged], prefix: str, max_bytes: int | None) -> None:
    limit = {"most": max_bytes} if output.format == "markdown" and max_bytes is not None else {}
    seen = _for(output.format, judged, prefix)
    if output.path is not None:
        try:
            output.path.parent.mkdir(parents=True, exist_ok=True)
            output.path.write_text(FORMATS[output.format](*seen, **limit), encoding="utf-8", errors="replace")
        except OSError as error:
            raise ProjectError(
                f"{option} {output.path}: cannot be written: {error.strerror}", Code.UNWRITABLE
            ) from None
        return
    verdicts = [each for each in seen if isinstance(each, Verdict)]
    if not verdicts and output.format not in _DOCUMENTS:
        # The faults are told on the standard error.
        return
    if output.format == "text":
        console = SafeConsole(soft_wrap=True, highlight=False, emoji=False, markup=False)
        for index, verdict in enumerate(verdicts):
            if index:
                console.print()
            console.print(text.document(verdict), end="")
        return
    sys.stdout.write(_shown(output.format, FORMATS[output.format](*seen, **limit)))


def _shown(format_: str, text: str) -> str:
    """Return a report for a terminal. In GitHub's format, commands are what it is made of."""
    if format_ in ("json", "sarif"):
        return foreign.in_json(text)
    return text if format_ == "github" else foreign.lines(text)


def _job_summary(judged: Sequence[Judged]) -> None:
    """Add to the GitHub job's summary, where there is one. It takes 1 MiB a step, whatever is in it already."""
    place = os.environ.get("GITHUB_STEP_SUMMARY")
    if not place:
        return
    try:
        file = Path(place)
        room = markdown.SUMMARY_BYTES - (file.stat().st_size if file.exists() else 0) - 4096
        if room < markdown.LEAST_BYTES:
            typer.echo("warning: the job's summary is full; the findings are in this log only", err=True)
            return
        with file.open("a", encoding="utf-8", errors="replace") as stream:
            stream.write(markdown.render(*judged, most=room))
    except OSError as error:
        typer.echo(f"warning: the job's summary cannot be written: {error.strerror}", err=True)


def run_check(
    directory: Path,
    stacks: Sequence[str],
    *,
    outputs: Sequence[Output] = (Output("text"),),
    gate: Gate | None = None,
    ignore_file: Path | None = None,
    baseline: Path | None = None,
    new_baseline: Path | None = None,
    preview: bool = False,
    max_bytes: int | None = None,
) -> Exit:
    """Check stacks and report. Returns the exit code.

    Raises:
        ProjectError: something is wrong that the user can mend. What could be checked was reported.
        RunnerBroken: the program could not be run at all.
    """
    project = Project.load(directory)
    entries: tuple[Entry, ...] | None = None
    known: Baseline | None = None
    faults: list[ProjectFault] = []
    try:
        entries = read_ignored(project, ignore_file)
    except SuppressionFaults as error:
        faults += error.faults
    try:
        known = read_baseline(baseline) if baseline is not None and new_baseline is None else None
    except SuppressionFaults as error:
        faults += error.faults
    if faults:
        raise ProjectError(faults)
    unjudged: dict[str, Unjudged] = {}
    evaluations: dict[str, Evaluation] = {}
    for stack in dict.fromkeys(stacks):
        try:
            with progress(f"the program of {stack}"):
                _, evaluation = evaluate_stack(directory, stack, preview=preview)
        except ProjectError as error:
            say_heard(error)
            faults += error.faults
            unjudged[stack] = Unjudged(project.name, stack, tuple(error.faults))
            continue
        if entries is not None:
            evaluation = apply_ignores(evaluation, entries, shown=(ignore_file or Path(IGNORE_FILE)).name)
        evaluations[stack] = evaluation
    if new_baseline is not None and evaluations:
        try:
            count = write_baseline(new_baseline, evaluations.values())
        except OSError as error:
            raise ProjectError(
                f"--write-baseline {new_baseline}: cannot be written: {error.strerror}", Code.UNWRITABLE
            ) from None
        said = "1 finding" if count == 1 else f"{count} findings"
        typer.echo(f"{new_baseline}: {said} written; commit it, and give it with --baseline", err=True)
        baseline, known = new_baseline, read_baseline(new_baseline)
    judged: list[Judged] = []
    for stack in dict.fromkeys(stacks):
        if stack in unjudged:
            judged.append(unjudged[stack])
            continue
        evaluation = evaluations[stack]
        if known is not None:
            evaluation = apply_baseline(evaluation, known, str(baseline))
        judged.append(judge(evaluation, gate or Gate()))
    prefix = repository_prefix(project.directory)
    for index, output in enumerate(outputs):
        _write(output, "--also" if index else "--output", judged, prefix, max_bytes)
    verdicts = [each for each in judged if isinstance(each, Verdict)]
    if outputs[0].path is not None:
        for verdict in verdicts:
            typer.echo(foreign.lines(text.summary(verdict)))
    if outputs[0].format == "github":
        _job_summary(judged)
    if faults:
        raise ProjectError(faults)
    return Exit.PASS if all(each.passed for each in verdicts) else Exit.BREACH


def check(
    stacks: Annotated[
        list[str] | None,
        typer.Argument(help=f"The stacks' names: `dev` for Pulumi.dev.yaml. Default: {DEFAULT_STACK}."),
    ] = None,
    format_: Annotated[str, typer.Option("--format", "-f", help=f"How to report: {_FORMATS}.")] = "text",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the report to this file, and one line here.")
    ] = None,
    also: Annotated[
        list[str] | None,
        typer.Option(metavar="FORMAT=FILE", help="Write a further report, such as sarif=out.sarif. May be repeated."),
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
    """Check stacks against the policies: no engine, no account, no network.

    Exit codes: 0 passed, 1 a finding fails the check, 2 usage, settings or program, 3 the program could not be run.

    Examples:

      edgewright check

      edgewright check dev prod --format github --also markdown=comment.md --also sarif=edgewright.sarif

      edgewright check dev --hard-fail-on medium --soft-fail-on cost

      edgewright check prod --write-baseline edgewright.baseline.json
    """
    with told():
        faults = [] if format_ in FORMATS else [ProjectFault(f"--format {format_!r}; allowed: {_FORMATS}", Code.OPTION)]
        outputs = [Output(format_, output)]
        for each in also or ():
            try:
                outputs.append(Output.of(each))
            except ProjectError as error:
                faults += error.faults
        faults += same_files(outputs)
        gate = Gate()
        try:
            gate = Gate.of(severity, soft_fail_on or (), hard_fail_on or ())
        except GateError as error:
            faults += error.faults
        if faults:
            raise ProjectError(faults)
        code = run_check(
            Path.cwd(),
            stacks or [DEFAULT_STACK],
            outputs=outputs,
            gate=gate,
            ignore_file=ignore_file,
            baseline=baseline,
            new_baseline=new_baseline,
            preview=preview,
            max_bytes=max_bytes,
        )
    raise typer.Exit(code)
