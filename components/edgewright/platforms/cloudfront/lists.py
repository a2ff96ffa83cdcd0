"""What AWS takes that is a list rather than a number. See :func:`aws`."""

from edgewright.contract.limits.lists import Lists, lists


def aws() -> Lists:
    """Return what AWS takes."""
    return lists("cloudfront")
