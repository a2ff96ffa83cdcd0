"""Service bindings: another Worker is called, past the network."""

from edgewright.platforms import protocol
from edgewright.platforms.cloudflare.bindings._kind import Kind
from edgewright.platforms.gap import Gap
from edgewright.platforms.parts import BindingField

KIND = Kind(
    product="Workers service bindings",
    fields={
        "service": BindingField(
            "a Worker's name", "Give the `script_name` of the EdgeApi that is called.", identifies=True
        ),
        "entrypoint": BindingField(
            "the name of a class that the Worker exports",
            "Leave it out for the Worker's default export.",
            required=False,
        ),
    },
    # Which version answers is known when the whole deployment is.
    plays=lambda binding: protocol.ServiceBinding(
        name=binding["name"], service=binding["service"], entrypoint=binding.get("entrypoint")
    ),
    in_stack=lambda document: (worker.name for worker in document.workers),
    gap=Gap(
        "service-version",
        "Workers service bindings",
        "A binding to a Worker with a gradual deployment always reaches the version with the largest share.",
    ),
)
