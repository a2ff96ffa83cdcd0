"""What is known of one kind of binding. See :class:`Kind`."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from pydantic import JsonValue

from edgewright.platforms import protocol
from edgewright.platforms.gap import Gap
from edgewright.platforms.parts import Binding as Binding
from edgewright.platforms.parts import BindingField


def provider_name(name: str) -> str:
    """Return a field's name as the provider's inputs have it: `namespace_id` is `namespaceId`."""
    return re.sub(r"_([a-z])", lambda found: found[1].upper(), name)


def as_given(binding: Binding) -> Iterable[Binding]:
    """Yield a binding that the provider takes as it is."""
    yield binding


def in_option(option: str, value: Callable[[Binding], JsonValue]) -> Callable[[Binding], protocol.Binding]:
    """Return how the local cloud plays a kind whose plugin of miniflare takes a mapping from names to values.

    Args:
        option: miniflare's option.
        value: what stands there under the binding's name, from the provider's inputs.
    """
    return lambda binding: protocol.OptionBinding(name=binding["name"], option=option, value=value(binding))


@dataclass(frozen=True)
class Kind:
    """One kind of binding: the arguments that people give, the provider's inputs, and what the local cloud runs."""

    product: str
    """The product's own name."""
    plays: Callable[[Binding], protocol.Binding]
    """Makes of the provider's inputs what the local cloud runs. ValueError says what is wrong with them."""
    fields: Mapping[str, BindingField] = field(default_factory=dict)
    """The fields that it has in `bindings`, beside `type` and `name`."""
    argument: str = "bindings"
    """The argument of EdgeApi by which it is given."""
    inputs: Callable[[Binding], Iterable[Binding]] = as_given
    """Makes of what was given the provider's inputs: one binding, or it and others that belong to it."""
    needs: tuple[str, ...] | None = None
    """What the provider cannot do without; None is each required field. Another Worker of the stack may be declared without us,
    and then has what we refuse."""
    in_stack: Callable[[protocol.Deployment], Iterable[str]] | None = None
    """What of it a stack declares: the first of `needs` is one of these, or there is nothing to be bound to. None: the binding
    makes it."""
    names: Callable[[Binding], str] | None = None
    """What it is bound to, by the provider's inputs, as `in_stack` has it. None: the first of `needs`."""
    gap: Gap | None = None
    """What the local cloud does otherwise."""

    @property
    def required(self) -> tuple[str, ...]:
        """The provider's inputs that it cannot be without."""
        if self.needs is not None:
            return self.needs
        return tuple(provider_name(name) for name, one in self.fields.items() if one.required)
