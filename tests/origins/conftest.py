"""An origin on an ephemeral port, in a thread of its own."""

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest

from examples.origins.server import Origin


@dataclass(frozen=True)
class Running:
    origin: Origin
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@pytest.fixture
def running() -> Iterator[Running]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    origin = Origin("eu")
    port = asyncio.run_coroutine_threadsafe(origin.start("127.0.0.1", 0), loop).result(60)
    yield Running(origin, port)
    asyncio.run_coroutine_threadsafe(origin.stop(), loop).result(60)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


@pytest.fixture
def client(running: Running) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=running.url, trust_env=False, timeout=60) as client:
        yield client
