"""Behaviors: which of them the endpoints' paths become, in what order, and what their endpoints ask for."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from edgewright.arguments.endpoints.models import Endpoint, Endpoints
from edgewright.contract import features
from edgewright.contract.models import CacheSpec, EdgeSettings, EndpointSpec
from edgewright.contract.path_patterns import covers, matches, overlap

SAFE = ("GET", "HEAD", "OPTIONS")
PATTERN = re.compile(r"[A-Za-z0-9_.*$/~\"'@:+&?-]{1,255}")
"""A path pattern: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/DownloadDistValuesCacheBehavior.html"""
MAX_SEGMENTS = 512
"""More than a path of 1024 characters can have."""


@dataclass(frozen=True)
class Behavior:
    """One behavior: what it matches, and the endpoints behind it."""

    pattern: str
    """CloudFront's path pattern; `*` is the default behavior."""
    items: tuple[Endpoint, ...]
    """Endpoints, the one that answers GET first."""

    @property
    def default(self) -> bool:
        """Whether it is the distribution's default behavior."""
        return self.pattern == "*"


def behaviors_of(endpoints: Endpoints) -> list[Behavior]:
    """Return the behaviors for the endpoints' paths, the most specific first; the default one is the last."""
    groups: dict[str, list[Endpoint]] = {}
    for item in sorted(endpoints.items, key=lambda item: _specificity(item.path)):
        groups.setdefault(pattern_of(item.path), []).append(item)
    default = groups.pop("/*", groups.pop("*", []))
    found = [Behavior(pattern, _get_first(items)) for pattern, items in groups.items()]
    return [*found, Behavior("*", _get_first(default))]


def in_order(endpoints: Sequence[Behavior], assets: Sequence[str]) -> list[str]:
    """Return the patterns of all behaviors but the default one, those of endpoints and of files, the most specific first.

    CloudFront takes the first that matches. Where files and endpoints have paths in common and neither pattern is the
    narrower one, the endpoint comes first: it may want to know who asks.
    """
    patterns = [behavior.pattern for behavior in endpoints if not behavior.default]
    before: dict[int, list[str]] = {}
    for path in sorted(assets, key=lambda path: (-len(path), path)):
        broader = [index for index, pattern in enumerate(patterns) if covers(pattern, path)]
        before.setdefault(broader[0] if broader else len(patterns), []).append(path)
    found = []
    for index, pattern in enumerate(patterns):
        found += [*before.get(index, ()), pattern]
    return [*found, *before.get(len(patterns), ())]


def taken_by(order: Sequence[str], path: str) -> str | None:
    """Return the pattern that takes a file's path, or None where it is the default behavior's.

    To an endpoint, `/docs/*` is `/docs` too.
    """
    for pattern in order:
        if matches(pattern, path) or (pattern.endswith("/*") and matches(pattern, f"{path}/")):
            return pattern
    return None


def guards_over(behaviors: Sequence[Behavior], path: str, order: Sequence[str]) -> list[tuple[str, bool]]:
    """Return the paths of endpoints with `auth` of whose requests some would get files of `path`, and whether they cover it."""
    found = []
    for behavior in behaviors:
        if not overlap(behavior.pattern, path):
            continue
        if not behavior.default and order.index(behavior.pattern) < order.index(path):
            continue
        whole = covers(behavior.pattern, path)
        found += [(item.path, whole) for item in behavior.items if item.auth is not None]
    return found


def pattern_of(path: str) -> str:
    """Return CloudFront's pattern for an endpoint's path: its `*` stands for any characters, slashes too."""
    return re.sub(r"/:[^/]+", "/*", path)


def _specificity(path: str) -> tuple[Any, ...]:
    """Sorts as the core does: a literal, then a pattern that ends here, then a parameter, then `*`."""

    def rank(segment: str, last: bool) -> int:
        if segment == "*":
            return 4 if last else 3
        return 2 if segment.startswith(":") else 0

    segments = path.split("/")[1:]
    ranks = [rank(segment, index == len(segments) - 1) for index, segment in enumerate(segments)]
    return (*ranks, *[1] * (MAX_SEGMENTS - len(ranks)), path)


def _get_first(items: Sequence[Endpoint]) -> tuple[Endpoint, ...]:
    return tuple(sorted(items, key=lambda item: "GET" not in item.methods))


@dataclass(frozen=True)
class Served:
    """A behavior with the settings that its endpoints compiled to."""

    behavior: Behavior
    specs: tuple[EndpointSpec, ...]
    """The endpoints' parts of the settings document."""

    @property
    def cache(self) -> CacheSpec | None:
        """The strategy whose key the behavior has."""
        for spec in self.specs:
            if _gets(spec):
                return _stored(spec)
        return None

    @property
    def router(self) -> str | None:
        """The router of its endpoints, where one of them has an origin."""
        names = [spec.origin.router for spec in self.specs if spec.origin is not None]
        return names[0] if names else None

    @property
    def safe(self) -> bool:
        """Whether its endpoints answer only what CloudFront can ask a second origin."""
        return bool(self.specs) and all(set(spec.methods) <= set(SAFE) for spec in self.specs)

    @property
    def stored(self) -> tuple[EndpointSpec, ...]:
        """The endpoints whose answers may be stored."""
        return tuple(spec for spec in self.specs if _stored(spec) is not None and _gets(spec))

    @property
    def guard(self) -> str | None:
        """How a caller is known before anything stored is given out: `jwt`, `session`, or not at all."""
        kinds = [spec.auth.kind for spec in self.stored if spec.auth is not None]
        return kinds[0] if kinds else None

    @property
    def own(self) -> tuple[Any, ...]:
        """Functions of the user's own at the viewer: beside them CloudFront runs none of ours."""
        return tuple(function for item in self.behavior.items for function in item.functions or ())

    @property
    def varies(self) -> list[str]:
        """Request headers that stored answers depend on because of what is around the endpoints."""
        return sorted({name for spec in self.stored for name in features.varies(spec)})

    @property
    def session(self) -> bool:
        """Whether an endpoint asks for a session."""
        return any(spec.auth is not None and spec.auth.kind == "session" for spec in self.specs)


def _gets(spec: EndpointSpec) -> bool:
    return "GET" in spec.methods or "*" in spec.methods


def _stored(spec: EndpointSpec) -> CacheSpec | None:
    """Return the strategy by which an endpoint's answers are stored."""
    return spec.cache if spec.cache is not None and spec.cache.stores else None


def serve(endpoints: Endpoints, settings: EdgeSettings) -> list[Served]:
    """Return the behaviors with their endpoints' settings, in the distribution's order."""
    by_place = {(spec.path, spec.methods): spec for spec in settings.endpoints}
    return [
        Served(behavior, tuple(by_place[(item.path, item.methods)] for item in behavior.items))
        for behavior in behaviors_of(endpoints)
    ]
