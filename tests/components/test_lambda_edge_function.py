"""LambdaEdgeFunction: its package, role and version, and everything that Lambda@Edge refuses, refused before a deployment."""

import json
import os
from pathlib import Path
from typing import Any

import pulumi
import pytest
from edgewright import LambdaEdgeFunction
from edgewright.contract.limits import limit
from edgewright.platforms.cloudfront.lambda_edge import REFUSED, RESTRICTIONS

from tests.components.program import UNKNOWN, Run, faults_of, run, texts

LIMITS = limit("lambda_edge.viewer.body_bytes").source
CODE = "export async function handler(event) { return event.Records[0].cf.request; }\n"
PYTHON = "def handler(event, context):\n    return event['Records'][0]['cf']['request']\n"


def function(**args: Any) -> Any:
    """Return a program with one function, which may be whole or at fault."""
    whole: Any = {"code": {"text": PYTHON}, "runtime": "python3.13", **args}
    given: Any = {key: value for key, value in whole.items() if value is not None}
    return lambda: LambdaEdgeFunction("rewrite", given)


def files(found: Run) -> dict[str, str]:
    """Return the texts of the function's package."""
    archive = found.one("Function").inputs["code"]
    assert isinstance(archive, pulumi.AssetArchive)
    return {name: asset.text for name, asset in archive.assets.items() if isinstance(asset, pulumi.StringAsset)}


def test_a_description_is_no_longer_than_aws_takes_and_keeps_the_mark() -> None:
    described = run(function(description="x" * 300)).one("Function").inputs["description"]
    assert len(described) == 256
    assert described.startswith("edgewright shop/dev/rewrite: xxx")


def test_the_function_is_published_in_us_east_1_and_its_role_trusts_both_services() -> None:
    found = run(function())
    made = found.one("Function").inputs
    assert files(found) == {"index.py": PYTHON}
    assert {key: made[key] for key in made if key not in ("code", "role")} == {
        "region": "us-east-1",
        "description": "edgewright shop/dev/rewrite",
        "runtime": "python3.13",
        "handler": "index.handler",
        "timeout": 5,
        "memorySize": 128,
        "architectures": ["x86_64"],
        "packageType": "Zip",
        "publish": True,
        "skipDestroy": True,
        "tags": {},
    }
    trust = json.loads(found.one("Role").inputs["assumeRolePolicy"])
    assert trust["Statement"] == [
        {
            "Effect": "Allow",
            "Principal": {"Service": ["edgelambda.amazonaws.com", "lambda.amazonaws.com"]},
            "Action": "sts:AssumeRole",
        }
    ]
    assert made["role"] == "arn:aws:iam::rewrite-role"
    component = found.one("LambdaEdgeFunction")
    assert {item.parent for item in found.resources if item.type.startswith("aws:")} == {component.urn}


def test_the_numbered_version_is_what_is_associated() -> None:
    outputs = (
        run(function(events=["viewer-response", "viewer-request"], request_body_bytes=100))
        .one("LambdaEdgeFunction")
        .outputs
    )
    arn = "arn:aws:lambda:us-east-1:123456789012:function:rewrite-function:7"
    assert outputs["qualifiedArn"] == arn
    assert outputs["association"] == {
        "events": ["viewer-request", "viewer-response"],
        "arn": arn,
        "include_body": True,
    }


def test_pain_1_replicas_that_block_a_destroy_are_kept_and_listed_in_a_ledger() -> None:
    found = run(function())
    assert found.one("Function").inputs["skipDestroy"] is True
    assert found.one("LambdaEdgeFunction").outputs["ledger"] == {
        "component": "shop/dev/rewrite",
        "function_name": "rewrite-function",
        "arn": "arn:aws:lambda:us-east-1:123456789012:function:rewrite-function",
        "version": "7",
        "region": "us-east-1",
        "events": ["origin-request"],
    }


