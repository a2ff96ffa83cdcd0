"""EdgeApi, KvNamespace and CachePolicy on CloudFront: what a program declares, and what is refused before it is deployed."""

import itertools
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest
from edgewright import CachePolicy, EdgeApi, GeoRouter, KvNamespace, LambdaEdgeFunction
from edgewright.base.faults import Faults, show
from edgewright.cache_policy import spec_on
from edgewright.contract.limits import limit
from edgewright.contract.path_patterns import covers
from edgewright.platforms.cloudflare.arguments import CLOUDFRONT_ONLY
from edgewright.platforms.cloudfront import api as cloudfront
from edgewright.platforms.cloudfront.functions import check_code
from edgewright.platforms.cloudfront.lambda_edge import RESTRICTIONS
from edgewright.platforms.cloudfront.lists import aws as aws_data
from edgewright.platforms.cloudfront.plan import CLOUDFLARE_ONLY
from edgewright.platforms.cloudfront.policies import (
    ALL_VIEWER_AND_CLOUDFRONT_HEADERS,
    CACHING_DISABLED,
    MANAGED,
    CachePolicySpec,
)

from tests.components.cloudfront import (
    api,
    behaviors,
    codes,
    distribution,
    endpoint,
    of,
    origins,
    package,
    program,
    settings,
    viewer_code,
)
from tests.components.program import UNKNOWN, Run, faults_of, run

AWS = aws_data()
OPTIMIZED = "658327ea-f89d-4fab-a63d-7e88639e58f6"
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:api-edge-function:7"
QUOTAS = limit("cloudfront.cache_policies").source
EVENT = limit("lambda_edge.functions_per_event").source


def whole() -> None:
    """A program that uses nearly everything."""
    sessions = KvNamespace(
        "sessions",
        {
            "host": "cloudfront",
            "seed": {"entries": [{"key": "session:b", "value": {"user": 1}}, {"key": "a", "value": "x"}]},
        },
    )
    products = CachePolicy(
        "products",
        {
            "edge_ttl": 3600,
            "browser_ttl": 60,
            "key": {"query": "include", "query_names": ["page", "limit"], "region": True},
            "tags": ["products"],
        },
    )
    same = CachePolicy(
        "same-key", {"edge_ttl": 9, "key": {"query": "include", "query_names": ["limit", "page"], "region": True}}
    )
    routed = origins()
    api(
        hostname="api.example.com",
        hosted_zone_id="Z1",
        endpoints=[
            {"path": "/api/products", "origin": routed.routing, "cache": products.spec, "rate_limit": {"limit": 100}},
            {"path": "/api/products/:id", "origin": routed.routing, "cache": same.spec},
            {"path": "/api/orders", "origin": routed.routing, "methods": ["GET", "POST"]},
            {"path": "/api/session", "session": True},
        ],
        sessions={"binding": sessions.binding},
        redirects=[{"path": "/old/*", "to": "/api/*", "status": 301}],
        vars={"MODE": "live"},
        tags=["owner:web"],
        dashboard=True,
        access_logs=True,
        origin_shield="us-east-1",
    )


@pytest.fixture(scope="module")
def made() -> Run:
    return run(whole)


# --- the distribution --------------------------------------------------------------------------------------------------


def test_endpoints_become_behaviors_the_most_specific_first(made: Run) -> None:
    assert list(behaviors(made)) == ["/api/orders", "/api/products", "/api/session", "/api/products/*", "*"]


def test_the_distribution_speaks_the_newest_protocols_safely(made: Run) -> None:
    inputs = distribution(made)
    assert inputs["httpVersion"] == "http2and3"
    assert inputs["isIpv6Enabled"] is True
    assert inputs["priceClass"] == "PriceClass_All"
    assert inputs["aliases"] == ["api.example.com"]
    assert inputs["viewerCertificate"] == {
        "acmCertificateArn": "arn:aws:acm::api-certificate",
        "minimumProtocolVersion": "TLSv1.2_2021",
        "sslSupportMethod": "sni-only",
    }
    for behavior in behaviors(made).values():
        assert behavior["viewerProtocolPolicy"] == "redirect-to-https"
        assert behavior["compress"] is True


def test_errors_are_not_kept_but_where_the_function_says_so(made: Run) -> None:
    responses = distribution(made)["customErrorResponses"]
    assert {item["errorCachingMinTtl"] for item in responses} == {0}
    assert [item["errorCode"] for item in responses] == list(cloudfront.ERROR_STATUSES)


def test_a_router_becomes_an_origin_group_for_what_can_fail_over(made: Run) -> None:
    inputs = distribution(made)
    (group,) = inputs["originGroups"]
    assert group == {
        "originId": "origins",
        "failoverCriteria": {"statusCodes": [502, 503, 504]},
        "members": [{"originId": "origins-0"}, {"originId": "origins-1"}],
    }
    first, second, named, own = inputs["origins"]
    assert (first["domainName"], second["domainName"]) == ("us.example.com", "eu.example.com")
    assert second["customOriginConfig"]["httpsPort"] == 8443
    assert [item["customHeaders"] for item in (first, second)] == [
        [{"name": "x-edgewright-attempt", "value": "0"}],
        [{"name": "x-edgewright-attempt", "value": "1"}],
    ]
    assert first["originShield"] == {"enabled": True, "originShieldRegion": "us-east-1"}
    # A name of the stack for what the function sends to an origin of its choice, and for what it answers itself.
    assert (named["originId"], own["originId"]) == ("origins-any", "function")
    for each in (named, own):
        assert each["domainName"] == "api-origin.s3.us-east-1.amazonaws.com"
        assert each["originShield"] == first["originShield"]
        assert "originAccessControlId" not in each
    by_path = behaviors(made)
    assert by_path["/api/products"]["targetOriginId"] == "origins"
    assert by_path["/api/products"]["allowedMethods"] == ["GET", "HEAD", "OPTIONS"]
    # CloudFront refuses an origin group for a behavior that takes other methods.
    assert by_path["/api/orders"]["targetOriginId"] == "origins-any"
    assert by_path["/api/session"]["targetOriginId"] == by_path["*"]["targetOriginId"] == "function"
    assert "POST" in by_path["/api/orders"]["allowedMethods"]
    # Everywhere else the function says 405 with what is allowed, where CloudFront would say 403.
    assert {len(by_path[path]["allowedMethods"]) for path in ("/api/session", "*")} == {7}


def test_a_path_that_takes_writes_and_the_path_of_all_have_no_origin_group_for_reads_either() -> None:
    """What docs/cloudfront.md says of failover."""

    def several() -> None:
        routing = origins().routing
        api(
            endpoints=[
                {"path": "/reads", "origin": routing},
                {"path": "/orders", "origin": routing},
                {"path": "/orders", "methods": ["POST"], "origin": routing},
                {"path": "/*", "origin": routing},
            ]
        )

    targets = {path: behavior["targetOriginId"] for path, behavior in behaviors(run(several)).items()}
    assert targets == {"/reads": "origins", "/orders": "origins-any", "*": "origins-any"}


def test_one_origin_alone_is_asked_by_its_own_name() -> None:
    found = run(lambda: api(endpoints=[{"path": "/api", "origin": one_origin().routing}]))
    assert {item["targetOriginId"] for item in behaviors(found).values()} == {"one-0"}
    assert of(found, "s3.Bucket") == []


def one_origin() -> GeoRouter:
    return GeoRouter("one", {"origins": [{"region": "us", "url": "https://us.example.com"}], "fallback": "us"})


def test_the_bucket_of_files_is_the_name_for_what_the_function_answers(tmp_path: Path) -> None:
    (tmp_path / "a.css").write_text("a {}")
    (tmp_path / "handler.js").write_text("export default { fetch() { return new Response('it'); } };\n")
    found = run(
        lambda: api(
            endpoints=[{"path": "/hello", "handler": str(tmp_path / "handler.js")}],
            assets=[{"path": "/assets/*", "directory": str(tmp_path)}],
        )
    )
    assert len(of(found, "s3.Bucket")) == 1
    domains = {item["originId"]: item["domainName"] for item in distribution(found)["origins"]}
    assert domains["function"] == domains["assets"]


def test_the_core_runs_on_the_origins_events_of_every_behavior_with_its_numbered_version(made: Run) -> None:
    for behavior in behaviors(made).values():
        assert behavior["lambdaFunctionAssociations"] == [
            {"eventType": "origin-request", "lambdaArn": FUNCTION, "includeBody": False},
            {"eventType": "origin-response", "lambdaArn": FUNCTION, "includeBody": False},
        ]


def test_cookies_go_on_where_something_may_look_at_them(made: Run) -> None:
    """Where none does, CloudFront lets requests of one key wait for one answer."""
    (policy,) = of(made, "cloudfront.OriginRequestPolicy")
    assert policy["cookiesConfig"] == {"cookieBehavior": "none"}
    assert policy["queryStringsConfig"] == {"queryStringBehavior": "all"}
    assert len(policy["headersConfig"]["headers"]["items"]) <= 10
    for path, behavior in behaviors(made).items():
        whole = behavior["originRequestPolicyId"] == ALL_VIEWER_AND_CLOUDFRONT_HEADERS
        assert whole == (path not in ("/api/products", "/api/products/*")), path


