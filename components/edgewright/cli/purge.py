"""`edgewright purge`: purge cached responses."""

import contextlib
import enum
import json
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from edgewright.base.errors import InfrastructureError, ProjectError
from edgewright.base.fault import ProjectFault
from edgewright.base.fault_codes import Code
from edgewright.cli import _console
from edgewright.cli._context import DEFAULT_STACK, StackArgument, load_project
from edgewright.cli._exit import collected, told
from edgewright.cli._format import FormatOption, JsonOption, wants_json
from edgewright.contract.purge import Fault, Purge, PurgeRefused
from edgewright.local.session import Session, StateDir
from edgewright.local.told import PurgeReport, Status
from edgewright.platforms import each_part
from edgewright.platforms.purging import Function, Step, size
from edgewright.purge import changed as changed_files
from edgewright.purge.deployed import read_state, unserved
from edgewright.purge.journal import Journal
from edgewright.purge.run import Purger, arrival_s, check, steps


class Plan(str, enum.Enum):
    """A zone's plan."""

    free = "free"
    pro = "pro"
    business = "business"
    enterprise = "enterprise"


def purge(
    stack: StackArgument = DEFAULT_STACK,
    url: Annotated[
        list[str] | None, typer.Option(help="A URL, or a path for every host of the stack. May be given again.")
    ] = None,
    prefix: Annotated[
        list[str] | None, typer.Option(help="All paths under this: /a covers /a and /a/b. May be given again.")
    ] = None,
    tag: Annotated[list[str] | None, typer.Option(help="All that carries this Cache-Tag. May be given again.")] = None,
    everything: Annotated[bool, typer.Option("--everything", help="All of the stack's caches.")] = False,
    changed: Annotated[
        str | None,
        typer.Option(metavar="FOLDER[=/PREFIX]", help="Files of a folder that changed since the last purge of it."),
    ] = None,
    record: Annotated[
        Path | None, typer.Option(help="File that remembers what --changed purged. Default: in .edgewright/<stack>.")
    ] = None,
    soft: Annotated[
        bool,
        typer.Option(
            "--soft",
            help="Mark as stale: served once more while it is fetched anew. Not on CloudFront, which refuses it.",
        ),
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done.")] = False,
    deployed: Annotated[
        bool, typer.Option("--deployed", help="Purge the deployed stack, not the local cloud.")
    ] = False,
    state: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="State of the deployed stack, by `pulumi stack export`; - reads the input."),
    ] = None,
    plan: Annotated[Plan, typer.Option(help="The zone's plan: how fast purges may be sent.")] = Plan.free,
    restart: Annotated[bool, typer.Option("--restart", help="Do not go on with a purge that was interrupted.")] = False,
    if_changed: Annotated[
        bool,
        typer.Option("--if-changed", help="CloudFront: leave out what was deployed unchanged since the last purge."),
    ] = False,
    format_: FormatOption = "text",
    as_json: JsonOption = False,
) -> None:
    """Purge every tier: isolate memory, edge cache, KV, shield, and the platform's cache in front.

    On the local cloud it is seen at once. On a deployed stack it goes through Cloudflare's API, and needs
    CLOUDFLARE_API_TOKEN; isolates see it when KV has told them, after 90 s at most. A shield is told through the function,
    which needs EDGEWRIGHT_PURGE_TOKEN, its secret of that name; isolates then see it after 30 s at most. With neither KV nor
    a shield a function takes no purge: the zone's purge by tag and of everything empties its edge cache, the rest stays until it
    expires, and the command says which. CloudFront is invalidated through
    AWS's API, and needs AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY that may cloudfront:CreateInvalidation. What is
    interrupted, or refused for being too fast, goes on when the same command is run again.

    Exit code: 0 purged, 2 usage, settings or credentials, 3 something does not answer or refuses.

    Examples:

      edgewright purge --url /api/products/1 --tag products

      edgewright purge prod --state state.json --changed dist=/static --plan pro

      edgewright purge aws-prod --deployed --everything --if-changed

      edgewright purge --tag products --format json
    """
    with told():
        as_json = wants_json(format_, as_json)
        project = load_project(stack)
        folder = StateDir(project, stack)
        found = prefix_of = None
        faults: list[ProjectFault] = []
        record = record or folder.path / ("purged.json" if not (deployed or state) else "purged-deployed.json")
        if changed is not None:
            with collected(faults):
                directory, prefix_of = changed_files.parse(changed)
                found = changed_files.changes(directory, prefix_of, record)
        files = found.paths if found is not None else ()
        urls = dict.fromkeys((*(url or ()), *files))
        wanted = Purge(tuple(urls), tuple(prefix or ()), tuple(tag or ()), everything, soft)
        nothing = found is not None and wanted.empty()
        if changed is None or not wanted.empty():
            faults += wanted.faults()
        remote = deployed or state is not None
        if if_changed and not remote:
            faults.append(
                ProjectFault("--if-changed is about a deployed stack: give --deployed or --state too", Code.OPTION)
            )
        functions: tuple[Function, ...] = ()
        session = None
        unknown: list[Fault] = []
        if remote and not nothing:
            with collected(faults):
                functions = read_state(project, stack, state)
                unknown += unserved(wanted.sound(), functions)
                check(wanted.sound(), functions)
        elif not nothing:
            session = folder.running()
            unknown += _unknown(session, wanted.sound())
            with collected(faults):
                _check_soft(session, wanted.sound())
        # What is only a file of a folder is no fault of the command.
        left_out = {fault.value for fault in unknown if fault.value in files and fault.code is Code.NEVER_SERVED}
        left_out -= set(url or ())
        faults += [ProjectFault(str(fault), fault.code) for fault in unknown if fault.value not in left_out]
        if faults:
            raise ProjectError(faults)
        wanted = replace(wanted, urls=tuple(each for each in wanted.urls if each not in left_out))
        if left_out:
            some = "1 changed file" if len(left_out) == 1 else f"{len(left_out)} changed files"
            _console.step(f"left out, because it can never be served: {some}, such as {sorted(left_out)[0]}")
        out = _Out(as_json, {"dry_run": dry_run, "purge": wanted.document()})
        if found is not None and wanted.empty():
            out.print("nothing changed: nothing is purged")
        else:
            if found is not None and found.first:
                _console.step(
                    f"no record of an earlier purge in {record}: all {len(found.hashes)} files count as changed"
                )
            if remote:
                contents = folder.path / "purged-content.json"
                if if_changed:
                    functions = tuple(each for each in functions if not _unchanged(each, contents))
                if not functions:
                    out.print("nothing was deployed since the last purge: nothing is purged")
                    out.close()
                    return
                todo, notes = steps(wanted, functions)
                _purge_deployed(out, folder, todo, notes, wanted, plan, dry_run, restart)
                if not dry_run:
                    _write_contents(functions, contents)
            else:
                _purge_local(out, session, stack, wanted, dry_run)
        out.close()
        if found is not None and prefix_of is not None and not dry_run:
            changed_files.write(record, found, prefix_of)


