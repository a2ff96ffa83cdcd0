"""Origins and origin groups: one for each region that CloudFront may ask, and the bucket of files."""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import pulumi_aws as aws

from edgewright._normalise import is_later
from edgewright.hosts.cloudfront import policies
from edgewright.hosts.cloudfront.site import Site
from edgewright.spec.models import RouterSpec

FAILOVER_STATUSES = (400, 403, 404, 416, 429, 500, 502, 503, 504)
"""Statuses of an origin after which CloudFront can ask another."""
PENDING_ORIGIN = "origin.invalid"
"""Stands for the origin of a distribution whose function answers everything itself (RFC 2606)."""


def origins_of(site: Site, bucket: "aws.s3.Bucket | None") -> tuple[list[Any], list[Any]]:
    """Return the distribution's origins and the groups that fail over between them."""
    origins: list[Any] = []
    groups: list[Any] = []
    grouped = {served.router for served in site.served if site.failover(served)}
    for name in sorted(site.routers):
        router = site.routers[name]
        order = router["order"][router["fallback"]][: 2 if name in grouped else 1]
        for attempt, region in enumerate(order):
            (found,) = [origin for origin in router["origins"] if origin["region"] == region]
            origins.append(_custom_origin(site, f"{name}-{attempt}", found["url"], router, attempt, name in grouped))
        if name in grouped:
            statuses = [status for status in router["retry_statuses"] if status in FAILOVER_STATUSES]
            groups.append(
                {
                    "origin_id": name,
                    "failover_criteria": {"status_codes": sorted(statuses or [502, 503, 504])},
                    "members": [{"origin_id": f"{name}-0"}, {"origin_id": f"{name}-1"}],
                }
            )
    if not origins:
        default = RouterSpec.model_fields["timeout_ms"].default
        pending = {"timeout_ms": default, "fallback": ""}
        origins.append(_custom_origin(site, "none", f"https://{PENDING_ORIGIN}", pending, 0, False))
    if bucket is not None:
        control = aws.cloudfront.OriginAccessControl(
            f"{site.name}-access",
            description=f"Lets {site.name} read its files.",
            name=policies.physical(f"{site.name}-access", "s3", policies.MAX_NAME),
            origin_access_control_origin_type="s3",
            signing_behavior="always",
            signing_protocol="sigv4",
            opts=site.child,
        )
        origins.append(
            {
                "origin_id": "assets",
                "domain_name": bucket.bucket_regional_domain_name,
                "origin_access_control_id": control.id,
                **_shield(site.given.get("origin_shield")),
            }
        )
    return origins, groups


def _shield(region: str | None) -> dict[str, Any]:
    return {"origin_shield": {"enabled": True, "origin_shield_region": region}} if region else {}


def _custom_origin(
    site: Site, origin_id: str, url: Any, router: Mapping[str, Any], attempt: int, grouped: bool
) -> dict[str, Any]:
    timeout = max(1, -(-router["timeout_ms"] // 1000))
    return {
        "origin_id": origin_id,
        "domain_name": _of(url, lambda known: urlsplit(known).hostname or PENDING_ORIGIN),
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
        **_shield(site.shield(router.get("name", ""))),
    }


def _of(url: Any, part: Callable[[str], Any]) -> Any:
    return url.apply(part) if is_later(url) else part(url)


def _port(url: str, scheme: str) -> int:
    parts = urlsplit(url)
    if parts.scheme == scheme and parts.port is not None:
        return parts.port
    return 80 if scheme == "http" else 443
