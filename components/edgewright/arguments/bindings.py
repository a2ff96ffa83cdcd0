"""Bindings: what a function sees on `env`, as components hand them to each other."""

from collections.abc import Mapping
from typing import Any

from edgewright.arguments import checks
from edgewright.arguments.shape import is_later
from edgewright.base.faults import Faults, output_of, show

KV_NAMESPACE = "kv_namespace"
KEY_VALUE_STORE = "key_value_store"
"""A CloudFront KeyValueStore: reached by CloudFront Functions only."""

FIELDS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "kv_namespace": (("namespace_id",), ("options",)),
    "r2_bucket": (("bucket_name",), ("jurisdiction",)),
    "d1": (("database_id",), ()),
    "queue": (("queue_name",), ()),
    "service": (("service",), ("entrypoint",)),
    # An API's modules export none: a class is always another Worker's.
    "durable_object_namespace": (("class_name", "script_name"), ()),
    "json": (("json",), ()),
    "version_metadata": ((), ()),
}
"""For each type of binding the fields that it needs and those that it may have, beside `type` and `name`."""


_NEEDED = {
    "namespace_id": ("a namespace's id", "Give a KvNamespace's `binding`, which has it."),
    "bucket_name": ("an R2 bucket's name", "Give the `name` of the R2Bucket."),
    "database_id": ("a D1 database's id", "Give the `id` of the D1Database."),
    "queue_name": ("a queue's name", "Give the `queue_name` of the Queue."),
    "service": ("a Worker's name", "Give the `script_name` of the EdgeApi that is called."),
    "class_name": ("the name of a class that a Worker exports", "Give it as the Worker's module spells it."),
    "script_name": (
        "the name of the Worker that exports the class: an EdgeApi's modules export none",
        "Make the class in a Worker of its own (cloudflare.WorkerVersion with `exports`), deploy it, and give its name.",
    ),
    "json": ("any JSON value but null and an empty text", "Give the value, or leave the binding out."),
}
"""For each field that a binding may need, what it may be and where to find it."""


def check_binding(path: str, value: object, faults: Faults) -> dict[str, Any] | None:
    """Return a binding made regular, or note what is wrong and return None. Its ids may become known later."""
    if not isinstance(value, Mapping):
        faults.add(
            path,
            f"{show(value)} is not a binding",
            allowed="a KvNamespace's `binding`, or a mapping with type and name",
            fix=output_of(value, "binding"),
        )
        return None
    type_ = value.get("type")
    if not isinstance(type_, str) or not faults.one_of(f"{path}.type", type_, FIELDS):
        if not isinstance(type_, str):
            faults.add(f"{path}.type", f"{show(type_)} is not a binding's type", allowed=", ".join(FIELDS))
        return None
    needed, optional = FIELDS[type_]
    sound = checks.binding_name(f"{path}.name", value.get("name"), faults)
    for key in value:
        if key not in ("type", "name", *needed, *optional):
            faults.unknown_key(path, str(key), ("type", "name", *needed, *optional))
            sound = False
    for key in needed:
        given = value.get(key)
        if given is None or given == "":
            allowed, fix = _NEEDED[key]
            faults.add(f"{path}.{key}", f"is required by a binding of type {type_!r}", allowed=allowed, fix=fix)
            sound = False
        elif key != "json" and not is_later(given) and not isinstance(given, str):
            faults.add(f"{path}.{key}", f"{show(given)} is not a string", allowed=_NEEDED[key][0], fix=_NEEDED[key][1])
            sound = False
    return {key: item for key, item in value.items() if item is not None} if sound else None


def store_binding(path: str, value: object, faults: Faults) -> dict[str, Any] | None:
    """Return the binding of a KvNamespace on any platform made regular, or note what is wrong and return None."""
    if not isinstance(value, Mapping) or value.get("type") != KEY_VALUE_STORE:
        return kv_binding(path, value, faults)
    sound = checks.binding_name(f"{path}.name", value.get("name"), faults)
    if not value.get("arn"):
        faults.add(f"{path}.arn", f"is required by a binding of type {KEY_VALUE_STORE!r}")
        sound = False
    return {key: item for key, item in value.items() if item is not None} if sound else None


def kv_binding(path: str, value: object, faults: Faults) -> dict[str, Any] | None:
    """Return a KV binding made regular, or note what is wrong and return None."""
    if isinstance(value, Mapping) and value.get("type") == KEY_VALUE_STORE:
        faults.add(
            path,
            "is a CloudFront KeyValueStore, which only CloudFront Functions can read, and nothing at the edge can write",
            fix="Leave the KV tier out on CloudFront: its regional caches and `origin_shield` stand for it.",
        )
        return None
    if isinstance(value, Mapping) and value.get("type") not in (None, KV_NAMESPACE):
        faults.add(path, f"is a binding of type {value.get('type')!r}", allowed="a KvNamespace's `binding`")
        return None
    if not isinstance(value, Mapping) or "type" not in value:
        faults.add(
            path,
            f"{show(value)} is not a KV binding",
            allowed="a KvNamespace's `binding`",
            fix=output_of(value, "binding"),
        )
        return None
    return check_binding(path, value, faults)
