"""A CloudFront stack, written by hand, on the local cloud: from its resources' inputs alone."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from edgewright.base.errors import DeployRefused, InfrastructureError
from edgewright.engine import ProgramFailed
from edgewright.testing import LocalCloud

from tests import loopback
from tests.projects import make_project

pytestmark = pytest.mark.runtime

Start = Callable[..., LocalCloud]

PROGRAM = """
import json

import pulumi
import pulumi_aws as aws

config = pulumi.Config()
port = config.require_int("port")

trust = aws.iam.get_policy_document_output(
    statements=[
        {
            "actions": ["sts:AssumeRole"],
            "principals": [
                {"type": "Service", "identifiers": ["lambda.amazonaws.com", "edgelambda.amazonaws.com"]},
            ],
        }
    ]
)
role = aws.iam.Role("role", assume_role_policy=trust.json)
router = aws.lambda_.Function(
    "router",
    region="us-east-1",
    role=role.arn,
    runtime="nodejs22.x",
    handler="index.handler",
    code=pulumi.FileArchive("lambda"),
    publish=True,
    skip_destroy=True,
)

store = aws.cloudfront.KeyValueStore("words")
aws.cloudfront.KeyvaluestoreKeysExclusive(
    "words",
    key_value_store_arn=store.arn,
    resource_key_value_pairs=[{"key": "greeting", "value": config.get("greeting") or "hello"}],
)
viewer = aws.cloudfront.Function(
    "viewer",
    runtime="cloudfront-js-2.0",
    key_value_store_associations=[store.arn],
    code=store.arn.apply(
        lambda arn: '''
import cf from 'cloudfront';
const words = cf.kvs(%s);
async function handler(event) {
    const request = event.request;
    request.headers['x-greeting'] = { value: await words.get('greeting') };
    if (request.uri === '/old') {
        return { statusCode: 301, statusDescription: 'Moved', headers: { location: { value: '/new' } } };
    }
    return request;
}
''' % json.dumps(arn.split("/")[-1])
    ),
)

policy = aws.cloudfront.CachePolicy(
    "pages",
    min_ttl=1,
    default_ttl=60,
    max_ttl=600,
    parameters_in_cache_key_and_forwarded_to_origin={
        "cookies_config": {"cookie_behavior": "none"},
        "headers_config": {"header_behavior": "none"},
        "query_strings_config": {"query_string_behavior": "whitelist", "query_strings": {"items": ["page"]}},
    },
)
everything = aws.cloudfront.OriginRequestPolicy(
    "everything",
    cookies_config={"cookie_behavior": "none"},
    headers_config={"header_behavior": "whitelist", "headers": {"items": ["x-greeting"]}},
    query_strings_config={"query_string_behavior": "all"},
)
disabled = aws.cloudfront.get_cache_policy(name="Managed-CachingDisabled")

files = aws.s3.Bucket("files", bucket="demo-files")
aws.s3.BucketObjectv2(
    "index", bucket=files.bucket, key="static/page.txt", content_type="text/plain", content="from the bucket"
)
access = aws.cloudfront.OriginAccessControl(
    "access", origin_access_control_origin_type="s3", signing_behavior="always", signing_protocol="sigv4"
)

