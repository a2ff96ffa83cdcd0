"""Turns users' handlers into modules: one self-contained JavaScript module a handler, the same bytes for the same sources.

A handler is a JavaScript or TypeScript file with a fetch-like default export. esbuild resolves its imports, strips its
types and reports its errors with file, line and column.
"""

import json
import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pulumi

from edgewright.assemble import bundler
from edgewright.assemble.node import NodeMissing, find_node
from edgewright.base.fault_codes import Code
from edgewright.base.faults import Faults, RunFault

SUFFIXES = (".js", ".mjs", ".jsx", ".ts", ".mts", ".tsx")
"""Kinds of files that a handler may be."""

SOURCE_MAP = ".map"
"""Ends the name of a module's source map."""

TIMEOUT_S = 60
"""Longest time for bundling all handlers of one API."""


def bundle_handlers(
    files: Mapping[str, Path],
    places: Mapping[str, str],
    flags: list[str],
    faults: Faults,
    *,
    mode: str = "worker",
) -> dict[str, str]:
    """Return each module's text by its name; note a fault for each file that cannot be one.

    Beside each module for workerd stands its source map, named `<module>.map`.

    Args:
        files: module name to the handler's file.
        places: module name to the property that names it, for faults.
        flags: the function's compatibility flags: `node:` imports need one.
        faults: where faults are noted.
        mode: `worker`, or `lambda` for Node.js in Lambda, where `node:` imports need no flag.

    Raises:
        RunError: there is no Node.js or no esbuild to bundle with, or it broke.
    """
    if not files:
        return {}
    texts: dict[str, str] = {}
    for name, result in run_esbuild(
        {name: {"file": os.fspath(file)} for name, file in files.items()}, mode=mode
    ).items():
        path, file_shown = places[name], shown(files[name])
        for error in result.get("errors", ()):
            where = error.get("location") or {}
            at = f"{where['file']}:{where['line']}:{where['column'] + 1}" if where else file_shown
            faults.add(path, f"{at}: {error['text']}", code=Code.BUNDLE, fix=advice_on(error["text"]))
        if "text" not in result:
            continue
        for source in result["inputs"]:
            note_read(Path(source["path"]))
        if "default" not in result["exports"]:
            faults.add(
                path,
                f"{file_shown} has no default export",
                code=Code.EXPORT,
                fix="Write `export default { fetch(request, env, ctx) { ... } }`, or export such a function.",
            )
        if wrong := result.get("wrong"):
            at = f"{wrong['file']}:{wrong['line']}:{wrong['column']}" if "file" in wrong else file_shown
            faults.add(
                path,
                f"{at}: the default export is {wrong['what']}",
                code=Code.EXPORT,
                allowed="a function (request, env, ctx) that returns a Response, or an object with such a function as `fetch`",
                fix="Write `export default { fetch(request, env, ctx) { ... } }`.",
            )
        needs_node = sorted({item for item in result["externals"] if item.startswith("node:")})
        if needs_node and mode == "worker" and "nodejs_compat" not in flags:
            faults.add(
                path,
                f"{file_shown} imports {', '.join(needs_node)}, which the runtime has only with a flag",
                code=Code.RUNTIME_FLAG,
                fix="Add 'nodejs_compat' to `compatibility_flags`.",
            )
        texts[name] = result["text"]
        if (source_map := result.get("map")) is not None:
            texts[f"{name}{SOURCE_MAP}"] = source_map
    return texts


def advice_on(message: str) -> str:
    """Return what to do about what esbuild says of a module, where that can be told."""
    found = re.match(r'Could not resolve "([^"]+)"', message)
    if found is None:
        return ""
    name = found[1]
    if name.startswith((".", "/")):
        return "Write the file's path as it is from the module that imports it."
    package = "/".join(name.split("/")[: 2 if name.startswith("@") else 1])
    return f"Install it: `npm install {package}`, in the file's folder or one above it."


def installed_esbuild() -> Path | None:
    """Return the folder whose `node_modules` holds esbuild, where there is one already.

    It is the checkout's own, else the runtime's in the user's cache.
    """
    checkout = Path(__file__).parents[3] / "edge"
    if (checkout / "node_modules" / "esbuild" / "package.json").is_file():
        return checkout
    from edgewright.assemble import runtime

    return runtime.runtime_dir() if runtime.installed() else None


def esbuild_home() -> Path:
    """Return the folder whose `node_modules` holds esbuild; install it into the user's cache where there is none."""
    from edgewright.assemble import runtime
    from edgewright.base.errors import RuntimeInstallFailed

    try:
        return installed_esbuild() or runtime.ensure(pulumi.log.info)
    except RuntimeInstallFailed as error:
        raise RunFault(f"handlers cannot be bundled: {error.message}", error.code) from None


def run_esbuild(
    files: Mapping[str, Mapping[str, str]], *, mode: str = "worker", settings: str = ""
) -> dict[str, dict[str, Any]]:
    """Bundle each entry, a `file` or a `text`, and return what esbuild says of it by its name.

    Args:
        files: name to the entry.
        mode: `worker`, or `lambda` for Node.js in Lambda.
        settings: lambda: the module's name that stands for the package's own `settings.mjs`.

    Raises:
        RunError: there is no Node.js or no esbuild to bundle with, or it broke.
    """
    request = {"folder": os.fspath(Path.cwd()), "files": files, "mode": mode, "settings": settings}
    late = f"handlers were not bundled within {TIMEOUT_S} s: " + ", ".join(
        shown(Path(item.get("file", "the code"))) for item in files.values()
    )
    answer: dict[str, dict[str, Any]]
    service = bundler.current
    if service is not None and service.usable:
        # What it cannot answer is asked of a process of its own, which says why.
        try:
            answer = service.ask(request, TIMEOUT_S)
        except TimeoutError:
            raise RunFault(late, Code.BUNDLE) from None
        except (OSError, ValueError):
            pass
        else:
            if "broken" not in answer:
                return answer
    try:
        node = find_node()
    except NodeMissing as error:
        raise RunFault(f"handlers cannot be bundled: {error.message}", error.code) from None
    try:
        done = subprocess.run(
            [str(node.executable), os.fspath(bundler.SCRIPT), os.fspath(esbuild_home())],
            input=json.dumps(request),
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=TIMEOUT_S,
            env=node.environment(),
            check=True,
        )
    except subprocess.TimeoutExpired:
        raise RunFault(late, Code.BUNDLE) from None
    except subprocess.CalledProcessError as error:
        reason = next((line for line in error.stderr.splitlines() if "Error" in line), error.stderr.strip()[:500])
        raise RunFault(f"handlers cannot be bundled: {reason}", Code.BUNDLE) from None
    answer = json.loads(done.stdout)
    return answer


def shown(file: Path) -> str:
    """Return a file's name for people: relative to the program's folder where it lies there."""
    try:
        return file.relative_to(Path.cwd()).as_posix()
    except ValueError:
        return file.name


def note_read(source: Path) -> None:
    """Open a source, so that a tool that watches which files a program reads sees it. Packages are left out."""
    if "node_modules" not in source.parts and source.is_file():
        with source.open("rb"):
            pass
