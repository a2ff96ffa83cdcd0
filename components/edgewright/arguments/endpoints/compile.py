"""Endpoints, with what other components hand over, as the settings document."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import pulumi
from pydantic import BaseModel, ValidationError

from edgewright.arguments import checks
from edgewright.arguments.bindings import check_binding, kv_binding, store_binding
from edgewright.arguments.endpoints.check import rate_limit_name
from edgewright.arguments.endpoints.models import Api, Auth, Compiled, Cors, Counter, Endpoint, Endpoints, Sessions
from edgewright.arguments.shape import PENDING_URL, is_later, whole_numbers
from edgewright.arguments.values import SECONDS, UnreadableError
from edgewright.arguments.written import NORMALIZATIONS
from edgewright.base.fault_codes import Code
from edgewright.base.faults import Faults, output_of, show
from edgewright.contract.limits import limit
from edgewright.contract.models import (
    AuthSpec,
    CacheSpec,
    CorsSpec,
    EdgeSettings,
    EndpointSpec,
    HandlerTarget,
    JwtAuth,
    OriginTarget,
    RateLimitSpec,
    RouterSpec,
    SessionAuth,
    SessionsSpec,
    SessionTarget,
)
from edgewright.platforms.features import support

MAX_SESSION_ID = 128
"""Characters of a session's id."""


@dataclass(frozen=True)
class Pieces:
    """What other components hand over, each now or later."""

    caches: Sequence[object]
    """By endpoint, in their order."""
    origins: Sequence[object]
    """By endpoint, in their order."""
    sessions: object
    bindings: Sequence[object]


def compile_settings(name: str, endpoints: Endpoints, api: Api, pieces: Pieces, faults: Faults) -> Compiled:
    """Return the settings document and the bindings that it needs.

    Args:
        name: the API's name.
        endpoints: what `check_endpoints` returned.
        api: the API's arguments.
        pieces: what other components hand over.
        faults: where faults are noted; the result is of use only where there are none.
    """
    bound = _Bound(faults)
    routers = _Routers(faults)
    caches = _Caches(bound, faults)
    for index, binding in enumerate(pieces.bindings):
        bound.add(f"bindings[{index}]", check_binding(f"bindings[{index}]", binding, faults))
    found: list[tuple[Endpoint, CacheSpec | None, str]] = []
    for item, cache, origin in zip(endpoints.items, pieces.caches, pieces.origins, strict=True):
        at = f"{item.at}.cache"
        spec = caches.read(at, cache)
        if spec is not None:
            _check_compiled_cache(at, item, spec, faults)
            _check_shield_alone(at, item, spec, api.host, faults)
            if api.as_sent:
                _check_cache_as_sent(at, spec, faults)
        found.append((item, spec, routers.add(f"{item.at}.origin", origin) if origin is not None else ""))
    store = store_binding("sessions.binding", pieces.sessions, faults) if api.sessions is not None else None
    bound.add("sessions.binding", store)
    if api.sessions is not None:
        _check_sessions(api.sessions, endpoints, faults)
    _check_queues(endpoints, bound, faults)
    if faults:
        return Compiled(EdgeSettings(name=name))
    counters = {each.name: each for each in endpoints.rate_limits}
    try:
        settings = EdgeSettings(
            name=name,
            hostname=api.hostname,
            endpoints=tuple(_endpoint_spec(item, spec, router, counters) for item, spec, router in found),
            routers=routers.sorted(),
            sessions=_sessions_spec(api.sessions, str(store["name"])) if api.sessions and store else None,
            url_normalization=api.url_normalization or NORMALIZATIONS[0],
            trace=api.trace,
        )
    except ValidationError as error:
        _note("", error, faults)
        return Compiled(EdgeSettings(name=name))
    return Compiled(settings, tuple(bound.sorted()), routers.later)


