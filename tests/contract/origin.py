"""What stands behind the edge in the contract's tests: origins that tell what they were asked, and a key server."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Behind:
    """One server on loopback."""

    region: str
    url: str
    seen: list[str] = field(default_factory=list)
    """Targets that it was asked for."""
    keys: list[dict[str, Any]] = field(default_factory=list)
    """The key set that it gives."""
    status: int = 200
    """What it answers with."""


@contextmanager
def behind(region: str) -> Iterator[Behind]:
    """Serve until the block ends."""
    state = Behind(region, "")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"] or 0))
            if self.path == "/keys":
                return self.answer(200, {"keys": state.keys}, {})
            state.seen.append(self.path)
            if self.path.startswith("/spoof"):
                return self.answer(200, {}, {"X-Origin-Region": "moon", "X-Edgewright-Policy": "p", "X-Cache": "HIT"})
            if self.path.startswith(("/large", "/file/large")):
                return self.answer(200, {"large": "x" * 1_500_000}, {})
            headers = {name.lower(): value for name, value in self.headers.items()}
            told = {
                "region": state.region,
                "url": self.path,
                "method": self.command,
                "headers": headers,
                "body": body.decode(),
                "number": len(state.seen),
            }
            control = {}
            if "/unsaid-" in self.path:
                control = {"Cache-Control": "max-age=60"}
            elif self.path.startswith(("/shared", "/club", "/public")):
                control = {"Cache-Control": "public, max-age=60"}
            return self.answer(state.status, told, control)

        do_HEAD = do_POST = do_PUT = do_DELETE = do_GET

        def answer(self, status: int, document: Any, headers: dict[str, str]) -> None:
            body = json.dumps(document).encode()
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", **headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def log_message(self, format: str, *_args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
