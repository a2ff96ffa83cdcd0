"""What becomes of each resource when it is replaced, or its component is renamed, protected or destroyed."""

import ast
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pulumi
import pytest
from edgewright import CachePolicy, EdgeApi, KvNamespace, LambdaEdgeFunction
from edgewright.engine.cloud import RecordingCloud
from edgewright.engine.resources import Resource
from edgewright.engine.runner import run_program
from edgewright.platforms.cloud import short_type
from edgewright.platforms.lifecycle import Replaced, lifecycles

from tests.components.cloudfront import origins
from tests.components.program import VERSION, ZONE, Cloud, run
from tests.components.test_edge_api import ENDPOINT, ROUTING, whole

REPOSITORY = Path(__file__).parents[2]
HOSTS = REPOSITORY / "components" / "edgewright" / "platforms"
PROTECTED = pulumi.ResourceOptions(protect=True)


def cloudflare(opts: pulumi.ResourceOptions | None = None, **args: Any) -> Callable[[], object]:
    """Return a program with one API on Cloudflare that has all that an API can have there, and its store."""

    def program() -> None:
        store = KvNamespace("store", {"seed": {"entries": [{"key": "k", "value": "v"}]}}, opts)
        cached = CachePolicy("cached", {"edge_ttl": 60, "tiers": {"shield": {}}})
        given: Any = {
            "cloudflare": {
                "zone_id": ZONE,
                "routes": ["www.example.com/api/*"],
                "tiered_cache": True,
                "cache_rules": True,
            },
            "hostname": "api.example.com",
            "endpoints": [{"path": "/api", "origin": ROUTING, "cache": cached.spec}],
            "bindings": [store.binding],
            "rollout": {"percentage": 10, "previous_version_id": VERSION, "sticky": {"address": True}},
            **args,
        }
        EdgeApi("api", given, opts)

    return program


def cloudfront(opts: pulumi.ResourceOptions | None = None, **args: Any) -> Callable[[], object]:
    """Return a program with one API on CloudFront that has all that an API can have there, its store and a function."""

    def program() -> None:
        store = KvNamespace(
            "store", {"host": "cloudfront", "seed": {"entries": [{"key": "session:k", "value": "v"}]}}, opts
        )
        cached = CachePolicy("cached", {"mode": "origin", "key": {"headers": ["x-tenant"]}})
        LambdaEdgeFunction("own", {"code": {"text": "export async function handler(event) { return event; }"}}, opts)
        routing = origins().routing
        auth = {
            "kind": "jwt",
            "issuer": "https://id.example.com",
            "audience": ["a"],
            "jwks_url": "https://id.example.com/k",
        }
        given: Any = {
            "host": "cloudfront",
            "hostname": "api.example.com",
            "cloudfront": {"hosted_zone_id": "Z1", "dashboard": True},
            "endpoints": [
                {"path": "/api", "origin": routing, "cache": cached.spec, "auth": auth},
                {"path": "/limited", "origin": routing, "rate_limit": {"limit": 100}},
                {"path": "/me", "session": True},
            ],
            "sessions": {"binding": store.binding},
            "assets": [{"path": "/site/*", "directory": str(REPOSITORY / "examples" / "assets" / "site")}],
            "security_headers": False,
            "rollout": {"percentage": 10, "previous_version_id": "6"},
            **args,
        }
        EdgeApi("api", given, opts)

    return program


def custom(found: Any) -> Iterator[Resource]:
    return (each for each in found.resources if each.custom)


@pytest.fixture(scope="module")
def all_of_them() -> list[Resource]:
    """Every resource that the components make: of programs that use all they have, the stacks and the examples."""
    found: list[Resource] = []
    for program in (whole, cloudflare(), cloudfront()):
        found += custom(run(program))
    projects = [(REPOSITORY, path) for path in sorted((REPOSITORY / "stacks").glob("Pulumi.*.yaml"))]
    projects += [(path.parents[1], path) for path in sorted((REPOSITORY / "examples").glob("*/stacks/Pulumi.*.yaml"))]
    for project, path in projects:
        stack = path.name.split(".")[1]
        capture = run_program(project, stack, cloud=RecordingCloud())
        found += [each for each in capture if each.custom]
    return found


