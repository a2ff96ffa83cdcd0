"""Hostnames and routes: which requests of a zone come to the function, and where two APIs would take the same ones."""

from collections.abc import Set

from edgewright.arguments import checks
from edgewright.arguments.program import claim, claimed
from edgewright.base.fault_codes import Code
from edgewright.base.faults import Faults, show
from edgewright.platforms.cloudflare.account import SETTING
from edgewright.platforms.cloudflare.asked import Asked

_ADDRESS = "address"
"""What a program's hostnames and routes are claimed as: one list, because each may take the other's requests."""


def check_addresses(name: str, asked: Asked, own: Set[str], faults: Faults) -> None:
    """Note what is wrong with the hostname, the routes and what only acts in their zone; claim them for this API. `own` are
    those of zone id and zone name that the API itself says."""
    zone, hostname = asked.zone_name, asked.hostname
    if zone is not None and checks.hostname("", zone, Faults("", "")) is False:
        zone = None
    others = claimed(_ADDRESS)
    if hostname is not None and checks.hostname("hostname", hostname, faults):
        if zone and not checks.inside_zone(hostname, zone):
            faults.add(
                "hostname",
                f"{show(hostname)} is outside the zone {zone}",
                code=Code.HOSTNAME,
                allowed=f"{zone}, or a name under it",
            )
        _claim_address(name, "hostname", hostname, others, faults)
    sound: list[str] = []
    for index, pattern in enumerate(asked.routes):
        at = f"cloudflare.routes[{index}]"
        if not checks.route_pattern(at, pattern, faults, zone):
            continue
        if hostname is not None and covers(f"{hostname}/*", pattern):
            faults.add(
                at,
                f"{show(pattern)} overlaps the hostname {hostname}, all of which the function answers already",
                code=Code.OVERLAP,
                fix="Leave the route out.",
            )
        for other in sound:
            if pattern == other:
                faults.add(at, f"{show(pattern)} is given twice", code=Code.TWICE)
            elif covers(other, pattern) or covers(pattern, other):
                wide, narrow = (other, pattern) if covers(other, pattern) else (pattern, other)
                faults.add(
                    at,
                    f"{show(narrow)} overlaps {show(wide)}, which leads to the same function",
                    code=Code.OVERLAP,
                    fix=f"Leave {show(narrow)} out.",
                )
        if pattern not in sound:
            sound.append(pattern)
            _claim_address(name, at, pattern, others, faults)
    if asked.workers_dev is False and not asked.addressed:
        faults.add(
            "cloudflare.workers_dev",
            "is False, and there is neither `hostname` nor `routes`, so that nothing leads to the API",
            code=Code.UNREACHABLE,
            fix="Give one of them, or leave `workers_dev` out.",
        )
    rules = {"tiered_cache": asked.tiered_cache, "cache_rules": asked.cache_rules}
    for key, said in {"hostname": hostname, "routes": asked.routes, **rules}.items():
        if said and asked.zone_id is None:
            faults.add(
                "cloudflare.zone_id",
                f"is required by `{key}`",
                code=Code.MISSING,
                allowed="32 hexadecimal digits, lower case",
                fix=f"Give it here, or as `zone_id` in the stack's setting `{SETTING}`.",
            )
    _check_zone_is_used(asked, own, faults)
    for key, what in (("tiered_cache", "tiered cache"), ("cache_rules", "cache rules")):
        if rules[key] and isinstance(asked.zone_id, str):
            claim(
                key,
                asked.zone_id,
                f"EdgeApi {name!r}",
                f"cloudflare.{key}",
                faults,
                f"A zone has one set of {what}: let one API own it.",
            )
    if asked.cache_rules and not asked.addressed:
        faults.add(
            "cloudflare.cache_rules",
            "act in the zone by which requests come to the function, and it has neither `hostname` nor `routes`",
            code=Code.NEEDS,
            fix="Give one of them, or leave `cache_rules` out.",
        )
    if asked.tiered_cache and not asked.cache_rules:
        faults.add(
            "cloudflare.tiered_cache",
            "has no effect without `cache_rules`: it acts on what the zone keeps of the function's requests to origins"
            " (https://developers.cloudflare.com/workers/reference/how-the-cache-works/), and the zone keeps no API's answers"
            " without a rule",
            code=Code.NO_EFFECT,
            fix="Give a CachePolicy `tiers.shield`, one place for all data centres; or turn on `cache_rules` too.",
        )


def _check_zone_is_used(asked: Asked, own: Set[str], faults: Faults) -> None:
    """Note a zone that nothing is made in: it only says where `hostname`, `routes` and what goes with them are."""
    for key, used in (
        ("zone_id", asked.addressed or asked.tiered_cache or asked.cache_rules),
        ("zone_name", asked.addressed),
    ):
        if key in own and not used:
            faults.add(
                f"cloudflare.{key}",
                "has no effect without `hostname` or `routes`: the API answers on workers.dev alone, which is in no zone",
                code=Code.NO_EFFECT,
                fix="Give a `hostname` or `routes` of the zone, or leave it out.",
            )


def _claim_address(name: str, at: str, address: str, others: list[tuple[str, str]], faults: Faults) -> None:
    """Claim a hostname or a route; note a fault where another API of the program answers some of its requests."""
    why = "Give each API hostnames and routes of its own, or make both endpoints of one API."
    for other, owner in others:
        if other != address and _meet(_as_route(address), _as_route(other)):
            what = "route" if "/" in other else "hostname"
            faults.add(at, f"{show(address)} overlaps the {what} {show(other)} of {owner}", code=Code.OVERLAP, fix=why)
    claim(_ADDRESS, address, f"EdgeApi {name!r}", at, faults, why)


def _as_route(address: str) -> str:
    """Return a route as it is, and a hostname as the route that takes everything of it."""
    return address if "/" in address else f"{address}/*"


def split_route(pattern: str) -> tuple[str, str, str]:
    """Return a route's scheme, or an empty text, its host and its path."""
    scheme, separator, rest = pattern.partition("://")
    host, _, path = (rest if separator else pattern).partition("/")
    return (scheme if separator else ""), host, f"/{path}"


def covers(wide: str, narrow: str) -> bool:
    """Say whether one route's pattern matches everything that another matches."""
    wide_scheme, wide_host, wide_path = split_route(wide)
    scheme, host, path = split_route(narrow)
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
    one_scheme, one_host, one_path = split_route(one)
    scheme, host, path = split_route(other)
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
