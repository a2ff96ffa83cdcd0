"""Options of single platforms: given for several at once, checked for all, and doing something on their own alone. Account and
zone are said once. What is given at an old place says where it is now."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pulumi
import pytest
from edgewright import CachePolicy, EdgeApi, GeoRouter, KvNamespace
from edgewright.arguments.shape import unwrap
from edgewright.base.fault_codes import Code
from edgewright.base.faults import InputFaults
from edgewright.cache_policy import CachePolicyArgs
from edgewright.edge_api import EdgeApiArgs, Endpoint
from edgewright.kv_namespace import KvNamespaceArgs
from edgewright.platforms import HOSTS, part_of
from pulumi.provider.experimental.util import camel_case
from typing_extensions import is_typeddict

from tests.components.program import ACCOUNT, VERSION, ZONE, Run, faults_of, run

KV: Any = {"type": "kv_namespace", "name": "PRODUCTS", "namespace_id": "0" * 32}
ASSOCIATION = {"events": ["viewer-response"], "arn": "arn:aws:lambda:us-east-1:123456789012:function:f:1"}
OTHER = "f" * 32

API: Mapping[str, Mapping[str, Any]] = {
    "cloudflare": {
        "account_id": ACCOUNT,
        "zone_id": ZONE,
        "zone_name": "example.com",
        "routes": ["www.example.com/*"],
        "workers_dev": True,
        "observability": {"enabled": True, "head_sampling_rate": 0.5, "invocation_logs": False, "traces": True},
        "tiered_cache": True,
        "cache_rules": True,
        "zone_plan": "pro",
        "placement": "smart",
        "compatibility_date": "2026-01-01",
        "compatibility_flags": ["nodejs_compat"],
    },
    "cloudfront": {
        "certificate_arn": "arn:aws:acm:us-east-1:123456789012:certificate/12345678-1234-1234-1234-123456789012",
        "hosted_zone_id": "Z1",
        "price_class": "PriceClass_100",
        "origin_shield": "eu-central-1",
        "web_acl_arn": "arn:aws:wafv2:us-east-1:123456789012:global/webacl/own/1",
        "access_logs": True,
        "log_retention_days": 90,
        "metrics": True,
        "dashboard": True,
        "wait_for_deployment": True,
    },
}
ENDPOINT: Mapping[str, Mapping[str, Any]] = {"cloudfront": {"functions": [ASSOCIATION]}}
STORE: Mapping[str, Mapping[str, Any]] = {
    "cloudflare": {
        "account_id": ACCOUNT,
        "binding_name": "OWN",
        "default_ttl": "1h",
        "list_limit": 10,
        "jurisdiction": "eu",
    }
}
CACHE: Mapping[str, Mapping[str, Any]] = {
    "cloudflare": {
        "engine": "worker",
        "tiers": {
            "memory": {"enabled": True, "max_bytes": 5000, "max_object_bytes": 50, "ttl_ceiling": 9, "jitter": {"min": 1, "max": 9}},
            "kv": {"binding": KV, "ttl": "1d", "jitter": {"min": 60, "max": 600}, "max_object_bytes": 900},
            "shield": {"ttl": 90, "jitter": {"min": 1, "max": 90}, "shards": 2, "max_bytes": 90000, "max_object_bytes": 9000},
        },
    }
}  # fmt: skip
OWNERS: Mapping[str, tuple[Any, Mapping[str, Mapping[str, Any]]]] = {
    "EdgeApi": (EdgeApiArgs, API),
    "Endpoint": (Endpoint, ENDPOINT),
    "KvNamespace": (KvNamespaceArgs, STORE),
    "CachePolicy": (CachePolicyArgs, CACHE),
}
"""By the component or mapping that has options: what describes its arguments, and every option with a value."""


def program(host: str, *, options: bool = True, **api: Any) -> Callable[[], object]:
    """Return a program that gives every option of every platform, or none but the account and the zone."""

    def given(owner: str, **args: Any) -> Any:
        return {**args, **(OWNERS[owner][1] if options else {})}

    def declared() -> None:
        KvNamespace("store", given("KvNamespace", host=host))
        cache = CachePolicy("cache", given("CachePolicy", edge_ttl=60, tiers={"shield": {"location": "weur"}}))
        router = GeoRouter("o", {"origins": [{"region": "us", "url": "https://us.example.com"}], "fallback": "us"})
        endpoints = [given("Endpoint", path="/a", origin=router.routing, cache=cache.spec)]
        whole: Any = {**given("EdgeApi", host=host, endpoints=endpoints), **api}
        EdgeApi("api", whole)

    return declared


SOUND: Mapping[str, Any] = {
    "hostname": "shop.example.com",
    # A region of Origin Shield goes for all origins: the strategy's own place has to be that one.
    "cloudfront": {**API["cloudfront"], "origin_shield": "eu-west-1"},
}
"""What goes with all the options."""


def children(found: Run) -> list[tuple[str, str]]:
    """Return what was made, without what the components themselves were given."""
    return [
        (each.urn, json.dumps(each.inputs, default=lambda archive: type(archive).__name__, sort_keys=True))
        for each in found.resources
        if not each.type.startswith("edgewright:")
    ]


def test_every_option_is_tried_here() -> None:
    for owner, (_, given) in OWNERS.items():
        for host in HOSTS:
            shape = part_of(host, "options").OPTIONS.get(owner)
            assert sorted(given.get(host, {})) == sorted(shape.__annotations__ if shape else ()), f"{owner} on {host}"


@pytest.mark.parametrize("host", HOSTS)
def test_one_program_gives_the_options_of_all_and_those_of_the_others_do_nothing(host: str) -> None:
    """What is made is what the platform's own options make alone."""
    alone = {owner: {host: given[host]} if host in given else {} for owner, (_, given) in OWNERS.items()}

    def only() -> None:
        store: Any = {"host": host, **alone["KvNamespace"]}
        KvNamespace("store", store)
        shield: Any = {"edge_ttl": 60, "tiers": {"shield": {"location": "weur"}}, **alone["CachePolicy"]}
        router = GeoRouter("o", {"origins": [{"region": "us", "url": "https://us.example.com"}], "fallback": "us"})
        endpoint: Any = {"path": "/a", "origin": router.routing, "cache": CachePolicy("cache", shield).spec}
        args: Any = {"host": host, "endpoints": [{**endpoint, **alone["Endpoint"]}], "hostname": "shop.example.com"}
        whole: Any = {**args, **alone["EdgeApi"]}
        EdgeApi("api", whole)

    alone["EdgeApi"] = {host: {**API, **SOUND}[host]}
    both = run(program(host, **SOUND))
    assert children(both) == children(run(only))


