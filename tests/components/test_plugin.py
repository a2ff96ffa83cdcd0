"""The components as a Pulumi plugin: the public schema, arguments as other languages send them, and clean errors."""

import contextlib
import importlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import edgewright
import pulumi
import pytest
from edgewright._provider import COMPONENTS, EdgewrightProvider, _schema_path
from edgewright.base.faults import InputFaults
from edgewright.platforms import HOSTS
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from tests.components.program import ACCOUNT, ZONE, Run, run, settings_of
from tests.components.test_edge_api import CACHE, ROUTING
from tools.schema import GOLDEN, public_schema

grpc = importlib.import_module("grpc")
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def provider() -> EdgewrightProvider:
    return EdgewrightProvider()


def test_the_public_schema_is_the_golden_one(provider: EdgewrightProvider) -> None:
    """Where a change is meant: python -m tools.schema, and look at the difference."""
    assert public_schema(provider) == GOLDEN.read_text("utf-8")


def test_everything_public_is_described(provider: EdgewrightProvider) -> None:
    schema = json.loads(public_schema(provider))
    assert sorted(schema["resources"]) == [f"edgewright:index:{component.__name__}" for component in COMPONENTS]
    for name, type_ in schema["types"].items():
        for key, prop in type_.get("properties", {}).items():
            assert prop.get("description"), f"{name}.{key} has no docstring"
    for name, resource in schema["resources"].items():
        for side in ("inputProperties", "properties"):
            for key, prop in resource[side].items():
                assert prop.get("description"), f"{name}.{key} has no docstring"


def construct(provider: EdgewrightProvider, kind: str, name: str, inputs: Any) -> None:
    provider.construct(name, f"edgewright:index:{kind}", inputs, None)


def test_arguments_as_other_languages_send_them(provider: EdgewrightProvider) -> None:
    """Camel case, every number a float, what another component gave an Output."""

    def program() -> None:
        construct(
            provider,
            "EdgeApi",
            "api",
            {
                "endpoints": [
                    {
                        "path": "/api",
                        "origin": pulumi.Output.from_input(ROUTING),
                        "cache": pulumi.Output.from_input({**CACHE, "edge_ttl_s": 60.0}),
                        "rateLimit": {"limit": 10.0, "period": 60.0},
                    }
                ],
                "limits": {"cpuMs": 20.0},
                "cloudflare": {"accountId": ACCOUNT, "observability": {"headSamplingRate": 0.5}},
            },
        )

    found = run(program)
    assert found.one("WorkerVersion").inputs["limits"] == {"cpuMs": 20}
    assert found.one("Worker").inputs["observability"]["headSamplingRate"] == 0.5
    endpoint = settings_of(found.one("WorkerVersion"))["endpoints"][0]
    assert endpoint["cache"]["edge_ttl_s"] == 60
    assert endpoint["rate_limit"]["limit"] == 10


def test_functions_on_cloudfront_as_other_languages_send_them(provider: EdgewrightProvider) -> None:
    """An `association` is an Output then, as the rest is, and is checked when it is known."""

    def associated(*events: str) -> Run:
        function = {"events": list(events), "arn": "arn:aws:lambda:us-east-1:123456789012:function:f:1"}

        def program() -> None:
            endpoint = {
                "path": "/api/*",
                "origin": pulumi.Output.from_input(ROUTING),
                "cache": pulumi.Output.from_input(CACHE),
                "cloudfront": {"functions": [pulumi.Output.from_input({**function, "include_body": False})]},
            }
            construct(provider, "EdgeApi", "site", {"host": "cloudfront", "endpoints": [endpoint]})

        return run(program)

    (behavior,) = associated("viewer-request").one("Distribution").inputs["orderedCacheBehaviors"]
    assert {each["eventType"] for each in behavior["lambdaFunctionAssociations"]} >= {
        "viewer-request",
        "origin-request",
    }
    with pytest.raises(InputFaults, match="is on origin-request, where the API's own function runs"):
        associated("origin-request")


def test_faults_reach_the_engine_by_property_and_without_a_traceback(provider: EdgewrightProvider) -> None:
    def program() -> None:
        endpoints = [{"path": "/a", "origin": ROUTING, "rateLimit": {"limit": 1.0, "period": 30.0}}]
        construct(provider, "EdgeApi", "api", {"cloudflare": {"accountId": "x"}, "endpoints": endpoints})

    with pytest.raises(pulumi.InputPropertiesError) as caught:
        run(program)
    assert caught.value.message == "EdgeApi 'api': 2 faults in its arguments"
    assert caught.value.errors == [
        {
            "property_path": "cloudflare.accountId",
            "reason": "'x' is not an account's id. Allowed: 32 hexadecimal digits, lower case. Copy it from the dashboard's"
            " overview page. [EWF214]",
        },
        {
            "property_path": "endpoints[0].rateLimit.period",
            "reason": "30 is not a period. Allowed: 10 or 60 seconds. [EWF203]",
        },
    ]


