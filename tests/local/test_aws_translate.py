"""What AWS's resources become in the gateway's document, and what does not fit together."""

import base64
import io
import sys
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pulumi
import pytest
from edgewright.engine import ProgramFailed, Project, Runner
from edgewright.platforms.cloud import LocalCloud, Plan, plan
from edgewright.platforms.cloudfront import protocol as cf
from edgewright.platforms.cloudfront.emulate import iam_policies, packages

from tests.projects import make_project

PREAMBLE = """
import json

import pulumi
import pulumi_aws as aws

SERVICES = ["lambda.amazonaws.com", "edgelambda.amazonaws.com"]
NOTHING = {
    "cookies_config": {"cookie_behavior": "none"},
    "headers_config": {"header_behavior": "none"},
    "query_strings_config": {"query_string_behavior": "none"},
}


def role(services=SERVICES):
    trust = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": services}}],
    }
    return aws.iam.Role("role", name="edge", assume_role_policy=json.dumps(trust))


def function(name="edge", **options):
    given = {
        "role": options.pop("role", None) or role().arn,
        "runtime": "nodejs22.x",
        "handler": "index.handler",
        "code": pulumi.AssetArchive({"index.js": pulumi.StringAsset("exports.handler = async () => null;")}),
        "publish": True,
        "name": name,
    }
    return aws.lambda_.Function(name, **{**given, **options})


def behavior(**options):
    return {
        "target_origin_id": "o",
        "viewer_protocol_policy": "allow-all",
        "allowed_methods": ["GET", "HEAD"],
        "cached_methods": ["GET", "HEAD"],
        "cache_policy_id": "658327ea-f89d-4fab-a63d-7e88639e58f6",
        **options,
    }


def distribution(name="cdn", origin=None, **options):
    given = {
        "enabled": True,
        "origins": [
            {
                "origin_id": "o",
                **(origin or {
                    "domain_name": "origin.example",
                    "custom_origin_config": {
                        "http_port": 80,
                        "https_port": 443,
                        "origin_protocol_policy": "http-only",
                        "origin_ssl_protocols": ["TLSv1.2"],
                    },
                }),
            }
        ],
        "default_cache_behavior": behavior(),
        "restrictions": {"geo_restriction": {"restriction_type": "none"}},
        "viewer_certificate": {"cloudfront_default_certificate": True},
    }
    return aws.cloudfront.Distribution(name, **{**given, **options})


def at(arn, event="origin-request", **more):
    return behavior(lambda_function_associations=[{"event_type": event, "lambda_arn": arn, **more}])


"""


def planned(runner: Runner, folder: Path, main: str, addresses: Mapping[str, str] | None = None) -> Plan:
    project = make_project(folder, PREAMBLE + main)
    capture, _ = runner.run(project, "local", cloud=LocalCloud())
    return plan(Project.load(project), capture, addresses=addresses)


def document(runner: Runner, folder: Path, main: str, addresses: Mapping[str, str] | None = None) -> Any:
    found = planned(runner, folder, main, addresses).deployment.cloudfront
    assert found is not None
    return found


def faults(runner: Runner, folder: Path, main: str) -> str:
    with pytest.raises(ProgramFailed) as caught:
        planned(runner, folder, main)
    return str(caught.value)


def test_a_distribution_alone(runner: Runner, tmp_path: Path) -> None:
    found = document(runner, tmp_path, "distribution()", {"origin.example": "http://127.0.0.1:9101"})
    (made,) = found.distributions
    assert made.domain_name.endswith(".cloudfront.net")
    assert made.arn == f"arn:aws:cloudfront::123456789012:distribution/{made.id}"
    assert made.default_cache_behavior.cache_policy_id == "658327ea-f89d-4fab-a63d-7e88639e58f6"
    assert found.addresses == [cf.OriginAddress(domain_name="origin.example", url="http://127.0.0.1:9101")]


def test_a_stack_without_distributions_has_no_cloudfront(runner: Runner, tmp_path: Path) -> None:
    made = planned(runner, tmp_path, "function()")
    assert made.deployment.cloudfront is None
    assert {gap.id for _, gap in made.gaps} == {"aws-lambda-role", "aws-lambda-other"}


