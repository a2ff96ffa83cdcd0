"""Asking for pages: the rate, the second look, refusals, and going on after an interruption."""

import re
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from edgewright.base.errors import ProjectError
from edgewright.cli.main import run
from edgewright.cli.warm import _countries as chosen
from edgewright.purge.journal import Journal
from edgewright.warm import run as warm_run
from edgewright.warm.run import Ask, Warmed, Warmer
from edgewright.warm.sources import Page

from tests.projects import make_project


class Edge(httpx.AsyncBaseTransport):
    """An edge: the first answer of a page is a miss, later ones are hits; `special` says otherwise."""

    def __init__(self) -> None:
        self.seen: Counter[str] = Counter()
        self.times: list[float] = []
        self.countries: list[str | None] = []
        self.special: dict[str, Callable[[int], httpx.Response]] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        path = request.url.raw_path.decode()
        self.seen[path] += 1
        self.times.append(time.monotonic())
        self.countries.append(request.headers.get("x-local-country"))
        if path in self.special:
            return self.special[path](self.seen[path])
        status = "edgewright; fwd=uri-miss; stored" if self.seen[path] == 1 else "edgewright; hit; ttl=9; detail=edge"
        return httpx.Response(200, headers={"cache-status": status}, text="x")


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warm_run, "FIRST_WAIT_S", 0.01)
    monkeypatch.setattr(warm_run, "SETTLE_S", 0.0)


def asks(*paths: str, country: str | None = None) -> list[Ask]:
    return [Ask(Page(None, path), country) for path in paths]


def warm(
    edge: Edge, todo: list[Ask], folder: Path, rate: float = 10_000, told: Callable[[int, int], None] | None = None
) -> Warmed:
    warmer = Warmer("http://edge.test", rate=rate, concurrency=4, local=True, transport=edge)
    return warmer.run(
        todo, Journal(folder / "warm.journal", [ask.id for ask in todo]), told or (lambda _done, _all: None)
    )


def test_what_became_a_hit_is_told_from_what_did_not(tmp_path: Path) -> None:
    edge = Edge()
    edge.seen["/there"] = 1
    edge.special = {
        "/never": lambda _: httpx.Response(200, headers={"cache-status": "edgewright; fwd=uri-miss; detail=ttl"}),
        "/bypass": lambda _: httpx.Response(200, headers={"x-cache": "BYPASS"}),
        "/silent": lambda _: httpx.Response(200),
        "/gone": lambda _: httpx.Response(404),
        "/session": lambda _: httpx.Response(401),
        "/busy": lambda count: httpx.Response(
            429 if count < 3 else 200, headers={"x-cache": "HIT-KV", "retry-after": "0"}
        ),
        "/down": lambda _: httpx.Response(503),
    }
    warmed = warm(edge, asks("/there", "/new", *edge.special), tmp_path)
    assert (warmed.asked, warmed.before, warmed.became) == (9, 2, 1)
    assert warmed.missed == {"miss": 1, "bypass": 1, "private": 1, "unknown": 1}
    assert warmed.failed == {"status 404": 1, "status 503": 1}
    assert warmed.examples["status 404"] == "/gone"
    assert warmed.share == pytest.approx(100 / 3)
    assert (edge.seen["/gone"], edge.seen["/busy"], edge.seen["/down"]) == (1, 3, 3)
    assert not (tmp_path / "warm.journal").exists()


def test_the_rate_is_kept_to_for_every_request(tmp_path: Path) -> None:
    edge = Edge()
    warm(edge, asks(*(f"/{n}" for n in range(10))), tmp_path, rate=100)
    assert len(edge.times) == 20
    assert edge.times[-1] - edge.times[0] >= 0.19 * 0.95


def test_a_page_is_asked_for_as_each_country(tmp_path: Path) -> None:
    edge = Edge()
    warmed = warm(edge, [*asks("/a", country="US"), *asks("/a", country="JP")], tmp_path)
    assert warmed.asked == 2
    assert set(edge.countries) == {"US", "JP"}


def test_what_was_interrupted_goes_on(tmp_path: Path) -> None:
    edge = Edge()
    todo = asks(*(f"/{n}" for n in range(20)))

    def interrupt(done: int, _all: int) -> None:
        if done == 7:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        warm(edge, todo, tmp_path, told=interrupt)
    before = sum(edge.seen.values())
    told: list[int] = []
    warmed = warm(edge, todo, tmp_path, told=lambda done, _all: told.append(done))
    assert told[0] >= 7
    assert (warmed.asked, warmed.hits) == (20, 20)
    assert sum(edge.seen.values()) <= before + 2 * 13
    # A journal that was cut off, or is of another task, is not believed.
    journal = tmp_path / "warm.journal"
    journal.write_text('{"version":1,"task":"other","began":1}\n{"step":"  /0","result":"hit"}\n')
    assert Journal(journal, ["x"]).done == {}


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--url", "https://e.com/path", "--path", "/a"], 2, "without path and query"),
        (["--url", "https://e.com"], 2, "nothing to warm"),
        (["--url", "https://e.com", "--path", "https://other.com/a"], 2, "of another host"),
        (["--url", "http://[bad", "--path", "/a"], 2, "is not a URL"),
        (["--url", "https://e.com", "--path", "http://e.com:999999/a"], 2, "Port out of range"),
        (["--url", "https://e.com", "--path", "//a"], 2, "begins with `//`"),
        (["--path", "//a", "--path", "http://[b"], 2, "2 errors"),
        (["--url", "ftp://e.com", "--path", "//a", "--countries", "US", "--from", "none.txt"], 2, "4 errors"),
        (["--url", "https://e.com", "--path", "/a", "--countries", "US"], 2, "only the local cloud"),
        (["--url", "https://e.com", "--from", "none.txt"], 2, "cannot be read"),
        (["--url", "https://e.com", "--from", "bomb.xml"], 2, "not allowed in a sitemap"),
        (["--url", "https://e.com", "--path", "/a", "--rate", "0"], 2, "0.1"),
        (["--path", "/a"], 3, "does not run here"),
        (["--url", "http://127.0.0.1:9", "--path", "/a"], 3, "answered none of 1 requests well"),
    ],
)
def test_faults_end_with_their_exit_code(
    arguments: list[str],
    code: int,
    message: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = make_project(tmp_path, "import pulumi\n", files={"bomb.xml": "<!DOCTYPE x><urlset/>"})
    monkeypatch.chdir(folder)
    assert run(["warm", *arguments]) == code
    said = capsys.readouterr()
    assert message in said.err
    assert "Traceback" not in said.err


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("US,XX", "'XX' is no country's code of ISO 3166-1 alpha-2, such as US,DE,JP"),
        ("uk", "'UK' is no country's code of ISO 3166-1 alpha-2, such as US,DE,JP; UK is GB there"),
        ("Germany", "'GERMANY' is no country's code"),
    ],
)
def test_what_is_no_country_is_no_client(text: str, message: str) -> None:
    with pytest.raises(ProjectError, match=re.escape(message)):
        chosen(text, local=True)
    assert chosen("us, DE,US", local=True) == ["US", "DE"]
