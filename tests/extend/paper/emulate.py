"""Paper on this machine: its resources are recorded."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from edgewright.platforms import protocol
from edgewright.platforms.handlers import Handler
from edgewright.platforms.scene import Scene

HANDLERS: Final[Mapping[str, Handler]] = {
    "paper:index/sheet:Sheet": Handler(
        lambda inputs: (inputs.get("title"),), lambda _inputs, _id: {}, ("title",), gap="paper-sheets"
    ),
}
REFERRED_TO: Final[Mapping[str, Handler]] = {}
RECORDED_FUNCTIONS: Final[Mapping[str, Callable[[Mapping[str, Any]], Mapping[str, Any]]]] = {}


def call(token: str, args: Mapping[str, Any], versions: Mapping[str, protocol.Version]) -> Mapping[str, Any] | None:
    """Return None: Paper has no data functions."""
    return None


def play(scene: Scene) -> None:
    """Add nothing: a sheet answers nobody."""
