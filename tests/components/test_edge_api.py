"""EdgeApi on Cloudflare: what a program declares, what the engine is told of it, and what is refused."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pulumi
import pulumi_cloudflare as cloudflare
import pytest
from edgewright import CachePolicy, EdgeApi, GeoRouter, KvNamespace
from edgewright.contract.countries import countries
from edgewright.contract.features import without_unused
from edgewright.contract.models import EdgeSettings

from tests.components.program import (
    ACCOUNT,
    UNKNOWN,
    VERSION,
    ZONE,
    Cloud,
    Run,
    faults_of,
    module_text,
    placed,
    run,
    settings_of,
    texts,
)

KV: Any = {"type": "kv_namespace", "name": "SESSIONS", "namespace_id": "abc"}
ROUTING: Any = {
    "name": "origins",
    "origins": [{"region": "us", "url": "https://us.example.com", "countries": sorted(countries())}],
    "fallback": "us",
    "order": {"us": ["us"]},
}
CACHE: Any = {"name": "products", "edge_ttl_s": 60}
ENDPOINT: Any = {"path": "/api", "origin": ROUTING}


def api(name: str = "api", /, **args: Any) -> Any:
    """Return a program with one API, which may be whole or at fault."""
    whole: Any = {"endpoints": [ENDPOINT], **args}
    given: Any = {key: value for key, value in placed(whole).items() if value is not None}
    return lambda: EdgeApi(name, given)


def whole() -> None:
    """A program that uses nearly everything."""
    products = KvNamespace("products-kv", {})
    sessions = KvNamespace("sessions", {"cloudflare": {"list_limit": 10}})
    policy = CachePolicy(
        "products",
        {
            "edge_ttl": 3600,
            "browser_ttl": 60,
            "cloudflare": {"tiers": {"kv": {"binding": products.binding, "ttl": 86400}}},
        },
    )
    origins = GeoRouter(
        "origins",
        {
            "origins": [
                {"region": "us", "url": "https://us.example.com"},
                {"region": "eu", "url": "https://eu.example.com"},
            ],
            "fallback": "us",
        },
    )
    built = EdgeApi(
        "api",
        {
            "cloudflare": {
                "zone_id": ZONE,
                "zone_name": "example.com",
                "routes": ["www.example.com/api/*", "shop.example.com/*"],
                "compatibility_flags": ["nodejs_compat"],
                "placement": "smart",
                "tiered_cache": True,
                "cache_rules": True,
            },
            "hostname": "api.example.com",
            "endpoints": [
                {"path": "/static/*", "origin": origins.routing, "static": True},
                {"path": "/api/products/:id", "origin": origins.routing, "cache": policy.spec},
                {
                    "path": "/api/products",
                    "origin": origins.routing,
                    "cache": policy.spec,
                    "rate_limit": {"limit": 100},
                },
                {"path": "/api/session", "session": True},
                {
                    "path": "/admin/*",
                    "origin": origins.routing,
                    "strip_prefix": "/admin",
                    "auth": {
                        "kind": "jwt",
                        "issuer": "https://id.example.com",
                        "audience": ["api"],
                        "secret": "JWT_KEY",
                    },
                },
            ],
            "sessions": {"binding": sessions.binding, "ttl": 3600},
            "bindings": [{"type": "queue", "name": "JOBS", "queue_name": "jobs"}],
            "secrets": {"JWT_KEY": "canary-jwt-of-32-bytes-or-more-0", "API_KEY": pulumi.Output.secret("canary-api")},
            "vars": {"MODE": "live"},
            "limits": {"cpu_ms": 20, "subrequests": 9},
            "tags": ["b", "a"],
        },
    )
    pulumi.export("urls", built.urls)


@pytest.fixture(scope="module")
def made() -> Run:
    return run(whole)


def test_children_are_named_after_the_component_and_belong_to_it(made: Run) -> None:
    component = made.one("EdgeApi")
    children = {
        (child.type.rsplit(":", 1)[-1], child.name) for child in made.resources if child.parent == component.urn
    }
    assert children == {
        ("Worker", "api-worker"),
        ("WorkerVersion", "api-version"),
        ("WorkersDeployment", "api-deployment"),
        ("WorkersCustomDomain", "api-domain"),
        ("WorkersRoute", "api-route-shop.example.com/*"),
        ("WorkersRoute", "api-route-www.example.com/api/*"),
        ("Ruleset", "api-cache-rules"),
        ("ArgoTieredCaching", "api-tiered-caching"),
        ("TieredCache", "api-tiered-cache"),
    }


def test_the_worker_has_every_default_written_out(made: Run) -> None:
    assert made.one("Worker").inputs == {
        "accountId": ACCOUNT,
        "name": "api-dev",
        "logpush": False,
        "observability": {
            "enabled": True,
            "headSamplingRate": 1,
            "logs": {
                "enabled": True,
                "headSamplingRate": 1,
                "invocationLogs": True,
                "persist": True,
                "destinations": [],
            },
            "traces": {"enabled": False, "headSamplingRate": 1, "persist": True, "destinations": []},
        },
        "subdomain": {"enabled": False, "previewsEnabled": False},
        "tags": ["a", "b"],
        "tailConsumers": [],
    }


def test_the_version_binds_what_is_used_sorted_by_name(made: Run) -> None:
    version = made.one("WorkerVersion")
    bindings = version.inputs["bindings"]
    names = [binding["name"] for binding in bindings]
    assert names == sorted(names)
    by_name = {binding.pop("name"): binding for binding in json.loads(json.dumps(bindings))}
    limited = next(name for name in by_name if name.startswith("RATE_LIMIT_API_PRODUCTS_"))
    identity = by_name[limited].pop("namespaceId")
    assert identity.isdigit()
    assert by_name == {
        "API_KEY": {"type": "secret_text", "text": "canary-api"},
        "JOBS": {"type": "queue", "queueName": "jobs"},
        "JWT_KEY": {"type": "secret_text", "text": "canary-jwt-of-32-bytes-or-more-0"},
        "MODE": {"type": "plain_text", "text": "live"},
        "PRODUCTS_KV": {"type": "kv_namespace", "namespaceId": "products-kv-namespace-id"},
        limited: {"type": "ratelimit", "simple": {"limit": 100, "period": 60}},
        "SESSIONS": {"type": "kv_namespace", "namespaceId": "sessions-namespace-id"},
        "SESSIONS_OPTIONS": {"type": "json", "json": '{"list_limit":10}'},
    }


def test_the_version_says_how_it_runs(made: Run) -> None:
    inputs = made.one("WorkerVersion").inputs
    assert inputs["accountId"] == ACCOUNT
    assert inputs["workerId"] == "api-worker-id"
    assert inputs["mainModule"] == "main.js"
    assert inputs["compatibilityDate"] == "2026-07-01"
    assert inputs["compatibilityFlags"] == ["nodejs_compat"]
    assert inputs["limits"] == {"cpuMs": 20, "subrequests": 9}
    assert inputs["placement"] == {"mode": "smart"}
    assert inputs["annotations"]["workersMessage"] == "api by edgewright"
    assert len(inputs["annotations"]["workersTag"]) == 16
    assert inputs["cacheOptions"] == {"enabled": False, "crossVersionCache": False}


def test_the_modules_are_the_settings_what_they_need_and_nothing_more(made: Run) -> None:
    version = made.one("WorkerVersion")
    names = [module["name"] for module in version.inputs["modules"]]
    assert names == sorted(names)
    assert {module["contentType"] for module in version.inputs["modules"]} == {"application/javascript+module"}
    main = module_text(version, "main.js")
    assert main.splitlines()[-1] == (
        "export default createWorker(settings, { features:"
        " [cache, cacheEdge, cacheKv, cacheMemory, cachePurge, geo, jwt, rateLimit, sessions], handlers: {  } });"
    )
    (plain,) = run(api()).of("WorkerVersion")
    assert {"geo.js", "main.js", "settings.js", "edgewright.js"} <= {
        module["name"] for module in plain.inputs["modules"]
    }
    assert not {"cache.js", "jwt.js", "rate-limit.js", "sessions.js"} & {
        module["name"] for module in plain.inputs["modules"]
    }


def test_entries_that_hostnames_share_are_of_one_function_alone() -> None:
    def program() -> None:
        shared = CachePolicy("assets", {"edge_ttl": 60, "key": {"host": False}})
        apart = CachePolicy("pages", {"edge_ttl": 60})
        for name in ("one", "other"):
            endpoints: list[Any] = [
                {"path": f"/{cache}", "origin": ROUTING, "cache": spec}
                for cache, spec in (("assets", shared.spec), ("pages", apart.spec))
            ]
            EdgeApi(name, {"endpoints": endpoints, "script_name": f"{name}-script"})

    names = [
        [endpoint["cache"]["name"] for endpoint in settings_of(version)["endpoints"]]
        for version in run(program).of("WorkerVersion")
    ]
    # The functions of a zone have one Cache API.
    assert names == [["one-script/assets", "pages"], ["other-script/assets", "pages"]]


def test_the_settings_document_is_the_one_that_the_edge_reads(made: Run) -> None:
    document = settings_of(made.one("WorkerVersion"))
    settings = EdgeSettings.model_validate(document)
    assert settings.model_dump(mode="json") == document
    assert [endpoint.path for endpoint in settings.endpoints] == [
        "/admin/*",
        "/api/products",
        "/api/products/:id",
        "/api/session",
        "/static/*",
    ]
    assert document["endpoints"][3]["auth"] == {"kind": "session"}
    assert document["endpoints"][0]["auth"]["secret_binding"] == "JWT_KEY"
    assert document["endpoints"][0]["auth"]["algorithms"] == ["HS256"]
    assert document["sessions"] == {
        "binding": "SESSIONS",
        "cookie": "session",
        "ttl_s": 3600,
        "dated": True,
        "key_prefix": "session:",
    }
    assert document["cache_host"] == "api.example.com"
    assert made.one("EdgeApi").outputs["settings"] == without_unused({**document, "cache_host": None})


def test_everything_is_deployed_to_all_requests_before_anything_leads_there(made: Run) -> None:
    deployment = made.one("WorkersDeployment")
    assert deployment.inputs == {
        "accountId": ACCOUNT,
        "scriptName": "api-dev",
        "strategy": "percentage",
        "versions": [{"versionId": "api-version-id", "percentage": 100}],
        "annotations": {"workersMessage": "api by edgewright"},
    }
    for leading in (*made.of("WorkersRoute"), made.one("WorkersCustomDomain")):
        assert deployment.urn in leading.dependencies


def test_hostname_and_routes_lead_to_the_worker(made: Run) -> None:
    assert made.one("WorkersCustomDomain").inputs == {
        "accountId": ACCOUNT,
        "zoneId": ZONE,
        "hostname": "api.example.com",
        "service": "api-dev",
    }
    assert [route.inputs for route in made.of("WorkersRoute")] == [
        {"zoneId": ZONE, "pattern": pattern, "script": "api-dev"}
        for pattern in ("shop.example.com/*", "www.example.com/api/*")
    ]


def test_cache_rules_have_a_ref_and_the_specific_ones_come_last(made: Run) -> None:
    ruleset = made.one("Ruleset").inputs
    assert (ruleset["kind"], ruleset["phase"], ruleset["zoneId"]) == ("zone", "http_request_cache_settings", ZONE)
    hosts = '(http.host eq "eu.example.com" or http.host eq "us.example.com")'
    assert [rule["expression"] for rule in ruleset["rules"]] == [
        f'{hosts} and http.request.uri.path eq "/api/products"',
        f'{hosts} and http.request.uri.path strict wildcard "/api/products/*"',
    ]
    refs = [rule["ref"] for rule in ruleset["rules"]]
    assert len(set(refs)) == len(refs) == 2
    # Three hostnames with entries of their own, which the zone could not keep apart: its key is the origin's URL.
    assert [rule["actionParameters"] for rule in ruleset["rules"]] == [{"cache": False}] * 2
    # Tiered caching is two switches.
    assert made.one("ArgoTieredCaching").inputs == {"zoneId": ZONE, "value": "on"}
    assert made.one("TieredCache").inputs == {"zoneId": ZONE, "value": "on"}
    assert made.one("ArgoTieredCaching").urn in made.one("TieredCache").dependencies


IN_ZONE: Any = {"zone_id": ZONE, "hostname": "api.example.com", "cache_rules": True, "zone_plan": "business"}


def rules_of(*endpoints: Any, **args: Any) -> list[Any]:
    made = run(api(**{**IN_ZONE, "endpoints": list(endpoints), **args}))
    rules: list[Any] = made.one("Ruleset").inputs["rules"]
    return rules


def test_a_cache_rule_is_of_the_url_that_the_function_asks_for() -> None:
    origin = {**ROUTING, "origins": [{**ROUTING["origins"][0], "url": "https://us.example.com/v1/"}]}
    rule, credentials = rules_of({"path": "/shop/items/:id", "origin": origin, "strip_prefix": "/shop", "cache": CACHE})
    assert rule["expression"] == (
        '(http.host eq "us.example.com") and http.request.uri.path strict wildcard "/v1/items/*"'
    )
    assert rule["actionParameters"] == {
        "cache": True,
        # With `override_origin`, the zone would keep what is `private`, and take `Set-Cookie` off what it keeps.
        "edgeTtl": {"mode": "bypass_by_default"},
        "vary": {"default": {"action": "passthrough"}},
        "serveStale": {"disableStaleWhileUpdating": True},
        "cacheKey": {"ignoreQueryStringsOrder": True, "cacheDeceptionArmor": False},
    }
    assert credentials["actionParameters"] == {"cache": False}
    assert credentials["expression"].startswith(
        'http.host in {"us.example.com"} and any(http.request.headers.names[*] in {"access-token" "api-key" '
    )
    assert '"x-api-key"' in credentials["expression"]
    assert len(credentials["expression"]) < 4096
    both = {
        "name": "both",
        "origins": [
            {**ROUTING["origins"][0], "url": "https://us.example.com"},
            {"region": "eu", "url": "https://eu.example.com:8443/eu", "countries": []},
        ],
        "fallback": "us",
        "order": {"us": ["us", "eu"], "eu": ["eu", "us"]},
    }
    rule, _ = rules_of({"path": "/*", "origin": both, "cache": {**CACHE, "mode": "origin", "edge_ttl_s": None}})
    assert rule["expression"] == (
        '((http.host eq "us.example.com") and http.request.uri.path strict wildcard "/*") or'
        ' ((http.host eq "eu.example.com") and http.request.uri.path strict wildcard "/eu/*")'
    )
    # With `respect_origin`, the zone keeps for two hours what says nothing of caching, whoever it was for.
    assert rule["actionParameters"]["edgeTtl"] == {"mode": "bypass_by_default"}
    assert rule["actionParameters"]["vary"] == {"default": {"action": "passthrough"}}
    assert rule["actionParameters"]["cacheKey"]["ignoreQueryStringsOrder"] is False


@pytest.mark.parametrize(
    "more",
    [
        {"cache": {**CACHE, "mode": "bypass", "edge_ttl_s": None}},
        {"cache": {**CACHE, "edge_ttl_s": 0}},
        {"cache": {**CACHE, "key": {"headers": ["x-plan"]}}},
        {"cache": {**CACHE, "key": {"cookies": ["plan"]}}},
        {"cache": {**CACHE, "key": {"country": True}}},
        {"cache": {**CACHE, "vary": ["accept-language"]}},
        {"cache": {**CACHE, "tags": ["products"]}},
        {
            "cache": {**CACHE, "mode": "origin", "edge_ttl_s": None},
            "auth": {"kind": "jwt", "issuer": "i", "audience": ["a"], "jwks_url": "https://id.example.com/keys"},
        },
        {"methods": ["GET", "PUT"]},
    ],
)
def test_what_the_zone_cannot_keep_apart_or_forget_it_does_not_keep(more: Any) -> None:
    (rule,) = rules_of({**ENDPOINT, "cache": CACHE, **more})
    assert rule["actionParameters"] == {"cache": False}


def test_what_several_hosts_share_the_zone_keeps_and_what_each_has_of_its_own_it_does_not() -> None:
    several: Any = {"routes": ["www.example.com/*"]}
    (apart,) = rules_of({**ENDPOINT, "cache": CACHE}, **several)
    shared, _ = rules_of({**ENDPOINT, "cache": {**CACHE, "key": {"host": False}}}, **several)
    (alone,) = rules_of({**ENDPOINT, "cache": CACHE}, workers_dev=True)
    assert [rule["actionParameters"]["cache"] for rule in (apart, shared, alone)] == [False, True, False]


def many(count: int) -> list[Any]:
    return [
        {"path": f"/p{number}", "origin": ROUTING, "cache": {**CACHE, "edge_ttl_s": 7200}} for number in range(count)
    ]


@pytest.mark.parametrize(("plan", "most"), [("free", 10), ("pro", 25), ("business", 50), ("enterprise", 300)])
def test_a_zone_takes_as_many_cache_rules_as_its_plan_has(plan: str, most: int) -> None:
    # One is for requests with credentials.
    assert len(rules_of(*many(most - 1), zone_plan=plan)) == most
    (fault,) = faults_of(api(**{**IN_ZONE, "zone_plan": plan, "endpoints": many(most)}))
    assert fault.startswith(f"endpoints: make {most + 1} cache rules. Allowed: at most {most}")


def test_where_the_plan_is_not_known_what_a_small_one_refuses_is_warned_of(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", told.append)
    assert len(rules_of(*many(11), zone_plan=None)) == 12
    (warning,) = told
    assert "endpoints make 12 cache rules, and a zone on the plan Free takes at most 10" in warning
    assert warning.endswith("Say the zone's plan by `cloudflare.zone_plan`")


def test_outputs(made: Run) -> None:
    outputs = dict(made.one("EdgeApi").outputs)
    outputs.pop("settings")
    assert (outputs.pop("distribution"), outputs.pop("ledger")) == ({}, [])
    assert outputs == {
        "urls": ["https://api.example.com", "https://shop.example.com/", "https://www.example.com/api/"],
        "scriptName": "api-dev",
        "versionId": "api-version-id",
        "stableVersionId": "api-version-id",
        "candidateVersionId": "",
    }
    assert made.outputs == {"urls": outputs["urls"]}


def test_without_hostname_and_routes_it_answers_on_workers_dev() -> None:
    found = run(api())
    assert found.one("Worker").inputs["subdomain"] == {"enabled": True, "previewsEnabled": False}
    assert found.one("EdgeApi").outputs["urls"] == ["https://api-dev.acme.workers.dev"]


# --- a second run, a preview, another order --------------------------------------------------------------------------


def test_a_second_run_changes_nothing(made: Run) -> None:
    assert run(whole).shape() == made.shape()


def test_a_preview_knows_all_but_what_the_platform_gives(made: Run) -> None:
    seen = run(whole, preview=True)
    assert [(item.type, item.name) for item in seen.resources] == [(item.type, item.name) for item in made.resources]
    version, known = seen.one("WorkerVersion").inputs, made.one("WorkerVersion").inputs
    assert version["modules"] == known["modules"]
    assert version["annotations"] == known["annotations"]
    assert version["workerId"] is UNKNOWN
    unknown = [binding["name"] for binding in version["bindings"] if UNKNOWN in binding.values()]
    assert unknown == ["PRODUCTS_KV", "SESSIONS"]
    assert seen.one("Ruleset").inputs == made.one("Ruleset").inputs


def test_the_order_of_endpoints_routes_tags_and_names_says_nothing() -> None:
    endpoints = [
        {"path": "/b", "origin": ROUTING, "methods": ["POST", "GET"]},
        {"path": "/a", "origin": ROUTING, "methods": ["DELETE"]},
        {"path": "/a", "origin": ROUTING},
    ]
    rest: Any = {
        "cloudflare": {"zone_id": ZONE, "routes": ["b.example.com/*", "a.example.com/*"]},
        "tags": ["y", "x"],
        "vars": {"B": "1", "A": "2"},
    }
    other: Any = {
        "cloudflare": {"zone_id": ZONE, "routes": ["a.example.com/*", "b.example.com/*"]},
        "tags": ["x", "y"],
        "vars": {"A": "2", "B": "1"},
    }
    one = run(api(endpoints=endpoints, **rest))
    two = run(api(endpoints=endpoints[::-1], **other))

    def children(found: Run) -> list[Any]:
        return [shape for shape, item in zip(found.shape(), found.resources, strict=True) if item.custom]

    assert children(one) == children(two)


def test_an_api_compiles_the_same_when_everything_comes_as_outputs() -> None:
    def later() -> None:
        EdgeApi(
            "api",
            {
                "cloudflare": {
                    "account_id": pulumi.Output.from_input(ACCOUNT),
                    "zone_id": pulumi.Output.from_input(ZONE),
                },
                "hostname": "api.example.com",
                "endpoints": [
                    {
                        "path": "/api",
                        "origin": pulumi.Output.from_input(ROUTING),
                        "cache": pulumi.Output.from_input(CACHE),
                    }
                ],
                "sessions": {"binding": pulumi.Output.from_input(KV)},
                "secrets": {"A": "b"},
            },
        )

    plain = api(
        endpoints=[{**ENDPOINT, "cache": CACHE}],
        zone_id=ZONE,
        hostname="api.example.com",
        sessions={"binding": KV},
        secrets={"A": "b"},
    )
    one, two = run(later), run(plain)
    assert one.one("WorkerVersion").inputs == two.one("WorkerVersion").inputs
    assert one.one("EdgeApi").outputs == two.one("EdgeApi").outputs


def test_faults_in_what_comes_later_are_named_when_it_is_known() -> None:
    def later() -> None:
        bad: Any = {**ENDPOINT, "cache": pulumi.Output.from_input({**CACHE, "edge_ttl_s": -1})}
        EdgeApi("api", {"cloudflare": {"account_id": pulumi.Output.from_input("x")}, "endpoints": [bad]})

    with pytest.raises(Exception, match="fault in its arguments") as caught:
        run(later)
    assert "cloudflare.account_id: 'x' is not an account's id" in str(
        caught.value
    ) or "endpoints[0].cache.edge_ttl_s" in str(caught.value)


def test_a_url_that_becomes_known_later_is_written_into_the_settings() -> None:
    def program() -> None:
        url = pulumi.CustomResource("test:index:Origin", "origin", {}).id.apply(
            lambda id_: f"https://{id_}.example.com"
        )
        router = GeoRouter("origins", {"origins": [{"region": "us", "url": url}], "fallback": "us"})
        EdgeApi("api", {"endpoints": [{"path": "/", "origin": router.routing}]})

    assert (
        settings_of(run(program).one("WorkerVersion"))["routers"][0]["origins"][0]["url"]
        == "https://origin-id.example.com"
    )
    assert run(program, preview=True).one("WorkerVersion").inputs["modules"] is UNKNOWN


# --- secrets ------------------------------------------------------------------------------------------------------------


def test_no_secret_is_in_anything_that_is_not_secret(made: Run) -> None:
    found = 0
    for resource in made.resources:
        for side, secrets in ((resource.inputs, resource.secret_paths), (resource.outputs, resource.secret_outputs)):
            for key, value in side.items():
                if any("canary" in text for text in texts(value)):
                    found += 1
                    assert any(path == key or path.startswith((f"{key}.", f"{key}[")) for path in secrets), (
                        resource.name,
                        key,
                    )
    assert found >= 2
    version = made.one("WorkerVersion")
    for module in version.inputs["modules"]:
        assert "canary" not in module_text(version, module["name"])
    assert "canary" not in json.dumps([made.one("EdgeApi").outputs, made.outputs], default=str)


def test_a_secret_of_the_wrong_type_is_refused_without_being_shown() -> None:
    (fault,) = faults_of(api(secrets={"PIN": 12344321}))
    assert fault == "secrets.PIN: is int, not a string."


# --- rollout ---------------------------------------------------------------------------------------------------------------


def test_a_gradual_rollout_keeps_both_versions() -> None:
    found = run(api(rollout={"percentage": 12.5, "previous_version_id": VERSION}))
    assert found.one("WorkersDeployment").inputs["versions"] == [
        {"versionId": "api-version-id", "percentage": 12.5},
        {"versionId": VERSION, "percentage": 87.5},
    ]
    outputs = found.one("EdgeApi").outputs
    assert outputs["stableVersionId"] == VERSION
    assert outputs["candidateVersionId"] == outputs["versionId"] == "api-version-id"


def test_a_version_may_be_deployed_to_no_request_at_first() -> None:
    found = run(api(rollout={"percentage": 0, "previous_version_id": VERSION}))
    assert found.one("WorkersDeployment").inputs["versions"] == [
        {"versionId": "api-version-id", "percentage": 0},
        {"versionId": VERSION, "percentage": 100},
    ]
    outputs = found.one("EdgeApi").outputs
    assert (outputs["stableVersionId"], outputs["candidateVersionId"]) == (VERSION, "api-version-id")


def test_a_rollout_of_the_version_that_is_there_already_goes_to_all_requests() -> None:
    def program() -> None:
        previous = pulumi.Output.from_input("api-version-id")
        api(rollout={"percentage": 10, "previous_version_id": previous})()

    assert run(program).one("WorkersDeployment").inputs["versions"] == [
        {"versionId": "api-version-id", "percentage": 100}
    ]


def test_a_rollout_without_an_earlier_version_is_refused_when_that_is_known() -> None:
    def program() -> None:
        api(rollout={"percentage": 10, "previous_version_id": pulumi.Output.from_input("")})()

    assert faults_of(program) == [
        "rollout.previous_version_id: is empty, so that there is no version to keep the rest of the requests."
        " Deploy once with `percentage: 100`."
    ]


def test_promotion_leaves_only_the_new_version() -> None:
    outputs = run(api(rollout={"percentage": 100, "previous_version_id": VERSION})).one("EdgeApi").outputs
    assert outputs["stableVersionId"] == "api-version-id"
    assert outputs["candidateVersionId"] == ""


VERSION_KEY = "Cloudflare-Workers-Version-Key"


def sticky(zone_plan: str | None = None, **by: Any) -> dict[str, Any]:
    """Return arguments of an API in a zone, with a rollout in which clients keep their version."""
    rollout = {"percentage": 10, "previous_version_id": VERSION, "sticky": by}
    return {"zone_id": ZONE, "hostname": "api.example.com", "zone_plan": zone_plan, "rollout": rollout}


def header_rules_of(**args: Any) -> list[tuple[str, dict[str, Any]]]:
    rules = run(api(**args)).one("Ruleset").inputs["rules"]
    assert {rule["action"] for rule in rules} == {"rewrite"}
    assert all(rule["enabled"] for rule in rules)
    assert all(rule["actionParameters"].keys() == {"headers"} for rule in rules)
    assert all(rule["actionParameters"]["headers"].keys() == {VERSION_KEY} for rule in rules)
    assert len({rule["ref"] for rule in rules}) == len(rules)
    return [(rule["expression"], rule["actionParameters"]["headers"][VERSION_KEY]) for rule in rules]


BY_ADDRESS = {"operation": "set", "expression": "to_string(ip.src)"}
BY_COOKIE = {"operation": "set", "expression": 'http.request.cookies["session"][0]'}
AT_HOME = '(http.host eq "api.example.com")'
HAS_COOKIE = 'len(http.request.cookies["session"]) > 0'


@pytest.mark.parametrize(
    ("by", "rules"),
    [
        ({"address": True}, [(AT_HOME, BY_ADDRESS)]),
        (
            {"cookie": "session"},
            [
                (f"{AT_HOME} and {HAS_COOKIE}", BY_COOKIE),
                # Nor does a client without the cookie choose its version.
                (f"{AT_HOME} and not ({HAS_COOKIE})", {"operation": "remove"}),
            ],
        ),
        (
            {"cookie": "session", "address": True},
            [
                (f"{AT_HOME} and {HAS_COOKIE}", BY_COOKIE),
                (f"{AT_HOME} and not ({HAS_COOKIE})", BY_ADDRESS),
            ],
        ),
    ],
)
def test_a_client_keeps_its_version_by_a_rule_of_the_zone(by: Any, rules: Any) -> None:
    assert header_rules_of(**sticky(**by, zone_plan="pro" if "cookie" in by else None)) == rules


def test_a_rule_reads_a_cookie_by_its_decoded_name() -> None:
    (expression, change), _ = header_rules_of(**sticky(cookie="my%2Did", zone_plan="business"))
    assert (expression, change["expression"]) == (
        f'{AT_HOME} and len(http.request.cookies["my-id"]) > 0',
        'http.request.cookies["my-id"][0]',
    )


@pytest.mark.parametrize(
    ("route", "expression"),
    [
        ("www.example.com/*", 'http.host eq "www.example.com"'),
        (
            "https://www.example.com/api/*",
            'http.host eq "www.example.com" and starts_with(http.request.uri.path, "/api/")',
        ),
        ("www.example.com/api", 'http.host eq "www.example.com" and http.request.uri.path eq "/api"'),
        ("*.example.com/*", 'http.host wildcard "*.example.com"'),
    ],
)
def test_a_rule_is_for_what_leads_to_the_api_and_nothing_else(route: str, expression: str) -> None:
    alone = header_rules_of(**{**sticky(address=True), "hostname": None, "routes": [route]})
    assert alone == [(f"({expression})", BY_ADDRESS)]
    both = header_rules_of(**{**sticky(address=True), "hostname": "api.example.net", "routes": [route]})
    assert both == [(f'((http.host eq "api.example.net") or ({expression}))', BY_ADDRESS)]


def test_the_ruleset_is_there_before_requests_are_split_and_keeps_its_name() -> None:
    made = run(api(**sticky(address=True)))
    ruleset = made.one("Ruleset")
    assert {key: ruleset.inputs[key] for key in ("zoneId", "kind", "phase", "name")} == {
        "zoneId": ZONE,
        "kind": "zone",
        "phase": "http_request_late_transform",
        "name": "edgewright sticky rollout",
    }
    assert ruleset.urn in made.one("WorkersDeployment").dependencies
    without = {**sticky(), "rollout": {"percentage": 10, "previous_version_id": VERSION}}
    assert [each for each in run(api(**without)).resources if each.type.endswith(":Ruleset")] == []


def test_two_apis_of_a_zone_are_not_sticky_at_once() -> None:
    def program() -> None:
        for name in ("one", "two"):
            given = {**sticky(address=True), "hostname": f"{name}.example.com", "zone_plan": None}
            api(name, **given)()

    (fault,) = faults_of(program)
    assert fault.startswith(f"rollout.sticky: '{ZONE}' is already taken by EdgeApi 'one' (")
    assert "A zone has one ruleset of the phase http_request_late_transform: roll one API out after the other" in fault


@pytest.mark.parametrize("plan", [None, "pro"])
def test_what_a_sticky_rollout_costs_is_told(plan: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", told.append)
    run(api(**sticky(cookie="session", zone_plan=plan)))
    assert [text.partition(": is read by a rule")[0] for text in told] == (
        [] if plan else ["EdgeApi 'api': rollout.sticky.cookie"]
    )
    told.clear()
    cache = {**CACHE, "engine": "platform"}
    run(api(**sticky(address=True), endpoints=[{**ENDPOINT, "cache": cache}]))
    (text,) = told
    assert f"engine 'platform' keeps an entry for each value of {VERSION_KEY}" in text


def test_the_platforms_cache_is_turned_on_where_a_strategy_asks_for_it() -> None:
    found = run(api(endpoints=[{**ENDPOINT, "cache": {**CACHE, "engine": "platform"}}]))
    assert found.one("WorkerVersion").inputs["cacheOptions"] == {"enabled": True, "crossVersionCache": False}


def test_a_proxy_takes_urls_as_they_are_sent() -> None:
    found = settings_of(
        run(api(url_normalization="none", **endpoint(path="/*", cache={**CACHE, "mode": "origin"}))).one(
            "WorkerVersion"
        )
    )
    assert found["url_normalization"] == "none"
    assert settings_of(run(api()).one("WorkerVersion"))["url_normalization"] == "strict"


def test_policies_see_the_arguments_in_camel_case(made: Run) -> None:
    inputs = made.one("EdgeApi").inputs
    assert {"hostname", "endpoints", "sessions", "cloudflare"} <= inputs.keys()
    assert {"accountId", "zoneId", "cacheRules", "tieredCache"} <= inputs["cloudflare"].keys()
    by_path = {endpoint["path"]: endpoint for endpoint in inputs["endpoints"]}
    assert by_path["/api/products"]["rateLimit"] == {"limit": 100}
    assert by_path["/admin/*"]["stripPrefix"] == "/admin"
    assert by_path["/api/products"]["cache"]["edge_ttl_s"] == 3600


# --- faults ----------------------------------------------------------------------------------------------------------------


def endpoint(**fields: Any) -> Any:
    merged = {**ENDPOINT, **fields}
    return {"endpoints": [{key: value for key, value in merged.items() if value is not None}]}


def jwt(**fields: Any) -> Any:
    whole = {"kind": "jwt", "issuer": "i", "audience": ["a"], "jwks_url": "https://id.example.com/keys", **fields}
    return endpoint(auth={key: value for key, value in whole.items() if value is not None})


HEX = "Allowed: 32 hexadecimal digits, lower case. Copy it from the dashboard's overview page."
HOST = "Allowed: a full hostname in lower-case ASCII, for example api.example.com."
ROUTE = (
    "Allowed: [https://]hostname/path, with `*` only before the hostname and at the end, for example example.com/api/*."
)
PATHS = "Allowed: /api/products, /api/products/:id or /static/*."
METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"

SESSIONED: Any = {"endpoints": [{**ENDPOINT, "auth": {"kind": "session"}}]}

CORS_FAULTS: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    (
        {"origins": []},
        {},
        ".origins: is empty, so that no page may read an answer. Name one, or leave `cors` out.",
    ),
    *(
        (
            {"origins": [origin]},
            {},
            f".origins[0]: {origin!r} is not an origin as browsers write it. Allowed: '*', or http or https, `://`, a"
            " host in lower case and a port that is not the scheme's own: no path, no `/` at the end.",
        )
        for origin in (
            "null",
            "a.example",
            "https://a.example/",
            "https://A.example",
            "https://a.example:443",
            "http://a.example:80",
            "https://a.example:99999",
            "https://*.a.example",
            "https://u@a.example",
            "ftp://a.example",
            "https://a.example\n",
        )
    ),
    (
        {"origins": ["https://a.example", "https://a.example"]},
        {},
        ".origins[1]: 'https://a.example' is given twice. Leave one out.",
    ),
    (
        {"origins": ["*", "https://a.example"]},
        {},
        ".origins[0]: is '*', which is all of them. Allowed: '*' alone, or names.",
    ),
    *(
        (
            {name: ["*"], "credentials": True},
            {},
            f".{name}: is '*', which browsers do not take for requests with credentials"
            " (https://fetch.spec.whatwg.org/#cors-protocol-and-credentials). Allowed: each by its name, where"
            " `credentials` is true. Name them, or leave `credentials` out.",
        )
        for name in ("origins", "headers", "expose")
    ),
    (
        {"headers": ["X Mine"]},
        {},
        ".headers[0]: 'X Mine' is not a header's name. Allowed: letters, digits and !#$%&'*+-.^_`|~.",
    ),
    (
        {"methods": ["PUT"]},
        {},
        ".methods[0]: 'PUT' has no effect: the endpoint does not answer it. Allowed: GET, HEAD.",
    ),
    ({"max_age": 86_401}, {}, ".max_age: 86401 is out of range. Allowed: 0 to 86400 seconds."),
    (
        {},
        {"methods": ["*"]},
        ": answers preflights, which are OPTIONS, and the endpoint's `methods` have OPTIONS too. Name the"
        " endpoint's other methods in `methods`.",
    ),
]


FAULTS: list[tuple[Any, str]] = [
    ({"cloudflare": {"account_id": "ACME"}}, f"cloudflare.account_id: 'ACME' is not an account's id. {HEX}"),
    (
        {"cloudflare": {"zone_id": ZONE.upper()}, "hostname": "api.example.com"},
        f"cloudflare.zone_id: '{ZONE.upper()}' is not a zone's id. {HEX}",
    ),
    (
        {"host": "cloudflair"},
        "host: 'cloudflair' is not known. Allowed: cloudflare, cloudfront. Did you mean 'cloudflare'?",
    ),
    (
        {"script_name": "My_API"},
        "script_name: 'My_API' is not a function's name. Allowed: 1 to 63 lower-case letters, digits and hyphens, beginning and"
        " ending with a letter or digit.",
    ),
    ({"endpoints": []}, "endpoints: is empty, so that the API would answer nothing. Allowed: at least one endpoint."),
    ({"endpoints": None}, "endpoints: is required and was not given."),
    # hostname
    (
        {"hostname": "api.example.com"},
        "cloudflare.zone_id: is required by `hostname`. Allowed: 32 hexadecimal digits, lower case. Give it here, or as `zone_id` in the stack's setting `edgewright:cloudflare`.",
    ),
    (
        {"cloudflare": {"zone_id": ZONE}, "hostname": "münchen.example"},
        f"hostname: 'münchen.example' is not ASCII. {HOST} Write 'xn--mnchen-3ya.example'.",
    ),
    (
        {"cloudflare": {"zone_id": ZONE}, "hostname": "API.example.com"},
        f"hostname: 'API.example.com' is not lower case. {HOST} Write 'api.example.com'.",
    ),
    (
        {"cloudflare": {"zone_id": ZONE}, "hostname": "https://api.example.com"},
        f"hostname: 'https://api.example.com' is a URL or path, not a hostname. {HOST}",
    ),
    (
        {"cloudflare": {"zone_id": ZONE}, "hostname": "*.example.com"},
        f"hostname: '*.example.com' has a wildcard, which a hostname cannot have. {HOST} Give it as a route.",
    ),
    (
        {"cloudflare": {"zone_id": ZONE}, "hostname": "localhost"},
        f"hostname: 'localhost' is not a full hostname. {HOST}",
    ),
    (
        {"cloudflare": {"zone_id": ZONE}, "hostname": "10.0.0.1"},
        f"hostname: '10.0.0.1' is an address, not a hostname. {HOST}",
    ),
    (
        {"cloudflare": {"zone_id": ZONE}, "hostname": "a_b.example.com"},
        f"hostname: 'a_b.example.com' has the label 'a_b', which DNS does not allow. {HOST}",
    ),
    (
        {"cloudflare": {"zone_id": ZONE}, "hostname": "xn--0.example.com"},
        f"hostname: 'xn--0.example.com' has the label 'xn--0', which is not what IDNA makes of any name. {HOST}",
    ),
    (
        {"cloudflare": {"zone_id": ZONE, "zone_name": "example.com"}, "hostname": "api.example.org"},
        "hostname: 'api.example.org' is outside the zone example.com. Allowed: example.com, or a name under it.",
    ),
    # routes
    (
        {"cloudflare": {"zone_id": ZONE, "zone_name": "example.com", "routes": ["notexample.com/*"]}},
        f"cloudflare.routes[0]: 'notexample.com/*' is outside the zone example.com. {ROUTE} Use a hostname of example.com, or give the zone that it belongs to.",
    ),
    (
        {"cloudflare": {"zone_id": ZONE, "routes": ["example.com"]}},
        f"cloudflare.routes[0]: 'example.com' has no path, so it matches nothing but the bare hostname. {ROUTE} Write 'example.com/*' for every path.",
    ),
    (
        {"cloudflare": {"zone_id": ZONE, "routes": ["example.com/*/x"]}},
        f"cloudflare.routes[0]: 'example.com/*/x' has `*` in the middle. {ROUTE}",
    ),
    (
        {"cloudflare": {"zone_id": ZONE, "routes": ["example.com/a?b=*"]}},
        f"cloudflare.routes[0]: 'example.com/a?b=*' has a query or fragment, which routes do not look at. {ROUTE}",
    ),
    (
        {"cloudflare": {"zone_id": ZONE, "routes": ["ws://example.com/*"]}},
        f"cloudflare.routes[0]: 'ws://example.com/*' has a scheme other than http and https. {ROUTE}",
    ),
    (
        {"cloudflare": {"zone_id": ZONE, "routes": ["a.example.com/*", "a.example.com/*"]}},
        "cloudflare.routes[1]: 'a.example.com/*' is given twice.",
    ),
    (
        {"cloudflare": {"zone_id": ZONE, "routes": ["a.example.com/api/*", "*.example.com/*"]}},
        "cloudflare.routes[1]: 'a.example.com/api/*' overlaps '*.example.com/*', which leads to the same function. Leave 'a.example.com/api/*' out.",
    ),
    (
        {"cloudflare": {"zone_id": ZONE, "routes": ["a.example.com/api/*"]}, "hostname": "a.example.com"},
        "cloudflare.routes[0]: 'a.example.com/api/*' overlaps the hostname a.example.com, all of which the function answers already. Leave the route out.",
    ),
    (
        {
            "cloudflare": {"cache_rules": True},
            "hostname": "api.example.com",
            "endpoints": [{**ENDPOINT, "cache": CACHE}],
        },
        "cloudflare.zone_id: is required by `hostname`. Allowed: 32 hexadecimal digits, lower case. Give it here, or as `zone_id` in the stack's setting `edgewright:cloudflare`.",
    ),
    (
        {"cloudflare": {"cache_rules": True, "zone_id": ZONE}, "endpoints": [{**ENDPOINT, "cache": CACHE}]},
        "cloudflare.cache_rules: act in the zone by which requests come to the function, and it has neither `hostname` nor `routes`."
        " Give one of them, or leave `cache_rules` out.",
    ),
    # endpoints
    (endpoint(path="api"), f"endpoints[0].path: 'api' does not begin with `/`. {PATHS}"),
    (endpoint(path="/a//b"), f"endpoints[0].path: '/a//b' has an empty segment. {PATHS}"),
    (endpoint(path="/a/"), f"endpoints[0].path: '/a/' ends with `/`. {PATHS}"),
    (
        endpoint(path="/a/../b"),
        f"endpoints[0].path: '/a/../b' has the segment '..', which every client resolves before it asks. {PATHS}",
    ),
    (endpoint(path="/*/a"), f"endpoints[0].path: '/*/a' has `*` before its end. {PATHS}"),
    (endpoint(path="/:a/:a"), f"endpoints[0].path: '/:a/:a' has the parameter ':a' twice. {PATHS}"),
    (endpoint(path="/:1"), f"endpoints[0].path: '/:1' has the parameter ':1', whose name is not a word. {PATHS}"),
    (
        endpoint(path="/a%zz"),
        f"endpoints[0].path: '/a%zz' has the segment 'a%zz', with a character that a path does not have. {PATHS}",
    ),
    (
        endpoint(path="/a?b"),
        f"endpoints[0].path: '/a?b' has the segment 'a?b', with a character that a path does not have. {PATHS}",
    ),
    (endpoint(path=None), "endpoints[0].path: is required and was not given."),
    (
        endpoint(methods=["get"]),
        f"endpoints[0].methods[0]: 'get' is not a method that an endpoint can answer. Allowed: {METHODS}, or *. Did you mean 'GET'?",
    ),
    (
        endpoint(methods=["CONNECT"]),
        f"endpoints[0].methods[0]: 'CONNECT' is not a method that an endpoint can answer. Allowed: {METHODS}, or *.",
    ),
    (
        endpoint(methods=[]),
        f"endpoints[0].methods: is empty, so the endpoint would answer nothing. Allowed: {METHODS}, or *.",
    ),
    (
        endpoint(methods=["*", "GET"]),
        "endpoints[0].methods: has `*` beside other methods. Allowed: `*` alone, or methods by name.",
    ),
    (
        endpoint(origin=None),
        "endpoints[0]: has none of `handler`, `origin` and `session`. Allowed: exactly one of them.",
    ),
    (
        {**endpoint(session=True), "sessions": {"binding": KV}},
        "endpoints[0]: has origin and session of `handler`, `origin` and `session`. Allowed: exactly one of them.",
    ),
    (
        endpoint(origin=None, session=True),
        'endpoints[0].session: needs a store of sessions. Give the API `sessions: {"binding": ...}`.',
    ),
    (
        {**SESSIONED, "sessions": {"binding": KV, "ttl": 59}},
        "sessions.ttl: 59 is out of range. Allowed: 60 to 2147483648 seconds.",
    ),
    (
        {**SESSIONED, "sessions": {"binding": KV, "cookie": "a b"}},
        "sessions.cookie: 'a b' is not a header's name. Allowed: letters, digits and !#$%&'*+-.^_`|~.",
    ),
    (
        {**SESSIONED, "sessions": {"binding": KV, "key_prefix": "p" * 385}},
        "sessions.key_prefix: has 385 bytes, with which no id of 128 makes a key. Allowed: at most 384 bytes.",
    ),
    *(
        (
            {**endpoint(), "sessions": {"binding": KV, key: value}},
            f"sessions.{key}: has no effect, because no endpoint asks for a session. Give an endpoint"
            ' `auth: {"kind": "session"}`, or leave it out.',
        )
        for key, value in (("cookie", "sid"), ("key_prefix", "s-"), ("ttl", 60))
    ),
    (
        {**jwt(jwks_url=None, secret="KEY"), "secrets": {"KEY": "k" * 31}},
        "secrets.KEY: has 31 bytes, and the tokens of endpoints[0] (/api) are verified with it by HS256 (RFC 7518, section 3.2)."
        " Allowed: 32 bytes or more, drawn at random. Make one: `openssl rand -base64 32`.",
    ),
    (endpoint(origin="us"), "endpoints[0].origin: 'us' is not a router. Allowed: a GeoRouter's `routing`."),
    (
        endpoint(strip_prefix="/b"),
        "endpoints[0].strip_prefix: '/b' is not how '/api' begins. Allowed: whole segments at the path's beginning.",
    ),
    (
        endpoint(handler="missing.ts", origin=None),
        "endpoints[0].handler: 'missing.ts' is not a file. Paths are relative to the program's folder.",
    ),
    (
        endpoint(handler="a.py", origin=None),
        "endpoints[0].handler: 'a.py' is of no known kind. Allowed: .js, .mjs, .jsx, .ts, .mts, .tsx.",
    ),
    (
        {
            "endpoints": [
                {"path": "/a/:x", "origin": ROUTING},
                {"path": "/a/:y", "origin": ROUTING, "methods": ["GET", "POST"]},
            ]
        },
        "endpoints[1].path: '/a/:y' matches the same requests as '/a/:x' of endpoints[0] by GET, HEAD. Give each path and method one endpoint.",
    ),
    (
        endpoint(cach={}),
        "endpoints[0].cach: is not an argument. Allowed: auth, cache, cloudfront, cors, expected_ms, handler, methods, origin, path,"
        " queue,"
        " rate_limit, session, static, strip_prefix. Did you mean 'cache'?",
    ),
    (
        endpoint(cache="1 ho"),
        "endpoints[0].cache: '1 ho' is not a cache strategy. Allowed: a CachePolicy's `spec`, or its `edge_ttl` as a text, for"
        " example '1h'. It has the unit 'ho', which is none of time.",
    ),
    (
        endpoint(cache="9000 weeks"),
        "endpoints[0].cache: '9000 weeks' is not a cache strategy. Allowed: a CachePolicy's `spec`, or its `edge_ttl` as a"
        " text, for example '1h'. That is 5443200000 seconds, and at most 2147483648 are allowed.",
    ),
    (
        endpoint(cache=CACHE, methods=["POST"]),
        "endpoints[0].cache: has no effect on POST. Only answers to GET and HEAD are stored. Leave it out.",
    ),
    (
        {**endpoint(cache=CACHE, auth={"kind": "session"}), "sessions": {"binding": KV}},
        "endpoints[0].cache: gives its time to answers behind `auth`, so that one caller's could be served to another."
        " Use mode 'origin', where the origin must say `public` or `s-maxage`, or mode 'bypass'.",
    ),
    (
        endpoint(cache={**CACHE, "engine": "platform"}, rate_limit={"limit": 1}),
        "endpoints[0].cache: uses engine 'platform', which answers before the function runs and so before `rate_limit`."
        " Use engine 'worker' on this endpoint.",
    ),
    (
        endpoint(cache={**CACHE, "tiers": {"kv": {"binding": "NONE", "ttl_s": 60}}}),
        "endpoints[0].cache: uses the KV binding 'NONE', which nothing here binds. Use a CachePolicy's `spec`, or add the"
        " namespace's `binding` to `bindings`.",
    ),
    (
        {"url_normalization": "None"},
        "url_normalization: 'None' is not known. Allowed: strict, none. Did you mean 'none'?",
    ),
    (
        {
            "url_normalization": "none",
            "endpoints": [{"path": "/*", "origin": ROUTING}, {"path": "/a", "origin": ROUTING}],
        },
        "url_normalization: is 'none' with the endpoints '/*', '/a': an origin may read a path otherwise than the API, and"
        " answer what another endpoint was to answer. Allowed: one endpoint, with the path '/*'. Leave it out, or give that"
        " one endpoint an API of its own.",
    ),
    (
        {"url_normalization": "none", "sessions": {"binding": KV}, **endpoint(path="/*", auth={"kind": "session"})},
        "endpoints[0].auth: depends on how a path is read, and `url_normalization` is 'none'. Leave one of the two out.",
    ),
    (
        {"url_normalization": "none", **endpoint(path="/*", rate_limit={"limit": 1})},
        "endpoints[0].rate_limit: depends on how a path is read, and `url_normalization` is 'none'. Leave one of the two"
        " out.",
    ),
    (
        {"url_normalization": "none", **endpoint(path="/*", static=True)},
        "endpoints[0].static: depends on how a path is read, and `url_normalization` is 'none'. Leave one of the two out.",
    ),
    (
        {"url_normalization": "none", "sessions": {"binding": KV}, **endpoint(path="/*", origin=None, session=True)},
        "endpoints[0].session: answers here, where `url_normalization` is 'none'. Allowed: an `origin` that answers.",
    ),
    (
        {"url_normalization": "none", **endpoint(path="/*", cache=CACHE)},
        "endpoints[0].cache: gives its time to whatever comes, by URLs that can be written in any number of ways"
        " (`url_normalization` is 'none'). Use mode 'origin', where the origin's headers decide.",
    ),
    (
        {"url_normalization": "none", **endpoint(path="/*", cache={**CACHE, "mode": "origin", "engine": "platform"})},
        "endpoints[0].cache: uses engine 'platform', whose cache has a form of URLs of its own (`url_normalization` is"
        " 'none'). Use engine 'worker'.",
    ),
    (
        {
            "url_normalization": "none",
            **endpoint(path="/*", cache={**CACHE, "mode": "origin", "key": {"query": "none"}}),
        },
        "endpoints[0].cache: has `key.query` 'none', and where `url_normalization` is 'none' a query goes on as sent."
        " Leave `key.query` out.",
    ),
    (
        {"url_normalization": "none", "host": "cloudfront", **endpoint(path="/*")},
        "url_normalization: is 'none' on cloudfront, where the distribution's own path patterns choose who answers. Leave"
        " it out. Without an EdgeApi in front, CloudFront sends a path to its origin as it came.",
    ),
    (
        endpoint(rate_limit={"limit": 0}),
        "endpoints[0].rate_limit.limit: 0 is out of range. Allowed: 1 requests or more.",
    ),
    (
        endpoint(rate_limit={"limit": 1, "period": 30}),
        "endpoints[0].rate_limit.period: 30 is not a period. Allowed: 10 or 60 seconds.",
    ),
    # cors
    *(
        (endpoint(cors={"origins": ["https://a.example"], **cors}, **more), f"endpoints[0].cors{message}")
        for cors, more, message in CORS_FAULTS
    ),
    (
        endpoint(cache={**CACHE, "engine": "platform"}, cors={"origins": ["https://a.example", "https://b.example"]}),
        "endpoints[0].cache: uses engine 'platform', whose cache tells no origins of pages apart, and `cors.origins` are"
        " several. Use engine 'worker' on this endpoint, or one origin.",
    ),
    (
        {
            "endpoints": [
                {"path": "/a", "origin": ROUTING, "cors": {"origins": ["*"]}},
                {"path": "/a", "origin": ROUTING, "methods": ["POST"]},
            ]
        },
        "endpoints[1].cors: is not that of endpoints[0], which has the same path. Give both the same, but for `methods`.",
    ),
    (
        endpoint(queue="JOBS"),
        "endpoints[0].queue: 'JOBS' is not a queue that the API is bound to. Allowed: none: `bindings` has no binding of type 'queue'.",
    ),
    # auth
    (endpoint(auth={"kind": "basic"}), "endpoints[0].auth.kind: 'basic' is not known. Allowed: session, jwt."),
    (
        jwt(algorithms=["none"]),
        "endpoints[0].auth.algorithms[0]: 'none' cannot be used with a key set. Allowed: RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA.",
    ),
    (
        jwt(algorithms=["HS256"]),
        "endpoints[0].auth.algorithms[0]: 'HS256' cannot be used with a key set. Allowed: RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA.",
    ),
    (jwt(jwks_url=None), "endpoints[0].auth: has neither `jwks_url` nor `secret`. Allowed: exactly one of them."),
    (
        jwt(jwks_url=None, secret="KEY"),
        "endpoints[0].auth.secret: 'KEY' is not one of the API's `secrets`. Allowed: none is given.",
    ),
    (
        jwt(jwks_url="http://id.example.com"),
        "endpoints[0].auth.jwks_url: 'http://id.example.com' is not https. Allowed: https:// URL without credentials, query and fragment.",
    ),
    (
        jwt(audience=None),
        "endpoints[0].auth.audience: is required by kind 'jwt'. Give it here, or for all endpoints as `jwt.audience`.",
    ),
    (jwt(clock_tolerance=301), "endpoints[0].auth.clock_tolerance: 301 is out of range. Allowed: 0 to 300 seconds."),
    # the zone's cache
    (
        {"cloudflare": {"zone_id": ZONE, "tiered_cache": True}, "hostname": "api.example.com"},
        "cloudflare.tiered_cache: has no effect without `cache_rules`: it acts on what the zone keeps of the function's requests to origins"
        " (https://developers.cloudflare.com/workers/reference/how-the-cache-works/), and the zone keeps no API's answers"
        " without a rule. Give a CachePolicy `tiers.shield`, one place for all data centres; or turn on `cache_rules` too.",
    ),
    (
        {"cloudflare": {"zone_id": ZONE, "cache_rules": True}, "hostname": "api.example.com"},
        "cloudflare.cache_rules: act on the URLs that the function asks its origins for, and no endpoint has both an `origin` and a"
        " `cache`. Leave it out: what handlers answer is kept by the function's own cache, as their `cache` says.",
    ),
    (
        {"cloudflare": {"zone_plan": "pro"}},
        "cloudflare.zone_plan: has no effect without `cache_rules` or `rollout.sticky.cookie`. Leave it out.",
    ),
    (
        {
            "cloudflare": {"zone_id": ZONE, "cache_rules": True, "zone_plan": "paid"},
            "hostname": "api.example.com",
            "endpoints": [{**ENDPOINT, "cache": CACHE}],
        },
        "cloudflare.zone_plan: 'paid' is not known. Allowed: free, pro, business, enterprise.",
    ),
    # bindings
    (
        {"bindings": [{"type": "kv_namespace", "name": "KV"}]},
        "bindings[0].namespace_id: is required by a binding of type 'kv_namespace'. Allowed: a namespace's id. Give a KvNamespace's `binding`, which has it.",
    ),
    (
        {"bindings": [{"type": "kv", "name": "KV"}]},
        "bindings[0].type: 'kv' is not known. Allowed: analytics_engine, d1, durable_object_namespace, json, kv_namespace, queue, r2_bucket, service, version_metadata.",
    ),
    (
        {"bindings": [{"type": "queue", "name": "Q", "queue_name": "q", "queue": "q"}]},
        "bindings[0].queue: is not an argument. Allowed: name, queue_name, type. Did you mean 'queue_name'?",
    ),
    (
        {"bindings": [{"type": "durable_object_namespace", "name": "ROOM", "class_name": "Room"}]},
        "bindings[0].script_name: is required by a binding of type 'durable_object_namespace'. Allowed: the name of the Worker"
        " that exports the class: an EdgeApi's modules export none. Make the class in a Worker of its own"
        " (cloudflare.WorkerVersion with `exports`), deploy it, and give its name.",
    ),
    (
        {
            "bindings": [
                {"type": "durable_object_namespace", "name": "ROOM", "class_name": "Room", "script_name": "api-dev"}
            ]
        },
        "bindings (ROOM): names the function itself, 'api-dev', whose modules export no class. Allowed: the name of another"
        " Worker that exports the class. Make the class in a Worker of its own (cloudflare.WorkerVersion with `exports`), and"
        " give its name.",
    ),
    (
        {"bindings": [KV, {**KV, "namespace_id": "other"}]},
        "bindings[1]: is another binding under the name 'SESSIONS'. Give one of the two another name (`binding_name`).",
    ),
    (
        {"bindings": [KV], "vars": {"SESSIONS": "x"}},
        "vars.SESSIONS: 'SESSIONS' is the name of two bindings. Give one of them another name.",
    ),
    (
        {"vars": {"A": "x"}, "secrets": {"A": "y"}},
        "secrets.A: 'A' is the name of two bindings. Give one of them another name.",
    ),
    (
        {"vars": {"a-b": "x"}},
        "vars.a-b: 'a-b' is not a binding's name. Allowed: letters, digits and `_`, not beginning with a digit.",
    ),
    ({"vars": {"A": "x" * 5121}}, "vars.A: it has 5121 bytes. Allowed: at most 5 KiB. Keep large settings in KV."),
    (
        {"vars": {f"V{n}": "x" for n in range(129)}},
        "vars: and `secrets` are 129 together. Allowed: at most 128. Put many settings into one JSON binding.",
    ),
    # rollout, limits, runtime
    (
        {"rollout": {"percentage": 50}},
        "rollout.previous_version_id: is required while the new version gets 50 %: the shares must add to 100. Give the"
        " `stable_version_id` of the deployment before, or `percentage: 100`.",
    ),
    (
        {"rollout": {"percentage": 150}},
        "rollout.percentage: 150 is not a share of the requests. Allowed: 0 to 100, with at most 2 decimals.",
    ),
    (
        {"rollout": {"percentage": 10, "previous_version_id": "v1"}},
        "rollout.previous_version_id: 'v1' is not a version's id. Allowed: a UUID, lower case.",
    ),
    (
        sticky(),
        "rollout.sticky: says nothing by which a client keeps its version. Allowed: `cookie`, a cookie's name; `address: True`; or both.",
    ),
    (
        sticky(address=False),
        "rollout.sticky: says nothing by which a client keeps its version. Allowed: `cookie`, a cookie's name; `address: True`; or both.",
    ),
    (
        sticky(cookie="a b", zone_plan="pro"),
        "rollout.sticky.cookie: 'a b' is not a header's name. Allowed: letters, digits and !#$%&'*+-.^_`|~.",
    ),
    (
        {**sticky(address=True), "rollout": {"percentage": 100, "sticky": {"address": True}}},
        "rollout.sticky: has no effect without a `percentage` below 100. Leave it out.",
    ),
    (
        {"rollout": sticky(address=True)["rollout"]},
        "rollout.sticky: is a rule of a zone, which sets Cloudflare-Workers-Version-Key, and the API answers on workers.dev alone,"
        " which has no rules (https://developers.cloudflare.com/workers/versions-and-deployments/gradual-deployments/version-affinity/)."
        " Give a zone and a `hostname` or `cloudflare.routes`; or leave it out, and let clients send the header.",
    ),
    (
        sticky(cookie="session", address=True, zone_plan="free"),
        "rollout.sticky.cookie: is read by a rule, and rules of a zone on the plan free have no field for cookies"
        " (https://developers.cloudflare.com/ruleset-engine/rules-language/fields/reference/http.request.cookies/)."
        " Use `address: True` alone, or leave `sticky` out and let clients send the header.",
    ),
    (
        {**sticky(address=True), "zone_plan": "pro"},
        "cloudflare.zone_plan: has no effect without `cache_rules` or `rollout.sticky.cookie`. Leave it out.",
    ),
    (
        {**sticky(address=True), "zone_id": None},
        "cloudflare.zone_id: is required by `hostname`. Allowed: 32 hexadecimal digits, lower case. Give it here, or as `zone_id` in the stack's setting `edgewright:cloudflare`.",
    ),
    (
        {"rollout": {"previous_version_id": VERSION}},
        "rollout.previous_version_id: has no effect without `percentage`: the new version gets all requests. Give the"
        " `percentage` of the new version too, or leave it out.",
    ),
    (
        {"cloudflare": {"workers_dev": False}},
        "cloudflare.workers_dev: is False, and there is neither `hostname` nor `routes`, so that nothing leads to the API. Give one of"
        " them, or leave `workers_dev` out.",
    ),
    *(
        (
            {"observability": {"enabled": False, key: value}},
            f"cloudflare.observability.{key}: has no effect, because `observability.enabled` is False and nothing is kept. Leave {key}"
            " out, or `enabled`.",
        )
        for key, value in (("head_sampling_rate", 0.5), ("invocation_logs", False), ("traces", True))
    ),
    (
        {"cloudflare": {"compatibility_date": "9999-12-31"}},
        "cloudflare.compatibility_date: '9999-12-31' is still to come, and a runtime has the changes up to its own day alone"
        " (https://developers.cloudflare.com/workers/configuration/compatibility-dates/). Allowed: today (UTC) or earlier.",
    ),
    (
        {"limits": {"cpu_ms": 300001}},
        "limits.cpu_ms: 300001 is out of range. Allowed: 0 to 300000 milliseconds. 0 leaves the limit to the account's plan, as leaving it out does.",
    ),
    (
        {"observability": {"head_sampling_rate": 2}},
        "cloudflare.observability.head_sampling_rate: 2 is not a share. Allowed: 0 to 1.",
    ),
    ({"placement": "near"}, "cloudflare.placement: 'near' is not known. Allowed: smart."),
    (
        {"cloudflare": {"compatibility_date": "9999-99-99"}},
        "cloudflare.compatibility_date: '9999-99-99' is not a day. Allowed: YYYY-MM-DD.",
    ),
    (
        {"cloudflare": {"compatibility_date": "2026-02-30"}},
        "cloudflare.compatibility_date: '2026-02-30' is not a day. Allowed: YYYY-MM-DD.",
    ),
    (
        {"cloudflare": {"compatibility_date": "2021-02-30"}},
        "cloudflare.compatibility_date: '2021-02-30' is not a day. Allowed: YYYY-MM-DD.",
    ),
    (
        {"cloudflare": {"compatibility_date": "2021"}},
        "cloudflare.compatibility_date: '2021' is not a day. Allowed: YYYY-MM-DD.",
    ),
    (
        {"cloudflare": {"compatibility_date": "2021-02-28"}},
        "cloudflare.compatibility_date: '2021-02-28' is before module Workers got what edgewright uses. Allowed: 2022-10-31 or later.",
    ),
    (
        {"limits": {"cpu_ms": "10 min"}},
        "limits.cpu_ms: 600000 is out of range ('10 min' is 600000 milliseconds). Allowed: 0 to 300000 milliseconds. 0 leaves"
        " the limit to the account's plan, as leaving it out does.",
    ),
    (
        {"limits": {"subrequests": "50m"}},
        "limits.subrequests: '50m' is not a whole number. Allowed: a whole number, for example 60.",
    ),
    ({"cloudflare": {"compatibility_flags": ["a", "a"]}}, "cloudflare.compatibility_flags[1]: 'a' is given twice."),
    ({"tags": ["a b"]}, "tags[0]: 'a b' is not a tag. Allowed: 1 to 64 characters without blanks, `,` and `&`."),
]


@pytest.mark.parametrize(("args", "fault"), FAULTS, ids=[fault[:50] for _, fault in FAULTS])
def test_a_fault_is_named(args: Any, fault: str) -> None:
    assert faults_of(api(**args)) == [fault]


@pytest.mark.parametrize("preview", [False, True])
def test_a_short_key_that_a_program_only_knows_later_is_refused_without_being_told(preview: bool) -> None:
    def declare() -> None:
        api(**jwt(jwks_url=None, secret="KEY"), secrets={"KEY": pulumi.Output.secret("canary-short")})()

    (fault,) = faults_of(declare, preview=preview)
    assert fault.startswith(
        "secrets.KEY: has 12 bytes, and the tokens of endpoints[0] (/api) are verified with it by HS256"
    )
    assert "canary" not in fault


class CountedCloud(Cloud):
    """Says what it was asked to make."""

    def __init__(self) -> None:
        super().__init__()
        self.made: list[str] = []

    def new_resource(self, type_: str, name: str, inputs: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
        self.made.append(type_.rpartition(":")[2])
        return super().new_resource(type_, name, inputs)


def of_a_component() -> Any:
    """The id of a store, which is known once it is made."""
    return KvNamespace("keys", {}).namespace_id


def of_a_resource() -> Any:
    """The id of a provider's resource."""
    return cloudflare.Queue("keys", account_id=ACCOUNT, queue_name="keys").id


