"""Purge and warm over HTTP on the real local cloud, with both engines."""

import json
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from edgewright.cli.main import run
from edgewright.contract.purge import Purge
from edgewright.purge.deployed import functions
from edgewright.testing import LocalCloud

from tests import loopback
from tests.processes import wait_for
from tests.projects import make_project
from tests.purge.shop import shop_project, state_of

pytestmark = pytest.mark.runtime

Start = Callable[..., LocalCloud]


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, str, str]]:
    def call(folder: Path, *arguments: str) -> tuple[int, str, str]:
        monkeypatch.chdir(folder)
        capsys.readouterr()
        code = run(list(arguments))
        said = capsys.readouterr()
        return code, said.out, said.err

    return call


def get(cloud: LocalCloud, path: str) -> httpx.Response:
    return loopback.get(cloud.url + path)


def kept(cloud: LocalCloud, path: str) -> str:
    """Ask for a page until it is in every tier, KV too; return its text."""
    text = get(cloud, path).text
    namespace = cloud.deployed.plan.deployment.kv_namespaces[0].id
    wait_for(lambda: path in json.dumps(cloud.control.kv_keys(namespace)), f"{path} in KV")
    assert get(cloud, path).text == text
    return text


@pytest.mark.parametrize("engine", ["worker", "platform"])
def test_each_kind_of_purge_is_seen_at_once(
    engine: str, tmp_path: Path, start_cloud: Start, say: Callable[..., tuple[int, str, str]]
) -> None:
    folder = shop_project(tmp_path, engine)
    cloud = start_cloud(folder)
    other = kept(cloud, "/shop/other")
    for options in (
        ["--url", "/shop/a/b"],
        ["--url", "https://www.example.com/shop/a/b"],
        ["--url", f"{cloud.url}/shop/a/b"],
        ["--prefix", "/shop/a"],
        ["--prefix", "https://www.example.com/shop/a"],
    ):
        before = kept(cloud, "/shop/a/b")
        code, out, err = say(folder, "purge", *options)
        assert (code, err) == (0, ""), options
        assert f"purged 1 {'URL' if options[0] == '--url' else 'prefix'}" in out
        assert get(cloud, "/shop/a/b").text != before, options
    assert get(cloud, "/shop/other").text == other
    for options in (["--tag", "shop"], ["--tag", "goods"], ["--everything"]):
        before = kept(cloud, "/shop/other")
        assert say(folder, "purge", *options)[0] == 0
        assert get(cloud, "/shop/other").text != before, options
    before = kept(cloud, "/shop/other")
    assert say(folder, "purge", "--everything", "--dry-run")[1].startswith("would purge everything")
    assert get(cloud, "/shop/other").text == before


SHIELDED = """
from edgewright import CachePolicy, EdgeApi, GeoRouter, KvNamespace

store = KvNamespace("store", {"cloudflare": {"account_id": "0" * 32}})
shield = {"shards": 3}
kept = CachePolicy("kept", {"edge_ttl": 60, "cloudflare": {"tiers": {"kv": {"binding": store.binding, "ttl": 60}, "shield": shield}}})
two = {"shield": {"shards": 2}}
alone = CachePolicy("alone", {"edge_ttl": 60, "tiers": {"edge": {"enabled": False}}, "cloudflare": {"tiers": two}})
origin = GeoRouter("origin", {"origins": [{"region": "eu", "url": "http://127.0.0.1:1"}], "fallback": "eu"})
for name, policies in (("both", [kept]), ("shield", [alone])):
    endpoints = [{"path": f"/{each._name}/*", "origin": origin.routing, "cache": each.spec} for each in policies]
    EdgeApi(name, {"cloudflare": {"account_id": "0" * 32}, "endpoints": endpoints})
"""


def test_it_says_who_was_told(tmp_path: Path, start_cloud: Start, say: Callable[..., tuple[int, str, str]]) -> None:
    folder = make_project(tmp_path, SHIELDED)
    start_cloud(folder)
    code, out, err = say(folder, "purge", "--tag", "x", "--tag", "y")
    assert (code, err) == (0, "")
    both, shield = sorted(out.splitlines()[1:])
    assert both.endswith(": 0 entries in memory removed, edge (2 markers), KV (2 markers) and shield (3 objects) told")
    assert shield.endswith(": 0 entries in memory removed, edge (2 markers) and shield (2 objects) told")

    code, out, err = say(folder, "purge", "--tag", "x", "--format", "json")
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert (found["dry_run"], found["purge"]["tags"]) == (False, ["x"])
    told = [{key: entry["report"][key] for key in ("edge", "kv", "shield")} for entry in found["workers"]]
    assert sorted(told, key=str) == [{"edge": 1, "kv": 0, "shield": 2}, {"edge": 1, "kv": 1, "shield": 3}]
    dry = json.loads(say(folder, "purge", "--everything", "--dry-run", "--json")[1])
    assert (dry["dry_run"], dry["purge"]["everything"], "workers" in dry) == (True, True, False)


