"""What an API asks for on Cloudflare, as it was read: arguments of its own, and those of every platform that mean something
here. What was not given is None, or what stands for it by default."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from edgewright.arguments.shape import Later


@dataclass(frozen=True)
class Sticky:
    """What a client keeps its version by during a rollout."""

    cookie: str | None = None
    address: bool = False


@dataclass(frozen=True)
class Rollout:
    """A gradual rollout."""

    percentage: float | None = None
    previous_version_id: Later[str] | None = None
    header: object = None
    session: object = None
    sticky: Sticky | None = None


@dataclass(frozen=True)
class Limits:
    """What one request may use."""

    cpu_ms: int | None = None
    subrequests: int | None = None


@dataclass(frozen=True)
class Observability:
    """What the platform keeps of logs and traces."""

    enabled: bool = True
    head_sampling_rate: float = 1
    invocation_logs: bool = True
    traces: bool = False


@dataclass(frozen=True)
class Asked:
    """What an API asks for."""

    account_id: Later[str] = "0" * 32
    zone_id: Later[str] | None = None
    zone_name: str | None = None
    script_name: str | None = None
    hostname: str | None = None
    routes: tuple[str, ...] = ()
    workers_dev: bool | None = None
    tiered_cache: bool = False
    cache_rules: bool = False
    zone_plan: str | None = None
    placement: str | None = None
    compatibility_date: str | None = None
    compatibility_flags: tuple[str, ...] = ()
    limits: Limits = Limits()
    observability: Observability = Observability()
    rollout: Rollout = Rollout()
    tags: tuple[str, ...] = ()
    vars: Mapping[str, Later[object]] = field(default_factory=dict)
    secrets: Mapping[str, Later[object]] = field(default_factory=dict)

    @property
    def addressed(self) -> bool:
        """Whether it answers in a zone."""
        return self.hostname is not None or bool(self.routes)
