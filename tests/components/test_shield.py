"""The shield tier: one place for all data centres, compiled for each host; what cannot be is refused."""

import json
from typing import Any

import pulumi
import pytest
from edgewright import CachePolicy, EdgeApi, GeoRouter, KvNamespace
from edgewright._modules import SHIELD_CLASS

from tests.components.program import ACCOUNT, Run, faults_of, module_text, run

KV: Any = {"type": "kv_namespace", "name": "PAGES", "namespace_id": "abc"}


def program(tiers: dict[str, Any], **endpoint: Any) -> Any:
    def declare() -> None:
        pages = CachePolicy("pages", {"edge_ttl": 60, "tags": ["pages"], "tiers": tiers})  # type: ignore[typeddict-item]
        origin = GeoRouter("origin", {"origins": [{"region": "eu", "url": "https://eu.example.com"}], "fallback": "eu"})
        first: Any = {"path": "/pages/*", "origin": origin.routing, "cache": pages.spec, **endpoint}
        EdgeApi("api", {"account_id": ACCOUNT, "endpoints": [first]})

    return declare


def version_of(made: Run) -> Any:
    return made.one("WorkerVersion").inputs


def test_defaults_and_every_option() -> None:
    specs: list[Any] = []
    tiers = [
        {},
        {
            "location": "weur",
            "ttl": 600,
            "jitter": {"min": 300, "max": 900},
            "shards": 16,
            "max_bytes": 10_000,
            "max_object_bytes": 1000,
        },
    ]
    for index, tier in enumerate(tiers):
        made = run(lambda index=index, tier=tier: CachePolicy(f"c{index}", {"edge_ttl": 60, "tiers": {"shield": tier}}))  # type: ignore[misc]
        specs.append(made.one("CachePolicy").outputs["spec"]["tiers"]["shield"])
    assert specs[0] == {
        "binding": "EDGEWRIGHT_SHIELD",
        "location": None,
        "shards": 4,
        "ttl_s": None,
        "jitter_s": None,
        "max_bytes": 2**30,
        "max_object_bytes": 16 * 2**20,
    }
    assert specs[1] == {
        "binding": "EDGEWRIGHT_SHIELD",
        "location": "weur",
        "shards": 16,
        "ttl_s": 600,
        "jitter_s": [300, 900],
        "max_bytes": 10_000,
        "max_object_bytes": 1000,
    }


def test_each_tier_has_a_jitter_of_its_own() -> None:
    tiers: Any = {
        "memory": {"ttl_ceiling": 10, "jitter": {"min": 5, "max": 10}},
        "edge": {"ttl_ceiling": 60, "jitter": {"min": 50, "max": 70}},
    }
    made = run(lambda: CachePolicy("pages", {"edge_ttl": 60, "tiers": tiers}))
    compiled = made.one("CachePolicy").outputs["spec"]["tiers"]
    assert [compiled[tier]["jitter_s"] for tier in ("memory", "edge")] == [[5, 10], [50, 70]]


@pytest.mark.parametrize(
    ("shield", "fault"),
    [
        (
            {"location": "europe"},
            "tiers.shield.location: 'europe' is not known. Allowed: wnam, enam, sam, weur, eeur, apac, oc, afr, me. Did you mean 'weur'?",
        ),
        ({"shards": 0}, "tiers.shield.shards: 0 is out of range. Allowed: 1 to 64 objects."),
        (
            {"max_bytes": 100, "max_object_bytes": 200},
            "tiers.shield.max_object_bytes: 200 is more than the tier's max_bytes 100. Allowed: 1 to 100 bytes.",
        ),
        (
            {"ttl": 50, "jitter": {"min": 60, "max": 90}},
            "tiers.shield.jitter: 60 to 90 leaves out the ttl 50, which would have no effect. Allowed: min at most 50."
            " Change ttl with it.",
        ),
        (
            {"jitter": {"min": 70, "max": 90}},
            "tiers.shield.jitter: 70 to 90 leaves out the edge_ttl 60, which would have no effect. Allowed: min at most"
            " 60. Change edge_ttl with it.",
        ),
    ],
)
def test_what_cannot_be_is_refused(shield: Any, fault: str) -> None:
    assert faults_of(lambda: CachePolicy("pages", {"edge_ttl": 60, "tiers": {"shield": shield}})) == [fault]


ALONE: Any = {"edge": {"enabled": False}, "shield": {}}


def test_it_may_be_the_only_tier() -> None:
    made = run(program(ALONE))
    tiers = made.one("CachePolicy").outputs["spec"]["tiers"]
    assert {name for name, tier in tiers.items() if tier is not None} == {"shield"}
    assert [item["type"] for item in version_of(made)["bindings"]] == ["durable_object_namespace"]


