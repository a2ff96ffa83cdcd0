"""A gradual rollout on CloudFront: a staging distribution with the new version, and who is sent to it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from edgewright import EdgeApi
from edgewright.contract.limits import limit

from tests.components.cloudfront import api, behaviors, distribution, of, origins
from tests.components.program import ACCOUNT, Run, faults_of, run

EDGE = "arn:aws:lambda:us-east-1:123456789012:function:api-edge-function"
WEIGHTS = limit("cloudfront.continuous_deployment.weight_percent").source


def rolled(**rollout: Any) -> Callable[[], object]:
    return lambda: api(
        hostname="api.example.com",
        hosted_zone_id="Z1",
        endpoints=[{"path": "/api", "origin": origins().routing}],
        rollout=rollout,
    )


def by_role(found: Run) -> tuple[Any, Any]:
    """Return the inputs of the primary distribution and of the staging one."""
    (primary,) = [item for item in of(found, "cloudfront.Distribution") if not item.get("staging")]
    (staging,) = [item for item in of(found, "cloudfront.Distribution") if item.get("staging")]
    return primary, staging


def versions(inputs: Any) -> set[str]:
    """Return the function's versions that a distribution's behaviors have."""
    every = [inputs["defaultCacheBehavior"], *inputs["orderedCacheBehaviors"]]
    return {item["lambdaArn"] for behavior in every for item in behavior["lambdaFunctionAssociations"]}


@pytest.fixture(scope="module")
def staged() -> Run:
    return run(rolled(percentage=10, previous_version_id="3", session={"idle": 300, "longest": 600}))


def test_pain_9_a_rollout_is_staged_tested_promoted_and_detached_by_one_argument(staged: Run) -> None:
    """CloudFront's continuous deployment has no way to promote in the provider (terraform-provider-aws#42937)."""
    first = run(rolled())
    primary, staging = by_role(staged)
    tested = run(rolled(header={"name": "aws-cf-cd-try", "value": "1"}, previous_version_id="3"))
    promoted = run(rolled(percentage=100, previous_version_id="3"))
    detached = run(lambda: api(hostname="api.example.com", hosted_zone_id="Z1"))

    assert len(of(first, "cloudfront.Distribution")) == 1
    assert (versions(primary), versions(staging)) == ({f"{EDGE}:3"}, {f"{EDGE}:7"})
    assert [versions(item) for item in by_role(tested)] == [{f"{EDGE}:3"}, {f"{EDGE}:7"}]
    for found in (first, promoted):
        assert versions(distribution(found)) == {f"{EDGE}:7"}
        # Left out, the provider would keep the policy attached, and AWS would refuse to delete it
        # (terraform-provider-aws#34511).
        assert distribution(found)["continuousDeploymentPolicyId"] == ""
        assert of(found, "cloudfront.ContinuousDeploymentPolicy") == []
    # What differs between promoted and first is nothing, so that a rollout leaves no trace.
    assert distribution(promoted) == distribution(first)
    # HTTP/3 excludes continuous deployment; it comes back with the end of rollouts, never in one step with a policy.
    assert [distribution(found)["httpVersion"] for found in (first, promoted, detached)] == [
        "http2",
        "http2",
        "http2and3",
    ]


def test_the_policy_sends_a_share_to_the_staging_distribution_and_viewers_keep_what_they_got(staged: Run) -> None:
    (policy,) = of(staged, "cloudfront.ContinuousDeploymentPolicy")
    assert policy == {
        "enabled": True,
        "stagingDistributionDnsNames": {"items": ["api-staging.cloudfront.net"], "quantity": 1},
        "trafficConfig": {
            "type": "SingleWeight",
            "singleWeightConfig": {"weight": 0.1, "sessionStickinessConfig": {"idleTtl": 300, "maximumTtl": 600}},
        },
    }
    primary, staging = by_role(staged)
    assert primary["continuousDeploymentPolicyId"] == "api-rollout-id"
    assert "continuousDeploymentPolicyId" not in staging


def test_a_header_sends_those_who_ask_for_it() -> None:
    found = run(rolled(header={"name": "aws-cf-cd-try", "value": "yes"}, previous_version_id="3"))
    (policy,) = of(found, "cloudfront.ContinuousDeploymentPolicy")
    assert policy["trafficConfig"] == {
        "type": "SingleHeader",
        "singleHeaderConfig": {"header": "aws-cf-cd-try", "value": "yes"},
    }


def test_the_staging_distribution_is_the_primary_but_for_the_version_and_the_names(staged: Run) -> None:
    primary, staging = by_role(staged)
    assert (primary["aliases"], staging.get("aliases", [])) == (["api.example.com"], [])
    assert {primary["httpVersion"], staging["httpVersion"]} == {"http2"}
    apart = {
        "aliases",
        "comment",
        "continuousDeploymentPolicyId",
        "defaultCacheBehavior",
        "orderedCacheBehaviors",
        "staging",
    }
    assert {key: value for key, value in primary.items() if key not in apart} == {
        key: value for key, value in staging.items() if key not in apart
    }
    assert behaviors(run(rolled())).keys() == {"/api", "*"}


