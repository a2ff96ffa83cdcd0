"""Cloudflare's rules language: what a rule selects, what it excludes, and what is not guessed."""

import contextlib

import pytest
from edgewright_policies.expressions import Unreadable, parse, selected_paths, selects_callers
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("expression", "paths"),
    [
        ("true", []),
        ('starts_with(http.request.uri.path, "/account/")', ["/account/*"]),
        ('not starts_with(http.request.uri.path, "/account/")', []),
        ('!starts_with(http.request.uri.path, "/account/")', []),
        ('http.request.uri.path ne "/account"', []),
        ('http.request.uri.path != "/account"', []),
        ('not (http.request.uri.path ne "/account")', ["/account"]),
        ('not not ends_with(http.request.uri.path, ".css")', ["*.css"]),
        ('not (http.host eq "a" or http.request.uri.path eq "/account")', []),
        (
            '(starts_with(http.request.uri.path, "/api/") and not starts_with(http.request.uri.path, "/api/account/"))'
            ' or (http.host eq "a" and http.request.uri.path in {"/x" "/y"})',
            ["/api/*", "/x", "/y"],
        ),
        ('http.request.uri.path not in {"/x"}', []),
        ('http.request.uri.path.extension in {"png" "jpg"}', ["*.png", "*.jpg"]),
        ('not http.request.uri.path.extension in {"png"}', []),
        ('http.request.uri.path contains "/x" xor ssl', ["*/x*"]),
        ('lower(http.request.uri.path) == "/a" && ip.src in {10.0.0.0/8 192.0.2.1..192.0.2.9} && ip.src in $list', ["/a"]),
        ('http.request.uri.path strict wildcard "/a*"', ["/a*"]),
        ('http.request.full_uri wildcard r"https://*.example.com/static/*"', ["https://*.example.com/static/*"]),
        ('http.request.uri.path matches r#"^/static/.*\\.(css|js)$"#', ["/static/.*.css", "/static/.*.js"]),
        ('http.request.uri.path ~ "^/v1/users"', ["/v1/users*"]),
        ('cf.threat_score gt 5 and http.request.uri.path eq "/\\"quoted\\""', ['/"quoted"']),
    ],
)  # fmt: skip
def test_a_rule_selects_what_it_asks_for_and_not_what_it_excludes(expression: str, paths: list[str]) -> None:
    assert selected_paths(expression) == paths


@pytest.mark.parametrize(
    ("expression", "selects"),
    [
        ('http.request.headers["authorization"][0] ne ""', True),
        ('http.request.headers["authorization"][0] eq ""', False),
        ('any(http.request.headers["Authorization"][*] contains "Bearer")', True),
        ('not any(http.request.headers["authorization"][*] contains "Bearer")', False),
        ('len(http.request.headers["authorization"]) > 0', True),
        ('len(http.request.headers["authorization"]) eq 0', False),
        ('not len(http.request.headers["authorization"]) > 0', False),
        ('any(http.request.headers.names[*] == "authorization")', True),
        ('not any(lower(http.request.headers.names[*])[*] eq "authorization")', False),
        ('http.cookie contains "session="', True),
        ('not http.cookie contains "session="', False),
        ('http.cookie contains "theme="', False),
        ('starts_with(http.cookie, "sessid=")', True),
        ('http.request.headers["accept"][0] eq "authorization"', False),
    ],
)
def test_a_rule_selects_callers_by_what_they_show(expression: str, selects: bool) -> None:
    assert selects_callers(expression) is selects


@pytest.mark.parametrize(
    "expression",
    ["", "(", "a b", '"x', "a eq", "(" * 500, "not", "a and", "{", "é", "f(a", "x in {1 2", "x strict 1", "a" * 20_000],
)
def test_what_is_not_the_language_is_not_guessed(expression: str) -> None:
    with pytest.raises(Unreadable):
        parse(expression)


def test_what_is_made_out_of_a_path_is_not_guessed() -> None:
    with pytest.raises(Unreadable):
        selected_paths('regex_replace(http.request.uri.path, "^/x", "") eq "/account"')


PIECES = st.sampled_from(
    ["http.request.uri.path", "http.cookie", "not", "and", "or", "xor", "(", ")", "{", "}", "eq", "in", "matches", '"/a"', '"(["', "starts_with", ",", "[*]", "$x", "..", "5", "any", "strict", "wildcard", '["authorization"]']
)  # fmt: skip


@given(st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=14).map(" ".join)))
def test_any_text_is_read_or_refused(expression: str) -> None:
    for read in (selected_paths, selects_callers):
        with contextlib.suppress(Unreadable):
            read(expression)
