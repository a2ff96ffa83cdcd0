import pulumi
from edgewright import CachePolicy, EdgeApi, GeoRouter

urls = pulumi.Config().require_object("origins")
nearest = GeoRouter("origins", {"origins": [{"region": r, "url": urls[r]} for r in urls], "fallback": "us"}).routing
cache = CachePolicy("products", {"edge_ttl": "1h", "browser_ttl": "1m", "stale_while_revalidate": "1d"}).spec
api = EdgeApi("api", {"endpoints": [{"path": "/api/*", "origin": nearest, "cache": cache}]})
pulumi.export("urls", api.urls)
