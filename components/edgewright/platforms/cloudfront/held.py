"""What CloudFront holds a distribution to while a rollout is staged: told before AWS is asked, in a preview too.

A component does not see what is deployed. The engine does, and asks a hook before it updates a resource, with what was
deployed and what is to be.
"""

import uuid
from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi.output import Unknown

from edgewright.base.fault_codes import Code
from edgewright.base.faults import Faults
from edgewright.engine.resources import Inputs
from edgewright.platforms.cloudfront.aws.rollouts import FIXED, SOURCE

_ARGUMENTS: Mapping[str, str] = {
    "aliases": "hostname",
    "cacheTagConfig": "endpoints",
    "httpVersion": "rollout",
    "priceClass": "cloudfront.price_class",
    "viewerCertificate": "cloudfront.certificate_arn",
}
"""Properties of the distribution that an argument sets; the others only a program's own transforms do."""

_WHAT: Mapping[str, str] = {
    # A staging distribution has the certificate of the hostname, and not the hostname.
    "cloudfront.certificate_arn": "or `hostname`: the certificate is another one",
    "endpoints": "get their first strategy with `tags`, or lose the last,",
    "rollout": "is left out, which turns HTTP/3 on,",
}

_STEPS = (
    "1. Take this change back. 2. Promote the rollout (`percentage: 100`), or give it up, in a deployment of its own."
    " 3. Make the change in the next."
)


def with_hook(name: str, opts: pulumi.ResourceOptions) -> pulumi.ResourceOptions:
    """Return a distribution's options with which its updates are judged.

    Args:
        name: the API's name.
        opts: the options without it.
    """

    async def judge(args: pulumi.ResourceHookArgs) -> None:
        await refuse(name, args)

    # A name is one hook's in a deployment, and two APIs of different parents may share theirs.
    hook = pulumi.ResourceHook(
        f"{name}-rollout-{uuid.uuid4().hex[:8]}", judge, pulumi.ResourceHookOptions(on_dry_run=True)
    )
    return pulumi.ResourceOptions.merge(
        opts, pulumi.ResourceOptions(hooks=pulumi.ResourceHookBinding(before_update=[hook]))
    )


async def refuse(name: str, args: pulumi.ResourceHookArgs) -> None:
    """Raise where an update has what CloudFront refuses of it.

    Raises:
        InputFaults: arguments that cannot change now; all such are named.
    """
    before, now = await _settings(args.old_inputs), await _settings(args.new_inputs)
    if not (before["continuousDeploymentPolicyId"] or before["staging"]):
        return
    faults = Faults("EdgeApi", name)
    changed = [key for key in FIXED if before[key] != now[key] and not _has_unknown(now[key])]
    if "aliases" in changed and "viewerCertificate" in changed:
        # Another hostname brings another certificate.
        changed.remove("viewerCertificate")
    for key in changed:
        argument = _ARGUMENTS.get(key, key)
        _add(argument, _WHAT.get(argument, "is another one"), faults)
    # One that will be made in this deployment is not known yet, and is one.
    if bool(before["webAclId"]) != bool(now["webAclId"]):
        which = "the first one comes" if now["webAclId"] else "the last one goes"
        _add("cloudfront.web_acl_arn", f"or `rate_limit`: {which}", faults)
    faults.raise_if_any()


async def _settings(inputs: Inputs | None) -> dict[str, Any]:
    """Return what of a distribution's inputs is judged, each with its default where it is left out."""
    given = inputs or {}
    defaults = {"continuousDeploymentPolicyId": "", "staging": False, "webAclId": "", **FIXED}
    return {key: _plain(await _known(given.get(key))) or default for key, default in defaults.items()}


def _add(argument: str, what: str, faults: Faults) -> None:
    faults.add(
        argument,
        f"{what} while a rollout is staged or promoted, which CloudFront refuses (`IllegalUpdate`, {SOURCE})",
        code=Code.ROLLOUT_STATE,
        fix=_STEPS,
    )


async def _known(value: Any) -> Any:
    """Return a value, which is an Output where it is secret."""
    return await value.future() if isinstance(value, pulumi.Output) else value


def _plain(value: Any) -> Any:
    """Return a value without what Pulumi notes of it in between."""
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items() if not key.startswith("__")}
    return [_plain(each) for each in value] if isinstance(value, list) else value


def _has_unknown(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(map(_has_unknown, value.values()))
    return any(map(_has_unknown, value)) if isinstance(value, list) else isinstance(value, Unknown)
