import pulumi
from edgewright import CachePolicy, EdgeApi, GeoRouter

config = pulumi.Config()
urls = config.require_object("origins")
origins = GeoRouter("origins", {"origins": [{"region": name, "url": urls[name]} for name in urls], "fallback": "us"})
products = CachePolicy("products", {"edge_ttl": 3600, "browser_ttl": 60, "stale_while_revalidate": 86400})
api = EdgeApi(
    "api",
    {
        "account_id": config.require("account_id"),
        "endpoints": [{"path": "/api/*", "origin": origins.routing, "cache": products.spec}],
        "latency_sensitive": True,
    },
)
pulumi.export("urls", api.urls)
