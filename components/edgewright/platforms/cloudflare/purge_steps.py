"""How what is on Cloudflare is purged: KV's markers, the shield, the cache in front, and the zone's own cache."""

import json
import os
import random
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlsplit

import httpx

from edgewright.base.errors import InfrastructureError, ProjectError
from edgewright.base.fault_codes import Code
from edgewright.contract.limits import limit
from edgewright.contract.purge import MARKERS_A_KEY, Purge
from edgewright.platforms.cloudflare.purge import Cloudflare, Pair, purge_operations
from edgewright.platforms.purging import Doer, Function, Step, Steps, Work, size

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


def check(_purge: Purge, _functions: Sequence[Function]) -> None:
    """Refuse nothing: all kinds of purges are known here."""


def check_local(_purge: Purge, _hosts: Mapping[str, Sequence[str]]) -> None:
    """Refuse nothing."""


def steps(purge: Purge, functions: Sequence[Function]) -> Steps:
    """Return the steps for functions on Cloudflare."""
    found = Steps()
    zones: set[str] = set()
    for function in functions:
        own = purge.on(function.hosts).served(function.as_sent)
        name = function.script_name
        if own.empty() and not purge.empty() and function.urls:
            found.notes.append(f"{name}: can never serve what is to be purged, and has none of it")
            continue
        if not function.urls and any(url.startswith("/") for url in purge.urls):
            found.notes.append(f"{name}: has no address, so that URLs that are only a path mean nothing there")
        for namespace in function.namespaces:
            found.own.append(
                Step(f"kv {namespace}", "kv", f"{name}: markers in KV namespace {namespace}", function, namespace, own)
            )
        if function.shielded:
            found.front += _shield(function, own, found.notes)
        elif not function.namespaces:
            found.notes.append(_unreached(function, own))
        if function.front:
            found.front += _front(function, own, found.notes)
        if function.zone_id is not None and function.zone_id not in zones:
            zones.add(function.zone_id)
            found.last += _zone(function, function.zone_id, own)
    return found


def doer(steps: Sequence[Step], work: Work) -> Doer:
    """Return who does these steps."""
    needs_api = any(step.kind != "shield" for step in steps)
    return _Doer(Cloudflare.from_environment(work.plan) if needs_api else None, work)


def arrival_s(kinds: set[str]) -> int | None:
    """Return how long KV and the shield take to tell every data centre."""
    if "kv" in kinds:
        return 90
    return 30 if "shield" in kinds else None


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


def _kinds(purge: Purge) -> list[tuple[str, Purge]]:
    """A request to a zone has operations of one kind."""
    if purge.everything:
        return [("everything", purge)]
    return [
        ("urls", Purge(urls=purge.urls, soft=purge.soft)),
        ("prefixes", Purge(prefixes=purge.prefixes, soft=purge.soft)),
        ("tags", Purge(tags=purge.tags, soft=purge.soft)),
    ]


class _Doer:
    def __init__(self, api: Cloudflare | None, work: Work) -> None:
        self._api = api
        self._began_ms = int(work.began_s * 1000)
        self._client = work.client
        self._sleep = work.sleep
        self._clock = work.clock
        self.waited: list[float] = [] if api is None else api.waited

    def do(self, step: Step) -> dict[str, Any] | None:
        if step.kind == "shield":
            return self._shield(step)
        if step.kind == "front":
            return self._front(step)
        if step.kind == "kv":
            self._kv(step)
        else:
            self._cloudflare.purge_zone(step.target, step.purge)
        return None

    def close(self) -> None:
        if self._api is not None:
            self._api.close()

    @property
    def _cloudflare(self) -> Cloudflare:
        assert self._api is not None, "a step that needs the API, without it"
        return self._api

    def _kv(self, step: Step) -> None:
        began = self._began_ms
        markers = step.purge.markers(began, step.function.keys, as_sent=step.function.as_sent)
        pairs = []
        for start in range(0, len(markers), MARKERS_A_KEY):
            some = markers[start : start + MARKERS_A_KEY]
            pair: Pair = {
                "key": f"purge:{_LAST_MS - began:013d}:{secrets.token_hex(8)}",
                "value": json.dumps(some, separators=(",", ":")),
                "expiration_ttl": MARKER_TTL_S,
            }
            # Told by the list itself where they fit, so that a new isolate reads all markers with one look.
            noted: dict[str, object] = {"markers": some}
            most = limit("cloudflare.kv.metadata_bytes").value
            if len(json.dumps(noted, separators=(",", ":"), ensure_ascii=False).encode()) <= most:
                pair["metadata"] = noted
            pairs.append(pair)
        self._cloudflare.write_keys(step.function.account_id, step.target, pairs)

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
                    " deployed with, of 32 characters or more",
                    Code.CREDENTIALS,
                )
            if answer is not None and answer.status_code in (404, 405):
                raise ProjectError(
                    f"{step.target}{PURGE_PATH} {fault}: the function was deployed without the secret {TOKEN_VARIABLE};"
                    " give it in EdgeApi's `secrets`",
                    Code.CREDENTIALS,
                )
            if self._clock() + wait > deadline:
                raise InfrastructureError(
                    f"{step.text}: {step.target}{PURGE_PATH} {fault}. Run the same command again later, and it goes on"
                    " from here",
                    Code.REMOTE,
                )
            self._sleep(random.uniform(wait / 2, wait))
            wait = min(LONGEST_WAIT_S, wait * 2)

    def _front(self, step: Step) -> dict[str, Any]:
        ticket = secrets.token_urlsafe(32)
        value = json.dumps(step.purge.document(), separators=(",", ":"))
        pair: Pair = {"key": f"purge-request:{ticket}", "value": value, "expiration_ttl": TICKET_TTL_S}
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
                    " from here",
                    Code.REMOTE,
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
                f"{url}: the function that answers has no cache in front; is this state of another deployment?",
                Code.NO_ANSWER,
            )
        if report["front"] != "purged":
            return None, f"was {report['front']}"  # Workers Cache is purged at the free plan's rate, whatever the plan
        return dict(report), ""
