"""What is to be purged, and how the cache core writes it down.

A purge of the function's own tiers is a marker in their KV namespace: "what was asked for before this time and matches is
void". `edge/src/core/cache/purge.ts` reads and writes the same; a test holds the two together.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus, urlsplit

from edgewright.program.errors import ProjectError

MARKERS_A_KEY = 500
"""Markers in one KV value. An isolate that knows more than 1000 takes the oldest half for a purge of everything."""

_TAG = re.compile(r"[\x21-\x2b\x2d-\x7e]{1,1024}\Z")
_ESCAPE = re.compile(r"%([0-9a-fA-F]{2})")
_UNRESERVED = re.compile(r"[A-Za-z0-9_.~-]")


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
        faults = []
        for option, targets in (("--url", self.urls), ("--prefix", self.prefixes)):
            for target in targets:
                parts = urlsplit(target)
                absolute = parts.scheme in ("http", "https") and bool(parts.hostname)
                if not (absolute or target.startswith("/")) or parts.fragment or re.search(r"[\s\\]", target):
                    faults.append(
                        f"{option} {target!r}: must be an http:// or https:// URL, or a path that begins with `/`,"
                        " without a fragment"
                    )
                elif option == "--prefix" and parts.query:
                    faults.append(f"{option} {target!r}: a prefix has no query; purge single URLs with --url")
        faults += [
            f"--tag {tag!r}: must be 1 to 1024 characters of printable ASCII without blanks and commas"
            for tag in self.tags
            if not _TAG.match(tag)
        ]
        if not (self.urls or self.prefixes or self.tags or self.everything):
            faults.append("nothing to purge: give --url, --prefix, --tag, --changed or --everything")
        if self.everything and (self.urls or self.prefixes or self.tags):
            faults.append("--everything covers --url, --prefix and --tag: leave them out")
        if faults:
            raise ProjectError(faults)
        return self

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
        return Purge(tuple(dict.fromkeys(urls)), self.prefixes, self.tags, self.everything, self.soft)

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

    def markers(self, time_ms: int, specs: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Return it as markers. `specs` are the strategies (CacheSpec) under which entries may have been stored."""

        def marker(kind: str, value: str) -> dict[str, Any]:
            return {"type": kind, "value": value, "time": time_ms, "soft": self.soft}

        if self.everything:
            return [marker("everything", "")]
        found = []
        for url in self.urls:
            forms = [schemeless(url, None), *(schemeless(url, spec) for spec in specs)]
            found += [marker("url", form) for form in dict.fromkeys(forms)]
        for prefix in self.prefixes:
            if prefix.startswith("/"):
                found.append(marker("prefix", normal_path(prefix)))
            else:
                parts = urlsplit(prefix)
                found.append(marker("prefix", f"//{_authority(prefix)}{normal_path(parts.path or '/')}"))
        return found + [marker("tag", tag) for tag in self.tags]


def _authority(url: str) -> str:
    parts = urlsplit(url)
    default = {"http": 80, "https": 443}[parts.scheme]
    host = (parts.hostname or "").lower()
    host = f"[{host}]" if ":" in host else host
    return host if parts.port in (None, default) else f"{host}:{parts.port}"


def _escapes(text: str) -> str:
    def replace(match: re.Match[str]) -> str:
        character = chr(int(match[1], 16))
        return character if _UNRESERVED.match(character) else match[0].upper()

    return _ESCAPE.sub(replace, text)


def normal_path(path: str) -> str:
    """Return a path in the one form that entries are kept under: escapes normal, dot segments resolved."""
    output: list[str] = []
    segments = _escapes(path).split("/")[1:]
    for index, segment in enumerate(segments):
        last = index == len(segments) - 1
        if segment == "..":
            del output[-1:]
        elif segment != ".":
            output.append(segment)
        if last and segment in (".", ".."):
            output.append("")
    return "/" + "/".join(output)


def schemeless(url: str, spec: Mapping[str, Any] | None) -> str:
    """Return a URL as a marker names it: without scheme, with what of its query belongs to the key. None: all of it."""
    parts = urlsplit(url)
    # Of a function that keeps URLs as they are sent, an empty query is part of the URL.
    query = f"?{parts.query}" if "?" in url else ""
    if spec is not None:
        query = _query(parts.query, spec)
    path = normal_path(parts.path or "/") if spec is not None else parts.path or "/"
    return f"//{_authority(url)}{path}{query}"


def _query(text: str, spec: Mapping[str, Any]) -> str:
    """Return the query that belongs to the key; `keyQuery` of `edge/src/core/cache/key.ts`."""
    key = spec.get("key") or {}
    which, names = key.get("query", "all"), set(key.get("query_names") or ())
    override = spec.get("mode", "override") == "override"
    if not text or which == "none":
        return ""
    text = _escapes(text)
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
