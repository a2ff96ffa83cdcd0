"""What of the components' arguments only Cloudflare has: `cloudflare: {...}`.

A program may give them beside other platforms' options: they are checked wherever the component is, and do something on
Cloudflare alone. Nothing heavy is imported here, because every program with a component reads it.
"""

import datetime
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import pulumi
from typing_extensions import NotRequired, TypedDict

from edgewright.arguments import checks, values
from edgewright.arguments.jitter import Jitter
from edgewright.arguments.shape import checked, is_later
from edgewright.arguments.written import ENGINES, Bytes, CacheEngine, Seconds, Share, written
from edgewright.base.fault_codes import Code
from edgewright.base.faults import Faults, show
from edgewright.platforms.cloudflare.bindings.kv_namespace import check_options as check_kv_options

PLACEMENTS = ("smart",)
ZONE_PLANS = ("free", "pro", "business", "enterprise")
JURISDICTIONS = ("eu", "us", "fedramp")
_FLAG = re.compile(r"[a-z][a-z0-9_]*\Z")

if TYPE_CHECKING:
    Placement: TypeAlias = Literal["smart"]
    ZonePlan: TypeAlias = Literal["free", "pro", "business", "enterprise"]
    KvJurisdiction: TypeAlias = Literal["eu", "us", "fedramp"]
else:
    Placement = written("Placement", values.word("a placement", PLACEMENTS[0]), words=PLACEMENTS)
    ZonePlan = written("ZonePlan", values.word("a plan", ZONE_PLANS[0]), words=ZONE_PLANS)
    KvJurisdiction = written("KvJurisdiction", values.word("a jurisdiction", JURISDICTIONS[0]), words=JURISDICTIONS)


class Observability(TypedDict):
    """What the platform keeps of the function's logs and traces."""

    enabled: NotRequired[bool]
    """Whether logs are kept. Default: true."""
    head_sampling_rate: NotRequired[Share]
    """Share of the requests whose logs are kept, 0 to 1. Default: 1."""
    invocation_logs: NotRequired[bool]
    """Whether each invocation makes a log entry of its own. Default: true."""
    traces: NotRequired[bool]
    """Whether traces are kept. Default: false."""


class CloudflareApiOptions(TypedDict):
    """What an API has on Cloudflare only. It does nothing on another host."""

    account_id: NotRequired[pulumi.Input[str]]
    """The account, 32 hexadecimal digits: one is needed on cloudflare. Default: `account_id` of `edgewright:cloudflare` in the
    stack's settings, else `CLOUDFLARE_ACCOUNT_ID` in the environment."""
    zone_id: NotRequired[pulumi.Input[str]]
    """The DNS zone, 32 hexadecimal digits: `hostname`, `routes`, `tiered_cache` and `cache_rules` need one. Default: `zone_id` of
    `edgewright:cloudflare` in the stack's settings."""
    zone_name: NotRequired[str]
    """The zone's domain, for example `example.com`: hostnames and routes outside it are refused. Default:
    `zone_name` of `edgewright:cloudflare` in the stack's settings, else unchecked."""
    routes: NotRequired[list[str]]
    """Route patterns sent to the function, for example `example.com/api/*`. Default: none."""
    workers_dev: NotRequired[bool]
    """Whether it answers on the account's workers.dev name. Default: true where it has neither hostname nor routes."""
    observability: NotRequired[Observability]
    """What is kept of logs and traces. Default: the logs of all requests, no traces."""
    tiered_cache: NotRequired[bool]
    """Whether the zone's tiered cache is turned on, with smart topology. It acts on what the zone keeps of the function's
    requests to origins, so that it needs `cache_rules`; the function's own cache takes no part in it, for which there is a
    CachePolicy's `tiers.shield`. One a zone. Default: false."""
    cache_rules: NotRequired[bool]
    """Whether the zone's cache rules are written from the endpoints' cache policies. They act on the URLs that the function
    asks its origins for: what the zone may keep is kept as the origin's Cache-Control says (without one nothing is kept), a
    copy for each value of what the origin varies on, behind the function's own cache, which alone holds a policy's forced
    `edge_ttl`; of other endpoints with a policy, and of requests with credentials, it keeps nothing. An origin in
    another Cloudflare zone follows that zone's rules instead. One a zone. Default: false."""
    zone_plan: NotRequired[ZonePlan]
    """The zone's plan. What `cache_rules` and `rollout.sticky` may be is held against it. Default: unknown, so that what a
    smaller plan would refuse is warned of."""
    placement: NotRequired[Placement]
    """`smart` lets the platform run the function near its origins. With it move all that is of the place where it runs: its
    Cache API and memory, so that a hit is answered from there and no longer near the caller, and its rate limits' counters.
    It needs traffic from several places before it moves anything, and moves no cron or other function called by a service
    binding. Default: near the caller."""
    compatibility_date: NotRequired[str]
    """The runtime's behaviour as of this day, `YYYY-MM-DD`. Default: a day fixed by this version of edgewright."""
    compatibility_flags: NotRequired[list[str]]
    """Further behaviours of the runtime. Default: none."""


