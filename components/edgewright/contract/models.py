"""The settings document that the code at the edge reads. See :class:`EdgeSettings`.

Durations are whole seconds where the name ends in ``_s`` and milliseconds where it ends in ``_ms``; sizes are bytes.
Every model forbids unknown keys, so a misspelt one is an error and not a silent default.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from edgewright.contract.limits import limit


@dataclass(frozen=True)
class FeatureOf:
    """Stands beside an endpoint's setting: a function whose settings give it is made with this feature."""

    name: str
    """The feature's file in edge/src/core/features, with `_` for `-`; it exports the name in camel case."""
    around: bool = False
    """Whether it is around all of an endpoint's answers, those of the platform's cache too, so that every function that
    answers before or behind that cache has it. Its setting says in `vary` which request headers the answers then depend on."""


class SpecModel(BaseModel):
    """Base of every model in the settings document: immutable, and strict about unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


# --- caching -------------------------------------------------------------------------------------------------------


LOCATIONS = ("wnam", "enam", "sam", "weur", "eeur", "apac", "oc", "afr", "me")
"""Where a shield may be: Durable Objects' location hints,
https://developers.cloudflare.com/durable-objects/reference/data-location/ (November 2026)."""


MEMORY_IN_FRONT_S = 5
"""How long a copy in memory is served where nothing is said of that tier: as long as an isolate goes without looking for
purges."""


class MemoryTier(SpecModel):
    """The isolate's own memory: the fastest tier, lost with the isolate, bounded by bytes."""

    max_bytes: int = Field(default=16 * 1024 * 1024, gt=0, description="Most bytes held by one isolate.")
    max_object_bytes: int = Field(default=1024 * 1024, gt=0, description="A larger body is not held in memory.")
    ttl_ceiling_s: int | None = Field(default=None, ge=0, description="Freshness in this tier never exceeds this.")
    jitter_s: tuple[int, int] | None = Field(
        default=None, description="Lowest and highest ceiling (s) drawn for an entry instead of ttl_ceiling_s."
    )


class EdgeTier(SpecModel):
    """The data centre's cache (the Cache API, or the platform's front cache)."""

    ttl_ceiling_s: int | None = Field(default=None, ge=0, description="Freshness in this tier never exceeds this.")
    jitter_s: tuple[int, int] | None = Field(
        default=None, description="Lowest and highest ceiling (s) drawn for an entry instead of ttl_ceiling_s."
    )


class KvTier(SpecModel):
    """A key-value store behind the edge cache, shared by every data centre."""

    binding: str = Field(description="Name of the KV binding on the function.")
    ttl_s: int = Field(ge=60, description="How long an entry stays in KV. KV accepts nothing under 60 s.")
    jitter_s: tuple[int, int] | None = Field(
        default=None, description="Lowest and highest freshness (s) drawn for an entry; None uses ttl_s as it is."
    )
    max_object_bytes: int = Field(
        default=int(limit("cloudflare.kv.value_bytes").value),
        gt=0,
        description="A larger response is not put into KV (its own limit is 25 MiB).",
    )


class ShieldTier(SpecModel):
    """One place for all data centres, before the origin: concurrent misses of the world make one origin request."""

    class_name: str = Field(
        default="EdgewrightShield",
        description="Class of Durable Objects among the function's own exports, by which it reaches the shield.",
    )
    location: Literal["wnam", "enam", "sam", "weur", "eeur", "apac", "oc", "afr", "me"] | None = Field(
        default=None, description="Where it is made; None is near the first request."
    )
    shards: int = Field(default=4, ge=1, le=64, description="Objects that the URLs are shared out to.")
    ttl_s: int | None = Field(default=None, ge=0, description="Freshness in the shield; None takes that of the edge.")
    jitter_s: tuple[int, int] | None = Field(
        default=None, description="Lowest and highest freshness (s) drawn for an entry; None uses ttl_s as it is."
    )
    max_bytes: int = Field(default=1024**3, gt=0, description="Most bytes kept by one object.")
    max_object_bytes: int = Field(default=16 * 1024**2, gt=0, description="A larger body is not kept in the shield.")


class CacheTiers(SpecModel):
    """Which tiers a policy uses, nearest first. None leaves the tier out."""

    memory: MemoryTier | None = None
    edge: EdgeTier | None = Field(default_factory=EdgeTier)
    kv: KvTier | None = None
    shield: ShieldTier | None = None


class CacheKeySpec(SpecModel):
    """What the cache key is made of beside method, host and normalised path."""

    query: Literal["all", "none", "include", "exclude"] = Field(
        default="all", description="Which query parameters belong to the key. Parameters are sorted in the key."
    )
    query_names: tuple[str, ...] = Field(default=(), description="The names for `include` and `exclude`.")
    headers: tuple[str, ...] = Field(default=(), description="Request headers in the key, lower case, sorted.")
    cookies: tuple[str, ...] = Field(default=(), description="Cookies in the key, sorted.")
    country: bool = Field(default=False, description="One entry a country.")
    region: bool = Field(default=False, description="One entry a routing region of the endpoint's origin.")
    host: bool = Field(default=True, description="One entry a Host. False shares entries between hostnames.")


