"""The page of differences shows the list of differences."""

import re
from pathlib import Path

from edgewright.platforms.gaps import GAP_IDS, GAPS, markdown

PAGE = Path(__file__).parents[2] / "docs" / "local-cloud-gaps.md"


def test_the_page_ends_with_the_list() -> None:
    assert PAGE.read_text(encoding="utf-8").endswith(f"\n\n{markdown()}")


def test_ids_are_unique() -> None:
    assert len(GAP_IDS) == len(GAPS)


def test_code_speaks_only_of_differences_that_are_listed() -> None:
    root = PAGE.parents[1]
    files = [*(root / "edge" / "src").rglob("*.ts"), *(root / "components" / "edgewright").rglob("*.py")]
    named = {name for file in files for name in re.findall(r"\bgap `([^`]+)`", file.read_text(encoding="utf-8"))}
    assert named
    assert named <= set(GAP_IDS)
