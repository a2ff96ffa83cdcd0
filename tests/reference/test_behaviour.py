"""The reference system over HTTP, on the real local cloud with three real origins: one contract for both platforms.

Each test with `api` runs on Cloudflare and on CloudFront: the same requests, the same answers, but for names of headers.
What a platform does otherwise is in a section of its own.
"""

import concurrent.futures
import re
import time

import httpx
import pytest
from edgewright.engine.runner import Runner

from examples.origins.catalogue import static_files
from tests.reference.cloud import Cloud, copy_project, fresh, running

pytestmark = pytest.mark.runtime

_products = iter(range(3000, 4000))


@pytest.fixture
def product() -> str:
    """A product that no test has asked for."""
    return f"/api/products/{next(_products)}"


# --- products --------------------------------------------------------------------------------------------------------


def test_a_miss_then_a_hit_at_the_edge(api: Cloud, product: str) -> None:
    miss, hit = api.get(product), api.get(product)
    assert (miss.status_code, api.cache(miss)) == (200, "miss")
    assert miss.headers["x-origin-region"] == miss.json()["region"] == "us"
    assert (hit.status_code, api.cache(hit)) == (200, "hit")
    assert 3590 <= api.ttl(hit) <= 4200  # an hour, with its jitter
    assert hit.content == miss.content
    assert hit.headers["etag"] == miss.headers["etag"]
    assert api.seen(product) == {"us": 1, "eu": 0, "apac": 0}


def test_browsers_are_told_a_minute_and_a_day_of_staleness(api: Cloud, product: str) -> None:
    for answer in (api.get(product), api.get(product)):
        directives = {part.strip() for part in answer.headers["cache-control"].split(",")}
        assert {"max-age=60", "stale-while-revalidate=86400"} <= directives
        assert int(answer.headers.get("age", "0")) < 60  # else a browser would take it for stale at once


def test_jitter_spreads_expiry(api: Cloud) -> None:
    ttls = set()
    for _ in range(8):
        path = f"/api/products/{next(_products)}"
        api.get(path)
        ttls.add(api.ttl(api.get(path)))
    assert len(ttls) >= 5
    assert all(3590 <= ttl <= 4200 for ttl in ttls)


@pytest.mark.parametrize(
    ("country", "region"),
    [("US", "us"), ("BR", "us"), ("DE", "eu"), ("NG", "eu"), ("JP", "apac"), ("NZ", "apac"), ("XX", "us")],
)
def test_the_country_chooses_the_region(api: Cloud, country: str, region: str) -> None:
    answer = api.get(fresh(), country)
    assert (answer.headers["x-origin-region"], answer.json()["region"]) == (region, region)


def test_each_region_has_its_own_entry(api: Cloud, product: str) -> None:
    found = [api.cache(api.get(product, country)) for country in ("US", "JP", "CA", "AU")]
    assert found == ["miss", "miss", "hit", "hit"]
    assert api.get(product, "JP").json()["region"] == "apac"


def test_only_the_apis_own_parameters_make_entries(api: Cloud) -> None:
    path = fresh()
    assert api.cache(api.get(path)) == "miss"
    for same in (f"{path}&utm_source=mail", f"{path}&limit_=9"):
        assert api.cache(api.get(same)) == "hit", same
    assert api.cache(api.get(f"{path}&category=books")) == "miss"


def test_conditional_requests_are_answered_at_the_edge(api: Cloud, product: str) -> None:
    etag = api.get(product).headers["etag"]
    again = api.get(product, If_None_Match=etag)
    assert (again.status_code, again.content) == (304, b"")
    assert api.seen(product)["us"] == 1


def test_a_crowd_makes_one_origin_request(api: Cloud, product: str) -> None:
    with api.fault("us", mode="slow", delay_ms=300), concurrent.futures.ThreadPoolExecutor(24) as pool:
        answers = list(pool.map(lambda _: api.get(product), range(24)))
    assert {answer.status_code for answer in answers} == {200}
    assert api.seen(product)["us"] == 1