@pytest.mark.parametrize("host", HOSTS)
def test_a_fault_in_anothers_options_is_told(host: str) -> None:
    (other,) = set(HOSTS) - {host}
    wrong: Mapping[str, Mapping[str, Any]] = {
        "cloudflare": {"zone_id": "x", "routes": ["nowhere"], "placement": "far", "compatibility_date": "2021", "zone": 1},
        "cloudfront": {"price_class": "All", "origin_shield": "mars", "log_retention_days": 2, "hosted_zone_id": "x", "zone": 1},
    }  # fmt: skip
    found = faults_of(program(host, options=False, **{other: wrong[other]}))
    assert sorted(fault.split(": ")[0].partition("[")[0] for fault in found) == sorted(
        f"{other}.{key}" for key in wrong[other]
    )


def test_a_fault_in_the_options_of_stores_strategies_and_endpoints_is_told_on_any_host() -> None:
    store: Any = {"host": "cloudfront", "cloudflare": {"default_ttl": 5, "jurisdiction": "mars"}}
    assert [fault.split(": ")[0] for fault in faults_of(lambda: KvNamespace("store", store))] == [
        "cloudflare.default_ttl",
        "cloudflare.jurisdiction",
    ]
    strategy: Any = {
        "edge_ttl": 60,
        "cloudflare": {"tiers": {"kv": {"binding": KV, "ttl": 5}, "memory": {"max_bytes": 0}}},
    }
    assert [fault.split(": ")[0] for fault in faults_of(lambda: CachePolicy("p", strategy))] == [
        "cloudflare.tiers.memory.max_bytes",
        "cloudflare.tiers.kv.ttl",
    ]
    endpoint: Any = {"path": "/a", "session": True, "cloudfront": {"functions": ["f"]}}
    (fault,) = [each for each in faults_of(lambda: EdgeApi("a", {"endpoints": [endpoint]})) if "functions" in each]
    assert fault.startswith("endpoints[0].cloudfront.functions[0]: 'f' is not a function")


