"""Settings of edgewright's own tools, in a stack's configuration under the namespace `edgewright:`.

A project's program has its settings beside these, under the project's own namespace, in a subclass of
:class:`StackSettings` (for this repository: `stacks/settings.py`).
"""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class SettingsModel(BaseModel):
    """Base of settings models: strict about unknown keys."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class Objectives(SettingsModel):
    """What `edgewright verify` holds the stack to. A value of None is reported and not judged."""

    p50_ms: Annotated[float, Field(gt=0)] | None = 10.0
    p95_ms: Annotated[float, Field(gt=0)] | None = None
    p99_ms: Annotated[float, Field(gt=0)] | None = None
    hit_ratio: Annotated[float, Field(ge=0, le=1)] | None = 0.90
    origin_reduction: Annotated[float, Field(ge=0, le=1)] | None = 0.80
    error_rate: Annotated[float, Field(ge=0, le=1)] | None = 0.001
    failover_success: Annotated[float, Field(ge=0, le=1)] | None = None


class PathMix(SettingsModel):
    """One family of requests in the replayed traffic."""

    path: str = Field(description="Path with `{n}` where the object's number goes, for example `/api/products/{n}`.")
    objects: int = Field(default=1, ge=1, description="How many objects `{n}` ranges over, from 1.")
    weight: float = Field(default=1.0, gt=0, description="Share of the traffic relative to the other families.")
    zipf: float = Field(default=0.9, ge=0, le=3, description="Exponent of the popularity among the objects.")
    headers: dict[str, str] = Field(default_factory=dict)
    expect: tuple[int, ...] = Field(default=(200,), description="Statuses that count as right.")
    cacheable: bool = Field(default=True, description="Counts towards the hit ratio and origin reduction.")


class Traffic(SettingsModel):
    """The traffic that `edgewright verify` replays: open loop, seeded, the same requests each time."""

    seed: int = 1
    requests: int = Field(default=3000, ge=1, le=10_000_000)
    rate: float = Field(default=150.0, gt=0, description="Requests a second, whether or not answers have come.")
    warm_up: int = Field(default=300, ge=0, description="Requests replayed before measuring begins.")
    timeout_s: float = Field(default=10.0, gt=0)
    countries: dict[str, float] = Field(
        default_factory=lambda: {"US": 3.0, "DE": 2.0, "JP": 2.0, "BR": 1.0, "IN": 1.0},
        description="ISO 3166-1 alpha-2 code to its share of the traffic.",
    )
    mix: tuple[PathMix, ...] = ()


class Service(SettingsModel):
    """A process of the project's own that runs beside the local cloud, such as an origin."""

    name: str = Field(pattern=r"^[a-z][a-z0-9-]{0,30}$")
    command: tuple[str, ...] = Field(
        min_length=1, description="Argument vector; `{python}`, `{port}` and `{stack}` are filled in."
    )
    port: int = Field(ge=1, le=65535)
    ready: str = Field(default="/", description="Path that answers below 500 once the service is up.")
    environment: dict[str, str] = Field(default_factory=dict)


class StackSettings(SettingsModel):
    """A stack's whole configuration: the keys of `config:` in `Pulumi.<stack>.yaml`."""

    objectives: Objectives = Field(default_factory=Objectives, alias="edgewright:objectives")
    traffic: Traffic = Field(default_factory=Traffic, alias="edgewright:traffic")
    services: tuple[Service, ...] = Field(default=(), alias="edgewright:services")
    policies: dict[str, object] = Field(
        default_factory=dict,
        alias="edgewright:policies",
        description="Policy name to its enforcement level or configuration, as in a Pulumi policy config file.",
    )
