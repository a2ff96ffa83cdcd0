"""Cloudflare's API, as far as a purge uses it: the zone's cache, and KV.

https://developers.cloudflare.com/api/resources/cache/methods/purge/ and .../kv/subresources/namespaces/ (November 2026).
"""

import email.utils
import json
import os
import random
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote, urlsplit

import httpx
from typing_extensions import NotRequired, TypedDict

from edgewright.base.errors import InfrastructureError, ProjectError
from edgewright.base.fault import ProjectFault
from edgewright.base.fault_codes import Code
from edgewright.contract.limits import limit
from edgewright.contract.purge import Purge

BASE_URL: Final = "https://api.cloudflare.com/client/v4"
BASE_URL_VARIABLE: Final = "CLOUDFLARE_BASE_URL"
TOKEN_VARIABLE: Final = "CLOUDFLARE_API_TOKEN"

PLANS: Final = ("free", "pro", "business", "enterprise")
BURST: Final = {"free": 25, "pro": 25, "business": 50, "enterprise": 500}
"""Purge requests that may come at once, by the zone's plan; after them the rate counts.
https://developers.cloudflare.com/cache/how-to/purge-cache/#availability-and-limits"""

TRIES: Final = 8
FIRST_WAIT_S: Final = 1.0
LONGEST_WAIT_S: Final = 60.0
BULK_PAIRS: Final = 10_000


def purge_operations() -> int:
    """Return how many operations one purge request may have."""
    return int(limit("cloudflare.cache.purge_operations").value)


class Pair(TypedDict):
    """A key of a KV namespace with its value."""

    key: str
    value: str
    expiration_ttl: NotRequired[int]
    metadata: NotRequired[Mapping[str, object]]


class Written(TypedDict):
    """What became of a bulk of keys."""

    unsuccessful_keys: NotRequired[Sequence[str] | None]


class Answer(TypedDict):
    """What the API answers where it did what was asked."""

    success: bool
    result: NotRequired[Written | None]


class Pace:
    """A token bucket: how fast purge requests may be sent without being refused."""

    def __init__(self, burst: float, per_second: float, clock: Callable[[], float], sleep: Callable[[float], None]):
        self._burst = burst
        self._rate = per_second
        self._clock = clock
        self._sleep = sleep
        self._tokens = burst
        self._at = clock()

    def take(self) -> None:
        """Wait until one more may be sent."""
        now = self._clock()
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate)
        self._at = now
        if self._tokens < 1:
            wait = (1 - self._tokens) / self._rate
            self._sleep(wait)
            self._at += wait
            self._tokens = 1
        self._tokens -= 1


