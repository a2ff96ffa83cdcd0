"""Arguments that are given where every platform has them, and are those of one platform: told, with where they belong."""

from collections.abc import Mapping
from typing import Any, get_args, get_origin

from pulumi.provider.experimental.util import camel_case
from typing_extensions import is_typeddict

from edgewright.arguments.shape import unwrap
from edgewright.base.fault_codes import Code
from edgewright.base.faults import Faults
from edgewright.platforms import HOSTS


def moved(args: Any, shape: Any, faults: Faults, path: str = "") -> Any:
    """Return arguments with those of one platform where they belong; note each that was not there.

    So the checks that follow look at all that was given, and say of none that it is missing.
    """
    if not isinstance(args, Mapping):
        return args
    hints = shape.__annotations__
    found = dict(args)
    for host in HOSTS:
        options = unwrap(hints[host])[0] if host in hints else None
        if options is not None:
            for steps in _misplaced(args, shape, options):
                _move(found, host, steps, path, faults)
    for key, hint in hints.items():
        if key in found:
            found[key] = _below(found[key], unwrap(hint)[0], faults, f"{path}.{key}" if path else key)
    return found


def _below(value: Any, hint: Any, faults: Faults, path: str) -> Any:
    if is_typeddict(hint):
        return moved(value, hint, faults, path)
    if get_origin(hint) is list and isinstance(value, (list, tuple)):
        item = unwrap(get_args(hint)[0])[0]
        return [_below(each, item, faults, f"{path}[{index}]") for index, each in enumerate(value)]
    return value


def _misplaced(args: Mapping[str, Any], shape: Any, options: Any) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Return what arguments have that the options know and they themselves do not: the keys as given, and by name."""
    names = {spelling: name for name in options.__annotations__ for spelling in (camel_case(name), name)}
    known = {spelling: name for name in shape.__annotations__ for spelling in (camel_case(name), name)}
    found: list[tuple[tuple[str, ...], tuple[str, ...]]] = []
    for key, value in args.items():
        name = names.get(key)
        if name is None or value is None:
            continue
        if key not in known:
            found.append(((key,), (name,)))
            continue
        below, own = (unwrap(each.__annotations__[name])[0] for each in (shape, options))
        if is_typeddict(below) and is_typeddict(own) and isinstance(value, Mapping):
            found += [((key, *keys), (name, *rest)) for keys, rest in _misplaced(value, below, own)]
    return found


def _move(
    args: dict[str, Any], host: str, steps: tuple[tuple[str, ...], tuple[str, ...]], path: str, faults: Faults
) -> None:
    keys, names = steps
    value: Any = args
    for key in keys:
        value = value[key]
    _remove(args, keys)
    options = args.get(host)
    at: dict[str, Any] = dict(options) if isinstance(options, Mapping) else {}
    args[host] = at
    for name in names[:-1]:
        at[name] = dict(at[name]) if isinstance(at.get(name), Mapping) else {}
        at = at[name]
    at.setdefault(names[-1], value)
    before = f"{path}." if path else ""
    example = "..."
    for key in reversed(keys):
        example = f'{{"{key}": {example}}}'
    faults.add(
        f"{before}{'.'.join(keys)}",
        f"moved to {before}{host}.{'.'.join(keys)}, because no other platform has it",
        code=Code.MOVED,
        fix=f"Write `{host}: {example}`.",
    )


def _remove(args: dict[str, Any], keys: tuple[str, ...]) -> None:
    first, *rest = keys
    if not rest:
        del args[first]
        return
    args[first] = dict(args[first])
    _remove(args[first], tuple(rest))
