"""What becomes of each kind of resource when it has to be replaced, and when its component is protected.

One table for every type that the components make. The options follow from it, by a transformation that each component gives
its children, so that nothing has to be remembered where a resource is declared. See docs/decisions/0010-lifecycles.md.
"""

import enum
import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi

from edgewright.base.faults import Faults, show


class Replaced(enum.Enum):
    """What a change does to a resource where its provider cannot update it in place."""

    NEVER = "no argument of a component changes what its provider replaces it for"
    BESIDE = "the next one is made beside it: its name is made by Pulumi or of its content, or it has none"
    DELETED_FIRST = "its name or its place can be one resource's only: it is deleted, then the next one is made"
    REFUSED = "it holds data: what would replace it is not passed on, and where it was asked for, it is refused"


@dataclass(frozen=True)
class Lifecycle:
    """What is done with the resources of one type."""

    replaced: Replaced
    keeps: tuple[str, ...] = ()
    """Properties that stay as they were made, whatever the program says."""
    protected: bool = True
    """Whether it takes part in its component's protection. What a deployment makes anew does not: protection forbids
    replacement too."""


_NEVER = Lifecycle(Replaced.NEVER)
_BESIDE = Lifecycle(Replaced.BESIDE)
_DELETED_FIRST = Lifecycle(Replaced.DELETED_FIRST)
_EACH_TIME = Lifecycle(Replaced.BESIDE, protected=False)

LIFECYCLES: Mapping[str, Lifecycle] = {
    # A Worker is renamed in place, and with it what leads to it is replaced.
    "cloudflare:index/worker:Worker": _NEVER,
    # Every change makes a new one; their deletion sends nothing to the account.
    "cloudflare:index/workerVersion:WorkerVersion": _EACH_TIME,
    "cloudflare:index/workersDeployment:WorkersDeployment": _EACH_TIME,
    # A hostname is one custom domain's (100116).
    "cloudflare:index/workersCustomDomain:WorkersCustomDomain": _DELETED_FIRST,
    "cloudflare:index/workersRoute:WorkersRoute": _DELETED_FIRST,
    # A zone has one entry point a phase (20217), whatever its name. The one of a sticky rollout goes with it, and is never
    # protected, which its own options say.
    "cloudflare:index/ruleset:Ruleset": Lifecycle(Replaced.DELETED_FIRST, keeps=("name",)),
    "cloudflare:index/argoTieredCaching:ArgoTieredCaching": _NEVER,
    "cloudflare:index/tieredCache:TieredCache": _NEVER,
    "cloudflare:index/workersKvNamespace:WorkersKvNamespace": Lifecycle(
        Replaced.REFUSED, keeps=("account_id", "jurisdiction")
    ),
    # A seed is its key's, and stays where its namespace is.
    "cloudflare:index/workersKv:WorkersKv": _NEVER,
    "aws:acm/certificate:Certificate": _BESIDE,
    # Nothing in the account.
    "aws:acm/certificateValidation:CertificateValidation": _EACH_TIME,
    "aws:cloudfront/distribution:Distribution": _NEVER,
    # Of a rollout, and gone with it.
    "aws:cloudfront/continuousDeploymentPolicy:ContinuousDeploymentPolicy": _EACH_TIME,
    # Named by their content.
    "aws:cloudfront/cachePolicy:CachePolicy": _EACH_TIME,
    "aws:cloudfront/function:Function": _EACH_TIME,
    "aws:cloudfront/originRequestPolicy:OriginRequestPolicy": _EACH_TIME,
    "aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy": _EACH_TIME,
    "aws:cloudfront/keyValueStore:KeyValueStore": Lifecycle(Replaced.REFUSED, keeps=("name",)),
    "aws:cloudfront/keyvaluestoreKeysExclusive:KeyvaluestoreKeysExclusive": _NEVER,
    "aws:cloudfront/monitoringSubscription:MonitoringSubscription": _NEVER,
    # Renamed in place.
    "aws:cloudfront/originAccessControl:OriginAccessControl": _NEVER,
    "aws:cloudwatch/dashboard:Dashboard": _BESIDE,
    # It holds what was logged.
    "aws:cloudwatch/logGroup:LogGroup": Lifecycle(Replaced.REFUSED, keeps=("name",)),
    # One source a distribution, and one delivery from it to a destination.
    "aws:cloudwatch/logDelivery:LogDelivery": _DELETED_FIRST,
    "aws:cloudwatch/logDeliveryDestination:LogDeliveryDestination": Lifecycle(Replaced.DELETED_FIRST, keeps=("name",)),
    "aws:cloudwatch/logDeliverySource:LogDeliverySource": Lifecycle(Replaced.DELETED_FIRST, keeps=("name",)),
    "aws:iam/role:Role": _BESIDE,
    "aws:iam/rolePolicy:RolePolicy": _BESIDE,
    # A given name is its function's own; what the old name leads to is retired, not deleted.
    "aws:lambda/function:Function": _BESIDE,
    # Of another name, type or zone.
    "aws:route53/record:Record": _BESIDE,
    "aws:s3/bucket:Bucket": _NEVER,
    # A file that is gone from the folder goes.
    "aws:s3/bucketObjectv2:BucketObjectv2": Lifecycle(Replaced.NEVER, protected=False),
    "aws:s3/bucketPolicy:BucketPolicy": _NEVER,
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": _NEVER,
    "aws:wafv2/webAcl:WebAcl": _BESIDE,
}
"""What the providers replace a resource for is in their schemas: `RequiresReplace` in cloudflare/terraform-provider-cloudflare,
`ForceNew` and `RequiresReplace` in hashicorp/terraform-provider-aws."""


