"""KeyValueStores: what they cannot hold, and their resources."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
import pulumi_aws as aws

from edgewright.arguments.bindings import KEY_VALUE_STORE
from edgewright.arguments.program import claim
from edgewright.arguments.seeds import Seed, Source, read_seeds
from edgewright.arguments.shape import fill, is_later
from edgewright.base.fault_codes import Code
from edgewright.base.faults import Faults, show
from edgewright.contract.limits import limit
from edgewright.platforms.lifecycle import Held
from edgewright.platforms.platform import Store


def check_store(name: str, title: Any, given: Mapping[str, Any], faults: Faults) -> list[Seed]:
    """Note what a KeyValueStore cannot hold, what is too large and what expires; return the keys that it starts with."""
    seeds = read_seeds(fill(Source, given.get("seed", {})), faults, lambda *_: None)
    _check(seeds, faults)
    if isinstance(title, str):
        if not re.fullmatch(r"[A-Za-z0-9-_]{1,64}", title):
            faults.add(
                "title",
                f"{show(title)} is not a KeyValueStore's name",
                code=Code.NAME,
                allowed="1 to 64 letters, digits, `-` and `_`",
            )
        claim("key value store", title, f"KvNamespace {name!r}", "title", faults, "Names are unique in an account.")
    return seeds


def _check(seeds: Sequence[Seed], faults: Faults) -> None:
    total = 0
    most_key, most, whole = (limit(f"cloudfront.kvs.{name}") for name in ("key_bytes", "value_bytes", "store_bytes"))
    alternatives = (
        "Put it into S3 behind `assets` and its name here, or use host 'cloudflare' (25 MiB a value), or a DynamoDB global"
        " table read by a handler."
    )
    for seed in seeds:
        at = f"seed[{seed.key}]"
        if seed.ttl is not None:
            faults.add(
                f"{at}.ttl",
                "is given, and nothing expires in a KeyValueStore",
                code=Code.UNSUPPORTED,
                fix="Leave it out.",
            )
        if seed.metadata is not None:
            faults.add(
                f"{at}.metadata",
                "is given, and a KeyValueStore keeps none",
                code=Code.UNSUPPORTED,
                fix="Put it into the value.",
            )
        if len(seed.key.encode()) > most_key.value:
            faults.add(
                at, f"the key has {len(seed.key.encode())} bytes", code=Code.LIMIT, allowed=f"at most {most_key.text}"
            )
        if is_later(seed.value):
            continue
        size = len(str(seed.value).encode())
        total += size + len(seed.key.encode())
        if size > most.value:
            faults.add(
                at,
                f"the value has {size} bytes, more than a KeyValueStore holds ({most.source})",
                code=Code.LIMIT,
                allowed=f"at most {most.text}",
                fix=alternatives,
            )
    if total > whole.value:
        faults.add(
            "seed",
            f"has {total} bytes of keys and values, more than a KeyValueStore holds ({whole.source})",
            code=Code.LIMIT,
            allowed=f"at most {whole.text}",
            fix=alternatives,
        )


def create_store(
    parent: pulumi.Resource, name: str, title: Any, given: Mapping[str, Any], plan: Sequence[Seed]
) -> Store:
    """Make a KeyValueStore and the keys that it starts with, in one resource that chunks its updates itself."""
    child = pulumi.ResourceOptions(parent=parent)
    store = aws.cloudfront.KeyValueStore(f"{name}-store", name=title, comment=f"{name}, by edgewright.", opts=child)
    secret = given.get("seed", {}).get("secret", False)
    if plan:
        pairs: Any = [
            {"key": seed.key, "value": pulumi.Output.secret(seed.value) if secret else seed.value}
            for seed in sorted(plan, key=lambda seed: seed.key)
        ]
        aws.cloudfront.KeyvaluestoreKeysExclusive(
            f"{name}-keys",
            key_value_store_arn=store.arn,
            max_batch_size=int(limit("cloudfront.kvs.update_keys").value),
            resource_key_value_pairs=pairs,
            opts=child,
        )
    return Store(
        id=store.arn,
        title=store.name,
        binding={"type": KEY_VALUE_STORE, "arn": store.arn},
        # Without a `title` of its own it keeps the one that it was made with, also under another component's name.
        made_with={"title": Held(store.name, title)} if "title" in given else {},
    )
