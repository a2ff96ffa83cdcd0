"""A function of your own on CloudFront's viewer-request: it sends visitors to the page in their language."""

import pulumi
from edgewright import CachePolicy, EdgeApi, LambdaEdgeFunction

languages = LambdaEdgeFunction(
    "languages",
    {
        "code": {"file": "languages.ts"},
        "events": ["viewer-request"],
        "settings": {"languages": ["en", "de", "fr"]},
        "timeout": 5,
        "memory": 128,
        "tags": {"owner": "docs"},
    },
)
pages = CachePolicy("pages", {"edge_ttl": 300})
never = CachePolicy("never", {"mode": "bypass"})
api = EdgeApi(
    "pages",
    {
        "host": "cloudfront",
        "endpoints": [
            {
                "path": "/",
                "handler": "page.ts",
                "cache": never.spec,
                "cloudfront": {"functions": [languages.association]},
            },
            {"path": "/pages/:language", "handler": "page.ts", "cache": pages.spec},
        ],
        "tags": ["owner:docs"],
    },
)

pulumi.export("urls", api.urls)
pulumi.export("version", languages.version)
pulumi.export("report", languages.report)
