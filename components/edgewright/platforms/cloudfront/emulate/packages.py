"""Assets and archives of a program's inputs, as bytes and as files."""

import base64
import io
import os
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from edgewright.engine.resources import Inputs
from edgewright.platforms.cloudfront.protocol import PackageFile

MAX_BYTES = 250 * 1024 * 1024
"""A package unpacked, at most: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html (read November 2026)."""

MAX_FILES = 50_000


class BadPackage(ValueError):
    """An asset or archive cannot be read. The message says why."""


def asset_bytes(asset: Any, base: Path) -> bytes:
    """Return an asset's content.

    Raises:
        BadPackage: it cannot be read, or it is somewhere else.
    """
    import pulumi  # the command starts without the SDK

    if isinstance(asset, pulumi.StringAsset):
        return asset.text.encode()
    if isinstance(asset, pulumi.FileAsset):
        return _read(base / str(asset.path))
    if isinstance(asset, pulumi.RemoteAsset):
        raise BadPackage(f"{asset.uri} is not fetched here; give a file or a text")
    raise BadPackage(f"is a {type(asset).__name__}, which is not an asset")


def object_bytes(inputs: Inputs, base: Path) -> bytes:
    """Return an object's content.

    Raises:
        BadPackage: it cannot be read.
    """
    if inputs.get("source") is not None:
        return asset_bytes(inputs["source"], base)
    if inputs.get("contentBase64") is not None:
        try:
            return base64.b64decode(str(inputs["contentBase64"]), validate=True)
        except ValueError:
            raise BadPackage("contentBase64 is not base64") from None
    return str(inputs.get("content") or "").encode()


def archive_files(archive: Any, base: Path) -> list[PackageFile]:
    """Return an archive's files, sorted by path.

    Raises:
        BadPackage: something of it cannot be read, or it is larger than Lambda takes.
    """
    found: dict[str, bytes] = {}
    size = 0
    for path, content in _members(archive, base, ""):
        size += len(content) - len(found.get(path, b""))
        found[path] = content
        if size > MAX_BYTES or len(found) > MAX_FILES:
            raise BadPackage(
                f"has over {MAX_BYTES // 1024 // 1024} MB or {MAX_FILES} files unpacked; Lambda takes no such package"
            )
    return [PackageFile(path=path, content_base64=base64.b64encode(found[path]).decode()) for path in sorted(found)]


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadPackage(f"{path.name!r} cannot be read: {error.strerror}") from None


def _members(archive: Any, base: Path, prefix: str) -> Iterator[tuple[str, bytes]]:
    import pulumi  # the command starts without the SDK

    if isinstance(archive, pulumi.AssetArchive):
        for name, member in archive.assets.items():
            path = f"{prefix}{name}"
            if isinstance(member, pulumi.Archive):
                yield from _members(member, base, f"{path}/")
            else:
                yield _safe(path), asset_bytes(member, base)
    elif isinstance(archive, pulumi.FileArchive):
        source = base / str(archive.path)
        if source.is_dir():
            yield from _folder(source, prefix)
        else:
            yield from unpacked(_read(source), source.name, prefix)
    elif isinstance(archive, pulumi.RemoteArchive):
        raise BadPackage(f"{archive.uri} is not fetched here; give a folder or a file")
    else:
        raise BadPackage(f"is a {type(archive).__name__}, which is not an archive")


def _folder(source: Path, prefix: str) -> Iterator[tuple[str, bytes]]:
    for folder, folders, files in os.walk(source, followlinks=False):
        folders.sort()
        for name in sorted(files):
            path = Path(folder) / name
            yield f"{prefix}{path.relative_to(source).as_posix()}", _read(path)


def unpacked(content: bytes, name: str, prefix: str = "") -> Iterator[tuple[str, bytes]]:
    """Yield the files of a zip or tar archive.

    Raises:
        BadPackage: it is neither, or one of its members would leave its folder.
    """
    try:
        if zipfile.is_zipfile(io.BytesIO(content)):
            with zipfile.ZipFile(io.BytesIO(content)) as packed:
                left = MAX_BYTES
                for member in packed.infolist():
                    if member.is_dir():
                        continue
                    with packed.open(member) as stream:
                        data = stream.read(left + 1)
                    left -= len(data)
                    if left < 0:
                        raise BadPackage(f"{name!r} unpacks to more than {MAX_BYTES // 1024 // 1024} MB")
                    yield f"{prefix}{_safe(member.filename)}", data
            return
        with tarfile.open(fileobj=io.BytesIO(content)) as tape:
            left = MAX_BYTES
            for entry in tape:
                opened = tape.extractfile(entry) if entry.isfile() else None
                if opened is None:
                    continue
                data = opened.read(left + 1)
                left -= len(data)
                if left < 0:
                    raise BadPackage(f"{name!r} unpacks to more than {MAX_BYTES // 1024 // 1024} MB")
                yield f"{prefix}{_safe(entry.name)}", data
    except (zipfile.BadZipFile, tarfile.TarError, EOFError, RuntimeError, NotImplementedError) as error:
        raise BadPackage(f"{name!r} is neither a zip nor a tar archive that can be read: {error}") from None


def _safe(path: str) -> str:
    parts = path.replace("\\", "/").split("/")
    if path.startswith("/") or ".." in parts or not path or "\0" in path:
        raise BadPackage(f"has the path {path!r}, which is outside of its folder")
    return "/".join(part for part in parts if part not in ("", "."))