def declared() -> set[str]:
    """Return the types whose resources the hosts' code makes, as `aws.s3.Bucket`."""
    found = set()
    for path in HOSTS.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                name = ast.unparse(node.func)
                package, _, kind = name.partition(".")
                if package in ("aws", "cloudflare") and kind.rpartition(".")[2][:1].isupper():
                    found.add(name.replace("lambda_", "lambda"))
    return found


def test_every_type_that_the_components_make_has_a_row_and_is_made_here(all_of_them: list[Resource]) -> None:
    made = {each.type for each in all_of_them}
    assert made == lifecycles().keys()
    assert {short_type(each) for each in made} == declared()


def test_every_resource_has_the_options_of_its_row(all_of_them: list[Resource]) -> None:
    shared = ("cachePolicy:", "originRequestPolicy:", "responseHeadersPolicy:")
    for each in all_of_them:
        row = lifecycles()[each.type]
        assert each.options.delete_before_replace is (True if row.replaced is Replaced.DELETED_FIRST else None), (
            each.urn
        )
        kept = {_camel(name) for name in row.keeps}
        assert kept <= set(each.options.ignore_changes), each.urn
        # A Worker's name stays where it is the default one.
        assert set(each.options.ignore_changes) - kept <= ({"name"} if each.type.endswith(":Worker") else set()), (
            each.urn
        )
        assert each.parent is not None or any(part in each.type for part in shared), each.urn


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(map(str.capitalize, rest))


# --- renamed ---------------------------------------------------------------------------------------------------------


def test_what_is_one_zones_alone_is_not_named_after_the_component() -> None:
    def named(name: str) -> Callable[[], object]:
        given: Any = {
            "cloudflare": {"zone_id": ZONE, "cache_rules": True},
            "hostname": "api.example.com",
            "endpoints": [{"path": "/api", "origin": ROUTING, "cache": {"name": "products", "edge_ttl_s": 60}}],
        }
        return lambda: EdgeApi(name, given)

    one, other = (run(named(name)).one("Ruleset").inputs["name"] for name in ("api", "shop"))
    assert one == other


def test_a_default_name_stays_and_a_given_one_is_followed() -> None:
    default = run(lambda: EdgeApi("api", {"endpoints": [ENDPOINT]})).one("Worker")
    given = run(lambda: EdgeApi("api", {"endpoints": [ENDPOINT], "script_name": "s"})).one("Worker")
    assert (default.options.ignore_changes, given.options.ignore_changes) == (("name",), ())


# --- stores ----------------------------------------------------------------------------------------------------------


