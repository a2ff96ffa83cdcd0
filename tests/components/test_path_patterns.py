"""CloudFront's path patterns: what two of them have in common, held against every short path."""

import itertools
import re

import pytest
from edgewright.contract.path_patterns import covers, matches, overlap

PATTERNS = ["/" + "".join(each) for size in range(4) for each in itertools.product("ab/*?", repeat=size)]
PATHS = ["/" + "".join(each) for size in range(6) for each in itertools.product("abc/", repeat=size)]


def expression(pattern: str) -> re.Pattern[str]:
    return re.compile(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), re.DOTALL)


MATCHED = {pattern: frozenset(filter(expression(pattern).fullmatch, PATHS)) for pattern in PATTERNS}


def test_a_pattern_matches_what_it_says() -> None:
    for pattern in PATTERNS[::3]:
        assert {path for path in PATHS[::5] if matches(pattern, path)} == MATCHED[pattern] & set(PATHS[::5])


def test_two_patterns_overlap_and_cover_as_their_paths_do() -> None:
    for one, other in itertools.product(PATTERNS[::3], PATTERNS[1::5]):
        assert overlap(one, other) == bool(MATCHED[one] & MATCHED[other]), (one, other)
        assert covers(one, other) == (MATCHED[other] <= MATCHED[one]), (one, other)


@pytest.mark.parametrize(
    ("broad", "narrow"),
    [
        ("*", "/a/*"),
        ("*", "*"),
        ("/*", "*"),
        ("/site/*", "/site/*/secret"),
        ("site/*", "/site/a"),
        ("*.css", "/a/*.css"),
    ],
)
def test_a_broader_pattern_covers_a_narrower_one(broad: str, narrow: str) -> None:
    assert covers(broad, narrow)
    assert overlap(broad, narrow)


def test_case_counts() -> None:
    assert not overlap("/Private/*", "/private/*")


def test_long_patterns_take_no_time() -> None:
    many = "/" + "*a" * 120 + "*"
    assert covers("/" + "*a" * 119 + "*", many)
    assert overlap(many, "/" + "*b" * 120 + "*")
