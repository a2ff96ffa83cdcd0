"""Text from elsewhere, as it is shown: what clients, handlers, programs and services say is read, never run.

A terminal takes some characters for commands: it moves, clears, writes to the clipboard. Line breaks make one message look
like several, and marks of direction make it read otherwise than it is. GitHub's runner takes a line that begins with `::` for
a command of the workflow's. Each is written out instead.
"""

import os
import re
from collections.abc import Iterable

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

_DIRECTIONS = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
"""Marks that change the direction of text: https://trojansource.codes"""
_OTHER = f"\x00-\x08\x0b-\x1f\x7f-\x9f{_DIRECTIONS}\u2028\u2029\ufeff\ud800-\udfff\U000e0000-\U000e007f"
_LINE = re.compile(f"[{_OTHER}\n\t]")
_LINES = re.compile(f"[{_OTHER}]")
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_COMMAND = re.compile(r"^(\s*:)(?=:)|(#)(?=#\[)", re.MULTILINE)
_APART = "\u200b"
"""Has no width: what it parts looks as before."""


def _written(found: "re.Match[str]") -> str:
    character = found[0]
    code = ord(character)
    width = ("x", 2) if code < 0x100 else ("u", 4) if code < 0x10000 else ("U", 8)
    return _SHORT.get(character) or f"\\{width[0]}{code:0{width[1]}x}"


def one_line(text: str) -> str:
    """Return a text as one line, with each character that a terminal would act on written out: `\\x1b`, `\\n`."""
    return _LINE.sub(_written, text)


def lines(text: str) -> str:
    """Return a text of ours that may have foreign ones in it: the same, but its line breaks and tabs stay."""
    return without_commands(_LINES.sub(_written, text))


def in_json(text: str) -> str:
    """Return a JSON document that says the same without such characters."""
    return _LINES.sub(lambda found: "".join(f"\\u{unit:04x}" for unit in _units(ord(found[0]))), text)


def _units(code: int) -> Iterable[int]:
    return (code,) if code < 0x10000 else (0xD800 + (code - 0x10000 >> 10), 0xDC00 + (code - 0x10000 & 0x3FF))


def without_commands(text: str) -> str:
    """Return a text of which GitHub's runner, where this is one, takes no line for a command."""
    if not os.environ.get("GITHUB_ACTIONS"):
        return text
    return apart(text)


def apart(text: str) -> str:
    """Return a text of which GitHub's runner takes no line for a command, wherever this is."""
    return _COMMAND.sub(lambda found: found[0] + _APART, text)


class SafeConsole(Console):
    """A console that gives a terminal no commands but its own."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Render to segments, with what is foreign in their texts written out."""
        for segment in super().render(renderable, options):
            text, style, control = segment
            yield segment if control else Segment(lines(text), style)
