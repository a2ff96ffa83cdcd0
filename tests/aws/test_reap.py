"""Pain 1: what CloudFront's replicas leave behind is listed, and goes when AWS allows it; never what is in use."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from edgewright.base.errors import InfrastructureError
from edgewright.cli._exit import Exit
from edgewright.platforms.cloudfront.aws.client import AwsClient
from edgewright.platforms.cloudfront.reap import in_use, leftovers, remove
from edgewright.platforms.parts import Leftover

from tests.aws.lambda_api import CREDENTIALS, Account, lambda_api
from tests.cli.conftest import Edgewright
from tests.cli.conftest import edgewright as edgewright  # the fixture


@pytest.fixture
def account() -> Iterator[Account]:
    made = Account(
        functions={
            "api-edge-1": "edgewright shop/prod/api: answers",
            "gone-2": "edgewright shop/prod/gone",
            "other-stack": "edgewright shop/dev/api",
            "like-it": "edgewright shop/production/api",
            "strangers": "somebody's",
        },
        versions={
            "api-edge-1": [1, 2, 3, 4, 5],
            "gone-2": [1, 2],
            "other-stack": [1],
            "like-it": [1],
            "strangers": [1],
        },
    )
    with lambda_api(made):
        yield made


def client(account: Account, waits: list[float] | None = None) -> AwsClient:
    return AwsClient("lambda", CREDENTIALS, account.url, sleep=(waits if waits is not None else []).append)


def test_versions_before_those_in_use_and_functions_of_what_is_gone_are_left_over(account: Account) -> None:
    with client(account) as api:
        assert leftovers(api, "shop", "prod", {"api-edge-1": "4"}) == (
            Leftover("api-edge-1", "1", "shop/prod/api"),
            Leftover("api-edge-1", "2", "shop/prod/api"),
            Leftover("gone-2", None, "shop/prod/gone"),
        )
        numbers = [item.version for item in leftovers(api, "shop", "prod", {"api-edge-1": "4", "gone-2": "2"}, keep=0)]
    assert numbers == ["1", "2", "3", "1"]


def test_during_a_rollout_the_version_that_most_requests_get_is_in_use_too() -> None:
    arn = "arn:aws:lambda:us-east-1:123456789012:function:api-edge-1"
    behavior = {"lambdaFunctionAssociations": [{"eventType": "origin-request", "lambdaArn": f"{arn}:3"}]}
    resources = [
        {"type": "aws:lambda/function:Function", "outputs": {"name": "api-edge-1", "version": "5"}},
        {"type": "aws:lambda/function:Function", "outputs": {"name": "alone", "version": "2"}},
        {"type": "aws:cloudfront/distribution:Distribution", "outputs": {"defaultCacheBehavior": behavior}},
    ]
    assert in_use({"deployment": {"resources": resources}}, "state.json") == {"api-edge-1": "3", "alone": "2"}


def test_every_page_is_read(account: Account) -> None:
    account.page = 2
    with client(account) as api:
        assert len(leftovers(api, "shop", "prod", {"api-edge-1": "5"}, keep=0)) == 5


def test_a_replicated_version_stays_until_aws_allows_it(account: Account) -> None:
    account.replicated = {("api-edge-1", 1)}
    item = Leftover("api-edge-1", "1", "shop/prod/api")
    with client(account) as api:
        first = remove(api, item)
        assert (first.status, "because it is a replicated function" in first.message) == ("replicated", True)
        assert 1 in account.versions["api-edge-1"]
        account.replicated.clear()
        assert remove(api, item).status == "removed"
        assert account.versions["api-edge-1"] == [2, 3, 4, 5]
        assert remove(api, item).status == "gone"


def test_throttling_is_waited_for_and_given_up_in_the_end(account: Account) -> None:
    account.throttled = 3
    waits: list[float] = []
    with client(account, waits) as api:
        assert leftovers(api, "shop", "prod", {"api-edge-1": "1", "gone-2": "1"}) == ()
        assert len(waits) == 3
        assert waits == sorted(waits) or waits[0] < waits[-1] * 2
        account.throttled = 100
        with pytest.raises(InfrastructureError, match="failed 6 times, last with 429 TooManyRequestsException"):
            leftovers(api, "shop", "prod", {})


# --- the command ------------------------------------------------------------------------------------------------------


@pytest.fixture
def project(tmp_path: Path, account: Account, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    (tmp_path / "__main__.py").write_text("")
    (tmp_path / "Pulumi.prod.yaml").write_text("config: {}\n")
    state: Any = {
        "deployment": {
            "resources": [
                {"type": "aws:lambda/function:Function", "outputs": {"name": "api-edge-1", "version": "5"}},
                {"type": "aws:iam/role:Role", "outputs": {"name": "r"}},
            ]
        }
    }
    (tmp_path / "state.json").write_text(json.dumps(state))
    monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", account.url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", CREDENTIALS.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", CREDENTIALS.secret_key)
    monkeypatch.delenv("AWS_SESSION_TOKEN", raising=False)
    return tmp_path


def test_it_lists_and_deletes_nothing_unless_told(edgewright: Edgewright, project: Path, account: Account) -> None:
    outcome = edgewright("reap", "prod", "--state", "state.json", cwd=project)
    assert outcome.code == Exit.PASS, outcome.err
    assert outcome.out.splitlines() == [
        "left over  api-edge-1:1  shop/prod/api",
        "left over  api-edge-1:2  shop/prod/api",
        "left over  api-edge-1:3  shop/prod/api",
        "left over  gone-2 (all versions)  shop/prod/gone",
        "4 left over; remove them with --delete",
    ]
    assert not [line for line in account.requests if line.startswith("DELETE")]


def test_it_removes_what_aws_allows_and_says_what_is_left(
    edgewright: Edgewright, project: Path, account: Account
) -> None:
    account.replicated = {("api-edge-1", 3)}
    outcome = edgewright("reap", "prod", "--state", "state.json", "--delete", cwd=project)
    assert outcome.code == Exit.PASS, outcome.err
    assert account.versions["api-edge-1"] == [3, 4, 5]
    assert "gone-2" not in account.functions
    assert set(account.functions) == {"api-edge-1", "other-stack", "like-it", "strangers"}
    assert "replicated api-edge-1:3" in outcome.out
    assert outcome.out.splitlines()[-1] == "1 of 4 still have replicas: run this again in some hours"
    account.replicated.clear()
    assert edgewright("reap", "prod", "--state", "state.json", "--delete", cwd=project).code == Exit.PASS
    assert edgewright("reap", "prod", "--state", "state.json", cwd=project).out == "nothing is left over\n"


def test_of_a_destroyed_stack_everything_is_left_over(edgewright: Edgewright, project: Path, account: Account) -> None:
    outcome = edgewright("reap", "prod", "--destroyed", "--delete", cwd=project)
    assert outcome.code == Exit.PASS, outcome.err
    assert set(account.functions) == {"other-stack", "like-it", "strangers"}


def test_bad_input_and_missing_credentials_are_usage_errors(
    edgewright: Edgewright, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "none.json").write_text("[]")
    for arguments, message in (
        (["--state", "missing.json"], "--state missing.json: cannot be read"),
        (["--state", "none.json"], "is not a stack's state"),
        (["--destroyed", "--state", "state.json"], "exclude each other"),
    ):
        outcome = edgewright("reap", "prod", *arguments, cwd=project)
        assert outcome.code == Exit.USAGE
        assert message in outcome.err
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    outcome = edgewright("reap", "prod", "--state", "state.json", cwd=project)
    assert outcome.code == Exit.USAGE
    assert "SignatureDoesNotMatch" in outcome.err
    assert "wrong" not in outcome.err
    monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", "http://example.com")
    assert "must be an https:// URL" in edgewright("reap", "prod", "--state", "state.json", cwd=project).err
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.delenv("AWS_ENDPOINT_URL_LAMBDA")
    assert "AWS_SECRET_ACCESS_KEY is not set" in edgewright("reap", "prod", "--state", "state.json", cwd=project).err


def test_without_a_pulumi_cli_it_says_how_to_give_the_state_to_this_command(
    edgewright: Edgewright, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(project))
    outcome = edgewright("reap", "prod", cwd=project)
    assert outcome.code == Exit.USAGE
    assert "pulumi stack export --stack prod | edgewright reap prod --state - ..." in outcome.err
