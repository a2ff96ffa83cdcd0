"""How what is on Paper is purged: it is not, which a purge says."""

from collections.abc import Mapping, Sequence

from edgewright.contract.purge import Purge
from edgewright.platforms.purging import Doer, Function, Step, Steps, Work


def check(purge: Purge, functions: Sequence[Function]) -> None:
    """Refuse nothing."""


def check_local(purge: Purge, hosts: Mapping[str, Sequence[str]]) -> None:
    """Refuse nothing."""


def steps(purge: Purge, functions: Sequence[Function]) -> Steps:
    """Return a note for each function."""
    return Steps(notes=[f"{function.script_name}: paper keeps nothing" for function in functions])


def doer(todo: Sequence[Step], work: Work) -> Doer:
    """Never asked for: there are no steps."""
    raise AssertionError("there are no steps")


def arrival_s(kinds: set[str]) -> int | None:
    """Return None: there is nothing to wait for."""
    return None
