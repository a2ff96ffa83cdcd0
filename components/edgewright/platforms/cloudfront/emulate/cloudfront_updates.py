"""What CloudFront refuses of a change while a continuous deployment policy is attached to a distribution."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from edgewright.engine.resources import Inputs
from edgewright.platforms.cloudfront.aws.rollouts import FIXED, SOURCE

Held = Mapping[str, str]
"""What of a distribution may not change, each setting as JSON."""

_STEPS = (
    "First promote or give up the rollout without this change, in a deployment of its own that takes the policy away; change"
    f" this then ({SOURCE})"
)


def held(inputs: Inputs) -> dict[str, str]:
    """Return what a distribution is held to while it has a policy, or is a staging one."""
    found = {key: _plain(inputs.get(key) or default) for key, default in FIXED.items()}
    found["webAclId"] = _plain(bool(inputs.get("webAclId")))
    found["attached"] = _plain(bool(inputs.get("continuousDeploymentPolicyId") or inputs.get("staging")))
    return found


def refused(inputs: Inputs, before: Held) -> Iterable[str]:
    """Yield what CloudFront would refuse of an update, after what the distribution was."""
    if before.get("attached") != "true":
        return
    now = held(inputs)
    changed = [key for key in FIXED if now[key] != before.get(key)]
    if changed:
        yield (
            f"{', '.join(changed)}: IllegalUpdate: One or more fields updated are not supported while a continuous deployment"
            f" policy is attached. {_STEPS}"
        )
    if now["webAclId"] != before.get("webAclId"):
        what = "associated for the first time" if now["webAclId"] == "true" else "taken away"
        yield f"webAclId: a web ACL cannot be {what} while continuous deployment is on. {_STEPS}"


def _plain(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)
