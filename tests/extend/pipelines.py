"""Pipelines: records are sent to storage. The worked example of a binding in docs/architecture.md: this file is all of it."""

from edgewright.platforms.cloudflare.bindings._kind import Kind, in_option
from edgewright.platforms.parts import BindingField

KIND = Kind(
    product="Cloudflare Pipelines",
    fields={"pipeline": BindingField("a pipeline's id", "Give the `id` of the Pipeline.", identifies=True)},
    plays=in_option("pipelines", lambda binding: binding["pipeline"]),
)
