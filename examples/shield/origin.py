"""An origin for this example: any path is answered with the path and the region. Run: python origin.py REGION PORT."""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

region, port = sys.argv[1], int(sys.argv[2])


class Origin(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = json.dumps({"path": self.path, "region": region}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing of each request."""


ThreadingHTTPServer(("127.0.0.1", port), Origin).serve_forever()
