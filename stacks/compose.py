"""Composes the products API out of components."""

import pulumi
from edgewright import CachePolicy, EdgeApi, GeoRouter, KvNamespace
from edgewright.cache_policy import Jitter
from edgewright.edge_api import EdgeApiArgs, Rollout, SessionStore
from edgewright.geo_router import RegionOrigin
from edgewright.kv_namespace import KvNamespaceArgs
from edgewright.platforms.cloudflare.options import CloudflareTiers
from edgewright.platforms.cloudfront.options import CloudfrontApiOptions

from stacks.settings import Origin, Range, Settings
from stacks.settings import Rollout as RolloutSettings

DAY = 86_400
YEAR = 31_536_000


def compose(settings: Settings) -> EdgeApi:
    """Declare the stack's components and return its API."""
    protected = pulumi.ResourceOptions(protect=settings.protect)
    sessions_kv = KvNamespace("sessions", _sessions_args(settings), protected)

    origins = GeoRouter(
        "origins",
        {
            "origins": [_origin(origin) for origin in settings.origins],
            "fallback": settings.fallback,
            "timeout_ms": settings.timeout_ms,
            "health_check": {
                "path": settings.health.path,
                "interval": settings.health.interval,
                "unhealthy_after": settings.health.unhealthy_after,
            },
        },
    )

    cache = settings.cache
    products = CachePolicy(
        "products",
        {
            "edge_ttl": cache.edge_ttl,
            "browser_ttl": cache.browser_ttl,
            "stale_while_revalidate": cache.stale_while_revalidate,
            "stale_if_error": cache.stale_if_error,
            "jitter": _jitter(cache.edge_range),
            "tiers": {} if cache.shield is None else {"shield": {"location": cache.shield}},
            # Only what the API reads: a stranger's ?utm_source= makes no entry. Regions differ in what they have.
            "key": {"query": "include", "query_names": ["category", "limit", "page"], "region": True},
            "tags": ["products"],
            "cloudflare": {"engine": cache.engine, "tiers": _cloudflare_tiers(settings, protected)},
        },
    )
    static = CachePolicy(
        "static",
        {
            "edge_ttl": YEAR,
            "browser_ttl": YEAR,
            "immutable": True,
            "key": {"query": "none"},
            "tags": ["static"],
            "cloudflare": {"tiers": {"memory": {}}},
        },
    )

    return EdgeApi("products-api", _api_args(settings, origins, products, static, sessions_kv), protected)


def _api_args(
    settings: Settings, origins: GeoRouter, products: CachePolicy, static: CachePolicy, sessions_kv: KvNamespace
) -> EdgeApiArgs:
    cloudfront: CloudfrontApiOptions = {"access_logs": True, "dashboard": settings.tier == "production"}
    if settings.hosted_zone_id:
        cloudfront["hosted_zone_id"] = settings.hosted_zone_id
    args: EdgeApiArgs = {
        "host": settings.host,
        "endpoints": [
            {"path": "/api/products", "origin": origins.routing, "cache": products.spec},
            {"path": "/api/products/:id", "origin": origins.routing, "cache": products.spec},
            {"path": "/api/session", "session": True},
            {"path": "/static/*", "origin": origins.routing, "cache": static.spec, "static": True},
        ],
        "sessions": _sessions(settings, sessions_kv),
        "latency_sensitive": True,
        "trace": settings.trace,
        "tags": [f"owner:{settings.owner}", settings.tier],
        "cloudflare": {
            "observability": {
                "head_sampling_rate": settings.observability.head_sampling_rate,
                "traces": settings.observability.traces,
            },
        },
        "cloudfront": cloudfront,
    }
    if settings.hostname:
        args["hostname"] = settings.hostname
    if "rollout" in settings.model_fields_set:
        args["rollout"] = _rollout(settings.rollout)
    return args


def _cloudflare_tiers(settings: Settings, protected: pulumi.ResourceOptions) -> CloudflareTiers:
    """Return the tiers that the products have on Cloudflare beside the edge: the isolate's memory, and KV where it is used."""
    tiers: CloudflareTiers = {"memory": {}}
    cache = settings.cache
    if cache.kv_ttl is not None and cache.kv_range is not None:
        store = KvNamespace("products-cache", {"host": settings.host}, protected)
        tiers["kv"] = {"binding": store.binding, "ttl": cache.kv_ttl, "jitter": _jitter(cache.kv_range)}
    return tiers


def _rollout(rollout: RolloutSettings) -> Rollout:
    args: Rollout = {}
    if rollout.header is not None:
        args["header"] = {"name": rollout.header.name, "value": rollout.header.value}
    else:
        args["percentage"] = rollout.percentage
    if rollout.under_way and rollout.previous_version_id is not None:
        args["previous_version_id"] = rollout.previous_version_id
    return args


def _jitter(range_: Range) -> Jitter:
    return {"min": range_.min, "max": range_.max}


def _origin(origin: Origin) -> RegionOrigin:
    declared: RegionOrigin = {"region": origin.region, "url": origin.url, "countries": list(origin.countries)}
    if origin.latitude is not None and origin.longitude is not None:
        declared["latitude"], declared["longitude"] = origin.latitude, origin.longitude
    return declared


def _sessions(settings: Settings, store: KvNamespace) -> SessionStore:
    sessions: SessionStore = {"binding": store.binding}
    if settings.sessions.ttl is not None:
        sessions["ttl"] = settings.sessions.ttl
    return sessions


def _sessions_args(settings: Settings) -> KvNamespaceArgs:
    args: KvNamespaceArgs = {"host": settings.host, "cloudflare": {"default_ttl": settings.sessions.ttl or DAY}}
    if settings.sessions.seed:
        args["seed"] = {"file": settings.sessions.seed, "prefix": "session:", "secret": True}
    return args