def test_it_may_not_be_the_only_tier_where_nothing_goes_through_it() -> None:
    def declare() -> None:
        sessions = KvNamespace("sessions", {"account_id": ACCOUNT})
        pages = CachePolicy("pages", {"tiers": ALONE})
        origin = GeoRouter("origin", {"origins": [{"region": "eu", "url": "https://eu.example.com"}], "fallback": "eu"})
        only: Any = {"path": "/me", "origin": origin.routing, "cache": pages.spec, "auth": {"kind": "session"}}
        EdgeApi("api", {"account_id": ACCOUNT, "endpoints": [only], "sessions": {"binding": sessions.binding}})

    assert faults_of(declare) == [
        "endpoints[0].cache: keeps answers in the shield alone, which answers behind `auth` do not go through. Enable"
        " `memory`, `edge` or `kv`, or leave `cache` out."
    ]


def test_it_may_not_be_the_only_tier_on_cloudfront() -> None:
    def declare() -> None:
        tiers: Any = {**ALONE, "shield": {"location": "weur"}}
        pages = CachePolicy("pages", {"edge_ttl": 60, "tiers": tiers})
        origin = GeoRouter("origin", {"origins": [{"region": "eu", "url": "https://eu.example.com"}], "fallback": "eu"})
        only: Any = {"path": "/pages/*", "origin": origin.routing, "cache": pages.spec}
        EdgeApi("api", {"host": "cloudfront", "endpoints": [only]})

    assert faults_of(declare) == [
        "endpoints[0].cache: has `tiers.edge` disabled (CachePolicy 'pages'), and CloudFront keeps answers at its edges whatever"
        " is behind. Leave `tiers.edge.enabled` out of it; or use mode 'bypass', or no `cache`, where nothing is to be kept."
    ]


def test_the_worker_is_bound_to_the_objects_and_exports_their_class() -> None:
    made = run(program({"shield": {"location": "weur"}}))
    version = version_of(made)
    worker = made.one("WorkerVersion")
    assert [binding for binding in version["bindings"] if binding["type"] == "durable_object_namespace"] == [
        {"type": "durable_object_namespace", "name": "EDGEWRIGHT_SHIELD", "className": SHIELD_CLASS}
    ]
    assert version["exports"] == {SHIELD_CLASS: {"type": "durable-object", "storage": "sqlite"}}
    main = module_text(worker, "main.js")
    assert f"export const {SHIELD_CLASS} = createShield(settings, options, worker);" in main
    # The shield is a cache with memory and a store, whatever the edge has.
    assert {"cache-memory.js", "cache-edge.js", "cache-shield.js"} <= {module["name"] for module in version["modules"]}


def test_without_it_nothing_of_it_is_deployed() -> None:
    version = version_of(run(program({"kv": {"binding": KV, "ttl": 60}})))
    assert version.get("exports") is None
    assert "cache-shield.js" not in {module["name"] for module in version["modules"]}
    assert "EDGEWRIGHT_SHIELD" not in json.dumps(version["bindings"])


def test_an_endpoint_with_auth_goes_by_it() -> None:
    def declare() -> None:
        sessions = KvNamespace("sessions", {"account_id": ACCOUNT})
        pages = CachePolicy("pages", {"tiers": {"shield": {}}})
        first: Any = {"path": "/me", "session": True, "auth": {"kind": "session"}}
        second: Any = {"path": "/pages", "origin": origin().routing, "cache": pages.spec, "auth": {"kind": "session"}}
        EdgeApi(
            "api",
            {"account_id": ACCOUNT, "endpoints": [first, second], "sessions": {"binding": sessions.binding}},
        )

    def origin() -> GeoRouter:
        return GeoRouter("origin", {"origins": [{"region": "eu", "url": "https://eu.example.com"}], "fallback": "eu"})

    worker = run(declare).one("WorkerVersion")
    assert worker.inputs.get("exports") is None
    assert "createShield" not in module_text(worker, "main.js")


def test_tags_that_no_purge_could_follow_are_warned_of(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", lambda text, *_args, **_kwargs: told.append(text))
    run(program({}))
    assert told == [
        "EdgeApi 'api': pages: has tags to purge by, and neither tiers.kv nor tiers.shield, by which a purge reaches every"
        " data centre and isolate; without them only a zone's purge by tag can empty edge tiers (as Cloudflare documents"
        " it), and the rest stays until it expires"
    ]
    told.clear()
    run(program({"shield": {}}))
    run(program({"kv": {"binding": KV, "ttl": 60}}))
    assert told == []
