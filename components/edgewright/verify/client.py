"""Sends planned requests and says what became of them."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from edgewright.config.models import Service
from edgewright.contract.tiers import HITS
from edgewright.verify.counters import CounterSource
from edgewright.verify.outcome import Outcome, region_of, tier_of
from edgewright.verify.wire import ExchangeFailed, Wire

MAX_IN_FLIGHT = 800
"""More requests than this waiting at once are not sent and count as errors: each has a connection, and many systems
allow a process 1024 open files."""


@dataclass(frozen=True)
class Target:
    """What is measured.

    Attributes:
        url: base URL that requests go to.
        stack: the stack's name, for the report.
        local: whether it is the local cloud, which lets a request choose its country.
        host: which of the stack's hostnames is meant, where the local cloud serves several.
        counters: the gateway's counters; None for a deployed stack, whose answers' headers are counted instead.
        services: the stack's services, for failover.
    """

    url: str
    stack: str = ""
    local: bool = False
    host: str | None = None
    counters: CounterSource | None = None
    services: tuple[Service, ...] = field(default=())


class Sender:
    """Sends requests to a target, and never raises for what a server does."""

    def __init__(self, target: Target, timeout_s: float) -> None:
        self._target = target
        self._wire = Wire(target.url, timeout_s)
        self._headers = {"User-Agent": "edgewright-verify", "Accept": "*/*"}
        if target.host:
            self._headers["X-Local-Host" if target.local else "Host"] = target.host

    def close(self) -> None:
        """Close every connection."""
        self._wire.close()

    async def send(
        self, path: str, country: str = "", headers: Mapping[str, str] | None = None, due: float | None = None
    ) -> Outcome:
        """Send a GET and return its outcome. `due` is when it should have been sent, on `time.perf_counter`'s clock."""
        sent = time.perf_counter()
        due = sent if due is None else due
        all_headers = {**self._headers, **(headers or {})}
        if self._target.local and country:
            all_headers["X-Local-Country"] = country
        try:
            answer = await self._wire.get(path, all_headers)
        except ExchangeFailed as problem:
            done = time.perf_counter()
            return Outcome(None, problem.kind, (done - due) * 1000, (done - sent) * 1000, max(0.0, (sent - due) * 1000))
        done = time.perf_counter()
        tier, region = tier_of(answer.headers), region_of(answer.headers)
        return Outcome(
            status=answer.status,
            error=None,
            scheduled_ms=(done - due) * 1000,
            service_ms=(done - sent) * 1000,
            lag_ms=max(0.0, (sent - due) * 1000),
            tier=tier,
            region=region,
            reached_origin=tier not in HITS
            and (tier == "miss" or region is not None or "x-origin-latency" in answer.headers),
        )
