"""Telling secrets from what merely looks like one: by the shape of known tokens, and by name together with value.

Nothing here gives a secret back: what is found is a kind, in words.
"""

import base64
import binascii
import collections
import functools
import json
import math
import re
from collections.abc import Iterator, Mapping

_MOST_TEXT = 1024 * 1024
"""Of a text given as a value, so many characters are looked at. Code is read whole: reading it is bounded already."""

_SHAPES: tuple[tuple[tuple[str, ...], "re.Pattern[str]", str], ...] = (
    (
        ("PRIVATE KEY",),
        # Followed by key material: libraries that read keys have the first line in their own code.
        re.compile(
            r"-----BEGIN (?:[A-Z0-9]+ ){0,2}PRIVATE KEY(?: BLOCK)?-----(?:\\+[nr]|[\s\"'`+,])*"
            r"(?:[A-Za-z-]{1,20}: [^\n\\]{1,80}(?:\\+[nr]|\s)+){0,4}[A-Za-z0-9+/=]{16,}"
        ),
        "a private key",
    ),
    (("AKIA", "ASIA"), re.compile(r"\b(?:AKIA|ASIA)(?![0-9A-Z]{9}EXAMPLE)[0-9A-Z]{16}\b"), "an AWS access key id"),
    (
        ("ccess",),
        re.compile(r"(?i:secret_?access_?key)[\"']?\s{0,4}[:=]\s{0,4}[\"']?[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])"),
        "an AWS secret access key",
    ),
    (("ghp_", "gho_", "ghu_", "ghs_", "ghr_"), re.compile(r"\bgh[pousr]_[A-Za-z0-9]{36,255}\b"), "a GitHub token"),
    (("github_pat_",), re.compile(r"\bgithub_pat_[A-Za-z0-9_]{36,255}\b"), "a GitHub token"),
    (("glpat-",), re.compile(r"\bglpat-[A-Za-z0-9_-]{20,}"), "a GitLab token"),
    (("k_live_",), re.compile(r"\b[sr]k_live_[A-Za-z0-9]{16,}\b"), "a Stripe live key"),
    (("k_test_",), re.compile(r"\b[sr]k_test_[A-Za-z0-9]{16,}\b"), "a Stripe test key"),
    (("whsec_",), re.compile(r"\bwhsec_[A-Za-z0-9+/]{32,}"), "a webhook's signing secret"),
    (("xox",), re.compile(r"\bxox[abeprs]-[A-Za-z0-9-]{10,}\b"), "a Slack token"),
    (("hooks.slack.com",), re.compile(r"hooks\.slack\.com/services/T\w{6,}/B\w{6,}/\w{16,}"), "a Slack webhook"),
    (("npm_",), re.compile(r"\bnpm_[A-Za-z0-9]{36}\b"), "an npm token"),
    (("pypi-AgE",), re.compile(r"\bpypi-AgE[A-Za-z0-9_-]{50,}"), "a PyPI token"),
    (("SG.",), re.compile(r"\bSG\.[\w-]{22}\.[\w-]{43}\b"), "a SendGrid key"),
    (("T3BlbkFJ",), re.compile(r"\bsk-[A-Za-z0-9_-]{20,}T3BlbkFJ[A-Za-z0-9_-]{20,}"), "an OpenAI key"),
    (("sk-ant-",), re.compile(r"\bsk-ant-[a-z]+\d\d-[\w-]{80,}"), "an Anthropic key"),
    (("GOCSPX-",), re.compile(r"\bGOCSPX-[A-Za-z0-9_-]{28}"), "a Google OAuth client secret"),
    (("shp",), re.compile(r"\bshp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}\b"), "a Shopify token"),
    (("_v1_",), re.compile(r"\bdo[opr]_v1_[0-9a-f]{64}\b"), "a DigitalOcean token"),
    (("hvs.",), re.compile(r"\bhvs\.[\w-]{24,}"), "a Vault token"),
    (("pul-",), re.compile(r"\bpul-[0-9a-f]{40}\b"), "a Pulumi token"),
    (("hf_",), re.compile(r"\bhf_[A-Za-z]{34}\b"), "a Hugging Face token"),
    (("AGE-SECRET-KEY-1",), re.compile(r"\bAGE-SECRET-KEY-1[0-9A-Z]{58}\b"), "an age key"),
    (("AccountKey=",), re.compile(r"AccountKey=[A-Za-z0-9+/]{86}=="), "an Azure storage key"),
)
"""Texts of which one is in every secret of the kind, found far faster than a pattern is; the pattern; the kind."""