def _endpoint_spec(
    item: Endpoint, cache: CacheSpec | None, router: str, counters: Mapping[str, Counter]
) -> EndpointSpec:
    target: OriginTarget | HandlerTarget | SessionTarget = SessionTarget()
    if router:
        target = OriginTarget(router=router, strip_prefix=item.strip_prefix)
    elif item.module:
        target = HandlerTarget(module=item.module)
    counter = counters[rate_limit_name(item)] if item.rate_limit is not None else None
    return EndpointSpec(
        path=item.path,
        methods=item.methods,
        target=target,
        cache=cache,
        auth=_auth_spec(item.auth),
        rate_limit=RateLimitSpec.model_validate(
            {"binding": counter.name, "limit": counter.limit, "period_s": counter.period_s}
        )
        if counter is not None
        else None,
        static=item.static,
        cors=_cors_spec(item.methods, item.cors),
    )


class _Bound:
    """Collects bindings by name: the same one may be asked for often, two different ones may not share a name."""

    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self.items: dict[str, dict[str, Any]] = {}

    def add(self, path: str, binding: dict[str, Any] | None) -> None:
        if binding is None:
            return
        name = binding["name"]
        known = self.items.setdefault(name, binding)
        if known.get("type") != binding.get("type") or not _same_ids(known, binding):
            self.faults.add(
                path,
                f"is another binding under the name {name!r}",
                code=Code.NAME_TAKEN,
                fix="Give one of the two another name (`binding_name`).",
            )

    def sorted(self) -> list[dict[str, Any]]:
        return [self.items[name] for name in sorted(self.items)]


def _same_ids(one: Mapping[str, object], other: Mapping[str, object]) -> bool:
    """Say whether two bindings are the same, as far as can be told: Outputs are compared by being the same object."""
    return all(
        one.get(key) is other.get(key)
        or (not is_later(one.get(key)) and one.get(key) == other.get(key))
        or (is_later(one.get(key)) != is_later(other.get(key)))
        for key in {*one, *other}
    )


class _Routers:
    """Collects routers by name, with origins' URLs that become known later kept aside."""

    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self.items: dict[str, RouterSpec] = {}
        self.later: dict[tuple[str, str], pulumi.Output[str]] = {}

    def add(self, path: str, routing: object) -> str:
        if not isinstance(routing, Mapping) or "name" not in routing:
            self.faults.add(
                path,
                f"{show(routing)} is not a router",
                code=Code.COMPONENT_OUTPUT,
                allowed="a GeoRouter's `routing`",
                fix='Write `GeoRouter("name", {"origins": [...], "fallback": ...}).routing`.'
                if isinstance(routing, Mapping)
                else output_of(routing, "routing"),
            )
            return ""
        plain = {**routing}
        later: dict[tuple[str, str], pulumi.Output[str]] = {}
        if isinstance(plain.get("origins"), (list, tuple)):
            plain["origins"] = [dict(origin) if isinstance(origin, Mapping) else origin for origin in plain["origins"]]
            for origin in plain["origins"]:
                if isinstance(origin, dict) and is_later(origin.get("url")):
                    url = pulumi.Output.from_input(origin["url"])
                    later[(str(plain.get("name")), str(origin.get("region")))] = url
                    origin["url"] = PENDING_URL
        spec = _read(path, RouterSpec, plain, self.faults)
        if spec is None:
            return ""
        if self.items.setdefault(spec.name, spec) != spec:
            self.faults.add(
                path,
                f"is another router under the name {spec.name!r}",
                code=Code.NAME_TAKEN,
                fix="Give each GeoRouter a name of its own.",
            )
        self.later.update(later)
        return spec.name

    def sorted(self) -> tuple[RouterSpec, ...]:
        return tuple(self.items[name] for name in sorted(self.items))


