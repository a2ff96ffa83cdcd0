"""Rows of an EdgeApi's endpoints, and of what they share: sessions, variables, bindings."""

import time
from typing import Any

from edgewright import KvNamespace

from tests.effect.behind import Answer
from tests.effect.edge import Edge
from tests.effect.given import (
    FUNCTION,
    SECRET,
    STORE,
    Given,
    Kit,
    Later,
    given,
)
from tests.effect.identity import AUDIENCE, OTHER_KEYS, tokens
from tests.effect.rows import BOTH, CLOUDFLARE, CLOUDFRONT, Effect, Judged, Refused, Row, Timed
from tests.effect.sees import See, header, number, status, told, twice

BASE = given()
SESSION_ID = "s3ss10n-of-ada_0001"
SESSION = {"cookie": f"session={SESSION_ID}"}
ECHO = {"handler": "echo.js"}
OTHER = {"handler": "other.js"}


NOW = int(time.time())


def dated(**parts: Any) -> Given:
    """A program whose store knows a session that was made ten minutes ago."""
    entries = [{"key": f"session:{SESSION_ID}", "value": {"user": "ada", "iat": NOW - 600}}]
    return given(store={"seed": {"entries": entries}}, endpoint=GUARDED, sessions={"binding": STORE, **parts})


def sessions(endpoint: dict[str, Any], *, prefix: str = "session:", **parts: Any) -> Given:
    """A program whose store knows one session. `/who` asks for it too: sessions that no endpoint asks for are refused."""
    entries = [{"key": f"{prefix}{SESSION_ID}", "value": '{"user":"ada"}'}]
    return given(
        store={"seed": {"entries": entries}},
        endpoint=endpoint,
        more=({"path": "/who", "session": True},),
        sessions={"binding": STORE, **parts},
    )


def empty_store(kit: Kit) -> Any:
    """The binding of a second store, which knows nothing."""
    where: Any = {"host": kit.host, **kit.account}
    return KvNamespace(f"{kit.name}-empty", where).binding


PAGE = "https://app.example.com"
OTHER_PAGE = "https://other.example.com"


def read_by_page(name: str) -> See:
    """A header of the answer that a page of another origin gets."""
    return lambda edge: edge.ask(edge.fresh(), Origin=PAGE).headers.get(name)


def before_page(name: str) -> See:
    """A header of the answer to the preflight of such a page."""
    return lambda edge: edge.ask(edge.fresh(), "OPTIONS", Origin=PAGE, Access_Control_Request_Method="GET").headers.get(
        name
    )


GUARDED = {"auth": {"kind": "session"}}
JWT = given(endpoint={"auth": tokens()})


def jwt(**parts: Any) -> Given:
    return given(endpoint={"auth": tokens(**parts)})


def inherited(**parts: Any) -> Given:
    """An endpoint whose tokens the API's `jwt` tells of."""
    issuer = {key: value for key, value in tokens(**parts).items() if key != "kind"}
    return given(endpoint={"auth": "jwt"}, jwt=issuer)


def with_token(**claims: Any) -> See:
    """The status for a caller with a token; a time is counted from now."""

    def see(edge: Edge) -> object:
        sound = {name: int(time.time()) + value if name == "exp" else value for name, value in claims.items()}
        return edge.ask(**edge.bearer(**sound)).status_code

    return see


def limited(count: int) -> See:
    """Whether one caller is told to wait within so many requests."""

    def see(edge: Edge) -> object:
        address = f"203.0.113.{edge.number()}"
        return 429 in {edge.ask(ip=address).status_code for _ in range(count)}

    return see


def retry_after(edge: Edge) -> object:
    """For how long the caller who is over the limit is told to wait."""
    address = f"203.0.113.{edge.number()}"
    for _ in range(200):
        answer = edge.ask(ip=address)
        if answer.status_code == 429:
            return answer.headers["retry-after"]
    return None


def strong_etag(edge: Edge) -> object:
    """Whether an answer has a strong entity tag, and the answer to one who has it."""
    path = edge.fresh(Answer(body="whole"))
    tag = edge.ask(path).headers.get("etag")
    if tag is None:
        return None
    again = edge.ask(path, if_none_match=tag)
    return not tag.startswith("W/"), again.status_code


ASSOCIATED = {
    "code": {
        "text": "export const handler = async (event) => { const {response} = event.Records[0].cf; response.headers['x-mine'] = [{key: 'X-Mine', value: 'yes'}]; return response; };"
    },
    "events": ["viewer-response"],
}
SECRETS_LIE_OPEN = "They would lie readable in the package"

