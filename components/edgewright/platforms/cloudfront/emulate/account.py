"""The account that stands for the real one, and what its services have in common: ids, ARNs, names."""

import base64
import hashlib
import re
from collections.abc import Callable, Iterable
from typing import Any, Final

from edgewright.engine.resources import Inputs, Outputs
from edgewright.platforms.handlers import Function, hex_id, uuid_id

ACCOUNT: Final = "123456789012"
"""Stands for the account's number, which only the account knows: AWS's own example."""

REGION: Final = "us-east-1"
"""Where a resource is that names no region: the provider's own is not looked at."""

_NAME = re.compile(r"[A-Za-z0-9_-]+")


def region(inputs: Inputs) -> str:
    """Return the region that a resource is in."""
    return str(inputs.get("region") or REGION)


def capitals(*parts: Any, digits: int = 13) -> str:
    """Return capital letters and digits, as CloudFront makes ids of."""
    return base64.b32encode(hashlib.sha256(hex_id(*parts).encode()).digest()).decode()[:digits]


def global_arn(service: str, what: str) -> str:
    return f"arn:aws:{service}::{ACCOUNT}:{what}"


def regional_arn(service: str, inputs: Inputs, what: str) -> str:
    return f"arn:aws:{service}:{region(inputs)}:{ACCOUNT}:{what}"


def all_tags(inputs: Inputs) -> Outputs:
    # Kept for what reads the outputs, and used by nothing that runs: gap `aws-metadata`.
    return {"tagsAll": dict(inputs.get("tags") or {})}


def etag_of(inputs: Inputs) -> str:
    return "E" + capitals("etag", dict(inputs))


def items_of(config: Any, key: str) -> list[str]:
    return [str(item) for item in ((config or {}).get(key) or {}).get("items") or []]


def check_named(inputs: Inputs, most: int = 64) -> Iterable[str]:
    name = str(inputs.get("name") or "")
    if not _NAME.fullmatch(name) or len(name) > most:
        yield f"name: {name[:80]!r} must have 1 to {most} letters, digits, hyphens and underscores"


def by(*keys: str) -> Callable[[Inputs], Iterable[Any]]:
    return lambda inputs: [inputs.get(key) for key in keys]


def first_part(_type: str, identity: Iterable[Any]) -> str:
    return str(next(iter(identity)))


def joined_parts(_type: str, identity: Iterable[Any]) -> str:
    return "_".join(str(part) for part in identity if part is not None)


def lettered(letter: str) -> Callable[[str, Iterable[Any]], str]:
    return lambda type_, identity: letter + capitals(type_, *identity)


def uuid_of(type_: str, identity: Iterable[Any]) -> str:
    return uuid_id(type_, *identity)


def no_outputs(_inputs: Inputs, _identity: str) -> Outputs:
    return {}


def in_region(inputs: Inputs, _identity: str) -> Outputs:
    return {"region": region(inputs)}


def _region(args: Inputs) -> Outputs:
    name = str(args.get("region") or args.get("name") or REGION)
    return {
        "id": name,
        "name": name,
        "region": name,
        "description": name,
        "endpoint": f"ec2.{name}.amazonaws.com",
    }


FUNCTIONS: Final[dict[str, Function]] = {
    "aws:index/getCallerIdentity:getCallerIdentity": lambda _args: {
        "accountId": ACCOUNT,
        "arn": global_arn("iam", "user/local"),
        "id": ACCOUNT,
        "userId": "AIDALOCAL",
    },
    "aws:index/getRegion:getRegion": _region,
    "aws:index/getPartition:getPartition": lambda _args: {
        "id": "aws",
        "partition": "aws",
        "dnsSuffix": "amazonaws.com",
        "reverseDnsPrefix": "com.amazonaws",
    },
}