associations = [{"event_type": "viewer-request", "function_arn": viewer.arn}]
distribution = aws.cloudfront.Distribution(
    "cdn",
    enabled=True,
    comment=config.get("comment") or "first",
    origins=[
        {
            "origin_id": "api",
            "domain_name": "origin.demo.example",
            "custom_origin_config": {
                "http_port": 80,
                "https_port": 443,
                "origin_protocol_policy": "https-only",
                "origin_ssl_protocols": ["TLSv1.2"],
            },
        },
        {
            "origin_id": "loopback",
            "domain_name": "127.0.0.1",
            "custom_origin_config": {
                "http_port": port,
                "https_port": 443,
                "origin_protocol_policy": "http-only",
                "origin_ssl_protocols": ["TLSv1.2"],
            },
        },
        {
            "origin_id": "files",
            "domain_name": files.bucket_regional_domain_name,
            "origin_access_control_id": access.id,
        },
    ],
    default_cache_behavior={
        "target_origin_id": "api",
        "viewer_protocol_policy": "redirect-to-https",
        "allowed_methods": ["GET", "HEAD"],
        "cached_methods": ["GET", "HEAD"],
        "cache_policy_id": policy.id,
        "origin_request_policy_id": everything.id,
        "function_associations": associations,
        "lambda_function_associations": [{"event_type": "origin-request", "lambda_arn": router.qualified_arn}],
    },
    ordered_cache_behaviors=[
        {
            "path_pattern": "/live/*",
            "target_origin_id": "loopback",
            "viewer_protocol_policy": "allow-all",
            "allowed_methods": ["GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"],
            "cached_methods": ["GET", "HEAD"],
            "cache_policy_id": disabled.id,
        },
        {
            "path_pattern": "/static/*",
            "target_origin_id": "files",
            "viewer_protocol_policy": "allow-all",
            "allowed_methods": ["GET", "HEAD"],
            "cached_methods": ["GET", "HEAD"],
            "cache_policy_id": aws.cloudfront.get_cache_policy(name="Managed-CachingOptimized").id,
        },
    ],
    restrictions={"geo_restriction": {"restriction_type": "none"}},
    viewer_certificate={"cloudfront_default_certificate": True},
    wait_for_deployment=False,
)
aws.s3.BucketPolicy(
    "files",
    bucket=files.bucket,
    policy=aws.iam.get_policy_document_output(
        statements=[
            {
                "actions": ["s3:GetObject"],
                "resources": [files.arn.apply(lambda arn: f"{arn}/*")],
                "principals": [{"type": "Service", "identifiers": ["cloudfront.amazonaws.com"]}],
                "conditions": [
                    {"test": "StringEquals", "variable": "AWS:SourceArn", "values": [distribution.arn]},
                ],
            }
        ]
    ).json,
)
pulumi.export("id", distribution.id)
pulumi.export("domain", distribution.domain_name)
"""

LAMBDA = """
'use strict';
const { tag } = require('./lib/tag');
exports.handler = async (event) => {
  const { request, config } = event.Records[0].cf;
  request.headers['x-from-lambda'] = [{ key: 'X-From-Lambda', value: `${tag} ${config.eventType}` }];
  return request;
};
"""


ORIGIN = """
import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

asked = []


class Origin(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.path == "/asked":
            answer = asked
        else:
            asked.append(self.path)
            names = {"host": "host", "lambda": "x-from-lambda", "greeting": "x-greeting"}
            answer = {key: self.headers[name] for key, name in names.items()} | {"path": self.path, "number": len(asked)}
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"] or 0))
        self.do_GET()


ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Origin).serve_forever()
"""


@pytest.fixture
def port() -> int:
    """A free port for the origin."""
    return loopback.free_port()


def asked(port: int) -> list[str]:
    """Return the paths that the origin was asked for."""
    found: list[str] = loopback.get(f"http://127.0.0.1:{port}/asked").json()
    return found


def write(folder: Path, port: int, **config: str) -> Path:
    given = "".join(f"  demo:{key}: {value}\n" for key, value in config.items())
    settings = f"""
config:
  demo:port: {port}
{given}  edgewright:services:
    - name: origin
      command: ["{{python}}", origin.py, "{{port}}"]
      port: {port}
      ready: /asked
      domain_names: [origin.demo.example]
