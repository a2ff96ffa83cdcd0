"""Settings of the reference system: what is right passes, and each fault is told with file, line and what is allowed."""

import re
from pathlib import Path

import jsonschema
import pytest
import yaml
from edgewright.base.errors import ProjectError
from edgewright.config.models import StackSettings
from edgewright.engine.runner import Runner

from examples.origins.catalogue import static_files
from tests.reference.cloud import ROOT
from tests.reference.conftest import AWS_STACKS, STACKS, Spoil


@pytest.fixture(scope="module")
def settings(runner: Runner) -> dict[str, StackSettings]:
    return {stack: runner.settings(ROOT, stack) for stack in (*STACKS, *AWS_STACKS)}


def test_the_six_stacks_are_there() -> None:
    found = {file.name for file in (ROOT / "stacks").glob("Pulumi.*.yaml")}
    assert found == {f"Pulumi.{stack}.yaml" for stack in (*STACKS, *AWS_STACKS)}


def test_objectives_are_those_that_the_reference_system_promises(settings: dict[str, StackSettings]) -> None:
    local = settings["local"].objectives
    assert (local.p50_ms, local.hit_ratio, local.origin_reduction) == (10, 0.90, 0.80)
    assert local.failover_success is not None
    assert settings["aws-local"].objectives == local, "the same on both platforms"
    assert settings["aws-local"].traffic == settings["local"].traffic
    for stack in ("dev", "staging", "prod", "aws-prod"):  # failover needs an origin that can be made to fail
        assert settings[stack].objectives.failover_success is None
        assert settings[stack].traffic.mix


def test_local_runs_three_origins_that_can_be_made_to_fail(settings: dict[str, StackSettings]) -> None:
    services = settings["local"].services
    assert [service.port for service in services] == [9101, 9102, 9103]
    assert all(service.faults is not None for service in services)
    failover = settings["local"].traffic.failover
    assert failover is not None
    assert failover.service in {service.name for service in services}


def test_the_replayed_static_files_are_those_that_the_origins_have(settings: dict[str, StackSettings]) -> None:
    asked = {family.path for family in settings["local"].traffic.mix if family.path.startswith("/static/")}
    assert asked == set(static_files())


def test_the_editors_schema_accepts_every_stack_and_refuses_a_wrong_one(runner: Runner) -> None:
    schema = runner.schema(ROOT)
    documents = {
        stack: yaml.safe_load((ROOT / "stacks" / f"Pulumi.{stack}.yaml").read_text())
        for stack in (*STACKS, *AWS_STACKS)
    }
    for document in documents.values():
        jsonschema.validate(document, schema)
    documents["prod"]["config"]["products-api:hostnam"] = "api.example.com"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(documents["prod"], schema)


