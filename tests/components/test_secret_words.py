"""A fault about a secret tells nothing of it, and all the rest of its sentence."""

import re
import string
from collections.abc import Callable

import pytest
from edgewright.arguments import checks as _check
from edgewright.base.faults import Faults, show
from hypothesis import given, settings
from hypothesis import strategies as st

Check = Callable[[object, Faults], object]
CHECKS: dict[str, Check] = {
    "hostname": lambda value, found: _check.hostname("x", value, found),
    "route": lambda value, found: _check.route_pattern("x", value, found, "example.com"),
    "url": lambda value, found: _check.http_url("x", value, found),
    "id": lambda value, found: _check.hex_id("x", value, found, "an account's id"),
    "function": lambda value, found: _check.function_name("x", value, found),
    "region": lambda value, found: _check.region("x", value, found),
    "country": lambda value, found: _check.country("x", str(value), found),
    "binding": lambda value, found: _check.binding_name("x", value, found),
    "day": lambda value, found: _check.date("x", value, found),
    "header": lambda value, found: _check.header_name("x", value, found),
    "path": lambda value, found: _check.endpoint_path("x", value, found),
    "number": lambda value, found: _check.whole("x", value, found, 0, 10),
    "word": lambda value, found: found.one_of("x", value, ["private", "public"]),
}
RARE = st.text(alphabet="qxzjQXZJ0789-_./:@%!'\"\\ \n\u00e9", min_size=5, max_size=200).filter(
    lambda text: max(map(len, re.findall(r"[A-Za-z0-9]+", text)), default=0) >= 5
)


def told(check: Check, value: object) -> list[str]:
    faults = Faults("C", "c")
    check(value, faults)
    faults.conceal(value)
    return [f"{each.problem} {each.fix}" for each in faults]


@given(st.sampled_from(sorted(CHECKS)), RARE)
@settings(max_examples=600, deadline=None)
def test_no_part_of_a_secret_is_told(name: str, secret: str) -> None:
    for text in told(CHECKS[name], secret):
        for part in re.findall(r"[a-z0-9]+", secret.lower()):
            assert len(part) < 4 or part not in text.lower()


@given(st.sampled_from(sorted(CHECKS)), st.integers(min_value=100_000))
@settings(max_examples=100, deadline=None)
def test_no_number_that_is_secret_is_told(name: str, secret: int) -> None:
    for text in told(CHECKS[name], secret):
        assert str(secret) not in text


WORDS = ("value", "name", "title", "hostname", "a", "not", "is", "full", "secret", "known", "which")


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("check", CHECKS.values(), ids=CHECKS)
def test_our_own_words_are_told_though_they_are_the_secret(check: Check, word: str) -> None:
    plain = Faults("C", "c")
    check(word, plain)
    texts = told(check, word)
    assert len(texts) == len(plain.items)
    for text, fault in zip(texts, plain, strict=True):
        assert repr(word) not in text
        assert show(word) not in text
        # What is left of our sentence: all that was not quoted.
        for piece in re.split(r"(?<!\w)(['\"])(?:\\.|(?!\1).)*\1(?!\w)", fault.problem):
            assert piece in (None, "'", '"') or piece.strip(string.whitespace + "()") in text


def test_a_secret_that_is_a_word_is_told_of_as_such() -> None:
    assert told(CHECKS["word"], "value") == ["the value, which is secret, is not known "]
    assert told(CHECKS["hostname"], "name") == ["the value, which is secret, is not a full hostname "]
