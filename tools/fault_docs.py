"""Writes docs/faults/*.md from the codes of faults. `python -m tools.fault_docs [--check]`"""

import sys
from collections.abc import Iterator

from edgewright.base.fault_codes import FAMILIES, Code

from tools.pages import ROOT, write_or_check

DOCS = ROOT / "docs" / "faults"
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
    return write_or_check(DOCS, pages(), "tools.fault_docs", __doc__)


if __name__ == "__main__":
    sys.exit(main())
