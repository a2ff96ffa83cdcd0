"""Numbers in words. See :func:`number_range`."""


def number_range(
    whole: bool, least: float | None, most: float | None, *, above: bool = False, below: bool = False
) -> str:
    """Return in words which numbers are allowed: `a whole number from 0 to 65535`.

    Args:
        whole: whether fractions are refused.
        least: the lower bound, which counts as allowed itself unless `above`.
        most: the upper bound, which counts as allowed itself unless `below`.
    """
    kind = "a whole number" if whole else "a number"
    if least is not None and most is not None and not (above or below):
        return f"{kind} from {least:.15g} to {most:.15g}"
    parts = []
    if least is not None:
        parts.append(f"above {least:.15g}" if above else f"{least:.15g} or more")
    if most is not None:
        parts.append(f"below {most:.15g}" if below else f"{most:.15g} or less")
    return f"{kind}, {' and '.join(parts)}" if parts else kind