def test_an_old_place_and_a_misspelling_are_told_in_camel_case(provider: EdgewrightProvider) -> None:
    """What the schema does not have was dropped without a word."""

    def program() -> None:
        endpoint = {"path": "/a", "origin": ROUTING, "rateLimits": "10/min"}
        construct(
            provider, "EdgeApi", "api", {"zoneId": ZONE, "priceClass": "x", "endpoints": [endpoint], "tagz": ["a"]}
        )

    with pytest.raises(pulumi.InputPropertiesError) as caught:
        run(program)
    found = {error["property_path"]: error["reason"] for error in caught.value.errors or ()}
    assert found["zoneId"] == (
        'moved to cloudflare.zoneId, because no other platform has it. Write `cloudflare: {"zoneId": ...}`. [EWF109]'
    )
    assert found["priceClass"].startswith("moved to cloudfront.priceClass")
    assert found["tagz"].startswith("is not an argument.")
    assert found["endpoints[0].rateLimits"].startswith("is not an argument.")


def test_the_schema_has_what_a_platforms_options_say(provider: EdgewrightProvider) -> None:
    types = json.loads(provider.schema or "")["types"]
    words = {
        name.rpartition(":")[2]: [each["value"] for each in type_["enum"]]
        for name, type_ in types.items()
        if "enum" in type_
    }
    assert words["Host"] == list(HOSTS)
    assert words["PriceClass"] == ["PriceClass_100", "PriceClass_200", "PriceClass_All"]
    assert words["Placement"] == ["smart"]
    assert words["ZonePlan"] == ["free", "pro", "business", "enterprise"]
    assert words["KvJurisdiction"] == ["eu", "us", "fedramp"]
    assert words["EdgeEvent"] == ["viewer-request", "viewer-response", "origin-request", "origin-response"]
    names = {each["name"] for type_ in types.values() for each in type_.get("enum", ())}
    assert {"PriceClass100", "ViewerRequest", "Cloudfront"} <= names


@pytest.mark.parametrize(
    ("path", "schema"),
    [
        ("endpoints[2].rate_limit.period", "endpoints[2].rateLimit.period"),
        ("account_id", "accountId"),
        ("vars.MY_MODE", "vars.MY_MODE"),
        ("tiers.kv.max_object_bytes", "tiers.kv.maxObjectBytes"),
    ],
)
def test_paths_are_those_of_the_schema(path: str, schema: str) -> None:
    assert _schema_path(path) == schema


@contextlib.contextmanager
def plugin_process() -> Iterator[str]:
    """Start the plugin as Pulumi does, and give its address."""
    process = subprocess.Popen(
        [sys.executable, "__main__.py", "127.0.0.1:1"],
        cwd=ROOT / "components",
        stdout=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield f"127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.terminate()
        process.wait(120)
        assert process.stdout is not None
        process.stdout.close()


def test_the_plugin_serves_its_schema(provider: EdgewrightProvider) -> None:
    with plugin_process() as address, grpc.insecure_channel(address) as channel:
        stub = provider_pb2_grpc.ResourceProviderStub(channel)
        served = stub.GetSchema(provider_pb2.GetSchemaRequest(), wait_for_ready=True, timeout=200)
        version = stub.GetPluginInfo(importlib.import_module("google.protobuf.empty_pb2").Empty(), timeout=200).version
    assert json.loads(served.schema) == json.loads(public_schema(provider))
    assert version == edgewright.__version__


def test_the_plugin_asks_for_a_part_of_the_packages_own_dependencies() -> None:
    declared = (ROOT / "pyproject.toml").read_text()
    lines = (ROOT / "components" / "requirements.txt").read_text().splitlines()
    asked = [line for line in lines if line and not line.startswith("#")]
    assert [line for line in asked if f'  "{line}",\n' not in declared] == []
    assert {re.split(r"[<>=\[]", line)[0] for line in asked} >= {"pulumi", "pulumi-cloudflare", "pydantic", "pyyaml"}


def test_the_version_is_the_distributions() -> None:
    assert f'\nversion = "{edgewright.__version__}"\n' in (ROOT / "pyproject.toml").read_text()


def test_the_export_list_is_what_can_be_imported() -> None:
    assert sorted(edgewright.__all__) == dir(edgewright)
    assert set(edgewright._HOMES) == set(edgewright.__all__) - {"__version__"}
    for name in edgewright.__all__:
        assert getattr(edgewright, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'EdgeAPI'"):
        edgewright.EdgeAPI  # noqa: B018


def test_the_package_is_imported_without_the_pulumi_sdk() -> None:
    code = "import sys, edgewright; sys.exit(any(name.startswith('pulumi') for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
