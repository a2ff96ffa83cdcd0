"""The table: every argument of every component, with what it does on each host that takes it.

A module an area. The programs of one area run together, so an area is also what the local cloud takes at once.
"""

from tests.effect.rows import Row
from tests.effect.table import (
    bindings,
    cache_policy,
    edge_api,
    endpoints,
    geo_router,
    kv_namespace,
    lambda_edge_function,
    limits,
)

AREAS: dict[str, tuple[Row, ...]] = {
    "cache_policy": cache_policy.ROWS,
    "endpoints": endpoints.ROWS,
    "edge_api": edge_api.ROWS,
    "bindings": bindings.ROWS,
    "limits": limits.ROWS,
    "geo_router": geo_router.ROWS,
    "kv_namespace": kv_namespace.ROWS,
    "lambda_edge_function": lambda_edge_function.ROWS,
}

ROWS: tuple[Row, ...] = tuple(row for rows in AREAS.values() for row in rows)
