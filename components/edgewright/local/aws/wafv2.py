"""AWS WAF."""

from collections.abc import Iterable
from typing import Final

from edgewright.local.aws.account import (
    REGION,
    all_tags,
    by,
    first_part,
    in_region,
    region,
    regional_arn,
    uuid_of,
)
from edgewright.local.handlers import Handler, Inputs, uuid_id

WEB_ACL = "aws:wafv2/webAcl:WebAcl"


def _check_web_acl(inputs: Inputs) -> Iterable[str]:
    if inputs.get("scope") == "CLOUDFRONT" and region(inputs) != REGION:
        yield f'region: a web ACL of the scope CLOUDFRONT is in {REGION}, got {region(inputs)!r}; set region="{REGION}"'


HANDLERS: Final[dict[str, Handler]] = {
    WEB_ACL: Handler(
        by("name", "scope"),
        lambda i, identity: {
            "applicationIntegrationUrl": "",
            "arn": regional_arn(
                "wafv2",
                i,
                f"{'global' if i.get('scope') == 'CLOUDFRONT' else 'regional'}/webacl/{i.get('name')}/{identity}",
            ),
            "capacity": 0,
            "lockToken": uuid_id("lock", dict(i)),
            "region": region(i),
            **all_tags(i),
        },
        ("defaultAction", "scope", "visibilityConfig"),
        _check_web_acl,
        make_id=uuid_of,
        gap="aws-waf",
        auto_name="name",
        auto_prefix=True,
    ),
    "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration": Handler(
        by("resourceArn"), in_region, ("logDestinationConfigs", "resourceArn"), make_id=first_part, gap="aws-waf"
    ),
}
