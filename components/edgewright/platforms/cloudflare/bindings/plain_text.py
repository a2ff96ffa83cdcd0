"""A plain setting on `env`."""

from edgewright.platforms.cloudflare.bindings._kind import Kind, in_option

KIND = Kind(
    product="Workers variables",
    argument="vars",
    needs=("text",),
    plays=in_option("bindings", lambda binding: str(binding["text"])),
)
