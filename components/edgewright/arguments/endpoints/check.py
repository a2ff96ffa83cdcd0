"""What a program wrote of its endpoints: checked, and made regular."""

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from edgewright.arguments import checks
from edgewright.arguments.endpoints.models import Api, Auth, Cors, Counter, Endpoint, Endpoints, Issuer
from edgewright.arguments.program import program_file
from edgewright.arguments.written import AUTH_KINDS, NORMALIZATIONS, PERIODS
from edgewright.assemble.handlers import SUFFIXES
from edgewright.base.fault_codes import Code
from edgewright.base.faults import Faults, closest, show
from edgewright.platforms.features import support

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


def check_endpoints(api: Api, faults: Faults) -> Endpoints:
    """Return the endpoints made regular; note what is wrong with them."""
    if api.endpoints is None:
        return Endpoints()
    if not api.endpoints:
        faults.add(
            "endpoints",
            "is empty, so that the API would answer nothing",
            code=Code.EMPTY,
            allowed="at least one endpoint",
        )
    modules = _Modules()
    items = []
    for index, given in enumerate(api.endpoints):
        at = f"endpoints[{index}]"
        methods, auth = _methods(at, given, faults), _auth(at, given, api, faults)
        sound_path = not faults.about(f"{at}.path") and checks.endpoint_path(f"{at}.path", given.path, faults)
        module = _check_answerer(at, given, api, modules, faults)
        endpoint = replace(given, at=at, methods=methods, auth=auth, module=module)
        _check_prefix(endpoint, faults)
        _check_cache(endpoint, faults)
        _check_rate_limit(endpoint, faults)
        _check_cors(endpoint, faults)
        if endpoint.expected_ms is not None:
            checks.whole(f"{at}.expected_ms", endpoint.expected_ms, faults, 0, None, "milliseconds")
        if sound_path:
            items.append(endpoint)
    _check_overlap([item for item in items if not faults.about(f"{item.at}.methods")], faults)
    _check_shared_cors(items, faults)
    _check_as_sent(api, api.endpoints, faults)
    _check_issuer(api, faults)
    items.sort(key=lambda item: (item.path, item.methods))
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


def _methods(at: str, endpoint: Endpoint, faults: Faults) -> tuple[str, ...]:
    given = endpoint.methods
    checks.methods(f"{at}.methods", given, faults)
    # A server that answers GET answers HEAD too (RFC 9110, section 9.1).
    return tuple(sorted({*given, "HEAD"} if "GET" in given else set(given)))


def _check_answerer(at: str, endpoint: Endpoint, api: Api, modules: _Modules, faults: Faults) -> str:
    """Note a fault unless exactly one of the ways to answer is given; return the handler's module, if it is one."""
    answers = {"handler": endpoint.handler, "origin": endpoint.origin, "session": endpoint.session}
    named = [key for key, value in answers.items() if value not in (None, False) or faults.about(f"{at}.{key}")]
    if len(named) != 1:
        got = "has none of" if not named else f"has {' and '.join(named)} of"
        faults.add(at, f"{got} `handler`, `origin` and `session`", code=Code.EXCLUSIVE, allowed="exactly one of them")
    if endpoint.session and _lacks_sessions(api, faults):
        faults.add(
            f"{at}.session",
            "needs a store of sessions",
            code=Code.NEEDS,
            fix='Give the API `sessions: {"binding": ...}`.',
        )
    if endpoint.handler is None:
        return ""
    file = program_file(endpoint.handler)
    if file.suffix not in SUFFIXES:
        faults.add(
            f"{at}.handler",
            f"{show(endpoint.handler)} is of no known kind",
            code=Code.FILE_KIND,
            allowed=", ".join(SUFFIXES),
        )
        return ""
    if not file.is_file():
        faults.add(
            f"{at}.handler",
            f"{show(endpoint.handler)} is not a file",
            code=Code.NO_FILE,
            fix="Paths are relative to the program's folder.",
        )
        return ""
    return modules.add(endpoint.handler, f"{at}.handler")