def test_functions_and_stores(runner: Runner, tmp_path: Path) -> None:
    main = """
store = aws.cloudfront.KeyValueStore("words", name="words")
aws.cloudfront.KeyvaluestoreKey("b", key="b", value="2", key_value_store_arn=store.arn)
aws.cloudfront.KeyvaluestoreKey("a", key="a", value="1", key_value_store_arn=store.arn)
viewer = aws.cloudfront.Function(
    "viewer", name="viewer", runtime="cloudfront-js-2.0", code="function handler(e) { return e.request; }",
    key_value_store_associations=[store.arn],
)
edge = function()
function("other", role=edge.role)
distribution(default_cache_behavior=behavior(
    function_associations=[{"event_type": "viewer-request", "function_arn": viewer.arn}],
    lambda_function_associations=[
        {"event_type": "origin-request", "lambda_arn": edge.qualified_arn, "include_body": True}
    ],
))
"""
    made = planned(runner, tmp_path, main)
    found = made.deployment.cloudfront
    assert found is not None
    (store,) = found.key_value_stores
    assert [(pair.key, pair.value) for pair in store.pairs] == [("a", "1"), ("b", "2")]
    assert store.arn == f"arn:aws:cloudfront::123456789012:key-value-store/{store.id}"
    (viewer,) = found.functions
    assert viewer.key_value_store_associations == [store.arn]
    (version,) = found.lambda_versions
    assert version.arn == "arn:aws:lambda:us-east-1:123456789012:function:edge:1"
    assert [file.path for file in version.files] == ["index.js"]
    assert [item.name for item, gap in made.gaps if gap.id == "aws-lambda-other"] == ["other"]
    (association,) = found.distributions[0].default_cache_behavior.lambda_function_associations
    assert association.include_body


REFUSED = (
    ("environment={'variables': {'A': 'b'}}", "The function cannot have environment variables."),
    ("layers=['arn:aws:lambda:us-east-1:1:layer:a:1']", "The function cannot have layers."),
    ("dead_letter_config={'target_arn': 'arn'}", "The function cannot have a dead letter queue."),
    ("vpc_config={'subnet_ids': ['s'], 'security_group_ids': ['g']}", "The function cannot be in a VPC."),
    ("tracing_config={'mode': 'Active'}", "The function cannot have active tracing."),
    ("architectures=['arm64']", "The function must have the architecture x86_64."),
    ("ephemeral_storage={'size': 1024}", "The function has 1024 MB of ephemeral storage. Max allowed: 512 MB."),
    ("runtime='java21'", "The function has an invalid runtime: java21."),
    ("timeout=31", "triggered by a origin event: 31 Max allowed: 30"),
    ("region='eu-west-1'", "The function must be in region 'us-east-1'."),
    ("publish=False", "The function ARN must reference a specific function version."),
    ("role=role(['lambda.amazonaws.com']).arn", "assumable with edgelambda.amazonaws.com as well as lambda.amazonaws"),
)


@pytest.mark.parametrize(("options", "words"), REFUSED)
def test_an_association_is_refused_as_aws_refuses_it(runner: Runner, tmp_path: Path, options: str, words: str) -> None:
    main = f"distribution(default_cache_behavior=at(function({options}).qualified_arn))"
    message = faults(runner, tmp_path, main)
    assert f"InvalidLambdaFunctionAssociation: {words}" in message or words in message
    assert "InvalidLambdaFunctionAssociation" in message
    assert "aws.cloudfront.Distribution 'cdn': defaultCacheBehavior.lambdaFunctionAssociations" in message


def test_a_viewer_function_has_128_mb(runner: Runner, tmp_path: Path) -> None:
    main = "distribution(default_cache_behavior=at(function(memory_size=256).qualified_arn, 'viewer-request'))"
    assert "triggered by a viewer event: 256 Max allowed: 128" in faults(runner, tmp_path, main)
    document(runner, tmp_path, main.replace("viewer-request", "origin-request"))


