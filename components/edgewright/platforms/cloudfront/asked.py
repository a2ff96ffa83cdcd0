"""What an API asks for on CloudFront, as it was read: arguments of its own, and those of every platform that mean something
here. What was not given is None, or what stands for it by default."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from edgewright.arguments.endpoints.models import Endpoint, Sessions
from edgewright.arguments.shape import Later

MAX_AGE_S = 2_592_000
"""For how long a viewer keeps an experiment's cookie, where nothing else is said: 30 days."""


@dataclass(frozen=True)
class Redirect:
    """A redirect."""

    path: str | None = None
    to: str | None = None
    status: int = 308


@dataclass(frozen=True)
class Experiment:
    """An A/B experiment."""

    at: str = ""
    """Where it stands among the arguments: `experiments[2]`."""
    cookie: str | None = None
    variants: Mapping[str, int] | None = None
    paths: tuple[str, ...] = ()
    max_age: int = MAX_AGE_S


@dataclass(frozen=True)
class Asset:
    """Files of a folder."""

    path: str | None = None
    directory: str | None = None
    browser_ttl: int | None = None
    immutable: bool = False
    public: bool = False
    content_security_policy: str | None = None

    @property
    def pattern(self) -> str:
        """The path, or that of everything where it is at fault."""
        return self.path if self.path is not None else "/"


@dataclass(frozen=True)
class Asked:
    """What an API asks for."""

    hostname: str | None = None
    endpoints: tuple[Endpoint, ...] = ()
    sessions: Sessions | None = None
    vars: Mapping[str, str] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    redirects: tuple[Redirect, ...] = ()
    experiments: tuple[Experiment, ...] = ()
    assets: tuple[Asset, ...] = ()
    security_headers: bool = False
    price_class: str = "PriceClass_All"
    certificate_arn: Later[str] | None = None
    hosted_zone_id: Later[str] | None = None
    web_acl_arn: Later[str] | None = None
    origin_shield: str | None = None
    metrics: bool = True
    dashboard: bool = False
    access_logs: bool = True
    log_retention_days: int = 30
    wait_for_deployment: bool | None = None
