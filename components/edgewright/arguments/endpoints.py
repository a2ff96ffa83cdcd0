"""An API's endpoints: checked, and compiled into the settings document. Nothing here knows a platform.

Two steps. `check_endpoints` looks at what the program wrote, when it writes it. `compile_settings` puts in what other
components hand over (cache strategies, routers, stores), which through the plugin may become known later.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from edgewright.arguments import checks
from edgewright.arguments.bindings import check_binding, kv_binding, store_binding
from edgewright.arguments.program import program_file
from edgewright.arguments.shape import PENDING_URL, is_later, whole_numbers
from edgewright.arguments.values import SECONDS, UnreadableError
from edgewright.arguments.written import AUTH_KINDS, NORMALIZATIONS, PERIODS
from edgewright.assemble.handlers import SUFFIXES
from edgewright.base.faults import Faults, closest, output_of, show
from edgewright.contract.limits import limit
from edgewright.contract.models import CacheSpec, EdgeSettings, RouterSpec
from edgewright.platforms import DEFAULT
from edgewright.platforms.features import support

ANSWERERS = ("handler", "origin", "session")
ASYMMETRIC = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
SYMMETRIC = ("HS256",)
MAX_CLOCK_TOLERANCE_S = 300
MAX_SESSION_ID = 128
"""Characters of a session's id."""
GUARDS = ("auth", "rate_limit", "static", "strip_prefix")
"""What of an endpoint depends on how a path is read."""


@dataclass(frozen=True)
class RateLimit:
    """A rate limit's binding: one counter for each endpoint and caller."""

    name: str
    limit: int
    period_s: int


@dataclass(frozen=True)
class Endpoints:
    """Endpoints that are sound as written, in the order of their paths, and what they need."""

    items: tuple[Mapping[str, Any], ...] = ()
    handlers: Mapping[str, Path] = field(default_factory=dict)
    """Module name to file."""
    handler_places: Mapping[str, str] = field(default_factory=dict)
    """Module name to the property that names it first."""
    rate_limits: tuple[RateLimit, ...] = ()


@dataclass(frozen=True)
class Compiled:
    """The settings document as plain data, with origins' URLs that become known later in their places, and the
    bindings that it and the handlers need."""

    settings: dict[str, Any]
    bindings: tuple[dict[str, Any], ...]


def check_endpoints(given: Mapping[str, Any], faults: Faults) -> Endpoints:
    """Return the endpoints made regular; note what is wrong with them."""
    endpoints = given.get("endpoints")
    if endpoints is None:
        return Endpoints()
    if not endpoints:
        faults.add("endpoints", "is empty, so that the API would answer nothing", allowed="at least one endpoint")
    modules = _Modules()
    items = []
    for index, endpoint in enumerate(endpoints):
        at = f"endpoints[{index}]"
        item = {
            **endpoint,
            "at": at,
            "methods": _methods(at, endpoint, faults),
            "auth": _auth(at, endpoint, given, faults),
        }
        sound_path = "path" in endpoint and checks.endpoint_path(f"{at}.path", endpoint["path"], faults)
        item["module"] = _check_answerer(at, endpoint, given, modules, faults)
        _check_prefix(at, endpoint, faults)
        _check_cache(at, item, faults)
        _check_rate_limit(at, endpoint, faults)
        if "expected_ms" in endpoint:
            checks.whole(f"{at}.expected_ms", endpoint["expected_ms"], faults, 0, None, "milliseconds")
        if sound_path:
            items.append(item)
    _check_overlap([item for item in items if not faults.about(f"{item['at']}.methods")], faults)
    _check_as_sent(given, endpoints, faults)
    _check_issuer(given, faults)
    items.sort(key=lambda item: (item["path"], item["methods"]))
    return Endpoints(tuple(items), modules.files, modules.places, tuple(_rate_limits(items)))


