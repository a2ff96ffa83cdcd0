"""An API at the edge. See :class:`EdgeApi`."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import pulumi
from typing_extensions import NotRequired, TypedDict

from edgewright.arguments import values
from edgewright.arguments.endpoints.check import check_endpoints
from edgewright.arguments.endpoints.compile import Pieces, compile_settings
from edgewright.arguments.endpoints.models import Api, Compiled, Endpoints, whole
from edgewright.arguments.moved import moved
from edgewright.arguments.program import claim_name, gathers
from edgewright.arguments.shape import Later, fill, is_later, normalise, properties, when_known
from edgewright.arguments.written import (
    AUTH_KINDS,
    PERIODS,
    AuthKind,
    Methods,
    Milliseconds,
    Percentage,
    Seconds,
    UrlNormalization,
    written,
)
from edgewright.base.faults import Faults
from edgewright.cache_policy import spec_of, spec_on
from edgewright.platforms import DEFAULT, HOSTS
from edgewright.platforms.chosen import check_each, chosen, host_in, with_said
from edgewright.platforms.keys import EdgeApiOptions, EndpointOptions, Host
from edgewright.platforms.lifecycle import with_lifecycles
from edgewright.platforms.platform import Platform, host_of

TOKEN = "edgewright:index:EdgeApi"


class EndpointAuth(TypedDict):
    """What a caller of an endpoint must show."""

    kind: AuthKind
    """`session` (a session that the store knows) or `jwt` (a signed token, RFC 7519)."""
    issuer: NotRequired[str]
    """jwt: the token's `iss`. Required, unless the API's `jwt` says it."""
    audience: NotRequired[list[str]]
    """jwt: accepted values of `aud`. Required, unless the API's `jwt` says it."""
    algorithms: NotRequired[list[str]]
    """jwt: accepted algorithms; `none` is refused. Default: RS256 and ES256."""
    jwks_url: NotRequired[str]
    """jwt: `https://` URL of the issuer's key set. Required, unless there is a `secret` or the API's `jwt` says
    it: exactly one of the two."""
    secret: NotRequired[str]
    """jwt: name of the entry in the API's `secrets` that holds the HS256 key, on cloudflare. Required, unless there is a
    `jwks_url`: exactly one of the two."""
    clock_tolerance: NotRequired[Seconds]
    """jwt: seconds that clocks may differ, 0 to 300. Default: 30."""
    required_claims: NotRequired[dict[str, str]]
    """jwt: claims with the value each must have, for example a tenant. Default: none."""
    jwks_max_stale: NotRequired[Seconds]
    """jwt: seconds that fetched keys go on serving while the key set cannot be fetched. Default: 600."""


class EndpointRateLimit(TypedDict):
    """A limit on each caller of an endpoint. A caller is a client address, an IPv6 one by its /64."""

    limit: int
    """Requests allowed in a period."""
    period: NotRequired[Seconds]
    """The period in seconds: 10 or 60. Default: 60."""


class EndpointCors(TypedDict):
    """Which pages of other origins may read an endpoint's answers, by the CORS protocol of the Fetch standard. Preflights are
    answered at the edge, and no answer carries `Access-Control-*` headers of the origin's. On CloudFront the 401 for a missing
    session is made at the viewer and has no such headers: a page sees that the request failed, not why."""

    origins: list[str]
    """Origins as browsers write them, for example `https://app.example.com`: none but these is ever told that it may read. `*`
    alone is every page, without credentials."""
    methods: NotRequired[Methods]
    """Methods that a preflight may ask for. Default: the endpoint's own."""
    headers: NotRequired[list[str]]
    """Request headers that a preflight may ask for, beside those that need none; `*` alone is every one but `Authorization`.
    Default: none."""
    expose: NotRequired[list[str]]
    """Headers of the answer that a page may read, beside those that every page may; `*` alone is every one. Default: none."""
    credentials: NotRequired[bool]
    """Whether a page may read answers to requests with cookies or TLS certificates. Default: false."""
    max_age: NotRequired[Seconds]
    """Seconds for which a browser may remember a preflight's answer: 0 to 86400; browsers have limits of their own. Default:
    what the browser has, 5 seconds."""


if TYPE_CHECKING:
    Auth: TypeAlias = EndpointAuth | Literal["session", "jwt"]
    """What a caller must show, or its kind alone."""
    RateLimit: TypeAlias = EndpointRateLimit | str
    """A limit on each caller, or in one text: `"100/min"`."""
else:
    Auth = written("Auth", values.named("a kind", "jwt", "kind"), words=AUTH_KINDS, full=EndpointAuth)
    RateLimit = written("RateLimit", values.rate_limit(PERIODS), full=EndpointRateLimit)


