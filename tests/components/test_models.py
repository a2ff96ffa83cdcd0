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
from edgewright.platforms import HOSTS, part_of
from edgewright.platforms.cloudflare import asked as cloudflare
from edgewright.platforms.cloudflare import options
from edgewright.platforms.cloudfront import asked as cloudfront

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
        (cloudfront.Asset, edge_api.StaticAssets),
        (cloudfront.Redirect, edge_api.Redirect),
        (cloudfront.Experiment, edge_api.Experiment),
        (cloudflare.Sticky, edge_api.RolloutSticky),
        (cloudflare.Rollout, edge_api.Rollout),
        (cloudflare.Limits, edge_api.FunctionLimits),
        (cloudflare.Observability, options.Observability),
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
    assert {field.name for field in dataclasses.fields(model)} - MADE == _arguments(shape)


def _arguments(shape: Any) -> set[str]:
    """The arguments of a mapping, those of single platforms among them."""
    own = {*shape.__annotations__} - {*HOSTS}
    named = {
        edge_api.Endpoint: "Endpoint",
        edge_api.EdgeApiArgs: "EdgeApi",
        cache_policy.CachePolicyArgs: "CachePolicy",
    }
    for host in HOSTS if shape in named else ():
        own |= {*getattr(part_of(host, "options").OPTIONS.get(named[shape]), "__annotations__", ())}
    return own


@pytest.mark.parametrize("model", [models.Api, cloudflare.Asked, cloudfront.Asked], ids=lambda value: value.__module__)
def test_an_api_has_only_what_is_an_argument(model: Any) -> None:
    assert {field.name for field in dataclasses.fields(model)} <= _arguments(edge_api.EdgeApiArgs)


def test_a_strategy_has_only_what_is_an_argument() -> None:
    assert {field.name for field in dataclasses.fields(cache.Policy)} <= _arguments(cache_policy.CachePolicyArgs)


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
