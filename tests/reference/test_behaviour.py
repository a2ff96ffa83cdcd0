"""The reference system over HTTP, on the real local cloud with three real origins."""

import concurrent.futures
import re
import time

import httpx
import pytest
from edgewright.program.runner import Runner

from examples.origins.catalogue import static_files
from tests.reference.cloud import Cloud, copy_project, fresh, running

pytestmark = pytest.mark.runtime

_products = iter(range(3000, 4000))


@pytest.fixture
def product() -> str:
    """A product that no test has asked for."""
    return f"/api/products/{next(_products)}"


# --- products --------------------------------------------------------------------------------------------------------


def test_a_miss_then_a_hit_at_the_edge(cloud: Cloud, product: str) -> None:
    miss, hit = cloud.get(product), cloud.get(product)
    assert (miss.status_code, miss.headers["x-cache"]) == (200, "MISS")
    assert float(miss.headers["x-origin-latency"]) >= 15  # the origin takes 20 ms and more
    assert miss.headers["x-origin-region"] == miss.json()["region"] == "us"
    assert re.search(r"\bfwd=(uri-)?miss\b", miss.headers["cache-status"])
    assert "stored" in miss.headers["cache-status"]
    assert (hit.status_code, hit.headers["x-cache"]) == (200, "HIT-EDGE")
    assert "x-origin-latency" not in hit.headers
    status = hit.headers["cache-status"]
    assert "; hit" in status
    ttl = re.search(r"ttl=(\d+)", status)
    assert ttl is not None
    assert 3590 <= int(ttl[1]) <= 4200  # an hour, with its jitter
    assert hit.content == miss.content
    assert hit.headers["etag"] == miss.headers["etag"]
    assert cloud.seen(product) == {"us": 1, "eu": 0, "apac": 0}


def test_browsers_are_told_a_minute_and_a_day_of_staleness(cloud: Cloud, product: str) -> None:
    for answer in (cloud.get(product), cloud.get(product)):
        directives = {part.strip() for part in answer.headers["cache-control"].split(",")}
        assert {"max-age=60", "stale-while-revalidate=86400"} <= directives
        assert int(answer.headers.get("age", "0")) < 60  # else a browser would take it for stale at once


def test_jitter_spreads_expiry(cloud: Cloud) -> None:
    ttls = set()
    for _ in range(8):
        path = f"/api/products/{next(_products)}"
        cloud.get(path)
        found = re.search(r"ttl=(\d+)", cloud.get(path).headers["cache-status"])
        assert found is not None
        ttls.add(int(found[1]))
    assert len(ttls) >= 5
    assert all(3590 <= ttl <= 4200 for ttl in ttls)


@pytest.mark.parametrize(
    ("country", "region"),
    [("US", "us"), ("BR", "us"), ("DE", "eu"), ("NG", "eu"), ("JP", "apac"), ("NZ", "apac"), ("XX", "us")],
)
def test_the_country_chooses_the_region(cloud: Cloud, country: str, region: str) -> None:
    answer = cloud.get(fresh(), country)
    assert (answer.headers["x-origin-region"], answer.json()["region"]) == (region, region)


def test_each_region_has_its_own_entry(cloud: Cloud, product: str) -> None:
    assert [cloud.get(product, country).headers["x-cache"] for country in ("US", "JP", "CA", "AU")] == [
        "MISS",
        "MISS",
        "HIT-EDGE",
        "HIT-EDGE",
    ]
    assert cloud.get(product, "JP").json()["region"] == "apac"


def test_only_the_apis_own_parameters_make_entries(cloud: Cloud) -> None:
    path = fresh()
    assert cloud.get(path).headers["x-cache"] == "MISS"
    limit, page = path.partition("?")[2].split("&")
    for same in (f"{path}&utm_source=mail", f"/api/products?{page}&{limit}", f"{path}&limit_=9"):
        assert cloud.get(same).headers["x-cache"] == "HIT-EDGE", same
    assert cloud.get(f"{path}&category=books").headers["x-cache"] == "MISS"


def test_conditional_requests_are_answered_at_the_edge(cloud: Cloud, product: str) -> None:
    etag = cloud.get(product).headers["etag"]
    again = cloud.get(product, If_None_Match=etag)
    assert (again.status_code, again.content) == (304, b"")
    assert cloud.seen(product)["us"] == 1


