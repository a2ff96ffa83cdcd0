"""Which parts of edgewright's own code a function is given: all that its settings need, and no other."""

import base64
import itertools
import json
import subprocess
from pathlib import Path
from typing import Any

import edgewright
import pytest
from edgewright.assemble.node import find_node
from edgewright.assemble.worker import features_of, on_local_cloud, worker_modules
from edgewright.contract.models import EdgeSettings

BUNDLES = Path(edgewright.__file__).parent / "_bundles" / "cloudflare"

# Starts each function with the features that it was given, and once more without each of them.
SCRIPT = """
const [folder, file] = process.argv.slice(2);
const { readFileSync } = await import("node:fs");
const { pathToFileURL } = await import("node:url");
const load = (name) => import(pathToFileURL(`${folder}/${name}`).href);
const manifest = JSON.parse(readFileSync(`${folder}/manifest.json`, "utf8"));
const { createWorker } = await load(manifest.core.file);
const known = {};
for (const [name, feature] of Object.entries(manifest.features)) {
  known[name] = (await load(feature.file))[feature.export];
}
const handlers = { "h.js": { default: () => new Response("") } };
const fault = (settings, names) => {
  try {
    createWorker(settings, { features: [...names, "cache_check"].map((name) => known[name]), handlers });
    return null;
  } catch (error) {
    return error.message;
  }
};
const answers = JSON.parse(readFileSync(file, "utf8")).map(({ settings, features }) => ({
  whole: fault(settings, features),
  without: Object.fromEntries(features.map((one) => [one, fault(settings, features.filter((name) => name !== one))])),
}));
process.stdout.write(JSON.stringify(answers));
"""


def settings(*endpoints: dict[str, Any]) -> dict[str, Any]:
    """A complete settings document, as the function reads it."""
    handler = {"kind": "handler", "module": "h.js"}
    given = [{"path": f"/{index}", "target": handler, **one} for index, one in enumerate(endpoints)]
    document = {"name": "api", "endpoints": given, "sessions": {"binding": "SESSIONS"}}
    return EdgeSettings.model_validate(document).model_dump(mode="json")


def needed(document: dict[str, Any]) -> list[str]:
    return features_of(EdgeSettings.model_validate(document))


def policy(**given: Any) -> dict[str, Any]:
    return {"name": "p", "edge_ttl_s": 60, **given}


TIERS = [
    {
        "memory": {} if memory else None,
        "edge": {} if edge else None,
        "kv": {"binding": "KV", "ttl_s": 60} if kv else None,
    }
    for memory, edge, kv in itertools.product((False, True), repeat=3)
]


def every_case() -> list[dict[str, Any]]:
    cases = []
    for mode, engine, tiers, host, methods, auth in itertools.product(
        ("override", "origin", "bypass"),
        ("worker", "platform"),
        TIERS,
        (True, False),
        (["GET", "HEAD"], ["GET", "POST"], ["*"]),
        (None, {"kind": "session"}),
    ):
        cache = policy(mode=mode, engine=engine, tiers=tiers, key={"host": host})
        cases.append(settings({"cache": cache, "auth": auth}, {"methods": methods}))
        if methods == ["GET", "HEAD"] and not host:
            for more in ({"query": "include", "query_names": ["a"]}, {"region": True}):
                keyed = {**cache, "key": {"host": False, **more}}
                cases.append(settings({"cache": keyed, "auth": auth}, {"methods": methods}))
        if methods == ["*"] and not host:
            shielded = {**cache, "tiers": {**tiers, "shield": {}}}
            cases.append(settings({"cache": shielded, "auth": auth}, {"methods": methods}))
    return cases


def test_a_function_starts_with_what_it_is_given_and_with_nothing_less(tmp_path: Path) -> None:
    cases = [{"settings": case, "features": needed(case)} for case in every_case()]
    # What one endpoint needs is needed beside any other.
    cases += [
        {"settings": both, "features": needed(both)}
        for one, other in itertools.islice(zip(every_case(), reversed(every_case()), strict=True), 0, None, 7)
        for both in [settings(*one["endpoints"], *other["endpoints"])]
    ]
    script, data = tmp_path / "start.mjs", tmp_path / "cases.json"
    script.write_text(SCRIPT)
    data.write_text(json.dumps(cases))
    node = find_node()
    command = [str(node.executable), str(script), str(BUNDLES), str(data)]
    done = subprocess.run(command, capture_output=True, text=True, env=node.environment(), check=True)
    answers = json.loads(done.stdout)
    assert len(answers) == len(cases)
    for case, answer in zip(cases, answers, strict=True):
        assert answer["whole"] is None, (answer["whole"], case)
        for feature, fault in answer["without"].items():
            assert fault is not None, (feature, case)
            assert "cannot start" in fault


