"""The distribution: its behaviors, and everything around it put together."""

import dataclasses
import re
from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_aws as aws

from edgewright.arguments.endpoints.models import Compiled, Endpoints
from edgewright.arguments.shape import Later, is_later
from edgewright.base.faults import Faults
from edgewright.platforms.cloudfront import functions, lambda_edge, policies
from edgewright.platforms.cloudfront.asked import Asset
from edgewright.platforms.cloudfront.behaviors import SAFE, Served
from edgewright.platforms.cloudfront.endpoints import check_functions
from edgewright.platforms.cloudfront.files import let_read, make_bucket, make_named
from edgewright.platforms.cloudfront.function_files import Uploads
from edgewright.platforms.cloudfront.guard import GUARD
from edgewright.platforms.cloudfront.held import with_hook
from edgewright.platforms.cloudfront.names import certificate, dns, web_acl
from edgewright.platforms.cloudfront.operations import observe
from edgewright.platforms.cloudfront.options import ORIGIN_EVENTS
from edgewright.platforms.cloudfront.origins import needs_name, origins_of, target_of
from edgewright.platforms.cloudfront.plan import Plan
from edgewright.platforms.cloudfront.policies import quotas
from edgewright.platforms.cloudfront.site import Site
from edgewright.platforms.cloudfront.staging import policy_of, stable_arn
from edgewright.platforms.cloudfront.viewer import file_functions, needs_of, viewer_codes, viewer_functions
from edgewright.platforms.platform import Deployed

METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
MAX_COMMENT = 128
"""Characters of a distribution's comment."""
ERROR_STATUSES = (400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504)
"""Errors that CloudFront would keep for 10 s of its own accord."""


def create(
    parent: pulumi.Resource,
    name: str,
    plan: Plan,
    endpoints: Endpoints,
    compiled: Later[Compiled],
    modules: pulumi.Output[Uploads],
    bound: Any,
) -> Deployed:
    """Make the distribution with its function, policies, functions at the viewer, and its DNS records."""
    functions = [
        [function if is_later(function) else None for function in item.functions or ()] for item in endpoints.items
    ]
    if not is_later(compiled) and not any(function is not None for each in functions for function in each):
        return build(Site.of(parent, name, plan, endpoints, compiled, modules, bound))

    # Through the plugin all of it comes at once, and what is made depends on it.
    def make(known: Any) -> Deployed:
        compiled, bound, functions = known
        return build(Site.of(parent, name, plan, _with(name, plan, endpoints, functions), compiled, modules, bound))

    made = pulumi.Output.all(compiled, bound, functions).apply(make)

    def part(key: str) -> Any:
        return made.apply(lambda deployed: getattr(deployed, key))

    return Deployed(**{key: part(key) for key in Deployed.__dataclass_fields__})


def _with(name: str, plan: Plan, endpoints: Endpoints, functions: list[list[Any]]) -> Endpoints:
    """Return the endpoints with the functions that became known, checked as those are that are known at once."""
    faults = Faults("EdgeApi", name)
    items = []
    for item, late in zip(endpoints.items, functions, strict=True):
        if late:
            given = zip(item.functions or (), late, strict=True)
            known = tuple(each if function is None else function for each, function in given)
            item = dataclasses.replace(item, functions=known)
            check_functions(item, plan, faults)
        items.append(item)
    faults.raise_if_any()
    return dataclasses.replace(endpoints, items=tuple(items))


