"""One program on the local cloud, as rows of the table look at it."""

import itertools
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from edgewright.contract.tiers import HITS
from edgewright.engine.resources import Resource
from edgewright.local.control import Control
from edgewright.verify.outcome import tier_of

from tests.effect.behind import Answer, Asked, Behind
from tests.effect.identity import Identity

_numbers = itertools.count()


@dataclass(frozen=True)
class Edge:
    """One API where it answers, and what is behind it."""

    host: str
    """The platform."""
    name: str
    """Begins the names of the program's resources."""
    urls: tuple[str, ...]
    """Where the API answers, as its output says."""
    outputs: Mapping[str, Any]
    """The program's outputs: those of its components by name."""
    base_url: str
    client: httpx.Client
    control: Control
    behind: Behind
    identity: Identity
    state: Path
    """The folder in which the local cloud keeps its data."""
    resources: tuple[Resource, ...]
    """What the program declared."""

    def ask(
        self,
        path: str = "/x/1",
        method: str = "GET",
        *,
        at: str | None = None,
        country: str = "US",
        ip: str | None = None,
        body: bytes | None = None,
        **headers: str,
    ) -> httpx.Response:
        """Ask the API for a path, just as it is written. `at` is the hostname, where it is not the first one."""
        place = at or httpx.URL(self.urls[0]).host
        sent = {"X-Local-Host": place, "X-Local-Country": country, **({"X-Local-IP": ip} if ip else {})}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        url = httpx.URL(self.base_url).copy_with(raw_path=path.encode())
        return self.client.send(self.client.build_request(method, url, headers=sent, content=body))

    def fresh(self, answer: Answer | None = None, under: str = "/x", **by_region: Answer) -> str:
        """Return a path that nobody has asked for, with what the origins answer there."""
        token = secrets.token_hex(6)
        if answer is not None:
            self.behind.plan(token, answer)
        for region, own in by_region.items():
            self.behind.plan(token, own, region)
        return f"{under}/{token}"

    @staticmethod
    def number() -> int:
        """Return a number from 0 to 255 that comes after the one before: clients of the table have addresses of their own."""
        return next(_numbers) % 256

    def asked(self, path: str) -> list[Asked]:
        """Return what the origins were asked for a path of :meth:`fresh`."""
        return self.behind.asked(path.partition("?")[0].rpartition("/")[2])

    @staticmethod
    def cache(answer: httpx.Response) -> str:
        """Return `hit` or `miss`, or what else an answer says of caches."""
        tier = tier_of({name.lower(): value for name, value in answer.headers.items()})
        return "hit" if tier in HITS else tier

    @staticmethod
    def tier(answer: httpx.Response) -> str:
        """Return the tier that an answer says it came from."""
        return tier_of({name.lower(): value for name, value in answer.headers.items()})

    def bearer(self, **claims: Any) -> dict[str, Any]:
        """Return the header with a good token, but for what the claims say."""
        return {"Authorization": f"Bearer {self.identity.token(**claims)}"}
