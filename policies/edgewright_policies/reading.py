"""Reading resource inputs safely: odd shapes read as absent, unknown values raise `UnknownValueError`.

A policy must never raise on an input, however shaped, and must not judge what is not known yet. Every policy reads
through :class:`View`, which works on the engine's proxies and on captured inputs alike.
"""

import base64
import binascii
import functools
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

import pulumi
from edgewright.base.unknown import UNKNOWN
from pulumi_policy.proxy import (
    UNKNOWN_ARCHIVE_VALUE,
    UNKNOWN_ARRAY_VALUE,
    UNKNOWN_ASSET_VALUE,
    UNKNOWN_BOOLEAN_VALUE,
    UNKNOWN_NUMBER_VALUE,
    UNKNOWN_OBJECT_VALUE,
    UNKNOWN_STRING_VALUE,
    UnknownValueError,
)

from edgewright_policies.archives import located

_SENTINELS = frozenset(
    {
        UNKNOWN_ARCHIVE_VALUE,
        UNKNOWN_ARRAY_VALUE,
        UNKNOWN_ASSET_VALUE,
        UNKNOWN_BOOLEAN_VALUE,
        UNKNOWN_NUMBER_VALUE,
        UNKNOWN_OBJECT_VALUE,
        UNKNOWN_STRING_VALUE,
    }
)
_NUMBER = re.compile(r"[+-]?\d{1,18}(\.\d{1,18})?")
_MOST_FILE_BYTES = 128 * 1024 * 1024


@functools.lru_cache(maxsize=4096)
def snake(name: str) -> str:
    """Return a camelCase name in snake_case: components in Python register their arguments so."""
    return re.sub(r"(?<=[a-z0-9])([A-Z])", lambda found: "_" + found.group(1).lower(), name)


def is_unknown(value: object) -> bool:
    """Return whether a value stands for one that only an update would know."""
    return value is UNKNOWN or (isinstance(value, str) and len(value) == 36 and value in _SENTINELS)


def show(value: object, most: int = 80) -> str:
    """Return a value for a message: one line, bounded, numbers without a needless `.0`."""
    if isinstance(value, bool):
        text = "true" if value else "false"
    elif isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        text = f"{int(value)}"
    elif value is None:
        text = "not set"
    elif isinstance(value, str | int | float):
        text = f"{value}"
    elif isinstance(value, Mapping):
        text = f"a mapping of {len(value)}"
    elif isinstance(value, Sequence):
        text = ", ".join(show(each, most) for each in list(value)[:8])
    else:
        text = type(value).__name__
    text = "".join(each if each.isprintable() else "�" for each in text)
    return text if len(text) <= most else text[: most - 1] + "…"


