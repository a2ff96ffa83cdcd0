"""Where the pages to warm come from: a list, a sitemap, the last traffic. All of it is input from outside, and bounded."""

import collections
import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlsplit
from xml.parsers import expat

from edgewright.base.errors import ProjectError
from edgewright.base.fault import ProjectFault
from edgewright.base.fault_codes import Code

MOST_PAGES: Final = 100_000
MOST_BYTES: Final = 50 * 1024 * 1024
"""Of a list or a sitemap: the sitemap protocol's own limit (https://www.sitemaps.org/protocol.html)."""
MOST_SITEMAPS: Final = 200
MOST_DEPTH: Final = 2
"""An index may name indexes no deeper than this; the protocol allows none."""
MOST_URL: Final = 8192
_MOST_FAULTS: Final = 20


@dataclass(frozen=True)
class Page:
    """One page: the host that it was named with, if any, and its path with query."""

    host: str | None
    path: str


@dataclass
class Sitemap:
    """What a sitemap holds: pages, and further sitemaps."""

    pages: list[str] = field(default_factory=list)
    sitemaps: list[str] = field(default_factory=list)


def page_of(text: str, where: str) -> Page:
    """Return the page that a URL or a path means.

    Raises:
        ProjectError: it is neither.
    """
    if len(text) > MOST_URL or re.search(r"[\x00-\x20\x7f\\]", text):
        raise ProjectError(
            f"{where}: {text[:80]!r} is not a URL: it has blanks, control characters, or is too long", Code.URL
        )
    try:
        parts = urlsplit(text)
        sound = (parts.scheme in ("http", "https") and bool(parts.hostname)) or text.startswith("/")
        _ = parts.port
    except ValueError as error:
        raise ProjectError(f"{where}: {text[:80]!r} is not a URL: {error}", Code.URL) from None
    if text.startswith("//"):
        raise ProjectError(
            f"{where}: {text[:80]!r} begins with `//`, which names a host; write the path with one `/`, or the URL with its"
            " host",
            Code.URL,
        )
    if not sound:
        raise ProjectError(
            f"{where}: {text[:80]!r} is neither an http(s):// URL nor a path that begins with `/`", Code.URL
        )
    path = quote(parts.path or "/", safe="/%!$&'()*+,;=:@~")
    query = "?" + quote(parts.query, safe="/%!$&'()*+,;=:@~?") if parts.query else ""
    return Page(parts.netloc or None, path + query)


def pages_of(texts: Iterable[tuple[str, str]]) -> list[Page]:
    """Return pages of (where, text), each once and in order.

    Raises:
        ProjectError: some are none; the first 20 are named. Or there are too many.
    """
    found: dict[Page, None] = {}
    faults: list[ProjectFault] = []
    for where, text in texts:
        try:
            found[page_of(text, where)] = None
        except ProjectError as error:
            faults += error.faults
        if len(faults) >= _MOST_FAULTS:
            break
        if len(found) > MOST_PAGES:
            raise ProjectError(f"{where}: more than {MOST_PAGES} pages; warm those that matter", Code.OPTION)
    if faults:
        raise ProjectError(faults)
    return list(found)


def is_sitemap(text: bytes) -> bool:
    """Tell a sitemap from a list of lines."""
    return text.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"<"


def parse_list(text: bytes, where: str) -> list[Page]:
    """Return the pages of a list: one a line; empty lines and those that begin with `#` mean nothing.

    Raises:
        ProjectError: it is not text, or a line is no page.
    """
    try:
        lines = text.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise ProjectError(f"{where}: is not UTF-8 text: {error}", Code.UNREADABLE) from None
    numbered = ((f"{where}:{number}", line.strip()) for number, line in enumerate(lines, 1))
    return pages_of((at, line) for at, line in numbered if line and not line.startswith("#"))


