"""How much of the platforms' limits a stack uses."""

import gzip
import json
from pathlib import Path
from typing import Any

import pulumi
import pytest
from edgewright.base.unknown import UNKNOWN
from edgewright.cli.limits import describe
from edgewright.contract.limits import all_limits, limit
from edgewright.engine.resources import Capture, Resource
from edgewright.guard.usage import usage
from edgewright.platforms.counter import Used

VERSION = "cloudflare:index/workerVersion:WorkerVersion"
DISTRIBUTION = "aws:cloudfront/distribution:Distribution"
FUNCTION = "aws:lambda/function:Function"
ARN = "arn:aws:lambda:us-east-1:123456789012:function:f"


def _capture(folder: Path, *resources: tuple[str, str, dict[str, Any]], **outputs: dict[str, Any]) -> Capture:
    return Capture(
        "shop",
        "dev",
        tuple(
            Resource(
                urn=f"urn:pulumi:dev::shop::{token}::{name}",
                type=token,
                name=name,
                parent=None,
                custom=True,
                inputs=inputs,
                outputs={**inputs, **outputs.get(name, {})},
            )
            for token, name, inputs in resources
        ),
        project_dir=folder,
    )


def test_a_bundle_counts_with_its_files_and_compressed(tmp_path: Path) -> None:
    code = b"export default { fetch() { return new Response('hello') } }\n" * 200
    (tmp_path / "main.js").write_bytes(code)
    small = {"modules": [{"name": "a.js", "contentBase64": "YQ=="}]}
    large = {"modules": [{"name": "main.js", "contentType": "application/javascript+module", "contentFile": "main.js"}]}
    found = usage(_capture(tmp_path, (VERSION, "small", small), (VERSION, "large", large)))
    assert found["cloudflare.workers.script_bytes"] == Used(len(code), "large")
    assert found["cloudflare.workers.script_gzip_bytes"] == Used(len(gzip.compress(code, 6, mtime=0)), "large")


def test_a_worker_counts_with_its_variables_limits_and_static_files(tmp_path: Path) -> None:
    (tmp_path / "public" / "deep").mkdir(parents=True)
    for name, size in (("a.css", 10), ("deep/b.js", 300)):
        (tmp_path / "public" / name).write_bytes(b"x" * size)
    inputs = {
        "assets": {"directory": "public"},
        "limits": {"cpuMs": 40, "subrequests": 7},
        "bindings": [
            {"type": "plain_text", "name": "A", "text": "ü" * 5},
            {"type": "secret_text", "name": "B", "text": UNKNOWN},
            {"type": "durable_object_namespace", "name": "C", "className": "Room"},
            {"type": "durable_object_namespace", "name": "D", "className": "Other", "scriptName": "elsewhere"},
        ],
        "exports": {
            "Room": {"type": "durable-object", "storage": "sqlite"},
            "EdgewrightShield": {"type": "durable-object", "storage": "sqlite"},
            "Inner": {"type": "worker"},
        },
    }
    found = usage(_capture(tmp_path, (VERSION, "api", inputs)))
    wanted = {
        "workers.env_vars": 2,
        "workers.env_var_bytes": 10,
        "workers.cpu_ms_guardrail": 40,
        "workers.cpu_ms_max": 40,
        "workers.subrequests": 7,
        "durable_objects.classes": 2,
        "assets.files": 2,
        "assets.file_bytes": 300,
    }
    assert {name: found[f"cloudflare.{name}"].amount for name in wanted} == wanted


def test_a_function_at_the_edge_counts_by_its_events(tmp_path: Path) -> None:
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "index.mjs").write_text("export const handler = async () => ({})\n" * 50)
    viewer = {"timeout": 4, "memorySize": 256, "code": pulumi.FileArchive("code")}
    origin = {"timeout": 20, "code": pulumi.AssetArchive({"index.mjs": pulumi.StringAsset("x" * 100)})}
    plain = {"timeout": 900, "memorySize": 10_240, "code": pulumi.FileArchive("code")}
    distribution = {
        "defaultCacheBehavior": {
            "lambdaFunctionAssociations": [
                {"eventType": "viewer-request", "lambdaArn": f"{ARN}-viewer:3"},
            ]
        },
        "orderedCacheBehaviors": [
            {"lambdaFunctionAssociations": [{"eventType": "origin-request", "lambdaArn": f"{ARN}-origin:1"}]}
        ],
        "aliases": ["a.example", "b.example"],
    }
    found = usage(
        _capture(
            tmp_path,
            (FUNCTION, "viewer", viewer),
            (FUNCTION, "origin", origin),
            (FUNCTION, "elsewhere", plain),
            (DISTRIBUTION, "site", distribution),
            viewer={"qualifiedArn": f"{ARN}-viewer:3"},
            origin={"arn": f"{ARN}-origin"},
        )
    )
    assert found["lambda_edge.viewer.memory_mb"] == Used(256, "viewer")
    assert found["lambda_edge.functions_per_event"] == Used(1, "site")
    assert found["lambda_edge.timeout_s_guardrail"] == Used(20, "origin")
    assert 0 < found["lambda_edge.viewer.package_bytes"].amount < 2000
    assert 0 < found["lambda_edge.origin.package_bytes"].amount < 100
    assert found["cloudfront.distribution.behaviors"] == Used(2, "site")
    assert found["cloudfront.distribution.cnames"] == Used(2, "site")


