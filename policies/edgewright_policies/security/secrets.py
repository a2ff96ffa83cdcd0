"""Secrets that anybody could read."""

import functools
import re
from collections.abc import Iterator

from edgewright_policies.reading import View, modules, show
from edgewright_policies.rule import Context, NoConfig, Violation, resource_rule, rules_of
from edgewright_policies.types import (
    LAMBDA_FUNCTION,
    WORKER_VERSION,
    WORKERS_KV,
    WORKERS_SCRIPT,
)

_SECRET_NAME = re.compile(
    r"(^|_)(SECRETS?|TOKENS?|PASSWORDS?|PASSWD|PASSPHRASE|CREDENTIALS?|API_?KEYS?|PRIVATE_?KEYS?|ACCESS_?KEYS?|SIGNING_?KEYS?"
    r"|ENCRYPTION_?KEYS?|CLIENT_?SECRETS?|WEBHOOK_?SECRETS?|HMAC|DSN|DATABASE_URL)(_|$)"
)
_NOT_SECRET = re.compile(
    r"(^|_)(PUBLIC|URL|URI|TTL|HEADER|NAME|ID|ISSUER|AUDIENCE|ENDPOINT|PREFIX|COOKIE|EXPIRY|LIFETIME)(_|$)"
)
_SECRET_TEXT = (
    (("PRIVATE KEY-----",), re.compile(r"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----"), "a private key"),
    (("AKIA", "ASIA"), re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"), "an AWS access key id"),
    ((), re.compile(r"gh[pousr]_[A-Za-z0-9]{36,}\b"), "a GitHub token"),
    (("sk_live_",), re.compile(r"\bsk_live_[A-Za-z0-9]{16,}\b"), "a Stripe live key"),
    (("xox",), re.compile(r"\bxox[abprs]-[A-Za-z0-9-]{10,}\b"), "a Slack token"),
)
"""Texts of which one is in every secret of the kind, found far faster than a pattern is; the pattern; the kind."""


def _secret_name(name: str) -> bool:
    upper = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name[:256]).upper().replace("-", "_")
    if upper.endswith("DATABASE_URL"):
        return True
    return bool(_SECRET_NAME.search(upper)) and not _NOT_SECRET.search(upper)


def _secret_text(text: str) -> str | None:
    for hints, pattern, what in _SECRET_TEXT:
        if (not hints or any(hint in text for hint in hints)) and pattern.search(text):
            return what
    return None


@functools.lru_cache(maxsize=128)
def _secret_module(content: bytes) -> str | None:
    return _secret_text(content.decode("latin-1"))


@resource_rule(
    "secret-in-plain-text",
    id="EW506",
    family="security",
    on=(WORKER_VERSION, WORKERS_SCRIPT, LAMBDA_FUNCTION, WORKERS_KV),
    severity="critical",
    title="No secret in plain text",
    why="A plain variable, a bundle or a value in KV is read by everybody who may read the account, and stays in the"
    " stack's state and its history.",
    fix="Give it as a secret: `secrets` of the EdgeApi, a secret_text binding, or a secrets manager.",
    source="https://developers.cloudflare.com/workers/configuration/secrets/",
)
def secret_in_plain_text(resource: View, context: Context[NoConfig]) -> Iterator[Violation]:
    if context.type == WORKERS_KV:
        found = _secret_text((resource.text("value") or "")[:65536])
        if found:
            yield Violation(f"value of key {show(resource.text('keyName'))}", found, "no secret")
        return
    if context.type == LAMBDA_FUNCTION:
        variables = resource.view("environment").pairs("variables")
    else:
        variables = {}
        for each in resource.views("bindings"):
            if each.text("type") == "plain_text" and each.known("text"):
                variables[each.text("name") or ""] = each.text("text")
            elif each.text("type") == "json" and each.known("json"):
                variables[each.text("name") or ""] = each.raw("json")
    for name, value in variables.items():
        if not isinstance(value, str) or not value:
            continue
        found = _secret_text(value[:65536])
        if found or _secret_name(name):
            yield Violation(
                f"variable {show(name)}", found or "a secret by its name, in plain text", "a secret binding"
            )
    for name, content in modules(resource):
        found = _secret_module(content) if len(content) <= 1024 * 1024 else _secret_text(content.decode("latin-1"))
        if found:
            yield Violation(f"module {show(name)}", found, "no secret")


RULES = rules_of(globals())
