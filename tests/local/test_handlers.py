"""Each handler gives complete outputs, refuses what the API refuses, and gives the same id twice."""

import copy
import inspect
import typing
from collections.abc import Mapping
from typing import Any

import pulumi_cloudflare
import pytest
from edgewright.engine.cloud import CloudError, UnknownType
from edgewright.platforms.cloud import HANDLERS, LocalCloud, known_types
from edgewright.platforms.gaps import GAP_IDS

from tests.projects import ACCOUNT, ZONE

MODULE = {
    "name": "main.js",
    "contentType": "application/javascript+module",
    "contentBase64": "ZXhwb3J0IGRlZmF1bHQge30=",
}

GOOD: Mapping[str, dict[str, Any]] = {
    "Worker": {"accountId": ACCOUNT, "name": "demo"},
    "WorkerVersion": {"accountId": ACCOUNT, "workerId": "demo", "mainModule": "main.js", "modules": [MODULE]},
    "WorkersDeployment": {
        "accountId": ACCOUNT,
        "scriptName": "demo",
        "strategy": "percentage",
        "versions": [{"versionId": "v1", "percentage": 90}, {"versionId": "v2", "percentage": 10}],
    },
    "WorkersScript": {
        "accountId": ACCOUNT,
        "scriptName": "demo",
        "mainModule": "main.js",
        "content": "export default {}",
    },
    "WorkersScriptSubdomain": {"accountId": ACCOUNT, "scriptName": "demo", "enabled": True},
    "WorkersCronTrigger": {"accountId": ACCOUNT, "scriptName": "demo", "schedules": [{"cron": "* * * * *"}]},
    "WorkersRoute": {"zoneId": ZONE, "pattern": "example.com/api/*", "script": "demo"},
    "WorkersCustomDomain": {"accountId": ACCOUNT, "zoneId": ZONE, "hostname": "api.example.com", "service": "demo"},
    "WorkersKvNamespace": {"accountId": ACCOUNT, "title": "store"},
    "WorkersKv": {"accountId": ACCOUNT, "namespaceId": "n", "keyName": "k", "value": "v", "metadata": '{"a":1}'},
    "Queue": {"accountId": ACCOUNT, "queueName": "jobs"},
    "R2Bucket": {"accountId": ACCOUNT, "name": "files"},
    "D1Database": {"accountId": ACCOUNT, "name": "db"},
    "Ruleset": {"zoneId": ZONE, "kind": "zone", "name": "cache", "phase": "http_request_cache_settings", "rules": []},
    "TieredCache": {"zoneId": ZONE, "value": "on"},
    "RegionalTieredCache": {"zoneId": ZONE, "value": "on"},
    "ArgoTieredCaching": {"zoneId": ZONE, "value": "on"},
    "ZoneCacheReserve": {"zoneId": ZONE, "value": "on"},
    "ZoneSetting": {"zoneId": ZONE, "settingId": "brotli", "value": "on"},
    "DnsRecord": {"zoneId": ZONE, "name": "www", "type": "A", "ttl": 1, "content": "192.0.2.1"},
}

UNSET = {
    # The API gives these only to some: service worker syntax, durable objects, exports, either zone or account.
    ("WorkerVersion", "exportsReconciliation"),
    ("WorkerVersion", "migrationTag"),
    ("WorkersScript", "migrationTag"),
    ("WorkersScript", "placementMode"),
    ("WorkersScript", "placementStatus"),
    ("DnsRecord", "commentModifiedOn"),
    ("DnsRecord", "tagsModifiedOn"),
}


def token(name: str) -> str:
    found: str = getattr(pulumi_cloudflare, name).pulumi_type
    return found


