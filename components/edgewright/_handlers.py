"""Turns users' handlers into modules: one self-contained JavaScript module a handler, the same bytes for the same sources.

A handler is a JavaScript or TypeScript file with a fetch-like default export. esbuild resolves its imports, strips its
types and reports its errors with file, line and column.
"""

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pulumi

from edgewright.errors import Faults
from edgewright.local.node import NodeMissing, find_node

SUFFIXES = (".js", ".mjs", ".jsx", ".ts", ".mts", ".tsx")
"""Kinds of files that a handler may be."""

TIMEOUT_S = 60
"""Longest time for bundling all handlers of one API."""

_BUNDLE = """
import { createRequire } from "node:module";
import { relative, resolve } from "node:path";
const request = JSON.parse(await new Response(process.stdin).text());
const { build } = createRequire(request.runtime + "/package.json")("esbuild");
const answer = {};
for (const [name, file] of Object.entries(request.files)) {
  try {
    const result = await build({
      absWorkingDir: request.folder, entryPoints: [file], outfile: name, bundle: true, write: false, metafile: true,
      format: "esm", target: "es2022", platform: "neutral", charset: "utf8", legalComments: "none", treeShaking: true,
      mainFields: ["workerd", "worker", "browser", "module", "main"], conditions: ["workerd", "worker", "browser"],
      external: ["node:*", "cloudflare:*"], logLevel: "silent",
    });
    const [output] = Object.values(result.metafile.outputs);
    answer[name] = {
      text: result.outputFiles[0].text, exports: output.exports,
      externals: output.imports.filter((item) => item.external).map((item) => item.path),
      inputs: Object.keys(result.metafile.inputs).map((item) => resolve(request.folder, item)),
    };
  } catch (error) {
    if (!Array.isArray(error.errors)) throw error;
    answer[name] = { errors: error.errors.map(({ text, location }) => ({ text, location })) };
  }
}
process.stdout.write(JSON.stringify(answer));
"""


def bundle_handlers(
    files: Mapping[str, Path], places: Mapping[str, str], flags: list[str], faults: Faults
) -> dict[str, str]:
    """Return each module's text by its name; note a fault for each file that cannot be one.

    Args:
        files: module name to the handler's file.
        places: module name to the property that names it, for faults.
        flags: the function's compatibility flags: `node:` imports need one.
        faults: where faults are noted.

    Raises:
        RunError: there is no Node.js or no esbuild to bundle with, or it broke.
    """
    if not files:
        return {}
    texts: dict[str, str] = {}
    for name, result in _run(files).items():
        path, shown = places[name], _shown(files[name])
        for error in result.get("errors", ()):
            where = error.get("location") or {}
            at = f"{where['file']}:{where['line']}:{where['column'] + 1}" if where else shown
            faults.add(path, f"{at}: {error['text']}")
        if "text" not in result:
            continue
        for source in result["inputs"]:
            _note_read(Path(source))
        if "default" not in result["exports"]:
            faults.add(
                path,
                f"{shown} has no default export",
                fix="Write `export default { fetch(request, env, ctx) { ... } }`, or export such a function.",
            )
        needs_node = sorted({item for item in result["externals"] if item.startswith("node:")})
        if needs_node and "nodejs_compat" not in flags:
            faults.add(
                path,
                f"{shown} imports {', '.join(needs_node)}, which the runtime has only with a flag",
                fix="Add 'nodejs_compat' to `compatibility_flags`.",
            )
        texts[name] = result["text"]
    return texts


def esbuild_home() -> Path:
    """Return the folder whose `node_modules` holds esbuild: the checkout's own, else the runtime's in the user's cache."""
    checkout = Path(__file__).parents[2] / "edge"
    if (checkout / "node_modules" / "esbuild" / "package.json").is_file():
        return checkout
    from edgewright.local import runtime
    from edgewright.local.errors import RuntimeInstallFailed

    try:
        return runtime.ensure(pulumi.log.info)
    except RuntimeInstallFailed as error:
        raise pulumi.RunError(f"handlers cannot be bundled: {error}") from None


def _run(files: Mapping[str, Path]) -> dict[str, dict[str, Any]]:
    try:
        node = find_node()
    except NodeMissing as error:
        raise pulumi.RunError(f"handlers cannot be bundled: {error}") from None
    request = {
        "runtime": str(esbuild_home()),
        "folder": os.fspath(Path.cwd()),
        "files": {name: os.fspath(file) for name, file in files.items()},
    }
    try:
        done = subprocess.run(
            [str(node.executable), "--input-type=module", "--eval", _BUNDLE],
            input=json.dumps(request),
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=TIMEOUT_S,
            env=node.environment(),
            check=True,
        )
    except subprocess.TimeoutExpired:
        raise pulumi.RunError(
            f"handlers were not bundled within {TIMEOUT_S} s: {', '.join(map(_shown, files.values()))}"
        ) from None
    except subprocess.CalledProcessError as error:
        reason = next((line for line in error.stderr.splitlines() if "Error" in line), error.stderr.strip()[:500])
        raise pulumi.RunError(f"handlers cannot be bundled: {reason}") from None
    answer: dict[str, dict[str, Any]] = json.loads(done.stdout)
    return answer


def _shown(file: Path) -> str:
    try:
        return file.relative_to(Path.cwd()).as_posix()
    except ValueError:
        return file.name


def _note_read(source: Path) -> None:
    """Open a source, so that a tool that watches which files a program reads sees it. Packages are left out."""
    if "node_modules" not in source.parts and source.is_file():
        with source.open("rb"):
            pass