@pytest.mark.parametrize("output", [of_a_component, of_a_resource])
def test_a_key_that_another_resource_makes_is_refused_before_a_version_is_made(output: Callable[[], Any]) -> None:
    """A preview cannot know it; `up` makes the resource, and then nothing with the key."""

    def declare(size: int) -> Callable[[], EdgeApi]:
        def program() -> EdgeApi:
            key = pulumi.Output.secret(output().apply(lambda known: (known * size)[:size]))
            auth = jwt(jwks_url=None, secret="KEY")["endpoints"][0]
            declared: EdgeApi = api(
                endpoints=[auth, {**auth, "path": "/more"}, {**ENDPOINT, "path": "/open"}], secrets={"KEY": key}
            )()
            return declared

        return program

    run(declare(12), preview=True)
    cloud = CountedCloud()
    (fault,) = faults_of(declare(12), cloud=cloud)
    assert fault == (
        "secrets.KEY: has 12 bytes, and the tokens of endpoints[0] (/api), endpoints[1] (/more) are verified with it by HS256"
        " (RFC 7518, section 3.2). Allowed: 32 bytes or more, drawn at random. Make one: `openssl rand -base64 32`."
    )
    assert not {"WorkerVersion", "WorkersDeployment"} & {*cloud.made}
    cloud = CountedCloud()
    run(declare(32), cloud=cloud)
    assert {"WorkerVersion", "WorkersDeployment"} <= {*cloud.made}


