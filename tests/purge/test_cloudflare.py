"""Purges of a deployed stack, against a stand-in for the vendor's API."""

import itertools
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from edgewright.base.errors import InfrastructureError, ProjectError
from edgewright.cli.main import run
from edgewright.contract.purge import Purge
from edgewright.platforms.cloudflare.purge import TRIES, Cloudflare, Pace
from edgewright.purge.deployed import functions
from edgewright.testing import LocalCloud

from tests import loopback
from tests.projects import ACCOUNT, ZONE, make_project
from tests.purge.shop import shop_project, state_of
from tests.purge.stub import TOKEN, Api

NAMESPACE = "c" * 32


@pytest.fixture
def api() -> Iterator[Api]:
    stub = Api()
    yield stub
    stub.close()


@pytest.fixture
def client(api: Api) -> Iterator[tuple[Cloudflare, list[float]]]:
    slept: list[float] = []
    with Cloudflare(TOKEN, "enterprise", api.url, sleep=slept.append) as cloudflare:
        yield cloudflare, slept


Say = Callable[..., tuple[int, str, str]]


@pytest.fixture
def say(api: Api, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Say:
    monkeypatch.setenv("CLOUDFLARE_API_TOKEN", TOKEN)
    monkeypatch.setenv("CLOUDFLARE_BASE_URL", api.url)

    def call(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.chdir(tmp_path)
        capsys.readouterr()
        code = run(list(arguments))
        said = capsys.readouterr()
        return code, said.out, said.err

    return call


def state(**changes: Any) -> dict[str, Any]:
    spec = {"name": "pages", "mode": "override", "engine": "worker", "key": {"query": "all"}, **changes.pop("spec", {})}
    bound = {**spec, "bindings": [{"type": "kv_namespace", "name": "STORE", "namespace_id": NAMESPACE}]}
    options = {"accountId": ACCOUNT, "zoneId": ZONE, **changes.get("options", {})}
    api_resource = {
        "urn": "urn:pulumi:prod::demo::edgewright:index:EdgeApi::api",
        "type": "edgewright:index:EdgeApi",
        "inputs": {"cloudflare": options, "endpoints": [{"path": "/*", "cache": bound}]},
        "outputs": {
            "scriptName": "demo-api",
            "urls": ["https://www.example.com"],
            "settings": {"endpoints": [{"path": "/*", "cache": spec}]},
        },
    }
    for part in ("inputs", "outputs"):
        api_resource[part].update(changes.get(part, {}))  # type: ignore[attr-defined]
    return {"version": 3, "deployment": {"resources": [api_resource]}}


def project(folder: Path, document: dict[str, Any]) -> None:
    make_project(folder, "import pulumi\n", files={"state.json": json.dumps(document)})


def zone_calls(api: Api) -> list[Any]:
    return [body for _, path, body in api.calls if path == f"/zones/{ZONE}/purge_cache"]


def test_every_place_is_reached_the_functions_own_tiers_first(api: Api, say: Say, tmp_path: Path) -> None:
    project(tmp_path, state())
    code, out, err = say("purge", "--state", "state.json", "--url", "/b?y=1&x=2", "--prefix", "/docs", "--tag", "goods")
    assert (code, err) == (0, "")
    (_, path, pairs), *rest = api.calls
    assert path == f"/accounts/{ACCOUNT}/storage/kv/namespaces/{NAMESPACE}/bulk"
    (pair,) = pairs
    assert pair["expiration_ttl"] == 31 * 86400
    markers = json.loads(pair["value"])
    # The newest come first in a list of the keys.
    assert pair["key"].startswith(f"purge:{10**13 - markers[0]['time']}:")
    assert [(marker["type"], marker["value"]) for marker in markers] == [
        ("url", "//www.example.com/b?y=1&x=2"),
        ("url", "//www.example.com/b?x=2&y=1"),
        ("prefix", "/docs"),
        ("tag", "goods"),
    ]
    assert all(abs(marker["time"] - time.time() * 1000) < 60_000 and not marker["soft"] for marker in markers)
    assert [body for _, _, body in rest] == [
        {"files": ["https://www.example.com/b?y=1&x=2"]},
        {"prefixes": ["www.example.com/docs"]},
        {"tags": ["goods"]},
    ]
    assert "in 90 s at most" in out


def test_the_functions_tiers_are_told_of_the_normal_form_and_the_zone_of_the_given_one_too(
    api: Api, say: Say, tmp_path: Path
) -> None:
    project(tmp_path, state())
    assert say("purge", "--state", "state.json", "--url", "/a;b//c?x=1;y", "--prefix", "/p|q")[0] == 0
    (_, _, pairs), *rest = api.calls
    values = [marker["value"] for marker in json.loads(pairs[0]["value"])]
    assert values == ["//www.example.com/a%3Bb/c?x=1%3By", "/p%7Cq"]
    host = "https://www.example.com"
    assert [body for _, _, body in rest] == [
        {"files": [f"{host}/a;b//c?x=1;y", f"{host}/a%3Bb/c?x=1%3By"]},
        {"prefixes": ["www.example.com/p|q", "www.example.com/p%7Cq"]},
    ]


def test_what_is_sent_on_as_it_is_is_purged_as_it_is(api: Api, say: Say, tmp_path: Path) -> None:
    document = state(spec={"mode": "origin"})
    document["deployment"]["resources"][0]["outputs"]["settings"]["url_normalization"] = "none"
    project(tmp_path, document)
    assert say("purge", "--state", "state.json", "--url", "/a%2Fb;c//d?")[0] == 0
    markers = json.loads(api.calls[0][2][0]["value"])
    assert [marker["value"] for marker in markers] == ["//www.example.com/a%2Fb;c//d?"]


def test_what_a_deployed_stack_cannot_have_is_refused_all_at_once(api: Api, say: Say, tmp_path: Path) -> None:
    project(tmp_path, state(options={"routes": ["*.shop.example.com/*"]}))
    code, out, err = say(
        *("purge", "--state", "state.json", "--url", "/%ff", "--url", "https://other.example/x", "--url", "//x"),
        *("--prefix", "https://a.shop.example.com/x", "--prefix", "/a%2Fb", "--tag", "a b"),
    )
    assert (code, out, api.calls) == (2, "", [])
    for told in (
        "--url '/%ff': can never be served: The path has escapes or characters that are not Unicode",
        "the stack has no host other.example. With a cache it has: www.example.com, *.shop.example.com.",
        "--url '//x': begins with",
        "--prefix '/a%2Fb': can never be served",
        "--tag 'a b'",
        "5 errors",
    ):
        assert told in err, err


def test_a_large_purge_goes_in_requests_of_a_hundred_and_markers_of_five_hundred(
    api: Api, say: Say, tmp_path: Path
) -> None:
    project(tmp_path, state())
    options = [part for number in range(750) for part in ("--tag", f"t{number}")]
    assert say("purge", "--deployed", "--state", "state.json", *options, "--plan", "enterprise")[0] == 0
    assert [len(json.loads(pair["value"])) for pair in api.calls[0][2]] == [500, 250]
    assert [len(body["tags"]) for body in zone_calls(api)] == [100] * 7 + [50]


def test_soft_and_everything(api: Api, say: Say, tmp_path: Path) -> None:
    project(tmp_path, state())
    code, _, err = say("purge", "--state", "state.json", "--everything", "--soft")
    assert (code, zone_calls(api)) == (0, [])
    assert "soft" not in err
    # The zone's own soft purge: what it has is stale, and not gone.
    assert api.calls[-1] == ("POST", f"/zones/{ZONE}/invalidate_cache", {"purge_everything": True})
    (marker,) = json.loads(api.calls[0][2][0]["value"])
    assert (marker["type"], marker["soft"]) == ("everything", True)
    say("purge", "--state", "state.json", "--tag", "a", "--prefix", "/b", "--soft")
    assert [(path, body) for _, path, body in api.calls[-2:]] == [
        (f"/zones/{ZONE}/invalidate_cache", {"prefixes": ["www.example.com/b"]}),
        (f"/zones/{ZONE}/invalidate_cache", {"tags": ["a"]}),
    ]
    say("purge", "--state", "state.json", "--everything")
    assert zone_calls(api) == [{"purge_everything": True}]


@pytest.mark.parametrize(
    ("options", "told", "untold"),
    [
        (["--tag", "a"], "The zone's purge of tags empties its edge tier too", "by URL or prefix"),
        (["--everything"], "The zone's purge of everything empties its edge tier too", "by URL or prefix"),
        (
            ["--tag", "a", "--url", "/x"],
            "and so does in both what is named by URL or prefix",
            "stays until it expires. Give",
        ),
        (["--url", "/x"], "what its edge tier and memory hold stays until it expires", "The zone's purge"),
    ],
)
def test_what_the_zones_purge_reaches_of_a_function_that_takes_none(
    say: Say, tmp_path: Path, options: list[str], told: str, untold: str
) -> None:
    project(tmp_path, state(inputs={"endpoints": []}))
    code, _, err = say("purge", "--state", "state.json", *options, "--dry-run")
    said = " ".join(err.split())
    assert (code, told in said, untold in said) == (0, True, False), said


def test_with_cache_rules_what_was_fetched_of_origins_is_purged_too(api: Api, say: Say, tmp_path: Path) -> None:
    spec = {"name": "pages", "mode": "override", "engine": "worker", "key": {"query": "all"}}
    origins = [
        {"region": "eu", "url": "https://eu.origin.example"},
        {"region": "us", "url": "https://us.origin.example/v1/"},
    ]
    target = {"kind": "origin", "router": "all", "strip_prefix": "/shop"}
    endpoints = [
        {"path": "/shop/items/:id", "cache": spec, "target": target},
        {"path": "/other", "cache": None, "target": {**target, "strip_prefix": None}},
    ]
    settings = {"routers": [{"name": "all", "origins": origins}], "endpoints": endpoints}
    document = state(inputs={"endpoints": []}, options={"cacheRules": True}, outputs={"settings": settings})
    project(tmp_path, document)
    assert (
        say("purge", "--state", "state.json", "--url", "/shop/items/7?x=1", "--prefix", "/sh", "--url", "/none")[0] == 0
    )
    urls, prefixes = zone_calls(api)
    assert set(urls["files"]) >= {"https://www.example.com/shop/items/7?x=1", "https://www.example.com/none"}
    # Each as it is written and in the edge's normal form; nothing of the endpoint that is not cached.
    assert {prefix.rstrip("/") for prefix in prefixes["prefixes"]} == {
        "eu.origin.example/items",
        "eu.origin.example/items/7",
        "us.origin.example/v1/items",
        "us.origin.example/v1/items/7",
        "www.example.com/sh",
    }
    # Without the rules the zone keeps nothing of origins that a purge would have to name.
    project(tmp_path, state(outputs={"settings": settings}))
    say("purge", "--state", "state.json", "--prefix", "/sh")
    assert zone_calls(api)[-1] == {"prefixes": ["www.example.com/sh"]}


@pytest.mark.parametrize(("zone", "options", "left"), [(None, ["--tag", "a"], 2), (ZONE, ["--tag", "a", "--soft"], 0)])
def test_without_a_zone_or_softly_nothing_reaches_it(
    say: Say, tmp_path: Path, zone: str | None, options: list[str], left: int
) -> None:
    project(tmp_path, state(inputs={"endpoints": []}, options={"zoneId": zone}))
    code, _, err = say("purge", "--state", "state.json", *options, "--dry-run")
    assert code == left
    assert "what its edge tier and memory hold stays until it expires" in " ".join(err.split())


def test_a_dry_run_says_what_it_would_do_without_credentials(
    api: Api, say: Say, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project(tmp_path, state())
    monkeypatch.delenv("CLOUDFLARE_API_TOKEN")
    code, out, _ = say("purge", "--state", "state.json", "--tag", "a", "--dry-run")
    assert (code, api.calls) == (0, [])
    assert out.splitlines() == [
        f"would purge demo-api: markers in KV namespace {NAMESPACE}",
        f"would purge zone {ZONE}: 1 tag",
    ]
    code, _, err = say("purge", "--state", "state.json", "--tag", "a")
    assert code == 2
    assert "CLOUDFLARE_API_TOKEN is not set" in err
    assert "Zone > Cache Purge" in err


def test_what_the_stack_has_no_way_for_is_said(api: Api, say: Say, tmp_path: Path) -> None:
    unbound = state(spec={"engine": "platform"}, inputs={"endpoints": []}, options={"zoneId": None})
    project(tmp_path, unbound)
    code, _, err = say("purge", "--state", "state.json", "--tag", "a")
    assert (code, api.calls) == (2, [])
    for part in (
        "has neither a KV tier nor a shield",
        "takes a purge from the function alone",
        "nothing that the stack has can be purged",
    ):
        assert part in err


def test_refusals_are_waited_for_as_long_as_they_say(api: Api, client: tuple[Cloudflare, list[float]]) -> None:
    cloudflare, slept = client
    api.refusals = [(429, {"Retry-After": "7"}), (503, {}), (500, {})]
    cloudflare.purge_zone(ZONE, Purge(tags=("a",)))
    assert 7 <= slept[0] <= 8
    assert 1 <= slept[1] <= 2
    assert 2 <= slept[2] <= 4
    assert len(api.calls) == 1


def test_a_refusal_without_end_is_given_up_and_says_how_to_go_on(
    api: Api, client: tuple[Cloudflare, list[float]]
) -> None:
    cloudflare, slept = client
    api.refusals = [(429, {})] * 100
    with pytest.raises(InfrastructureError, match="run the same command again later"):
        cloudflare.purge_zone(ZONE, Purge(tags=("a",)))
    assert len(slept) == TRIES - 1
    assert all(later > earlier / 2 for earlier, later in itertools.pairwise(slept))
    assert max(slept) <= 60


@pytest.mark.parametrize("status", [400, 404, 413])
def test_a_fault_of_ours_is_not_tried_again(status: int, api: Api, client: tuple[Cloudflare, list[float]]) -> None:
    cloudflare, slept = client
    api.refusals = [(status, {})]
    with pytest.raises(InfrastructureError, match=str(status)):
        cloudflare.purge_zone(ZONE, Purge(tags=("a",)))
    assert slept == []


def test_a_token_that_may_not_is_a_matter_of_settings(api: Api) -> None:
    with Cloudflare("wrong", "free", api.url) as cloudflare:
        with pytest.raises(ProjectError, match="needs the permission Zone > Cache Purge"):
            cloudflare.purge_zone(ZONE, Purge(tags=("a",)))
        with pytest.raises(ProjectError, match="Workers KV Storage"):
            cloudflare.write_keys(ACCOUNT, NAMESPACE, [{"key": "k", "value": "v"}])


def test_keys_that_were_not_taken_are_a_failure(api: Api, client: tuple[Cloudflare, list[float]]) -> None:
    api.unsuccessful = ["k"]
    with pytest.raises(InfrastructureError, match="took not all keys: k"):
        client[0].write_keys(ACCOUNT, NAMESPACE, [{"key": "k", "value": "v"}])


@pytest.mark.parametrize("url", ["http://api.example.com", "ftp://x", "nonsense"])
def test_the_token_goes_to_no_plain_address_but_this_machines(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLOUDFLARE_API_TOKEN", "x")
    monkeypatch.setenv("CLOUDFLARE_BASE_URL", url)
    with pytest.raises(ProjectError, match="https://"):
        Cloudflare.from_environment("free")


def test_the_pace_lets_a_burst_through_and_then_the_plans_rate() -> None:
    now = [0.0]
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(round(seconds, 6))
        now[0] += seconds

    pace = Pace(3, 0.5, lambda: now[0], sleep)
    for _ in range(5):
        pace.take()
    assert slept == [2, 2]
    now[0] += 1000
    for _ in range(3):
        pace.take()
    assert len(slept) == 2


def test_what_was_interrupted_goes_on_and_keeps_its_time(
    api: Api, say: Say, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edgewright.platforms.cloudflare.purge.TRIES", 1)
    project(tmp_path, state())
    options = ["purge", "--state", "state.json", *[part for number in range(150) for part in ("--tag", f"t{number}")]]
    taken: list[int] = []

    def once(_namespace: str, _pairs: object) -> None:
        taken.append(1)
        # The first request to the zone is taken, the second refused.
        api.refusals = []

    api.on_keys = once
    original = api.answer

    def answer(method: str, path: str, token: str | None, body: Any) -> Any:
        if len(api.calls) == 2:
            api.refusals = [(503, {})]
        return original(method, path, token, body)

    api.answer = answer  # type: ignore[method-assign]
    code, _, err = say(*options)
    assert (code, len(api.calls)) == (3, 2)
    assert "it goes on from here" in err
    journal = next((tmp_path / ".edgewright" / "local").glob("*.journal"))
    assert TOKEN not in journal.read_text()
    api.answer = original  # type: ignore[method-assign]
    api.refusals = []
    code, _out, err = say(*options)
    assert code == 0
    assert "2 of 3 steps are done" in err
    assert (len(taken), [len(body["tags"]) for body in zone_calls(api)]) == (1, [100, 50])
    assert not journal.exists()
    # Another purge is another task, and the same again is not skipped.
    assert say(*options)[0] == 0
    assert len(taken) == 2


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({}, "is not a stack's state"),
        ({"deployment": {"resources": []}}, "has no EdgeApi with a cache"),
        (
            state(inputs={"endpoints": {"4dabf18193072939515e22adb298388d": "1b47", "ciphertext": "v1:x"}}),
            "endpoints is secret; write the state with: pulumi stack export --show-secrets",
        ),
    ],
)
def test_a_state_that_does_not_say_enough(document: dict[str, Any], message: str) -> None:
    with pytest.raises(ProjectError) as raised:
        functions(document, "state.json")
    assert message in str(raised.value)


def test_a_secret_that_is_shown_is_read() -> None:
    shown = {"4dabf18193072939515e22adb298388d": "1b47", "plaintext": json.dumps(ACCOUNT)}
    assert functions(state(options={"accountId": shown}), "x")[0].account_id == ACCOUNT


def test_without_the_pulumi_cli_the_state_is_asked_for(
    say: Say, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project(tmp_path, state())
    monkeypatch.setenv("PATH", str(tmp_path))
    code, _, err = say("purge", "--deployed", "--tag", "a")
    assert code == 2
    assert "pulumi stack export --stack local | edgewright purge local --state -" in err


@pytest.mark.runtime
def test_the_cache_in_front_is_purged_by_the_function_itself(
    api: Api, say: Say, tmp_path: Path, start_cloud: Callable[..., LocalCloud], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edgewright.platforms.cloudflare.purge_steps.FIRST_WAIT_S", 0.01)
    cloud = start_cloud(shop_project(tmp_path, "platform"))
    document = state_of(cloud.capture)
    for resource in document["deployment"]["resources"]:
        if resource["type"] == "edgewright:index:EdgeApi":
            resource["outputs"]["urls"] = [cloud.url]
    (tmp_path / "state.json").write_text(json.dumps(document))
    late: list[tuple[str, dict[str, Any]]] = []

    def arrive(namespace: str, pairs: list[dict[str, Any]]) -> None:
        # The ticket arrives after the function was first asked about it.
        for pair in pairs:
            if pair["key"].startswith("purge-request:") and not late:
                late.append((namespace, pair))
            else:
                cloud.control.kv_put(namespace, pair["key"], pair["value"].encode())

    api.on_keys = arrive

    def get(path: str) -> httpx.Response:
        return loopback.get(cloud.url + path)

    sleeps: list[float] = []

    def sleep(seconds: float) -> None:
        sleeps.append(seconds)
        namespace, pair = late[0]
        cloud.control.kv_put(namespace, pair["key"], pair["value"].encode())

    monkeypatch.setattr("edgewright.cli.purge.Purger", _with_sleep(sleep))
    before, stays = get("/shop/a").text, get("/shop/b").text
    assert get("/shop/a").headers["cf-cache-status"] == "HIT"
    code, out, err = say("purge", "--state", "state.json", "--url", "/shop/a")
    assert (code, len(sleeps)) == (0, 1), err
    assert "cache in front, 1 URL" in out
    after = get("/shop/a")
    assert (after.text != before, after.headers["cf-cache-status"]) == (True, "MISS")
    assert get("/shop/b").text == stays


def _with_sleep(sleep: Callable[[float], None]) -> Callable[..., Any]:
    from edgewright.purge.run import Purger

    return lambda *arguments: Purger(*arguments, sleep=sleep)