ROWS: tuple[Row, ...] = (
    # --- what an endpoint matches, and who answers -------------------------------------------------------------------
    Effect("EdgeApi.endpoints", BOTH, BASE, given(more=({"path": "/y", **OTHER},)), status("/y"), (404, 200)),
    Effect("EdgeApi.endpoints[].path", BOTH, BASE, given(endpoint={"path": "/z/*"}), status("/z/1"), (404, 200)),
    Effect("EdgeApi.endpoints[].methods", BOTH, BASE, given(endpoint={"methods": ["POST"]}), status(), (200, 405)),
    Effect(
        "EdgeApi.endpoints[].handler",
        BOTH,
        given(endpoint=ECHO),
        given(endpoint=OTHER),
        lambda edge: edge.ask().text == "other",
        (False, True),
    ),
    Effect(
        "EdgeApi.endpoints[].origin",
        BOTH,
        given(endpoint=OTHER),
        BASE,
        lambda edge: edge.ask().headers.get("x-origin-region"),
        (None, "us"),
    ),
    Effect(
        "EdgeApi.endpoints[].strip_prefix",
        BOTH,
        BASE,
        given(endpoint={"strip_prefix": "/x"}),
        told("url", path="/x/a/b"),
        ("/x/a/b", "/a/b"),
    ),
    Effect(
        "EdgeApi.endpoints[].session",
        BOTH,
        sessions({"path": "/me", **ECHO}),
        sessions({"path": "/me", "session": True}),
        told("user", path="/me", **SESSION),
        (None, "ada"),
    ),
    Effect("EdgeApi.endpoints[].cache", BOTH, BASE, given(cache={"edge_ttl": 3600}), twice(look=number), (2, 1)),
    Effect(
        "EdgeApi.endpoints[].static",
        BOTH,
        given(cache={"edge_ttl": 3600}),
        given(cache={"edge_ttl": 3600}, endpoint={"static": True}),
        strong_etag,
        (None, (True, 304)),
    ),
    # --- who may ask -------------------------------------------------------------------------------------------------
    Effect("EdgeApi.endpoints[].auth", BOTH, BASE, JWT, status(), (200, 401)),
    Effect(
        "EdgeApi.endpoints[].auth.kind",
        BOTH,
        sessions({"auth": tokens()}),
        sessions(GUARDED),
        status(**SESSION),
        (401, 200),
    ),
    Effect(
        "EdgeApi.endpoints[].auth.issuer", BOTH, JWT, jwt(issuer="https://other.example.com"), with_token(), (200, 401)
    ),
    Effect(
        "EdgeApi.endpoints[].auth.issuer",
        BOTH,
        JWT,
        jwt(issuer="https://other.example.com"),
        with_token(iss="https://other.example.com"),
        (401, 200),
        note="the other's token",
    ),
    Effect(
        "EdgeApi.endpoints[].auth.audience",
        BOTH,
        JWT,
        jwt(audience=[AUDIENCE, "second"]),
        with_token(aud="second"),
        (401, 200),
    ),
    Effect(
        "EdgeApi.endpoints[].auth.algorithms",
        BOTH,
        jwt(algorithms=["RS256"]),
        jwt(algorithms=["RS384"]),
        with_token(algorithm="RS384"),
        (401, 200),
    ),
    Effect("EdgeApi.jwt", BOTH, BASE, inherited(), with_token(), (200, 200)),
    Effect("EdgeApi.jwt", BOTH, BASE, inherited(), status(), (200, 401), note="without a token"),
    Effect(
        "EdgeApi.jwt.issuer", BOTH, inherited(), inherited(issuer="https://other.example.com"), with_token(), (200, 401)
    ),
    Effect("EdgeApi.jwt.audience", BOTH, inherited(), inherited(audience=["second"]), with_token(), (200, 401)),
    Effect("EdgeApi.jwt.jwks_url", BOTH, inherited(), inherited(jwks_url=OTHER_KEYS), with_token(), (200, 401)),
    Effect("EdgeApi.endpoints[].auth.jwks_url", BOTH, JWT, jwt(jwks_url=OTHER_KEYS), with_token(), (200, 401)),
    Effect(
        "EdgeApi.endpoints[].auth.secret",
        CLOUDFLARE,
        JWT,
        given(endpoint={"auth": tokens(jwks_url=None, secret="HMAC")}, secrets={"HMAC": SECRET}),
        with_token(algorithm="HS256"),
        (401, 200),
    ),
    Refused(
        "EdgeApi.endpoints[].auth.secret",
        CLOUDFRONT,
        given(endpoint={"auth": tokens(jwks_url=None, secret="HMAC")}, secrets={"HMAC": SECRET}),
        "endpoints[0].auth.secret: would lie readable",
        "Use `jwks_url`",
    ),
    Effect(
        "EdgeApi.endpoints[].auth.clock_tolerance",
        BOTH,
        JWT,
        jwt(clock_tolerance=300),
        with_token(exp=-120),
        (401, 200),
    ),
    Effect(
        "EdgeApi.endpoints[].auth.required_claims",
        BOTH,
        JWT,
        jwt(required_claims={"tenant": "one"}),
        with_token(tenant="two"),
        (200, 401),
    ),
    Effect(
        "EdgeApi.endpoints[].auth.required_claims",
        BOTH,
        JWT,
        jwt(required_claims={"tenant": "one"}),
        with_token(tenant="one"),
        (200, 200),
        note="held",
    ),
    Timed(
        "EdgeApi.endpoints[].auth.jwks_max_stale",
        BOTH,
        JWT,
        jwt(jwks_max_stale=60),
        "edge/test/core/keys.test.ts",
        "serves on old keys for a bounded time while the URL is down, then fails closed, then recovers",
        "Fetched keys are fresh for five minutes.",
    ),
    Effect(
        "EdgeApi.endpoints[].rate_limit",
        BOTH,
        BASE,
        given(endpoint={"rate_limit": {"limit": 10}}),
        limited(60),
        (False, True),
    ),
    Effect(
        "EdgeApi.endpoints[].rate_limit.limit",
        BOTH,
        given(endpoint={"rate_limit": {"limit": 1000}}),
        given(endpoint={"rate_limit": {"limit": 10}}),
        limited(60),
        (False, True),
    ),
    Effect(
        "EdgeApi.endpoints[].rate_limit.period",
        CLOUDFLARE,
        given(endpoint={"rate_limit": {"limit": 10}}),
        given(endpoint={"rate_limit": {"limit": 10, "period": 10}}),
        retry_after,
        ("60", "10"),
    ),
    Refused(
        "EdgeApi.endpoints[].rate_limit.period",
        CLOUDFRONT,
        given(endpoint={"rate_limit": {"limit": 10, "period": 10}}),
        "endpoints[0].rate_limit.period: 10 s is no window of AWS WAF",
        "60 s",
    ),
    # --- pages of other origins --------------------------------------------------------------------------------------
    Effect(
        "EdgeApi.endpoints[].cors",
        BOTH,
        BASE,
        given(endpoint={"cors": {"origins": ["*"]}}),
        read_by_page("access-control-allow-origin"),
        (None, "*"),
    ),
    Effect(
        "EdgeApi.endpoints[].cors.origins",
        BOTH,
        given(endpoint={"cors": {"origins": [OTHER_PAGE]}}),
        given(endpoint={"cors": {"origins": [OTHER_PAGE, PAGE]}}),
        read_by_page("access-control-allow-origin"),
        (OTHER_PAGE, PAGE),
    ),
    *(
        Effect(
            f"EdgeApi.endpoints[].cors.{argument}",
            BOTH,
            given(endpoint={"cors": {"origins": [PAGE]}}),
            given(endpoint={"cors": {"origins": [PAGE], argument: value}}),
            see(f"access-control-{header_}"),
            gives,
        )
        for argument, value, see, header_, gives in (
            ("methods", ["HEAD"], before_page, "allow-methods", ("GET, HEAD", "HEAD")),
            ("headers", ["X-Mine"], before_page, "allow-headers", (None, "x-mine")),
            ("expose", ["X-Own"], read_by_page, "expose-headers", (None, "x-own")),
            ("credentials", True, read_by_page, "allow-credentials", (None, "true")),
            ("max_age", 600, before_page, "max-age", (None, "600")),
        )
    ),
    # --- what is said for policies -----------------------------------------------------------------------------------
    Judged(
        "EdgeApi.endpoints[].expected_ms",
        BOTH,
        BASE,
        given(endpoint={"expected_ms": 5000}),
        ((), ("EW304",)),
        ("EW304",),
    ),
    Judged(
        "EdgeApi.endpoints[].queue",
        CLOUDFLARE,
        given(endpoint={"expected_ms": 5000}, bindings=[{"type": "queue", "name": "JOBS", "queue_name": "jobs"}]),
        given(
            endpoint={"expected_ms": 5000, "queue": "JOBS"},
            bindings=[{"type": "queue", "name": "JOBS", "queue_name": "jobs"}],
        ),
        (("EW304",), ()),
        ("EW304",),
    ),
    Refused("EdgeApi.endpoints[].queue", CLOUDFRONT, given(endpoint={"queue": "JOBS"}), "endpoints[0].queue", ""),
    # --- functions of the user's own ---------------------------------------------------------------------------------
    Effect(
        "EdgeApi.endpoints[].cloudfront.functions",
        CLOUDFRONT,
        given(function=ASSOCIATED),
        given(function=ASSOCIATED, endpoint={"functions": [FUNCTION]}),
        header("x-mine"),
        (None, "yes"),
    ),
    # --- sessions ----------------------------------------------------------------------------------------------------
    Refused(
        "EdgeApi.sessions",
        BOTH,
        given(endpoint=GUARDED),
        "endpoints[0].auth: needs a store of sessions",
        "Give the API `sessions",
        note="missing",
    ),
    Refused(
        "EdgeApi.sessions",
        CLOUDFRONT,
        given(store={}, sessions={"binding": STORE}),
        "sessions: has no effect: no endpoint asks for a session",
        'Give an endpoint `auth: {"kind": "session"}`',
        note="not asked for",
    ),
    Effect("EdgeApi.sessions", BOTH, BASE, sessions(GUARDED), status(), (200, 401)),
    Effect(
        "EdgeApi.sessions.binding",
        BOTH,
        sessions(GUARDED, binding=Later(empty_store, "EMPTY")),
        sessions(GUARDED),
        status(**SESSION),
        (401, 200),
    ),
    Effect(
        "EdgeApi.sessions.cookie",
        BOTH,
        sessions(GUARDED),
        sessions(GUARDED, cookie="sid"),
        status(cookie=f"sid={SESSION_ID}"),
        (401, 200),
    ),
    Effect(
        "EdgeApi.sessions.key_prefix",
        BOTH,
        sessions(GUARDED, prefix="s-"),
        sessions(GUARDED, prefix="s-", key_prefix="s-"),
        status(**SESSION),
        (401, 200),
    ),
    # --- what handlers see -------------------------------------------------------------------------------------------
    Effect(
        "EdgeApi.vars",
        BOTH,
        given(endpoint=ECHO),
        given(endpoint=ECHO, vars={"MODE": "table"}),
        told("env", "MODE"),
        (None, "table"),
    ),
    Effect(
        "EdgeApi.secrets",
        CLOUDFLARE,
        given(endpoint=ECHO),
        given(endpoint=ECHO, secrets={"KEY": "s3cret"}),
        told("env", "KEY"),
        (None, "s3cret"),
    ),
    Refused(
        "EdgeApi.secrets",
        CLOUDFRONT,
        given(secrets={"KEY": "s3cret"}),
        "secrets: is of use to host 'cloudflare' only",
        SECRETS_LIE_OPEN,
    ),
    Effect(
        "EdgeApi.bindings",
        CLOUDFLARE,
        given(endpoint=ECHO),
        given(endpoint=ECHO, bindings=[{"type": "json", "name": "DATA", "json": {"a": 1}}]),
        told("env", "DATA"),
        (None, {"a": 1}),
    ),
    Refused(
        "EdgeApi.bindings",
        CLOUDFRONT,
        given(bindings=[{"type": "json", "name": "DATA", "json": {"a": 1}}]),
        "bindings: is of use to host 'cloudflare' only",
        "A function at the edge reaches AWS services by their API",
    ),
    Effect(
        "EdgeApi.trace",
        BOTH,
        BASE,
        given(trace=True),
        lambda edge: "server-timing" in edge.ask().headers,
        (False, True),
    ),
    Effect(
        "EdgeApi.url_normalization",
        CLOUDFLARE,
        given(endpoint={"path": "/*"}),
        given(endpoint={"path": "/*"}, url_normalization="none"),
        told("url", path="/a//b"),
        ("/a/b", "/a//b"),
    ),
    Refused(
        "EdgeApi.url_normalization",
        CLOUDFRONT,
        given(endpoint={"path": "/*"}, url_normalization="none"),
        "url_normalization: is 'none' on cloudfront",
        "Leave it out",
    ),
    Effect("EdgeApi.sessions.ttl", BOTH, dated(ttl=86_400), dated(ttl=300), status(**SESSION), (200, 401)),
)
