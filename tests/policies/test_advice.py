"""What a policy advises can be done: on each host, the advice names an argument that our components have there, or the
finding is never of what a component makes, and is mended in the resource that is written by hand."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

import pytest
from edgewright.arguments.written import is_written
from edgewright.cache_policy import CachePolicyArgs
from edgewright.edge_api import EdgeApiArgs
from edgewright.engine.runner import shared_runner
from edgewright.geo_router import GeoRouterArgs
from edgewright.guard import Evaluation, evaluate
from edgewright.kv_namespace import KvNamespaceArgs
from edgewright.lambda_edge_function import LambdaEdgeFunctionArgs
from edgewright.platforms.cloudflare.arguments import CLOUDFRONT_ONLY
from edgewright.platforms.cloudfront.plan import CLOUDFLARE_ONLY
from edgewright_policies import POLICIES
from edgewright_policies.arguments import ANY_HOST, ARGUMENTS, CLOUDFLARE, CLOUDFRONT, advice
from typing_extensions import is_typeddict

from tests.policies.corpus import BAD, capture

ARGS: dict[str, type] = {
    "CachePolicy": CachePolicyArgs,
    "EdgeApi": EdgeApiArgs,
    "GeoRouter": GeoRouterArgs,
    "KvNamespace": KvNamespaceArgs,
    "LambdaEdgeFunction": LambdaEdgeFunctionArgs,
}
HOSTS = {
    "CachePolicy": (CLOUDFLARE, CLOUDFRONT),
    "EdgeApi": (CLOUDFLARE, CLOUDFRONT),
    "GeoRouter": (CLOUDFLARE, CLOUDFRONT),
    "KvNamespace": (CLOUDFLARE, CLOUDFRONT),
    "LambdaEdgeFunction": (CLOUDFRONT,),
}
ONLY = {
    ("EdgeApi", CLOUDFLARE): {*CLOUDFLARE_ONLY, CLOUDFLARE},
    ("EdgeApi", CLOUDFRONT): {*CLOUDFRONT_ONLY, CLOUDFRONT},
}
"""What one host alone takes."""

_TYPES: dict[str, tuple[str, ...]] = {
    "EdgeApi": (
        "cloudflare:index/argoTieredCaching:ArgoTieredCaching",
        "cloudflare:index/ruleset:Ruleset",
        "cloudflare:index/tieredCache:TieredCache",
        "cloudflare:index/worker:Worker",
        "cloudflare:index/workerVersion:WorkerVersion",
        "cloudflare:index/workersCustomDomain:WorkersCustomDomain",
        "cloudflare:index/workersDeployment:WorkersDeployment",
        "cloudflare:index/workersRoute:WorkersRoute",
        "aws:acm/certificate:Certificate",
        "aws:acm/certificateValidation:CertificateValidation",
        "aws:cloudfront/continuousDeploymentPolicy:ContinuousDeploymentPolicy",
        "aws:cloudfront/distribution:Distribution",
        "aws:cloudfront/function:Function",
        "aws:cloudfront/monitoringSubscription:MonitoringSubscription",
        "aws:cloudfront/originAccessControl:OriginAccessControl",
        "aws:cloudfront/originRequestPolicy:OriginRequestPolicy",
        "aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy",
        "aws:cloudwatch/dashboard:Dashboard",
        "aws:cloudwatch/logDelivery:LogDelivery",
        "aws:cloudwatch/logDeliveryDestination:LogDeliveryDestination",
        "aws:cloudwatch/logDeliverySource:LogDeliverySource",
        "aws:cloudwatch/logGroup:LogGroup",
        "aws:iam/role:Role",
        "aws:iam/rolePolicy:RolePolicy",
        "aws:lambda/function:Function",
        "aws:route53/record:Record",
        "aws:s3/bucket:Bucket",
        "aws:s3/bucketObjectv2:BucketObjectv2",
        "aws:s3/bucketPolicy:BucketPolicy",
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        "aws:wafv2/webAcl:WebAcl",
    ),
    "KvNamespace": (
        "cloudflare:index/workersKvNamespace:WorkersKvNamespace",
        "cloudflare:index/workersKv:WorkersKv",
        "aws:cloudfront/keyValueStore:KeyValueStore",
        "aws:cloudfront/keyvaluestoreKeysExclusive:KeyvaluestoreKeysExclusive",
    ),
    "LambdaEdgeFunction": ("aws:iam/role:Role", "aws:iam/rolePolicy:RolePolicy", "aws:lambda/function:Function"),
    "CachePolicy": ("aws:cloudfront/cachePolicy:CachePolicy",),
}
"""What each component makes. A test below holds it to the calls in the components' code."""