class CacheSpec(SpecModel):
    """One caching strategy, as the code at the edge applies it.

    ``mode="override"``: the policy's TTLs decide, for responses that are storable at all (a `private`, `no-store` or
    `Set-Cookie` response never is). ``mode="origin"``: the origin's own headers decide, and nothing is stored without
    them; TTLs given here are ceilings. ``mode="bypass"``: nothing is stored.
    """

    name: str = Field(description="The CachePolicy's name, for Cache-Status and messages.")
    mode: Literal["override", "origin", "bypass"] = "override"
    engine: Literal["worker", "platform"] = "worker"
    edge_ttl_s: int | None = Field(default=None, ge=0, description="Freshness at the edge, before jitter.")
    edge_jitter_s: tuple[int, int] | None = Field(
        default=None, description="Lowest and highest freshness (s) drawn for an edge entry instead of edge_ttl_s."
    )
    browser_ttl_s: int | None = Field(
        default=None,
        ge=0,
        description="How long a client may keep it from when it gets it: max-age less Age. None keeps the origin's.",
    )
    stale_while_revalidate_s: int = Field(default=0, ge=0, description="RFC 5861, at the edge and told to clients.")
    stale_if_error_s: int = Field(default=0, ge=0, description="RFC 5861.")
    immutable: bool = Field(default=False, description="RFC 8246, sent to clients.")
    statuses: tuple[int, ...] = Field(
        default=(200, 203, 204, 300, 301, 308, 404, 410),
        description="Statuses that `override` gives a TTL. Others follow the origin's explicit freshness. 5xx never here.",
    )
    error_ttl_s: int = Field(default=0, ge=0, description="TTL of a 404 or 410 under `override` (negative caching).")
    tiers: CacheTiers = Field(default_factory=CacheTiers)
    key: CacheKeySpec = Field(default_factory=CacheKeySpec)
    vary: tuple[str, ...] = Field(default=(), description="Request headers added to the response's Vary, lower case.")
    tags: tuple[str, ...] = Field(default=(), description="Cache-Tag values added to each stored response.")

    @property
    def stores(self) -> bool:
        """Whether anything is stored at all."""
        return self.mode != "bypass"


# --- geography -----------------------------------------------------------------------------------------------------


class HealthCheckSpec(SpecModel):
    """How an origin's health is judged from the edge: passively from answers, and by this path where it is given."""

    path: str | None = Field(default=None, description="Path probed before an origin that failed is used again.")
    interval_s: int = Field(default=30, ge=1, description="An origin that failed is left out for this long.")
    unhealthy_after: int = Field(default=2, ge=1, description="Consecutive failures before an origin is left out.")


class OriginSpec(SpecModel):
    """One region's origin."""

    region: str = Field(description="Region name, for example us, eu, apac.")
    url: str = Field(description="http(s) base URL; a path on it is a prefix.")
    countries: tuple[str, ...] = Field(default=(), description="ISO 3166-1 alpha-2 codes served by it, sorted.")
    latitude: float | None = Field(default=None, ge=-90, le=90)
    longitude: float | None = Field(default=None, ge=-180, le=180)
    headers: dict[str, str] = Field(default_factory=dict, description="Headers added to requests to this origin.")


class RouterSpec(SpecModel):
    """Regions and the order in which their origins are tried for a country."""

    name: str
    origins: tuple[OriginSpec, ...] = Field(min_length=1)
    fallback: str = Field(description="Region for a country that no origin names.")
    order: dict[str, tuple[str, ...]] = Field(
        description="For each region, all regions from nearest to farthest, itself first: the failover order."
    )
    timeout_ms: int = Field(default=2000, gt=0, description="Time for an origin's response headers before failover.")
    retry_statuses: tuple[int, ...] = Field(default=(502, 503, 504, 520, 521, 522, 523, 524, 525, 526, 530))
    health: HealthCheckSpec = Field(default_factory=HealthCheckSpec)


# --- auth, limits --------------------------------------------------------------------------------------------------


class SessionsSpec(SpecModel):
    """Sessions kept in KV. The id comes from a cookie or an `Authorization: Bearer` header; it is opaque. A session says by
    its `iat` when it was made (seconds since 1970, as in RFC 7519)."""

    binding: str = Field(description="Name of the KV binding on the function.")
    cookie: str = "session"
    ttl_s: int = Field(default=86400, ge=60, description="A session that is older, by its `iat`, is none.")
    dated: bool = Field(default=False, description="A session without `iat`, whose age cannot be told, is none either.")
    key_prefix: str = "session:"


class SessionAuth(SpecModel):
    """The endpoint needs a session that the store knows; else 401."""

    kind: Literal["session"] = "session"


