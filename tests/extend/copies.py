"""A copy of the package with something more in it, and a program that is run with it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import edgewright

PACKAGE = Path(edgewright.__file__).parent


def copy_of_package(folder: Path) -> Path:
    """Copy the package under a folder and return where it is; `PYTHONPATH` is the folder above."""
    target = folder / "path" / "edgewright"
    shutil.copytree(PACKAGE, target, ignore=shutil.ignore_patterns("__pycache__"))
    return target


def ask(folder: Path, program: str, question: str) -> subprocess.CompletedProcess[str]:
    """Write a project with this program, and run Python code beside it with the copy of the package."""
    (folder / "Pulumi.yaml").write_text("name: extended\nruntime: python\n")
    (folder / "Pulumi.local.yaml").write_text("config: {}\n")
    (folder / "__main__.py").write_text(program)
    return subprocess.run(
        [sys.executable, "-c", question],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder / "path")},
        capture_output=True,
        text=True,
        check=False,
    )