class CloudflareStoreOptions(TypedDict):
    """What a KvNamespace has on Cloudflare only. It does nothing on another host."""

    account_id: NotRequired[pulumi.Input[str]]
    """The account, 32 hexadecimal digits: one is needed on cloudflare. Default: `account_id` of `edgewright:cloudflare` in the
    stack's settings, else `CLOUDFLARE_ACCOUNT_ID` in the environment."""
    binding_name: NotRequired[str]
    """The name under which functions see it. Default: the component's name in capitals, `products-kv` as `PRODUCTS_KV`."""
    default_ttl: NotRequired[Seconds]
    """Seconds until a key expires that is seeded, or put by a handler, without a time of its own; at least 60. Handlers see it
    as `<binding>_OPTIONS.default_ttl`. Default: never."""
    list_limit: NotRequired[int]
    """Most keys that one list call of a handler gives, 1 to 1000; the rest comes with its `cursor`. Handlers see it as
    `<binding>_OPTIONS.list_limit`. Default: 1000, what the platform allows."""
    jurisdiction: NotRequired[KvJurisdiction]
    """Where the data must stay. A namespace with data in it is not moved: a change is refused. Default: anywhere."""


class MemoryTierOptions(TypedDict):
    """The isolate's own memory: the fastest tier, lost with the isolate, bounded by bytes. `{}` takes the defaults."""

    enabled: NotRequired[bool]
    """Whether the tier is used. Default: true."""
    max_bytes: NotRequired[Bytes]
    """Most bytes held by one isolate. Default: 16 MiB, of an isolate's 128 MB."""
    max_object_bytes: NotRequired[Bytes]
    """A larger body is not held in memory. Default: 1 MiB."""
    ttl_ceiling: NotRequired[Seconds]
    """Freshness in this tier never exceeds this many seconds. Default: no ceiling."""
    jitter: NotRequired[Jitter]
    """A range, in seconds, from which the ceiling is drawn for each entry. Default: `ttl_ceiling` as it is."""


class KvTierOptions(TypedDict):
    """A key-value store behind the edge cache, shared by every data centre."""

    binding: pulumi.Input[Any]
    """A KvNamespace's `binding`."""
    ttl: Seconds
    """How long an entry stays in the store, in seconds, and how long it is fresh there: longer than `edge_ttl`, if so given. A
    data centre whose own copy is stale takes it from here as fresh. At least 60, which is the least that Workers KV accepts."""
    jitter: NotRequired[Jitter]
    """Freshness drawn for an entry, in seconds, from `ttl` or less on. Default: `ttl` as it is."""
    max_object_bytes: NotRequired[Bytes]
    """A larger response is not put into the store. Default, and most allowed: Workers KV's limit of 25 MiB."""


class CloudflareShieldOptions(TypedDict):
    """A Durable Object as the shield: how long it keeps what, and how much. Given without the policy's own `tiers.shield`, it
    is a shield on Cloudflare alone."""

    ttl: NotRequired[Seconds]
    """Freshness in the shield, in seconds, which data centres take over (each copy up to `edge_ttl`); a ceiling in mode
    `origin`. Default: that of the edge."""
    jitter: NotRequired[Jitter]
    """Freshness drawn for an entry, in seconds, from `ttl` or less on. Default: `ttl` as it is."""
    shards: NotRequired[int]
    """Objects that the URLs are shared out to, 1 to 64; one takes some hundred misses a second. Default: 4."""
    max_bytes: NotRequired[Bytes]
    """Most bytes kept by one object. Default: 1 GiB. Of several policies with a shield in one EdgeApi the largest counts."""
    max_object_bytes: NotRequired[Bytes]
    """A larger body is not kept in the shield. Default: 16 MiB. Of several policies with a shield in one EdgeApi the largest
    counts."""


class CloudflareTiers(TypedDict):
    """Tiers that only Cloudflare has, beside those of the policy's own `tiers`."""

    memory: NotRequired[MemoryTierOptions]
    """The isolate's memory. Default: in front of the edge cache, each copy for 5 seconds at most; `{}` sets no such limit."""
    kv: NotRequired[KvTierOptions]
    """A KV namespace. Default: not used."""
    shield: NotRequired[CloudflareShieldOptions]
    """What the shield keeps. Default: what the edge does, in 4 objects of 1 GiB."""


