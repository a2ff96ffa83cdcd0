"""A JSON value on `env`."""

import json
from collections.abc import Iterable

from pydantic import JsonValue

from edgewright.platforms.cloudflare.bindings._kind import Binding, Kind, in_option
from edgewright.platforms.parts import BindingField


def _inputs(binding: Binding) -> Iterable[Binding]:
    """Yield the binding with its value as text, which is what the provider takes."""
    # The command reads kinds for their gaps, and starts without Pulumi's SDK.
    from edgewright.arguments.shape import is_later

    value = binding["json"]
    if is_later(value) or isinstance(value, str):
        yield binding
    else:
        yield {**binding, "json": json.dumps(value, sort_keys=True, separators=(",", ":"))}


def _value(binding: Binding) -> JsonValue:
    try:
        value: JsonValue = json.loads(binding["json"])
    except json.JSONDecodeError as error:
        from edgewright.base.faults import show

        raise ValueError(f"json: {show(binding['json'])} is not JSON: {error}") from None
    return value


KIND = Kind(
    product="Workers variables",
    fields={
        "json": BindingField(
            "any JSON value but null and an empty text", "Give the value, or leave the binding out.", any_value=True
        ),
    },
    inputs=_inputs,
    plays=in_option("bindings", _value),
)
