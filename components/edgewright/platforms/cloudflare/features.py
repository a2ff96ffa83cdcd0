"""What of the portable features Cloudflare has, and how."""

from collections.abc import Mapping

from edgewright.platforms.features import Support

FEATURES: Mapping[str, Support] = {
    # The Worker is asked before anything else reads the path.
    "urls_as_sent": Support("ours"),
    # A Durable Object: it is asked by the function, after who the caller is.
    "shield_for_known_callers": Support(
        "refused",
        "keeps answers in the shield alone, which answers behind `auth` do not go through",
        "Enable `memory`, `edge` or `kv`, or leave `cache` out.",
    ),
}
