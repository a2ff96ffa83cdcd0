"""One caching strategy. See :class:`CachePolicy`."""

from typing import Any

import pulumi
from typing_extensions import NotRequired, TypedDict


class Jitter(TypedDict):
    """A range from which a time to live is drawn, so that entries stored together do not expire together."""

    min: pulumi.Input[int]
    """Shortest time to live, in seconds."""
    max: pulumi.Input[int]
    """Longest time to live, in seconds."""


class MemoryTierOptions(TypedDict):
    """The isolate's own memory: the fastest tier, lost with the isolate, bounded by bytes. `{}` takes the defaults."""

    max_bytes: NotRequired[pulumi.Input[int]]
    """Most bytes held by one isolate. Default: 16 MiB, of an isolate's 128 MB."""
    max_object_bytes: NotRequired[pulumi.Input[int]]
    """A larger body is not held in memory. Default: 1 MiB."""
    ttl_ceiling: NotRequired[pulumi.Input[int]]
    """Freshness in this tier never exceeds this many seconds. Default: no ceiling."""


class EdgeTierOptions(TypedDict):
    """The data centre's own cache."""

    enabled: NotRequired[pulumi.Input[bool]]
    """Whether the tier is used. Default: true."""
    ttl_ceiling: NotRequired[pulumi.Input[int]]
    """Freshness in this tier never exceeds this many seconds. Default: no ceiling."""


class KvTierOptions(TypedDict):
    """A key-value store behind the edge cache, shared by every data centre."""

    binding: pulumi.Input[Any]
    """A KvNamespace's `binding`."""
    ttl: pulumi.Input[int]
    """How long an entry stays in the store, in seconds. At least 60, which is the least that Workers KV accepts."""
    jitter: NotRequired[Jitter]
    """Freshness drawn for an entry in place of `ttl`, in seconds. Default: `ttl` as it is."""
    max_object_bytes: NotRequired[pulumi.Input[int]]
    """A larger response is not put into the store. Default, and most allowed: Workers KV's limit of 25 MiB."""


class CacheTierOptions(TypedDict):
    """Which tiers a response is kept in, nearest first."""

    memory: NotRequired[MemoryTierOptions]
    """The isolate's memory. Default: not used; `{}` uses it with its defaults."""
    edge: NotRequired[EdgeTierOptions]
    """The data centre's cache. Default: used."""
    kv: NotRequired[KvTierOptions]
    """A KV namespace. Default: not used."""


class CacheKey(TypedDict):
    """What tells one stored response from another, beside method and normalised path."""

    query: NotRequired[pulumi.Input[str]]
    """`all`, `none`, `include` (only `query_names`) or `exclude` (all but `query_names`). Default: `all`."""
    query_names: NotRequired[pulumi.Input[list[pulumi.Input[str]]]]
    """Names of query parameters, for `include` and `exclude`."""
    headers: NotRequired[pulumi.Input[list[pulumi.Input[str]]]]
    """Request headers that belong to the key. Default: none."""
    cookies: NotRequired[pulumi.Input[list[pulumi.Input[str]]]]
    """Cookies that belong to the key. Default: none."""
    country: NotRequired[pulumi.Input[bool]]
    """One entry a country. Default: false."""
    region: NotRequired[pulumi.Input[bool]]
    """One entry a routing region of the endpoint's origin. Default: false."""
    host: NotRequired[pulumi.Input[bool]]
    """One entry a hostname; false shares entries between hostnames. Default: true."""


class CachePolicyArgs(TypedDict):
    """Arguments of CachePolicy. Times are whole seconds."""

    edge_ttl: NotRequired[pulumi.Input[int]]
    """How long a response is fresh at the edge. Required by mode `override`; a ceiling in mode `origin`."""
    browser_ttl: NotRequired[pulumi.Input[int]]
    """`max-age` sent to clients. Default: what the origin said."""
    stale_while_revalidate: NotRequired[pulumi.Input[int]]
    """How long a stale response may be served while a fresh one is fetched (RFC 5861). Default: 0."""
    stale_if_error: NotRequired[pulumi.Input[int]]
    """How long a stale response may be served while the origin fails (RFC 5861). Default: 0."""
    jitter: NotRequired[Jitter]
    """Freshness at the edge is drawn from this range in place of `edge_ttl`. Default: `edge_ttl` as it is."""
    tiers: NotRequired[CacheTierOptions]
    """Where responses are kept. Default: the edge cache only."""
    key: NotRequired[CacheKey]
    """What tells one stored response from another. Default: host, path and the whole query."""
    vary: NotRequired[pulumi.Input[list[pulumi.Input[str]]]]
    """Request headers added to the response's `Vary`. Default: none. `*` is refused: nothing would ever be reused."""
    tags: NotRequired[pulumi.Input[list[pulumi.Input[str]]]]
    """Tags by which stored responses can be purged. Default: none."""
    immutable: NotRequired[pulumi.Input[bool]]
    """Tells clients never to revalidate (RFC 8246). For versioned files only. Default: false."""
    mode: NotRequired[pulumi.Input[str]]
    """`override`: this policy's times decide. `origin`: the origin's headers decide. `bypass`: nothing is stored.
    Default: `override` where `edge_ttl` is given, else `origin`."""
    engine: NotRequired[pulumi.Input[str]]
    """`worker`: the cache in the function. `platform`: the platform's own cache in front of it. Default: `worker`."""
    statuses: NotRequired[pulumi.Input[list[pulumi.Input[int]]]]
    """Statuses that `override` gives its time to. Default: 200, 203, 204, 300, 301, 308, 404, 410. Never a 5xx."""
    error_ttl: NotRequired[pulumi.Input[int]]
    """How long a 404 or 410 is kept under `override`. Default: 0, not at all."""


class CachePolicy(pulumi.ComponentResource):
    """One caching strategy, to be given to any number of endpoints.

        products = CachePolicy("products", {"edge_ttl": 3600, "browser_ttl": 60, "stale_while_revalidate": 86400})
        EdgeApi("api", {..., "endpoints": [{"path": "/api/products", "origin": origins.routing, "cache": products.spec}]})

    It creates nothing by itself: EdgeApi compiles it for its host.
    """

    spec: dict[str, Any]
    """The strategy, compiled: what an endpoint's `cache` takes. Plain data, known at preview."""

    def __init__(self, name: str, args: CachePolicyArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Declare a caching strategy.

        Raises:
            InputFaults: an argument is missing, unknown or out of its range; all such are named.
        """
        super().__init__("edgewright:index:CachePolicy", name, dict(args), opts)
        self.register_outputs({})
