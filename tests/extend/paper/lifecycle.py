"""What becomes of Paper's resources when they have to be replaced."""

from collections.abc import Mapping

from edgewright.platforms.lifecycle import NEVER, Lifecycle

LIFECYCLES: Mapping[str, Lifecycle] = {"paper:index/sheet:Sheet": NEVER}
