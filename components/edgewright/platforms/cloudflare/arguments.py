"""The arguments of an API that only Cloudflare has: checked, with their defaults."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edgewright.arguments import checks
from edgewright.arguments.endpoints.models import Endpoints
from edgewright.arguments.program import claim, default_name
from edgewright.arguments.shape import is_later
from edgewright.base.fault_codes import Code
from edgewright.base.faults import Faults, show
from edgewright.contract.limits import limit
from edgewright.platforms.cloudflare.account import check_said
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

    account_id: Any
    zone_id: Any
    script_name: str
    hostname: str | None
    routes: tuple[str, ...]
    workers_dev: bool
    percentage: float
    previous_version_id: Any
    sticky: Mapping[str, Any]
    """What a client keeps its version by during a rollout; empty where each request is drawn anew."""
    given: Mapping[str, Any]


def check(name: str, given: Mapping[str, Any], faults: Faults) -> Plan:
    """Return the platform's arguments with their defaults; note what is wrong with them."""
    for key in CLOUDFRONT_ONLY:
        if key in given:
            faults.add(key, "is of use to host 'cloudfront' only", code=Code.OTHER_PLATFORM, fix="Leave it out.")
    own = {key: given[key] for key in ("zone_id", "zone_name") if key in given}
    given = check_said("EdgeApi", given, faults)
    account_id, zone_id = given.get("account_id", "0" * 32), given.get("zone_id")
    script_name = given.get("script_name", default_name(name))
    checks.function_name("script_name", script_name, faults)
    check_addresses(name, given, own, faults)
    percentage, previous = _check_rollout(given.get("rollout", {}), faults)
    sticky = _check_sticky(name, given, percentage, faults)
    _check_zone_plan(given, sticky, faults)
    _check_limits(given.get("limits", {}), faults)
    for index, tag in enumerate(given.get("tags", ())):
        if not _TAG.match(tag):
            faults.add(
                f"tags[{index}]",
                f"{show(tag)} is not a tag",
                code=Code.NAME,
                allowed="1 to 64 characters without blanks, `,` and `&`",
            )
    _check_environment(given, faults)
    if isinstance(account_id, str):
        claim(
            "script",
            f"{account_id}/{script_name}",
            f"EdgeApi {name!r}",
            "script_name",
            faults,
            "Names are unique in an account: give `script_name`.",
        )
    hostname, routes = given.get("hostname"), tuple(sorted(given.get("routes", ())))
    return Plan(
        account_id=account_id,
        zone_id=zone_id,
        script_name=script_name,
        hostname=hostname,
        routes=routes,
        workers_dev=given.get("workers_dev", hostname is None and not routes),
        percentage=percentage,
        previous_version_id=previous,
        sticky=sticky,
        given=given,
    )


