"""Writes the folder that `pulumi --policy-pack` takes, with the policies of the package that is installed."""

import json
import os
from collections.abc import Sequence
from importlib.metadata import Distribution, PackageNotFoundError
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from urllib.request import url2pathname

import yaml

import edgewright
from edgewright.base.document import DocumentError, read_document
from edgewright.base.errors import ProjectError
from edgewright.base.fault import ProjectFault
from edgewright.base.fault_codes import Code
from edgewright.base.project import PROJECT_FILES

_MAIN = '''"""{title} of edgewright {version}, for Pulumi's engine: `pulumi preview --policy-pack {folder}`.

Written by `{command}`; their settings are the stack's `edgewright:policies`.
"""

from edgewright_policies import {imports}

run("edgewright", {policies})
'''


_NO_INDEX = """\
# edgewright's makers publish it on no package index: whatever an index has under that name is somebody else's.
# So name it here by where it comes from: a wheel or a repository, with its digest, or a checkout. For example
#   edgewright @ https://example.com/wheels/edgewright-{version}-py3-none-any.whl#sha256=<its digest>
#   edgewright @ git+https://example.com/edgewright.git@<commit>
"""


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def _digest(archive: dict[str, Any]) -> str:
    """Return the fragment that holds an archive to its digest: `hashes` is today's form of it, `hash` the older."""
    hashes = archive.get("hashes") or {}
    if "sha256" in hashes:
        return f"sha256={hashes['sha256']}"
    return str(archive.get("hash") or "")


def requirement(folder: Path, direct_url: str | None) -> str | None:
    """Return what names the edgewright that is installed, in a requirements file that pip reads in a folder.

    Always where it came from and never a name and a version, which pip would look up on an index where anybody can take
    the name.

    Args:
        folder: where the requirements file is.
        direct_url: the record that the installer made of it, `direct_url.json`
            (https://packaging.python.org/en/latest/specifications/direct-url/); None where it came from an index.

    Returns:
        The requirement, or None where nothing is known but an index.
    """
    if direct_url is None:
        return None
    record = json.loads(direct_url)
    url = _without_password(record["url"])
    fragments = [f"subdirectory={record['subdirectory']}"] if record.get("subdirectory") else []
    if "vcs_info" in record:
        url = f"{record['vcs_info']['vcs']}+{url}@{record['vcs_info']['commit_id']}"
    elif "archive_info" in record:
        fragments += [digest] if (digest := _digest(record["archive_info"])) else []
    else:
        # A checkout: by a path from the folder, which holds on the next machine if both lie there as they do here.
        try:
            path = Path(os.path.relpath(url2pathname(urlsplit(url).path), folder.resolve())).as_posix()
        except ValueError:  # Another drive of Windows.
            return f"edgewright @ {url}"
        return path if path.startswith(".") else f"./{path}"
    return f"edgewright @ {url}" + ("#" + "&".join(fragments) if fragments else "")


def _direct_url() -> str | None:
    try:
        return Distribution.from_name("edgewright").read_text("direct_url.json")
    except PackageNotFoundError:
        return None


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
                raise ProjectError(str(error), Code.UNREADABLE) from None
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
    named = requirement(folder, _direct_url())
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
        "requirements.txt": f"{named}\n" if named is not None else _NO_INDEX.format(version=version),
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
                    ProjectFault(
                        f"--write-pack: {path} is there already and is another; remove it, or name another folder",
                        Code.UNWRITABLE,
                    )
                    for path in others
                ]
            )
        written = tuple(path for path in wanted if not path.exists())
        folder.mkdir(parents=True, exist_ok=True)
        for path in written:
            path.write_text(wanted[path], encoding="utf-8")
    except OSError as error:
        raise ProjectError(f"--write-pack {folder}: cannot be written: {error.strerror}", Code.UNWRITABLE) from None
    return written
