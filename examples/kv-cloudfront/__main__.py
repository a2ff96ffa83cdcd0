"""A KeyValueStore on CloudFront: a CloudFront Function looks sessions up in it, before the cache and any other code."""

import pulumi
from edgewright import EdgeApi, KvNamespace

config = pulumi.Config()
sessions = KvNamespace(
    "sessions",
    {
        "host": "cloudfront",
        "seed": {"prefix": "session:", "file": config.require("sessions"), "secret": True},
    },
)
api = EdgeApi(
    "account",
    {
        "host": "cloudfront",
        "endpoints": [
            {"path": "/api/session", "session": True},
            {"path": "/api/orders", "handler": "orders.ts", "auth": {"kind": "session"}},
        ],
        "sessions": {"binding": sessions.binding},
        "tags": ["owner:docs"],
    },
)

pulumi.export("urls", api.urls)
pulumi.export("store", sessions.namespace_id)
