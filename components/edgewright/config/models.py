"""Settings of edgewright's own tools, in a stack's configuration under the namespace `edgewright:`.

A project's program has its settings beside these, under the project's own namespace, in a subclass of
:class:`StackSettings` (for this repository: `stacks/settings.py`).
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

from edgewright.config.written import MILLISECONDS_OR_PARTS, PER_SECOND, SECONDS_OR_PARTS, SHARE, Text
from edgewright.contract.countries import countries
from edgewright.platforms.settings import PlatformSettings


class SettingsModel(BaseModel):
    """Base of settings models: strict about unknown keys."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class FaultAt(ValueError):
    """What a model's own validator raises for a value that lies elsewhere in the settings: it is told by that place."""

    def __init__(self, path: tuple[str | int, ...], message: str) -> None:
        super().__init__(message)
        self.path = path


class Objectives(SettingsModel):
    """What `edgewright verify` holds the stack to. A value of None is reported and not judged."""

    p50_ms: Annotated[float, Field(gt=0), Text(MILLISECONDS_OR_PARTS)] | None = 10.0
    p95_ms: Annotated[float, Field(gt=0), Text(MILLISECONDS_OR_PARTS)] | None = None
    p99_ms: Annotated[float, Field(gt=0), Text(MILLISECONDS_OR_PARTS)] | None = None
    hit_ratio: Annotated[float, Field(ge=0, le=1), Text(SHARE)] | None = 0.90
    origin_reduction: Annotated[float, Field(ge=0, le=1), Text(SHARE)] | None = 0.80
    error_rate: Annotated[float, Field(ge=0, le=1), Text(SHARE)] | None = 0.001
    failover_success: Annotated[float, Field(ge=0, le=1), Text(SHARE)] | None = None


class PathMix(SettingsModel):
    """One family of requests in the replayed traffic."""

    path: str = Field(
        pattern=r"^/", description="Path with `{n}` where the object's number goes, for example `/api/products/{n}`."
    )
    objects: int = Field(default=1, ge=1, description="How many objects `{n}` ranges over, from 1.")
    weight: float = Field(default=1.0, gt=0, description="Share of the traffic relative to the other families.")
    zipf: float = Field(default=0.9, ge=0, le=3, description="Exponent of the popularity among the objects.")
    headers: dict[str, str] = Field(default_factory=dict)
    expect: tuple[int, ...] = Field(default=(200,), description="Statuses that count as right.")
    cacheable: bool = Field(default=True, description="Counts towards the hit ratio and origin reduction.")


class Failover(SettingsModel):
    """How `edgewright verify` tries failover: one service is made to fail while objects that no cache knows are read.

    Numbers are drawn anew in each run, from a range that should be far larger than `requests`: an answer out of a
    cache says nothing about failover and is not counted.
    """

    service: str = Field(description="Name of the service under `edgewright:services` that is made to fail.")
    region: Annotated[str, StringConstraints(to_lower=True)] = Field(
        description="Its region, in any case, as `X-Origin-Region` names it; another one has to answer."
    )
    path: str = Field(
        pattern=r"^/.*\{n\}", description="Path with `{n}`, for example `/api/products?limit=3&page={n}`."
    )
    objects: int = Field(default=1_000_000, ge=1, description="How many objects `{n}` ranges over, from 1.")
    country: str = Field(
        pattern=r"^[A-Z]{2}$", description="ISO 3166-1 alpha-2 code of a country that the region serves."
    )
    requests: int = Field(default=100, ge=1, le=100_000)
    rate: Annotated[float, Field(gt=0), Text(PER_SECOND)] = Field(
        default=50.0, description="Requests a second, also as in `3000/min`."
    )
    recovery_s: Annotated[float, Field(ge=0), Text(SECONDS_OR_PARTS)] = Field(
        default=10.0, description="How long the region may take to be used again once its service is well."
    )


