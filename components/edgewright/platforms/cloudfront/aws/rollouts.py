"""What of a distribution may not change while a rollout is staged, and in the step that promotes it."""

from collections.abc import Mapping

SOURCE = (
    "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/"
    "continuous-deployment-quotas-considerations.html"
)

FIXED: Mapping[str, object] = {
    "aliases": [],
    "cacheTagConfig": None,
    "enabled": True,
    "httpVersion": "http2",
    "isIpv6Enabled": False,
    "priceClass": "PriceClass_All",
    "viewerCertificate": None,
}
"""Properties that stay as they are, with what each is where it is left out: everything but behaviors, origins and their
groups, error responses, geography, root object, logging and comment. A web ACL may be exchanged, but not come or go."""
