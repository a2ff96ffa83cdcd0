"""Rate limits: a counter for each key."""

from pydantic import JsonValue

from edgewright.contract.limits import limit
from edgewright.platforms.cloudflare.bindings._kind import Binding, Kind, in_option

_PERIODS = tuple(int(limit(f"cloudflare.workers.rate_limit_period_{each}_s").value) for each in ("short", "long"))


def _value(binding: Binding) -> JsonValue:
    period = binding["simple"].get("period")
    if period not in _PERIODS:
        raise ValueError(f"simple.period: must be {' or '.join(map(str, _PERIODS))} (seconds), got {period!r}")
    # Gap `rate-limit`: one counter for all data centres.
    return {
        "namespace_id": str(binding["namespaceId"]),
        "simple": {"limit": int(binding["simple"].get("limit", 0)), "period": int(period)},
    }


KIND = Kind(
    product="Workers rate limits",
    argument="endpoints[].rate_limit",
    needs=("namespaceId", "simple"),
    plays=in_option("ratelimits", _value),
)