def test_faults_are_usage_errors_told_at_once_and_nothing_is_purged(
    tmp_path: Path, start_cloud: Start, say: Callable[..., tuple[int, str, str]]
) -> None:
    folder = shop_project(tmp_path)
    cloud = start_cloud(folder)
    before = kept(cloud, "/shop/a")
    given = {
        "--url": [
            "/shop/a",
            "//x",
            "http://[bad",
            "http://127.0.0.1:999999/x",
            "http://other.example/x",
            "/%zz",
            "/a%2Fb",
        ],
        "--prefix": ["http://[b", "/%ff", "http://WWW.example.com:8443/b"],
        "--tag": ["a b", "shop"],
    }
    options = [part for option, values in given.items() for value in values for part in (option, value)]
    for more in ([], ["--dry-run"], ["--if-changed"]):
        code, out, err = say(folder, "purge", *options, *more)
        assert (code, out) == (2, "")
        for told in (
            "--url '//x': begins with `//`",
            "--url 'http://[bad': is not a URL",
            "--url 'http://127.0.0.1:999999/x': is not a URL: Port out of range 0-65535",
            "--url 'http://other.example/x': the stack has no host other.example. It has: www.example.com.",
            "--url '/%zz': can never be served: The path has a `%` that",
            "--url '/a%2Fb': can never be served: The path has an escaped slash",
            "--prefix 'http://[b': is not a URL",
            "--prefix '/%ff': can never be served",
            "--tag 'a b': must be",
            "10 errors" if more == ["--if-changed"] else "9 errors",
        ):
            assert told in err, (told, err)
    assert get(cloud, "/shop/a").text == before
    # A port is the gateway's, not the stack's.
    assert say(folder, "purge", "--url", "http://WWW.example.com:8443/shop/a")[0] == 0
    assert get(cloud, "/shop/a").text != before


def test_what_a_client_spells_otherwise_is_purged_as_it_is_spelled(
    tmp_path: Path, start_cloud: Start, say: Callable[..., tuple[int, str, str]]
) -> None:
    folder = shop_project(tmp_path)
    cloud = start_cloud(folder)
    for path in ("/shop/a;b=1", "/shop//dd", "/shop/a|b", "/shop/ww?a=1;b=2"):
        for options in (["--url", path], ["--url", cloud.url + path], ["--prefix", path.split("?")[0]]):
            get(cloud, path)
            before = get(cloud, path).text
            assert get(cloud, path).text == before
            assert say(folder, "purge", *options)[0] == 0
            assert get(cloud, path).text != before, options


def test_markers_as_the_api_writes_them_void_what_a_new_isolate_finds_in_kv(tmp_path: Path, start_cloud: Start) -> None:
    cloud = start_cloud(shop_project(tmp_path))
    (function,) = functions(state_of(cloud.capture), "here")
    paths = [
        "/shop/x%3fy?b=2&a=1",
        "/shop/p/q",
        "/shop/stays",
        "/shop/x%3fy?a=1",
        "/shop/a;b//c|d?q='1;2'",
        "/shop/r;s/t",
    ]
    texts = [get(cloud, path).text for path in paths]
    time.sleep(1)
    urls = ("https://www.example.com/shop/./x%3Fy?a=1&b=2", "https://www.example.com/shop/a;b//c|d?q='1;2'")
    purge = Purge(urls=urls, prefixes=("/shop/%70", "/shop//r;s"))
    markers = purge.markers(int(time.time() * 1000), function.keys)
    namespace = function.namespaces[0]
    cloud.control.kv_put(namespace, "purge:1:test", json.dumps(markers).encode())
    # Another version is another isolate: it has nothing in memory, and looks into KV with its first request.
    handler = tmp_path / "page.js"
    handler.write_text(handler.read_text().replace("made = 0", "made = 100"))
    cloud.reload()
    after = [get(cloud, path).text for path in paths]
    assert [one == other for one, other in zip(texts, after, strict=True)] == [False, False, True, True, False, False]


