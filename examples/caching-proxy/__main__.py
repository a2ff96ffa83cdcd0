"""A caching proxy: every path and method goes to one origin, and only what its headers allow is stored."""

import pulumi
from edgewright import CachePolicy, EdgeApi, GeoRouter
from edgewright.config import load_settings

from stacks.settings import Settings

settings = load_settings(Settings)

origin = GeoRouter(
    "origin",
    {
        "origins": [{"region": "origin", "url": settings.origin}],
        "fallback": "origin",
        "timeout_ms": settings.timeout_ms,
        # There is no other origin to ask: an error is passed on as it came.
        "retry_statuses": [],
    },
)
by_headers = CachePolicy("by-headers", {"mode": "origin", "cloudflare": {"tiers": {"memory": {}}}})
proxy = EdgeApi(
    "proxy",
    {
        "endpoints": [{"path": "/*", "methods": ["*"], "origin": origin.routing, "cache": by_headers.spec}],
        # With one endpoint and nothing to guard, how a path is read is the origin's alone.
        "url_normalization": "none",
    },
)

pulumi.export("urls", proxy.urls)