def _check_prefix(endpoint: Endpoint, faults: Faults) -> None:
    at, path, prefix = endpoint.at, endpoint.path, endpoint.strip_prefix
    if prefix is None:
        return
    if endpoint.origin is None and not faults.about(f"{at}.origin"):
        faults.add(f"{at}.strip_prefix", "has no effect without `origin`", code=Code.NO_EFFECT, fix="Leave it out.")
    elif not prefix.startswith("/") or (path != prefix and not path.startswith(prefix.rstrip("/") + "/")):
        faults.add(
            f"{at}.strip_prefix",
            f"{show(prefix)} is not how {show(path)} begins",
            code=Code.PATH,
            allowed="whole segments at the path's beginning",
        )


def _check_cache(endpoint: Endpoint, faults: Faults) -> None:
    at = endpoint.at
    if endpoint.cache is None:
        return
    if not {"GET", "*"} & set(endpoint.methods) and not faults.about(f"{at}.methods"):
        faults.add(
            f"{at}.cache",
            f"has no effect on {', '.join(endpoint.methods)}",
            code=Code.NO_EFFECT,
            fix="Only answers to GET and HEAD are stored. Leave it out.",
        )
    if endpoint.session:
        faults.add(
            f"{at}.cache",
            "is given where the answer is the caller's own session",
            code=Code.CONTRADICTION,
            fix="Leave it out.",
        )


def _check_as_sent(api: Api, endpoints: Sequence[Endpoint], faults: Faults) -> None:
    """Note what depends on how a path is read where paths go to the origin as they were sent: the origin may read
    `/open/..%2Fadmin` or `//admin` otherwise than whoever decides here."""
    path = "url_normalization"
    if api.url_normalization is None or not faults.one_of(path, api.url_normalization, NORMALIZATIONS):
        return
    if not api.as_sent:
        return
    as_sent = support(api.host, "urls_as_sent")
    if as_sent.how == "refused":
        faults.add(path, as_sent.reason, code=Code.UNSUPPORTED, fix=as_sent.instead)
    paths = [endpoint.path for endpoint in endpoints]
    if paths != ["/*"]:
        faults.add(
            path,
            f"is 'none' with the endpoints {', '.join(map(show, paths))}: an origin may read a path otherwise than the API,"
            " and answer what another endpoint was to answer",
            code=Code.PATH_CONFUSION,
            allowed="one endpoint, with the path '/*'",
            fix="Leave it out, or give that one endpoint an API of its own.",
        )
    for index, endpoint in enumerate(endpoints):
        at = f"endpoints[{index}]"
        for key, answers in (("handler", endpoint.handler), ("session", endpoint.session)):
            if answers:
                faults.add(
                    f"{at}.{key}",
                    "answers here, where `url_normalization` is 'none'",
                    code=Code.PATH_CONFUSION,
                    allowed="an `origin` that answers",
                )
        # What of an endpoint depends on how a path is read.
        guards = {"auth": endpoint.auth, "rate_limit": endpoint.rate_limit, "static": endpoint.static}
        for key, given in {**guards, "strip_prefix": endpoint.strip_prefix}.items():
            if given:
                faults.add(
                    f"{at}.{key}",
                    "depends on how a path is read, and `url_normalization` is 'none'",
                    code=Code.PATH_CONFUSION,
                    fix="Leave one of the two out.",
                )


