"""An endpoint that your own code answers: with settings, a secret, a key-value store and a rate limit."""

import pulumi
from edgewright import CachePolicy, EdgeApi, KvNamespace

config = pulumi.Config()

visits = KvNamespace("visits", {"seed": {"entries": [{"key": "welcome", "value": "Hello"}]}})
never = CachePolicy("never", {"mode": "bypass"})
api = EdgeApi(
    "hello",
    {
        "endpoints": [
            {
                "path": "/hello/:name",
                "handler": "hello.ts",
                "cache": never.spec,
                "rate_limit": {"limit": 100, "period": 60},
            },
        ],
        "bindings": [visits.binding],
        "vars": {"SIGNATURE": "edgewright"},
        "secrets": {"API_KEY": config.require_secret("api_key")},
        "tags": ["owner:docs"],
    },
)

pulumi.export("urls", api.urls)
