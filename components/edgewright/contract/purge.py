"""What is to be purged, and how the cache core writes it down.

A purge of the function's own tiers is a marker in their KV namespace: "what was asked for before this time and matches is
void". `edge/src/core/cache/purge.ts` reads and writes the same; a test holds the two together.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import SplitResult, unquote_plus, urlsplit

from typing_extensions import TypedDict

from edgewright.base.errors import ProjectError
from edgewright.base.fault import ProjectFault
from edgewright.base.fault_codes import Code
from edgewright.contract.purge_targets import (
    BadTarget,
    normal_escapes,
    parsed_path,
    parsed_query,
    strict_path,
    strict_query,
)

MARKERS_A_KEY = 500
"""Markers in one KV value. An isolate that knows more than 1000 takes the oldest half for a purge of everything."""

NEVER = "can never be served"
"""How the reason begins why a path is in no cache: the edge answers 400 to it. What is decided by is :attr:`Fault.code`."""

_TAG = re.compile(r"[\x21-\x2b\x2d-\x7e]{1,1024}\Z")
_BLANK = re.compile(r"[\x00-\x20\x7f]")


@dataclass(frozen=True)
class Fault:
    """What is wrong with one URL, prefix or tag; or with the purge itself, where there is no option."""

    message: str
    option: str | None = None
    value: str | None = None
    code: Code = Code.OPTION

    def __str__(self) -> str:
        return f"{self.option} {self.value!r}: {self.message}" if self.option else self.message


class PurgeRefused(ProjectError):
    """What is to be purged cannot be there; nothing was purged."""

    def __init__(self, entries: Iterable[Fault]) -> None:
        self.entries = tuple(entries)
        super().__init__([ProjectFault(str(entry), entry.code) for entry in self.entries])

    def __reduce__(self) -> tuple[type["PurgeRefused"], tuple[object, ...]]:
        return type(self), (self.entries,)


class Marker(TypedDict):
    """Says what is void, as the cache's code reads it from a store."""

    type: str
    value: str
    time: int
    soft: bool


