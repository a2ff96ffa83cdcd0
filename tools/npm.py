"""Run npm with the Node.js that edgewright uses: `python -m tools.npm <npm arguments>`."""

import subprocess
import sys

from edgewright.assemble.node import find_node


def main() -> int:
    node = find_node()
    return subprocess.run(node.npm(*sys.argv[1:]), env=node.environment(), check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
