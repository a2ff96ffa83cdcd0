"""Arguments as given, made regular: names checked, enums and whole floats unwrapped, None left out.

A component's arguments come from Python as they were written, and through the plugin with integers as floats and enums as
members. The `TypedDict` of the arguments says what each must be; this walks the two side by side.
"""

import ast
import dataclasses
import enum
import inspect
import re
import types
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeAlias, TypeVar, Union, get_args, get_origin, get_type_hints

import pulumi
from pulumi.provider.experimental.util import camel_case
from typing_extensions import NotRequired, Required, TypeIs, is_typeddict

from edgewright.arguments.values import Kind, UnreadableError
from edgewright.arguments.written import Written, is_written
from edgewright.base.fault_codes import Code
from edgewright.base.faults import Faults, show

T = TypeVar("T")
M = TypeVar("M")
S = TypeVar("S")

Later: TypeAlias = T | pulumi.Output[T]
"""A value that is known now, or later: when a resource is made, or, through the plugin, when the component is."""

PENDING_URL = "https://pending.invalid"
"""Stands for a URL that becomes known later, so that what is around it can be checked now."""

_WORDS = {str: "a string", int: "a whole number", float: "a number", bool: "true or false"}
_ALLOWED = {
    str: "a string, for example 'text'",
    int: "a whole number, for example 60",
    float: "a number, for example 0.5",
    bool: "True or False",
}
_MANY = {str: "strings", int: "whole numbers", float: "numbers", bool: "truth values"}
_DATA = (str, int, float, enum.Enum, pulumi.Asset, pulumi.Archive, pulumi.Resource)


def docstrings(shape: type) -> dict[str, str]:
    """Return the docstrings under the fields of a class, each as one paragraph; the class's own has the name ''."""
    (definition,) = ast.parse(inspect.getsource(shape)).body
    assert isinstance(definition, ast.ClassDef)
    found = {"": inspect.cleandoc(ast.get_docstring(definition) or "")}
    for statement, following in zip(definition.body, definition.body[1:], strict=False):
        if (
            isinstance(statement, ast.AnnAssign)
            and isinstance(statement.target, ast.Name)
            and isinstance(following, ast.Expr)
            and isinstance(following.value, ast.Constant)
            and isinstance(following.value.value, str)
        ):
            found[statement.target.id] = " ".join(following.value.value.split())
    return found


def normalise(args: object, shape: Any, faults: Faults) -> dict[str, Any]:
    """Return a component's arguments made regular, by the `TypedDict` that describes them; note what is wrong.

    What is wrong is left out of the result, so that the checks that follow look at sound values only.
    """
    return _mapping(args, shape, "", faults)


def properties(args: object, shape: Any) -> dict[str, Any]:
    """Return arguments as a resource's properties; none where they are no mapping, which `normalise` has a fault for."""
    found: dict[str, Any] = wire(args, shape) if isinstance(args, Mapping) else {}
    return found


def wire(args: object, shape: Any) -> Any:
    """Return arguments with the names that other languages and policies see: camel case where the shape names them.

    Names that are the user's own (headers, variables, bindings) stay as they are.
    """
    if is_written(shape):
        return _plain(args, shape)
    if is_typeddict(shape) and isinstance(args, Mapping):
        hints = shape.__annotations__
        return {
            camel_case(key) if key in hints else key: wire(value, unwrap(hints[key])[0]) if key in hints else value
            for key, value in args.items()
            if value is not None
        }
    if get_origin(shape) is list and isinstance(args, (list, tuple)):
        (item,) = get_args(shape)
        return [wire(value, unwrap(item)[0]) for value in args]
    if isinstance(args, enum.Enum):
        return args.value
    if isinstance(args, Mapping):
        return {key: wire(value, Any) for key, value in args.items()}
    if isinstance(args, (list, tuple)):
        return [wire(value, Any) for value in args]
    # What nothing can be sent for is a fault, told with the others.
    return args if _is_data(args) else show(args)


def _plain(value: object, shape: type[Written]) -> Any:
    """Return what a text stands for, as others see it: numbers are compared, and a text would not be."""
    if isinstance(value, str):
        try:
            value = shape.kind.read(value).value
        except UnreadableError:
            return value
    return wire(value, Any if shape.full is None else shape.full)


def _is_data(value: object) -> bool:
    return value is None or isinstance(value, _DATA) or is_later(value)


def fill(model: type[M], given: Mapping[str, Any]) -> M:
    """Return what `normalise` made regular as a model, a frozen dataclass: lists as tuples, mappings as the models that its
    fields name. The model's own defaults stand for what is missing, and what it has no field for is left out."""
    hints = get_type_hints(model)
    return model(**{key: _filled(value, hints[key]) for key, value in given.items() if key in hints})


