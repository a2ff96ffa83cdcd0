"""Documentation shows only what is there: code that is run, commands that exist, links that lead somewhere."""

import re
from pathlib import Path

import pytest
from edgewright.cli.main import COMMANDS

ROOT = Path(__file__).parents[1]
PAGES = (
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *(page for page in sorted((ROOT / "docs").rglob("*.md"))),
)


def test_pages_show_files_as_they_are() -> None:
    shown = 0
    for page in PAGES:
        for name, text in re.findall(r"<!-- (\S+) -->\n```\w+\n(.*?)```", page.read_text(), re.DOTALL):
            assert text == (ROOT / name).read_text(), f"{page.name} shows another {name}"
            shown += 1
    assert shown >= 6


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_that_a_page_shows_exist(page: Path) -> None:
    text = page.read_text()
    shown = set(re.findall(r"`(?:\.venv/bin/)?edgewright (?:-C \S+ )?([a-z]+)", text))
    shown |= set(re.findall(r"^ {4}(?:\.venv/bin/)?edgewright (?:-C \S+ )?([a-z]+)", text, re.MULTILINE))
    assert shown <= set(COMMANDS)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_to_files_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", page.read_text())
    missing = [target for target in targets if not (page.parent / target).exists()]
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_make_targets_that_a_page_shows_exist(page: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    shown = set(re.findall(r"(?:^ {4}|`)make ([a-z]+)", page.read_text(), re.MULTILINE))
    assert shown <= targets
