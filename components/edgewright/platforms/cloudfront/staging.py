"""What a rollout is made of: which version most requests get, and who gets the other one."""

from typing import Any

import pulumi
import pulumi_aws as aws

from edgewright.base.fault_codes import Code
from edgewright.base.faults import Faults
from edgewright.platforms.cloudfront import lambda_edge
from edgewright.platforms.cloudfront.site import Site


def stable_arn(site: Site, edge: lambda_edge.EdgeFunction) -> Any:
    """Return the ARN of the version that most requests get: during a rollout the previous one."""
    if not site.plan.rollout.staged:
        return edge.resource.qualified_arn

    def numbered(known: list[Any]) -> str:
        arn, previous = known
        if not previous:
            faults = Faults("EdgeApi", site.name)
            faults.add(
                "rollout.previous_version_id",
                "is empty, so that there is no version to keep the rest of the requests",
                code=Code.ROLLOUT_STATE,
                fix="Deploy once with `percentage: 100`.",
            )
            faults.raise_if_any()
        return f"{arn}:{previous}"

    return pulumi.Output.all(edge.resource.arn, site.plan.rollout.previous).apply(numbered)


def policy_of(site: Site, staging: aws.cloudfront.Distribution) -> aws.cloudfront.ContinuousDeploymentPolicy:
    """Make the policy that sends some of the requests to the staging distribution."""
    rollout = site.plan.rollout
    if rollout.header:
        traffic: Any = {
            "type": "SingleHeader",
            "single_header_config": {"header": rollout.header["name"], "value": rollout.header["value"]},
        }
    else:
        weight: dict[str, Any] = {"weight": round(rollout.percentage / 100, 4)}
        if rollout.session:
            weight["session_stickiness_config"] = {
                "idle_ttl": rollout.session["idle"],
                "maximum_ttl": rollout.session["longest"],
            }
        traffic = {"type": "SingleWeight", "single_weight_config": weight}
    return aws.cloudfront.ContinuousDeploymentPolicy(
        f"{site.name}-rollout",
        enabled=True,
        staging_distribution_dns_names={"items": [staging.domain_name], "quantity": 1},
        traffic_config=traffic,
        opts=site.child,
    )
