"""What the modules of a platform's folder offer, apart from what makes its resources (:mod:`edgewright.platforms.platform`)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from edgewright.contract.tiers import Tier

if TYPE_CHECKING:
    # Pulumi's SDK comes with it, which not every command needs.
    from pydantic import BaseModel

    from edgewright.base.faults import Faults


class Answers(Protocol):
    """`answers`: how the platform's answers say where they come from. Names of headers are in lower case."""

    def from_own_cache(self, headers: Mapping[str, str], /) -> Tier | None:
        """Return which tier answered, where the platform's own cache says so; None where it says nothing."""

    def past_own_cache(self, headers: Mapping[str, str], /) -> Tier | None:
        """Return what that cache says of a request that it let pass, for where nothing behind it said more."""


Binding: TypeAlias = Mapping[str, Any]
"""A binding: `type`, `name`, and the fields of its type (`FIELDS`), which may become known later."""


@dataclass(frozen=True)
class BindingField:
    """One field of a binding, as people give it."""

    what: str
    """What it is, as a fault says it: "Allowed: a queue's name"."""
    where: str
    """Where to find the value."""
    required: bool = True
    any_value: bool = False
    """Whether it may be more than a text."""
    words: tuple[str, ...] = ()
    """The only texts that it may be; none: any text."""
    keys: tuple[str, ...] = ()
    """What a mapping here may have."""
    check: "Callable[[str, Any, Faults], object] | None" = None
    """What else a known value is held to: notes faults at a path."""
    identifies: bool = False
    """Whether it names something of the account: what is production's is no other stack's (policy EW601)."""


class Bindings(Protocol):
    """`bindings`: the kinds of bindings that the platform's functions can have."""

    FIELDS: Mapping[str, Mapping[str, BindingField]]
    """For each type of binding that `bindings` takes the fields that it has, beside `type` and `name`."""
    ELSEWHERE: Mapping[str, str]
    """Types that are made of another argument of EdgeApi, with that argument."""


class Options(Protocol):
    """`options`: what of the components' arguments only this platform has."""

    OPTIONS: Mapping[str, type]
    """The mapping that describes them, by the component or the mapping in its arguments that has them."""

    def check_options(self, component: str, options: Mapping[str, Any], faults: "Faults", at: str, /) -> None:
        """Note what is wrong with options that are given at a place, whatever platform the component is on."""


class Account(Protocol):
    """`account`: what the stack's settings and the environment say of the platform for all components."""

    def with_said(self, component: str, options: Mapping[str, Any], /) -> dict[str, Any]:
        """Return a component's options with what is said elsewhere."""


class Settings(Protocol):
    """`settings`: the stack's setting `edgewright:<platform>`. It is read without Pulumi's SDK."""

    MODEL: type["BaseModel"]


@dataclass(frozen=True)
class Start:
    """What starting a function took, in milliseconds: the median of several processes."""

    import_ms: float
    first_answer_ms: float
    error: str | None
    """What the handler threw on the sample event: a function may need more than it has."""


@dataclass(frozen=True)
class FunctionReport:
    """One function at the edge."""

    name: str
    events: tuple[str, ...]
    runtime: str
    bytes: int
    zipped_bytes: int
    files: int
    parts: tuple[Mapping[str, Any], ...]
    imports: tuple[str, ...]
    advice: tuple[str, ...]
    start: Start | None
    """None where it is no Node.js function."""


@dataclass(frozen=True)
class Leftover:
    """A version that nothing of the stack uses, or a whole function of a component that is gone."""

    function: str
    version: str | None
    """The number; None for the whole function."""
    component: str

    @property
    def text(self) -> str:
        """For people."""
        return f"{self.function} (all versions)" if self.version is None else f"{self.function}:{self.version}"


@dataclass(frozen=True)
class Outcome:
    """What became of one."""

    leftover: Leftover
    status: str
    """`removed`, `gone` (nothing was there), or `replicated` (the platform does not allow it yet)."""
    message: str = ""


class Reaper(Protocol):
    """`reap.reaper()`: removes what earlier versions have left behind, where a platform keeps replicas of them."""

    def leftovers(self, project: str, stack: str, used: Mapping[str, str], keep: int) -> Sequence[Leftover]:
        """Return what a stack has left behind: `used` are its functions with the version in use, `keep` the versions before
        that stay."""

    def remove(self, leftover: Leftover) -> Outcome:
        """Delete one, if the platform allows it."""
