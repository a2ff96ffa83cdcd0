"""The replay: open loop, seeded, measured from when each request was due."""

import asyncio
import contextlib
import datetime
import gc
import itertools
import time
from collections.abc import Callable, Iterator, Sequence

from edgewright.base.errors import InfrastructureError
from edgewright.base.fault_codes import Code
from edgewright.config.models import Objectives, PathMix, Traffic
from edgewright.contract.countries import countries
from edgewright.verify.client import MAX_IN_FLIGHT, Sender, Target
from edgewright.verify.counters import Counters, CountersUnavailable, difference
from edgewright.verify.failover import FailoverNotTried, try_failover
from edgewright.verify.judge import Measured, exit_code, judge
from edgewright.verify.outcome import Outcome
from edgewright.verify.plan import Planned, plan
from edgewright.verify.report import FailoverResult, OriginUse, Report
from edgewright.verify.statistics import reduction
from edgewright.verify.tally import Tally, latency

Progress = Callable[[str, int, int], None]
"""Told the phase, how many requests of it are done, and how many it has."""

_WARM_UP_CONNECTIONS = 16
_SETTLE_S = 0.3
"""Time for revalidation in the background to reach the counters."""


_CONTINENTS = {
    "AF": "Africa",
    "AN": "Antarctica",
    "AS": "Asia",
    "EU": "Europe",
    "NA": "North America",
    "OC": "Oceania",
    "SA": "South America",
}


class TargetUnreachable(InfrastructureError):
    """Nothing answers at the URL, so nothing can be measured."""

    def __init__(self, message: str, code: Code = Code.NO_ANSWER) -> None:
        super().__init__(message, code)


def replay(
    target: Target,
    traffic: Traffic,
    objectives: Objectives,
    *,
    mix: Sequence[PathMix] | None = None,
    progress: Progress | None = None,
) -> Report:
    """Replay traffic against a target, and return the report with its verdicts.

    Requests are sent when they are due, whether or not earlier ones have been answered, and latency counts from then:
    a target that stalls is charged for every request that it made wait, not only for those that it saw.

    Args:
        target: where, and what is known about it.
        traffic: how much, how fast, from where; its `mix` is used unless another is given.
        objectives: what the verdicts hold the numbers against.
        mix: families of requests in place of `traffic.mix`.
        progress: called as the phases go on.

    Raises:
        TargetUnreachable: the first request could not be sent at all.
        ValueError: there is no mix.
    """
    return asyncio.run(_replay(target, traffic, objectives, tuple(mix or traffic.mix), progress or _silent))


def continent_of(country: str) -> str:
    """Return the name of a country's continent, or `Unknown`."""
    known = countries().get(country)
    return _CONTINENTS[known.continent] if known else "Unknown"


def _silent(phase: str, done: int, total: int) -> None:
    pass


async def _replay(
    target: Target, traffic: Traffic, objectives: Objectives, mix: tuple[PathMix, ...], progress: Progress
) -> Report:
    started = datetime.datetime.now(datetime.timezone.utc)
    planned = plan(traffic, mix, count=traffic.requests)
    sender = Sender(target, traffic.timeout_s)
    try:
        await _preflight(target, mix, sender)
        await _warm_up(traffic, mix, sender, progress)
        before = await _read(target)
        run = _Run(mix, sender, progress, local=target.local)
        with _steady_memory():
            await run.measure(planned, traffic.requests)
        await asyncio.sleep(_SETTLE_S)
        after = await _read(target)
        failover: FailoverResult | str | None = None
        if traffic.failover is not None and target.local:
            progress("failover", 0, traffic.failover.requests)
            try:
                failover = await try_failover(traffic.failover, target.services, sender)
            except FailoverNotTried as problem:
                failover = str(problem)
            progress("failover", traffic.failover.requests, traffic.failover.requests)
    finally:
        sender.close()
    return _report(target, traffic, objectives, started, run, (before, after), failover)


