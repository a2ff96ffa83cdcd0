"""One run of a Pulumi program in this process, as Pulumi's language host does it.

A run leaves modules, contexts and `sys.path` changed: :mod:`edgewright.engine.runner` gives each run a process of its own.
"""

import asyncio
import importlib
import logging
import os
import runpy
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

import pulumi
import pulumi.runtime
from pulumi.config import ConfigMissingError

import edgewright
from edgewright.arguments.program import Refusal, gather
from edgewright.base.errors import NeedsCloud, ProgramFailed, ProjectError
from edgewright.base.fault import ProjectFault
from edgewright.base.fault_codes import Code
from edgewright.base.faults import InputFaults, RunFault, SettingsFaults, closest
from edgewright.base.project import Project
from edgewright.config.loader import StackConfig, check_settings, read_stack, stack_schema
from edgewright.config.models import StackSettings
from edgewright.engine.cloud import Cloud, CloudError, RecordingCloud
from edgewright.engine.monitor import Engine, Monitor
from edgewright.engine.resources import Capture, Diagnostic, Severity

_PARALLEL = 16
_MAX_PRINTED = 64 * 1024
_SETTINGS_FILE = "settings.py"
_SETTINGS_CLASS = "Settings"

PACKAGE_DIR = Path(edgewright.__file__).resolve().parent

Result = TypeVar("Result")


class TimedOut(BaseException):
    """Raised in a program's own code when its time is up. Not an Exception, so that no handler of its own eats it."""


@dataclass(frozen=True)
class Run:
    """What a run gives back: the capture, and the stack's settings for the tools."""

    capture: Capture
    settings: StackSettings


def excluded_folders(project: Project) -> tuple[Path, ...]:
    """Return the folders inside a project whose code is not the user's own."""
    libraries = {
        Path(path).resolve() for path in sys.path if path and Path(path).name in ("site-packages", "dist-packages")
    }
    return (PACKAGE_DIR, *sorted(libraries), project.directory / ".venv", project.directory / "venv")


def settings_model(project: Project) -> type[StackSettings]:
    """Return the project's settings model: `Settings` of `settings.py` in the stacks' folder, else the tools' own.

    Raises:
        ProgramFailed: the module cannot be imported, or its `Settings` is not a StackSettings.
    """
    file = project.stack_config_dir / _SETTINGS_FILE
    if not file.is_file():
        return StackSettings
    try:
        relative = file.relative_to(project.directory).with_suffix("")
        # As the program itself imports it, so that there is one class and not two.
        name = ".".join(relative.parts)
    except ValueError:
        return StackSettings
    shown = project.shown(file)
    module = _guarded(project, lambda: importlib.import_module(name))
    model = getattr(module, _SETTINGS_CLASS, None)
    if not (isinstance(model, type) and issubclass(model, StackSettings)):
        raise ProgramFailed(
            [
                ProjectFault(
                    f"{shown}: must have a class {_SETTINGS_CLASS}, a subclass of edgewright.config.StackSettings, got"
                    f" {model!r}",
                    Code.SETTING,
                )
            ]
        )
    return model


def load_stack(project: Project, stack: str) -> tuple[StackConfig, StackSettings]:
    """Read and validate a stack's settings with the project's own model.

    Raises:
        ProjectError: with every fault.
    """
    config = read_stack(project, stack, keep_faults=True)
    try:
        with _on_path(project):
            model = settings_model(project)
    except ProjectError as error:
        if config.faults:
            raise ProjectError([*config.faults, *error.faults]) from None
        raise
    return config, check_settings(model, config, project.name)


def schema(directory: Path) -> dict[str, Any]:
    """Return the JSON Schema of the project's stack settings files."""
    project = Project.load(directory)
    with _on_path(project):
        return stack_schema(settings_model(project), project.name)


def settings(directory: Path, stack: str) -> StackSettings:
    """Return a stack's settings as far as the tools know them (the project's own keys are checked and left out)."""
    return _plain(load_stack(Project.load(directory), stack)[1])


def _plain(found: StackSettings) -> StackSettings:
    # The project's own class cannot be unpickled elsewhere, and nobody else has a use for its keys.
    return StackSettings.model_construct(**{name: getattr(found, name) for name in StackSettings.model_fields})


