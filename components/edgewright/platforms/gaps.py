"""What the local cloud does not do as the real one does. One list: docs, commands and tests read it."""

from edgewright.platforms import each_part
from edgewright.platforms.gap import Gap

GAPS: tuple[Gap, ...] = tuple(gap for part in each_part("gaps") for gap in part.GAPS)

GAP_IDS = frozenset(gap.id for gap in GAPS)


def gap(identity: str) -> Gap:
    """Return the gap of this id.

    Raises:
        KeyError: there is none.
    """
    for found in GAPS:
        if found.id == identity:
            return found
    raise KeyError(identity)


def markdown() -> str:
    """Return the list as the documentation shows it."""
    lines = ["| id | product | what is different locally |", "| --- | --- | --- |"]
    lines += [f"| `{item.id}` | {item.product} | {item.difference} |" for item in GAPS]
    return "\n".join(lines) + "\n"