def test_a_strategy_is_on_each_platform_what_its_options_make_it() -> None:
    strategy: Any = {"edge_ttl": 60, **CACHE}
    spec = run(lambda: CachePolicy("p", strategy)).one("CachePolicy").outputs["spec"]
    assert spec["tiers"]["kv"] is None
    assert "bindings" not in spec
    (of_cloudflare,) = spec["hosts"].values()
    assert of_cloudflare["tiers"]["kv"]["ttl_s"] == 86400
    assert of_cloudflare["tiers"]["shield"]["shards"] == 2
    assert of_cloudflare["bindings"] == [KV]
    inputs = {host: run(program(host, **SOUND)).one("EdgeApi").inputs["endpoints"][0]["cache"] for host in HOSTS}
    assert inputs["cloudflare"]["tiers"]["kv"] is not None
    assert inputs["cloudfront"]["tiers"]["kv"] is None


# --- old places --------------------------------------------------------------------------------------------------------


def moves() -> Iterator[tuple[str, str, str, tuple[str, ...], Any]]:
    """Yield each move: who has it, how the name is written, the platform, the old place, and the value."""
    for owner, (shape, given) in OWNERS.items():
        for host, options in given.items():
            for steps, value in _leaves(shape, options):
                yield owner, "python", host, steps, value
                if camel_case(steps[-1]) != steps[-1]:
                    yield owner, "others", host, steps, value


def _leaves(shape: Any, options: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], Any]]:
    for key, value in options.items():
        below = unwrap(shape.__annotations__[key])[0] if key in shape.__annotations__ else None
        if isinstance(value, Mapping) and is_typeddict(below):
            yield from (((key, *steps), leaf) for steps, leaf in _leaves(below, value))
        else:
            yield (key,), value


@pytest.mark.parametrize(("owner", "language", "host", "steps", "value"), list(moves()))
def test_an_old_place_says_where_it_is_now(
    owner: str, language: str, host: str, steps: tuple[str, ...], value: Any
) -> None:
    names = steps if language == "python" else tuple(camel_case(step) for step in steps)
    args: Any = value
    for name in reversed(names):
        args = {name: args}
    endpoint: Any = {"path": "/a", "session": True}
    api: Any = {"endpoints": [endpoint], **args}
    with_one: Any = {"endpoints": [{**endpoint, **args}]}
    makers: Mapping[str, Callable[[], object]] = {
        "EdgeApi": lambda: EdgeApi("it", api),
        "Endpoint": lambda: EdgeApi("it", with_one),
        "KvNamespace": lambda: KvNamespace("it", args),
        "CachePolicy": lambda: CachePolicy("it", args),
    }
    before = "endpoints[0]." if owner == "Endpoint" else ""
    path = ".".join(names)
    with pytest.raises(InputFaults) as caught:
        run(makers[owner])
    (fault,) = [each for each in caught.value.faults if each.code is Code.MOVED]
    assert fault.path == f"{before}{path}"
    assert fault.problem == f"moved to {before}{host}.{path}, because no other platform has it"
    assert fault.fix.startswith(f"Write `{host}: {{")
    # And it is looked at there: it is not missing as well.
    assert not any(each.code is Code.MISSING and each.path.endswith(steps[-1]) for each in caught.value.faults)


def test_the_page_of_upgrades_has_every_move() -> None:
    page = (Path(__file__).parents[2] / "docs" / "upgrade.md").read_text("utf-8")
    rows = set(re.findall(r"^\| (\w+) \| `([\w.\[\]]+)` \| `([\w.\[\]]+)` \|$", page, re.MULTILINE))
    wanted = set()
    for owner, language, host, steps, _ in moves():
        before = "endpoints[]." if owner == "Endpoint" else ""
        component = "EdgeApi" if owner == "Endpoint" else owner
        if language == "python":
            wanted.add((component, f"{before}{'.'.join(steps)}", f"{before}{host}.{'.'.join(steps)}"))
    assert rows == wanted


# --- account and zone ------------------------------------------------------------------------------------------------------


def settings(**said: str) -> dict[str, str]:
    return {"edgewright:cloudflare": json.dumps(said)}


def named(**options: Any) -> Callable[[], object]:
    endpoint: Any = {"path": "/a", "session": True}
    sessions: Any = {"binding": KV}
    args: Any = {"endpoints": [endpoint], "sessions": sessions, "hostname": "a.example.com"}
    whole: Any = {**args, **({"cloudflare": options} if options else {})}
    return lambda: EdgeApi("api", whole)


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.delenv("CLOUDFLARE_ACCOUNT_ID", raising=False)
    return monkeypatch


