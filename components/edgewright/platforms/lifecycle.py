"""What becomes of each kind of resource when it has to be replaced, and when its component is protected.

One table for every type that the components make. The options follow from it, by a transformation that each component gives
its children, so that nothing has to be remembered where a resource is declared. See docs/decisions/0010-lifecycles.md.
"""

import enum
import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi

from edgewright.base.fault_codes import Code
from edgewright.base.faults import Faults, show
from edgewright.platforms import each_part


class Replaced(enum.Enum):
    """What a change does to a resource where its provider cannot update it in place."""

    NEVER = "no argument of a component changes what its provider replaces it for"
    BESIDE = "the next one is made beside it: its name is made by Pulumi or of its content, or it has none"
    DELETED_FIRST = "its name or its place can be one resource's only: it is deleted, then the next one is made"
    REFUSED = "it holds data: what would replace it is not passed on, and where it was asked for, it is refused"


@dataclass(frozen=True)
class Lifecycle:
    """What is done with the resources of one type."""

    replaced: Replaced
    keeps: tuple[str, ...] = ()
    """Properties that stay as they were made, whatever the program says."""
    protected: bool = True
    """Whether it takes part in its component's protection. What a deployment makes anew does not: protection forbids
    replacement too."""


NEVER = Lifecycle(Replaced.NEVER)
BESIDE = Lifecycle(Replaced.BESIDE)
DELETED_FIRST = Lifecycle(Replaced.DELETED_FIRST)
EACH_TIME = Lifecycle(Replaced.BESIDE, protected=False)


@functools.cache
def lifecycles() -> Mapping[str, Lifecycle]:
    """Return the row of every type that the components make, by type: each platform has those of its own.

    What the providers replace a resource for is in their schemas.
    """
    return {type_: row for part in each_part("lifecycle") for type_, row in part.LIFECYCLES.items()}


def with_lifecycles(opts: pulumi.ResourceOptions | None) -> pulumi.ResourceOptions:
    """Return a component's options with which its children get theirs. What a child or the program's own transformations
    say goes before."""
    return pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(transformations=[_transform]))


def _transform(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
    lifecycle = lifecycles().get(args.type_)
    if lifecycle is None:
        return None
    own = pulumi.ResourceOptions(
        delete_before_replace=True if lifecycle.replaced is Replaced.DELETED_FIRST else None,
        ignore_changes=list(lifecycle.keeps),
        protect=None if lifecycle.protected else False,
    )
    return pulumi.ResourceTransformationResult(args.props, pulumi.ResourceOptions.merge(own, args.opts))


@dataclass(frozen=True)
class Held:
    """What a store was made with, and what the program asks for now."""

    actual: Any
    asked: Any
    private: bool = False
    """Whether a fault names the argument alone, without its values."""


def check_store(component: str, name: str, held: Mapping[str, Held]) -> None:
    """Raise a fault where the program asks for another store than the one that has the data.

    The store keeps what its row says it keeps, so its outputs say what it was made with. They are known in a
    preview, which fails then, before anything is changed. Nothing waits for this: what a provider does not tell would make
    a change of each preview.
    """
    for key, each in held.items():
        pulumi.Output.all(each.actual, each.asked).apply(
            functools.partial(_check_held, component, name, key, each.private)
        )


def _check_held(component: str, name: str, key: str, private: bool, values: list[Any]) -> None:
    actual, asked = values
    if (actual or None) == (asked or None):
        return
    wanted = "the new value" if private else show(asked) if asked else "nothing"
    made = "something else" if private else show(actual) if actual else f"no `{key}`"
    faults = Faults(component, name)
    faults.add(
        key,
        f"{wanted} asks for a new store in place of the one that holds the data, which was made with {made}",
        code=Code.DATA_LOSS,
        fix="Put the value back to keep the store. For a new one declare a second component, copy the data, lead the"
        " API to it, and remove this one then.",
    )
    faults.raise_if_any()