_OWN_TIMES = "the files and rules that the component makes say their own times"
_FOLDERS = "the EdgeApi's `assets[]` are judged, once for all files of a folder"
_NO_OLD_KEYS = "the component's behaviors have cache policies, never `forwardedValues`"
_ALIAS = "the component's record is a plain alias, with no routing policy"
_EDGE_OWN = "the component makes its edge function and its role as Lambda@Edge asks, and refuses the rest"
_BESIDE = "a resource beside the component's own mends it"
_CONFIGURED = "the settings of the policy say what handlers do, and mend it"
_PARENT = "`protect=True` among the component's options is not an argument, and reaches what it makes"
_NO_KEY = "the component's cache rules have no key of their own"
_GUARDS_FIRST = "each endpoint's behavior has a function, and comes before files that have paths in common with it"
_READ = "it is only read: the finding is another resource's"

UNREACHED: Mapping[tuple[str, str], Mapping[str, str]] = {
    ("cache-headers-missing", "EdgeApi"): {"*": _OWN_TIMES},
    ("static-ttl-short", "EdgeApi"): {"Distribution": _NO_OLD_KEYS, "BucketObjectv2": _FOLDERS},
    ("vary-missing", "EdgeApi"): {"Ruleset": _NO_KEY},
    ("forced-ttl-authenticated", "EdgeApi"): {"Distribution": _NO_OLD_KEYS},
    ("set-cookie-cached", "EdgeApi"): {
        "Ruleset": _NO_KEY,
        "Distribution": _NO_OLD_KEYS,
        "ResponseHeadersPolicy": "the component's policies have security headers alone",
    },
    ("cache-key-unbounded", "EdgeApi"): {"Ruleset": _NO_KEY, "Distribution": _NO_OLD_KEYS},
    ("kv-write-rate", "EdgeApi"): {"*": _CONFIGURED},
    ("kv-write-rate", "KvNamespace"): {"WorkersKvNamespace": _CONFIGURED},
    ("long-function-behind-api", "EdgeApi"): {"*": "no function of the component's is behind an HTTP API"},
    ("long-function-behind-api", "LambdaEdgeFunction"): {"*": "no function of the component's is behind an HTTP API"},
    ("single-origin-region", "EdgeApi"): {"Distribution": "the EdgeApi itself says whether it is latency-sensitive"},
    ("failover-missing", "EdgeApi"): {"Record": _ALIAS},
    ("health-check-missing", "EdgeApi"): {"Record": _ALIAS},
    ("region-unknown", "EdgeApi"): {"Record": _ALIAS, "Distribution": "the component restricts no countries"},
    ("failover-record-alone", "EdgeApi"): {"Record": _ALIAS},
    ("cors-wildcard-credentials", "EdgeApi"): {"*": "no component makes a resource with CORS"},
    ("csp-missing", "EdgeApi"): {"WorkerVersion": "no component gives a Worker static assets"},
    ("secret-in-plain-text", "EdgeApi"): {"Distribution": "origins get one header, which says the attempt"},
    ("public-write-unprotected", "EdgeApi"): {"Distribution": "the EdgeApi's endpoints are judged"},
    ("bucket-public", "EdgeApi"): {"*": "the component's bucket is closed, and only its distribution reads it"},
    ("zone-defaults-unsafe", "EdgeApi"): {"*": _READ},
    ("declared-write-unlimited", "EdgeApi"): {"*": _BESIDE},
    ("production-binding", "EdgeApi"): {"Function": "a function at the edge has no environment variables"},
    ("production-binding", "LambdaEdgeFunction"): {"*": "a function at the edge has no environment variables"},
    ("production-unprotected", "EdgeApi"): {"*": _PARENT},
    ("production-unprotected", "KvNamespace"): {"*": _PARENT},
    ("preview-domain-open", "EdgeApi"): {"*": "the component turns previews off"},
    ("lambda-edge-refused", "EdgeApi"): {"*": _EDGE_OWN},
    ("lambda-edge-refused", "LambdaEdgeFunction"): {"*": _EDGE_OWN},
    ("lambda-edge-version", "EdgeApi"): {"*": "the component refuses what is no numbered version of us-east-1"},
    ("edge-region", "EdgeApi"): {"*": "the component makes everything in us-east-1, and refuses an ARN of another region"},
    ("edge-region", "LambdaEdgeFunction"): {"*": "the component makes its function in us-east-1"},
    ("lambda-edge-role", "EdgeApi"): {"*": _EDGE_OWN},
    ("lambda-edge-role", "LambdaEdgeFunction"): {"*": _EDGE_OWN},
    ("lambda-edge-timeout", "EdgeApi"): {"*": "the component's own function has the guardrail's time"},
    ("lambda-edge-viewer-memory", "EdgeApi"): {"*": "the component's own function runs on origin events"},
    ("lambda-edge-replicas", "EdgeApi"): {"*": _EDGE_OWN},
    ("lambda-edge-replicas", "LambdaEdgeFunction"): {"*": _EDGE_OWN},
    ("edge-event-clash", "EdgeApi"): {"*": "the component refuses functions that CloudFront would not take together"},
    ("lambda-edge-heavy-imports", "EdgeApi"): {"Distribution": _READ},
    ("lambda-edge-package-size", "EdgeApi"): {"Distribution": _READ},
    ("cloudfront-account-quota", "EdgeApi"): {
        "OriginRequestPolicy": "one in the account serves all, whatever the number of APIs",
    },
    ("cloudfront-quota", "EdgeApi"): {"WebAcl": "the component refuses more limits than a web ACL takes"},
    ("cloudfront-delete-order", "EdgeApi"): {"*": "the component names them by their content, and leaves the order alone"},
    ("cloudfront-delete-order", "CachePolicy"): {"*": "the component names them by their content, and leaves the order alone"},
    ("cloudfront-guard-hidden", "EdgeApi"): {"Distribution": _GUARDS_FIRST},
    ("observability-missing", "EdgeApi"): {"LogDeliverySource": _READ},
    ("alarm-missing", "EdgeApi"): {"*": _BESIDE},
    ("log-group-missing", "EdgeApi"): {"*": "a function at the edge logs in each region, where no stack declares a group"},
    ("log-group-missing", "LambdaEdgeFunction"): {
        "*": "a function at the edge logs in each region, where no stack declares a group"
    },
    ("monthly-cost-over-budget", "EdgeApi"): {"*": _CONFIGURED},
    ("monthly-cost-over-budget", "KvNamespace"): {"*": _CONFIGURED},
    ("monthly-cost-over-budget", "LambdaEdgeFunction"): {"*": _CONFIGURED},
}  # fmt: skip
"""Policy and component to the types of what it makes that no finding with an argument's name can be of, and why."""

