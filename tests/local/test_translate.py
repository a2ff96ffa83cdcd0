"""What a program's resources become in the gateway's document, and what does not fit together."""

import base64
from pathlib import Path

import pytest
from edgewright.engine import ProgramFailed, Project, Runner
from edgewright.platforms import protocol
from edgewright.platforms.archive import Archive
from edgewright.platforms.cloud import LocalCloud, plan

from tests.projects import ACCOUNT, ZONE, make_project, worker_project

PREAMBLE = f"""
import base64
import pulumi
import pulumi_cloudflare as c

ACCOUNT, ZONE = "{ACCOUNT}", "{ZONE}"


def module(text="export default {{}}", name="main.js"):
    encoded = base64.b64encode(text.encode()).decode()
    return {{"name": name, "content_type": "application/javascript+module", "content_base64": encoded}}


def worker(name, versions=1, **options):
    made = c.Worker(name, account_id=ACCOUNT, name=name, **options.pop("worker", {{}}))
    version = c.WorkerVersion(
        f"{{name}}-version", account_id=ACCOUNT, worker_id=made.id, main_module="main.js", **{{"modules": [module()], **options}}
    )
    c.WorkersDeployment(
        f"{{name}}-deployment",
        account_id=ACCOUNT,
        script_name=name,
        strategy="percentage",
        versions=[{{"percentage": 100, "version_id": version.id}}],
    )
    return version


"""


def deployment(
    runner: Runner, folder: Path, main: str, archive: dict[str, protocol.Version] | None = None
) -> protocol.Deployment:
    project = make_project(folder, PREAMBLE + main)
    capture, _ = runner.run(project, "local", cloud=LocalCloud())
    return plan(Project.load(project), capture, Archive(workers=archive or {})).deployment


def faults(runner: Runner, folder: Path, main: str) -> str:
    with pytest.raises(ProgramFailed) as caught:
        deployment(runner, folder, main)
    return str(caught.value)


def test_a_worker_with_its_store(runner: Runner, tmp_path: Path) -> None:
    project = worker_project(tmp_path)
    capture, _ = runner.run(project, "local", cloud=LocalCloud())
    document = plan(Project.load(project), capture).deployment
    (worker,) = document.workers
    (version,) = worker.versions
    (store,) = document.kv_namespaces
    assert worker.name == "demo"
    assert worker.deployment == [protocol.Share(version_id=version.id, percentage=100)]
    assert base64.b64decode(version.modules[0].content_base64).decode() == (project / "handler.js").read_text()
    assert version.main_module == "main.js"
    assert version.bindings == [
        protocol.OptionBinding(name="GREETING", option="bindings", value="hello"),
        protocol.OptionBinding(name="STORE", option="kvNamespaces", value=store.id),
    ]
    assert document.kv_entries == [
        protocol.KvEntry(namespace_id=store.id, key="k", value_base64=base64.b64encode(b"seeded").decode())
    ]
    assert document.domains == [protocol.Domain(hostname="demo.local.workers.dev", worker="demo")]


def test_the_document_is_the_same_twice(runner: Runner, tmp_path: Path) -> None:
    main = "worker('b')\nworker('a')\nc.Queue('q2', account_id=ACCOUNT, queue_name='z')\nc.Queue('q1', account_id=ACCOUNT, queue_name='a')\n"
    first = deployment(runner, tmp_path, main)
    assert deployment(runner, tmp_path, main) == first
    assert [item.name for item in first.workers] == ["a", "b"]
    assert first.queues == ["a", "z"]


