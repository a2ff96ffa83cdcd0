"""An endpoint for callers with a signed token: by the issuer's key set, or on this machine by a shared secret."""

import pulumi
from edgewright import EdgeApi
from edgewright.edge_api import EdgeApiArgs, EndpointAuth

config = pulumi.Config()
key_set = config.get("jwks_url")

auth: EndpointAuth = {
    "kind": "jwt",
    "issuer": "https://id.example.com",
    "audience": ["orders"],
    "required_claims": {"tenant": "acme"},
}
args: EdgeApiArgs = {
    "endpoints": [{"path": "/orders", "handler": "orders.ts", "auth": auth}],
    "tags": ["owner:docs"],
}
if key_set:
    auth["jwks_url"] = key_set
else:
    auth["secret"] = "TOKEN_KEY"
    args["secrets"] = {"TOKEN_KEY": config.require_secret("token_key")}

pulumi.export("urls", EdgeApi("orders", args).urls)
