"""A purge of a deployed stack: its steps, in an order in which what is removed does not come back from behind."""

import json
import os
import random
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import urlsplit

import httpx

from edgewright.base.errors import InfrastructureError, ProjectError
from edgewright.contract.limits import limit
from edgewright.contract.purge import MARKERS_A_KEY, Purge
from edgewright.platforms.cloudflare.purge import Cloudflare, purge_operations
from edgewright.platforms.cloudfront.purge import CloudFront, batches, check_soft, items
from edgewright.purge.deployed import Function
from edgewright.purge.journal import Journal

MARKER_TTL_S: Final = 31 * 86400
"""How long a marker stays: longer than any entry, as in `edge/src/core/cache/purge.ts`."""
_LAST_MS: Final = 10**13
"""A marker's key has what is left of its time to this, so that the newest come first, as in `edge/src/core/cache/kv-tier.ts`."""
TICKET_TTL_S: Final = 3600
PURGE_PATH: Final = "/.well-known/edgewright/purge"
TOKEN_VARIABLE: Final = "EDGEWRIGHT_PURGE_TOKEN"
"""The token by which a function with a shield takes a purge: its secret of this name, and this variable's value."""

ARRIVAL_S: Final = 150.0
"""How long a ticket may take to arrive: KV tells of a minute or more, misses are cached as well."""
FIRST_WAIT_S: Final = 2.0
LONGEST_WAIT_S: Final = 30.0


@dataclass(frozen=True)
class Step:
    """One step of a purge.

    Attributes:
        kind: `kv`, `shield`, `front`, `zone` or `cloudfront`.
        text: what it does, for people.
    """

    id: str
    kind: str
    text: str
    function: Function
    target: str
    """The namespace's, zone's or distribution's id, or the function's URL."""
    purge: Purge
    items: tuple[str, ...] = ()
    """cloudfront: the invalidation's items."""


def steps(purge: Purge, functions: Sequence[Function]) -> tuple[tuple[Step, ...], tuple[str, ...]]:
    """Return the steps, and notes on what they do not reach. The function's own tiers come first: a cache in front that is
    emptied before them would be filled from them again.

    Raises:
        ProjectError: the purge is soft, and something of it is on CloudFront.
    """
    check_soft(purge, {each.distribution: each.hosts for each in functions if each.distribution is not None})
    kv: list[Step] = []
    front: list[Step] = []
    zone: list[Step] = []
    notes: list[str] = []
    zones: set[str] = set()
    for function in functions:
        own = purge.on(function.hosts).served(function.as_sent)
        name = function.script_name
        if function.distribution is not None:
            zone += _cloudfront(function, function.distribution, purge, notes)
            if function.staging is not None:
                zone += _cloudfront(function, function.staging, purge, [])
            continue
        if own.empty() and not purge.empty() and function.urls:
            notes.append(f"{name}: can never serve what is to be purged, and has none of it")
            continue
        if not function.urls and any(url.startswith("/") for url in purge.urls):
            notes.append(f"{name}: has no address, so that URLs that are only a path mean nothing there")
        for namespace in function.namespaces:
            kv.append(
                Step(f"kv {namespace}", "kv", f"{name}: markers in KV namespace {namespace}", function, namespace, own)
            )
        if function.shielded:
            front += _shield(function, own, notes)
        elif not function.namespaces:
            notes.append(_unreached(function, own))
        if function.front:
            front += _front(function, own, notes)
        if function.zone_id is not None and function.zone_id not in zones:
            zones.add(function.zone_id)
            zone += _zone(function, function.zone_id, own)
    return (*kv, *front, *zone), tuple(notes)


def _unreached(function: Function, purge: Purge) -> str:
    """What of a function's tiers a purge does not reach where neither KV nor a shield brings it.

    The zone's purge by tag and of everything takes what a Worker has put into its cache, the one by URL does not:
    https://developers.cloudflare.com/cache/how-to/purge-cache/purge-cache-key/ (November 2026). The edge tier's own URLs
    are of no host of the zone, so that hosts and prefixes do not find them either.
    """
    lacks = f"{function.script_name}: has neither a KV tier nor a shield, by which a purge travels"
    remedy = "Give a CachePolicy `tiers.kv` or `tiers.shield`, or deploy with another `key`"
    if function.zone_id is None or purge.soft or not (purge.everything or purge.tags):
        return f"{lacks}: what its edge tier and memory hold stays until it expires. {remedy}"
    what = "everything" if purge.everything else "tags"
    found = (
        f"{lacks}. The zone's purge of {what} empties its edge tier too, by Cloudflare's documentation; what its memory"
    )
    found += " holds stays until it expires"
    if purge.urls or purge.prefixes:
        return f"{found}, and so does in both what is named by URL or prefix. {remedy}"
    return found


