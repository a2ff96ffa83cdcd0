import pulumi
from edgewright import CachePolicy, EdgeApi, GeoRouter

config = pulumi.Config()
regions = [{"region": name, "url": url} for name, url in config.require_object("origins").items()]

origins = GeoRouter("origins", {"origins": regions, "fallback": "us"})
products = CachePolicy("products", {"edge_ttl": 3600, "browser_ttl": 60, "stale_while_revalidate": 86400})
endpoint = {"path": "/api/*", "origin": origins.routing, "cache": products.spec}
api = EdgeApi("api", {"account_id": config.require("account_id"), "endpoints": [endpoint], "latency_sensitive": True})
pulumi.export("urls", api.urls)
