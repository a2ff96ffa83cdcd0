"""`edgewright up`: bring a stack up locally and prove it, all in one."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from edgewright.assemble import runtime
from edgewright.base.errors import ProjectError
from edgewright.base.project import Project
from edgewright.cli import _console, _show
from edgewright.cli._context import DEFAULT_STACK, FreshOption, PortOption, StackArgument, clash, load_project
from edgewright.cli._exit import Exit, told, uninterrupted
from edgewright.config.models import Service, StackSettings
from edgewright.engine.resources import Capture
from edgewright.engine.runner import shared_runner
from edgewright.local.detached import start_detached
from edgewright.local.services import addresses, process_name
from edgewright.local.session import DEFAULT_PORT, Session, StateDir
from edgewright.local.stack import deploy
from edgewright.platforms import archive
from edgewright.platforms.cloud import LocalCloud
from edgewright.platforms.cloud import plan as plan_of


def up(
    stack: StackArgument = DEFAULT_STACK,
    port: PortOption = None,
    fresh: FreshOption = False,
    prove: Annotated[
        bool, typer.Option("--verify/--no-verify", help="Replay traffic and check the objectives.")
    ] = True,
) -> None:
    """Bring a stack up on this machine: run, deploy, check the policies, replay traffic, check the objectives.

    The edge stays up afterwards; a second `up` deploys to it. Exit code: 0 policies and objectives pass, 1 one is
    breached, 2 faults in settings or program, 3 something needed failed or evidence is missing.

    Examples:

      edgewright up

      edgewright up local --port 9000

      edgewright up local --no-verify
    """
    with told():
        project = load_project(stack)
        runtime.ensure(_console.step)
        state = StateDir(project, stack)
        before = archive.Archive() if fresh else archive.read(state.path)
        capture, settings = shared_runner().run(
            project.directory, stack, cloud=LocalCloud(before.published, before.workers)
        )
        _show.tell(capture.diagnostics)
        # Before anything is started or stopped: what cannot be deployed changes nothing.
        plan_of(project, capture, before, addresses(settings.services))
        session = _running(state, settings.services, port, fresh)
        started = session is None
        # Nothing half-deployed is left.
        with _stopped_on(BaseException, state, started):
            if session is None:
                chosen = DEFAULT_PORT if port is None else port
                session = start_detached(state, settings.services, port=chosen, fresh=fresh, progress=_console.step)
            with session.control() as control:
                deployed = deploy(control, state, capture, settings.services)
        console = _console.results()
        console.print(_show.resource_tree(capture, deployed.plan))
        console.print()
        for line in _show.curl_lines(capture, deployed.plan, settings, session.url):
            console.print(escape(line), soft_wrap=True)
        for line in _show.output_lines(capture):
            console.print(escape(line), soft_wrap=True)
        console.print()
        # Also where a proof cannot be made what is deployed runs on; but not where somebody wants all of this to end.
        with _stopped_on(KeyboardInterrupt, state, started), _stays_up(stack, session):
            parts = [_check(project, stack, capture, settings, console)]
            if prove:
                console.print()
                parts.append(_prove(project, stack, session, capture, settings, console))
        console.print()
        console.print(verdict(parts), soft_wrap=True, markup=False)
        raise typer.Exit(worst(parts))


@contextmanager
def _stopped_on(kind: type[BaseException], state: StateDir, started: bool) -> Iterator[None]:
    """Stop what this command started where such an error ends it."""
    try:
        yield
    except kind:
        if started:
            with uninterrupted():
                state.stop()
        raise


@contextmanager
def _stays_up(stack: str, session: Session) -> Iterator[None]:
    interrupted = False
    try:
        yield
    except KeyboardInterrupt:
        interrupted = True
        raise
    finally:
        if not interrupted:
            _console.step(f"{stack} stays up on {session.url}; stop it with: edgewright down {stack}")


@dataclass(frozen=True)
class Part:
    """How one part of the proof ended: `what` it looked at, its exit `code`, and that in `words`."""

    what: str
    code: int
    words: str


def worst(parts: Sequence[Part]) -> int:
    """Return the exit code of several parts: what failed outweighs what is breached."""
    return max((part.code for part in parts), default=int(Exit.PASS))


def verdict(parts: Sequence[Part]) -> str:
    """Return the last line: how each part ended, and the exit status of all of them."""
    return f"result: {'; '.join(f'{part.what}: {part.words}' for part in parts)} (exit {worst(parts)})"


def _running(state: StateDir, services: Sequence[Service], port: int | None, fresh: bool) -> Session | None:
    """Return the session to deploy to, or None where one has to be started."""
    session = state.running()
    if session is None:
        return None
    if port not in (None, 0, session.port):
        raise clash(port, session.port, state.stack)
    if session.port != port:
        _console.step(f"{state.stack} already runs on port {session.port}")
    wanted = [service.model_dump(mode="json") for service in services]
    dead = [
        service.name
        for service in services
        if (process := session.processes.get(process_name(service))) is None or process.process() is None
    ]
    if fresh or session.services != wanted or (dead and not session.watching):
        why = "--fresh" if fresh else f"{', '.join(dead)} is gone" if dead else "its services have changed"
        _console.step(f"restarting {state.stack}: {why}")
        state.stop()
        return None
    return session


def _check(project: Project, stack: str, capture: Capture, settings: StackSettings, console: Console) -> Part:
    """Hold what was run against the policies, as `edgewright check` does, and print the findings."""
    from edgewright.cli.check import evaluate_capture, without_ignored
    from edgewright.guard.formats import text
    from edgewright.guard.gate import Gate, judge
    from edgewright.guard.suppress import SuppressionFaults

    try:
        found = without_ignored(project, evaluate_capture(project, stack, capture, settings))
    except SuppressionFaults as error:
        raise ProjectError(error.faults) from None
    judged = judge(found, Gate())
    console.print(text.document(judged), end="", soft_wrap=True, markup=False, emoji=False)
    if judged.passed:
        return Part("policies", Exit.PASS, "pass")
    count = len(judged.failing)
    return Part("policies", Exit.BREACH, f"failed by {count} finding{'s' if count != 1 else ''}, told above")


def _prove(
    project: Project, stack: str, session: Session, capture: Capture, settings: StackSettings, console: Console
) -> Part:
    from edgewright.cli.verify import local_target, mix_of, told_on
    from edgewright.verify import replay
    from edgewright.verify.render import print_text, result

    traffic = settings.traffic
    mix = traffic.mix
    left: tuple[str, ...] = ()
    if not mix:
        mix, left = mix_of(capture, project, stack)
    _console.step(f"replaying {traffic.warm_up} + {traffic.requests} requests at {traffic.rate:g} a second")
    # KV outlives a run: what an earlier one stored would be counted as this one's hits.
    _empty_caches(session)
    with told_on(_console.errors()) as progress:
        report = replay(local_target(session, settings), traffic, settings.objectives, mix=mix, progress=progress)
    # So that whoever asks next sees a miss, and then a hit.
    _empty_caches(session)
    print_text(report.model_copy(update={"left_out": list(left)}), console, verdict=False)
    return Part("objectives", report.exit_code, result(report))


def _empty_caches(session: Session) -> None:
    with session.control() as control:
        control.purge(everything=True)