def check_endpoints(plan: Plan, endpoints: Endpoints, faults: Faults) -> None:
    """Note what is asked for of endpoints that are not there."""
    if plan.given.get("cache_rules") and not any(
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


def _check_rollout(rollout: Mapping[str, Any], faults: Faults) -> tuple[float, Any]:
    for key in ("header", "session"):
        if key in rollout:
            fix = "Use `sticky`." if key == "session" else "Use `percentage`."
            faults.add(f"rollout.{key}", "is of use to host 'cloudfront' only", code=Code.OTHER_PLATFORM, fix=fix)
    percentage = rollout.get("percentage", 100)
    if not 0 <= percentage <= 100 or round(percentage, 2) != percentage:
        faults.add(
            "rollout.percentage",
            f"{percentage} is not a share of the requests",
            code=Code.RANGE,
            allowed="0 to 100, with at most 2 decimals",
        )
    previous = rollout.get("previous_version_id")
    if percentage < 100 and previous is None:
        faults.add(
            "rollout.previous_version_id",
            f"is required while the new version gets {percentage} %: the shares must add to 100",
            code=Code.MISSING,
            fix="Give the `stable_version_id` of the deployment before, or `percentage: 100`.",
        )
    if previous is not None and "percentage" not in rollout and not faults.about("rollout.percentage"):
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
    return percentage, previous


def _check_sticky(name: str, given: Mapping[str, Any], percentage: float, faults: Faults) -> Mapping[str, Any]:
    """Return what a client keeps its version by; note what is wrong with it."""
    sticky: Mapping[str, Any] | None = given.get("rollout", {}).get("sticky")
    if sticky is None:
        return {}
    at = "rollout.sticky"
    if "cookie" in sticky:
        checks.header_name(f"{at}.cookie", sticky["cookie"], faults)
    elif not sticky.get("address"):
        faults.add(
            at,
            "says nothing by which a client keeps its version",
            code=Code.NEEDS,
            allowed="`cookie`, a cookie's name; `address: True`; or both",
        )
    if percentage == 100:
        faults.add(at, "has no effect without a `percentage` below 100", code=Code.NO_EFFECT, fix="Leave it out.")
    if given.get("hostname") is None and not given.get("routes"):
        faults.add(
            at,
            f"is a rule of a zone, which sets {VERSION_KEY}, and the API answers on workers.dev alone, which has no rules"
            " (https://developers.cloudflare.com/workers/versions-and-deployments/gradual-deployments/version-affinity/)",
            code=Code.NEEDS,
            fix="Give a zone and a `hostname` or `cloudflare.routes`; or leave it out, and let clients send the header.",
        )
    zone_id = given.get("zone_id")
    if isinstance(zone_id, str):
        claim(
            HEADERS_PHASE,
            zone_id,
            f"EdgeApi {name!r}",
            at,
            faults,
            f"A zone has one ruleset of the phase {HEADERS_PHASE}: roll one API out after the other, or leave `sticky` out and"
            " write the rules of both in one cloudflare.Ruleset (the guide of rollouts has one).",
        )
    return sticky


def _check_zone_plan(given: Mapping[str, Any], sticky: Mapping[str, Any], faults: Faults) -> None:
    if "zone_plan" not in given:
        return
    plan = given["zone_plan"]
    if not given.get("cache_rules") and "cookie" not in sticky:
        faults.add(
            "cloudflare.zone_plan",
            "has no effect without `cache_rules` or `rollout.sticky.cookie`",
            code=Code.NO_EFFECT,
            fix="Leave it out.",
        )
    if "cookie" in sticky and plan == "free":
        faults.add(
            "rollout.sticky.cookie",
            f"is read by a rule, and rules of a zone on the plan free have no field for cookies ({COOKIES_FIELD})",
            code=Code.UNSUPPORTED,
            fix="Use `address: True` alone, or leave `sticky` out and let clients send the header.",
        )


def _check_limits(limits: Mapping[str, Any], faults: Faults) -> None:
    if "cpu_ms" in limits:
        checks.whole(
            "limits.cpu_ms",
            limits["cpu_ms"],
            faults,
            0,
            int(limit("cloudflare.workers.cpu_ms_max").value),
            "milliseconds",
            "0 leaves the limit to the account's plan, as leaving it out does.",
        )
    if "subrequests" in limits:
        checks.whole(
            "limits.subrequests",
            limits["subrequests"],
            faults,
            1,
            int(limit("cloudflare.workers.subrequests").value),
            "requests",
        )


def _check_environment(given: Mapping[str, Any], faults: Faults) -> None:
    """Names of settings and secrets, and how many there may be."""
    for key in ("vars", "secrets"):
        for name in given.get(key, {}):
            checks.binding_name(f"{key}.{name}", name, faults)
    most = limit("cloudflare.workers.env_vars")
    count = len(given.get("vars", {})) + len(given.get("secrets", {}))
    if count > most.value:
        faults.add(
            "vars",
            f"and `secrets` are {count} together",
            code=Code.LIMIT,
            allowed=f"at most {most.text}",
            fix="Put many settings into one JSON binding.",
        )
