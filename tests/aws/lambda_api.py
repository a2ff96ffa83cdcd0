"""A stub of Lambda's API on loopback: functions with versions, pages, replicas, throttling, and signatures that must be right."""

import datetime
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from edgewright.platforms.cloudfront.aws.sigv4 import Credentials, sign

CREDENTIALS = Credentials("AKIDEXAMPLE", "secret")


@dataclass
class Account:
    """What is in the account, and how it behaves."""

    functions: dict[str, str] = field(default_factory=dict)
    """Name to description."""
    versions: dict[str, list[int]] = field(default_factory=dict)
    replicated: set[tuple[str, int]] = field(default_factory=set)
    page: int = 50
    throttled: int = 0
    """Requests that are refused before one is answered."""
    requests: list[str] = field(default_factory=list)
    url: str = ""


def _handler(account: Account) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:
            pass

        def answer(self, status: int, body: Any, code: str = "") -> None:
            text = b"" if body is None else json.dumps(body).encode()
            self.send_response(status)
            if code:
                self.send_header("x-amzn-errortype", code)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def sound(self) -> bool:
            when = datetime.datetime.strptime(self.headers["x-amz-date"], "%Y%m%dT%H%M%SZ")
            expected = sign(
                self.command,
                account.url + self.path,
                {},
                b"",
                credentials=CREDENTIALS,
                region="us-east-1",
                service="lambda",
                now=when.replace(tzinfo=datetime.timezone.utc),
            )
            return expected["authorization"] == self.headers["authorization"]

        def begin(self) -> bool:
            account.requests.append(f"{self.command} {self.path}")
            if not self.sound():
                self.answer(403, {"Message": "The request signature does not match."}, "SignatureDoesNotMatch")
                return False
            if account.throttled > 0:
                account.throttled -= 1
                self.answer(429, {"Message": "Rate exceeded"}, "TooManyRequestsException")
                return False
            return True

        def pages(self, key: str, items: list[Any]) -> None:
            query = parse_qs(urlsplit(self.path).query)
            start = int(query.get("Marker", ["0"])[0])
            page = items[start : start + account.page]
            more = {"NextMarker": str(start + account.page)} if start + account.page < len(items) else {}
            self.answer(200, {key: page, **more})

        def do_GET(self) -> None:
            if not self.begin():
                return
            parts = [unquote(part) for part in urlsplit(self.path).path.split("/")[3:] if part]
            if not parts:
                described = [{"FunctionName": name, "Description": text} for name, text in account.functions.items()]
                self.pages("Functions", described)
            elif parts[0] in account.versions and parts[1:] == ["versions"]:
                numbers = ["$LATEST", *map(str, account.versions[parts[0]])]
                self.pages("Versions", [{"Version": number} for number in numbers])
            else:
                self.answer(404, {"Message": "Function not found"}, "ResourceNotFoundException")

        def do_DELETE(self) -> None:
            if not self.begin():
                return
            parts = urlsplit(self.path)
            name = unquote(parts.path.rsplit("/", 1)[-1])
            qualifier = parse_qs(parts.query).get("Qualifier")
            numbers = account.versions.get(name)
            doomed = [int(qualifier[0])] if qualifier else list(numbers or ())
            if numbers is None or any(number not in numbers for number in doomed):
                self.answer(404, {"Message": "Function not found"}, "ResourceNotFoundException")
            elif any((name, number) in account.replicated for number in doomed):
                arn = f"arn:aws:lambda:us-east-1:123456789012:function:{name}"
                message = f"Lambda was unable to delete {arn} because it is a replicated function."
                self.answer(400, {"Message": message}, "InvalidParameterValueException")
            else:
                account.versions[name] = [number for number in numbers if number not in doomed]
                if not qualifier:
                    del account.functions[name], account.versions[name]
                self.answer(204, None)

    return Handler


@contextmanager
def lambda_api(account: Account) -> Iterator[Account]:
    """Serve an account on loopback."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(account))
    account.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield account
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
