"""Options of single platforms among a component's arguments: checked for all, chosen for one."""

import enum
from collections.abc import Mapping
from typing import Any

from edgewright.base.faults import Faults
from edgewright.platforms import DEFAULT, HOSTS, part_of
from edgewright.platforms.parts import Account, Options


def host_in(args: Any) -> str:
    """Return the platform that arguments name, as far as they name one: they may be at fault."""
    named = args.get("host") if isinstance(args, Mapping) else None
    named = named.value if isinstance(named, enum.Enum) else named
    return named if named in HOSTS else DEFAULT


def check_each(component: str, given: Mapping[str, Any], faults: Faults, at: str = "") -> None:
    """Note what is wrong with the options of any platform: also of those that the component is not on.

    Args:
        component: the component, or the mapping in its arguments, that has them.
        given: its arguments, made regular.
        faults: where faults are noted.
        at: where the arguments are, for a mapping in them.
    """
    for name in HOSTS:
        if name in given:
            options: Options = part_of(name, "options")
            options.check_options(component, given[name], faults, f"{at}.{name}" if at else name)


def chosen(given: Mapping[str, Any], host: str) -> dict[str, Any]:
    """Return arguments with the options of their platform among them, and without those of others, which do nothing."""
    return {**without_options(given), **given.get(host, {})}


def without_options(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments that every platform has."""
    return {key: value for key, value in given.items() if key not in HOSTS}


def merged(given: Mapping[str, Any], options: Mapping[str, Any]) -> dict[str, Any]:
    """Return arguments with options among them, mappings joined key by key."""
    found = dict(given)
    for key, value in options.items():
        below = found.get(key)
        found[key] = merged(below, value) if isinstance(below, Mapping) and isinstance(value, Mapping) else value
    return found


def place_of(path: str, host: str, given: Mapping[str, Any], options: Mapping[str, Any]) -> str:
    """Return where a path of merged arguments was given: among the options, or where every platform has it."""
    own: Any = options
    shared: Any = given
    for step in path.replace("[", ".[").split("."):
        own = own.get(step) if isinstance(own, Mapping) else None
        if own is None:
            return path
        shared = shared.get(step) if isinstance(shared, Mapping) else None
        if shared is None:
            return f"{host}.{path}"
    return path


def with_said(component: str, args: Any) -> Any:
    """Return arguments with what the stack's settings or the environment say of the platform's account, as whoever reads the
    stack sees them."""
    name = host_in(args)
    account: Account | None = part_of(name, "account")
    if account is None or not isinstance(args, Mapping) or not isinstance(args.get(name, {}) or {}, Mapping):
        return args
    options = account.with_said(component, args.get(name) or {})
    return {**args, name: options} if options else args
