"""The shield tier: one place for all data centres, compiled for each host; what cannot be is refused."""

import importlib
from collections.abc import Sequence
from functools import partial
from typing import Any

import pulumi
import pytest
from edgewright import CachePolicy, EdgeApi, GeoRouter, KvNamespace
from edgewright.assemble.worker import SHIELD_CLASS
from edgewright.cache_policy import CachePolicyArgs, spec_on

from tests.components.program import ACCOUNT, VERSION, Cloud, Run, faults_of, module_text, placed, run

KV: Any = {"type": "kv_namespace", "name": "PAGES", "namespace_id": "abc"}


def policy(name: str, *, tags: Sequence[str] = (), **tiers: Any) -> CachePolicy:
    """Declare a strategy with these tiers, of which those of Cloudflare alone are given where it has them."""
    args: Any = placed({"edge_ttl": 60, "tags": list(tags), "tiers": tiers}, CachePolicyArgs)
    return CachePolicy(name, args)


def program(tiers: dict[str, Any], **endpoint: Any) -> Any:
    def declare() -> None:
        pages = policy("pages", tags=["pages"], **tiers)
        origin = GeoRouter("origin", {"origins": [{"region": "eu", "url": "https://eu.example.com"}], "fallback": "eu"})
        first: Any = {"path": "/pages/*", "origin": origin.routing, "cache": pages.spec, **endpoint}
        EdgeApi("api", {"endpoints": [first]})

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
        made = run(partial(policy, f"c{index}", shield=tier))
        specs.append(spec_on("cloudflare", made.one("CachePolicy").outputs["spec"])["tiers"]["shield"])
    assert specs[0] == {
        "class_name": "EdgewrightShield",
        "location": None,
        "shards": 4,
        "ttl_s": None,
        "jitter_s": None,
        "max_bytes": 2**30,
        "max_object_bytes": 16 * 2**20,
    }
    assert specs[1] == {
        "class_name": "EdgewrightShield",
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
    made = run(lambda: policy("pages", **tiers))
    compiled = spec_on("cloudflare", made.one("CachePolicy").outputs["spec"])["tiers"]
    assert [compiled[tier]["jitter_s"] for tier in ("memory", "edge")] == [[5, 10], [50, 70]]


@pytest.mark.parametrize(
    ("shield", "fault"),
    [
        (
            {"location": "europe"},
            "tiers.shield.location: 'europe' is not known. Allowed: wnam, enam, sam, weur, eeur, apac, oc, afr, me. Did you mean 'weur'?",
        ),
        ({"shards": 0}, "cloudflare.tiers.shield.shards: 0 is out of range. Allowed: 1 to 64 objects."),
        (
            {"max_bytes": 100, "max_object_bytes": 200},
            "cloudflare.tiers.shield.max_object_bytes: 200 is more than the tier's max_bytes 100. Allowed: 1 to 100 bytes.",
        ),
        (
            {"ttl": 50, "jitter": {"min": 60, "max": 90}},
            "cloudflare.tiers.shield.jitter: 60 to 90 leaves out the ttl 50, which would have no effect. Allowed: min at most 50."
            " Change ttl with it.",
        ),
        (
            {"jitter": {"min": 70, "max": 90}},
            "cloudflare.tiers.shield.jitter: 70 to 90 leaves out the edge_ttl 60, which would have no effect. Allowed: min at most"
            " 60. Change edge_ttl with it.",
        ),
    ],
)
def test_what_cannot_be_is_refused(shield: Any, fault: str) -> None:
    assert faults_of(lambda: policy("pages", shield=shield)) == [fault]


ALONE: Any = {"edge": {"enabled": False}, "shield": {}}


def test_it_may_be_the_only_tier() -> None:
    made = run(program(ALONE))
    tiers = made.one("CachePolicy").outputs["spec"]["tiers"]
    assert {name for name, tier in tiers.items() if tier is not None} == {"shield"}
    assert version_of(made)["bindings"] == []
    assert version_of(made)["exports"] == {SHIELD_CLASS: {"type": "durable-object", "storage": "sqlite"}}


def test_it_may_not_be_the_only_tier_where_nothing_goes_through_it() -> None:
    def declare() -> None:
        sessions = KvNamespace("sessions", {})
        pages = CachePolicy("pages", {"tiers": ALONE})
        origin = GeoRouter("origin", {"origins": [{"region": "eu", "url": "https://eu.example.com"}], "fallback": "eu"})
        only: Any = {"path": "/me", "origin": origin.routing, "cache": pages.spec, "auth": {"kind": "session"}}
        EdgeApi("api", {"endpoints": [only], "sessions": {"binding": sessions.binding}})

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


def test_the_worker_has_the_objects_class_among_its_own_exports_and_no_binding_to_it() -> None:
    made = run(program({"shield": {"location": "weur"}}))
    version = version_of(made)
    worker = made.one("WorkerVersion")
    # The platform makes the class with the deployment, and refuses a binding to it in the version before (100406).
    assert version["bindings"] == []
    assert version["compatibilityFlags"] == []
    assert version["exports"] == {SHIELD_CLASS: {"type": "durable-object", "storage": "sqlite"}}
    main = module_text(worker, "main.js")
    assert f"export const {SHIELD_CLASS} = createShield(settings, options, worker);" in main
    # The shield is a cache with memory and a store, whatever the edge has.
    assert {"cache-memory.js", "cache-edge.js", "cache-shield.js"} <= {module["name"] for module in version["modules"]}


def test_without_it_nothing_of_it_is_deployed() -> None:
    version = version_of(run(program({"kv": {"binding": KV, "ttl": 60}})))
    assert version.get("exports") is None
    assert "cache-shield.js" not in {module["name"] for module in version["modules"]}
    assert version["compatibilityFlags"] == []


def europe() -> GeoRouter:
    return GeoRouter("origin", {"origins": [{"region": "eu", "url": "https://eu.example.com"}], "fallback": "eu"})


def shielded(**more: Any) -> Any:
    def declare() -> None:
        pages = CachePolicy("pages", {"edge_ttl": 60, "tiers": {"shield": {}}})
        first: Any = {"path": "/pages/*", "origin": europe().routing, "cache": pages.spec}
        args: Any = placed({"endpoints": [first], **more})
        EdgeApi("api", args)

    return declare


@pytest.mark.parametrize(
    ("day", "flags", "sent"),
    [
        ("2025-11-17", [], []),
        ("2025-11-16", [], ["enable_ctx_exports"]),
        ("2024-10-01", ["nodejs_compat"], ["enable_ctx_exports", "nodejs_compat"]),
        ("2024-10-01", ["enable_ctx_exports"], ["enable_ctx_exports"]),
    ],
)
def test_an_older_compatibility_date_gets_the_flag_that_the_shield_needs(
    day: str, flags: list[str], sent: list[str]
) -> None:
    made = run(shielded(compatibility_date=day, compatibility_flags=flags))
    assert version_of(made)["compatibilityFlags"] == sent


def test_without_its_own_exports_a_function_cannot_have_a_shield() -> None:
    assert faults_of(shielded(compatibility_flags=["disable_ctx_exports"])) == [
        "cloudflare.compatibility_flags: has 'disable_ctx_exports', without which nothing leads to the shield. Leave the flag out, or the"
        " policies' `tiers.shield`."
    ]


class Earlier(Cloud):
    """A cloud that has a version of an earlier deployment."""

    def __init__(self, exports: Any) -> None:
        self.exports = exports

    def call(self, token: str, args: Any) -> Any:
        if token != "cloudflare:index/getWorkerVersion:getWorkerVersion":
            return super().call(token, args)
        assert args == {"accountId": ACCOUNT, "workerId": "api-worker-id", "versionId": VERSION}
        return {**args, "id": VERSION, "exports": self.exports}


ROLLOUT: Any = {"rollout": {"percentage": 10, "previous_version_id": VERSION}}
OWN: Any = {SHIELD_CLASS: {"type": "durable-object", "storage": "sqlite", "state": "created"}}
STEPS = (
    "rollout.percentage: is 10, and the two versions differ in their classes of Durable Objects (EdgewrightShield): the platform"
    " refuses to split requests between such versions. Allowed: 100 while a shield comes or goes. 1. End the rollout that is"
    " under way. 2. Deploy the change of the shield alone, without `rollout`. 3. Roll out gradually again, with that"
    " deployment's `stable_version_id`."
)


def plain() -> None:
    first: Any = {"path": "/pages/*", "origin": europe().routing}
    args: Any = {"endpoints": [first], **ROLLOUT}
    EdgeApi("api", args)


@pytest.mark.parametrize(("program", "before"), [("with", {}), ("without", OWN)])
def test_a_shield_cannot_come_or_go_with_a_gradual_rollout(program: str, before: Any) -> None:
    assert faults_of(shielded(**ROLLOUT) if program == "with" else plain, cloud=Earlier(before)) == [STEPS]


def test_a_rollout_with_a_shield_on_both_sides_or_on_none_is_split() -> None:
    for program, exports in ((shielded(**ROLLOUT), OWN), (plain, {}), (plain, None)):
        deployment = run(program, cloud=Earlier(exports)).one("WorkersDeployment")
        assert [share["percentage"] for share in deployment.inputs["versions"]] == [10, 90]


def test_a_version_that_cannot_be_read_holds_no_rollout_back() -> None:
    grpc = importlib.import_module("grpc")
    refused = type("Refused", (grpc.RpcError,), {"code": lambda _: None, "details": lambda _: "the token may not"})

    class Failing(Cloud):
        def call(self, token: str, args: Any) -> Any:
            raise refused

    deployment = run(shielded(**ROLLOUT), cloud=Failing()).one("WorkersDeployment")
    assert [share["percentage"] for share in deployment.inputs["versions"]] == [10, 90]


def test_an_endpoint_with_auth_goes_by_it() -> None:
    def declare() -> None:
        sessions = KvNamespace("sessions", {})
        pages = CachePolicy("pages", {"tiers": {"shield": {}}})
        first: Any = {"path": "/me", "session": True, "auth": {"kind": "session"}}
        second: Any = {"path": "/pages", "origin": origin().routing, "cache": pages.spec, "auth": {"kind": "session"}}
        EdgeApi(
            "api",
            {"endpoints": [first, second], "sessions": {"binding": sessions.binding}},
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
