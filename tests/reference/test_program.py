"""The whole program of each stack, run in-process: what it would deploy, and how the environments differ."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from edgewright.base.project import Project
from edgewright.contract import EdgeSettings
from edgewright.contract.countries import countries
from edgewright.engine.resources import Capture, Resource
from edgewright.engine.runner import Runner
from edgewright.platforms.cloud import LocalCloud, plan

from tests.reference.cloud import ROOT, copy_project
from tests.reference.conftest import AWS_STACKS, STACKS, Spoil

WORKER = "cloudflare:index/worker:Worker"
VERSION = "cloudflare:index/workerVersion:WorkerVersion"
DOMAIN = "cloudflare:index/workersCustomDomain:WorkersCustomDomain"
TIERED = "cloudflare:index/tieredCache:TieredCache"
NAMESPACE = "cloudflare:index/workersKvNamespace:WorkersKvNamespace"
DEPLOYMENT = "cloudflare:index/workersDeployment:WorkersDeployment"
SEED = "cloudflare:index/workersKv:WorkersKv"


@pytest.fixture(scope="module")
def captures(runner: Runner) -> dict[str, Capture]:
    return {stack: runner.run(ROOT, stack)[0] for stack in STACKS}


def of_type(capture: Capture, token: str) -> list[Resource]:
    return [resource for resource in capture.resources if resource.type == token]


def only(capture: Capture, token: str) -> Resource:
    (resource,) = of_type(capture, token)
    return resource


def settings_of(capture: Capture) -> EdgeSettings:
    """Return what the Worker is told, read out of the module that would be uploaded."""
    modules = {module["name"]: module["contentBase64"] for module in only(capture, VERSION).inputs["modules"]}
    text = base64.b64decode(modules["settings.js"]).decode().strip()
    return EdgeSettings.model_validate(json.loads(text.removeprefix("export default").strip().removesuffix(";")))


@pytest.mark.parametrize("stack", STACKS)
def test_every_stack_runs_and_exports_where_it_answers(captures: dict[str, Capture], stack: str) -> None:
    capture = captures[stack]
    assert set(capture.outputs) == {"urls", "script_name", "version_id", "stable_version_id"}
    assert capture.outputs["script_name"] == f"products-api-{stack}"
    assert [diagnostic for diagnostic in capture.diagnostics if diagnostic.severity.value in ("warning", "error")] == []
    assert all(resource.parent for resource in capture.resources if resource.custom), "children belong to components"


@pytest.mark.parametrize("stack", ["local", "prod"])
def test_a_second_run_declares_the_same(captures: dict[str, Capture], runner: Runner, stack: str) -> None:
    def declared(capture: Capture) -> dict[str, Any]:
        return {resource.urn: dict(resource.inputs) for resource in capture.resources}

    again = runner.run(ROOT, stack)[0]
    assert declared(again) == declared(captures[stack])


@pytest.mark.parametrize("stack", ["local", "prod"])
def test_a_preview_runs_with_unknown_ids(runner: Runner, stack: str) -> None:
    preview = runner.run(ROOT, stack, preview=True)[0]
    assert only(preview, VERSION).id is None
    assert settings_of(preview).endpoints


@pytest.mark.parametrize("stack", STACKS)
def test_the_worker_is_told_the_reference_systems_rules(captures: dict[str, Capture], stack: str) -> None:
    settings = settings_of(captures[stack])
    endpoints = {endpoint.path: endpoint for endpoint in settings.endpoints}
    assert set(endpoints) == {"/api/products", "/api/products/:id", "/api/session", "/static/*"}
    for path in ("/api/products", "/api/products/:id"):
        cache = endpoints[path].cache
        assert cache is not None
        assert (cache.mode, cache.edge_ttl_s, cache.edge_jitter_s) == ("override", 3600, (3600, 4200))
        assert (cache.browser_ttl_s, cache.stale_while_revalidate_s, cache.error_ttl_s) == (60, 86_400, 0)
        assert cache.tiers.kv is not None
        assert cache.tiers.kv.ttl_s == 86_400
        assert cache.tiers.edge is not None
    static = endpoints["/static/*"]
    assert static.static
    assert static.cache is not None
    assert (static.cache.browser_ttl_s, static.cache.immutable) == (31_536_000, True)
    assert endpoints["/api/session"].auth is not None
    assert settings.sessions is not None
    assert settings.sessions.ttl_s == 86_400


@pytest.mark.parametrize(
    ("given", "edge", "kv"),
    [
        ("{ edge_ttl: 120, kv_ttl: 300 }", (120, (120, 140)), (300, (300, 350))),
        ("{ edge_ttl: 1, kv_ttl: 1d }", (1, (1, 1)), (86_400, (86_400, 100_800))),
        (
            "{ edge_ttl: 60, kv_ttl: 24h, edge_jitter: { min: 50, max: 90 } }",
            (60, (50, 90)),
            (86_400, (86_400, 100_800)),
        ),
    ],
)
def test_times_in_the_settings_reach_the_worker(
    runner: Runner, tmp_path: Path, given: str, edge: object, kv: object
) -> None:
    cached = "  products-api:cache:\n    kv_ttl: 1d\n"
    project = copy_project(tmp_path, lambda text: text.replace(cached, f"  products-api:cache: {given}\n"))
    cache = settings_of(runner.run(project, "local")[0]).endpoints[0].cache
    assert cache is not None
    assert cache.tiers.kv is not None
    assert (cache.edge_ttl_s, cache.edge_jitter_s) == edge
    assert (cache.tiers.kv.ttl_s, cache.tiers.kv.jitter_s) == kv


@pytest.mark.parametrize("stack", STACKS)
def test_every_country_has_exactly_one_region(captures: dict[str, Capture], stack: str) -> None:
    (router,) = settings_of(captures[stack]).routers
    assert [origin.region for origin in router.origins] == ["apac", "eu", "us"]
    assigned = [country for origin in router.origins for country in origin.countries]
    assert sorted(assigned) == sorted(countries())
    region = {country: origin.region for origin in router.origins for country in origin.countries}
    assert [region[code] for code in ("US", "BR", "DE", "NG", "JP", "NZ")] == ["us", "us", "eu", "eu", "apac", "apac"]
    assert router.fallback == "us"
    assert all(order[0] == name and len(order) == 3 for name, order in router.order.items())


def test_the_environments_differ_where_they_should(captures: dict[str, Capture]) -> None:
    hostnames = {stack: [r.inputs["hostname"] for r in of_type(captures[stack], DOMAIN)] for stack in STACKS}
    assert hostnames == {"local": [], "dev": [], "staging": ["api.staging.example.com"], "prod": ["api.example.com"]}
    on_workers_dev = {stack for stack in STACKS if only(captures[stack], WORKER).inputs["subdomain"]["enabled"]}
    assert on_workers_dev == {"local", "dev"}
    # One place for all data centres: tiered cache would act on nothing that the function keeps.
    assert not any(of_type(captures[stack], TIERED) for stack in STACKS)
    assert {
        stack
        for stack in STACKS
        for version in of_type(captures[stack], VERSION)
        if "EdgewrightShield" in (version.inputs.get("exports") or {})
    } == {"staging", "prod"}
    protected = {stack for stack in STACKS if all(r.options.protect for r in of_type(captures[stack], NAMESPACE))}
    assert protected == {"prod"}
    accounts = {stack: only(captures[stack], WORKER).inputs["accountId"] for stack in STACKS}
    assert len(set(accounts.values())) == len(STACKS), "no two environments share an account"
    rates = {stack: only(captures[stack], WORKER).inputs["observability"]["headSamplingRate"] for stack in STACKS}
    assert rates == {"local": 1, "dev": 1, "staging": 1, "prod": 0.1}
    seeded = {stack for stack in STACKS if of_type(captures[stack], SEED)}
    assert seeded == {"local"}, "demo sessions exist on a laptop and nowhere else"


def test_seeded_sessions_are_secret_in_the_state(captures: dict[str, Capture]) -> None:
    seeds = of_type(captures["local"], SEED)
    assert {seed.inputs["keyName"] for seed in seeds} == {"session:sess-demo", "session:sess-demo-staff"}
    assert all("value" in seed.secret_paths for seed in seeds)


def test_a_gradual_rollout_splits_the_traffic(runner: Runner, spoil: Spoil) -> None:
    before = "0f0e0d0c-1111-4222-8333-444455556666"
    rollout = f"products-api:rollout: {{ percentage: 10, previous_version_id: {before} }}\n  products-api:protect: true"
    capture = runner.run(spoil("prod", "products-api:protect: true", rollout), "prod")[0]
    shares = {share["versionId"]: share["percentage"] for share in only(capture, DEPLOYMENT).inputs["versions"]}
    assert shares.pop(before) == 90
    assert list(shares.values()) == [10]
    assert capture.outputs["stable_version_id"] == before


def test_a_gradual_rollout_on_aws_stages_the_new_version(runner: Runner, spoil: Spoil) -> None:
    rollout = 'products-api:rollout: { percentage: 5, previous_version_id: "7" }\n  products-api:protect: true'
    capture = runner.run(spoil("aws-prod", "products-api:protect: true", rollout), "aws-prod")[0]
    primary, staging = sorted(
        of_type(capture, "aws:cloudfront/distribution:Distribution"),
        key=lambda found: bool(found.inputs.get("staging")),
    )
    policy = only(capture, "aws:cloudfront/continuousDeploymentPolicy:ContinuousDeploymentPolicy")
    assert policy.inputs["trafficConfig"]["singleWeightConfig"] == {"weight": 0.05}
    assert (primary.inputs["aliases"], staging.inputs["staging"]) == (["api.aws.example.com"], True)
    assert {primary.inputs["httpVersion"], staging.inputs["httpVersion"]} == {"http2"}
    assert capture.outputs["stable_version_id"] == "7"


def test_the_policies_pass_a_rollout_on_aws(spoil: Spoil) -> None:
    from edgewright.cli.check import evaluate_stack

    rollout = 'products-api:rollout: { percentage: 5, previous_version_id: "7" }\n  products-api:protect: true'
    _, evaluation = evaluate_stack(spoil("aws-prod", "products-api:protect: true", rollout), "aws-prod")
    assert [finding for finding in evaluation.findings if finding.level == "mandatory"] == []


@pytest.mark.parametrize("stack", STACKS)
def test_the_policies_pass(stack: str) -> None:
    from edgewright.cli.check import evaluate_stack

    _, evaluation = evaluate_stack(ROOT, stack)
    blocking = [finding for finding in evaluation.findings if finding.level == "mandatory"]
    assert blocking == []


# --- the examples ----------------------------------------------------------------------------------------------------


def test_the_caching_proxy_forwards_everything_and_follows_the_origin(runner: Runner) -> None:
    settings = settings_of(runner.run(ROOT / "examples" / "caching-proxy", "local")[0])
    (endpoint,) = settings.endpoints
    assert (endpoint.path, endpoint.methods) == ("/*", ("*",))
    assert endpoint.cache is not None
    assert (endpoint.cache.mode, endpoint.cache.edge_ttl_s, endpoint.cache.browser_ttl_s) == ("origin", None, None)
    assert endpoint.cache.stale_while_revalidate_s == endpoint.cache.stale_if_error_s == 0
    (router,) = settings.routers
    assert [origin.url for origin in router.origins] == ["http://127.0.0.1:9301"]
    assert router.retry_statuses == ()


def test_the_quickstart_is_ten_lines_and_runs(runner: Runner) -> None:
    folder = ROOT / "examples" / "quickstart"
    lines = [line for line in (folder / "__main__.py").read_text().splitlines() if line]
    assert len(lines) <= 10
    settings = settings_of(runner.run(folder, "local")[0])
    assert [endpoint.path for endpoint in settings.endpoints] == ["/api/*"]
    assert len(settings.routers[0].origins) == 2


# --- on CloudFront ---------------------------------------------------------------------------------------------------

DISTRIBUTION = "aws:cloudfront/distribution:Distribution"
CACHE_POLICY = "aws:cloudfront/cachePolicy:CachePolicy"
ORIGIN_REQUEST_POLICY = "aws:cloudfront/originRequestPolicy:OriginRequestPolicy"
KEYS = "aws:cloudfront/keyvaluestoreKeysExclusive:KeyvaluestoreKeysExclusive"


@pytest.fixture(scope="module")
def on_aws(runner: Runner) -> dict[str, Capture]:
    return {stack: runner.run(ROOT, stack, cloud=LocalCloud())[0] for stack in AWS_STACKS}


@pytest.mark.parametrize("stack", AWS_STACKS)
def test_a_stack_on_aws_has_nothing_of_cloudflare(on_aws: dict[str, Capture], stack: str) -> None:
    capture = on_aws[stack]
    assert {resource.package for resource in capture if resource.custom} == {"aws"}
    assert set(capture.outputs) == {"urls", "script_name", "version_id", "stable_version_id"}
    assert [diagnostic for diagnostic in capture.diagnostics if diagnostic.severity.value in ("warning", "error")] == []
    alone = {resource.type for resource in capture if resource.custom and not resource.parent}
    assert alone == {CACHE_POLICY, ORIGIN_REQUEST_POLICY}, (
        "children belong to components; equal policies are the stack's"
    )


def test_the_stacks_on_aws_differ_where_they_should(on_aws: dict[str, Capture]) -> None:
    aliases = {stack: only(on_aws[stack], DISTRIBUTION).inputs.get("aliases") for stack in AWS_STACKS}
    assert aliases == {"aws-local": [], "aws-prod": ["api.aws.example.com"]}
    waits = {stack: only(on_aws[stack], DISTRIBUTION).inputs["waitForDeployment"] for stack in AWS_STACKS}
    assert waits == {"aws-local": False, "aws-prod": True}
    assert {stack for stack in AWS_STACKS if of_type(on_aws[stack], KEYS)} == {"aws-local"}, "demo sessions stay here"
    for capture in on_aws.values():
        assert len(of_type(capture, CACHE_POLICY)) <= 3, "equal policies are shared: an account has 20"


def test_seeded_sessions_on_aws_are_secret_in_the_state(on_aws: dict[str, Capture]) -> None:
    keys = only(on_aws["aws-local"], KEYS)
    pairs = keys.inputs["resourceKeyValuePairs"]
    assert {pair["key"] for pair in pairs} == {"session:sess-demo", "session:sess-demo-staff"}
    assert {f"resourceKeyValuePairs[{index}].value" for index in range(len(pairs))} <= keys.secret_paths


@pytest.mark.parametrize("stack", AWS_STACKS)
def test_a_second_run_on_aws_declares_the_same(on_aws: dict[str, Capture], runner: Runner, stack: str) -> None:
    again = runner.run(ROOT, stack, cloud=LocalCloud())[0]
    planned = [plan(Project.load(ROOT), capture).deployment for capture in (again, on_aws[stack])]
    assert planned[0] == planned[1]


@pytest.mark.parametrize("stack", AWS_STACKS)
def test_a_preview_on_aws_runs_with_unknown_ids(runner: Runner, stack: str) -> None:
    assert only(runner.run(ROOT, stack, cloud=LocalCloud(), preview=True)[0], DISTRIBUTION).id is None


@pytest.mark.parametrize("stack", AWS_STACKS)
def test_the_policies_pass_on_aws(stack: str) -> None:
    from edgewright.cli.check import evaluate_stack

    _, evaluation = evaluate_stack(ROOT, stack)
    assert [finding for finding in evaluation.findings if finding.level == "mandatory"] == []
