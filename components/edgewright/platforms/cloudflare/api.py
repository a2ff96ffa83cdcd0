"""Cloudflare: how an API becomes a Worker with its routes and domains, and a store a KV namespace.

`check` looks at the arguments that only this platform has; `create` makes the resources. What the provider or the API would
accept and not do is refused here.
"""

import datetime
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

import pulumi
import pulumi_cloudflare as cloudflare

from edgewright.arguments import checks
from edgewright.arguments.bindings import KEY_VALUE_STORE
from edgewright.arguments.endpoints.models import Endpoints
from edgewright.arguments.program import claim, claimed, default_name
from edgewright.arguments.shape import checked, is_later, when_known
from edgewright.assemble.handlers import bundle_handlers
from edgewright.assemble.worker import BUNDLES, MAIN, SHIELD_CLASS, digest, has_shield, size, worker_modules
from edgewright.base.faults import Faults, show
from edgewright.contract.claims import CREDENTIALS
from edgewright.contract.limits import limit
from edgewright.platforms.cloudflare.bindings import KINDS
from edgewright.platforms.cloudflare.kv import check_store as check_store
from edgewright.platforms.cloudflare.kv import create_store as create_store
from edgewright.platforms.platform import Deployed

COMPATIBILITY_DATE = "2026-07-01"
"""The runtime's behaviour that edgewright's own code is tested with."""

OWN_EXPORTS, NO_OWN_EXPORTS, OWN_EXPORTS_DATE = "enable_ctx_exports", "disable_ctx_exports", "2025-11-17"
"""The flags of `ctx.exports`, and since which compatibility date it is there without one:
https://developers.cloudflare.com/workers/configuration/compatibility-flags/"""
PLACEMENTS = ("smart",)
ZONE_PLANS = ("free", "pro", "business", "enterprise")
CACHE_PHASE = "http_request_cache_settings"
HEADERS_PHASE = "http_request_late_transform"
VERSION_KEY = "Cloudflare-Workers-Version-Key"
"""The request header whose value decides the version during a rollout:
https://developers.cloudflare.com/workers/versions-and-deployments/gradual-deployments/version-affinity/"""
CLOUDFRONT_ONLY = (
    "access_logs",
    "assets",
    "certificate_arn",
    "dashboard",
    "experiments",
    "hosted_zone_id",
    "log_retention_days",
    "metrics",
    "origin_shield",
    "price_class",
    "redirects",
    "security_headers",
    "wait_for_deployment",
    "web_acl_arn",
)
"""Arguments of EdgeApi that another platform has."""

_ADDRESS = "address"
"""What a program's hostnames and routes are claimed as: one list, because each may take the other's requests."""
_COOKIES_FIELD = (
    "https://developers.cloudflare.com/ruleset-engine/rules-language/fields/reference/http.request.cookies/"
)
_FLAG = re.compile(r"[a-z][a-z0-9_]*\Z")
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


# --- checks --------------------------------------------------------------------------------------------------------


