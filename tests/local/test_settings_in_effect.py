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
    "store", {"cloudflare": {"account_id": account, "list_limit": 3, "default_ttl": 3600}, "seed": {"entries": entries}}
)
plain = KvNamespace("plain", {"cloudflare": {"account_id": account}, "seed": {"entries": entries}})
EdgeApi(
    "api",
    {
        "cloudflare": {"account_id": account},
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
    {"cloudflare": {"account_id": account}, "seed": {"entries": [{"key": f"session:{key}", "value": value} for key, value in made.items()]}},
)
EdgeApi(
    "api",
    {
        "cloudflare": {"account_id": account},
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
    "cloudflare": {"account_id": "0" * 32},
    "vars": {"BUILD": config.require("build")},
    "endpoints": [{"path": "/build", "handler": "build.js"}],
}
if config.get("previous"):
    args["rollout"] = {"percentage": config.require_float("share"), "previous_version_id": config.require("previous")}
api = EdgeApi("api", args)
pulumi.export("stable", api.stable_version_id)
pulumi.export("candidate", api.candidate_version_id)
"""
STICKY = """
from edgewright import EdgeApi
import pulumi

config = pulumi.Config()
args = {
    "cloudflare": {
        "account_id": "0" * 32,
        "zone_id": "1" * 32,
        "zone_plan": "pro",
        "routes": ["www.example.org/api/*"],
        "workers_dev": True,
    },
    "hostname": "api.example.com",
    "vars": {"BUILD": config.require("build")},
    "endpoints": [{"path": "/build", "handler": "build.js"}, {"path": "/api/build", "handler": "build.js"}],
}
if config.get("previous"):
    args["rollout"] = {
        "percentage": 50,
        "previous_version_id": config.require("previous"),
        "sticky": {"cookie": "session", "address": config.require_bool("address")},
    }
else:
    del args["cloudflare"]["zone_plan"]
api = EdgeApi("api", args)
pulumi.export("stable", api.stable_version_id)
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


def test_a_client_keeps_its_version_by_what_a_rollout_is_sticky_by(start_cloud: Start, tmp_path: Path) -> None:
    project = make_project(tmp_path, STICKY, files={"build.js": BUILD})

    def settle(build: str, previous: str = "", address: bool = False) -> None:
        text = (
            f"config:\n  demo:build: {build}\n  demo:previous: '{previous}'\n  demo:address: {str(address).lower()}\n"
        )
        (project / "stacks" / "Pulumi.local.yaml").write_text(text)

    settle("old")
    cloud = start_cloud(project)
    stable = str(cloud.capture.outputs["stable"])

    def ask(host: str = "api.example.com", path: str = "/build", **headers: str) -> str:
        sent = {"X-Local-Host": host, **{name.replace("_", "-"): value for name, value in headers.items()}}
        return loopback.get(f"{cloud.url}{path}", headers=sent).text

    settle("new", stable)
    cloud.reload()
    sessions = [f"a=b; session=visitor-{number}" for number in range(30)]
    first = {cookie: ask(Cookie=cookie) for cookie in sessions}
    assert set(first.values()) == {"old", "new"}
    # The same on each way to the API in its zone, from wherever it comes, and whatever else the client says.
    for number in range(4):
        again = {
            cookie: ask(
                "www.example.org" if number % 2 else "api.example.com",
                "/api/build",
                Cookie=cookie,
                X_Local_IP=f"198.51.100.{number}",
                Cloudflare_Workers_Version_Key=f"mine-{number}",
            )
            for cookie in sessions
        }
        assert again == first

    # Without the cookie each request is drawn anew, and the header of a client has no say.
    assert {ask() for _ in range(60)} == {"old", "new"}
    assert {ask(Cloudflare_Workers_Version_Key="mine") for _ in range(60)} == {"old", "new"}
    # There are no rules on workers.dev: each request is drawn anew, but for a client that sends the header.
    own = "api-local.local.workers.dev"
    assert {ask(own, Cookie=sessions[0]) for _ in range(60)} == {"old", "new"}
    assert len({ask(own, Cloudflare_Workers_Version_Key="mine") for _ in range(20)}) == 1

    settle("new", stable, address=True)
    cloud.reload()
    assert {cookie: ask(Cookie=cookie) for cookie in sessions} == first
    addresses = [f"198.51.100.{number}" for number in range(30)]
    places = {address: ask(X_Local_IP=address) for address in addresses}
    assert set(places.values()) == {"old", "new"}
    for _ in range(4):
        assert {a: ask(X_Local_IP=a, Cloudflare_Workers_Version_Key="mine") for a in addresses} == places


POINTS = """
from edgewright import EdgeApi

EdgeApi(
    "api",
    {
        "cloudflare": {"account_id": "0" * 32},
        "bindings": [{"type": "analytics_engine", "name": "POINTS", "dataset": "visits"}],
        "endpoints": [{"path": "/count", "handler": "count.js"}],
    },
)
"""
COUNT = """
export default (_request, env) => {
  const given = env.POINTS.writeDataPoint({ blobs: ["DE"], doubles: [1], indexes: ["visits"] });
  return Response.json({ written: true, given: given ?? null });
};
"""


def test_a_handler_writes_a_data_point(start_cloud: Start, tmp_path: Path) -> None:
    cloud = start_cloud(make_project(tmp_path, POINTS, files={"count.js": COUNT}))
    answer = loopback.get(f"{cloud.url}/count")
    assert (answer.status_code, answer.json()) == (200, {"written": True, "given": None})