def test_the_components_own_option_wins_then_the_settings_then_the_environment(
    environment: pytest.MonkeyPatch,
) -> None:
    def account(said: Mapping[str, str], **options: Any) -> object:
        return run(named(**options), settings=said).one("Worker").inputs["accountId"]

    environment.setenv("CLOUDFLARE_ACCOUNT_ID", "e" * 32)
    assert account(settings(zone_id=ZONE)) == "e" * 32
    assert account(settings(zone_id=ZONE, account_id=ACCOUNT)) == ACCOUNT
    assert account(settings(zone_id=ZONE, account_id=ACCOUNT), account_id=OTHER) == OTHER


def test_a_zone_of_the_settings_is_that_of_every_hostname(environment: pytest.MonkeyPatch) -> None:
    found = run(named(), settings=settings(account_id=ACCOUNT, zone_id=ZONE, zone_name="example.com"))
    assert found.one("WorkersCustomDomain").inputs["zoneId"] == ZONE
    assert found.one("EdgeApi").inputs["cloudflare"] == {
        "accountId": ACCOUNT,
        "zoneId": ZONE,
        "zoneName": "example.com",
    }
    outside = faults_of(named(), settings=settings(account_id=ACCOUNT, zone_id=ZONE, zone_name="example.org"))
    assert [fault.split(": ")[0] for fault in outside] == ["hostname"]

    def in_no_zone() -> None:
        KvNamespace("kv", {})
        EdgeApi("api", {"endpoints": [{"path": "/a", "session": True}], "sessions": {"binding": KV}})

    # One that an API has no use for is for the others: only its own zone, which does nothing, would be a fault.
    assert run(in_no_zone, settings=settings(account_id=ACCOUNT, zone_id=ZONE)).of("WorkersCustomDomain") == []


def test_where_nothing_says_the_account_all_three_places_are_told(environment: pytest.MonkeyPatch) -> None:
    for component in (named(zone_id=ZONE), lambda: KvNamespace("kv", {})):
        (fault,) = faults_of(component, settings={})
        assert fault.startswith("cloudflare.account_id: is required")
        for place in ("`edgewright:cloudflare`", "CLOUDFLARE_ACCOUNT_ID", '`cloudflare: {"account_id": ...}`'):
            assert place in fault


def test_what_is_wrong_is_told_at_the_place_that_says_it(environment: pytest.MonkeyPatch) -> None:
    def paths(said: Mapping[str, str], **options: Any) -> list[str]:
        return [fault.split(": ")[0] for fault in faults_of(named(**options), settings=said)]

    assert paths(settings(account_id="x", zone_id=ZONE)) == ["edgewright:cloudflare.account_id"]
    assert paths(settings(account_id=ACCOUNT, zone_id="x")) == ["edgewright:cloudflare.zone_id"]
    assert paths(settings(account_id=ACCOUNT, zone_id=ZONE, zone_name="X")) == ["edgewright:cloudflare.zone_name"]
    assert paths(settings(account_id=ACCOUNT, zone_id=ZONE, zoneId=ZONE)) == ["edgewright:cloudflare.zoneId"]
    assert paths({"edgewright:cloudflare": "acme"}, account_id=ACCOUNT, zone_id=ZONE) == ["edgewright:cloudflare"]
    assert paths({"edgewright:cloudflare": "[1]"}, account_id=ACCOUNT, zone_id=ZONE) == ["edgewright:cloudflare"]
    environment.setenv("CLOUDFLARE_ACCOUNT_ID", "x")
    assert paths(settings(zone_id=ZONE)) == ["CLOUDFLARE_ACCOUNT_ID"]


def test_an_account_that_becomes_known_later_goes_before_the_settings(environment: pytest.MonkeyPatch) -> None:
    def declared() -> None:
        named(account_id=pulumi.Output.from_input(OTHER), zone_id=ZONE)()

    found = run(declared, settings=settings(account_id=ACCOUNT))
    assert found.one("Worker").inputs["accountId"] == OTHER


def test_a_rollout_between_hosts_of_one_program_is_of_each_hosts_own_version() -> None:
    rollout: Any = {"percentage": 10, "previous_version_id": VERSION}
    run(program("cloudflare", options=False, rollout=rollout))
    (fault,) = faults_of(program("cloudfront", options=False, rollout=rollout))
    assert fault.startswith("rollout.previous_version_id: ")
