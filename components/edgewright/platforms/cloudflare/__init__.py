"""Cloudflare: how an API becomes a Worker, how that runs locally, and how its caches are purged."""

SDK = "pulumi_cloudflare"
"""The provider's package, which takes seconds to import."""
