"""Faults in what a component was given: all of them, at once, each with what would be right.

raise InputFaults("EdgeApi", "api", faults.items)
"""

import difflib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from pulumi import Resource, RunError

from edgewright.base.fault import Fault, ProjectFault, coded
from edgewright.base.fault_codes import Code

__all__ = ["Fault", "Faults", "InputFaults", "RunFault", "SettingsFaults", "closest", "output_of", "show"]

MAX_SHOWN = 80
"""Characters of a value shown in a message. Longer ones are cut: a value may be a file's content."""


def show(value: object) -> str:
    """Return a value as a message shows it: one line, cut to a readable length, never a secret's content."""
    text = f"the {type(value).__name__} {value._name!r} itself" if isinstance(value, Resource) else repr(value)
    return text if len(text) <= MAX_SHOWN else f"{text[: MAX_SHOWN - 1]}…"


def output_of(value: object, name: str) -> str:
    """Return the advice to give a component's output where the component itself was given; nothing for other values."""
    if not isinstance(value, Resource):
        return ""
    return f"Write `{value._name}.{name}`." if value._name.isidentifier() else f"Give its output `{name}`."


def closest(value: str, allowed: Iterable[str]) -> str | None:
    """Return the allowed word most like `value`, whatever the case of either, or None where nothing is like it."""
    words = list(allowed)
    found = difflib.get_close_matches(value, words, n=1, cutoff=0.6)
    if found:
        return found[0]
    lower = {word.lower(): word for word in words}
    found = difflib.get_close_matches(value.lower(), list(lower), n=1, cutoff=0.6)
    return lower[found[0]] if found else None


_QUOTED = re.compile(r"""(?<!\w)(['"])(?:\\.|(?!\1).)*\1(?!\w)""")
"""A text in quotes. An apostrophe within a word begins none."""
_SECRET = "the value, which is secret,"


def _without(value: object, text: str) -> str:
    """Return a message without a secret, and without what it quotes of one."""
    text = text.replace(show(value), _SECRET)
    whole = str(value)
    if not whole.isalpha():  # a word alone may be one of the sentence's own; quoted, it is found below
        text = re.sub(rf"(?<![A-Za-z0-9]){re.escape(whole)}(?![A-Za-z0-9])", _SECRET, text) if whole else text
    lower = whole.lower()
    parts = [part for part in re.split(r"[^a-z0-9]+", lower) if len(part) >= 3]

    def hide(found: re.Match[str]) -> str:
        quoted = found[0][1:-1].lower()
        return "a secret text" if quoted and (quoted in lower or any(part in quoted for part in parts)) else found[0]

    return _QUOTED.sub(hide, text)


_ABSENT = (Code.MISSING, Code.EMPTY)


class InputFaults(RunError):
    """A component refused its arguments. The message lists every fault found; `faults` holds them as data.

    It is a `pulumi.RunError`, so `pulumi up` prints the message and no traceback.
    """

    def __init__(self, component: str, name: str, faults: Iterable[Fault]) -> None:
        self.component = component
        self.name = name
        self.faults = tuple(faults)
        count = len(self.faults)
        self.heading = f"{component} {name!r}: {count} fault{'s' if count != 1 else ''} in its arguments"
        super().__init__("\n".join([self.heading, *(f"  {fault}" for fault in self.faults)]))


class RunFault(RunError):
    """What is wrong with a program that is no fault of one argument. It has a code, and prints without a traceback."""

    def __init__(self, message: str, code: Code) -> None:
        self.message = message
        self.code = code
        super().__init__(coded(message, code))


class SettingsFaults(RunError):
    """The stack's settings have faults that a program found while it read them. `faults` holds them as data.

    It is a `pulumi.RunError`, so `pulumi up` prints the message and no traceback.
    """

    def __init__(self, faults: Iterable[ProjectFault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(["The stack's settings have faults:", *map(str, self.faults)]))


class Faults:
    """Collects faults while a component looks at its arguments."""

    def __init__(self, component: str, name: str) -> None:
        self.component = component
        self.name = name
        self.items: list[Fault] = []
        self._kept: dict[str, Sequence[int]] = {}
        self._understood: dict[str, tuple[str, object, str]] = {}

    def left_out(self, path: str, kept: Sequence[int]) -> None:
        """Note that items of a list were at fault and left out: those that went on are at these places of what was given.
        What is noted of the list from now on is told by these."""
        self._kept[path] = kept

    def understood(self, path: str, text: str, value: object, meaning: str) -> None:
        """Note what a text was taken for: a fault of that value says so."""
        self._understood[self._given(path)] = (text, value, meaning)

    def _given(self, path: str) -> str:
        """Return a path by the places that items have in what was given."""
        if not self._kept:
            return path
        head = ""
        for part in re.split(r"(\[\d+\])", path):
            kept = self._kept.get(head) if part.startswith("[") else None
            at = int(part[1:-1]) if kept is not None else 0
            head += f"[{kept[at]}]" if kept is not None and at < len(kept) else part
        return head

    def add(self, path: str, problem: str, *, code: Code, allowed: str = "", fix: str = "") -> None:
        """Note a fault, of a kind. The same fault noted twice is kept once, and what was given and is at fault is neither
        missing nor empty."""
        path = self._given(path)
        if path in self._understood:
            text, value, meaning = self._understood[path]
            if str(value) in problem:
                # It tells a number that the program did not write.
                problem = f"{problem} ({text} is {meaning})"
        fault = Fault(path, problem, code, allowed, fix)
        if code in _ABSENT and self.about(path):
            return
        if fault not in self.items:
            self.items.append(fault)

    def about(self, path: str) -> bool:
        """Say whether a fault of a property, or of something in it, was noted: it was given, and is at fault."""
        path = self._given(path)
        return any(fault.path == path or fault.path.startswith((f"{path}.", f"{path}[")) for fault in self.items)

    def unknown_key(self, path: str, key: str, allowed: Iterable[str]) -> None:
        """Note a key that the arguments do not have, with the one probably meant."""
        names = sorted(allowed)
        meant = closest(key, names)
        self.add(
            f"{path}.{key}" if path else key,
            "is not an argument",
            code=Code.UNKNOWN,
            allowed=", ".join(names),
            fix=f"Did you mean {meant!r}?" if meant else "",
        )

    def one_of(self, path: str, value: object, allowed: Iterable[str]) -> bool:
        """Note a fault unless the value is one of the words allowed; say whether it is."""
        words = list(allowed)
        if value in words:
            return True
        meant = closest(value, words) if isinstance(value, str) else None
        self.add(
            path,
            f"{show(value)} is not known",
            code=Code.WORD,
            allowed=", ".join(words),
            fix=f"Did you mean {meant!r}?" if meant else "",
        )
        return False

    def conceal(self, value: object) -> None:
        """Take a secret's value out of everything noted: who reads a fault need not be who may read the secret.

        Checks quote what they were given (:func:`show`, `!r`), so what may tell of it is the whole value anywhere, or a quoted
        text that has a part in common with it, in any case of letters. Our own words are no secret, though it may be one of
        them.
        """
        for at, fault in enumerate(self.items):
            fix = fault.fix if _without(value, fault.fix) == fault.fix else ""
            self.items[at] = replace(fault, problem=_without(value, fault.problem), fix=fix)

    def raise_if_any(self) -> None:
        """Raise `InputFaults` with everything noted, or do nothing where nothing was."""
        if self.items:
            raise InputFaults(self.component, self.name, self.items)

    def __bool__(self) -> bool:
        return bool(self.items)

    def __iter__(self) -> Iterator[Fault]:
        return iter(self.items)
