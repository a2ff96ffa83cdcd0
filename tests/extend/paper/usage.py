"""How much of Paper's limits a stack uses."""

from collections.abc import Iterator

from edgewright.platforms.counter import Counter, Used


class Usage(Counter):
    """See :class:`edgewright.platforms.counter.Counter`."""

    def all(self) -> Iterator[tuple[str, Used | None]]:
        yield "paper.sheets", self.count("paper:index/sheet:Sheet")
