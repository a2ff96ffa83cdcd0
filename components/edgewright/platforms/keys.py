"""The platforms' names as keys: of their options among a component's arguments, and as `host`.

Generated from the platforms' folders. Run `make build`; do not edit.
"""

from typing import TYPE_CHECKING, Literal, TypeAlias

from typing_extensions import NotRequired, TypedDict

from edgewright.arguments import values
from edgewright.arguments.written import written
from edgewright.platforms import DEFAULT, HOSTS
from edgewright.platforms.cloudflare.options import CloudflareApiOptions, CloudflareCacheOptions, CloudflareStoreOptions
from edgewright.platforms.cloudfront.options import CloudfrontApiOptions, CloudfrontEndpointOptions

if TYPE_CHECKING:
    Host: TypeAlias = Literal["cloudflare", "cloudfront"]
else:
    Host = written("Host", values.word("a platform", DEFAULT), words=HOSTS)


class CachePolicyOptions(TypedDict):
    """Options of single platforms: those of the host act, and the others' do nothing."""

    cloudflare: NotRequired[CloudflareCacheOptions]
    """What a CachePolicy has on Cloudflare only. It does nothing on another host. Default: none."""


class EdgeApiOptions(TypedDict):
    """Options of single platforms: those of the host act, and the others' do nothing."""

    cloudflare: NotRequired[CloudflareApiOptions]
    """What an API has on Cloudflare only. It does nothing on another host. Default: none."""
    cloudfront: NotRequired[CloudfrontApiOptions]
    """What an API has on CloudFront only. It does nothing on another host. Default: none."""


class EndpointOptions(TypedDict):
    """Options of single platforms: those of the host act, and the others' do nothing."""

    cloudfront: NotRequired[CloudfrontEndpointOptions]
    """What an endpoint has on CloudFront only. It does nothing on another host. Default: none."""


class KvNamespaceOptions(TypedDict):
    """Options of single platforms: those of the host act, and the others' do nothing."""

    cloudflare: NotRequired[CloudflareStoreOptions]
    """What a KvNamespace has on Cloudflare only. It does nothing on another host. Default: none."""
