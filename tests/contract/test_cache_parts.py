"""The table of the cache's parts speaks of settings and of modules that there are. That both languages go by it, and by nothing
else, holds `tests/components/test_modules.py`: a function starts with what it is given, and with nothing less."""

import json
from pathlib import Path

import pytest
from edgewright.contract import cache_parts
from edgewright.contract.models import CacheSpec, EndpointSpec

EDGE = Path(__file__).resolve().parents[2] / "edge"
WHOLE = {
    "name": "p",
    "tiers": {"memory": {}, "edge": {}, "kv": {"binding": "KV", "ttl_s": 60}, "shield": {}},
    "key": {"headers": ["x-a"], "cookies": ["a"], "country": True, "region": True, "query": "none"},
}


@pytest.mark.parametrize("part", cache_parts.PARTS, ids=lambda part: part.name)
def test_each_part_is_a_module(part: cache_parts.Part) -> None:
    name = f"cache-{part.name}.ts"
    assert any((EDGE / "src" / folder / name).is_file() for folder in ("core/features", "platforms/cloudflare"))


def test_each_condition_is_on_a_setting() -> None:
    document = {**CacheSpec.model_validate(WHOLE).model_dump(mode="json"), "unsafe": True}
    paths = {when.path for part in cache_parts.PARTS for row in part.needed for when in row}
    assert len(paths) > 10
    for path in paths:
        value = document
        for name in path.split("."):
            assert name in value, path
            value = value[name]


def test_what_the_edge_reads_is_this_table() -> None:
    assert json.loads((EDGE / "schema" / "cache-parts.json").read_text()) == cache_parts.table()


@pytest.mark.parametrize(
    ("given", "unsafe", "parts"),
    [
        ({"mode": "bypass", "tiers": {"memory": {}}}, True, set()),
        ({"tiers": {"memory": None, "edge": None}}, False, set()),
        ({"tiers": {"memory": None, "edge": {}}}, False, {"edge"}),
        ({"tiers": {"memory": None, "edge": {}}, "engine": "platform"}, False, {"platform", "purge"}),
        ({"tiers": {"memory": None, "edge": None, "shield": {}}}, False, {"memory", "edge", "shield", "purge"}),
        ({"tiers": {"memory": None, "edge": {}}, "key": {"query": "none"}}, True, {"edge", "key", "writes"}),
        (
            {"tiers": {"memory": None, "edge": {}}, "key": {"headers": ["x-a"]}},
            True,
            {"edge", "key", "writes", "purge"},
        ),
        ({"tiers": {"memory": None, "edge": {}}, "key": {"headers": ["x-a"]}}, False, {"edge", "key"}),
        ({"tiers": {"memory": None, "edge": {}}, "mode": "origin"}, False, {"edge", "origin"}),
    ],
)
def test_needed(given: dict[str, object], unsafe: bool, parts: set[str]) -> None:
    policy = CacheSpec.model_validate({"name": "p", **given})
    assert cache_parts.needed(policy, unsafe=unsafe) == parts


def test_a_known_caller_has_no_shield_and_no_cache_in_front() -> None:
    cache = {"name": "p", "engine": "platform", "key": {"host": False}, "tiers": {"shield": {}}}
    handler = {"kind": "handler", "module": "h.js"}
    guarded = EndpointSpec.model_validate(
        {"path": "/a", "target": handler, "cache": cache, "auth": {"kind": "session"}}
    )
    policy = cache_parts.in_effect(guarded)
    assert policy is not None
    assert (policy.engine, policy.mode, policy.tiers.shield) == ("worker", "origin", None)
