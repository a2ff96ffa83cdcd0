"""What a stack's settings say of each platform.

Generated from the platforms' folders. Run `make build`; do not edit.
"""

from pydantic import BaseModel, Field

from edgewright.platforms.cloudflare.settings import StackSettings as CloudflareSettings


class PlatformSettings(BaseModel):
    """The settings `edgewright:<platform>`."""

    cloudflare: CloudflareSettings = Field(
        default_factory=CloudflareSettings,
        alias="edgewright:cloudflare",
        description="Where the stack's components are on Cloudflare. A component's own `cloudflare: {...}` goes before it.",
    )
