"""What is deployed, on the real engine and an account that refuses what is taken: failures, renames, stores, protection."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.engine.cli import Answer, Engine
from tests.engine.provider import ACCOUNT_VARIABLE

pytestmark = [pytest.mark.engine, pytest.mark.timeout(900)]

PROGRAM = """
import json
from pathlib import Path

import pulumi
from edgewright import CachePolicy, EdgeApi, GeoRouter, KvNamespace
from edgewright.arguments.moved import moved
from edgewright.base.faults import Faults
from edgewright.cache_policy import CachePolicyArgs
from edgewright.edge_api import EdgeApiArgs
from edgewright.kv_namespace import KvNamespaceArgs

given = json.loads(Path("given.json").read_text())


def opts(name, at):
    if at in ("origins", "pages"):
        return pulumi.ResourceOptions(protect=given["protect"] and given["protect_all"])
    aliases = [pulumi.Alias(name=given["was"])] if given["was"] and at == "api" else None
    if at == "store" and given["was"]:
        aliases = [pulumi.Alias(name=f"{given['was']}-store")]
    return pulumi.ResourceOptions(protect=given["protect"], aliases=aliases)


def placed(args, shape):
    # The options of single platforms are given flat, so that one of them can be changed.
    return moved(args, shape, Faults("", ""))


name = given["name"]
kept = placed({"host": given["host"], **given["store"]}, KvNamespaceArgs)
store = KvNamespace(f"{name}-store", kept, opts(name, "store"))
args = {"host": given["host"], **given["api"]}
if given["host"] == "cloudflare":
    args["bindings"] = [store.binding]
else:
    args["sessions"] = {"binding": store.binding}
if "cache_rules" in args:
    # They are for what is fetched from an origin and stored.
    routes = {"origins": [{"region": "us", "url": "https://us.example.org"}], "fallback": "us"}
    origins = GeoRouter("origins", routes, opts("origins", "origins"))
    cached = CachePolicy("pages", placed({"edge_ttl": 60, **given["policy"]}, CachePolicyArgs), opts("pages", "pages"))
    pages = {"path": "/pages/*", "origin": origins.routing, "cache": cached.spec}
    args["endpoints"] = [*args["endpoints"], pages]
if given["key_bytes"]:
    # Known once the store is made: in no preview.
    key = store.namespace_id.apply(lambda known: (known * 2)[: given["key_bytes"]])
    args["secrets"] = {"KEY": pulumi.Output.secret(key)}
api = EdgeApi(name, placed(args, EdgeApiArgs), opts(name, "api"))
for output in ("urls", "version_id", "stable_version_id", "candidate_version_id", "ledger"):
    pulumi.export(output, getattr(api, output))
"""
HANDLER = "export default (request, env) => new Response(env.GREETING);\n"
ACCOUNT_ID, ZONE = "0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210"
LAMBDA, DISTRIBUTION = "aws:lambda/function:Function", "aws:cloudfront/distribution:Distribution"
PACKAGES = {"cloudflare": "cloudflare", "cloudfront": "aws"}
API: dict[str, dict[str, Any]] = {
    "cloudflare": {
        "account_id": ACCOUNT_ID,
        "zone_id": ZONE,
        "hostname": "api.example.com",
        "routes": ["www.example.com/api/*"],
        "cache_rules": True,
        "endpoints": [{"path": "/hello", "handler": "hello.js"}],
    },
    "cloudfront": {
        "hostname": "api.example.com",
        "hosted_zone_id": "Z1",
        "endpoints": [{"path": "/hello", "handler": "hello.js"}, {"path": "/me", "session": True}],
    },
}
STORE: dict[str, dict[str, Any]] = {
    "cloudflare": {"account_id": ACCOUNT_ID, "binding_name": "STORE"},
    "cloudfront": {},
}


@dataclass
class Shop:
    """A project with an API and a store, the settings that its program reads, and the account that it is deployed to."""

    engine: Engine
    account: Path
    given: dict[str, Any] = field(default_factory=dict)

    def __call__(self, *arguments: str, **changes: Any) -> Answer:
        """Run a command of the CLI after a change of what the program reads."""
        for key, value in changes.items():
            self.given[key] = {**self.given[key], **value} if isinstance(value, dict) else value
        (self.engine.project / "given.json").write_text(json.dumps(self.given))
        return self.engine(*arguments, "--stack", "dev")

    def up(self, **changes: Any) -> Answer:
        return self("up", "--yes", "--skip-preview", **changes)

    def output(self) -> dict[str, Any]:
        text = self.engine("stack", "output", "--stack", "dev", json_output=True).text
        return dict(json.loads(text[text.index("{") :]))

    def held(self) -> dict[str, str]:
        """What is in the account, by name or place."""
        return dict(json.loads((self.account / f"{PACKAGES[self.given['host']]}.json").read_text()))

    def distributions(self) -> list[dict[str, Any]]:
        """What the distributions were made of last."""
        return [each["inputs"] for each in self.engine.export("dev") if each["type"] == DISTRIBUTION]

    def refusing(self, kind: str, refuse: bool = True) -> None:
        file = self.account / f"refuse-{kind}"
        file.touch() if refuse else file.unlink()

    def steps(self, **changes: Any) -> dict[str, str]:
        """What a preview would do, by the resource's name."""
        for key, value in changes.items():
            self.given[key] = value
        (self.engine.project / "given.json").write_text(json.dumps(self.given))
        answer = self.engine("preview", "--stack", "dev", json_output=True)
        assert answer.code == 0, self.engine("preview", "--stack", "dev").text
        plan = json.loads(answer.text[answer.text.index("{") :])
        return {step["urn"].rpartition("::")[2]: step["op"] for step in plan["steps"]}