def run(directory: Path, stack: str, *, preview: bool = False, cloud: Cloud | None = None) -> Run:
    """Run the program of a stack once.

    Raises:
        ProjectError: the project or the stack's settings have faults.
        ProgramFailed: the program failed, or declared what cannot be.
    """
    project = Project.load(directory)
    stack = stack.rsplit("/", 1)[-1]
    opened = _record_opened(project)
    config, found = load_stack(project, stack)
    monitor = Monitor(
        project.name, stack, cloud or RecordingCloud(), project.directory, excluded_folders(project), preview
    )
    engine = Engine()
    pulumi.runtime.set_all_config(config.for_pulumi(), sorted(config.secret_keys))
    pulumi.runtime.configure(
        pulumi.runtime.Settings(
            project=project.name,
            stack=stack,
            monitor=monitor,
            engine=engine,
            parallel=_PARALLEL,
            dry_run=preview,
            organization="organization",
            root_directory=str(project.directory),
        )
    )
    pulumi.runtime.settings.set_root_resource(None)  # type: ignore[arg-type]
    with _printed() as printed, _on_path(project), gather() as refused:
        failure = _attempt(project, config)
    lines = [Diagnostic(Severity.INFO, line) for line in printed]
    # What is logged as an error is among the faults where there is no other; here it would be said twice.
    heard = [*lines, *(each for each in engine.diagnostics if each.severity is not Severity.ERROR)]
    said = [(each.severity.value, each.message) for each in heard]
    if refused:
        # What else failed may have failed because of them: it shows when they are mended.
        refusals = [_refusal(project, each) for each in refused]
        if monitor.unanswered and not (preview or cloud):
            raise NeedsCloud([*_of_program(monitor.told_faults(unanswered=True)), *refusals], said)
        raise ProgramFailed(refusals, said)
    wants = bool(failure or not preview) and bool(monitor.unanswered)
    # Only what the cloud did not say kept the program from its end.
    needs_cloud = not (preview or cloud or monitor.faults) and (wants or (failure is not None and failure.of_nothing))
    faults = _of_program(monitor.told_faults(wants))
    logged = [d.message for d in engine.diagnostics if d.severity is Severity.ERROR]
    if failure:
        # What the cloud refused comes first: what fails after it often fails because of it.
        faults += failure.faults
    if not faults and logged:
        # `pulumi.log.error` alone fails an update.
        faults = _of_program(logged)
    if faults:
        raise (NeedsCloud if needs_cloud else ProgramFailed)(faults, said)
    notes = [
        Diagnostic(Severity.WARNING, f"{config.shown}: a secret has a placeholder; set {name} to give it a value")
        for name in config.placeholders
    ]
    root = str(project.directory)
    names = (getattr(module, "__file__", None) for module in list(sys.modules.values()))
    # Compared as text first: there are thousands, and few are the project's.
    files = {Path(name).resolve() for name in names if name and name.startswith(root)}
    files |= opened | {project.file, config.file}
    excluded = excluded_folders(project)
    capture = Capture(
        project=project.name,
        stack=stack,
        resources=monitor.captured(),
        outputs=monitor.outputs,
        secret_outputs=monitor.secret_outputs,
        diagnostics=(*notes, *lines, *engine.diagnostics, *monitor.diagnostics),
        preview=preview,
        regions={
            key.removesuffix(":region"): value
            for key, value in config.data.items()
            if key.endswith(":region") and isinstance(value, str) and key not in config.secret_keys
        },
        project_dir=project.directory,
        program_dir=project.main if project.main.is_dir() else project.main.parent,
        files=frozenset(
            file
            for file in files
            if file.is_relative_to(project.directory) and not any(map(file.is_relative_to, excluded))
        ),
    )
    return Run(capture, _plain(found))


@dataclass(frozen=True)
class _Failure:
    faults: tuple[ProjectFault, ...]
    of_nothing: bool = False
    """Whether it failed on None: an output that only a real cloud gives is None to the program."""


def _attempt(project: Project, config: StackConfig) -> _Failure | None:
    """Run the program; return what it failed with, or None."""
    main = project.main if project.main.is_file() else project.main / "__main__.py"
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    executor = ThreadPoolExecutor(max_workers=_PARALLEL)
    loop.set_default_executor(executor)

    own = os.getpid()

    def program() -> None:
        try:
            runpy.run_path(str(main), run_name="__main__")
        finally:
            # A copy that the program made of itself ends with the program's own code: it shares what wakes the event loop,
            # and would take what is meant for the one that answers.
            if os.getpid() != own:
                os._exit(0)

    previous = Path.cwd()
    os.chdir(main.parent)
    try:
        # Registrations run side by side; one that fails must not hide the faults of the others.
        loop.run_until_complete(pulumi.runtime.run_in_stack(program))
    except TimedOut as error:
        where = _user_line(project, error.__traceback__)
        text = f"{where or project.shown(main)}: the program was stopped here: {error}"
        return _Failure((ProjectFault(text, Code.PROGRAM),))
    except BaseException as error:  # noqa: BLE001 - SystemExit and KeyboardInterrupt of the program's own are its failure
        # Python's own words: neither error says in another way that it was None.
        of_nothing = isinstance(error, AttributeError | TypeError) and "NoneType" in str(error)
        return _Failure(_faults_of(project, error, config), of_nothing)
    finally:
        os.chdir(previous)
        executor.shutdown(wait=False, cancel_futures=True)
    return None


def _guarded(project: Project, call: Callable[[], Result]) -> Result:
    """Call into the project's code; its failure becomes a clean message."""
    try:
        return call()
    except TimedOut:
        raise
    except BaseException as error:  # noqa: BLE001 - any failure of the user's code is theirs to mend
        raise ProgramFailed(_faults_of(project, error)) from None


def _of_program(texts: Iterable[str]) -> list[ProjectFault]:
    return [ProjectFault(text, Code.PROGRAM) for text in texts]