def test_the_package_has_the_settings_what_they_need_and_nothing_more(made: Run) -> None:
    files = package(made)
    assert {"index.mjs", "settings.mjs", "edgewright.mjs", "forward.mjs", "sessions.mjs"} <= files.keys()
    assert "jwt.mjs" not in files
    assert files["index.mjs"].splitlines()[-1] == (
        "export const handler = createLambda(settings, { features: [forward, sessions], handlers: {  }, behaviors, env });"
    )
    assert 'export const env = {"MODE":"live"};' in files["settings.mjs"]
    document = settings(made)
    # What CloudFront and WAF do themselves is not done twice.
    assert {item["static"] for item in document["endpoints"]} == {False}
    assert {item["rate_limit"] for item in document["endpoints"]} == {None}
    assert document["endpoints"][1]["cache"]["tiers"]["kv"] is None


def test_certificate_records_and_names_lead_to_the_distribution(made: Run) -> None:
    (certificate,) = of(made, "acm.Certificate")
    assert (certificate["region"], certificate["domainName"], certificate["validationMethod"]) == (
        "us-east-1",
        "api.example.com",
        "DNS",
    )
    records = {record["type"]: record for record in of(made, "route53.Record")}
    assert records["CNAME"]["records"] == ["_y"]
    for kind in ("A", "AAAA"):
        assert records[kind]["aliases"] == [
            {"name": "api-distribution.cloudfront.net", "zoneId": "Z2FDTNDATAQYW2", "evaluateTargetHealth": False}
        ]
    outputs = made.one("EdgeApi").outputs
    assert outputs["urls"] == ["https://api.example.com", "https://api-distribution.cloudfront.net"]


def test_rate_limits_become_rules_of_a_web_acl_in_us_east_1(made: Run) -> None:
    (acl,) = of(made, "wafv2.WebAcl")
    assert (acl["region"], acl["scope"]) == ("us-east-1", "CLOUDFRONT")
    (rule,) = acl["rules"]
    statement = rule["statement"]["rateBasedStatement"]
    assert (statement["limit"], statement["evaluationWindowSec"], statement["aggregateKeyType"]) == (100, 60, "IP")
    assert statement["scopeDownStatement"]["regexMatchStatement"]["regexString"] == "^/api/products/?$"
    assert rule["action"]["block"]["customResponse"]["responseCode"] == 429
    assert distribution(made)["webAclId"] == "arn:aws:wafv2:us-east-1:123456789012:global/webacl/api-web-acl/1"


def test_logs_metrics_and_a_dashboard(made: Run) -> None:
    (group,) = of(made, "cloudwatch.LogGroup")
    assert (group["region"], group["retentionInDays"]) == ("us-east-1", 30)
    (source,) = of(made, "cloudwatch.LogDeliverySource")
    assert (source["region"], source["logType"], source["resourceArn"]) == (
        "us-east-1",
        "ACCESS_LOGS",
        "arn:aws:cloudfront::api-distribution",
    )
    (board,) = of(made, "cloudwatch.Dashboard")
    metrics = json.dumps(json.loads(board["dashboardBody"]))
    # Named as `metricLambdaLimitExceededErrors` of aws-cdk's Distribution has them.
    assert {"CacheHitRate", "LambdaExecutionError", "LambdaValidationError", "LambdaLimitExceededErrors"} <= {
        metric[1]
        for widget in json.loads(board["dashboardBody"])["widgets"]
        for metric in widget["properties"]["metrics"]
    }
    assert "api-distribution-id" in metrics
    assert len(of(made, "cloudfront.MonitoringSubscription")) == 1
    assert of(run(program(access_logs=False)), "cloudwatch.LogDelivery") == []
    assert of(run(program(metrics=False)), "cloudfront.MonitoringSubscription") == []


def test_without_a_router_the_function_answers_everything() -> None:
    def only_sessions() -> None:
        store = KvNamespace("s", {"host": "cloudfront"})
        api(endpoints=[{"path": "/me", "session": True}], sessions={"binding": store.binding})

    found = run(only_sessions)
    (named,) = distribution(found)["origins"]
    assert (named["originId"], named["domainName"]) == ("function", "api-origin.s3.us-east-1.amazonaws.com")
    assert len(of(found, "s3.Bucket")) == 1
    (block,) = of(found, "s3.BucketPublicAccessBlock")
    assert {block[key] for key in block if key not in ("bucket", "region")} == {True}
    assert of(found, "s3.BucketPolicy") == []
    for behavior in behaviors(found).values():
        assert [item["eventType"] for item in behavior["lambdaFunctionAssociations"]] == ["origin-request"]


def test_the_endpoint_for_every_path_is_the_default_behavior() -> None:
    def everything() -> None:
        policy = CachePolicy("all", {"edge_ttl": 1})
        api(endpoints=[{"path": "/*", "origin": origins().routing, "cache": policy.spec}])

    found = run(everything)
    assert list(behaviors(found)) == ["*"]
    assert behaviors(found)["*"]["cachePolicyId"].startswith("edgewright-cache-")


# --- the viewer --------------------------------------------------------------------------------------------------------


def test_equal_needs_at_the_viewer_share_one_function(made: Run) -> None:
    functions = of(made, "cloudfront.Function")
    assert len(functions) == 4  # with regions, with sessions, plain; and one on the way back
    assert {item["runtime"] for item in functions} == {"cloudfront-js-2.0"}
    assert {item["publish"] for item in functions} == {True}
    assert viewer_code(made, "/api/products") == viewer_code(made, "/api/products/*")
    assert "x-edgewright-region" in viewer_code(made, "/api/products")
    assert "cf.kvs()" in viewer_code(made, "/api/session")
    assert "cf.kvs()" in viewer_code(made, "*")
    assert "cf.kvs()" not in viewer_code(made, "/api/orders")
    stores = [item["keyValueStoreAssociations"] for item in functions if item.get("keyValueStoreAssociations")]
    assert stores == [["arn:aws:cloudfront::sessions-store"]]


def test_headers_by_which_a_client_speaks_for_the_edge_are_removed_at_the_viewer(made: Run) -> None:
    requests = [code for code in codes(made).values() if "event.request" in code]
    assert len(requests) == 3
    for code in requests:
        assert '"x-edgewright-"' in code
        assert "delete headers[name]" in code


def test_an_experiment_is_assigned_at_the_viewer_and_kept_by_a_cookie() -> None:
    def experiment() -> None:
        policy = CachePolicy("home", {"edge_ttl": 60, "key": {"cookies": ["variant"]}})
        api(
            endpoints=[
                {"path": "/home", "origin": origins().routing, "cache": policy.spec},
                {"path": "/other", "origin": origins("others").routing},
            ],
            experiments=[{"cookie": "variant", "variants": {"b": 1, "a": 9}, "paths": ["/home"]}],
        )

    found = run(experiment)
    code = viewer_code(found, "/home")
    assert '{"cookie":"variant","max_age":2592000,"variants":{"a":9,"b":1}}' in code
    assert "response.cookies" in viewer_code(found, "/home", "viewer-response")
    assert [item["eventType"] for item in behaviors(found)["/other"]["functionAssociations"]] == ["viewer-request"]


def test_a_browser_is_left_its_time_where_cloudfront_keeps_an_answer_longer() -> None:
    """max-age counts from Age, which is the time in CloudFront: a minute less an hour is nothing."""
    times: dict[str, Any] = {
        "shorter": {"edge_ttl": 3600, "browser_ttl": 60},
        "jittered": {"edge_ttl": 60, "browser_ttl": 60, "jitter": {"min": 50, "max": 70}},
        "origins": {"browser_ttl": 60},
        "longer": {"edge_ttl": 60, "browser_ttl": 60},
        "none": {"edge_ttl": 60},
        "own": {"edge_ttl": 3600, "browser_ttl": 60},
    }

    def endpoints() -> None:
        own = LambdaEdgeFunction("own", {"code": {"text": "export const handler = 1;"}, "events": ["viewer-request"]})
        api(
            endpoints=[
                {
                    "path": f"/{name}",
                    "origin": origins(name).routing,
                    "cache": CachePolicy(name, given).spec,
                    **({"cloudfront": {"functions": [own.association]}} if name == "own" else {}),
                }
                for name, given in times.items()
            ]
        )

    found = behaviors(run(endpoints))
    answered = {
        name: [item["eventType"] for item in found[f"/{name}"]["functionAssociations"]][1:] == ["viewer-response"]
        for name in times
    }
    assert [name for name, one in answered.items() if one] == ["shorter", "jittered", "origins"]


def test_code_for_the_viewer_is_held_to_the_runtimes_size_and_syntax() -> None:
    source = limit("cloudfront.functions.code_bytes").source
    faults = Faults("EdgeApi", "api")
    check_code("redirects", "// class ?? in a comment\nvar a = 'class x';\nclass A {}\nvar {b} = a ?? c;\n", faults)
    assert [fault.problem.split(" by ")[0] for fault in faults] == [
        "line 3: class is not supported",
        "line 4: nullish coalescing (??) is not supported",
        "line 4: destructuring is not supported",
    ]
    many = [{"path": f"/old/{number:04}", "to": f"/new/{number:04}"} for number in range(150)]
    (fault,) = faults_of(program(redirects=many))
    assert fault.startswith("redirects: the function at the viewer would have 1")
    assert f" bytes ({source}). Allowed: at most 10 KiB. Have fewer redirects" in fault


# --- files -------------------------------------------------------------------------------------------------------------