def _auth(at: str, endpoint: Endpoint, api: Api, faults: Faults) -> Auth | None:
    """Return what a caller of an endpoint must show, with what the API says of it; note what is wrong with it."""
    auth = endpoint.auth
    path = f"{at}.auth"
    if auth is None:
        return Auth(kind="session") if endpoint.session else None
    if auth.kind == "jwt":
        auth = _with_issuer(auth, api.jwt)
    kind = auth.kind
    if kind is None or not faults.one_of(f"{path}.kind", kind, AUTH_KINDS):
        # At fault already: what stands beside it is looked at as what was probably meant.
        kind = closest(kind or "", AUTH_KINDS) or ("jwt" if _said_of_tokens(auth) else None)
    if kind is None:
        return None
    if kind == "session":
        for key in _said_of_tokens(auth):
            faults.add(f"{path}.{key}", "is of use to kind 'jwt' only", code=Code.NO_EFFECT, fix="Leave it out.")
        if _lacks_sessions(api, faults):
            faults.add(
                path, "needs a store of sessions", code=Code.NEEDS, fix='Give the API `sessions: {"binding": ...}`.'
            )
        return Auth(kind="session")
    if endpoint.session:
        faults.add(
            f"{path}.kind",
            "is 'jwt' where the answer is the caller's own session",
            code=Code.CONTRADICTION,
            allowed="session",
        )
    return _jwt(path, auth, api, faults)


def _said_of_tokens(auth: Auth) -> list[str]:
    """Return what is given of an endpoint's auth beside its kind."""
    return [each.name for each in fields(auth) if each.name != "kind" and getattr(auth, each.name) is not None]


def _inherited(auth: Auth, issuer: Issuer | None) -> Issuer:
    """Return what an endpoint has from the API's `jwt`: nothing where it names an issuer of its own, whose keys are others."""
    if issuer is None or auth.issuer is not None or auth.jwks_url is not None:
        return Issuer()
    return issuer if auth.secret is None else replace(issuer, jwks_url=None)


def _with_issuer(auth: Auth, issuer: Issuer | None) -> Auth:
    inherited = _inherited(auth, issuer)
    return replace(
        auth,
        issuer=auth.issuer if auth.issuer is not None else inherited.issuer,
        audience=auth.audience if auth.audience is not None else inherited.audience,
        jwks_url=auth.jwks_url if auth.jwks_url is not None else inherited.jwks_url,
    )


def _check_issuer(api: Api, faults: Faults) -> None:
    """Note what of the API's `jwt` no endpoint uses, and a URL of keys that is none."""
    if api.jwt is None:
        return
    if api.jwt.audience == ():
        faults.add(
            "jwt.audience", "is empty, so that no token would be accepted", code=Code.EMPTY, allowed="values of `aud`"
        )
    if api.jwt.jwks_url is not None:
        checks.http_url("jwt.jwks_url", api.jwt.jwks_url, faults, https_only=True)
    tokens = [each.auth for each in api.endpoints or () if each.auth is not None and each.auth.kind == "jwt"]
    inheriting = [auth for auth in tokens if _inherited(auth, api.jwt) != Issuer()]
    if not inheriting and not faults.about("endpoints") and not faults.about("jwt"):
        faults.add(
            "jwt",
            "has no effect, because no endpoint goes by it",
            code=Code.NO_EFFECT,
            fix='Give an endpoint `auth: "jwt"`, or leave it out.',
        )
    elif inheriting and api.jwt.jwks_url is not None and all(auth.secret is not None for auth in inheriting):
        faults.add(
            "jwt.jwks_url",
            "has no effect, because each endpoint that goes by `jwt` has a `secret`",
            code=Code.NO_EFFECT,
            fix="Leave it out.",
        )


def _lacks_sessions(api: Api, faults: Faults) -> bool:
    """Say whether no store of sessions was given. One that is at fault was."""
    return api.sessions is None and not faults.about("sessions")