def test_pain_2_no_second_provider_is_needed_for_us_east_1() -> None:
    found = run(function())
    assert not [item for item in found.resources if item.type.startswith("pulumi:providers:")]
    assert found.one("Function").inputs["region"] == "us-east-1"


def test_pain_4_settings_are_written_into_the_package_and_not_into_the_environment() -> None:
    found = run(function(settings={"b": 1, "a": ["ü"]}))
    assert files(found) == {
        "index.py": PYTHON,
        "settings.json": '{"a":["ü"],"b":1}\n',
        "settings.mjs": 'export default {"a":["ü"],"b":1};\n',
    }
    assert "environment" not in found.one("Function").inputs


def test_settings_that_become_known_later_are_written_when_they_are() -> None:
    def program() -> None:
        LambdaEdgeFunction(
            "rewrite",
            {
                "code": {"text": PYTHON},
                "runtime": "python3.13",
                "settings": {"host": pulumi.Output.from_input("a.example.com")},
            },
        )

    assert json.loads(files(run(program))["settings.json"]) == {"host": "a.example.com"}
    assert json.loads(files(run(program, preview=True))["settings.json"]) == {"host": "a.example.com"}


def test_a_preview_knows_everything_but_what_aws_gives() -> None:
    seen, made = run(function(), preview=True), run(function())
    inputs, known = dict(seen.one("Function").inputs), dict(made.one("Function").inputs)
    assert inputs.pop("role") is UNKNOWN
    known.pop("role")
    assert inputs.pop("code").assets.keys() == known.pop("code").assets.keys()
    assert inputs == known
    assert seen.one("LambdaEdgeFunction").outputs["report"] == made.one("LambdaEdgeFunction").outputs["report"]


def test_a_second_run_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "index.py").write_text(PYTHON)
    (tmp_path / "code" / "data.bin").write_bytes(b"\xff\x00")
    first = run(function(code={"directory": "code"}))
    os.utime(tmp_path / "code" / "index.py", (1, 1))
    second = run(function(code={"directory": "code"}))

    def shape(found: Run) -> Any:
        plain = [
            (item.urn, {key: value for key, value in item.inputs.items() if key != "code"}) for item in found.resources
        ]
        return plain, files(found), sorted(found.one("Function").inputs["code"].assets)

    assert shape(first) == shape(second)
    assert str(tmp_path) not in "\n".join(texts(first.one("Function").inputs["code"].assets["data.bin"].path))


def test_a_folder_is_packed_without_what_begins_with_a_dot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("index.py", "lib/a.py", ".git/config", "__pycache__/index.pyc"):
        (tmp_path / "code" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "code" / name).write_text(PYTHON)
    assert sorted(files(run(function(code={"directory": "code"})))) == ["index.py", "lib/a.py"]


@pytest.mark.runtime
def test_typescript_is_bundled_with_what_it_imports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lib.ts").write_text("export const prefixed = (path: string): string => '/v2' + path;\n")
    (tmp_path / "rewrite.ts").write_text(
        'import settings from "edgewright:settings";\nimport { prefixed } from "./lib";\n'
        "export const handler = async (event: any) => ({ ...event.Records[0].cf.request, uri: prefixed(settings.path) });\n"
    )
    found = run(function(code={"file": "rewrite.ts"}, runtime=None, settings={"path": "/x"}))
    package = files(found)
    assert sorted(package) == ["index.mjs", "settings.json", "settings.mjs"]
    assert 'from"./settings.mjs"' in package["index.mjs"].replace(" ", "")
    assert "/v2" in package["index.mjs"]
    assert str(tmp_path) not in package["index.mjs"]
    report = found.one("LambdaEdgeFunction").outputs["report"]
    assert {part["name"] for part in report["parts"]} == {"lib.ts", "rewrite.ts"}


