"""The replay over HTTP: what it measures, and that bad evidence never passes."""

import json
import time
from collections import Counter
from typing import Any

import jsonschema
import pytest
from edgewright.config.models import Failover, Objectives, PathMix, Service, Traffic
from edgewright.verify import CounterSource, Report, Target, TargetUnreachable, replay

from tests.verify.edge import Answer, Behaviour, Broken, Edge, caching, serve

MIX = (PathMix(path="/api/products/{n}", objects=10, weight=3), PathMix(path="/static/app.js"))
EASY = {"p50_ms": 60_000, "hit_ratio": 0.5, "origin_reduction": 0.5, "error_rate": 0.0}
OFF = dict.fromkeys(Objectives.model_fields)
_ITSELF: Any = object()


def run(
    edge: Edge, *, counters: CounterSource | None = _ITSELF, objectives: dict[str, Any] = EASY, **traffic: Any
) -> Report:
    settings = {"requests": 150, "rate": 500, "warm_up": 20, "countries": {"US": 1, "DE": 1, "JP": 1}, "mix": MIX}
    target = Target(edge.url, "local", local=True, counters=edge if counters is _ITSELF else counters)
    return replay(target, Traffic.model_validate(settings | traffic), Objectives.model_validate(OFF | objectives))


def states(report: Report) -> dict[str, str]:
    return {verdict.name: verdict.state for verdict in report.objectives}


# --- a system that works ---------------------------------------------------------------------------------------------


def test_a_cache_that_works_passes() -> None:
    with serve(caching) as edge:
        report = run(edge)
    assert report.exit_code == 0, report
    assert set(states(report).values()) == {"pass"}
    assert (report.sent, report.answered, report.errors.count) == (150, 150, 0)
    assert report.cache.answers == 150
    assert report.cache.hits + report.cache.tiers.get("miss", 0) == 150
    assert report.origins is not None
    assert report.origins.source == "gateway"
    assert report.origins.requests == report.cache.tiers.get("miss", 0)
    assert set(report.by_continent) == {"North America", "Europe", "Asia"}
    assert sum(part.requests for part in report.by_continent.values()) == 150
    assert {path: part.errors for path, part in report.by_endpoint.items()} == {family.path: 0 for family in MIX}


def test_requests_are_the_same_each_time_and_carry_their_country_only_locally() -> None:
    def seen(local: bool) -> Counter[tuple[str, str | None]]:
        with serve(caching) as edge:
            target = Target(edge.url, local=local, host="api.example.com")
            replay(target, Traffic(requests=60, rate=1000, warm_up=10, mix=MIX), Objectives.model_validate(OFF))
            hosts = {headers["x-local-host" if local else "host"] for _, headers in edge.seen}
            assert hosts == {"api.example.com"}
            return Counter((path, headers.get("x-local-country")) for path, headers in edge.seen)

    first = seen(True)
    assert first == seen(True)
    assert {country for _, country in first} - {None} >= {"US", "DE"}
    assert {country for _, country in seen(False)} == {None}


def test_a_slow_target_is_charged_for_the_requests_that_it_kept_waiting() -> None:
    """One stall of 400 ms: a closed loop would see one slow request, an open one sees all that were due meanwhile."""
    stalled = []

    def stall(edge: Edge, path: str, headers: dict[str, str]) -> Answer:
        if edge.requests == 50:
            stalled.append(path)
            time.sleep(0.4)  # on the server's event loop: everybody waits
        return caching(edge, path, headers)

    with serve(stall) as edge:
        report = run(edge, requests=200, rate=200, arrivals="fixed", warm_up=0)
    assert len(stalled) == 1
    assert report.latency.p95 is not None
    assert report.latency.p95 > 250  # about 80 of the 200 requests were due in the stall
    assert (report.sent, report.answered) == (200, 200)


def test_a_deployed_stack_is_judged_by_its_headers() -> None:
    with serve(caching) as edge:
        report = run(edge, counters=None)
    assert report.exit_code == 0
    assert report.origins is not None
    assert report.origins.source == "headers"
    assert report.origins.requests == report.cache.tiers.get("miss", 0)


def test_continents_are_told_only_where_a_request_can_choose_its_own() -> None:
    with serve(caching) as edge:
        traffic = Traffic(requests=30, rate=1000, warm_up=0, mix=MIX)
        report = replay(Target(edge.url), traffic, Objectives.model_validate(OFF))
    assert report.by_continent == {}
    assert set(report.by_endpoint) == {family.path for family in MIX}


def test_a_fault_left_by_a_killed_run_is_ended_first() -> None:
    with serve(caching) as edge:
        edge.down = {"us"}
        report = failover(edge, service(edge))
    assert report.exit_code == 0, report


def test_what_is_not_cacheable_counts_neither_for_nor_against_the_cache() -> None:
    def mixed(edge: Edge, path: str, headers: dict[str, str]) -> Answer:
        if path == "/live":
            edge.origins["us"] += 1
            return Answer(headers={"Cache-Status": "edgewright; fwd=bypass", "X-Origin-Region": "us"})
        return caching(edge, path, headers)

    mix = (PathMix(path="/static/app.js"), PathMix(path="/live", cacheable=False, weight=3))
    with serve(mixed) as edge:
        report = run(edge, mix=mix)
    assert report.exit_code == 0
    assert report.cache.hit_ratio == 1.0
    assert report.origins is not None
    assert report.origins.requests == 150 - report.cache.answers
    assert report.origins.reduction == 1.0