def _filled(value: Any, hint: Any) -> Any:
    if is_later(value):
        return value
    if get_origin(hint) in (Union, types.UnionType):
        known = [arm for arm in get_args(hint) if arm is not types.NoneType and get_origin(arm) is not pulumi.Output]
        return _filled(value, known[0])
    if get_origin(hint) is tuple and isinstance(value, (list, tuple)):
        return tuple(_filled(item, get_args(hint)[0]) for item in value)
    if dataclasses.is_dataclass(hint) and isinstance(hint, type) and isinstance(value, Mapping):
        return fill(hint, value)
    return value


def is_later(value: object) -> TypeIs[pulumi.Output[Any]]:
    """Say whether a value becomes known later: an Output or another awaitable."""
    return isinstance(value, pulumi.Output) or inspect.isawaitable(value)


def has_later(value: object) -> bool:
    """Say whether anything inside a value becomes known later."""
    if is_later(value):
        return True
    if isinstance(value, Mapping):
        return any(has_later(item) for item in value.values())
    if isinstance(value, (list, tuple)):
        return any(has_later(item) for item in value)
    return False


def when_known(value: Later[S], then: Callable[[S], T]) -> pulumi.Output[T]:
    """Return what `then` makes of a value: at once where the value is plain, so that its errors come from the caller."""
    if is_later(value) or has_later(value):
        return pulumi.Output.from_input(value).apply(then)
    return pulumi.Output.from_input(then(value))


def checked(value: Any, check: Callable[[Any, Faults], object], faults: Faults) -> Any:
    """Check a value that may become known later: at once where it is plain, else when it is known.

    The value is returned as it was, or as an Output that fails with `InputFaults` where the check notes a fault.
    """
    if not is_later(value):
        check(value, faults)
        return value

    def later(pair: Sequence[Any]) -> Any:
        known, secret = pair
        own = Faults(faults.component, faults.name)
        check(known, own)
        if secret and own:
            own.conceal(known)
        own.raise_if_any()
        return known

    output = pulumi.Output.from_input(value)
    return pulumi.Output.all(output, output.is_secret()).apply(later)


def whole_numbers(value: Any) -> Any:
    """Return plain data with floats that are whole numbers as ints: the plugin hands every number over as a float."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, Mapping):
        return {key: whole_numbers(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [whole_numbers(item) for item in value]
    return value


class _Missing:
    """Marks a value that was at fault."""


_MISSING = _Missing()


def unwrap(hint: Any) -> tuple[Any, bool]:
    """Return what a hint holds inside NotRequired and Input, and whether it may become known later."""
    if get_origin(hint) in (NotRequired, Required):
        hint = get_args(hint)[0]
    if get_origin(hint) is Union:
        arms = get_args(hint)
        for arm in arms:
            if get_origin(arm) is Awaitable:
                return get_args(arm)[0], True
    return hint, False


def _mapping(value: object, shape: Any, path: str, faults: Faults) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        faults.add(
            path or "args",
            f"{show(value)} is not a mapping",
            code=Code.TYPE,
            allowed=", ".join(sorted(shape.__annotations__)),
        )
        return {}
    hints = shape.__annotations__
    result: dict[str, Any] = {}
    for key in value:
        if key not in hints:
            faults.unknown_key(path, str(key), hints)
    for key, hint in hints.items():
        given = value.get(key)
        at = f"{path}.{key}" if path else key
        if given is None:
            if key in shape.__required_keys__:
                faults.add(at, "is required and was not given", code=Code.MISSING)
            continue
        item = _value(given, hint, at, faults)
        if not isinstance(item, _Missing):
            result[key] = item
    return result


def _value(value: object, hint: Any, path: str, faults: Faults) -> Any:
    expected, may_be_later = unwrap(hint)
    if is_later(value):
        if may_be_later:
            return value if isinstance(value, pulumi.Output) else pulumi.Output.from_input(value)
        faults.add(
            path,
            "is an Output, whose value is not known while the program runs",
            code=Code.KNOWN_LATER,
            fix="Give a plain value, for example from the stack's configuration.",
        )
        return _MISSING
    if isinstance(value, enum.Enum):
        value = value.value
    if is_written(expected):
        return _read(value, expected, path, faults)
    if expected is Any:
        return value if _check_data(value, path, faults) else _MISSING
    if is_typeddict(expected):
        if not isinstance(value, Mapping):
            faults.add(
                path,
                f"{show(value)} is not a mapping",
                code=Code.TYPE,
                allowed=f"a mapping with {', '.join(sorted(expected.__annotations__))}",
            )
            return _MISSING
        return _mapping(value, expected, path, faults)
    origin = get_origin(expected)
    if origin is list:
        if isinstance(value, (str, bytes)) or not isinstance(value, Sequence):
            (item_hint,) = get_args(expected)
            kind, _ = unwrap(item_hint)
            mappings = is_typeddict(kind) or get_origin(kind) is dict
            faults.add(
                path,
                f"{show(value)} is not a list",
                code=Code.TYPE,
                allowed=f"a list of {_MANY.get(kind, 'mappings' if mappings else 'values')}",
                fix=_as_list(value, kind),
            )
            return _MISSING
        (item_hint,) = get_args(expected)
        items = [_value(item, item_hint, f"{path}[{index}]", faults) for index, item in enumerate(value)]
        kept = [index for index, item in enumerate(items) if not isinstance(item, _Missing)]
        if len(kept) < len(items):
            faults.left_out(path, kept)
        return [items[index] for index in kept]
    if origin is dict:
        if not isinstance(value, Mapping):
            faults.add(path, f"{show(value)} is not a mapping", code=Code.TYPE, allowed="a mapping of names to values")
            return _MISSING
        pairs = {str(key): _value(item, get_args(expected)[1], f"{path}.{key}", faults) for key, item in value.items()}
        return {key: item for key, item in pairs.items() if not isinstance(item, _Missing)}
    return _scalar(value, expected, path, faults)


def read_text(text: str, shape: Any, path: str, faults: Faults) -> Any:
    """Return what a text means where a marker's type is due, or None where that is at fault."""
    found = _read(text, shape, path, faults)
    return None if isinstance(found, _Missing) else found


