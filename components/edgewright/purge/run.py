"""A purge of a deployed stack: its steps, in an order in which what is removed does not come back from behind."""

import contextlib
import time
from collections.abc import Callable, Iterable, Sequence

import httpx

from edgewright.contract.purge import Purge
from edgewright.platforms import part_of
from edgewright.platforms.purging import Doer, Function, PurgePart, Step, Work
from edgewright.purge.journal import Journal


def _part(platform: str) -> PurgePart:
    found: PurgePart = part_of(platform, "purge_steps")
    return found


def _by_platform(functions: Iterable[Function]) -> dict[str, list[Function]]:
    found: dict[str, list[Function]] = {}
    for function in functions:
        found.setdefault(function.platform, []).append(function)
    return found


def check(purge: Purge, functions: Sequence[Function]) -> None:
    """Refuse a purge that a platform of one of the functions does not know.

    Raises:
        ProjectError: a platform does not know it, and something of it is there.
    """
    for platform, own in _by_platform(functions).items():
        _part(platform).check(purge, own)


def steps(purge: Purge, functions: Sequence[Function]) -> tuple[tuple[Step, ...], tuple[str, ...]]:
    """Return the steps, and notes on what they do not reach. The functions' own tiers come first: a cache in front that is
    emptied before them would be filled from them again.

    Raises:
        ProjectError: a platform does not know such a purge.
    """
    check(purge, functions)
    found = [_part(platform).steps(purge, own) for platform, own in _by_platform(functions).items()]
    ordered = [step for group in ("own", "front", "last") for each in found for step in getattr(each, group)]
    return tuple(ordered), tuple(note for each in found for note in each.notes)


def arrival_s(todo: Sequence[Step]) -> int | None:
    """Return the seconds after which every data centre has seen what these steps did; None where at once."""
    kinds: dict[str, set[str]] = {}
    for step in todo:
        kinds.setdefault(step.function.platform, set()).add(step.kind)
    return max((s for each, own in kinds.items() if (s := _part(each).arrival_s(own)) is not None), default=None)


class Purger:
    """Does the steps of a purge.

    Args:
        plan: the zone's plan.
        todo: the steps.
        journal: what is done already.
        sleep: waits so many seconds.
        clock: seconds.
        client: asks the functions themselves; closed when the purge is done.

    Raises:
        ProjectError: there are no credentials that a step needs.
    """

    def __init__(
        self,
        plan: str,
        todo: Sequence[Step],
        journal: Journal,
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        client: httpx.Client | None = None,
    ) -> None:
        self._todo = todo
        self._journal = journal
        self._clients = contextlib.ExitStack()
        self._doers: dict[str, Doer] = {}
        self._client = client or httpx.Client(timeout=30)
        self._clients.callback(self._client.close)
        with contextlib.ExitStack() as cleanup:
            cleanup.callback(self._clients.close)
            for platform in dict.fromkeys(step.function.platform for step in todo):
                own = [step for step in todo if step.function.platform == platform]
                self._doers[platform] = _part(platform).doer(own, Work(journal.began, plan, self._client, sleep, clock))
                self._clients.callback(self._doers[platform].close)
            cleanup.pop_all()

    @property
    def waited_s(self) -> float:
        """Seconds waited because a platform asked for it."""
        return sum(sum(doer.waited) for doer in self._doers.values())

    def run(self, told: Callable[[Step, bool], None]) -> None:
        """Do what is not done yet; `told` of each step, and whether it was done before.

        Raises:
            ProjectError: the credentials may not.
            InfrastructureError: something fails; the journal says what is done.
        """
        try:
            for step in self._todo:
                before = step.id in self._journal.done
                if not before:
                    self._journal.add(step.id, self._doers[step.function.platform].do(step))
                told(step, before)
        except BaseException:
            self._journal.close()
            raise
        finally:
            self._clients.close()
        self._journal.finish()
