"""Every argument takes effect: in the inputs and in what runs, on each host that takes it; else it is refused, or it is a
gap with a reason. A new argument without a row fails. What runs is looked at on each platform: `test_on_<platform>.py`."""

from pathlib import Path
from typing import TypeVar

import pytest
from _pytest.mark import ParameterSet
from edgewright.engine.resources import Capture
from edgewright.guard.evaluate import evaluate
from edgewright.platforms import HOSTS
from edgewright.platforms.gaps import GAP_IDS

from tests.components.program import faults_of
from tests.effect.given import Given, Kit
from tests.effect.live import FIXED_URLS, OLD_VERSION, alone
from tests.effect.rows import Judged, Recorded, Refused, Row, Timed, identity, inputs
from tests.effect.table import AREAS, ROWS
from tests.effect.walk import OPEN, arguments, ends

R = TypeVar("R", bound=Row)
ROOT = Path(__file__).parents[2]


def _cases(kind: type[R]) -> list[ParameterSet]:
    """Return each row of a kind with each of its hosts, the programs of one stack beside each other."""
    found = []
    for host in HOSTS:
        for area, rows in AREAS.items():
            for row in rows:
                if isinstance(row, kind) and host in row.hosts:
                    found.append(pytest.param(area, row, host, id=identity(row, host)))
    return found


def _hosts(argument: str) -> tuple[str, ...]:
    """Return the hosts that have an argument: the options of one do nothing elsewhere (`tests/components/test_options.py`)."""
    if argument.startswith("LambdaEdgeFunction."):
        return ("cloudfront",)
    return next(((host,) for host in HOSTS if f".{host}." in argument), HOSTS)


def test_no_place_is_left_out_where_the_types_say_no_more() -> None:
    assert ends() == tuple(sorted(OPEN))


def test_every_argument_has_a_row_on_every_host() -> None:
    wanted = {(argument, host) for argument in arguments() for host in _hosts(argument)}
    there = {(row.argument, host) for row in ROWS for host in row.hosts}
    assert sorted(wanted - there) == [], "arguments without a row"
    assert sorted(there - wanted) == [], "rows of arguments that do not exist"


def test_rows_are_told_apart() -> None:
    names = [identity(row, host) for row in ROWS for host in row.hosts]
    assert len(set(names)) == len(names), sorted(name for name in set(names) if names.count(name) > 1)


@pytest.mark.parametrize(("area", "row", "host"), _cases(Recorded))
def test_what_is_recorded_says_why_no_runtime_shows_it(in_folder: Path, area: str, row: Recorded, host: str) -> None:
    assert row.gap in GAP_IDS
    assert row.reason
    runs = [alone(given, host) for given in (row.base, row.changed)]
    assert tuple(row.reads(run) for run in runs) == row.gives
    assert inputs(runs[0].resources, "row") != inputs(runs[1].resources, "row")


@pytest.mark.parametrize(("area", "row", "host"), _cases(Timed))
def test_what_takes_long_is_shown_by_a_test_with_a_clock_of_its_own(
    in_folder: Path, area: str, row: Timed, host: str
) -> None:
    assert row.test in (ROOT / row.file).read_text()
    assert row.reason
    base, changed = (inputs(alone(given, host).resources, "row") for given in (row.base, row.changed))
    assert base != changed


@pytest.mark.parametrize(("area", "row", "host"), _cases(Judged))
def test_policies_judge_it(in_folder: Path, area: str, row: Judged, host: str) -> None:
    def found(given: Given) -> tuple[str, ...]:
        run = alone(given, host)
        capture = Capture("shop", "dev", run.resources, project_dir=in_folder, program_dir=in_folder)
        found = [each for each in evaluate(capture).findings if (each.resource or "").startswith(row.names)]
        return tuple(sorted({each.id for each in found} & set(row.about)))

    assert (found(row.base), found(row.changed)) == row.finds


@pytest.mark.parametrize(("area", "row", "host"), _cases(Refused))
def test_it_is_refused_with_what_to_do_instead(in_folder: Path, area: str, row: Refused, host: str) -> None:
    kit = Kit(host, "row", FIXED_URLS, stable=OLD_VERSION[host])
    faults = faults_of(lambda: row.given.build(kit))
    (fault,) = [fault for fault in faults if row.says in fault] or faults[:1]
    assert row.says in fault
    assert row.instead in fault
