"""A secret on `env`."""

from edgewright.platforms.cloudflare.bindings._kind import Kind, in_option

KIND = Kind(
    product="Workers secrets",
    argument="secrets",
    needs=("text",),
    plays=in_option("bindings", lambda binding: str(binding["text"])),
)