class JwtIssuer(TypedDict):
    """Who signs the tokens that the API's endpoints accept."""

    issuer: str
    """The tokens' `iss`."""
    audience: list[str]
    """Accepted values of `aud`."""
    jwks_url: NotRequired[str]
    """`https://` URL of the issuer's key set. Required, unless each such endpoint has a `secret`."""


class Endpoint(EndpointOptions):
    """One endpoint: what it matches, what must hold, who answers, how the answer is cached.

    Exactly one of `handler`, `origin` and `session` answers.
    """

    path: str
    """`/api/products`, `/api/products/:id` or `/static/*`. The most specific match wins, whatever the order given."""
    methods: NotRequired[Methods]
    """Methods answered, in a list or as in `"GET, POST"`; others get 405 with `Allow`. HEAD comes with GET. OPTIONS, where it is not named, is answered 204 with
    `Allow`. `*` is every method. Default: GET."""
    handler: NotRequired[str]
    """A JavaScript or TypeScript file with a fetch-like default export. Relative to the program's folder. Required, unless
    `origin` or `session` answers."""
    origin: NotRequired[pulumi.Input[Any]]
    """A GeoRouter's `routing`: the request goes to its nearest origin. Required, unless `handler` or `session` answers."""
    strip_prefix: NotRequired[str]
    """origin: removed from the path before the origin sees it. Default: nothing."""
    session: NotRequired[bool]
    """The caller's own session as JSON. Implies `auth: {"kind": "session"}`; needs the API's `sessions`. Default: false."""
    cache: NotRequired[pulumi.Input[Any]]
    """A CachePolicy's `spec`, or the `edge_ttl` of one that says nothing else: `"1h"`. Default: nothing is stored."""
    auth: NotRequired[Auth]
    """What a caller must show, or its kind alone: `"session"`, or `"jwt"` with what the API's `jwt` says. Default: nothing."""
    rate_limit: NotRequired[RateLimit]
    """A limit on each caller, also as a text: `"100/min"`, `"20/10s"`; `"10/s"` is 100 in 10 seconds. Default: none."""
    cors: NotRequired[EndpointCors]
    """Which pages of other origins may read the answers. On CloudFront several origins are each an entry of the cache.
    Default: none is told that it may."""
    static: NotRequired[bool]
    """Versioned static files: a strong ETag and 304 answers are guaranteed; on CloudFront for files of an origin up to about
    730 KB, larger ones keep the origin's own. Default: false."""
    expected_ms: NotRequired[Milliseconds]
    """How long the work behind this endpoint takes, in milliseconds; policies judge it. Default: not said."""
    queue: NotRequired[str]
    """Name of the queue binding to which long work is handed; policies look for it. Default: none."""


class SessionStore(TypedDict):
    """Sessions kept in a KV namespace: opaque ids from a cookie or an `Authorization: Bearer` header."""

    binding: pulumi.Input[Any]
    """A KvNamespace's `binding`."""
    cookie: NotRequired[str]
    """The cookie's name. Default: `session`."""
    ttl: NotRequired[Seconds]
    """Seconds that a session lasts, at least 60, from when it was made: its `iat`, seconds since 1970. Where this is given, a
    session without `iat` is none. Default: 86400 for sessions that say `iat`; others last as long as the store keeps them."""
    key_prefix: NotRequired[str]
    """Put before the id to make the key. Default: `session:`. An id is 8 to 128 letters, digits, `-` and `_`; any other
    is answered like one that the store does not know."""


class RolloutHeader(TypedDict):
    """A header by which a request asks for the new version."""

    name: str
    """Its name, which begins with `aws-cf-cd-`."""
    value: str
    """Its value, which is compared whole."""


class RolloutSession(TypedDict):
    """How long one viewer keeps the version that it got first."""

    idle: Seconds
    """Seconds without a request after which it is forgotten: 300 to 3600."""
    longest: Seconds
    """Seconds after which it is forgotten in any case: 300 to 3600, no less than `idle`."""


class RolloutSticky(TypedDict):
    """What a client keeps its version by, for as long as the rollout lasts. At least one of the two."""

    cookie: NotRequired[str]
    """The name of a cookie that tells clients apart: those with the same value get the same version. Needs the plan Pro. Default:
    none."""
    address: NotRequired[bool]
    """Whether clients at the same IP address get the same version; beside `cookie`, those without the cookie. Default: false."""


