"""Folders of pages that a tool writes: written, or said to be old."""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def write_or_check(folder: Path, wanted: Mapping[str, str], tool: str, description: str | None) -> int:
    """Write the pages, or with --check say which are old. Return 1 where one is.

    Args:
        folder: where the pages are; one that the tool does not write is removed.
        wanted: every page, by its file's name.
        tool: the module to run where a page is old.
        description: what the tool's help says.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument(
        "--check", action="store_true", help="write nothing; fail where a page is not as it would be written"
    )
    check = parser.parse_args().check
    old = [
        name
        for name, text in wanted.items()
        if not (folder / name).is_file() or (folder / name).read_text(encoding="utf-8") != text
    ]
    old += sorted(each.name for each in folder.glob("*.md") if each.name not in wanted)
    if check:
        for name in old:
            sys.stderr.write(f"{(folder / name).relative_to(ROOT)} is old; run python -m {tool}\n")
        return 1 if old else 0
    folder.mkdir(parents=True, exist_ok=True)
    for name in old:
        if name in wanted:
            (folder / name).write_text(wanted[name], encoding="utf-8")
        else:
            (folder / name).unlink()
    return 0
