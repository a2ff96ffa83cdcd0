"""Programs as data: an API with one endpoint, and what the components around it are given."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from edgewright import CachePolicy, EdgeApi, GeoRouter, KvNamespace, LambdaEdgeFunction
from edgewright.cache_policy import CachePolicyArgs
from edgewright.kv_namespace import KvNamespaceArgs

from tests.components.program import placed

ACCOUNT = "0123456789abcdef0123456789abcdef"
ZONE = "fedcba9876543210fedcba9876543210"
SECRET = "0123456789abcdef0123456789abcdef"
"""Long enough for HS256."""


@dataclass
class Kit:
    """What a program is built with: where it is to run, and what it has made so far."""

    host: str
    name: str
    """Begins the names of all that the program makes."""
    urls: Mapping[str, str]
    """The origins' URLs by region."""
    stable: Any = None
    """The version that an earlier deployment of the program left."""
    store: KvNamespace | None = None
    function: LambdaEdgeFunction | None = None
    router: GeoRouter | None = None
    policies: dict[str, CachePolicy] = field(default_factory=dict)
    made: dict[str, Any] = field(default_factory=dict)
    """What else the program has, by what it is called."""

    def once(self, name: str, make: Callable[[str], Any]) -> Any:
        """Return something of the program's, made when it is first asked for; `make` is given its whole name."""
        if name not in self.made:
            self.made[name] = make(f"{self.name}-{name}")
        return self.made[name]

    @property
    def account(self) -> Any:
        """The arguments that say the account, where a platform asks for one."""
        return {"account_id": ACCOUNT} if self.host == "cloudflare" else {}


@dataclass(frozen=True)
class Later:
    """A value that the kit has, in the place where it goes."""

    make: Callable[[Kit], Any]
    label: str

    def __repr__(self) -> str:
        return self.label


def _binding(kit: Kit) -> Any:
    assert kit.store is not None
    return kit.store.binding


def _association(kit: Kit) -> Any:
    assert kit.function is not None
    return kit.function.association


STORE = Later(_binding, "STORE")
"""The program's KvNamespace, as a binding."""
FUNCTION = Later(_association, "FUNCTION")
"""The program's LambdaEdgeFunction, as an association."""
STABLE = Later(lambda kit: kit.stable, "STABLE")
"""The version of the deployment before."""
NAME = Later(lambda kit: kit.name, "NAME")


def url(region: str, path: str = "") -> Later:
    return Later(lambda kit: kit.urls[region] + path, f"URL-{region}{path}")


def named(pattern: str) -> Later:
    """Return a text with the program's name in the place of `{}`."""
    return Later(lambda kit: pattern.format(kit.name), f"NAMED-{pattern}")


def policy(**args: Any) -> Later:
    """Return a CachePolicy's spec; the same arguments in one program are the same policy."""
    key = repr(sorted(args.items(), key=lambda item: item[0]))

    def make(kit: Kit) -> Any:
        if key not in kit.policies:
            name = f"{kit.name}-p{len(kit.policies)}"
            whole: Any = placed(_filled(args, kit), CachePolicyArgs)
            kit.policies[key] = CachePolicy(name, whole)
        return kit.policies[key].spec

    return Later(make, f"policy({key})")


def _filled(value: Any, kit: Kit) -> Any:
    if isinstance(value, Later):
        return value.make(kit)
    if isinstance(value, Mapping):
        return {key: _filled(item, kit) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_filled(item, kit) for item in value]
    return value


ORIGINS = [{"region": "us", "url": url("us")}]
ALL_ORIGINS = [
    {"region": "us", "url": url("us"), "countries": ["US"]},
    {"region": "eu", "url": url("eu"), "countries": ["DE"]},
    {"region": "apac", "url": url("apac"), "countries": ["JP"]},
]


@dataclass(frozen=True)
class Given:
    """One program: an EdgeApi with one endpoint `/x/*`, and what is around it. Each part is changed by :func:`given`."""

    api: Mapping[str, Any] = field(default_factory=dict)
    """Arguments of the EdgeApi, beside its endpoints."""
    endpoint: Mapping[str, Any] = field(default_factory=dict)
    """Arguments of the one endpoint, beside path and origin."""
    more: tuple[Mapping[str, Any], ...] = ()
    """Further endpoints, whole."""
    router: Mapping[str, Any] = field(default_factory=dict)
    """Arguments of the GeoRouter."""
    store: Mapping[str, Any] | None = None
    """Arguments of a KvNamespace, where the program has one."""
    function: Mapping[str, Any] | None = None
    """Arguments of a LambdaEdgeFunction, where the program has one."""
    before: "Given | None" = None
    """What was deployed before it."""

    def key(self) -> str:
        """Return a text that is the same for the same program."""
        return repr(self)

    def build(self, kit: Kit) -> EdgeApi:
        """Make the program's components."""
        endpoints = self.around(kit)
        args: Any = {"host": kit.host, **kit.account, **_filled(self.api, kit), "endpoints": endpoints}
        args = {key: value for key, value in args.items() if value is not None}
        whole: Any = placed(args)
        return EdgeApi(f"{kit.name}-api", whole)

    def around(self, kit: Kit) -> list[dict[str, Any]]:
        """Make all but the EdgeApi; return its endpoints."""
        if self.store is not None:
            kept: Any = {"host": kit.host, **kit.account, **_filled(self.store, kit)}
            store: Any = {key: item for key, item in kept.items() if item is not None}
            whole_store: Any = placed(store, KvNamespaceArgs)
            kit.store = KvNamespace(f"{kit.name}-store", whole_store)
        if self.function is not None:
            kit.function = LambdaEdgeFunction(f"{kit.name}-function", _filled(self.function, kit))
        router = {"origins": ORIGINS, "fallback": "us", **self.router}
        kit.router = GeoRouter(f"{kit.name}-router", _filled(router, kit))
        first: dict[str, Any] = {"path": "/x/*", **self.endpoint}
        return [self._whole(kit, part) for part in (first, *self.more)]

    def _whole(self, kit: Kit, part: Mapping[str, Any]) -> dict[str, Any]:
        assert kit.router is not None
        filled = _filled(part, kit)
        answered = {"handler", "origin", "session"} & filled.keys()
        whole = filled if answered else {**filled, "origin": kit.router.routing}
        return {key: value for key, value in whole.items() if value is not None}


def given(
    *,
    cache: Mapping[str, Any] | None = None,
    router: Mapping[str, Any] | None = None,
    store: Mapping[str, Any] | None = None,
    function: Mapping[str, Any] | None = None,
    endpoint: Mapping[str, Any] | None = None,
    more: tuple[Mapping[str, Any], ...] = (),
    before: Given | None = None,
    **api: Any,
) -> Given:
    """Return a program. `cache` is the one endpoint's CachePolicy; what has no other name is an argument of the EdgeApi."""
    parts = {**({"cache": policy(**cache)} if cache is not None else {}), **(endpoint or {})}
    return Given(api, parts, more, router or {}, store, function, before)


__all__ = [
    "ACCOUNT",
    "ALL_ORIGINS",
    "FUNCTION",
    "NAME",
    "ORIGINS",
    "SECRET",
    "STABLE",
    "STORE",
    "ZONE",
    "Given",
    "Kit",
    "Later",
    "given",
    "named",
    "policy",
    "url",
]