# --- breaches --------------------------------------------------------------------------------------------------------


def never(edge: Edge, path: str, headers: dict[str, str]) -> Answer:
    edge.origins["us"] += 1
    return Answer(headers={"X-Cache": "MISS", "X-Origin-Region": "us"})


def test_a_cache_that_never_hits_is_a_breach() -> None:
    with serve(never) as edge:
        report = run(edge)
    assert report.exit_code == 1
    assert states(report) == {
        "p50_ms": "pass",
        "hit_ratio": "breach",
        "origin_reduction": "breach",
        "error_rate": "pass",
    }


def test_some_errors_are_a_breach_and_are_told_by_kind_with_examples() -> None:
    def flaky(edge: Edge, path: str, headers: dict[str, str]) -> Answer:
        if edge.requests % 5 == 0:
            return Answer(status=500)
        if edge.requests % 7 == 0:
            return Answer(close=True)
        return caching(edge, path, headers)

    with serve(flaky) as edge:
        report = run(edge, warm_up=0)
    assert report.exit_code == 1
    assert states(report)["error_rate"] == "breach"
    assert report.errors.kinds["status 500"] >= 25
    assert report.errors.kinds["disconnected"] >= 10
    assert report.errors.count == sum(report.errors.kinds.values())
    assert 0 < len(report.errors.examples) <= 5
    assert " from " in report.errors.examples[0]


def test_time_outs_count_as_slow_and_as_errors() -> None:
    def slow(edge: Edge, path: str, headers: dict[str, str]) -> Answer:
        answer = caching(edge, path, headers)
        answer.wait_s = 1.0 if path == "/static/app.js" else 0.0
        return answer

    with serve(slow) as edge:
        report = run(edge, timeout_s=0.3, requests=60, warm_up=0)
    assert report.errors.kinds["timeout"] == report.errors.count > 5
    assert report.latency.p95 is not None
    assert report.latency.p95 >= 290


# --- bad evidence (never a pass) -------------------------------------------------------------------------------------


def test_nothing_that_answers_is_not_a_report_at_all() -> None:
    with pytest.raises(TargetUnreachable, match=r"nothing answers at http://127\.0\.0\.1:9"):
        replay(Target("http://127.0.0.1:9"), Traffic(mix=MIX), Objectives())


def failing(edge: Edge, path: str, headers: dict[str, str]) -> Answer:
    return Answer(status=503, headers={"X-Cache": "HIT-EDGE"})


def hanging_up(edge: Edge, path: str, headers: dict[str, str]) -> Answer:
    return Answer(close=edge.requests > 1, headers={"X-Cache": "HIT-EDGE"})


def unlabelled(edge: Edge, path: str, headers: dict[str, str]) -> Answer:
    return Answer()


def sometimes_unlabelled(edge: Edge, path: str, headers: dict[str, str]) -> Answer:
    return Answer() if edge.requests % 40 == 0 else caching(edge, path, headers)


def counter_goes_back(edge: Edge, path: str, headers: dict[str, str]) -> Answer:
    if edge.requests == 100:
        edge.requests = 1
        edge.origins.clear()
    return caching(edge, path, headers)


@pytest.mark.parametrize(
    ("behaviour", "said"),
    [
        (failing, "no request was answered with an expected status: 150 x status 503"),
        (hanging_up, "no request was answered: 150 x disconnected"),
        (unlabelled, "hit_ratio: 150 of 150 cacheable answers carry none of Cache-Status"),
        (sometimes_unlabelled, "cacheable answers carry none of Cache-Status"),
        (counter_goes_back, "origin_reduction: the gateway's counter of"),
    ],
)
def test_bad_evidence_is_exit_3(behaviour: Behaviour, said: str) -> None:
    with serve(behaviour) as edge:
        report = run(edge, warm_up=0)
    assert report.exit_code == 3
    assert any(said in line for line in report.missing_evidence), report.missing_evidence


def test_all_errors_are_exit_3_even_with_no_objectives() -> None:
    with serve(failing) as edge:
        assert run(edge, objectives={}).exit_code == 3


def test_counters_of_another_gateway_are_no_evidence() -> None:
    with serve(caching) as edge, serve(caching) as other:
        report = run(edge, counters=other)
    assert report.exit_code == 3
    assert "its counters are not of this traffic" in report.missing_evidence[0]


def test_a_gateway_that_does_not_answer_is_no_evidence() -> None:
    with serve(caching) as edge:
        report = run(edge, counters=Broken())
    assert report.exit_code == 3
    assert report.missing_evidence == ["origin_reduction: the gateway is not running"]


def test_too_few_answers_for_a_percentile_are_no_evidence() -> None:
    with serve(caching) as edge:
        report = run(edge, requests=50, objectives={"p99_ms": 1000})
    assert report.exit_code == 3
    assert report.missing_evidence == ["p99_ms: too few answers to tell"]