async def _preflight(target: Target, mix: Sequence[PathMix], sender: Sender) -> None:
    outcome = await sender.send(mix[0].path.replace("{n}", "1") if mix else "/")
    if outcome.status is None and outcome.error != "timeout":
        raise TargetUnreachable(
            f"nothing answers at {target.url} ({outcome.error}): start the stack with `edgewright dev`, or check --url"
        )


async def _warm_up(traffic: Traffic, mix: Sequence[PathMix], sender: Sender, progress: Progress) -> None:
    """Bring the caches to where they would be in the midst of the traffic: as fast as answers come, a few at a time."""
    requests = plan(traffic, mix, count=traffic.warm_up, phase="warm-up") if traffic.warm_up else iter(())
    done = 0

    async def drain() -> None:
        nonlocal done
        for request in requests:
            await sender.send(request.path, request.country, mix[request.family].headers)
            done += 1
            progress("warm-up", done, traffic.warm_up)

    await asyncio.gather(*(drain() for _ in range(_WARM_UP_CONNECTIONS)))


async def _read(target: Target) -> Counters | CountersUnavailable | None:
    if target.counters is None:
        return None
    try:
        return await target.counters.read()
    except CountersUnavailable as problem:
        return problem


@contextlib.contextmanager
def _steady_memory() -> Iterator[None]:
    """Keep what exists already out of garbage collection: a full one in mid-run would be counted as the target's."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


class _Run:
    """The measured phase."""

    def __init__(self, mix: Sequence[PathMix], sender: Sender, progress: Progress, *, local: bool) -> None:
        self.total = Tally()
        self.by_continent: dict[str, Tally] = {}
        self.by_endpoint: dict[str, Tally] = {}
        self.duration_s = 0.0
        self.sending_s = 0.0
        self._mix = mix
        self._sender = sender
        self._progress = progress
        self._count = 0
        self._local = local

    async def measure(self, planned: Iterator[Planned], count: int) -> None:
        self._count = count
        tasks: set[asyncio.Task[None]] = set()
        first = next(planned, None)
        began = time.perf_counter()
        for request in itertools.chain([first] if first else [], planned):
            due = began + request.at_s
            # Sleeping for no time lets answers be read when the generator is behind.
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            if len(tasks) >= MAX_IN_FLIGHT:
                self._record(request, Outcome(None, "not sent", 0.0, 0.0, 0.0))
                continue
            task = asyncio.create_task(self._one(request, due))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        self.sending_s = time.perf_counter() - began
        if tasks:
            await asyncio.gather(*tasks)
        self.duration_s = time.perf_counter() - began

    async def _one(self, request: Planned, due: float) -> None:
        headers = self._mix[request.family].headers
        self._record(request, await self._sender.send(request.path, request.country, headers, due))

    def _record(self, request: Planned, outcome: Outcome) -> None:
        family = self._mix[request.family]
        tallies = [self.total, self.by_endpoint.setdefault(family.path, Tally())]
        if self._local:  # elsewhere every request comes from where this machine is
            tallies.append(self.by_continent.setdefault(continent_of(request.country), Tally()))
        for tally in tallies:
            tally.add(
                outcome,
                expect=family.expect,
                cacheable=family.cacheable,
                where=f"{request.path} from {request.country}",
            )
        self._progress("measure", self.total.sent, self._count)


def _report(
    target: Target,
    traffic: Traffic,
    objectives: Objectives,
    started: datetime.datetime,
    run: _Run,
    readings: tuple[Counters | CountersUnavailable | None, Counters | CountersUnavailable | None],
    failover: FailoverResult | str | None,
) -> Report:
    total = run.total
    errors, cache, times = total.errors(), total.cache(), latency(total.scheduled_ms)
    missing = []
    if total.answered == 0:
        missing.append(f"no request was answered: {_kinds(errors.kinds)}")
    elif total.right == 0:
        missing.append(f"no request was answered with an expected status: {_kinds(errors.kinds)}")

    origins, no_origins = _origin_use(total, readings)
    no_hits = ""
    if cache.unlabelled:
        no_hits = (
            f"{cache.unlabelled} of {cache.answers} cacheable answers carry none of Cache-Status, X-Cache and"
            " Cf-Cache-Status"
        )
    elif not cache.answers:
        no_hits = "no request that counts as cacheable was answered"
    if isinstance(failover, FailoverResult):
        why = "caches answered every request while the service was down" if failover.success is None else ""
        tried = Measured(failover.success, why)
    elif failover is None:
        why = "edgewright:traffic.failover is not set" if target.local else "failover is only tried on the local cloud"
        tried = Measured(None, why)
    else:
        tried = Measured(None, failover)
    nothing_right = total.right == 0
    measured = {
        "p50_ms": Measured(None if nothing_right else times.p50),
        "p95_ms": Measured(None if nothing_right else times.p95),
        "p99_ms": Measured(None if nothing_right else times.p99),
        "hit_ratio": Measured(None if no_hits else cache.hit_ratio, no_hits),
        "origin_reduction": Measured(origins.reduction if origins else None, no_origins),
        "error_rate": Measured(errors.ratio if total.answered else None, "no request was answered"),
        "failover_success": tried,
    }
    verdicts = judge(objectives, measured)
    missing += [f"{verdict.name}: {verdict.why}" for verdict in verdicts if verdict.state == "no-evidence"]
    return Report(
        stack=target.stack,
        url=target.url,
        started=started.strftime("%Y-%m-%dT%H:%M:%SZ"),
        seed=traffic.seed,
        rate=traffic.rate,
        achieved_rate=round(total.sent / run.sending_s, 2) if run.sending_s else None,
        duration_s=round(run.duration_s, 3),
        planned=traffic.requests,
        sent=total.sent,
        answered=total.answered,
        latency=times,
        service_time=latency(total.service_ms),
        lag=latency(total.lag_ms),
        cache=cache,
        origins=origins,
        errors=errors,
        failover=failover if isinstance(failover, FailoverResult) else None,
        by_continent={name: tally.breakdown() for name, tally in sorted(run.by_continent.items())},
        by_endpoint={path: tally.breakdown() for path, tally in sorted(run.by_endpoint.items())},
        objectives=verdicts,
        missing_evidence=missing,
        exit_code=exit_code(verdicts, missing),
    )


def _kinds(kinds: dict[str, int]) -> str:
    return ", ".join(f"{count} x {kind}" for kind, count in list(kinds.items())[:3])


def _origin_use(
    total: Tally, readings: tuple[Counters | CountersUnavailable | None, Counters | CountersUnavailable | None]
) -> tuple[OriginUse | None, str]:
    """Return what reached the origins, or why that is not known."""
    before, after = readings
    if not total.cacheable:
        return None, "no request that counts as cacheable was answered"
    for reading in readings:
        if isinstance(reading, CountersUnavailable):
            return None, str(reading)
    if isinstance(before, Counters) and isinstance(after, Counters):
        try:
            counted = difference(before, after, total.answered)
        except CountersUnavailable as problem:
            return None, str(problem)
        requests = sum(counted.origins.values())
        # What is not cacheable always goes to the origin, and says nothing about the cache.
        fair = max(0, requests - total.origin_other)
        by_origin = dict(sorted(counted.origins.items()))
        return OriginUse(
            source="gateway", requests=requests, by_origin=by_origin, reduction=reduction(fair, total.cacheable)
        ), ""
    if total.tiers["unknown"]:
        return None, f"{total.tiers['unknown']} answers do not say whether they came from a cache"
    return OriginUse(
        source="headers",
        requests=total.origin_cacheable,
        reduction=reduction(total.origin_cacheable, total.cacheable),
    ), ""