def test_all_kinds_of_bindings(runner: Runner, tmp_path: Path) -> None:
    main = """
store = c.WorkersKvNamespace("s", account_id=ACCOUNT, title="s")
queue = c.Queue("q", account_id=ACCOUNT, queue_name="jobs")
bucket = c.R2Bucket("r", account_id=ACCOUNT, name="files")
database = c.D1Database("d", account_id=ACCOUNT, name="db")
worker("other")
worker(
    "all",
    compatibility_date="2026-07-01",
    compatibility_flags=["nodejs_compat"],
    limits={"cpu_ms": 50},
    bindings=[
        {"type": "kv_namespace", "name": "KV", "namespace_id": store.id},
        {"type": "plain_text", "name": "PLAIN", "text": "p"},
        {"type": "secret_text", "name": "SECRET", "text": pulumi.Output.secret("s")},
        {"type": "json", "name": "JSON", "json": '{"a":1}'},
        {"type": "ratelimit", "name": "RATE", "namespace_id": "1", "simple": {"limit": 5, "period": 10}},
        {"type": "service", "name": "OTHER", "service": "other"},
        {"type": "queue", "name": "QUEUE", "queue_name": queue.queue_name},
        {"type": "durable_object_namespace", "name": "DO", "class_name": "Room"},
        {"type": "r2_bucket", "name": "R2", "bucket_name": bucket.name},
        {"type": "d1", "name": "DB", "id": database.id},
        {"type": "version_metadata", "name": "META"},
        {"type": "analytics_engine", "name": "POINTS", "dataset": "visits"},
    ],
)
"""
    document = deployment(runner, tmp_path, main)
    version = document.workers[0].versions[0]
    assert (version.cpu_ms, version.compatibility_date, version.compatibility_flags) == (
        50,
        "2026-07-01",
        ["nodejs_compat"],
    )
    by_name = {item.name: item for item in version.bindings}
    assert by_name["RATE"] == protocol.OptionBinding(
        name="RATE", option="ratelimits", value={"namespace_id": "1", "simple": {"limit": 5, "period": 10}}
    )
    assert by_name["SECRET"] == protocol.OptionBinding(name="SECRET", option="bindings", value="s")
    assert by_name["DB"] == protocol.OptionBinding(name="DB", option="d1Databases", value=document.d1_databases[0])
    assert by_name["KV"] == protocol.OptionBinding(name="KV", option="kvNamespaces", value=document.kv_namespaces[0].id)
    assert by_name["DO"] == protocol.DurableObjectBinding(name="DO", class_name="Room")
    assert by_name["POINTS"] == protocol.OptionBinding(
        name="POINTS", option="analyticsEngineDatasets", value={"dataset": "visits"}
    )
    assert len(by_name) == 12


def test_routes_and_domains(runner: Runner, tmp_path: Path) -> None:
    main = """
worker("api")
c.WorkersRoute("r", zone_id=ZONE, pattern="example.com/api/*", script="api")
c.WorkersRoute("none", zone_id=ZONE, pattern="example.com/static/*")
c.WorkersCustomDomain("d", account_id=ACCOUNT, zone_id=ZONE, hostname="API.example.com", service="api")
"""
    document = deployment(runner, tmp_path, main)
    assert document.routes == [
        protocol.Route(pattern="example.com/api/*", worker="api"),
        protocol.Route(pattern="example.com/static/*", worker=None),
    ]
    assert document.domains == [protocol.Domain(hostname="api.example.com", worker="api")]


def test_a_script_is_a_worker_of_one_version(runner: Runner, tmp_path: Path) -> None:
    main = """
c.WorkersScript("s", account_id=ACCOUNT, script_name="single", main_module="m.js", content="export default {}")
c.WorkersScriptSubdomain("sub", account_id=ACCOUNT, script_name="single", enabled=True)
"""
    document = deployment(runner, tmp_path, main)
    assert document.workers[0].deployment[0].percentage == 100
    assert base64.b64decode(document.workers[0].versions[0].modules[0].content_base64) == b"export default {}"
    assert document.domains[0].hostname == "single.local.workers.dev"


