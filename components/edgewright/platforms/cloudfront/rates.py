"""Rate limits as rules of AWS WAF."""

import re
from collections.abc import Sequence
from typing import Any

from edgewright.contract.models import EndpointSpec, RateLimitSpec


def path_expression(path: str) -> str:
    """Return the regular expression by which a rule knows an endpoint's path."""
    escaped = re.sub(r"([.+^$(){}|\[\]\\])", r"\\\1", path).replace("*", ".*")
    return f"^{re.sub(r':[^/]+', '[^/]+', escaped)}/?$"


def rate_rules(endpoints: Sequence[EndpointSpec]) -> list[dict[str, Any]]:
    """Return a rate-based rule for each endpoint of the settings that has a limit."""
    limited = [(item, item.rate_limit) for item in endpoints if item.rate_limit is not None]
    paths = [endpoint.path for endpoint in endpoints]
    return [_rate_rule(index, item, rate, paths.count(item.path) > 1) for index, (item, rate) in enumerate(limited)]


def visibility(name: str) -> dict[str, Any]:
    """Return what is counted of a rule or of a web ACL."""
    return {"cloudwatch_metrics_enabled": True, "metric_name": name, "sampled_requests_enabled": True}


def _rate_rule(priority: int, item: EndpointSpec, rate: RateLimitSpec, shared: bool) -> dict[str, Any]:
    name = rate.binding.lower().replace("_", "-")
    matches = _path_match(item.path)
    if shared and "*" not in item.methods:
        # Another endpoint of the path takes the other methods, which are not to count here.
        matches = {"and_statement": {"statements": [matches, _method_match(item.methods)]}}
    return {
        "name": name,
        "priority": priority,
        "action": {"block": {"custom_response": {"response_code": 429}}},
        "statement": {
            "rate_based_statement": {
                "limit": rate.limit,
                "evaluation_window_sec": rate.period_s,
                "aggregate_key_type": "IP",
                "scope_down_statement": matches,
            }
        },
        "visibility_config": visibility(name),
    }


def _path_match(path: str) -> dict[str, Any]:
    return {
        "regex_match_statement": {
            "regex_string": path_expression(path),
            "field_to_match": {"uri_path": {}},
            "text_transformations": [
                {"priority": 0, "type": "URL_DECODE"},
                {"priority": 1, "type": "NORMALIZE_PATH"},
            ],
        }
    }


def _method_match(methods: Sequence[str]) -> dict[str, Any]:
    # HEAD comes with GET.
    taken = sorted({*methods, *(["HEAD"] if "GET" in methods else [])})
    return {
        "regex_match_statement": {
            "regex_string": f"^({'|'.join(taken)})$",
            "field_to_match": {"method": {}},
            "text_transformations": [{"priority": 0, "type": "NONE"}],
        }
    }