@pytest.mark.parametrize(
    ("stack", "old", "new", "said"),
    [
        ("dev", "de7e10de7e10de7e10de7e10de7e10de", "my-account", r":\d+: .*account_id: 'my-account' is not an account's id; allowed: 32 hex"),
        ("aws-local", "host: cloudfront", "host: cloudfronts", r":\d+: .*host: .*got 'cloudfronts'; did you mean cloudfront"),
        ("local", "edgewright:cloudflare:\n    account_id", "edgewright:cloudflare:\n    acount_id", r":\d+: edgewright:cloudflare\.acount_id: unknown key; did you mean account_id"),
        ("local", "    account_id: 10ca110ca110ca110ca110ca110ca110\n", "    account_id: 10ca110ca110ca110ca110ca110ca110\n    zone_name: Example.com\n", r":\d+: edgewright:cloudflare\.zone_name: .* is not lower case"),
        ("aws-local", "products-api:trace: true", "products-api:hosted_zone_id: Z0EXAMPLE9E8D7C6B5A4F", r"hosted_zone_id: 'Z0EX.*' belongs to production"),
        ("aws-prod", "  products-api:hosted_zone_id: Z0EXAMPLE9E8D7C6B5A4F\n", "", r"hostname: .*needs its DNS zone; add products-api:hosted_zone_id"),
        ("dev", "products-api:trace: true", "products-api:trase: true", r":\d+: .*trase: unknown key; did you mean products-api:trace"),
        ("dev", "products-api:trace: true", "products-api:trace: perhaps", r":\d+: .*trace: .*got 'perhaps'"),
        ("prod", "hostname: api.example.com", "hostname: https://api.example.com/", r":\d+: .*hostname: .* is a URL or path"),
        ("prod", "hostname: api.example.com", "hostname: API.example.com", r"hostname: .* is not lower case.*Write 'api.example.com'"),
        ("prod", "hostname: api.example.com", "hostname: api_1.example.com", r"hostname: .*'api_1', which DNS does not allow"),
        ("prod", "hostname: api.example.com", "hostname: api.other.com", r"hostname: 'api.other.com' is outside the zone example.com"),
        ("prod", "    zone_id: 9e8d7c6b5a4f4e3d8c2b1a0f9e8d7c6b\n", "", r"hostname: .*needs its DNS zone; add edgewright:cloudflare.zone_id"),
        ("local", "countries: [GB, DE, FR]", "countries: [UK, DE, FR]", r":\d+: .*countries\[0\]: 'UK' is not a country.*Did you mean 'GB'"),
        ("local", "countries: [GB, DE, FR]", "countries: [US, DE]", r":\d+: .*origins: \[1\]\.countries: 'US' is also given to 'us'"),
        ("local", "region: eu", "region: us", r"origins: \[1\]\.region: 'us' is also the region of \[0\]"),
        ("local", "region: eu", "region: E_U", r"origins\[1\]\.region: 'e_u' is not a region's name"),
        ("local", "url: http://127.0.0.1:9102", "url: ftp://127.0.0.1:9102", r":\d+: .*origins\[1\]\.url: 'ftp://127.0.0.1:9102' is not http or https"),
        ("local", "url: http://127.0.0.1:9102", "url: http://u:secret-pw@h/", r"origins\[1\]\.url: the value has credentials"),
        ("local", "products-api:fallback: us", "products-api:fallback: mars", r"fallback: 'mars' is not the region of any origin; allowed: apac, eu, us"),
        ("local", "products-api:timeout_ms: 1000", "products-api:timeout_ms: 0", r"timeout_ms: .*got 0"),
        ("local", "countries: { US: 3,", "countries: { XX: 3,", r"traffic\.countries: 'XX' is not a country"),
        ("staging", "57a9157a9157a9157a9157a9157a9157", "4f0c7d9b2a6e4c1f8b3d5a7e9c0f1b2d", r":\d+: edgewright:cloudflare\.account_id: '4f0c.*' belongs to production, and this stack's tier is staging"),
        ("staging", "57a92057a92057a92057a92057a92057", "9e8d7c6b5a4f4e3d8c2b1a0f9e8d7c6b", r":\d+: edgewright:cloudflare\.zone_id: '9e8d.*' belongs to production"),
        ("dev", "products-api:trace: true", "products-api:rollout: { percentage: 10 }", r"rollout: percentage 10 leaves requests to no version"),
        ("dev", "products-api:trace: true", "products-api:rollout: { percentage: 10, previous_version_id: '7' }", r"rollout: previous_version_id '7' is not a version's UUID, as cloudflare has them"),
        ("dev", "products-api:trace: true", "products-api:rollout: { header: { name: aws-cf-cd-a, value: b }, previous_version_id: 11111111-2222-3333-4444-555555555555 }", r"rollout: header is of use on cloudfront only"),
        ("aws-local", "products-api:trace: true", "products-api:rollout: { percentage: 10, previous_version_id: 11111111-2222-3333-4444-555555555555 }", r"is not a function's number, as cloudfront has them"),
        ("dev", "products-api:cache:\n    kv_ttl: 1d", "products-api:cache: { edge_jitter: { min: 9, max: 3 } }", r"cache\.edge_jitter: min 9 is above max 3"),
        ("dev", "products-api:cache:\n    kv_ttl: 1d", "products-api:cache: { edge_ttl: 120, edge_jitter: { min: 3600, max: 4200 } }", r"cache\.edge_jitter: 3600 to 4200 leaves out edge_ttl 120, which would have no effect; allowed: min at most 120, max at least 120"),
        ("dev", "products-api:cache:\n    kv_ttl: 1d", "products-api:cache: { kv_ttl: 300, kv_jitter: { min: 3600, max: 4200 } }", r"cache\.kv_jitter: begins at 3600, above kv_ttl 300, which would have no effect; allowed: min at most 300"),
        ("dev", "products-api:cache:\n    kv_ttl: 1d", "products-api:cache: { kv_ttl: 30 }", r"cache\.kv_ttl: .*got 30 \(cloudflare: how long KV keeps a copy for all data centres; nothing for less than 60 s"),
        ("dev", "products-api:cache:\n    kv_ttl: 1d", "products-api:cache: { kv_jitter: { min: 60, max: 70 } }", r"cache\.kv_jitter: has no effect without kv_ttl"),
        ("dev", "products-api:tier: development", "products-api:tier: producton", r"tier: .*got 'producton'; did you mean production"),
    ],
)  # fmt: skip
def test_a_fault_is_told(runner: Runner, spoil: Spoil, stack: str, old: str, new: str, said: str) -> None:
    with pytest.raises(ProjectError) as failed:
        runner.settings(spoil(stack, old, new), stack)
    message = str(failed.value)
    assert re.search(said, message), message
    assert f"stacks/Pulumi.{stack}.yaml:" in message
    assert "Traceback" not in message
    assert "secret-pw" not in message