class Rollout(TypedDict):
    """A gradual rollout: what share of the traffic the version being deployed gets.

    On CloudFront a staging distribution has the new version until the rollout ends with `percentage: 100`. It excludes
    HTTP/3 there, also between rollouts: leave `rollout` out to have it back.
    """

    percentage: NotRequired[Percentage]
    """The new version's share of the requests, 0 to 100; on cloudfront above 0 and at most 15, or 100. With 0 only requests
    that ask for it get it, by the header `Cloudflare-Workers-Version-Overrides: <script_name>="<candidate_version_id>"`: the
    platform's smoke test. Default: 100."""
    previous_version_id: NotRequired[pulumi.Input[str]]
    """The version that keeps the rest: an earlier deployment's `stable_version_id`. Required below 100."""
    header: NotRequired[RolloutHeader]
    """cloudfront: only requests with this header get the new version. Excludes `percentage`. Default: none."""
    session: NotRequired[RolloutSession]
    """cloudfront: viewers keep the version that they got. Default: each request is drawn anew."""
    sticky: NotRequired[RolloutSticky]
    """cloudflare: clients keep the version that they got, and move to the new one only as its share grows. A Transform Rule of the
    zone sets `Cloudflare-Workers-Version-Key` of every request to `hostname` and `routes`, whatever the client sent; on
    workers.dev there is none. One ruleset of its phase a zone. Default: each request is drawn anew."""


class FunctionLimits(TypedDict):
    """What one request may use."""

    cpu_ms: NotRequired[Milliseconds]
    """CPU milliseconds a request, at most 300000; needs Workers Paid, for Workers Free has 10 ms and refuses a version that
    sets it. Default: the plan's own, 30 s on Workers Paid. 0 says the same."""
    subrequests: NotRequired[int]
    """Requests that one request may make, 1 to 10000. Default: the platform's own."""


class StaticAssets(TypedDict):
    """Files of a folder, served from S3 that only the distribution may read (origin access control)."""

    path: str
    """Where they are served: with `/assets/*`, the folder's `css/app.css` is `/assets/css/app.css`. The most specific path
    answers, of files and endpoints alike: a file whose path a more specific endpoint takes is not served."""
    directory: str
    """The folder. Relative to the program's folder."""
    browser_ttl: NotRequired[Seconds]
    """Seconds that browsers may keep a file from when they get it. Default: 0, always revalidated. One that is missing is
    not kept."""
    immutable: NotRequired[bool]
    """Tells clients never to revalidate (RFC 8246). For versioned names only. Default: false."""
    public: NotRequired[bool]
    """Whether the files are for everybody although `path` lies in that of an endpoint with `auth`, which is refused without
    it. Default: false."""
    content_security_policy: NotRequired[str]
    """The `Content-Security-Policy` of the files, for example `default-src 'self'`. Default: none."""


class Redirect(TypedDict):
    """A redirect, answered at the viewer before anything else."""

    path: str
    """The path, or with `*` at its end every path that begins so; not that of an endpoint or of assets, which would never answer."""
    to: str
    """A path, or an http(s) URL; not one that redirects lead back from. `*` at its end takes what the `*` of `path` stood for."""
    status: NotRequired[int]
    """301, 302, 303, 307 or 308. Default: 308."""


class Experiment(TypedDict):
    """An A/B experiment: each viewer is given a variant by a cookie, at the viewer, and keeps it."""

    cookie: str
    """The cookie that says the variant. Handlers and origins see it."""
    variants: dict[str, int]
    """Variants with their weights: `{"a": 90, "b": 10}`."""
    paths: list[str]
    """Endpoints that take part, by their `path`. One that is cached must have the cookie in its key."""
    max_age: NotRequired[Seconds]
    """Seconds that a viewer keeps the cookie. Default: 2592000."""


