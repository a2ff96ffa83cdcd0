"""What endpoints ask for that CloudFront does not have, and what it would refuse together."""

import json
import re
from collections.abc import Mapping, Sequence

from edgewright.arguments.bindings import KEY_VALUE_STORE
from edgewright.arguments.endpoints.models import Endpoint, Endpoints, RateLimit
from edgewright.arguments.shape import is_later
from edgewright.base.fault_codes import Code
from edgewright.base.faults import Faults, show
from edgewright.contract.limits import limit
from edgewright.contract.models import CacheSpec
from edgewright.platforms.cloudfront import lambda_edge
from edgewright.platforms.cloudfront.behaviors import (
    PATTERN,
    Behavior,
    behaviors_of,
    guards_over,
    in_order,
    pattern_of,
)
from edgewright.platforms.cloudfront.options import EVENTS, ORIGIN_EVENTS, REGION, VIEWER_EVENTS, is_association
from edgewright.platforms.cloudfront.plan import Plan
from edgewright.platforms.cloudfront.rates import path_expression
from edgewright.platforms.parts import Binding

WAF_WINDOWS_S = (60,)
"""Windows of a WAF rate rule that an endpoint's rate limit has."""
WAF_LEAST = int(limit("cloudfront.waf.rate_least").value)


def check_endpoints(plan: Plan, endpoints: Endpoints, faults: Faults) -> None:
    """Note what an endpoint asks for that CloudFront does not have, and what CloudFront would refuse together."""
    _check_rate_rules(endpoints, faults)
    for item in endpoints.items:
        at = item.at
        _check_pattern(f"{at}.path", item.path, faults)
        _check_rate_limit(at, item.rate_limit, plan, faults)
        if item.auth is not None and item.auth.secret is not None:
            faults.add(
                f"{at}.auth.secret",
                "would lie readable in the function's package",
                code=Code.EXPOSED_SECRET,
                fix="Use `jwks_url`: a key set has public keys only.",
            )
        if item.queue is not None:
            faults.add(
                f"{at}.queue",
                "names a binding, and nothing is bound to a function at CloudFront's edge",
                code=Code.UNSUPPORTED,
                fix="Leave it out: the origin hands the work to a queue, or the handler by the API of SQS. Say in"
                " `expected_ms` what a caller still waits.",
            )
        check_functions(item, plan, faults)
        # What becomes known later is looked at when it is, with the rest of the settings.
        if isinstance(item.cache, Mapping):
            _check_kv_tier(f"{at}.cache", item.cache, faults)
            _check_written(item.path, item.cache, plan, faults)
    sessions = plan.given.sessions.binding if plan.given.sessions is not None else None
    if isinstance(sessions, Mapping):
        check_store_of("sessions.binding", sessions, faults)
    asked = any(item.auth is not None and item.auth.kind == "session" for item in endpoints.items)
    if isinstance(sessions, Mapping) and not asked:
        faults.add(
            "sessions",
            "has no effect: no endpoint asks for a session, and no handler reaches the store on CloudFront",
            code=Code.NO_EFFECT,
            fix='Give an endpoint `auth: {"kind": "session"}`, or leave it out.',
        )
    behaviors = behaviors_of(endpoints)
    most = limit("cloudfront.distribution.behaviors")
    count = len(behaviors) + len(plan.assets)
    if count > most.value:
        faults.add(
            "endpoints",
            f"need {count} behaviors ({most.source})",
            code=Code.LIMIT,
            allowed=f"at most {most.text}",
            fix="Join endpoints under one path, or split the API in two.",
        )
    _check_assets(plan, behaviors, faults)


def check_experiments(path: str, cache: CacheSpec, plan: Plan, faults: Faults) -> None:
    """Note where an endpoint's cache strategy would give one variant of an experiment to viewers of another."""
    if cache.stores:
        _check_variants(path, cache.name, cache.key.cookies, plan, faults)


def _check_written(path: str, cache: Mapping[object, object], plan: Plan, faults: Faults) -> None:
    """The same of what was given in a strategy's place, as far as it is known."""
    key = cache.get("key")
    cookies = key.get("cookies", ()) if isinstance(key, Mapping) else ()
    # Of a strategy written by hand the form is only judged later, and a key that is not known says nothing here.
    if cache.get("mode") == "bypass" or is_later(key) or not isinstance(cookies, Sequence):
        return
    _check_variants(path, cache.get("name"), cookies, plan, faults)


def _check_variants(path: str, name: object, cookies: Sequence[object], plan: Plan, faults: Faults) -> None:
    for experiment in plan.experiments:
        if path in experiment.paths and experiment.cookie and experiment.cookie not in cookies:
            faults.add(
                f"{experiment.at}.paths",
                f"has {show(path)}, whose cache {show(name)} has no cookie {show(experiment.cookie)} in its key,"
                " so that one variant would be served for another",
                code=Code.SHARED_ANSWER,
                fix="Add it to the CachePolicy's `key.cookies`.",
            )