def test_a_secret_that_verifies_no_token_may_be_short() -> None:
    run(api(secrets={"KEY": "short"}))


def test_all_faults_are_named_at_once() -> None:
    args = {
        "cloudflare": {"account_id": "x", "placement": "y"},
        "hostname": "X",
        "endpoints": [{"path": "a", "origin": ROUTING}, {"path": "/b"}],
    }
    assert [fault.split(":")[0] for fault in faults_of(api(**args))] == [
        "cloudflare.account_id",
        "cloudflare.placement",
        "endpoints[0].path",
        "endpoints[1]",
        "hostname",
        "cloudflare.zone_id",
    ]


@pytest.mark.parametrize(
    ("second", "path"),
    [
        ({"script_name": "one"}, "script_name"),
        ({"hostname": "api.example.com", "cloudflare": {"zone_id": ZONE}}, "hostname"),
        ({"cloudflare": {"routes": ["a.example.com/*"], "zone_id": ZONE}}, "cloudflare.routes[0]"),
    ],
)
def test_two_apis_cannot_have_the_same(second: Any, path: str) -> None:
    def program() -> None:
        common: Any = {"endpoints": [ENDPOINT]}
        for name, given in (("one", common | {"script_name": "one"} | second), ("two", common | second)):
            EdgeApi(name, given)

    (fault,) = faults_of(program)
    assert fault.startswith(f"{path}: ")
    assert "is already taken by EdgeApi 'one' (" in fault