def _jwt(path: str, auth: Auth, api: Api, faults: Faults) -> Auth:
    for key, said in (("issuer", auth.issuer), ("audience", auth.audience)):
        if not said:
            faults.add(
                f"{path}.{key}",
                "is required by kind 'jwt'",
                code=Code.MISSING,
                fix=f"Give it here, or for all endpoints as `jwt.{key}`.",
            )
    keys = {"jwks_url": auth.jwks_url, "secret": auth.secret}
    two = [key for key, said in keys.items() if said is not None or faults.about(f"{path}.{key}")]
    if len(two) != 1:
        faults.add(
            path,
            "has both `jwks_url` and `secret`" if two else "has neither `jwks_url` nor `secret`",
            code=Code.EXCLUSIVE,
            allowed="exactly one of them",
        )
    if auth.jwks_url is not None:
        checks.http_url(f"{path}.jwks_url", auth.jwks_url, faults, https_only=True)
    if auth.secret is not None and auth.secret not in api.secrets and not faults.about("secrets"):
        faults.add(
            f"{path}.secret",
            f"{show(auth.secret)} is not one of the API's `secrets`",
            code=Code.NO_SUCH,
            allowed=", ".join(sorted(api.secrets)) or "none is given",
        )
    usable = SYMMETRIC if two == ["secret"] else ASYMMETRIC
    algorithms = auth.algorithms
    if algorithms is None:
        algorithms = ("HS256",) if usable is SYMMETRIC else ("RS256", "ES256")
    if not algorithms:
        faults.add(
            f"{path}.algorithms",
            "is empty, so that no token would be accepted",
            code=Code.EMPTY,
            allowed=", ".join(usable),
        )
    for index, algorithm in enumerate(algorithms):
        if algorithm not in usable:
            with_ = "a `secret`" if usable is SYMMETRIC else "a key set"
            faults.add(
                f"{path}.algorithms[{index}]",
                f"{show(algorithm)} cannot be used with {with_}",
                code=Code.WORD,
                allowed=", ".join(usable),
            )
    if auth.clock_tolerance is not None:
        checks.whole(f"{path}.clock_tolerance", auth.clock_tolerance, faults, 0, MAX_CLOCK_TOLERANCE_S, "seconds")
    if auth.jwks_max_stale is not None:
        checks.seconds(f"{path}.jwks_max_stale", auth.jwks_max_stale, faults)
    return replace(auth, kind="jwt", algorithms=algorithms)


def _check_rate_limit(endpoint: Endpoint, faults: Faults) -> None:
    at, limit = endpoint.at, endpoint.rate_limit
    if limit is None:
        return
    if limit.limit is not None:
        checks.whole(f"{at}.rate_limit.limit", limit.limit, faults, 1, None, "requests")
    if limit.period is not None and limit.period not in PERIODS:
        faults.add(
            f"{at}.rate_limit.period",
            f"{limit.period} is not a period",
            code=Code.RANGE,
            allowed=" or ".join(map(str, PERIODS)) + " seconds",
        )


def _check_cors(endpoint: Endpoint, faults: Faults) -> None:
    cors = endpoint.cors
    if cors is None:
        return
    path = f"{endpoint.at}.cors"
    if not cors.origins and not faults.about(f"{path}.origins"):
        faults.add(
            f"{path}.origins",
            "is empty, so that no page may read an answer",
            code=Code.EMPTY,
            fix="Name one, or leave `cors` out.",
        )
    listed = {"origins": cors.origins, "headers": cors.headers, "expose": cors.expose}
    for key, names in listed.items():
        _check_listed(f"{path}.{key}", names, _check_origin if key == "origins" else checks.header_name, faults)
    for key, names in listed.items() if cors.credentials else ():
        if ANY in names:
            faults.add(
                f"{path}.{key}",
                "is '*', which browsers do not take for requests with credentials"
                " (https://fetch.spec.whatwg.org/#cors-protocol-and-credentials)",
                code=Code.CORS_CREDENTIALS,
                allowed="each by its name, where `credentials` is true",
                fix="Name them, or leave `credentials` out.",
            )
    if {"OPTIONS", "*"} & set(endpoint.methods):
        faults.add(
            path,
            "answers preflights, which are OPTIONS, and the endpoint's `methods` have OPTIONS too",
            code=Code.CONTRADICTION,
            fix="Name the endpoint's other methods in `methods`.",
        )
    for index, method in enumerate(cors.methods or ()):
        if method not in endpoint.methods:
            faults.add(
                f"{path}.methods[{index}]",
                f"{show(method)} has no effect: the endpoint does not answer it",
                code=Code.NO_EFFECT,
                allowed=", ".join(endpoint.methods),
            )
    if cors.max_age is not None:
        checks.whole(f"{path}.max_age", cors.max_age, faults, 0, MAX_PREFLIGHT_AGE_S, "seconds")


