"""What makes a check fail."""

import dataclasses
from collections.abc import Iterable

from edgewright.base.errors import ProjectError
from edgewright.base.fault import ProjectFault
from edgewright.base.fault_codes import Code
from edgewright.guard.findings import SEVERITY_RANK, Evaluation, Finding


class GateError(ProjectError):
    """Names that the gate does not know. Each fault says what is allowed."""


@dataclasses.dataclass(frozen=True)
class Gate:
    """Which findings are shown, and which of those make the check fail.

    A mandatory finding fails, unless `soft` names it; an advisory one does not, unless `hard` does. `hard` wins.
    A name is a policy's name or id, a family, or a severity, which also stands for every worse one under `hard` and
    for every milder one under `soft`.
    """

    least: str = "low"
    soft: frozenset[str] = frozenset()
    hard: frozenset[str] = frozenset()

    @classmethod
    def of(cls, least: str = "low", soft: Iterable[str] = (), hard: Iterable[str] = ()) -> "Gate":
        """Return a gate, its names checked.

        Raises:
            GateError: a name is neither a policy, an id, a family nor a severity.
        """
        from edgewright_policies import FAMILIES, POLICIES
        from edgewright_policies.pack import nearest

        def _near(name: str) -> str:
            found = nearest(name, *FAMILIES, *SEVERITY_RANK)
            return f"did you mean {found}? " if found else ""

        known = {*SEVERITY_RANK, *FAMILIES, *(each.name for each in POLICIES), *(each.meta.id for each in POLICIES)}
        if least not in SEVERITY_RANK:
            raise GateError(f"--severity {least!r}; allowed: {', '.join(SEVERITY_RANK)}", Code.OPTION)
        faults = []
        parts = {}
        for option, given in (("--soft-fail-on", soft), ("--hard-fail-on", hard)):
            names = {name.strip() for each in given for name in each.split(",") if name.strip()}
            faults += [
                f"{option} {name!r}; {_near(name)}allowed: a policy's name or id (`edgewright policies` lists them), a family"
                f" ({', '.join(FAMILIES)}), or a severity ({', '.join(SEVERITY_RANK)})"
                for name in sorted(names - known)
            ]
            parts[option] = frozenset(names)
        if faults:
            raise GateError(ProjectFault(text, Code.OPTION) for text in faults)
        return cls(least, parts["--soft-fail-on"], parts["--hard-fail-on"])

    def shows(self, finding: Finding) -> bool:
        """Return whether a finding is severe enough to be shown."""
        return SEVERITY_RANK[finding.severity] >= SEVERITY_RANK[self.least]

    def fails(self, finding: Finding) -> bool:
        """Return whether a finding makes the check fail."""
        names = {finding.policy, finding.id, finding.family}
        rank = SEVERITY_RANK[finding.severity]
        if names & self.hard or any(rank >= SEVERITY_RANK[each] for each in self.hard & SEVERITY_RANK.keys()):
            return True
        if names & self.soft or any(rank <= SEVERITY_RANK[each] for each in self.soft & SEVERITY_RANK.keys()):
            return False
        return finding.level == "mandatory"


@dataclasses.dataclass(frozen=True)
class Verdict:
    """An evaluation as the gate sees it."""

    evaluation: Evaluation
    """Only the findings that are shown."""
    failing: frozenset[str]
    """Fingerprints of the findings that make the check fail."""

    @property
    def passed(self) -> bool:
        """Whether nothing fails."""
        return not self.failing


@dataclasses.dataclass(frozen=True)
class Unjudged:
    """A stack that could not be checked: its settings or its program have faults."""

    project: str
    stack: str
    faults: tuple[ProjectFault, ...]


def judge(evaluation: Evaluation, gate: Gate) -> Verdict:
    """Return the verdict of a gate on an evaluation."""
    shown = tuple(each for each in evaluation.findings if gate.shows(each))
    failing = frozenset(each.fingerprint for each in shown if gate.fails(each))
    return Verdict(dataclasses.replace(evaluation, findings=shown), failing)