class EdgeApiArgs(EdgeApiOptions):
    """Arguments of EdgeApi."""

    endpoints: list[Endpoint]
    """What the API answers. At least one."""
    host: NotRequired[Host]
    """The platform. Default: `cloudflare`."""
    script_name: NotRequired[str]
    """The function's name in the account. On Cloudflare, with another name the hostname is detached and attached again, and
    answers nothing for as long as its DNS record and certificate take. Default: `<name>-<stack>`, which stays when the
    component is renamed."""
    hostname: NotRequired[str]
    """The API's own hostname, made a custom domain of the function. Default: none."""
    sessions: NotRequired[SessionStore]
    """Where sessions are kept. Default: no sessions."""
    bindings: NotRequired[list[pulumi.Input[Any]]]
    """Further bindings for handlers: a KvNamespace's `binding`, or a mapping with `type`, `name` and what the type
    needs; the documentation's page on bindings lists the types.
    The namespaces that cache policies and sessions use need not be repeated here. Default: none."""
    secrets: NotRequired[dict[str, pulumi.Input[str]]]
    """Secrets that handlers see on `env`, by name. Bound to the version, so that code and secrets change
    together. Default: none."""
    vars: NotRequired[dict[str, pulumi.Input[str]]]
    """Plain settings that handlers see on `env`, by name. Default: none."""
    jwt: NotRequired[JwtIssuer]
    """Who signs the tokens of endpoints with `auth: "jwt"`, or with that kind and no issuer, audience, jwks_url or secret of their
    own. Default: each endpoint says it."""
    rollout: NotRequired[Rollout]
    """How the new version is rolled out. Default: to all requests at once."""
    limits: NotRequired[FunctionLimits]
    """What one request may use. Default: what the account's plan allows."""
    tags: NotRequired[list[str]]
    """Tags on the function. Default: none."""
    url_normalization: NotRequired[UrlNormalization]
    """What is done to a URL before routes, guards, caches and origins read it. `strict`: one form of each
    path, and 400 for what servers read in different ways. `none`, on cloudflare only: it goes to the origin as sent, for a
    proxy whose one endpoint is `/*` to an origin, with nothing to guard. Default: `strict`."""
    trace: NotRequired[bool]
    """Whether answers carry `Server-Timing`; on CloudFront those that are not stored, because what is stored has the headers
    that it came with. Default: false."""
    assets: NotRequired[list[StaticAssets]]
    """cloudfront: folders served from S3. Default: none."""
    redirects: NotRequired[list[Redirect]]
    """cloudfront: redirects answered at the viewer. Default: none."""
    experiments: NotRequired[list[Experiment]]
    """cloudfront: A/B experiments. Default: none."""
    security_headers: NotRequired[bool]
    """cloudfront: whether answers carry AWS's managed set of security headers. Default: false."""
    public: NotRequired[bool]
    """Whether the API is meant for the public internet; policies judge it. Default: true."""
    latency_sensitive: NotRequired[bool]
    """Whether slow answers hurt; policies ask for more than one origin region then. Default: false."""


