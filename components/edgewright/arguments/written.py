"""Types of arguments that may be written as a text: the marker in an argument's declaration.

    edge_ttl: NotRequired[Seconds]

A type checker and an editor see a union or a Literal, so that words are completed and a misspelt one is told while it is
written. Pulumi's analyzer refuses both; at run time it, and whoever reads the arguments, sees a marker: a class that says how
a text is read. The provider writes the schema of each marker (`oneOf`, an enumeration) in place of the class.
"""

from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeGuard

from edgewright.arguments import values
from edgewright.arguments.values import Kind
from edgewright.contract.limits import limit
from edgewright.contract.models import LOCATIONS

PERIODS = tuple(int(limit(f"cloudflare.workers.rate_limit_period_{each}_s").value) for each in ("short", "long"))
"""Periods of a rate limit, in seconds: those that the platform's binding has."""
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
"""Methods that an endpoint may answer. CONNECT and TRACE never reach a function on any platform."""
STRATEGIES = ("cache-first", "network-first", "stale-while-revalidate", "network-only")
"""Caching strategies by the names that service workers have for them."""
MODES = ("override", "origin", "bypass")
ENGINES = ("worker", "platform")
QUERIES = ("all", "none", "include", "exclude")
AUTH_KINDS = ("session", "jwt")
"""Kinds of an endpoint's auth."""
NORMALIZATIONS = ("strict", "none")
"""What is done to a URL before anything reads it; the first is the default."""


class Written:
    """Base of the markers. No attribute has an annotation: the analyzer would take it for a property."""

    kind = values.SECONDS
    """What a text is read as."""
    words = ()
    """The only words that it may be, where it is one of several."""
    full = None
    """The type of what may be given in place of a text: a TypedDict or a list. None: the kind's plain values."""


def written(name: str, kind: Kind, *, words: tuple[str, ...] = (), full: Any = None) -> Any:
    """Return a marker: the type, at run time, of an argument that takes texts of a kind.

    Args:
        name: its name, which is that of an enumeration in the schema where it has words.
        kind: what a text is read as.
        words: the only words that a text may be.
        full: the type of what may be given in place of a text.
    """
    # The analyzer walks annotations: so it finds the type that is given in full.
    annotations = {} if full is None else {"full": full}
    body = {"kind": kind, "words": words, "full": full, "__annotations__": annotations, "__module__": __name__}
    return type(name, (Written,), body)


def is_written(hint: object) -> TypeGuard[type[Written]]:
    """Say whether a type is a marker."""
    return isinstance(hint, type) and issubclass(hint, Written)


if TYPE_CHECKING:
    Seconds: TypeAlias = int | str
    """Whole seconds, or a duration: `"1h30m"`."""
    Milliseconds: TypeAlias = int | str
    """Whole milliseconds, or a duration: `"500ms"`."""
    Days: TypeAlias = int | str
    """Whole days, or a duration: `"30d"`."""
    Bytes: TypeAlias = int | str
    """Whole bytes, or a size: `"10MB"`, `"25MiB"`."""
    Megabytes: TypeAlias = int | str
    """Whole MB as AWS counts them, or a size: `"1GB"` is 1024."""
    Share: TypeAlias = float | str
    """0 to 1, or a share: `"10%"`."""
    Percentage: TypeAlias = float | str
    """0 to 100, or a share: `"10%"`."""
    Region: TypeAlias = str
    """A region's name, in any case."""
    Method: TypeAlias = Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "*"]
    Methods: TypeAlias = list[Method] | str
    """Methods in a list, or in one text: `"GET, POST"`."""
    Strategy: TypeAlias = Literal["cache-first", "network-first", "stale-while-revalidate", "network-only"]
    CacheMode: TypeAlias = Literal["override", "origin", "bypass"]
    CacheEngine: TypeAlias = Literal["worker", "platform"]
    CacheQuery: TypeAlias = Literal["all", "none", "include", "exclude"]
    AuthKind: TypeAlias = Literal["session", "jwt"]
    UrlNormalization: TypeAlias = Literal["strict", "none"]
    ShieldLocation: TypeAlias = str
    """Where a shield is, in any case."""
else:
    Seconds = written("Seconds", values.SECONDS)
    Milliseconds = written("Milliseconds", values.MILLISECONDS)
    Days = written("Days", values.DAYS)
    Bytes = written("Bytes", values.BYTES)
    Megabytes = written("Megabytes", values.MEGABYTES)
    Share = written("Share", values.SHARE)
    Percentage = written("Percentage", values.PERCENTAGE)
    Region = written("Region", values.REGION)
    Methods = written("Methods", values.METHODS, full=list[str])
    Strategy = written("Strategy", values.word("a strategy", STRATEGIES[0]), words=STRATEGIES)
    CacheMode = written("CacheMode", values.word("a mode", MODES[0]), words=MODES)
    CacheEngine = written("CacheEngine", values.word("an engine", ENGINES[0]), words=ENGINES)
    CacheQuery = written("CacheQuery", values.word("a choice", QUERIES[0]), words=QUERIES)
    AuthKind = written("AuthKind", values.word("a kind", AUTH_KINDS[0]), words=AUTH_KINDS)
    UrlNormalization = written("UrlNormalization", values.word("a form", NORMALIZATIONS[0]), words=NORMALIZATIONS)
    ShieldLocation = written("ShieldLocation", values.word("a place", LOCATIONS[0], any_case=True))
