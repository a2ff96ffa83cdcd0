"""Workers KV: a store of values by key."""

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from edgewright.contract.limits import limit
from edgewright.platforms.cloudflare.bindings._kind import Binding, Kind, in_option
from edgewright.platforms.parts import BindingField

if TYPE_CHECKING:
    from edgewright.base.faults import Faults

OPTIONS = ("default_ttl", "list_limit")
"""What a KvNamespace says of its use, which handlers read as `<binding>_OPTIONS`."""


def check_ttl(path: str, ttl: object, faults: "Faults") -> None:
    """Note a time after which the platform cannot let a key expire."""
    # The command reads kinds for their gaps, and starts without Pulumi's SDK.
    from edgewright.arguments import checks

    least = limit("cloudflare.kv.expiration_ttl_min_s")
    checks.seconds(path, ttl, faults, int(least.value), f"Workers KV keeps nothing for less than {least.text}.")


def check_options(path: str, options: Mapping[str, Any], faults: "Faults") -> None:
    """Note options that the platform would refuse when a handler uses them. `path` is what they are in; empty: arguments."""
    from edgewright.arguments import checks
    from edgewright.arguments.shape import whole_numbers

    within = f"{path}." if path else ""
    known = whole_numbers(options)
    if "default_ttl" in known:
        check_ttl(f"{within}default_ttl", known["default_ttl"], faults)
    if "list_limit" in known:
        most = limit("cloudflare.kv.list_keys")
        why = "Workers KV lists no more at once."
        checks.whole(f"{within}list_limit", known["list_limit"], faults, 1, int(most.value), "keys", why)


def _inputs(binding: Binding) -> Iterable[Binding]:
    """Yield the namespace's binding, and what a KvNamespace says of its use, which handlers read beside it."""
    yield {key: value for key, value in binding.items() if key != "options"}
    if options := binding.get("options"):
        from edgewright.arguments.shape import whole_numbers

        text = json.dumps(whole_numbers(options), sort_keys=True, separators=(",", ":"))
        yield {"type": "json", "name": f"{binding['name']}_OPTIONS", "json": text}


KIND = Kind(
    product="Workers KV",
    fields={
        "namespace_id": BindingField(
            "a namespace's id", "Give a KvNamespace's `binding`, which has it.", identifies=True
        ),
        "options": BindingField(
            "what a KvNamespace says of its use",
            "Give a KvNamespace's `binding`.",
            required=False,
            any_value=True,
            keys=OPTIONS,
            check=check_options,
        ),
    },
    inputs=_inputs,
    plays=in_option("kvNamespaces", lambda binding: binding["namespaceId"]),
    in_stack=lambda document: (namespace.id for namespace in document.kv_namespaces),
)
