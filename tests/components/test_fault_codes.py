"""Each kind of fault comes with its own code, whatever its message says: alerts and scripts go by it."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pulumi
import pytest
from edgewright import CachePolicy, EdgeApi, GeoRouter, KvNamespace, LambdaEdgeFunction
from edgewright.base.fault_codes import Code
from edgewright.base.faults import InputFaults

from tests.components.program import ACCOUNT, run

ORIGINS: Any = {"origins": [{"region": "eu", "url": "https://eu.example.com"}], "fallback": "eu"}


def api(endpoint: Mapping[str, Any] | None = None, **more: Any) -> Callable[[], object]:
    """A program with an API of one endpoint that a handler answers, and what else is given."""
    one = {"path": "/a", "handler": "h.js", **(endpoint or {})}
    given: Any = {"host": "cloudfront", "endpoints": [one], **more}
    return lambda: EdgeApi("api", given)


def proxy(endpoint: Mapping[str, Any] | None = None, **more: Any) -> Callable[[], object]:
    """The same, of one endpoint that an origin answers."""

    def program() -> None:
        routing = GeoRouter("origins", ORIGINS).routing
        one = {"path": "/a", "origin": routing, **(endpoint or {})}
        given: Any = {"host": "cloudfront", "endpoints": [one], **more}
        EdgeApi("api", given)

    return program


def policy(**given: Any) -> Callable[[], object]:
    args: Any = given
    return lambda: CachePolicy("policy", args)


def router(**given: Any) -> Callable[[], object]:
    args: Any = {**ORIGINS, **given}
    return lambda: GeoRouter("router", args)


def edge_function(**given: Any) -> Callable[[], object]:
    args: Any = {"code": {"text": "export const handler = () => {};"}, **given}
    return lambda: LambdaEdgeFunction("function", args)


def twice() -> None:
    for _ in range(2):
        KvNamespace("store", {"host": "cloudfront", "title": "store"})


def weak_secret() -> None:
    auth = {"kind": "jwt", "secret": "KEY", "issuer": "https://issuer.example", "audience": ["a"]}
    one = {"path": "/a", "handler": "h.js", "auth": auth}
    own = {"account_id": ACCOUNT}
    given: Any = {"host": "cloudflare", "endpoints": [one], "secrets": {"KEY": "word"}, "cloudflare": own}
    EdgeApi("api", given)


def by_keyword() -> None:
    kind: Any = CachePolicy
    kind("policy", edge_ttl=1)


CASES: tuple[tuple[Code, Callable[[], object]], ...] = (
    (Code.MISSING, router(fallback=None)),
    (Code.UNKNOWN, policy(edge_tl=1)),
    (Code.EXCLUSIVE, proxy({"handler": "h.js"})),
    (Code.NEEDS, api({"auth": {"kind": "session"}})),
    (Code.NO_EFFECT, api({"strip_prefix": "/a"})),
    (Code.TWICE, api({"methods": ["GET", "GET"]})),
    (Code.EMPTY, api(endpoints=[])),
    (Code.CONTRADICTION, policy(strategy="cache-first", mode="bypass", edge_ttl=1)),
    (Code.MOVED, api(compatibility_date="2026-01-01")),
    (Code.NAME_TAKEN, twice),
    (Code.OVERLAP, api(endpoints=[{"path": "/:a", "handler": "h.js"}, {"path": "/:b", "handler": "h.js"}])),
    (Code.KNOWN_LATER, api({"path": pulumi.Output.from_input("/a")})),
    (Code.NO_SUCH, router(fallback="mars")),
    (Code.BY_KEYWORD, by_keyword),
    (Code.TYPE, policy(edge_ttl=[1])),
    (Code.WORD, policy(mode="overide")),
    (Code.RANGE, policy(edge_ttl=-1)),
    (Code.URL, router(origins=[{"region": "eu", "url": "eu.example.com"}])),
    (Code.HOSTNAME, api(hostname="https://api.example.com/")),
    (Code.PATH, api({"path": "a"})),
    (Code.HEADER_NAME, policy(edge_ttl=1, vary=["a b"])),
    (Code.HEADER_VALUE, router(origins=[{"region": "eu", "url": "https://a.example", "headers": {"x": "a\nb"}}])),
    (Code.QUANTITY, policy(edge_ttl="1 fortnight")),
    (Code.NAME, router(origins=[{"region": "!", "url": "https://a.example"}])),
    (Code.COUNTRY, router(origins=[{"region": "eu", "url": "https://a.example", "countries": ["UK"]}])),
    (Code.METHOD, api({"methods": ["FETCH"]})),
    (Code.STATUS, policy(edge_ttl=1, statuses=[206])),
    (
        Code.STORE_KEY,
        lambda: KvNamespace("store", {"host": "cloudfront", "seed": {"entries": [{"key": "", "value": "1"}]}}),
    ),
    (Code.BINDING, api(sessions={"binding": 1})),
    (Code.RESERVED, router(origins=[{"region": "eu", "url": "https://a.example", "headers": {"host": "b"}}])),
    (Code.WILDCARD, policy(edge_ttl=1, vary=["*"])),
    (Code.COMPONENT_OUTPUT, api({"origin": "https://a.example", "handler": None})),
    (
        Code.UNSUPPORTED,
        lambda: KvNamespace(
            "store", {"host": "cloudfront", "seed": {"entries": [{"key": "a", "value": "1", "ttl": 60}]}}
        ),
    ),
    (Code.LIMIT, policy(edge_ttl=1, tags=[f"tag-{n}" for n in range(2000)])),
    (Code.NOT_TAKEN, edge_function(runtime="ruby3.3")),
    (Code.REGION, edge_function(region="eu-west-1")),
    (Code.NO_FILE, api({"handler": "missing.js"})),
    (Code.FILE_KIND, api({"handler": "h.rb"})),
    (Code.BUNDLE, api({"handler": "broken.js"})),
    (Code.EXPORT, api({"handler": "none.js"})),
    (Code.SHARED_ANSWER, policy(edge_ttl=1, cloudflare={"engine": "platform"}, key={"headers": ["x-a"]})),
    (Code.WEAK_SECRET, weak_secret),
    (Code.OPEN_REDIRECT, api(redirects=[{"path": "/old/*", "to": "https://example.com*"}])),
    (Code.CORS_CREDENTIALS, api({"cors": {"origins": ["*"], "credentials": True}})),
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "h.js").write_text("export default { fetch: () => new Response() };\n")
    (tmp_path / "h.rb").write_text("")
    (tmp_path / "broken.js").write_text("export default {\n")
    (tmp_path / "none.js").write_text("export const fetch = 1;\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(("code", "program"), CASES, ids=[f"{code.number}-{code.name}" for code, _ in CASES])
def test_a_kind_of_fault_has_its_code(code: Code, program: Callable[[], object]) -> None:
    with pytest.raises(InputFaults) as caught:
        run(program)
    assert code in {fault.code for fault in caught.value.faults}, str(caught.value)
