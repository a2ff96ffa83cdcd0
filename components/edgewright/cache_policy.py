"""One caching strategy. See :class:`CachePolicy`."""

from collections.abc import Callable, Mapping
from typing import Any

import pulumi
from typing_extensions import NotRequired, TypedDict

from edgewright.arguments import checks
from edgewright.arguments.bindings import kv_binding
from edgewright.arguments.jitter import Jitter as Jitter
from edgewright.arguments.moved import moved
from edgewright.arguments.program import claim_name, gathers
from edgewright.arguments.shape import is_later, normalise, properties
from edgewright.arguments.written import (
    MODES,
    QUERIES,
    STRATEGIES,
    CacheMode,
    CacheQuery,
    Seconds,
    ShieldLocation,
    Strategy,
)
from edgewright.base.fault_codes import Code
from edgewright.base.faults import Faults, show
from edgewright.contract.claims import never_passes
from edgewright.contract.limits import limit
from edgewright.contract.models import (
    LOCATIONS,
    MEMORY_IN_FRONT_S,
    CacheKeySpec,
    CacheSpec,
    CacheTiers,
    EdgeSettings,
    EdgeTier,
    KvTier,
    MemoryTier,
    ShieldTier,
)
from edgewright.platforms import HOSTS
from edgewright.platforms.chosen import check_each, merged, place_of, without_options
from edgewright.platforms.keys import CachePolicyOptions

TOKEN = "edgewright:index:CachePolicy"


class EdgeTierOptions(TypedDict):
    """The data centre's own cache."""

    enabled: NotRequired[bool]
    """Whether the tier is used. Default: true."""
    ttl_ceiling: NotRequired[Seconds]
    """Freshness in this tier never exceeds this many seconds. Default: no ceiling."""
    jitter: NotRequired[Jitter]
    """A range, in seconds, from which the ceiling is drawn for each entry. Default: `ttl_ceiling` as it is."""


class ShieldTierOptions(TypedDict):
    """One place for all data centres, before the origin. What many data centres lack at once is asked of the origin once,
    and a purge reaches all of them through it. On Cloudflare it is a Durable Object, on CloudFront its Origin Shield.
    `{}` takes the defaults. Endpoints with `auth` go by it: they are answered where the caller is known. On Cloudflare it may
    be the only tier (`edge: {"enabled": False}`): then no data centre has a copy that a purge had to reach."""

    location: NotRequired[ShieldLocation]
    """Where it is, best near the origin: `wnam`, `enam`, `sam`, `weur`, `eeur`, `apac`, `oc`, `afr` or `me`. Required on
    CloudFront. Default: where it is first asked from."""


class CacheTierOptions(TypedDict):
    """Which tiers a response is kept in, nearest first."""

    edge: NotRequired[EdgeTierOptions]
    """The data centre's cache. Default: used; on CloudFront always."""
    shield: NotRequired[ShieldTierOptions]
    """One place for all data centres, before the origin. Default: not used."""


class CacheKey(TypedDict):
    """What tells one stored response from another, beside method and normalised path."""

    query: NotRequired[CacheQuery]
    """`all`, `none`, `include` (only `query_names`) or `exclude` (all but `query_names`). Default: `all`."""
    query_names: NotRequired[list[str]]
    """Names of query parameters. Required by `include` and `exclude`, refused by the others."""
    headers: NotRequired[list[str]]
    """Request headers that belong to the key. What only a proxy could say (`X-Forwarded-*`, ...) is refused: it is removed from
    every request. Default: none."""
    cookies: NotRequired[list[str]]
    """Cookies that belong to the key. Default: none."""
    country: NotRequired[bool]
    """One entry a country. Default: false."""
    region: NotRequired[bool]
    """One entry a routing region of the endpoint's origin. Default: false."""
    host: NotRequired[bool]
    """One entry a hostname; false shares entries between hostnames, and the origin or handler is told the API's `hostname`
    instead of the one that was asked. Default: true."""