def _faults_of(project: Project, error: BaseException, config: StackConfig | None = None) -> tuple[ProjectFault, ...]:
    """Return a failure of the user's code as faults, as :func:`describe` words it."""
    if isinstance(error, ProjectError | SettingsFaults):
        return error.faults
    code = error.code if isinstance(error, RunFault) else Code.PROGRAM
    if isinstance(error, ConfigMissingError):
        code = Code.SETTING
    inputs = error.faults if isinstance(error, InputFaults) else ()
    return (ProjectFault(describe(project, error, config), code, inputs),)


def describe(project: Project, error: BaseException, config: StackConfig | None = None) -> str:
    """Return a failure of the user's code as a message with file and line of their own innermost frame."""
    if isinstance(error, ConfigMissingError) and config is not None:
        where = _user_line(project, error.__traceback__)
        asked = f"; {where} asks for it" if where else ""
        return f"{config.shown}: {error.key}: is required and missing; add it under `config:`{_near(error.key, config)}{asked}"
    if isinstance(error, SyntaxError) and error.filename:
        where = f"{project.shown(Path(error.filename))}:{error.lineno or 1}"
        return f"{where}: {type(error).__name__}: {error.msg}"
    where = _user_line(project, error.__traceback__) or ""
    text = error.message if isinstance(error, RunFault) else str(error)
    if isinstance(error, (pulumi.RunError, CloudError)):
        return f"{where}: {text}" if where and not _names_its_place(project, error.__traceback__) else text
    if isinstance(error, pulumi.InputPropertyError):
        text = f"{error.property_path}: {error.reason}"
    elif isinstance(error, pulumi.InputPropertiesError):
        parts = [f"{detail['property_path']}: {detail['reason']}" for detail in error.errors or []]
        text = "; ".join([error.message, *parts])
    elif isinstance(error, SystemExit):
        text = f"the program exited with {error.code!r}; let it end by itself, or raise pulumi.RunError with a message"
        return f"{where}: {text}" if where else text
    prefix = f"{where}: " if where else ""
    return f"{prefix}{type(error).__name__}: {text}" if text else f"{prefix}{type(error).__name__}"


def _near(key: str, config: StackConfig) -> str:
    """Return a hint at the key of the settings that may be a misspelt one."""
    found = closest(key, config.data)
    return f", or did you mean it by {found} (line {config.line((found,))})?" if found else ""


def _refusal(project: Project, refused: Refusal) -> ProjectFault:
    where = _users(project, refused.stack)
    text = f"{where}: {refused.error}" if where else str(refused.error)
    return ProjectFault(text, Code.PROGRAM, refused.error.faults)


def _user_line(project: Project, trace: TracebackType | None) -> str | None:
    return _users(project, traceback.extract_tb(trace))


def _users(project: Project, frames: traceback.StackSummary) -> str | None:
    """Return file and line of the innermost frame that is the user's own."""
    excluded = excluded_folders(project)
    for frame in reversed(frames):
        path = Path(frame.filename)
        if path.is_relative_to(project.directory) and not any(path.is_relative_to(folder) for folder in excluded):
            return f"{project.shown(path)}:{frame.lineno}"
    return None


def _names_its_place(project: Project, trace: TracebackType | None) -> bool:
    """Return whether an error says itself where the fault is: the user's own, and those of settings."""
    frames = traceback.extract_tb(trace)
    if not frames:
        return True
    path = Path(frames[-1].filename)
    if path.is_relative_to(PACKAGE_DIR / "config"):
        return True
    return path.is_relative_to(project.directory) and not any(map(path.is_relative_to, excluded_folders(project)))


@contextmanager
def _on_path(project: Project) -> Iterator[None]:
    folder = project.main if project.main.is_dir() else project.main.parent
    added = [str(path) for path in dict.fromkeys((folder, project.directory))]
    sys.path[:0] = added
    importlib.invalidate_caches()
    # A second edit within a second, of the same size, would be hidden by a byte-code file of the first.
    writes, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        yield
    finally:
        sys.dont_write_bytecode = writes
        for path in added:
            if path in sys.path:
                sys.path.remove(path)


@contextmanager
def _printed() -> Iterator[list[str]]:
    """Collect what the program and its children print, so that it cannot mix with the command's own output."""
    lines: list[str] = []
    sys.stdout.flush()
    sys.stderr.flush()
    saved = os.dup(1), os.dup(2)
    with tempfile.TemporaryFile() as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
        try:
            yield lines
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            for number, descriptor in enumerate(saved, start=1):
                os.dup2(descriptor, number)
                os.close(descriptor)
            file.seek(0)
            lines += file.read(_MAX_PRINTED).decode(errors="replace").splitlines()


def _record_opened(project: Project) -> set[Path]:
    """Note each file of the project that is opened from now on. An audit hook stays for the life of the process."""
    opened: set[Path] = set()
    root = str(project.directory) + os.sep

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event != "open" or not isinstance(arguments[0], str) or arguments[0].endswith(".pyc"):
            return
        name = os.path.normpath(os.path.join(os.getcwd(), arguments[0]))  # noqa: PTH109, PTH118 - runs at each open
        if name.startswith(root):
            opened.add(Path(name))

    sys.addaudithook(hook)
    return opened
