"""Cloudflare: how an API becomes a Worker, how that runs locally, and how its caches are purged."""
