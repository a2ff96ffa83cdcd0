"""The arguments of an API that only Cloudflare has: checked, with their defaults."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edgewright.arguments import checks
from edgewright.arguments.endpoints.models import Endpoints
from edgewright.arguments.program import claim, default_name
from edgewright.arguments.shape import Later, fill, is_later
from edgewright.base.fault_codes import Code
from edgewright.base.faults import Faults, show
from edgewright.contract.limits import limit
from edgewright.platforms.cloudflare.account import check_said
from edgewright.platforms.cloudflare.asked import Asked, Limits, Rollout, Sticky
from edgewright.platforms.cloudflare.routes import check_addresses, split_route

CLOUDFRONT_ONLY = (
    "assets",
    "experiments",
    "redirects",
    "security_headers",
)
"""Arguments of EdgeApi that mean something everywhere, and that nothing does here."""
COOKIES_FIELD = "https://developers.cloudflare.com/ruleset-engine/rules-language/fields/reference/http.request.cookies/"
HEADERS_PHASE = "http_request_late_transform"
VERSION_KEY = "Cloudflare-Workers-Version-Key"
"""The request header whose value decides the version during a rollout:
https://developers.cloudflare.com/workers/versions-and-deployments/gradual-deployments/version-affinity/"""
_TAG = re.compile(r"[^\s,&]{1,64}\Z")
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\Z")


@dataclass(frozen=True)
class Plan:
    """The arguments that only this platform has, sound and with their defaults."""

    account_id: Later[str]
    zone_id: Later[str] | None
    script_name: str
    hostname: str | None
    routes: tuple[str, ...]
    workers_dev: bool
    percentage: float
    previous_version_id: Later[str] | None
    sticky: Sticky | None
    """What a client keeps its version by during a rollout; None where each request is drawn anew."""
    given: Asked


def check(name: str, given: Mapping[str, Any], faults: Faults) -> Plan:
    """Return the platform's arguments with their defaults; note what is wrong with them."""
    for key in CLOUDFRONT_ONLY:
        if key in given:
            faults.add(key, "is of use to host 'cloudfront' only", code=Code.OTHER_PLATFORM, fix="Leave it out.")
    own = {key for key in ("zone_id", "zone_name") if key in given}
    asked = fill(Asked, check_said("EdgeApi", given, faults))
    script_name = default_name(name) if asked.script_name is None else asked.script_name
    checks.function_name("script_name", script_name, faults)
    check_addresses(name, asked, own, faults)
    percentage = check_rollout(asked.rollout, faults)
    _check_sticky(name, asked, percentage, faults)
    _check_zone_plan(asked, faults)
    _check_limits(asked.limits, faults)
    for index, tag in enumerate(asked.tags):
        if not _TAG.match(tag):
            faults.add(
                f"tags[{index}]",
                f"{show(tag)} is not a tag",
                code=Code.NAME,
                allowed="1 to 64 characters without blanks, `,` and `&`",
            )
    _check_environment(asked, faults)
    if isinstance(asked.account_id, str):
        claim(
            "script",
            f"{asked.account_id}/{script_name}",
            f"EdgeApi {name!r}",
            "script_name",
            faults,
            "Names are unique in an account: give `script_name`.",
        )
    return Plan(
        account_id=asked.account_id,
        zone_id=asked.zone_id,
        script_name=script_name,
        hostname=asked.hostname,
        routes=tuple(sorted(asked.routes)),
        workers_dev=not asked.addressed if asked.workers_dev is None else asked.workers_dev,
        percentage=percentage,
        previous_version_id=asked.rollout.previous_version_id,
        sticky=asked.rollout.sticky,
        given=asked,
    )


def check_endpoints(plan: Plan, endpoints: Endpoints, faults: Faults) -> None:
    """Note what is asked for of endpoints that are not there."""
    if plan.given.cache_rules and not any(
        item.origin is not None and item.cache is not None for item in endpoints.items
    ):
        faults.add(
            "cloudflare.cache_rules",
            "act on the URLs that the function asks its origins for, and no endpoint has both an `origin` and a `cache`",
            code=Code.NO_EFFECT,
            fix="Leave it out: what handlers answer is kept by the function's own cache, as their `cache` says.",
        )


def hosts_of(plan: Plan) -> set[str]:
    """Return the hosts that a client may ask, of routes with their `*`."""
    return {host for host in (plan.hostname, *(split_route(pattern)[1] for pattern in plan.routes)) if host}


