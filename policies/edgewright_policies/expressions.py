"""Reads Cloudflare's rules language, as far as it takes to say which paths and callers a rule selects.

See https://developers.cloudflare.com/ruleset-engine/rules-language/. An expression that cannot be read raises
:class:`Unreadable`, which counts as a value that is not known: a policy then skips the rule and says so.
"""

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass

from pulumi_policy.proxy import UNKNOWN_STRING_VALUE, UnknownValueError

MOST_CHARACTERS = 16_384
"""Cloudflare takes 4,096; with lists and generated rules somewhat more is read."""
_MOST_DEPTH = 64


class Unreadable(UnknownValueError):
    """An expression that is not in the language, or in a part of it that is not read here."""

    def __init__(self, why: str) -> None:
        super().__init__(UNKNOWN_STRING_VALUE, [f"expression: {why}"])


@dataclass(frozen=True)
class Field:
    """A field: `http.request.uri.path`, with what follows in brackets (`["authorization"][0]`)."""

    name: str
    index: tuple[str, ...] = ()


@dataclass(frozen=True)
class Call:
    """A function's call."""

    name: str
    arguments: tuple["Node", ...]


@dataclass(frozen=True)
class Literal:
    """A text, a number, an address, or a named list (`$name`)."""

    value: str
    text: bool


@dataclass(frozen=True)
class Compare:
    """A comparison. `values` are literals; more than one with `in`."""

    left: "Node"
    operator: str
    values: tuple[Literal, ...]


@dataclass(frozen=True)
class Logic:
    """`and`, `or`, `xor` of several, or `not` of one."""

    operator: str
    parts: tuple["Node", ...]


Node = Field | Call | Literal | Compare | Logic

_TOKEN = re.compile(
    r"""
    (?P<space>\s+|\#[^\n]*)
  | (?P<raw>r(?P<hashes>\#{0,8})"(?:.*?)"(?P=hashes))
  | (?P<text>"(?:[^"\\]|\\.)*")
  | (?P<list>\$[\w.]+)
  | (?P<symbol>==|!=|<=|>=|&&|\|\||\^\^|\.\.|[()\[\]{},<>~!*&])
  | (?P<atom>[0-9A-Za-z_.:/-]+)
    """,
    re.X | re.S,
)
_OPERATORS = {
    "eq": "eq", "==": "eq", "ne": "ne", "!=": "ne", "lt": "lt", "<": "lt", "le": "le", "<=": "le", "gt": "gt", ">": "gt",
    "ge": "ge", ">=": "ge", "contains": "contains", "matches": "matches", "~": "matches", "in": "in",
    "wildcard": "wildcard", "strict": "strict wildcard", "bitwise_and": "bitwise_and", "&": "bitwise_and",
}  # fmt: skip
_AND, _OR, _XOR, _NOT = ("and", "&&"), ("or", "||"), ("xor", "^^"), ("not", "!")
_FIELD = re.compile(r"[a-z_][a-z0-9_]*(?:\.[a-z0-9_]+)*")


def _tokens(expression: str) -> list[tuple[str, str]]:
    if len(expression) > MOST_CHARACTERS:
        raise Unreadable(f"{len(expression):,} characters")
    found = []
    at = 0
    while at < len(expression):
        token = _TOKEN.match(expression, at)
        if token is None:
            raise Unreadable(f"character {at + 1}")
        at = token.end()
        kind = token.lastgroup or ""
        if token["raw"] is not None:
            width = len(token["hashes"])
            found.append(("text", token["raw"][2 + width : len(token["raw"]) - 1 - width]))
        elif kind == "text":
            found.append(("text", re.sub(r"\\(.)", r"\1", token[0][1:-1], flags=re.S)))
        elif kind != "space":
            found.append((kind, token[0]))
    return found


