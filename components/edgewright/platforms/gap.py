"""A difference between a product and what stands for it on this machine. See :class:`Gap`."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Gap:
    """One difference between a product and its local stand-in."""

    id: str
    product: str
    """The product's own name."""
    difference: str
    """What is different here, in one or two sentences."""
