"""Security: transport, headers, secrets, and what is open to the public."""

from edgewright_policies.rule import in_order
from edgewright_policies.security import access, buckets, headers, secrets, transport

RULES = in_order(access.RULES, buckets.RULES, headers.RULES, secrets.RULES, transport.RULES)