@pytest.fixture
def shop(engine: Engine, tmp_path: Path) -> Callable[..., Shop]:
    def make(host: str, **changes: Any) -> Shop:
        project, account = tmp_path / "shop", tmp_path / "account"
        project.mkdir()
        (tmp_path / "site").mkdir()
        account.mkdir()
        (project / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
        (project / "__main__.py").write_text(PROGRAM)
        (project / "hello.js").write_text(HANDLER)
        (tmp_path / "site" / "index.html").write_text("<!doctype html>hello")
        environment = {
            **engine.environment,
            "PULUMI_BACKEND_URL": tmp_path.as_uri(),
            "CLOUDFLARE_API_TOKEN": "none",
            "AWS_REGION": "us-east-1",
            ACCOUNT_VARIABLE: str(account),
        }
        given = {
            "host": host,
            "name": "api",
            "was": "",
            "protect": None,
            "protect_all": False,
            "key_bytes": 0,
            "policy": {},
            "store": STORE[host],
        }
        made = Shop(Engine(project, environment), account, {**given, "api": {**API[host], "vars": {"GREETING": "one"}}})
        if host == "cloudfront":
            # By its whole path: the provider runs in a folder of its own.
            made.given["api"]["assets"] = [{"path": "/site/*", "directory": str(tmp_path / "site")}]
        made.given |= changes
        assert made.engine("stack", "init", "dev").code == 0
        return made

    return make


def test_an_api_says_where_it_answers(shop: Callable[..., Shop]) -> None:
    plain = {"account_id": ACCOUNT_ID, "endpoints": API["cloudflare"]["endpoints"], "vars": {"GREETING": "one"}}
    made = shop("cloudflare", api=plain)
    for greeting in ("one", "two"):
        done = made.up(api={"vars": {"GREETING": greeting}})
        assert done.code == 0, done.text
        assert made.output()["urls"] == ["https://api-dev.local.workers.dev"]


def test_a_version_that_is_refused_is_in_no_output(shop: Callable[..., Shop]) -> None:
    kind = "WorkersDeployment"
    made = shop("cloudflare")
    done = made.up()
    assert done.code == 0, done.text
    first = made.output()
    assert first["version_id"] == first["stable_version_id"]

    made.refusing(kind)
    refused = made.up(api={"vars": {"GREETING": "two"}})
    assert refused.code != 0
    assert f"{kind}: the account refuses it" in refused.text
    assert made.output() == first

    # What the guide says next gives the rest to what has served all along.
    made.refusing(kind, False)
    rollout = {"percentage": 10, "previous_version_id": first["stable_version_id"]}
    rolled = made.up(api={"vars": {"GREETING": "three"}, "rollout": rollout})
    assert rolled.code == 0, rolled.text
    now = made.output()
    assert now["stable_version_id"] == first["stable_version_id"]
    assert now["candidate_version_id"] == now["version_id"] != first["version_id"]


def test_a_version_that_cloudfront_does_not_take_is_in_no_output(shop: Callable[..., Shop]) -> None:
    made = shop("cloudfront")
    done = made.up()
    assert done.code == 0, done.text
    first = made.output()
    assert first["version_id"] == first["stable_version_id"] == "1"

    # The function's next version is published, and the distribution stays with the last one.
    made.refusing("Distribution")
    refused = made.up(api={"vars": {"GREETING": "two"}})
    assert refused.code != 0
    assert "Distribution: the account refuses it" in refused.text
    assert made.output() == first
    (function,) = [each for each in made.engine.export("dev") if each["type"] == LAMBDA]
    assert function["outputs"]["version"] == "2"

    made.refusing("Distribution", False)
    rollout = {"percentage": 10, "previous_version_id": first["stable_version_id"]}
    rolled = made.up(api={"vars": {"GREETING": "three"}, "rollout": rollout})
    assert rolled.code == 0, rolled.text
    now = made.output()
    assert now["stable_version_id"] == "1"
    assert now["candidate_version_id"] == now["version_id"] == "3"

    # What is staged is refused too: nothing is said of a version that nobody gets.
    made.refusing("Distribution")
    refused = made.up(api={"vars": {"GREETING": "four"}})
    assert refused.code != 0
    assert made.output() == now


def test_a_key_that_is_made_too_short_is_refused_before_a_version_is_made(shop: Callable[..., Shop]) -> None:
    """HS256 needs 32 bytes (RFC 7518, section 3.2), and a preview does not know a key that another resource makes."""
    auth = {"kind": "jwt", "issuer": "i", "audience": ["a"], "algorithms": ["HS256"], "secret": "KEY"}
    made = shop("cloudflare", key_bytes=12)
    endpoints = [{"path": "/hello", "handler": "hello.js", "auth": auth}]
    preview = made("preview", api={"endpoints": endpoints, "cache_rules": False})
    assert preview.code == 0, preview.text

    refused = made.up()
    assert refused.code != 0
    assert (
        "secrets.KEY: has 12 bytes, and the tokens of endpoints[0] (/hello) are verified with it by HS256"
        in refused.text
    )
    assert "Traceback" not in refused.text
    kinds = {each["type"].rpartition(":")[2] for each in made.engine.export("dev")}
    assert "WorkersKvNamespace" in kinds
    assert not {"WorkerVersion", "WorkersDeployment"} & kinds

    done = made.up(key_bytes=32)
    assert done.code == 0, done.text


def test_what_may_not_change_during_a_rollout_is_refused_before_aws_is_asked(shop: Callable[..., Shop]) -> None:
    made = shop("cloudfront")
    done = made.up(api={"rollout": {"percentage": 100}})
    assert done.code == 0, done.text
    staged = {"percentage": 10, "previous_version_id": made.output()["stable_version_id"]}
    done = made.up(api={"vars": {"GREETING": "two"}, "rollout": staged})
    assert done.code == 0, done.text

    before = made.distributions()
    for rollout in (staged, {"percentage": 100}):
        for command in (["preview"], ["up", "--yes", "--skip-preview"]):
            refused = made(*command, api={"price_class": "PriceClass_100", "rollout": rollout})
            assert refused.code != 0, refused.text
            assert "price_class: is another one while a rollout is staged or promoted" in refused.text
            assert "2. Promote the rollout" in refused.text
            assert made.distributions() == before
    for price in ("PriceClass_All", "PriceClass_100"):
        done = made.up(api={"price_class": price, "rollout": {"percentage": 100}})
        assert done.code == 0, done.text
    (only,) = made.distributions()
    assert only["priceClass"] == "PriceClass_100"


SPLIT = "the two versions differ in their classes of Durable Objects (EdgewrightShield)"


def test_a_split_whose_other_version_cannot_be_read_is_the_platforms_to_refuse(shop: Callable[..., Shop]) -> None:
    made = shop("cloudflare")
    done = made.up()
    assert done.code == 0, done.text
    first = made.output()
    shield: dict[str, Any] = {"tiers": {"shield": {}}}
    rollout = {"percentage": 10, "previous_version_id": first["stable_version_id"]}
    refused = made("preview", policy=shield, api={"rollout": rollout})
    assert refused.code != 0
    assert SPLIT in refused.text

    # A token may be without the right to read versions: that is no reason to stop a rollout that is sound.
    made.refusing("getWorkerVersion")
    told = made("preview")
    assert told.code == 0, told.text
    assert "could not be read, so that its classes are not compared" in told.text
    assert "give the version with the change all requests first" in told.text
    # Cloudflare refuses what is not, and nothing is said of a version that serves nobody.
    made.refusing("WorkersDeployment")
    refused = made.up()
    assert refused.code != 0
    assert "WorkersDeployment: the account refuses it" in refused.text
    assert made.output() == first


def test_another_script_name_keeps_the_hostname(shop: Callable[..., Shop]) -> None:
    made = shop("cloudflare")
    assert made.up().code == 0
    done = made.up(api={"script_name": "shop"})
    assert done.code == 0, done.text
    held = made.held()
    assert "WorkersCustomDomain api.example.com" in held
    assert f"Worker {ACCOUNT_ID} shop" in held
    assert f"WorkersRoute {ZONE} www.example.com/api/*" in held


@pytest.mark.parametrize("host", ["cloudflare", "cloudfront"])
def test_a_renamed_component_keeps_its_names_and_places(shop: Callable[..., Shop], host: str) -> None:
    made = shop(host)
    done = made.up()
    assert done.code == 0, done.text
    before = made.held()
    steps = made.steps(name="shop", was="api")
    anew = ("-version", "-deployment")
    assert {
        name: op for name, op in steps.items() if "replace" in op and not name.endswith(anew) and "-viewer-" not in name
    } == {}
    done = made.up()
    assert done.code == 0, done.text
    places = ("WorkersCustomDomain", "WorkersRoute", "Worker ", "Ruleset", "KeyValueStore", "LogDeliverySource")
    assert {key for key in made.held() if key.startswith(places)} == {key for key in before if key.startswith(places)}


@pytest.mark.parametrize(
    ("host", "first", "change", "fault"),
    [
        (
            "cloudflare",
            {"jurisdiction": "eu"},
            {"jurisdiction": "us"},
            "cloudflare.jurisdiction: 'us' asks for a new store",
        ),
        (
            "cloudflare",
            {},
            {"account_id": "f" * 32},
            "cloudflare.account_id: the new value asks for a new store",
        ),
        ("cloudfront", {}, {"title": "other"}, "title: 'other' asks for a new store"),
    ],
)
def test_a_store_is_not_replaced(
    shop: Callable[..., Shop], host: str, first: dict[str, str], change: dict[str, str], fault: str
) -> None:
    made = shop(host, store={**STORE[host], **first})
    assert made.up().code == 0
    before = made.held()
    refused = made("preview", store=change)
    assert refused.code != 0
    assert fault in refused.text
    assert "Traceback" not in refused.text
    refused = made.up()
    assert refused.code != 0
    assert fault in refused.text
    assert {key for key in made.held() if "tore" in key or "Kv" in key} == {
        key for key in before if "tore" in key or "Kv" in key
    }
    # The stack as a whole goes as any other.
    done = made("destroy", "--yes", "--skip-preview")
    assert done.code == 0, done.text
    assert made.held() == {}


@pytest.mark.parametrize("host", ["cloudflare", "cloudfront"])
@pytest.mark.parametrize("preview", [[], ["--skip-preview"]], ids=["previewed", "at once"])
def test_what_is_protected_is_changed_and_not_destroyed(
    shop: Callable[..., Shop], host: str, preview: list[str]
) -> None:
    made = shop(host, protect=True)
    done = made.up()
    assert done.code == 0, done.text
    site = made.engine.project.parent / "site"
    (site / "index.html").rename(site / "start.html")
    done = made.up(api={"vars": {"GREETING": "two"}})
    assert done.code == 0, done.text
    before = made.held()
    refused = made("destroy", "--yes", *preview)
    assert refused.code != 0
    assert "cannot be deleted" in refused.text
    assert made.held() == before
    # Where a preview comes first, the refusal does. What nothing protected is made of may be gone from the state without
    # one: here two components that are not protected themselves and have nothing in the account.
    steps = made.steps()
    assert {name: op for name, op in steps.items() if op != "same"} == (
        {"origins": "create", "pages": "create"} if host == "cloudflare" and preview else {}
    )
    # With protection of their own they stay.
    done = made.up(protect_all=True)
    assert done.code == 0, done.text
    assert made.held() == before
    assert made("destroy", "--yes", *preview).code != 0
    assert set(made.steps().values()) == {"same"}
    done = made.up(protect=False)
    assert done.code == 0, done.text
    done = made("destroy", "--yes", *preview)
    assert done.code == 0, done.text
    assert made.held() == {}
