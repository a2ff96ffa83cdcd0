"""Reading code that is given as an asset or an archive: only what is on this machine's disk, and bounded.

A package is read file by file, from a folder, a zip file or an archive of assets. Nothing is unpacked to disk, nothing
is fetched, and what a zip file says of its sizes is not believed.
"""

import contextlib
import contextvars
import functools
import os
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import pulumi

MOST_FILES = 20_000
"""So many files of a package are looked at."""
MOST_FILE_BYTES = 4 * 1024 * 1024
"""A larger file's content is not read. Its name and size still count."""
MOST_BYTES = 64 * 1024 * 1024
"""So much of a package's content is read."""
_MOST_NESTED = 8

_TEXT = re.compile(
    r"\.(m?[jt]sx?|cjs|mts|cts|py|json|ya?ml|toml|ini|cfg|conf|env|pem|key|txt|properties|sh|html?)$|(^|/)\.env[\w.-]*$|(^|/)[\w-]+$",
    re.I,
)
_base: contextvars.ContextVar[Path | None] = contextvars.ContextVar("edgewright_policies_base", default=None)


@contextlib.contextmanager
def files_relative_to(folder: Path) -> Iterator[None]:
    """Read relative paths of assets from this folder: that of the program which declared them."""
    token = _base.set(folder)
    try:
        yield
    finally:
        _base.reset(token)


def located(path: str) -> Path:
    """Return where an asset's path is."""
    folder = _base.get()
    return folder / path if folder is not None else Path(path)


@dataclass(frozen=True)
class File:
    """One file of a package."""

    name: str
    """With `/` between its folders."""
    size: int
    content: bytes | None
    """None where it was not read: it is no text, or there was enough already."""


@dataclass(frozen=True)
class Package:
    """What could be read of the code of a function."""

    files: tuple[File, ...]
    zipped: int | None
    """Bytes of the zip file, where the package is one."""
    whole: bool
    """Nothing was left out of the list of files."""

    @property
    def size(self) -> int:
        """Bytes of all its files, not compressed."""
        return sum(each.size for each in self.files)

    @property
    def packed(self) -> int:
        """Bytes of its zip file, or about what its files would come to in one."""
        if self.zipped is not None:
            return self.zipped
        # What was not read is no text, and such files do not get much smaller.
        return sum(each.size if each.content is None else len(zlib.compress(each.content, 6)) for each in self.files)


class _Reader:
    def __init__(self) -> None:
        self.files: list[File] = []
        self.left = MOST_BYTES
        self.whole = True

    def wants(self, name: str, size: int) -> bool:
        return size <= min(MOST_FILE_BYTES, self.left) and bool(_TEXT.search(name))

    def add(self, name: str, size: int, content: bytes | None) -> bool:
        """Add a file; False where there are enough."""
        if len(self.files) >= MOST_FILES:
            self.whole = False
            return False
        self.files.append(File(name, size, content))
        self.left -= len(content or b"")
        return True

    def folder(self, folder: Path, prefix: str) -> None:
        for at, folders, names in os.walk(folder):
            folders.sort()
            for name in sorted(names):
                place = Path(at, name)
                shown = str(PurePosixPath(prefix, place.relative_to(folder).as_posix()))
                try:
                    size = place.stat().st_size
                    content = place.read_bytes() if place.is_file() and self.wants(shown, size) else None
                except OSError:
                    self.whole = False
                    continue
                if not self.add(shown, size, content):
                    return

    def zip(self, place: Path, prefix: str) -> None:
        try:
            with zipfile.ZipFile(place) as archive:
                for info in archive.infolist():
                    if info.is_dir():
                        continue
                    name = str(PurePosixPath(prefix, info.filename[:512]))
                    content = self._member(archive, info) if self.wants(name, info.file_size) else None
                    if not self.add(name, info.file_size, content):
                        return
        except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError, RuntimeError):
            self.whole = False

    def _member(self, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes | None:
        try:
            with archive.open(info) as member:
                # One byte more than it says it has is a lie, and is not read.
                content = member.read(info.file_size + 1)
        except (OSError, zipfile.BadZipFile, zlib.error, ValueError, NotImplementedError, RuntimeError, EOFError):
            return None
        return content if len(content) <= info.file_size else None

    def asset(self, value: object, name: str, depth: int) -> None:
        """Add an asset, an archive, or a mapping of them."""
        if depth > _MOST_NESTED:
            self.whole = False
        elif isinstance(value, pulumi.StringAsset) and isinstance(value.text, str):
            content = value.text.encode("utf-8", "surrogatepass")
            self.add(name, len(content), content if self.wants(name, len(content)) else None)
        elif isinstance(value, pulumi.FileAsset) and isinstance(value.path, str | os.PathLike):
            place = located(os.fspath(value.path))
            try:
                size = place.stat().st_size
                self.add(name, size, place.read_bytes() if place.is_file() and self.wants(name, size) else None)
            except (OSError, ValueError):
                self.whole = False
        elif isinstance(value, pulumi.AssetArchive) and isinstance(value.assets, dict):
            for key, each in sorted(value.assets.items(), key=lambda item: str(item[0])):
                self.asset(each, str(PurePosixPath(name, str(key))), depth + 1)
        elif isinstance(value, pulumi.FileArchive) and isinstance(value.path, str):
            place = located(value.path)
            try:
                is_folder, is_file = place.is_dir(), place.is_file()
            except (OSError, ValueError):
                is_folder = is_file = False
            if is_folder:
                self.folder(place, name)
            elif is_file:
                self.zip(place, name)
            else:
                self.whole = False
        else:
            self.whole = False


def _stamp(value: object) -> tuple[str, int, int] | None:
    """Return what tells a zip file from itself after a change, or None where the value is none."""
    if not isinstance(value, pulumi.FileArchive) or not isinstance(value.path, str):
        return None
    try:
        place = located(value.path)
        if not place.is_file():
            return None
        stat = place.stat()
    except (OSError, ValueError):
        return None
    return str(place), stat.st_mtime_ns, stat.st_size


@functools.lru_cache(maxsize=4)
def _zip_once(path: str, _modified: int, size: int) -> Package:
    reader = _Reader()
    reader.zip(Path(path), "")
    return Package(tuple(reader.files), size, reader.whole)


def package_of(value: object, name: str = "") -> Package:
    """Return what can be read here of a function's code, given as an asset or an archive.

    Args:
        value: the asset or the archive.
        name: of a single asset, which has none of its own: what it is a file of is told by its ending.
    """
    stamp = _stamp(value)
    if stamp is not None:
        return _zip_once(*stamp)
    reader = _Reader()
    reader.asset(value, name, 0)
    return Package(tuple(reader.files), None, reader.whole)