@pytest.mark.runtime
def test_faults_of_the_code_have_file_line_and_column(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "broken.ts").write_text("export const handler = (;\n")
    (tmp_path / "other.ts").write_text("export const handle = 1;\n")
    assert faults_of(function(code={"file": "broken.ts"}, runtime=None))[0].startswith("code.file: broken.ts:1:25: ")
    assert faults_of(function(code={"file": "other.ts"}, runtime=None)) == [
        "code.file: other.ts has no export 'handler'. Allowed: handle."
        " Write `export async function handler(event) { ... }`, or name another one in `handler`."
    ]
    assert faults_of(function(code={"text": "let x ="}, runtime=None))[0].startswith("code.text: the code:1:8: ")


# --- what is refused ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", sorted(REFUSED))
def test_what_lambda_takes_and_lambda_edge_refuses_is_a_fault_with_reason_source_and_way(key: str) -> None:
    reason, way = REFUSED[key]
    (fault,) = faults_of(function(**{key: ["x"]}))
    assert fault == f"{key}: {reason} ({RESTRICTIONS}). {way}"


def test_the_names_of_other_languages_are_refused_alike() -> None:
    (fault,) = faults_of(function(provisionedConcurrency=5))
    assert fault == (
        "provisionedConcurrency: provisioned concurrency does not exist for Lambda@Edge, whose replicas start where they are"
        f" asked ({RESTRICTIONS}). What lowers a cold start there is a small bundle and lazy imports, or CloudFront"
        " Functions for viewer events."
    )


@pytest.mark.parametrize(
    ("args", "fault"),
    [
        (
            {"region": "eu-west-1"},
            f"region: 'eu-west-1' is not where CloudFront takes functions from ({RESTRICTIONS}). Allowed: us-east-1."
            " Leave it out: CloudFront replicates the function to the regions of its viewers.",
        ),
        (
            {"runtime": "java21", "code": {"text": CODE}},
            f"runtime: 'java21' does not run at the edge: Lambda@Edge takes Node.js and Python ({RESTRICTIONS})."
            " Allowed: nodejs24.x, nodejs22.x, python3.14, python3.13, python3.12, python3.11, python3.10.",
        ),
        (
            {"events": ["viewer-request"], "request_body_bytes": 40_961},
            "request_body_bytes: 40961 bytes are more than the part of a request's body that the function sees can have on"
            f" viewer events ({LIMITS}). Allowed: at most 40 KiB. Move the function to origin events, which have 1 MiB, or"
            " let an origin do it.",
        ),
        (
            {"events": ["origin-request"], "response_bytes": 1_048_577},
            "response_bytes: 1048577 bytes are more than a response that the function generates can have on origin events"
            f" ({LIMITS}). Allowed: at most 1 MiB. Let an origin do it: a function can choose the origin without touching"
            " the body.",
        ),
        (
            {"timeout": 31},
            "timeout: 31 is out of range. Allowed: 1 to 30 seconds. AWS ends a function on origin events after 30 s"
            f" ({LIMITS}).",
        ),
        ({"memory": 64}, "memory: 64 is out of range. Allowed: 128 to 10240 MB."),
        (
            {"events": ["viewer-reqest"]},
            "events[0]: 'viewer-reqest' is not known. Allowed: viewer-request, viewer-response, origin-request,"
            " origin-response. Did you mean 'viewer-request'?",
        ),
        (
            {"events": []},
            "events: is empty, so that nothing would run the function. Allowed: viewer-request, viewer-response,"
            " origin-request, origin-response.",
        ),
        ({"handler": "index"}, "handler: 'index' is not a handler. Allowed: file.export, for example index.handler."),
        (
            {"events": ["origin-response"], "request_body_bytes": 1},
            "request_body_bytes: is given where no request's event is: only those have the body. Allowed: with"
            " viewer-request or origin-request.",
        ),
        (
            {"code": {"text": "x", "file": "y"}},
            "code: has `file` and `text`. Allowed: exactly one of `directory`, `file` and `text`.",
        ),
        ({"code": {}}, "code: has no code. Allowed: exactly one of `directory`, `file` and `text`."),
        ({"code": {"file": "none.py"}}, "code.file: 'none.py' is not a file. Paths start from the program's folder."),
        ({"code": None}, "code: is required and was not given."),
    ],
)
def test_refused_arguments(args: dict[str, Any], fault: str) -> None:
    assert faults_of(function(**args)) == [fault]
    assert faults_of(function(**args), preview=True) == [fault]


