"""Isolation: what keeps production apart from everything else, and from a slip of the hand."""

import re
from collections.abc import Iterator

from pydantic import Field

from edgewright_policies.reading import View, raise_unknown, show
from edgewright_policies.rule import Context, NoConfig, PolicyConfig, Violation, resource_rule, rules_of
from edgewright_policies.types import (
    D1_DATABASE,
    DISTRIBUTION,
    DYNAMODB_TABLE,
    EDGE_API,
    LAMBDA_FUNCTION,
    QUEUE,
    R2_BUCKET,
    ROUTE53_RECORD,
    S3_BUCKET,
    S3_BUCKET_V2,
    WORKER,
    WORKER_VERSION,
    WORKERS_CUSTOM_DOMAIN,
    WORKERS_KV_NAMESPACE,
    WORKERS_ROUTE,
    WORKERS_SCRIPT,
    WORKERS_SCRIPT_SUBDOMAIN,
    ZONE,
    inside,
)

_PRODUCTION = re.compile(r"(^|[-_./])prod(uction)?([-_./]|$)", re.I)
_NOT_PRODUCTION = re.compile(r"(^|[-_./])(non|pre|not)[-_]?prod", re.I)
_IDS = (
    "namespaceId",
    "databaseId",
    "id",
    "bucketName",
    "queueName",
    "service",
    "scriptName",
    "databaseName",
    "dataset",
)


_IDENTIFIES = re.compile(
    r"(TABLE|BUCKET|QUEUE|STREAM|TOPIC|NAMESPACE|DATABASE|DB|HOST|ENDPOINT)(_?(NAME|ID|URL|ARN))?$", re.I
)
"""Names of variables whose values name a resource. That a mode is `production` says nothing of whose data is used."""


def _of_production(value: str) -> bool:
    """Return whether a name says that what has it is production's."""
    value = value[:512]
    return bool(_PRODUCTION.search(value)) and not _NOT_PRODUCTION.search(value)


class ProductionIds(PolicyConfig):
    """Configuration of production-binding."""

    production_ids: tuple[str, ...] = Field(
        default=(), description="Ids, names and hostnames of production that no other stack may use."
    )


@resource_rule(
    "production-binding",
    id="EW601",
    family="isolation",
    on=(
        WORKER_VERSION,
        WORKERS_SCRIPT,
        WORKERS_ROUTE,
        WORKERS_CUSTOM_DOMAIN,
        DISTRIBUTION,
        LAMBDA_FUNCTION,
        ROUTE53_RECORD,
    ),
    per={WORKER_VERSION: "bindings", WORKERS_SCRIPT: "bindings", DISTRIBUTION: "origins"},
    config=ProductionIds,
    severity="critical",
    title="Only production is bound to production's data",
    why="A preview that is bound to production's store writes test data into it, and one mistake in it is an outage.",
    fix="Bind the stack's own resource; take ids from the stack's settings, never from a constant.",
    source="https://developers.cloudflare.com/workers/wrangler/environments/",
)
def production_binding(item: View, _resource: View, context: Context[ProductionIds]) -> Iterator[Violation]:
    if context.production:
        return
    listed = {each.lower() for each in context.config.production_ids}
    allowed = f"what belongs to stack {context.stack}"
    if context.type in (WORKERS_ROUTE, WORKERS_CUSTOM_DOMAIN):
        name = "pattern" if context.type == WORKERS_ROUTE else "hostname"
        text = item.text(name) or ""
        host = text.split("://")[-1].split("/")[0].lower()
        if host and (host in listed or text.lower() in listed):
            yield Violation(name, show(text), allowed)
        return
    if context.type == ROUTE53_RECORD:
        host = (item.text("name") or "").lower().rstrip(".")
        if host in listed:
            yield Violation("record name", show(host), allowed)
        return
    if context.type == DISTRIBUTION:
        host = (item.text("domainName") or "").lower()
        if host and (host in listed or host.split(".")[0] in listed or _of_production(host)):
            yield Violation(f"origin {show(item.text('originId'))} domainName", show(host), allowed)
        return
    if context.type == LAMBDA_FUNCTION:
        variables = item.view("environment").view("variables")
        for name, value in item.view("environment").pairs("variables").items():
            if not isinstance(value, str) or not value:
                continue
            by_name = bool(_IDENTIFIES.search(name)) and _of_production(value)
            if value.lower() in listed or by_name:
                yield Violation(f"variable {show(name)}", show(value), allowed)
        if not all(map(variables.known, variables.keys())):
            raise_unknown("environment.variables")
        return
    for name in _IDS:
        if not item.known(name):
            continue
        value = item.text(name)
        if not value:
            continue
        if value.lower() in listed or _of_production(value):
            yield Violation(f"binding {show(item.text('name'))} {name}", show(value), allowed)
    if not all(map(item.known, _IDS)):
        raise_unknown("bindings")


@resource_rule(
    "production-unprotected",
    id="EW602",
    family="isolation",
    on=(WORKERS_KV_NAMESPACE, R2_BUCKET, D1_DATABASE, QUEUE, ZONE, S3_BUCKET, S3_BUCKET_V2, DYNAMODB_TABLE),
    severity="high",
    title="Production's data is protected against deletion",
    why="A renamed resource is a deleted one and a new one: with a store, that is the end of its data.",
    fix="Set `protect=True` in the resource's options, on the component or on the resource.",
    source="https://www.pulumi.com/docs/iac/concepts/options/protect/",
)
def production_unprotected(resource: View, context: Context[NoConfig]) -> Iterator[Violation]:
    # The bucket of an EdgeApi has files of the program, or nothing: the next deployment makes it again.
    if context.type in (S3_BUCKET, S3_BUCKET_V2) and inside(context.urn, EDGE_API):
        return
    if context.production and not context.protect and not resource.flag("deletionProtectionEnabled"):
        yield Violation("protect", f"false in stack {context.stack}", "true")


@resource_rule(
    "preview-domain-open",
    id="EW603",
    family="isolation",
    on=(WORKER, WORKERS_SCRIPT_SUBDOMAIN),
    severity="medium",
    title="Production's versions have no public preview domain",
    why="Each uploaded version answers on an address of its own, with production's bindings, past the zone's rules.",
    fix="Turn previews off in production, or put them behind Cloudflare Access.",
    source="https://developers.cloudflare.com/workers/configuration/previews/",
)
def preview_domain_open(resource: View, context: Context[NoConfig]) -> Iterator[Violation]:
    if not context.production:
        return
    enabled = resource.view("subdomain") if context.type == WORKER else resource
    if enabled.flag("previewsEnabled"):
        what = "subdomain.previews_enabled" if context.type == WORKER else "previews_enabled"
        yield Violation(what, f"true in stack {context.stack}", "false")


RULES = rules_of(globals())
