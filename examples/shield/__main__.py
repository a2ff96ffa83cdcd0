"""A shield: one place before the origin for all data centres. What many of them lack at once is asked for once."""

import pulumi
from edgewright import CachePolicy, EdgeApi, GeoRouter

config = pulumi.Config()
origin = GeoRouter("origin", {"origins": [{"region": "eu", "url": config.require("origin")}], "fallback": "eu"})
pages = CachePolicy(
    "pages",
    {
        "edge_ttl": 60,
        "browser_ttl": 30,
        "stale_while_revalidate": 600,
        "stale_if_error": 86_400,
        "jitter": {"min": 50, "max": 70},
        "tiers": {"shield": {"location": "weur"}},
        "cloudflare": {"tiers": {"shield": {"ttl": 3600}}},
        "key": {"query": "include", "query_names": ["page"]},
        "tags": ["pages"],
    },
)
api = EdgeApi(
    "pages",
    {
        "endpoints": [{"path": "/pages/:id", "origin": origin.routing, "cache": pages.spec}],
        "tags": ["owner:docs"],
    },
)

pulumi.export("urls", api.urls)