class EdgeApi(pulumi.ComponentResource):
    """An API at the edge: endpoints, each answered by a handler or by the nearest origin.

        origins = GeoRouter("origins", {"origins": [{"region": "us", "url": "https://us.example.com"}], "fallback": "us"})
        products = CachePolicy("products", {"edge_ttl": 3600, "browser_ttl": 60})
        EdgeApi("api", {
            "endpoints": [{"path": "/api/products", "origin": origins.routing, "cache": products.spec}],
        })

    What the cache strategies and sessions need is bound by itself. The order of endpoints says nothing: the most specific
    path answers.
    """

    urls: pulumi.Output[list[str]]
    """Where the API answers, sorted."""
    script_name: pulumi.Output[str]
    """The function's name."""
    version_id: pulumi.Output[str]
    """The id of the version that this deployment made, once it gets requests. A version that the platform refused to deploy
    is in no output: after a failed update these are what the last good one said."""
    stable_version_id: pulumi.Output[str]
    """The version to go back to: during a rollout the previous one, else the one that gets every request."""
    candidate_version_id: pulumi.Output[str]
    """The version being rolled out, or an empty string when no rollout is under way."""
    settings: pulumi.Output[Any]
    """The settings document that the function was given, but for what its host adds of itself."""
    distribution: Any
    """cloudfront: id, arn and domain_name; `content`, which changes when what is served may have changed and keys
    invalidations; `quotas`, what the stack uses of the account's. Empty on other hosts."""
    ledger: Any
    """cloudfront: what `edgewright reap` must know of the function's versions. Empty on other hosts."""

    @gathers
    def __init__(self, name: str, args: EdgeApiArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Declare an API.

        Raises:
            InputFaults: an argument is missing, unknown or out of its range; all such are named.
        """
        guarded = _with_strategies(name, _guarded(args))
        super().__init__(TOKEN, name, properties(with_said("EdgeApi", guarded), EdgeApiArgs), with_lifecycles(opts))
        faults = Faults("EdgeApi", name)
        claim_name("EdgeApi", name, opts, faults)
        given = normalise(moved(guarded, EdgeApiArgs, faults), EdgeApiArgs, faults)
        platform = given.get("host", DEFAULT)
        faults.one_of("host", platform, HOSTS)
        given = _of_platform(given, platform, faults)
        api = fill(Api, given)
        endpoints = check_endpoints(api, faults)
        if faults.about("host"):
            # What a platform asks for, and refuses, is not said of another one than was meant.
            faults.raise_if_any()
        host = host_of(platform)

        plan = host.check(name, given, faults)
        host.check_endpoints(plan, endpoints, faults)
        handlers = host.bundle(plan, endpoints, faults)
        compiled = _compiled(name, endpoints, api, faults)
        bound: Any = (
            compiled.apply(lambda known: _bindings(name, host, plan, endpoints, known))
            if is_later(compiled)
            else host.bindings(plan, endpoints, compiled.bindings, faults)
        )
        faults.raise_if_any()
        modules = when_known(whole(compiled), lambda known: host.modules(name, plan, endpoints, known, handlers))

        deployed = host.create(self, name, plan, endpoints, compiled, modules, bound)
        self.urls = deployed.urls
        self.script_name = deployed.script_name
        self.version_id = deployed.version_id
        self.stable_version_id = deployed.stable_version_id
        self.candidate_version_id = deployed.candidate_version_id
        self.distribution = deployed.distribution
        self.ledger = deployed.ledger
        self.settings = pulumi.Output.from_input(
            compiled.apply(lambda known: known.document()) if is_later(compiled) else compiled.document()
        )
        self.register_outputs(
            {
                "urls": self.urls,
                "scriptName": self.script_name,
                "versionId": self.version_id,
                "stableVersionId": self.stable_version_id,
                "candidateVersionId": self.candidate_version_id,
                "settings": self.settings,
                "distribution": self.distribution,
                "ledger": self.ledger,
            }
        )


def _guarded(args: Any) -> Any:
    """Return the arguments with every secret marked secret, before anything else, an error's message too, sees it."""
    secrets = args.get("secrets") if isinstance(args, Mapping) else None
    if not isinstance(secrets, Mapping):
        return args
    return {**args, "secrets": {name: pulumi.Output.secret(value) for name, value in secrets.items()}}


def _with_strategies(name: str, args: Any) -> Any:
    """Return the arguments with each endpoint's `cache` as its platform has it, a time as the strategy that it stands for,
    before anything, a policy too, sees it."""
    endpoints = args.get("endpoints") if isinstance(args, Mapping) else None
    if not isinstance(endpoints, (list, tuple)):
        return args
    host = host_in(args)

    def strategy(cache: Any) -> Any:
        if is_later(cache):
            return pulumi.Output.from_input(cache).apply(strategy)
        if isinstance(cache, Mapping):
            return spec_on(host, cache)
        # What is no time stays what it is: it is told with the other faults.
        return (spec_of(name, cache) or cache) if isinstance(cache, str) else cache

    return {
        **args,
        "endpoints": [
            {**each, "cache": strategy(each["cache"])} if isinstance(each, Mapping) and "cache" in each else each
            for each in endpoints
        ],
    }


def _of_platform(given: Mapping[str, Any], platform: str, faults: Faults) -> dict[str, Any]:
    """Return the arguments with the options of one platform among them, those of endpoints too; note what is wrong with those
    of any."""
    check_each("EdgeApi", given, faults)
    for index, endpoint in enumerate(given.get("endpoints", ())):
        check_each("Endpoint", endpoint, faults, f"endpoints[{index}]")
    found = chosen(given, platform)
    if "endpoints" in found:
        found["endpoints"] = [chosen(endpoint, platform) for endpoint in found["endpoints"]]
    return found


def _compiled(name: str, endpoints: Endpoints, api: Api, faults: Faults) -> Later[Compiled]:
    """Compile the settings: now where what other components hand over is plain but for ids and URLs, else when it is
    known, which is how it comes through the plugin."""
    caches, origins = [item.cache for item in endpoints.items], [item.origin for item in endpoints.items]
    store = api.sessions.binding if api.sessions is not None else None
    if not any(map(is_later, (*caches, *origins, store, *api.bindings))):
        return compile_settings(name, endpoints, api, Pieces(caches, origins, store, api.bindings), faults)

    def compile_late(known: Sequence[Any]) -> Compiled:
        found = Faults("EdgeApi", name)
        compiled = compile_settings(name, endpoints, api, Pieces(*known), found)
        found.raise_if_any()
        return compiled

    return pulumi.Output.all(caches, origins, store, list(api.bindings)).apply(compile_late)


def _bindings(
    name: str, host: Platform, plan: Any, endpoints: Endpoints, compiled: Compiled
) -> pulumi.Output[list[dict[str, Any]]]:
    """Return what the function sees on `env`, or raise what is wrong with it, once everything is known."""
    faults = Faults("EdgeApi", name)
    found = host.bindings(plan, endpoints, compiled.bindings, faults)
    faults.raise_if_any()
    return pulumi.Output.from_input(found)