class CloudflareCacheOptions(TypedDict):
    """What a CachePolicy has on Cloudflare only. It does nothing on another host."""

    tiers: NotRequired[CloudflareTiers]
    """Further tiers. Default: for 5 seconds at a time the isolate's memory."""
    engine: NotRequired[CacheEngine]
    """`worker`: the cache in the function. `platform`: the platform's own cache in front of it, which answers hits without
    running the function and keeps entries apart by path and query alone (`key.host` must be false). Default: `worker`."""


OPTIONS: Mapping[str, type] = {
    "EdgeApi": CloudflareApiOptions,
    "KvNamespace": CloudflareStoreOptions,
    "CachePolicy": CloudflareCacheOptions,
}
"""By the component, or the mapping in a component's arguments, that has them."""


# --- checks: of what can be told of the options alone -----------------------------------------------------------------


def check_options(component: str, options: Mapping[str, Any], faults: Faults, _at: str) -> None:
    """Note what is wrong with a component's options, whatever host it is on."""
    _CHECKS[component](options, faults)


def _check_api(options: Mapping[str, Any], faults: Faults) -> None:
    _check_ids(options, faults)
    zone = options.get("zone_name")
    if zone is not None and not checks.hostname("cloudflare.zone_name", zone, faults):
        zone = None
    for index, pattern in enumerate(options.get("routes", ())):
        checks.route_pattern(f"cloudflare.routes[{index}]", pattern, faults, zone)
    for key, words in (("placement", PLACEMENTS), ("zone_plan", ZONE_PLANS)):
        if key in options:
            faults.one_of(f"cloudflare.{key}", options[key], words)
    _check_observability(options.get("observability", {}), faults)
    _check_compatibility(options, faults)


def _check_store(options: Mapping[str, Any], faults: Faults) -> None:
    _check_ids(options, faults)
    if "binding_name" in options:
        checks.binding_name("cloudflare.binding_name", options["binding_name"], faults)
    check_kv_options("cloudflare", options, faults)
    if "jurisdiction" in options:
        faults.one_of("cloudflare.jurisdiction", options["jurisdiction"], JURISDICTIONS)


def _check_cache(options: Mapping[str, Any], faults: Faults) -> None:
    # A policy's tiers are looked at together with its own, by the policy.
    if "engine" in options:
        faults.one_of("cloudflare.engine", options["engine"], ENGINES)


_CHECKS = {"EdgeApi": _check_api, "KvNamespace": _check_store, "CachePolicy": _check_cache}

_IDS = {"account_id": "an account's id", "zone_id": "a zone's id"}


def check_id(key: str, value: Any, at: str, faults: Faults) -> Any:
    """Return the id of an account or a zone, checked now or when it is known; note at its place what is wrong with it."""
    return checked(value, lambda known, found: checks.hex_id(at, known, found, _IDS[key]), faults)


def _check_ids(options: Mapping[str, Any], faults: Faults) -> None:
    for key in _IDS:
        # One that becomes known later is looked at where it is used.
        if key in options and not is_later(options[key]):
            check_id(key, options[key], f"cloudflare.{key}", faults)


def _check_observability(observability: Mapping[str, Any], faults: Faults) -> None:
    if observability.get("enabled") is False:
        for key in ("head_sampling_rate", "invocation_logs", "traces"):
            if key in observability:
                faults.add(
                    f"cloudflare.observability.{key}",
                    "has no effect, because `observability.enabled` is False and nothing is kept",
                    code=Code.NO_EFFECT,
                    fix=f"Leave {key} out, or `enabled`.",
                )
    if "head_sampling_rate" in observability:
        checks.share("cloudflare.observability.head_sampling_rate", observability["head_sampling_rate"], faults)


def _today() -> str:
    return datetime.datetime.now(datetime.timezone.utc).date().isoformat()


def _check_compatibility(options: Mapping[str, Any], faults: Faults) -> None:
    at = "cloudflare.compatibility_date"
    if "compatibility_date" in options:
        day = options["compatibility_date"]
        if checks.date(at, day, faults) and day < "2022-10-31":
            faults.add(
                at,
                f"{show(day)} is before module Workers got what edgewright uses",
                code=Code.DATE,
                allowed="2022-10-31 or later",
            )
        elif isinstance(day, str) and not faults.about(at) and day > _today():
            faults.add(
                at,
                f"{show(day)} is still to come, and a runtime has the changes up to its own day alone"
                " (https://developers.cloudflare.com/workers/configuration/compatibility-dates/)",
                code=Code.DATE,
                allowed="today (UTC) or earlier",
            )
    flags = options.get("compatibility_flags", [])
    for index, flag in enumerate(flags):
        at = f"cloudflare.compatibility_flags[{index}]"
        if not _FLAG.match(flag):
            faults.add(
                at, f"{show(flag)} is not a flag's name", code=Code.NAME, allowed="lower-case letters, digits and `_`"
            )
        elif flag in flags[:index]:
            faults.add(at, f"{show(flag)} is given twice", code=Code.TWICE)