def _shield(function: Function, purge: Purge, notes: list[str]) -> list[Step]:
    name = function.script_name
    if not token() or not function.urls:
        lacks = "an address" if not function.urls else f"{TOKEN_VARIABLE}, the token that is its secret of that name"
        also = "the markers in KV reach it, in 90 s" if function.namespaces else "nothing of it is purged"
        notes.append(
            f"{name}: its shield takes a purge at once from the function alone, which needs {lacks}; without it {also}"
        )
        return []
    return [
        Step(f"shield {name} {index}", "shield", f"{name}: shield, {size(part)}", function, _base(function), part)
        for index, part in enumerate(purge.batches(purge_operations()))
    ]


def token() -> str:
    """Return the token by which functions with a shield take a purge; empty where there is none."""
    return os.environ.get(TOKEN_VARIABLE, "").strip()


def _base(function: Function) -> str:
    url = urlsplit(function.urls[0])
    return f"{url.scheme}://{url.netloc}"


def _front(function: Function, purge: Purge, notes: list[str]) -> list[Step]:
    name = function.script_name
    if not function.namespaces or not function.urls:
        notes.append(
            f"{name}: its cache in front (engine `platform`) takes a purge from the function alone, which is reached by"
            " an address and a KV tier; a deployment empties it, because each version has its own"
        )
        return []
    return [
        Step(f"front {name} {index}", "front", f"{name}: cache in front, {size(part)}", function, _base(function), part)
        for index, part in enumerate(purge.batches(purge_operations()))
    ]


def _zone(function: Function, zone_id: str, purge: Purge) -> list[Step]:
    # The zone's cache knows hosts: a bare path is one prefix a host.
    prefixes = [prefix for prefix in purge.prefixes if not prefix.startswith("/")]
    prefixes += [
        f"https://{host}{prefix}" for prefix in purge.prefixes if prefix.startswith("/") for host in function.hosts
    ]
    prefixes += [prefix for target in (*purge.urls, *purge.prefixes) for prefix in function.behind(target)]
    # It keeps URLs as they were sent.
    whole = replace(purge, prefixes=tuple(prefixes)).spelled()
    return [
        Step(f"zone {zone_id} {kind} {index}", "zone", f"zone {zone_id}: {size(part)}", function, zone_id, part)
        for kind, one in _kinds(whole)
        for index, part in enumerate(one.batches(purge_operations()))
    ]


def _cloudfront(function: Function, distribution: str, purge: Purge, notes: list[str]) -> list[Step]:
    where = f"distribution {distribution}"
    found = items(purge, function.hosts)
    if not found:
        notes.append(f"{where}: none of the URLs and prefixes is on one of its hosts, {', '.join(function.hosts)}")
    return [
        Step(f"{where} {index}", "cloudfront", f"{where}: {_count(part)}", function, distribution, purge, part)
        for index, part in enumerate(batches(found))
    ]


def _count(part: Sequence[str]) -> str:
    tags = sum(item.startswith("#") for item in part)
    paths = len(part) - tags
    counts = [(paths, "path", "paths"), (tags, "tag", "tags")]
    return ", ".join(f"{count} {one if count == 1 else many}" for count, one, many in counts if count)


def _kinds(purge: Purge) -> list[tuple[str, Purge]]:
    """A request to a zone has operations of one kind."""
    if purge.everything:
        return [("everything", purge)]
    return [
        ("urls", Purge(urls=purge.urls, soft=purge.soft)),
        ("prefixes", Purge(prefixes=purge.prefixes, soft=purge.soft)),
        ("tags", Purge(tags=purge.tags, soft=purge.soft)),
    ]


def size(purge: Purge) -> str:
    """Return how much a purge is, for people."""
    if purge.everything:
        return "everything"
    counts = [
        (len(purge.urls), "URL", "URLs"),
        (len(purge.prefixes), "prefix", "prefixes"),
        (len(purge.tags), "tag", "tags"),
    ]
    return ", ".join(f"{count} {one if count == 1 else many}" for count, one, many in counts if count)


