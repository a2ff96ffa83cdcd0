"""A caching strategy's arguments, as they were read. What was not given is None, or what stands for it by default."""

from dataclasses import dataclass, fields

from edgewright.arguments.shape import Later
from edgewright.arguments.written import CacheEngine, CacheMode, CacheQuery


@dataclass(frozen=True)
class Range:
    """A range from which a time to live is drawn."""

    min: int | None = None
    max: int | None = None

    @property
    def whole(self) -> tuple[int, int] | None:
        """Both ends; None where one is at fault."""
        return None if self.min is None or self.max is None else (self.min, self.max)


@dataclass(frozen=True)
class Edge:
    """The data centre's own cache."""

    enabled: bool = True
    ttl_ceiling: int | None = None
    jitter: Range | None = None

    @property
    def said(self) -> list[str]:
        """What is given of it beside `enabled`, sorted."""
        return sorted(
            each.name for each in fields(self) if each.name != "enabled" and getattr(self, each.name) is not None
        )


@dataclass(frozen=True)
class Memory(Edge):
    """The isolate's own memory."""

    max_bytes: int | None = None
    max_object_bytes: int | None = None


@dataclass(frozen=True)
class Kv:
    """A key-value store behind the edge cache."""

    binding: Later[object] = None
    ttl: int | None = None
    jitter: Range | None = None
    max_object_bytes: int | None = None


@dataclass(frozen=True)
class Shield:
    """One place for all data centres, before the origin."""

    location: str | None = None
    ttl: int | None = None
    jitter: Range | None = None
    shards: int | None = None
    max_bytes: int | None = None
    max_object_bytes: int | None = None


@dataclass(frozen=True)
class Tiers:
    """Which tiers a response is kept in, nearest first."""

    memory: Memory | None = None
    edge: Edge = Edge()
    kv: Kv | None = None
    shield: Shield | None = None


@dataclass(frozen=True)
class Key:
    """What tells one stored response from another."""

    query: CacheQuery = "all"
    query_names: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    cookies: tuple[str, ...] = ()
    country: bool = False
    region: bool = False
    host: bool = True


@dataclass(frozen=True)
class Policy:
    """A strategy, with the options of one platform among its arguments."""

    edge_ttl: int | None = None
    browser_ttl: int | None = None
    stale_while_revalidate: int | None = None
    stale_if_error: int | None = None
    jitter: Range | None = None
    tiers: Tiers | None = None
    key: Key | None = None
    vary: tuple[str, ...] | None = None
    tags: tuple[str, ...] | None = None
    immutable: bool | None = None
    mode: CacheMode | None = None
    engine: CacheEngine | None = None
    statuses: tuple[int, ...] | None = None
    error_ttl: int | None = None

    @property
    def resolved(self) -> CacheMode:
        """The mode: as given, or by whether there is a time."""
        return self.mode or ("override" if self.edge_ttl is not None else "origin")
