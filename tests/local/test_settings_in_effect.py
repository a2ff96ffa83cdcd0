"""Settings of a stack on Cloudflare that are seen in what runs: on real workerd, over HTTP."""

from collections.abc import Callable
from pathlib import Path

import pytest
from edgewright.testing import LocalCloud

from tests import loopback
from tests.projects import make_project

pytestmark = pytest.mark.runtime

Start = Callable[..., LocalCloud]

STORES = """
from edgewright import EdgeApi, KvNamespace

account = "0" * 32
entries = [{"key": f"k{number}", "value": "v", "ttl": 600} for number in range(4)] + [{"key": "seed", "value": "s"}]
store = KvNamespace(
    "store", {"account_id": account, "list_limit": 3, "default_ttl": 3600, "seed": {"entries": entries}}
)
plain = KvNamespace("plain", {"account_id": account, "seed": {"entries": entries}})
EdgeApi(
    "api",
    {
        "account_id": account,
        "bindings": [store.binding, plain.binding],
        "endpoints": [{"path": "/try", "handler": "try.js"}],
    },
)
"""
TRY = """
export default async (_request, env) => {
  const told = {};
  for (const [name, store] of [["store", env.STORE], ["plain", env.PLAIN]]) {
    await store.put("put", "v");
    const first = await store.list({ limit: 1000 });
    const rest = first.list_complete ? [] : (await store.list({ limit: 1000, cursor: first.cursor })).keys;
    const keys = Object.fromEntries([...first.keys, ...rest].map(({ name, expiration }) => [name, expiration ?? null]));
    const now = Date.now() / 1000;
    const left = (key) => keys[key] === null ? null : Math.round((keys[key] - now) / 600) * 600;
    told[name] = { first: first.keys.length, put: left("put"), seed: left("seed"), k0: left("k0"), value: await store.get("put") };
  }
  return Response.json(told);
};
"""


def test_a_stores_limit_and_time_are_kept_by_what_handlers_get(start_cloud: Start, tmp_path: Path) -> None:
    cloud = start_cloud(make_project(tmp_path, STORES, files={"try.js": TRY}))
    assert loopback.get(f"{cloud.url}/try").json() == {
        "store": {"first": 3, "put": 3600, "seed": 3600, "k0": 600, "value": "v"},
        "plain": {"first": 6, "put": None, "seed": None, "k0": 600, "value": "v"},
    }


SESSIONS = """
import time

from edgewright import EdgeApi, KvNamespace

account = "0" * 32
now = int(time.time())
made = {"without-a-time": {"user": "a"}, "of-just-now": {"user": "a", "iat": now}, "too-old-by-now": {"user": "a", "iat": now - 3600}}
store = KvNamespace(
    "store",
    {"account_id": account, "seed": {"entries": [{"key": f"session:{key}", "value": value} for key, value in made.items()]}},
)
EdgeApi(
    "api",
    {
        "account_id": account,
        "sessions": {"binding": store.binding, "ttl": 3600},
        "endpoints": [{"path": "/me", "session": True}],
    },
)
"""


def test_where_sessions_have_a_time_one_that_does_not_say_its_own_is_none(start_cloud: Start, tmp_path: Path) -> None:
    cloud = start_cloud(make_project(tmp_path, SESSIONS))

    def ask(session: str) -> int:
        return loopback.get(f"{cloud.url}/me", headers={"Cookie": f"session={session}"}).status_code

    assert [ask(each) for each in ("of-just-now", "too-old-by-now", "without-a-time")] == [200, 401, 401]


ROLLOUT = """
import pulumi
from edgewright import EdgeApi

config = pulumi.Config()
args = {
    "account_id": "0" * 32,
    "vars": {"BUILD": config.require("build")},
    "endpoints": [{"path": "/build", "handler": "build.js"}],
}
if config.get("previous"):
    args["rollout"] = {"percentage": config.require_float("share"), "previous_version_id": config.require("previous")}
api = EdgeApi("api", args)
pulumi.export("stable", api.stable_version_id)
pulumi.export("candidate", api.candidate_version_id)
"""
BUILD = "export default (_request, env) => new Response(env.BUILD);\n"


def test_a_version_with_no_share_answers_whoever_names_it_and_nobody_else(start_cloud: Start, tmp_path: Path) -> None:
    project = make_project(tmp_path, ROLLOUT, files={"build.js": BUILD})

    def settle(build: str, previous: str = "", share: float = 100) -> None:
        text = f"config:\n  demo:build: {build}\n  demo:previous: '{previous}'\n  demo:share: {share}\n"
        (project / "stacks" / "Pulumi.local.yaml").write_text(text)

    settle("old")
    cloud = start_cloud(project)

    def ask(**headers: str) -> str:
        return loopback.get(f"{cloud.url}/build", headers={k.replace("_", "-"): v for k, v in headers.items()}).text

    stable = str(cloud.capture.outputs["stable"])
    settle("new", stable, 0)
    cloud.reload()
    assert str(cloud.capture.outputs["stable"]) == stable
    candidate = str(cloud.capture.outputs["candidate"])
    assert {ask() for _ in range(30)} == {"old"}
    assert ask(Cloudflare_Workers_Version_Overrides=f'api-local="{candidate}"') == "new"
    assert ask(Cloudflare_Workers_Version_Overrides='api-local="00000000-0000-0000-0000-000000000000"') == "old"

    # A key keeps its version, and one that has the new version keeps it while the share grows.
    settle("new", stable, 40)
    cloud.reload()
    keys = [f"visitor-{number}" for number in range(40)]
    first = {key: ask(Cloudflare_Workers_Version_Key=key) for key in keys}
    assert set(first.values()) == {"old", "new"}
    assert {key: ask(Cloudflare_Workers_Version_Key=key) for key in keys} == first
    settle("new", stable, 70)
    cloud.reload()
    later = {key: ask(Cloudflare_Workers_Version_Key=key) for key in keys}
    assert [key for key in keys if (first[key], later[key]) == ("new", "old")] == []
