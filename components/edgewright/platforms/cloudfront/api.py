"""What CloudFront offers to the components. See :class:`edgewright.platforms.platform.Platform`."""

from edgewright.platforms.cloudfront.distribution import ERROR_STATUSES, METHODS, create, production
from edgewright.platforms.cloudfront.endpoints import check_arn, check_endpoints
from edgewright.platforms.cloudfront.operations import dashboard
from edgewright.platforms.cloudfront.package import bindings, bundle, modules
from edgewright.platforms.cloudfront.plan import Plan, check
from edgewright.platforms.cloudfront.policies import quotas
from edgewright.platforms.cloudfront.stores import check_store, create_store

__all__ = [
    "ERROR_STATUSES",
    "METHODS",
    "Plan",
    "bindings",
    "bundle",
    "check",
    "check_arn",
    "check_endpoints",
    "check_store",
    "create",
    "create_store",
    "dashboard",
    "modules",
    "production",
    "quotas",
]
