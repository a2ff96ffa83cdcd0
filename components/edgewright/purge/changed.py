"""Which files of a folder changed since the last purge: a deployment that changes nothing purges nothing."""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from edgewright.base.errors import InfrastructureError, ProjectError
from edgewright.base.fault import ProjectFault
from edgewright.base.fault_codes import Code

MOST_FILES = 100_000
_INDEX = "index.html"
_SAFE = "/!$&'()*+,=:@~"
"""What stands in a path as it is, as browsers write it; `;` the edge escapes."""


@dataclass(frozen=True)
class Changes:
    """What differs between a folder and its record.

    Attributes:
        paths: URL paths of files that are new, gone or have another content, sorted.
        first: there is no record yet, so that all files count as changed.
        hashes: URL path to SHA-256 of every file that is there.
    """

    paths: tuple[str, ...]
    first: bool
    hashes: Mapping[str, str]


def parse(text: str) -> tuple[Path, str]:
    """Return folder and URL prefix of `FOLDER` or `FOLDER=/prefix`.

    Raises:
        ProjectError: there is no such folder, or the prefix is no path.
    """
    name, separator, prefix = text.rpartition("=") if "=" in text else (text, "", "/")
    folder = Path(name)
    faults: list[ProjectFault] = []
    if not folder.is_dir():
        faults.append(
            ProjectFault(
                f"--changed {text!r}: there is no folder {folder}; give FOLDER or FOLDER=/prefix", Code.UNREADABLE
            )
        )
    if separator and not prefix.startswith("/"):
        faults.append(ProjectFault(f"--changed {text!r}: the prefix {prefix!r} must begin with `/`", Code.OPTION))
    if faults:
        raise ProjectError(faults)
    return folder, prefix.rstrip("/")


def changes(folder: Path, prefix: str, record: Path) -> Changes:
    """Compare a folder with its record.

    Raises:
        ProjectError: there are too many files, or the record cannot be read.
    """
    hashes: dict[str, str] = {}
    for root, folders, files in os.walk(folder):
        folders.sort()
        for name in sorted(files):
            file = Path(root) / name
            path = f"{prefix}/{quote(file.relative_to(folder).as_posix(), safe=_SAFE, errors='surrogateescape')}"
            hashes[path] = hashlib.sha256(file.read_bytes()).hexdigest()
            if len(hashes) > MOST_FILES:
                raise ProjectError(
                    f"--changed {folder}: has more than {MOST_FILES} files; purge by --prefix or --tag",
                    Code.TOO_MANY_FILES,
                )
    known: dict[str, str] | None = None
    try:
        known = json.loads(record.read_text(encoding="utf-8"))["files"]
        if not isinstance(known, dict):
            raise ValueError("`files` is no object")
    except FileNotFoundError:
        pass
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise ProjectError(
            f"{record}: is not a record of a purge ({error}); remove it to begin anew", Code.SYNTAX
        ) from None
    before = known or {}
    # Only what this folder stands for: a record may hold other prefixes too.
    mine = {path: digest for path, digest in before.items() if path.startswith(f"{prefix}/")}
    different = {path for path in {*hashes, *mine} if hashes.get(path) != mine.get(path)}
    return Changes(tuple(sorted({form for path in different for form in _forms(path)})), known is None, hashes)


def _forms(path: str) -> tuple[str, ...]:
    """A folder's index answers for the folder too."""
    return (path, path.removesuffix(_INDEX)) if path.endswith(f"/{_INDEX}") else (path,)


def write(record: Path, found: Changes, prefix: str) -> None:
    """Write down what was purged; only after it was.

    Raises:
        InfrastructureError: the record cannot be written.
    """
    try:
        others = json.loads(record.read_text(encoding="utf-8"))["files"]
        if not isinstance(others, dict):
            others = {}
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        others = {}
    kept = {path: digest for path, digest in others.items() if not path.startswith(f"{prefix}/")}
    try:
        record.parent.mkdir(parents=True, exist_ok=True)
        temporary = record.with_name(f"{record.name}.{os.getpid()}")
        temporary.write_text(json.dumps({"files": {**kept, **found.hashes}}, indent=1, sort_keys=True) + "\n")
        temporary.replace(record)
    except OSError as error:
        raise InfrastructureError(f"{record}: cannot be written: {error.strerror}", Code.UNWRITABLE) from None
