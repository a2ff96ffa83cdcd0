"""Caching: what is cached, for how long, under which key, and what must never be."""

from edgewright_policies.caching import freshness, sharing
from edgewright_policies.rule import in_order

RULES = in_order(freshness.RULES, sharing.RULES)
