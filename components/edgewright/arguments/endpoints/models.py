"""An API's arguments that every platform has, as they were read: what `normalise` made regular, in models.

What was not given is None, or what stands for it by default. What was at fault is left out: the checks that follow look at
the rest, and nothing is made of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pulumi

from edgewright.arguments.shape import Later, is_later
from edgewright.arguments.written import UrlNormalization
from edgewright.contract.features import without_unused
from edgewright.contract.models import EdgeSettings
from edgewright.platforms import DEFAULT


@dataclass(frozen=True)
class Issuer:
    """Who signs the tokens that the API's endpoints accept."""

    issuer: str | None = None
    audience: tuple[str, ...] | None = None
    jwks_url: str | None = None


@dataclass(frozen=True)
class Sessions:
    """The API's store of sessions."""

    binding: Later[object] = None
    cookie: str | None = None
    ttl: int | None = None
    key_prefix: str | None = None


@dataclass(frozen=True)
class Auth:
    """What a caller of an endpoint must show, with what the API's `jwt` says of it."""

    kind: str | None = None
    issuer: str | None = None
    audience: tuple[str, ...] | None = None
    algorithms: tuple[str, ...] | None = None
    jwks_url: str | None = None
    secret: str | None = None
    clock_tolerance: int | None = None
    required_claims: Mapping[str, str] | None = None
    jwks_max_stale: int | None = None


@dataclass(frozen=True)
class RateLimit:
    """A limit on each caller of an endpoint."""

    limit: int | None = None
    period: int | None = None


@dataclass(frozen=True)
class Cors:
    """Which pages of other origins may read an endpoint's answers."""

    origins: tuple[str, ...] = ()
    methods: tuple[str, ...] | None = None
    headers: tuple[str, ...] = ()
    expose: tuple[str, ...] = ()
    credentials: bool = False
    max_age: int | None = None


@dataclass(frozen=True)
class Endpoint:
    """One endpoint."""

    at: str = ""
    """Where it stands among the arguments: `endpoints[2]`."""
    path: str = ""
    methods: tuple[str, ...] = ("GET", "HEAD")
    handler: str | None = None
    module: str = ""
    """The name of the handler's module; empty where no handler answers."""
    origin: Later[object] = None
    """A GeoRouter's `routing`: whatever was given in its place, now or later."""
    strip_prefix: str | None = None
    session: bool = False
    cache: Later[object] = None
    """A CachePolicy's `spec`: whatever was given in its place, now or later."""
    auth: Auth | None = None
    rate_limit: RateLimit | None = None
    cors: Cors | None = None
    static: bool = False
    expected_ms: int | None = None
    queue: str | None = None
    functions: tuple[Later[object], ...] | None = None
    """What is given where a LambdaEdgeFunction's `association` is due."""


@dataclass(frozen=True)
class Api:
    """An API's arguments that do not depend on the platform."""

    host: str = DEFAULT
    hostname: str | None = None
    endpoints: tuple[Endpoint, ...] | None = None
    jwt: Issuer | None = None
    sessions: Sessions | None = None
    bindings: tuple[Later[object], ...] = ()
    secrets: Mapping[str, Later[object]] = field(default_factory=dict)
    url_normalization: UrlNormalization | None = None
    trace: bool = False

    @property
    def as_sent(self) -> bool:
        """Whether paths go to the origin as they were sent."""
        return self.url_normalization == "none"


@dataclass(frozen=True)
class Counter:
    """A rate limit's binding: one counter for each endpoint and caller."""

    name: str
    limit: int
    period_s: int


@dataclass(frozen=True)
class Endpoints:
    """Endpoints that are sound as written, in the order of their paths, and what they need."""

    items: tuple[Endpoint, ...] = ()
    handlers: Mapping[str, Path] = field(default_factory=dict)
    """Module name to file."""
    handler_places: Mapping[str, str] = field(default_factory=dict)
    """Module name to the property that names it first."""
    rate_limits: tuple[Counter, ...] = ()


@dataclass(frozen=True)
class Compiled:
    """What an API compiles to: the settings document, and the bindings that it and the handlers need."""

    settings: EdgeSettings
    """Where an origin's URL becomes known later, `PENDING_URL` stands for it."""
    bindings: tuple[dict[str, Any], ...] = ()
    urls: Mapping[tuple[str, str], pulumi.Output[str]] = field(default_factory=dict)
    """URLs that become known later, by router and region."""

    def url(self, router: str, region: str) -> Later[str]:
        """Return the URL of a router's origin."""
        if (router, region) in self.urls:
            return self.urls[router, region]
        (url,) = (
            origin.url
            for each in self.settings.routers
            for origin in each.origins
            if (each.name, origin.region) == (router, region)
        )
        return url

    @property
    def whole(self) -> Later[EdgeSettings]:
        """The settings document, once every URL is known."""
        if not self.urls:
            return self.settings
        return pulumi.Output.all(*self.urls.values()).apply(
            lambda known: _with_urls(self.settings, dict(zip(self.urls, known, strict=True)))
        )

    def document(self) -> dict[str, Any]:
        """Return the settings document as others see it: plain data, with URLs that become known later in their places."""
        document = without_unused(self.settings.model_dump(mode="json"))
        for router in document["routers"]:
            for origin in router["origins"]:
                origin["url"] = self.url(router["name"], origin["region"])
        return document


def whole(compiled: Later[Compiled]) -> Later[EdgeSettings]:
    """Return the settings document of what is compiled now or later."""
    return compiled.apply(lambda known: known.whole) if is_later(compiled) else compiled.whole


def _with_urls(settings: EdgeSettings, urls: Mapping[tuple[str, str], str]) -> EdgeSettings:
    routers = [
        router.model_copy(
            update={
                "origins": tuple(
                    origin.model_copy(update={"url": urls.get((router.name, origin.region), origin.url)})
                    for origin in router.origins
                )
            }
        )
        for router in settings.routers
    ]
    return settings.model_copy(update={"routers": tuple(routers)})
