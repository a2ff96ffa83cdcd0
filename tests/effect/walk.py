"""Walks the components' arguments: every one of them, nested ones too, by a dotted path."""

from collections.abc import Awaitable, Iterator
from typing import Any, Union, get_args, get_origin

from edgewright.arguments.written import is_written
from edgewright.cache_policy import CachePolicyArgs
from edgewright.edge_api import EdgeApiArgs
from edgewright.geo_router import GeoRouterArgs
from edgewright.kv_namespace import KvNamespaceArgs
from edgewright.lambda_edge_function import LambdaEdgeFunctionArgs
from typing_extensions import NotRequired, Required, is_typeddict

SHAPES = {
    "CachePolicy": CachePolicyArgs,
    "EdgeApi": EdgeApiArgs,
    "GeoRouter": GeoRouterArgs,
    "KvNamespace": KvNamespaceArgs,
    "LambdaEdgeFunction": LambdaEdgeFunctionArgs,
}
"""Every component with the type of its arguments."""


def arguments() -> tuple[str, ...]:
    """Return the path of every argument, sorted: `EdgeApi.endpoints[].auth.issuer`, `EdgeApi.vars`."""
    return tuple(sorted(path for component, shape in SHAPES.items() for path in _below(component, shape)))


def _below(path: str, hint: Any) -> Iterator[str]:
    inner = _unwrap(hint)
    if is_typeddict(inner):
        for key, value in inner.__annotations__.items():
            yield f"{path}.{key}"
            yield from _below(f"{path}.{key}", value)
    elif get_origin(inner) is list:
        yield from _below(f"{path}[]", get_args(inner)[0])
    elif get_origin(inner) is dict:
        yield from _below(f"{path}{{}}", get_args(inner)[1])


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