def parse_sitemap(text: bytes, where: str) -> Sitemap:
    """Read a sitemap or an index of sitemaps.

    A document type is refused, and with it every entity but XML's own five: a sitemap needs none, and they are how XML is
    made to read files or to grow without bound.

    Raises:
        ProjectError: it is no such document.
    """
    found = Sitemap()
    path: list[str] = []
    words: list[str] = []

    def fault(message: str) -> ProjectError:
        return ProjectError(f"{where}:{parser.CurrentLineNumber}: {message}", Code.SYNTAX)

    def refuse(*_: object) -> int:
        raise fault("a document type or entity is not allowed in a sitemap")

    def start(name: str, _attributes: object) -> None:
        local = name.rpartition(" ")[2]
        if not path and local not in ("urlset", "sitemapindex"):
            raise fault(f"<{local}> is not a sitemap: it begins with <urlset> or <sitemapindex>")
        path.append(local)
        words.clear()
        if len(path) > 10:
            raise fault("elements lie too deep for a sitemap")

    def end(_name: str) -> None:
        text = "".join(words).strip()
        if path == ["urlset", "url", "loc"]:
            found.pages.append(text)
        elif path == ["sitemapindex", "sitemap", "loc"]:
            found.sitemaps.append(text)
        path.pop()
        words.clear()
        if len(found.pages) > MOST_PAGES or len(found.sitemaps) > MOST_SITEMAPS:
            raise fault(f"more than {MOST_PAGES} pages or {MOST_SITEMAPS} sitemaps")

    def data(text: str) -> None:
        if path and path[-1] == "loc":
            words.append(text)
            if sum(map(len, words)) > MOST_URL:
                raise fault(f"a <loc> is longer than {MOST_URL} characters")

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    parser.ExternalEntityRefHandler = refuse
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = data
    parser.buffer_text = True
    try:
        parser.Parse(text, True)
    except expat.ExpatError as error:
        raise ProjectError(f"{where}: is not XML: {error}", Code.SYNTAX) from None
    return found


def sitemap_pages(text: bytes, where: str, fetch: Callable[[str], bytes]) -> list[Page]:
    """Return the pages of a sitemap, and of those that it names.

    Args:
        text: the document.
        where: its name, for messages.
        fetch: returns the document of a further sitemap's URL.

    Raises:
        ProjectError: one is no sitemap, or there are too many.
    """
    texts: list[tuple[str, str]] = []
    waiting = [(where, text, 0)]
    seen: set[str] = set()
    while waiting:
        name, document, depth = waiting.pop(0)
        found = parse_sitemap(document, name)
        texts += [(name, page) for page in found.pages]
        if len(texts) > MOST_PAGES:
            raise ProjectError(f"{where}: more than {MOST_PAGES} pages; warm those that matter", Code.OPTION)
        for url in found.sitemaps:
            if url in seen:
                continue
            seen.add(url)
            if depth + 1 > MOST_DEPTH or len(seen) > MOST_SITEMAPS:
                raise ProjectError(
                    f"{name}: names sitemaps deeper than {MOST_DEPTH}, or more than {MOST_SITEMAPS}", Code.OPTION
                )
            waiting.append((url, fetch(url), depth + 1))
    return pages_of(texts)


def traffic_pages(log: Path, most: int) -> list[Page]:
    """Return the pages that clients asked the local cloud for, the most wanted first.

    Raises:
        ProjectError: there is no log, or no page in it.
    """
    counts: collections.Counter[Page] = collections.Counter()
    try:
        with log.open(encoding="utf-8", errors="replace") as file:
            for line in file:
                if '"request"' not in line:
                    continue
                try:
                    entry = json.loads(line)
                    asked = entry.get("source") == "request" and entry.get("method") in ("GET", "HEAD")
                    if asked and int(entry["status"]) < 400:
                        counts[page_of(str(entry["url"]), "log")] += 1
                except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError, ProjectError):
                    continue
                if len(counts) > MOST_PAGES:
                    break
    except OSError:
        raise ProjectError(
            f"--last-traffic: there is no log at {log}; run the stack and ask it for something", Code.NOTHING
        ) from None
    if not counts:
        raise ProjectError(f"--last-traffic: {log} has no request that was answered well", Code.NOTHING)
    return [page for page, _ in counts.most_common(most)]


def read(file: str, stdin: Callable[[], bytes]) -> bytes:
    """Return a list or sitemap: of a file, or of the standard input (`-`).

    Raises:
        ProjectError: it cannot be read, or is too large.
    """
    try:
        text = stdin() if file == "-" else _read(Path(file))
    except OSError as error:
        raise ProjectError(f"--from {file}: cannot be read: {error.strerror}", Code.UNREADABLE) from None
    if len(text) > MOST_BYTES:
        raise ProjectError(f"--from {file}: has more than {MOST_BYTES // 1024 // 1024} MiB", Code.UNREADABLE)
    return text


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MOST_BYTES + 1)