def test_a_crowd_makes_one_origin_request(cloud: Cloud, product: str) -> None:
    with cloud.fault("us", mode="slow", delay_ms=300), concurrent.futures.ThreadPoolExecutor(24) as pool:
        answers = list(pool.map(lambda _: cloud.get(product), range(24)))
    assert {answer.status_code for answer in answers} == {200}
    assert cloud.seen(product)["us"] == 1


# --- what is not stored ----------------------------------------------------------------------------------------------


def test_an_unknown_product_is_passed_on_and_not_stored(cloud: Cloud) -> None:
    path = "/api/products/999999"
    before = cloud.seen(path)["us"]
    for count in (1, 2):
        answer = cloud.get(path)
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/problem+json"
        assert cloud.seen(path)["us"] - before == count


def test_an_origins_error_is_passed_on_and_not_stored(cloud: Cloud, product: str) -> None:
    with cloud.fault("us", mode="fail", status=500, prefix=product):
        for _ in range(2):
            failed = cloud.get(product)
            assert failed.status_code == 500
            assert failed.json()["title"] == "Origin fault"
            assert not failed.headers["x-cache"].startswith("HIT")
    well = cloud.get(product)
    assert (well.status_code, well.headers["x-cache"]) == (200, "MISS")


# --- sessions, paths, methods ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("headers", [{}, {"Cookie": "session=sess-unknown"}, {"Authorization": "Bearer nonsense"}])
def test_no_session_is_401(cloud: Cloud, headers: dict[str, str]) -> None:
    answer = cloud.get("/api/session", **headers)
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == 401
    assert "no-store" in answer.headers["cache-control"]


@pytest.mark.parametrize("headers", [{"Cookie": "session=sess-demo"}, {"Authorization": "Bearer sess-demo"}])
def test_a_known_session_is_json_and_private(cloud: Cloud, headers: dict[str, str]) -> None:
    answer = cloud.get("/api/session", **headers)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("application/json")
    assert "Ada Demo" in answer.text
    assert {"no-store", "private"} & {part.strip() for part in answer.headers["cache-control"].split(",")}
    assert "sess-demo-staff" not in answer.text


@pytest.mark.parametrize(
    "path", ["/", "/nowhere", "/api", "/api/product", "/api/products/1/2", "/statics", "/__admin", "/echo"]
)
def test_anything_else_is_a_404_problem(cloud: Cloud, path: str) -> None:
    answer = cloud.get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert {"title", "status"} <= answer.json().keys()
    assert "x-origin-region" not in answer.headers  # no origin was asked


@pytest.mark.parametrize("path", ["/api/products", "/api/products/1", "/api/session", "/static/app.js"])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_a_wrong_method_is_405_with_allow(cloud: Cloud, path: str, method: str) -> None:
    answer = cloud.client.request(method, path)
    assert answer.status_code == 405
    assert answer.headers["content-type"] == "application/problem+json"
    assert {"GET", "HEAD"} <= {name.strip() for name in answer.headers["allow"].split(",")}


def test_head_is_get_without_a_body(cloud: Cloud, product: str) -> None:
    get = cloud.get(product)
    head = cloud.client.head(product, headers={"X-Local-Country": "US"})
    assert (head.status_code, head.content, head.headers["etag"]) == (200, b"", get.headers["etag"])


# --- static files ----------------------------------------------------------------------------------------------------


def test_static_files_are_immutable_and_validated(cloud: Cloud) -> None:
    for path, representation in static_files().items():
        first, second = cloud.get(path), cloud.get(path)
        assert first.content == second.content == representation.body
        assert second.headers["x-cache"] == "HIT-EDGE"
        directives = {part.strip() for part in second.headers["cache-control"].split(",")}
        assert {"public", "max-age=31536000", "immutable"} <= directives
        etag = second.headers["etag"]
        assert etag.startswith('"')
        unchanged = cloud.get(path, If_None_Match=etag)
        assert (unchanged.status_code, unchanged.content, unchanged.headers["etag"]) == (304, b"", etag)
        assert "immutable" in unchanged.headers["cache-control"]


def test_a_range_of_a_stored_file(cloud: Cloud) -> None:
    path = next(path for path in static_files() if path.endswith(".bin"))
    whole = cloud.get(path).content
    part = cloud.get(path, Range="bytes=1000-1999")
    assert (part.status_code, part.content) == (206, whole[1000:2000])