def test_cloudfronts_policies_and_stores_count(tmp_path: Path) -> None:
    key = {
        "headersConfig": {"headers": {"items": ["Accept", "X-A"]}},
        "queryStringsConfig": {"queryStrings": {"items": ["q"]}},
    }
    headers = {
        "customHeadersConfig": {"items": [{"header": "X-A", "value": "1"}]},
        "securityHeadersConfig": {"contentSecurityPolicy": {"contentSecurityPolicy": "default-src 'self'"}},
    }
    found = usage(
        _capture(
            tmp_path,
            ("aws:cloudfront/cachePolicy:CachePolicy", "key", {"parametersInCacheKeyAndForwardedToOrigin": key}),
            ("aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy", "headers", headers),
            ("aws:cloudfront/function:Function", "f", {"code": "ü"}),
            (
                "aws:cloudfront/keyvaluestoreKey:KeyvaluestoreKey",
                "one",
                {"keyValueStoreArn": "s", "key": "ab", "value": "c"},
            ),
            (
                "aws:cloudfront/keyvaluestoreKeysExclusive:KeyvaluestoreKeysExclusive",
                "rest",
                {"keyValueStoreArn": "s", "resourceKeyValuePairs": [{"key": "k", "value": "1234"}]},
            ),
        )
    )
    wanted = {
        "cache_policies": 1,
        "cache_policy.headers": 2,
        "cache_policy.query_strings": 1,
        "cache_policy.names_chars": 10,
        "response_headers_policies": 1,
        "response_headers_policy.custom_headers": 1,
        "response_headers_policy.csp_chars": 18,
        "functions": 1,
        "functions.code_bytes": 2,
        "kvs.key_bytes": 2,
        "kvs.value_bytes": 4,
        "kvs.store_bytes": 8,
    }
    assert {name: found[f"cloudfront.{name}"].amount for name in wanted} == wanted
    assert "cloudfront.cache_policy.cookies" not in found


@pytest.mark.parametrize("odd", [None, UNKNOWN, 5, "x", [], [UNKNOWN], {"x": UNKNOWN}, [[1]]])
def test_odd_and_unknown_inputs_count_for_nothing(tmp_path: Path, odd: Any) -> None:
    """Each name that is read, given what it should never be."""
    names = (
        "modules", "content", "bindings", "limits", "assets", "versions", "schedules", "value", "keyName", "title", "aliases",
        "origins", "orderedCacheBehaviors", "defaultCacheBehavior", "parametersInCacheKeyAndForwardedToOrigin",
        "customHeadersConfig", "securityHeadersConfig", "trafficConfig", "code", "timeout", "memorySize", "ephemeralStorage",
        "resourceKeyValuePairs", "key", "kind", "phase",
    )  # fmt: skip
    from edgewright_policies import types

    tokens = [
        each for name, each in vars(types).items() if name.isupper() and isinstance(each, str) and each.count(":") == 2
    ]
    assert len(tokens) > 30
    usage(_capture(tmp_path, *((token, f"r{n}", dict.fromkeys(names, odd)) for n, token in enumerate(tokens))))


def test_every_limit_that_is_counted_is_one(tmp_path: Path) -> None:
    from edgewright.guard.evaluate import stack_view
    from edgewright.platforms import each_part

    counted = [name for part in each_part("usage") for name, _ in part.Usage(stack_view(_capture(tmp_path))).all()]
    assert len(counted) == len(set(counted)) > 40
    assert set(counted) <= {each.id for each in all_limits()}


def test_headroom_is_plain_data() -> None:
    data = describe(limit("cloudfront.cache_policies"), Used(5))
    assert (data["used"], data["headroom"], data["used_share"], data["used_by"]) == (5, 15, 0.25, None)
    assert json.dumps(describe(limit("lambda_edge.viewer.memory_mb"), Used(256.0, "viewer")))
