"""The origin's HTTP/1.1 server: h11 on asyncio, one task a connection, keep-alive."""

import asyncio
import collections
import datetime
import email.utils
import ipaddress
import json
import random
import urllib.parse
from dataclasses import dataclass, field, replace
from typing import Literal

import h11

from examples.origins.catalogue import Product, Representation, json_bytes, products, represent, static_files
from examples.origins.faults import BadFault, Fault, parse_fault

MAX_BODY = 1024 * 1024
MAX_HEADERS = 32 * 1024
IDLE_S = 75.0
MAX_LIMIT = 100
_COUNTED_PATHS = 2000
_FORWARDED = ("x-forwarded-for", "forwarded", "via", "cf-connecting-ip", "cf-ray")
_READ = ("GET", "HEAD")


@dataclass
class Answer:
    """A response before it is framed. `body` is dropped for HEAD; its length is still told."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True)
class Asked:
    """A request as it came: the target split, header names in lower case."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    target: str
    body: bytes


def problem(status: int, title: str, detail: str, **extra: str) -> Answer:
    """Return an RFC 9457 problem document."""
    document = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    return Answer(
        status, {"Content-Type": "application/problem+json", "Cache-Control": "no-store", **extra}, json_bytes(document)
    )


class Origin:
    """One region's origin: its data, its faults and its counts.

    Args:
        region: the name told in `X-Region` and in each document.
        latency_ms: time taken before each answer but the admin's.
        jitter_ms: up to this much more, drawn from a seeded generator.
    """

    def __init__(self, region: str, latency_ms: float = 0, jitter_ms: float = 0) -> None:
        self.region = region
        self.latency_ms = latency_ms
        self.jitter_ms = jitter_ms
        self.fault = Fault()
        self._chance = random.Random(f"latency {region}")
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._products = {item.id: item for item in products()}
        self.reset()

    def reset(self) -> None:
        """Set the counts to zero."""
        self.requests = 0
        self.in_flight = 0
        self.most_in_flight = 0
        self.by_status: collections.Counter[int] = collections.Counter()
        self.by_path: collections.Counter[str] = collections.Counter()

    # --- serving -----------------------------------------------------------------------------------------------------

    async def start(self, host: str, port: int) -> int:
        """Listen, and return the port that was bound."""
        self._server = await asyncio.start_server(self._accept, host, port, backlog=512)
        bound: int = self._server.sockets[0].getsockname()[1]
        return bound

    async def stop(self) -> None:
        """Close the listener and every connection."""
        if self._server:
            self._server.close()
        for task in list(self._tasks):
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=2)
        if self._server:
            await self._server.wait_closed()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._converse(reader, writer)
        except (ConnectionError, asyncio.TimeoutError, asyncio.CancelledError):
            writer.transport.abort()
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        wire = h11.Connection(h11.SERVER, max_incomplete_event_size=MAX_HEADERS)
        peer = writer.get_extra_info("peername")
        while True:
            try:
                asked = await self._read(wire, reader, writer)
            except h11.RemoteProtocolError as error:
                if wire.our_state in (h11.IDLE, h11.SEND_RESPONSE):
                    answer = problem(error.error_status_hint, "Bad Request", str(error), Connection="close")
                    await self._write(wire, writer, answer, head=False)
                return
            except ValueError as error:  # a target that is no URL, or a query of very many fields
                answer = problem(400, "Bad Request", f"The request's target is wrong: {error}", Connection="close")
                await self._write(wire, writer, answer, head=False)
                return
            if asked is None:
                return
            if asked.path == "/__admin":
                answer = self._admin(asked, peer[0] if peer else "")
                await self._write(wire, writer, answer, head=asked.method == "HEAD")
            elif not await self._serve(asked, wire, writer):
                return
            if wire.our_state is h11.MUST_CLOSE or wire.their_state is not h11.DONE:
                return
            wire.start_next_cycle()

    async def _read(
        self, wire: h11.Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> Asked | None:
        """Return the next request, or None when the client is done."""
        request: h11.Request | None = None
        body = bytearray()
        while True:
            event = wire.next_event()
            if event is h11.NEED_DATA:
                if wire.they_are_waiting_for_100_continue:
                    go_on = h11.InformationalResponse(status_code=100, headers=[])
                    writer.write(wire.send(go_on))
                wire.receive_data(await asyncio.wait_for(reader.read(65536), IDLE_S))
            elif isinstance(event, h11.Request):
                request = event
            elif isinstance(event, h11.Data):
                body += event.data
                if len(body) > MAX_BODY:
                    raise h11.RemoteProtocolError(f"the body is over {MAX_BODY} bytes", error_status_hint=413)
            elif isinstance(event, h11.EndOfMessage):
                assert request is not None
                return self._asked(request, bytes(body))
            else:  # ConnectionClosed or PAUSED
                return None

    @staticmethod
    def _asked(request: h11.Request, body: bytes) -> Asked:
        target = request.target.decode("ascii", "replace")
        parts = urllib.parse.urlsplit(target)
        headers: dict[str, str] = {}
        for raw_name, raw_value in request.headers:
            name, value = raw_name.decode("ascii"), raw_value.decode("latin-1")
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
        query = urllib.parse.parse_qs(parts.query, keep_blank_values=True, max_num_fields=100)
        return Asked(request.method.decode("ascii"), parts.path, query, headers, target, body)

    async def _write(self, wire: h11.Connection, writer: asyncio.StreamWriter, answer: Answer, *, head: bool) -> None:
        bodiless = answer.status in (204, 304)
        headers = {"Date": email.utils.formatdate(usegmt=True), "X-Region": self.region, **answer.headers}
        if not bodiless:
            headers["Content-Length"] = str(len(answer.body))
        data = wire.send(h11.Response(status_code=answer.status, headers=list(headers.items()))) or b""
        if not head and not bodiless and answer.body:
            data += wire.send(h11.Data(data=answer.body)) or b""
        data += wire.send(h11.EndOfMessage()) or b""
        writer.write(data)
        await writer.drain()

    async def _serve(self, asked: Asked, wire: h11.Connection, writer: asyncio.StreamWriter) -> bool:
        """Answer a request; return False where a fault ended the connection."""
        self.requests += 1
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        if asked.path in self.by_path or len(self.by_path) < _COUNTED_PATHS:
            self.by_path[asked.path] += 1
        fault = self._take_fault(asked.path)
        try:
            wait_ms = self.latency_ms + self._chance.random() * self.jitter_ms
            if fault.mode == "slow":
                wait_ms += fault.delay_ms
            if wait_ms > 0:
                await asyncio.sleep(wait_ms / 1000)
            if fault.mode == "drop":
                writer.transport.abort()
                return False
            if fault.mode == "garbage":
                writer.write(b"\x00\x01 this is not HTTP \xff\r\n\r\n")
                await writer.drain()
                return False
            answer = self.answer(asked)
            if fault.mode == "fail":
                answer = problem(fault.status, "Origin fault", f"The origin {self.region} was told to fail.")
            self.by_status[answer.status] += 1
            if fault.mode == "half-close":
                body = answer.body or b"x" * 64
                head = f"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\n\r\n"
                writer.write(head.encode() + body[: len(body) // 2])
                await writer.drain()
                return False
            await self._write(wire, writer, answer, head=asked.method == "HEAD")
        finally:
            self.in_flight -= 1
        return True

    def _take_fault(self, path: str) -> Fault:
        fault = self.fault
        if fault.mode == "ok" or not path.startswith(fault.prefix):
            return Fault()
        if fault.times is not None:
            self.fault = replace(fault, times=fault.times - 1) if fault.times > 1 else Fault()
        return fault

    # --- what is served ----------------------------------------------------------------------------------------------

    def answer(self, asked: Asked) -> Answer:
        """Return the answer to a request, without latency or faults."""
        if asked.path == "/echo":
            return self._echo(asked)
        found: Representation | Answer
        if asked.path == "/api/products":
            found = self._list(asked)
        elif asked.path.startswith("/api/products/"):
            found = self._product(asked.path.removeprefix("/api/products/"))
        elif asked.path in static_files():
            found = static_files()[asked.path]
        elif asked.path == "/":
            found = self._index()
        elif asked.path == "/healthz":
            found = Answer(200, {"Content-Type": "text/plain", "Cache-Control": "no-store"}, b"ok\n")
        else:
            found = problem(404, "Not Found", f"This origin has nothing at {asked.path}.")
        if isinstance(found, Answer) and found.status == 404:
            return found
        if asked.method not in _READ:
            return problem(405, "Method Not Allowed", f"{asked.path} can be read only.", Allow="GET, HEAD")
        return found if isinstance(found, Answer) else _validated(found, asked)

    def _document(self, document: dict[str, object], newest: datetime.datetime) -> Representation:
        body = json_bytes({"region": self.region, **document})
        return represent(body, "application/json", newest, "public, max-age=60")

    def _index(self) -> Representation:
        listing: dict[str, object] = {
            "products": len(self._products),
            "paths": ["/api/products", "/api/products/1", *static_files()],
        }
        return self._document(listing, max(item.updated for item in self._products.values()))

    def _product(self, identifier: str) -> Representation | Answer:
        known = self._products.get(int(identifier)) if identifier.isascii() and identifier.isdigit() else None
        if known is None or identifier != str(known.id):
            return problem(404, "Not Found", f"There is no product {identifier!r}; ids are 1 to {len(self._products)}.")
        return self._document(known.document(), known.updated)

    def _list(self, asked: Asked) -> Representation | Answer:
        wrong: list[str] = []
        page = _whole(asked, "page", 1, 1_000_000, wrong)
        limit = _whole(asked, "limit", 20, MAX_LIMIT, wrong)
        category = asked.query.get("category", [""])[-1]
        chosen: list[Product] = [item for item in products() if category in ("", item.category)]
        if category and not chosen:
            wrong.append(f"category: there is no {category!r}")
        if wrong:
            return problem(400, "Bad Request", "; ".join(wrong))
        shown = chosen[(page - 1) * limit : page * limit]
        listing: dict[str, object] = {
            "page": page,
            "limit": limit,
            "total": len(chosen),
            "pages": -(-len(chosen) // limit),
            "items": [item.document() for item in shown],
        }
        return self._document(listing, max((item.updated for item in shown), default=chosen[0].updated))

    def _echo(self, asked: Asked) -> Answer:
        """Tell what reached the origin: for looking at what a proxy in front changes."""
        document = {
            "region": self.region,
            "method": asked.method,
            "target": asked.target,
            "headers": asked.headers,
            "body": asked.body.decode("utf-8", "replace"),
        }
        return Answer(200, {"Content-Type": "application/json", "Cache-Control": "no-store"}, json_bytes(document))

    # --- administration ----------------------------------------------------------------------------------------------

    def _admin(self, asked: Asked, peer: str) -> Answer:
        """Tell the counts (GET) or set a fault (POST); `{"reset": true}` sets the counts to zero as well."""
        if not _is_loopback(peer) or any(name in asked.headers for name in _FORWARDED):
            return problem(403, "Forbidden", "The admin path answers direct requests from this machine only.")
        if asked.method == "POST":
            # A page in a browser can post any form to loopback, but not this content type without asking first.
            if asked.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
                return problem(415, "Unsupported Media Type", "Send application/json.")
            try:
                document = json.loads(asked.body)
                reset = isinstance(document, dict) and document.pop("reset", False)
                if not reset or document:
                    self.fault = parse_fault(document)
            except BadFault as error:
                return problem(400, "Bad Request", str(error))
            except (ValueError, RecursionError) as error:
                return problem(400, "Bad Request", f"The body is not JSON: {error}")
            if reset:
                self.reset()
        elif asked.method not in _READ:
            return problem(405, "Method Not Allowed", "The admin path takes GET and POST.", Allow="GET, HEAD, POST")
        state = {
            "region": self.region,
            "fault": vars(self.fault),
            "requests": self.requests,
            "most_in_flight": self.most_in_flight,
            "by_status": {str(status): count for status, count in sorted(self.by_status.items())},
            "by_path": dict(self.by_path),
        }
        return Answer(200, {"Content-Type": "application/json", "Cache-Control": "no-store"}, json_bytes(state))


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def _whole(asked: Asked, name: str, default: int, most: int, wrong: list[str]) -> int:
    text = asked.query.get(name, [str(default)])[-1]
    if text.isascii() and text.isdigit() and len(text) < 10 and 1 <= int(text) <= most:
        return int(text)
    wrong.append(f"{name}: {text!r} must be a whole number from 1 to {most}")
    return default


# --- conditional and partial requests (RFC 9110, sections 13 and 14) -------------------------------------------------


def _validated(found: Representation, asked: Asked) -> Answer:
    headers = {
        "Content-Type": found.content_type,
        "Cache-Control": found.cache_control,
        "ETag": found.etag,
        "Last-Modified": email.utils.format_datetime(found.modified, usegmt=True),
        "Accept-Ranges": "bytes",
    }
    if _not_modified(found, asked.headers):
        return Answer(304, {name: headers[name] for name in ("Cache-Control", "ETag", "Last-Modified")})
    # Range is defined for GET alone.
    asked_range = asked.headers.get("range") if asked.method == "GET" else None
    if asked_range is None or not _range_applies(found, asked.headers.get("if-range")):
        return Answer(200, headers, found.body)
    span = parse_range(asked_range, len(found.body))
    if span == "ignore":
        return Answer(200, headers, found.body)
    if span == "unsatisfiable":
        return problem(
            416,
            "Range Not Satisfiable",
            f"{asked_range!r} lies outside {len(found.body)} bytes.",
            **{"Content-Range": f"bytes */{len(found.body)}"},
        )
    first, last = span
    headers["Content-Range"] = f"bytes {first}-{last}/{len(found.body)}"
    return Answer(206, headers, found.body[first : last + 1])


def _opaque(tag: str) -> str:
    return tag.strip().removeprefix("W/")


def _not_modified(found: Representation, headers: dict[str, str]) -> bool:
    tags = headers.get("if-none-match")
    if tags is not None:  # If-None-Match takes precedence; the comparison is weak.
        return tags.strip() == "*" or found.etag in (_opaque(tag) for tag in tags.split(","))
    since = _http_date(headers.get("if-modified-since"))
    return since is not None and found.modified <= since


def _range_applies(found: Representation, condition: str | None) -> bool:
    if condition is None:
        return True
    if condition.startswith('"'):
        return condition == found.etag
    return _http_date(condition) == found.modified


def _http_date(text: str | None) -> datetime.datetime | None:
    if text is None:
        return None
    try:
        date = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return None
    return date if date.tzinfo else date.replace(tzinfo=datetime.timezone.utc)


def parse_range(text: str, length: int) -> tuple[int, int] | Literal["ignore", "unsatisfiable"]:
    """Return the first and last byte of a single byte range, `ignore` or `unsatisfiable`.

    Several ranges in one header are ignored, as a server may: the whole representation answers them.
    """
    unit, found, spec = text.partition("=")
    first_text, dash, last_text = spec.strip().partition("-")
    numbers = all(
        part == "" or (part.isascii() and part.isdigit() and len(part) < 19) for part in (first_text, last_text)
    )
    if unit.strip().lower() != "bytes" or not found or not dash or not numbers or not (first_text or last_text):
        return "ignore"
    if not first_text:
        suffix = min(int(last_text), length)
        return (length - suffix, length - 1) if suffix else "unsatisfiable"
    first = int(first_text)
    last = min(int(last_text), length - 1) if last_text else length - 1
    if last_text and int(last_text) < first:
        return "ignore"
    return (first, last) if first < length else "unsatisfiable"
