"""Path patterns with `*` and `?`, as CloudFront has them: what one matches, and what two have in common.

`*` stands for any characters, slashes too, `?` for exactly one; case counts; the `/` at the beginning may be left out.
https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/DownloadDistValuesCacheBehavior.html
"""

import re
from collections.abc import Callable

_OTHER = "\0"
"""Stands for every character that neither of two patterns names."""

_States = frozenset[int]
"""Places in a pattern that a text may have come to."""


def matches(pattern: str, path: str) -> bool:
    """Say whether a pattern matches a path."""
    states = _begin(_rooted(pattern))
    for character in path:
        states = _step(_rooted(pattern), states, character)
    return len(_rooted(pattern)) in states


def overlap(one: str, other: str) -> bool:
    """Say whether some path matches both patterns."""
    return _some_path(one, other, lambda first, second: first and second)


def covers(broad: str, narrow: str) -> bool:
    """Say whether a pattern matches every path that another one matches."""
    return not _some_path(broad, narrow, lambda first, second: second and not first)


def _rooted(pattern: str) -> str:
    # `*` alone is the default behavior: every path has a slash at its beginning.
    return pattern if pattern.startswith("/") else f"/{pattern}"


def _begin(pattern: str) -> _States:
    return _settled(pattern, {0})


def _settled(pattern: str, states: set[int]) -> _States:
    """Add what is reached where a `*` stands for nothing, and leave out what the last `*` reached makes needless."""
    for state in sorted(states):
        while state < len(pattern) and pattern[state] == "*":
            state += 1
            states.add(state)
    last = max((state for state in states if state < len(pattern) and pattern[state] == "*"), default=0)
    return frozenset(state for state in states if state >= last)


def _step(pattern: str, states: _States, character: str) -> _States:
    found = set()
    for state in states:
        if state == len(pattern):
            continue
        if pattern[state] == "*":
            found.add(state)
        elif pattern[state] in ("?", character):
            found.add(state + 1)
    return _settled(pattern, found)


def _some_path(one: str, other: str, wanted: Callable[[bool, bool], bool]) -> bool:
    """Say whether there is a path of which `wanted` says yes, told whether each of two patterns matches it."""
    first, second = _rooted(one), _rooted(other)
    alphabet = {*re.sub(r"[*?]", "", first + second), _OTHER}
    begin = (_begin(first), _begin(second))
    seen, waiting = {begin}, [begin]
    while waiting:
        left, right = waiting.pop()
        if wanted(len(first) in left, len(second) in right):
            return True
        for character in alphabet:
            following = (_step(first, left, character), _step(second, right, character))
            if following not in seen:
                seen.add(following)
                waiting.append(following)
    return False
