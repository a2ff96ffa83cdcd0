"""Endpoints on CloudFront that are cached and ask who the caller is: who is asked before a stored answer is given out."""

import json
from typing import Any

import pytest
from edgewright import CachePolicy, KvNamespace, LambdaEdgeFunction
from edgewright.contract.limits import limit

from tests.components.cloudfront import api, behaviors, distribution, of, origins, viewer_code
from tests.components.program import Run, faults_of, run

JWT = {
    "kind": "jwt",
    "issuer": "https://id.example.com",
    "audience": ["products"],
    "jwks_url": "https://id.example.com/keys",
}
GUARD = "arn:aws:lambda:us-east-1:123456789012:function:api-guard-function:7"
ONE_FUNCTION = limit("lambda_edge.functions_per_event").source


def shared(**more: Any) -> CachePolicy:
    given: Any = {"mode": "origin", "key": {"query": "include", "query_names": ["page"]}, **more}
    return CachePolicy("mine", given)


def tokens(**more: Any) -> None:
    """A cached endpoint behind a token, and one for everybody."""
    policy = shared()
    routed = origins()
    api(
        endpoints=[
            {"path": "/private/:id", "origin": routed.routing, "cache": policy.spec, "auth": JWT},
            {"path": "/open", "origin": routed.routing, "cache": policy.spec},
        ],
        redirects=[{"path": "/private/old", "to": "/private/new"}],
        **more,
    )


@pytest.fixture(scope="module")
def made() -> Run:
    return run(tokens)


def guard_files(found: Run) -> dict[str, str]:
    (guard,) = [item for item in of(found, "lambda.Function") if "api-guard" in item["description"]]
    return {name: asset.text for name, asset in guard["code"].assets.items()}


def test_a_token_is_checked_at_the_viewer_before_a_stored_answer_is_given(made: Run) -> None:
    guarded, plain = behaviors(made)["/private/*"], behaviors(made)["/open"]
    assert [item["eventType"] for item in guarded["lambdaFunctionAssociations"]] == [
        "origin-request",
        "origin-response",
        "viewer-request",
    ]
    assert guarded["lambdaFunctionAssociations"][-1] == {
        "eventType": "viewer-request",
        "lambdaArn": GUARD,
        "includeBody": False,
    }
    # CloudFront refuses both kinds on a viewer's events.
    assert guarded["functionAssociations"] == []
    assert [item["eventType"] for item in plain["functionAssociations"]] == ["viewer-request"]
    assert "viewer-request" not in [item["eventType"] for item in plain["lambdaFunctionAssociations"]]


def test_the_guard_is_small_and_knows_nothing_of_origins_and_handlers(made: Run) -> None:
    files = guard_files(made)
    assert {"index.mjs", "settings.mjs", "guard.mjs", "jwt.mjs"} <= files.keys()
    assert not {"edgewright.mjs", "forward.mjs", "sessions.mjs"} & files.keys()
    (guard,) = [item for item in of(made, "lambda.Function") if "api-guard" in item["description"]]
    (edge,) = [item for item in of(made, "lambda.Function") if "api-guard" not in item["description"]]
    assert sum(map(len, files.values())) < limit("lambda_edge.viewer.package_bytes").value / 10
    assert {asset.text for asset in edge["code"].assets.values()} > {files["jwt.mjs"]}, "misses are checked again"
    assert (guard["timeout"], guard["memorySize"], guard["region"]) == (5, 128, "us-east-1")
    assert "us.example.com" not in files["settings.mjs"]
    options = json.loads(
        files["settings.mjs"].splitlines()[1].removeprefix("export const options = ").removesuffix(";")
    )
    assert options["queries"] == [{"keep": "all", "names": [], "pattern": "/private/*"}]
    assert [rule["path"] for rule in options["redirects"]] == ["/private/old"]
    assert "x-edgewright-" in options["reserved"]