def build(site: Site) -> Deployed:
    """Make one API's resources, part by part."""
    faults = Faults("EdgeApi", site.name)
    codes = viewer_codes(site, faults)
    faults.raise_if_any()
    edge = _edge_function(site)
    guard = _guard_function(site)
    arn = certificate(site)
    bucket = make_bucket(site)
    named = bucket or (make_named(site) if needs_name(site) else None)
    origins, groups = origins_of(site, bucket, named)
    assets: dict[str, Any] = {item.pattern: _asset_behavior(site, item) for item, _, _ in site.plan.assets}
    acl = web_acl(site)
    shown: Any = {"cloudfront_default_certificate": True}
    if site.plan.hostname is not None:
        shown = {
            "acm_certificate_arn": arn,
            "minimum_protocol_version": "TLSv1.2_2021",
            "ssl_support_method": "sni-only",
        }

    def distribution_of(part: str, version: Any, **more: Any) -> aws.cloudfront.Distribution:
        behaviors: list[Any] = [_behavior(site, served, version, guard, codes) for served in site.served]
        named: dict[str, Any] = {**assets, **{each["path_pattern"]: each for each in behaviors[:-1]}}
        tagged: Any = {"header_name": "Cache-Tag"} if _tagged(site) else None
        errors: Any = [{"error_code": code, "error_caching_min_ttl": 0} for code in ERROR_STATUSES]
        restrictions: Any = {"geo_restriction": {"restriction_type": "none", "locations": []}}
        return aws.cloudfront.Distribution(
            f"{site.name}-{part}",
            cache_tag_config=tagged,
            custom_error_responses=errors,
            default_cache_behavior=behaviors[-1],
            enabled=True,
            http_version=site.plan.rollout.http_version,
            is_ipv6_enabled=True,
            ordered_cache_behaviors=[named[pattern] for pattern in site.order],
            origin_groups=groups,
            origins=origins,
            price_class=site.given.price_class,
            restrictions=restrictions,
            tags=dict(site.plan.tags),
            viewer_certificate=shown,
            # An update takes minutes to reach every location; only production is worth waiting for.
            wait_for_deployment=production()
            if site.given.wait_for_deployment is None
            else site.given.wait_for_deployment,
            web_acl_id=acl,
            opts=with_hook(site.name, site.passing if part == "staging" else site.child),
            **more,
        )

    described = f"{site.name} ({pulumi.get_project()}/{pulumi.get_stack()}) by edgewright"
    staging = policy = None
    if site.plan.rollout.staged:
        staging = distribution_of(
            "staging",
            edge.resource.qualified_arn,
            aliases=[],
            comment=f"Staging of {described}"[:MAX_COMMENT],
            staging=True,
        )
        policy = policy_of(site, staging)
    distribution = distribution_of(
        "distribution",
        stable_arn(site, edge),
        aliases=[site.plan.hostname] if site.plan.hostname else [],
        comment=described[:MAX_COMMENT],
        # The provider keeps what is left out, and AWS deletes no policy that is attached: empty is what detaches it
        # (https://github.com/hashicorp/terraform-provider-aws/issues/34511).
        continuous_deployment_policy_id=policy.id if policy is not None else "",
    )
    let_read(site, bucket, [distribution, *([staging] if staging is not None else [])])
    dns(site, distribution)
    observe(site, distribution)
    if staging is not None:
        # What it is staged for: to see how the new version does.
        observe(site, staging, "staging")
    # Of the distributions, not of the function: where CloudFront refuses the update, the version is published and answers
    # nobody, and whoever rolled out next would leave most requests to it.
    stable = _version_of(distribution)
    candidate = pulumi.Output.from_input("") if staging is None else _once(distribution, _version_of(staging))
    return Deployed(
        urls=_urls(site, distribution),
        script_name=edge.resource.name,
        version_id=stable if staging is None else candidate,
        stable_version_id=stable,
        candidate_version_id=candidate,
        distribution={
            "id": distribution.id,
            "arn": distribution.arn,
            "domain_name": distribution.domain_name,
            "content": _once(distribution, _content(site)),
            "quotas": quotas(),
            **({"staging_id": staging.id} if staging is not None else {}),
        },
        ledger=[_once(distribution, each.ledger) for each in (edge, guard) if each is not None],
    )


def _version_of(distribution: aws.cloudfront.Distribution) -> pulumi.Output[str]:
    """Return the number of the function's version that a distribution runs on misses."""

    def number(behavior: aws.cloudfront.outputs.DistributionDefaultCacheBehavior) -> str:
        associations = behavior.lambda_function_associations or ()
        (arn,) = (each.lambda_arn for each in associations if each.event_type == "origin-request")
        # A program's own mocks need not make up the ARN of a version.
        return (arn or "").rpartition(":")[2]

    return distribution.default_cache_behavior.apply(number)


def _once(distribution: aws.cloudfront.Distribution, told: pulumi.Output[Any]) -> pulumi.Output[Any]:
    """Return what is told of a deployment, not before the distribution has it."""
    return pulumi.Output.all(told, distribution.id).apply(lambda known: known[0])


def _edge_function(site: Site) -> lambda_edge.EdgeFunction:
    return lambda_edge.create(
        site.parent,
        f"{site.name}-edge",
        site.name,
        lambda_edge.Shape(events=ORIGIN_EVENTS, description="answers or sends on what CloudFront has not"),
        site.uploads.apply(lambda known: known.edge.archive()),
        tags=site.plan.tags,
    )


def _guard_function(site: Site) -> lambda_edge.EdgeFunction | None:
    """Make the function at the viewer that checks tokens, where something stored is given for one."""
    if not any(served.guard == "jwt" for served in site.served):
        return None
    return lambda_edge.create(
        site.parent,
        f"{site.name}-guard",
        f"{site.name}-guard",
        GUARD,
        site.uploads.apply(_guard_archive),
        tags=site.plan.tags,
        protect=False,
    )


