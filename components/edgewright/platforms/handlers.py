"""What a platform's file gives to the local cloud: a handler for each resource type."""

import hashlib
import json
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from edgewright.engine.resources import Inputs, Outputs

Function = Callable[[Inputs], Outputs]
"""Answers a provider's function."""

EPOCH = "1970-01-01T00:00:00Z"  # gap `server-times`
"""Stands for every time that the platform's API would set, so that two runs give the same."""

_NAMESPACE = uuid.UUID("6f6d1f0a-7e3c-5c39-9a44-1c9a5d0f3b52")


@dataclass(frozen=True)
class Published:
    """What was published last of a thing that has numbered versions."""

    number: int
    fingerprint: str
    """Tells what is published from anything else."""


@dataclass(frozen=True)
class Handler:
    """How one resource type is made locally."""

    identity: Callable[[Inputs], Iterable[Any]]
    """What the platform tells one such resource from another by; the id is made of it."""
    outputs: Callable[[Inputs, str], Outputs]
    """The complete outputs that are not inputs given back, from the inputs and the id. None is a value too."""
    required: tuple[str, ...] = ()
    """Inputs that the platform refuses to be without."""
    check: Callable[[Inputs], Iterable[str]] = lambda _inputs: ()
    """What the platform's API would refuse of the inputs."""
    make_id: Callable[[str, Iterable[Any]], str] = lambda type_, identity: hex_id(type_, *identity)
    auto_name: str | None = None
    """The input that the provider makes from the resource's name where it is not given."""
    auto_suffix: bool = True
    """Whether such a name ends in digits that tell it from others."""
    auto_prefix: bool = False
    """Whether there is an input `<auto_name>Prefix`, which such a name then begins with."""
    by_name: bool = False
    """The platform tells such resources apart by ids of its own; here the resource's name does."""
    number: Callable[[Inputs, Outputs, Mapping[str, Published]], Outputs] = lambda _inputs, outputs, _published: outputs
    """The outputs with the number of what this publishes, after what was published before (by ARN)."""
    gap: str | None = None
    """The gap that stands for a type which is recorded and has no effect here."""


def hex_id(*parts: Any) -> str:
    """Return 32 hexadecimal digits that follow from the parts."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()[:32]


def uuid_id(*parts: Any) -> str:
    """Return a UUID that follows from the parts."""
    return str(uuid.uuid5(_NAMESPACE, json.dumps(parts, sort_keys=True, default=str)))


def named(handler: Handler, type_: str, name: str, inputs: Inputs) -> Inputs:
    """Return the inputs with the name that the provider would make: the resource's own and seven digits."""
    key = handler.auto_name
    if key is None or inputs.get(key):
        return inputs
    if not handler.auto_suffix:
        return {**inputs, key: name}
    prefix = inputs.get(f"{key}Prefix") if handler.auto_prefix else None
    return {**inputs, key: f"{prefix or f'{name}-'}{hex_id(type_, name)[:7]}"}