"""
    files = {
        "lambda/index.js": LAMBDA,
        "lambda/lib/tag.js": "exports.tag = 'routed';\n",
        "origin.py": ORIGIN,
    }
    return make_project(folder, PROGRAM, settings, files=files)


def test_a_distribution_with_all_that_runs_at_its_edge(start_cloud: Start, tmp_path: Path, port: int) -> None:
    cloud = start_cloud(write(tmp_path, port))
    domain = cloud.capture.outputs["domain"]
    with httpx.Client(
        base_url=cloud.url, headers={"Host": domain}, timeout=loopback.PATIENCE_S, trust_env=False
    ) as client:
        # Miss, then hit, by the cache policy's key: `page` is in it, `other` is not.
        first = client.get("/products?page=1&other=1")
        assert (first.status_code, first.headers["x-cache"]) == (200, "Miss from cloudfront")
        assert first.json() == {
            "path": "/products?page=1&other=1",
            "host": "origin.demo.example",
            "lambda": "routed origin-request",
            "greeting": "hello",
            "number": 1,
        }
        again = client.get("/products?other=2&page=1")
        assert (again.headers["x-cache"], again.json()) == ("Hit from cloudfront", first.json())
        assert "age" in again.headers
        assert client.get("/products?page=2").headers["x-cache"] == "Miss from cloudfront"
        assert asked(port) == ["/products?page=1&other=1", "/products?page=2"]

        # The function at the viewer answers itself; the redirect stays where it was asked.
        moved = client.get("/old")
        assert (moved.status_code, moved.headers["location"]) == (301, "/new")
        assert moved.headers["x-cache"] == "FunctionGeneratedResponse from cloudfront"

        # A managed policy by name, an origin on loopback, a method that is not cached.
        posted = client.post("/live/x", content=b"abc")
        assert (posted.status_code, posted.json()["host"]) == (200, f"127.0.0.1:{port}")
        assert client.get("/live/x").headers["x-cache"] == "Miss from cloudfront"
        assert client.get("/live/x").headers["x-cache"] == "Miss from cloudfront"
        refused = client.post("/products")
        assert (refused.status_code, refused.headers["x-cache"]) == (403, "Error from cloudfront")

        # The bucket opens to the distribution alone, by its policy.
        stored = client.get("/static/page.txt")
        assert (stored.status_code, stored.text) == (200, "from the bucket")
        assert client.get("/static/page.txt").headers["x-cache"] == "Hit from cloudfront"
        assert client.get("/static/none.txt").status_code == 403

    # The one distribution answers for loopback too.
    assert loopback.get(f"{cloud.url}/products?page=1").headers["x-cache"] == "Hit from cloudfront"

    # Counters and the log.
    counted = cloud.control.counters()["origins"]
    assert counted[f"http://127.0.0.1:{port}"]["requests"] == len(asked(port))
    assert counted["s3://demo-files"]["requests"] == 2
    told: Any = cloud.control.status()
    (stats,) = told["cloudfront"]["distributions"]
    assert (stats["id"], stats["results"]["Hit"]) == (cloud.capture.outputs["id"], 3)
    lambdas = told["cloudfront"]["lambda"]
    assert [(item["version"], item["errors"]) for item in lambdas] == [("1", 0)]
    assert any("/products?page=1" in str(entry.get("url")) for entry in cloud.control.logs())

    # Invalidation by path and wildcard; a bad one is refused with its reason.
    cloud.control.invalidate(["/products*"], cloud.capture.outputs["id"])
    assert loopback.get(f"{cloud.url}/products?page=1").headers["x-cache"] == "Miss from cloudfront"
    assert loopback.get(f"{cloud.url}/static/page.txt").headers["x-cache"] == "Hit from cloudfront"
    with pytest.raises(InfrastructureError, match="There is no distribution E-NONE"):
        cloud.control.invalidate(["/*"], "E-NONE")


def test_a_reload_keeps_the_cache_and_a_refused_one_changes_nothing(
    start_cloud: Start, tmp_path: Path, port: int
) -> None:
    project = write(tmp_path, port)
    cloud = start_cloud(project)

    def get(path: str) -> httpx.Response:
        return loopback.get(f"{cloud.url}{path}")

    assert get("/a").json()["greeting"] == "hello"
    write(tmp_path, port, greeting="servus", comment="second")
    (project / "lambda/lib/tag.js").write_text("exports.tag = 'rerouted';\n")
    cloud.reload()
    kept, new = get("/a"), get("/b")
    assert (kept.headers["x-cache"], kept.json()["greeting"]) == ("Hit from cloudfront", "hello")
    assert (new.headers["x-cache"], new.json()["greeting"]) == ("Miss from cloudfront", "servus")
    assert new.json()["lambda"] == "rerouted origin-request"

    # A second run of the same changes nothing.
    before = cloud.deployed.plan.deployment
    cloud.reload()
    assert cloud.deployed.plan.deployment == before

    # What a function's engine refuses is refused whole.
    good = (project / "__main__.py").read_text()
    (project / "__main__.py").write_text(
        good.replace("async function handler(event) {", "async function handler(event) {{")
    )
    with pytest.raises(DeployRefused, match="CloudFront function viewer-"):
        cloud.reload()
    assert get("/b").headers["x-cache"] == "Hit from cloudfront"
    (project / "__main__.py").write_text(good + '\naws.sqs.Queue("jobs")\n')
    with pytest.raises(ProgramFailed, match="does not know the resource type aws:sqs/queue:Queue"):
        cloud.reload()
    assert get("/b").headers["x-cache"] == "Hit from cloudfront"
    assert asked(port) == ["/a", "/b"]