# --- what is not stored ----------------------------------------------------------------------------------------------


def test_an_unknown_product_is_passed_on_and_not_stored(api: Cloud) -> None:
    path = "/api/products/999999"
    before = api.seen(path)["us"]
    for count in (1, 2):
        answer = api.get(path)
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/problem+json"
        assert api.seen(path)["us"] - before == count


def test_an_origins_error_is_passed_on_and_not_stored(api: Cloud, product: str) -> None:
    with api.fault("us", mode="fail", status=500, prefix=product):
        for _ in range(2):
            failed = api.get(product)
            assert failed.status_code == 500
            assert failed.json()["title"] == "Origin fault"
            assert api.cache(failed) != "hit"
    well = api.get(product)
    assert (well.status_code, api.cache(well)) == (200, "miss")


# --- sessions, paths, methods ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("headers", [{}, {"Cookie": "session=sess-unknown"}, {"Authorization": "Bearer nonsense"}])
def test_no_session_is_401(api: Cloud, headers: dict[str, str]) -> None:
    answer = api.get("/api/session", **headers)
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == 401
    assert "no-store" in answer.headers["cache-control"]


@pytest.mark.parametrize("headers", [{"Cookie": "session=sess-demo"}, {"Authorization": "Bearer sess-demo"}])
def test_a_known_session_is_json_and_private(api: Cloud, headers: dict[str, str]) -> None:
    answer = api.get("/api/session", **headers)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("application/json")
    assert "Ada Demo" in answer.text
    assert {"no-store", "private"} & {part.strip() for part in answer.headers["cache-control"].split(",")}
    assert "sess-demo-staff" not in answer.text


@pytest.mark.parametrize(
    "path", ["/", "/nowhere", "/api", "/api/product", "/api/products/1/2", "/statics", "/__admin", "/echo"]
)
def test_anything_else_is_a_404_problem(api: Cloud, path: str) -> None:
    answer = api.get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert {"title", "status"} <= answer.json().keys()
    assert "x-origin-region" not in answer.headers  # no origin was asked


def test_head_is_get_without_a_body(api: Cloud, product: str) -> None:
    get = api.get(product)
    head = api.client.head(product, headers={"X-Local-Country": "US"})
    assert (head.status_code, head.content, head.headers["etag"]) == (200, b"", get.headers["etag"])


# --- static files ----------------------------------------------------------------------------------------------------


def test_static_files_are_immutable_and_validated(api: Cloud) -> None:
    for path, representation in static_files().items():
        first, second = api.get(path), api.get(path)
        assert first.content == second.content == representation.body
        assert api.cache(second) == "hit"
        directives = {part.strip() for part in second.headers["cache-control"].split(",")}
        assert {"public", "max-age=31536000", "immutable"} <= directives
        etag = second.headers["etag"]
        assert etag.startswith('"')
        unchanged = api.get(path, If_None_Match=etag)
        assert (unchanged.status_code, unchanged.content, unchanged.headers["etag"]) == (304, b"", etag)
        assert "immutable" in unchanged.headers["cache-control"]


def test_a_range_of_a_stored_file(api: Cloud) -> None:
    path = next(path for path in static_files() if path.endswith(".bin"))
    whole = api.get(path).content
    part = api.get(path, Range="bytes=1000-1999")
    assert (part.status_code, part.content) == (206, whole[1000:2000])


