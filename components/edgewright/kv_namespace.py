"""A key-value store, with its seed data. See :class:`KvNamespace`."""

from collections.abc import Mapping
from typing import Any

import pulumi
from typing_extensions import NotRequired, TypedDict

from edgewright.arguments import checks
from edgewright.arguments.moved import moved
from edgewright.arguments.program import claim_name, default_name, gathers
from edgewright.arguments.shape import checked, normalise, properties
from edgewright.arguments.written import Seconds
from edgewright.base.fault_codes import Code
from edgewright.base.faults import Faults, show
from edgewright.contract.limits import limit
from edgewright.platforms import DEFAULT, HOSTS
from edgewright.platforms.chosen import check_each, chosen, with_said
from edgewright.platforms.keys import Host, KvNamespaceOptions
from edgewright.platforms.lifecycle import check_store, with_lifecycles
from edgewright.platforms.platform import host_of

TOKEN = "edgewright:index:KvNamespace"
MAX_TITLE = int(limit("cloudflare.kv.title_chars").value)
"""Longest title that the platform keeps, in characters."""


class KvSeedEntry(TypedDict):
    """One key that the namespace starts with."""

    key: str
    """The key: at most 512 bytes, neither `.` nor `..`."""
    value: pulumi.Input[Any]
    """The value: a string as it is, anything else as JSON. At most 25 MiB. An Output, secret or not, is taken too."""
    metadata: NotRequired[pulumi.Input[Any]]
    """JSON data kept beside the value: at most 1024 bytes. Default: none."""
    ttl: NotRequired[Seconds]
    """Seconds until the key expires, at least 60. Default: the namespace's `default_ttl`."""


class KvSeed(TypedDict):
    """Where a namespace's first keys come from. More than one source may be given; no key may come twice."""

    file: NotRequired[str]
    """A `.json`, `.yaml` or `.yml` file with one mapping of keys to values, or an `.ndjson` file with one
    `{"key", "value", "metadata"?, "ttl"?}` a line. Relative to the program's folder. Default: none."""
    directory: NotRequired[str]
    """A folder whose files are the values, each under its path in the folder. Relative to the program's folder.
    Default: none."""
    entries: NotRequired[list[KvSeedEntry]]
    """Entries given in the program. Default: none."""
    prefix: NotRequired[str]
    """Put before each key of `file` and `directory`. Default: nothing."""
    secret: NotRequired[bool]
    """Whether every value is a secret in the stack's state. Default: false."""


class KvNamespaceArgs(KvNamespaceOptions):
    """Arguments of KvNamespace."""

    host: NotRequired[Host]
    """The platform: `cloudflare` (Workers KV) or `cloudfront` (a KeyValueStore: values of at most 1 KB, 5 MB in all, read by
    CloudFront Functions only, no expiry). Default: `cloudflare`."""
    title: NotRequired[pulumi.Input[str]]
    """The namespace's title, unique in the account. A CloudFront KeyValueStore cannot be renamed: another title is refused.
    Default: `<name>-<stack>`; there, the one that it was made with."""
    seed: NotRequired[KvSeed]
    """Keys that the namespace starts with; an empty mapping is no seed. Default: none."""


class KvNamespace(pulumi.ComponentResource):
    """A key-value store, with the keys that it starts with: a Workers KV namespace, or a CloudFront KeyValueStore.

        products = KvNamespace("products", {"seed": {"file": "seed/products.json"}})

    Values in KV are eventually consistent: a write is seen elsewhere after 60 s or more. Keep no security state and no
    counters in it. A value over the platform's 25 MiB is refused: put it into object storage and its name into KV.
    """

    namespace_id: pulumi.Output[str]
    """The namespace's id; on CloudFront the store's ARN."""
    title: pulumi.Output[str]
    """The namespace's title."""
    binding: Any
    """What `CachePolicy.tiers.kv.binding`, `EdgeApi.sessions.binding` and `EdgeApi.bindings` take: a mapping with type,
    name and namespace_id. All but the id is known at preview."""

    @gathers
    def __init__(self, name: str, args: KvNamespaceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Declare a namespace.

        Raises:
            InputFaults: an argument is missing, unknown or out of its range; all such are named.
        """
        shown = properties(with_said("KvNamespace", _guarded(args)), KvNamespaceArgs)
        super().__init__(TOKEN, name, shown, with_lifecycles(opts))
        faults = Faults("KvNamespace", name)
        claim_name("KvNamespace", name, opts, faults)
        given = normalise(moved(_guarded(args), KvNamespaceArgs, faults), KvNamespaceArgs, faults)
        platform = given.get("host", DEFAULT)
        faults.one_of("host", platform, HOSTS)
        check_each("KvNamespace", given, faults)
        given = chosen(given, platform)
        title = checked(given.get("title", default_name(name)), _check_title, faults)
        binding_name = given.get("binding_name", _binding_name(name))
        if "binding_name" not in given:
            checks.binding_name("name", binding_name, faults)
        if faults.about("host"):
            # What a platform asks for, and refuses, is not said of another one than was meant.
            faults.raise_if_any()
        # The provider's SDK takes seconds to import: only a program that makes something pays for it.
        host = host_of(platform)
        plan = host.check_store(name, title, given, faults)
        faults.raise_if_any()
        store = host.create_store(self, name, title, given, plan)
        check_store("KvNamespace", name, store.made_with)
        self.namespace_id = store.id
        self.title = store.title
        self.binding = {"type": store.binding["type"], "name": binding_name, **store.binding}
        self.register_outputs({"namespaceId": self.namespace_id, "title": self.title, "binding": self.binding})


def _guarded(args: Any) -> Any:
    """Return the arguments with the values of secret seeds marked secret, before anything else sees them."""
    seed = args.get("seed") if isinstance(args, Mapping) else None
    if not isinstance(seed, Mapping) or seed.get("secret") is not True or seed.get("entries") is None:
        return args
    if isinstance(seed["entries"], Mapping):
        # Which is a fault, whose message shows them.
        entries = {key: pulumi.Output.secret(value) for key, value in seed["entries"].items()}
        return {**args, "seed": {**seed, "entries": entries}}
    if not isinstance(seed["entries"], (list, tuple)):
        return {**args, "seed": {**seed, "entries": pulumi.Output.secret(seed["entries"])}}
    guarded = [
        {**entry, "value": pulumi.Output.secret(entry["value"])}
        if isinstance(entry, Mapping) and "value" in entry
        else entry
        for entry in seed["entries"]
    ]
    return {**args, "seed": {**seed, "entries": guarded}}


def _binding_name(name: str) -> str:
    word = "".join(letter if letter.isalnum() and letter.isascii() else "_" for letter in name).upper()
    return f"_{word}" if word[:1].isdigit() else word


def _check_title(title: object, faults: Faults) -> None:
    if not isinstance(title, str) or not 1 <= len(title) <= MAX_TITLE or not title.isprintable():
        faults.add(
            "title", f"{show(title)} is not a title", code=Code.NAME, allowed=f"1 to {MAX_TITLE} printable characters"
        )
