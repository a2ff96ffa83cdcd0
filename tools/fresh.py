"""Prove that what is generated is fresh: `python -m tools.fresh`.

The schemas, the TypeScript types, the bundles, the components' public schema, and the pages
of components, policies and faults are made anew in a temporary directory and compared byte for byte with
the files in the repository. Exit 1 names each file that differs, is missing or is left over; exit 0 says nothing more.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from edgewright._provider import EdgewrightProvider
from edgewright.assemble.node import NodeMissing, find_node

from tools import component_docs, fault_docs, generate, platform_keys, policy_docs, schema

ROOT = Path(__file__).resolve().parent.parent
EDGE = ROOT / "edge"
BUNDLES = ROOT / "components" / "edgewright" / "_bundles"
TYPES = ("src/core/settings.gen.ts", "src/gateway/protocol.gen.ts")


def _files(directory: Path) -> dict[str, bytes]:
    return {
        path.relative_to(directory).as_posix(): path.read_bytes() for path in directory.rglob("*") if path.is_file()
    }


def differences(kept: dict[str, bytes], made: dict[str, bytes], where: str) -> list[str]:
    """Return a line for each file that is not in the repository as it would be made now."""
    lines = []
    for name in sorted(kept.keys() | made.keys()):
        if name not in kept:
            lines.append(f"{where}/{name}: missing")
        elif name not in made:
            lines.append(f"{where}/{name}: left over, nothing makes it")
        elif kept[name] != made[name]:
            lines.append(f"{where}/{name}: stale")
    return lines


def stale(temporary: Path) -> list[str]:
    """Make everything anew under a directory and return a line for each file that is not fresh.

    Raises:
        subprocess.CalledProcessError: a generator failed; its own message is on standard error.
        NodeMissing: there is no usable Node.js.
    """
    node = find_node()

    def run(script: str, output: Path) -> None:
        subprocess.run([str(node.executable), script, str(output)], cwd=EDGE, env=node.environment(), check=True)

    generate.generate(temporary / "schema")
    lines = differences(_files(EDGE / "schema"), _files(temporary / "schema"), "edge/schema")
    if lines:
        # The types come from the schemas on disk, so they can only be judged once those are right.
        return lines
    run("generate.mjs", temporary / "types")
    kept = {name: (EDGE / name).read_bytes() for name in TYPES if (EDGE / name).exists()}
    generate.generate_data(temporary / "types")
    for name in generate.data_files():
        kept[name] = (EDGE / name).read_bytes()
    lines = differences(kept, _files(temporary / "types"), "edge")
    public = {schema.GOLDEN.name: schema.public_schema(EdgewrightProvider()).encode()}
    lines += differences({schema.GOLDEN.name: schema.GOLDEN.read_bytes()}, public, "tests/golden")
    for pages in (component_docs, fault_docs, policy_docs):
        documents = {name: text.encode() for name, text in pages.pages().items()}
        lines += differences(_files(pages.DOCS), documents, pages.DOCS.relative_to(ROOT).as_posix())
    written = {name: text.encode() for name, text in platform_keys.files().items()}
    kept = {name: (platform_keys.FOLDER / name).read_bytes() for name in written}
    lines += differences(kept, written, platform_keys.FOLDER.relative_to(ROOT).as_posix())
    run("build.mjs", temporary / "bundles")
    return lines + differences(_files(BUNDLES), _files(temporary / "bundles"), "components/edgewright/_bundles")


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="edgewright-fresh-") as temporary:
        try:
            lines = stale(Path(temporary))
        except NodeMissing as error:
            print(error, file=sys.stderr)  # noqa: T201
            return 3
        except subprocess.CalledProcessError as error:
            print(f"{error.cmd[1]} failed with exit status {error.returncode}", file=sys.stderr)  # noqa: T201
            return 3
    for line in lines:
        print(line, file=sys.stderr)  # noqa: T201
    if lines:
        print("Run `make build` and commit the result.", file=sys.stderr)  # noqa: T201
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