class Cloudflare:
    """A client of the API.

    Args:
        token: an API token with `Zone > Cache Purge` and `Account > Workers KV Storage: Edit`.
        plan: the zone's plan, which says how fast purges may be sent.
        base_url: where the API is.
        clock: seconds, for the pace.
        sleep: waits so many seconds.
    """

    def __init__(
        self,
        token: str,
        plan: str = "free",
        base_url: str = BASE_URL,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._sleep = sleep
        per_minute = limit("cloudflare.cache.purges_per_minute", plan=plan).value
        self._pace = Pace(BURST[plan], per_minute / 60, clock, sleep)
        self._client = httpx.Client(
            base_url=base_url.rstrip("/"), headers={"Authorization": f"Bearer {token}"}, timeout=30
        )
        self.waited: list[float] = []
        """Seconds waited for each refusal or fault that was tried again."""

    @classmethod
    def from_environment(cls, plan: str) -> "Cloudflare":
        """Return a client by what the environment says.

        Raises:
            ProjectError: there is no token, or the address is none that a token may be sent to.
        """
        token = os.environ.get(TOKEN_VARIABLE, "").strip()
        base = os.environ.get(BASE_URL_VARIABLE, "").strip() or BASE_URL
        faults: list[ProjectFault] = []

        def fault(text: str) -> None:
            faults.append(ProjectFault(text, Code.CREDENTIALS))

        if not token:
            fault(
                f"{TOKEN_VARIABLE} is not set. Make an API token with the permissions Zone > Cache Purge > Purge and"
                " Account > Workers KV Storage > Edit at https://dash.cloudflare.com/profile/api-tokens, and set it; or"
                " look first with --dry-run, which needs none"
            )
        elif not token.isascii() or any(character.isspace() for character in token):
            fault(f"{TOKEN_VARIABLE} is not a token: it has blanks or characters outside ASCII")
        parts = urlsplit(base)
        loopback = parts.hostname in ("127.0.0.1", "localhost", "::1")
        if parts.scheme != "https" and not (parts.scheme == "http" and loopback):
            fault(f"{BASE_URL_VARIABLE} is {base!r}: must be an https:// URL; http:// only on this machine")
        if faults:
            raise ProjectError(faults)
        return cls(token, plan, base)

    def __enter__(self) -> "Cloudflare":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close its connections."""
        self._client.close()

    def purge_zone(self, zone_id: str, purge: Purge) -> None:
        """Purge a zone's cache, softly by its own kind of request; `purge` has at most :func:`purge_operations` operations
        and no bare path. https://developers.cloudflare.com/changelog/post/2026-09-28-cache-invalidation/

        Raises:
            ProjectError: the token may not.
            InfrastructureError: the API refuses or fails, also after being tried again.
        """
        action = "invalidate_cache" if purge.soft else "purge_cache"
        for body in zone_bodies(purge):
            self._pace.take()
            self._call("POST", f"/zones/{quote(zone_id, safe='')}/{action}", body, "Zone > Cache Purge > Purge")

    def write_keys(self, account_id: str, namespace_id: str, pairs: Sequence[Pair]) -> None:
        """Write keys of a KV namespace: `key`, `value` (text) and `expiration_ttl` each; raises as :meth:`purge_zone`."""
        path = f"/accounts/{quote(account_id, safe='')}/storage/kv/namespaces/{quote(namespace_id, safe='')}/bulk"
        for start in range(0, len(pairs), BULK_PAIRS):
            result = self._call(
                "PUT", path, list(pairs[start : start + BULK_PAIRS]), "Account > Workers KV Storage > Edit"
            )
            failed = (result.get("result") or {}).get("unsuccessful_keys") or []
            if failed:
                raise InfrastructureError(
                    f"KV namespace {namespace_id} took not all keys: {', '.join(map(str, failed[:5]))}; run this again",
                    Code.REMOTE,
                )

    def _call(self, method: str, path: str, body: object, permission: str) -> Answer:
        content = json.dumps(body)
        for attempt in range(TRIES):
            try:
                answer = self._client.request(
                    method, path, content=content, headers={"Content-Type": "application/json"}
                )
            except httpx.HTTPError as error:
                fault, wait = f"{type(error).__name__}: {error}", None
            else:
                if answer.is_success:
                    return _result(answer, path)
                fault = f"{answer.status_code}: {_messages(answer)}"
                if answer.status_code in (401, 403):
                    raise ProjectError(
                        f"{TOKEN_VARIABLE}: Cloudflare answers {fault} to {path}. The token needs the permission"
                        f" {permission} for this zone and account",
                        Code.CREDENTIALS,
                    )
                if answer.status_code != 429 and answer.status_code < 500:
                    raise InfrastructureError(f"Cloudflare answers {fault} to {method} {path}", Code.REMOTE)
                wait = _retry_after(answer)
            if attempt < TRIES - 1:
                self._wait(attempt, wait)
        raise InfrastructureError(
            f"{method} {path} failed {TRIES} times, last with {fault}. What is done is written down: run the same"
            " command again later, and it goes on from here",
            Code.REMOTE,
        )

    def _wait(self, attempt: int, asked: float | None) -> None:
        backoff = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2**attempt)
        # Jitter, so that several that were refused together do not come back together; never before it was asked for.
        wait = random.uniform(backoff / 2, backoff) if asked is None else asked + random.uniform(0, FIRST_WAIT_S)
        self.waited.append(wait)
        self._sleep(wait)


def zone_bodies(purge: Purge) -> list[dict[str, Any]]:
    """Return the request bodies of a purge of a zone's cache: one a kind, because a request may have one kind only."""
    if purge.everything:
        return [{"purge_everything": True}]
    bodies: list[dict[str, Any]] = []
    if purge.urls:
        bodies.append({"files": list(purge.urls)})
    if purge.prefixes:
        bodies.append({"prefixes": [prefix.split("://", 1)[-1] for prefix in purge.prefixes]})
    if purge.tags:
        bodies.append({"tags": list(purge.tags)})
    return bodies


def _result(answer: httpx.Response, path: str) -> Answer:
    try:
        value: Answer = answer.json()
        succeeded = value.get("success") is True
    except (ValueError, AttributeError):
        raise InfrastructureError(
            f"{path} answered something that is not Cloudflare's API: {answer.text[:200]!r}", Code.REMOTE
        ) from None
    if not succeeded:
        raise InfrastructureError(f"Cloudflare refused {path}: {_messages(answer)}", Code.REMOTE)
    return value


def _messages(answer: httpx.Response) -> str:
    try:
        errors = answer.json().get("errors") or []
        text = "; ".join(f"{error.get('message')} ({error.get('code')})" for error in errors)
    except (ValueError, AttributeError):
        text = answer.text
    return text[:300] or answer.reason_phrase


def _retry_after(answer: httpx.Response) -> float | None:
    """Return the seconds that `Retry-After` asks for (RFC 9110, section 10.2.3), in bounds."""
    text = answer.headers.get("retry-after", "").strip()
    if text.isdigit():
        return min(float(text), 15 * LONGEST_WAIT_S)
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    return min(max(0.0, moment.timestamp() - time.time()), 15 * LONGEST_WAIT_S)
