"""What of the portable features Paper has, and how."""

from collections.abc import Mapping

from edgewright.platforms.features import Support

FEATURES: Mapping[str, Support] = {
    "urls_as_sent": Support("native"),
    "shield_for_known_callers": Support("native"),
}
