"""A gradual rollout: `rollout:percentage` of the requests get the new version, `rollout:previous` keeps the rest."""

import pulumi
from edgewright import CachePolicy, EdgeApi
from edgewright.edge_api import EdgeApiArgs

config = pulumi.Config()
never = CachePolicy("never", {"mode": "bypass"})
args: EdgeApiArgs = {
    "endpoints": [{"path": "/greeting", "handler": "greeting.ts", "cache": never.spec}],
    "vars": {"GREETING": config.require("greeting")},
    "tags": ["owner:docs"],
}
percentage = config.get_float("percentage")
if percentage is not None and percentage < 100:
    args["rollout"] = {"percentage": percentage, "previous_version_id": config.require("previous")}
api = EdgeApi("greeting", args)

pulumi.export("urls", api.urls)
pulumi.export("stable_version_id", api.stable_version_id)
pulumi.export("candidate_version_id", api.candidate_version_id)