def test_both_functions_are_in_the_ledger_of_what_reap_must_know(made: Run) -> None:
    ledger = made.one("EdgeApi").outputs["ledger"]
    assert [entry["component"].rsplit("/", 1)[-1] for entry in ledger] == ["api", "api-guard"]


def test_without_a_cache_no_guard_is_made() -> None:
    def plain() -> None:
        api(endpoints=[{"path": "/private", "origin": origins().routing, "auth": JWT}])

    assert len(of(run(plain), "lambda.Function")) == 1


def test_the_country_stands_for_the_region_where_the_guard_runs() -> None:
    """CloudFront tells a viewer's country to CloudFront Functions only, and a key must have what the answer depends on."""

    def regional() -> None:
        policy = shared(key={"query": "none", "region": True})
        api(endpoints=[{"path": "/private", "origin": origins().routing, "cache": policy.spec, "auth": JWT}])

    (policy,) = of(run(regional), "cloudfront.CachePolicy")
    key = policy["parametersInCacheKeyAndForwardedToOrigin"]
    assert key["headersConfig"]["headers"] == {"items": ["cloudfront-viewer-country", "host"]}


def test_a_session_is_looked_up_at_the_viewer_before_a_stored_answer_is_given() -> None:
    def sessions() -> None:
        store = KvNamespace("sessions", {"host": "cloudfront"})
        policy = shared()
        api(
            endpoints=[
                {"path": "/mine", "origin": origins().routing, "cache": policy.spec, "auth": {"kind": "session"}},
                {"path": "/me", "session": True},
            ],
            sessions={"binding": store.binding},
        )

    found = run(sessions)
    assert len(of(found, "lambda.Function")) == 1
    assert "unknown-session" in viewer_code(found, "/mine")
    assert "unknown-session" not in viewer_code(found, "/me"), "nothing is stored there: the edge answers"
    assert distribution(found)["orderedCacheBehaviors"]


def test_two_kinds_of_callers_behind_one_pattern_are_refused() -> None:
    def mixed() -> None:
        policy = shared()
        routed = origins()
        api(
            endpoints=[
                {"path": "/a/:id", "origin": routed.routing, "cache": policy.spec, "auth": JWT},
                {"path": "/a/*", "origin": routed.routing, "cache": policy.spec},
            ]
        )

    assert faults_of(mixed) == [
        "endpoints[1].auth: is not of one kind for every stored answer which CloudFront matches by '/a/*': '/a/*' and"
        " '/a/:id'. Give them one kind of `auth`, or other paths."
    ]


def test_an_experiment_where_the_guard_runs_is_refused() -> None:
    def experiment() -> None:
        policy = shared(key={"cookies": ["v"]})
        api(
            endpoints=[{"path": "/mine", "origin": origins().routing, "cache": policy.spec, "auth": JWT}],
            experiments=[{"cookie": "v", "variants": {"a": 1, "b": 1}, "paths": ["/mine"]}],
        )

    assert faults_of(experiment) == [
        "experiments[0].paths: has '/mine', where a Lambda@Edge function checks the token before a stored answer is given:"
        " CloudFront takes no CloudFront Function beside it. Leave the path out, or leave out its `cache`."
    ]


def test_a_function_of_ones_own_where_the_guard_runs_is_refused() -> None:
    def own() -> None:
        function = LambdaEdgeFunction(
            "mine", {"code": {"text": "export const handler = async (event) => event;"}, "events": ["viewer-request"]}
        )
        policy = shared()
        api(
            endpoints=[
                {
                    "path": "/mine",
                    "origin": origins().routing,
                    "cache": policy.spec,
                    "auth": JWT,
                    "cloudfront": {"functions": [function.association]},
                }
            ]
        )

    assert faults_of(own) == [
        "endpoints[0].cloudfront.functions: are on viewer events, where a function of the API's own checks `auth` before a stored answer"
        f" is given: an event of a behavior takes one ({ONE_FUNCTION}). Leave out one of `functions`, `cache` and `auth`."
    ]