def test_a_deployment_purges_what_changed_and_nothing_else(
    tmp_path: Path, start_cloud: Start, say: Callable[..., tuple[int, str, str]]
) -> None:
    folder = shop_project(tmp_path)
    files = folder / "dist"
    files.mkdir()
    for name in ("one.css", "two.css"):
        (files / name).write_text(name)
    cloud = start_cloud(folder)
    one, two = kept(cloud, "/shop/one.css"), kept(cloud, "/shop/two.css")
    code, out, err = say(folder, "purge", "--changed", "dist=/shop")
    assert code == 0
    assert "all 2 files count as changed" in err
    assert "purged 2 URLs" in out
    one, two = kept(cloud, "/shop/one.css"), kept(cloud, "/shop/two.css")
    assert say(folder, "purge", "--changed", "dist=/shop")[1] == "nothing changed: nothing is purged\n"
    (files / "two.css").write_text("new")
    # The edge answers 400 to every way to ask for this one.
    (files / "odd%2Fname.css").write_text("new")
    code, out, err = say(folder, "purge", "--changed", "dist=/shop", "--dry-run")
    assert (code, "it can never be served: 1 changed file, such as /shop/odd%252Fname.css" in err) == (0, True), err
    assert "purged 1 URL " in say(folder, "purge", "--changed", "dist=/shop")[1]
    assert get(cloud, "/shop/one.css").text == one
    assert get(cloud, "/shop/two.css").text != two


@pytest.mark.parametrize("engine", ["worker", "platform"])
def test_warming_makes_hits_and_says_what_it_cannot(
    engine: str, tmp_path: Path, start_cloud: Start, say: Callable[..., tuple[int, str, str]]
) -> None:
    folder = shop_project(tmp_path, engine)
    cloud = start_cloud(folder)
    pages = [f"/shop/{number}" for number in range(5)]
    (folder / "pages.txt").write_text("\n".join(["# pages", *pages, "https://elsewhere.example/shop/0", ""]))
    code, out, err = say(folder, "warm", "--from", "pages.txt", "--rate", "500")
    assert (code, err.strip()) == (
        0,
        "1 page has a host that the stack does not have, and the stack is asked for the path alone: elsewhere.example",
    )
    assert out.startswith(f"5 of 5 (100.0 %) are served from a cache on {cloud.url}: 5 became hits, 0 were before")
    code, out, err = say(
        folder, "warm", "--from", "pages.txt", "--path", "/plain/x", "--path", "/shop/missing", "--json"
    )
    assert code == 0
    document = json.loads(out)
    assert (document["hits_before"], document["missed"], document["failed"]) == (5, {"bypass": 1}, {"status 404": 1})
    code, out, err = say(folder, "warm", "--path", "/plain/x", "--min-hits", "50")
    assert code == 1
    for host in ("www.example.com", "WWW.example.com:8443", "127.0.0.1:1"):
        assert say(folder, "warm", "--path", f"http://{host}/shop/0")[0] == 0
    code, out, err = say(folder, "warm", "--path", "http://elsewhere.example/x", "--path", "//y", "--countries", "X")
    assert code == 2
    assert "--path elsewhere.example/x: the stack has no host elsewhere.example. It has: www.example.com." in err
    assert "3 errors" in err
    code, out, err = say(folder, "warm", "--path", "/shop/missing")
    assert (code, "answered none of 1 requests well" in err) == (3, True)


def test_warming_by_sitemap_index_last_traffic_and_country(
    tmp_path: Path, start_cloud: Start, say: Callable[..., tuple[int, str, str]]
) -> None:
    folder = shop_project(tmp_path)
    cloud = start_cloud(folder)
    index = "<sitemapindex><sitemap><loc>https://www.example.com/sitemap.xml</loc></sitemap></sitemapindex>"
    (folder / "index.xml").write_text(index)
    code, out, _ = say(folder, "warm", "--from", "index.xml", "--countries", "us,DE", "--rate", "500")
    assert code == 0
    assert "2 of 2" in out
    assert "hit" in get(cloud, "/shop/s1").headers["cache-status"]
    get(cloud, "/shop/wanted")
    say(folder, "purge", "--everything")
    code, out, _ = say(folder, "warm", "--last-traffic", "--json", "--rate", "500")
    assert code == 0
    assert json.loads(out)["became_hits"] == 2
    assert "hit" in get(cloud, "/shop/wanted").headers["cache-status"]
