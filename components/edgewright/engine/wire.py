"""Property values on the engine's wire, to plain data and back.

Pulumi's own (de)serializer needs an event loop, drops where secrets were and gives every number as a float; this one
keeps what a policy or a local cloud has to know.
"""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import pulumi
from google.protobuf import struct_pb2  # type: ignore[import-untyped]

from edgewright.base.unknown import UNKNOWN
from edgewright.engine.resources import Inputs, ResourceReference

# The signatures are part of the engine's protocol (`sdk/python/lib/pulumi/runtime/rpc.py` in pulumi/pulumi).
_UNKNOWN_TEXT: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
_SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
_ASSET: Final = "c44067f5952c0a294b673a41bacd8c17"
_ARCHIVE: Final = "0def7320c3a5731c473e5ecbe6d01bc7"
_SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"
_RESOURCE: Final = "5cf8f73096256a8f31e491e813e4eb8e"
_OUTPUT: Final = "d0e6a833031e9bbcd3f4e8bde6ca49a4"

_EXACT = 2**53


@dataclass
class Decoded:
    """Plain values, and the paths of those that were secret."""

    values: dict[str, Any] = field(default_factory=dict)
    secrets: set[str] = field(default_factory=set)


def decode(struct: struct_pb2.Struct) -> Decoded:
    """Return a message's properties as plain data."""
    result = Decoded()
    for key in sorted(struct.fields):
        result.values[key] = _decode_value(struct.fields[key], key, result.secrets)
    return result


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if key.isidentifier() else f'{path}["{key}"]'


def _decode_value(value: struct_pb2.Value, path: str, secrets: set[str]) -> Any:
    match value.WhichOneof("kind"):
        case "string_value":
            return UNKNOWN if value.string_value == _UNKNOWN_TEXT else value.string_value
        case "number_value":
            number = value.number_value
            return int(number) if math.isfinite(number) and number.is_integer() and abs(number) <= _EXACT else number
        case "bool_value":
            return value.bool_value
        case "list_value":
            return [
                _decode_value(item, f"{path}[{index}]", secrets) for index, item in enumerate(value.list_value.values)
            ]
        case "struct_value":
            return _decode_struct(value.struct_value, path, secrets)
        case _:
            return None


def _decode_struct(struct: struct_pb2.Struct, path: str, secrets: set[str]) -> Any:
    fields = struct.fields
    signature = fields[_SIGNATURE].string_value if _SIGNATURE in fields else None
    if signature is None:
        return {key: _decode_value(fields[key], _join(path, key), secrets) for key in sorted(fields)}
    if signature == _SECRET:
        secrets.add(path)
        return _decode_value(fields["value"], path, secrets)
    if signature == _OUTPUT:
        if "secret" in fields and fields["secret"].bool_value:
            secrets.add(path)
        return _decode_value(fields["value"], path, secrets) if "value" in fields else UNKNOWN
    if signature == _RESOURCE:
        identity = _decode_value(fields["id"], path, secrets) if "id" in fields else None
        return ResourceReference(
            fields["urn"].string_value, identity if isinstance(identity, str) and identity else None
        )
    if signature == _ASSET:
        if "path" in fields:
            return pulumi.FileAsset(fields["path"].string_value)
        if "text" in fields:
            return pulumi.StringAsset(fields["text"].string_value)
        return pulumi.RemoteAsset(fields["uri"].string_value)
    if signature == _ARCHIVE:
        if "assets" in fields:
            members = fields["assets"].struct_value.fields
            return pulumi.AssetArchive(
                {key: _decode_value(members[key], _join(path, key), secrets) for key in sorted(members)}
            )
        if "path" in fields:
            return pulumi.FileArchive(fields["path"].string_value)
        return pulumi.RemoteArchive(fields["uri"].string_value)
    raise ValueError(f"{path}: a value of a kind that this version does not know (signature {signature})")


def encode(values: Inputs, secret_keys: Collection[str] = ()) -> struct_pb2.Struct:
    """Return properties as a message, those named in `secret_keys` marked secret."""
    struct = struct_pb2.Struct()
    for key, value in values.items():
        encoded = _encode_value(value)
        if key in secret_keys:
            marked = struct_pb2.Value()
            marked.struct_value.fields[_SIGNATURE].string_value = _SECRET
            marked.struct_value.fields["value"].CopyFrom(encoded)
            encoded = marked
        struct.fields[key].CopyFrom(encoded)
    return struct


def _signed(signature: str, **texts: str) -> struct_pb2.Value:
    value = struct_pb2.Value()
    value.struct_value.fields[_SIGNATURE].string_value = signature
    for key, text in texts.items():
        value.struct_value.fields[key].string_value = text
    return value


def _encode_value(value: Any) -> struct_pb2.Value:
    result = struct_pb2.Value()
    if value is None:
        result.null_value = struct_pb2.NULL_VALUE
    elif value is UNKNOWN:
        result.string_value = _UNKNOWN_TEXT
    elif isinstance(value, bool):
        result.bool_value = value
    elif isinstance(value, (int, float)):
        result.number_value = float(value)
    elif isinstance(value, str):
        result.string_value = value
    elif isinstance(value, Mapping):
        result.struct_value.SetInParent()
        for key, item in value.items():
            result.struct_value.fields[str(key)].CopyFrom(_encode_value(item))
    elif isinstance(value, (list, tuple)):
        result.list_value.SetInParent()
        for item in value:
            result.list_value.values.append(_encode_value(item))
    elif isinstance(value, ResourceReference):
        result = _signed(_RESOURCE, urn=value.urn, id=value.id or "")
    elif isinstance(value, pulumi.FileAsset):
        result = _signed(_ASSET, path=str(value.path))
    elif isinstance(value, pulumi.StringAsset):
        result = _signed(_ASSET, text=value.text)
    elif isinstance(value, pulumi.RemoteAsset):
        result = _signed(_ASSET, uri=value.uri)
    elif isinstance(value, pulumi.AssetArchive):
        result = _signed(_ARCHIVE)
        members = result.struct_value.fields["assets"].struct_value
        members.SetInParent()
        for key, item in value.assets.items():
            members.fields[key].CopyFrom(_encode_value(item))
    elif isinstance(value, pulumi.FileArchive):
        result = _signed(_ARCHIVE, path=str(value.path))
    elif isinstance(value, pulumi.RemoteArchive):
        result = _signed(_ARCHIVE, uri=value.uri)
    else:
        raise TypeError(f"a cloud returned a {type(value).__name__}, which is not a property value")
    return result
