"""CloudFront: how an API becomes a distribution with a function at its edge, and a store a KeyValueStore.

Endpoints become behaviors. The portable core runs on origin-request and origin-response: it routes, checks who is asking,
chooses the region's origin, which CloudFront then asks itself, and tells CloudFront what to store. What is cheap at the viewer
is a CloudFront Function.

One room a part: `plan` and `endpoints` check what was asked for, `behaviors` orders the paths, `package` makes the function's
code, `distribution` puts the resources of `origins`, `files`, `viewer`, `policies`, `names` and `operations` together.
"""

from edgewright.hosts.cloudfront.distribution import ERROR_STATUSES, METHODS, create, production
from edgewright.hosts.cloudfront.endpoints import check_arn, check_endpoints
from edgewright.hosts.cloudfront.operations import dashboard
from edgewright.hosts.cloudfront.package import bindings, bundle, modules
from edgewright.hosts.cloudfront.plan import Plan, check
from edgewright.hosts.cloudfront.policies import quotas
from edgewright.hosts.cloudfront.stores import check_store, create_store

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