def test_files_are_served_from_a_bucket_that_only_the_distribution_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "public" / "css").mkdir(parents=True)
    (tmp_path / "public" / "css" / "app.css").write_text("a{}")
    (tmp_path / "public" / "logo.svg").write_text("<svg/>")
    found = run(program(assets=[{"path": "/assets/*", "directory": "public", "browser_ttl": 60, "immutable": True}]))
    objects = {item["key"]: item for item in of(found, "s3.BucketObjectv2")}
    assert {key: item["contentType"] for key, item in objects.items()} == {
        "assets/css/app.css": "text/css",
        "assets/logo.svg": "image/svg+xml",
    }
    (block,) = of(found, "s3.BucketPublicAccessBlock")
    assert {block[key] for key in block if key not in ("bucket", "region")} == {True}
    (control,) = of(found, "cloudfront.OriginAccessControl")
    assert (control["signingBehavior"], control["signingProtocol"]) == ("always", "sigv4")
    (policy,) = of(found, "s3.BucketPolicy")
    (statement,) = json.loads(policy["policy"])["Statement"]
    assert statement["Condition"] == {"StringEquals": {"AWS:SourceArn": "arn:aws:cloudfront::api-distribution"}}
    behavior = behaviors(found)["/assets/*"]
    assert behavior["cachePolicyId"] == OPTIMIZED
    assert "lambdaFunctionAssociations" not in behavior or behavior["lambdaFunctionAssociations"] == []
    # Of the objects alone: a policy of the behavior would give it to a 403 too.
    assert {item["cacheControl"] for item in objects.values()} == {"public, max-age=60, immutable, s-maxage=86400"}
    (headers,) = of(found, "cloudfront.ResponseHeadersPolicy")
    assert headers.get("customHeadersConfig") is None
    assert headers["securityHeadersConfig"] == {"contentTypeOptions": {"override": True}}
    assert [item["eventType"] for item in behavior["functionAssociations"]] == ["viewer-response"]


JWT = {"kind": "jwt", "issuer": "https://id.example.com", "audience": ["a"], "jwks_url": "https://id.example.com/keys"}


def with_files(folder: Path, *paths: str, guarded: str = "/private/*", **more: Any) -> Callable[[], object]:
    (folder / "a.css").write_text("a {}")
    handler = folder / "handler.js"
    handler.write_text("export default { fetch() { return new Response('it'); } };\n")
    return program(
        endpoints=[
            {"path": guarded, "handler": str(handler), "auth": JWT},
            {"path": "/app/:id/edit", "handler": str(handler)},
            {"path": "/hello", "handler": str(handler)},
        ],
        assets=[{"path": path, "directory": str(folder), **more} for path in paths],
    )


@pytest.mark.parametrize(
    ("paths", "order"),
    [
        (["/*"], ["/app/*/edit", "/hello", "/private/*", "/*"]),
        (["/app/*", "/app/img/*"], ["/app/*/edit", "/app/img/*", "/app/*", "/hello", "/private/*"]),
        (["/assets/*"], ["/app/*/edit", "/hello", "/private/*", "/assets/*"]),
    ],
)
def test_the_most_specific_pattern_comes_first_of_files_and_endpoints(
    tmp_path: Path, paths: list[str], order: list[str]
) -> None:
    found = run(with_files(tmp_path, *paths))
    patterns = [item["pathPattern"] for item in distribution(found)["orderedCacheBehaviors"]]
    assert sorted(patterns) == sorted(order)
    for narrow, broad in itertools.combinations(order, 2):
        if covers(broad, narrow):
            assert patterns.index(narrow) < patterns.index(broad), patterns


@pytest.mark.parametrize(
    ("path", "guarded", "fault"),
    [
        (
            "/private/css/*",
            "/private/*",
            "assets[0].path: '/private/css/*' lies in '/private/*', an endpoint with `auth`, and files are for everybody."
            " Allowed: a path beside it, or `public: true`. Serve the files beside '/private/*', or say `public: true` where"
            " all of them may be read by everybody.",
        ),
        (
            "/assets/*",
            "/*",
            "assets[0].path: '/assets/*' lies in '/*', an endpoint with `auth`, and files are for everybody."
            " Allowed: a path beside it, or `public: true`. Serve the files beside '/*', or say `public: true` where all of"
            " them may be read by everybody.",
        ),
        ("/*", "/*", "assets[0].path: '/*' is an endpoint's path too. Give it another."),
        ("/other", "/private/*", "assets[0].path: '/other' does not end with `/*`. Allowed: for example /assets/*."),
        ("/a/:id/*", "/b", "assets[0].path: '/a/:id/*' has a parameter, and a file has one path. Allowed: for example /assets/*."),
    ],
)  # fmt: skip
def test_files_that_would_be_read_without_a_token_are_refused(
    tmp_path: Path, path: str, guarded: str, fault: str
) -> None:
    assert faults_of(with_files(tmp_path, path, guarded=guarded)) == [fault]


def test_files_inside_of_what_is_guarded_are_for_everybody_where_the_program_says_so(tmp_path: Path) -> None:
    found = run(with_files(tmp_path, "/private/css/*", public=True))
    patterns = [item["pathPattern"] for item in distribution(found)["orderedCacheBehaviors"]]
    assert patterns.index("/private/css/*") < patterns.index("/private/*")


def test_files_that_nothing_guards_are_for_everybody_anyhow(tmp_path: Path) -> None:
    assert faults_of(with_files(tmp_path, "/css/*", public=True)) == [
        "assets[0].public: has no effect: '/css/*' lies in no endpoint with `auth`, so its files are for everybody anyhow."
        " Leave it out."
    ]


def test_tags_of_what_a_handler_answers_are_refused(tmp_path: Path) -> None:
    (tmp_path / "handler.js").write_text("export default { fetch() { return new Response('it'); } };\n")

    def tagged() -> None:
        kept = CachePolicy("kept", {"edge_ttl": 60, "tags": ["news"]})
        api(endpoints=[{"path": "/hello", "handler": str(tmp_path / "handler.js"), "cache": kept.spec}])

    (fault,) = faults_of(tagged)
    assert fault.startswith(
        "endpoints[0].cache: has tags (CachePolicy 'kept'), and CloudFront takes them from the answers of"
    )
    assert fault.endswith("Leave `tags` out for a handler on this host, and purge its paths.")


def test_a_folder_serves_one_path_once(tmp_path: Path) -> None:
    assert faults_of(with_files(tmp_path, "/a/*", "/a/*")) == [
        "assets[1].path: '/a/*' is that of assets[0] too. Put the files into one folder."
    ]


@pytest.mark.parametrize("ttl", [0, 86_400])
def test_files_that_browsers_keep_as_long_as_cloudfront_or_not_at_all_need_no_function(
    tmp_path: Path, ttl: int
) -> None:
    (tmp_path / "a.css").write_text("a {}")
    found = run(program(assets=[{"path": "/assets/*", "directory": str(tmp_path), "browser_ttl": ttl}]))
    assert behaviors(found)["/assets/*"].get("functionAssociations") in ([], None)


def with_csp(folder: Path, csp: str, **more: Any) -> Callable[[], object]:
    (folder / "index.html").write_text("<p>")
    return program(
        assets=[{"path": "/pages/*", "directory": str(folder), "content_security_policy": csp}],
        **more,
    )


@pytest.mark.parametrize("security", [False, True])
def test_files_have_a_content_security_policy_with_and_without_the_other_headers(
    tmp_path: Path, security: bool
) -> None:
    found = run(with_csp(tmp_path, "default-src 'self'", security_headers=security))
    (headers,) = of(found, "cloudfront.ResponseHeadersPolicy")
    config = headers["securityHeadersConfig"]
    assert config["contentSecurityPolicy"] == {"contentSecurityPolicy": "default-src 'self'", "override": True}
    assert ("strictTransportSecurity" in config) is security
    assert len(config) == (6 if security else 2)


@pytest.mark.parametrize(
    ("csp", "fault"),
    [
        ("", "is empty. Leave it out, or give `default-src 'self'` for a beginning."),
        (
            "x" * 1784,
            f"has 1784 characters ({limit('cloudfront.response_headers_policy.csp_chars').source}). Allowed: at most"
            " 1,783 characters.",
        ),
        ("a\r\nb: c", "'a\\r\\nb: c' is not a header's value. Allowed: one line, no control characters, not padded."),
    ],
)
def test_a_content_security_policy_that_cloudfront_would_refuse(tmp_path: Path, csp: str, fault: str) -> None:
    assert faults_of(with_csp(tmp_path, csp)) == [f"assets[0].content_security_policy: {fault}"]


# --- pains -------------------------------------------------------------------------------------------------------------


def test_pain_1_the_function_outlives_its_replicas_and_is_in_the_ledger(made: Run) -> None:
    (function,) = of(made, "lambda.Function")
    assert function["skipDestroy"] is True
    (entry,) = made.one("EdgeApi").outputs["ledger"]
    assert (entry["component"], entry["function_name"], entry["version"]) == ("shop/dev/api", "api-edge-function", "7")


def test_pain_2_everything_that_cloudfront_takes_from_us_east_1_is_there_without_a_second_provider(made: Run) -> None:
    assert not [item for item in made.resources if item.type.startswith("pulumi:providers:")]
    kinds = ("acm.Certificate", "lambda.Function", "wafv2.WebAcl", "cloudwatch.LogGroup", "cloudwatch.Dashboard")
    assert {of(made, kind)[0]["region"] for kind in kinds} == {"us-east-1"}


