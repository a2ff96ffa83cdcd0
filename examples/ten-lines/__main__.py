import pulumi
from edgewright import CachePolicy, EdgeApi, GeoRouter

us, eu = "http://127.0.0.1:9101", "http://127.0.0.1:9102"
origins = GeoRouter("origins", {"origins": [{"region": "us", "url": us}, {"region": "eu", "url": eu}], "fallback": "us"})
hour = CachePolicy("hour", {"edge_ttl": 3600, "browser_ttl": 60, "stale_while_revalidate": 86400})
products = {"path": "/api/products/:id", "origin": origins.routing, "cache": hour.spec}
api = EdgeApi("shop", {"account_id": pulumi.Config().require("account_id"), "endpoints": [products]})
pulumi.export("urls", api.urls)
