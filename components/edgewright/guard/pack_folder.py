"""Writes the folder that `pulumi --policy-pack` takes, with the policies of the package that is installed."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

import edgewright
from edgewright.config.document import DocumentError, read_document
from edgewright.program.errors import ProjectError
from edgewright.program.project import PROJECT_FILES

_MAIN = '''"""{title} of edgewright {version}, for Pulumi's engine: `pulumi preview --policy-pack {folder}`.

Written by `{command}`; their settings are the stack's `edgewright:policies`.
"""

from edgewright_policies import {imports}

run("edgewright", {policies})
'''


def virtual_environment(folder: Path) -> str | None:
    """Return the virtual environment of the Python program in or above a folder, as a path from that folder.

    The pack is to run where the program does. None where the project does not say where that is, is no Python program,
    or has a toolchain that wants a project of its own in the pack's folder.
    """
    for place in folder.resolve().parents:
        for name in PROJECT_FILES:
            file = place / name
            if not file.is_file():
                continue
            try:
                data = read_document(file, name).data
            except DocumentError as error:
                raise ProjectError(str(error)) from None
            runtime = data.get("runtime") if isinstance(data, dict) else None
            options = runtime.get("options") if isinstance(runtime, dict) and runtime.get("name") == "python" else None
            if not isinstance(options, dict) or options.get("toolchain", "pip") != "pip":
                return None
            environment = options.get("virtualenv")
            if not isinstance(environment, str) or not environment:
                return None
            return Path(os.path.relpath(place / environment, folder.resolve())).as_posix()
    return None


def files(folder: Path, chosen: Sequence[str]) -> dict[str, str]:
    """Return the pack's files by name.

    Args:
        folder: where they will be.
        chosen: names, ids or families of policies; none are all of them.
    """
    version = edgewright.__version__
    runtime: dict[str, Any] = {"name": "python"}
    environment = virtual_environment(folder)
    if environment is not None:
        runtime["options"] = {"toolchain": "pip", "virtualenv": environment}
    project = {
        "name": "edgewright",
        "version": version,
        "description": "Guardrails for serverless edge systems on Cloudflare and AWS, which know the platforms' limits.",
        "runtime": runtime if len(runtime) > 1 else "python",
        "main": ".",
    }
    names = ", ".join(json.dumps(each) for each in chosen)
    return {
        "PulumiPolicy.yaml": yaml.safe_dump(project, sort_keys=False, width=200),
        "__main__.py": _MAIN.format(
            title="Policies" if chosen else "All policies",
            version=version,
            folder=folder.name,
            command=" ".join(["edgewright policies", *chosen, f"--write-pack {folder.name}"]),
            imports="choose, run" if chosen else "POLICIES, run",
            policies=f"choose({names})" if chosen else "POLICIES",
        ),
        "requirements.txt": f"edgewright=={version}\n",
    }


def write(folder: Path, chosen: Sequence[str]) -> tuple[Path, ...]:
    """Write a pack, and return what was written: files that are so already are left alone.

    Raises:
        ProjectError: a file of another content is there, or the folder cannot be written.
    """
    wanted = {folder / name: text for name, text in files(folder, chosen).items()}
    try:
        others = [path for path, text in wanted.items() if path.exists() and path.read_text("utf-8", "replace") != text]
        if others:
            raise ProjectError(
                [
                    f"--write-pack: {path} is there already and is another; remove it, or name another folder"
                    for path in others
                ]
            )
        written = tuple(path for path in wanted if not path.exists())
        folder.mkdir(parents=True, exist_ok=True)
        for path in written:
            path.write_text(wanted[path], encoding="utf-8")
    except OSError as error:
        raise ProjectError([f"--write-pack {folder}: cannot be written: {error.strerror}"]) from None
    return written
