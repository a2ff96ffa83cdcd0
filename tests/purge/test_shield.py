"""A purge of a deployed function with a shield: through the function, by its token."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.purge.test_cloudflare import Say, api, project, say, state  # noqa: F401

TOKEN = "0123456789abcdef0123456789abcdef"


class Function:
    """Stands for the deployed function: refuses so often, then takes the purge."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str | None, Any]] = []
        self.answers: list[int] = []
        function = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                function.calls.append((self.path, self.headers.get("Authorization"), json.loads(body)))
                status = function.answers.pop(0) if function.answers else 200
                text = json.dumps(
                    {"memory": 0, "edge": 1, "kv": 0, "shield": 8, "visibleWithinMs": 30000, "front": "none"}
                ).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def function() -> Iterator[Function]:
    made = Function()
    yield made
    made.server.shutdown()
    made.thread.join()
    made.server.server_close()


def shielded(url: str, *, kv: bool = False) -> dict[str, Any]:
    spec = {"tiers": {"shield": {"class_name": "EdgewrightShield"}}}
    found = state(spec=spec, options={"zoneId": None}, outputs={"urls": [f"{url}/shop"]})
    if not kv:
        found["deployment"]["resources"][0]["inputs"]["endpoints"] = []
    return found


def test_it_is_told_through_the_function(
    function: Function,
    say: Say,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("EDGEWRIGHT_PURGE_TOKEN", TOKEN)
    monkeypatch.delenv("CLOUDFLARE_API_TOKEN")
    monkeypatch.setattr("edgewright.platforms.cloudflare.purge_steps.FIRST_WAIT_S", 0.01)
    function.answers = [503, 500]
    project(tmp_path, shielded(function.url))
    code, out, err = say("purge", "--state", "state.json", "--tag", "goods")
    assert (code, err) == (0, "")
    assert [(path, bearer) for path, bearer, _ in function.calls] == [
        ("/.well-known/edgewright/purge", f"Bearer {TOKEN}")
    ] * 3
    assert function.calls[-1][2] == {"urls": [], "prefixes": [], "tags": ["goods"], "soft": False}
    assert "purged demo-api: shield, 1 tag" in out
    assert "every isolate of every data centre sees it in 30 s at most" in out

    code, out, _ = say("purge", "--state", "state.json", "--tag", "goods", "--format", "json")
    assert (code, json.loads(out)["steps"]) == (
        0,
        [{"kind": "shield", "text": "demo-api: shield, 1 tag", "before": False}],
    )


def test_without_the_token_it_says_what_it_does_not_reach(
    function: Function,
    say: Say,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("EDGEWRIGHT_PURGE_TOKEN", raising=False)
    project(tmp_path, shielded(function.url))
    code, _, err = say("purge", "--state", "state.json", "--tag", "goods")
    assert code == 2
    assert "needs EDGEWRIGHT_PURGE_TOKEN, the token that is its secret of that name; without it nothing" in " ".join(
        err.split()
    )
    assert function.calls == []

    project(tmp_path, shielded(function.url, kv=True))
    code, out, err = say("purge", "--state", "state.json", "--tag", "goods")
    assert code == 0
    assert "without it the markers in KV reach it, in 90 s" in " ".join(err.split())
    assert "in 90 s at most" in out


@pytest.mark.parametrize(
    ("status", "fault"),
    [
        (401, "EDGEWRIGHT_PURGE_TOKEN: {url} answers 401: it must be the secret of that name"),
        (404, "answers 404: the function was deployed without the secret EDGEWRIGHT_PURGE_TOKEN"),
    ],
)
def test_a_function_that_refuses_is_not_asked_again(
    function: Function,
    say: Say,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    status: int,
    fault: str,
) -> None:
    monkeypatch.setenv("EDGEWRIGHT_PURGE_TOKEN", TOKEN)
    function.answers = [status]
    project(tmp_path, shielded(function.url))
    code, _, err = say("purge", "--state", "state.json", "--tag", "goods")
    assert (code, len(function.calls)) == (2, 1)
    assert fault.format(url=function.url) in " ".join(err.split())


def test_with_neither_it_says_that_a_purge_does_not_travel(say: Say, tmp_path: Path) -> None:  # noqa: F811
    bare = state(inputs={"endpoints": []}, options={"zoneId": None})
    project(tmp_path, bare)
    code, _, err = say("purge", "--state", "state.json", "--tag", "goods")
    assert code == 2
    assert "has neither a KV tier nor a shield, by which a purge travels" in " ".join(err.split())
