"""Origins and origin groups: those that CloudFront asks itself, the bucket of files, and a name that is always found.

CloudFront looks the name of a behavior's origin up before the API's function runs on origin-request, and answers 502 where
there is none. So what the function answers, or sends to an origin of its own choice, has the name of a bucket of the stack
there: no origin of a user's, whose name may go away, decides about other endpoints and regions.
https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-at-edge-function-restrictions.html
"""

from collections.abc import Callable, Mapping, Set
from typing import Any, TypeVar
from urllib.parse import urlsplit

import pulumi_aws as aws

from edgewright.arguments.shape import Later, is_later
from edgewright.contract.models import RouterSpec
from edgewright.platforms.cloudfront import policies
from edgewright.platforms.cloudfront.behaviors import Served
from edgewright.platforms.cloudfront.site import Site

T = TypeVar("T")

FAILOVER_STATUSES = (400, 403, 404, 416, 429, 500, 502, 503, 504)
"""Statuses of an origin after which CloudFront can ask another."""
FUNCTION = "function"
"""The origin of what the function answers itself. Nobody asks it."""


def target_of(site: Site, served: Served) -> str:
    """Return the origin, or the group of origins, that a behavior has."""
    name = served.router
    if name is None:
        return _target_of_nothing(site) if not served.specs else FUNCTION
    if site.failover(served) and not served.behavior.default:
        return name
    sent_on = all(spec.origin is not None for spec in served.specs)
    # Where there is one origin, its name is the one that has to be found.
    return f"{name}-0" if sent_on and len(site.routers[name].origins) == 1 else f"{name}-any"


def _target_of_nothing(site: Site) -> str:
    """Return the origin of a default behavior that no endpoint has: what others have where one will do."""
    targets = {target_of(site, each) for each in site.served if each.specs}
    if not targets or FUNCTION in targets:
        return FUNCTION
    name = min(site.routers)
    return f"{name}-any" if f"{name}-any" in targets else f"{name}-0"


def needs_name(site: Site) -> bool:
    """Say whether some behavior has no origin of a user's, so that the stack has to have a name for it."""
    return any(
        target == FUNCTION or target.endswith("-any") for target in (target_of(site, each) for each in site.served)
    )


def origins_of(
    site: Site, bucket: "aws.s3.Bucket | None", named: "aws.s3.Bucket | None"
) -> tuple[list[Any], list[Any]]:
    """Return the distribution's origins and the groups that fail over between them.

    `bucket` has the files, `named` the name for what the function answers.
    """
    targets = {target_of(site, each) for each in site.served}
    origins, groups = _routed(site, targets, named)
    if FUNCTION in targets and named is not None:
        origins.append(_named(FUNCTION, named, _shield(site.given.origin_shield)))
    if bucket is not None:
        origins.append(_files(site, bucket))
    return origins, groups


def _routed(site: Site, targets: Set[str], named: "aws.s3.Bucket | None") -> tuple[list[Any], list[Any]]:
    """Return the origins of the routers, and the groups."""
    origins: list[Any] = []
    groups: list[Any] = []
    for name in sorted(site.routers):
        router = site.routers[name]
        grouped = name in targets
        order = router.order[router.fallback][: 2 if grouped else 1 if f"{name}-0" in targets else 0]
        for attempt, region in enumerate(order):
            url = site.compiled.url(name, region)
            origins.append(_custom_origin(site, f"{name}-{attempt}", url, router, attempt, grouped))
        if f"{name}-any" in targets and named is not None:
            patience = {"connection_attempts": 2, "connection_timeout": min(10, _seconds(router))}
            origins.append(_named(f"{name}-any", named, {**patience, **_shield(site.shield(name))}))
        if grouped:
            statuses = [status for status in router.retry_statuses if status in FAILOVER_STATUSES]
            groups.append(
                {
                    "origin_id": name,
                    "failover_criteria": {"status_codes": sorted(statuses or [502, 503, 504])},
                    "members": [{"origin_id": f"{name}-0"}, {"origin_id": f"{name}-1"}],
                }
            )
    return origins, groups


def _named(origin_id: str, bucket: aws.s3.Bucket, more: Mapping[str, object]) -> dict[str, Any]:
    # Without an access control: what the function sends elsewhere is not signed for S3.
    access: Any = {"origin_access_identity": ""}
    return {
        "origin_id": origin_id,
        "domain_name": bucket.bucket_regional_domain_name,
        "s3_origin_config": access,
        **more,
    }


def _files(site: Site, bucket: aws.s3.Bucket) -> dict[str, Any]:
    """Return the bucket of files, which the distribution alone may read."""
    control = aws.cloudfront.OriginAccessControl(
        f"{site.name}-access",
        description=f"Lets {site.name} read its files.",
        name=policies.physical(f"{site.name}-access", "s3", policies.MAX_NAME),
        origin_access_control_origin_type="s3",
        signing_behavior="always",
        signing_protocol="sigv4",
        opts=site.child,
    )
    return {
        "origin_id": "assets",
        "domain_name": bucket.bucket_regional_domain_name,
        "origin_access_control_id": control.id,
        **_shield(site.given.origin_shield),
    }


def _shield(region: str | None) -> dict[str, Any]:
    return {"origin_shield": {"enabled": True, "origin_shield_region": region}} if region else {}


def _custom_origin(
    site: Site, origin_id: str, url: Later[str], router: RouterSpec, attempt: int, grouped: bool
) -> dict[str, Any]:
    timeout = _seconds(router)
    return {
        "origin_id": origin_id,
        "domain_name": _of(url, lambda known: urlsplit(known).hostname or ""),
        "connection_attempts": 1 if grouped else 2,
        "connection_timeout": min(10, timeout),
        "custom_headers": [{"name": "x-edgewright-attempt", "value": str(attempt)}],
        "custom_origin_config": {
            "http_port": _of(url, lambda known: _port(known, "http")),
            "https_port": _of(url, lambda known: _port(known, "https")),
            "origin_protocol_policy": _of(url, lambda known: f"{urlsplit(known).scheme}-only"),
            "origin_ssl_protocols": ["TLSv1.2"],
            "origin_read_timeout": min(60, max(4, timeout)),
            "origin_keepalive_timeout": 5,
        },
        **_shield(site.shield(router.name)),
    }


def _seconds(router: RouterSpec) -> int:
    return max(1, -(-router.timeout_ms // 1000))


def _of(url: Later[str], part: Callable[[str], T]) -> Later[T]:
    return url.apply(part) if is_later(url) else part(url)


def _port(url: str, scheme: str) -> int:
    parts = urlsplit(url)
    if parts.scheme == scheme and parts.port is not None:
        return parts.port
    return 80 if scheme == "http" else 443