_VALUES = frozenset(
    ("origin", "bypass", "spec", "include", "none", "all", "edgewright:limits", "<bucket>.s3.<region>.amazonaws.com")
)
"""What stands in advice like an argument and is a value or an output."""


def _made(policy: Any) -> Iterator[tuple[str, str, str]]:
    for component, types in _TYPES.items():
        for token in types:
            if token in policy.meta.types:
                yield policy.name, component, token


PAIRS = [pair for policy in POLICIES for pair in _made(policy)]


@pytest.mark.parametrize(("policy", "component", "token"), PAIRS)
def test_what_a_component_makes_is_mended_by_its_arguments_or_never_at_fault(
    policy: str, component: str, token: str
) -> None:
    reasons = UNREACHED.get((policy, component), {})
    reason = reasons.get(token.rpartition(":")[2], reasons.get("*"))
    advised = (policy, component, token) in ARGUMENTS
    if advised and token.rpartition(":")[2] not in reasons:
        return
    assert reason is not None, "neither an argument that mends it, nor why there is no such finding"
    assert not advised


def test_no_reason_is_left_over() -> None:
    pairs = {(policy, component) for policy, component, _ in PAIRS}
    assert set(UNREACHED) <= pairs
    for (policy, component), reasons in UNREACHED.items():
        types = {token.rpartition(":")[2] for each, owner, token in PAIRS if (each, owner) == (policy, component)}
        assert set(reasons) - {"*"} <= types, (policy, component)


def test_the_list_of_what_components_make_is_whole() -> None:
    """Held to the calls in the code: what is added there is judged here."""
    root = Path(__file__).parents[2] / "components" / "edgewright"
    calls = re.compile(r"\b(?:aws\.(\w+)|cloudflare)\.([A-Z]\w+)\(")
    made = {
        (f"aws:{module.rstrip('_')}" if module else "cloudflare", name)
        for path in [*root.glob("*.py"), *(root / "platforms").rglob("*.py")]
        for module, name in calls.findall(path.read_text("utf-8"))
        if not name.endswith("Args")
    }
    listed = {
        (token.partition("/")[0].replace("cloudflare:index", "cloudflare"), token.rpartition(":")[2])
        for types in _TYPES.values()
        for token in types
    }
    assert made == listed