class Held(Cloud):
    """An account that has the store already, made with other values: the engine passes no change of them on."""

    def __init__(self, held: Mapping[str, Any]) -> None:
        self.held = held

    def new_resource(self, type_: str, name: str, inputs: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
        identity, outputs = super().new_resource(type_, name, inputs)
        if type_.endswith(("KvNamespace", "KeyValueStore")):
            outputs = {**outputs, **self.held}
        return identity, outputs


STORE = "KvNamespace 'store': "
KEPT = (
    "in place of the one that holds the data, which was made with {}. Put the value back to keep the store. For a new one"
    " declare a second component, copy the data, lead the API to it, and remove this one then."
)


@pytest.mark.parametrize(
    ("args", "held", "fault"),
    [
        ({"cloudflare": {"jurisdiction": "eu"}}, {"jurisdiction": ""}, "cloudflare.jurisdiction: 'eu' asks for a new store " + KEPT.format("no `cloudflare.jurisdiction`")),
        ({}, {"jurisdiction": "eu"}, "cloudflare.jurisdiction: nothing asks for a new store " + KEPT.format("'eu'")),
        ({}, {"accountId": "f" * 32}, "cloudflare.account_id: the new value asks for a new store " + KEPT.format("something else")),
        ({"host": "cloudfront", "title": "new"}, {"name": "old"}, "title: 'new' asks for a new store " + KEPT.format("'old'")),
    ],
)  # fmt: skip
def test_what_would_replace_a_store_is_refused(args: Any, held: Mapping[str, Any], fault: str) -> None:
    with pytest.raises(pulumi.RunError) as caught:
        run(lambda: KvNamespace("store", args), cloud=Held(held))
    assert fault in str(caught.value)
    assert "f" * 32 not in str(caught.value)


@pytest.mark.parametrize(
    ("args", "held"),
    [
        ({}, {"cloudflare": {"jurisdiction": ""}}),
        ({"cloudflare": {"jurisdiction": "eu"}}, {}),
        ({"title": "new"}, {"title": "old"}),
        # Its component was renamed: it keeps the name that it has.
        ({"host": "cloudfront"}, {"name": "before-dev"}),
    ],
)
def test_what_leaves_a_store_where_it_is_passes(args: Any, held: Mapping[str, Any]) -> None:
    assert run(lambda: KvNamespace("store", args), cloud=Held(held)).of("KvNamespace")


# --- protected -------------------------------------------------------------------------------------------------------


class Shop(pulumi.ComponentResource):
    """A component of the program's own, which is protected with all that is in it."""

    def __init__(self, program: Callable[[pulumi.ResourceOptions], object]) -> None:
        super().__init__("shop:index:Shop", "shop", None, PROTECTED)
        program(pulumi.ResourceOptions(parent=self))


PASSING = {
    "cloudflare": {"WorkerVersion api-version", "WorkersDeployment api-deployment", "Ruleset api-sticky"},
    "cloudfront": {
        "CertificateValidation api-certificate-validation",
        "ContinuousDeploymentPolicy api-rollout",
        "Distribution api-staging",
        "LogDelivery api-staging-log-delivery",
        "LogDeliveryDestination api-staging-log-destination",
        "LogDeliverySource api-staging-log-source",
        "LogGroup api-staging-log-group",
        "MonitoringSubscription api-staging-metrics",
        "Function api-guard-function",
        "Role api-guard-role",
        "RolePolicy api-guard-logs",
    },
}


@pytest.mark.parametrize("host", ["cloudflare", "cloudfront"])
@pytest.mark.parametrize("inherited", [False, True])
def test_what_serves_and_stores_is_protected_and_what_a_deployment_makes_anew_is_not(
    host: str, inherited: bool
) -> None:
    program = cloudflare if host == "cloudflare" else cloudfront
    found = run(lambda: Shop(lambda opts: program(opts)()) if inherited else program(PROTECTED)())
    own = [each for each in custom(found) if each.parent is not None]
    passing = {
        f"{each.type.rpartition(':')[2]} {each.name}"
        for each in own
        if not each.options.protect and not each.name.startswith(("api-viewer-", "api-asset-"))
    }
    assert passing == PASSING[host]
    assert not any(each.options.protect for each in own if each.name.startswith(("api-viewer-", "api-asset-")))
    assert {each.type for each in custom(run(program())) if each.options.protect} == set()


@pytest.mark.parametrize("host", ["cloudflare", "cloudfront"])
def test_what_a_destroy_begins_with_is_protected(host: str) -> None:
    """What nothing depends on goes first, and what it depends on is left where that is refused."""
    found = run((cloudflare if host == "cloudflare" else cloudfront)(PROTECTED, rollout={"percentage": 100}))
    needed = {urn for each in found.resources for urn in each.dependencies}
    first = {each.name for each in custom(found) if each.urn not in needed and not each.options.protect}
    assert first == set()


# --- what is served ---------------------------------------------------------------------------------------------------


class Serving(Cloud):
    """An account whose deployments serve another version than the one that was uploaded last."""

    def new_resource(self, type_: str, name: str, inputs: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
        identity, outputs = super().new_resource(type_, name, inputs)
        if type_.endswith(":WorkersDeployment"):
            outputs = {**outputs, "versions": [{"versionId": VERSION, "percentage": 100}]}
        if type_.endswith(":Distribution"):
            behavior = dict(inputs["defaultCacheBehavior"])
            behavior["lambdaFunctionAssociations"] = [
                {**each, "lambdaArn": f"{each['lambdaArn'].rpartition(':')[0]}:3"}
                for each in behavior["lambdaFunctionAssociations"]
            ]
            outputs = {**outputs, "defaultCacheBehavior": behavior}
        return identity, outputs


@pytest.mark.parametrize(("host", "version"), [("cloudflare", VERSION), ("cloudfront", "3")])
def test_outputs_name_the_version_that_is_served(host: str, version: str) -> None:
    program = cloudflare if host == "cloudflare" else cloudfront
    outputs = run(program(rollout={"percentage": 100}), cloud=Serving()).one("EdgeApi").outputs
    assert [outputs[key] for key in ("versionId", "stableVersionId", "candidateVersionId")] == [version, version, ""]