def compile_settings(
    name: str, endpoints: Endpoints, given: Mapping[str, Any], pieces: Mapping[str, Any], faults: Faults
) -> Compiled:
    """Return the settings document and the bindings that it needs.

    Args:
        name: the API's name.
        endpoints: what `check_endpoints` returned.
        given: the API's arguments, made regular.
        pieces: what other components hand over: `caches` and `origins` by endpoint, `sessions`, `bindings`.
        faults: where faults are noted; the result is of use only where there are none.
    """
    bound = _Bound(faults)
    routers = _Routers(faults)
    compiled = []
    for index, binding in enumerate(pieces["bindings"]):
        bound.add(f"bindings[{index}]", check_binding(f"bindings[{index}]", binding, faults))
    limits = {each.name: each for each in endpoints.rate_limits}
    for item, cache, origin in zip(endpoints.items, pieces["caches"], pieces["origins"], strict=True):
        at = item["at"]
        spec = _cache(f"{at}.cache", cache, bound, faults)
        if spec is not None:
            _check_compiled_cache(at, item, spec, faults)
            _check_shield_alone(at, item, spec, given.get("host", DEFAULT), faults)
            if _is_as_sent(given):
                _check_cache_as_sent(f"{at}.cache", spec, faults)
        target: dict[str, Any]
        if origin is not None:
            target = {"kind": "origin", "router": routers.add(f"{at}.origin", origin)}
            if "strip_prefix" in item:
                target["strip_prefix"] = item["strip_prefix"]
        elif item["module"]:
            target = {"kind": "handler", "module": item["module"]}
        else:
            target = {"kind": "session"}
        rate = limits.get(_rate_limit_name(item)) if "rate_limit" in item else None
        compiled.append(
            {
                "path": item["path"],
                "methods": item["methods"],
                "target": target,
                "cache": spec,
                "auth": item["auth"],
                "rate_limit": {"binding": rate.name, "limit": rate.limit, "period_s": rate.period_s} if rate else None,
                "static": item.get("static", False),
            }
        )
    document: dict[str, Any] = {
        "name": name,
        "hostname": given.get("hostname"),
        "endpoints": compiled,
        "routers": routers.plain(),
        "sessions": _sessions(given, pieces["sessions"], endpoints, bound, faults),
        "url_normalization": given.get("url_normalization", NORMALIZATIONS[0]),
        "trace": given.get("trace", False),
    }
    _check_queues(endpoints, bound, faults)
    settings = _validated("", EdgeSettings, document, faults) if not faults else None
    if settings is None:
        return Compiled({}, ())
    routers.put_back(settings["routers"])
    return Compiled(settings, tuple(bound.sorted()))


class _Modules:
    """Names the modules of handlers: by the file's name, and by its path too where two files have one name."""

    def __init__(self) -> None:
        self.files: dict[str, Path] = {}
        self.places: dict[str, str] = {}

    def add(self, given: str, place: str) -> str:
        file = program_file(given)
        slug = re.sub(r"[^a-z0-9]+", "-", file.stem.lower()).strip("-") or "module"
        name = f"handler-{slug}.js"
        if self.files.get(name, file) != file:
            name = f"handler-{slug}-{hashlib.sha256(Path(given).as_posix().encode()).hexdigest()[:6]}.js"
        self.files[name] = file
        self.places.setdefault(name, place)
        return name


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
                fix="Give one of the two another name (`binding_name`).",
            )

    def sorted(self) -> list[dict[str, Any]]:
        return [self.items[name] for name in sorted(self.items)]


