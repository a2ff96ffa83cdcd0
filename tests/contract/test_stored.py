"""What is stored, on each host and with each engine: what a client says of itself, and of where and how it asks, is in the key or
shapes nothing, and what a strategy says of a response takes effect."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from edgewright.contract import claims as _claims
from edgewright.contract.tiers import HITS
from edgewright.testing import local_cloud
from edgewright.verify.outcome import tier_of

from tests.contract.origin import Behind, behind
from tests.loopback import PATIENCE_S
from tests.processes import wait_for
from tests.projects import make_project

pytestmark = pytest.mark.runtime

ENGINES = [("cloudflare", "worker"), ("cloudflare", "platform"), ("cloudfront", "worker")]

PROGRAM = """
import pulumi
from edgewright import CachePolicy, EdgeApi, GeoRouter

config = pulumi.Config()
host, engine, url = config.require("host"), config.require("engine"), config.require("url")
ids = {"account_id": "0123456789abcdef0123456789abcdef", "zone_id": "0123456789abcdef0123456789abcdef"}
certificate = "arn:aws:acm:us-east-1:123456789012:certificate/0123"
options = {"cloudflare": {**ids, "routes": ["other.example.com/*"]}, "cloudfront": {"certificate_arn": certificate}}
origin = GeoRouter("one", {"origins": [{"region": "us", "url": url}], "fallback": "us"}).routing
platform = {"cloudflare": {"engine": engine}}
one_for_all = {"host": False}

def policy(name, key, **more):
    return CachePolicy(name, {**({"key": key} if key else {}), **more}).spec

forced = policy("forced", one_for_all, edge_ttl=600, **platform)
origins_own = policy("origins-own", one_for_all, mode="origin", **platform)
by_host = policy("by-host", {}, edge_ttl=600)
varied = policy("varied", {}, edge_ttl=600, browser_ttl=60, vary=["x-plan"])
bounded = policy("bounded", one_for_all, edge_ttl=600, tiers={"edge": {"ttl_ceiling": 1}}, **platform)
drawn = policy("drawn", one_for_all, edge_ttl=600, tiers={"edge": {"jitter": {"min": 1, "max": 2}}}, **platform)
by_plan = policy("by-plan", {"headers": ["x-geo-plan"], "country": True}, mode="origin", vary=["destination"])

