"""An edge to measure: a small HTTP server whose behaviour each test chooses."""

import asyncio
import contextlib
import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from edgewright.verify import Counters, CountersUnavailable


@dataclass
class Answer:
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b"{}"
    wait_s: float = 0.0
    close: bool = False


Behaviour = Callable[["Edge", str, dict[str, str]], Answer]


def caching(edge: "Edge", path: str, headers: dict[str, str]) -> Answer:
    """A cache that works: a miss the first time, an edge hit after that."""
    region = edge.regions.get(headers.get("x-local-country", ""), "us")
    if path in edge.stored:
        return Answer(headers={"Cache-Status": "edgewright; hit; ttl=60; detail=edge", "X-Cache": "HIT-EDGE"})
    if region in edge.down:
        edge.origins[region] += 1
        region = "eu" if region != "eu" else "us"
    edge.origins[region] += 1
    edge.stored.add(path)
    return Answer(
        headers={"Cache-Status": "edgewright; fwd=miss; stored", "X-Cache": "MISS", "X-Origin-Region": region}
    )


class Edge:
    """The server's state, and its counters as the gateway would tell them."""

    def __init__(self, behaviour: Behaviour) -> None:
        self.behaviour = behaviour
        self.stored: set[str] = set()
        self.down: set[str] = set()
        self.regions = {"US": "us", "DE": "eu", "JP": "apac"}
        self.origins: Counter[str] = Counter()
        self.requests = 0
        self.seen: list[tuple[str, dict[str, str]]] = []
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def read(self) -> Counters:
        return Counters(self.requests, dict(self.origins))


class Broken:
    """Counters that cannot be read."""

    async def read(self) -> Counters:
        raise CountersUnavailable("the gateway is not running")


async def _converse(edge: Edge, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            method, path, _ = head[0].split(" ")
            headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in head[1:-2])}
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            if method == "POST":
                edge.down = set(json.loads(body)["down"])
                answer = Answer()
            elif method == "GET":
                edge.requests += 1
                edge.seen.append((path, headers))
                answer = edge.behaviour(edge, path, headers)
            else:
                answer = Answer(status=501)
            await asyncio.sleep(answer.wait_s)
            if answer.close:
                break
            lines = [f"HTTP/1.1 {answer.status} -", f"Content-Length: {len(answer.body)}"]
            lines += [f"{name}: {value}" for name, value in answer.headers.items()]
            writer.write("\r\n".join([*lines, "", ""]).encode() + answer.body)
    writer.transport.abort()


@contextlib.contextmanager
def serve(behaviour: Behaviour) -> Iterator[Edge]:
    """Serve in a thread of its own, on an event loop: a behaviour that sleeps stalls every request."""
    edge = Edge(behaviour)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def start() -> asyncio.Server:
        return await asyncio.start_server(lambda r, w: _converse(edge, r, w), "127.0.0.1", 0, backlog=512)

    async def stop() -> None:
        server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    server = asyncio.run_coroutine_threadsafe(start(), loop).result(60)
    edge.port = server.sockets[0].getsockname()[1]
    try:
        yield edge
    finally:
        asyncio.run_coroutine_threadsafe(stop(), loop).result(60)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
