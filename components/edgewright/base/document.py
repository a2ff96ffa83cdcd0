"""Bounded YAML reading that remembers where everything stood.

YAML can be small on disk and huge in memory (aliases of aliases), deep enough to exhaust the stack, and it takes the
country code `NO` for false in its old dialect. So a document is scanned as flat events first and refused past stated
bounds, and scalars are read as YAML 1.2's core schema reads them, which is what Pulumi's own reader does.
"""

import math
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

MAX_BYTES: Final = 256 * 1024
"""Largest file read."""

MAX_DEPTH: Final = 32
"""Deepest nesting of lists and mappings."""

MAX_NODES: Final = 50_000
"""Most values after aliases are expanded."""

MAX_ALIASES: Final = 200
"""Most uses of `*alias` in a file."""

KeyPath = tuple[str | int, ...]


class DocumentError(Exception):
    """The file is not one that can be read: missing, too large, not YAML. The message names the file and the line."""


@dataclass(frozen=True)
class Position:
    """A place in a file, counted from 1."""

    line: int
    column: int


@dataclass(frozen=True)
class Document:
    """A parsed file: plain data, and where each key or item stood."""

    path: Path
    data: Any
    positions: dict[KeyPath, Position] = field(default_factory=dict)

    def line(self, path: KeyPath) -> int:
        """Return the line of this key path, or of the nearest one that encloses it."""
        for length in range(len(path), -1, -1):
            if (position := self.positions.get(path[:length])) is not None:
                return position.line
        return 1


def _loader() -> Any:
    # libyaml's loader is some ten times faster and gives the same events and nodes.
    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _refuse(shown: str, line: int, message: str) -> DocumentError:
    return DocumentError(f"{shown}:{line}: {message}")


def read_document(path: Path, shown: str | None = None) -> Document:
    """Read a YAML file.

    Args:
        path: the file.
        shown: how messages name it; the path where it is not given.

    Raises:
        DocumentError: the file cannot be read or is past a bound.
    """
    shown = shown or str(path)
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise DocumentError(f"{shown}: no such file") from None
    except OSError as error:
        raise DocumentError(f"{shown}: cannot be read: {error.strerror}") from None
    if len(raw) > MAX_BYTES:
        raise DocumentError(
            f"{shown}: larger than {MAX_BYTES // 1024} KiB, the most that is read; move data into files"
        )
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _refuse(shown, raw[: error.start].count(b"\n") + 1, "not UTF-8 text") from None
    return parse_document(text, path, shown)


def parse_document(text: str, path: Path, shown: str) -> Document:
    """Parse YAML text as :func:`read_document` does."""
    try:
        _scan(text, shown)
        root = yaml.compose(text, Loader=_loader())
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        problem = error.problem or error.context or "cannot be parsed"
        raise _refuse(shown, line, f"not valid YAML: {problem}") from None
    except yaml.YAMLError as error:  # a character that YAML does not allow
        raise _refuse(shown, 1, f"not valid YAML: {str(error).splitlines()[0]}") from None
    positions: dict[KeyPath, Position] = {(): Position(1, 1)}
    if root is None:
        return Document(path, None, positions)
    return Document(path, _Builder(shown, positions).build(root, ()), positions)