def _mapping(of: Any) -> Any:
    """Return the type of a mapping with arguments that a type is, or is a list or an input of; None where it is neither."""
    if is_typeddict(of):
        return of
    if is_written(of):
        return _mapping(of.full)
    return next(filter(None, map(_mapping, get_args(of))), None)


def _is_argument(component: str, path: str) -> bool:
    at: Any = ARGS[component]
    for part in path.replace("[]", "").split("."):
        held = _mapping(at)
        if held is None or part not in held.__annotations__:
            return False
        at = held.__annotations__[part]
    return True


def _named(text: str) -> list[str]:
    return [each.partition(":")[0] for each in re.findall(r"`([^`]+)`", text) if each not in _VALUES]


def _hosts_of(component: str, third: str) -> tuple[str, ...]:
    if third in (CLOUDFLARE, CLOUDFRONT):
        return (third,)
    if third == ANY_HOST:
        return HOSTS[component]
    return (CLOUDFRONT if third.startswith("aws:") else CLOUDFLARE,)


@pytest.mark.parametrize("key", sorted(ARGUMENTS), ids=lambda key: " ".join(key))
def test_what_is_advised_is_an_argument_there(key: tuple[str, str, str]) -> None:
    policy, component, third = key
    rule = next(each for each in POLICIES if each.name == policy)
    if ":" in third:
        assert third in rule.meta.types
    else:
        assert f"edgewright:index:{component}" in rule.meta.types
    for _, text in ARGUMENTS[key]:
        owners = [name for name in ARGS if re.search(rf"\b{name}\b", text)]
        named = _named(text)
        assert named, text
        for path in named:
            holders = [owner for owner in owners if _is_argument(owner, path)]
            assert holders, f"{path} is no argument of {owners}"
            for host in _hosts_of(component, third):
                other = CLOUDFRONT if host == CLOUDFLARE else CLOUDFLARE
                parts = set(path.replace("[]", "").split("."))
                taken = [owner for owner in holders if not parts & ONLY.get((owner, other), set())]
                assert taken, f"{path} is refused on {host}"


JUDGED = [
    (policy, token.rpartition(":")[2], host)
    for policy in POLICIES
    for token in policy.meta.types
    if token.startswith("edgewright:")
    for host in HOSTS[token.rpartition(":")[2]]
]
NEVER_THERE = {
    ("secret-in-plain-text", "EdgeApi", CLOUDFLARE): "there `vars` are bindings of the version, which is judged itself",
}


@pytest.mark.parametrize(
    ("policy", "component", "host"), [(policy.name, component, host) for policy, component, host in JUDGED]
)
def test_a_component_is_advised_by_its_host(policy: str, component: str, host: str) -> None:
    """On every breach of it in the corpus the advice is one of the table's, so that it names an argument that is there."""
    if (policy, component, host) in NEVER_THERE:
        return
    found = [stack for stack in BAD if stack.policy == policy]
    told = 0
    for stack in found:
        resources = {
            name: {**data, "inputs": {**data["inputs"], "host": host}}
            if data["type"] == f"edgewright:index:{component}" and component in ("EdgeApi", "KvNamespace")
            else data
            for name, data in stack.resources.items()
        }
        evaluation = evaluate(capture(resources, stack.stack), stack.policies, limits=stack.limits)
        for each in evaluation.findings:
            if each.policy == policy and each.resource_type == f"edgewright:index:{component}":
                told += 1
                text = advice(policy, each.urn or "", each.message, host)
                assert text is not None
                assert each.message.endswith(text), each.message
    assert told, "the corpus has no breach of it by this component"


