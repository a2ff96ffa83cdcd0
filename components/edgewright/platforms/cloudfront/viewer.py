"""Functions at the viewer: what each behavior needs there, and one CloudFront Function for equal needs."""

import json
from collections.abc import Mapping
from typing import Any

import pulumi_aws as aws

from edgewright.base.fault_codes import Code
from edgewright.base.faults import Faults
from edgewright.contract.limits import limit
from edgewright.contract.models import CacheSpec
from edgewright.contract.path_patterns import overlap
from edgewright.platforms.cloudfront import functions, policies
from edgewright.platforms.cloudfront.behaviors import Served
from edgewright.platforms.cloudfront.policies import query_rule
from edgewright.platforms.cloudfront.site import Site


def needs_of(site: Site, served: Served) -> functions.ViewerNeeds:
    """Return what a behavior needs at the viewer."""
    sessions = site.settings.sessions
    # A path that only the core's normal form makes a session's comes by the default behavior.
    any_session = served.session or (served.behavior.default and any(each.session for each in site.served))
    paths = {spec.path for spec in served.specs}
    experiments = [
        {"cookie": experiment.cookie, "variants": experiment.variants, "max_age": experiment.max_age}
        for experiment in site.plan.experiments
        if paths & set(experiment.paths)
    ]
    cache = served.cache
    guarded = served.guard == "session"
    keyed = cache is not None and cache.key.region and served.router is not None
    return functions.ViewerNeeds(
        regions=functions.regions_of(site.routers[served.router]) if keyed and served.router else "",
        session=functions.compact(sessions.model_dump(include={"cookie", "key_prefix", "ttl_s", "dated"}))
        if any_session and sessions
        else "",
        experiments=functions.compact(experiments) if experiments else "",
        redirects=site.plan.redirects,
        query=functions.compact(query_rule(cache)) if cache is not None else "",
        guard=functions.compact({"realm": site.settings.name, "cookie": sessions.cookie})
        if guarded and sessions
        else "",
        browser=_browser(cache),
    )


def _browser(cache: CacheSpec | None) -> str:
    """Return how long a browser keeps what it gets, where CloudFront may keep it longer, and so give it with an `Age` that
    leaves nothing of that time."""
    if cache is None or cache.browser_ttl_s is None:
        return ""
    here = cache.edge_jitter_s[1] if cache.edge_jitter_s else cache.edge_ttl_s
    if cache.mode == "override" and cache.browser_ttl_s >= (here or 0):
        return ""
    return str(cache.browser_ttl_s)


def viewer_codes(site: Site, faults: Faults) -> dict[functions.ViewerNeeds, tuple[str, str]]:
    """Return the code of each behavior's functions, on request and on response; note what CloudFront refuses of it."""
    found: dict[functions.ViewerNeeds, tuple[str, str]] = {}
    for served in site.served:
        needs = needs_of(site, served)
        if needs not in found:
            found[needs] = (functions.viewer_request(needs), functions.viewer_response(needs) if needs.answers else "")
            for code in filter(None, found[needs]):
                path = "redirects" if len(needs.redirects) > len(needs.experiments) else "experiments"
                functions.check_code(path, code, faults)
    readers = len({codes[0] for needs, codes in found.items() if needs.session})
    most = limit("cloudfront.kvs.functions")
    # A change of the code makes the next function beside the last one, and both read the store meanwhile.
    if readers * 2 > most.value:
        faults.add(
            "sessions",
            f"are looked up by {readers} functions at the viewer, one for each different need of an endpoint, and twice as"
            f" many while they change ({most.source})",
            code=Code.LIMIT,
            allowed=f"at most {most.text} for one KvNamespace, so {int(most.value) // 2} here",
            fix="Give endpoints with a session the same experiments and the same parameters in their cache keys.",
        )
    return found


def viewer_functions(
    site: Site, needs: functions.ViewerNeeds, codes: Mapping[functions.ViewerNeeds, tuple[str, str]]
) -> list[dict[str, Any]]:
    """Return the associations of a behavior's functions at the viewer."""
    request, response = codes[needs]
    found = [
        {
            "event_type": "viewer-request",
            "function_arn": _function(site, "request", request, bool(needs.session)).arn,
        }
    ]
    if response:
        found.append(
            {"event_type": "viewer-response", "function_arn": _function(site, "response", response, False).arn}
        )
    return found


def file_functions(site: Site, path: str, browser_ttl: int) -> list[dict[str, Any]]:
    """Return the associations of files' functions: redirects of their paths on the way in, and on the way back their age,
    where browsers keep them for less time than CloudFront."""
    found = []
    rules = json.loads(site.plan.redirects) if site.plan.redirects else []
    if any(overlap(rule["path"], path) for rule in rules):
        code = functions.viewer_request(functions.ViewerNeeds(redirects=site.plan.redirects))
        found.append({"event_type": "viewer-request", "function_arn": _function(site, "request", code, False).arn})
    if 0 < browser_ttl < policies.ASSETS_TTL:
        code = functions.viewer_response(functions.ViewerNeeds(browser=str(browser_ttl)))
        found.append({"event_type": "viewer-response", "function_arn": _function(site, "response", code, False).arn})
    return found


def _function(site: Site, kind: str, code: str, store: bool) -> aws.cloudfront.Function:
    """A function by its content: the next one is made beside it, because CloudFront deletes none that is in use."""
    content = policies.content_hash([code, store])
    if (kind, content) not in site.functions:
        site.functions[(kind, content)] = aws.cloudfront.Function(
            f"{site.name}-viewer-{kind}-{content}",
            name=policies.physical(f"{site.name}-{kind}", content, policies.MAX_NAME),
            comment=f"{site.name}: what is cheap at the viewer. By edgewright.",
            runtime=functions.RUNTIME,
            code=code,
            publish=True,
            key_value_store_associations=list(site.stores) if store else None,
            opts=site.child,
        )
    return site.functions[(kind, content)]
