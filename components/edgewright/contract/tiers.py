"""Where a response may come from."""

from typing import Literal

Tier = Literal["memory", "edge", "kv", "shield", "platform", "miss", "bypass", "unknown"]
"""`platform` is a hit in the vendor's own cache, before the function; `unknown` means that no header told."""

HITS: tuple[Tier, ...] = ("memory", "edge", "kv", "shield", "platform")