_JWT = re.compile(r"\b(eyJ[A-Za-z0-9_-]{8,2048})\.(eyJ[A-Za-z0-9_-]{4,8192})\.[A-Za-z0-9_-]{16,}")
_URL_PASSWORD = re.compile(
    r"\b[a-zA-Z][a-zA-Z0-9+.-]{1,20}://[^\s/:@\"'`<>{}$]{0,128}:([^\s/@\"'`<>{}$%]{3,256})@[\w\[]"
)
_URL_ENCODED = re.compile(r"\b[a-zA-Z][a-zA-Z0-9+.-]{1,20}://[^\s/:@\"'`<>{}$]{0,128}:([^\s/@\"'`<>{}$]{3,256})@[\w\[]")
_ENDINGS = ("ecret", "ECRET", "oken", "OKEN", "assword", "ASSWORD", "Key", "_key", "KEY")
"""Ends of names that are worth a look in code: found as plain texts, since a pattern would take ten times as long."""
_GIVEN = re.compile(r"[\"']?\s{0,3}[:=]\s{0,3}[\"'`]([^\"'`\s\\]{20,512})[\"'`]")
_NAME_BEFORE = re.compile(r"[A-Za-z][A-Za-z0-9_-]*$")
_EXAMPLES = frozenset(
    {
        "pass", "passwd", "password", "pwd", "pw", "secret", "user", "username", "xxx", "xxxx", "token", "pass123",
        "***", "****", "*****", "********", "...", "redacted", "[redacted]", "hidden", "example", "changeit",
    }
)  # fmt: skip


def _claims(part: str) -> Mapping[str, object]:
    try:
        value = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _jwt(text: str) -> bool:
    for found in _JWT.finditer(text):
        # A key for browsers, such as Supabase's, says in itself that it is for everybody.
        if "alg" in _claims(found.group(1)) and _claims(found.group(2)).get("role") != "anon":
            return True
    return False


def _url_password(text: str, *, code: bool) -> bool:
    for found in (_URL_PASSWORD if code else _URL_ENCODED).finditer(text):
        password = found.group(1)
        if password.lower() not in _EXAMPLES and not (code and not any(map(str.isdigit, password))):
            return True
    return False


def token_kind(text: str, *, code: bool = False) -> str | None:
    """Return the kind of a known secret in the text, or None.

    Args:
        text: a value, or the text of a program.
        code: the text is a program's, in which examples (`user:password@host`) are not taken for secrets.
    """
    if not code:
        text = text[:_MOST_TEXT]
    return next(_token_kinds(text, code), None)


def _token_kinds(text: str, code: bool) -> Iterator[str]:
    for hints, pattern, what in _SHAPES:
        if any(hint in text for hint in hints) and pattern.search(text):
            yield what
    if ".eyJ" in text and _jwt(text):
        yield "a JSON Web Token"
    if "://" in text and "@" in text and _url_password(text, code=code):
        yield "a URL with a password"


