"""Which routes cross, by looking at every pair, and by the way that takes no such time."""

import itertools
import re
from typing import Any

from edgewright_policies import Context, Node, Settings, StackView
from edgewright_policies.reading import View
from edgewright_policies.routing.routes import routes_overlap
from hypothesis import given, settings
from hypothesis import strategies as st

TYPE = "cloudflare:index/workersRoute:WorkersRoute"
HOSTS = st.sampled_from(["a.x", "b.a.x", "*.a.x", "*a.x", "*.x", "*x", "*", "c.x", "*.b.a.x"])
PATHS = st.sampled_from(["/", "/*", "/p", "/p*", "/p/*", "/p/q", "/p/q*", "/r/*"])
ROUTES = st.lists(st.tuples(HOSTS, PATHS, st.sampled_from(["one", "two"])), max_size=7, unique_by=lambda each: each[:2])


def _covers(wide: str, narrow: str) -> bool:
    return re.fullmatch(re.escape(wide).replace(r"\*", ".*"), narrow) is not None


def _cross(one: tuple[str, str, str], other: tuple[str, str, str]) -> bool:
    """Each takes what the other does not, and there is something that both take."""
    if one[2] == other[2]:
        return False
    hosts = (_covers(one[0], other[0]), _covers(other[0], one[0]))
    paths = (_covers(one[1], other[1]), _covers(other[1], one[1]))
    if not any(hosts) or not any(paths):
        return False
    return not (hosts[0] and paths[0]) and not (hosts[1] and paths[1])


def _found(routes: list[tuple[str, str, str]]) -> list[Any]:
    nodes = [
        Node(f"urn-{index}", TYPE, f"r{index}", View({"zoneId": "z", "pattern": host + path, "script": script}))
        for index, (host, path, script) in enumerate(routes)
    ]
    context = Context(config=routes_overlap.meta.config(), settings=Settings(), stack="dev")
    return list(routes_overlap.judge(StackView(nodes), context).violations)


@settings(max_examples=400, deadline=None)
@given(ROUTES)
def test_routes_cross_where_a_look_at_every_pair_says_so(routes: list[tuple[str, str, str]]) -> None:
    assert bool(_found(routes)) == any(_cross(one, other) for one, other in itertools.combinations(routes, 2))


def test_what_is_found_does_not_grow_with_the_square_of_the_routes() -> None:
    routes = [("*.x", f"/p/{index}/*", "one") for index in range(300)]
    routes += [(f"h{index}.x", "/p/*", "two") for index in range(300)]
    assert len(_found(routes)) == 300
