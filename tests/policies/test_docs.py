"""The policies' documentation is what the policies and the corpus say, and its examples are what tests run."""

import datetime
import re
from pathlib import Path

import pytest
import yaml
from edgewright.guard.suppress import read_ignores
from edgewright_policies import POLICIES, configure

from tools.policy_docs import DOCS, pages

PAGES = pages()


@pytest.mark.parametrize("name", sorted(PAGES))
def test_a_page_is_fresh(name: str) -> None:
    """Run `python -m tools.policy_docs` where it is not."""
    assert (DOCS / name).read_text(encoding="utf-8") == PAGES[name]


def test_there_is_no_other_page() -> None:
    assert {each.name for each in DOCS.glob("*.md")} == set(PAGES)


def test_every_policy_has_a_passing_and_a_failing_example() -> None:
    text = "".join(PAGES.values())
    for rule in POLICIES:
        section = text.split(f"\n## {rule.name}\n")[1].split("\n## ")[0]
        passing, failing = section.split("\nPasses:\n")[1].split("\nFails, ")
        for part in (passing, failing):
            block = re.search(r"```yaml\n(.*?)```", part, re.S)
            assert block is not None
            assert yaml.safe_load(block.group(1))["resources"]
        assert "```text\n" in failing


def test_the_settings_shown_are_right(tmp_path: Path) -> None:
    for block in re.findall(r"```yaml\n(.*?)```", "".join(PAGES.values()), re.S):
        data = yaml.safe_load(block)
        if "config" in data:
            configure(data["config"].get("edgewright:policies"))
        elif "ignore" in data:
            (tmp_path / "edgewright.ignore.yaml").write_text(block)
            read_ignores(tmp_path / "edgewright.ignore.yaml", datetime.date(2026, 11, 22))