def test_modules_from_files_are_relative_to_the_program(runner: Runner, tmp_path: Path) -> None:
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "main.js").write_text("export default {}")
    main = """
import hashlib
kind = "application/javascript+module"
digest = hashlib.sha256(b"export default {}").hexdigest()
worker("w", modules=[{"name": "main.js", "content_type": kind, "content_file": "code/main.js", "content_sha256": digest}])
"""
    assert deployment(runner, tmp_path, main).workers[0].versions[0].modules[0].content_base64
    assert "does not have the SHA-256" in faults(
        runner, tmp_path, main.replace('content_sha256": digest', 'content_sha256": "0"')
    )
    assert "'code/gone.js' cannot be read: No such file" in faults(
        runner, tmp_path, main.replace("code/main.js", "code/gone.js")
    )


def test_a_rollout_may_go_back_to_an_earlier_version(runner: Runner, tmp_path: Path) -> None:
    first = deployment(runner, tmp_path, "worker('api')\n")
    old = first.workers[0].versions[0]
    main = f"""
w = c.Worker("api", account_id=ACCOUNT, name="api")
v = c.WorkerVersion("v", account_id=ACCOUNT, worker_id=w.id, main_module="main.js", modules=[module("export default 2")])
c.WorkersDeployment("d", account_id=ACCOUNT, script_name="api", strategy="percentage", versions=[
    {{"percentage": 10, "version_id": v.id}},
    {{"percentage": 90, "version_id": "{old.id}"}},
])
"""
    document = deployment(runner, tmp_path, main, {old.id: old})
    assert [share.percentage for share in document.workers[0].deployment] == [10, 90]
    assert old in document.workers[0].versions
    assert f"has no version '{old.id}', neither in this stack nor among those deployed here before" in faults(
        runner, tmp_path, main
    )


@pytest.mark.parametrize(
    ("main", "message"),
    [
        ("worker('a')\nc.Worker('again', account_id=ACCOUNT, name='a')\n", "two Workers are named 'a'"),
        (
            "worker('a')\nc.WorkersRoute('r', zone_id=ZONE, pattern='a.example/*', script='nobody')\n",
            "cloudflare.WorkersRoute 'r': script: no Worker of this stack is named 'nobody'",
        ),
        (
            "worker('a')\nfor n in (1, 2): c.WorkersRoute(f'r{n}', zone_id=ZONE, pattern='a.example/*', script='a')\n",
            "the route a.example/* is there twice",
        ),
        (
            "worker('a')\nfor n in (1, 2): c.WorkersCustomDomain(f'd{n}', account_id=ACCOUNT, hostname='a.example.com', service='a')\n",
            "the hostname a.example.com already goes to a Worker",
        ),
        (
            "for n in (1, 2): c.Ruleset(f's{n}', zone_id=ZONE, kind='zone', name='n', phase='http_request_late_transform', rules=[])\n",
            "already has a ruleset of the phase http_request_late_transform (s1), and the platform takes one (20217)",
        ),
        (
            "c.Ruleset('s', zone_id=ZONE, kind='zone', name='n', phase='http_request_late_transform', rules=[{'action': 'rewrite',"
            " 'expression': 'true', 'action_parameters': {'headers': {'X-A': {'operation': 'replace', 'value': 'b'}}}}])\n",
            "rules[0] (X-A): the operation 'replace' is not known; allowed: set, add, remove",
        ),
        (
            "worker('a', bindings=[{'type': 'kv_namespace', 'name': 'KV', 'namespace_id': 'f' * 32}])\n",
            "is of no kv_namespace of this stack",
        ),
        (
            "worker('a', bindings=[{'type': 'ratelimit', 'name': 'R', 'namespace_id': '1', 'simple': {'limit': 5, 'period': 30}}])\n",
            "simple.period: must be 10 or 60 (seconds), got 30",
        ),
        (
            "worker('a', modules=[{'name': 'main.js', 'content_type': 'x', 'content_base64': '%%'}])\n",
            "contentBase64 is not base64",
        ),
        (
            "n = c.WorkersKvNamespace('n', account_id=ACCOUNT, title='t')\n"
            "for i in (1, 2): c.WorkersKv(f'k{i}', account_id=ACCOUNT, namespace_id=n.id, key_name='k', value='v')\n",
            "the key 'k' is declared twice in this namespace",
        ),
        (
            "c.WorkersKv('k', account_id=ACCOUNT, namespace_id='gone', key_name='k', value='v')\n",
            "no KV namespace of this stack has the id 'gone'",
        ),
        (
            "c.WorkerVersion('v', account_id=ACCOUNT, worker_id='gone', main_module='main.js', modules=[module()])\n",
            "workerId: no Worker of this stack has the id or name 'gone'",
        ),
    ],
)
def test_what_does_not_fit_together_is_named_with_its_line(
    runner: Runner, tmp_path: Path, main: str, message: str
) -> None:
    text = faults(runner, tmp_path, main)
    assert message in text
    assert text.startswith("__main__.py:")