@pytest.mark.parametrize("readers", [10, 11])
def test_a_store_has_ten_functions_that_read_it(runner: Runner, tmp_path: Path, readers: int) -> None:
    main = f"""
store = aws.cloudfront.KeyValueStore("words", name="words")
for number in range({readers}):
    aws.cloudfront.Function(
        f"viewer-{{number}}", name=f"viewer-{{number}}", runtime="cloudfront-js-2.0",
        code="function handler(e) {{ return e.request; }}", key_value_store_associations=[store.arn],
    )
distribution()
"""
    if readers == 10:
        document(runner, tmp_path, main)
        return
    message = faults(runner, tmp_path, main)
    assert "keyValueStoreAssociations: is number 11 of 11 functions that read words; a store has at most 10" in message


def test_all_faults_are_told_at_once_with_their_lines(runner: Runner, tmp_path: Path) -> None:
    main = """
distribution("a", aliases=["a.example.com"], viewer_certificate={"acm_certificate_arn": aws.acm.Certificate(
    "c", domain_name="*.example.org").arn})
aws.cloudfront.KeyvaluestoreKey("k", key="k", value="v", key_value_store_arn="arn:none")
distribution("b", default_cache_behavior=at("arn:aws:lambda:us-east-1:123456789012:function:gone:3"))
hidden = aws.cloudfront.Function("hidden", runtime="cloudfront-js-2.0", code="function handler(e) {}", publish=False)
distribution("c", default_cache_behavior=behavior(
    function_associations=[{"event_type": "viewer-request", "function_arn": hidden.arn}]))
for index in range(21):
    aws.cloudfront.CachePolicy(f"p{index}", parameters_in_cache_key_and_forwarded_to_origin=NOTHING)
"""
    message = faults(runner, tmp_path, main)
    for part in (
        "the certificate does not cover a.example.com; it has *.example.org",
        "no key-value store of this stack has the ARN 'arn:none'",
        "this stack declares none with the ARN arn:aws:lambda:us-east-1:123456789012:function:gone:3",
        "is not published; leave `publish` at true",
        "is number 21 of 21; an account has at most 20",
    ):
        assert part in message
    assert all(line.startswith("__main__.py:") for line in message.splitlines() if "aws." in line)


BUCKET = """
bucket = aws.s3.Bucket("files", bucket="demo-files")
access = aws.cloudfront.OriginAccessControl(
    "access", origin_access_control_origin_type="s3", signing_behavior="always", signing_protocol="sigv4"
)
identity = aws.cloudfront.OriginAccessIdentity("identity")
cdn = distribution(origin={"domain_name": bucket.bucket_regional_domain_name, ORIGIN})


def allow(principal, resource="arn:aws:s3:::demo-files/*", action="s3:GetObject", **condition):
    statement = {"Effect": "Allow", "Action": action, "Resource": resource, "Principal": principal}
    return pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": [
        {**statement, **({"Condition": condition} if condition else {})}
    ]})


SERVICE = {"Service": "cloudfront.amazonaws.com"}
aws.s3.BucketPolicy("files", bucket=bucket.bucket, policy=POLICY)
"""
CONTROL = '"origin_access_control_id": access.id'
IDENTITY = '"s3_origin_config": {"origin_access_identity": identity.cloudfront_access_identity_path}'


@pytest.mark.parametrize(
    ("origin", "policy", "reads"),
    [
        (CONTROL, 'allow(SERVICE, StringEquals={"AWS:SourceArn": cdn.arn})', True),
        (CONTROL, 'allow(SERVICE, StringEquals={"AWS:SourceArn": "arn:aws:cloudfront::1:distribution/E1"})', False),
        (CONTROL, 'allow(SERVICE, StringEquals={"AWS:SourceAccount": "123456789012"})', True),
        (
            CONTROL,
            "allow(SERVICE, StringEquals={'AWS:SourceArn': cdn.arn}, Bool={'aws:SecureTransport': 'false'})",
            False,
        ),
        (CONTROL, 'allow(SERVICE, "arn:aws:s3:::demo-files/public/*", StringEquals={"AWS:SourceArn": cdn.arn})', False),
        (CONTROL, 'allow(SERVICE, action="s3:PutObject", StringEquals={"AWS:SourceArn": cdn.arn})', False),
        (CONTROL, 'allow({"AWS": identity.iam_arn})', False),
        (IDENTITY, 'allow({"AWS": identity.iam_arn})', True),
        (IDENTITY, 'allow({"CanonicalUser": identity.s3_canonical_user_id}, action="s3:Get*")', True),
        (IDENTITY, 'allow(SERVICE, StringEquals={"AWS:SourceArn": cdn.arn})', False),
    ],
)
def test_who_may_read_a_bucket(runner: Runner, tmp_path: Path, origin: str, policy: str, reads: bool) -> None:
    found = document(runner, tmp_path, BUCKET.replace("ORIGIN", origin).replace("POLICY", policy))
    (bucket,) = found.buckets
    assert bucket.domain_names == ["demo-files.s3.amazonaws.com", "demo-files.s3.us-east-1.amazonaws.com"]
    assert bucket.readers == ([found.distributions[0].arn] if reads else [])
    assert (bucket.listers, bucket.public_read) == ([], False)


