"""A Pulumi project on disk: `Pulumi.yaml`, the stacks beside it and their settings files."""

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edgewright.base.document import DocumentError, read_document
from edgewright.base.errors import ProjectError
from edgewright.base.fault import ProjectFault
from edgewright.base.fault_codes import Code

PROJECT_FILES = ("Pulumi.yaml", "Pulumi.yml")

_STACK_FILE = re.compile(r"Pulumi\.([A-Za-z0-9_.-]{1,100})\.ya?ml")
_STACK_NAME = re.compile(r"[A-Za-z0-9_.-]{1,100}")
_PROJECT_NAME = re.compile(r"[A-Za-z0-9_.-]{1,100}")


@dataclass(frozen=True)
class Project:
    """A Pulumi project of the Python runtime."""

    directory: Path
    """Absolute; where `Pulumi.yaml` is."""
    name: str
    file: Path
    main: Path
    """The program: a folder with `__main__.py`, or a file."""
    stack_config_dir: Path
    config: Mapping[str, object] = field(default_factory=dict)
    """Defaults that `Pulumi.yaml` gives to every stack, by full key `namespace:key`."""

    @classmethod
    def load(cls, directory: Path) -> "Project":
        """Read the project in this directory, or in the nearest one above that has a `Pulumi.yaml`.

        Raises:
            ProjectError: there is none, or it is not a project that edgewright can run.
        """
        directory = directory.resolve()
        for folder in (directory, *directory.parents):
            for name in PROJECT_FILES:
                if (folder / name).is_file():
                    return cls._read(folder / name)
        raise ProjectError(
            f"{directory}: no Pulumi.yaml here or in a folder above. Run edgewright in a Pulumi project, or name one"
            " with --cwd.",
            Code.PROJECT,
        )

    @classmethod
    def _read(cls, file: Path) -> "Project":
        try:
            document = read_document(file, file.name)
        except DocumentError as error:
            raise ProjectError(str(error), Code.SYNTAX) from None
        data = document.data
        if not isinstance(data, dict):
            raise ProjectError(f"{file.name}:1: must be a mapping with at least `name` and `runtime`", Code.PROJECT)
        faults: list[ProjectFault] = []

        def fault(key: str, message: str) -> None:
            faults.append(ProjectFault(f"{file.name}:{document.line((key,))}: {key}: {message}", Code.PROJECT))

        name = data.get("name")
        if not isinstance(name, str) or not _PROJECT_NAME.fullmatch(name):
            fault("name", f"must be a project name of letters, digits, `-`, `_` and `.`, got {name!r}")
            name = "invalid"
        runtime = data.get("runtime")
        language = runtime.get("name") if isinstance(runtime, dict) else runtime
        if language != "python":
            fault("runtime", f"must be `python`, which is what edgewright runs, got {language!r}")
        main = data.get("main", ".")
        if not isinstance(main, str):
            fault("main", f"must be a path, got {main!r}")
            main = "."
        config_dir = data.get("stackConfigDir", ".")
        if not isinstance(config_dir, str):
            fault("stackConfigDir", f"must be a path, got {config_dir!r}")
            config_dir = "."
        config = _defaults(name, data.get("config"), fault)
        folder = file.parent
        program = (folder / main).resolve()
        if not (program.is_file() or (program / "__main__.py").is_file()):
            fault("main", f"no program there: {main!r} is neither a file nor a folder with `__main__.py`")
        if faults:
            raise ProjectError(faults)
        return cls(folder, name, file, program, (folder / config_dir).resolve(), config)

    def stacks(self) -> tuple[str, ...]:
        """Return the names of the stacks that have a settings file, sorted."""
        if not self.stack_config_dir.is_dir():
            return ()
        found = (_STACK_FILE.fullmatch(path.name) for path in self.stack_config_dir.iterdir() if path.is_file())
        return tuple(sorted({match.group(1) for match in found if match}))

    def stack_file(self, stack: str) -> Path:
        """Return the settings file of this stack, whether or not it exists.

        Raises:
            ProjectError: the name cannot be a stack's.
        """
        name = stack.rsplit("/", 1)[-1]
        if not _STACK_NAME.fullmatch(name):
            raise ProjectError(
                f"stack {stack!r}: a stack's name has letters, digits, `-`, `_` and `.` only", Code.STACK
            )
        other = self.stack_config_dir / f"Pulumi.{name}.yml"
        return other if other.is_file() else self.stack_config_dir / f"Pulumi.{name}.yaml"

    def require_stack(self, stack: str) -> Path:
        """Return the settings file of this stack.

        Raises:
            ProjectError: there is no such stack; the message names those there are.
        """
        file = self.stack_file(stack)
        if file.is_file():
            return file
        known = self.stacks()
        near = difflib.get_close_matches(stack, known, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        there = f"stacks there: {', '.join(known)}" if known else "there are no stacks yet"
        raise ProjectError(f"stack {stack!r}: no {self.shown(file)}; {there}{hint}", Code.STACK)

    def shown(self, path: Path) -> str:
        """Return a path as messages show it: relative to the project where it is inside it."""
        try:
            return str(path.relative_to(self.directory))
        except ValueError:
            return str(path)


def _defaults(project: str, config: object, fault: Any) -> dict[str, Any]:
    """Return `config:` of Pulumi.yaml as full keys with their default values."""
    if config is None:
        return {}
    if not isinstance(config, dict):
        fault("config", f"must be a mapping, got {type(config).__name__}")
        return {}
    defaults: dict[str, Any] = {}
    for key, entry in config.items():
        full = key if ":" in key else f"{project}:{key}"
        if isinstance(entry, dict) and entry.keys() & {"type", "default", "value", "secret", "description", "items"}:
            if "value" in entry:
                defaults[full] = entry["value"]
            elif "default" in entry:
                defaults[full] = entry["default"]
        else:
            defaults[full] = entry
    return defaults