GET_ITEM = {"Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": "*"}
NEEDED = "permissions[0].{}: is required and was not given. Allowed: {}."


@pytest.mark.parametrize(
    ("statement", "faults"),
    [
        ({**GET_ITEM, "NotAction": "s3:*", "Action": None}, []),
        ({**GET_ITEM, "Resource": ["arn:aws:dynamodb:*:*:table/a", "arn:aws:s3:::b/*"], "Sid": "Read"}, []),
        ({**GET_ITEM, "Condition": {"ForAnyValue:StringLikeIfExists": {"aws:PrincipalTag/a": ["b"]}}}, []),
        ({**GET_ITEM, "Resource": None, "NotResource": "arn:aws:s3:::b"}, []),
        (
            {},
            [
                NEEDED.format("Effect", "Allow or Deny"),
                NEEDED.format("Action", "exactly one of `Action` and `NotAction`"),
                NEEDED.format("Resource", "exactly one of `Resource` and `NotResource`"),
            ],
        ),
        (
            {**GET_ITEM, "Effect": "allow"},
            ["permissions[0].Effect: 'allow' is not known. Allowed: Allow, Deny. Did you mean 'Allow'?"],
        ),
        (
            {**GET_ITEM, "effect": "Allow"},
            [
                "permissions[0].effect: is not an argument. Allowed: Action, Condition, Effect, NotAction, NotResource,"
                " Resource, Sid. Did you mean 'Effect'?"
            ],
        ),
        (
            {**GET_ITEM, "Principal": "*"},
            [
                "permissions[0].Principal: is for policies of resources: this one is for the function's role. Allowed: Sid,"
                " Effect, Action, NotAction, Resource, NotResource, Condition. Leave it out."
            ],
        ),
        (
            {**GET_ITEM, "Action": ["GetItem"], "NotResource": "table"},
            [
                "permissions[0].Action: 'GetItem' is refused by IAM. Allowed: '*', or a service and an action, for example"
                " 'dynamodb:GetItem'; or a list of such.",
                "permissions[0].Resource: and `NotResource` are given together. Allowed: exactly one of `Resource` and"
                " `NotResource`.",
                "permissions[0].NotResource: 'table' is refused by IAM. Allowed: '*', or an ARN; or a list of such.",
            ],
        ),
        (
            {**GET_ITEM, "Action": []},
            [
                "permissions[0].Action: [] names nothing. Allowed: '*', or a service and an action, for example"
                " 'dynamodb:GetItem'; or a list of such."
            ],
        ),
        (
            {**GET_ITEM, "Sid": "a b"},
            ["permissions[0].Sid: 'a b' is not a statement's id. Allowed: letters and digits."],
        ),
        (
            {**GET_ITEM, "Condition": {"StringEqual": {"a": "b"}}},
            ["permissions[0].Condition.StringEqual: 'StringEqual' is not known. Allowed: "],
        ),
        (
            {**GET_ITEM, "Condition": {"StringEquals": "a"}},
            ["permissions[0].Condition: {'StringEquals': 'a'} is not a condition. Allowed: a mapping from operators"],
        ),
    ],
)
def test_statements_that_iam_would_refuse(statement: dict[str, Any], faults: list[str]) -> None:
    given = {key: value for key, value in statement.items() if value is not None}
    if not faults:
        policy = json.loads(run(function(permissions=[given])).one("RolePolicy").inputs["policy"])
        assert policy["Statement"][1:] == [given]
        return
    found = faults_of(function(permissions=[given]))
    assert len(found) == len(faults), found
    for fault, begins in zip(found, faults, strict=True):
        assert fault.startswith(begins)