def check(name: str, given: Mapping[str, Any], faults: Faults) -> Plan:
    """Return the platform's arguments with their defaults; note what is wrong with them."""
    for key in CLOUDFRONT_ONLY:
        if key in given:
            faults.add(key, "is of use to host 'cloudfront' only", fix="Leave it out.")
    if "account_id" not in given:
        faults.add("account_id", "is required and was not given")
    account_id = checked(
        given.get("account_id", "0" * 32),
        lambda value, found: checks.hex_id("account_id", value, found, "an account's id"),
        faults,
    )
    zone_id = given.get("zone_id")
    if zone_id is not None:
        zone_id = checked(zone_id, lambda value, found: checks.hex_id("zone_id", value, found, "a zone's id"), faults)
    script_name = given.get("script_name", default_name(name))
    checks.function_name("script_name", script_name, faults)
    _check_addresses(name, given, faults)
    percentage, previous = _check_rollout(given.get("rollout", {}), faults)
    sticky = _check_sticky(name, given, percentage, faults)
    _check_zone_plan(given, sticky, faults)
    _check_limits(given.get("limits", {}), faults)
    _check_observability(given.get("observability", {}), faults)
    if "placement" in given:
        faults.one_of("placement", given["placement"], PLACEMENTS)
    _check_compatibility(given, faults)
    for index, tag in enumerate(given.get("tags", ())):
        if not _TAG.match(tag):
            faults.add(
                f"tags[{index}]", f"{show(tag)} is not a tag", allowed="1 to 64 characters without blanks, `,` and `&`"
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
    """Note what an endpoint asks for that only another platform has, and what is asked for of endpoints that are not there."""
    if plan.given.get("cache_rules") and not any(item.get("origin") and item.get("cache") for item in endpoints.items):
        faults.add(
            "cache_rules",
            "act on the URLs that the function asks its origins for, and no endpoint has both an `origin` and a `cache`",
            fix="Leave it out: what handlers answer is kept by the function's own cache, as their `cache` says.",
        )
    for item in endpoints.items:
        if "functions" in item:
            faults.add(f"{item['at']}.functions", "is of use to host 'cloudfront' only", fix="Leave it out.")


def bundle(plan: Plan, endpoints: Endpoints, faults: Faults) -> dict[str, str]:
    """Return the handlers' modules, bundled for workerd."""
    flags = plan.given.get("compatibility_flags", [])
    return bundle_handlers(endpoints.handlers, endpoints.handler_places, flags, faults)


def modules(
    name: str, plan: Plan, _endpoints: Endpoints, settings: Mapping[str, Any], handlers: Mapping[str, str]
) -> list[dict[str, str]]:
    """Return the Worker's modules, or raise a fault where they are larger than the platform takes."""
    own_host = min((host for host in _hosts(plan) if "*" not in host), default=None)
    made = worker_modules(
        _with_own_entries(settings, plan.script_name, plan.hostname or own_host), handlers, BUNDLES / "cloudflare"
    )
    most = limit("cloudflare.workers.script_bytes")
    if size(made) > most.value:
        faults = Faults("EdgeApi", name)
        faults.add(
            "endpoints",
            f"need modules of {size(made)} bytes",
            allowed=f"at most {most.text}",
            fix="Leave packages out of the handlers, or split the API in two.",
        )
        faults.raise_if_any()
    return made


def _check_addresses(name: str, given: Mapping[str, Any], faults: Faults) -> None:
    zone = given.get("zone_name")
    if zone is not None and not checks.hostname("zone_name", zone, faults):
        zone = None
    hostname = given.get("hostname")
    others = claimed(_ADDRESS)
    if hostname is not None and checks.hostname("hostname", hostname, faults):
        if zone and not checks.inside_zone(hostname, zone):
            faults.add(
                "hostname", f"{show(hostname)} is outside the zone {zone}", allowed=f"{zone}, or a name under it"
            )
        _claim_address(name, "hostname", hostname, others, faults)
    sound: list[str] = []
    for index, pattern in enumerate(given.get("routes", ())):
        at = f"routes[{index}]"
        if not checks.route_pattern(at, pattern, faults, zone):
            continue
        if hostname is not None and _covers(f"{hostname}/*", pattern):
            faults.add(
                at,
                f"{show(pattern)} overlaps the hostname {hostname}, all of which the function answers already",
                fix="Leave the route out.",
            )
        for other in sound:
            if pattern == other:
                faults.add(at, f"{show(pattern)} is given twice")
            elif _covers(other, pattern) or _covers(pattern, other):
                wide, narrow = (other, pattern) if _covers(other, pattern) else (pattern, other)
                faults.add(
                    at,
                    f"{show(narrow)} overlaps {show(wide)}, which leads to the same function",
                    fix=f"Leave {show(narrow)} out.",
                )
        if pattern not in sound:
            sound.append(pattern)
            _claim_address(name, at, pattern, others, faults)
    if given.get("workers_dev") is False and hostname is None and not given.get("routes"):
        faults.add(
            "workers_dev",
            "is False, and there is neither `hostname` nor `routes`, so that nothing leads to the API",
            fix="Give one of them, or leave `workers_dev` out.",
        )
    for key in ("hostname", "routes", "tiered_cache", "cache_rules"):
        if given.get(key) and "zone_id" not in given:
            faults.add("zone_id", f"is required by `{key}`", allowed="32 hexadecimal digits, lower case")
    _check_zone_is_used(given, faults)
    for key, what in (("tiered_cache", "tiered cache"), ("cache_rules", "cache rules")):
        zone_id = given.get("zone_id")
        if given.get(key) and isinstance(zone_id, str):
            claim(key, zone_id, f"EdgeApi {name!r}", key, faults, f"A zone has one set of {what}: let one API own it.")
    if given.get("cache_rules") and hostname is None and not given.get("routes"):
        faults.add(
            "cache_rules",
            "act in the zone by which requests come to the function, and it has neither `hostname` nor `routes`",
            fix="Give one of them, or leave `cache_rules` out.",
        )
    if given.get("tiered_cache") and not given.get("cache_rules"):
        faults.add(
            "tiered_cache",
            "has no effect without `cache_rules`: it acts on what the zone keeps of the function's requests to origins"
            " (https://developers.cloudflare.com/workers/reference/how-the-cache-works/), and the zone keeps no API's answers"
            " without a rule",
            fix="Give a CachePolicy `tiers.shield`, one place for all data centres; or turn on `cache_rules` too.",
        )


def _check_zone_is_used(given: Mapping[str, Any], faults: Faults) -> None:
    """Note a zone that nothing is made in: it only says where `hostname`, `routes` and what goes with them are."""
    addressed = given.get("hostname") is not None or bool(given.get("routes"))
    for key, used in (
        ("zone_id", addressed or given.get("tiered_cache") or given.get("cache_rules")),
        ("zone_name", addressed),
    ):
        if key in given and not used:
            faults.add(
                key,
                "has no effect without `hostname` or `routes`: the API answers on workers.dev alone, which is in no zone",
                fix="Give a `hostname` or `routes` of the zone, or leave it out.",
            )


def _claim_address(name: str, at: str, address: str, others: list[tuple[str, str]], faults: Faults) -> None:
    """Claim a hostname or a route; note a fault where another API of the program answers some of its requests."""
    why = "Give each API hostnames and routes of its own, or make both endpoints of one API."
    for other, owner in others:
        if other != address and _meet(_as_route(address), _as_route(other)):
            what = "route" if "/" in other else "hostname"
            faults.add(at, f"{show(address)} overlaps the {what} {show(other)} of {owner}", fix=why)
    claim(_ADDRESS, address, f"EdgeApi {name!r}", at, faults, why)


def _as_route(address: str) -> str:
    """Return a route as it is, and a hostname as the route that takes everything of it."""
    return address if "/" in address else f"{address}/*"


def _split_route(pattern: str) -> tuple[str, str, str]:
    scheme, separator, rest = pattern.partition("://")
    host, _, path = (rest if separator else pattern).partition("/")
    return (scheme if separator else ""), host, f"/{path}"


def _covers(wide: str, narrow: str) -> bool:
    """Say whether one route's pattern matches everything that another matches."""
    wide_scheme, wide_host, wide_path = _split_route(wide)
    scheme, host, path = _split_route(narrow)
    if wide_scheme not in ("", scheme):
        return False
    if wide_host.startswith("*"):
        if not host.endswith(wide_host[1:]):
            return False
    elif wide_host != host:
        return False
    return path.startswith(wide_path[:-1]) if wide_path.endswith("*") else path == wide_path


def _meet(one: str, other: str) -> bool:
    """Say whether some request matches both routes' patterns."""
    one_scheme, one_host, one_path = _split_route(one)
    scheme, host, path = _split_route(other)
    if one_scheme and scheme and one_scheme != scheme:
        return False
    wild_hosts = one_host.startswith("*"), host.startswith("*")
    one_tail, tail = one_host.removeprefix("*"), host.removeprefix("*")
    if not (
        (wild_hosts[0] and tail.endswith(one_tail))
        or (wild_hosts[1] and one_tail.endswith(tail))
        or (one_tail == tail and not any(wild_hosts))
    ):
        return False
    one_head, head = one_path.removesuffix("*"), path.removesuffix("*")
    return (
        (one_path.endswith("*") and head.startswith(one_head))
        or (path.endswith("*") and one_head.startswith(head))
        or one_path == path
    )


def _check_rollout(rollout: Mapping[str, Any], faults: Faults) -> tuple[float, Any]:
    for key in ("header", "session"):
        if key in rollout:
            fix = "Use `sticky`." if key == "session" else "Use `percentage`."
            faults.add(f"rollout.{key}", "is of use to host 'cloudfront' only", fix=fix)
    percentage = rollout.get("percentage", 100)
    if not 0 <= percentage <= 100 or round(percentage, 2) != percentage:
        faults.add(
            "rollout.percentage",
            f"{percentage} is not a share of the requests",
            allowed="0 to 100, with at most 2 decimals",
        )
    previous = rollout.get("previous_version_id")
    if percentage < 100 and previous is None:
        faults.add(
            "rollout.previous_version_id",
            f"is required while the new version gets {percentage} %: the shares must add to 100",
            fix="Give the `stable_version_id` of the deployment before, or `percentage: 100`.",
        )
    if previous is not None and "percentage" not in rollout and not faults.about("rollout.percentage"):
        faults.add(
            "rollout.previous_version_id",
            "has no effect without `percentage`: the new version gets all requests",
            fix="Give the `percentage` of the new version too, or leave it out.",
        )
    if previous is not None and not is_later(previous) and not _UUID.match(previous):
        faults.add(
            "rollout.previous_version_id", f"{show(previous)} is not a version's id", allowed="a UUID, lower case"
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
            allowed="`cookie`, a cookie's name; `address: True`; or both",
        )
    if percentage == 100:
        faults.add(at, "has no effect without a `percentage` below 100", fix="Leave it out.")
    if given.get("hostname") is None and not given.get("routes"):
        faults.add(
            at,
            f"is a rule of a zone, which sets {VERSION_KEY}, and the API answers on workers.dev alone, which has no rules"
            " (https://developers.cloudflare.com/workers/versions-and-deployments/gradual-deployments/version-affinity/)",
            fix="Give `zone_id` and a `hostname` or `routes`; or leave it out, and let clients send the header.",
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
    faults.one_of("zone_plan", plan, ZONE_PLANS)
    if not given.get("cache_rules") and "cookie" not in sticky:
        faults.add("zone_plan", "has no effect without `cache_rules` or `rollout.sticky.cookie`", fix="Leave it out.")
    if "cookie" in sticky and plan == "free":
        faults.add(
            "rollout.sticky.cookie",
            f"is read by a rule, and rules of a zone on the plan free have no field for cookies ({_COOKIES_FIELD})",
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


def _check_observability(observability: Mapping[str, Any], faults: Faults) -> None:
    if observability.get("enabled") is False:
        for key in ("head_sampling_rate", "invocation_logs", "traces"):
            if key in observability:
                faults.add(
                    f"observability.{key}",
                    "has no effect, because `observability.enabled` is False and nothing is kept",
                    fix=f"Leave {key} out, or `enabled`.",
                )
    if "head_sampling_rate" in observability:
        checks.share("observability.head_sampling_rate", observability["head_sampling_rate"], faults)


def _today() -> str:
    return datetime.datetime.now(datetime.timezone.utc).date().isoformat()


def _check_compatibility(given: Mapping[str, Any], faults: Faults) -> None:
    if "compatibility_date" in given:
        day = given["compatibility_date"]
        if checks.date("compatibility_date", day, faults) and day < "2022-10-31":
            faults.add(
                "compatibility_date",
                f"{show(day)} is before module Workers got what edgewright uses",
                allowed="2022-10-31 or later",
            )
        elif isinstance(day, str) and not faults.about("compatibility_date") and day > _today():
            faults.add(
                "compatibility_date",
                f"{show(day)} is still to come, and a runtime has the changes up to its own day alone"
                " (https://developers.cloudflare.com/workers/configuration/compatibility-dates/)",
                allowed="today (UTC) or earlier",
            )
    flags = given.get("compatibility_flags", [])
    for index, flag in enumerate(flags):
        if not _FLAG.match(flag):
            faults.add(
                f"compatibility_flags[{index}]",
                f"{show(flag)} is not a flag's name",
                allowed="lower-case letters, digits and `_`",
            )
        elif flag in flags[:index]:
            faults.add(f"compatibility_flags[{index}]", f"{show(flag)} is given twice")


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
            allowed=f"at most {most.text}",
            fix="Put many settings into one JSON binding.",
        )


MIN_HMAC_KEY_BYTES = 32
"""A key for HS256 has at least as many bytes as the hash: https://www.rfc-editor.org/rfc/rfc7518#section-3.2"""


def _environment_value(path: str, value: Any, faults: Faults, *, key: bool = False) -> Any:
    """Return a setting or a secret, checked when it is known. `key`: tokens are verified with it."""

    def sized(text: Any, found: Faults) -> None:
        if not isinstance(text, str):
            found.add(path, f"is {type(text).__name__}, not a string")
        else:
            size = len(text.encode())
            checks.text_bytes(path, size, found, "cloudflare.workers.env_var_bytes", "it", "Keep large settings in KV.")
            if key and size < MIN_HMAC_KEY_BYTES:
                found.add(
                    path,
                    f"has {size} bytes, and tokens are verified with it by HS256 (RFC 7518, section 3.2)",
                    allowed=f"{MIN_HMAC_KEY_BYTES} bytes or more, drawn at random",
                    fix="Make one: `openssl rand -base64 32`.",
                )

    return checked(value, sized, faults)


# --- bindings ------------------------------------------------------------------------------------------------------


def bindings(
    plan: Plan, endpoints: Endpoints, needed: Sequence[Mapping[str, Any]], faults: Faults
) -> list[dict[str, Any]]:
    """Return everything that the function sees on `env`, sorted by name: the API keeps them so, and another order would
    be a difference at each preview."""
    found: dict[str, dict[str, Any]] = {}

    def add(path: str, binding: dict[str, Any]) -> None:
        if binding["name"] in found:
            faults.add(path, f"{binding['name']!r} is the name of two bindings", fix="Give one of them another name.")
        found[binding["name"]] = binding

    for binding in needed:
        if binding["type"] == KEY_VALUE_STORE:
            faults.add(
                "sessions.binding",
                "is a CloudFront KeyValueStore, which a Worker cannot reach",
                allowed="the `binding` of a KvNamespace with host 'cloudflare'",
            )
            continue
        if binding.get("script_name") == plan.script_name:
            faults.add(
                f"bindings ({binding['name']})",
                f"names the function itself, {show(plan.script_name)}, whose modules export no class",
                allowed="the name of another Worker that exports the class",
                fix="Make the class in a Worker of its own (cloudflare.WorkerVersion with `exports`), and give its name.",
            )
        for made in KINDS[binding["type"]].inputs(binding):
            add("bindings", dict(made))
    for limited in endpoints.rate_limits:
        add(
            "endpoints",
            {
                "type": "ratelimit",
                "name": limited.name,
                "namespace_id": _rate_limit_namespace(plan.script_name, limited.name),
                "simple": {"limit": limited.limit, "period": limited.period_s},
            },
        )
    for name, value in plan.given.get("vars", {}).items():
        add(
            f"vars.{name}",
            {"type": "plain_text", "name": name, "text": _environment_value(f"vars.{name}", value, faults)},
        )
    for name, value in plan.given.get("secrets", {}).items():
        add(
            f"secrets.{name}",
            {
                "type": "secret_text",
                "name": name,
                "text": _environment_value(
                    f"secrets.{name}",
                    value,
                    faults,
                    key=any((item["auth"] or {}).get("secret_binding") == name for item in endpoints.items),
                ),
            },
        )
    return [found[name] for name in sorted(found)]


def _rate_limit_namespace(script_name: str, name: str) -> str:
    """Return the id of a counter: a positive whole number, one for each function and endpoint of an account."""
    return str(int(hashlib.sha256(f"{script_name} {name}".encode()).hexdigest()[:8], 16) % (2**31 - 1) + 1)


# --- resources -----------------------------------------------------------------------------------------------------


def create(
    parent: pulumi.Resource,
    name: str,
    plan: Plan,
    _endpoints: Endpoints,
    settings: Any,
    modules: Any,
    bound: Any,
) -> Deployed:
    """Make the resources of an API from its settings document, its modules and its bindings, known now or later."""
    given = plan.given
    child = pulumi.ResourceOptions(parent=parent)
    worker = cloudflare.Worker(
        f"{name}-worker",
        account_id=plan.account_id,
        name=plan.script_name,
        logpush=False,
        observability=_observability(given.get("observability", {})),
        subdomain={"enabled": plan.workers_dev, "previews_enabled": False},
        tags=sorted(set(given.get("tags", ()))),
        tail_consumers=[],
        # A default name stays when the component is renamed: another one would take the hostname off the Worker for a while.
        opts=child if "script_name" in given else pulumi.ResourceOptions(parent=parent, ignore_changes=["name"]),
    )
    cache_options: Any = when_known(settings, _cache_options)
    exported: Any = when_known(settings, _exports)
    when_known(settings, lambda known: _warn_of_purges(name, known))
    version = cloudflare.WorkerVersion(
        f"{name}-version",
        account_id=plan.account_id,
        worker_id=worker.id,
        main_module=MAIN,
        modules=modules,
        bindings=bound,
        exports=exported,
        compatibility_date=given.get("compatibility_date", COMPATIBILITY_DATE),
        compatibility_flags=when_known(settings, lambda known: _flags(given, known)),
        limits=_limits(given.get("limits", {})),
        placement={"mode": given["placement"]} if "placement" in given else None,
        cache_options=cache_options,
        annotations={"workers_message": f"{name} by edgewright", "workers_tag": when_known(modules, digest)},
        opts=child,
    )
    before = [_make_sticky(parent, name, plan, settings)] if plan.sticky else []
    deployment = cloudflare.WorkersDeployment(
        f"{name}-deployment",
        account_id=plan.account_id,
        script_name=worker.name,
        strategy="percentage",
        versions=_shares(parent, plan, worker, version.id, settings),
        annotations={"workers_message": f"{name} by edgewright"},
        opts=pulumi.ResourceOptions(parent=parent, depends_on=before),
    )
    _lead_to(name, plan, worker, pulumi.ResourceOptions(parent=parent, depends_on=[deployment]))
    if given.get("tiered_cache"):
        # Two switches: tiered caching itself, and its smart topology.
        tiered = cloudflare.ArgoTieredCaching(f"{name}-tiered-caching", zone_id=plan.zone_id, value="on", opts=child)
        smart = pulumi.ResourceOptions(parent=parent, depends_on=[tiered])
        cloudflare.TieredCache(f"{name}-tiered-cache", zone_id=plan.zone_id, value="on", opts=smart)
    if given.get("cache_rules"):
        cloudflare.Ruleset(
            f"{name}-cache-rules",
            zone_id=plan.zone_id,
            kind="zone",
            phase=CACHE_PHASE,
            name="edgewright cache rules",
            description=f"Cache rules of {name}, by edgewright.",
            rules=when_known(settings, lambda known: cache_rules(name, plan, known)),
            opts=child,
        )
    # Of the deployment, not of the version: where the platform refuses to deploy it, the version is there and answers
    # nobody, and whoever rolled out next would leave most requests to it.
    deployed = deployment.versions.apply(lambda shares: [share.version_id for share in shares])
    served = pulumi.Output.all(deployed, plan.previous_version_id).apply(lambda known: _served(known[0], known[1]))
    return Deployed(
        urls=_urls(plan, worker),
        # Known once it is deployed: another function's binding to a Worker that has no version yet is refused.
        script_name=deployment.script_name,
        version_id=served.apply(lambda found: found.version),
        stable_version_id=served.apply(lambda found: found.stable),
        candidate_version_id=served.apply(lambda found: found.candidate),
    )


def _lead_to(name: str, plan: Plan, worker: cloudflare.Worker, opts: pulumi.ResourceOptions) -> None:
    """Lead requests to the function, once something is deployed that can answer them."""
    if plan.hostname is not None:
        cloudflare.WorkersCustomDomain(
            f"{name}-domain",
            account_id=plan.account_id,
            zone_id=plan.zone_id,
            hostname=plan.hostname,
            service=worker.name,
            opts=opts,
        )
    for pattern in plan.routes:
        cloudflare.WorkersRoute(
            f"{name}-route-{pattern}", zone_id=plan.zone_id, pattern=pattern, script=worker.name, opts=opts
        )


def _observability(observability: Mapping[str, Any]) -> Any:
    enabled = observability.get("enabled", True)
    rate = observability.get("head_sampling_rate", 1)
    return {
        "enabled": enabled,
        "head_sampling_rate": rate,
        "logs": {
            "enabled": enabled,
            "head_sampling_rate": rate,
            "invocation_logs": observability.get("invocation_logs", True),
            "persist": True,
            "destinations": [],
        },
        "traces": {
            "enabled": observability.get("traces", False),
            "head_sampling_rate": rate,
            "persist": True,
            "destinations": [],
        },
    }


def _with_own_entries(settings: Mapping[str, Any], script_name: str, cache_host: str | None) -> dict[str, Any]:
    """Return the settings with the hostname that the Cache API asks its keys to have, which saves it a look-up of DNS
    (https://developers.cloudflare.com/workers/runtime-apis/cache/), and with entries that hostnames share kept apart from those of other functions. All Workers of a zone
    share its Cache API (https://developers.cloudflare.com/workers/reference/how-the-cache-works/), and a KV namespace may
    be several functions' too: without the host in the key, one function's answers would be given out by another."""

    def own(endpoint: Mapping[str, Any]) -> Mapping[str, Any]:
        cache = endpoint["cache"]
        if cache is None or cache["key"]["host"]:
            return endpoint
        return {**endpoint, "cache": {**cache, "name": f"{script_name}/{cache['name']}"}}

    return {**settings, "cache_host": cache_host, "endpoints": [own(endpoint) for endpoint in settings["endpoints"]]}


def _exports(settings: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the shield's class: its storage is made with the deployment, and stays when the version goes. No binding leads
    to it, because the platform refuses one to a class that is not there yet (100406): the function has it as one of its own
    exports, `ctx.exports`."""
    return {SHIELD_CLASS: {"type": "durable-object", "storage": "sqlite"}} if has_shield(settings) else None


def _flags(given: Mapping[str, Any], settings: Mapping[str, Any]) -> list[str]:
    """Return the flags as given, and for a shield the one that newer dates have by themselves."""
    flags = set(given.get("compatibility_flags", ()))
    if has_shield(settings):
        if NO_OWN_EXPORTS in flags:
            faults = Faults("EdgeApi", str(settings["name"]))
            faults.add(
                "compatibility_flags",
                f"has {NO_OWN_EXPORTS!r}, without which nothing leads to the shield",
                fix="Leave the flag out, or the policies' `tiers.shield`.",
            )
            faults.raise_if_any()
        if given.get("compatibility_date", COMPATIBILITY_DATE) < OWN_EXPORTS_DATE:
            flags.add(OWN_EXPORTS)
    return sorted(flags)


def _caches(settings: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [item["cache"] for item in settings["endpoints"] if item["cache"] is not None]


def _warn_of_purges(name: str, settings: Mapping[str, Any]) -> None:
    """Tell of tags that a purge could follow in part only: nothing carries it to data centres and isolates."""
    caches = {cache["name"]: cache for cache in _caches(settings) if cache["mode"] != "bypass"}
    if any(cache["tiers"]["kv"] or cache["tiers"]["shield"] for cache in caches.values()):
        return
    tagged = sorted(cache["name"] for cache in caches.values() if cache["tags"])
    if tagged:
        pulumi.log.warn(
            f"EdgeApi {name!r}: {', '.join(tagged)}: has tags to purge by, and neither tiers.kv nor tiers.shield, by which"
            " a purge reaches every data centre and isolate; without them only a zone's purge by tag can empty edge tiers"
            " (as Cloudflare documents it), and the rest stays until it expires"
        )


def _limits(limits: Mapping[str, Any]) -> Any:
    """Return the limits that were asked for: Workers Free refuses a version that sets `cpu_ms`, whatever its value."""
    found = {key: limits[key] for key in ("cpu_ms", "subrequests") if limits.get(key)}
    return found or None


def _cache_options(settings: Mapping[str, Any]) -> dict[str, bool]:
    """Return what turns the platform's own cache on where an endpoint's strategy asks for it, and else off: what is left
    out may stay as it was, and in front of a Worker that does not expect it that cache keeps what has no Cache-Control."""
    used = any(endpoint["cache"] and endpoint["cache"]["engine"] == "platform" for endpoint in settings["endpoints"])
    return {"enabled": used, "cross_version_cache": False}


def _shares(
    parent: pulumi.Resource, plan: Plan, worker: cloudflare.Worker, version_id: pulumi.Output[str], settings: Any
) -> Any:
    if plan.percentage == 100:
        return [{"version_id": version_id, "percentage": 100}]

    def compare(known: list[Any]) -> None:
        previous, worker_id, account_id, document = known
        before = _classes_of(parent, account_id, worker_id, previous) if previous else None
        now = (_exports(document) or {}).keys()
        if before is None or before == now:
            return
        faults = Faults("EdgeApi", plan.script_name)
        faults.add(
            "rollout.percentage",
            f"is {plan.percentage}, and the two versions differ in their classes of Durable Objects"
            f" ({', '.join(sorted(before ^ now))}): the platform refuses to split requests between such versions",
            allowed="100 while a shield comes or goes",
            fix="1. End the rollout that is under way. 2. Deploy the change of the shield alone, without `rollout`."
            " 3. Roll out gradually again, with that deployment's `stable_version_id`.",
        )
        faults.raise_if_any()

    def split(known: list[Any]) -> list[dict[str, Any]]:
        new, previous, _ = known
        if not previous:
            faults = Faults("EdgeApi", plan.script_name)
            faults.add(
                "rollout.previous_version_id",
                "is empty, so that there is no version to keep the rest of the requests",
                fix="Deploy once with `percentage: 100`.",
            )
            faults.raise_if_any()
        if new == previous:
            return [{"version_id": new, "percentage": 100}]
        rest = round(100 - plan.percentage, 2)
        return [{"version_id": new, "percentage": plan.percentage}, {"version_id": previous, "percentage": rest}]

    # The new version's id becomes known with its deployment; what is compared is known in a preview.
    compared = pulumi.Output.all(plan.previous_version_id, worker.id, plan.account_id, settings).apply(compare)
    return pulumi.Output.all(version_id, plan.previous_version_id, compared).apply(split)


def _classes_of(parent: pulumi.Resource, account_id: str, worker_id: str, version_id: str) -> set[str] | None:
    """Return the classes of Durable Objects of a version that was deployed before; None where the platform does not tell."""
    try:
        found = cloudflare.get_worker_version(
            account_id=account_id, worker_id=worker_id, version_id=version_id, opts=pulumi.InvokeOptions(parent=parent)
        )
    except Exception as error:  # noqa: BLE001 - whatever a provider raises: the deployment says what is wrong with it
        pulumi.log.warn(
            f"the version {version_id} could not be read, so that its classes are not compared: {error}. Where a shield comes or"
            " goes, Cloudflare refuses the rollout: give the version with the change all requests first"
        )
        return None
    if found.id is None:
        return None
    live = (None, "", "created", "expecting-transfer")
    return {
        name
        for name, each in (found.exports or {}).items()
        if each["type"] == "durable-object" and each.get("state") in live
    }


@dataclass(frozen=True)
class _Served:
    """The versions that a deployment gives requests to."""

    version: str
    """The one that it was made for."""
    stable: str
    candidate: str
    """Empty where one version has every request."""


def _served(versions: Sequence[str], previous: str | None) -> _Served:
    new = next((version for version in versions if version != previous), versions[0])
    if len(versions) == 1:
        return _Served(new, new, "")
    return _Served(new, next(version for version in versions if version != new), new)


def _urls(plan: Plan, worker: cloudflare.Worker) -> pulumi.Output[list[str]]:
    fixed = [f"https://{plan.hostname}"] if plan.hostname else []
    for pattern in plan.routes:
        scheme, host, path = _split_route(pattern)
        if not host.startswith("*"):
            fixed.append(f"{scheme or 'https'}://{host}{path.removesuffix('*')}")
    if not plan.workers_dev:
        return pulumi.Output.from_input(sorted(fixed))

    def with_own(subdomain: Any) -> list[str]:
        # An account that has no workers.dev name yet has no address there.
        url = getattr(subdomain, "url", None) or (subdomain or {}).get("url") if subdomain else None
        own = [url if "://" in url else f"https://{url}"] if url else []
        return sorted({*fixed, *own})

    return worker.subdomain.apply(with_own)


# --- cache rules ---------------------------------------------------------------------------------------------------


def cache_rules(name: str, plan: Plan, settings: Mapping[str, Any]) -> list[Any]:
    """Return the zone's cache rules for the endpoints' strategies. Of several that match the last one holds, so the more
    specific ones come later.

    Rules act on the URL that a Worker fetches, not on the one that a client asks for
    (https://developers.cloudflare.com/cache/concepts/interact-with-workers/); a Worker's `cf` settings would come before
    them, and the function's own requests have none that say anything of caching.
    """
    made = [
        (item, _zone_keeps(plan, settings, item))
        for item in settings["endpoints"]
        if item["cache"] is not None and item["target"]["kind"] == "origin"
    ]
    made.sort(key=lambda each: (_specificity(each[0]["path"]), each[0]["path"]))
    rules = [_cache_rule(name, settings, item, kept) for item, kept in made]
    if any(kept for _, kept in made):
        rules.append(_credentials_rule(name, settings, [item for item, kept in made if kept]))
    _check_zone(name, plan, len(rules))
    return rules


def _specificity(path: str) -> tuple[int, ...]:
    ranks = {"*": 0, ":": 1}
    return tuple(ranks.get(segment[:1], 2) for segment in path[1:].split("/"))


def _zone_keeps(plan: Plan, settings: Mapping[str, Any], item: Mapping[str, Any]) -> bool:
    """Say whether the zone may keep what an origin answers at an endpoint. Its key is the fetched URL and nothing else, and
    purges by tag and the invalidation by writes do not reach it: what needs more is left to the function's own tiers."""
    cache, key = item["cache"], item["cache"]["key"]
    hosts = _hosts(plan) | ({"workers.dev"} if plan.workers_dev else set())
    more = key["headers"] or key["cookies"] or key["country"] or cache["vary"] or cache["tags"]
    shared = not key["host"] or (len(hosts) == 1 and "*" not in next(iter(hosts)))
    written = any(
        set(other["methods"]) - {"GET", "HEAD", "OPTIONS", "TRACE"}
        for other in settings["endpoints"]
        if other["path"] == item["path"]
    )
    stored = cache["mode"] == "origin" or (cache["mode"] == "override" and cache["edge_ttl_s"] > 0)
    return stored and item["auth"] is None and shared and not more and not written


def _check_zone(name: str, plan: Plan, count: int) -> None:
    """Hold the number of rules against the zone's plan, or warn where the plan is not known. The plans' least edge TTL is
    for rules that set one, and these leave it to what the origin says."""
    known = plan.given.get("zone_plan")
    most = limit("cloudflare.cache.rules", plan=known or "free")
    if count <= most.value:
        return
    if known is None:
        pulumi.log.warn(
            f"EdgeApi {name!r}: cache_rules: the endpoints make {count} cache rules, and a zone on the plan Free takes at"
            f" most {most.text}. Say the zone's plan by `zone_plan`"
        )
        return
    faults = Faults("EdgeApi", name)
    faults.add(
        "endpoints",
        f"make {count} cache rules",
        allowed=f"at most {most.text} on the plan {known} ({most.source})",
        fix="Give endpoints with the same policy one path that ends in `*`, or leave `cache_rules` out.",
    )
    faults.raise_if_any()


def _credentials_rule(name: str, settings: Mapping[str, Any], items: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the last rule: what comes with a credential in a header is never kept. The function treats each of these
    headers as `Authorization` (RFC 9111, section 3.5), and the zone knows that one alone."""
    hosts = sorted({host for item in items for paths in _bases(settings, item).values() for host in paths})
    return {
        "ref": f"edgewright_{hashlib.sha256(f'{name} credentials'.encode()).hexdigest()[:16]}",
        "description": "Requests with credentials",
        "expression": f"http.host in {{{' '.join(map(_quoted, hosts))}}} and"
        f" any(http.request.headers.names[*] in {{{' '.join(map(_quoted, sorted(CREDENTIALS)))}}})",
        "action": "set_cache_settings",
        "enabled": True,
        "action_parameters": {"cache": False},
    }


def _cache_rule(name: str, settings: Mapping[str, Any], item: Mapping[str, Any], kept: bool) -> dict[str, Any]:
    cache = item["cache"]
    identity = f"{name} {item['path']} {','.join(item['methods'])}"
    rule = {
        "ref": f"edgewright_{hashlib.sha256(identity.encode()).hexdigest()[:16]}",
        "description": f"{item['path']}: {cache['name']}",
        "expression": _fetched_expression(settings, item),
        "action": "set_cache_settings",
        "enabled": True,
    }
    if not kept:
        return {**rule, "action_parameters": {"cache": False}}
    override = cache["mode"] == "override"
    return {
        **rule,
        "action_parameters": {
            "cache": True,
            # Not `respect_origin`: with that, the zone keeps for two hours what says nothing of caching. Not
            # `override_origin` either, whatever the policy's mode: with that, it keeps what is `private`, and takes
            # `Set-Cookie` off what it keeps. The time that a policy forces is for the function's own tiers, which refuse both.
            "edge_ttl": {"mode": "bypass_by_default"},
            # Without it, the zone gives one answer to all, whatever the answer varies on.
            "vary": {"default": {"action": "passthrough"}},
            # What is stale is the function's to serve: it knows the policy.
            "serve_stale": {"disable_stale_while_updating": True},
            "cache_key": {"ignore_query_strings_order": override, "cache_deception_armor": False},
        },
    }


# --- sticky rollouts -----------------------------------------------------------------------------------------------


def _make_sticky(parent: pulumi.Resource, name: str, plan: Plan, settings: Any) -> cloudflare.Ruleset:
    """Make the rules by which a client keeps its version. They are there before the first request is split, and gone with the
    rollout, also where the API is protected."""
    when_known(settings, lambda known: _warn_of_sticky(name, plan, known))
    return cloudflare.Ruleset(
        f"{name}-sticky",
        zone_id=plan.zone_id,
        kind="zone",
        phase=HEADERS_PHASE,
        name="edgewright sticky rollout",
        description=f"What a client of {name} keeps its version by, by edgewright.",
        rules=sticky_rules(name, plan),
        opts=pulumi.ResourceOptions(parent=parent, protect=False),
    )


def sticky_rules(name: str, plan: Plan) -> list[Any]:
    """Return the rules that set the header which decides the version, whatever the client sent."""
    here = _asked_expression(plan)
    cookie, address = plan.sticky.get("cookie"), bool(plan.sticky.get("address"))
    by_address = {"operation": "set", "expression": "to_string(ip.src)"}
    if cookie is None:
        return [_header_rule(name, "by address", here, by_address)]
    # Names are decoded before they are compared (_COOKIES_FIELD).
    field = f"http.request.cookies[{_quoted(unquote(cookie))}]"
    with_cookie = f"len({field}) > 0"
    return [
        _header_rule(name, "by cookie", f"{here} and {with_cookie}", {"operation": "set", "expression": f"{field}[0]"}),
        _header_rule(
            name,
            "by address, without the cookie" if address else "drawn anew, without the cookie",
            f"{here} and not ({with_cookie})",
            by_address if address else {"operation": "remove"},
        ),
    ]


def _header_rule(name: str, what: str, expression: str, change: Mapping[str, str]) -> dict[str, Any]:
    return {
        "ref": f"edgewright_{hashlib.sha256(f'{name} {what}'.encode()).hexdigest()[:16]}",
        "description": f"{name}: {what}",
        "expression": expression,
        "action": "rewrite",
        "action_parameters": {"headers": {VERSION_KEY: change}},
        "enabled": True,
    }


def _asked_expression(plan: Plan) -> str:
    """Return the expression that matches what clients ask of the API in its zone."""
    parts = [f"http.host eq {_quoted(plan.hostname)}"] if plan.hostname is not None else []
    for pattern in plan.routes:
        _, host, path = _split_route(pattern)
        part = f"http.host {'wildcard' if host.startswith('*') else 'eq'} {_quoted(host)}"
        if path.endswith("*"):
            part += f" and starts_with(http.request.uri.path, {_quoted(path[:-1])})" if path != "/*" else ""
        else:
            part += f" and http.request.uri.path eq {_quoted(path)}"
        parts.append(part)
    return "(" + " or ".join(parts if len(parts) == 1 else (f"({part})" for part in parts)) + ")"


def _warn_of_sticky(name: str, plan: Plan, settings: Mapping[str, Any]) -> None:
    if "cookie" in plan.sticky and "zone_plan" not in plan.given:
        pulumi.log.warn(
            f"EdgeApi {name!r}: rollout.sticky.cookie: is read by a rule, and rules of a zone on the plan Free have no field for"
            f" cookies ({_COOKIES_FIELD}). Say the zone's plan by `zone_plan`"
        )
    if _cache_options(settings)["enabled"]:
        pulumi.log.warn(
            f"EdgeApi {name!r}: rollout.sticky: the cache of engine 'platform' keeps an entry for each value of {VERSION_KEY}, so"
            " that clients share none while the rollout lasts"
            " (https://developers.cloudflare.com/workers/cache/cache-keys/)"
        )


# --- expressions ---------------------------------------------------------------------------------------------------


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _hosts(plan: Plan) -> set[str]:
    """Return the hosts that a client may ask, of routes with their `*`."""
    return {host for host in (plan.hostname, *(_split_route(pattern)[1] for pattern in plan.routes)) if host}


def _bases(settings: Mapping[str, Any], item: Mapping[str, Any]) -> dict[str, set[str]]:
    """Return the hosts of an endpoint's origins by the path that comes before every request's."""
    (router,) = [each for each in settings["routers"] if each["name"] == item["target"]["router"]]
    bases: dict[str, set[str]] = {}
    for origin in router["origins"]:
        url = urlsplit(origin["url"])
        bases.setdefault(url.path.rstrip("/"), set()).add(url.hostname or "")
    return bases


def _fetched_expression(settings: Mapping[str, Any], item: Mapping[str, Any]) -> str:
    """Return the expression that matches what the function asks the origins of an endpoint for."""
    target = item["target"]
    path = item["path"].removeprefix(target["strip_prefix"] or "") or "/"
    path = path if path.startswith("/") else f"/{path}"
    parts = []
    for base, hosts in sorted(_bases(settings, item).items()):
        named = " or ".join(f"http.host eq {_quoted(host)}" for host in sorted(hosts))
        parts.append(f"({named}) and {_path_expression(base + path)}")
    return parts[0] if len(parts) == 1 else " or ".join(f"({part})" for part in parts)


def _path_expression(path: str) -> str:
    if "/:" not in path and not path.endswith("*"):
        return f"http.request.uri.path eq {_quoted(path)}"
    pattern = re.sub(r":[^/]+", "*", path)
    return f"http.request.uri.path strict wildcard {_quoted(pattern)}"