# --- origins that fail -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault",
    [
        {"mode": "fail", "status": 503},
        {"mode": "fail", "status": 502},
        {"mode": "slow", "delay_ms": 30_000},
        {"mode": "garbage"},
        {"mode": "drop"},
    ],
    ids=["503", "502", "slow", "garbage", "drop"],
)
def test_the_next_nearest_origin_answers_and_the_response_says_so(cloud: Cloud, fault: dict[str, object]) -> None:
    with cloud.fault("us", **fault):
        began = time.monotonic()
        answer = cloud.get(fresh(), "US")
        took = time.monotonic() - began
        assert answer.status_code == 200
        assert answer.headers["x-origin-region"] == answer.json()["region"] == "eu"
        assert "us" in answer.headers["x-origin-failover"]
        assert took < 20  # the time-out's 4 s, and not the slow origin's 30
        elsewhere = cloud.get(fresh(), "JP")
        assert elsewhere.headers["x-origin-region"] == "apac"
        assert "x-origin-failover" not in elsewhere.headers


def test_two_origins_down_leave_the_third(cloud: Cloud) -> None:
    with cloud.fault("us", "eu", mode="drop"):
        answer = cloud.get(fresh(), "US")
        assert (answer.status_code, answer.headers["x-origin-region"]) == (200, "apac")


def test_all_origins_down_is_a_problem_that_is_not_stored(cloud: Cloud, product: str) -> None:
    path = fresh()
    with cloud.fault("us", "eu", "apac", mode="drop"):
        answer = cloud.get(path)
        assert answer.status_code in (502, 503, 504)
        assert answer.headers["content-type"] == "application/problem+json"
        assert not answer.headers.get("x-cache", "").startswith("HIT")
    assert cloud.get(path).status_code == 200


def test_stored_answers_outlive_their_origins(cloud: Cloud, product: str) -> None:
    cloud.get(product)
    with cloud.fault("us", "eu", "apac", mode="drop"):
        hit = cloud.get(product)
        assert (hit.status_code, hit.headers["x-cache"]) == (200, "HIT-EDGE")


def test_half_an_answer_is_never_stored_or_passed_for_whole(cloud: Cloud) -> None:
    path = fresh()
    with cloud.fault("us", mode="half-close", prefix="/api/products"):
        try:
            answer = cloud.get(path)
        except httpx.TransportError:
            pass  # the client sees that it is broken, as it should
        else:
            assert answer.status_code >= 500 or answer.json()["region"] != "us"
    whole = cloud.get(path)
    assert whole.status_code == 200
    assert whole.json()["limit"] == 7


def test_an_origin_is_used_again_once_it_is_well(cloud: Cloud) -> None:
    with cloud.fault("us", mode="fail"):
        regions = [cloud.get(fresh(), "US").headers["x-origin-region"] for _ in range(4)]
        assert regions == ["eu"] * 4
    assert cloud.get(fresh(), "US").headers["x-origin-region"] == "us"  # `fault` waited for that


# --- KV behind the edge ----------------------------------------------------------------------------------------------


def _short(text: str) -> str:
    # A second at the edge and none stale, so that a test can outwait it; a day in KV as before.
    cache = "  products-api:cache: { edge_ttl: 1, stale_while_revalidate: 0, stale_if_error: 0 }\n"
    return text.replace("  products-api:trace: true\n", "  products-api:trace: true\n" + cache)


def test_kv_answers_when_the_edge_has_forgotten_and_is_promoted(
    runner: Runner, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = "/api/products/42"
    with running(copy_project(tmp_path_factory.mktemp("short"), _short), runner) as cloud:
        assert cloud.get(path).headers["x-cache"] == "MISS"
        assert cloud.get(path).headers["x-cache"] == "HIT-EDGE"
        time.sleep(2.2)
        first = cloud.get(path)
        assert first.headers["x-cache"] == "HIT-KV"
        assert "detail=kv" in first.headers["cache-status"].replace('"', "")
        assert cloud.get(path).headers["x-cache"] == "HIT-EDGE"  # promoted
        assert first.json()["id"] == 42
        assert cloud.seen(path) == {"us": 1, "eu": 0, "apac": 0}