def test_ids_of_statements_are_told_apart() -> None:
    named = {**GET_ITEM, "Sid": "Read"}
    assert faults_of(function(permissions=[named, named])) == [
        "permissions[1].Sid: 'Read' is the id of permissions[0] too. Give each statement an id of its own, or none."
    ]


def test_all_faults_are_named_at_once_and_nothing_is_made() -> None:
    found = faults_of(function(environment={"A": "b"}, layers=["x"], region="eu-west-1", timeout=99, codee=1))
    assert [fault.split(":")[0] for fault in found] == ["environment", "layers", "codee", "region", "timeout"]


def test_a_package_over_its_limit_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "index.py").write_text(PYTHON)
    (tmp_path / "model.bin").write_bytes(os.urandom(52_428_801))
    (fault,) = faults_of(function(code={"directory": "."}))
    assert fault.startswith("code: the package has 524")
    assert fault.endswith(
        f" bytes zipped, too many for a function on origin events ({LIMITS}). Allowed: at most 50 MiB. Leave packages out, or"
        " import less of them."
    )


def test_what_cloudfront_takes_of_no_viewer_function_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "index.py").write_text(PYTHON)
    (tmp_path / "model.bin").write_bytes(os.urandom(1_048_577))
    (memory,) = faults_of(function(code={"directory": "."}, events=["viewer-request"], memory=256))
    assert memory == (
        f"memory: 256 MB are more than CloudFront takes of a function on viewer events ({LIMITS}). Allowed: 128 MB. Leave it"
        " out, or run the function on origin events, which may have up to 10240 MB."
    )
    run(function(code={"directory": "."}, events=["origin-request"], memory=256))


def test_the_older_quotas_of_viewer_functions_are_advice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "index.py").write_text(PYTHON)
    (tmp_path / "model.bin").write_bytes(os.urandom(1_048_577))
    found = run(function(code={"directory": "."}, events=["viewer-request"], timeout=10))
    package, timeout = found.one("LambdaEdgeFunction").outputs["report"]["advice"]
    assert package.startswith("the package has 10")
    assert "the long-standing quota of a viewer function is 1 MiB" in package
    assert timeout == "the timeout is 10 s: the long-standing quota of a viewer function is 5 s"


def test_a_small_viewer_function_is_told_of_cloudfront_functions() -> None:
    (line,) = run(function(events=["viewer-request"])).one("LambdaEdgeFunction").outputs["report"]["advice"]
    assert "as a CloudFront Function" in line
    assert run(function()).one("LambdaEdgeFunction").outputs["report"]["advice"] == []


def test_settings_that_are_no_data_are_a_fault_like_others() -> None:
    """A bare ValueError without a line ended the program."""
    (fault,) = faults_of(function(settings={"a": [1, {"b": object()}]}))
    assert fault.startswith("settings.a[1].b: <object object at 0x")
    assert fault.endswith(
        " is no data. Allowed: strings, numbers, true, false, lists and mappings of them, and outputs."
    )


@pytest.mark.parametrize(
    ("other", "name"),
    [
        ("tracing", "tracing_config"),
        ("reserved_concurrency", "reserved_concurrent_executions"),
        ("reservedConcurrency", "reserved_concurrent_executions"),
        ("env", "environment"),
        ("vpc", "vpc_config"),
        ("architecture", "architectures"),
    ],
)
def test_what_is_refused_is_known_by_its_other_names_too(other: str, name: str) -> None:
    (fault,) = faults_of(function(**{other: "x"}))
    reason, way = REFUSED[name]
    assert fault == f"{other}: {reason} ({RESTRICTIONS}). {way}"
