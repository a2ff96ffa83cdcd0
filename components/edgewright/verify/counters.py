"""What the gateway counted: the evidence of what reached the origins."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import httpx


class CountersUnavailable(Exception):
    """The gateway's counters could not be read, or are not what they should be."""


@dataclass(frozen=True)
class Counters:
    """A reading of the gateway's counters.

    Attributes:
        requests: requests that came to the gateway.
        origins: origin's base URL to the requests that were sent to it.
    """

    requests: int
    origins: Mapping[str, int] = field(default_factory=dict)


class CounterSource(Protocol):
    """Where readings come from."""

    async def read(self) -> Counters:
        """Return the counters as they are now.

        Raises:
            CountersUnavailable: they cannot be read.
        """


def parse_counters(document: Any) -> Counters:
    """Return the reading in a `GET /v1/counters` document.

    Raises:
        CountersUnavailable: the document has not the shape of counters.
    """
    try:
        requests = document["requests"]
        origins = {str(url): counts["requests"] for url, counts in document["origins"].items()}
    except (TypeError, KeyError, AttributeError) as error:
        raise CountersUnavailable(f"the gateway's counters lack {error}") from None
    wrong = [value for value in (requests, *origins.values()) if isinstance(value, bool) or not isinstance(value, int)]
    if wrong:
        raise CountersUnavailable(f"the gateway's counters hold {wrong[0]!r} where a whole number belongs")
    return Counters(requests, origins)


@dataclass(frozen=True)
class GatewayCounters:
    """The counters of a running gateway, over its control port."""

    control_url: str
    token: str

    async def read(self) -> Counters:
        """Return the counters as they are now."""
        try:
            async with httpx.AsyncClient(trust_env=False, timeout=5) as client:
                answer = await client.get(
                    f"{self.control_url}/v1/counters", headers={"Authorization": f"Bearer {self.token}"}
                )
                answer.raise_for_status()
                return parse_counters(answer.json())
        except (httpx.HTTPError, ValueError) as error:
            raise CountersUnavailable(f"the gateway at {self.control_url} did not tell its counters: {error}") from None


def difference(before: Counters, after: Counters, answered: int) -> Counters:
    """Return what was counted between two readings.

    Raises:
        CountersUnavailable: a counter went back, or fewer requests were counted than were answered: the gateway was
            restarted or reset meanwhile, or it is not the one that answered. Nothing can be concluded from it then.
    """
    for name, first, last in [
        ("requests", before.requests, after.requests),
        *((url, count, after.origins.get(url, 0)) for url, count in before.origins.items()),
    ]:
        if last < first:
            raise CountersUnavailable(
                f"the gateway's counter of {name} went back from {first} to {last} during the run: it was restarted"
                " or reset; run verify again"
            )
    counted = after.requests - before.requests
    if counted < answered:
        raise CountersUnavailable(
            f"{answered} requests were answered, and the gateway counted {counted}: its counters are not of this"
            " traffic; check --url"
        )
    return Counters(counted, {url: count - before.origins.get(url, 0) for url, count in after.origins.items()})
