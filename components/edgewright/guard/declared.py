"""What a stack's program declares, as far as it can be told without a cloud."""

from pathlib import Path

from edgewright.base.errors import NeedsCloud
from edgewright.config.models import StackSettings
from edgewright.engine.cloud import Cloud
from edgewright.engine.resources import Capture
from edgewright.engine.runner import shared_runner


def declared(
    directory: Path, stack: str, *, preview: bool = False, cloud: Cloud | None = None
) -> tuple[Capture, StackSettings, tuple[str, ...]]:
    """Run a stack's program and return what it declares, its settings, and what to say of it.

    Without a cloud the program is given ids and names that are made up, and nothing that only a cloud can say. One that
    cannot do without is run as `pulumi preview` runs it, where such values are unknown.

    Raises:
        ProjectError: the project, its settings or the program have faults.
        RunnerBroken: the program could not be run at all.
    """
    runner = shared_runner()
    try:
        return *runner.run(directory, stack, preview=preview, cloud=cloud), ()
    except NeedsCloud as error:
        capture, settings = runner.run(directory, stack, preview=True)
        why = error.faults[0].text.splitlines()[0]
        note = f"{stack} is judged as in a preview, for the program needs what only a cloud knows ({why})"
        return capture, settings, (note,)