@dataclass(frozen=True)
class Purge:
    """What is to be purged. The parts are added together, not intersected.

    Attributes:
        urls: `https://host/path?query`, or `/path?query` for every host of the stack.
        prefixes: `https://host/path`, or `/path` for every host. `/a` covers `/a` and `/a/b`, not `/ab`.
        tags: values of `Cache-Tag`.
        soft: marks as stale instead of removing.
    """

    urls: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    everything: bool = False
    soft: bool = False

    def check(self) -> "Purge":
        """Return itself.

        Raises:
            ProjectError: it is empty, or a part is no URL, path or tag; all faults are named.
        """
        faults = self.faults()
        if faults:
            raise ProjectError(faults)
        return self

    def faults(self) -> list[ProjectFault]:
        """Return all that is wrong with it, whatever the stack has."""
        found = [fault for url in self.urls if (fault := _fault("--url", url))]
        found += [fault for prefix in self.prefixes if (fault := _fault("--prefix", prefix))]
        found += [
            f"--tag {tag!r}: must be 1 to 1024 characters of printable ASCII without blanks and commas"
            for tag in self.tags
            if not _TAG.match(tag)
        ]
        if not (self.urls or self.prefixes or self.tags or self.everything):
            found.append("nothing to purge: give --url, --prefix, --tag, --changed or --everything")
        if self.everything and (self.urls or self.prefixes or self.tags):
            found.append("--everything covers --url, --prefix and --tag: leave them out")
        return [ProjectFault(text, Code.OPTION) for text in found]

    def sound(self) -> "Purge":
        """Return it without the URLs and prefixes that are none."""
        urls = tuple(url for url in self.urls if not _fault("--url", url))
        return replace(self, urls=urls, prefixes=tuple(each for each in self.prefixes if not _fault("--prefix", each)))

    def served(self, as_sent: bool) -> "Purge":
        """Return it without what a function can never serve. `as_sent`: it takes URLs as they are sent."""
        urls = tuple(url for url in self.urls if never(url, as_sent) is None)
        return replace(self, urls=urls, prefixes=tuple(each for each in self.prefixes if never(each, as_sent) is None))

    def spelled(self) -> "Purge":
        """Return it for a cache that keeps URLs as they were sent: each as it is written, and in the edge's normal form."""
        urls = [form for url in self.urls for form in (url, _normal(url))]
        prefixes = [form for prefix in self.prefixes for form in (prefix, _normal(prefix))]
        return replace(self, urls=tuple(dict.fromkeys(urls)), prefixes=tuple(dict.fromkeys(prefixes)))

    def empty(self) -> bool:
        """Return whether there is nothing to purge."""
        return not (self.urls or self.prefixes or self.tags or self.everything)

    def document(self) -> dict[str, Any]:
        """Return it as the gateway and the function take it."""
        found: dict[str, Any] = {
            "urls": list(self.urls),
            "prefixes": list(self.prefixes),
            "tags": list(self.tags),
            "soft": self.soft,
        }
        return {**found, "everything": True} if self.everything else found

    def on(self, hosts: Sequence[str]) -> "Purge":
        """Return it with each URL that is only a path put on every host."""
        urls = [url for url in self.urls if not url.startswith("/")]
        urls += [f"https://{host}{url}" for url in self.urls if url.startswith("/") for host in hosts]
        return replace(self, urls=tuple(dict.fromkeys(urls)))

    def batches(self, size: int) -> Iterable["Purge"]:
        """Yield purges of at most so many operations that are this one together."""
        if self.everything:
            yield self
            return
        items = [("urls", url) for url in self.urls]
        items += [("prefixes", prefix) for prefix in self.prefixes]
        items += [("tags", tag) for tag in self.tags]
        for start in range(0, len(items), size):
            part: dict[str, tuple[str, ...]] = {}
            for kind, value in items[start : start + size]:
                part[kind] = (*part.get(kind, ()), value)
            yield Purge(part.get("urls", ()), part.get("prefixes", ()), part.get("tags", ()), soft=self.soft)

    def markers(self, time_ms: int, keys: Sequence["QueryKey"], *, as_sent: bool = False) -> list[Marker]:
        """Return it as markers; only of what can be served (:meth:`served`).

        Args:
            time_ms: what was asked for until then is void.
            keys: what of a query belongs to the keys under which entries may have been stored.
            as_sent: the function takes URLs as they are sent.
        """

        def marker(kind: str, value: str) -> Marker:
            return {"type": kind, "value": value, "time": time_ms, "soft": self.soft}

        if self.everything:
            return [marker("everything", "")]
        found = []
        for url in self.urls:
            forms = [schemeless(one, key, as_sent=as_sent) for one in _read(url, as_sent) for key in (None, *keys)]
            found += [marker("url", form) for form in dict.fromkeys(forms)]
        for prefix in self.prefixes:
            paths = dict.fromkeys(_path(urlsplit(one).path, as_sent) for one in _read(prefix, as_sent))
            host = "" if prefix.startswith("/") else f"//{_authority(prefix)}"
            found += [marker("prefix", f"{host}{path}") for path in paths]
        return found + [marker("tag", tag) for tag in self.tags]


@dataclass(frozen=True)
class QueryKey:
    """What of a URL's query belongs to the key of a strategy."""

    query: str = "all"
    names: tuple[str, ...] = ()
    override: bool = True
    """Whether it is of mode `override`, under which parameters are sorted in the key."""

    @classmethod
    def of(cls, spec: Mapping[str, object]) -> "QueryKey":
        """Return it of a strategy (CacheSpec) as a stack's state has it, which another version may have written."""
        key, mode = spec.get("key"), spec.get("mode", "override")
        said = key if isinstance(key, Mapping) else {}
        return cls(str(said.get("query", "all")), tuple(map(str, said.get("query_names") or ())), mode == "override")


