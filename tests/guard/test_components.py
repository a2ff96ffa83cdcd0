"""The six first guardrails on real components: what their arguments compile to is what the policies read."""

from pathlib import Path

import pytest
from edgewright.engine.runner import shared_runner
from edgewright.guard import Evaluation, evaluate
from edgewright_policies.arguments import advice

PROGRAM = """\
from edgewright import CachePolicy, EdgeApi, GeoRouter, KvNamespace

account = "0123456789abcdef0123456789abcdef"
store = KvNamespace("store", {"cloudflare": {"account_id": account}, "seed": {"entries": [{"key": "big", "value": "x" * 100}]}})
origins = GeoRouter("origins", {"origins": [{"region": "us", "url": "https://us.example.com"}], "fallback": "us"})
static = CachePolicy("static", {"edge_ttl": 31536000, "browser_ttl": 60})
products = CachePolicy(
    "products",
    {"edge_ttl": 3600, "browser_ttl": 60, "stale_while_revalidate": 86400, "jitter": {"min": 3600, "max": 4200},
     "cloudflare": {"tiers": {"kv": {"binding": store.binding, "ttl": 86400}}}},
)
EdgeApi("api", {
    "cloudflare": {"account_id": account},
    "latency_sensitive": True,
    "limits": {"cpu_ms": 200},
    "tags": ["owner:shop"],
    "endpoints": [
        {"path": "/api/plain", "origin": origins.routing},
        {"path": "/api/products", "origin": origins.routing, "cache": products.spec},
        {"path": "/static/*", "origin": origins.routing, "cache": static.spec, "static": True},
        {"path": "/assets/*", "origin": origins.routing},
        {"path": "/report", "methods": ["POST"], "handler": "report.js", "expected_ms": 20000, "rate_limit": {"limit": 5}},
    ],
})
"""
HANDLER = 'import sharp from "sharp";\nexport default { fetch: () => new Response(String(sharp)) };\n'


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Evaluation:
    folder = tmp_path_factory.mktemp("shop")
    (folder / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    (folder / "Pulumi.dev.yaml").write_text("config: {}\n")
    (folder / "__main__.py").write_text(PROGRAM)
    (folder / "report.js").write_text(HANDLER)
    module = folder / "node_modules" / "sharp"
    module.mkdir(parents=True)
    (module / "package.json").write_text('{"name": "sharp", "version": "1.0.0", "main": "index.js", "type": "module"}')
    (module / "index.js").write_text("export default 'a codec';\n")
    capture, settings = shared_runner().run(folder, "dev")
    return evaluate(capture, settings.policies, limits={"overrides": {"cloudflare.kv.value_bytes": 64}})


@pytest.mark.parametrize(
    ("policy", "finding"),
    [
        ("cache-headers-missing", "api endpoint /api/plain cache: not set"),
        ("kv-value-size", "store-seed-big value: 100 B"),
        ("cpu-budget", "api-version limits.cpu_ms: 200 ms"),
        ("single-origin-region", "api endpoint /api/products origin regions: 1 (us)"),
        ("long-work-without-queue", "api endpoint /report expected_ms: 20000 ms without a queue"),
        ("static-ttl-short", "api endpoint /static/* browser_ttl: 60 s"),
        ("static-past-cdn", "api endpoint /assets/* cache: not set"),
        ("static-immutable-missing", "api endpoint /static/* immutable: false"),
        ("failover-missing", "origins origins: 1"),
    ],
)
def test_a_guardrail_reads_what_the_component_declares(found: Evaluation, policy: str, finding: str) -> None:
    said = [f"{each.resource} {each.what}: {each.value}" for each in found.findings if each.policy == policy]
    assert finding in said


def test_heavy_work_is_seen_in_the_bundle(found: Evaluation) -> None:
    (heavy,) = [each for each in found.findings if each.policy == "heavy-imports"]
    assert heavy.value == "sharp (image codecs)"


def test_every_finding_points_at_the_users_own_line(found: Evaluation) -> None:
    assert {each.source.file for each in found.findings if each.source} == {"__main__.py"}
    assert all(each.source for each in found.findings if each.resource)


def test_nothing_else_is_found(found: Evaluation) -> None:
    assert {each.policy for each in found.findings} == {
        "cache-headers-missing", "cpu-budget", "failover-missing", "heavy-imports", "jitter-missing", "kv-value-size", "stale-while-revalidate-missing",
        "long-work-without-queue", "single-origin-region", "static-immutable-missing", "static-past-cdn", "static-ttl-short",
    }  # fmt: skip


EVERYTHING = """\
from edgewright import CachePolicy, EdgeApi, GeoRouter, KvNamespace, LambdaEdgeFunction

account = "0123456789abcdef0123456789abcdef"
store = KvNamespace("store", {"cloudflare": {"account_id": account}, "seed": {"entries": [{"key": "big", "value": "x" * 100}]}})
origins = GeoRouter("origins", {"origins": [{"region": "us", "url": "https://us.example.com"}], "fallback": "us"})
never = CachePolicy("never", {"mode": "bypass"})
EdgeApi("worker", {
    "cloudflare": {"account_id": account, "observability": {"enabled": False}, "workers_dev": True},
    "limits": {"cpu_ms": 200, "subrequests": 500},
    "vars": {"DB_PASSWORD": "hunter2-hunter2"},
    "endpoints": [{"path": "/a", "origin": origins.routing, "cache": never.spec}],
})
look = LambdaEdgeFunction("look", {
    "code": {"text": "export const handler = async (event) => event.Records[0].cf.request;"},
    "events": ["viewer-request"], "timeout": 5,
})
keyed = CachePolicy("keyed", {"edge_ttl": 60, "browser_ttl": 60, "key": {"headers": ["user-agent"]}})
EdgeApi("site", {
    "host": "cloudfront",
    "cloudfront": {"access_logs": False},
    "endpoints": [
        {"path": "/looked", "origin": origins.routing, "cache": never.spec, "cloudfront": {"functions": [look.association]}},
        {"path": "/keyed", "origin": origins.routing, "cache": keyed.spec},
    ],
    "assets": [
        {"path": "/files/*", "directory": "files", "browser_ttl": 86400},
        {"path": "/pages/*", "directory": "files", "content_security_policy": "default-src 'self'"},
    ],
})
"""


def test_a_finding_on_what_a_component_made_names_the_components_argument(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    (tmp_path / "Pulumi.prod.yaml").write_text("config: {}\n")
    (tmp_path / "__main__.py").write_text(EVERYTHING)
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "a.css").write_text("a {}")
    capture, _ = shared_runner().run(tmp_path, "prod")
    found = evaluate(
        capture, {"lambda-edge-timeout": {"maxSeconds": 1}}, limits={"overrides": {"cloudflare.kv.value_bytes": 64}}
    )
    said = {(each.policy, (each.resource_type or "").rpartition(":")[2]): each.remediation for each in found.findings}
    wanted = {
        ("hsts-missing", "ResponseHeadersPolicy"): "`security_headers: True`",
        ("csp-missing", "ResponseHeadersPolicy"): "`assets[].content_security_policy`",
        ("stale-while-revalidate-missing", "BucketObjectv2"): "`assets[].browser_ttl`",
        ("owner-tag-missing", "Worker"): '`tags: ["owner:<team>"]`',
        ("owner-tag-missing", "Distribution"): '`tags: ["owner:<team>"]`',
        ("owner-tag-missing", "Bucket"): '`tags: ["owner:<team>"]`',
        ("observability-missing", "Worker"): '`cloudflare.observability: {"enabled": True}`',
        ("observability-missing", "Distribution"): "`cloudfront.access_logs: True`",
        ("workers-dev-production", "Worker"): "`cloudflare.workers_dev: False`",
        ("cpu-budget", "WorkerVersion"): "`limits.cpu_ms`",
        ("subrequest-fan-out", "WorkerVersion"): "`limits.subrequests`",
        ("secret-in-plain-text", "WorkerVersion"): "`secrets`",
        ("tls-minimum", "Distribution"): "`cloudfront.hosted_zone_id`",
        ("lambda-edge-timeout", "Function"): "`timeout`",
        ("kv-value-size", "WorkersKv"): "`seed`",
    }
    assert {key: each for key, each in wanted.items() if each not in said.get(key, "not found")} == {}


@pytest.mark.parametrize(
    ("policy", "urn", "found"),
    [
        (
            "hsts-missing",
            "edgewright:index:EdgeApi$aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy::x",
            True,
        ),
        ("hsts-missing", "aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy::edgewright-headers-1a2b", True),
        ("hsts-missing", "aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy::mine", False),
        ("hsts-missing", "acme:index:Site$aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy::x", False),
        (
            "hsts-missing",
            "acme:index:Site$edgewright:index:EdgeApi$aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy::x",
            True,
        ),
        ("kv-value-size", "edgewright:index:EdgeApi$cloudflare:index/workersKv:WorkersKv::x", False),
    ],
)
def test_only_what_a_component_made_is_mended_by_its_arguments(policy: str, urn: str, found: bool) -> None:
    assert (advice(policy, f"urn:pulumi:dev::shop::{urn}", "") is not None) is found
