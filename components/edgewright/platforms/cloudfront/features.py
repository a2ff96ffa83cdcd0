"""What of the portable features CloudFront has, and how."""

from collections.abc import Mapping

from edgewright.platforms.features import Support

FEATURES: Mapping[str, Support] = {
    "urls_as_sent": Support(
        "refused",
        "is 'none' on cloudfront, where the distribution's own path patterns choose who answers",
        "Leave it out. Without an EdgeApi in front, CloudFront sends a path to its origin as it came.",
    ),
    # Origin Shield stands before the origin, whoever asked.
    "shield_for_known_callers": Support("native"),
}
