"""A key-value store, with its seed data. See :class:`KvNamespace`."""

import functools
import re
from collections.abc import Mapping
from typing import Any

import pulumi
from typing_extensions import NotRequired, TypedDict

from edgewright import _check
from edgewright._bindings import KEY_VALUE_STORE
from edgewright._lifecycle import Held, check_store, with_lifecycles
from edgewright._normalise import checked, normalise, properties
from edgewright._program import claim, claim_name, default_name, gathers
from edgewright._seeds import Seed, read_seeds
from edgewright.errors import Faults, show
from edgewright.limits import limit

TOKEN = "edgewright:index:KvNamespace"
HOSTS = ("cloudflare", "cloudfront")
JURISDICTIONS = ("eu", "us", "fedramp")
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
    ttl: NotRequired[int]
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


class KvNamespaceArgs(TypedDict):
    """Arguments of KvNamespace."""

    account_id: NotRequired[pulumi.Input[str]]
    """cloudflare: the account, 32 hexadecimal digits. Required on cloudflare."""
    host: NotRequired[str]
    """The platform: `cloudflare` (Workers KV) or `cloudfront` (a KeyValueStore: values of at most 1 KB, 5 MB in all, read by
    CloudFront Functions only, no expiry). Default: `cloudflare`."""
    title: NotRequired[pulumi.Input[str]]
    """The namespace's title, unique in the account. A CloudFront KeyValueStore cannot be renamed: another title is refused.
    Default: `<name>-<stack>`; there, the one that it was made with."""
    binding_name: NotRequired[str]
    """cloudflare: the name under which functions see it. Default: the component's name in capitals, `products-kv` as
    `PRODUCTS_KV`."""
    default_ttl: NotRequired[int]
    """Seconds until a key expires that is seeded, or put by a handler, without a time of its own; at least 60. Handlers see it
    as `<binding>_OPTIONS.default_ttl`. Default: never."""
    list_limit: NotRequired[int]
    """Most keys that one list call of a handler gives, 1 to 1000; the rest comes with its `cursor`. Handlers see it as
    `<binding>_OPTIONS.list_limit`. Default: 1000, what the platform allows."""
    jurisdiction: NotRequired[str]
    """Where the data must stay: `eu`, `us` or `fedramp`. A namespace with data in it is not moved: a change is refused.
    Default: anywhere."""
    seed: NotRequired[KvSeed]
    """Keys that the namespace starts with; an empty mapping is no seed. Default: none."""


class KvNamespace(pulumi.ComponentResource):
    """A key-value store, with the keys that it starts with: a Workers KV namespace, or a CloudFront KeyValueStore.

        products = KvNamespace("products", {"account_id": account, "seed": {"file": "seed/products.json"}})

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
        super().__init__(TOKEN, name, properties(_guarded(args), KvNamespaceArgs), with_lifecycles(opts))
        faults = Faults("KvNamespace", name)
        claim_name("KvNamespace", name, opts, faults)
        given = normalise(_guarded(args), KvNamespaceArgs, faults)
        host = given.get("host", HOSTS[0])
        faults.one_of("host", host, HOSTS)
        on_cloudfront = host == "cloudfront"
        account_id = given.get("account_id")
        if not on_cloudfront and not faults.about("host"):
            if account_id is None:
                faults.add("account_id", "is required and was not given")
            else:
                account_id = checked(
                    account_id,
                    lambda value, found: _check.hex_id("account_id", value, found, "an account's id"),
                    faults,
                )
        title = checked(given.get("title", default_name(name)), _check_title, faults)
        binding_name = given.get("binding_name", _binding_name(name))
        seeds = _check_args(given, binding_name, on_cloudfront, faults)
        if on_cloudfront:
            self._on_cloudfront(name, title, binding_name, given, seeds, faults)
            return
        if isinstance(title, str) and isinstance(account_id, str):
            claim(
                "kv title",
                f"{account_id}/{title}",
                f"KvNamespace {name!r}",
                "title",
                faults,
                "Titles are unique in an account.",
            )
        faults.raise_if_any()
        # The provider's SDK takes seconds to import: only a program that makes something pays for it.
        from edgewright.hosts import cloudflare

        namespace = cloudflare.create_namespace(self, name, account_id, title, given, seeds)
        self.namespace_id = namespace.id
        check_store(
            "KvNamespace",
            name,
            {
                "account_id": Held(namespace.account_id, account_id, private=True),
                "jurisdiction": Held(namespace.jurisdiction, given.get("jurisdiction")),
            },
        )
        self.title = namespace.title
        options = {key: given[key] for key in ("default_ttl", "list_limit") if key in given}
        self.binding = {"type": "kv_namespace", "name": binding_name, "namespace_id": self.namespace_id}
        if options:
            self.binding["options"] = options
        self.register_outputs({"namespaceId": self.namespace_id, "title": self.title, "binding": self.binding})

    def _on_cloudfront(
        self, name: str, title: Any, binding_name: str, given: Mapping[str, Any], seeds: list[Seed], faults: Faults
    ) -> None:
        from edgewright.hosts import cloudfront

        cloudfront.check_store(given, seeds, faults)
        if isinstance(title, str):
            if not re.fullmatch(r"[A-Za-z0-9-_]{1,64}", title):
                faults.add(
                    "title",
                    f"{show(title)} is not a KeyValueStore's name",
                    allowed="1 to 64 letters, digits, `-` and `_`",
                )
            claim("key value store", title, f"KvNamespace {name!r}", "title", faults, "Names are unique in an account.")
        faults.raise_if_any()
        store = cloudfront.create_store(self, name, title, given, seeds)
        # Without a `title` of its own it keeps the one that it was made with, also under another component's name.
        check_store("KvNamespace", name, {"title": Held(store.name, title)} if "title" in given else {})
        self.namespace_id = store.arn
        self.title = store.name
        self.binding = {"type": KEY_VALUE_STORE, "name": binding_name, "arn": self.namespace_id}
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
        faults.add("title", f"{show(title)} is not a title", allowed=f"1 to {MAX_TITLE} printable characters")


def _check_args(given: Mapping[str, Any], binding_name: str, on_cloudfront: bool, faults: Faults) -> list[Seed]:
    _check.binding_name("binding_name", binding_name, faults)
    least = limit("cloudflare.kv.expiration_ttl_min_s")
    why = f"Workers KV keeps nothing for less than {least.text}."
    if on_cloudfront:
        # Which has none of what follows, and says so itself.
        return read_seeds(given.get("seed", {}), faults, lambda *_: None)
    if "default_ttl" in given:
        _check.seconds("default_ttl", given["default_ttl"], faults, int(least.value), why)
    if "list_limit" in given:
        most = limit("cloudflare.kv.list_keys")
        _check.whole(
            "list_limit", given["list_limit"], faults, 1, int(most.value), "keys", "Workers KV lists no more at once."
        )
    if "jurisdiction" in given:
        faults.one_of("jurisdiction", given["jurisdiction"], JURISDICTIONS)
    return read_seeds(given.get("seed", {}), faults, functools.partial(_check_ttl, int(least.value), why))


def _check_ttl(least: int, why: str, path: str, ttl: object, faults: Faults) -> None:
    _check.seconds(path, ttl, faults, least, why)