class _Parser:
    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self.tokens = tokens
        self.at = 0
        self.depth = 0

    def peek(self, *values: str) -> bool:
        """Return whether the next token is one of these words or symbols."""
        return self.at < len(self.tokens) and self.tokens[self.at][0] != "text" and self.tokens[self.at][1] in values

    def take(self, *values: str) -> bool:
        if self.peek(*values):
            self.at += 1
            return True
        return False

    def need(self, value: str) -> None:
        if not self.take(value):
            raise Unreadable(f"`{value}` is missing")

    def next(self) -> tuple[str, str]:
        if self.at >= len(self.tokens):
            raise Unreadable("it ends too early")
        self.at += 1
        return self.tokens[self.at - 1]

    def whole(self) -> Node:
        found = self.any_of()
        if self.at != len(self.tokens):
            raise Unreadable(f"`{self.tokens[self.at][1][:20]}` was not expected")
        return found

    def _joined(self, words: tuple[str, ...], operator: str) -> Node:
        parts = [self._part(operator)]
        while self.take(*words):
            parts.append(self._part(operator))
        return parts[0] if len(parts) == 1 else Logic(operator, tuple(parts))

    def _part(self, operator: str) -> Node:
        # `and` binds closer than `xor`, and that closer than `or`.
        if operator == "or":
            return self._joined(_XOR, "xor")
        if operator == "xor":
            return self._joined(_AND, "and")
        return self.negated()

    def any_of(self) -> Node:
        self.depth += 1
        if self.depth > _MOST_DEPTH:
            raise Unreadable("it is nested too deeply")
        found = self._joined(_OR, "or")
        self.depth -= 1
        return found

    def negated(self) -> Node:
        times = 0
        while self.take(*_NOT):
            times += 1
        found = self.comparison()
        return Logic("not", (found,)) if times % 2 else found

    def comparison(self) -> Node:
        if self.take("("):
            found = self.any_of()
            self.need(")")
            return found
        left = self.operand()
        negated = False
        if self.peek("not") and self.at + 1 < len(self.tokens) and self.tokens[self.at + 1] == ("atom", "in"):
            self.at += 1
            negated = True
        if self.at >= len(self.tokens) or self.tokens[self.at][0] == "text":
            return left
        operator = _OPERATORS.get(self.tokens[self.at][1])
        if operator is None:
            return left
        self.at += 1
        if operator == "strict wildcard":
            self.need("wildcard")
        compared = Compare(left, operator, self.values(operator))
        return Logic("not", (compared,)) if negated else compared

    def operand(self) -> Node:
        kind, value = self.next()
        if kind == "text":
            return Literal(value, True)
        if kind == "list":
            return Literal(value, False)
        if kind != "atom":
            raise Unreadable(f"`{value}` was not expected")
        if self.take("("):
            arguments: list[Node] = []
            while not self.peek(")"):
                arguments.append(self.any_of())
                if not self.take(","):
                    break
            self.need(")")
            self.index()
            return Call(value, tuple(arguments))
        if not _FIELD.fullmatch(value):
            return Literal(value, False)
        return Field(value, self.index())

    def index(self) -> tuple[str, ...]:
        found = []
        while self.take("["):
            found.append(self.next()[1])
            self.need("]")
        return tuple(found)

    def values(self, operator: str) -> tuple[Literal, ...]:
        if operator != "in" or not self.take("{"):
            kind, value = self.next()
            if kind not in ("text", "atom", "list"):
                raise Unreadable(f"`{value}` was not expected")
            return (Literal(value, kind == "text"),)
        found: list[Literal] = []
        while not self.take("}"):
            kind, value = self.next()
            if kind not in ("text", "atom"):
                raise Unreadable(f"`{value}` was not expected")
            if self.take(".."):
                self.next()
            found.append(Literal(value, kind == "text"))
            self.take(",")
        return tuple(found)


@functools.lru_cache(maxsize=1024)
def parse(expression: str) -> Node:
    """Return an expression's tree.

    Raises:
        Unreadable: it is not in the language, or longer or deeper than what is read.
    """
    return _Parser(_tokens(expression)).whole()


@dataclass(frozen=True)
class Condition:
    """One comparison that a rule makes, with `not` around it carried inwards."""

    node: Field | Call | Compare | Literal
    holds: bool
    """False where the rule asks that it does not hold."""


def _carry(node: Node, holds: bool) -> Iterator[Condition]:
    if isinstance(node, Logic):
        if node.operator == "not":
            yield from _carry(node.parts[0], not holds)
        elif node.operator == "xor":
            # Each may hold or not, so that both are conditions under which the rule selects something.
            for part in node.parts:
                yield from _carry(part, True)
                yield from _carry(part, False)
        else:
            for part in node.parts:
                yield from _carry(part, holds)
    elif isinstance(node, Compare) and node.operator == "ne":
        yield Condition(Compare(node.left, "eq", node.values), not holds)
    elif isinstance(node, Call) and node.name in ("any", "all") and len(node.arguments) == 1:
        yield from _carry(node.arguments[0], holds)
    else:
        yield Condition(node, holds)


def conditions(expression: str) -> list[Condition]:
    """Return the comparisons of an expression, each with whether the rule asks that it holds.

    Raises:
        Unreadable: as :func:`parse`.
    """
    return list(_carry(parse(expression), True))


_PATHS = ("http.request.uri.path", "raw.http.request.uri.path")
_URIS = ("http.request.uri", "http.request.full_uri", "raw.http.request.uri", "raw.http.request.full_uri")
_EXTENSIONS = ("http.request.uri.path.extension", "raw.http.request.uri.path.extension")
_SAME = ("lower", "upper", "url_decode", "to_string", "remove_query_args")
"""Functions whose result is, for what is asked here, what they were given."""


