"""Asking for pages at a bounded rate, and then whether they are there."""

import asyncio
import collections
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import httpx

from edgewright.contract.tiers import HITS
from edgewright.purge.journal import Journal
from edgewright.verify.outcome import tier_of
from edgewright.warm.sources import Page

TIMEOUT_S: Final = 30.0
TRIES: Final = 3
"""A page that is refused for now (429, 503) or not answered is asked for again, so often at most."""
FIRST_WAIT_S: Final = 0.5
LONGEST_WAIT_S: Final = 30.0
SETTLE_S: Final = 0.2
"""Time for what is stored behind an answer."""


@dataclass(frozen=True)
class Ask:
    """One request: a page, as one country's client."""

    page: Page
    country: str | None

    @property
    def id(self) -> str:
        """Its name in the journal."""
        return f"{self.country or ''} {self.page.host or ''} {self.page.path}"


@dataclass(frozen=True)
class Warmed:
    """What became of the requests.

    Attributes:
        asked: how many there were, those of an earlier, interrupted run included.
        before: hits already when first asked for.
        became: asked for, and hits when asked again.
        missed: answered, and no hit when asked again; by what the answer says.
        failed: no answer, or one with an error; by status or reason.
        examples: one request for each of those.
    """

    asked: int
    before: int
    became: int
    missed: Mapping[str, int]
    failed: Mapping[str, int]
    examples: Mapping[str, str]

    @property
    def hits(self) -> int:
        """How many are served from a cache now."""
        return self.before + self.became

    @property
    def share(self) -> float:
        """The hits' share of all, in percent."""
        return 100 * self.hits / self.asked if self.asked else 0.0


class Warmer:
    """Asks for pages.

    Args:
        url: where the edge answers.
        rate: requests a second, at most.
        concurrency: requests at once, at most.
        local: the edge is the local cloud: it takes other hosts, and countries.
        transport: for tests.
    """

    def __init__(
        self,
        url: str,
        *,
        rate: float,
        concurrency: int,
        local: bool,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._url = url.rstrip("/")
        self._gap = 1 / rate
        self._concurrency = concurrency
        self._local = local
        self._transport = transport
        self._next = 0.0

    def run(self, asks: Sequence[Ask], journal: Journal, told: Callable[[int, int], None]) -> Warmed:
        """Ask for everything that the journal does not have yet, and again for what was no hit; `told` (done, all)."""
        return asyncio.run(self._run(asks, journal, told))

    async def _run(self, asks: Sequence[Ask], journal: Journal, told: Callable[[int, int], None]) -> Warmed:
        limits = httpx.Limits(max_connections=self._concurrency, max_keepalive_connections=self._concurrency)
        async with httpx.AsyncClient(
            limits=limits, timeout=TIMEOUT_S, trust_env=not self._local, transport=self._transport
        ) as client:
            try:
                waiting = [ask for ask in asks if ask.id not in journal.done]
                done = len(asks) - len(waiting)
                told(done, len(asks))
                lock = asyncio.Lock()
                queue = iter(waiting)

                async def lane() -> None:
                    nonlocal done
                    for ask in queue:
                        await self._turn(lock)
                        first = await self._ask(client, ask)
                        if first == "miss":
                            # Whether it is stored, another request tells; whatever it brings is no more than the first did.
                            await asyncio.sleep(SETTLE_S)
                            await self._turn(lock)
                            second = await self._ask(client, ask)
                            first = "became" if second == "hit" else second
                        journal.add(ask.id, first)
                        done += 1
                        told(done, len(asks))

                lanes = [asyncio.create_task(lane()) for _ in range(min(self._concurrency, max(1, len(waiting))))]
                try:
                    await asyncio.gather(*lanes)
                finally:
                    for task in lanes:
                        task.cancel()
                    await asyncio.gather(*lanes, return_exceptions=True)
            except BaseException:
                journal.close()
                raise
        warmed = summary(asks, journal.done)
        journal.finish()
        return warmed

    async def _turn(self, lock: asyncio.Lock) -> None:
        """Wait for this request's turn. Time that was not used is not made up for in a burst."""
        async with lock:
            now = asyncio.get_running_loop().time()
            at = max(now, self._next)
            self._next = at + self._gap
        await asyncio.sleep(at - now)

    async def _ask(self, client: httpx.AsyncClient, ask: Ask) -> str:
        """Return `hit`, `miss`, `bypass`, `private`, `unknown`, or `failed ...` with the reason."""
        headers = {"Accept-Encoding": "identity", "User-Agent": "edgewright-warm"}
        if ask.country:
            headers["X-Local-Country"] = ask.country
        if ask.page.host and self._local:
            headers["X-Local-Host"] = ask.page.host
        reason = ""
        for attempt in range(TRIES):
            wait = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2**attempt)
            try:
                async with client.stream("GET", self._url + ask.page.path, headers=headers) as answer:
                    async for _ in answer.aiter_bytes():
                        pass
            except httpx.TimeoutException:
                reason = "no answer in time"
            except httpx.HTTPError as error:
                reason = type(error).__name__
            else:
                if answer.status_code < 400:
                    tier = tier_of(answer.headers)
                    return "hit" if tier in HITS else tier
                if answer.status_code in (401, 403):
                    return "private"
                reason = f"status {answer.status_code}"
                if answer.status_code not in (429, 502, 503, 504):
                    break
                text = answer.headers.get("retry-after", "")
                wait = min(LONGEST_WAIT_S, float(text)) if text.isdigit() else wait
            if attempt < TRIES - 1:
                await asyncio.sleep(wait)
        return f"failed {reason}"


def summary(asks: Sequence[Ask], done: Mapping[str, object]) -> Warmed:
    """Count what became of requests."""
    counts: collections.Counter[str] = collections.Counter()
    examples: dict[str, str] = {}
    for ask in asks:
        result = str(done[ask.id])
        counts[result] += 1
        examples.setdefault(result, f"{ask.page.path}{f' ({ask.country})' if ask.country else ''}")
    failed = {
        name.removeprefix("failed "): number for name, number in sorted(counts.items()) if name.startswith("failed ")
    }
    missed = {name: counts[name] for name in ("miss", "bypass", "private", "unknown") if counts[name]}
    return Warmed(
        asked=len(asks),
        before=counts["hit"],
        became=counts["became"],
        missed=missed,
        failed=failed,
        examples={name.removeprefix("failed "): text for name, text in examples.items()},
    )