def test_pain_4_settings_are_in_the_package_and_not_in_the_environment(made: Run) -> None:
    (function,) = of(made, "lambda.Function")
    assert "environment" not in function
    assert settings(made)["name"] == "api"


def test_pain_8_code_and_settings_change_as_one_version(made: Run) -> None:
    one, two = (run(program(vars={"MODE": mode})) for mode in ("live", "test"))
    assert of(one, "lambda.Function")[0]["publish"] is True
    assert package(one) != package(two)
    assert [item for name, item in package(one).items() if item != package(two)[name]] == [package(one)["settings.mjs"]]


def test_pain_10_managed_policies_come_first_and_equal_ones_are_shared_by_content(made: Run) -> None:
    by_path = behaviors(made)
    (policy,) = of(made, "cloudfront.CachePolicy")
    assert by_path["/api/orders"]["cachePolicyId"] == CACHING_DISABLED
    assert by_path["*"]["cachePolicyId"] == CACHING_DISABLED
    assert by_path["/api/products"]["cachePolicyId"] == by_path["/api/products/*"]["cachePolicyId"]
    assert policy["minTtl"] == 0
    assert policy["parametersInCacheKeyAndForwardedToOrigin"] == {
        "cookiesConfig": {"cookieBehavior": "none"},
        "headersConfig": {"headerBehavior": "whitelist", "headers": {"items": ["host", "x-edgewright-region"]}},
        "queryStringsConfig": {"queryStringBehavior": "whitelist", "queryStrings": {"items": ["limit", "page"]}},
        "enableAcceptEncodingBrotli": True,
        "enableAcceptEncodingGzip": True,
    }
    assert made.one("EdgeApi").outputs["distribution"]["quotas"] == {
        "cache_policies": {"used": 1, "limit": 20, "left": 19},
        "response_headers_policies": {"used": 0, "limit": 20, "left": 20},
        "origin_request_policies": {"used": 1, "limit": 20, "left": 19},
    }


def test_pain_10_two_apis_of_a_stack_share_a_policy_that_belongs_to_neither() -> None:
    def two() -> None:
        for name in ("one", "two"):
            policy = CachePolicy(name, {"edge_ttl": 5})
            api(name, endpoints=[{"path": "/a", "origin": origins(f"o-{name}").routing, "cache": policy.spec}])

    found = run(two)
    (policy,) = [item for item in found.resources if item.type == "aws:cloudfront/cachePolicy:CachePolicy"]
    assert policy.parent is None or "EdgeApi" not in policy.parent
    ids = {item["orderedCacheBehaviors"][0]["cachePolicyId"] for item in of(found, "cloudfront.Distribution")}
    assert ids == {f"{policy.name}-id"}


def test_pain_10_more_policies_than_an_account_has_are_refused() -> None:
    def many() -> None:
        endpoints = []
        for number in range(21):
            policy = CachePolicy(f"p{number}", {"edge_ttl": 5, "key": {"headers": [f"x-{number}"]}})
            endpoints.append({"path": f"/{number}", "origin": origins(f"o{number}").routing, "cache": policy.spec})
        api(endpoints=endpoints)

    assert faults_of(many) == [
        f"cache: needs 21 cache policies of the stack's own ({QUOTAS}). Allowed: at most 20 an account. Give endpoints equal"
        " keys: equal ones are shared."
    ]


def test_pain_11_what_a_distribution_uses_is_named_by_its_content_so_that_the_next_is_made_beside_it() -> None:
    def keyed(header: str, to: str) -> Run:
        def declared() -> None:
            policy = CachePolicy("p", {"edge_ttl": 5, "key": {"headers": [header]}})
            api(
                endpoints=[{"path": "/a", "origin": origins().routing, "cache": policy.spec}],
                redirects=[{"path": "/b", "to": to}],
            )

        return run(declared)

    one, two = keyed("x-a", "/c"), keyed("x-b", "/d")
    for kind in ("cloudfront.CachePolicy", "cloudfront.Function"):
        first, second = ({item["name"] for item in of(found, kind)} for found in (one, two))
        assert not first & second
    names = {
        item.name
        for found in (one, two)
        for item in found.resources
        if item.type.endswith("CachePolicy") and "aws" in item.type
    }
    assert len(names) == 2
    first = {item.type.rpartition(":")[2] for item in one.resources if item.options.delete_before_replace}
    assert first == {"LogDelivery", "LogDeliveryDestination", "LogDeliverySource"}, "which no distribution uses"


def test_pain_12_all_rate_limits_are_rules_of_one_web_acl_because_a_distribution_has_one() -> None:
    def limited() -> None:
        routed = origins()
        api(
            endpoints=[
                {"path": path, "origin": routed.routing, "rate_limit": {"limit": 100}} for path in ("/a", "/b", "/c")
            ]
        )

    (acl,) = of(run(limited), "wafv2.WebAcl")
    assert [rule["priority"] for rule in acl["rules"]] == [0, 1, 2]
    assert len({rule["name"] for rule in acl["rules"]}) == 3
    (fault,) = faults_of(
        lambda: api(
            endpoints=[{"path": "/a", "origin": origins().routing, "rate_limit": {"limit": 100}}],
            web_acl_arn="arn:aws:wafv2:us-east-1:123456789012:global/webacl/own/1",
        )
    )
    assert fault == (
        "endpoints[0].rate_limit: needs a rule of its own in `cloudfront.web_acl_arn`. Add it there, or leave one of the two out."
    )


def test_pain_14_a_stores_keys_are_written_in_batches_by_one_resource(made: Run) -> None:
    many = {"entries": [{"key": f"{number:04}", "value": "v"} for number in range(120)]}
    found = run(store(seed=many))
    (keys,) = of(found, "cloudfront.KeyvaluestoreKeysExclusive")
    assert (len(keys["resourceKeyValuePairs"]), keys["maxBatchSize"]) == (120, 50)
    # A key more changes the one resource, and none of the keys before it.
    more = {"entries": [*many["entries"], {"key": "9999", "value": "v"}]}
    (grown,) = of(run(store(seed=more)), "cloudfront.KeyvaluestoreKeysExclusive")
    assert grown["resourceKeyValuePairs"][:120] == keys["resourceKeyValuePairs"]


@pytest.mark.parametrize(
    ("stack", "waits"),
    [
        ("dev", False),
        ("staging", False),
        ("prod", True),
        ("aws-prod", True),
        ("production", True),
        ("product-test", False),
    ],
)
def test_pain_15_only_production_waits_for_every_edge_location(stack: str, waits: bool) -> None:
    assert distribution(run(program(), stack=stack))["waitForDeployment"] is waits
    assert distribution(run(program(wait_for_deployment=not waits), stack=stack))["waitForDeployment"] is not waits


# --- a second run, a preview ------------------------------------------------------------------------------------------


def test_a_second_run_changes_nothing(made: Run) -> None:
    def plain(found: Run) -> Any:
        shape = found.shape()
        return (
            [
                (urn, parent, {key: value for key, value in inputs.items() if key != "code"}, secrets)
                for urn, parent, inputs, secrets in shape
            ],
            package(found),
            codes(found),
        )

    assert plain(run(whole)) == plain(made)


def test_a_preview_knows_the_shape_of_everything(made: Run) -> None:
    seen = run(whole, preview=True)
    assert [(item.type, item.name) for item in seen.resources] == [(item.type, item.name) for item in made.resources]
    assert package(seen) == package(made)
    assert codes(seen) == codes(made)
    assert list(behaviors(seen)) == list(behaviors(made))
    association = behaviors(seen)["*"]["lambdaFunctionAssociations"][0]
    assert association["lambdaArn"] is UNKNOWN
    assert association["eventType"] == "origin-request"


def test_an_unchanged_deployment_has_the_same_content_and_invalidates_nothing(made: Run) -> None:
    content = made.one("EdgeApi").outputs["distribution"]["content"]
    assert run(whole).one("EdgeApi").outputs["distribution"]["content"] == content
    one, two = (run(program(vars={"A": value})).one("EdgeApi").outputs["distribution"]["content"] for value in "12")
    assert one != two


def test_the_managed_policies_are_none_that_keeps_what_is_private() -> None:
    for spec, identity in MANAGED.items():
        assert spec == CachePolicySpec(0, 0, 0, coded=False) or identity != CACHING_DISABLED
    for behavior in behaviors(run(whole)).values():
        # A minimum above 0 would keep an answer marked private.
        assert behavior["cachePolicyId"] not in [identity for spec, identity in MANAGED.items() if spec.min_ttl > 0]


@pytest.mark.parametrize("path", ["/a,b", "/a%20b/:id", "/(a)/*", "/a;b", "/a=b", "/" + "a" * 255])
def test_a_path_that_no_behavior_can_have_is_refused(path: str) -> None:
    told = (
        f"{show(path)} is no path pattern of CloudFront"
        " (https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/DownloadDistValuesCacheBehavior.html)."
        " Allowed: at most 255 letters, digits and _-.*$/~'@:+&. Use `:name` for the segment, or `*` at the end."
    )
    assert faults_of(lambda: api(endpoints=[{"path": path, "origin": origins().routing}])) == [
        f"endpoints[0].path: {told}"
    ]


def test_a_distributions_comment_is_no_longer_than_aws_takes() -> None:
    name = "a" * 80
    found = run(
        lambda: api(name, rollout={"percentage": 5, "previous_version_id": "3"}), stack="a-stack-with-a-name-of-its-own"
    )
    assert [len(item["comment"]) for item in of(found, "cloudfront.Distribution")] == [128, 128]


