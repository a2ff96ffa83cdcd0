"""Workers KV: what a namespace can be, and its resources."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_cloudflare as cloudflare

from edgewright.arguments.program import claim
from edgewright.arguments.seeds import Seed, Source, read_seeds
from edgewright.arguments.shape import fill
from edgewright.base.faults import Faults
from edgewright.platforms.cloudflare.account import check_said
from edgewright.platforms.cloudflare.bindings.kv_namespace import OPTIONS, check_ttl
from edgewright.platforms.lifecycle import Held
from edgewright.platforms.platform import Store


@dataclass(frozen=True)
class Plan:
    """What a KvNamespace becomes."""

    account_id: Any
    """Known now or later, and checked then."""
    seeds: Sequence[Seed]


def check_store(name: str, title: Any, given: Mapping[str, Any], faults: Faults) -> Plan:
    """Note what a namespace cannot be; return what it becomes."""
    account_id = check_said("KvNamespace", given, faults).get("account_id")
    seeds = read_seeds(fill(Source, given.get("seed", {})), faults, check_ttl)
    if isinstance(title, str) and isinstance(account_id, str):
        claim(
            "kv title",
            f"{account_id}/{title}",
            f"KvNamespace {name!r}",
            "title",
            faults,
            "Titles are unique in an account.",
        )
    return Plan(account_id, seeds)


def create_store(parent: pulumi.Resource, name: str, title: Any, given: Mapping[str, Any], plan: Plan) -> Store:
    """Make a namespace and the keys that it starts with."""
    namespace = _namespace(parent, name, plan.account_id, title, given, plan.seeds)
    options = {key: given[key] for key in OPTIONS if key in given}
    return Store(
        id=namespace.id,
        title=namespace.title,
        binding={"type": "kv_namespace", "namespace_id": namespace.id, **({"options": options} if options else {})},
        made_with={
            "cloudflare.account_id": Held(namespace.account_id, plan.account_id, private=True),
            "cloudflare.jurisdiction": Held(namespace.jurisdiction, given.get("jurisdiction")),
        },
    )


def _namespace(
    parent: pulumi.Resource, name: str, account_id: Any, title: Any, given: Mapping[str, Any], seeds: Sequence[Seed]
) -> cloudflare.WorkersKvNamespace:
    """Make a KV namespace and the keys that it starts with."""
    child = pulumi.ResourceOptions(parent=parent)
    namespace = cloudflare.WorkersKvNamespace(
        f"{name}-namespace", account_id=account_id, title=title, jurisdiction=given.get("jurisdiction"), opts=child
    )
    secret = given.get("seed", {}).get("secret", False)
    for seed in seeds:
        cloudflare.WorkersKv(
            f"{name}-seed-{seed.key}",
            account_id=account_id,
            namespace_id=namespace.id,
            key_name=seed.key,
            value=pulumi.Output.secret(seed.value) if secret else seed.value,
            metadata=seed.metadata,
            expiration_ttl=seed.ttl if seed.ttl is not None else given.get("default_ttl"),
            opts=child,
        )
    return namespace
