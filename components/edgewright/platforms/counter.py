"""Counting what a stack uses of limits. See :class:`Counter`."""

import functools
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from edgewright_policies import Node, StackView
    from edgewright_policies.reading import View

_T = TypeVar("_T")


@dataclass(frozen=True)
class Used:
    """What a stack uses of one limit."""

    amount: float
    by: str | None = None
    """The resource that uses so much, where the limit is one of each resource; None where it is the account's."""


class Counter(ABC):
    """Counts a platform's limits. Each platform has a subclass of its own, `Usage` in its `usage.py`."""

    def __init__(self, stack: "StackView") -> None:
        self.stack = stack

    @abstractmethod
    def all(self) -> Iterator[tuple[str, Used | None]]:
        """Yield each limit's id with what is used of it, as far as it is known."""

    def most(self, nodes: Iterable["Node"], amount: Callable[["View"], float | None]) -> Used | None:
        """Return the largest amount of any of these resources, and which has it."""
        best: Used | None = None
        for node in nodes:
            value = known(functools.partial(amount, node.props))
            if value and (best is None or value > best.amount):
                best = Used(value, node.name)
        return best

    def count(self, *types: str) -> Used | None:
        """Return how many resources of these types there are."""
        return Used(len(self.stack.of(*types)))


def known(read: Callable[[], _T]) -> _T | None:
    """Return what a reading gives, or None where something in it is not known yet."""
    from pulumi_policy.proxy import UnknownValueError

    try:
        return read()
    except UnknownValueError:
        return None


def items(view: "View", name: str) -> list["View"]:
    """Return a list of mappings; none where it is not there, or not known yet."""
    return known(lambda: view.views(name)) or []


def text(view: "View", name: str) -> str:
    """Return a text; empty where it is not there, or not known yet."""
    return known(lambda: view.text(name)) or ""