def words(name: str) -> list[str]:
    """Return a name's words in capitals: `dbPassword`, `db-password` and `DB_PASSWORD` are two."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name[:256])
    return [each for each in re.split(r"[^A-Z0-9]+", spaced.upper()) if each]


_ALWAYS = frozenset({"SECRET", "SECRETS", "PASSWORD", "PASSWORDS", "PASSWD", "PASSPHRASE", "CREDENTIAL", "CREDENTIALS", "PASSCODE"})  # fmt: skip
_RANDOM = frozenset({"TOKEN", "APIKEY", "HMAC", "PAT", "JWT", "SALT", "PEPPER", "BEARER", "PWD", "AUTH", "AUTHORIZATION"})  # fmt: skip
_STRONG_KEYS = frozenset({"PRIVATE", "SECRET", "SIGNING", "ENCRYPTION", "MASTER", "HMAC", "AES", "JWT"})
_WEAK_KEYS = frozenset({"API", "ACCESS", "AUTH", "SESSION", "SERVICE", "ADMIN", "ACCOUNT", "ROOT", "APP", "STRIPE"})
_SUFFIXES = frozenset(
    {
        "VALUE", "PROD", "PRODUCTION", "DEV", "STAGING", "TEST", "LIVE", "OLD", "NEW", "CURRENT", "PREVIOUS", "PRIMARY",
        "SECONDARY", "BASE64", "B64", "HEX", "TEXT", "PLAIN", "PEM", "1", "2", "3", "V1", "V2",
    }
)  # fmt: skip
_OPEN = frozenset({"PUBLIC", "PUBLISHABLE", "SITE", "MAX", "MIN", "NUM", "NUMBER", "COUNT", "HAS", "IS", "USE", "ENABLE", "ENABLED", "REQUIRE", "REQUIRED", "ALLOW", "DISABLE", "DISABLED", "CSRF", "PUBKEY"})  # fmt: skip


def _strength(name: str) -> int:
    """Return how much a name says that its value is a secret: 0 nothing, 1 a random one is, 2 nearly any is."""
    given = words(name)
    while given and given[-1] in _SUFFIXES:
        given.pop()
    if not given or _OPEN & set(given):
        return 0
    last = given[-1]
    if last in _ALWAYS:
        return 2
    if last in _RANDOM:
        return 1
    if last in ("KEY", "KEYS"):
        before = given[-2] if len(given) > 1 else ""
        return 2 if before in _STRONG_KEYS else 1 if before in _WEAK_KEYS else 0
    if last in ("PRIVATEKEY", "SECRETKEY", "SIGNINGKEY", "ENCRYPTIONKEY"):
        return 2
    return 0


_REFERENCE = re.compile(
    r"^(?:arn:|projects/|op://|vault:|secretsmanager:|ssm:|sm://|secret://|awssm:|kms:|\{\{|\$|<|%|env:|file:|@Microsoft\.KeyVault)"
    r"|^[a-z][a-z0-9+.-]*://",
    re.I,
)
_PATH = re.compile(r"\.{0,2}/[\w./-]*|[A-Za-z]:\\.*")
_MEASURE = re.compile(r"[+-]?[\d.,_]+\s?(?:[a-zµ]{1,7}|%)?", re.I)
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")
_IDENTIFIER = re.compile(r"[A-Za-z]+(?:[-_. :][A-Za-z]+)+|[a-z]+(?:[A-Z][a-z]+)+")
_IDENTIFIER_OF_PARTS = re.compile(r"[A-Za-z]+\d{0,2}(?:[-_. :/][A-Za-z]*\d{0,2})+")
_PLAIN_WORDS = frozenset(
    {
        "", "none", "null", "nil", "undefined", "true", "false", "yes", "no", "on", "off", "bearer", "jwt", "opaque", "header",
        "cookie", "basic", "oauth", "oauth2", "oidc", "saml", "disabled", "enabled", "optional", "required", "default",
        "auto", "hmac", "rsa", "sha256", "hs256", "rs256", "es256", "eddsa", "todo", "tbd", "placeholder", "unset",
        "session", "token", "anonymous", "redacted", "[secret]", "[redacted]",
    }
)  # fmt: skip


def entropy(text: str) -> float:
    """Return the Shannon entropy of a text's characters, in bits a character."""
    counts = collections.Counter(text)
    return -sum(count / len(text) * math.log2(count / len(text)) for count in counts.values()) if text else 0.0


