"""What is open to the public."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from edgewright_policies.reading import View, is_list, show
from edgewright_policies.rule import Context, NoConfig, Violation, resource_rule, rules_of
from edgewright_policies.types import (
    DISTRIBUTION,
    EDGE_API,
    HTTP_API_AUTHORIZER,
    R2_MANAGED_DOMAIN,
    S3_BUCKET,
    S3_BUCKET_ACL,
    S3_BUCKET_POLICY,
    S3_PUBLIC_ACCESS_BLOCK,
    WORKER,
    WORKERS_SCRIPT_SUBDOMAIN,
    authenticated,
    behavior_name,
    behaviors,
    endpoint_name,
    methods,
)

_WRITES = frozenset(("POST", "PUT", "PATCH", "DELETE"))


@resource_rule(
    "public-write-unprotected",
    id="EW507",
    family="security",
    on=(EDGE_API, DISTRIBUTION),
    per={EDGE_API: "endpoints"},
    severity="high",
    title="A public write is rate-limited, authenticated or behind a WAF",
    why="A write that anybody may make, as often as they like, is an invitation to fill the store and to try passwords.",
    fix="Set `rate_limit` on the endpoint, or `auth`.",
    source="https://owasp.org/API-Security/editions/2023/en/0xa4-unrestricted-resource-consumption/",
)
def public_write_unprotected(item: View, resource: View, context: Context[NoConfig]) -> Iterator[Violation]:
    if context.type == EDGE_API:
        if resource.flag("public") is False or authenticated(item) or item.has("rateLimit"):
            return
        given = methods(item)
        writes = sorted(given & _WRITES) or (["*"] if "*" in given else [])
        if writes:
            yield Violation(f"{endpoint_name(item)} methods", f"{show(writes)} for everybody", "a rate_limit or auth")
        return
    if item.has("webAclId"):
        return
    for behavior in behaviors(item):
        writes = sorted(set(behavior.texts("allowedMethods")) & _WRITES)
        if writes and not behavior.texts("trustedKeyGroups"):
            yield Violation(
                f"{behavior_name(behavior)} allowedMethods", f"{show(writes)} without a WAF", "a webAclId",
                "Give the distribution a WAFv2 web ACL with a rate-based rule, or allow GET and HEAD only.",
            )  # fmt: skip


_PUBLIC_ACLS = ("public-read", "public-read-write", "authenticated-read", "website")


def _public_statements(policy: object) -> Iterator[Mapping[str, Any]]:
    if isinstance(policy, str):
        try:
            policy = json.loads(policy[:65536])
        except (ValueError, RecursionError):
            return
    if not isinstance(policy, Mapping):
        return
    statements = policy.get("Statement", policy.get("statements"))
    for each in statements if is_list(statements) else [statements]:
        if not isinstance(each, Mapping) or each.get("Effect") != "Allow" or each.get("Condition"):
            continue
        principal = each.get("Principal")
        if isinstance(principal, Mapping):
            principal = principal.get("AWS")
        if principal == "*" or (principal is not None and is_list(principal) and "*" in list(principal)):
            yield each


@resource_rule(
    "bucket-public",
    id="EW508",
    family="security",
    on=(R2_MANAGED_DOMAIN, S3_BUCKET, S3_BUCKET_ACL, S3_BUCKET_POLICY, S3_PUBLIC_ACCESS_BLOCK),
    severity="critical",
    title="No bucket is open to everybody",
    why="What is open past the edge has neither its cache nor its rules, and its traffic is billed by the byte.",
    fix="Close it, and serve it through the edge: a binding, an origin access control or a custom domain.",
    source="https://developers.cloudflare.com/r2/buckets/public-buckets/",
)
def bucket_public(resource: View, context: Context[NoConfig]) -> Iterator[Violation]:
    if context.type == R2_MANAGED_DOMAIN:
        if resource.flag("enabled"):
            yield Violation("r2.dev domain", "enabled", "disabled")
    elif context.type in (S3_BUCKET, S3_BUCKET_ACL):
        acl = resource.text("acl")
        if acl in _PUBLIC_ACLS:
            yield Violation("acl", acl or "", "private")
    elif context.type == S3_PUBLIC_ACCESS_BLOCK:
        for name in ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"):
            if resource.known(name) and resource.flag(name) is not True:
                yield Violation(name, "false" if resource.has(name) else "not set, which is false", "true")
    elif any(True for _ in _public_statements(resource.raw("policy"))):
        yield Violation("policy principal", "* without a condition", "named principals, or a condition")


@resource_rule(
    "workers-dev-production",
    id="EW509",
    family="security",
    on=(WORKER, WORKERS_SCRIPT_SUBDOMAIN),
    severity="high",
    title="workers.dev is closed in production",
    why="The workers.dev name passes the zone's firewall, its rate limits and its access rules by.",
    fix="Turn it off, and use a hostname or routes of the zone.",
    source="https://developers.cloudflare.com/workers/configuration/routing/workers-dev/",
)
def workers_dev_production(resource: View, context: Context[NoConfig]) -> Iterator[Violation]:
    if not context.production:
        return
    if context.type == WORKER:
        if resource.view("subdomain").flag("enabled"):
            yield Violation("subdomain.enabled", f"true in stack {context.stack}", "false")
    elif resource.flag("enabled"):
        yield Violation("enabled", f"true in stack {context.stack}", "false")


@resource_rule(
    "jwt-audience-missing",
    id="EW510",
    family="security",
    on=(EDGE_API, HTTP_API_AUTHORIZER),
    per={EDGE_API: "endpoints"},
    severity="high",
    title="A token is for this API",
    why="Without an audience, a token that the same issuer made for another service is good here too.",
    fix="Name the accepted audiences.",
    source="https://www.rfc-editor.org/rfc/rfc8725#section-3.9",
)
def jwt_audience_missing(item: View, _resource: View, context: Context[NoConfig]) -> Iterator[Violation]:
    if context.type == EDGE_API:
        auth = item.view("auth")
        if auth.text("kind") == "jwt" and not auth.texts("audience"):
            yield Violation(f"{endpoint_name(item)} auth.audience", "not set", "at least one audience")
    elif item.text("authorizerType") == "JWT" and not item.view("jwtConfiguration").texts("audiences"):
        yield Violation("jwtConfiguration.audiences", "not set", "at least one audience")


RULES = rules_of(globals())