def names(found: Run) -> dict[str, list[str]]:
    return {
        kind: [inputs["name"] for inputs in of(found, kind)]
        for kind in (
            "cloudfront.CachePolicy",
            "cloudfront.Function",
            "cloudfront.OriginAccessControl",
            "cloudwatch.LogDeliverySource",
            "cloudwatch.LogDeliveryDestination",
        )
    }


def test_names_in_the_account_are_those_that_aws_takes(tmp_path: Path) -> None:
    (tmp_path / "a.css").write_text("a{}")

    def all_kinds() -> None:
        cache = CachePolicy("by-host", {"edge_ttl": 60, "key": {"headers": ["x-tenant"]}})
        api(
            "an-api-with-a-name-of-its-own",
            endpoints=[{"path": "/a", "origin": origins().routing, "cache": cache.spec}],
            assets=[{"path": "/files/*", "directory": str(tmp_path)}],
        )

    short = names(run(all_kinds))
    assert short["cloudwatch.LogDeliverySource"] == ["shop-dev-logs-an-api-with-a-name-of-its-own"]
    long = [names(run(all_kinds, stack=f"a.stack.of-{which}-with-a-long-name-of-its-own")) for which in ("one", "two")]
    for found in (short, *long):
        for kind, known in found.items():
            most = {"cloudfront.CachePolicy": 128}.get(kind, 60 if kind.startswith("cloudwatch") else 64)
            assert known, kind
            assert all(re.fullmatch(rf"[A-Za-z0-9_-]{{1,{most}}}", name) for name in known), (kind, known)
    for kind, known in long[0].items():
        assert not set(known) & set(long[1][kind]), kind


def test_what_is_shared_has_the_provider_of_the_component_that_asks() -> None:
    def two_accounts() -> None:
        cache = CachePolicy("by-tenant", {"edge_ttl": 60, "key": {"headers": ["x-tenant"]}})
        for name in ("one", "two", "three"):
            given: Any = {
                "host": "cloudfront",
                "endpoints": [{"path": "/a", "origin": origins(f"{name}-origins").routing, "cache": cache.spec}],
            }
            other: Any = [aws.Provider(name, region="us-east-1")] if name != "three" else None
            EdgeApi(name, given, pulumi.ResourceOptions(providers=other))

    made = [(item.name, item.inputs["name"]) for item in run(two_accounts).of("CachePolicy") if "/" in item.type]
    content = made[0][0].rpartition("-")[2]
    assert sorted(made) == [
        (f"edgewright-cache-{content}", f"shop-dev-cache-{content}"),
        (f"edgewright-cache-one-{content}", f"shop-dev-cache-one-{content}"),
        (f"edgewright-cache-two-{content}", f"shop-dev-cache-two-{content}"),
    ]


# --- what is refused --------------------------------------------------------------------------------------------------


def association(events: Any, arn: str = FUNCTION) -> Any:
    return {"events": events, "arn": arn, "include_body": False}


def test_a_viewer_function_of_ones_own_takes_the_place_of_ours() -> None:
    def own() -> None:
        function = LambdaEdgeFunction(
            "sign", {"code": {"text": "x = 1\n"}, "runtime": "python3.13", "events": ["viewer-request"]}
        )
        api(
            endpoints=[{"path": "/a", "origin": origins().routing, "cloudfront": {"functions": [function.association]}}]
        )

    found = run(own)
    behavior = behaviors(found)["/a"]
    assert behavior.get("functionAssociations") in ([], None)
    assert behavior["lambdaFunctionAssociations"][-1] == {
        "eventType": "viewer-request",
        "lambdaArn": "arn:aws:lambda:us-east-1:123456789012:function:sign-function:7",
        "includeBody": False,
    }


def test_a_key_with_the_region_has_the_country_where_no_function_of_ours_sets_the_region() -> None:
    def own(functions: list[Any]) -> Any:
        key: Any = {"region": True}
        cache = CachePolicy("by-region", {"edge_ttl": 60, "key": key})
        at = {"path": "/a", "origin": origins().routing, "cache": cache.spec}
        return api(endpoints=[{**at, **({"cloudfront": {"functions": functions}} if functions else {})}])

    def headers(functions: list[Any]) -> Any:
        (policy,) = of(run(lambda: own(functions)), "cloudfront.CachePolicy")
        return policy["parametersInCacheKeyAndForwardedToOrigin"]["headersConfig"]["headers"]["items"]

    assert headers([]) == ["host", "x-edgewright-region"]
    for event in ("viewer-request", "viewer-response"):
        assert headers([association([event])]) == ["cloudfront-viewer-country", "host"]


FUNCTION_FAULTS: list[tuple[list[Any], str]] = [
    (
        [association(["viewer-request"]), association(["viewer-request"])],
        "endpoints[0].cloudfront.functions[1]: is on viewer-request, as endpoints[0].cloudfront.functions[0] is: an event of a behavior takes one"
        f" function ({EVENT}). Join the two functions.",
    ),
    (
        [association(["origin-request"])],
        "endpoints[0].cloudfront.functions[0]: is on origin-request, where the API's own function runs: an event of a behavior takes one"
        f" ({EVENT}). Allowed: viewer-request or viewer-response. Do it in a `handler`, or at the viewer.",
    ),
    (
        [association(["viewer-request"], FUNCTION.replace(":7", ":$LATEST"))],
        f"endpoints[0].cloudfront.functions[0].arn: has $LATEST, and CloudFront takes numbered versions only ({RESTRICTIONS}). Allowed: a"
        " LambdaEdgeFunction's `qualified_arn`.",
    ),
    (
        [association(["viewer-request"], FUNCTION.removesuffix(":7"))],
        "endpoints[0].cloudfront.functions[0].arn: has no version, which is $LATEST, and CloudFront takes numbered versions only"
        f" ({RESTRICTIONS}). Allowed: a LambdaEdgeFunction's `qualified_arn`.",
    ),
    (
        [association(["viewer-request"], FUNCTION.replace("us-east-1", "eu-west-1"))],
        "endpoints[0].cloudfront.functions[0].arn: is a function of eu-west-1, and CloudFront takes functions from us-east-1 only"
        f" ({RESTRICTIONS}). Allowed: us-east-1.",
    ),
    (
        [association("viewer-request", FUNCTION)],
        "endpoints[0].cloudfront.functions[0].events: 'viewer-request' is not a list of events. Allowed: viewer-request,"
        " viewer-response, origin-request, origin-response.",
    ),
    (
        [association(["viewer"], FUNCTION)],
        "endpoints[0].cloudfront.functions[0].events[0]: 'viewer' is not known. Allowed: viewer-request, viewer-response,"
        " origin-request, origin-response. Did you mean 'viewer-request'?",
    ),
    (
        [{**association(["viewer-request"], FUNCTION), "include_body": "yes"}],
        "endpoints[0].cloudfront.functions[0].include_body: 'yes' is not true or false.",
    ),
    (
        [{**association(["viewer-request"], FUNCTION), "includeBody": True}],
        "endpoints[0].cloudfront.functions[0].includeBody: is not an argument. Allowed: arn, events, include_body. Did you mean"
        " 'include_body'?",
    ),
    (
        ["rewrite"],
        "endpoints[0].cloudfront.functions[0]: 'rewrite' is not a function. Allowed: a LambdaEdgeFunction's `association`.",
    ),
]


@pytest.mark.parametrize(("functions", "fault"), FUNCTION_FAULTS)
def test_functions_that_cloudfront_would_refuse(functions: list[Any], fault: str) -> None:
    assert faults_of(endpoint(cloudfront={"functions": functions})) == [fault]
    assert faults_of(endpoint(cloudfront={"functions": functions}), preview=True) == [fault]


@pytest.mark.parametrize(
    ("endpoint_path", "redirect", "both"),
    [
        ("/a", "/a*", False),
        ("/a", "/x", True),
        ("/a", "/a/*", True),
        ("/docs/a", "/docs/*", False),
        ("/docs/*", "/docs/old", False),
        ("/docs/*", "/old/*", True),
        ("/docs/*", "/*", False),
        ("/docs/*", "/docs/v1/*", False),
        ("/docs/:page/raw", "/docs/1/raw", False),
        ("/docs/:page/raw", "/docs/1", True),
        ("/*", "/old/*", False),
    ],
)
def test_a_viewer_function_excludes_redirects_of_what_its_endpoint_matches(
    endpoint_path: str, redirect: str, both: bool
) -> None:
    """One redirect of /old/* made every endpoint with functions a fault."""

    def endpoints() -> None:
        functions = [association(["viewer-request"])]
        api(
            endpoints=[{"path": endpoint_path, "origin": origins().routing, "cloudfront": {"functions": functions}}],
            redirects=[{"path": redirect, "to": "https://new.example.com/b"}],
        )

    if both:
        found = behaviors(run(endpoints))
        pattern = endpoint_path.replace(":page", "*")
        assert found[pattern].get("functionAssociations") in ([], None)
        assert found["*"]["functionAssociations"] != []
        return
    assert faults_of(endpoints) == [
        f"endpoints[0].cloudfront.functions: are on viewer events, where the redirect of {redirect!r} needs a CloudFront Function:"
        " CloudFront refuses both kinds together. Leave one of the two out."
    ]


