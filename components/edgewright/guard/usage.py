"""How much of each limit a stack uses, as far as its resources tell."""

import base64
import binascii
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from edgewright.program.resources import Capture, Resource

_CF = "cloudflare:index/"
_AWS = "aws:"


def _size(value: object) -> int:
    return len(value.encode("utf-8", "surrogatepass")) if isinstance(value, str) else 0


def _items(value: object) -> list[Mapping[str, Any]]:
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list | tuple) else []


def _modules_bytes(resource: Resource) -> int:
    total = _size(resource.inputs.get("content"))
    for module in _items(resource.inputs.get("modules")):
        encoded = module.get("contentBase64")
        if isinstance(encoded, str):
            try:
                total += len(base64.b64decode(encoded, validate=False))
            except (binascii.Error, ValueError):
                continue
    return total


def _number(value: object) -> float:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else 0


def _most(values: Iterable[float]) -> float | None:
    found = [each for each in values if each]
    return max(found) if found else None


def usage(capture: Capture) -> dict[str, float]:
    """Return limit id to the most that this stack uses of it; limits of which the resources say nothing are left out.

    A quota of the account (how many Workers, how many policies) counts this stack's own only.
    """
    own = [each for each in capture if not each.read]
    by_type: dict[str, list[Resource]] = {}
    for each in own:
        by_type.setdefault(each.type, []).append(each)

    def of(*tokens: str) -> list[Resource]:
        return [resource for token in tokens for resource in by_type.get(token, ())]

    kv = of(f"{_CF}workersKv:WorkersKv")
    workers = of(f"{_CF}workerVersion:WorkerVersion", f"{_CF}workersScript:WorkersScript")
    variables = [
        [
            each
            for each in _items(worker.inputs.get("bindings"))
            if each.get("type") in ("plain_text", "secret_text", "json")
        ]
        for worker in workers
    ]
    limits = [limit for worker in workers if isinstance(limit := worker.inputs.get("limits"), Mapping)]
    crons = of(f"{_CF}workersCronTrigger:WorkersCronTrigger")
    phases = Counter(
        (str(each.inputs.get("zoneId")), str(each.inputs.get("phase")))
        for each in of(f"{_CF}ruleset:Ruleset")
        if each.inputs.get("kind") != "custom"
    )
    distributions = of(f"{_AWS}cloudfront/distribution:Distribution")

    def listed(resource: Resource, name: str) -> int:
        value = resource.inputs.get(name)
        return len(value) if isinstance(value, list | tuple) else 0

    functions = of(f"{_AWS}cloudfront/function:Function")
    pairs = of(f"{_AWS}cloudfront/keyvaluestoreKey:KeyvaluestoreKey")
    found: dict[str, float | None] = {
        "cloudflare.workers.scripts": len(of(f"{_CF}worker:Worker", f"{_CF}workersScript:WorkersScript")),
        "cloudflare.workers.script_bytes": _most(map(_modules_bytes, workers)),
        "cloudflare.workers.cpu_ms_guardrail": _most(_number(each.get("cpuMs")) for each in limits),
        "cloudflare.workers.subrequests": _most(_number(each.get("subrequests")) for each in limits),
        "cloudflare.workers.env_vars": _most(map(len, variables)),
        "cloudflare.workers.env_var_bytes": _most(_size(each.get("text")) for some in variables for each in some),
        "cloudflare.workers.crons": sum(listed(each, "schedules") for each in crons),
        "cloudflare.workers.deployment_versions": _most(
            listed(each, "versions") for each in of(f"{_CF}workersDeployment:WorkersDeployment")
        ),
        "cloudflare.kv.value_bytes": _most(_size(each.inputs.get("value")) for each in kv),
        "cloudflare.kv.key_bytes": _most(_size(each.inputs.get("keyName")) for each in kv),
        "cloudflare.kv.metadata_bytes": _most(_size(each.inputs.get("metadata")) for each in kv),
        "cloudflare.d1.databases": len(of(f"{_CF}d1Database:D1Database")),
        "cloudflare.rulesets.per_phase": _most(phases.values()),
        "cloudfront.cache_policies": len(of(f"{_AWS}cloudfront/cachePolicy:CachePolicy")),
        "cloudfront.origin_request_policies": len(of(f"{_AWS}cloudfront/originRequestPolicy:OriginRequestPolicy")),
        "cloudfront.response_headers_policies": len(
            of(f"{_AWS}cloudfront/responseHeadersPolicy:ResponseHeadersPolicy")
        ),
        "cloudfront.distributions": len(distributions),
        "cloudfront.distribution.behaviors": _most(listed(each, "orderedCacheBehaviors") + 1 for each in distributions),
        "cloudfront.distribution.origins": _most(listed(each, "origins") for each in distributions),
        "cloudfront.distribution.origin_groups": _most(listed(each, "originGroups") for each in distributions),
        "cloudfront.distribution.cnames": _most(listed(each, "aliases") for each in distributions),
        "cloudfront.functions": len(functions),
        "cloudfront.functions.code_bytes": _most(_size(each.inputs.get("code")) for each in functions),
        "cloudfront.kvs.key_bytes": _most(_size(each.inputs.get("key")) for each in pairs),
        "cloudfront.kvs.value_bytes": _most(_size(each.inputs.get("value")) for each in pairs),
    }
    return {name: value for name, value in found.items() if value}
