"""A stand-in for Cloudflare's API on loopback: it keeps what it is asked for, and refuses when it is told to."""

import json
import re
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOKEN = "t0ken-of-the-stub"

Refusal = tuple[int, dict[str, str]]
Answer = tuple[int, dict[str, str], Any]


class Api:
    """The stub.

    Attributes:
        calls: (method, path, body) of everything that was taken, in order.
        refusals: answers for the next requests, before anything is taken.
    """

    def __init__(self) -> None:
        self.calls: list[tuple[str, str, Any]] = []
        self.refusals: list[Refusal] = []
        self.on_keys: Callable[[str, list[dict[str, Any]]], None] = lambda _namespace, _pairs: None
        self.unsuccessful: list[str] = []
        api = self

        class Handler(BaseHTTPRequestHandler):
            def _serve(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or "null")
                status, headers, answer = api.answer(self.command, self.path, self.headers.get("Authorization"), body)
                text = json.dumps(answer).encode()
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_POST = do_PUT = do_GET = _serve

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/client/v4"

    def answer(self, method: str, path: str, token: str | None, body: Any) -> Answer:
        def refused(status: int, code: int, message: str, headers: dict[str, str] | None = None) -> Answer:
            document = {
                "success": False,
                "errors": [{"code": code, "message": message}],
                "messages": [],
                "result": None,
            }
            return status, headers or {}, document

        if token != f"Bearer {TOKEN}":
            return refused(403, 10000, "Authentication error")
        if self.refusals:
            status, headers = self.refusals.pop(0)
            return refused(status, 1200 + status, "not now", headers)
        path = path.removeprefix("/client/v4")
        if re.fullmatch(r"/zones/[0-9a-f]{32}/(purge|invalidate)_cache", path) and method == "POST":
            fault = purge_fault(body)
            if fault:
                return refused(400, 1094, fault)
        elif (found := re.fullmatch(r"/accounts/[0-9a-f]{32}/storage/kv/namespaces/([0-9a-f]{32})/bulk", path)) and (
            method == "PUT"
        ):
            if any(not isinstance(pair["value"], str) or not 1 <= len(pair["key"]) <= 512 for pair in body):
                return refused(400, 10022, "bad pair")
            self.on_keys(found[1], body)
        else:
            return refused(404, 7003, f"no route for {method} {path}")
        self.calls.append((method, path, body))
        return (
            200,
            {},
            {"success": True, "errors": [], "messages": [], "result": {"unsuccessful_keys": self.unsuccessful}},
        )

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def purge_fault(body: Any) -> str | None:
    """What the API's documentation says of a body."""
    if body == {"purge_everything": True}:
        return None
    if not isinstance(body, dict) or len(body) != 1 or next(iter(body)) not in ("files", "prefixes", "tags"):
        return "one of files, prefixes, tags, hosts or purge_everything"
    ((kind, items),) = body.items()
    if not 1 <= len(items) <= 100:
        return f"{len(items)} operations"
    if kind == "files" and not all(item.startswith(("http://", "https://")) for item in items):
        return "files are URLs"
    if kind == "prefixes" and any("://" in item or item.startswith("/") for item in items):
        return "prefixes begin with a host"
    return None
