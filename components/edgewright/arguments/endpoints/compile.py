"""Endpoints, with what other components hand over, as the settings document."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError

from edgewright.arguments import checks
from edgewright.arguments.bindings import check_binding, kv_binding, store_binding
from edgewright.arguments.endpoints.check import is_as_sent, rate_limit_name
from edgewright.arguments.endpoints.models import Endpoints
from edgewright.arguments.shape import PENDING_URL, is_later, whole_numbers
from edgewright.arguments.values import SECONDS, UnreadableError
from edgewright.arguments.written import NORMALIZATIONS
from edgewright.base.faults import Faults, output_of, show
from edgewright.contract.features import without_unused
from edgewright.contract.limits import limit
from edgewright.contract.models import CacheSpec, EdgeSettings, RouterSpec
from edgewright.platforms import DEFAULT
from edgewright.platforms.features import support

MAX_SESSION_ID = 128
"""Characters of a session's id."""


@dataclass(frozen=True)
class Compiled:
    """The settings document as plain data, with origins' URLs that become known later in their places, and the
    bindings that it and the handlers need."""

    settings: dict[str, Any]
    bindings: tuple[dict[str, Any], ...]


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
            if is_as_sent(given):
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
        rate = limits.get(rate_limit_name(item)) if "rate_limit" in item else None
        compiled.append(
            {
                "path": item["path"],
                "methods": item["methods"],
                "target": target,
                "cache": spec,
                "auth": item["auth"],
                "rate_limit": {"binding": rate.name, "limit": rate.limit, "period_s": rate.period_s} if rate else None,
                "static": item.get("static", False),
                "cors": _cors(item),
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
    return Compiled(without_unused(settings), tuple(bound.sorted()))


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
    if spec["engine"] == "platform" and len((item.get("cors") or {}).get("origins", ())) > 1:
        faults.add(
            f"{at}.cache",
            "uses engine 'platform', whose cache tells no origins of pages apart, and `cors.origins` are several",
            fix="Use engine 'worker' on this endpoint, or one origin.",
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


def _cors(item: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return what the settings document says of an endpoint's `cors`."""
    cors = item.get("cors")
    if cors is None:
        return None
    return {
        "origins": cors["origins"],
        "methods": cors.get("methods", item["methods"]),
        "headers": [name.lower() for name in cors.get("headers", ())],
        "expose": [name.lower() for name in cors.get("expose", ())],
        "credentials": cors.get("credentials", False),
        "max_age_s": cors.get("max_age"),
        "vary": ["origin"] if len(cors["origins"]) > 1 else [],
    }