def _check_assets(plan: Plan, behaviors: Sequence[Behavior], faults: Faults) -> None:
    """Note files that lie where an endpoint answers, or whose path takes what an endpoint's `auth` guards."""
    patterns = {behavior.pattern for behavior in behaviors if behavior.items}
    order = in_order(behaviors, [item.pattern for item, _, _ in plan.assets])
    seen: dict[str, int] = {}
    for index, (item, _, _) in enumerate(plan.assets):
        at, path = f"assets[{index}].path", item.pattern
        _check_pattern(at, path, faults)
        if path in seen:
            faults.add(
                at,
                f"{show(path)} is that of assets[{seen[path]}] too",
                code=Code.OVERLAP,
                fix="Put the files into one folder.",
            )
            continue
        seen[path] = index
        if path in patterns or (path == "/*" and "*" in patterns):
            faults.add(at, f"{show(path)} is an endpoint's path too", code=Code.OVERLAP, fix="Give it another.")
            continue
        guards = guards_over(behaviors, path, order)
        if item.public and not any(whole for _, whole in guards):
            faults.add(
                f"assets[{index}].public",
                f"has no effect: {show(path)} lies in no endpoint with `auth`, so its files are for everybody anyhow",
                code=Code.NO_EFFECT,
                fix="Leave it out.",
            )
        for guarded, whole in guards:
            if whole and item.public:
                continue
            faults.add(
                at,
                f"{show(path)} {'lies in' if whole else 'has paths in common with'} {show(guarded)}, an endpoint with `auth`,"
                " and files are for everybody",
                code=Code.UNGUARDED,
                allowed="a path beside it" + (", or `public: true`" if whole else ""),
                fix=f"Serve the files beside {show(guarded)}"
                + (", or say `public: true` where all of them may be read by everybody." if whole else "."),
            )


def _check_kv_tier(at: str, cache: Mapping[object, object], faults: Faults) -> None:
    tiers = cache.get("tiers")
    if isinstance(tiers, Mapping) and tiers.get("kv"):
        faults.add(
            at,
            f"has a KV tier (`tiers.kv` of the CachePolicy {show(cache.get('name'))}), and nothing at CloudFront's edge can"
            " write a store",
            code=Code.UNSUPPORTED,
            fix="Leave `tiers.kv` out of it on this host: CloudFront's regional caches stand for it. `tiers.shield` with a"
            " `location` puts Origin Shield before the origins.",
        )


def check_store_of(path: str, binding: Binding, faults: Faults, fix: str = "") -> None:
    """Note a binding to what no function at CloudFront's edge can reach."""
    if is_later(binding.get("type")) or binding.get("type") == KEY_VALUE_STORE:
        return
    faults.add(
        path,
        f"is a binding of type {show(binding.get('type'))}, which nothing at CloudFront's edge can reach",
        code=Code.BINDING,
        allowed="the `binding` of a KvNamespace with host 'cloudfront'",
        fix=fix,
    )


def _check_pattern(at: str, path: str, faults: Faults) -> None:
    if not PATTERN.fullmatch(pattern_of(path)):
        faults.add(
            at,
            f"{show(path)} is no path pattern of CloudFront"
            " (https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/DownloadDistValuesCacheBehavior.html)",
            code=Code.PATH,
            allowed="at most 255 letters, digits and _-.*$/~'@:+&",
            fix="Use `:name` for the segment, or `*` at the end.",
        )


def _check_rate_limit(at: str, limited: RateLimit | None, plan: Plan, faults: Faults) -> None:
    if limited is None:
        return
    if plan.given.web_acl_arn is not None:
        faults.add(
            f"{at}.rate_limit",
            "needs a rule of its own in `cloudfront.web_acl_arn`",
            code=Code.COMBINATION,
            fix="Add it there, or leave one of the two out.",
        )
    if limited.period is not None and limited.period not in WAF_WINDOWS_S:
        faults.add(
            f"{at}.rate_limit.period",
            f"{limited.period} s is no window of AWS WAF, which counts on CloudFront",
            code=Code.NOT_TAKEN,
            allowed=" or ".join(f"{window} s" for window in WAF_WINDOWS_S),
        )
    if limited.limit is not None and limited.limit < WAF_LEAST:
        faults.add(
            f"{at}.rate_limit.limit",
            f"{limited.limit} is below what AWS WAF counts",
            code=Code.RANGE,
            allowed=f"{WAF_LEAST} or more",
        )


def _check_rate_rules(endpoints: Endpoints, faults: Faults) -> None:
    """Note what a web ACL cannot have of the endpoints' rate limits: so many rules, or so long a pattern."""
    limited = [item for item in endpoints.items if item.rate_limit is not None]
    limited.sort(key=lambda item: int(re.sub(r"\D", "", item.at)))
    most = limit("cloudfront.waf.rate_rules")
    if len(limited) > most.value:
        faults.add(
            f"{limited[int(most.value)].at}.rate_limit",
            f"is number {int(most.value) + 1} of {len(limited)}, and each is a rate-based rule of one web ACL ({most.source})",
            code=Code.LIMIT,
            allowed=f"at most {most.text} endpoints with a `rate_limit`",
            fix="Limit one path that stands for several (`/api/*`), or split the API in two.",
        )
    longest = limit("cloudfront.waf.pattern_chars")
    for item in limited:
        size = len(path_expression(item.path))
        if size > longest.value:
            faults.add(
                f"{item.at}.rate_limit",
                f"needs a regular expression of {size} characters for {show(item.path)} ({longest.source})",
                code=Code.LIMIT,
                allowed=f"at most {longest.text}",
                fix="Give the endpoint a shorter path.",
            )


