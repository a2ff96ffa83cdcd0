"""AWS at the edge: what Lambda@Edge and CloudFront refuse, hours after the plan said yes."""

from edgewright_policies.aws import cloudfront, lambda_edge, packages
from edgewright_policies.rule import in_order

RULES = in_order(cloudfront.RULES, lambda_edge.RULES, packages.RULES)
