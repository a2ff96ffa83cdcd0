"""Arguments are read once, into frozen models, which have what the arguments' TypedDicts describe."""

import asyncio
import dataclasses
from typing import Any

import pulumi
import pytest
from edgewright import cache_policy, edge_api, geo_router, kv_namespace, lambda_edge_function
from edgewright.arguments import seeds
from edgewright.arguments.cache import models as cache
from edgewright.arguments.endpoints import models
from edgewright.arguments.jitter import Jitter
from edgewright.arguments.shape import fill, is_later
from edgewright.platforms.cloudflare import options

MADE = {"at", "module"}
"""What the checks add to an endpoint."""


@pytest.mark.parametrize(
    ("model", "shape"),
    [
        (models.Endpoint, edge_api.Endpoint),
        (models.Auth, edge_api.EndpointAuth),
        (models.RateLimit, edge_api.EndpointRateLimit),
        (models.Cors, edge_api.EndpointCors),
        (models.Issuer, edge_api.JwtIssuer),
        (models.Sessions, edge_api.SessionStore),
        (geo_router.Routing, geo_router.GeoRouterArgs),
        (geo_router.Origin, geo_router.RegionOrigin),
        (geo_router.HealthCheck, geo_router.OriginHealthCheck),
        (lambda_edge_function.Source, lambda_edge_function.EdgeFunctionCode),
        (seeds.Source, kv_namespace.KvSeed),
        (cache.Range, Jitter),
        (cache.Edge, cache_policy.EdgeTierOptions),
        (cache.Memory, options.MemoryTierOptions),
        (cache.Kv, options.KvTierOptions),
        (cache.Key, cache_policy.CacheKey),
        (seeds.Entry, kv_namespace.KvSeedEntry),
    ],
    ids=lambda value: value.__name__,
)
def test_a_model_has_a_field_for_each_argument(model: Any, shape: Any) -> None:
    assert {field.name for field in dataclasses.fields(model)} - MADE == shape.__annotations__.keys()


def test_an_api_has_only_what_is_an_argument() -> None:
    assert {field.name for field in dataclasses.fields(models.Api)} <= edge_api.EdgeApiArgs.__annotations__.keys()


def test_arguments_become_models_all_the_way_down() -> None:
    asyncio.run(_become_models())


async def _become_models() -> None:
    url = pulumi.Output.from_input("https://origin.example.com")
    api = fill(
        models.Api,
        {
            "endpoints": [
                {"path": "/a", "methods": ["GET"], "origin": url, "cors": {"origins": ["*"]}},
                {"path": "/b"},
            ],
            "secrets": {"KEY": url},
            "dashboard": True,
        },
    )
    assert api.endpoints is not None
    first, second = api.endpoints
    assert (first.methods, second.methods) == (("GET",), ("GET", "HEAD"))
    assert first.cors == models.Cors(origins=("*",))
    assert is_later(first.origin)
    assert api.secrets["KEY"] is url
