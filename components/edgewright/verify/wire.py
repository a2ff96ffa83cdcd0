"""A lean HTTP/1.1 client: h11 on asyncio streams, with keep-alive.

The load generator shares the machine with what it measures, so what it costs is measured too. This takes a sixth of the
CPU time that httpx takes (`python -m bench generator`; bench/results/generator.json), which at 150 requests a second
decides whether a p50 of a few milliseconds is the target's or the generator's own.
"""

import asyncio
import ssl
import time
import urllib.parse
from dataclasses import dataclass

import h11

_IDLE_S = 2.0
"""A connection idle for longer is not used again: servers close idle ones, Node.js after 5 s, which is a race to lose."""
_MAX_HEADERS = 64 * 1024


class ExchangeFailed(Exception):
    """No whole answer came. `kind` is `timeout`, `refused`, `TLS`, `disconnected`, `not HTTP` or `cannot be sent: why`."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


@dataclass(frozen=True)
class Received:
    """An answer, whole. Header names are in lower case; repeated ones are joined by commas."""

    status: int
    headers: dict[str, str]
    size: int


class _Connection:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.http = h11.Connection(h11.CLIENT, max_incomplete_event_size=_MAX_HEADERS)
        self.idle_since = time.monotonic()

    def usable(self, now: float) -> bool:
        return not self.reader.at_eof() and not self.writer.is_closing() and now - self.idle_since < _IDLE_S


class Wire:
    """Requests to one server. Connections are opened as needed and kept alive."""

    def __init__(self, url: str, timeout_s: float) -> None:
        """Prepare for a server.

        Raises:
            ValueError: the URL is not an http(s) URL with a host.
        """
        parts = urllib.parse.urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{url!r} is not an http:// or https:// URL with a host")
        self._host = parts.hostname
        self._port = parts.port or (443 if parts.scheme == "https" else 80)
        self._authority = parts.netloc.rpartition("@")[2]
        self._prefix = parts.path.rstrip("/")
        self._tls = ssl.create_default_context() if parts.scheme == "https" else None
        self._timeout_s = timeout_s
        self._idle: list[_Connection] = []

    def close(self) -> None:
        """Close every idle connection."""
        for connection in self._idle:
            connection.writer.transport.abort()
        self._idle.clear()

    async def get(self, path: str, headers: dict[str, str]) -> Received:
        """Send a GET and read the answer to its end. The time allowed covers all of it.

        Raises:
            ExchangeFailed: no whole answer came.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._timeout_s
        connection = self._take() or await self._connect()
        late = False

        def give_up() -> None:
            nonlocal late
            late = True
            connection.writer.transport.abort()

        timer = loop.call_at(deadline, give_up)
        reusable = False
        try:
            received = await self._exchange(connection, path, headers)
            reusable = connection.http.our_state is h11.DONE and connection.http.their_state is h11.DONE
            return received
        except (OSError, EOFError):
            raise ExchangeFailed("timeout" if late else "disconnected") from None
        except h11.LocalProtocolError as problem:
            raise ExchangeFailed(f"cannot be sent: {problem}") from None
        except h11.RemoteProtocolError:
            # h11 says so of an early end as well as of bytes that are not HTTP.
            ended = connection.reader.at_eof()
            raise ExchangeFailed("timeout" if late else "disconnected" if ended else "not HTTP") from None
        finally:
            timer.cancel()
            if reusable:
                connection.http.start_next_cycle()
                connection.idle_since = time.monotonic()
                self._idle.append(connection)
            else:
                connection.writer.transport.abort()

    def _take(self) -> _Connection | None:
        now = time.monotonic()
        while self._idle:  # the last one used first: few stay in use, the rest age out
            connection = self._idle.pop()
            if connection.usable(now):
                return connection
            connection.writer.transport.abort()
        return None

    async def _connect(self) -> _Connection:
        try:
            opening = asyncio.open_connection(self._host, self._port, ssl=self._tls)
            return _Connection(*await asyncio.wait_for(opening, self._timeout_s))
        except asyncio.TimeoutError:
            raise ExchangeFailed("timeout") from None
        except ssl.SSLError:
            raise ExchangeFailed("TLS") from None
        except OSError:
            raise ExchangeFailed("refused") from None

    async def _exchange(self, connection: _Connection, path: str, headers: dict[str, str]) -> Received:
        http, reader, writer = connection.http, connection.reader, connection.writer
        fields = {"Host": self._authority, **headers}
        request = h11.Request(method="GET", target=self._prefix + path, headers=list(fields.items()))
        writer.write((http.send(request) or b"") + (http.send(h11.EndOfMessage()) or b""))
        status, size, found = 0, 0, dict[str, str]()
        while True:
            event = http.next_event()
            if event is h11.NEED_DATA:
                http.receive_data(await reader.read(65536))
            elif isinstance(event, h11.Response):
                status = event.status_code
                for raw_name, raw_value in event.headers:
                    name, value = raw_name.decode("ascii"), raw_value.decode("latin-1")
                    found[name] = f"{found[name]}, {value}" if name in found else value
            elif isinstance(event, h11.Data):
                size += len(event.data)
            elif isinstance(event, h11.EndOfMessage):
                return Received(status, found, size)
            elif event is h11.PAUSED or isinstance(event, h11.ConnectionClosed):
                raise EOFError
