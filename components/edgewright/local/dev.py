"""The loop of `edgewright dev`: an edit, a run of the program, a deployment, in well under a second."""

import contextlib
import json
import os
import queue
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pydantic
import watchfiles

from edgewright.base.errors import DeployRefused, InfrastructureError, ProjectError, RunnerBroken, RunStopped
from edgewright.base.fault_codes import Code
from edgewright.base.private import open_private
from edgewright.config.models import StackSettings
from edgewright.engine.resources import Capture
from edgewright.engine.runner import Runner
from edgewright.local.processes import Exit
from edgewright.local.services import addresses, service_of
from edgewright.local.session import STATE_FOLDER, StateDir
from edgewright.local.stack import Deployed, LocalStack
from edgewright.platforms import archive
from edgewright.platforms.cloud import LocalCloud, plan

IGNORED = frozenset(
    {
        STATE_FOLDER,
        ".git",
        ".hg",
        ".venv",
        "venv",
        "node_modules",
        "__pycache__",
        ".mypy_cache",
        ".ruff_cache",
        ".pytest_cache",
        ".tox",
        ".idea",
        ".vscode",
        "dist",
        "site",
    }
)
"""Folders that are not watched."""

CODE = frozenset(
    {
        ".py",
        ".yaml",
        ".yml",
        ".js",
        ".mjs",
        ".cjs",
        ".jsx",
        ".ts",
        ".mts",
        ".tsx",
        ".json",
        ".ndjson",
        ".wasm",
        ".html",
        ".txt",
        ".css",
        ".sql",
    }
)
"""A change of such a file runs the program, whether or not the last run read it: a handler's imports are not seen."""

MAX_FOLDERS = 5000

Seen = dict[Path, tuple[int, int]]
"""Files with their times (ns) and sizes, as they were when they were last taken in."""

_SETTLE_MS = 20
_CHECK_MS = 250


@dataclass(frozen=True)
class Reload:
    """What an edit led to."""

    changed: tuple[str, ...]
    """The files, relative to the project."""
    ms: float
    """From hearing of the edit to serving it, or to knowing that it cannot be served."""
    deployed: Deployed | None = None
    """None where it failed, or where nothing that runs has changed."""
    capture: Capture | None = None
    settings: StackSettings | None = None
    errors: tuple[str, ...] = ()
    """Why the last good version goes on serving."""

    @property
    def ok(self) -> bool:
        """Whether the edit is good, and is served where it changed anything."""
        return not self.errors


class Reporter(Protocol):
    """Who is told what the loop does."""

    def reloaded(self, reload: Reload) -> None:
        """An edit was taken in or refused."""
        ...

    def service_ended(self, name: str, exit_: Exit) -> None:
        """A service is gone; the edge goes on."""
        ...


def start_and_deploy(runner: Runner, running: LocalStack) -> tuple[Capture, StackSettings, Deployed]:
    """Run the program, and only when it can be deployed start the local cloud for it: what has faults starts nothing.

    Raises:
        ProjectError, DeployRefused, InfrastructureError, RunnerBroken
    """
    before = running.before
    directory = running.project.directory
    cloud = LocalCloud(before.published, before.workers)
    try:
        capture, settings = runner.run(directory, running.stack, cloud=cloud, stopping=running.stopping)
    except RunStopped:
        raise InfrastructureError("stopped before anything was started", Code.STOPPED) from None
    plan(running.project, capture, before, addresses(settings.services))
    if running.stopping.is_set():
        raise InfrastructureError("stopped before anything was started", Code.STOPPED)
    running.start(settings.services)
    return capture, settings, running.deploy(capture)


def watch(
    runner: Runner, running: LocalStack, reporter: Reporter, first: Deployed, capture: Capture, seen: Seen
) -> None:
    """Take in edits until `running.stopping` is set.

    Args:
        runner: runs the program.
        running: what to deploy to.
        reporter: who is told.
        first: the deployment that is served.
        capture: the run that it came of.
        seen: the files as they were before that run.

    Raises:
        InfrastructureError: the gateway is gone.
    """
    root = running.project.directory
    last = first.plan.deployment.model_dump_json()
    read = capture.files
    for changed in _changes(root, running, reporter, seen):
        relevant = sorted(path for path in changed if path.suffix in CODE or path in read)
        if not relevant:
            continue
        started = time.perf_counter()
        names = tuple(running.project.shown(path) for path in relevant)
        try:
            before = archive.read(running.state.path)
            cloud = LocalCloud(before.published, before.workers)
            new, settings = runner.run(root, running.stack, cloud=cloud, stopping=running.stopping)
            read = new.files
            running.set_services(settings.services)
            planned = running.plan(new)
            document = planned.deployment.model_dump_json()
            deployed = None
            if document != last:
                deployed = running.deploy_plan(planned)
                last = document
            result = Reload(names, _ms(started), deployed, new, settings)
        except ProjectError as error:
            result = Reload(names, _ms(started), errors=tuple(map(str, error.faults)))
        except DeployRefused as error:
            result = Reload(names, _ms(started), errors=tuple(map(str, error.errors)))
        except RunStopped:
            return
        except RunnerBroken as error:
            result = Reload(names, _ms(started), errors=(str(error).strip().splitlines()[-1],))
        except InfrastructureError as error:
            _check_alive(running, reporter)
            result = Reload(names, _ms(started), errors=(str(error),))
        note(running.state, result)
        reporter.reloaded(result)


