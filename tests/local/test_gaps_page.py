"""The page of differences shows the list of differences."""

from pathlib import Path

from edgewright.local.gaps import GAP_IDS, GAPS, markdown

PAGE = Path(__file__).parents[2] / "docs" / "local-cloud-gaps.md"


def test_the_page_ends_with_the_list() -> None:
    assert PAGE.read_text(encoding="utf-8").endswith(f"\n\n{markdown()}")


def test_ids_are_unique() -> None:
    assert len(GAP_IDS) == len(GAPS)