def test_rules_that_change_request_headers_are_for_the_hosts_of_their_zone(runner: Runner, tmp_path: Path) -> None:
    main = """
worker("api", worker={"subdomain": {"enabled": True}})
c.WorkersCustomDomain("d", account_id=ACCOUNT, zone_id=ZONE, hostname="API.example.com", service="api")
c.WorkersRoute("r", zone_id=ZONE, pattern="https://*.example.com/x/*", script="api")
c.WorkersRoute("other", zone_id="9" * 32, pattern="example.org/*", script="api")
change = {"headers": {"X-Plan": {"operation": "set", "value": "gold"}, "X-From": {"operation": "set", "expression": "ip.src"}}}
rules = [
    {"action": "rewrite", "expression": "true", "action_parameters": change},
    {"action": "rewrite", "expression": "true", "action_parameters": change, "enabled": False},
    {"action": "rewrite", "expression": "true", "action_parameters": {"uri": {"path": {"value": "/"}}}},
]
c.Ruleset("headers", zone_id=ZONE, kind="zone", name="n", phase="http_request_late_transform", rules=rules)
c.Ruleset("urls", zone_id=ZONE, kind="zone", name="n", phase="http_request_transform", rules=rules[2:])
"""
    project = make_project(tmp_path, PREAMBLE + main)
    capture, _ = runner.run(project, "local", cloud=LocalCloud())
    found = plan(Project.load(project), capture)
    assert found.deployment.header_rules == [
        protocol.HeaderRule(
            name="headers, rule 1",
            hosts=["*.example.com", "api.example.com"],
            expression="true",
            changes=[
                protocol.HeaderChange(name="X-From", operation="set", expression="ip.src"),
                protocol.HeaderChange(name="X-Plan", operation="set", value="gold"),
            ],
        )
    ]
    assert [(resource.name, gap.id) for resource, gap in found.gaps] == [("urls", "cache-rules")]


def test_what_has_no_effect_is_said(runner: Runner, tmp_path: Path) -> None:
    project = make_project(tmp_path, PREAMBLE + "c.TieredCache('t', zone_id=ZONE, value='on')\n")
    capture, _ = runner.run(project, "local", cloud=LocalCloud())
    assert [(resource.name, gap.id) for resource, gap in plan(Project.load(project), capture).gaps] == [
        ("t", "tiered-cache")
    ]


BUCKETS = """
c.R2Bucket("plain", account_id=ACCOUNT, name="files")
c.R2Bucket("eu", account_id=ACCOUNT, name="files", jurisdiction="eu")
worker("api", bindings=[{{"type": "r2_bucket", "name": "FILES", "bucket_name": "files", "jurisdiction": {}}}])
"""


def test_a_bucket_is_found_in_its_jurisdiction_only(runner: Runner, tmp_path: Path) -> None:
    made = deployment(runner, tmp_path / "eu", BUCKETS.format('"eu"'))
    assert made.r2_buckets == ["files", "files@eu"]
    assert made.workers[0].versions[0].bindings == [
        protocol.OptionBinding(name="FILES", option="r2Buckets", value="files@eu")
    ]
    assert "bucketName 'files@us' is of no r2_bucket of this stack" in faults(
        runner, tmp_path / "us", BUCKETS.format('"us"')
    )
