"""Policies that read files beside the program: static assets, modules and packages, from the program's own folder."""

import dataclasses
import zipfile
from pathlib import Path
from typing import Any

import pulumi
import pytest
from edgewright.base.unknown import UNKNOWN
from edgewright.guard import evaluate

from tests.policies.corpus import capture

VERSION = "cloudflare:index/workerVersion:WorkerVersion"
FUNCTION = "aws:lambda/function:Function"
BUCKET_POLICY = "aws:s3/bucketPolicy:BucketPolicy"


def _found(token: str, inputs: dict[str, Any], policy: str, folder: Path) -> list[str]:
    found = evaluate(dataclasses.replace(capture({"one": {"type": token, "inputs": inputs}}), project_dir=folder))
    return [f"{each.what}: {each.value}" for each in found.findings if each.policy == policy]


def test_html_among_static_assets_needs_a_content_security_policy(tmp_path: Path) -> None:
    (tmp_path / "public").mkdir()
    inputs: dict[str, Any] = {"assets": {"directory": "public"}}
    assert _found(VERSION, inputs, "csp-missing", tmp_path) == []
    (tmp_path / "public" / "index.html").write_text("<p>hello")
    assert _found(VERSION, inputs, "csp-missing", tmp_path) == ["assets: HTML without a Content-Security-Policy"]
    (tmp_path / "public" / "_headers").write_text("/*\n  Content-Security-Policy: default-src 'self'\n")
    assert _found(VERSION, inputs, "csp-missing", tmp_path) == []
    (tmp_path / "public" / "_headers").unlink()
    configured = {"assets": {"directory": "public", "config": {"headers": "/*\n  content-security-policy: x"}}}
    assert _found(VERSION, configured, "csp-missing", tmp_path) == []
    (tmp_path / "main.js").write_text("headers.set('Content-Security-Policy', 'x')")
    by_worker = {**inputs, "modules": [{"name": "main.js", "contentFile": "main.js"}]}
    assert _found(VERSION, by_worker, "csp-missing", tmp_path) == []


def test_a_secret_in_a_file_of_the_package_is_found_without_being_shown(tmp_path: Path) -> None:
    token = "gh" + "p_" + "a1B2" * 9
    with zipfile.ZipFile(tmp_path / "code.zip", "w") as file:
        file.writestr("lib/.env", f"TOKEN={token}")
    said = _found(FUNCTION, {"code": pulumi.FileArchive("code.zip")}, "secret-in-plain-text", tmp_path)
    assert said == ["file lib/.env: a GitHub token"]


@pytest.mark.parametrize(
    ("token", "inputs"),
    [
        (VERSION, {"bindings": [{"type": "plain_text", "name": "gh" + "p_" + "a1B2" * 9, "text": "s3cret"}]}),
        ("cloudflare:index/workersKv:WorkersKv", {"keyName": "counter:" + "gh" + "p_" + "a1B2" * 9, "value": "x"}),
        (VERSION, {"bindings": [{"type": "plain_text", "name": "A_PASSWORD", "text": "gh" + "p_" + "a1B2" * 9}]}),
    ],
)
def test_no_message_repeats_a_secret(token: str, inputs: dict[str, Any]) -> None:
    found = evaluate(capture({"one": {"type": token, "inputs": inputs}}))
    assert found.findings or token == VERSION
    assert not [each.message for each in found.findings if "a1B2a1B2" in each.message]


@pytest.mark.parametrize(
    "statement",
    [
        {"Effect": "Allow", "Principal": UNKNOWN},
        {"Effect": "Allow", "Principal": "*", "Condition": UNKNOWN},
        {"Effect": "Allow", "Principal": "*", "Condition": {"StringEquals": {"aws:SourceArn": UNKNOWN}}},
        {"Effect": "Allow", "Principal": {"AWS": "*"}, "Condition": {"ArnLike": {"aws:SourceArn": [UNKNOWN]}}},
    ],
)
def test_a_bucket_policy_that_is_not_known_whole_is_counted_and_not_guessed(statement: dict[str, Any]) -> None:
    found = evaluate(capture({"one": {"type": BUCKET_POLICY, "inputs": {"policy": {"Statement": [statement]}}}}))
    assert found.findings == ()
    assert found.skipped == {"bucket-public": 1}


ZONE = {"type": "cloudflare:index/zone:Zone", "inputs": {"name": "example.com"}}
TLS = {
    "type": "cloudflare:index/hostnameTlsSetting:HostnameTlsSetting",
    "inputs": {"settingId": "min_tls_version", "value": "1.2"},
}
HTTPS = {"type": "cloudflare:index/pageRule:PageRule", "inputs": {"target": "*", "actions": {"alwaysUseHttps": True}}}


@pytest.mark.parametrize(
    ("content", "said", "skipped"),
    [
        ("headers.set('Strict-Transport-Security', 'max-age=31536000')", [], {}),
        (UNKNOWN, [], {"zone-defaults-unsafe": 1}),
        ("export default {}", ["zone zone security_header: not set: no Strict-Transport-Security"], {}),
    ],
)
def test_what_a_zone_is_given_by_other_means_than_settings_counts(
    content: Any, said: list[str], skipped: dict[str, int]
) -> None:
    script = {
        "type": "cloudflare:index/workersScript:WorkersScript",
        "inputs": {"scriptName": "s", "content": content, "observability": {"enabled": True}},
    }
    found = evaluate(capture({"zone": ZONE, "tls": TLS, "https": HTTPS, "script": script}))
    assert [f"{each.what}: {each.value}" for each in found.findings] == said
    assert {name: times for name, times in found.skipped.items() if name == "zone-defaults-unsafe"} == skipped
