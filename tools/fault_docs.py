"""Writes docs/faults/*.md from the codes of faults. `python -m tools.fault_docs [--check]`"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from edgewright.base.fault_codes import FAMILIES, Code

DOCS = Path(__file__).parents[1] / "docs" / "faults"
_NOTE = "<!-- Written by `python -m tools.fault_docs` from components/edgewright/base/fault_codes.py. -->"


def _page(code: Code) -> str:
    return "\n".join(
        [
            _NOTE,
            "",
            f"# {code.number}: {code.title}",
            "",
            code.means,
            "",
            f"**Why it is a fault.** {code.why}",
            "",
            f"**What to do.** {code.do}",
            "",
            "Wrong:",
            "",
            f"```text\n{code.wrong}\n```",
            "",
            "Right:",
            "",
            f"```text\n{code.right}\n```",
        ]
    )


def _index() -> Iterator[str]:
    yield from (
        _NOTE,
        "",
        "# Faults",
        "",
        "Each message about something that you can mend ends with the code of its kind, in brackets:",
        "",
        "```text\nEdgeApi 'api': 1 fault in its arguments\n  endpoints[0].path: is required and was not given. [EWF101]\n```",
        "",
        "`edgewright explain EWF101` prints the code's page. A code keeps its number and its meaning: alerts and scripts can go by"
        " it, and must not go by the words of a message. `InputFaults.faults` and `ProjectError.faults` hold each fault's"
        " `code`; so do the `faults` of `edgewright check --format json` and the notifications of its SARIF. The codes of"
        " [policies](../policies/index.md) begin with `EW` alone.",
    )
    for digit, (_, title) in FAMILIES.items():
        yield from ("", f"## {title}", "", "| code | fault |", "| --- | --- |")
        for code in Code:
            if code.number[3] == str(digit):
                yield f"| [{code.number}]({code.number}.md) | {code.title} |"


def pages() -> dict[str, str]:
    """Return every page, by its file's name."""
    found = {"index.md": "\n".join(_index())} | {f"{code.number}.md": _page(code) for code in Code}
    return {name: text.rstrip("\n") + "\n" for name, text in found.items()}


def main() -> int:
    """Write the pages, or with --check say which are old. Exit 1 where one is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="write nothing; fail where a page is not as it would be written"
    )
    check = parser.parse_args().check
    wanted = pages()
    old = [
        name
        for name, text in wanted.items()
        if not (DOCS / name).is_file() or (DOCS / name).read_text(encoding="utf-8") != text
    ]
    old += sorted(each.name for each in DOCS.glob("*.md") if each.name not in wanted)
    if check:
        for name in old:
            sys.stderr.write(f"docs/faults/{name} is old; run python -m tools.fault_docs\n")
        return 1 if old else 0
    DOCS.mkdir(parents=True, exist_ok=True)
    for name in old:
        if name in wanted:
            (DOCS / name).write_text(wanted[name], encoding="utf-8")
        else:
            (DOCS / name).unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())
