"""Errors of a project and of a run, each of which prints as a message for its reader and never as a traceback."""

from collections.abc import Sequence


class ProjectError(Exception):
    """The project or its settings are wrong: something for the user to mend.

    Every fault found is in :attr:`faults`, one line or paragraph each.
    """

    def __init__(self, faults: Sequence[str] | str) -> None:
        self.faults: tuple[str, ...] = (faults,) if isinstance(faults, str) else tuple(faults)
        super().__init__("\n".join(self.faults))

    def __reduce__(self) -> tuple[type["ProjectError"], tuple[tuple[str, ...]]]:
        return type(self), (self.faults,)


class ProgramFailed(ProjectError):
    """The program ran and failed: it raised, or declared something that cannot be."""


class NeedsCloud(ProgramFailed):
    """The program failed only for want of what a real cloud knows. In a preview that is unknown, and it may not fail."""


class RunnerBroken(Exception):
    """The process that runs programs died or did not answer: not the user's mistake."""


class ProgramKilled(RunnerBroken):
    """The program's process was killed: by a library that crashed, by the system for memory, or by somebody."""


class RunStopped(Exception):
    """Whoever asked for the run had it stopped: nothing is wrong."""
