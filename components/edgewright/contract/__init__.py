"""The contract with the code at the edge.

The pydantic models here are the one definition of what a Worker (or any other edge function) is told: JSON Schema is
generated from them, and TypeScript types from that, so the two languages cannot drift.
"""

from edgewright.contract.models import (
    AuthSpec,
    CacheKeySpec,
    CacheSpec,
    CacheTiers,
    EdgeSettings,
    EdgeTier,
    EndpointSpec,
    HandlerTarget,
    HealthCheckSpec,
    JwtAuth,
    KvTier,
    MemoryTier,
    OriginSpec,
    OriginTarget,
    RateLimitSpec,
    RouterSpec,
    SessionAuth,
    SessionsSpec,
    SessionTarget,
    SpecModel,
)

__all__ = [
    "AuthSpec",
    "CacheKeySpec",
    "CacheSpec",
    "CacheTiers",
    "EdgeSettings",
    "EdgeTier",
    "EndpointSpec",
    "HandlerTarget",
    "HealthCheckSpec",
    "JwtAuth",
    "KvTier",
    "MemoryTier",
    "OriginSpec",
    "OriginTarget",
    "RateLimitSpec",
    "RouterSpec",
    "SessionAuth",
    "SessionTarget",
    "SessionsSpec",
    "SpecModel",
]
