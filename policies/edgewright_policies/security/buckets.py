"""Buckets that everybody may read."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pulumi_policy.proxy import UNKNOWN_STRING_VALUE, UnknownValueError

from edgewright_policies.reading import View, is_unknown, raise_unknown
from edgewright_policies.rule import (
    Context,
    NoConfig,
    Violation,
    resource_rule,
    rules_of,
)
from edgewright_policies.types import (
    R2_MANAGED_DOMAIN,
    S3_BUCKET,
    S3_BUCKET_ACL,
    S3_BUCKET_POLICY,
    S3_PUBLIC_ACCESS_BLOCK,
)

_BLOCKS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
_PUBLIC_ACLS = ("public-read", "public-read-write", "authenticated-read", "website")


_CALLER_KEYS = frozenset(
    {
        "aws:sourcearn", "aws:sourceaccount", "aws:sourceorgid", "aws:sourceorgpaths", "aws:principalarn", "aws:principalaccount",
        "aws:principalorgid", "aws:principalorgpaths", "aws:principaltag", "aws:userid", "aws:username", "aws:sourcevpc",
        "aws:sourcevpce", "aws:vpcsourceip", "aws:sourceip", "s3:dataaccesspointarn", "s3:dataaccesspointaccount",
    }
)  # fmt: skip
"""Condition keys that say who calls, or from where, and that a caller cannot make up. `Referer` and `UserAgent` it can."""
_NARROWING = re.compile(
    r"(forany(value)?:|forallvalues:)?(string(equals|equalsignorecase|like)|arn(equals|like)|ipaddress)$"
)


def _known(value: object) -> object:
    if is_unknown(value):
        raise UnknownValueError(UNKNOWN_STRING_VALUE, ["policy"])
    return value


def _members(value: object) -> list[object]:
    return list(value) if isinstance(value, Sequence) and not isinstance(value, str | bytes) else []


def _is_narrow(value: object) -> bool:
    """Return whether a condition's values leave anybody out."""
    values: list[object] = [value] if isinstance(value, str) else _members(value)
    texts = [each for each in map(_known, values) if isinstance(each, str)]
    return bool(texts) and not any(re.fullmatch(r"[*?:]*|arn:[*:]+|0\.0\.0\.0/0|::/0", each) for each in texts)


def _narrows(condition: object) -> bool:
    """Return whether a statement's conditions leave a few callers of everybody. An operator with `IfExists` does not."""
    if not isinstance(condition, Mapping):
        return False
    for operator, keys in condition.items():
        if isinstance(operator, str) and _NARROWING.match(operator.lower()) and isinstance(keys, Mapping):
            for key, value in keys.items():
                by_caller = isinstance(key, str) and key.lower().split("/")[0] in _CALLER_KEYS
                if by_caller and _is_narrow(_known(value)):
                    return True
    return False


def _everybody(principal: object) -> bool:
    if isinstance(principal, Mapping):
        return any(map(_everybody, (principal.get("AWS"), principal.get("*"))))
    return _known(principal) == "*" or "*" in _members(principal)


def _public_statements(policy: object) -> Iterator[Mapping[str, Any]]:
    if isinstance(policy, str):
        try:
            policy = json.loads(policy[:65536])
        except (ValueError, RecursionError):
            return
    if not isinstance(policy, Mapping):
        return
    statements = policy.get("Statement", policy.get("statements"))
    for each in _members(statements) or [statements]:
        if not isinstance(each, Mapping) or each.get("Effect") != "Allow" or _narrows(_known(each.get("Condition"))):
            continue
        # Everybody but a few is everybody.
        if _everybody(each.get("Principal")) or each.get("NotPrincipal") is not None:
            yield each


def _opened(statement: Mapping[str, Any]) -> str:
    """Return what a statement opens, in one text, whatever the order in which it says so."""
    parts = []
    for name in ("Action", "NotAction", "Resource", "NotResource"):
        value = statement.get(name)
        parts.append(name + " " + " ".join(sorted(map(str, [value] if isinstance(value, str) else _members(value)))))
    return "\n".join(parts)


@resource_rule(
    "bucket-public",
    id="EW508",
    family="security",
    on=(R2_MANAGED_DOMAIN, S3_BUCKET, S3_BUCKET_ACL, S3_BUCKET_POLICY, S3_PUBLIC_ACCESS_BLOCK),
    severity="critical",
    title="No bucket is open to everybody",
    why="What is open past the edge has neither its cache nor its rules, and its traffic is billed by the byte.",
    fix="Close it, and serve it through the edge: a binding, an origin access control or a custom domain.",
    source="https://developers.cloudflare.com/r2/buckets/public-buckets/",
)
def bucket_public(resource: View, context: Context[NoConfig]) -> Iterator[Violation]:
    if context.type == R2_MANAGED_DOMAIN:
        if resource.flag("enabled"):
            yield Violation("r2.dev domain", "enabled", "disabled")
    elif context.type in (S3_BUCKET, S3_BUCKET_ACL):
        acl = resource.text("acl")
        if acl in _PUBLIC_ACLS:
            yield Violation("acl", acl or "", "private")
    elif context.type == S3_PUBLIC_ACCESS_BLOCK:
        for name in _BLOCKS:
            if resource.known(name) and resource.flag(name) is not True:
                yield Violation(name, "false" if resource.has(name) else "not set, which is false", "true")
        if not all(map(resource.known, _BLOCKS)):
            raise_unknown("block")
    else:
        for statement in _public_statements(resource.raw("policy")):
            conditions = statement.get("Condition")
            value = "* with conditions that anybody meets" if conditions else "* without a condition"
            # Each statement opens something of its own: one of a baseline does not stand for the next.
            sid = statement.get("Sid")
            opened = sid if isinstance(sid, str) and sid else _opened(statement)
            yield Violation("policy principal", value, "named principals, or a condition", about=opened)


RULES = rules_of(globals())