ASSOCIATION = ("events", "arn", "include_body")
"""What a LambdaEdgeFunction's `association` is made of."""


def check_functions(item: Endpoint, plan: Plan, faults: Faults) -> None:
    """Note what is no function for an endpoint's viewer events; what becomes known later is checked then."""
    at = item.at
    seen: dict[str, str] = {}
    for index, function in enumerate(item.functions or ()):
        path = f"{at}.cloudfront.functions[{index}]"
        if is_later(function):
            continue
        if not is_association(function, path, faults):
            continue
        if not is_later(function["arn"]):
            check_arn(f"{path}.arn", function["arn"], faults)
        for key in function:
            if key not in ASSOCIATION:
                faults.unknown_key(path, str(key), ASSOCIATION)
        if not isinstance(function.get("include_body", False), bool):
            faults.add(f"{path}.include_body", f"{show(function['include_body'])} is not true or false", code=Code.TYPE)
        events = function["events"]
        if isinstance(events, str) or not isinstance(events, Sequence) or not events:
            faults.add(
                f"{path}.events", f"{show(events)} is not a list of events", code=Code.TYPE, allowed=", ".join(EVENTS)
            )
            continue
        for number, event in enumerate(events):
            if not faults.one_of(f"{path}.events[{number}]", event, EVENTS):
                continue
            if event in ORIGIN_EVENTS:
                faults.add(
                    path,
                    f"is on {event}, where the API's own function runs: an event of a behavior takes one"
                    f" ({limit('lambda_edge.functions_per_event').source})",
                    code=Code.COMBINATION,
                    allowed=" or ".join(VIEWER_EVENTS),
                    fix="Do it in a `handler`, or at the viewer.",
                )
            elif event in seen:
                faults.add(
                    path,
                    f"is on {event}, as {seen[event]} is: an event of a behavior takes one function"
                    f" ({limit('lambda_edge.functions_per_event').source})",
                    code=Code.COMBINATION,
                    fix="Join the two functions.",
                )
            seen.setdefault(event, path)
    if any(event in VIEWER_EVENTS for event in seen):
        if item.auth is not None and item.cache is not None:
            faults.add(
                f"{at}.cloudfront.functions",
                "are on viewer events, where a function of the API's own checks `auth` before a stored answer is given:"
                f" an event of a behavior takes one ({limit('lambda_edge.functions_per_event').source})",
                code=Code.COMBINATION,
                fix="Leave out one of `functions`, `cache` and `auth`.",
            )
        redirect = _redirect_on(pattern_of(item.path), plan)
        reason = (
            "the caller's session" if item.auth is not None and item.auth.kind == "session"
            else f"the redirect of {show(redirect)}" if redirect is not None
            else "an experiment" if any(item.path in each.paths for each in plan.experiments)
            else ""
        )  # fmt: skip
        if reason:
            faults.add(
                f"{at}.cloudfront.functions",
                f"are on viewer events, where {reason} needs a CloudFront Function: CloudFront refuses both kinds together",
                code=Code.COMBINATION,
                fix="Leave one of the two out.",
            )


def _redirect_on(pattern: str, plan: Plan) -> str | None:
    """Return the path of a redirect that a behavior's pattern may match, if there is one."""
    head, star, _ = pattern.partition("*")
    for rule in json.loads(plan.redirects) if plan.redirects else ():
        path: str = rule["path"]
        stem = path.removesuffix("*")
        if path.endswith("*"):
            matched = head.startswith(stem) or (star != "" and stem.startswith(head))
        else:
            matched = re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), path) is not None
        if matched:
            return path
    return None


def check_arn(path: str, arn: object, faults: Faults) -> None:
    """Note what is wrong with the ARN of a function that a distribution is associated with."""
    parts = str(arn).split(":")
    if len(parts) < 7 or parts[0] != "arn" or parts[2] != "lambda":
        faults.add(
            path,
            f"{show(arn)} is not a function's ARN",
            code=Code.IDENTIFIER,
            allowed="arn:aws:lambda:us-east-1:ACCOUNT:function:NAME:NUMBER",
        )
        return
    if parts[3] != REGION:
        faults.add(
            path,
            f"is a function of {parts[3]}, and CloudFront takes functions from us-east-1 only ({lambda_edge.RESTRICTIONS})",
            code=Code.REGION,
            allowed=REGION,
        )
    if len(parts) != 8 or not parts[7].isdigit():
        version = parts[7] if len(parts) > 7 else "no version, which is $LATEST"
        faults.add(
            path,
            f"has {version}, and CloudFront takes numbered versions only ({lambda_edge.RESTRICTIONS})",
            code=Code.NOT_TAKEN,
            allowed="a LambdaEdgeFunction's `qualified_arn`",
        )