def test_a_public_policy_needs_a_bucket_that_takes_one(runner: Runner, tmp_path: Path) -> None:
    main = BUCKET.replace("ORIGIN", CONTROL).replace("POLICY", 'allow("*")')
    assert "AccessDenied: the policy is public, and the bucket blocks public policies" in faults(runner, tmp_path, main)
    opened = (
        'aws.s3.BucketPublicAccessBlock("open", bucket=bucket.bucket, block_public_policy=False,'
        " restrict_public_buckets=False)\n"
    )
    assert document(runner, tmp_path, main + opened).buckets[0].public_read


def test_what_a_policy_says_and_is_not_decided_here_is_told(runner: Runner, tmp_path: Path) -> None:
    main = BUCKET.replace("ORIGIN", CONTROL).replace(
        "POLICY", 'allow(SERVICE, IpAddress={"aws:SourceIp": "192.0.2.0/24"})'
    )
    assert "policy: the condition key aws:SourceIp is not decided here" in faults(runner, tmp_path, main)


def test_a_deny_wins() -> None:
    caller = iam_policies.Caller(distribution_arn="arn:d", account="1")
    statement = {"Action": "s3:*", "Resource": "arn:aws:s3:::b/*", "Principal": "*"}
    policy = {"Statement": [{**statement, "Effect": "Allow"}, {**statement, "Effect": "Deny", "Action": "s3:Get*"}]}
    assert not iam_policies.allows(policy, "s3:GetObject", "arn:aws:s3:::b/k", caller)
    assert iam_policies.allows(policy, "s3:PutObject", "arn:aws:s3:::b/k", caller)
    assert not iam_policies.allows(policy, "s3:PutObject", "arn:aws:s3:::other/k", caller)


