"""Workers KV: a store of values by key."""

import json
from collections.abc import Iterable

from edgewright.platforms.cloudflare.bindings._kind import Binding, Kind, in_option
from edgewright.platforms.parts import BindingField


def _inputs(binding: Binding) -> Iterable[Binding]:
    """Yield the namespace's binding, and what a KvNamespace says of its use, which handlers read beside it."""
    yield {key: value for key, value in binding.items() if key != "options"}
    if options := binding.get("options"):
        text = json.dumps(options, sort_keys=True, separators=(",", ":"))
        yield {"type": "json", "name": f"{binding['name']}_OPTIONS", "json": text}


KIND = Kind(
    product="Workers KV",
    fields={
        "namespace_id": BindingField(
            "a namespace's id", "Give a KvNamespace's `binding`, which has it.", identifies=True
        ),
        "options": BindingField(
            "what a KvNamespace says of its use", "Give a KvNamespace's `binding`.", required=False, any_value=True
        ),
    },
    inputs=_inputs,
    plays=in_option("kvNamespaces", lambda binding: binding["namespaceId"]),
    in_stack=lambda document: (namespace.id for namespace in document.kv_namespaces),
)