def _read(value: object, expected: type[Written], path: str, faults: Faults) -> Any:
    """Return what is meant by a value that may be written as a text."""
    kind: Kind = expected.kind
    if isinstance(value, str):
        try:
            understood = kind.read(value)
        except UnreadableError as error:
            faults.add(path, f"{show(value)} {error.problem}", code=error.code, allowed=kind.allowed, fix=error.fix)
            return _MISSING
        if understood.meaning:
            faults.understood(path, show(value), understood.value, understood.meaning)
        # What stands for a mapping or a list is looked at as one.
        return understood.value if expected.full is None else _value(understood.value, expected.full, path, faults)
    if expected.full is not None:
        return _value(value, expected.full, path, faults)
    own = Faults(faults.component, faults.name)
    number = _scalar(value, kind.plain or str, path, own)
    for fault in own:
        faults.add(
            path,
            fault.problem,
            code=fault.code,
            allowed=kind.allowed if kind.plain is not str else fault.allowed,
            fix=fault.fix,
        )
    return number


def _scalar(value: object, expected: type, path: str, faults: Faults) -> Any:
    if expected is bool and isinstance(value, bool):
        return value
    if expected is str and isinstance(value, str):
        return value
    if expected in (int, float) and isinstance(value, (int, float)) and not isinstance(value, bool):
        if expected is int and isinstance(value, float):
            if value.is_integer():
                return int(value)
        else:
            return value
    faults.add(
        path,
        f"{show(value)} is not {_WORDS[expected]}",
        code=Code.TYPE,
        allowed=_ALLOWED[expected],
        fix=_meant(value, expected),
    )
    return _MISSING


def _as_list(value: object, kind: Any) -> str:
    """Return what to write where a list of one kind is due, and one of that kind, or nothing like it, was given."""
    if is_typeddict(kind):
        needed = sorted(kind.__required_keys__)
        alone = isinstance(value, Mapping) and any(key in kind.__annotations__ for key in value)
        one = f"{{{', '.join(f'{key!r}: ...' for key in needed)}}}"
    elif kind is Any or get_origin(kind) is dict:
        alone, one = isinstance(value, Mapping), ""
    else:
        alone, one = isinstance(value, kind) and (kind is bool or not isinstance(value, bool)), ""
    if alone:
        shown = show(value)
        return f"Write [{shown}]." if shown == repr(value) else "Write it in brackets: [...]."
    return f"Write [{one}], with an entry for each." if one else ""


def _meant(value: object, expected: type) -> str:
    """Return what to write in place of a value of a wrong type, where that can be told."""
    if expected is str:
        return f"Write {str(value)!r}." if isinstance(value, (int, float)) and not isinstance(value, bool) else ""
    if not isinstance(value, str):
        return ""
    text = value.strip()
    if expected is bool:
        return f"Write {text.capitalize()}, without quotes." if text.lower() in ("true", "false") else ""
    if re.fullmatch(r"-?\d+" if expected is int else r"-?\d+(\.\d+)?", text):
        return f"Write {text}, without quotes."
    return ""


def _check_data(value: object, path: str, faults: Faults) -> bool:
    """Note what neither Pulumi nor JSON can hold, wherever it is inside a value; say whether there was nothing."""
    parts: list[tuple[str, object]] = []
    if isinstance(value, Mapping):
        parts = [(f"{path}.{key}", item) for key, item in value.items()]
    elif isinstance(value, (list, tuple)):
        parts = [(f"{path}[{index}]", item) for index, item in enumerate(value)]
    elif not _is_data(value):
        faults.add(
            path,
            f"{show(value)} is no data",
            code=Code.TYPE,
            allowed="strings, numbers, true, false, lists and mappings of them, and outputs",
        )
        return False
    sound = [_check_data(item, at, faults) for at, item in parts]
    return all(sound)