def test_objects(runner: Runner, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("<p>")
    main = (
        BUCKET.replace("ORIGIN", CONTROL).replace("POLICY", "allow(SERVICE)")
        + """
aws.s3.BucketObjectv2("text", bucket=bucket.bucket, key="a.txt", content="a", cache_control="max-age=5")
aws.s3.BucketObjectv2("file", bucket=bucket.bucket, key="page.html", source=pulumi.FileAsset("page.html"))
"""
    )
    text, file = sorted(document(runner, tmp_path, main).buckets[0].objects, key=lambda item: str(item.key))
    assert (text.key, text.content_base64, text.cache_control) == ("a.txt", "YQ==", "max-age=5")
    assert (file.key, file.content_base64, file.file) == ("page.html", None, str(tmp_path / "page.html"))


# --- packages --------------------------------------------------------------------------------------------------------------------


def contents(archive: pulumi.Archive, base: Path) -> dict[str, str]:
    return {file.path: base64.b64decode(file.content_base64).decode() for file in packages.archive_files(archive, base)}


def zipped(**members: str) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as packed:
        for name, text in members.items():
            packed.writestr(name, text)
    return target.getvalue()


def test_python_functions_run_on_this_python(runner: Runner, tmp_path: Path) -> None:
    main = """
code = pulumi.AssetArchive({"index.py": pulumi.StringAsset("def handler(event, context): return None")})
f = function(runtime="python3.13", code=code)
distribution(default_cache_behavior=at(f.qualified_arn))
"""
    (version,) = document(runner, tmp_path, main).lambda_versions
    assert (version.runtime, version.interpreter) == ("python3.13", sys.executable)


def test_who_may_sign(runner: Runner, tmp_path: Path) -> None:
    main = """
key = aws.cloudfront.PublicKey("own", name="own", encoded_key="-----BEGIN PUBLIC KEY-----\\n")
readers = aws.cloudfront.KeyGroup("readers", name="readers", items=[key.id])
distribution(default_cache_behavior=behavior(trusted_key_groups=[readers.id]))
"""
    found = document(runner, tmp_path, main)
    (key,), (group,) = found.public_keys, found.key_groups
    assert key.encoded_key == "-----BEGIN PUBLIC KEY-----\n"
    assert group.items == [key.id]
    assert found.distributions[0].default_cache_behavior.trusted_key_groups == [group.id]


def test_archives_of_every_kind(tmp_path: Path) -> None:
    (tmp_path / "folder/sub").mkdir(parents=True)
    (tmp_path / "folder/index.js").write_text("i")
    (tmp_path / "folder/sub/x.js").write_text("x")
    (tmp_path / "code.zip").write_bytes(zipped(**{"index.js": "z", "sub/y.js": "y"}))
    with tarfile.open(tmp_path / "code.tgz", "w:gz") as tape:
        tape.add(tmp_path / "folder", arcname=".")
    assert contents(pulumi.FileArchive("folder"), tmp_path) == {"index.js": "i", "sub/x.js": "x"}
    assert contents(pulumi.FileArchive("code.tgz"), tmp_path) == {"index.js": "i", "sub/x.js": "x"}
    assert contents(pulumi.FileArchive("code.zip"), tmp_path) == {"index.js": "z", "sub/y.js": "y"}
    mixed = pulumi.AssetArchive(
        {
            "index.js": pulumi.StringAsset("own"),
            "lib": pulumi.FileArchive("folder"),
            "one.js": pulumi.FileAsset("folder/sub/x.js"),
        }
    )
    assert contents(mixed, tmp_path) == {"index.js": "own", "lib/index.js": "i", "lib/sub/x.js": "x", "one.js": "x"}


def test_archives_that_cannot_be_read_say_why(tmp_path: Path) -> None:
    (tmp_path / "bad.zip").write_bytes(b"no archive")
    (tmp_path / "out.zip").write_bytes(zipped(**{"../up.js": "x"}))
    for archive, message in (
        (pulumi.FileArchive("none"), "'none' cannot be read: No such file or directory"),
        (pulumi.FileArchive("bad.zip"), "'bad.zip' is neither a zip nor a tar archive"),
        (pulumi.FileArchive("out.zip"), "has the path '../up.js', which is outside of its folder"),
        (pulumi.RemoteArchive("https://example.com/x.zip"), "https://example.com/x.zip is not fetched here"),
        (pulumi.AssetArchive({"/etc/x": pulumi.StringAsset("x")}), "has the path '/etc/x'"),
    ):
        with pytest.raises(packages.BadPackage, match=message):
            packages.archive_files(archive, tmp_path)


def test_a_zip_bomb_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "MAX_BYTES", 1024 * 1024)
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("big", bytes(2 * 1024 * 1024))
    (tmp_path / "big.zip").write_bytes(target.getvalue())
    with pytest.raises(packages.BadPackage, match="unpacks to more than 1 MB"):
        packages.archive_files(pulumi.FileArchive("big.zip"), tmp_path)


def test_a_package_in_a_bucket_of_the_stack(runner: Runner, tmp_path: Path) -> None:
    (tmp_path / "code.zip").write_bytes(zipped(**{"index.js": "exports.handler = async () => null;"}))
    main = """
bucket = aws.s3.Bucket("code", bucket="demo-code")
package = aws.s3.BucketObjectv2("code", bucket=bucket.bucket, key="code.zip", source=pulumi.FileAsset("code.zip"))
edge = function(code=None, s3_bucket=bucket.bucket, s3_key=package.key)
distribution(default_cache_behavior=at(edge.qualified_arn))
"""
    (version,) = document(runner, tmp_path, main).lambda_versions
    assert [file.path for file in version.files] == ["index.js"]