def _fault(option: str, target: str) -> str | None:
    """Say what is wrong with a URL or prefix, whatever the stack has."""
    at = f"{option} {target!r}"
    if target.startswith("//"):
        return f"{at}: begins with `//`, which names a host; write the path with one `/`, or the URL with its host"
    try:
        parts = urlsplit(target)
        absolute = parts.scheme in ("http", "https") and bool(parts.hostname)
        _ = parts.port
    except ValueError as error:
        return f"{at}: is not a URL: {error}"
    if not (absolute or target.startswith("/")) or "#" in target or _BLANK.search(target):
        return (
            f"{at}: must be an http:// or https:// URL, or a path that begins with `/`, without blanks and"
            " without a fragment"
        )
    if "@" in parts.netloc:
        return f"{at}: has a user name, which is no part of what is stored; leave it out"
    if option == "--prefix" and "?" in target:
        return f"{at}: a prefix has no query; purge single URLs with --url"
    if option == "--prefix" and "*" in target:
        stem = target.partition("*")[0].rstrip("/")
        covered = f"{stem} and {stem}/..." if stem else "every path"
        return (
            f"{at}: a prefix has no `*`; --prefix {stem or '/'} covers {covered}, by whole segments: give that, or what is"
            " stored by --url or --tag"
        )
    return None


def never(target: str, as_sent: bool) -> str | None:
    """Say why a function can never serve a URL or path; None where it can."""
    try:
        _path(urlsplit(target).path, as_sent)
    except BadTarget as error:
        return str(error)
    return None


def _read(target: str, as_sent: bool) -> tuple[str, ...]:
    """Return a target as it is written, and as a URL parser has it: see `edge/src/core/purge/targets.ts`."""
    parts = urlsplit(target)
    parsed = parsed_path(parts.path or "/")
    if as_sent or parsed.startswith("//") or parsed == (parts.path or "/"):
        return (target,)
    return target, SplitResult(parts.scheme, parts.netloc, parsed, parts.query, "").geturl()


def _path(path: str, as_sent: bool) -> str:
    return parsed_path(path or "/") if as_sent else strict_path(path or "/")


def _normal(target: str) -> str:
    """Return a URL or path in the edge's normal form; as it is where it has none."""
    if never(target, as_sent=False) is not None:
        return target
    parts = urlsplit(target)
    path, query = strict_path(parts.path or "/"), strict_query(parts.query)
    return SplitResult(parts.scheme, parts.netloc, path, query, "").geturl()


def _authority(url: str) -> str:
    parts = urlsplit(url)
    default = {"http": 80, "https": 443}[parts.scheme]
    host = (parts.hostname or "").lower()
    host = f"[{host}]" if ":" in host else host
    return host if parts.port in (None, default) else f"{host}:{parts.port}"


def schemeless(url: str, key: QueryKey | None, *, as_sent: bool = False) -> str:
    """Return a URL as a marker names it: without scheme, with what of its query belongs to the key. None: all of it."""
    parts = urlsplit(url)
    path = _path(parts.path, as_sent)
    if as_sent:
        # There an empty query is part of the URL.
        query = f"?{parsed_query(parts.query)}" if "?" in url else ""
    else:
        text = parsed_query(strict_query(parts.query))
        query = _query(text, key) if key is not None else f"?{text}" if text else ""
    return f"//{_authority(url)}{path}{query}"


def _query(text: str, key: QueryKey) -> str:
    """Return the query that belongs to the key; `keyQuery` of `edge/src/core/cache/key.ts`."""
    which, names, override = key.query, set(key.names), key.override
    if not text or which == "none":
        return ""
    text = normal_escapes(text)
    if not override and which == "all":
        return f"?{text}"
    pairs = []
    for part in text.split("&"):
        name = part.split("=", 1)[0]
        if part and (which == "all" or (unquote_plus(name) in names) == (which == "include")):
            pairs.append((name, part))
    if override:
        pairs.sort(key=lambda pair: pair[0])
    return "?" + "&".join(part for _, part in pairs) if pairs else ""