def _check_listed(
    path: str, names: Sequence[object], check: Callable[[str, object, Faults], Any], faults: Faults
) -> None:
    """Note names that are none, that are there twice, or that stand beside `*`, which is all of them."""
    for index, name in enumerate(names):
        if name == ANY:
            if len(names) > 1:
                faults.add(
                    f"{path}[{index}]",
                    "is '*', which is all of them",
                    code=Code.WILDCARD,
                    allowed="'*' alone, or names",
                )
        elif check(f"{path}[{index}]", name, faults) and name in names[:index]:
            faults.add(f"{path}[{index}]", f"{show(name)} is given twice", code=Code.TWICE, fix="Leave one out.")


def _check_origin(path: str, value: object, faults: Faults) -> bool:
    if isinstance(value, str) and _ORIGIN.fullmatch(value):
        scheme, _, host = value.partition("://")
        port = host.rpartition(":")[2] if ":" in host else ""
        if port != {"http": "80", "https": "443"}[scheme] and (port == "" or int(port) <= MAX_PORT):
            return True
    faults.add(
        path,
        f"{show(value)} is not an origin as browsers write it",
        code=Code.URL,
        allowed="'*', or http or https, `://`, a host in lower case and a port that is not the scheme's own: no path, no `/` at"
        " the end",
    )
    return False


def _check_shared_cors(items: Sequence[Endpoint], faults: Faults) -> None:
    """Note endpoints whose paths one pattern matches, and of which only some, or in another way, are read by other pages: a
    preflight is answered for the path."""
    first: dict[str, Endpoint] = {}
    for item in items:
        one = first.setdefault(re.sub(r"/:[^/]+", "/*", item.path), item)
        if _without_methods(one.cors) != _without_methods(item.cors):
            faults.add(
                f"{item.at}.cors",
                f"is not that of {one.at}, which has the same path",
                code=Code.CONTRADICTION,
                fix="Give both the same, but for `methods`.",
            )


def _without_methods(cors: Cors | None) -> Cors | None:
    return None if cors is None else replace(cors, methods=None)


def rate_limit_name(item: Endpoint) -> str:
    """Return a binding's name that says which endpoint it limits, and stays when others come and go."""
    identity = f"{item.path} {','.join(item.methods)}"
    slug = re.sub(r"[^A-Z0-9]+", "_", item.path.upper()).strip("_")[:40]
    return "_".join(
        part for part in ("RATE_LIMIT", slug, hashlib.sha256(identity.encode()).hexdigest()[:6].upper()) if part
    )


def _rate_limits(items: Sequence[Endpoint]) -> list[Counter]:
    return [
        Counter(rate_limit_name(item), item.rate_limit.limit, item.rate_limit.period or PERIODS[-1])
        for item in items
        if item.rate_limit is not None and item.rate_limit.limit is not None
    ]


def _check_overlap(items: Sequence[Endpoint], faults: Faults) -> None:
    """Note endpoints that answer the same path by the same method: which would answer could not be told."""
    seen: dict[str, list[Endpoint]] = {}
    for item in items:
        shape = re.sub(r"/:[^/]+", "/:", item.path)
        for other in seen.get(shape, []):
            both = sorted({*item.methods} & {*other.methods})
            if "*" in (*item.methods, *other.methods):
                both = ["*"]
            if both:
                faults.add(
                    f"{item.at}.path",
                    f"{show(item.path)} matches the same requests as {show(other.path)} of {other.at} by {', '.join(both)}",
                    code=Code.OVERLAP,
                    fix="Give each path and method one endpoint.",
                )
        seen.setdefault(shape, []).append(item)
