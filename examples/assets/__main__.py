"""Static files on CloudFront: a folder in S3 that only the distribution may read, a redirect, and an API beside them."""

import pulumi
from edgewright import CachePolicy, EdgeApi

never = CachePolicy("never", {"mode": "bypass"})
site = EdgeApi(
    "site",
    {
        "host": "cloudfront",
        "endpoints": [{"path": "/api/time", "handler": "time.ts", "cache": never.spec}],
        "assets": [
            {
                "path": "/assets/*",
                "directory": "site",
                "browser_ttl": 31_536_000,
                "immutable": True,
                "content_security_policy": "default-src 'self'",
            }
        ],
        "redirects": [{"path": "/styles/*", "to": "/assets/css/*"}],
        "security_headers": True,
        "tags": ["owner:docs"],
    },
)

pulumi.export("urls", site.urls)
