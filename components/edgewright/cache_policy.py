"""One caching strategy. See :class:`CachePolicy`."""

from collections.abc import Callable, Mapping
from typing import Any

import pulumi
from typing_extensions import NotRequired, TypedDict

from edgewright.arguments.bindings import kv_binding
from edgewright.arguments.cache.check import check_strategy
from edgewright.arguments.cache.compile import compile_strategy
from edgewright.arguments.cache.models import Policy
from edgewright.arguments.jitter import Jitter as Jitter
from edgewright.arguments.moved import moved
from edgewright.arguments.program import claim_name, gathers
from edgewright.arguments.shape import fill, is_later, normalise, properties
from edgewright.arguments.written import (
    STRATEGIES,
    CacheMode,
    CacheQuery,
    Seconds,
    ShieldLocation,
    Strategy,
)
from edgewright.base.fault_codes import Code
from edgewright.base.faults import Faults, show
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
            check_strategy(fill(Policy, strategy), found)
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
    check_strategy(fill(Policy, given), faults)
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


def _compile(name: str, given: Mapping[str, Any], binding: object, host: str = _ALL) -> dict[str, Any]:
    """Return the strategy as plain data: the fields of CacheSpec, and the bindings that it needs."""
    faults = Faults("CachePolicy", name)
    bound = kv_binding(f"{host}.tiers.kv.binding", binding, faults) if binding is not None else None
    faults.raise_if_any()
    store = str(bound["name"]) if bound is not None else None
    spec = compile_strategy(name, fill(Policy, given), store).model_dump(mode="json")
    return {**spec, "bindings": [bound]} if bound is not None else spec