class Traffic(SettingsModel):
    """The traffic that `edgewright verify` replays: open loop, seeded, the same requests each time."""

    seed: int = 1
    requests: int = Field(default=3000, ge=1, le=10_000_000)
    rate: Annotated[float, Field(gt=0), Text(PER_SECOND)] = Field(
        default=150.0, description="Requests a second, also as in `9000/min`, whether or not answers have come."
    )
    arrivals: Literal["poisson", "fixed"] = Field(
        default="poisson", description="Independent users arrive as a Poisson process; `fixed` is an even beat."
    )
    warm_up: int = Field(default=300, ge=0, description="Requests replayed before measuring begins.")
    timeout_s: Annotated[float, Field(gt=0), Text(SECONDS_OR_PARTS)] = 10.0
    countries: dict[str, float] = Field(
        default_factory=lambda: {"US": 3.0, "DE": 2.0, "JP": 2.0, "BR": 1.0, "IN": 1.0},
        description="ISO 3166-1 alpha-2 code to its share of the traffic.",
    )
    mix: tuple[PathMix, ...] = ()
    failover: Failover | None = Field(default=None, description="Only tried where the stack runs on this machine.")

    @field_validator("countries")
    @classmethod
    def _known(cls, value: dict[str, float]) -> dict[str, float]:
        faults = [f"{code!r} is not a country" for code in value if code not in countries()]
        faults += [f"{code}: the share {share:g} is not above 0" for code, share in value.items() if not share > 0]
        if faults or not value:
            what = "; ".join(faults) or "is empty"
            raise ValueError(f"{what}; allowed: ISO 3166-1 alpha-2 codes in capitals, each with a share above 0")
        return value


class FaultRequest(SettingsModel):
    """A request to a service's own port that changes how the service behaves."""

    method: str = Field(default="POST", pattern=r"^[A-Z]+$")
    path: str = Field(pattern=r"^/")
    body: Any = Field(default=None, description="Sent as JSON.")


class Faults(SettingsModel):
    """How a service is made to fail, and to be well again."""

    down: FaultRequest
    ok: FaultRequest


class Service(SettingsModel):
    """A process of the project's own that runs beside the local cloud, such as an origin."""

    name: str = Field(pattern=r"^[a-z][a-z0-9-]{0,30}$")
    command: tuple[str, ...] = Field(
        min_length=1, description="Argument vector; `{python}`, `{port}` and `{stack}` are filled in."
    )
    port: int = Field(ge=1, le=65535)
    ready: str = Field(default="/", description="Path that answers below 500 once the service is up.")
    environment: dict[str, str] = Field(default_factory=dict)
    domain_names: tuple[Annotated[str, Field(max_length=253, pattern=r"^[a-z0-9_-]+(\.[a-z0-9_-]+)*$")], ...] = Field(
        default=(),
        description="Names, in lower case, under which a distribution's origins reach this service when the stack runs"
        " here.",
    )
    faults: Faults | None = Field(default=None, description="Lets `edgewright verify` try failover.")


class AccountLimits(SettingsModel):
    """What this account has instead of the platforms' usual limits."""

    plans: dict[str, str] = Field(
        default_factory=dict,
        description="Platform to plan, for example `cloudflare: free`. Default: the usual paid one.",
    )
    overrides: dict[str, int | float] = Field(
        default_factory=dict, description="Limit id to this account's value; `edgewright limits` lists the ids."
    )


class StackSettings(PlatformSettings, SettingsModel):
    """A stack's whole configuration: the keys of `config:` in `Pulumi.<stack>.yaml`."""

    objectives: Objectives = Field(default_factory=Objectives, alias="edgewright:objectives")
    traffic: Traffic = Field(default_factory=Traffic, alias="edgewright:traffic")
    services: tuple[Service, ...] = Field(default=(), alias="edgewright:services")
    policies: dict[str, object] = Field(
        default_factory=dict,
        alias="edgewright:policies",
        description="Policy name to its enforcement level or configuration, as in a Pulumi policy config file.",
    )
    limits: AccountLimits = Field(default_factory=AccountLimits, alias="edgewright:limits")
    production: bool | None = Field(
        default=None,
        alias="edgewright:production",
        description="Whether policies take this stack for production. Default: by its name (prod, production, live).",
    )