def hold(running: LocalStack, reporter: Reporter) -> None:
    """Serve without watching until `running.stopping` is set.

    Raises:
        InfrastructureError: the gateway is gone.
    """
    while not running.stopping.wait(_CHECK_MS / 1000):
        _check_alive(running, reporter)


def note(state: StateDir, reload: Reload) -> None:
    """Keep the outcome for `edgewright status`."""
    data = {
        "at": time.time(),
        "ok": reload.ok,
        "ms": round(reload.ms, 1),
        "changed": reload.changed,
        "errors": reload.errors,
    }
    with open_private(state.path / "reload.json", "w") as file:
        json.dump(data, file)


class _Noted(pydantic.BaseModel):
    at: float
    ok: bool
    ms: float
    changed: list[str]
    errors: list[str]


def last_reload(state: StateDir) -> dict[str, Any] | None:
    """Return what :func:`note` kept, with its age; None where there is nothing that can be read."""
    try:
        noted = _Noted.model_validate_json((state.path / "reload.json").read_bytes())
    except (OSError, ValueError):
        return None
    return {**noted.model_dump(), "age_s": round(time.time() - noted.at, 1)}


def _ms(started: float) -> float:
    return (time.perf_counter() - started) * 1000


def look(root: Path) -> Seen:
    """Return the project's files as they are now."""
    seen: Seen = {}
    for folder in _folders(root):
        with contextlib.suppress(OSError), os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_file() and Path(entry.name).suffix in CODE:
                    status = entry.stat()
                    seen[Path(entry.path)] = (status.st_mtime_ns, status.st_size)
    return seen


def _changes(root: Path, running: LocalStack, reporter: Reporter, seen: Seen) -> Iterator[set[Path]]:
    """Yield sets of changed files until the stack is to stop.

    What changed while nobody watched (before the first look, and while a new folder was taken in) comes first.
    """
    while not running.stopping.is_set():
        caught_up = False
        for events in watchfiles.watch(
            *_folders(root),
            recursive=False,
            watch_filter=None,
            debounce=400,
            step=_SETTLE_MS,
            rust_timeout=_CHECK_MS,
            yield_on_timeout=True,
            stop_event=running.stopping,
            raise_interrupt=True,
        ):
            _check_alive(running, reporter)
            paths = {Path(name) for _, name in events}
            changed = {path for path in paths if not (set(path.relative_to(root).parts) & IGNORED)}
            new_folder = any(path.is_dir() for path in changed)
            if not caught_up:
                now = look(root)
                changed |= {path for path in now.keys() | seen.keys() if now.get(path) != seen.get(path)}
                seen = now
                caught_up = True
            else:
                for path in changed:
                    try:
                        status = path.stat()
                    except OSError:
                        seen.pop(path, None)
                    else:
                        seen[path] = (status.st_mtime_ns, status.st_size)
            if changed:
                yield changed
            if new_folder:
                break  # it has to be watched as well


def _folders(root: Path) -> Iterable[Path]:
    """Yield the folders to watch. Not recursively by the watcher itself: `node_modules` alone may hold thousands."""
    for count, (folder, names, _files) in enumerate(os.walk(root), start=1):
        names[:] = sorted(name for name in names if name not in IGNORED)
        if count > MAX_FOLDERS:
            raise InfrastructureError(
                f"more than {MAX_FOLDERS} folders under {root}, the most that are watched; run a smaller project, or"
                " `edgewright up`, which does not watch",
                Code.UNREADABLE,
            )
        yield Path(folder)


def _check_alive(running: LocalStack, reporter: Reporter) -> None:
    """Tell of ended services; raise where the gateway or the guard is gone."""
    while True:
        try:
            ended = running.processes.exits.get_nowait()
        except queue.Empty:
            return
        service = service_of(ended.name)
        if service is None:
            raise InfrastructureError(
                f"the local cloud's {ended.name} {ended.reason}; see {running.state.path / 'logs'}", Code.PROCESS
            )
        reporter.service_ended(service, ended)
