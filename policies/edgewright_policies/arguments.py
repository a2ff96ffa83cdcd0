"""What to set on a component of edgewright, where a policy judges a resource that the component made.

Such a resource's own properties are not the user's to change: the component's arguments are.
"""

from edgewright_policies.types import (
    CLOUDFRONT_CACHE_POLICY,
    CLOUDFRONT_KVS_KEY,
    DISTRIBUTION,
    LAMBDA_FUNCTION,
    LOG_GROUP,
    RESPONSE_HEADERS_POLICY,
    S3_BUCKET,
    S3_OBJECT_V2,
    WORKER,
    WORKER_VERSION,
    WORKERS_DEPLOYMENT,
    WORKERS_KV,
    WORKERS_KV_NAMESPACE,
    WORKERS_SCRIPT_SUBDOMAIN,
)

_PREFIX = "edgewright:index:"
_SHARED = {
    (RESPONSE_HEADERS_POLICY, "edgewright-headers-"): "EdgeApi",
    (CLOUDFRONT_CACHE_POLICY, "edgewright-cache-"): "CachePolicy",
}
"""Resources that the components of a stack share, which belong to none of them, by their names."""

_ON_API = "on the EdgeApi"
_OWNER = f'Set `tags: ["owner:<team>"]` {_ON_API}.'
_TIMES = f"Set `assets[].browser_ttl`, or `assets[].immutable: True` where every name there has a version, {_ON_API}."

