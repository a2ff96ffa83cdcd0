"""Exceptions with a reason and an expiry, and baselines."""

import datetime
import re
from pathlib import Path

import pytest
from edgewright.guard.suppress import (
    SuppressionFaults,
    apply_baseline,
    apply_ignores,
    read_baseline,
    read_ignores,
    write_baseline,
)

from tests.guard.samples import ADVISORY, STACK_WIDE, evaluation, finding

TODAY = datetime.date(2026, 11, 22)


def _file(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "edgewright.ignore.yaml"
    path.write_text(text, encoding="utf-8")
    return path


GOOD = """\
ignore:
  - policy: kv-value-size
    resource: product-*
    stack: dev
    reason: The catalogue moves to R2 in January.
    expires: 2027-01-31
"""


def test_the_documented_exception_is_one(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "check.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```yaml\n(ignore:.*?)```", page, re.DOTALL)
    (entry,) = read_ignores(_file(tmp_path, block), TODAY)
    assert entry.resource == "catalogue-*"


def test_an_entry_sets_a_finding_aside_with_its_reason(tmp_path: Path) -> None:
    entries = read_ignores(_file(tmp_path, GOOD), TODAY)
    left = apply_ignores(evaluation(finding(), ADVISORY, suppressed=(), warnings=()), entries, TODAY)
    assert left.findings == (ADVISORY,)
    assert left.suppressed[0].reason == "The catalogue moves to R2 in January. (until 2027-01-31)"
    assert left.warnings == ()


@pytest.mark.parametrize(
    "change",
    [("resource: product-*", "resource: other"), ("stack: dev", "stack: prod"), ("kv-value-size", "EW202")],
)
def test_an_entry_speaks_only_of_what_it_names(tmp_path: Path, change: tuple[str, str]) -> None:
    entries = read_ignores(_file(tmp_path, GOOD.replace(*change)), TODAY)
    assert apply_ignores(evaluation(finding()), entries, TODAY).findings == (finding(),)


def test_an_entry_names_a_policy_by_id_and_a_resource_by_urn(tmp_path: Path) -> None:
    text = GOOD.replace("kv-value-size", "EW201").replace("product-*", f'"{finding().urn}"')
    assert apply_ignores(evaluation(finding()), read_ignores(_file(tmp_path, text), TODAY), TODAY).findings == ()


def test_an_expired_entry_no_longer_holds_and_says_so(tmp_path: Path) -> None:
    entries = read_ignores(_file(tmp_path, GOOD), TODAY)
    day_of = apply_ignores(evaluation(finding(), warnings=()), entries, datetime.date(2027, 1, 31))
    assert day_of.findings == ()
    after = apply_ignores(evaluation(finding(), warnings=()), entries, datetime.date(2027, 2, 1))
    assert after.findings == (finding(),)
    assert after.warnings == (
        "edgewright.ignore.yaml:2: the entry for kv-value-size expired on 2027-01-31 and no longer holds; mend what it hid",
    )


def test_an_entry_that_matches_nothing_is_warned_about(tmp_path: Path) -> None:
    entries = read_ignores(_file(tmp_path, GOOD), TODAY)
    assert apply_ignores(evaluation(warnings=()), entries, TODAY).warnings == (
        "edgewright.ignore.yaml:2: the entry for kv-value-size matches no finding; remove it",
    )


def test_every_fault_is_told_with_its_line(tmp_path: Path) -> None:
    text = """\
ignore:
  - policy: kv-value-sise
    reason: later
    expires: 2099-01-01
  - policy: kv-value-size
    resourse: x
    expires: soon
  - just text
  - policy: kv-key-size
    reason: 17
    stack: [dev]
"""
    with pytest.raises(SuppressionFaults) as error:
        read_ignores(_file(tmp_path, text), TODAY)
    assert tuple(fault.text for fault in error.value.faults) == (
        "edgewright.ignore.yaml:2: policy: 'kv-value-sise' is no policy; did you mean kv-value-size?",
        "edgewright.ignore.yaml:3: reason: 'later' is too short; say in at least 10 characters why this is all right",
        "edgewright.ignore.yaml:4: expires: 2099-01-01 is more than 366 days away; give 2027-11-23 at the latest, and look again then",
        "edgewright.ignore.yaml:5: reason: is required; say why this is all right",
        "edgewright.ignore.yaml:6: resourse: unknown key; allowed: policy, resource, stack, reason, expires",
        "edgewright.ignore.yaml:7: expires: 'soon' is not a day; write it as YYYY-MM-DD",
        "edgewright.ignore.yaml:8: entry 'just text' must be a mapping with the keys policy, resource, stack, reason, expires",
        "edgewright.ignore.yaml:9: expires: is required; give the day until which this holds, as YYYY-MM-DD, 2027-11-23 at the latest",
        "edgewright.ignore.yaml:10: reason: 17 is not a text; say why this is all right",
        "edgewright.ignore.yaml:11: stack: ['dev'] is not a text; give a stack's name, with `*` for any text",
    )


@pytest.mark.parametrize("text", ["[]", "ignore: 5", "ignores: []", "a: &a [*a]", "ignore: [", "- x"])
def test_a_file_that_is_no_ignore_file_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(SuppressionFaults, match=r"^edgewright\.ignore\.yaml:\d+: "):
        read_ignores(_file(tmp_path, text), TODAY)


def test_an_empty_file_and_a_missing_one(tmp_path: Path) -> None:
    assert read_ignores(_file(tmp_path, "# nothing\n"), TODAY) == ()
    with pytest.raises(SuppressionFaults, match="no such file"):
        read_ignores(tmp_path / "none.yaml", TODAY)


def test_a_baseline_leaves_only_what_is_new(tmp_path: Path) -> None:
    path = tmp_path / "baseline.json"
    assert write_baseline(path, [evaluation(finding(1), finding(2), finding(2))]) == 2
    before = path.read_bytes()
    write_baseline(path, [evaluation(finding(2), finding(1))])
    assert path.read_bytes() == before
    left = apply_baseline(evaluation(finding(1), finding(2), finding(3), warnings=()), read_baseline(path), "b.json")
    assert left.findings == (finding(3),)
    assert [each.by for each in left.suppressed] == ["ignore", "baseline", "baseline"]
    assert left.warnings == ()


def test_a_mended_finding_makes_the_baseline_stale(tmp_path: Path) -> None:
    path = tmp_path / "baseline.json"
    write_baseline(path, [evaluation(finding(1), finding(2))])
    left = apply_baseline(evaluation(finding(1), warnings=()), read_baseline(path), "b.json")
    assert left.warnings == (
        "b.json: 1 of its findings in dev is no longer there; write it again with --write-baseline b.json",
    )


def test_a_baseline_speaks_of_each_stack_for_itself(tmp_path: Path) -> None:
    """Findings about a stack as a whole have no URN: a baseline of one stack says nothing of another."""
    path = tmp_path / "baseline.json"
    assert write_baseline(path, [evaluation(STACK_WIDE)]) == 1
    prod = evaluation(STACK_WIDE, stack="prod", warnings=())
    assert apply_baseline(prod, read_baseline(path), "b.json").findings == (STACK_WIDE,)
    assert write_baseline(path, [prod]) == 1
    for stack in ("dev", "prod"):
        left = apply_baseline(evaluation(STACK_WIDE, stack=stack, warnings=()), read_baseline(path), "b.json")
        assert (left.findings, left.warnings) == ((), ())
    write_baseline(path, [evaluation()])
    assert read_baseline(path).of("dev") == frozenset()
    assert len(read_baseline(path).of("prod")) == 1


def test_a_file_that_is_no_baseline_is_written_anew(tmp_path: Path) -> None:
    path = tmp_path / "baseline.json"
    path.write_text("<<<<<<< ours")
    assert write_baseline(path, [evaluation(finding(1))]) == 1
    assert len(read_baseline(path).of("dev")) == 1


@pytest.mark.parametrize(
    "text", ["", "{}", '{"version": 2, "findings": []}', '{"version": 1, "findings": [{}]}', "[" * 100_000]
)
def test_what_is_no_baseline_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "baseline.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SuppressionFaults, match="make a new one with --write-baseline"):
        read_baseline(path)


def test_a_missing_baseline_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(SuppressionFaults, match="no such file; make one with --write-baseline"):
        read_baseline(tmp_path / "none.json")