@pytest.mark.parametrize(
    ("endpoint", "expected"),
    [
        ({"cache": None}, []),
        ({"cache": policy()}, ["cache", "cache_edge"]),
        ({"cache": policy(mode="bypass", tiers=TIERS[-1])}, ["cache"]),
        ({"cache": policy(tiers=TIERS[-1])}, ["cache", "cache_edge", "cache_kv", "cache_memory", "cache_purge"]),
        ({"cache": policy(key={"query": "none"})}, ["cache", "cache_edge", "cache_key"]),
        ({"cache": policy(key={"cookies": ["plan"]})}, ["cache", "cache_edge", "cache_key"]),
        ({"cache": policy(key={"host": False})}, ["cache", "cache_edge"]),
        ({"cache": policy(), "methods": ["GET", "PUT"]}, ["cache", "cache_edge", "cache_writes"]),
        (
            {"cache": policy(key={"cookies": ["plan"]}), "methods": ["GET", "PUT"]},
            ["cache", "cache_edge", "cache_key", "cache_purge", "cache_writes"],
        ),
        ({"cache": policy(), "methods": ["GET", "OPTIONS"]}, ["cache", "cache_edge"]),
        ({"cache": None, "methods": ["*"]}, []),
        ({"cache": {"name": "p", "mode": "origin"}}, ["cache", "cache_edge", "cache_origin"]),
        ({"cache": policy(engine="platform", key={"host": False})}, ["cache", "cache_platform", "cache_purge"]),
        ({"cache": policy(engine="platform")}, ["cache", "cache_edge"]),
        ({"cache": policy(), "auth": {"kind": "session"}}, ["cache", "cache_edge", "cache_origin", "sessions"]),
    ],
)
def test_parts_of_the_cache_follow_the_settings(endpoint: dict[str, Any], expected: list[str]) -> None:
    assert needed(settings(endpoint)) == expected


def test_only_the_files_of_what_is_needed_are_uploaded() -> None:
    document = settings({"cache": policy(mode="origin", tiers={"memory": {}, "edge": None})})
    names = {module["name"] for module in worker_modules(EdgeSettings.model_validate(document), {}, BUNDLES)}
    assert {"cache.js", "cache-memory.js", "cache-origin.js"} <= names
    assert (
        not {"cache-edge.js", "cache-key.js", "cache-kv.js", "cache-platform.js", "cache-writes.js", "jwt.js"} & names
    )


def files(document: dict[str, Any], handlers: dict[str, str] | None = None) -> dict[str, bytes]:
    made = worker_modules(EdgeSettings.model_validate(document), handlers or {"h.js": "export default {}"}, BUNDLES)
    return {module["name"]: base64.b64decode(module["content_base64"]) for module in made}


def test_the_local_cloud_adds_what_takes_purges_and_what_checks_the_parts() -> None:
    plain = files(settings({"cache": policy()}))
    assert not {"cache-check.js", "cache-purge.js"} & plain.keys()
    local = on_local_cloud(plain, BUNDLES)
    assert local.keys() - plain.keys() >= {"cache-check.js", "cache-purge.js"}
    edge = 'import { cacheEdge } from "./cache-edge.js";'
    check, purge = (f'import {{ cache{name.title()} }} from "./cache-{name}.js";' for name in ("check", "purge"))
    main = plain["main.js"].decode().replace(edge, f"{check}\n{edge}\n{purge}")
    assert local["main.js"].decode() == main.replace("cacheEdge]", "cacheCheck, cacheEdge, cachePurge]")
    assert {name: local[name] for name in plain if name != "main.js"} == {
        name: plain[name] for name in plain if name != "main.js"
    }


def test_what_a_function_has_already_it_keeps() -> None:
    shielded = files(settings({"cache": policy(tiers={"memory": {}, "edge": {}, "shield": {}})}))
    assert "cache-purge.js" in shielded
    local = on_local_cloud(shielded, BUNDLES)
    assert local.keys() - shielded.keys() >= {"cache-check.js"}
    assert local["main.js"].decode().count("cachePurge") == shielded["main.js"].decode().count("cachePurge") == 2


def test_what_this_package_did_not_make_stays_as_it_is() -> None:
    without = files(settings({"cache": None}))
    assert on_local_cloud(without, BUNDLES) == without
    plain = files(settings({"cache": policy()}))
    for changed in (
        {**plain, "main.js": plain["main.js"] + b"// changed"},
        {**plain, "settings.js": b"export default {"},
        {**plain, "settings.js": b"export default 1;\n"},
        {"index.js": b"export default {}"},
    ):
        assert on_local_cloud(changed, BUNDLES) == changed


def test_what_runs_at_lambda_edge_needs_nothing_newer_than_its_node() -> None:
    """They are built for Node.js 20; what they call is not looked at by the build."""
    newer = ("withResolvers", "Array.fromAsync", "Object.groupBy", "Map.groupBy", ".union(", "Promise.try")
    for file in sorted((BUNDLES.parent / "lambda_edge").glob("*.mjs")):
        text = file.read_text(encoding="utf-8")
        assert [name for name in newer if name in text] == [], file.name