def test_no_cacheable_traffic_is_no_evidence_of_a_hit_ratio() -> None:
    with serve(caching) as edge:
        report = run(edge, mix=(PathMix(path="/api/session", cacheable=False),), objectives={"hit_ratio": 0.9})
    assert report.exit_code == 3
    assert "cacheable" in report.missing_evidence[0]


# --- failover --------------------------------------------------------------------------------------------------------


def service(edge: Edge, **changes: Any) -> Service:
    settings = {
        "name": "origin-us",
        "command": ["true"],
        "port": edge.port,
        "faults": {"down": {"path": "/", "body": {"down": ["us"]}}, "ok": {"path": "/", "body": {"down": []}}},
    }
    return Service.model_validate(settings | changes)


def failover(edge: Edge, declared: Service, **changes: Any) -> Report:
    settings = {
        "service": "origin-us",
        "region": "us",
        "country": "US",
        "path": "/list?page={n}",
        "requests": 40,
        "rate": 400,
        "recovery_s": 1,
    }
    traffic = Traffic(requests=30, rate=1000, warm_up=0, mix=MIX, failover=Failover.model_validate(settings | changes))
    target = Target(edge.url, local=True, counters=edge, services=(declared,))
    return replay(target, traffic, Objectives.model_validate(OFF | {"failover_success": 0.99}))


def test_failover_that_works() -> None:
    with serve(caching) as edge:
        report = failover(edge, service(edge), recovery_s=60)
        assert edge.down == set()
    assert report.exit_code == 0, report
    assert report.failover is not None
    assert report.failover.other_regions == {"eu": 40}
    assert (report.failover.success, report.failover.failed, report.failover.from_cache) == (1.0, 0, 0)
    assert report.failover.recovered_s is not None


def test_no_failover_is_a_breach_and_the_service_is_made_well_again() -> None:
    def stubborn(edge: Edge, path: str, headers: dict[str, str]) -> Answer:
        if "us" in edge.down and headers.get("x-local-country") == "US":
            return Answer(status=502, headers={"X-Cache": "MISS", "X-Origin-Region": "us"})
        return caching(edge, path, headers)

    with serve(stubborn) as edge:
        report = failover(edge, service(edge))
        assert edge.down == set()
    assert report.exit_code == 1
    assert report.failover is not None
    assert (report.failover.success, report.failover.failed) == (0.0, 40)


def test_an_answer_that_does_not_say_who_gave_it_is_not_a_success() -> None:
    def silent(edge: Edge, path: str, headers: dict[str, str]) -> Answer:
        answer = caching(edge, path, headers)
        if edge.down:
            del answer.headers["X-Origin-Region"]
        return answer

    with serve(silent) as edge:
        report = failover(edge, service(edge))
    assert report.exit_code == 1
    assert report.failover is not None
    assert report.failover.success == 0.0


def test_a_fault_that_changes_nothing_is_not_a_success() -> None:
    with serve(caching) as edge:
        report = failover(
            edge,
            service(
                edge, faults={"down": {"path": "/", "body": {"down": []}}, "ok": {"path": "/", "body": {"down": []}}}
            ),
        )
    assert report.exit_code == 1


def test_answers_out_of_a_cache_say_nothing_about_failover() -> None:
    def all_hits(edge: Edge, path: str, headers: dict[str, str]) -> Answer:
        edge.stored.add(path)
        return caching(edge, path, headers)

    with serve(all_hits) as edge:
        report = failover(edge, service(edge))
    assert report.exit_code == 3
    assert "caches answered every request" in report.missing_evidence[0]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"faults": None}, "is not under edgewright:services with `faults`"),
        ({"name": "other"}, "is not under edgewright:services with `faults`"),
        ({"port": 9}, "did not answer POST http://127.0.0.1:9/"),
        ({"faults": {"down": {"method": "PUT", "path": "/"}, "ok": {"path": "/", "body": {"down": []}}}}, "with 501"),
        ({"faults": {"down": {"path": "/", "body": {"down": []}}, "ok": {"method": "PUT", "path": "/"}}}, "with 501"),
    ],
)
def test_a_fault_that_cannot_be_made_is_no_evidence(changes: dict[str, Any], said: str) -> None:
    with serve(caching) as edge:
        report = failover(edge, service(edge, **changes))
    assert report.exit_code == 3
    assert said in report.missing_evidence[0]


def test_a_country_of_another_region_is_no_evidence() -> None:
    with serve(caching) as edge:
        report = failover(edge, service(edge), country="DE")
    assert report.exit_code == 3
    assert "DE was answered by eu and not by us" in report.missing_evidence[0]


# --- the schema ------------------------------------------------------------------------------------------------------


def test_the_json_report_fits_its_schema_and_names_it() -> None:
    from edgewright.verify.render import as_json

    with serve(caching) as edge:
        text = as_json(failover(edge, service(edge)))
    document = json.loads(text)
    assert document["schema"] == "edgewright.verify/1"
    jsonschema.validate(document, Report.model_json_schema(by_alias=True))
    assert Report.model_validate(document).failover is not None