class Purger:
    """Does the steps of a purge.

    Args:
        cloudflare: the API; None where nothing of the purge is on Cloudflare.
        journal: what is done already.
        cloudfront: CloudFront's API, for what is there.
        sleep: waits so many seconds.
        clock: seconds.
        client: asks the functions themselves; closed when the purge is done.
    """

    def __init__(
        self,
        cloudflare: Cloudflare | None,
        journal: Journal,
        *,
        cloudfront: CloudFront | None = None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        client: httpx.Client | None = None,
    ) -> None:
        self._given = cloudflare
        self._cloudfront_api = cloudfront or CloudFront()
        self._journal = journal
        self._sleep = sleep
        self._clock = clock
        self._client = client or httpx.Client(timeout=30)

    def run(self, todo: Sequence[Step], told: Callable[[Step, bool], None]) -> None:
        """Do what is not done yet; `told` of each step, and whether it was done before.

        Raises:
            ProjectError: the token may not.
            InfrastructureError: something fails; the journal says what is done.
        """
        try:
            for step in todo:
                before = step.id in self._journal.done
                if not before:
                    self._journal.add(step.id, getattr(self, f"_{step.kind}")(step))
                told(step, before)
        except BaseException:
            self._journal.close()
            raise
        finally:
            self._client.close()
        self._journal.finish()

    @property
    def _cloudflare(self) -> Cloudflare:
        assert self._given is not None, "a step on Cloudflare without its API"
        return self._given

    def _cloudfront(self, step: Step) -> dict[str, Any]:
        # The purge's own time keys it: a step that was interrupted makes no second invalidation when it is done again.
        key = f"{int(self._journal.began * 1000)} {step.id}"
        return {"invalidation": self._cloudfront_api.invalidate(step.target, step.items, key)}

    def _kv(self, step: Step) -> None:
        # Of when the purge was asked for, not of when it was tried again: what came since is not void.
        began = int(self._journal.began * 1000)
        markers = step.purge.markers(began, step.function.specs, as_sent=step.function.as_sent)
        pairs = []
        for start in range(0, len(markers), MARKERS_A_KEY):
            some = markers[start : start + MARKERS_A_KEY]
            pair: dict[str, Any] = {
                "key": f"purge:{_LAST_MS - began:013d}:{secrets.token_hex(8)}",
                "value": json.dumps(some, separators=(",", ":")),
                "expiration_ttl": MARKER_TTL_S,
            }
            # Told by the list itself where they fit, so that a new isolate reads all markers with one look.
            noted = {"markers": some}
            most = limit("cloudflare.kv.metadata_bytes").value
            if len(json.dumps(noted, separators=(",", ":"), ensure_ascii=False).encode()) <= most:
                pair["metadata"] = noted
            pairs.append(pair)
        self._cloudflare.write_keys(step.function.account_id, step.target, pairs)

    def _zone(self, step: Step) -> None:
        self._cloudflare.purge_zone(step.target, step.purge)

    def _shield(self, step: Step) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {token()}"}
        deadline = self._clock() + ARRIVAL_S
        wait = FIRST_WAIT_S
        while True:
            try:
                answer = self._client.post(f"{step.target}{PURGE_PATH}", json=step.purge.document(), headers=headers)
                report = answer.json() if answer.is_success else None
                fault = f"answers {answer.status_code}"
            except (httpx.HTTPError, ValueError) as error:
                answer, report, fault = None, None, f"does not answer ({type(error).__name__})"
            if report is not None:
                return dict(report)
            if answer is not None and answer.status_code in (401, 403):
                raise ProjectError(
                    f"{TOKEN_VARIABLE}: {step.target} {fault}: it must be the secret of that name that the EdgeApi was"
                    " deployed with, of 32 characters or more"
                )
            if answer is not None and answer.status_code in (404, 405):
                raise ProjectError(
                    f"{step.target}{PURGE_PATH} {fault}: the function was deployed without the secret {TOKEN_VARIABLE};"
                    " give it in EdgeApi's `secrets`"
                )
            if self._clock() + wait > deadline:
                raise InfrastructureError(
                    f"{step.text}: {step.target}{PURGE_PATH} {fault}. Run the same command again later, and it goes on"
                    " from here"
                )
            self._sleep(random.uniform(wait / 2, wait))
            wait = min(LONGEST_WAIT_S, wait * 2)

    def _front(self, step: Step) -> dict[str, Any]:
        ticket = secrets.token_urlsafe(32)
        value = json.dumps(step.purge.document(), separators=(",", ":"))
        pair = {"key": f"purge-request:{ticket}", "value": value, "expiration_ttl": TICKET_TTL_S}
        self._cloudflare.write_keys(step.function.account_id, step.function.namespaces[0], [pair])
        deadline = self._clock() + ARRIVAL_S
        wait = FIRST_WAIT_S
        while True:
            report, fault = self._ask(step.target, ticket)
            if report is not None:
                return report
            if self._clock() + wait > deadline:
                raise InfrastructureError(
                    f"{step.text}: {step.target}{PURGE_PATH} {fault}. Run the same command again later, and it goes on"
                    " from here"
                )
            self._sleep(random.uniform(wait / 2, wait))
            wait = min(LONGEST_WAIT_S, wait * 2)

    def _ask(self, url: str, ticket: str) -> tuple[dict[str, Any] | None, str]:
        try:
            answer = self._client.post(f"{url}{PURGE_PATH}", json={"ticket": ticket})
            report = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            return None, f"does not answer as edgewright's function does ({type(error).__name__})"
        if answer.status_code == 404 and report.get("code") == "unknown-ticket":
            return None, "has not seen the purge in KV yet"
        if answer.status_code != 200 or "front" not in report:
            return None, f"answers {answer.status_code}, not as edgewright's function does"
        if report["front"] == "none":
            raise InfrastructureError(
                f"{url}: the function that answers has no cache in front; is this state of another deployment?"
            )
        if report["front"] != "purged":
            return None, f"was {report['front']}"  # Workers Cache is purged at the free plan's rate, whatever the plan
        return dict(report), ""