def _field(node: Node) -> Field | None:
    while isinstance(node, Call) and node.name in _SAME and node.arguments:
        node = node.arguments[0]
    return node if isinstance(node, Field) else None


def _fields(node: Node) -> Iterator[Field]:
    if isinstance(node, Field):
        yield node
    elif isinstance(node, Call):
        for each in node.arguments:
            yield from _fields(each)
    elif isinstance(node, Logic):
        for each in node.parts:
            yield from _fields(each)
    elif isinstance(node, Compare):
        yield from _fields(node.left)


def _pattern(value: str) -> str:
    """Return a regular expression over paths as a text with its plain parts: `^/a/(b|c)\\.css$` becomes `/a/*.css`."""
    value = re.sub(r"\\([./_-])", r"\1", value.removeprefix("^"))
    end = "" if value.endswith("$") else "*"
    return re.sub(r"[\[(|?+*^{\\].*?(?=\.[a-z0-9]+$|$)", "*", value.removesuffix("$"), flags=re.S) + end


def _alternatives(value: str) -> list[str]:
    """Return a regular expression's alternatives in its last or only group, written out: `\\.(css|js)$`."""
    group = re.search(r"\(\??:?([\w.|/\\-]{1,512})\)", value)
    if group is None:
        return [_pattern(value)]
    return [
        _pattern(value[: group.start()] + each + value[group.end() :]) for each in group.group(1).split("|")[:64]
    ]  # fmt: skip


def selected_paths(expression: str) -> list[str]:
    """Return the paths that a rule selects by name, as globs: those that it excludes are not among them.

    Raises:
        Unreadable: the expression cannot be read, or selects by what is made out of a path.
    """
    found: list[str] = []
    unread: str | None = None
    for condition in conditions(expression):
        if not condition.holds:
            continue
        node = condition.node
        if isinstance(node, Call) and node.name in ("starts_with", "ends_with") and len(node.arguments) == 2:
            field, value = _field(node.arguments[0]), node.arguments[1]
            if field is not None and field.name in (*_PATHS, *_URIS) and isinstance(value, Literal):
                found.append(f"{value.value}*" if node.name == "starts_with" else f"*{value.value}")
                continue
        if isinstance(node, Compare):
            field = _field(node.left)
            if field is not None and field.name in _EXTENSIONS:
                found += [f"*.{each.value}" for each in node.values if node.operator in ("eq", "in")]
                continue
            if field is not None and field.name in (*_PATHS, *_URIS):
                for value in node.values:
                    if node.operator in ("eq", "in", "wildcard", "strict wildcard"):
                        found.append(value.value)
                    elif node.operator == "contains":
                        found.append(f"*{value.value}*")
                    elif node.operator == "matches":
                        found += _alternatives(value.value)
                continue
        if any(each.name in (*_PATHS, *_URIS, *_EXTENSIONS) for each in _fields(node)) and unread is None:
            unread = "it compares what is made out of a path"
    if unread is not None and not found:
        raise Unreadable(unread)
    return found


def _header(node: Node) -> str | None:
    """Return which request header a node reads, in lower case."""
    for field in _fields(node):
        if field.name == "http.request.headers" and field.index:
            return field.index[0].lower()
        if field.name == "http.cookie" or field.name.startswith("http.request.cookies"):
            return "cookie"
    return None


_SESSION = re.compile(r"sess|token|auth|jwt|login|logged", re.I)


def selects_callers(expression: str) -> bool:
    """Return whether a rule selects requests for showing who makes them: by `Authorization`, or by a session's cookie.

    Raises:
        Unreadable: as :func:`parse`.
    """
    for condition in conditions(expression):
        node, holds = condition.node, condition.holds
        header = _header(node)
        values = [each.value for each in node.values] if isinstance(node, Compare) else []
        if isinstance(node, Call) and node.name in ("starts_with", "ends_with") and len(node.arguments) == 2:
            values = [node.arguments[1].value] if isinstance(node.arguments[1], Literal) else []
        if isinstance(node, Compare) and any(each.name == "http.request.headers.names" for each in _fields(node.left)):
            if holds and any(each.lower() == "authorization" for each in values):
                return True
        elif header == "authorization":
            # `eq ""` and a length of 0 ask that there is none.
            absent = isinstance(node, Compare) and node.operator in ("eq", "in") and set(values) <= {"", "0"}
            absent = absent or (isinstance(node, Compare) and node.operator in ("lt", "le"))
            if holds != absent:
                return True
        elif header == "cookie" and holds and any(_SESSION.search(each) for each in values):
            return True
    return False
