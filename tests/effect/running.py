"""What runs of the table on one platform: its rows with an effect, and the pairs of features. A file of tests each, so that
both platforms can be looked at side by side."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from _pytest.mark import ParameterSet

from tests.effect.given import Given
from tests.effect.live import Live
from tests.effect.pairs import FEATURES, Pair, pairs_of, program, refusal
from tests.effect.rows import Effect, identity, inputs
from tests.effect.table import AREAS

ALONE = "limits"
"""The area whose programs are looked at one after the other: each may end the runtime of all."""


def effects(host: str) -> list[ParameterSet]:
    """Return each row of a host that changes what runs, the programs of one stack beside each other."""
    return [
        pytest.param(area, row, id=identity(row, host))
        for area, rows in AREAS.items()
        for row in rows
        if isinstance(row, Effect) and host in row.hosts
    ]


def pairs(host: str) -> list[ParameterSet]:
    """Return each pair of features that a host takes."""
    return [
        pytest.param(pair, id=f"{pair[0]}-and-{pair[1]}@{host}")
        for pair in pairs_of(host)
        if refusal(pair, host) is None
    ]


def changes_what_runs(cloud: Live, area: str, row: Effect) -> None:
    """Look at both programs of a row: at what is deployed of them, and at what runs."""
    programs: list[Given] = []
    for each in AREAS[area]:
        if isinstance(each, Effect) and cloud.host in each.hosts:
            programs += [each.base, each.changed]
    cloud.serve(area, programs)
    assert cloud.unlike == []
    edges = [cloud.edges[given.key()] for given in (row.base, row.changed)]
    assert inputs(edges[0].resources, edges[0].name) != inputs(edges[1].resources, edges[1].name)
    # Many rows wait for something to lapse: both programs at once.
    with ThreadPoolExecutor(max_workers=1 if area == ALONE else 2) as pool:
        assert tuple(pool.map(row.see, edges)) == row.gives


def holds(cloud: Live, pair: tuple[str, str]) -> None:
    """Look at both features of a pair."""
    host = cloud.host
    cloud.serve("pairs", [program(each, host) for each in pairs_of(host) if refusal(each, host) is None])
    running = Pair(cloud.edges[program(pair, host).key()], pair)
    for feature in pair:
        FEATURES[feature].holds(running)