def _unknown(session: Session | None, wanted: Purge) -> tuple[Fault, ...]:
    """Return what of a purge cannot be on the local cloud, where it runs."""
    if session is None or not (wanted.urls or wanted.prefixes):
        return ()
    # Whoever does not answer is told of by the purge itself.
    with contextlib.suppress(InfrastructureError), session.control() as control:
        try:
            control.purge(**Purge(wanted.urls, wanted.prefixes).document(), dry_run=True)
        except PurgeRefused as error:
            return error.entries
    return ()


def _check_soft(session: Session | None, wanted: Purge) -> None:
    if session is not None and wanted.soft:
        with contextlib.suppress(InfrastructureError), session.control() as control:
            hosts = _distributions(control.status(), session.port)
            for part in each_part("purge_steps"):
                part.check_local(wanted, hosts)


class _Out:
    """Where the result goes: to people as it comes, to a program at the end as one document."""

    def __init__(self, as_json: bool, document: dict[str, Any]) -> None:
        self._console = None if as_json else _console.results()
        self.document = document

    def print(self, text: str) -> None:
        if self._console is not None:
            self._console.print(text, soft_wrap=True)

    def close(self) -> None:
        if self._console is None:
            typer.echo(json.dumps(self.document, indent=2))


def _contents(file: Path) -> dict[str, str]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(key): str(value) for key, value in found.items()} if isinstance(found, dict) else {}


