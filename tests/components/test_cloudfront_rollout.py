"""A gradual rollout on CloudFront: a staging distribution with the new version, and who is sent to it."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pytest
from edgewright import CachePolicy, EdgeApi
from edgewright.base.faults import InputFaults
from edgewright.contract.limits import limit
from edgewright.platforms.cloudfront.aws.rollouts import SOURCE
from edgewright.platforms.cloudfront.held import refuse

from tests.components.cloudfront import api, behaviors, distribution, of, origins
from tests.components.program import Run, faults_of, placed, run

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


# --- what stays as it is during one ------------------------------------------------------------------------------------


def deployed(rollout: dict[str, Any] | None, *, tags: bool = False, limited: bool = False, **args: Any) -> Run:
    def program() -> None:
        cache = CachePolicy("pages", {"edge_ttl": 60, **({"tags": ["pages"]} if tags else {})}).spec
        endpoint: Any = {"path": "/api", "origin": origins().routing, "cache": cache}
        if limited:
            endpoint["rate_limit"] = {"limit": 100}
        given: Any = {"host": "cloudfront", "endpoints": [endpoint], **args}
        if rollout is not None:
            given["rollout"] = rollout
        whole: Any = placed(given)
        EdgeApi("api", whole)

    return run(program)


def told(before: Any, now: Any) -> list[str]:
    """Return what is said before an update of a distribution."""
    args = pulumi.ResourceHookArgs("urn", "id", "api-distribution", "type", new_inputs=now, old_inputs=before)
    try:
        asyncio.run(refuse("api", args))
    except InputFaults as error:
        return [f"{fault.path}: {fault.text}" for fault in error.faults]
    return []


SHARE: dict[str, Any] = {"percentage": 10, "previous_version_id": "3"}
WHOLE: dict[str, Any] = {"percentage": 100}
REFUSED = f" while a rollout is staged or promoted, which CloudFront refuses (`IllegalUpdate`, {SOURCE}). 1. Take this change back. 2. Promote"
NAMED: dict[str, Any] = {"hostname": "api.example.com", "hosted_zone_id": "Z1"}
ARN = "arn:aws:acm:us-east-1:123456789012:certificate/"
CERTIFICATE = "cloudfront.certificate_arn: or `hostname`: the certificate is another one"
ACL = "arn:aws:wafv2:us-east-1:123456789012:global/webacl/a/1"


@pytest.mark.parametrize("rollout", [SHARE, WHOLE], ids=["staged", "promoted"])
@pytest.mark.parametrize(
    ("before", "now", "faults"),
    [
        ({}, {"price_class": "PriceClass_100"}, ["cloudfront.price_class: is another one"]),
        ({}, NAMED, ["hostname: is another one"]),
        (NAMED, {**NAMED, "hostname": "www.example.com"}, ["hostname: is another one"]),
        ({**NAMED, "certificate_arn": f"{ARN}1"}, {**NAMED, "certificate_arn": f"{ARN}2"}, [CERTIFICATE]),
        ({}, {"tags": True}, ["endpoints: get their first strategy with `tags`, or lose the last,"]),
        ({"tags": True}, {}, ["endpoints: get their first strategy with `tags`, or lose the last,"]),
        ({}, {"limited": True}, ["cloudfront.web_acl_arn: or `rate_limit`: the first one comes"]),
        ({"limited": True}, {}, ["cloudfront.web_acl_arn: or `rate_limit`: the last one goes"]),
        ({"cloudfront": {"web_acl_arn": ACL}}, {}, ["cloudfront.web_acl_arn: or `rate_limit`: the last one goes"]),
        ({}, {"cloudfront": {"price_class": "PriceClass_200"}, "limited": True}, ["cloudfront.price_class: is another one", "cloudfront.web_acl_arn: or `rate_limit`: the first one comes"]),
        # What may change.
        ({"cloudfront": {"web_acl_arn": ACL}}, {"cloudfront": {"web_acl_arn": f"{ACL}2"}}, []),
        ({"limited": True}, {"cloudfront": {"web_acl_arn": ACL}}, []),
        ({}, {"security_headers": False}, []),
    ],
)  # fmt: skip
def test_what_cloudfront_holds_during_a_rollout_is_refused_with_the_steps(
    rollout: dict[str, Any], before: dict[str, Any], now: dict[str, Any], faults: list[str]
) -> None:
    primary, staging = by_role(deployed(SHARE, **before))
    after = deployed(rollout, **now)
    updates = [(primary, distribution(after) if rollout is WHOLE else by_role(after)[0])]
    if rollout is SHARE:
        # It is updated before the primary one, so that it is where a refusal has to come.
        updates.append((staging, by_role(after)[1]))
    for old, new in updates:
        said = told(old, new)
        assert all(REFUSED in fault for fault in said)
        # The staging distribution has a hostname's certificate alone.
        mine = [CERTIFICATE if new.get("staging") and each.startswith("hostname") else each for each in faults]
        same = old["viewerCertificate"] == new["viewerCertificate"]
        assert [fault.partition(REFUSED)[0] for fault in said] == [
            each for each in mine if each != CERTIFICATE or not same
        ]


def test_a_rollout_is_left_out_after_it_was_promoted_alone() -> None:
    staged = by_role(deployed(SHARE))[0]
    assert [fault.partition(REFUSED)[0] for fault in told(staged, distribution(deployed(None)))] == [
        "rollout: is left out, which turns HTTP/3 on,"
    ]
    promoted = distribution(deployed(WHOLE))
    assert told(staged, promoted) == []
    assert told(promoted, distribution(deployed(None, price_class="PriceClass_100", limited=True))) == []
    # Neither is what only the next deployment will know, nor what the engine notes in between.
    assert told(staged, {**staged, "viewerCertificate": {"acmCertificateArn": pulumi.UNKNOWN}}) == []
    assert told({**staged, "viewerCertificate": {**staged["viewerCertificate"], "__defaults": []}}, staged) == []
    assert told(staged, {**staged, "webAclId": pulumi.UNKNOWN})[0].startswith(
        "cloudfront.web_acl_arn: or `rate_limit`: the first"
    )
