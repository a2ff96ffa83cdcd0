"""The report of a run, as data with a versioned schema. Rendering is in `render.py`, judging in `judge.py`."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

SCHEMA = "edgewright.verify/1"
"""Changes when a field is renamed, removed or changes its meaning; a new field does not change it."""


class ReportModel(BaseModel):
    """Base of the report's models."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Latency(ReportModel):
    """Milliseconds. A percentile is None where there were too few values for it."""

    count: int
    mean: float | None = None
    p50: float | None = None
    p95: float | None = None
    p99: float | None = None
    max: float | None = None


class CacheUse(ReportModel):
    """Where the cacheable requests' right answers came from."""

    answers: int = Field(description="Right answers to requests that count as cacheable.")
    hits: int
    hit_ratio: float | None
    tiers: dict[str, int] = Field(
        description="Tier to answers: memory, edge, kv, shield, platform, miss, bypass, unknown."
    )
    unlabelled: int = Field(description="Answers without any header that says what the cache did.")


class OriginUse(ReportModel):
    """What reached the origins during the measured phase."""

    source: Literal["gateway", "headers"] = Field(description="Who counted: the gateway, or the answers' headers.")
    requests: int
    by_origin: dict[str, int] = Field(default_factory=dict)
    reduction: float | None = Field(
        description="1 - origin requests / cacheable requests; below 0 when there were more."
    )


class Errors(ReportModel):
    """Requests that were not answered, or not with an expected status."""

    count: int
    ratio: float | None
    kinds: dict[str, int] = Field(
        default_factory=dict, description="`timeout`, `refused`, `status 503`, ... to a count."
    )
    examples: list[str] = Field(default_factory=list, description="The first few, with path and country.")


class Breakdown(ReportModel):
    """The same few numbers for one part of the traffic."""

    requests: int
    errors: int
    hit_ratio: float | None
    p50_ms: float | None
    p95_ms: float | None


class FailoverResult(ReportModel):
    """What happened while a region's origin was made to fail."""

    service: str
    region: str
    requests: int
    from_cache: int = Field(description="Answered by a cache: says nothing about failover and is not counted.")
    other_regions: dict[str, int] = Field(description="Region that answered instead to its number of answers.")
    failed: int
    success: float | None
    p95_ms: float | None
    recovered_s: float | None = Field(description="Time until the region was used again; None if it was not in time.")


class Verdict(ReportModel):
    """One objective and what became of it."""

    name: str
    objective: float
    measured: float | None
    better: Literal["lower", "higher"]
    state: Literal["pass", "breach", "no-evidence"]
    why: str = Field(default="", description="For no-evidence: what is missing and what to do.")


class Report(ReportModel):
    """Everything that a run of `edgewright verify` found."""

    schema_: str = Field(default=SCHEMA, alias="schema", serialization_alias="schema")
    stack: str
    url: str
    started: str = Field(description="RFC 3339, UTC.")
    seed: int
    rate: float = Field(description="Requests a second, as planned.")
    achieved_rate: float | None = Field(description="Requests a second, as sent.")
    duration_s: float
    planned: int
    sent: int
    answered: int
    latency: Latency = Field(description="From when a request was due to the last byte: waiting in line counts.")
    service_time: Latency = Field(description="From when a request was sent to the last byte.")
    lag: Latency = Field(description="How late the load generator was: its own part of `latency`.")
    cache: CacheUse
    origins: OriginUse | None
    errors: Errors
    failover: FailoverResult | None
    by_continent: dict[str, Breakdown] = Field(
        description="Empty for a deployed stack: its requests all come from where this machine is."
    )
    by_endpoint: dict[str, Breakdown]
    objectives: list[Verdict]
    left_out: list[str] = Field(
        default_factory=list,
        description="Endpoints that were not asked, each with the reason, where no mix is declared.",
    )
    missing_evidence: list[str] = Field(description="Why nothing can be concluded; any makes the exit code 3.")
    exit_code: Literal[0, 1, 3]

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)