def _unchanged(function: Function, file: Path) -> bool:
    """Say whether a distribution serves what it served at the last purge."""
    known = _contents(file).get(str(function.distribution))
    return function.distribution is not None and function.content is not None and function.content == known


def _write_contents(functions: tuple[Function, ...], file: Path) -> None:
    found = {each.distribution: each.content for each in functions if each.distribution and each.content}
    if found:
        file.write_text(json.dumps({**_contents(file), **found}, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def _purge_local(out: _Out, session: Session | None, stack: str, wanted: Purge, dry_run: bool) -> None:
    if session is None:
        raise InfrastructureError(
            f"the stack {stack!r} does not run here: start it with `edgewright dev {stack} --detach`; or purge the deployed"
            " stack with --deployed or --state",
            Code.NOT_RUNNING,
        )
    out.document["url"] = session.url
    with session.control() as control:
        if dry_run:
            out.print(f"would purge {escape(size(wanted))} on {session.url}")
            return
        answer = control.purge(**wanted.document())
    out.document |= answer
    kinds = "made stale" if wanted.soft else "removed"
    out.print(f"purged {escape(size(wanted))} on {session.url}")
    if answer["front"]["memory"]:
        out.print(f"  cache in front: {answer['front']['memory']} entries {kinds}")
    for entry in answer["workers"]:
        report = entry["report"]
        what = "has no cache" if report is None else f"{report['memory']} entries in memory {kinds}{_told(report)}"
        out.print(f"  {escape(entry['worker'])} {entry['version'][:8]}: {what}")
    for each in answer["distributions"]:
        what = f"invalidated {', '.join(each['items'])}" if each["items"] else "has none of it"
        out.print(f"  distribution {each['id']}: {escape(what)}")


def _told(report: PurgeReport) -> str:
    """Say which places a function has told of a purge, with what each took: markers, or the shield's objects."""
    counted = (
        ("edge", report["edge"], "marker"),
        ("KV", report["kv"], "marker"),
        ("shield", report["shield"], "object"),
    )
    places = [f"{place} ({count} {what}{'' if count == 1 else 's'})" for place, count, what in counted if count]
    if len(places) > 1:
        places = [*places[:-2], f"{places[-2]} and {places[-1]}"]
    return f", {', '.join(places)} told" if places else ""


def _distributions(status: Status, port: int) -> dict[str, list[str]]:
    """Return the hosts of each distribution that runs here; this machine's own names stand for any."""
    found: dict[str, list[str]] = {}
    own = [f"{host}{end}" for host in ("127.0.0.1", "localhost", "[::1]") for end in ("", f":{port}")]
    for entry in status["urls"]:
        if "distribution" in entry:
            found.setdefault(entry["distribution"], [*own]).append(entry["host"])
    return found


def _purge_deployed(
    out: _Out,
    folder: StateDir,
    todo: tuple[Step, ...],
    notes: tuple[str, ...],
    wanted: Purge,
    plan: Plan,
    dry_run: bool,
    restart: bool,
) -> None:
    out.document["notes"] = list(notes)
    done = out.document["steps"] = []
    for note in notes:
        _console.errors().print(f"[yellow]note:[/] {escape(note)}", soft_wrap=True)
    if not todo:
        raise ProjectError("nothing that the stack has can be purged from outside; see the notes", Code.NOTHING)
    if dry_run:
        for step in todo:
            out.print(f"would purge {escape(step.text)}")
            done.append({"kind": step.kind, "text": step.text})
        return
    task = [wanted.document(), [[step.id, step.purge.document()] for step in todo]]
    journal = Journal(folder.path / "purge.journal", task, restart=restart)
    purger = Purger(plan.value, todo, journal)
    folder.create()
    if journal.resumed:
        _console.step(
            f"going on with the purge that was interrupted: {len(journal.done)} of {len(todo)} steps are done"
        )

    def show(step: Step, before: bool) -> None:
        out.print(f"{'was purged before' if before else 'purged'} {escape(step.text)}")
        done.append({"kind": step.kind, "text": step.text, "before": before})

    purger.run(show)
    if purger.waited_s:
        _console.step(f"waited {purger.waited_s:.0f} s because the API asked for it")
    seconds = arrival_s(todo)
    if seconds is not None:
        out.print(f"every isolate of every data centre sees it in {seconds} s at most")