def test_the_stable_version_is_the_one_to_go_back_to(staged: Run) -> None:
    outputs = staged.one("EdgeApi").outputs
    assert (outputs["versionId"], outputs["stableVersionId"], outputs["candidateVersionId"]) == ("7", "3", "7")
    assert outputs["distribution"]["staging_id"] == "api-staging-id"
    done = run(rolled()).one("EdgeApi").outputs
    assert (done["versionId"], done["stableVersionId"], done["candidateVersionId"]) == ("7", "7", "")


def test_the_staging_distribution_may_read_the_bucket_too(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a")
    found = run(
        lambda: api(
            assets=[{"path": "/files/*", "directory": str(tmp_path)}],
            rollout={"percentage": 5, "previous_version_id": "3"},
        )
    )
    (policy,) = of(found, "s3.BucketPolicy")
    for name in ("api-distribution", "api-staging"):
        assert f'"arn:aws:cloudfront::{name}"' in policy["policy"]


def test_a_second_run_of_a_staged_rollout_changes_nothing() -> None:
    def plain(found: Run) -> list[Any]:
        # Archives are new objects each time; what is in them is compared where packages are.
        return [
            (urn, parent, {key: value for key, value in inputs.items() if key != "code"}, secrets)
            for urn, parent, inputs, secrets in found.shape()
        ]

    program = rolled(percentage=10, previous_version_id="3")
    assert plain(run(program)) == plain(run(program))


@pytest.mark.parametrize(
    ("rollout", "faults"),
    [
        (
            {"percentage": 20, "previous_version_id": "3"},
            [
                f"rollout.percentage: 20 is not a share that CloudFront sends to a staging distribution ({WEIGHTS})."
                " Allowed: above 0, at most 15, with at most 2 decimals; or 100, which ends the rollout."
            ],
        ),
        (
            {"percentage": 5},
            [
                "rollout.previous_version_id: is required while a staging distribution has the new version: the others keep"
                " this one. Give the `stable_version_id` of the deployment before, or `percentage: 100`."
            ],
        ),
        (
            {"previous_version_id": "3"},
            [
                "rollout.previous_version_id: has no effect without `percentage` or `header`: the new version gets all requests."
                " Give one of them too, or leave it out."
            ],
        ),
        (
            {"percentage": 5, "previous_version_id": "$LATEST"},
            [
                "rollout.previous_version_id: '$LATEST' is not a version of a function. Allowed: a number in quotes, for"
                " example '7'."
            ],
        ),
        (
            {"percentage": 5, "previous_version_id": "3", "header": {"name": "x-try", "value": "a b"}},
            [
                "rollout.header: is given beside `percentage`: CloudFront goes by one of them. Leave one out.",
                "rollout.header.name: 'x-try' is not a header by which CloudFront stages. Allowed: `aws-cf-cd-` and"
                " lower-case letters, digits and hyphens.",
                "rollout.header.value: 'a b' is not a header's value. Allowed: visible ASCII, no blanks.",
            ],
        ),
        (
            {"percentage": 5, "previous_version_id": "3", "session": {"idle": 900, "longest": 600}},
            ["rollout.session.idle: 900 is above `longest`, 600."],
        ),
        (
            {"percentage": 5, "previous_version_id": "3", "session": {"idle": 60, "longest": 600}},
            ["rollout.session.idle: 60 is out of range. Allowed: 300 to 3600 seconds."],
        ),
        (
            {"session": {"idle": 300, "longest": 600}},
            ["rollout.session: has no effect without a `percentage` below 100. Leave it out."],
        ),
        (
            {"percentage": 5, "previous_version_id": "6", "sticky": {"address": True}},
            ["rollout.sticky: is of use to host 'cloudflare' only. Use `session`."],
        ),
    ],
)
def test_what_cloudfront_would_refuse_of_a_rollout_is_named(rollout: dict[str, Any], faults: list[str]) -> None:
    assert faults_of(rolled(**rollout)) == faults


def test_the_other_host_has_no_headers_and_sessions() -> None:
    def cloudflare() -> None:
        EdgeApi(
            "api",
            {
                "account_id": ACCOUNT,
                "endpoints": [{"path": "/api", "origin": origins().routing}],
                "rollout": {
                    "header": {"name": "aws-cf-cd-a", "value": "1"},
                    "session": {"idle": 300, "longest": 300},
                },
            },
        )

    assert faults_of(cloudflare) == [
        "rollout.header: is of use to host 'cloudfront' only. Use `percentage`.",
        "rollout.session: is of use to host 'cloudfront' only. Use `sticky`.",
    ]
