"""edgewright: serverless edge systems as Pulumi components.

Names are loaded when they are first used: the command line and the tools need no Pulumi SDK to start.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from edgewright.base.faults import Fault, InputFaults
    from edgewright.cache_policy import CachePolicy, CachePolicyArgs
    from edgewright.edge_api import EdgeApi, EdgeApiArgs
    from edgewright.geo_router import GeoRouter, GeoRouterArgs
    from edgewright.kv_namespace import KvNamespace, KvNamespaceArgs
    from edgewright.lambda_edge_function import LambdaEdgeFunction, LambdaEdgeFunctionArgs

__version__ = "0.1.0"

_HOMES = {
    "CachePolicy": "cache_policy",
    "CachePolicyArgs": "cache_policy",
    "EdgeApi": "edge_api",
    "EdgeApiArgs": "edge_api",
    "Fault": "base.faults",
    "GeoRouter": "geo_router",
    "GeoRouterArgs": "geo_router",
    "InputFaults": "base.faults",
    "KvNamespace": "kv_namespace",
    "KvNamespaceArgs": "kv_namespace",
    "LambdaEdgeFunction": "lambda_edge_function",
    "LambdaEdgeFunctionArgs": "lambda_edge_function",
}

__all__ = [
    "CachePolicy",
    "CachePolicyArgs",
    "EdgeApi",
    "EdgeApiArgs",
    "Fault",
    "GeoRouter",
    "GeoRouterArgs",
    "InputFaults",
    "KvNamespace",
    "KvNamespaceArgs",
    "LambdaEdgeFunction",
    "LambdaEdgeFunctionArgs",
    "__version__",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{home}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
