"""Platform limits as dated data: one loader for components, policies, the local cloud and error messages.

>>> from edgewright.contract.limits import limit
>>> limit("cloudflare.kv.value_bytes").text
'25 MiB'
"""

from edgewright.contract.limits.loader import (
    STALE_AFTER_DAYS,
    Limit,
    LimitError,
    Overrides,
    all_limits,
    check_overrides,
    check_plans,
    limit,
    platforms,
    stale_warnings,
)

__all__ = [
    "STALE_AFTER_DAYS",
    "Limit",
    "LimitError",
    "Overrides",
    "all_limits",
    "check_overrides",
    "check_plans",
    "limit",
    "platforms",
    "stale_warnings",
]
