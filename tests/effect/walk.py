"""Walks the components' arguments: every one of them, nested ones too, by a dotted path.

Where the types stop, at `Any`, the walk goes on by the tables that the arguments are checked by, or says what is there.
"""

from collections.abc import Awaitable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Union, get_args, get_origin

from edgewright.arguments.bindings import known_fields
from edgewright.arguments.written import is_written
from edgewright.cache_policy import CachePolicyArgs
from edgewright.edge_api import EdgeApiArgs
from edgewright.geo_router import GeoRouterArgs
from edgewright.kv_namespace import KvNamespaceArgs
from edgewright.lambda_edge_function import LambdaEdgeFunctionArgs
from edgewright.platforms import HOSTS
from edgewright.platforms.cloudfront.permissions import STATEMENT
from typing_extensions import NotRequired, Required, is_typeddict

SHAPES = {
    "CachePolicy": CachePolicyArgs,
    "EdgeApi": EdgeApiArgs,
    "GeoRouter": GeoRouterArgs,
    "KvNamespace": KvNamespaceArgs,
    "LambdaEdgeFunction": LambdaEdgeFunctionArgs,
}
"""Every component with the type of its arguments."""


@dataclass(frozen=True)
class Handed:
    """Another component's output, which is checked as a whole: `test_handed.py` holds that its arguments reach all of it."""

    output: str


@dataclass(frozen=True)
class Own:
    """The user's own data, of any shape, which is passed on as it is."""


def _bindings() -> Iterator[str]:
    """Yield the kinds of bindings, each with its fields; what is in a field that has keys of its own, too."""
    for kind, fields in known_fields().items():
        yield kind
        yield f"{kind}.name"
        for name, field in fields.items():
            yield f"{kind}.{name}"
            yield from (f"{kind}.{name}.{key}" for key in field.keys)


OPEN: Mapping[str, Handed | Own | tuple[str, ...]] = {
    "CachePolicy.cloudflare.tiers.kv.binding": Handed("KvNamespace.binding"),
    "EdgeApi.bindings[]": tuple(_bindings()),
    "EdgeApi.endpoints[].cache": Handed("CachePolicy.spec"),
    "EdgeApi.endpoints[].cloudfront.functions[]": Handed("LambdaEdgeFunction.association"),
    "EdgeApi.endpoints[].origin": Handed("GeoRouter.routing"),
    "EdgeApi.sessions.binding": Handed("KvNamespace.binding"),
    "KvNamespace.seed.entries[].metadata": Own(),
    "KvNamespace.seed.entries[].value": Own(),
    "LambdaEdgeFunction.permissions[]": STATEMENT,
    "LambdaEdgeFunction.settings": Own(),
}
"""Every place where the types say no more, with what there is: the names that the walk goes on by, or why it ends."""


def arguments() -> tuple[str, ...]:
    """Return the path of every argument, sorted: `EdgeApi.endpoints[].auth.issuer`, `EdgeApi.bindings[].d1.database_id`."""
    found = []
    for path, ends in _walked():
        found.append(path)
        within = OPEN.get(ends) if ends else None
        if isinstance(within, tuple):
            found += [f"{ends}.{name}" for name in within]
    return tuple(sorted(found))


def ends() -> tuple[str, ...]:
    """Return every place where the types stop, sorted."""
    return tuple(sorted(ends for _, ends in _walked() if ends))


def _walked() -> Iterator[tuple[str, str]]:
    """Yield each argument's path, with the place at or in it where the types stop, if that is in no other argument."""
    for component, shape in SHAPES.items():
        yield from _below(component, shape)


def _below(path: str, shape: Any) -> Iterator[tuple[str, str]]:
    for key, hint in shape.__annotations__.items():
        at, inner = _item(f"{path}.{key}", hint)
        stops = inner is Any
        # What holds the options of one platform is no argument: they are.
        if key not in HOSTS:
            yield f"{path}.{key}", at if stops else ""
        if is_typeddict(inner):
            yield from _below(at, inner)


def _item(path: str, hint: Any) -> tuple[str, Any]:
    """Return what lists and mappings hold in the end, and where: a mapping to anything is itself what has no type."""
    inner = _unwrap(hint)
    if get_origin(inner) is list:
        return _item(f"{path}[]", get_args(inner)[0])
    if get_origin(inner) is dict:
        at, value = _item(f"{path}{{}}", get_args(inner)[1])
        return (path, Any) if value is Any else (at, value)
    return path, inner


def _unwrap(hint: Any) -> Any:
    """Return what a hint holds inside NotRequired, Required, Optional and Input."""
    if get_origin(hint) in (NotRequired, Required):
        return _unwrap(get_args(hint)[0])
    if get_origin(hint) is Union:
        arms = get_args(hint)
        for arm in arms:
            if get_origin(arm) is Awaitable:
                # An Input of something: the value, an awaitable of it, or an Output of it.
                return _unwrap(get_args(arm)[0])
        (only,) = [arm for arm in arms if arm is not type(None)]
        return _unwrap(only)
    if is_written(hint) and hint.full is not None:
        # May be written as a text: here it is looked at in full.
        return hint.full
    return hint
