"""Bindings: what a function sees on `env`, as components hand them to each other."""

import functools
from collections.abc import Mapping
from typing import Any

from edgewright.arguments import checks
from edgewright.arguments.shape import is_later
from edgewright.base.fault_codes import Code
from edgewright.base.faults import Faults, output_of, show
from edgewright.platforms import each_part
from edgewright.platforms.parts import BindingField, Bindings

KV_NAMESPACE = "kv_namespace"
KEY_VALUE_STORE = "key_value_store"
"""A CloudFront KeyValueStore: reached by CloudFront Functions only."""


@functools.cache
def known_fields() -> Mapping[str, Mapping[str, BindingField]]:
    """Return the fields of each type of binding, as the platforms say them."""
    parts: tuple[Bindings, ...] = each_part("bindings")
    return {type_: fields for part in parts for type_, fields in part.FIELDS.items()}


def _elsewhere(type_: object) -> str | None:
    """Return the argument of which bindings of this type are made, where it is not `bindings`."""
    parts: tuple[Bindings, ...] = each_part("bindings")
    return next((part.ELSEWHERE[type_] for part in parts if isinstance(type_, str) and type_ in part.ELSEWHERE), None)


def check_binding(path: str, value: object, faults: Faults) -> dict[str, Any] | None:
    """Return a binding made regular, or note what is wrong and return None. Its ids may become known later."""
    if not isinstance(value, Mapping):
        faults.add(
            path,
            f"{show(value)} is not a binding",
            code=Code.BINDING,
            allowed="a KvNamespace's `binding`, or a mapping with type and name",
            fix=output_of(value, "binding"),
        )
        return None
    type_, known = value.get("type"), known_fields()
    if argument := _elsewhere(type_):
        faults.add(
            f"{path}.type",
            f"{show(type_)} is made of `{argument}`",
            code=Code.BINDING,
            allowed=", ".join(known),
            fix=f"Give it by `{argument}`.",
        )
        return None
    if not isinstance(type_, str) or not faults.one_of(f"{path}.type", type_, known):
        if not isinstance(type_, str):
            faults.add(
                f"{path}.type", f"{show(type_)} is not a binding's type", code=Code.WORD, allowed=", ".join(known)
            )
        return None
    fields = known[type_]
    sound = checks.binding_name(f"{path}.name", value.get("name"), faults)
    for key in value:
        if key not in ("type", "name", *fields):
            faults.unknown_key(path, str(key), ("type", "name", *fields))
            sound = False
    for key, field in fields.items():
        given = value.get(key)
        if given is None or (field.required and given == ""):
            if field.required:
                faults.add(
                    f"{path}.{key}",
                    f"is required by a binding of type {type_!r}",
                    code=Code.MISSING,
                    allowed=field.what,
                    fix=field.where,
                )
                sound = False
        elif not field.any_value and not is_later(given) and not isinstance(given, str):
            faults.add(
                f"{path}.{key}", f"{show(given)} is not a string", code=Code.TYPE, allowed=field.what, fix=field.where
            )
            sound = False
        elif not is_later(given):
            sound = _check_value(f"{path}.{key}", field, given, faults) and sound
    return {key: item for key, item in value.items() if item is not None} if sound else None


def _check_value(path: str, field: BindingField, value: Any, faults: Faults) -> bool:
    """Note what is wrong with a field's known value; say whether it is sound."""
    own = Faults(faults.component, faults.name)
    if field.words:
        own.one_of(path, value, field.words)
    if field.keys and not isinstance(value, Mapping):
        own.add(path, f"{show(value)} is not a mapping", code=Code.TYPE, allowed=", ".join(field.keys), fix=field.where)
    elif field.keys:
        for key in value:
            if key not in field.keys:
                own.unknown_key(path, str(key), field.keys)
    if field.check is not None and not own:
        field.check(path, value, own)
    for fault in own:
        faults.add(fault.path, fault.problem, code=fault.code, allowed=fault.allowed, fix=fault.fix)
    return not own


def store_binding(path: str, value: object, faults: Faults) -> dict[str, Any] | None:
    """Return the binding of a KvNamespace on any platform made regular, or note what is wrong and return None."""
    if not isinstance(value, Mapping) or value.get("type") != KEY_VALUE_STORE:
        return kv_binding(path, value, faults)
    sound = checks.binding_name(f"{path}.name", value.get("name"), faults)
    if not value.get("arn"):
        faults.add(f"{path}.arn", f"is required by a binding of type {KEY_VALUE_STORE!r}", code=Code.MISSING)
        sound = False
    return {key: item for key, item in value.items() if item is not None} if sound else None


def kv_binding(path: str, value: object, faults: Faults) -> dict[str, Any] | None:
    """Return a KV binding made regular, or note what is wrong and return None."""
    if isinstance(value, Mapping) and value.get("type") == KEY_VALUE_STORE:
        faults.add(
            path,
            "is a CloudFront KeyValueStore, which only CloudFront Functions can read, and nothing at the edge can write",
            code=Code.UNSUPPORTED,
            fix="Leave the KV tier out on CloudFront: its regional caches and `tiers.shield` stand for it.",
        )
        return None
    if isinstance(value, Mapping) and value.get("type") not in (None, KV_NAMESPACE):
        faults.add(
            path, f"is a binding of type {value.get('type')!r}", code=Code.BINDING, allowed="a KvNamespace's `binding`"
        )
        return None
    if not isinstance(value, Mapping) or "type" not in value:
        faults.add(
            path,
            f"{show(value)} is not a KV binding",
            code=Code.BINDING,
            allowed="a KvNamespace's `binding`",
            fix=output_of(value, "binding"),
        )
        return None
    return check_binding(path, value, faults)