class _Caches:
    """Reads strategies, each once, however many endpoints have it."""

    def __init__(self, bound: _Bound, faults: Faults) -> None:
        self.bound = bound
        self.faults = faults
        self.known: dict[int, CacheSpec] = {}
        """By the identity of what was handed over, which the endpoints keep."""

    def read(self, path: str, value: object) -> CacheSpec | None:
        if value is None:
            return None
        if not isinstance(value, Mapping) or "name" not in value:
            self.faults.add(
                path,
                f"{show(value)} is not a cache strategy",
                code=Code.COMPONENT_OUTPUT,
                allowed="a CachePolicy's `spec`, or its `edge_ttl` as a text, for example '1h'",
                fix='Write `CachePolicy("name", {...}).spec`, with the times in it.'
                if isinstance(value, Mapping)
                else _why_no_time(value)
                if isinstance(value, str)
                else output_of(value, "spec"),
            )
            return None
        spec = self.known.get(id(value))
        if spec is None:
            plain = {key: item for key, item in value.items() if key != "bindings"}
            spec = _read(path, CacheSpec, plain, self.faults)
            if spec is not None:
                self.known[id(value)] = spec
        for index, binding in enumerate(value.get("bindings") or []):
            self.bound.add(path, kv_binding(f"{path}.bindings[{index}]", binding, self.faults))
        kv = spec.tiers.kv if spec is not None else None
        if kv is not None and kv.binding not in self.bound.items and not self.faults:
            self.faults.add(
                path,
                f"uses the KV binding {kv.binding!r}, which nothing here binds",
                code=Code.NO_SUCH,
                fix="Use a CachePolicy's `spec`, or add the namespace's `binding` to `bindings`.",
            )
        return spec


S = TypeVar("S", bound=BaseModel)


def _read(path: str, model: type[S], data: Mapping[str, object], faults: Faults) -> S | None:
    """Return what another component handed over as the model that it is, or note what is wrong and return None."""
    try:
        return model.model_validate(whole_numbers(data))
    except ValidationError as error:
        _note(path, error, faults)
        return None


def _note(path: str, error: ValidationError, faults: Faults) -> None:
    for problem in error.errors():
        parts = [f"[{part}]" if isinstance(part, int) else f".{part}" for part in problem["loc"]]
        where = (path + "".join(parts)).removeprefix(".")
        faults.add(
            where,
            f"{show(problem['input'])} is refused: {problem['msg'][0].lower()}{problem['msg'][1:]}",
            code=Code.COMPONENT_OUTPUT,
        )


def _check_compiled_cache(at: str, item: Endpoint, spec: CacheSpec, faults: Faults) -> None:
    if spec.mode == "override" and item.auth is not None:
        faults.add(
            at,
            "gives its time to answers behind `auth`, so that one caller's could be served to another",
            code=Code.SHARED_ANSWER,
            fix="Use mode 'origin', where the origin must say `public` or `s-maxage`, or mode 'bypass'.",
        )
    if spec.engine == "platform" and (item.auth is not None or item.rate_limit is not None):
        what = "auth" if item.auth is not None else "rate_limit"
        faults.add(
            at,
            f"uses engine 'platform', which answers before the function runs and so before `{what}`",
            code=Code.COMBINATION,
            fix="Use engine 'worker' on this endpoint.",
        )
    if spec.engine == "platform" and item.cors is not None and len(item.cors.origins) > 1:
        faults.add(
            at,
            "uses engine 'platform', whose cache tells no origins of pages apart, and `cors.origins` are several",
            code=Code.COMBINATION,
            fix="Use engine 'worker' on this endpoint, or one origin.",
        )
    if spec.key.region and item.origin is None:
        faults.add(
            at,
            "keeps one entry a region, and only an `origin` has regions",
            code=Code.NO_EFFECT,
            fix="Leave `key.region` out.",
        )


def _check_shield_alone(at: str, item: Endpoint, spec: CacheSpec, host: str, faults: Faults) -> None:
    tiers = spec.tiers
    if spec.mode == "bypass" or tiers.shield is None or tiers.memory or tiers.edge or tiers.kv:
        return
    shield = support(host, "shield_for_known_callers")
    if shield.how == "refused" and item.auth is not None:
        faults.add(at, shield.reason, code=Code.UNSUPPORTED, fix=shield.instead)


def _check_cache_as_sent(at: str, spec: CacheSpec, faults: Faults) -> None:
    if spec.mode == "override":
        faults.add(
            at,
            "gives its time to whatever comes, by URLs that can be written in any number of ways"
            " (`url_normalization` is 'none')",
            code=Code.PATH_CONFUSION,
            fix="Use mode 'origin', where the origin's headers decide.",
        )
    if spec.engine == "platform":
        faults.add(
            at,
            "uses engine 'platform', whose cache has a form of URLs of its own (`url_normalization` is 'none')",
            code=Code.COMBINATION,
            fix="Use engine 'worker'.",
        )
    if spec.key.query != "all":
        faults.add(
            at,
            f"has `key.query` {show(spec.key.query)}, and where `url_normalization` is 'none' a query goes on as sent",
            code=Code.COMBINATION,
            fix="Leave `key.query` out.",
        )


