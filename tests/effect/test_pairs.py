"""Features of an API two by two that a host refuses. The others run: `test_on_<platform>.py`."""

from pathlib import Path

import pytest
from _pytest.mark import ParameterSet
from edgewright.platforms import HOSTS

from tests.components.program import faults_of
from tests.effect.given import Kit
from tests.effect.live import FIXED_URLS, OLD_VERSION
from tests.effect.pairs import pairs_of, program, refusal

REFUSED = [(pair, host) for host in HOSTS for pair in pairs_of(host) if refusal(pair, host) is not None]


def _cases(pairs: list[tuple[tuple[str, str], str]]) -> list[ParameterSet]:
    return [pytest.param(pair, host, id=f"{pair[0]}-and-{pair[1]}@{host}") for pair, host in pairs]


@pytest.mark.parametrize(("pair", "host"), _cases(REFUSED))
def test_a_pair_that_cannot_be_is_refused_with_the_reason(in_folder: Path, pair: tuple[str, str], host: str) -> None:
    kit = Kit(host, "row", FIXED_URLS, stable=OLD_VERSION[host])
    faults = faults_of(lambda: program(pair, host).build(kit))
    assert any(str(refusal(pair, host)) in fault for fault in faults), faults
