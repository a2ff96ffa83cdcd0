"""Makes one region's origin fail, and looks whether another region answers and says so."""

import asyncio
import random
import time
from array import array
from collections import Counter
from collections.abc import Awaitable, Callable

import httpx

from edgewright.config.models import Failover, FaultRequest, Service
from edgewright.contract.tiers import HITS
from edgewright.verify.client import Sender
from edgewright.verify.outcome import Outcome
from edgewright.verify.report import FailoverResult
from edgewright.verify.statistics import Ratio
from edgewright.verify.tally import latency

_Ask = Callable[[float | None], Awaitable[Outcome]]
_POLL_S = 0.25
_PROBES = 5


class FailoverNotTried(Exception):
    """Failover could not be tried, so nothing is known about it."""


async def try_failover(failover: Failover, services: tuple[Service, ...], sender: Sender) -> FailoverResult:
    """Return what happened while the service was down. The service is made well again whatever happens.

    Raises:
        FailoverNotTried: the service is not declared, takes no faults or does not answer, or its region did not serve
            the country before the fault.
    """
    service = next((service for service in services if service.name == failover.service), None)
    if service is None or service.faults is None:
        raise FailoverNotTried(
            f"the service {failover.service!r} of edgewright:traffic.failover is not under edgewright:services with"
            " `faults`"
        )
    chance = random.SystemRandom()

    async def ask(due: float | None = None) -> Outcome:
        number = chance.randint(1, failover.objects)
        return await sender.send(failover.path.replace("{n}", str(number)), failover.country, due=due)

    # An earlier run may have been killed in the midst of its fault.
    await _tell(service, service.faults.ok)
    began = time.perf_counter()
    while (why := _not_serving(failover, [await ask() for _ in range(_PROBES)])) is not None:
        if time.perf_counter() - began >= failover.recovery_s:
            raise FailoverNotTried(why)
        await asyncio.sleep(_POLL_S)
    try:
        await _tell(service, service.faults.down)
        outcomes = await _spread(ask, failover.requests, failover.rate)
    finally:
        await _tell(service, service.faults.ok)
    well = time.perf_counter()
    recovered: float | None = None
    while recovered is None and time.perf_counter() - well < failover.recovery_s:
        outcome = await ask()
        if outcome.tier not in HITS and outcome.region == failover.region and outcome.status == 200:
            recovered = time.perf_counter() - well
        else:
            await asyncio.sleep(_POLL_S)
    return summarise(failover, outcomes, recovered)


def _not_serving(failover: Failover, probes: list[Outcome]) -> str | None:
    """Return why the region does not serve the country now, or None where it does."""
    fresh = [outcome for outcome in probes if outcome.tier not in HITS]
    if not fresh:
        return (
            f"caches answered every request for {failover.path} before the fault: give edgewright:traffic.failover a"
            " path with more objects"
        )
    served = {outcome.region or outcome.error or f"status {outcome.status}" for outcome in fresh}
    if served == {failover.region}:
        return None
    return (
        f"before the fault, {failover.country} was answered by {', '.join(sorted(served))} and not by"
        f" {failover.region} alone: check `country` and `region` of edgewright:traffic.failover, and X-Origin-Region"
    )


async def _tell(service: Service, request: FaultRequest) -> None:
    url = f"http://127.0.0.1:{service.port}{request.path}"
    try:
        async with httpx.AsyncClient(trust_env=False, timeout=5) as client:
            answer = await client.request(
                request.method, url, **({} if request.body is None else {"json": request.body})
            )
    except httpx.HTTPError as error:
        raise FailoverNotTried(f"the service {service.name} did not answer {request.method} {url}: {error}") from None
    if answer.is_error:
        raise FailoverNotTried(
            f"the service {service.name} refused {request.method} {url} with {answer.status_code}: {answer.text[:200]}"
        )


async def _spread(ask: _Ask, count: int, rate: float) -> list[Outcome]:
    began = time.perf_counter()
    tasks = []
    for index in range(count):
        due = began + index / rate
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        tasks.append(asyncio.ensure_future(ask(due)))
    return list(await asyncio.gather(*tasks))


def summarise(failover: Failover, outcomes: list[Outcome], recovered_s: float | None) -> FailoverResult:
    """Return the result of a failover phase.

    A success is a 200 that another region's origin answered, and that says so.
    """
    counted = [outcome for outcome in outcomes if outcome.tier not in HITS]
    good = [outcome for outcome in counted if outcome.status == 200 and outcome.region not in (None, failover.region)]
    times = latency(array("d", [outcome.scheduled_ms for outcome in good]))
    return FailoverResult(
        service=failover.service,
        region=failover.region,
        requests=len(outcomes),
        from_cache=len(outcomes) - len(counted),
        other_regions=dict(Counter(outcome.region for outcome in good if outcome.region).most_common()),
        failed=len(counted) - len(good),
        success=Ratio(len(good), len(counted)).value,
        p95_ms=times.p95,
        recovered_s=None if recovered_s is None else round(recovered_s, 2),
    )
