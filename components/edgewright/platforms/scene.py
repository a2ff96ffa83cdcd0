"""What a captured program becomes on the local cloud, while the platforms put it together. See :class:`Scene`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from edgewright.engine.resources import Capture, Inputs, Resource
from edgewright.platforms import protocol
from edgewright.platforms.archive import Archive, Classes
from edgewright.platforms.cloudfront import protocol as cf
from edgewright.platforms.handlers import Function, Handler


@dataclass
class Scene:
    """What there is to go by, and what has been made of it so far: each platform adds its own."""

    capture: Capture
    base: Path
    """The program's folder: relative paths of files start from it."""
    addresses: Mapping[str, str] | None
    """Where origins' domain names are found on this machine."""
    archive: Archive
    """What earlier deployments have left."""
    deployment: protocol.Deployment
    """The gateway's document."""
    faults: list[tuple[Resource, str]] = field(default_factory=list)
    gaps: list[tuple[Resource, str]] = field(default_factory=list)
    """Resources that are recorded and have no effect here, with the gap's id."""
    functions: list[cf.LambdaVersion] = field(default_factory=list)
    """Every version of a Lambda function that the program publishes, deployed or not."""
    distributions: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """What each distribution may not change in the next deployment, where it has a policy of a rollout."""
    classes: Classes = field(default_factory=dict)
    """Workers' classes of Durable Objects once this is deployed."""

    def add(self, deployment: protocol.Deployment) -> None:
        """Add what a platform runs to the gateway's document."""
        for name, value in deployment:
            if name != "stack" and value:
                setattr(self.deployment, name, value)


class Emulation(Protocol):
    """`emulate`: a platform on this machine. The local cloud never looks at a component: resources are all it sees."""

    HANDLERS: Mapping[str, Handler]
    """Every resource type of the platform that the local cloud knows."""
    RECORDED_FUNCTIONS: Mapping[str, Function]
    """Data functions that are answered also where nothing is played."""
    REFERRED_TO: Mapping[str, Handler]
    """Those whose resources others refer to by ARN or name: they have those outputs also where nothing is played."""

    def call(self, token: str, args: Inputs, versions: Mapping[str, protocol.Version], /) -> Inputs | None:
        """Return what a provider's function gives, None where it is none that is answered. `versions` were deployed before."""

    def play(self, scene: Scene, /) -> None:
        """Add what the gateway runs of the platform's resources, and what is wrong with them."""