class CachePolicyArgs(CachePolicyOptions):
    """Arguments of CachePolicy. Times are whole seconds, or durations such as `"1h30m"`. All but a KV binding must be known when the program runs, so that
    a preview, and every policy, sees the strategy whole."""

    strategy: NotRequired[Strategy]
    """A strategy by the name that service workers have for it. `cache-first`: mode `override`, `edge_ttl` 30 days; a stored response
    answers without the origin. `stale-while-revalidate`: mode `override`, `edge_ttl` 1 second, `stale_while_revalidate` 30 days; a
    stored response answers at once and is fetched anew behind it. `network-first`: mode `override`, `edge_ttl` 1 second, `stale_if_error`
    30 days; the origin answers, what is stored for 1 second and while it fails. `network-only`: mode `bypass`. Times that are given beside
    it go before these, where they do not contradict it; what does is refused. Default: none, each argument stands for itself."""
    edge_ttl: NotRequired[Seconds]
    """How long a response is fresh at the edge. Required by mode `override`; a ceiling in mode `origin`."""
    browser_ttl: NotRequired[Seconds]
    """How long a client may keep a response without asking again, counted from when it gets it. Where it is less than
    `edge_ttl`, `max-age` is this time plus the `Age` that the response comes with, because clients count from that (RFC
    9111, section 4.2.3). On CloudFront so too, by a CloudFront Function, but for stored errors and for endpoints with
    `functions` of their own or cached behind `jwt`, where it counts from when CloudFront got the response. Default: what the
    origin said."""
    stale_while_revalidate: NotRequired[Seconds]
    """How long a stale response may be served while a fresh one is fetched (RFC 5861). Default: 0."""
    stale_if_error: NotRequired[Seconds]
    """How long a stale response may be served while the origin fails (RFC 5861). Default: 0."""
    jitter: NotRequired[Jitter]
    """Freshness at the edge is drawn from this range, which holds `edge_ttl`. Default: `edge_ttl` as it is."""
    tiers: NotRequired[CacheTierOptions]
    """Where responses are kept, on every platform. Default: the edge cache."""
    key: NotRequired[CacheKey]
    """What tells one stored response from another. Default: host, path and the whole query."""
    vary: NotRequired[list[str]]
    """Request headers added to the response's `Vary`. Default: none. `*` is refused: nothing would ever be reused."""
    tags: NotRequired[list[str]]
    """Tags by which stored responses can be purged. Default: none."""
    immutable: NotRequired[bool]
    """Tells clients never to revalidate (RFC 8246). For versioned files only, in mode `override`. Default: false."""
    mode: NotRequired[CacheMode]
    """`override`: this policy's times decide, and no `Cache-Control` of a client's gets past them. `origin`: the origin's
    headers decide. `bypass`: nothing is stored. Default: `override` where `edge_ttl` is given, else `origin`."""
    statuses: NotRequired[list[int]]
    """Statuses that `override` gives its time to. Default: 200, 203, 204, 300, 301, 308; 404 and 410 with `error_ttl`, which is
    their time. Never a 5xx."""
    error_ttl: NotRequired[Seconds]
    """How long a 404 or 410 is kept under `override`. Default: 0, not at all."""


