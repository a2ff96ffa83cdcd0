"""What purges of all platforms have in common: the functions of a deployed stack, and the steps."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlsplit

import httpx

from edgewright.contract.purge import Purge, QueryKey


@dataclass(frozen=True)
class Function:
    """One deployed function with a cache.

    Attributes:
        platform: where it is.
        script_name: its name on the platform.
        urls: where it answers.
        account_id: the account that it belongs to.
        zone_id: the zone of its hostname and routes, where it has one.
        namespaces: ids of the KV namespaces that its cache uses.
        keys: what of a query belongs to the keys of its caching strategies, one of each; none without a cache.
        front: the platform's own cache stands in front of it (`engine: platform`).
        distribution: CloudFront's distribution, where it is on CloudFront.
        content: changes when what that distribution serves may have changed.
        staging: the distribution beside it that has a cache of its own, while a version is rolled out.
        shielded: its cache has a shield, which takes a purge from the function.
        as_sent: it takes URLs as they are sent.
        patterns: hosts of its routes that begin with `*`.
        fetched: of endpoints whose origins' answers the zone may keep too (`cache_rules`): path, what is taken off it, and
            the origins.
    """

    platform: str
    script_name: str
    urls: tuple[str, ...]
    account_id: str
    zone_id: str | None
    namespaces: tuple[str, ...]
    keys: tuple[QueryKey, ...]
    front: bool
    distribution: str | None = None
    content: str | None = None
    staging: str | None = None
    shielded: bool = False
    as_sent: bool = False
    patterns: tuple[str, ...] = ()
    fetched: tuple[tuple[str, str, tuple[str, ...]], ...] = ()

    def behind(self, target: str) -> tuple[str, ...]:
        """Return, for a URL or prefix of its own, the prefixes of what it asks its origins for: that is what a zone keeps."""
        path = urlsplit(target).path if "://" in target else target.partition("?")[0]
        found: dict[str, None] = {}
        for pattern, strip, bases in self.fetched:
            head = pattern.partition("/:")[0].partition("*")[0]
            if path.startswith(head):
                asked = path
            elif head.startswith(path):
                asked = head
            else:
                continue
            found.update(dict.fromkeys(f"{base.rstrip('/')}{asked.removeprefix(strip) or '/'}" for base in bases))
        return tuple(found)

    @property
    def hosts(self) -> tuple[str, ...]:
        """Its hosts."""
        return tuple(dict.fromkeys(urlsplit(url).netloc for url in self.urls))

    def has_host(self, host: str) -> bool:
        """Return whether a host, with or without its port, is one of its own."""
        bare = host.rsplit(":", 1)[0] if host.rpartition(":")[2].isdigit() else host
        return bool({host, bare} & set(self.hosts)) or any(bare.endswith(pattern[1:]) for pattern in self.patterns)


@dataclass(frozen=True)
class Step:
    """One step of a purge.

    Attributes:
        kind: what it is done with, by the platform's own word.
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
    """Paths and tags, where the platform is told of those."""


@dataclass
class Steps:
    """The steps of one platform, in the three groups in whose order what is removed does not come back from behind: a cache
    in front that is emptied before a function's own would be filled from them again."""

    own: list[Step] = field(default_factory=list)
    front: list[Step] = field(default_factory=list)
    last: list[Step] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """What is not reached, and why."""


@dataclass(frozen=True)
class Work:
    """What a platform's steps are done with."""

    began_s: float
    """When the purge was asked for, not when it was tried again: what came since then is not void."""
    plan: str
    """The zone's plan, which says how fast purges may be sent."""
    client: httpx.Client
    """Asks the functions themselves."""
    sleep: Callable[[float], None]
    clock: Callable[[], float]


class Doer(Protocol):
    """Does the steps of one platform."""

    waited: list[float]
    """Seconds waited because the platform asked for it."""

    def do(self, step: Step) -> dict[str, Any] | None:
        """Do one step; return what is worth writing down.

        Raises:
            ProjectError: the credentials may not.
            InfrastructureError: the platform refuses or fails, also after being tried again.
        """

    def close(self) -> None:
        """Let go of connections."""


class PurgePart(Protocol):
    """`purge_steps`: how a platform's caches are purged."""

    def check(self, purge: Purge, functions: Sequence[Function]) -> None:
        """Refuse what the platform cannot do. Raises ProjectError."""

    def check_local(self, purge: Purge, hosts: Mapping[str, Sequence[str]]) -> None:
        """The same for the local cloud, where `hosts` are those of what is deployed there, by id. Raises ProjectError."""

    def steps(self, purge: Purge, functions: Sequence[Function]) -> Steps:
        """Return the steps for the platform's functions."""

    def doer(self, steps: Sequence[Step], work: Work) -> Doer:
        """Return who does these steps. Raises ProjectError where there are no credentials that they need."""

    def arrival_s(self, kinds: set[str]) -> int | None:
        """Return the seconds after which every data centre has seen steps of these kinds; None where at once."""


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
