"""Routing: regions, failover, routes and the percentages of a rollout."""

from edgewright_policies.routing import origins, rollout, routes
from edgewright_policies.rule import in_order

RULES = in_order(origins.RULES, rollout.RULES, routes.RULES)