@pytest.mark.parametrize("key", sorted(CLOUDFLARE_ONLY))
def test_arguments_of_cloudflare_are_refused_with_what_to_do_instead(key: str) -> None:
    values: dict[str, Any] = {
        "bindings": [],
        "limits": {"cpu_ms": 1},
        "rollout": {},
        "secrets": {"A": "canary"},
    }
    (fault,) = faults_of(program(**{key: values.get(key, "x")}))
    assert fault == f"{key}: is of use to host 'cloudflare' only. {CLOUDFLARE_ONLY[key]}"
    assert "canary" not in fault


@pytest.mark.parametrize("key", CLOUDFRONT_ONLY)
def test_arguments_of_cloudfront_are_refused_on_cloudflare(key: str) -> None:
    def on_cloudflare() -> None:
        value: Any = True if key == "security_headers" else []
        given: Any = {"endpoints": [{"path": "/a", "origin": origins().routing}], key: value}
        EdgeApi("api", given)

    assert faults_of(on_cloudflare) == [f"{key}: is of use to host 'cloudfront' only. Leave it out."]


TLS = "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cnames-and-https-requirements.html"


@pytest.mark.parametrize(
    ("args", "fault"),
    [
        (
            {"hostname": "api.example.com"},
            "hostname: needs a certificate. Give `cloudfront.hosted_zone_id`, and one is made and validated, or"
            " `cloudfront.certificate_arn`, from"
            " us-east-1.",
        ),
        (
            {
                "hostname": "a.example.com",
                "cloudfront": {"certificate_arn": "arn:aws:acm:eu-west-1:123456789012:certificate/1-2"},
            },
            f"cloudfront.certificate_arn: is from eu-west-1, and CloudFront takes certificates from us-east-1 only ({TLS}). Allowed:"
            " us-east-1. Give `cloudfront.hosted_zone_id` instead, and one is made there; no second provider is needed.",
        ),
        (
            {"cloudfront": {"price_class": "PriceClass_10"}},
            "cloudfront.price_class: 'PriceClass_10' is not known. Allowed: PriceClass_100, PriceClass_200, PriceClass_All. Did you mean"
            " 'PriceClass_100'?",
        ),
        (
            {"redirects": [{"path": "/a", "to": "//evil.example"}]},
            "redirects[0].to: '//evil.example' is neither a path nor an http(s) URL. Allowed: /new, /new/* or https://....",
        ),
        (
            {"redirects": [{"path": "/a", "to": "/b", "status": 200}]},
            "redirects[0].status: 200 is no redirect. Allowed: 301, 302, 303, 307, 308.",
        ),
        (
            {"experiments": [{"cookie": "v", "variants": {"a": 1}, "paths": ["/api"]}]},
            "experiments[0].variants: has 1 variant. Allowed: 2 or more, each with a weight.",
        ),
        (
            {"experiments": [{"cookie": "v", "variants": {"a": 1, "b": 1}, "paths": ["/x"]}]},
            "experiments[0].paths[0]: '/x' is not the `path` of an endpoint. Allowed: /api.",
        ),
        ({"assets": [{"path": "/a/*", "directory": "nowhere"}]}, "assets[0].directory: 'nowhere' is not a folder."),
        (
            {"cloudfront": {"log_retention_days": 31}},
            f"cloudfront.log_retention_days: 31 is not for how long CloudWatch keeps a log ({AWS.log_retention_days.source})."
            f" Allowed: {AWS.log_retention_days.text} days.",
        ),
        (
            {"cloudfront": {"log_retention_days": 30, "access_logs": False}},
            "cloudfront.log_retention_days: has no effect with `access_logs: false`. Leave it out, or keep access logs.",
        ),
        (
            {"dashboard": True, "metrics": False},
            "cloudfront.dashboard: shows hit rates and latencies, which CloudFront has with `metrics` alone"
            " (https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/viewing-cloudfront-metrics.html). Leave"
            " `metrics: false` out, or the dashboard.",
        ),
        (
            {"cloudfront": {"origin_shield": "eu-north-1"}},
            f"cloudfront.origin_shield: 'eu-north-1' is not a region with Origin Shield ({AWS.origin_shield.source}). Allowed:"
            f" {', '.join(AWS.origin_shield.regions)}. For eu-north-1 AWS advises eu-west-2.",
        ),
        (
            {"tags": ["owner:a", "owner:b"]},
            "tags[1]: 'owner:b' has the key of another: a resource of AWS has one value for each. Leave one out.",
        ),
        (
            {"cloudfront": {"web_acl_arn": "arn:aws:wafv2:eu-west-1:123456789012:regional/webacl/own/1"}},
            "cloudfront.web_acl_arn: 'arn:aws:wafv2:eu-west-1:123456789012:regional/webacl/own/1' is not what AWS takes here. Allowed:"
            " arn:aws:wafv2:us-east-1:...:global/webacl/NAME/ID, of the scope CLOUDFRONT.",
        ),
    ],
)
def test_a_fault_is_named(args: dict[str, Any], fault: str) -> None:
    assert faults_of(program(**args)) == [fault]


@pytest.mark.parametrize(
    ("parts", "fault"),
    [
        (
            {"rate_limit": {"limit": 10, "period": 10}},
            "endpoints[0].rate_limit.period: 10 s is no window of AWS WAF, which counts on CloudFront. Allowed: 60 s.",
        ),
        (
            {"rate_limit": {"limit": 9}},
            "endpoints[0].rate_limit.limit: 9 is below what AWS WAF counts. Allowed: 10 or more.",
        ),
    ],
)
def test_an_endpoints_fault_is_named(parts: dict[str, Any], fault: str) -> None:
    assert faults_of(endpoint(**parts)) == [fault]


def with_readers(count: int) -> Callable[[], object]:
    """Return a program of which so many functions at the viewer, each unlike the others, read one store of sessions: one for
    each endpoint, and the default behavior's."""

    def declare() -> None:
        store = KvNamespace("s", {"host": "cloudfront"})
        router = origins()
        paths = [f"/s{number}" for number in range(count - 1)]
        api(
            endpoints=[
                *({"path": path, "origin": router.routing, "auth": {"kind": "session"}} for path in paths),
                {"path": "/*", "origin": router.routing},
            ],
            sessions={"binding": store.binding},
            experiments=[{"cookie": path[1:], "variants": {"a": 1, "b": 1}, "paths": [path]} for path in paths],
        )

    return declare


def test_a_store_has_as_many_readers_as_a_change_of_all_of_them_leaves_room_for() -> None:
    most = limit("cloudfront.kvs.functions")
    reading = [
        each for each in of(run(with_readers(5)), "cloudfront.Function") if each.get("keyValueStoreAssociations")
    ]
    assert len(reading) * 2 == most.value
    assert faults_of(with_readers(6)) == [
        "sessions: are looked up by 6 functions at the viewer, one for each different need of an endpoint, and twice as many"
        f" while they change ({most.source}). Allowed: at most 10 for one KvNamespace, so 5 here. Give endpoints with a session"
        " the same experiments and the same parameters in their cache keys."
    ]


def routed(urls: int = 1, **parts: Any) -> Callable[[], object]:
    """Return a program with one endpoint and its router of so many origins."""
    regions: list[Any] = [
        {"region": name, "url": f"https://{name}.example.com"} for name in ("us", "eu", "asia")[:urls]
    ]
    headers = parts.pop("headers", None)
    if headers:
        regions = [{**region, "headers": headers} for region in regions]

    def declare() -> None:
        whole: Any = {"origins": regions, "fallback": "us", **parts}
        api(endpoints=[{"path": "/api", "origin": GeoRouter("routed", whole).routing}])

    return declare


@pytest.mark.parametrize(
    ("program_", "fault"),
    [
        (routed(2, retry_statuses=[418, 503]), "has `retry_statuses` 418, after which CloudFront asks no other origin"),
        (routed(2, retry_statuses=[]), "has no `retry_statuses`, and an origin group of CloudFront has one at least"),
        (
            routed(headers={"X-Amzn-Plan": "a"}),
            "has the header 'x-amzn-plan' for the origin of us, which no function may set on CloudFront",
        ),
        (
            routed(headers={"Via": "a"}),
            "has the header 'via' for the origin of us, which no function may set on CloudFront",
        ),
    ],
)
def test_what_a_router_says_and_cloudfront_does_not_do_is_refused(program_: Callable[[], object], fault: str) -> None:
    (told,) = faults_of(program_)
    assert told.startswith(f"endpoints[0].origin: {fault}")


def test_a_check_that_cloudfront_does_not_use_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", told.append)
    run(routed(3, health_check={"path": "/up"}))
    assert told == []
    run(routed(2, health_check={"path": "/up"}))
    (warning,) = told
    assert "endpoints[0].origin: its `health_check` has no effect on CloudFront" in warning
    assert warning.endswith("here are 2 in all")


def test_a_router_without_anything_of_that_kind_is_taken() -> None:
    run(routed(1, retry_statuses=[]))
    run(routed(2, retry_statuses=[503, 522]))
    run(routed(3, health_check={"unhealthy_after": 9}, headers={"X-Plan": "a"}))


