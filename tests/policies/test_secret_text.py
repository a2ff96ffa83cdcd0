"""What is a secret and what only looks like one. Tokens here are made of pieces, and good for nothing."""

import base64
import json

import pytest
from edgewright_policies.secret_text import code_kinds, token_kind, variable_kind, without_tokens
from hypothesis import given
from hypothesis import strategies as st


def _jwt(claims: dict[str, object]) -> str:
    parts = [base64.urlsafe_b64encode(json.dumps(each).encode()).rstrip(b"=").decode() for each in ({"alg": "HS256"}, claims)]  # fmt: skip
    return ".".join([*parts, "s" * 43])


PEM = "-----BEGIN " + "PRIVATE KEY-----\n" + "MIIEvQIBADANBgkqhkiG9w0B" * 3 + "\n-----END"
TOKENS = {
    "a private key": PEM,
    "an AWS access key id": "AK" + "IAABCDEFGHIJKLMNOP",
    "an AWS secret access key": "aws_secret_access_key = " + "aB3/" * 10,
    "a GitHub token": "gh" + "p_" + "a1B2" * 9,
    "a GitLab token": "gl" + "pat-" + "a1B2" * 5,
    "a Stripe live key": "sk_" + "live_" + "a1B2" * 6,
    "a Slack token": "xox" + "b-" + "1234567890-abcdef",
    "an npm token": "npm" + "_" + "a1B2" * 9,
    "a SendGrid key": "S" + "G." + "a1" * 11 + "." + "b" * 43,
    "a Vault token": "hv" + "s." + "a1B2" * 6,
    "an Azure storage key": "Account" + "Key=" + "a" * 86 + "==",
    "a JSON Web Token": _jwt({"sub": "u-1"}),
    "a URL with a password": "postgres://app:hunter2@db.internal/shop",
}


@pytest.mark.parametrize("kind", sorted(TOKENS))
def test_a_known_token_is_found_wherever_it_stands(kind: str) -> None:
    token = TOKENS[kind]
    assert token_kind(token) == kind
    assert variable_kind("MODE", token) == kind
    assert variable_kind("OPTIONS", json.dumps({"list": [{"deep": token}]})) == kind
    assert code_kinds(f"const value = `{token}`;".encode()) == (kind,)
    assert code_kinds(f'const apiSecret = "{token}";'.encode()) == (kind,)
    assert token not in without_tokens(f"value {token}")


@pytest.mark.parametrize(
    "text",
    [
        "key.indexOf('-----BEGIN PRIVATE KEY-----') === 0",
        "AKIA" + "IOSFODNN7EXAMPLE",
        _jwt({"role": "anon", "iss": "supabase"}),
        "https://user@host/path",
        "https://db.internal:5432/shop",
        "eyJhbGciOiJIUzI1NiJ9",
        "",
    ],
)
def test_what_only_looks_like_a_token_is_none(text: str) -> None:
    assert token_kind(text) is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DB_SECRET_ARN", "arn:aws:secretsmanager:us-east-1:1:secret:x"),
        ("DB_SECRET", "arn:aws:secretsmanager:us-east-1:1:secret:x"),
        ("MAX_TOKENS", "4096"),
        ("TOKEN_TYPE", "Bearer"),
        ("TOKEN", "15m"),
        ("ACCESS_TOKEN_TTL", "3600"),
        ("PASSWORD_MIN_LENGTH", "12"),
        ("DB_SECRET_NAME", "prod/db"),
        ("JWT_SECRET_ID", "abc123def456"),
        ("PUBLIC_KEY", "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAx1"),
        ("TURNSTILE_SITE_KEY", "0x4AAAAAAAabcdef123"),
        ("SESSION_TOKEN", "x-session-token"),
        ("CLIENT_SECRET", "x-client-secret"),
        ("API_KEY", "x-api-key"),
        ("PRIMARY_KEY", "id"),
        ("CACHE_KEY", "products:v2"),
        ("DEFAULT_AUTH", "basic-auth-v2"),
        ("SESSION_KEY", "session:v1:user"),
        ("SECRET", "/run/secrets/db"),
        ("DB_PASSWORD", "${DB_PASSWORD}"),
        ("DATABASE_URL", "postgres://db.internal/shop"),
        ("SENTRY_DSN", "https://abc123@o1.ingest.sentry.io/1"),
        ("COMMIT", "0123456789abcdef0123456789abcdef01234567"),
        ("ACCOUNT_ID", "4f0c7d9b2a6e4c1f8b3d5a7e9c0f1b2d"),
    ],
)
def test_a_name_with_a_harmless_value_is_no_secret(name: str, value: str) -> None:
    assert variable_kind(name, value) is None
    assert variable_kind("OPTIONS", json.dumps({name: value})) is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SIGNING_KEY", "s3cret"),
        ("JWT_SECRET", "supersecret"),
        ("DB_PASSWORD", "hunter2"),
        ("dbPassword", "correct horse battery"),
        ("API_TOKEN", "a8f5f167f44f4964e6c998dee827110c"),
        ("API_KEY_PROD", "qwe123rty456"),
        ("clientSecret", "Zm9vYmFyYmF6"),
        ("AUTH_TOKEN_V2", "tk-93hf02mfz8"),
    ],
)
def test_a_name_with_such_a_value_is_a_secret(name: str, value: str) -> None:
    assert variable_kind(name, value) == "a secret by its name, in plain text"
    assert variable_kind("OPTIONS", json.dumps({"inner": {name: value}})) == "a secret by the name of a key, in plain text"  # fmt: skip


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ('const apiSecret = "q7Xv2LkP9sWd4RtY8uNb3MzA";', True),
        ('{"db_password":"aB3dE5gH7jK9mN1pQ3sT5"}', True),
        ('const tokenType = "authorization_code_with_pkce";', False),
        ('input.password = "current-password-for-login";', False),
        ("connect('https://user:password@example.com')", False),
        ("connect('redis://app:${password}@db.internal')", False),
    ],
)
def test_code_is_judged_by_what_looks_generated(code: str, found: bool) -> None:
    assert bool(code_kinds(code.encode())) is found


def test_code_with_several_kinds_of_secrets_has_them_all() -> None:
    named = 'const apiSecret = "q7Xv2LkP9sWd4RtY8uNb3MzA";'
    code = "\n".join([named, *(f"const value = `{token}`;" for token in TOKENS.values())])
    found = code_kinds(code.encode())
    assert set(found) == {*TOKENS, "a secret by its name, in plain text"}
    assert len(set(found)) == len(found)


@given(st.text(max_size=200), st.text(max_size=40))
def test_any_text_is_judged(text: str, name: str) -> None:
    for kind in (token_kind(text), variable_kind(name, text), *code_kinds(text.encode("utf-8", "surrogatepass"))):
        assert kind is None or kind
    without_tokens(text)
