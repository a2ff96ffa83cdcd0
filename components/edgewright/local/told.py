"""What the gateway tells by its control port, as JSON: `edge/src/gateway/control.ts` makes it."""

from collections.abc import Mapping, Sequence

from typing_extensions import NotRequired, TypedDict


class Refusal(TypedDict):
    """Why a deployment cannot run."""

    message: NotRequired[str]
    worker: NotRequired[str | None]
    module: NotRequired[str | None]
    line: NotRequired[int | None]
    column: NotRequired[int | None]


class Served(TypedDict):
    """What became of a deployment."""

    generation: int
    ms: NotRequired[float]


class Share(TypedDict):
    """One version's share of a Worker's requests."""

    version_id: str
    percentage: float


class WorkerStatus(TypedDict):
    """A Worker that runs."""

    name: str
    versions: Sequence[str]
    deployment: Sequence[Share]


class Run(TypedDict):
    """What runs, for people."""

    what: str
    name: str
    state: str


class Address(TypedDict):
    """A host that something answers for."""

    host: str
    url: str
    worker: NotRequired[str]
    distribution: NotRequired[str]


class RuntimeStatus(TypedDict):
    """The Workers runtime."""

    state: str
    reason: str | None
    restarts: int


class Status(TypedDict):
    """What runs. What a platform counts of its own stands there under its name too."""

    generation: int
    stack: str | None
    workers: Sequence[WorkerStatus]
    runs: Sequence[Run]
    urls: Sequence[Address]
    uptime_s: float
    since: str
    runtime: RuntimeStatus | None
    last_error: object


class OriginCount(TypedDict):
    """What reached an origin since the last reset."""

    requests: int
    errors: int
    bytes: int
    inFlight: int
    maxConcurrency: int
    byStatus: Mapping[str, int]


class Counts(TypedDict):
    """What reached the edge since the last reset."""

    since: str
    requests: int
    inFlight: int
    held: int
    refused: int
    byStatus: Mapping[str, int]
    origins: Mapping[str, OriginCount]
    kv: Mapping[str, int]


class LogEntry(TypedDict):
    """One thing that happened. Of a Worker's own text nothing is known."""

    seq: int
    time: str
    level: str
    source: str
    message: str
    method: NotRequired[str]
    url: NotRequired[str]
    status: NotRequired[int]
    ms: NotRequired[float]
    worker: NotRequired[str]
    version: NotRequired[str]


class Front(TypedDict):
    """What a purge removed from caches in front of Workers, or made stale there."""

    memory: int


class PurgeReport(TypedDict):
    """What a Worker's own caches did with a purge."""

    memory: int
    edge: int
    kv: int
    shield: int
    visibleWithinMs: int


class WorkerPurged(TypedDict):
    """A Worker's part in a purge; no report of one without a cache."""

    worker: str
    version: str
    report: PurgeReport | None


class Invalidated(TypedDict):
    """What was invalidated in a distribution."""

    id: str
    items: Sequence[str]


class Purged(TypedDict):
    """What became of a purge."""

    front: Front
    workers: Sequence[WorkerPurged]
    distributions: Sequence[Invalidated]


class Key(TypedDict):
    """A key of a KV namespace."""

    name: str


class Keys(TypedDict):
    """The keys of a KV namespace."""

    keys: Sequence[Key]
