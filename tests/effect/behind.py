"""What stands behind the edge: one origin a region, which answers a path as a test plans it and tells what it was asked."""

import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

REGIONS = ("us", "eu", "apac")


@dataclass(frozen=True)
class Answer:
    """How an origin answers."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str | None = None
    """None tells what was asked, as JSON."""
    hold_s: float = 0.0
    """How long it keeps the caller waiting."""


@dataclass(frozen=True)
class Asked:
    """One request as an origin saw it."""

    region: str
    method: str
    target: str
    headers: Mapping[str, str]


@dataclass
class Behind:
    """All origins. A request is known by its path's last segment, which tests draw at random."""

    urls: dict[str, str] = field(default_factory=dict)
    plans: dict[str, dict[str, Answer]] = field(default_factory=dict)
    """By last segment, then by region; `*` is any region."""
    requests: dict[str, list[Asked]] = field(default_factory=dict)
    keys: dict[str, Any] = field(default_factory=dict)
    """The key sets that each origin gives at `/keys/...`, by the last segment."""

    def plan(self, token: str, answer: Answer, region: str = "*") -> None:
        self.plans.setdefault(token, {})[region] = answer

    def asked(self, token: str) -> list[Asked]:
        return list(self.requests.get(token, ()))


def _handler(behind: Behind, region: str) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"] or 0))
            token = urlsplit(self.path).path.rpartition("/")[2]
            headers = {name.lower(): value for name, value in self.headers.items()}
            asked = behind.requests.setdefault(token, [])
            asked.append(Asked(region, self.command, self.path, headers))
            plans = behind.plans.get(token, {})
            answer = plans.get(region) or plans.get("*") or Answer()
            if answer.hold_s:
                time.sleep(answer.hold_s)
            if self.path.startswith("/keys"):
                text = json.dumps(behind.keys.get(token, {"keys": []})) if answer.body is None else answer.body
            elif answer.body is not None:
                text = answer.body
            else:
                text = json.dumps(
                    {
                        "region": region,
                        "method": self.command,
                        "url": self.path,
                        "headers": headers,
                        "body": body.decode(),
                        "number": len(asked),
                    }
                )
            self.send_response(answer.status)
            for name, value in {"Content-Type": "application/json", **answer.headers}.items():
                self.send_header(name, value)
            if answer.status != 304:
                self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            if self.command != "HEAD" and answer.status != 304:
                self.wfile.write(text.encode())

        do_HEAD = do_POST = do_PUT = do_DELETE = do_GET

        def log_message(self, format: str, *_args: Any) -> None:
            pass

    return Handler


@contextmanager
def behind() -> Iterator[Behind]:
    """Serve every region until the block ends."""
    state = Behind()
    with ExitStack() as stack:
        for region in REGIONS:
            server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(state, region))
            server.daemon_threads = True
            state.urls[region] = f"http://127.0.0.1:{server.server_port}"
            thread = threading.Thread(target=server.serve_forever, daemon=True)
            thread.start()
            stack.callback(thread.join)
            stack.callback(server.server_close)
            stack.callback(server.shutdown)
        yield state
