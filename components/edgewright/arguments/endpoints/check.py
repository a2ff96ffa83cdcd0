"""What a program wrote of its endpoints: checked, and made regular."""

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from edgewright.arguments import checks
from edgewright.arguments.endpoints.models import Endpoints, RateLimit
from edgewright.arguments.program import program_file
from edgewright.arguments.written import AUTH_KINDS, NORMALIZATIONS, PERIODS
from edgewright.assemble.handlers import SUFFIXES
from edgewright.base.faults import Faults, closest, show
from edgewright.platforms import DEFAULT
from edgewright.platforms.features import support

ANSWERERS = ("handler", "origin", "session")
ASYMMETRIC = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
SYMMETRIC = ("HS256",)
MAX_CLOCK_TOLERANCE_S = 300
ANY = "*"
MAX_PREFLIGHT_AGE_S = 86_400
"""What the browser that remembers longest takes:
https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/Access-Control-Max-Age (November 2026)."""
MAX_PORT = 65535
_ORIGIN = re.compile(r"https?://(?:[a-z0-9-]+(?:\.[a-z0-9-]+)*|\[[0-9a-f:.]+\])(?::[1-9][0-9]{0,4})?")
"""An origin in the form in which browsers send it: https://fetch.spec.whatwg.org/#origin-header"""
GUARDS = ("auth", "rate_limit", "static", "strip_prefix")
"""What of an endpoint depends on how a path is read."""


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
        _check_cors(at, item, faults)
        if "expected_ms" in endpoint:
            checks.whole(f"{at}.expected_ms", endpoint["expected_ms"], faults, 0, None, "milliseconds")
        if sound_path:
            items.append(item)
    _check_overlap([item for item in items if not faults.about(f"{item['at']}.methods")], faults)
    _check_shared_cors(items, faults)
    _check_as_sent(given, endpoints, faults)
    _check_issuer(given, faults)
    items.sort(key=lambda item: (item["path"], item["methods"]))
    return Endpoints(tuple(items), modules.files, modules.places, tuple(_rate_limits(items)))


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


def is_as_sent(given: Mapping[str, Any]) -> bool:
    return given.get("url_normalization") == "none"


def _check_as_sent(given: Mapping[str, Any], endpoints: Sequence[Mapping[str, Any]], faults: Faults) -> None:
    """Note what depends on how a path is read where paths go to the origin as they were sent: the origin may read
    `/open/..%2Fadmin` or `//admin` otherwise than whoever decides here."""
    path = "url_normalization"
    if path not in given or not faults.one_of(path, given[path], NORMALIZATIONS) or not is_as_sent(given):
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


def _check_cors(at: str, item: Mapping[str, Any], faults: Faults) -> None:
    cors = item.get("cors")
    if cors is None:
        return
    path = f"{at}.cors"
    origins = cors.get("origins", [])
    if not origins and not faults.about(f"{path}.origins"):
        faults.add(
            f"{path}.origins", "is empty, so that no page may read an answer", fix="Name one, or leave `cors` out."
        )
    _check_listed(f"{path}.origins", origins, _check_origin, faults)
    for key in ("headers", "expose"):
        _check_listed(f"{path}.{key}", cors.get(key, []), checks.header_name, faults)
    for key in ("origins", "headers", "expose") if cors.get("credentials") is True else ():
        if ANY in cors.get(key, []):
            faults.add(
                f"{path}.{key}",
                "is '*', which browsers do not take for requests with credentials"
                " (https://fetch.spec.whatwg.org/#cors-protocol-and-credentials)",
                allowed="each by its name, where `credentials` is true",
                fix="Name them, or leave `credentials` out.",
            )
    if {"OPTIONS", "*"} & set(item["methods"]):
        faults.add(
            path,
            "answers preflights, which are OPTIONS, and the endpoint's `methods` have OPTIONS too",
            fix="Name the endpoint's other methods in `methods`.",
        )
    for index, method in enumerate(cors.get("methods", ())):
        if method not in item["methods"]:
            faults.add(
                f"{path}.methods[{index}]",
                f"{show(method)} has no effect: the endpoint does not answer it",
                allowed=", ".join(item["methods"]),
            )
    if "max_age" in cors:
        checks.whole(f"{path}.max_age", cors["max_age"], faults, 0, MAX_PREFLIGHT_AGE_S, "seconds")


def _check_listed(
    path: str, names: Sequence[object], check: Callable[[str, object, Faults], Any], faults: Faults
) -> None:
    """Note names that are none, that are there twice, or that stand beside `*`, which is all of them."""
    for index, name in enumerate(names):
        if name == ANY:
            if len(names) > 1:
                faults.add(f"{path}[{index}]", "is '*', which is all of them", allowed="'*' alone, or names")
        elif check(f"{path}[{index}]", name, faults) and name in names[:index]:
            faults.add(f"{path}[{index}]", f"{show(name)} is given twice", fix="Leave one out.")


def _check_origin(path: str, value: object, faults: Faults) -> bool:
    if isinstance(value, str) and _ORIGIN.fullmatch(value):
        scheme, _, host = value.partition("://")
        port = host.rpartition(":")[2] if ":" in host else ""
        if port != {"http": "80", "https": "443"}[scheme] and (port == "" or int(port) <= MAX_PORT):
            return True
    faults.add(
        path,
        f"{show(value)} is not an origin as browsers write it",
        allowed="'*', or http or https, `://`, a host in lower case and a port that is not the scheme's own: no path, no `/` at"
        " the end",
    )
    return False


def _check_shared_cors(items: Sequence[Mapping[str, Any]], faults: Faults) -> None:
    """Note endpoints whose paths one pattern matches, and of which only some, or in another way, are read by other pages: a
    preflight is answered for the path."""
    first: dict[str, Mapping[str, Any]] = {}
    for item in items:
        one = first.setdefault(re.sub(r"/:[^/]+", "/*", item["path"]), item)
        if _without_methods(one) != _without_methods(item):
            faults.add(
                f"{item['at']}.cors",
                f"is not that of {one['at']}, which has the same path",
                fix="Give both the same, but for `methods`.",
            )


def _without_methods(item: Mapping[str, Any]) -> dict[str, Any] | None:
    cors = item.get("cors")
    return None if cors is None else {key: value for key, value in cors.items() if key != "methods"}


def rate_limit_name(item: Mapping[str, Any]) -> str:
    """Return a binding's name that says which endpoint it limits, and stays when others come and go."""
    identity = f"{item['path']} {','.join(item['methods'])}"
    slug = re.sub(r"[^A-Z0-9]+", "_", item["path"].upper()).strip("_")[:40]
    return "_".join(
        part for part in ("RATE_LIMIT", slug, hashlib.sha256(identity.encode()).hexdigest()[:6].upper()) if part
    )


def _rate_limits(items: list[dict[str, Any]]) -> list[RateLimit]:
    return [
        RateLimit(rate_limit_name(item), item["rate_limit"]["limit"], item["rate_limit"].get("period", 60))
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