@pytest.mark.parametrize(
    ("variants", "also"),
    [
        ({"a": 1, "b": 1}, []),
        # What else is wrong is told at once, and what was given and is at fault is counted too.
        ({"a": 1}, ["experiments[0].variants: has 1 variant. Allowed: 2 or more, each with a weight."]),
        (
            {"a": 1, "b": "x"},
            ["experiments[0].variants.b: 'x' is not a whole number. Allowed: a whole number, for example 60."],
        ),
    ],
)
def test_an_experiment_on_a_cache_without_its_cookie_is_refused(variants: Any, also: list[str]) -> None:
    def mixed() -> None:
        policy = CachePolicy("home", {"edge_ttl": 60})
        api(
            endpoints=[{"path": "/home", "origin": origins().routing, "cache": policy.spec}],
            experiments=[{"cookie": "v", "variants": variants, "paths": ["/home"]}],
        )

    assert faults_of(mixed) == [
        *also,
        "experiments[0].paths: has '/home', whose cache 'home' has no cookie 'v' in its key, so that one variant would be"
        " served for another. Add it to the CachePolicy's `key.cookies`.",
    ]


def test_a_key_larger_than_cloudfronts_is_refused() -> None:
    def wide() -> None:
        policy = CachePolicy("wide", {"edge_ttl": 60, "key": {"headers": [f"x-{number:02}" for number in range(10)]}})
        api(endpoints=[{"path": "/a", "origin": origins().routing, "cache": policy.spec}])

    (fault,) = faults_of(wide)
    assert fault.startswith("endpoints[0].cache: has 11 headers in its key (host, x-00, ")
    assert "Allowed: at most 10. Key by fewer" in fault


def test_the_host_is_in_the_key_where_the_strategy_says_so() -> None:
    def items(key: Any) -> Any:
        def keyed() -> None:
            policy = CachePolicy("keyed", {"edge_ttl": 60, "key": key})
            api(endpoints=[{"path": "/a", "origin": origins().routing, "cache": policy.spec}])

        (policy,) = of(run(keyed), "cloudfront.CachePolicy")
        return policy["parametersInCacheKeyAndForwardedToOrigin"]["headersConfig"]

    assert items({}) == {"headerBehavior": "whitelist", "headers": {"items": ["host"]}}
    assert items({"host": True}) == items({})
    assert items({"host": False}) == {"headerBehavior": "none"}


NOT_ON_CLOUDFRONT: list[tuple[Any, str]] = [
    ({"edge_ttl": 60, "cloudflare": {"engine": "platform"}, "key": {"host": False}}, "has the engine 'platform'"),
    (
        {"edge_ttl": 60, "tiers": {"edge": {"enabled": False}}, "cloudflare": {"tiers": {"memory": {}}}},
        "has `tiers.edge` disabled",
    ),
    ({"edge_ttl": 60, "cloudflare": {"tiers": {"memory": {}}}}, "has a memory tier of its own"),
    (
        {"edge_ttl": 60, "cloudflare": {"tiers": {"memory": {"max_bytes": 1000, "max_object_bytes": 10}}}},
        "has a memory tier of its own",
    ),
    ({"edge_ttl": 60, "cloudflare": {"tiers": {"memory": {"max_object_bytes": 10}}}}, "has a memory tier of its own"),
    ({"edge_ttl": 60, "cloudflare": {"tiers": {"memory": {"ttl_ceiling": 9}}}}, "has a memory tier of its own"),
    (
        {"edge_ttl": 60, "cloudflare": {"tiers": {"memory": {"jitter": {"min": 1, "max": 2}}}}},
        "has a memory tier of its own",
    ),
    *(
        (
            {"edge_ttl": 60, "tiers": {"shield": {"location": "weur"}}, "cloudflare": {"tiers": {"shield": own}}},
            f"has `tiers.shield.{next(iter(own))}`",
        )
        for own in (
            {"ttl": 9},
            {"jitter": {"min": 1, "max": 60}},
            {"shards": 2},
            {"max_bytes": 2**25},
            {"max_object_bytes": 1000},
        )
    ),
]


@pytest.mark.parametrize(("args", "fault"), NOT_ON_CLOUDFRONT)
def test_what_of_a_strategy_cloudfront_does_not_have_is_refused_with_what_to_do(args: Any, fault: str) -> None:
    """A strategy as another platform has it; a policy's own `spec` has each platform's."""

    def declare() -> None:
        cache = spec_on("cloudflare", CachePolicy("own", args).spec)
        api(endpoints=[{"path": "/a", "origin": origins().routing, "cache": cache}])

    found = [each for each in faults_of(declare) if fault in each]
    assert len(found) == 1
    assert found[0].startswith("endpoints[0].cache: ")
    assert "Leave " in found[0]


def test_more_tags_than_cloudfront_keeps_are_refused() -> None:
    def tagged() -> None:
        policy = CachePolicy("t", {"edge_ttl": 60, "tags": [*(f"t{number}" for number in range(50)), "x" * 257]})
        api(endpoints=[{"path": "/a", "origin": origins().routing, "cache": policy.spec}])

    source = limit("cloudfront.object_tags").source
    assert faults_of(tagged) == [
        f"endpoints[0].cache: has 51 tags, and CloudFront drops the rest ({source}). Allowed: at most 50.",
        f"endpoints[0].cache: has a tag of 257 characters ({source}). Allowed: at most 256 characters.",
    ]


def shielded(location: str | None, other: str | None = None, **args: Any) -> Callable[[], object]:
    def program() -> None:
        def policy(name: str, place: str | None) -> Any:
            shield: Any = {} if place is None else {"location": place}
            return CachePolicy(name, {"edge_ttl": 60, "tiers": {"shield": shield}}).spec

        routed = origins()
        endpoints = [{"path": "/a", "origin": routed.routing, "cache": policy("one", location)}]
        if other is not None:
            endpoints.append({"path": "/b", "origin": routed.routing, "cache": policy("two", other)})
        api(endpoints=[*endpoints, {"path": "/c", "origin": origins("unshielded").routing}], **args)

    return program


def test_a_strategys_shield_is_the_origin_shield_of_its_origins() -> None:
    found = run(shielded("weur"))
    shields = {
        origin["originId"]: origin.get("originShield", {}).get("originShieldRegion")
        for origin in distribution(found)["origins"]
    }
    assert shields == {"origins-0": "eu-west-1", "origins-1": "eu-west-1", "unshielded-0": None, "unshielded-1": None}
    cached = next(item for item in settings(found)["endpoints"] if item["path"] == "/a")
    assert cached["cache"]["tiers"]["shield"] is None, "CloudFront has it, not the function"
    everywhere = distribution(run(shielded(None, origin_shield="us-east-2")))["origins"]
    assert {origin["originShield"]["originShieldRegion"] for origin in everywhere} == {"us-east-2"}


def test_a_shield_that_cloudfront_cannot_have_is_refused() -> None:
    assert faults_of(shielded(None)) == [
        "endpoints[0].cache: has a shield without a place, and CloudFront's Origin Shield is in one AWS region. Give the"
        " CachePolicy `tiers.shield.location`, or the API `cloudfront.origin_shield`."
    ]
    assert faults_of(shielded("weur", "apac")) == [
        "endpoints[1].cache: has its shield in 'apac', and endpoints[0].cache has the origins of 'origins' behind one in"
        " eu-west-1: an origin has one. Give both strategies one place."
    ]


def test_a_shield_that_would_stand_before_nothing_or_elsewhere_is_refused(tmp_path: Path) -> None:
    (tmp_path / "hello.js").write_text("export default () => new Response('hi');\n")

    def declare(args: Any, **more: Any) -> Callable[[], object]:
        def program() -> None:
            policy = CachePolicy("near", {"edge_ttl": 60, "tiers": {"shield": {"location": "weur"}}})
            api(endpoints=[{"path": "/a", "cache": policy.spec, **args()}], **more)

        return program

    (fault,) = faults_of(declare(lambda: {"handler": str(tmp_path / "hello.js")}))
    assert fault.startswith("endpoints[0].cache: has a shield (`tiers.shield` of the CachePolicy 'near')")
    (fault,) = faults_of(declare(lambda: {"origin": origins().routing}, origin_shield="us-east-1"))
    assert fault.startswith(
        "endpoints[0].cache: has its shield in 'weur' (eu-west-1), and `cloudfront.origin_shield` of the API"
    )
    run(declare(lambda: {"origin": origins().routing}, origin_shield="eu-west-1"))


def test_two_strategies_behind_one_pattern_of_cloudfront_are_refused() -> None:
    def clash() -> None:
        one, two = (CachePolicy(name, {"edge_ttl": ttl}) for name, ttl in (("one", 1), ("two", 2)))
        routed = origins()
        api(
            endpoints=[
                {"path": "/a/:id", "origin": routed.routing, "cache": one.spec},
                {"path": "/a/*", "origin": routed.routing, "cache": two.spec},
            ]
        )

    assert faults_of(clash) == [
        "endpoints[1].cache: is not that of every endpoint which CloudFront matches by '/a/*': '/a/*' and '/a/:id'. Give them"
        " one strategy, or other paths."
    ]


# --- stores -----------------------------------------------------------------------------------------------------------


def store(**args: Any) -> Callable[[], object]:
    whole: Any = {"host": "cloudfront", **args}
    return lambda: KvNamespace("data", whole)


def test_a_namespace_becomes_a_key_value_store_with_all_its_keys_in_one_resource(made: Run) -> None:
    (keys,) = of(made, "cloudfront.KeyvaluestoreKeysExclusive")
    assert keys == {
        "keyValueStoreArn": "arn:aws:cloudfront::sessions-store",
        "maxBatchSize": 50,
        "resourceKeyValuePairs": [{"key": "a", "value": "x"}, {"key": "session:b", "value": '{"user":1}'}],
    }
    assert made.one("KvNamespace").outputs["binding"] == {
        "type": "key_value_store",
        "name": "SESSIONS",
        "arn": "arn:aws:cloudfront::sessions-store",
    }


