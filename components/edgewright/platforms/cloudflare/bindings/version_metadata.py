"""Which version of the function runs."""

from edgewright.platforms import protocol
from edgewright.platforms.cloudflare.bindings._kind import Kind
from edgewright.platforms.gap import Gap

KIND = Kind(
    product="Workers version metadata",
    plays=lambda binding: protocol.VersionMetadataBinding(name=binding["name"]),
    gap=Gap(
        "version-metadata",
        "Workers version metadata",
        "The time stamp of a version is always 1970-01-01T00:00:00Z, and its tag is empty.",
    ),
)
