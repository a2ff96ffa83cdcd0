"""What a component needs to know of the program that declares it: its folder, and what was declared before.

Names that must be unique are claimed as components come. Claims belong to one run of one program, so that a process that
runs programs again and again (the local cloud, tests) starts each with none.
"""

import contextlib
import functools
import inspect
import sys
import traceback
import weakref
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pulumi

from edgewright.base.fault_codes import Code
from edgewright.base.faults import Faults, InputFaults, show

_PACKAGE = str(Path(__file__).parents[1])
_PULUMI = str(Path(pulumi.__file__).parent)

_claims: "weakref.WeakKeyDictionary[pulumi.Resource, dict[tuple[str, str], str]]" = weakref.WeakKeyDictionary()


Init = TypeVar("Init", bound=Callable[..., None])


@dataclass(frozen=True)
class Refusal:
    """A component that refused its arguments while refusals are gathered, and the calls that led to it."""

    error: InputFaults
    stack: traceback.StackSummary


_gathered: list[Refusal] | None = None


@contextlib.contextmanager
def gather() -> Iterator[list[Refusal]]:
    """Gather what components refuse instead of raising it, so that one run of a program finds the faults of all.

    For a run that fails where anything was gathered: a component that refused its arguments has unknown outputs.
    """
    global _gathered
    found: list[Refusal] = []
    _gathered = found
    try:
        yield found
    finally:
        _gathered = None


def gathers(init: Init) -> Init:
    """Let a component's constructor take part in :func:`gather`. Outside of it, faults are raised."""

    @functools.wraps(init)
    def constructor(self: pulumi.ComponentResource, *args: Any, **kwargs: Any) -> None:
        try:
            _check_call(self, init, args, kwargs)
            init(self, *args, **kwargs)
        except InputFaults as error:
            if _gathered is None:
                raise
            _gathered.append(Refusal(error, traceback.extract_stack()))
            # What takes these sees something that becomes known later, and has nothing to say against it.
            for name in type(self).__annotations__:
                setattr(self, name, pulumi.Output.from_input(pulumi.UNKNOWN))

    return constructor  # type: ignore[return-value]


def _check_call(
    component: pulumi.ComponentResource, init: Callable[..., None], args: tuple[Any, ...], kwargs: Mapping[str, object]
) -> None:
    """Raise what is wrong with how a component is called: its arguments are one mapping."""
    try:
        inspect.signature(init).bind(component, *args, **kwargs)
        return
    except TypeError:
        kind, name = type(component).__name__, args[0] if args else kwargs.get("name")
        loose = sorted(kwargs.keys() - {"name", "args", "opts"})
        if not isinstance(name, str) or not (loose or (len(args) < 2 and "args" not in kwargs)):
            return  # Python says it
    # As for any other fault, the resource is there when it is refused.
    opts = kwargs.get("opts")
    known = opts if isinstance(opts, pulumi.ResourceOptions) else None
    pulumi.ComponentResource.__init__(component, f"edgewright:index:{kind}", name, {}, known)
    faults = Faults(kind, name)
    # No value is shown: it may be a secret.
    example = ", ".join(f'"{key}": ...' for key in loose) or "..."
    faults.add(
        "args",
        f"{', '.join(map(repr, loose))} {'are' if len(loose) > 1 else 'is'} given by keyword"
        if loose
        else "is required and was not given",
        code=Code.BY_KEYWORD if loose else Code.MISSING,
        allowed="one mapping with every argument",
        fix=f'Write {kind}("{name}", {{{example}}}).',
    )
    faults.raise_if_any()


def program_file(given: str) -> Path:
    """Return a file or folder that the program names, relative to the program's folder, else to the project's."""
    path = Path(given)
    if path.is_absolute() or path.exists():
        return path.absolute()
    root = pulumi.runtime.get_root_directory()
    return (Path(root) / path if root and (Path(root) / path).exists() else path).absolute()


def declared_at() -> str:
    """Return `file:line` of the program's statement that is declaring a component, or an empty string."""
    frame: Any = sys._getframe(1)
    while frame is not None:
        file = frame.f_code.co_filename
        if not file.startswith((_PACKAGE, _PULUMI, "<")):
            try:
                return f"{Path(file).relative_to(Path.cwd())}:{frame.f_lineno}"
            except ValueError:
                return f"{Path(file).name}:{frame.f_lineno}"
        frame = frame.f_back
    return ""


def claim(kind: str, key: str, owner: str, path: str, faults: Faults, why: str) -> None:
    """Claim a name that only one component of a program may have; note a fault where another has it.

    Where the program's root is not known (in a provider plugin) nothing is remembered: the engine refuses what it can see.
    """
    root = pulumi.runtime.get_root_resource()
    if root is None:
        return
    taken = _claims.setdefault(root, {})
    first = taken.get((kind, key))
    if first is None:
        where = declared_at()
        taken[(kind, key)] = f"{owner} ({where})" if where else owner
        return
    faults.add(path, f"{show(key)} is already taken by {first}", code=Code.NAME_TAKEN, fix=why)


def claimed(kind: str) -> list[tuple[str, str]]:
    """Return what of a kind this program has claimed so far, each with its owner."""
    root = pulumi.runtime.get_root_resource()
    taken = {} if root is None else _claims.get(root, {})
    return [(key, owner) for (claimed_kind, key), owner in taken.items() if claimed_kind == kind]


def claim_name(component: str, name: str, opts: pulumi.ResourceOptions | None, faults: Faults) -> None:
    """Claim a component's name among those of its type under the same parent."""
    parent = opts.parent if opts is not None else None
    # In a provider plugin a parent from another process has no name; nothing is claimed there.
    under = "" if parent is None else f" under {getattr(parent, '_name', '')}"
    claim(
        f"{component}{under}", name, f"another {component}", "name", faults, f"Give each {component} a name of its own."
    )


def default_name(name: str) -> str:
    """Return a component's default name on the platform: its own and the stack's, so that stacks do not meet."""
    return f"{name}-{pulumi.get_stack()}".lower()