def test_values_that_do_not_fit_are_refused_with_the_alternatives() -> None:
    source = limit("cloudfront.kvs.value_bytes").source
    (fault,) = faults_of(store(seed={"entries": [{"key": "big", "value": "x" * 1025}]}))
    assert fault == (
        f"seed[big]: the value has 1025 bytes, more than a KeyValueStore holds ({source}). Allowed: at most 1 KiB. Put it into"
        " S3 behind `assets` and its name here, or use host 'cloudflare' (25 MiB a value), or a DynamoDB global table read by a"
        " handler."
    )
    many = [{"key": f"{number:05}", "value": "x" * 1024} for number in range(5_200)]
    (fault,) = faults_of(store(seed={"entries": many}))
    assert fault.startswith("seed: has 5350800 bytes of keys and values, more than a KeyValueStore holds")
    assert "Allowed: at most 5 MiB." in fault


def test_what_a_key_value_store_does_not_have_is_refused() -> None:
    found = faults_of(
        store(
            title="a b",
            seed={"entries": [{"key": "k", "value": "v", "ttl": 60, "metadata": 1}]},
        )
    )
    assert [fault.split(":")[0] for fault in found] == [
        "seed[k].ttl",
        "seed[k].metadata",
        "title",
    ]


def test_a_store_of_one_platform_is_refused_by_the_other() -> None:
    def cloudflare_api() -> None:
        data = KvNamespace("data", {"host": "cloudfront"})
        given: Any = {"endpoints": [{"path": "/s", "session": True}], "sessions": {"binding": data.binding}}
        EdgeApi("api", given)

    def cloudfront_api() -> None:
        data = KvNamespace("data", {})
        api(endpoints=[{"path": "/s", "session": True}], sessions={"binding": data.binding})

    def kv_tier() -> None:
        data = KvNamespace("data", {"host": "cloudfront"})
        CachePolicy("p", {"edge_ttl": 1, "cloudflare": {"tiers": {"kv": {"binding": data.binding, "ttl": 60}}}})

    assert faults_of(cloudflare_api) == [
        "sessions.binding: is a CloudFront KeyValueStore, which a Worker cannot reach. Allowed: the `binding` of a KvNamespace"
        " with host 'cloudflare'."
    ]

    def kv_tier_of_cloudflare() -> None:
        """Among other faults: all are told at once, each where it is to be changed."""
        data = KvNamespace("data", {})
        policy = CachePolicy(
            "kept", {"edge_ttl": 1, "cloudflare": {"tiers": {"kv": {"binding": data.binding, "ttl": 60}}}}
        )
        api(
            endpoints=[
                {"path": "/s", "session": True},
                {"path": "/a", "origin": origins().routing, "cache": spec_on("cloudflare", policy.spec)},
            ],
            sessions={"binding": data.binding},
            price_class="PriceClass_300",
        )

    assert faults_of(kv_tier_of_cloudflare) == [
        "cloudfront.price_class: 'PriceClass_300' is not known. Allowed: PriceClass_100, PriceClass_200, PriceClass_All. Did you mean"
        " 'PriceClass_200'?",
        "endpoints[1].cache: has a KV tier (`tiers.kv` of the CachePolicy 'kept'), and nothing at CloudFront's edge can write a"
        " store. Leave `tiers.kv` out of it on this host: CloudFront's regional caches stand for it. `tiers.shield` with a"
        " `location` puts Origin Shield before the origins.",
        "sessions.binding: is a binding of type 'kv_namespace', which nothing at CloudFront's edge can reach. Allowed: the"
        " `binding` of a KvNamespace with host 'cloudfront'.",
    ]
    assert faults_of(cloudfront_api) == [
        "sessions.binding: is a binding of type 'kv_namespace', which nothing at CloudFront's edge can reach. Allowed: the"
        " `binding` of a KvNamespace with host 'cloudfront'."
    ]
    assert faults_of(kv_tier) == [
        "cloudflare.tiers.kv.binding: is a CloudFront KeyValueStore, which only CloudFront Functions can read, and nothing at the edge can"
        " write. Leave the KV tier out on CloudFront: its regional caches and `tiers.shield` stand for it."
    ]


def test_through_the_plugin_everything_comes_as_outputs() -> None:
    def outputs() -> None:
        spec = pulumi.Output.from_input({"name": "p", "edge_ttl_s": 60.0})
        routing = pulumi.Output.from_input(origins().routing)
        api(endpoints=[{"path": "/a", "origin": routing, "cache": spec}])

    found = run(outputs)
    assert list(behaviors(found)) == ["/a", "*"]
    assert found.one("EdgeApi").outputs["urls"] == ["https://api-distribution.cloudfront.net"]


def test_a_component_given_itself_is_told_with_the_output_that_is_meant() -> None:
    def themselves() -> None:
        v1 = LambdaEdgeFunction(
            "v1", {"code": {"text": "x = 1\n"}, "runtime": "python3.13", "events": ["viewer-request"]}
        )
        api(
            endpoints=[
                {
                    "path": "/a",
                    "origin": origins("near-me"),
                    "cache": CachePolicy("kept", {"edge_ttl": 1}),
                    "cloudfront": {"functions": [v1]},
                }
            ],
            sessions={"binding": KvNamespace("ids", {"host": "cloudfront"})},
        )

    assert sorted(faults_of(themselves)) == [
        "endpoints[0].cache: the CachePolicy 'kept' itself is not a cache strategy. Allowed: a CachePolicy's `spec`, or its"
        " `edge_ttl` as a text, for example '1h'. Write `kept.spec`.",
        "endpoints[0].cloudfront.functions[0]: the LambdaEdgeFunction 'v1' itself is not a function. Allowed: a LambdaEdgeFunction's"
        " `association`. Write `v1.association`.",
        "endpoints[0].origin: the GeoRouter 'near-me' itself is not a router. Allowed: a GeoRouter's `routing`. Give its"
        " output `routing`.",
        "sessions.binding: the KvNamespace 'ids' itself is not a KV binding. Allowed: a KvNamespace's `binding`. Write"
        " `ids.binding`.",
    ]


def test_one_fault_is_not_followed_by_what_only_it_makes_wrong() -> None:
    def host() -> None:
        given: Any = {"host": "cloudflair", "endpoints": [{"path": "/a", "origin": origins().routing}]}
        EdgeApi("api", given)

    assert [fault.split(":")[0] for fault in faults_of(host)] == ["host"]
    assert [fault.split(":")[0] for fault in faults_of(store(host="cloudflair"))] == ["host"]

    ttl: Any = {"edge_ttl": "an hour", "jitter": {"min": 1, "max": 9}, "statuses": [200]}
    assert [fault.split(":")[0] for fault in faults_of(lambda: CachePolicy("p", ttl))] == ["edge_ttl"]

    audience: Any = {
        "kind": "jwt",
        "issuer": "https://id.example.com",
        "audience": "a",
        "jwks_url": "https://id.example.com/k",
    }
    (fault,) = faults_of(endpoint(auth=audience))
    assert fault == "endpoints[0].auth.audience: 'a' is not a list. Allowed: a list of strings. Write ['a']."


def limited(count: int, **parts: Any) -> Callable[[], object]:
    routing = {"limit": 10}
    return lambda: api(
        endpoints=[
            {"path": f"/a{number}", "origin": one_origin_named(number), "rate_limit": routing, **parts}
            for number in range(count)
        ]
    )


def one_origin_named(number: int) -> Any:
    return GeoRouter(
        f"one-{number}", {"origins": [{"region": "us", "url": "https://us.example.com"}], "fallback": "us"}
    ).routing


def test_a_web_acl_has_ten_rates_and_the_eleventh_is_refused() -> None:
    source = limit("cloudfront.waf.rate_rules").source
    (acl,) = of(run(limited(10)), "wafv2.WebAcl")
    assert len(acl["rules"]) == 10
    assert faults_of(limited(11)) == [
        f"endpoints[10].rate_limit: is number 11 of 11, and each is a rate-based rule of one web ACL ({source}). Allowed: at"
        " most 10 endpoints with a `rate_limit`. Limit one path that stands for several (`/api/*`), or split the API in two."
    ]


def test_a_path_too_long_for_a_rule_is_refused() -> None:
    path = "/" + "a" * 197
    source = limit("cloudfront.waf.pattern_chars").source
    assert faults_of(
        lambda: api(endpoints=[{"path": path, "origin": one_origin().routing, "rate_limit": {"limit": 10}}])
    ) == [
        f"endpoints[0].rate_limit: needs a regular expression of 202 characters for {show(path)} ({source}). Allowed: at most 200"
        " characters. Give the endpoint a shorter path."
    ]


def test_a_rate_counts_the_methods_of_its_endpoint() -> None:
    def two() -> None:
        routing = one_origin().routing
        api(
            endpoints=[
                {"path": "/a", "origin": routing, "rate_limit": {"limit": 1000}},
                {"path": "/a", "methods": ["POST"], "origin": routing, "rate_limit": {"limit": 10}},
            ]
        )

    (acl,) = of(run(two), "wafv2.WebAcl")
    scopes = [rule["statement"]["rateBasedStatement"]["scopeDownStatement"] for rule in acl["rules"]]
    assert [scope["andStatement"]["statements"][1]["regexMatchStatement"]["regexString"] for scope in scopes] == [
        "^(GET|HEAD)$",
        "^(POST)$",
    ]