def _why_no_time(text: str) -> str:
    """Return why a text is no time that a response can be kept for."""
    try:
        return f"That is {SECONDS.read(text).meaning}, and at most {checks.MAX_SECONDS} are allowed."
    except UnreadableError as error:
        return error.fix or f"It {error.problem}."


def _sessions_spec(sessions: Sessions, binding: str) -> SessionsSpec:
    given = {
        "binding": binding,
        "ttl_s": sessions.ttl,
        "cookie": sessions.cookie,
        "key_prefix": sessions.key_prefix,
        # Who says how long a session lasts means every session: one that does not say how old it is cannot be let in.
        "dated": True if sessions.ttl is not None else None,
    }
    return SessionsSpec.model_validate({key: value for key, value in given.items() if value is not None})


def _check_sessions(sessions: Sessions, endpoints: Endpoints, faults: Faults) -> None:
    if sessions.ttl is not None:
        checks.seconds("sessions.ttl", sessions.ttl, faults, low=60)
    if sessions.cookie is not None:
        checks.header_name("sessions.cookie", sessions.cookie, faults)
    most = int(limit("cloudflare.kv.key_bytes").value) - MAX_SESSION_ID
    prefix = len((sessions.key_prefix or "").encode())
    if prefix > most:
        faults.add(
            "sessions.key_prefix",
            f"has {prefix} bytes, with which no id of {MAX_SESSION_ID} makes a key",
            code=Code.LIMIT,
            allowed=f"at most {most} bytes",
        )
    asked = any(item.auth is not None and item.auth.kind == "session" for item in endpoints.items)
    if not asked and not faults.about("sessions"):
        for key, said in (
            ("cookie", sessions.cookie),
            ("key_prefix", sessions.key_prefix),
            ("ttl", sessions.ttl),
        ):
            if said is not None:
                faults.add(
                    f"sessions.{key}",
                    "has no effect, because no endpoint asks for a session",
                    code=Code.NO_EFFECT,
                    fix='Give an endpoint `auth: {"kind": "session"}`, or leave it out.',
                )


def _check_queues(endpoints: Endpoints, bound: _Bound, faults: Faults) -> None:
    queues = sorted(name for name, binding in bound.items.items() if binding["type"] == "queue")
    for item in endpoints.items:
        # A host that binds no queues has said so.
        if item.queue is not None and item.queue not in queues and not faults.about(f"{item.at}.queue"):
            faults.add(
                f"{item.at}.queue",
                f"{show(item.queue)} is not a queue that the API is bound to",
                code=Code.NO_SUCH,
                allowed=", ".join(queues) or "none: `bindings` has no binding of type 'queue'",
            )


def _auth_spec(auth: Auth | None) -> AuthSpec | None:
    if auth is None:
        return None
    if auth.kind == "session":
        return SessionAuth()
    given = {
        "issuer": auth.issuer,
        "audience": sorted(auth.audience or ()),
        "algorithms": sorted(set(auth.algorithms or ())),
        "jwks_url": auth.jwks_url,
        "secret_binding": auth.secret,
        "clock_tolerance_s": auth.clock_tolerance,
        "required_claims": auth.required_claims,
        "jwks_max_stale_s": auth.jwks_max_stale,
    }
    return JwtAuth.model_validate({key: value for key, value in given.items() if value is not None})


def _cors_spec(methods: Sequence[str], cors: Cors | None) -> CorsSpec | None:
    """Return what the settings document says of `cors`; `methods` are the endpoint's own."""
    if cors is None:
        return None
    return CorsSpec(
        origins=cors.origins,
        methods=tuple(methods if cors.methods is None else cors.methods),
        headers=tuple(name.lower() for name in cors.headers),
        expose=tuple(name.lower() for name in cors.expose),
        credentials=cors.credentials,
        max_age_s=cors.max_age,
        vary=("origin",) if len(cors.origins) > 1 else (),
    )