def check_rollout(rollout: Rollout, faults: Faults) -> float:
    """Return the new version's share of the requests; note what is wrong with the rollout."""
    for key, said in (("header", rollout.header), ("session", rollout.session)):
        if said is not None:
            fix = "Use `sticky`." if key == "session" else "Use `percentage`."
            faults.add(f"rollout.{key}", "is of use to host 'cloudfront' only", code=Code.OTHER_PLATFORM, fix=fix)
    percentage = 100 if rollout.percentage is None else rollout.percentage
    if not 0 <= percentage <= 100 or round(percentage, 2) != percentage:
        faults.add(
            "rollout.percentage",
            f"{percentage} is not a share of the requests",
            code=Code.RANGE,
            allowed="0 to 100, with at most 2 decimals",
        )
    previous = rollout.previous_version_id
    if percentage < 100 and previous is None:
        faults.add(
            "rollout.previous_version_id",
            f"is required while the new version gets {percentage} %: the shares must add to 100",
            code=Code.MISSING,
            fix="Give the `stable_version_id` of the deployment before, or `percentage: 100`.",
        )
    if previous is not None and rollout.percentage is None and not faults.about("rollout.percentage"):
        faults.add(
            "rollout.previous_version_id",
            "has no effect without `percentage`: the new version gets all requests",
            code=Code.NO_EFFECT,
            fix="Give the `percentage` of the new version too, or leave it out.",
        )
    if previous is not None and not is_later(previous) and not _UUID.match(previous):
        faults.add(
            "rollout.previous_version_id",
            f"{show(previous)} is not a version's id",
            code=Code.IDENTIFIER,
            allowed="a UUID, lower case",
        )
    return percentage


def _check_sticky(name: str, asked: Asked, percentage: float, faults: Faults) -> None:
    sticky = asked.rollout.sticky
    if sticky is None:
        return
    at = "rollout.sticky"
    if sticky.cookie is not None:
        checks.header_name(f"{at}.cookie", sticky.cookie, faults)
    elif not sticky.address:
        faults.add(
            at,
            "says nothing by which a client keeps its version",
            code=Code.NEEDS,
            allowed="`cookie`, a cookie's name; `address: True`; or both",
        )
    if percentage == 100:
        faults.add(at, "has no effect without a `percentage` below 100", code=Code.NO_EFFECT, fix="Leave it out.")
    if not asked.addressed:
        faults.add(
            at,
            f"is a rule of a zone, which sets {VERSION_KEY}, and the API answers on workers.dev alone, which has no rules"
            " (https://developers.cloudflare.com/workers/versions-and-deployments/gradual-deployments/version-affinity/)",
            code=Code.NEEDS,
            fix="Give a zone and a `hostname` or `cloudflare.routes`; or leave it out, and let clients send the header.",
        )
    if isinstance(asked.zone_id, str):
        claim(
            HEADERS_PHASE,
            asked.zone_id,
            f"EdgeApi {name!r}",
            at,
            faults,
            f"A zone has one ruleset of the phase {HEADERS_PHASE}: roll one API out after the other, or leave `sticky` out and"
            " write the rules of both in one cloudflare.Ruleset (the guide of rollouts has one).",
        )


def _check_zone_plan(asked: Asked, faults: Faults) -> None:
    if asked.zone_plan is None:
        return
    by_cookie = asked.rollout.sticky is not None and asked.rollout.sticky.cookie is not None
    if not asked.cache_rules and not by_cookie:
        faults.add(
            "cloudflare.zone_plan",
            "has no effect without `cache_rules` or `rollout.sticky.cookie`",
            code=Code.NO_EFFECT,
            fix="Leave it out.",
        )
    if by_cookie and asked.zone_plan == "free":
        faults.add(
            "rollout.sticky.cookie",
            f"is read by a rule, and rules of a zone on the plan free have no field for cookies ({COOKIES_FIELD})",
            code=Code.UNSUPPORTED,
            fix="Use `address: True` alone, or leave `sticky` out and let clients send the header.",
        )


def _check_limits(limits: Limits, faults: Faults) -> None:
    if limits.cpu_ms is not None:
        checks.whole(
            "limits.cpu_ms",
            limits.cpu_ms,
            faults,
            0,
            int(limit("cloudflare.workers.cpu_ms_max").value),
            "milliseconds",
            "0 leaves the limit to the account's plan, as leaving it out does.",
        )
    if limits.subrequests is not None:
        checks.whole(
            "limits.subrequests",
            limits.subrequests,
            faults,
            1,
            int(limit("cloudflare.workers.subrequests").value),
            "requests",
        )


def _check_environment(asked: Asked, faults: Faults) -> None:
    """Names of settings and secrets, and how many there may be."""
    for key, names in (("vars", asked.vars), ("secrets", asked.secrets)):
        for name in names:
            checks.binding_name(f"{key}.{name}", name, faults)
    most = limit("cloudflare.workers.env_vars")
    count = len(asked.vars) + len(asked.secrets)
    if count > most.value:
        faults.add(
            "vars",
            f"and `secrets` are {count} together",
            code=Code.LIMIT,
            allowed=f"at most {most.text}",
            fix="Put many settings into one JSON binding.",
        )
