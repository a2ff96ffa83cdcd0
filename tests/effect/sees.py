"""How rows look at a running program: each function gives one plain value."""

import re
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import httpx

from tests.effect.behind import Answer
from tests.effect.edge import Edge
from tests.loopback import PATIENCE_S

LAPSE_S = 1.6
"""How long rows wait for what lasts a second. Waiting longer changes nothing: what is not to lapse lasts an hour."""

See = Callable[[Edge], object]


def status(path: str = "/x/1", method: str = "GET", **options: Any) -> See:
    """The status of an answer."""
    return lambda edge: edge.ask(path, method, **options).status_code


def header(name: str, path: str = "/x/1", **options: Any) -> See:
    """A header of an answer, or None."""
    return lambda edge: edge.ask(path, **options).headers.get(name)


def text(path: str = "/x/1", **options: Any) -> See:
    """The text of an answer."""
    return lambda edge: edge.ask(path, **options).text


def told(*keys: str, path: str = "/x/1", **options: Any) -> See:
    """What the origin or the handler tells of the request, at these keys."""

    def see(edge: Edge) -> object:
        found: Any = edge.ask(path, **options).json()
        for key in keys:
            found = found.get(key) if isinstance(found, Mapping) else None
        return found

    return see


def twice(
    first: Mapping[str, Any] | None = None,
    second: Mapping[str, Any] | None = None,
    *,
    answer: Answer | None = None,
    look: Callable[[httpx.Response], object] = Edge.cache,
) -> See:
    """Ask for one path twice, with these options; look at the second answer. `query` and `host` of an option go on the path
    and to another hostname."""

    def see(edge: Edge) -> object:
        path = edge.fresh(answer)
        ask(edge, path, first)
        return look(settled(lambda: ask(edge, path, second)))

    return see


def settled(again: Callable[[], httpx.Response]) -> httpx.Response:
    """Ask until what came before is stored: it is while the answer is on its way, and who asks meanwhile shares it."""
    deadline = time.monotonic() + PATIENCE_S
    while "collapsed" in (answer := again()).headers.get("cache-status", ""):
        assert time.monotonic() < deadline, dict(answer.headers)
    return answer


def ask(edge: Edge, path: str, options: Mapping[str, Any] | None) -> httpx.Response:
    """Ask for a path with what `twice` takes."""
    plain = dict(options or {})
    query = plain.pop("query", "")
    return edge.ask(f"{path}?{query}" if query else path, **plain)


def asked_again(seconds: float = LAPSE_S, *, answer: Answer | None = None, **options: Any) -> See:
    """Whether the origin is asked again for what was stored these seconds ago."""

    def see(edge: Edge) -> object:
        path = edge.fresh(answer)
        edge.ask(path, **options)
        time.sleep(seconds)
        edge.ask(path, **options)
        return len(edge.asked(path)) > 1

    return see


def later(look: Callable[[httpx.Response], object], seconds: float = LAPSE_S, *, then: Answer | None = None) -> See:
    """Look at the answer of what was stored these seconds ago; meanwhile the origin has come to answer otherwise."""

    def see(edge: Edge) -> object:
        path = edge.fresh()
        edge.ask(path)
        time.sleep(seconds)
        if then is not None:
            edge.behind.plan(path.rpartition("/")[2], then)
        return look(edge.ask(path))

    return see


def number(answer: httpx.Response) -> object:
    """Which of the origin's answers it is."""
    return answer.json()["number"]


def tier(answer: httpx.Response) -> object:
    """Which tier it came from."""
    return Edge.tier(answer)


def code(answer: httpx.Response) -> object:
    return answer.status_code


def seconds_left(*steps: int, answer: Answer | None = None) -> See:
    """For how long a stored answer is fresh yet, as it says itself, as the next of these steps."""

    def see(edge: Edge) -> object:
        path = edge.fresh(answer)
        edge.ask(path)
        left = ttl(edge, settled(lambda: edge.ask(path)))
        return next((step for step in sorted(steps) if left <= step), left)

    return see


def ttl(edge: Edge, answer: httpx.Response) -> int:
    name, pattern = (
        ("cache-control", r"s-maxage=(\d+)") if edge.host == "cloudfront" else ("cache-status", r"ttl=(-?\d+)")
    )
    found = re.search(pattern, answer.headers.get(name, ""))
    assert found is not None, dict(answer.headers)
    return int(found[1])


def spread(low: int, high: int, split: int, count: int = 20) -> See:
    """Whether of so many answers some are fresh for less than `split`, and some for more; all between `low` and `high`."""

    def see(edge: Edge) -> object:
        found = []
        for path in [edge.fresh() for _ in range(count)]:
            first = edge.ask(path)
            # On CloudFront the first answer tells it, elsewhere what is stored does.
            answer = first if edge.host == "cloudfront" else settled(partial(edge.ask, path))
            found.append(ttl(edge, answer))
        # What is left when it is told may be some seconds less.
        assert all(low - 30 <= each <= high for each in found), found
        return any(each <= split for each in found), any(each > split for each in found)

    return see


def max_age(answer: httpx.Response) -> object:
    found = re.search(r"(?<!s-)max-?age=(\d+)", answer.headers.get("cache-control", ""))
    return int(found[1]) if found else None