def _scan(text: str, shown: str) -> None:
    depth = aliases = 0
    for events, event in enumerate(yaml.parse(text, Loader=_loader()), start=1):
        line = event.start_mark.line + 1 if event.start_mark else 1
        if events > MAX_NODES * 2:
            raise _refuse(shown, line, f"more than {MAX_NODES} values, the most that is read")
        if isinstance(event, yaml.events.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                raise _refuse(shown, line, f"nested deeper than {MAX_DEPTH} levels, the most that is read")
        elif isinstance(event, yaml.events.CollectionEndEvent):
            depth -= 1
        elif isinstance(event, yaml.events.AliasEvent):
            aliases += 1
            if aliases > MAX_ALIASES:
                raise _refuse(shown, line, f"more than {MAX_ALIASES} aliases (`*name`), the most that is read")


_NULL = re.compile(r"(?:~|null|Null|NULL|)\Z")
_TRUE = re.compile(r"(?:true|True|TRUE)\Z")
_FALSE = re.compile(r"(?:false|False|FALSE)\Z")
_INT = re.compile(r"[-+]?[0-9]+\Z")
_BASED = re.compile(r"(?:0x[0-9a-fA-F]+|0o[0-7]+|0b[01]+)\Z")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z")
_NOT_FINITE = re.compile(r"(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))\Z")
_MAX_DIGITS = 100


def _plain_scalar(value: str) -> Any:
    if _NULL.match(value):
        return None
    if _TRUE.match(value):
        return True
    if _FALSE.match(value):
        return False
    if len(value) <= _MAX_DIGITS:
        if _INT.match(value):
            return int(value)
        if _BASED.match(value):
            return int(value, 0)
        if _FLOAT.match(value):
            return float(value)
    if _NOT_FINITE.match(value):
        return (
            math.nan
            if "n" in value.lower().replace("inf", "")
            else math.copysign(math.inf, -1 if value[0] == "-" else 1)
        )
    return value


_TAG = "tag:yaml.org,2002:"


class _Builder:
    """Makes plain data of nodes, with a budget that aliases count against each time they are used."""

    def __init__(self, shown: str, positions: dict[KeyPath, Position]) -> None:
        self.shown = shown
        self.positions = positions
        self.budget = MAX_NODES
        self.open: list[int] = []

    def build(self, node: yaml.Node, path: KeyPath) -> Any:
        line = node.start_mark.line + 1
        self.budget -= 1
        if self.budget < 0:
            raise _refuse(
                self.shown, line, f"more than {MAX_NODES} values once aliases are expanded, the most that is read"
            )
        if len(path) > MAX_DEPTH:
            raise _refuse(self.shown, line, f"nested deeper than {MAX_DEPTH} levels, the most that is read")
        if id(node) in self.open:
            used = self.positions[path].line if path in self.positions else line
            raise _refuse(self.shown, used, "an alias (`*name`) refers to what it is part of")
        self.positions.setdefault(path, Position(line, node.start_mark.column + 1))
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node)
        if node.tag not in (f"{_TAG}seq", f"{_TAG}map"):
            raise _refuse(self.shown, line, f"the tag {node.tag} is not read; use plain YAML")
        self.open.append(id(node))
        try:
            if isinstance(node, yaml.SequenceNode):
                return [self.build(item, (*path, index)) for index, item in enumerate(node.value)]
            assert isinstance(node, yaml.MappingNode)
            return self._mapping(node, path)
        finally:
            self.open.pop()

    def _scalar(self, node: yaml.ScalarNode) -> Any:
        value = str(node.value)
        if not node.style and node.tag in (
            f"{_TAG}null",
            f"{_TAG}bool",
            f"{_TAG}int",
            f"{_TAG}float",
            f"{_TAG}timestamp",
            f"{_TAG}value",
            f"{_TAG}merge",
            f"{_TAG}str",
        ):
            return _plain_scalar(value)
        if node.tag in (f"{_TAG}str", "!"):
            return value
        raise _refuse(self.shown, node.start_mark.line + 1, f"the tag {node.tag} is not read; use plain YAML")

    def _mapping(self, node: yaml.MappingNode, path: KeyPath) -> dict[str, Any]:
        result: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                raise _refuse(self.shown, line, "a key must be plain text")
            key = str(key_node.value)
            if not key_node.style and key == "<<":
                sources = value_node.value if isinstance(value_node, yaml.SequenceNode) else [value_node]
                for source in sources:
                    if not isinstance(source, yaml.MappingNode):
                        raise _refuse(self.shown, line, "`<<` merges mappings only")
                    for name, value in self.build(source, path).items():
                        merged.setdefault(name, value)
                continue
            place = (*path, key)
            if key in result:
                raise _refuse(
                    self.shown,
                    line,
                    f"the key `{key}` is there twice (first on line {self.positions[place].line}); keep one",
                )
            # The key's line, not the value's: where an editor's cursor should go. An own key wins over a merged one.
            self.positions[place] = Position(line, key_node.start_mark.column + 1)
            result[key] = self.build(value_node, place)
        return {**merged, **result}