class CachePolicy(pulumi.ComponentResource):
    """One caching strategy, to be given to any number of endpoints.

        products = CachePolicy("products", {"edge_ttl": 3600, "browser_ttl": 60, "stale_while_revalidate": 86400})
        origins = GeoRouter("origins", {"origins": [{"region": "us", "url": "https://us.example.com"}], "fallback": "us"})
        EdgeApi("api", {
            "endpoints": [{"path": "/api/products", "origin": origins.routing, "cache": products.spec}],
        })

    It creates nothing by itself: EdgeApi compiles it for its host.
    """

    spec: Any
    """The strategy, compiled: what an endpoint's `cache` takes. A mapping, known at preview, with the fields of the settings
    document's CacheSpec and, where a KV tier is used, `bindings`: what the function must be bound to. For platforms with
    options of their own it has `hosts`: the same as each of them has it."""

    @gathers
    def __init__(self, name: str, args: CachePolicyArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Declare a caching strategy.

        Raises:
            InputFaults: an argument is missing, unknown or out of its range; all such are named.
        """
        super().__init__(TOKEN, name, properties(args, CachePolicyArgs), opts)
        faults = Faults("CachePolicy", name)
        claim_name("CachePolicy", name, opts, faults)
        given = _by_strategy(normalise(moved(args, CachePolicyArgs, faults), CachePolicyArgs, faults), faults)
        if faults.about("edge_ttl"):
            # Given, and at fault: what it decides is not said otherwise because of that.
            given.setdefault("mode", "override")
        check_each("CachePolicy", given, faults)
        strategies = _by_host(given)
        for host, strategy in strategies.items():
            found = Faults("CachePolicy", name)
            _check_args(strategy, found)
            for fault in found:
                at = place_of(fault.path, host, without_options(given), given.get(host, {}))
                faults.add(at, fault.problem, code=fault.code, allowed=fault.allowed, fix=fault.fix)
        faults.raise_if_any()
        bindings = {host: _kv_of(each) for host, each in strategies.items()}
        # Through the plugin a binding is an Output; the strategy is then known when the binding is.
        later = {host: binding for host, binding in bindings.items() if is_later(binding)}
        self.spec = (
            pulumi.Output.all(**later).apply(lambda known: _compile_all(name, given, {**bindings, **known}))
            if later
            else _compile_all(name, given, bindings)
        )
        self.register_outputs({"spec": self.spec})


def spec_of(name: str, edge_ttl: str) -> dict[str, Any] | None:
    """Return the `spec` of a policy that says no more than an `edge_ttl`, or None where the text is no such time.

    Its name is made of the time, so that the endpoints of an API with the same time share one strategy.
    """
    faults = Faults("CachePolicy", name)
    given = normalise({"edge_ttl": edge_ttl}, CachePolicyArgs, faults)
    _check_args(given, faults)
    return None if faults else _compile(f"{name}-{given['edge_ttl']}s", given, None)


def spec_on(host: str, spec: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a `spec` as a platform has it."""
    found: Mapping[str, Any] = (spec.get("hosts") or {}).get(host, spec)
    return {key: value for key, value in found.items() if key != "hosts"}


_ALL = ""
"""In the place of a platform: every one that has no options."""


def _by_host(given: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the strategy of each platform that has options, or the one of all where none has."""
    shared = without_options(given)
    return {host: merged(shared, given[host]) for host in HOSTS if host in given} or {_ALL: shared}


def _kv_of(given: Mapping[str, Any]) -> Any:
    return given.get("tiers", {}).get("kv", {}).get("binding")


def _compile_all(name: str, given: Mapping[str, Any], bindings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the strategy as plain data, with what it is on platforms that have options."""
    spec = _compile(name, without_options(given), None)
    hosts = {host: _compile(name, each, bindings[host], host) for host, each in _by_host(given).items() if host != _ALL}
    return {**spec, "hosts": hosts} if hosts else spec


_KEPT = 30 * 86400
"""How long a strategy keeps what it was given no time for: 30 days, as in Workbox's recipe for images
(https://developer.chrome.com/docs/workbox/modules/workbox-recipes, `maxAgeSeconds`)."""
_SETS: Mapping[str, Mapping[str, Any]] = {
    "cache-first": {"mode": "override", "edge_ttl": _KEPT},
    # What is fresh for no time is not stored at all, and could answer nothing later.
    "stale-while-revalidate": {"mode": "override", "edge_ttl": 1, "stale_while_revalidate": _KEPT},
    "network-first": {"mode": "override", "edge_ttl": 1, "stale_if_error": _KEPT},
    "network-only": {"mode": "bypass"},
}
"""What each strategy sets where it is not given."""
_CONTRADICTS: Mapping[str, tuple[tuple[str, Callable[[Any], bool], str], ...]] = {
    "cache-first": (("edge_ttl", lambda ttl: ttl == 0, "nothing would be stored"),),
    "stale-while-revalidate": (
        ("edge_ttl", lambda ttl: ttl == 0, "nothing would be stored"),
        ("stale_while_revalidate", lambda time: time == 0, "nothing stale would be answered"),
    ),
    "network-first": (
        ("edge_ttl", lambda ttl: ttl != 1, "the origin is asked again after 1 second"),
        ("jitter", bool, "the origin is asked again after 1 second"),
        ("stale_while_revalidate", lambda time: time > 0, "what is stale would be answered before the origin is asked"),
        ("stale_if_error", lambda time: time == 0, "nothing would be left to answer while the origin fails"),
    ),
    "network-only": (),
}
"""What a strategy cannot be given: the argument, which values of it, and what would become of the strategy."""


def _by_strategy(given: dict[str, Any], faults: Faults) -> dict[str, Any]:
    """Return the arguments with what their strategy sets; note what contradicts it."""
    strategy = given.get("strategy")
    if strategy is None or not faults.one_of("strategy", strategy, STRATEGIES):
        return given
    sets = _SETS[strategy]
    if given.get("mode", sets["mode"]) != sets["mode"]:
        faults.add(
            "mode",
            f"is {show(given['mode'])}, and strategy {strategy!r} is mode {sets['mode']!r}",
            code=Code.CONTRADICTION,
            fix="Leave one of the two out.",
        )
    for key, contradicts, why in _CONTRADICTS[strategy]:
        if key in given and contradicts(given[key]):
            faults.add(
                key,
                f"contradicts strategy {strategy!r}: {why}",
                code=Code.CONTRADICTION,
                fix="Leave one of the two out.",
            )
    return {**sets, **given}


def _compile(name: str, given: Mapping[str, Any], binding: Any, host: str = _ALL) -> dict[str, Any]:
    """Return the strategy as plain data: the fields of CacheSpec, and the bindings that it needs."""
    faults = Faults("CachePolicy", name)
    bound = kv_binding(f"{host}.tiers.kv.binding", binding, faults) if binding is not None else None
    faults.raise_if_any()
    tiers = given.get("tiers", {})
    edge, kv, shield = tiers.get("edge", {}), tiers.get("kv"), tiers.get("shield")
    key = given.get("key", {})
    browser_ttl = given.get("browser_ttl")
    spec = CacheSpec(
        name=name,
        mode=_mode(given),
        engine=given.get("engine", "worker"),
        edge_ttl_s=given.get("edge_ttl"),
        edge_jitter_s=_range(given.get("jitter")),
        browser_ttl_s=browser_ttl,
        stale_while_revalidate_s=given.get("stale_while_revalidate", 0),
        stale_if_error_s=given.get("stale_if_error", 0),
        immutable=given.get("immutable", False),
        statuses=tuple(sorted(set(given["statuses"])))
        if "statuses" in given
        else CacheSpec.model_fields["statuses"].default,
        error_ttl_s=given.get("error_ttl", 0),
        tiers=CacheTiers(
            memory=_memory(given),
            edge=EdgeTier(ttl_ceiling_s=edge.get("ttl_ceiling"), jitter_s=_range(edge.get("jitter")))
            if edge.get("enabled", True)
            else None,
            kv=None
            if kv is None or bound is None
            else KvTier(
                binding=bound["name"],
                ttl_s=kv["ttl"],
                jitter_s=_range(kv.get("jitter")),
                max_object_bytes=kv.get("max_object_bytes", int(limit("cloudflare.kv.value_bytes").value)),
            ),
            shield=None if shield is None else ShieldTier(**_timed(shield, ttl="ttl_s")),
        ),
        key=CacheKeySpec(
            query=key.get("query", "all"),
            query_names=_sorted(key.get("query_names")),
            headers=_sorted(key.get("headers"), lower=True),
            cookies=_sorted(key.get("cookies")),
            country=key.get("country", False),
            region=key.get("region", False),
            host=key.get("host", True),
        ),
        vary=_sorted(given.get("vary"), lower=True),
        tags=_sorted(given.get("tags")),
    )
    compiled = spec.model_dump(mode="json")
    if bound is not None:
        compiled["bindings"] = [bound]
    return compiled


def _memory(given: Mapping[str, Any]) -> MemoryTier | None:
    """Return the memory tier: as given, or in front of the edge cache, where a hit from it costs a fraction."""
    tiers = given.get("tiers", {})
    memory = tiers.get("memory")
    if memory is not None:
        options = {key: value for key, value in memory.items() if key != "enabled"}
        return MemoryTier(**_timed(options, ttl_ceiling="ttl_ceiling_s")) if memory.get("enabled", True) else None
    in_front = given.get("engine", "worker") == "worker" and tiers.get("edge", {}).get("enabled", True)
    return MemoryTier(ttl_ceiling_s=MEMORY_IN_FRONT_S) if in_front and _mode(given) != "bypass" else None


def _mode(given: Mapping[str, Any]) -> Any:
    return given.get("mode") or ("override" if "edge_ttl" in given else "origin")


def _range(jitter: Mapping[str, int] | None) -> tuple[int, int] | None:
    return None if jitter is None else (jitter["min"], jitter["max"])


def _sorted(names: list[str] | None, *, lower: bool = False) -> tuple[str, ...]:
    return tuple(sorted({name.lower() if lower else name for name in names or []}))


def _timed(options: Mapping[str, Any], **names: str) -> dict[str, Any]:
    """Return a tier's options under the names of its model, its jitter as a range."""
    plain = {names.get(key, key): value for key, value in options.items() if key != "jitter"}
    return {**plain, "jitter_s": _range(options["jitter"])} if "jitter" in options else plain


def _check_args(given: Mapping[str, Any], faults: Faults) -> None:
    for key in ("edge_ttl", "browser_ttl", "stale_while_revalidate", "stale_if_error", "error_ttl"):
        if key in given:
            checks.seconds(key, given[key], faults)
    if given.get("engine") == "platform":
        _check_platform(given.get("key", {}), given.get("tiers", {}), faults)
    if "mode" not in given or faults.one_of("mode", given["mode"], MODES):
        _check_mode(_mode(given), given, faults)
    if given.get("immutable") and not given.get("browser_ttl"):
        faults.add(
            "immutable",
            "is true without a `browser_ttl`",
            code=Code.NEEDS,
            fix="Give the time for which clients may keep it, for example 31536000.",
        )
    _check_stale(given, faults)
    _check_jitter("jitter", given.get("jitter"), "edge_ttl", given.get("edge_ttl"), faults)
    _check_statuses(given.get("statuses"), given.get("error_ttl", 0), faults)
    _check_tiers(given.get("tiers", {}), _mode(given), faults)
    _check_shield(given.get("tiers", {}).get("shield"), given.get("edge_ttl"), faults)
    _check_key(given.get("key", {}), faults)
    for index, header in enumerate(given.get("vary", ())):
        if header == "*":
            faults.add(
                f"vary[{index}]",
                "'*' makes every response different, so that nothing would be reused",
                code=Code.WILDCARD,
                allowed="names of request headers",
            )
        elif checks.header_name(f"vary[{index}]", header, faults):
            _check_passes(f"vary[{index}]", header, faults)
    _check_tags(given.get("tags", ()), faults)


_OF_WHAT_IS_STORED = (
    "edge_ttl",
    "browser_ttl",
    "stale_while_revalidate",
    "stale_if_error",
    "tiers",
    "key",
    "vary",
    "tags",
    "immutable",
    "engine",
)
"""Arguments that say what is stored, where, and for how long."""


def _check_mode(mode: str, given: Mapping[str, Any], faults: Faults) -> None:
    if mode == "override" and "edge_ttl" not in given:
        faults.add(
            "edge_ttl",
            "is required by mode 'override'",
            code=Code.MISSING,
            allowed="0 or more seconds",
            fix="Give it, or mode 'origin' to follow the origin's headers.",
        )
    if mode != "override":
        what = "stores nothing" if mode == "bypass" else "follows the origin's headers"
        useless = ["jitter", "statuses", "error_ttl"]
        for key in [*useless, *_OF_WHAT_IS_STORED] if mode == "bypass" else [*useless, "immutable"]:
            if key in given:
                faults.add(
                    key,
                    f"has no effect, because mode {mode!r} {what}",
                    code=Code.NO_EFFECT,
                    fix=f"Leave {key} out, or use mode 'override'.",
                )


def _check_stale(given: Mapping[str, Any], faults: Faults) -> None:
    """Note times for which nothing can be served stale, because none of what the policy gives a time is stored."""
    tiers = given.get("tiers", {})
    times = [
        given.get("edge_ttl"),
        given.get("error_ttl"),
        *((tiers.get(tier) or {}).get("ttl") for tier in ("kv", "shield")),
    ]
    # Under mode `origin` 0 is a ceiling: what has an ETag or a date is stored, and may be stale for as long as the origin says.
    if _mode(given) != "override" or given.get("edge_ttl") != 0 or any(times):
        return
    for key in ("stale_while_revalidate", "stale_if_error"):
        if given.get(key):
            faults.add(
                key,
                "has no effect, because with `edge_ttl` 0 nothing is stored that could be served stale",
                code=Code.NO_EFFECT,
                fix=f"Give an `edge_ttl` of 1 or more, after which the origin is asked again, or leave {key} out.",
            )


def _check_jitter(
    path: str, jitter: Mapping[str, Any] | None, key: str, ttl: object, faults: Faults, *, shorter: bool = False
) -> None:
    """A range, and whether the time that it spreads lies in it; `shorter`: the range may also end before that time."""
    if jitter is None or not {"min", "max"} <= jitter.keys():
        return
    sound = [checks.seconds(f"{path}.{key}", jitter[key], faults, low=1) for key in ("min", "max")]
    if all(sound) and jitter["min"] > jitter["max"]:
        faults.add(
            path,
            f"has min {jitter['min']} above max {jitter['max']}",
            code=Code.CONTRADICTION,
            allowed="min no larger than max",
        )
    elif all(sound) and isinstance(ttl, int) and not (jitter["min"] <= ttl and (shorter or ttl <= jitter["max"])):
        faults.add(
            path,
            f"{jitter['min']} to {jitter['max']} leaves out the {key} {ttl}, which would have no effect",
            code=Code.NO_EFFECT,
            allowed=f"min at most {ttl}" if shorter else f"min at most {ttl}, max at least {ttl}",
            fix=f"Change {key} with it.",
        )


def _check_statuses(statuses: list[int] | None, error_ttl: object, faults: Faults) -> None:
    if statuses is None:
        return
    if not statuses:
        faults.add(
            "statuses",
            "is empty, so that nothing would be given a time",
            code=Code.EMPTY,
            allowed="statuses from 200 to 499",
        )
    for index, status in enumerate(statuses):
        at = f"statuses[{index}]"
        if not 200 <= status <= 499:
            why = (
                "Errors of the server are never stored; `stale_if_error` serves what was stored before."
                if 500 <= status <= 599
                else ""
            )
            faults.add(at, f"{status} cannot be given a time", code=Code.STATUS, allowed="200 to 499", fix=why)
        elif status in (206, 304):
            faults.add(
                at,
                f"{status} is a part of another response, not one of its own",
                code=Code.STATUS,
                allowed="200 to 499 but 206 and 304",
            )
        elif status in statuses[:index]:
            faults.add(at, f"{status} is given twice", code=Code.TWICE)
        elif status in (404, 410) and error_ttl == 0:
            faults.add(
                at,
                f"{status} has no effect: it is kept for `error_ttl`, which is 0",
                code=Code.NO_EFFECT,
                fix=f"Give `error_ttl`, or leave {status} out.",
            )


def _check_tiers(tiers: Mapping[str, Any], mode: str, faults: Faults) -> None:
    memory, edge, kv = tiers.get("memory"), tiers.get("edge", {}), tiers.get("kv")
    if memory is not None and not memory.get("enabled", True):
        memory = None
    none = memory is None and kv is None and tiers.get("shield") is None and not edge.get("enabled", True)
    if mode != "bypass" and none:
        faults.add(
            "tiers", "leaves no tier to keep anything in", code=Code.NO_EFFECT, fix="Enable one, or use mode 'bypass'."
        )
    if memory is not None:
        most = limit("cloudflare.workers.memory_bytes")
        for key in ("max_bytes", "max_object_bytes"):
            if key in memory:
                checks.whole(
                    f"tiers.memory.{key}",
                    memory[key],
                    faults,
                    1,
                    int(most.value),
                    "bytes",
                    f"An isolate has {most.text} in all.",
                )
        whole_tier = memory.get("max_bytes", MemoryTier().max_bytes)
        if "max_object_bytes" in memory and memory["max_object_bytes"] > whole_tier:
            faults.add(
                "tiers.memory.max_object_bytes",
                f"{memory['max_object_bytes']} is more than the tier's max_bytes {whole_tier}",
                code=Code.CONTRADICTION,
                allowed=f"1 to {whole_tier} bytes",
            )
    for path, tier in (("memory", tiers.get("memory") or {}), ("edge", edge)):
        for key in () if tier.get("enabled", True) else sorted({*tier} - {"enabled"}):
            faults.add(
                f"tiers.{path}.{key}",
                "has no effect, because `enabled` is false",
                code=Code.NO_EFFECT,
                fix=f"Leave {key} out.",
            )
    for path, tier in (("memory", memory or {}), ("edge", edge)):
        if "ttl_ceiling" in tier:
            checks.seconds(f"tiers.{path}.ttl_ceiling", tier["ttl_ceiling"], faults)
        _check_jitter(
            f"tiers.{path}.jitter", tier.get("jitter"), "ttl_ceiling", tier.get("ttl_ceiling"), faults, shorter=True
        )
    if kv is not None:
        least = limit("cloudflare.kv.expiration_ttl_min_s")
        if "ttl" in kv:
            checks.seconds(
                "tiers.kv.ttl",
                kv["ttl"],
                faults,
                int(least.value),
                f"Workers KV keeps nothing for less than {least.text}.",
            )
        _check_jitter("tiers.kv.jitter", kv.get("jitter"), "ttl", kv.get("ttl"), faults, shorter=True)
        if "max_object_bytes" in kv:
            most = limit("cloudflare.kv.value_bytes")
            checks.whole(
                "tiers.kv.max_object_bytes",
                kv["max_object_bytes"],
                faults,
                1,
                int(most.value),
                "bytes",
                f"Workers KV holds values of at most {most.text}.",
            )
        if "binding" in kv and not is_later(kv["binding"]):
            kv_binding("tiers.kv.binding", kv["binding"], faults)


def _check_shield(shield: Mapping[str, Any] | None, edge_ttl: object, faults: Faults) -> None:
    if shield is None:
        return
    if "location" in shield:
        faults.one_of("tiers.shield.location", shield["location"], LOCATIONS)
    if "ttl" in shield:
        checks.seconds("tiers.shield.ttl", shield["ttl"], faults)
    key, ttl = ("ttl", shield["ttl"]) if "ttl" in shield else ("edge_ttl", edge_ttl)
    _check_jitter("tiers.shield.jitter", shield.get("jitter"), key, ttl, faults, shorter=True)
    if "shards" in shield:
        checks.whole("tiers.shield.shards", shield["shards"], faults, 1, 64, "objects")
    most = limit("cloudflare.durable_objects.storage_bytes")
    for name in ("max_bytes", "max_object_bytes"):
        if name in shield:
            why = f"A Durable Object keeps {most.text} in all."
            checks.whole(f"tiers.shield.{name}", shield[name], faults, 1, int(most.value), "bytes", why)
    whole_tier = shield.get("max_bytes", ShieldTier().max_bytes)
    if "max_object_bytes" in shield and shield["max_object_bytes"] > whole_tier:
        faults.add(
            "tiers.shield.max_object_bytes",
            f"{shield['max_object_bytes']} is more than the tier's max_bytes {whole_tier}",
            code=Code.CONTRADICTION,
            allowed=f"1 to {whole_tier} bytes",
        )


def _check_key(key: Mapping[str, Any], faults: Faults) -> None:
    query = key.get("query", "all")
    if faults.one_of("key.query", query, QUERIES):
        needs = query in ("include", "exclude")
        if needs and not key.get("query_names"):
            faults.add(
                "key.query_names",
                f"is required by query {query!r}",
                code=Code.MISSING,
                allowed="names of query parameters",
            )
        if not needs and key.get("query_names"):
            faults.add(
                "key.query_names",
                f"has no effect, because query is {query!r}",
                code=Code.NO_EFFECT,
                fix="Use query 'include' or 'exclude'.",
            )
    for index, header in enumerate(key.get("headers", ())):
        at = f"key.headers[{index}]"
        if checks.header_name(at, header, faults) and header.lower() in ("cookie", "authorization"):
            instead = (
                "`key.cookies` for single cookies"
                if header.lower() == "cookie"
                else "no cache for what a caller is authorised to see"
            )
            faults.add(
                at, f"{show(header)} differs for nearly every caller", code=Code.NO_EFFECT, fix=f"Use {instead}."
            )
        else:
            _check_passes(at, header, faults)
    for index, cookie in enumerate(key.get("cookies", ())):
        checks.header_name(f"key.cookies[{index}]", cookie, faults)


_OF_A_BODY = ("content-length", "content-type", "content-encoding", "content-language", "content-location")
_RESERVED: tuple[str, ...] = EdgeSettings.model_fields["reserved_header_prefixes"].default


def _check_passes(at: str, header: str, faults: Faults) -> None:
    """Note a header that no request brings to where the key is made: it would be empty in every key."""
    name = header.lower()
    if not never_passes(name, _RESERVED) and name not in _OF_A_BODY:
        return
    instead = {"cf-ipcountry": "`key.country`", "x-forwarded-host": "`key.host`"}.get(name)
    faults.add(
        at,
        f"{show(header)} is removed from every request before the key is made"
        + (": a GET has no body" if name in _OF_A_BODY else ": a client could say anything by it"),
        code=Code.RESERVED,
        fix=f"Use {instead}." if instead else "Use another header.",
    )


def _check_platform(key: Mapping[str, Any], tiers: Mapping[str, Any], faults: Faults) -> None:
    """Workers Cache keys entries by path and query alone: https://developers.cloudflare.com/workers/cache/cache-keys/"""
    for part in ("headers", "cookies", "country", "region"):
        if key.get(part):
            faults.add(
                f"key.{part}",
                "is not part of the platform's key, so that engine 'platform' would give one caller's answer to another",
                code=Code.SHARED_ANSWER,
                fix="Use engine 'worker', or `vary` for request headers.",
            )
    if not tiers.get("edge", {}).get("enabled", True):
        faults.add(
            "tiers.edge.enabled",
            "is false with engine 'platform', which is that tier",
            code=Code.CONTRADICTION,
            fix="Leave it out, or use engine 'worker'.",
        )
    if key.get("host", True):
        faults.add(
            "key.host",
            "must be false with engine 'platform', which keeps one entry for all hostnames",
            code=Code.CONTRADICTION,
            fix="Say `host: false` if each hostname may be given the same answer, or use engine 'worker'.",
        )


def _check_tags(tags: list[str], faults: Faults) -> None:
    for index, tag in enumerate(tags):
        if not tag or not tag.isascii() or not tag.isprintable() or any(mark in tag for mark in " ,"):
            faults.add(
                f"tags[{index}]",
                f"{show(tag)} is not a tag",
                code=Code.NAME,
                allowed="printable ASCII without blanks and commas",
            )
    most = limit("cloudflare.cache.tags")
    if len(tags) > most.value:
        faults.add("tags", f"has {len(tags)} tags", code=Code.LIMIT, allowed=f"at most {most.text}")
    checks.text_bytes(
        "tags",
        len(",".join(tags).encode()),
        faults,
        "cloudflare.cache.tag_bytes",
        "the Cache-Tag header",
        "Use fewer or shorter tags.",
    )