# --- origins that fail -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault",
    [
        {"mode": "fail", "status": 503},
        {"mode": "fail", "status": 502},
        {"mode": "slow", "delay_ms": 600_000},
        {"mode": "garbage"},
        {"mode": "drop"},
    ],
    ids=["503", "502", "slow", "garbage", "drop"],
)
def test_the_next_nearest_origin_answers_and_the_response_says_so(api: Cloud, fault: dict[str, object]) -> None:
    with api.fault("us", **fault):
        answer = api.get(fresh(), "US")
        assert answer.status_code == 200
        assert answer.headers["x-origin-region"] == answer.json()["region"] == "eu"
        assert "us" in answer.headers["x-origin-failover"]
        elsewhere = api.get(fresh(), "JP")
        assert elsewhere.headers["x-origin-region"] == "apac"
        assert "x-origin-failover" not in elsewhere.headers


def test_all_origins_down_is_an_error_that_is_not_stored(api: Cloud) -> None:
    path = fresh()
    with api.fault("us", "eu", "apac", mode="drop"):
        answer = api.get(path)
        assert answer.status_code in (502, 503, 504)
        assert api.cache(answer) != "hit"
    assert api.get(path).status_code == 200


def test_stored_answers_outlive_their_origins(api: Cloud, product: str) -> None:
    api.get(product)
    with api.fault("us", "eu", "apac", mode="drop"):
        hit = api.get(product)
        assert (hit.status_code, api.cache(hit)) == (200, "hit")


def test_half_an_answer_is_never_stored_or_passed_for_whole(api: Cloud) -> None:
    path = fresh()
    with api.fault("us", mode="half-close", prefix="/api/products"):
        try:
            answer = api.get(path)
        except httpx.TransportError:
            pass  # the client sees that it is broken, as it should
        else:
            assert answer.status_code >= 500 or answer.json()["region"] != "us"
    whole = api.get(path)
    assert whole.status_code == 200
    assert whole.json()["limit"] == 7


def test_an_origin_is_used_again_once_it_is_well(api: Cloud) -> None:
    with api.fault("us", mode="fail"):
        regions = [api.get(fresh(), "US").headers["x-origin-region"] for _ in range(4)]
        assert regions == ["eu"] * 4
    assert api.get(fresh(), "US").headers["x-origin-region"] == "us"  # `fault` waited for that


# --- what CloudFront does otherwise ----------------------------------------------------------------------------------


METHODS = ("POST", "PUT", "DELETE")
FAILING_OVER = ("/api/products", "/api/products/1", "/static/app.js")
PATHS = (*FAILING_OVER, "/api/session")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", METHODS)
def test_a_wrong_method_is_405_with_allow(cloud: Cloud, path: str, method: str) -> None:
    answer = cloud.client.request(method, path)
    assert answer.status_code == 405
    assert answer.headers["content-type"] == "application/problem+json"
    assert {"GET", "HEAD"} <= {name.strip() for name in answer.headers["allow"].split(",")}


@pytest.mark.parametrize("method", METHODS)
def test_a_wrong_method_is_405_with_allow_on_cloudfront_too(cloudfront: Cloud, method: str) -> None:
    answer = cloudfront.client.request(method, "/api/session")
    assert answer.status_code == 405
    assert answer.headers["content-type"] == "application/problem+json"
    assert {"GET", "HEAD"} <= {name.strip() for name in answer.headers["allow"].split(",")}


@pytest.mark.parametrize("path", FAILING_OVER)
@pytest.mark.parametrize("method", METHODS)
def test_a_wrong_method_is_403_on_cloudfront_where_origins_fail_over(cloudfront: Cloud, path: str, method: str) -> None:
    """CloudFront takes no other methods where it has an origin group, and answers them before any function runs."""
    answer = cloudfront.client.request(method, path)
    assert (answer.status_code, answer.headers["x-cache"]) == (403, "Error from cloudfront")
    assert "not configured to allow the HTTP request method" in answer.text


def test_the_order_of_parameters_makes_no_entry(api: Cloud) -> None:
    path = fresh()
    assert api.cache(api.get(path)) == "miss"
    assert api.cache(api.get(_reversed(path))) == "hit"


