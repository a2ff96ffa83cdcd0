"""Durable Objects: a class of objects, each in one place with storage of its own."""

from edgewright.platforms import protocol
from edgewright.platforms.cloudflare.bindings._kind import Kind
from edgewright.platforms.gap import Gap
from edgewright.platforms.parts import BindingField

KIND = Kind(
    product="Durable Objects",
    fields={
        "class_name": BindingField(
            "the name of a class that a Worker exports", "Give it as the Worker's module spells it."
        ),
        # An API's modules export none: a class is always another Worker's.
        "script_name": BindingField(
            "the name of the Worker that exports the class: an EdgeApi's modules export none",
            "Make the class in a Worker of its own (cloudflare.WorkerVersion with `exports`), deploy it, and give its"
            " name.",
            identifies=True,
        ),
    },
    needs=("className",),
    # Which version holds the class is known when the whole deployment is. All objects are on this machine, wherever one is
    # asked to be made (gap `shield-place`).
    plays=lambda binding: protocol.DurableObjectBinding(
        name=binding["name"], class_name=binding["className"], script_name=binding.get("scriptName")
    ),
    gap=Gap(
        "durable-object-version",
        "Durable Objects",
        "All objects of a class run in the version with the largest share, on SQLite storage. Which classes there are is known"
        " from this machine's own deployments: a class that an account has already is new here.",
    ),
)