def test_all_faults_are_told_at_once_with_their_lines(runner: Runner, spoil: Spoil) -> None:
    folder = spoil("prod", "hostname: api.example.com", "hostname: nowhere")
    file = folder / "stacks" / "Pulumi.prod.yaml"
    text = (
        file.read_text()
        .replace("fallback: us", "fallback: mars")
        .replace("head_sampling_rate: 0.1", "head_sampling_rate: 7")
    )
    file.write_text(text)
    with pytest.raises(ProjectError) as failed:
        runner.settings(folder, "prod")
    message = str(failed.value)
    for line in ("nowhere", "mars", "head_sampling_rate: 7"):
        number = 1 + [line in row for row in text.splitlines()].index(True)
        assert f"Pulumi.prod.yaml:{number}: " in message


@pytest.mark.parametrize("example", ["caching-proxy", "quickstart"])
def test_the_examples_settings_are_valid(runner: Runner, example: str) -> None:
    runner.settings(ROOT / "examples" / example, "local")


def test_the_proxys_origin_must_be_a_url(runner: Runner, tmp_path: Path) -> None:
    import shutil

    shutil.copytree(ROOT / "examples" / "caching-proxy", tmp_path / "proxy")
    file = tmp_path / "proxy" / "stacks" / "Pulumi.local.yaml"
    file.write_text(file.read_text().replace("http://127.0.0.1:9301", "127.0.0.1:9301"))
    with pytest.raises(ProjectError, match=r"Pulumi\.local\.yaml:3: caching-proxy:origin: .* is not http or https"):
        runner.settings(tmp_path / "proxy", "local")


def test_an_account_that_nothing_says_is_told_with_all_three_places(
    spoil: Spoil, runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CLOUDFLARE_ACCOUNT_ID", raising=False)
    said = "  edgewright:cloudflare:\n    account_id: 10ca110ca110ca110ca110ca110ca110\n"
    folder = spoil("local", said, "")
    with pytest.raises(
        ProjectError, match=r"cloudflare\.account_id: is required.*edgewright:cloudflare.*CLOUDFLARE_ACCOUNT_ID"
    ):
        runner.run(folder, "local")
    monkeypatch.setenv("CLOUDFLARE_ACCOUNT_ID", "e" * 32)
    (worker,) = {each.inputs["accountId"] for each in runner.run(folder, "local")[0] if each.type.endswith(":Worker")}
    assert worker == "e" * 32


def test_pain_13_no_other_stack_is_bound_to_productions_zone_on_aws(spoil: Spoil, runner: Runner) -> None:
    """A preview that writes into production's zone would be production's."""
    production = runner.run(ROOT, "aws-prod")[0]
    (zone,) = {record.inputs["zoneId"] for record in production if record.type == "aws:route53/record:Record"}
    with pytest.raises(ProjectError, match="belongs to production, and this stack's tier is local"):
        runner.run(spoil("aws-local", "products-api:trace: true", f"products-api:hosted_zone_id: {zone}"), "aws-local")