def test_attack_11_neither_spelling_nor_company_of_parameters_makes_an_entry(api: Cloud) -> None:
    """Cloaked parameters: what the origin reads as one must be one in the key."""
    path = fresh()
    assert api.cache(api.get(path)) == "miss"
    assert api.cache(api.get(f"{path}&utm_source=a%3Bb")) == "hit"
    spelt = path.replace("limit=", "%6Cimit=")
    assert spelt != path
    assert api.cache(api.get(spelt)) == "hit"


def _reversed(path: str) -> str:
    start, _, query = path.partition("?")
    return f"{start}?{'&'.join(reversed(query.split('&')))}"


def test_two_origins_down_leave_the_third(api: Cloud) -> None:
    with api.fault("us", "eu", mode="drop"):
        answer = api.get(fresh(), "US")
        assert (answer.status_code, answer.headers["x-origin-region"]) == (200, "apac")
        assert answer.headers["x-origin-failover"] == "us, eu"


def test_all_origins_down_is_a_problem(cloud: Cloud) -> None:
    with cloud.fault("us", "eu", "apac", mode="drop"):
        assert cloud.get(fresh()).headers["content-type"] == "application/problem+json"


def test_all_origins_down_is_cloudfronts_own_page(cloudfront: Cloud) -> None:
    with cloudfront.fault("us", "eu", "apac", mode="drop"):
        answer = cloudfront.get(fresh())
        assert answer.headers["content-type"] == "text/html"
        assert answer.headers["x-cache"] == "Error from cloudfront"


def test_cloudflare_says_more_of_a_miss_and_a_hit(cloud: Cloud, product: str) -> None:
    miss, hit = cloud.get(product), cloud.get(product)
    assert (miss.headers["x-cache"], hit.headers["x-cache"]) == ("MISS", "HIT-EDGE")
    assert float(miss.headers["x-origin-latency"]) >= 15  # the origin takes 20 ms and more
    assert re.search(r"\bfwd=(uri-)?miss\b", miss.headers["cache-status"])
    assert "stored" in miss.headers["cache-status"]
    assert "x-origin-latency" not in hit.headers
    assert "; hit" in hit.headers["cache-status"]


def test_cloudfront_says_that_of_a_miss_and_a_hit_in_its_own_words(cloudfront: Cloud, product: str) -> None:
    miss, hit = cloudfront.get(product), cloudfront.get(product)
    assert (miss.headers["x-cache"], hit.headers["x-cache"]) == ("Miss from cloudfront", "Hit from cloudfront")
    assert (miss.headers.get("age"), hit.headers["age"]) == (None, "0")
    assert hit.headers["via"].endswith(".cloudfront.net (CloudFront)")
    assert {"x-amz-cf-id", "x-amz-cf-pop"} <= hit.headers.keys()


# --- KV behind the edge ----------------------------------------------------------------------------------------------


def _short(text: str) -> str:
    # Seconds at the edge and none stale, so that a test can outwait it; a day in KV as before.
    short = "    edge_ttl: 5\n    stale_while_revalidate: 0\n    stale_if_error: 0\n"
    return text.replace("    kv_ttl: 1d\n", "    kv_ttl: 1d\n" + short)


def test_kv_answers_when_the_edge_has_forgotten_and_is_promoted(
    runner: Runner, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = "/api/products/42"
    with running(copy_project(tmp_path_factory.mktemp("short"), _short), runner) as cloud:
        assert cloud.get(path).headers["x-cache"] == "MISS"
        assert cloud.get(path).headers["x-cache"] == "HIT-EDGE"
        time.sleep(7)
        first = cloud.get(path)
        assert first.headers["x-cache"] == "HIT-KV"
        assert "detail=kv" in first.headers["cache-status"].replace('"', "")
        assert cloud.get(path).headers["x-cache"] == "HIT-EDGE"  # promoted
        assert first.json()["id"] == 42
        assert cloud.seen(path) == {"us": 1, "eu": 0, "apac": 0}