def test_a_zone_has_the_cache_rules_of_one_api() -> None:
    def program() -> None:
        for name in ("one", "two"):
            args: Any = {
                **IN_ZONE,
                "endpoints": [{**ENDPOINT, "cache": CACHE}],
                "tiered_cache": True,
                "hostname": f"{name}.example.com",
            }
            api(name, **args)()

    tiered, rules = faults_of(program)
    assert tiered.startswith("cloudflare.tiered_cache: ")
    assert rules.startswith("cloudflare.cache_rules: ")
    assert "is already taken by EdgeApi 'one' (" in rules


@pytest.mark.parametrize(
    ("first", "second", "says"),
    [
        (
            {"hostname": "api.example.com"},
            {"routes": ["api.example.com/*"]},
            "cloudflare.routes[0]: 'api.example.com/*' overlaps the hostname 'api.example.com' of EdgeApi 'one' (",
        ),
        (
            {"routes": ["*.example.com/hello"]},
            {"hostname": "api.example.com"},
            "hostname: 'api.example.com' overlaps the route '*.example.com/hello' of EdgeApi 'one' (",
        ),
        (
            {"routes": ["api.example.com/*"]},
            {"routes": ["https://api.example.com/*"]},
            "cloudflare.routes[0]: 'https://api.example.com/*' overlaps the route 'api.example.com/*' of EdgeApi 'one' (",
        ),
        (
            {"routes": ["*.example.com/api/*"]},
            {"routes": ["shop.example.com/*"]},
            "cloudflare.routes[0]: 'shop.example.com/*' overlaps the route '*.example.com/api/*' of EdgeApi 'one' (",
        ),
    ],
)
def test_two_apis_cannot_answer_the_same_requests(first: Any, second: Any, says: str) -> None:
    def program() -> None:
        common: Any = {"zone_id": ZONE, "endpoints": [ENDPOINT]}
        api("one", **common | first)()
        api("two", **common | second)()

    (fault,) = faults_of(program)
    assert fault.startswith(says)
    assert fault.endswith("). Give each API hostnames and routes of its own, or make both endpoints of one API.")


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"routes": ["a.example.com/*"]}, {"routes": ["b.example.com/*"]}),
        ({"routes": ["a.example.com/one/*"]}, {"routes": ["a.example.com/two/*"]}),
        ({"routes": ["http://a.example.com/*"]}, {"routes": ["https://a.example.com/*"]}),
        ({"hostname": "a.example.com"}, {"routes": ["*.a.example.com/*"]}),
        ({"hostname": "a.example.com"}, {"hostname": "b.example.com"}),
    ],
)
def test_two_apis_can_have_what_does_not_overlap(first: Any, second: Any) -> None:
    def program() -> None:
        common: Any = {"zone_id": ZONE, "endpoints": [ENDPOINT]}
        api("one", **common | first)()
        api("two", **common | second)()

    assert len(run(program).of("Worker")) == 2


