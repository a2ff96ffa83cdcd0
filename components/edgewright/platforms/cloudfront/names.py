"""What leads to the distribution: its certificate, DNS records and the web ACL in front of it."""

from typing import Any

import pulumi
import pulumi_aws as aws

from edgewright.platforms.cloudfront.options import REGION
from edgewright.platforms.cloudfront.rates import rate_rules, visibility
from edgewright.platforms.cloudfront.site import Site

CLOUDFRONT_ZONE = "Z2FDTNDATAQYW2"
"""The hosted zone of every distribution, for alias records."""


def certificate(site: Site) -> Any:
    """Return the ARN of the hostname's certificate; one is made and validated where a hosted zone is given."""
    if site.given.certificate_arn is not None or site.plan.hostname is None:
        return site.given.certificate_arn
    made = aws.acm.Certificate(
        f"{site.name}-certificate",
        region=REGION,
        domain_name=site.plan.hostname,
        validation_method="DNS",
        tags=dict(site.plan.tags),
        opts=site.child,
    )
    # Nothing is known of it where the program is only recorded, to be checked.
    option: pulumi.Output[Any] = made.domain_validation_options.apply(lambda options: options[0] if options else None)

    def part(name: str) -> pulumi.Output[Any]:
        return option.apply(lambda found: getattr(found, name, None))

    record = aws.route53.Record(
        f"{site.name}-certificate-record",
        zone_id=site.given.hosted_zone_id,
        name=part("resource_record_name"),
        type=part("resource_record_type"),
        records=[part("resource_record_value")],
        ttl=300,
        allow_overwrite=True,
        opts=site.child,
    )
    valid = aws.acm.CertificateValidation(
        f"{site.name}-certificate-validation",
        region=REGION,
        certificate_arn=made.arn,
        validation_record_fqdns=[record.fqdn],
        opts=site.child,
    )
    return valid.certificate_arn


def dns(site: Site, distribution: aws.cloudfront.Distribution) -> None:
    """Lead the hostname to the distribution."""
    if site.plan.hostname is None or site.given.hosted_zone_id is None:
        return
    for kind in ("A", "AAAA"):
        aws.route53.Record(
            f"{site.name}-{kind.lower()}-record",
            zone_id=site.given.hosted_zone_id,
            name=site.plan.hostname,
            type=kind,
            aliases=[{"name": distribution.domain_name, "zone_id": CLOUDFRONT_ZONE, "evaluate_target_health": False}],
            opts=site.child,
        )


def web_acl(site: Site) -> Any:
    """Return the ARN of the web ACL: the one given, or one made of the endpoints' rate limits."""
    rules: Any = rate_rules(site.settings.endpoints)
    if not rules:
        return site.given.web_acl_arn
    allow: Any = {"allow": {}}
    counted: Any = visibility(f"{site.name}-web-acl")
    acl = aws.wafv2.WebAcl(
        f"{site.name}-web-acl",
        region=REGION,
        scope="CLOUDFRONT",
        description=f"Rate limits of {site.name}, by edgewright.",
        default_action=allow,
        rules=rules,
        visibility_config=counted,
        tags=dict(site.plan.tags),
        opts=site.child,
    )
    return acl.arn
