"""Packages of Lambda@Edge functions: their files in memory, the same archive for the same content, and what is told of them.

TypeScript and JavaScript become one module by esbuild; Python and built JavaScript are packed as they are.
"""

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pulumi

from edgewright.assemble.handlers import advice_on, note_read, run_esbuild, shown
from edgewright.base.fault_codes import Code
from edgewright.base.faults import Faults, show

SETTINGS_MODULE = "edgewright:settings"
"""What a bundled function imports its settings from."""
SETTINGS_FILES = ("settings.mjs", "settings.json")
SOURCES = (".ts", ".mts", ".tsx", ".jsx")
"""Kinds of files that Node.js in Lambda does not run as they are."""
MAX_FILES = 5000
"""Most files of a folder: one with more is not meant for the edge (a virtual environment, a whole `node_modules`)."""

_ZIP_TIME = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Input:
    """A source that a bundle is made of, and the bytes that it has there."""

    path: str
    bytes: int

    @property
    def package(self) -> str | None:
        """The npm package that it belongs to, or None for the function's own code."""
        parts = self.path.split("node_modules/")
        if len(parts) == 1:
            return None
        names = parts[-1].split("/")
        return "/".join(names[:2]) if names[0].startswith("@") else names[0]


@dataclass(frozen=True)
class Package:
    """A function's files, by path in the package, and what its bundle was made of."""

    files: Mapping[str, bytes] = field(default_factory=dict)
    inputs: tuple[Input, ...] = ()
    externals: tuple[str, ...] = ()

    def with_files(self, files: Mapping[str, bytes]) -> "Package":
        """Return the package with further files."""
        return Package({**self.files, **files}, self.inputs, self.externals)

    @property
    def size(self) -> int:
        """Bytes of all files, uncompressed."""
        return sum(map(len, self.files.values()))

    def zipped(self) -> bytes:
        """Return the package as a zip file: the same bytes for the same files."""
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
            for name in sorted(self.files):
                entry = zipfile.ZipInfo(name, _ZIP_TIME)
                entry.compress_type = zipfile.ZIP_DEFLATED
                entry.external_attr = 0o644 << 16
                archive.writestr(entry, self.files[name])
        return buffer.getvalue()

    @property
    def digest(self) -> str:
        """A short digest of the content."""
        whole = hashlib.sha256()
        for name in sorted(self.files):
            whole.update(f"{name}\0{hashlib.sha256(self.files[name]).hexdigest()}\0".encode())
        return whole.hexdigest()[:16]

    def archive(self, folder: Path | None = None) -> pulumi.AssetArchive:
        """Return the package as Pulumi's archive. A file that is not text is read from `folder`."""
        assets: dict[str, pulumi.Asset | pulumi.Archive] = {}
        for name in sorted(self.files):
            try:
                assets[name] = pulumi.StringAsset(self.files[name].decode("utf-8"))
            except UnicodeDecodeError:
                assert folder is not None
                path = folder / name
                assets[name] = pulumi.FileAsset(
                    path.relative_to(Path.cwd()).as_posix() if path.is_relative_to(Path.cwd()) else str(path)
                )
        return pulumi.AssetArchive(assets)

    def report(self) -> dict[str, Any]:
        """Return what the package is made of, the largest part first."""
        shares: dict[str, int] = {}
        for source in self.inputs:
            name = source.package or source.path
            shares[name] = shares.get(name, 0) + source.bytes
        largest = sorted(shares.items(), key=lambda item: (-item[1], item[0]))[:10]
        return {
            "digest": self.digest,
            "files": len(self.files),
            "bytes": self.size,
            "zipped_bytes": len(self.zipped()),
            "parts": [{"name": name, "bytes": size} for name, size in largest],
            "imports": list(self.externals),
        }


def settings_files(settings: object) -> dict[str, bytes]:
    """Return the files that carry a function's settings: a module for JavaScript, JSON for everything else."""
    text = json.dumps(settings, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return {"settings.mjs": f"export default {text};\n".encode(), "settings.json": f"{text}\n".encode()}


def read_folder(path: str, folder: Path, faults: Faults) -> dict[str, bytes]:
    """Return a folder's files by their paths in it. What begins with a dot, and `__pycache__`, is left out."""
    found: dict[str, bytes] = {}
    for file in sorted(folder.rglob("*")):
        relative = file.relative_to(folder)
        if any(part.startswith(".") or part == "__pycache__" for part in relative.parts) or not file.is_file():
            continue
        if len(found) == MAX_FILES:
            faults.add(
                path,
                f"{show(shown(folder))} has more than {MAX_FILES} files",
                code=Code.TOO_MANY_FILES,
                fix="Name a folder of built code.",
            )
            break
        found[relative.as_posix()] = file.read_bytes()
    return found


def bundle_function(path: str, handler: str, faults: Faults, *, file: Path | None = None, text: str = "") -> Package:
    """Return a Node.js function's code as one module; note a fault for each thing that esbuild refuses.

    Args:
        path: the property that names the code, for faults.
        handler: `file.export`, which names the module and what it must export.
        faults: where faults are noted.
        file: the function's file; else `text` is its code.

    Raises:
        RunError: there is no Node.js or no esbuild to bundle with.
    """
    module, _, export = handler.rpartition(".")
    request = {"file": str(file)} if file is not None else {"text": text}
    result = run_esbuild({"function": request}, mode="lambda", settings=SETTINGS_MODULE)["function"]
    where = shown(file) if file is not None else "the code"
    for error in result.get("errors", ()):
        at = error.get("location") or {}
        file_at = f"{at['file'].replace('<stdin>', 'the code')}:{at['line']}:{at['column'] + 1}" if at else where
        faults.add(path, f"{file_at}: {error['text']}", code=Code.BUNDLE, fix=advice_on(error["text"]))
    if "text" not in result:
        return Package()
    for source in result["inputs"]:
        note_read(Path(source["path"]))
    if export not in result["exports"]:
        faults.add(
            path,
            f"{where} has no export {export!r}",
            code=Code.EXPORT,
            allowed=", ".join(sorted(result["exports"])) or "it exports nothing",
            fix=f"Write `export async function {export}(event) {{ ... }}`, or name another one in `handler`.",
        )
    inputs = [Input(source["shown"], source["bytes"]) for source in result["inputs"]]
    return Package(
        {f"{module}.mjs": result["text"].encode()},
        tuple(sorted(inputs, key=lambda item: (-item.bytes, item.path))),
        tuple(sorted(set(result["externals"]) - {"./settings.mjs"})),
    )