def test_two_routers_of_one_name_and_different_content_are_refused() -> None:
    other = {**ROUTING, "timeout_ms": 5}
    (fault,) = faults_of(api(endpoints=[ENDPOINT, {"path": "/b", "origin": other}]))
    assert (
        fault
        == "endpoints[1].origin: is another router under the name 'origins'. Give each GeoRouter a name of its own."
    )


def test_a_handler_is_bundled_into_the_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "check out.ts").write_text("export default { fetch: (r: Request): Response => new Response(r.url) };\n")
    version = run(api(endpoints=[{"path": "/c", "handler": "check out.ts", "methods": ["POST"]}])).one("WorkerVersion")
    assert "new Response(r.url)" in module_text(version, "handler-check-out.js")
    assert settings_of(version)["endpoints"][0]["target"] == {"kind": "handler", "module": "handler-check-out.js"}
    assert '{ "handler-check-out.js": h0 }' in module_text(version, "main.js")


STRATEGY = (
    "endpoints[0].cache: {'edge_ttl': 5} is not a cache strategy. Allowed: a CachePolicy's `spec`, or its `edge_ttl` as a text, for"
    " example '1h'."
    ' Write `CachePolicy("name", {...}).spec`, with the times in it.'
)
METHOD = (
    "endpoints[0].methods[0]: 'get' is not a method that an endpoint can answer."
    " Allowed: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, or *. Did you mean 'GET'?"
)
KIND = "endpoints[0].auth.kind: 'JWT' is not known. Allowed: session, jwt. Did you mean 'jwt'?"