def _same_ids(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
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
        self.items: dict[str, dict[str, Any]] = {}
        self.later: dict[tuple[str, str], Any] = {}

    def add(self, path: str, routing: object) -> str:
        if not isinstance(routing, Mapping) or "name" not in routing:
            self.faults.add(
                path,
                f"{show(routing)} is not a router",
                allowed="a GeoRouter's `routing`",
                fix='Write `GeoRouter("name", {"origins": [...], "fallback": ...}).routing`.'
                if isinstance(routing, Mapping)
                else output_of(routing, "routing"),
            )
            return ""
        plain: dict[str, Any] = {**routing}
        later = {}
        if isinstance(plain.get("origins"), (list, tuple)):
            plain["origins"] = [dict(origin) if isinstance(origin, Mapping) else origin for origin in plain["origins"]]
            for origin in plain["origins"]:
                if isinstance(origin, dict) and is_later(origin.get("url")):
                    later[(str(plain.get("name")), str(origin.get("region")))] = origin["url"]
                    origin["url"] = PENDING_URL
        spec = _validated(path, RouterSpec, plain, self.faults)
        if spec is None:
            return ""
        name: str = spec["name"]
        if self.items.setdefault(name, spec) != spec:
            self.faults.add(
                path, f"is another router under the name {name!r}", fix="Give each GeoRouter a name of its own."
            )
        self.later.update(later)
        return name

    def plain(self) -> list[dict[str, Any]]:
        return [self.items[name] for name in sorted(self.items)]

    def put_back(self, routers: list[dict[str, Any]]) -> None:
        for router in routers:
            for origin in router["origins"]:
                origin["url"] = self.later.get((router["name"], origin["region"]), origin["url"])


def _validated(path: str, model: type[BaseModel], data: object, faults: Faults) -> dict[str, Any] | None:
    """Return data as the model has it, defaults written out, or note what the model says is wrong and return None."""
    try:
        return model.model_validate(whole_numbers(data)).model_dump(mode="json")
    except ValidationError as error:
        for problem in error.errors():
            parts = [f"[{part}]" if isinstance(part, int) else f".{part}" for part in problem["loc"]]
            where = (path + "".join(parts)).removeprefix(".")
            faults.add(where, f"{show(problem['input'])} is refused: {problem['msg'][0].lower()}{problem['msg'][1:]}")
        return None


def _methods(at: str, endpoint: Mapping[str, Any], faults: Faults) -> list[str]:
    given = endpoint.get("methods", ["GET", "HEAD"])
    checks.methods(f"{at}.methods", given, faults)
    # A server that answers GET answers HEAD too (RFC 9110, section 9.1).
    return sorted({*given, "HEAD"} if "GET" in given else set(given))


def _check_answerer(
    at: str, endpoint: Mapping[str, Any], given: Mapping[str, Any], modules: _Modules, faults: Faults
) -> str:
    """Note a fault unless exactly one of the ways to answer is given; return the handler's module, if it is one."""
    named = [key for key in ANSWERERS if endpoint.get(key) not in (None, False) or faults.about(f"{at}.{key}")]
    if len(named) != 1:
        got = "has none of" if not named else f"has {' and '.join(named)} of"
        faults.add(at, f"{got} `handler`, `origin` and `session`", allowed="exactly one of them")
    if endpoint.get("session") and _lacks(given, "sessions", faults):
        faults.add(f"{at}.session", "needs a store of sessions", fix='Give the API `sessions: {"binding": ...}`.')
    if "handler" not in endpoint:
        return ""
    file = program_file(endpoint["handler"])
    if file.suffix not in SUFFIXES:
        faults.add(f"{at}.handler", f"{show(endpoint['handler'])} is of no known kind", allowed=", ".join(SUFFIXES))
        return ""
    if not file.is_file():
        faults.add(
            f"{at}.handler",
            f"{show(endpoint['handler'])} is not a file",
            fix="Paths are relative to the program's folder.",
        )
        return ""
    return modules.add(endpoint["handler"], f"{at}.handler")


def _check_prefix(at: str, endpoint: Mapping[str, Any], faults: Faults) -> None:
    prefix = endpoint.get("strip_prefix")
    if prefix is None:
        return
    path = endpoint.get("path", "")
    if "origin" not in endpoint and not faults.about(f"{at}.origin"):
        faults.add(f"{at}.strip_prefix", "has no effect without `origin`", fix="Leave it out.")
    elif not prefix.startswith("/") or (path != prefix and not path.startswith(prefix.rstrip("/") + "/")):
        faults.add(
            f"{at}.strip_prefix",
            f"{show(prefix)} is not how {show(path)} begins",
            allowed="whole segments at the path's beginning",
        )


def _check_cache(at: str, item: Mapping[str, Any], faults: Faults) -> None:
    if "cache" not in item:
        return
    if not {"GET", "*"} & set(item["methods"]) and not faults.about(f"{at}.methods"):
        faults.add(
            f"{at}.cache",
            f"has no effect on {', '.join(item['methods'])}",
            fix="Only answers to GET and HEAD are stored. Leave it out.",
        )
    if item.get("session"):
        faults.add(f"{at}.cache", "is given where the answer is the caller's own session", fix="Leave it out.")


def _check_compiled_cache(at: str, item: Mapping[str, Any], spec: Mapping[str, Any], faults: Faults) -> None:
    if spec["mode"] == "override" and item["auth"] is not None:
        faults.add(
            f"{at}.cache",
            "gives its time to answers behind `auth`, so that one caller's could be served to another",
            fix="Use mode 'origin', where the origin must say `public` or `s-maxage`, or mode 'bypass'.",
        )
    if spec["engine"] == "platform" and (item["auth"] is not None or "rate_limit" in item):
        what = "auth" if item["auth"] is not None else "rate_limit"
        faults.add(
            f"{at}.cache",
            f"uses engine 'platform', which answers before the function runs and so before `{what}`",
            fix="Use engine 'worker' on this endpoint.",
        )
    if spec["key"]["region"] and "origin" not in item:
        faults.add(
            f"{at}.cache", "keeps one entry a region, and only an `origin` has regions", fix="Leave `key.region` out."
        )


def _check_shield_alone(at: str, item: Mapping[str, Any], spec: Mapping[str, Any], host: str, faults: Faults) -> None:
    tiers = spec["tiers"]
    if spec["mode"] == "bypass" or tiers["shield"] is None or any(tiers[tier] for tier in ("memory", "edge", "kv")):
        return
    shield = support(host, "shield_for_known_callers")
    if shield.how == "refused" and item["auth"] is not None:
        faults.add(f"{at}.cache", shield.reason, fix=shield.instead)


def _is_as_sent(given: Mapping[str, Any]) -> bool:
    return given.get("url_normalization") == "none"


def _check_as_sent(given: Mapping[str, Any], endpoints: Sequence[Mapping[str, Any]], faults: Faults) -> None:
    """Note what depends on how a path is read where paths go to the origin as they were sent: the origin may read
    `/open/..%2Fadmin` or `//admin` otherwise than whoever decides here."""
    path = "url_normalization"
    if path not in given or not faults.one_of(path, given[path], NORMALIZATIONS) or not _is_as_sent(given):
        return
    as_sent = support(given.get("host", DEFAULT), "urls_as_sent")
    if as_sent.how == "refused":
        faults.add(path, as_sent.reason, fix=as_sent.instead)
    paths = [endpoint.get("path") for endpoint in endpoints]
    if paths != ["/*"]:
        faults.add(
            path,
            f"is 'none' with the endpoints {', '.join(map(show, paths))}: an origin may read a path otherwise than the API,"
            " and answer what another endpoint was to answer",
            allowed="one endpoint, with the path '/*'",
            fix="Leave it out, or give that one endpoint an API of its own.",
        )
    for index, endpoint in enumerate(endpoints):
        at = f"endpoints[{index}]"
        for key in ("handler", "session"):
            if endpoint.get(key):
                faults.add(
                    f"{at}.{key}",
                    "answers here, where `url_normalization` is 'none'",
                    allowed="an `origin` that answers",
                )
        for key in GUARDS:
            if endpoint.get(key):
                faults.add(
                    f"{at}.{key}",
                    "depends on how a path is read, and `url_normalization` is 'none'",
                    fix="Leave one of the two out.",
                )


def _check_cache_as_sent(at: str, spec: Mapping[str, Any], faults: Faults) -> None:
    if spec["mode"] == "override":
        faults.add(
            at,
            "gives its time to whatever comes, by URLs that can be written in any number of ways"
            " (`url_normalization` is 'none')",
            fix="Use mode 'origin', where the origin's headers decide.",
        )
    if spec["engine"] == "platform":
        faults.add(
            at,
            "uses engine 'platform', whose cache has a form of URLs of its own (`url_normalization` is 'none')",
            fix="Use engine 'worker'.",
        )
    if spec["key"]["query"] != "all":
        faults.add(
            at,
            f"has `key.query` {show(spec['key']['query'])}, and where `url_normalization` is 'none' a query goes on as sent",
            fix="Leave `key.query` out.",
        )


def _cache(path: str, value: object, bound: _Bound, faults: Faults) -> dict[str, Any] | None:
    if value is None:
        return None
    if not isinstance(value, Mapping) or "name" not in value:
        faults.add(
            path,
            f"{show(value)} is not a cache strategy",
            allowed="a CachePolicy's `spec`, or its `edge_ttl` as a text, for example '1h'",
            fix='Write `CachePolicy("name", {...}).spec`, with the times in it.'
            if isinstance(value, Mapping)
            else _why_no_time(value)
            if isinstance(value, str)
            else output_of(value, "spec"),
        )
        return None
    spec = _validated(path, CacheSpec, {key: item for key, item in value.items() if key != "bindings"}, faults)
    bindings = value.get("bindings") or []
    for index, binding in enumerate(bindings):
        bound.add(path, kv_binding(f"{path}.bindings[{index}]", binding, faults))
    if (
        spec is not None
        and spec["tiers"]["kv"] is not None
        and spec["tiers"]["kv"]["binding"] not in bound.items
        and not faults
    ):
        faults.add(
            path,
            f"uses the KV binding {spec['tiers']['kv']['binding']!r}, which nothing here binds",
            fix="Use a CachePolicy's `spec`, or add the namespace's `binding` to `bindings`.",
        )
    return spec


def _why_no_time(text: str) -> str:
    """Return why a text is no time that a response can be kept for."""
    try:
        return f"That is {SECONDS.read(text).meaning}, and at most {checks.MAX_SECONDS} are allowed."
    except UnreadableError as error:
        return error.fix or f"It {error.problem}."


def _sessions(
    given: Mapping[str, Any], binding: object, endpoints: Endpoints, bound: _Bound, faults: Faults
) -> dict[str, Any] | None:
    if "sessions" not in given:
        return None
    kv = store_binding("sessions.binding", binding, faults)
    bound.add("sessions.binding", kv)
    sessions = given["sessions"]
    _check_sessions(sessions, endpoints, faults)
    document = {
        "binding": kv["name"] if kv else "",
        "ttl_s": sessions.get("ttl"),
        "cookie": sessions.get("cookie"),
        "key_prefix": sessions.get("key_prefix"),
        # Who says how long a session lasts means every session: one that does not say how old it is cannot be let in.
        "dated": True if "ttl" in sessions else None,
    }
    return {key: value for key, value in document.items() if value is not None}


def _check_sessions(sessions: Mapping[str, Any], endpoints: Endpoints, faults: Faults) -> None:
    if "ttl" in sessions:
        checks.seconds("sessions.ttl", sessions["ttl"], faults, low=60)
    if "cookie" in sessions:
        checks.header_name("sessions.cookie", sessions["cookie"], faults)
    most = int(limit("cloudflare.kv.key_bytes").value) - MAX_SESSION_ID
    if len(sessions.get("key_prefix", "").encode()) > most:
        faults.add(
            "sessions.key_prefix",
            f"has {len(sessions['key_prefix'].encode())} bytes, with which no id of {MAX_SESSION_ID} makes a key",
            allowed=f"at most {most} bytes",
        )
    if not any((item["auth"] or {}).get("kind") == "session" for item in endpoints.items) and not faults.about(
        "sessions"
    ):
        for key in ("cookie", "key_prefix", "ttl"):
            if key in sessions:
                faults.add(
                    f"sessions.{key}",
                    "has no effect, because no endpoint asks for a session",
                    fix='Give an endpoint `auth: {"kind": "session"}`, or leave it out.',
                )


def _check_queues(endpoints: Endpoints, bound: _Bound, faults: Faults) -> None:
    queues = sorted(name for name, binding in bound.items.items() if binding["type"] == "queue")
    for item in endpoints.items:
        # A host that binds no queues has said so.
        if "queue" in item and item["queue"] not in queues and not faults.about(f"{item['at']}.queue"):
            faults.add(
                f"{item['at']}.queue",
                f"{show(item['queue'])} is not a queue that the API is bound to",
                allowed=", ".join(queues) or "none: `bindings` has no binding of type 'queue'",
            )


def _auth(at: str, endpoint: Mapping[str, Any], given: Mapping[str, Any], faults: Faults) -> dict[str, Any] | None:
    """Return an endpoint's auth as the settings document has it; note what is wrong with it."""
    auth = endpoint.get("auth")
    path = f"{at}.auth"
    if auth is not None and auth.get("kind") == "jwt":
        auth = {**_inherited(auth, given), **auth}
    if auth is None:
        return {"kind": "session"} if endpoint.get("session") else None
    kind = auth.get("kind")
    if kind is None or not faults.one_of(f"{path}.kind", kind, AUTH_KINDS):
        # At fault already: what stands beside it is looked at as what was probably meant.
        kind = closest(kind or "", AUTH_KINDS) or ("jwt" if auth.keys() - {"kind"} else None)
    if kind is None:
        return None
    if kind == "session":
        for key in auth:
            if key != "kind":
                faults.add(f"{path}.{key}", "is of use to kind 'jwt' only", fix="Leave it out.")
        if _lacks(given, "sessions", faults):
            faults.add(path, "needs a store of sessions", fix='Give the API `sessions: {"binding": ...}`.')
        return {"kind": "session"}
    if endpoint.get("session"):
        faults.add(f"{path}.kind", "is 'jwt' where the answer is the caller's own session", allowed="session")
    return _jwt(path, auth, given, faults)


def _inherited(auth: Mapping[str, Any], given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what an endpoint has from the API's `jwt`: nothing where it names an issuer of its own, whose keys are others."""
    issuer: Mapping[str, Any] = given.get("jwt", {})
    if "issuer" in auth or "jwks_url" in auth:
        return {}
    return {key: value for key, value in issuer.items() if key != "jwks_url" or "secret" not in auth}


def _check_issuer(given: Mapping[str, Any], faults: Faults) -> None:
    """Note what of the API's `jwt` no endpoint uses, and a URL of keys that is none."""
    if "jwt" not in given:
        return
    if not given["jwt"].get("audience", True):
        faults.add("jwt.audience", "is empty, so that no token would be accepted", allowed="values of `aud`")
    if "jwks_url" in given["jwt"]:
        checks.http_url("jwt.jwks_url", given["jwt"]["jwks_url"], faults, https_only=True)
    tokens = [
        endpoint["auth"] for endpoint in given.get("endpoints", ()) if endpoint.get("auth", {}).get("kind") == "jwt"
    ]
    inheriting = [auth for auth in tokens if _inherited(auth, given)]
    if not inheriting and not faults.about("endpoints") and not faults.about("jwt"):
        faults.add(
            "jwt",
            "has no effect, because no endpoint goes by it",
            fix='Give an endpoint `auth: "jwt"`, or leave it out.',
        )
    elif inheriting and "jwks_url" in given["jwt"] and all("secret" in auth for auth in inheriting):
        faults.add(
            "jwt.jwks_url",
            "has no effect, because each endpoint that goes by `jwt` has a `secret`",
            fix="Leave it out.",
        )


def _lacks(given: Mapping[str, Any], key: str, faults: Faults) -> bool:
    """Say whether an argument was not given. One that is at fault was."""
    return key not in given and not faults.about(key)


def _jwt(path: str, auth: Mapping[str, Any], given: Mapping[str, Any], faults: Faults) -> dict[str, Any]:
    for key in ("issuer", "audience"):
        if not auth.get(key):
            faults.add(
                f"{path}.{key}", "is required by kind 'jwt'", fix=f"Give it here, or for all endpoints as `jwt.{key}`."
            )
    two = [key for key in ("jwks_url", "secret") if key in auth or faults.about(f"{path}.{key}")]
    if len(two) != 1:
        faults.add(
            path,
            "has both `jwks_url` and `secret`" if two else "has neither `jwks_url` nor `secret`",
            allowed="exactly one of them",
        )
    if "jwks_url" in auth:
        checks.http_url(f"{path}.jwks_url", auth["jwks_url"], faults, https_only=True)
    if "secret" in auth and auth["secret"] not in given.get("secrets", {}) and not faults.about("secrets"):
        faults.add(
            f"{path}.secret",
            f"{show(auth['secret'])} is not one of the API's `secrets`",
            allowed=", ".join(sorted(given.get("secrets", {}))) or "none is given",
        )
    usable = SYMMETRIC if two == ["secret"] else ASYMMETRIC
    algorithms = auth.get("algorithms", ["HS256"] if usable is SYMMETRIC else ["RS256", "ES256"])
    if not algorithms:
        faults.add(f"{path}.algorithms", "is empty, so that no token would be accepted", allowed=", ".join(usable))
    for index, algorithm in enumerate(algorithms):
        if algorithm not in usable:
            with_ = "a `secret`" if usable is SYMMETRIC else "a key set"
            faults.add(
                f"{path}.algorithms[{index}]",
                f"{show(algorithm)} cannot be used with {with_}",
                allowed=", ".join(usable),
            )
    if "clock_tolerance" in auth:
        checks.whole(f"{path}.clock_tolerance", auth["clock_tolerance"], faults, 0, MAX_CLOCK_TOLERANCE_S, "seconds")
    if "jwks_max_stale" in auth:
        checks.seconds(f"{path}.jwks_max_stale", auth["jwks_max_stale"], faults)
    document = {
        "kind": "jwt",
        "issuer": auth.get("issuer"),
        "audience": sorted(auth.get("audience", [])),
        "algorithms": sorted(set(algorithms)),
        "jwks_url": auth.get("jwks_url"),
        "secret_binding": auth.get("secret"),
        "clock_tolerance_s": auth.get("clock_tolerance"),
        "required_claims": auth.get("required_claims"),
        "jwks_max_stale_s": auth.get("jwks_max_stale"),
    }
    return {key: value for key, value in document.items() if value is not None}


def _check_rate_limit(at: str, endpoint: Mapping[str, Any], faults: Faults) -> None:
    limit = endpoint.get("rate_limit", {})
    if "limit" in limit:
        checks.whole(f"{at}.rate_limit.limit", limit["limit"], faults, 1, None, "requests")
    if "period" in limit and limit["period"] not in PERIODS:
        faults.add(
            f"{at}.rate_limit.period",
            f"{limit['period']} is not a period",
            allowed=" or ".join(map(str, PERIODS)) + " seconds",
        )


def _rate_limit_name(item: Mapping[str, Any]) -> str:
    """Return a binding's name that says which endpoint it limits, and stays when others come and go."""
    identity = f"{item['path']} {','.join(item['methods'])}"
    slug = re.sub(r"[^A-Z0-9]+", "_", item["path"].upper()).strip("_")[:40]
    return "_".join(
        part for part in ("RATE_LIMIT", slug, hashlib.sha256(identity.encode()).hexdigest()[:6].upper()) if part
    )


def _rate_limits(items: list[dict[str, Any]]) -> list[RateLimit]:
    return [
        RateLimit(_rate_limit_name(item), item["rate_limit"]["limit"], item["rate_limit"].get("period", 60))
        for item in items
        if "limit" in item.get("rate_limit", {})
    ]


def _check_overlap(items: list[dict[str, Any]], faults: Faults) -> None:
    """Note endpoints that answer the same path by the same method: which would answer could not be told."""
    seen: dict[str, list[dict[str, Any]]] = {}
    for item in items:
        shape = re.sub(r"/:[^/]+", "/:", item["path"])
        for other in seen.get(shape, []):
            both = sorted({*item["methods"]} & {*other["methods"]})
            if "*" in (*item["methods"], *other["methods"]):
                both = ["*"]
            if both:
                faults.add(
                    f"{item['at']}.path",
                    f"{show(item['path'])} matches the same requests as {show(other['path'])} of {other['at']} by {', '.join(both)}",
                    fix="Give each path and method one endpoint.",
                )
        seen.setdefault(shape, []).append(item)