ARGUMENTS: dict[tuple[str, str, str], tuple[tuple[str, str], ...]] = {
    ("hsts-missing", "EdgeApi", RESPONSE_HEADERS_POLICY): (("", f"Set `security_headers: True` {_ON_API}."),),
    ("csp-missing", "EdgeApi", RESPONSE_HEADERS_POLICY): (("", f"Set `assets[].content_security_policy` {_ON_API}."),),
    ("response-headers-missing", "EdgeApi", DISTRIBUTION): (
        ("", f"Set `security_headers: True`, and `assets[].content_security_policy` for HTML, {_ON_API}."),
    ),
    ("stale-while-revalidate-missing", "EdgeApi", S3_OBJECT_V2): (
        (
            "",
            f"Set `assets[].immutable: True` where every name there has a version, else an `assets[].browser_ttl` of less than"
            f" an hour, {_ON_API}.",
        ),
    ),
    ("static-ttl-short", "EdgeApi", S3_OBJECT_V2): (("", _TIMES),),
    ("static-immutable-missing", "EdgeApi", S3_OBJECT_V2): (("", _TIMES),),
    ("immutable-unversioned", "EdgeApi", S3_OBJECT_V2): (
        ("", f"Put a version or a content hash into the file's name, or set `assets[].immutable: False` {_ON_API}."),
    ),
    ("owner-tag-missing", "EdgeApi", WORKER): (("", _OWNER),),
    ("owner-tag-missing", "EdgeApi", DISTRIBUTION): (("", _OWNER),),
    ("owner-tag-missing", "EdgeApi", LAMBDA_FUNCTION): (("", _OWNER),),
    ("owner-tag-missing", "EdgeApi", S3_BUCKET): (("", _OWNER),),
    ("owner-tag-missing", "LambdaEdgeFunction", LAMBDA_FUNCTION): (
        ("", 'Set `tags: {"owner": "<team>"}` on the LambdaEdgeFunction.'),
    ),
    ("observability-missing", "EdgeApi", WORKER): (("", f'Set `observability: {{"enabled": True}}` {_ON_API}.'),),
    ("observability-missing", "EdgeApi", DISTRIBUTION): (("", f"Set `access_logs: True` {_ON_API}."),),
    ("log-retention-missing", "EdgeApi", LOG_GROUP): (("", f"Set `log_retention_days` {_ON_API}."),),
    ("workers-dev-production", "EdgeApi", WORKER): (
        ("", f"Set `hostname` or `routes`, and `workers_dev: False`, {_ON_API}."),
    ),
    ("workers-dev-production", "EdgeApi", WORKERS_SCRIPT_SUBDOMAIN): (
        ("", f"Set `hostname` or `routes`, and `workers_dev: False`, {_ON_API}."),
    ),
    ("cpu-budget", "EdgeApi", WORKER_VERSION): (
        ("on Workers Free", f"Leave `limits.cpu_ms` out {_ON_API}: the plan has 10 ms."),
        ("", f"Lower `limits.cpu_ms` {_ON_API}, and move the heavy part behind a queue or to the origin."),
    ),
    ("subrequest-fan-out", "EdgeApi", WORKER_VERSION): (
        ("", f"Lower `limits.subrequests` {_ON_API}; join the calls at the origin, or cache what they answer."),
    ),
    ("environment-size", "EdgeApi", WORKER_VERSION): (
        ("", f"Put fewer and smaller values into `vars` and `secrets` {_ON_API}; keep data in a KvNamespace."),
    ),
    ("heavy-imports", "EdgeApi", WORKER_VERSION): (
        (
            "",
            f"Take it out of the module of an endpoint's `handler` {_ON_API}: call a service that does it, or the origin.",
        ),
    ),
    ("secret-in-plain-text", "EdgeApi", WORKER_VERSION): (
        ("variable ", f"Move it from `vars` to `secrets` {_ON_API}."),
        ("module ", f"Take it out of the module of an endpoint's `handler`, and give it in `secrets` {_ON_API}."),
    ),
    ("canary-percentages", "EdgeApi", WORKERS_DEPLOYMENT): (("", f"Lower `rollout.percentage` {_ON_API}."),),
    ("tls-minimum", "EdgeApi", DISTRIBUTION): (
        ("viewerCertificate", f"Set `hostname` with `hosted_zone_id` or `certificate_arn` {_ON_API}."),
    ),
    ("origin-plaintext", "EdgeApi", DISTRIBUTION): (("", "Give an https:// URL in `origins[].url` of the GeoRouter."),),
    ("lambda-edge-timeout", "LambdaEdgeFunction", LAMBDA_FUNCTION): (
        ("", "Lower `timeout` of the LambdaEdgeFunction, and move the slow part to the origin."),
    ),
    ("lambda-edge-viewer-memory", "LambdaEdgeFunction", LAMBDA_FUNCTION): (
        (" memorySize", "Set `memory` of the LambdaEdgeFunction to 128, or let it run on origin `events`."),
        (" package", "Put less into `code` of the LambdaEdgeFunction, or let it run on origin `events`."),
    ),
    ("lambda-edge-heavy-imports", "LambdaEdgeFunction", LAMBDA_FUNCTION): (
        ("", "Take it out of `code` of the LambdaEdgeFunction: do it at the origin, or import the one client needed."),
    ),
    ("lambda-edge-package-size", "LambdaEdgeFunction", LAMBDA_FUNCTION): (
        ("", "Put less into `code` of the LambdaEdgeFunction, and read data from the origin or from S3."),
    ),
    ("cache-key-unbounded", "CachePolicy", CLOUDFRONT_CACHE_POLICY): (
        ("headers", "Leave it out of `key.headers` of the CachePolicy, or map it to a few values first."),
        ("cookies", "Leave it out of `key.cookies` of the CachePolicy, or map it to a few values first."),
        ("query", "Set `key.query` of the CachePolicy to `include` with `key.query_names`, or to `none`."),
    ),
    ("jitter-missing", "CachePolicy", CLOUDFRONT_CACHE_POLICY): (("", "Set `jitter` of the CachePolicy."),),
    ("kv-value-size", "KvNamespace", WORKERS_KV): (
        ("", "Take it out of `seed` of the KvNamespace, and put it into object storage (R2)."),
    ),
    ("kv-value-size", "KvNamespace", CLOUDFRONT_KVS_KEY): (
        ("", "Take it out of `seed` of the KvNamespace, and put it into object storage (S3)."),
    ),
    ("kv-key-size", "KvNamespace", WORKERS_KV): (("", "Shorten the key in `seed` of the KvNamespace."),),
    ("kv-key-size", "KvNamespace", CLOUDFRONT_KVS_KEY): (("", "Shorten the key in `seed` of the KvNamespace."),),
    ("kv-metadata-size", "KvNamespace", WORKERS_KV): (
        ("", "Move what is large from `metadata` into `value` of the entry in `seed` of the KvNamespace."),
    ),
    ("kv-large-value", "KvNamespace", WORKERS_KV): (
        ("", "Take it out of `seed` of the KvNamespace: put it into R2, and keep its key in KV."),
    ),
    ("kv-security-state", "KvNamespace", WORKERS_KV): (
        ("", "Take it out of `seed` of the KvNamespace: keep it in a Durable Object, or use a rate limit binding."),
    ),
    ("kv-security-state", "KvNamespace", WORKERS_KV_NAMESPACE): (
        (
            "",
            "Keep it in a Durable Object, or use a rate limit binding; where it is none, say what it is in `title` of the"
            " KvNamespace.",
        ),
    ),
}
"""Policy, component and resource type to what to do, each for messages that have the first text in what is wrong."""


def _component(urn: str) -> tuple[str, str]:
    """Return the component that made a resource, empty where none did, and the resource's type."""
    _, _, rest = urn.partition("::")
    types, _, name = rest.partition("::")[2].partition("::")
    *parents, own = types.split("$")
    for parent in parents:
        if parent.startswith(_PREFIX):
            return parent.removeprefix(_PREFIX), own
    if not parents:
        for (token, prefix), component in _SHARED.items():
            if own == token and name.startswith(prefix):
                return component, own
    return "", own


def advice(policy: str, urn: str, what: str) -> str | None:
    """Return what to set on the component that made a resource, or None where the policy's own advice is right."""
    component, token = _component(urn)
    if not component:
        return None
    for part, text in ARGUMENTS.get((policy, component, token), ()):
        if part in what:
            return text
    return None
