"""What to set on a component of edgewright, where a policy judges one, or a resource that one made.

Such a resource's own properties are not the user's to change: the component's arguments are. And not every argument is
there on every host, so that a component that is judged itself is advised by its host.
"""

from edgewright_policies.types import (
    CLOUDFRONT_CACHE_POLICY,
    CLOUDFRONT_FUNCTION,
    CLOUDFRONT_KVS_KEY,
    CLOUDFRONT_KVS_KEYS,
    CONTINUOUS_DEPLOYMENT,
    DISTRIBUTION,
    LAMBDA_FUNCTION,
    LOG_GROUP,
    RESPONSE_HEADERS_POLICY,
    ROUTE53_RECORD,
    RULESET,
    S3_BUCKET,
    S3_OBJECT_V2,
    WORKER,
    WORKER_VERSION,
    WORKERS_CUSTOM_DOMAIN,
    WORKERS_DEPLOYMENT,
    WORKERS_KV,
    WORKERS_KV_NAMESPACE,
    WORKERS_ROUTE,
    WORKERS_SCRIPT_SUBDOMAIN,
)

_PREFIX = "edgewright:index:"
_SHARED = {
    (RESPONSE_HEADERS_POLICY, "edgewright-headers-"): "EdgeApi",
    (CLOUDFRONT_CACHE_POLICY, "edgewright-cache-"): "CachePolicy",
}
"""Resources that the components of a stack share, which belong to none of them, by their names."""

ANY_HOST = ""
CLOUDFLARE, CLOUDFRONT = "cloudflare", "cloudfront"

