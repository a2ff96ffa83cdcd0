"""For tests of stacks: a project's stack on a local cloud of its own, on a free port.

```python
with local_cloud(Path("."), "local") as cloud:
    assert httpx.get(f"{cloud.url}/api/products/1").headers["x-cache"] == "MISS"
```
"""

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from edgewright.base.project import Project
from edgewright.config.models import Service, StackSettings
from edgewright.engine.resources import Capture
from edgewright.engine.runner import shared_runner
from edgewright.local.control import Control
from edgewright.local.session import StateDir
from edgewright.local.stack import Deployed, LocalStack
from edgewright.platforms import archive
from edgewright.platforms.cloud import LocalCloud as _Cloud

__all__ = ["LocalCloud", "local_cloud"]


class LocalCloud:
    """A stack that runs. Made by :func:`local_cloud`."""

    def __init__(self, stack: LocalStack, capture: Capture, settings: StackSettings, deployed: Deployed) -> None:
        self._stack = stack
        self.capture = capture
        """The program's last run."""
        self.settings = settings
        """The stack's settings for the tools."""
        self.deployed = deployed
        """The last deployment."""

    def __enter__(self) -> "LocalCloud":
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def url(self) -> str:
        """Where the edge answers."""
        return self._stack.url

    @property
    def port(self) -> int:
        """The edge's port."""
        return self._stack.port

    @property
    def control(self) -> Control:
        """The gateway's control port: counters, logs, KV, purge."""
        return self._stack.control

    def reload(self) -> Deployed:
        """Run the program again and deploy it."""
        before = archive.read(self._stack.state.path)
        cloud = _Cloud(before.published, before.workers)
        self.capture, self.settings = shared_runner().run(self._stack.project.directory, self._stack.stack, cloud=cloud)
        self.deployed = self._stack.deploy(self.capture)
        return self.deployed

    def close(self) -> None:
        """Stop it; returns when no process is left."""
        self._stack.close()


def local_cloud(
    project_dir: Path, stack: str, *, port: int = 0, services: Sequence[Service] | bool = True, fresh: bool = True
) -> LocalCloud:
    """Run a stack's program, deploy it to a local cloud of its own, and return it.

    Data are kept in `.edgewright/<stack>` of the project: a test copies the project to a temporary folder, or names a
    stack that nobody else runs.

    Args:
        project_dir: the project's folder.
        stack: the stack's name.
        port: the edge's port; 0 chooses a free one.
        services: True starts those of the stack's settings, False none, or the services to start.
        fresh: begin without the data of an earlier run.

    Raises:
        ProjectError: the project, its settings or its program has faults.
        InfrastructureError: something cannot be started.
    """
    project = Project.load(project_dir)
    before = archive.Archive() if fresh else archive.read(StateDir(project, stack).path)
    capture, settings = shared_runner().run(project.directory, stack, cloud=_Cloud(before.published, before.workers))
    running = LocalStack(project, stack, port=port, fresh=fresh)
    chosen = (settings.services if services else ()) if isinstance(services, bool) else services
    running.start(chosen)
    try:
        return LocalCloud(running, capture, settings, running.deploy(capture))
    except BaseException:
        running.close()
        raise