@pytest.mark.parametrize(
    ("endpoints", "faults"),
    [
        ([{**ENDPOINT, "cache": {"edge_ttl": 5}}], [STRATEGY]),
        ([{**ENDPOINT, "methods": ["get"], "cache": CACHE}], [METHOD]),
        ([{**ENDPOINT, "methods": 5}, ENDPOINT], ["endpoints[0].methods: 5 is not a list."]),
        (["/orders"], ["endpoints[0]: '/orders' is not a mapping."]),
        ([{"path": "/a", "handler": 5}], ["endpoints[0].handler: 5 is not a string."]),
        (
            [{"path": "/a", "origin": {"url": "https://a.example.com"}}],
            [
                "endpoints[0].origin: {'url': 'https://a.example.com'} is not a router. Allowed: a GeoRouter's `routing`."
            ],
        ),
        (
            [{**ENDPOINT, "auth": {"kind": "JWT", "audience": "x", "clock_tolerance": 900}}],
            [
                "endpoints[0].auth.audience: 'x' is not a list.",
                KIND,
                "endpoints[0].auth.issuer: is required by kind 'jwt'.",
                "endpoints[0].auth: has neither `jwks_url` nor `secret`.",
                "endpoints[0].auth.clock_tolerance: 900 is out of range.",
            ],
        ),
        (
            [{**ENDPOINT, "auth": {"issuer": "i", "audience": ["a"], "secret": "K"}}],
            [
                "endpoints[0].auth.kind: is required and was not given.",
                "endpoints[0].auth.secret: 'K' is not one of the API's `secrets`.",
            ],
        ),
        (
            [{**ENDPOINT, "auth": {"kind": "jwt", "issuer": "i", "audience": [5], "jwks_url": 5}}],
            [
                "endpoints[0].auth.audience[0]: 5 is not a string.",
                "endpoints[0].auth.jwks_url: 5 is not a string.",
            ],
        ),
    ],
)
def test_a_fault_makes_no_others(endpoints: Any, faults: list[str]) -> None:
    found = faults_of(api(endpoints=endpoints))
    assert len(found) == len(faults), found
    for fault, begin in zip(found, faults, strict=True):
        assert fault.startswith(begin)
