"""An empty list or mapping is as if it had not been given, or a fault that names it: on every component and host, at the top
of its arguments and one level below."""

from collections.abc import Iterator, Mapping
from typing import Any, get_origin

import pulumi
import pytest
from edgewright import CachePolicy, EdgeApi, GeoRouter, KvNamespace
from edgewright.arguments.shape import unwrap
from edgewright.base.faults import InputFaults
from edgewright.cache_policy import CachePolicyArgs
from edgewright.edge_api import EdgeApiArgs
from edgewright.geo_router import GeoRouterArgs, RegionOrigin
from edgewright.kv_namespace import KvNamespaceArgs
from typing_extensions import is_typeddict

from tests.components.program import Run, run

ORIGIN: RegionOrigin = {"region": "eu", "url": "https://eu.example.com"}


def api(args: Mapping[str, Any]) -> None:
    router = GeoRouter("r", {"origins": [ORIGIN], "fallback": "eu"})
    given: Any = {"endpoints": [{"path": "/a", "origin": router.routing}], **args}
    EdgeApi("api", given)


DECLARED: dict[str, tuple[Any, Any, dict[str, Any]]] = {
    "EdgeApi on cloudflare": (api, EdgeApiArgs, {}),
    "EdgeApi on cloudfront": (api, EdgeApiArgs, {"host": "cloudfront"}),
    "KvNamespace on cloudflare": (lambda a: KvNamespace("kv", a), KvNamespaceArgs, {}),
    "KvNamespace on cloudfront": (lambda a: KvNamespace("kv", a), KvNamespaceArgs, {"host": "cloudfront"}),
    "CachePolicy": (lambda a: CachePolicy("c", a), CachePolicyArgs, {"edge_ttl": 60}),
    "GeoRouter": (lambda a: GeoRouter("r", a), GeoRouterArgs, {"origins": [ORIGIN], "fallback": "eu"}),
}


def empties(shape: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    for key, hint in shape.__annotations__.items():
        kind, _ = unwrap(hint)
        if get_origin(kind) is list:
            yield (*path, key), []
        elif get_origin(kind) is dict:
            yield (*path, key), {}
        elif is_typeddict(kind):
            yield (*path, key), {}
            if not path:
                yield from empties(kind, (key,))


MEANT = {("EdgeApi on cloudfront", ("rollout",))}
"""Empty, and yet not as if it were left out: the last step of a rollout before it is taken away (`percentage: 100`)."""

CASES = [
    pytest.param(name, path, empty, id=f"{name}: {'.'.join(path)}")
    for name, (_, shape, _) in DECLARED.items()
    for path, empty in empties(shape)
    if (name, path) not in MEANT
]


def made(declared: Run) -> list[Any]:
    """Return what is made of the arguments. The components themselves are recorded with them as they were given."""
    own = (each for each in declared.shape() if "edgewright:index:" not in each[0].split("::")[2].rsplit("$", 1)[-1])
    return [plain(list(each)) for each in own]


def plain(value: Any) -> Any:
    """Return data with archives as what is in them."""
    if isinstance(value, pulumi.AssetArchive):
        return plain(dict(value.assets))
    if isinstance(value, pulumi.StringAsset):
        return value.text
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, (list, tuple)) else value


def declared(name: str, args: Mapping[str, Any]) -> Run | InputFaults:
    make, _, base = DECLARED[name]
    try:
        return run(lambda: make({**base, **args}))
    except InputFaults as faults:
        return faults


@pytest.mark.parametrize(("name", "path", "empty"), CASES)
def test_what_is_empty_is_as_not_given_or_a_fault_that_names_it(name: str, path: tuple[str, ...], empty: Any) -> None:
    given: Any = {path[0]: empty if len(path) == 1 else {path[1]: empty}}
    found = declared(name, given)
    if isinstance(found, InputFaults):
        assert any(fault.path.startswith(path[0]) for fault in found.faults), str(found)
        return
    without = declared(name, {})
    assert isinstance(without, Run)
    assert made(found) == made(without)


SOURCELESS = [
    ({"prefix": "a/"}, "seed.prefix"),
    ({"secret": True}, "seed.secret"),
    ({"prefix": "a/", "entries": []}, "seed.prefix"),
]


@pytest.mark.parametrize(("seed", "path"), SOURCELESS)
@pytest.mark.parametrize("host", ["KvNamespace on cloudflare", "KvNamespace on cloudfront"])
def test_what_says_how_seeds_are_put_needs_seeds(host: str, seed: Any, path: str) -> None:
    found = declared(host, {"seed": seed})
    assert isinstance(found, InputFaults)
    (fault,) = found.faults
    assert fault.path == path
    assert fault.problem.startswith("has no effect without ")