class View:
    """A mapping among the inputs, read by camelCase name (snake_case where that is what is there)."""

    __slots__ = ("_raw", "path")

    def __init__(self, raw: object, path: str = "") -> None:
        self._raw: Mapping[Any, Any] = raw if isinstance(raw, Mapping) else {}
        self.path = path

    def _at(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name

    def raw(self, name: str) -> Any:
        """Return the value as it is; None where there is none.

        Raises:
            UnknownValueError: only an update would know it.
        """
        for key in (name, snake(name)):
            try:
                value = self._raw[key]
            except (KeyError, IndexError, TypeError):
                continue
            if is_unknown(value):
                raise UnknownValueError(UNKNOWN_STRING_VALUE, [self._at(name)])
            if value is not None:
                return value
        return None

    def has(self, name: str) -> bool:
        """Return whether a value was given, known or not."""
        try:
            return self.raw(name) is not None
        except UnknownValueError:
            return True

    def known(self, name: str) -> bool:
        """Return whether reading the value would not raise."""
        try:
            self.raw(name)
        except UnknownValueError:
            return False
        return True

    def keys(self) -> list[str]:
        """Return the names that are texts."""
        return [key for key in self._raw if isinstance(key, str)]

    def text(self, name: str) -> str | None:
        """Return a text; None for anything else."""
        value = self.raw(name)
        return value if isinstance(value, str) else None

    def number(self, name: str) -> int | float | None:
        """Return a finite number, whole ones as int; a numeric text counts, as providers take it."""
        return as_number(self.raw(name))

    def flag(self, name: str) -> bool | None:
        """Return a truth value; `"true"` and `"false"` count, as providers take them."""
        value = self.raw(name)
        if isinstance(value, str):
            return {"true": True, "false": False}.get(value.lower())
        return value if isinstance(value, bool) else None

    def view(self, name: str) -> "View":
        """Return a mapping inside, empty where there is none. A list of one mapping counts as that mapping."""
        value = self.raw(name)
        if is_list(value) and len(value) == 1:
            value = element(value, 0, self._at(name))
        return View(value, self._at(name))

    def views(self, name: str) -> list["View"]:
        """Return the mappings in a list; a single mapping counts as a list of one. Others are left out.

        Raises:
            UnknownValueError: the list, or a whole element of it, is unknown.
        """
        value = self.raw(name)
        if isinstance(value, Mapping):
            return [View(value, self._at(name))]
        if not is_list(value):
            return []
        found = []
        for index in range(len(value)):
            each = element(value, index, self._at(name))
            if isinstance(each, Mapping):
                found.append(View(each, f"{self._at(name)}[{index}]"))
        return found

    def texts(self, name: str) -> list[str]:
        """Return the texts in a list; a single text counts as a list of one. Others are left out."""
        value = self.raw(name)
        if isinstance(value, str):
            return [value]
        if not is_list(value):
            return []
        found = [element(value, index, self._at(name)) for index in range(len(value))]
        return [each for each in found if isinstance(each, str)]

    def pairs(self, name: str) -> dict[str, Any]:
        """Return a mapping's values by name, unknown ones left out."""
        inner = self.view(name)
        return {key: inner.raw(key) for key in inner.keys() if inner.known(key)}  # noqa: SIM118

    def __bool__(self) -> bool:
        return len(self._raw) > 0


def raise_unknown(name: str) -> NoReturn:
    """Say that something was not known, after all that was known has been judged.

    Raises:
        UnknownValueError: always.
    """
    raise UnknownValueError(UNKNOWN_STRING_VALUE, [name])


def element(values: Sequence[Any], index: int, path: str) -> Any:
    """Return a list's element.

    Raises:
        UnknownValueError: only an update would know it.
    """
    value = values[index]
    if is_unknown(value):
        raise UnknownValueError(UNKNOWN_STRING_VALUE, [f"{path}[{index}]"])
    return value


def is_list(value: object) -> bool:
    """Return whether a value is a list, and not a text."""
    return isinstance(value, Sequence) and not isinstance(value, str | bytes | bytearray)


def as_number(value: object) -> int | float | None:
    """Return a finite number, or None."""
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        return int(value) if value.is_integer() else value
    return value


def text_bytes(value: str) -> int:
    """Return a text's size in UTF-8; lone surrogates count as they would be replaced."""
    return len(value) if value.isascii() else len(value.encode("utf-8", "surrogatepass"))


_MOST_KEPT = 1024 * 1024


def decoded(value: str) -> bytes | None:
    """Return what base64 text stands for, or None where it is not base64.

    Several rules read the same modules, and Workers share them: what is not large is decoded once.
    """
    return _decoded_once(value) if len(value) <= _MOST_KEPT else _decode(value)


@functools.lru_cache(maxsize=128)
def _decoded_once(value: str) -> bytes | None:
    return _decode(value)


def _decode(value: str) -> bytes | None:
    try:
        return base64.b64decode(value, validate=False)
    except (binascii.Error, ValueError):
        return None


def _file_bytes(path: str) -> bytes | None:
    try:
        place = located(path)
        if not place.is_file():
            return None
        stat = place.stat()
        return None if stat.st_size > _MOST_FILE_BYTES else _file_once(str(place), stat.st_mtime_ns)
    except (OSError, ValueError):
        return None


@functools.lru_cache(maxsize=64)
def _file_once(path: str, _modified: int) -> bytes:
    return Path(path).read_bytes()


def modules(resource: View) -> Iterator[tuple[str, bytes]]:
    """Yield the name and content of each module of a Worker's version or script.

    Content in a file is read where the file is there; source maps are left out: they are no code and do not count in its
    size.

    Raises:
        UnknownValueError: after all that is known, where some of it is not.
    """
    unknown = False
    try:
        listed = resource.views("modules")
    except UnknownValueError:
        listed, unknown = [], True
    for module in listed:
        try:
            if (module.text("contentType") or "").startswith("application/source-map"):
                continue
            name = module.text("name") or ""
            encoded = module.text("contentBase64")
            content = decoded(encoded) if encoded is not None else _file_bytes(module.text("contentFile") or "")
        except UnknownValueError:
            unknown = True
            continue
        if content is not None:
            yield name, content
    name, content = "", None
    try:
        script = resource.text("content")
        content = (
            script.encode("utf-8", "surrogatepass")
            if script is not None
            else _file_bytes(resource.text("contentFile") or "")
        )
        named = [resource.text(each) for each in ("mainModule", "scriptName") if resource.known(each)]
        name = next(filter(None, named), "script")
    except UnknownValueError:
        unknown = True
    if content is not None:
        yield name, content
    if unknown:
        raise_unknown("modules")


def asset_bytes(value: object) -> bytes | None:
    """Return the content of a text or of a Pulumi asset; None where it cannot be had."""
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")
    if isinstance(value, pulumi.StringAsset) and isinstance(value.text, str):
        return value.text.encode("utf-8", "surrogatepass")
    if isinstance(value, pulumi.FileAsset) and isinstance(value.path, str):
        return _file_bytes(value.path)
    return None
