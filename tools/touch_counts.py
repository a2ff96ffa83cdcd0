"""Count the files that changes touched by hand: `python -m tools.touch_counts COMMIT ... [--list]`.

A change is one commit, or several joined by `+` (`abc123+def456`). Left out are tests, documentation (docs/, README.md,
docs of folders), the changelog, and what is generated: bundles, types, schemas, golden files. What is left is what somebody
has to find and edit by hand to make such a change again.
"""

import argparse
import re
import subprocess
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

NOT_BY_HAND = re.compile(
    r"""
    (?:^|/)tests?/              # tests, and what they are held to
    | ^docs/ | \.md$            # documentation, and the changelog
    | (?:^|/)_bundles/          # what is generated
    | ^edge/schema/ | \.gen\.(?:ts|json)$
    | ^edge/src/gateway/data/
    | ^edge/package-lock\.json$
    """,
    re.VERBOSE,
)


def by_hand(files: Iterable[str]) -> list[str]:
    """Return those of the files that somebody edited by hand."""
    return sorted({file for file in files if not NOT_BY_HAND.search(file)})


def touched(change: str) -> set[str]:
    """Return the files that a change touched: those of its commits.

    Raises:
        subprocess.CalledProcessError: there is no such commit; git's own message is on standard error.
    """
    files: set[str] = set()
    for commit in change.split("+"):
        command = ["git", "show", "--first-parent", "--format=", "--name-only", commit]
        shown = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
        files |= set(shown.stdout.split())
    return files


def report(change: str, *, listed: bool = False) -> str:
    """Return a line that says how many files a change touched, and those touched by hand where they are asked for."""
    files = touched(change)
    own = by_hand(files)
    command = ["git", "show", "--no-patch", "--format=%s", change.split("+")[0]]
    subject = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()
    lines = [f"{len(own):3} by hand, {len(files):3} in all  {change}  {subject}"]
    return "\n".join([*lines, *(f"      {file}" for file in own if listed)])


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tools.touch_counts", description=__doc__)
    parser.add_argument("changes", nargs="+", metavar="COMMIT", help="One commit, or several joined by `+`.")
    parser.add_argument("--list", action="store_true", help="Name the files touched by hand.")
    given = parser.parse_args()
    for change in given.changes:
        print(report(change, listed=given.list))  # noqa: T201


if __name__ == "__main__":
    main()