def _guard_archive(uploads: Uploads) -> pulumi.AssetArchive:
    assert uploads.guard is not None, "a function at the viewer is made where it has a package"
    return uploads.guard.archive()


def _content(site: Site) -> pulumi.Output[str]:
    """A hash of what is served by the function and from the bucket: where it stays, nothing need be invalidated."""
    files = [
        [item.pattern, sorted((name, policies.content_hash(body.hex())) for name, body in found.items())]
        for item, _, found in site.files
    ]
    return site.uploads.apply(lambda known: policies.content_hash([known.edge.digest, files]))


def _tagged(site: Site) -> bool:
    return any(endpoint.cache is not None and endpoint.cache.tags for endpoint in site.settings.endpoints)


def _behavior(
    site: Site,
    served: Served,
    version: Any,
    guard: lambda_edge.EdgeFunction | None,
    codes: Mapping[functions.ViewerNeeds, tuple[str, str]],
) -> dict[str, Any]:
    failover = site.failover(served) and not served.behavior.default
    unsafe_handler = any(
        spec.target.kind == "handler" and not set(spec.methods) <= set(SAFE)
        for spec in (served.specs if not served.behavior.default else site.settings.endpoints)
    )
    lambdas: list[Any] = [{"event_type": "origin-request", "lambda_arn": version, "include_body": unsafe_handler}]
    if site.routers:
        lambdas.append({"event_type": "origin-response", "lambda_arn": version, "include_body": False})
    for function in served.own:
        lambdas += _associations(function)
    guarded = guard is not None and served.guard == "jwt"
    if guard is not None and guarded:
        lambdas.append(
            {"event_type": "viewer-request", "lambda_arn": guard.resource.qualified_arn, "include_body": False}
        )
    at_viewer = [] if served.own or guarded else viewer_functions(site, needs_of(site, served), codes)
    behavior: dict[str, Any] = {
        "target_origin_id": target_of(site, served),
        "viewer_protocol_policy": "redirect-to-https",
        # CloudFront refuses an origin group for a behavior that takes other methods, and answers those with 403 itself
        # (https://github.com/aws/aws-cdk/issues/32450). Everywhere else the function says 405 with what is allowed.
        "allowed_methods": list(SAFE if failover else METHODS),
        "cached_methods": ["GET", "HEAD"],
        "compress": True,
        "cache_policy_id": policies.cache_policy_id(
            site.parent,
            policies.compile_policy(
                "",
                served.cache,
                Faults("EdgeApi", site.name),
                by_country=guarded or bool(served.own),
                varies=served.varies,
            ),
        ),
        "origin_request_policy_id": (
            policies.ALL_VIEWER_AND_CLOUDFRONT_HEADERS
            if site.takes_cookies(served)
            else policies.without_cookies_id(site.parent)
        ),
        "response_headers_policy_id": policies.response_headers_policy_id(site.parent, site.given.security_headers),
        "lambda_function_associations": sorted(lambdas, key=lambda item: str(item["event_type"])),
        "function_associations": at_viewer,
    }
    return behavior if served.behavior.default else {"path_pattern": served.behavior.pattern, **behavior}


def _asset_behavior(site: Site, item: Asset) -> dict[str, Any]:
    return {
        "path_pattern": item.pattern,
        "target_origin_id": "assets",
        "viewer_protocol_policy": "redirect-to-https",
        "allowed_methods": list(SAFE),
        "cached_methods": ["GET", "HEAD"],
        "compress": True,
        "cache_policy_id": policies.cache_policy_id(site.parent, policies.ASSETS),
        "response_headers_policy_id": policies.response_headers_policy_id(
            site.parent, site.given.security_headers, item.content_security_policy, files=True
        ),
        "lambda_function_associations": [],
        "function_associations": file_functions(site, item.pattern, item.browser_ttl or 0),
    }


def _urls(site: Site, distribution: aws.cloudfront.Distribution) -> pulumi.Output[list[str]]:
    own = [f"https://{site.plan.hostname}"] if site.plan.hostname else []
    return distribution.domain_name.apply(lambda known: [*own, *([f"https://{known}"] if known else [])])


def _associations(function: Any) -> list[dict[str, Any]]:
    return [
        {
            "event_type": event,
            "lambda_arn": function["arn"],
            "include_body": bool(function.get("include_body")) and event.endswith("-request"),
        }
        for event in function["events"]
    ]


def production() -> bool:
    """Say whether the stack is production, by its name."""
    return re.search(r"(^|[-_.])prod(uction)?$", pulumi.get_stack().lower()) is not None