def random_looking(value: str) -> bool:
    """Return whether a text looks made by a generator and not by a person: long, of mixed characters, high in entropy."""
    if len(value) < 16 or any(map(str.isspace, value)) or _IDENTIFIER.fullmatch(value):
        return False
    digits, letters = any(map(str.isdigit, value)), any(map(str.isalpha, value))
    return digits and letters and entropy(value) >= 3.0


def named_secret(name: str, value: str) -> bool:
    """Return whether a name and a value together are a secret: `DB_PASSWORD: hunter2` is, `TOKEN_TYPE: Bearer` is not."""
    strength = _strength(name)
    value = value[:4096].strip()
    if not strength or value.lower() in _PLAIN_WORDS:
        return False
    if any(each.fullmatch(value) for each in (_PATH, _MEASURE, _EMAIL)) or _REFERENCE.search(value):
        return False
    if strength == 2:
        # A name of something, such as `x-client-secret`, where the value is one. A password may be any words.
        last = words(name)
        return not _IDENTIFIER.fullmatch(value) or "PASSWORD" in last or "PASSPHRASE" in last
    digits, letters = any(map(str.isdigit, value)), any(map(str.isalpha, value))
    if random_looking(value):
        return True
    mixed = len(value) >= 8 and digits and letters and entropy(value) >= 2.5
    return mixed and not _IDENTIFIER_OF_PARTS.fullmatch(value)


def _leaves(value: object, name: str, depth: int = 0) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield name, value
    elif depth > 32:
        return
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from _leaves(each, f"{key}", depth + 1)
    elif isinstance(value, list):
        for each in value:
            yield from _leaves(each, name, depth + 1)


def variable_kind(name: str, value: str) -> str | None:
    """Return what a variable holds that is a secret, in words, or None. A value that is JSON is looked through."""
    found = token_kind(value)
    if found:
        return found
    if named_secret(name, value):
        return "a secret by its name, in plain text"
    if value[:1] in ("{", "["):
        try:
            inside = json.loads(value[:_MOST_TEXT])
        except (ValueError, RecursionError):
            return None
        for key, each in _leaves(inside, name):
            found = token_kind(each)
            if found or named_secret(key, each):
                return found or "a secret by the name of a key, in plain text"
    return None


def code_kinds(content: bytes) -> tuple[str, ...]:
    """Return the kinds of secrets in a program's text, each once."""
    return _code_once(content) if len(content) <= 1024 * 1024 else _code(content)


@functools.lru_cache(maxsize=256)
def _code_once(content: bytes) -> tuple[str, ...]:
    return _code(content)


def _code(content: bytes) -> tuple[str, ...]:
    text = content.decode("latin-1")
    found = list(dict.fromkeys(_token_kinds(text, code=True)))
    # A token that a name is given to is told once, as what it is.
    named = (each for each in _assignments(text) if _assigned_secret(each))
    if any(not (found and any(_token_kinds(f"{name}: {value}", code=True))) for name, value in named):
        found.append("a secret by its name, in plain text")
    return tuple(found)


def _assignments(text: str) -> Iterator[tuple[str, str]]:
    for ending in _ENDINGS:
        at = text.find(ending)
        while at >= 0:
            end = at + len(ending)
            given = _GIVEN.match(text, end)
            if given:
                before = _NAME_BEFORE.search(text[max(0, at - 60) : end])
                yield (before.group() if before else ending), given.group(1)
            at = text.find(ending, end)


def _assigned_secret(assignment: tuple[str, str]) -> bool:
    name, value = assignment
    return random_looking(value) and entropy(value) >= 3.5 and named_secret(name, value)


def without_tokens(text: str) -> str:
    """Return a text for a message, known secrets taken out of it."""
    for hints, pattern, _ in _SHAPES:
        if any(hint in text for hint in hints):
            text = pattern.sub("[secret]", text)
    if ".eyJ" in text:
        text = _JWT.sub("[secret]", text)
    if "://" in text and "@" in text:
        text = _URL_ENCODED.sub(lambda found: found.group(0).replace(f":{found.group(1)}@", ":[secret]@"), text)
    return text