api = EdgeApi(
    "unkeyed",
    {
        "host": host,
        **options,
        "hostname": "shop.example.com",
        "endpoints": [
            {"path": "/forced/:id", "origin": origin, "cache": forced},
            {"path": "/public/:id", "origin": origin, "cache": origins_own, "methods": ["GET", "POST"]},
            {"path": "/handled/:id", "handler": "told.js", "cache": forced},
            {"path": "/handled-public/:id", "handler": "told.js", "cache": origins_own},
            {"path": "/by-host/:id", "origin": origin, "cache": by_host},
            {"path": "/by-plan/:id", "handler": "told.js", "cache": by_plan},
            {"path": "/varied/:id", "origin": origin, "cache": varied},
            {"path": "/bounded/:id", "origin": origin, "cache": bounded},
            {"path": "/drawn/:id", "origin": origin, "cache": drawn},
            {"path": "/file/:id", "origin": origin, "cache": by_host, "static": True},
            {"path": "/file/unstored/:id", "origin": origin, "static": True},
            {"path": "/file-handled/:id", "handler": "told.js", "cache": by_host, "static": True},
            {"path": "/free/:id", "origin": origin, "methods": ["GET", "POST"]},
            {"path": "/free-handled/:id", "handler": "told.js"},
        ],
    },
)
pulumi.export("urls", api.urls)
"""

HANDLER = """
export default {
  fetch(request, env, { country, clientIp }) {
    const headers = { "Cache-Control": "public, max-age=60" };
    return Response.json({ url: request.url, country, clientIp, headers: Object.fromEntries(request.headers) }, { headers });
  },
};
"""


ODD = [between.join(("x", "forwarded", "host")) for between in "_.~!"]
"""Some servers read these as X-Forwarded-Host."""
NEVER = sorted({*_claims.PROXY, *(f"{prefix}x" for prefix in _claims.PROXY_PREFIXES), *ODD})
UNKEYED = sorted(
    {
        *_claims.CLAIMS,
        *(f"{prefix}x" for prefix in _claims.CLAIMS_PREFIXES),
        *(f"x-any{ending}" for ending in _claims.CLAIMS_ENDINGS),
    }
)
_WELL_KNOWN = """
x-forwarded-host x-forwarded-for x-forwarded-proto x-forwarded-port x-forwarded-prefix x-forwarded-scheme x-forwarded-server
x-forwarded-ssl x-forwarded-uri x-forwarded-path forwarded x-original-url x-original-uri x-original-host x-rewrite-url
x-http-method-override x-method-override x-http-method x-scheme x-envoy-original-path x-envoy-external-address x-nextjs-data
x-middleware-subrequest x-middleware-prefetch x-backend-host x-host true-client-ip x-real-ip x-client-ip x-cluster-client-ip
x-proxyuser-ip fastly-client-ip akamai-origin-hop x-amz-website-redirect-location x-amzn-remapped-host x-arr-ssl
x-arr-log-id x-wap-profile base-url http-url proxy-host proxy-url request-uri redirect x-now-route-matches x-matched-path
x-invoke-path front-end-https x-url-scheme x-http-destinationurl x-http-path-override x-http-host-override
"""
WELL_KNOWN = _WELL_KNOWN.split()


HOST = "shop.example.com"
STRANGER = {"X-Local-IP": "203.0.113.66", "X-Local-Country": "JP", "Host": HOST}


@dataclass(frozen=True)
class Edge:
    """The API on one host, with one engine."""

    host: str
    engine: str
    url: str
    other: str
    """Another host that it answers on."""
    client: httpx.Client
    origin: Behind

    def ask(self, path: str, headers: Mapping[str, str] | None = None, method: str = "GET") -> httpx.Response:
        return self.client.request(method, self.url + path, headers=headers)

    def hit(self, answer: httpx.Response) -> bool:
        """Say whether an answer came from a store."""
        headers = {name.lower(): value for name, value in answer.headers.items()}
        return headers.get("cf-cache-status") == "HIT" or tier_of(headers) in HITS


@pytest.fixture(scope="module", params=ENGINES, ids="-".join)
def edge(request: pytest.FixtureRequest, runtime_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    host, engine = request.param
    with ExitStack() as stack:
        origin = stack.enter_context(behind("us"))
        settings = f"config:\n  demo:host: {host}\n  demo:engine: {engine}\n  demo:url: {origin.url}\n"
        folder = tmp_path_factory.mktemp(f"{host}-{engine}")
        project = make_project(folder, PROGRAM, settings, files={"told.js": HANDLER})
        cloud = stack.enter_context(local_cloud(project, "local"))
        client = stack.enter_context(httpx.Client(trust_env=False, timeout=PATIENCE_S))
        urls = cloud.capture.outputs["urls"]
        other = "other.example.com" if host == "cloudflare" else httpx.URL(urls[-1]).host
        yield Edge(host, engine, cloud.url, other, client, origin)


def in_parts(names: list[str], size: int = 40) -> list[list[str]]:
    """So few headers at a time that no answer is left out of the store for their size."""
    return [names[at : at + size] for at in range(0, len(names), size)]


@pytest.mark.parametrize("path", ["forced", "public", "handled", "handled-public"])
def test_nothing_that_a_client_says_of_itself_shapes_what_is_stored(edge: Edge, path: str) -> None:
    names = [*NEVER, *UNKEYED, *WELL_KNOWN]
    # Cloudflare answers a client that brings this one itself.
    names = sorted({name for name in names if name != "cf-connecting-ip"})
    for index, part in enumerate(in_parts(names)):
        target = f"/{path}/{index}"
        forged = dict.fromkeys(part, "evil.test/6.6.6.6")
        first = edge.ask(target, {**forged, **STRANGER})
        assert first.status_code == 200
        assert "evil" not in first.text
        assert "203.0.113.66" not in first.text
        # By another host, which is not in the key.
        clean = edge.ask(target, {"X-Local-IP": "203.0.113.7", "Host": edge.other})
        # Workers Cache itself has some of the names in its key.
        assert edge.hit(clean) or edge.engine == "platform", (clean.headers, part)
        assert "evil" not in clean.text
        again = edge.ask(target)
        assert edge.hit(again)
        assert again.text == clean.text
        for answer in (first, clean):
            told = answer.json()
            assert told["headers"].get("x-forwarded-host", HOST) == HOST
            if "handled" in path:
                assert told["headers"].get("host", HOST) == HOST
            assert httpx.URL(told["url"]).host in (HOST, "")


def test_one_at_a_time_too(edge: Edge) -> None:
    for name in WELL_KNOWN:
        first = edge.ask(f"/public/one-{name}", {name: "evil.test"})
        assert "evil" not in first.text, name
        clean = edge.ask(f"/public/one-{name}")
        assert edge.hit(clean) or edge.engine == "platform", name
        assert "evil" not in clean.text, name


def test_a_host_that_is_in_the_key_is_told_and_tells_entries_apart(edge: Edge) -> None:
    if edge.engine == "platform":
        # The cache of the function: what is in front stores nothing of this endpoint.
        assert edge.ask("/by-host/1").headers["cf-cache-status"] == "BYPASS"
    seen: dict[str, list[bool]] = {}
    for host in (HOST, edge.other, HOST):
        answer = edge.ask("/by-host/host", {"Host": host})
        told = answer.json()["headers"]
        assert told["x-forwarded-host"] == host
        assert "x-forwarded-for" not in told
        seen.setdefault(host, []).append(edge.hit(answer))
    assert seen == {HOST: [False, True], edge.other: [False]}


def test_what_the_key_or_vary_names_is_told_and_tells_entries_apart(edge: Edge) -> None:
    def ask(headers: Mapping[str, str]) -> tuple[bool, dict[str, str], str | None]:
        answer = edge.ask("/by-plan/1", headers)
        told = answer.json()
        return edge.hit(answer), told["headers"], told.get("country")

    gold = {"X-Geo-Plan": "gold", "Destination": "/x", "X-Local-Country": "JP"}
    hit, headers, country = ask(gold)
    assert (hit, headers.get("x-geo-plan"), headers.get("destination"), country) == (False, "gold", "/x", "JP")
    assert ask(gold)[0]
    for other in ({"X-Geo-Plan": "basic"}, {"Destination": "/y"}, {"X-Local-Country": "DE"}):
        assert not ask({**gold, **other})[0]


@pytest.mark.parametrize("name", ["X-Api-Key", "X-Auth-Token", "X-User-Id"])
def test_an_answer_to_who_says_who_it_is_is_stored_where_the_origin_says_so_alone(edge: Edge, name: str) -> None:
    whole = edge.ask(f"/public/{name}", {name: "mallory"})
    assert "mallory" in whole.text
    # The origin says `public`.
    assert edge.hit(edge.ask(f"/public/{name}"))
    edge.ask(f"/public/unsaid-{name}", {name: "mallory"})
    assert "mallory" not in edge.ask(f"/public/unsaid-{name}").text


def test_where_nothing_is_stored_an_origin_is_told_what_it_needs(edge: Edge) -> None:
    client = {"X-Local-IP": "203.0.113.7", "X-Local-Country": "JP", "Host": HOST}
    for method in ("GET", "POST"):
        told = edge.ask("/free/1", {**client, "Destination": "mine", "X-Amz-Date": "mine"}, method).json()["headers"]
        assert (told["x-forwarded-for"], told["x-forwarded-host"]) == ("203.0.113.7", HOST)
        assert (told["destination"], told["x-amz-date"]) == ("mine", "mine")
    told = edge.ask("/free-handled/1", client).json()
    assert (told["clientIp"], told["country"]) == ("203.0.113.7", "JP")
    assert httpx.URL(told["url"]).host == HOST


def test_no_claim_of_a_proxys_reaches_anybody(edge: Edge) -> None:
    for part in in_parts([name for name in NEVER if name != "cf-connecting-ip"]):
        for path in ("/free/2", "/free-handled/2"):
            assert "evil" not in edge.ask(path, dict.fromkeys(part, "evil.test")).text


def test_vary_is_told_to_caches_and_each_value_is_an_entry(edge: Edge) -> None:
    first = edge.ask("/varied/1", {"X-Plan": "gold"})
    assert (first.json()["headers"]["x-plan"], edge.hit(first)) == ("gold", False)
    assert "x-plan" in first.headers["vary"].lower()
    again = edge.ask("/varied/1", {"X-Plan": "gold"})
    assert edge.hit(again)
    for answer in (first, again):
        assert "private" not in answer.headers["cache-control"]
        assert "max-age=60" in answer.headers["cache-control"].replace("s-maxage", "")
    other = edge.ask("/varied/1", {"X-Plan": "basic"})
    assert (other.json()["headers"]["x-plan"], edge.hit(other)) == ("basic", False)
    assert not edge.hit(edge.ask("/varied/1"))
    assert edge.hit(edge.ask("/varied/1", {"X-Plan": "basic"}))


@pytest.mark.parametrize("path", ["bounded", "drawn"])
def test_a_ceiling_of_the_edges_tier_ends_a_copy_before_its_time(edge: Edge, path: str) -> None:
    first = edge.ask(f"/{path}/1").json()["number"]
    wait_for(
        lambda: edge.ask(f"/{path}/1").json()["number"] != first, "a copy that has ended, long before its 600 seconds"
    )


@pytest.mark.parametrize("path", ["/file/1", "/file/unstored/1", "/file-handled/1"])
def test_a_static_file_has_an_etag_and_a_condition_on_it_is_answered(edge: Edge, path: str) -> None:
    first = edge.ask(path)
    etag = first.headers["etag"]
    assert (first.status_code, isinstance(first.json(), dict)) == (200, True)
    if path != "/file/unstored/1":
        assert edge.hit(edge.ask(path))
        unchanged = edge.ask(path, {"If-None-Match": etag})
        assert (unchanged.status_code, unchanged.headers["etag"], unchanged.content) == (304, etag, b"")
    # What is asked for with a condition first is stored whole all the same.
    fresh = f"{path[:-1]}2"
    assert edge.ask(fresh, {"If-None-Match": '"another"'}).status_code == 200
    assert (edge.ask(fresh).status_code, edge.ask(fresh).json() != {}) == (200, True)
    assert edge.ask(fresh, {"If-None-Match": '"another"'}).status_code == 200


def test_a_static_file_that_is_larger_than_a_function_may_give_comes_whole(edge: Edge) -> None:
    answer = edge.ask("/file/large")
    assert (answer.status_code, len(answer.json()["large"])) == (200, 1_500_000)