def make(name: str, inputs: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    return LocalCloud().new_resource(token(name), "x", inputs)


def refused(name: str, inputs: Mapping[str, Any]) -> str:
    with pytest.raises(CloudError) as caught:
        make(name, inputs)
    return str(caught.value)


def test_every_handler_has_an_example() -> None:
    assert {token(name) for name in GOOD} == {type_ for type_ in HANDLERS if type_.startswith("cloudflare:")}


@pytest.mark.parametrize("name", GOOD)
def test_outputs_are_complete(name: str) -> None:
    identity, outputs = make(name, GOOD[name])
    assert identity
    missing = []
    for member in vars(getattr(pulumi_cloudflare, name)).values():
        if not isinstance(member, property) or member.fget is None:
            continue
        wire = getattr(member.fget, "_pulumi_name", member.fget.__name__)
        returned = typing.get_args(inspect.get_annotations(member.fget)["return"])[0]
        optional = type(None) in typing.get_args(returned)
        if not optional and outputs.get(wire) is None and (name, wire) not in UNSET:
            missing.append(wire)
    assert missing == []


@pytest.mark.parametrize("name", GOOD)
def test_inputs_are_given_back_and_ids_are_the_same_twice(name: str) -> None:
    first = make(name, GOOD[name])
    assert make(name, copy.deepcopy(GOOD[name])) == first
    for key, value in GOOD[name].items():
        if not isinstance(value, list):
            assert first[1][key] == value


@pytest.mark.parametrize("name", GOOD)
def test_what_is_required_is_missed_by_name(name: str) -> None:
    handler = HANDLERS[token(name)]
    message = refused(name, {})
    for key in handler.required:
        assert f"{key}: is required and missing" in message


def test_ids_tell_apart_what_the_platform_tells_apart() -> None:
    ids = {
        make("WorkersKvNamespace", {**GOOD["WorkersKvNamespace"], **change})[0]
        for change in ({}, {"title": "other"}, {"accountId": "c" * 32})
    }
    assert len(ids) == 3
    one = make("WorkerVersion", GOOD["WorkerVersion"])[0]
    changed = {**GOOD["WorkerVersion"], "bindings": [{"type": "plain_text", "name": "A", "text": "1"}]}
    assert make("WorkerVersion", changed)[0] != one


def test_every_gap_is_in_the_list() -> None:
    assert {handler.gap for handler in HANDLERS.values() if handler.gap} <= GAP_IDS


def test_an_unknown_type_is_named_with_those_that_are_known() -> None:
    with pytest.raises(UnknownType) as caught:
        LocalCloud().new_resource("cloudflare:index/hyperdriveConfig:HyperdriveConfig", "db", {})
    message = str(caught.value)
    assert "'db': the local cloud does not know the resource type cloudflare:index/hyperdriveConfig" in message
    assert ", ".join(known_types("cloudflare")) in message
    with pytest.raises(UnknownType, match=r"did you mean cloudflare\.Worker\?"):
        LocalCloud().new_resource("cloudflare:index/workr:Workr", "w", {})
    with pytest.raises(UnknownType, match="gcp:storage/bucket:Bucket; it knows: aws"):
        LocalCloud().new_resource("gcp:storage/bucket:Bucket", "b", {})


def test_functions_are_refused_by_name() -> None:
    with pytest.raises(UnknownType, match="cloudflare:index/getZone:getZone"):
        LocalCloud().call("cloudflare:index/getZone:getZone", {})


def binding(**values: Any) -> dict[str, Any]:
    return {**GOOD["WorkerVersion"], "bindings": [{"name": "B", **values}]}


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("Worker", {"name": "Bad Name"}, "'Bad Name' is not a Worker's name"),
        (
            "WorkersDeployment",
            {"versions": [{"versionId": "a", "percentage": 100}, {"versionId": "b", "percentage": 50}]},
            "the percentages add to 150; they must add to 100",
        ),
        ("WorkersDeployment", {"versions": [{"versionId": "a", "percentage": 101}]}, "must be 0 to 100, got 101"),
        (
            "WorkersDeployment",
            {"versions": [{"versionId": v, "percentage": p} for v, p in (("a", 40), ("b", 40), ("c", 20))]},
            "3 versions share the traffic; at most 2 can",
        ),
        ("WorkersDeployment", {"strategy": "blue"}, "must be 'percentage', got 'blue'"),
        ("WorkersRoute", {"pattern": "exa mple.com/*"}, "is not a route pattern"),
        ("WorkersRoute", {"pattern": "example.com/*?x=1"}, "is not a route pattern"),
        ("WorkersCustomDomain", {"hostname": "bücher.example"}, "is not a hostname"),
        ("WorkersCustomDomain", {"hostname": "localhost"}, "is not a hostname"),
        ("WorkersKv", {"keyName": "k" * 513}, "is 513 bytes; a key has 1 to 512 bytes"),
        ("WorkersKv", {"keyName": ".."}, "is not `.` or `..`"),
        (
            "WorkersKv",
            {"value": "v" * (25 * 1024 * 1024 + 1)},
            "a value has at most 25 MiB. Put it into object storage",
        ),
        ("WorkersKv", {"metadata": "{"}, "metadata: must be JSON text, got '{'"),
        ("WorkersKv", {"expirationTtl": 59}, "must be at least 60 s, got 59"),
        ("WorkerVersion", {"mainModule": "other.js"}, "'other.js' is not among the modules main.js"),
        ("WorkerVersion", {"modules": [MODULE, MODULE]}, "'main.js' is there twice"),
        (
            "WorkerVersion",
            {"modules": [{"name": "main.js"}]},
            "needs contentBase64 or contentFile, one of them; got neither",
        ),
        ("WorkerVersion", {"limits": {"cpuMs": 300001}}, "must be 1 to 300000, got 300001"),
        ("WorkersScript", {"content": None}, "needs content or contentFile"),
        ("WorkersScript", {"mainModule": None}, "service worker syntax is not supported"),
        ("Ruleset", {"accountId": ACCOUNT}, "needs zoneId or accountId, one of them"),
    ],
)
def test_what_the_api_refuses_is_refused(name: str, change: dict[str, Any], message: str) -> None:
    assert message in refused(name, {**GOOD[name], **change})


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"type": "kv_namespace"}, "bindings[0] (B): a kv_namespace binding needs namespaceId"),
        (
            {"type": "browser"},
            "the binding type 'browser' does not run here; those that do: analytics_engine, d1, durable_object_namespace",
        ),
        ({"type": "plain_text", "text": None}, "a plain_text binding needs text"),
        ({"type": "plain_text", "text": "x", "name": "not-a-name"}, "'not-a-name' is not a JavaScript variable's name"),
    ],
)
def test_bindings_are_checked(values: dict[str, Any], message: str) -> None:
    assert message in refused("WorkerVersion", binding(**values))


def test_two_bindings_of_one_name() -> None:
    inputs = {**GOOD["WorkerVersion"], "bindings": [{"type": "plain_text", "name": "A", "text": "1"}] * 2}
    assert "bindings[1] (A): another binding has this name" in refused("WorkerVersion", inputs)