def with_lifecycles(opts: pulumi.ResourceOptions | None) -> pulumi.ResourceOptions:
    """Return a component's options with which its children get theirs. What a child or the program's own transformations
    say goes before."""
    return pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(transformations=[_transform]))


def _transform(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
    lifecycle = LIFECYCLES.get(args.type_)
    if lifecycle is None:
        return None
    own = pulumi.ResourceOptions(
        delete_before_replace=True if lifecycle.replaced is Replaced.DELETED_FIRST else None,
        ignore_changes=list(lifecycle.keeps),
        protect=None if lifecycle.protected else False,
    )
    return pulumi.ResourceTransformationResult(args.props, pulumi.ResourceOptions.merge(own, args.opts))


@dataclass(frozen=True)
class Held:
    """What a store was made with, and what the program asks for now."""

    actual: Any
    asked: Any
    private: bool = False
    """Whether a fault names the argument alone, without its values."""


def check_store(component: str, name: str, held: Mapping[str, Held]) -> None:
    """Raise a fault where the program asks for another store than the one that has the data.

    The store keeps what :data:`LIFECYCLES` says it keeps, so its outputs say what it was made with. They are known in a
    preview, which fails then, before anything is changed. Nothing waits for this: what a provider does not tell would make
    a change of each preview.
    """
    for key, each in held.items():
        pulumi.Output.all(each.actual, each.asked).apply(
            functools.partial(_check_held, component, name, key, each.private)
        )


def _check_held(component: str, name: str, key: str, private: bool, values: list[Any]) -> None:
    actual, asked = values
    if (actual or None) == (asked or None):
        return
    wanted = "the new value" if private else show(asked) if asked else "nothing"
    made = "something else" if private else show(actual) if actual else f"no `{key}`"
    faults = Faults(component, name)
    faults.add(
        key,
        f"{wanted} asks for a new store in place of the one that holds the data, which was made with {made}",
        fix="Put the value back to keep the store. For a new one declare a second component, copy the data, lead the"
        " API to it, and remove this one then.",
    )
    faults.raise_if_any()
