"""A key-value store, with its seed data. See :class:`KvNamespace`."""

from typing import Any

import pulumi
from typing_extensions import NotRequired, TypedDict


class KvSeedEntry(TypedDict):
    """One key that the namespace starts with."""

    key: str
    """The key: at most 512 bytes, neither `.` nor `..`."""
    value: pulumi.Input[Any]
    """The value: a string as it is, anything else as JSON. At most 25 MiB. An Output, secret or not, is taken too."""
    metadata: NotRequired[pulumi.Input[Any]]
    """JSON data kept beside the value: at most 1024 bytes."""
    ttl: NotRequired[pulumi.Input[int]]
    """Seconds until the key expires, at least 60. Default: the namespace's `default_ttl`."""


class KvSeed(TypedDict):
    """Where a namespace's first keys come from. More than one source may be given; no key may come twice."""

    file: NotRequired[str]
    """A `.json`, `.yaml` or `.yml` file with one mapping of keys to values, or an `.ndjson` file with one
    `{"key", "value", "metadata"?, "ttl"?}` a line. Relative to the program's folder."""
    directory: NotRequired[str]
    """A folder whose files are the values, each under its path in the folder. Relative to the program's folder."""
    entries: NotRequired[list[KvSeedEntry]]
    """Entries given in the program."""
    prefix: NotRequired[str]
    """Put before each key of `file` and `directory`. Default: nothing."""
    secret: NotRequired[bool]
    """Whether every value is a secret in the stack's state. Default: false."""


class KvNamespaceArgs(TypedDict):
    """Arguments of KvNamespace."""

    account_id: pulumi.Input[str]
    """The Cloudflare account: 32 hexadecimal digits."""
    title: NotRequired[pulumi.Input[str]]
    """The namespace's title, unique in the account. Default: `<project>-<stack>-<name>`."""
    binding_name: NotRequired[str]
    """The name under which functions see it. Default: the component's name in capitals, `products-kv` as `PRODUCTS_KV`."""
    default_ttl: NotRequired[int]
    """Seconds until a seeded key expires, at least 60. Default: never. Also told to functions that are bound to it."""
    list_limit: NotRequired[int]
    """Most keys that one list call may ask for, 1 to 1000. Default: 1000. Told to functions that are bound to it."""
    jurisdiction: NotRequired[str]
    """Where the data must stay: `eu`, `us` or `fedramp`. Default: anywhere."""
    seed: NotRequired[KvSeed]
    """Keys that the namespace starts with. Default: none."""


class KvNamespace(pulumi.ComponentResource):
    """A Workers KV namespace, with the keys that it starts with.

        products = KvNamespace("products", {"account_id": account, "seed": {"file": "seed/products.json"}})

    Values in KV are eventually consistent: a write is seen elsewhere after 60 s or more. Keep no security state and no
    counters in it.
    """

    namespace_id: pulumi.Output[str]
    """The namespace's id."""
    title: pulumi.Output[str]
    """The namespace's title."""
    binding: dict[str, Any]
    """What `CachePolicy.tiers.kv.binding`, `EdgeApi.sessions.binding` and `EdgeApi.bindings` take."""

    def __init__(self, name: str, args: KvNamespaceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Declare a namespace.

        Raises:
            InputFaults: an argument is missing, unknown or out of its range; all such are named.
        """
        super().__init__("edgewright:index:KvNamespace", name, dict(args), opts)
        self.register_outputs({})