_ON_API = "on the EdgeApi"
_OWNER = f'Set `tags: ["owner:<team>"]` {_ON_API}.'
_KEY = "of the CachePolicy, or map it to a few values first."
_KEYS = (
    ("headers", f"Leave it out of `key.headers` {_KEY}"),
    ("cookies", f"Leave it out of `key.cookies` {_KEY}"),
    ("query", "Set `key.query` of the CachePolicy to `include` with `key.query_names`, or to `none`."),
)
_STORES = (
    f"Set `endpoints[].cache` {_ON_API} to a CachePolicy that stores at the edge: one with an `edge_ttl`, or with `mode`"
    " `origin`."
)
_BY_CALLER = (
    "Set `mode` of the CachePolicy to `origin`, so that the origin's own Cache-Control decides, or to `bypass`."
)
_STALE = (
    "Set `stale_while_revalidate` of the CachePolicy, a day is usual: callers get the old response at once while a fresh one"
    " is fetched."
)
_HANDLER = f"the module of an `endpoints[].handler` {_ON_API}"
_TLS_ORIGIN = (
    # An S3 website has no TLS at all: the advice to speak it could not be followed.
    (
        "s3-website",
        "Give the bucket's own https:// endpoint in `origins[].url` of the GeoRouter: an S3 website speaks HTTP only.",
    ),
    (
        "S3 website",
        "Give the bucket's own https:// endpoint in `origins[].url` of the GeoRouter: an S3 website speaks HTTP only.",
    ),
    ("", "Give an https:// URL in `origins[].url` of the GeoRouter."),
)
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
            f"Set `assets[].immutable: True` where every name there has a version, else leave `assets[].browser_ttl` out, so that"
            f" browsers ask each time and the edge answers, {_ON_API}.",
        ),
    ),
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
    ("observability-missing", "EdgeApi", WORKER): (
        ("", f'Set `cloudflare.observability: {{"enabled": True}}` {_ON_API}.'),
    ),
    ("observability-missing", "EdgeApi", DISTRIBUTION): (("", f"Set `cloudfront.access_logs: True` {_ON_API}."),),
    ("log-retention-missing", "EdgeApi", LOG_GROUP): (("", f"Set `cloudfront.log_retention_days` {_ON_API}."),),
    ("workers-dev-production", "EdgeApi", WORKER): (
        ("", f"Set `hostname` or `cloudflare.routes`, and `cloudflare.workers_dev: False`, {_ON_API}."),
    ),
    ("workers-dev-production", "EdgeApi", WORKERS_SCRIPT_SUBDOMAIN): (
        ("", f"Set `hostname` or `cloudflare.routes`, and `cloudflare.workers_dev: False`, {_ON_API}."),
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
            f"Take it out of {_HANDLER}: call a service that does it, or the origin.",
        ),
    ),
    ("secret-in-plain-text", "EdgeApi", WORKER_VERSION): (
        ("variable ", f"Move it from `vars` to `secrets` {_ON_API}."),
        ("module ", f"Take it out of the module of an `endpoints[].handler`, and give it in `secrets` {_ON_API}."),
    ),
    ("canary-percentages", "EdgeApi", WORKERS_DEPLOYMENT): (("", f"Lower `rollout.percentage` {_ON_API}."),),
    ("tls-minimum", "EdgeApi", DISTRIBUTION): (
        (
            "viewerCertificate",
            f"Set `hostname` with `cloudfront.hosted_zone_id` or `cloudfront.certificate_arn` {_ON_API}.",
        ),
    ),
    ("origin-plaintext", "EdgeApi", DISTRIBUTION): _TLS_ORIGIN,
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
    ("cache-key-unbounded", "CachePolicy", CLOUDFRONT_CACHE_POLICY): _KEYS,
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
        ("", "Move what is large from `seed.entries[].metadata` into `seed.entries[].value` of the KvNamespace."),
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
    # Components that are judged themselves, by host.
    ("cache-headers-missing", "EdgeApi", ANY_HOST): (
        (
            "",
            f"Set `endpoints[].cache` {_ON_API} to a CachePolicy's `spec`; one with `mode` `bypass` says that nothing is to be"
            " stored.",
        ),
    ),
    ("static-ttl-short", "EdgeApi", CLOUDFRONT): (
        (
            "assets ",
            "Where every name there has a version, raise `assets[].browser_ttl`, with `assets[].immutable: True`; else leave"
            f" `assets[].browser_ttl` out, so that browsers ask each time and the edge answers, {_ON_API}.",
        ),
    ),
    ("static-ttl-short", "EdgeApi", ANY_HOST): (
        ("browser_ttl", "Raise `browser_ttl` of the CachePolicy; 31536000 with `immutable` suits versioned names."),
        ("edge_ttl", "Raise `edge_ttl` of the CachePolicy; 31536000 with `immutable` suits versioned names."),
    ),
    ("static-past-cdn", "EdgeApi", ANY_HOST): (("", _STORES),),
    ("static-immutable-missing", "EdgeApi", ANY_HOST): (
        ("", "Set `immutable` of the CachePolicy, so that a reload does not ask again (RFC 8246)."),
    ),
    ("immutable-unversioned", "EdgeApi", ANY_HOST): (
        (
            "",
            f"Put a version or a content hash into `endpoints[].path` {_ON_API} and set `endpoints[].static`, or leave"
            " `immutable` of the CachePolicy out.",
        ),
    ),
    ("vary-missing", "CachePolicy", ANY_HOST): (("", "Add the header to `vary` of the CachePolicy."),),
    ("forced-ttl-authenticated", "EdgeApi", ANY_HOST): (("", _BY_CALLER),),
    ("set-cookie-cached", "EdgeApi", ANY_HOST): (
        ("", f"Leave `endpoints[].cache` out where `endpoints[].session` answers, {_ON_API}."),
    ),
    ("cache-key-unbounded", "CachePolicy", ANY_HOST): _KEYS,
    ("stale-while-revalidate-missing", "CachePolicy", ANY_HOST): (("", _STALE),),
    ("jitter-missing", "CachePolicy", ANY_HOST): (
        ("", "Set `jitter` of the CachePolicy, for example 3600 to 4200 s for an hour."),
    ),
    ("kv-ttl-minimum", "KvNamespace", ANY_HOST): (
        ("", "Raise `cloudflare.default_ttl` of the KvNamespace, or leave it out."),
    ),
    ("kv-ttl-minimum", "CachePolicy", ANY_HOST): (
        ("jitter", "Raise `cloudflare.tiers.kv.jitter` of the CachePolicy."),
        ("", "Raise `cloudflare.tiers.kv.ttl` of the CachePolicy."),
    ),
    ("kv-ttl-minimum", "EdgeApi", ANY_HOST): (("", f"Raise `sessions.ttl` {_ON_API}."),),
    ("long-work-without-queue", "EdgeApi", CLOUDFLARE): (
        (" queue: ", f"Add a queue of that name to `bindings` {_ON_API}."),
        (
            " expected_ms",
            f"Set `endpoints[].queue` to the name of a queue in `bindings` {_ON_API}: hand the work to it, and answer 202 with"
            " the URL of the result.",
        ),
    ),
    ("long-work-without-queue", "EdgeApi", CLOUDFRONT): (
        (
            "",
            "No queue is bound to a function at CloudFront's edge. Let the `endpoints[].origin` hand the work to one, or the"
            " `endpoints[].handler` by the API of SQS, and answer 202 with the URL of the result; then say what a caller still"
            f" waits in `endpoints[].expected_ms` {_ON_API}.",
        ),
    ),
    ("single-origin-region", "EdgeApi", ANY_HOST): (
        ("", "Add one of a second region to `origins` of the GeoRouter, near the callers that are farthest."),
    ),
    ("failover-missing", "GeoRouter", ANY_HOST): (("", "Add a second one to `origins` of the GeoRouter."),),
    ("health-check-missing", "GeoRouter", ANY_HOST): (
        ("", "Set `health_check.path` of the GeoRouter to a path that answers only when the origin can serve."),
    ),
    ("region-unknown", "GeoRouter", ANY_HOST): (
        (" countries", "Use ISO 3166-1 alpha-2 codes in `origins[].countries` of the GeoRouter."),
        ("fallback", "Name the region of one of the origins in `fallback` of the GeoRouter."),
    ),
    ("origin-plaintext", "GeoRouter", ANY_HOST): _TLS_ORIGIN,
    ("secret-in-plain-text", "EdgeApi", CLOUDFRONT): (
        (
            "",
            f"Take it out of `vars` {_ON_API}, which are written into the function's package, and read it from Secrets Manager"
            " or Parameter Store in the module of the `endpoints[].handler`.",
        ),
    ),
    ("public-write-unprotected", "EdgeApi", CLOUDFLARE): (
        ("", f"Set `endpoints[].rate_limit` or `endpoints[].auth` {_ON_API}."),
    ),
    ("public-write-unprotected", "EdgeApi", CLOUDFRONT): (
        (
            "",
            f"Set `endpoints[].rate_limit` or `endpoints[].auth` {_ON_API}, or `cloudfront.web_acl_arn` to a web ACL of yours with a"
            " rate-based rule.",
        ),
    ),
    ("jwt-audience-missing", "EdgeApi", ANY_HOST): (
        ("", f"Name the accepted audiences in `endpoints[].auth.audience` {_ON_API}."),
    ),
    # What components make of their arguments, beside what is above.
    ("static-ttl-short", "EdgeApi", RULESET): (("", "Raise `edge_ttl` of the CachePolicy."),),
    ("static-past-cdn", "EdgeApi", RULESET): (("", _STORES),),
    ("static-past-cdn", "EdgeApi", DISTRIBUTION): (("", _STORES),),
    ("forced-ttl-authenticated", "EdgeApi", RULESET): (("", _BY_CALLER),),
    ("forced-ttl-authenticated", "CachePolicy", CLOUDFRONT_CACHE_POLICY): (("", _BY_CALLER),),
    ("set-cookie-cached", "CachePolicy", CLOUDFRONT_CACHE_POLICY): (
        ("", "Name single cookies in `key.cookies` of the CachePolicy, or set its `mode` to `bypass`."),
    ),
    ("stale-while-revalidate-missing", "EdgeApi", RULESET): (("", _STALE),),
    ("jitter-missing", "EdgeApi", RULESET): (
        (
            "",
            "Set `mode` of the CachePolicy to `origin`, and let the origin draw its max-age anew for each response from a range.",
        ),
    ),
    ("kv-ttl-minimum", "KvNamespace", WORKERS_KV): (
        ("", "Raise `cloudflare.default_ttl`, or the entry's own `seed.entries[].ttl`, of the KvNamespace."),
    ),
    ("kv-security-state", "EdgeApi", WORKER_VERSION): (
        (
            "",
            f"Keep it in a Durable Object, or use `endpoints[].rate_limit` {_ON_API}; where it is none, say what it is in"
            " `cloudflare.binding_name` of the KvNamespace.",
        ),
    ),
    ("kv-write-rate", "KvNamespace", WORKERS_KV): (
        ("writers", "Take the key out of `seed` of the KvNamespace, or out of the other resource that writes it."),
    ),
    ("bundle-size", "EdgeApi", WORKER_VERSION): (
        ("", f"Import only what is used in {_HANDLER}, load the rest lazily, and move data out of the code."),
    ),
    ("long-work-without-queue", "EdgeApi", WORKER_VERSION): (
        ("", f"Lower `limits.cpu_ms` {_ON_API}, or hand the long work to a queue of `bindings` and answer 202."),
    ),
    ("routes-overlap", "EdgeApi", WORKERS_ROUTE): (
        ("", f"Make one of `cloudflare.routes` {_ON_API} narrower, or send both to the same function."),
    ),
    ("routes-overlap", "EdgeApi", WORKERS_CUSTOM_DOMAIN): (
        ("", f"Give the `hostname` {_ON_API} to one function alone, or make the route that takes it narrower."),
    ),
    ("canary-percentages", "EdgeApi", CONTINUOUS_DEPLOYMENT): (("", f"Lower `rollout.percentage` {_ON_API}."),),
    ("ruleset-phase-duplicate", "EdgeApi", RULESET): (
        (
            "",
            f"Set `cloudflare.cache_rules` {_ON_API} on one API a zone, and put rules of your own into no second ruleset.",
        ),
    ),
    ("secret-in-plain-text", "EdgeApi", CLOUDFRONT_FUNCTION): (
        ("", f"Take it out of `redirects` and `experiments` {_ON_API}, which are written into the function."),
    ),
    ("secret-in-plain-text", "EdgeApi", LAMBDA_FUNCTION): (
        ("", f"Take it out of {_HANDLER}, and read it there from Secrets Manager or Parameter Store."),
    ),
    ("secret-in-plain-text", "EdgeApi", S3_OBJECT_V2): (
        ("", f"Take the file out of `assets[].directory` {_ON_API}: everybody may read what is in there."),
    ),
    ("secret-in-plain-text", "LambdaEdgeFunction", LAMBDA_FUNCTION): (
        (
            "",
            "Take it out of `code` and `settings` of the LambdaEdgeFunction, and read it there from Secrets Manager or Parameter"
            " Store.",
        ),
    ),
    ("secret-in-plain-text", "KvNamespace", WORKERS_KV): (
        ("", "Take it out of `seed` of the KvNamespace, and give it in `secrets` on the EdgeApi."),
    ),
    ("secret-in-plain-text", "KvNamespace", CLOUDFRONT_KVS_KEYS): (
        (
            "",
            "Take it out of `seed` of the KvNamespace, and read it from Secrets Manager or Parameter Store where it is needed.",
        ),
    ),
    ("production-binding", "EdgeApi", WORKER_VERSION): (
        (
            "",
            f"Give the stack's own resource in `bindings` {_ON_API}; take ids from the stack's settings, never from a constant.",
        ),
    ),
    ("production-binding", "EdgeApi", WORKERS_ROUTE): (
        ("", f"Give this stack `cloudflare.routes` of its own {_ON_API}."),
    ),
    ("production-binding", "EdgeApi", WORKERS_CUSTOM_DOMAIN): (
        ("", f"Give this stack a `hostname` of its own {_ON_API}."),
    ),
    ("production-binding", "EdgeApi", ROUTE53_RECORD): (("", f"Give this stack a `hostname` of its own {_ON_API}."),),
    ("production-binding", "EdgeApi", DISTRIBUTION): (
        ("", "Give the stack's own origin in `origins[].url` of the GeoRouter; take it from the stack's settings."),
    ),
    ("lambda-edge-heavy-imports", "EdgeApi", LAMBDA_FUNCTION): (
        ("", f"Take it out of {_HANDLER}: do it at the origin, or import the one client that is needed."),
    ),
    ("lambda-edge-package-size", "EdgeApi", LAMBDA_FUNCTION): (
        ("", f"Import less in {_HANDLER}, and read data from the origin or from S3."),
    ),
    ("cloudfront-quota", "EdgeApi", DISTRIBUTION): (
        ("behaviors", f"Join several under one `endpoints[].path` {_ON_API}, or make two APIs of it."),
        ("origin", "Give fewer `origins` of the GeoRouter, or share one between endpoints."),
        ("", f"Make two APIs of the `endpoints` {_ON_API}, or set the account's own value under `edgewright:limits`."),
    ),
    ("cloudfront-quota", "EdgeApi", CLOUDFRONT_FUNCTION): (
        ("", f"Give fewer or shorter `redirects` and `experiments` {_ON_API}."),
    ),
    ("cloudfront-quota", "EdgeApi", RESPONSE_HEADERS_POLICY): (
        ("", f"Shorten `assets[].content_security_policy` {_ON_API}."),
    ),
    ("cloudfront-quota", "CachePolicy", CLOUDFRONT_CACHE_POLICY): (
        ("headers", "Give fewer `key.headers` of the CachePolicy."),
        ("cookies", "Give fewer `key.cookies` of the CachePolicy."),
        ("query strings", "Give fewer `key.query_names` of the CachePolicy, or set `key.query` to `all`."),
        ("", "Give fewer names in `key` of the CachePolicy."),
    ),
    ("cloudfront-account-quota", "EdgeApi", DISTRIBUTION): (
        ("", f"Put the `endpoints` of several into one {_ON_API}."),
    ),
    ("cloudfront-account-quota", "EdgeApi", CLOUDFRONT_FUNCTION): (
        ("", f"Put the `endpoints` of several into one {_ON_API}: each API has a function of its own."),
    ),
    ("cloudfront-account-quota", "EdgeApi", CONTINUOUS_DEPLOYMENT): (
        ("", f"End a `rollout` {_ON_API}, with a `rollout.percentage` of 100 and then without it."),
    ),
    ("cloudfront-account-quota", "EdgeApi", RESPONSE_HEADERS_POLICY): (
        ("", f"Give equal `assets[].content_security_policy` {_ON_API}: equal ones are shared."),
    ),
    ("cloudfront-account-quota", "CachePolicy", CLOUDFRONT_CACHE_POLICY): (
        ("", "Give each CachePolicy an equal `key`: equal ones are shared."),
    ),
}
"""Policy, component and what is judged (the type of a resource that the component made, or the host of the component
itself) to what to do, each for messages that have the first text in what is wrong or in the value."""


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


def advice(policy: str, urn: str, found: str, host: str = CLOUDFLARE) -> str | None:
    """Return what to set on a component, or None where the policy's own advice is right.

    Args:
        policy: the policy's name.
        urn: what is judged: a component, or a resource that one made.
        found: what is wrong and the value.
        host: of a component that is judged itself, the host that it is for.
    """
    component, token = _component(urn)
    keys = [(policy, component, token)]
    if token.startswith(_PREFIX):
        component = token.removeprefix(_PREFIX)
        keys = [(policy, component, host), (policy, component, ANY_HOST)]
    for key in keys:
        for part, text in ARGUMENTS.get(key, ()):
            if part in found:
                return text
    return None
