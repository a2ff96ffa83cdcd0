"""A caching strategy: as it was read, checked, and compiled into the settings document's CacheSpec."""