_PROGRAM = """\
from edgewright import CachePolicy, EdgeApi, GeoRouter

mended = {mended}
account = "0123456789abcdef0123456789abcdef"
acl = "arn:aws:wafv2:us-east-1:123456789012:global/webacl/a/12345678-1234-1234-1234-123456789012"
url = "https://site.s3.us-east-1.amazonaws.com" if mended else "http://site.s3-website-us-east-1.amazonaws.com"
origins = GeoRouter("origins", {{
    "origins": [{{"region": "us", "url": url}}, {{"region": "eu", "url": "https://eu.example.com"}}], "fallback": "us",
    **({{"health_check": {{"path": "/up"}}}} if mended else {{}}),
}})
day = 86400 if mended else 60
static = CachePolicy("static", {{"edge_ttl": day, "browser_ttl": day, "stale_while_revalidate": 60, "jitter": {{"min": day, "max": day + 9}}}})
never = CachePolicy("never", {{"mode": "bypass"}})
long = {{"path": "/long", "methods": ["POST"], "handler": "long.js"}}
limited = {{"rate_limit": {{"limit": 10}}}}
endpoints = [
    {{"path": "/static/*", "origin": origins.routing, "cache": static.spec}},
    {{"path": "/plain", "origin": origins.routing, **({{"cache": never.spec}} if mended else {{}})}},
]
EdgeApi("worker", {{
    "cloudflare": {{"account_id": account}}, "tags": ["owner:shop"],
    "endpoints": [
        *endpoints, {{**long, "expected_ms": 5000, **({{"queue": "JOBS", **limited}} if mended else {{}})}},
    ],
    **({{"bindings": [{{"type": "queue", "name": "JOBS", "queue_name": "jobs"}}]}} if mended else {{}}),
}})
EdgeApi("site", {{
    "host": "cloudfront", "tags": ["owner:shop"],
    "endpoints": [*endpoints, {{**long, "expected_ms": 500 if mended else 5000}}],
    "assets": [
        {{"path": "/asked/*", "directory": "pages", **({{"content_security_policy": "default-src 'self'"}} if mended else {{}})}},
        {{"path": "/kept/*", "directory": "files", "browser_ttl": 86400 if mended else 60, "immutable": mended}},
    ],
    **({{"cloudfront": {{"web_acl_arn": acl}}, "security_headers": True}} if mended else {{"vars": {{"DB_PASSWORD": "hunter2-hunter2"}}}}),
}})
"""


def _judged(folder: Path, mended: bool) -> Evaluation:
    return _evaluated(folder, _PROGRAM.format(mended=mended))


def _evaluated(folder: Path, program: str) -> Evaluation:
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    (folder / "Pulumi.dev.yaml").write_text("config: {}\n")
    (folder / "__main__.py").write_text(program)
    (folder / "long.js").write_text("export default { fetch: () => new Response('202', { status: 202 }) };\n")
    for file in ("files/app.3f9a1c77.css", "pages/site.css"):
        (folder / file).parent.mkdir()
        (folder / file).write_text("a {}")
    captured, settings = shared_runner().run(folder, "dev")
    return evaluate(captured, settings.policies)


def test_what_is_advised_is_taken_on_both_hosts_and_ends_the_finding(tmp_path: Path) -> None:
    before = {(each.id, (each.resource or "")) for each in _judged(tmp_path / "before", mended=False).findings}
    assert before >= {
        ("EW101", "worker"), ("EW101", "site"), ("EW102", "worker"), ("EW102", "site"), ("EW304", "worker"), ("EW304", "site"),
        ("EW403", "origins"), ("EW502", "origins"), ("EW502", "site-distribution"), ("EW506", "site"), ("EW507", "worker"),
        ("EW507", "site"),
    }  # fmt: skip
    assert {"EW503", "EW505"} <= {each for each, _ in before}
    after = [f"{each.id} {each.resource}: {each.message}" for each in _judged(tmp_path / "after", mended=True).findings]
    assert after == []


_FILES = """\
from edgewright import EdgeApi

EdgeApi("site", {{
    "host": "cloudfront", "tags": ["owner:shop"], "security_headers": True,
    "endpoints": [{{"path": "/long", "methods": ["POST"], "handler": "long.js"}}],
    "assets": [{{"path": "/files/*", "directory": "{folder}", **{times}}}],
}})
"""


def _of_times(folder: Path, files: str, times: dict[str, Any]) -> list[str]:
    found = _evaluated(folder, _FILES.format(folder=files, times=times))
    about = [each for each in found.findings if each.id.startswith("EW1")]
    return [f"{each.id} {each.resource}: {each.message}" for each in about]


def test_a_short_time_of_a_folders_files_is_one_finding_and_each_way_of_its_advice_ends_it(tmp_path: Path) -> None:
    [told] = _of_times(tmp_path / "short", "pages", {"browser_ttl": 60})
    assert told.startswith("EW102 site: assets /files/* browser_ttl: 60 s")
    assert "leave" in told
    assert "assets[].immutable" in told
    assert _of_times(tmp_path / "left-out", "pages", {}) == []
    assert _of_times(tmp_path / "versioned", "files", {"browser_ttl": 31536000, "immutable": True}) == []


def test_a_long_time_of_names_without_a_version_is_advised_what_the_component_has(tmp_path: Path) -> None:
    [told] = _of_times(tmp_path / "long", "pages", {"browser_ttl": 86400})
    assert told.startswith("EW110 ")
    assert "leave" in told
    assert "less than" not in told, "under a day it is a finding of its own"
