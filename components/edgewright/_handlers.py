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
import { resolve } from "node:path";
const request = JSON.parse(await new Response(process.stdin).text());
const { build } = createRequire(request.runtime + "/package.json")("esbuild");
const answer = {};
const kinds = {
  worker: {
    platform: "neutral", mainFields: ["workerd", "worker", "browser", "module", "main"],
    conditions: ["workerd", "worker", "browser"], external: ["node:*", "cloudflare:*"],
  },
  // Lambda's own runtime has the AWS SDK. A package of CommonJS may ask for Node's modules by `require`.
  lambda: {
    platform: "node", target: "node20", minifySyntax: true, minifyWhitespace: true, external: ["@aws-sdk/*"],
    banner: { js: 'import{createRequire as __require}from"node:module";const require=__require(import.meta.url);' },
    plugins: [{ name: "settings", setup: (build) => build.onResolve({ filter: /^edgewright:/ }, ({ path }) =>
      path === request.settings ? { path: "./settings.mjs", external: true } : undefined) }],
  },
};
for (const [name, item] of Object.entries(request.files)) {
  const entry = item.file === undefined
    ? { stdin: { contents: item.text, loader: "ts", resolveDir: request.folder } } : { entryPoints: [item.file] };
  try {
    const result = await build({
      absWorkingDir: request.folder, ...entry, outfile: name, bundle: true, write: false, metafile: true,
      format: "esm", target: "es2022", charset: "utf8", legalComments: "none", treeShaking: true,
      logLevel: "silent", ...kinds[request.mode],
    });
    const [output] = Object.values(result.metafile.outputs);
    let { text } = result.outputFiles[0];
    const { banner } = kinds[request.mode];
    if (banner && !text.slice(banner.js.length).includes("require")) text = text.slice(banner.js.length).trimStart();
    answer[name] = {
      text, exports: output.exports,
      externals: output.imports.filter((item) => item.external).map((item) => item.path),
      inputs: Object.entries(output.inputs).map(([item, { bytesInOutput }]) => ({
        path: resolve(request.folder, item), shown: item, bytes: bytesInOutput,
      })),
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
    for name, result in run_esbuild({name: {"file": os.fspath(file)} for name, file in files.items()}).items():
        path, file_shown = places[name], shown(files[name])
        for error in result.get("errors", ()):
            where = error.get("location") or {}
            at = f"{where['file']}:{where['line']}:{where['column'] + 1}" if where else file_shown
            faults.add(path, f"{at}: {error['text']}")
        if "text" not in result:
            continue
        for source in result["inputs"]:
            note_read(Path(source["path"]))
        if "default" not in result["exports"]:
            faults.add(
                path,
                f"{file_shown} has no default export",
                fix="Write `export default { fetch(request, env, ctx) { ... } }`, or export such a function.",
            )
        needs_node = sorted({item for item in result["externals"] if item.startswith("node:")})
        if needs_node and "nodejs_compat" not in flags:
            faults.add(
                path,
                f"{file_shown} imports {', '.join(needs_node)}, which the runtime has only with a flag",
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
    try:
        node = find_node()
    except NodeMissing as error:
        raise pulumi.RunError(f"handlers cannot be bundled: {error}") from None
    request = {
        "runtime": str(esbuild_home()),
        "folder": os.fspath(Path.cwd()),
        "files": files,
        "mode": mode,
        "settings": settings,
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
            f"handlers were not bundled within {TIMEOUT_S} s: {', '.join(shown(Path(item.get('file', 'the code'))) for item in files.values())}"
        ) from None
    except subprocess.CalledProcessError as error:
        reason = next((line for line in error.stderr.splitlines() if "Error" in line), error.stderr.strip()[:500])
        raise pulumi.RunError(f"handlers cannot be bundled: {reason}") from None
    answer: dict[str, dict[str, Any]] = json.loads(done.stdout)
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