class JwtAuth(SpecModel):
    """The endpoint needs a signed token (RFC 7519). Algorithms come from here, never from the token's header."""

    kind: Literal["jwt"] = "jwt"
    issuer: str
    audience: tuple[str, ...] = Field(min_length=1)
    algorithms: tuple[
        Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "HS256"], ...
    ] = Field(default=("RS256", "ES256"), min_length=1)
    jwks_url: str | None = Field(default=None, description="Where the key set is fetched from. One of this and secret.")
    secret_binding: str | None = Field(default=None, description="Secret binding with the HS256 key.")
    clock_tolerance_s: int = Field(default=30, ge=0, le=300)
    required_claims: dict[str, str] = Field(default_factory=dict, description="Claims with the value they must have.")
    jwks_max_stale_s: int = Field(default=600, ge=0, description="How long old keys serve while the URL is down.")


AuthSpec = Annotated[SessionAuth | JwtAuth, Field(discriminator="kind")]


class RateLimitSpec(SpecModel):
    """A limit a client on one endpoint, by the platform's rate limit binding."""

    binding: str
    limit: int = Field(gt=0, description="Requests allowed in a period.")
    period_s: Literal[10, 60] = 60


# --- requests from other origins -----------------------------------------------------------------------------------


class CorsSpec(SpecModel):
    """Which pages of other origins may read an endpoint's answers: the CORS protocol of the Fetch standard."""

    origins: tuple[str, ...] = Field(min_length=1, description="Origins as browsers write them, or `*` alone.")
    methods: tuple[str, ...] = Field(description="Methods that a preflight is told of.")
    headers: tuple[str, ...] = Field(
        default=(), description="Request headers that a preflight is told of, or `*` alone."
    )
    expose: tuple[str, ...] = Field(default=(), description="Headers of answers that a page may read, or `*` alone.")
    credentials: bool = Field(default=False, description="Whether a page may read answers to requests with cookies.")
    max_age_s: int | None = Field(
        default=None, ge=0, description="How long a browser may remember a preflight's answer."
    )
    vary: tuple[str, ...] = Field(default=(), description="`origin` where answers differ by it: several origins.")


# --- endpoints -----------------------------------------------------------------------------------------------------


class OriginTarget(SpecModel):
    """The request goes to an origin of this router."""

    kind: Literal["origin"] = "origin"
    router: str
    strip_prefix: str | None = Field(default=None, description="Removed from the path before the origin sees it.")


class HandlerTarget(SpecModel):
    """The request goes to the user's own module: a fetch-like default export."""

    kind: Literal["handler"] = "handler"
    module: str = Field(description="Module name among the function's modules, for example `handler-checkout.js`.")


class SessionTarget(SpecModel):
    """The endpoint answers with the caller's own session as JSON. Needs `auth: session`."""

    kind: Literal["session"] = "session"


class EndpointSpec(SpecModel):
    """One endpoint: what it matches, what must hold, who answers, and how the answer is cached."""

    path: str = Field(description="`/api/products/:id`, `/static/*` or `/*`. First match by specificity, then order.")
    methods: tuple[str, ...] = Field(default=("GET", "HEAD"), min_length=1, description="`*` allows every method.")
    target: Annotated[OriginTarget | HandlerTarget | SessionTarget, Field(discriminator="kind")]
    cache: CacheSpec | None = None
    auth: AuthSpec | None = None
    rate_limit: Annotated[RateLimitSpec | None, FeatureOf("rate_limit")] = None
    cors: Annotated[CorsSpec | None, FeatureOf("cors", around=True)] = None
    static: bool = Field(default=False, description="Versioned static files: strong ETag and 304 are guaranteed.")

    @property
    def origin(self) -> OriginTarget | None:
        """The target, where it is an origin."""
        return self.target if isinstance(self.target, OriginTarget) else None


class EdgeSettings(SpecModel):
    """Everything that one edge function is told. Written into its bundle as the module `settings.js`."""

    version: Literal[1] = 1
    name: str
    hostname: str | None = Field(
        default=None,
        description="The function's own hostname: what is said of the host where a key leaves it out (`host: false`).",
    )
    endpoints: tuple[EndpointSpec, ...] = ()
    routers: tuple[RouterSpec, ...] = ()
    sessions: SessionsSpec | None = None
    cache_host: str | None = Field(
        default=None,
        description="The function's own hostname, under which its entries stand in the data centre's cache; None has none.",
    )
    reserved_header_prefixes: tuple[str, ...] = Field(
        default=("x-edgewright-", "x-origin-", "x-local-"),
        description="Request headers with these prefixes are removed at the entrance: they are ours to set.",
    )
    url_normalization: Literal["strict", "none"] = Field(
        default="strict",
        description="`strict`: one form of each path, ambiguous ones refused. `none`: as sent; one `/*` to an origin only.",
    )
    trace: bool = Field(default=False, description="Adds Server-Timing to responses.")
