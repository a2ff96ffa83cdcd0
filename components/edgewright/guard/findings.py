"""What an evaluation leaves behind, as plain data."""

import dataclasses
import hashlib
from collections.abc import Mapping
from typing import Any, Literal

SeverityName = Literal["low", "medium", "high", "critical"]
LevelName = Literal["advisory", "mandatory"]

SEVERITY_RANK: Mapping[str, int] = {"low": 0, "medium": 1, "high": 2, "critical": 3}


@dataclasses.dataclass(frozen=True)
class Location:
    """Where the resource was declared."""

    file: str
    """Relative to the project's folder where it is inside it, with forward slashes."""
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclasses.dataclass(frozen=True)
class Finding:
    """One breach of one policy by one resource, or by the stack as a whole."""

    policy: str
    id: str
    family: str
    severity: SeverityName
    level: LevelName
    title: str
    what: str
    value: str
    allowed: str
    remediation: str
    url: str
    urn: str | None
    resource_type: str | None
    resource: str | None
    source: Location | None
    about: str = ""
    """Which of several breaches it is that say the same of one resource, as the policy tells them apart."""

    @property
    def message(self) -> str:
        """The whole message, the same as the engine shows."""
        return f"{self.what}: {self.value}; allowed: {self.allowed}. {self.remediation}"

    @property
    def fingerprint(self) -> str:
        """The same for the same breach of the same resource in every run: for baselines and code scanning."""
        identity = "\0".join((self.id, self.urn or "", self.what, *([self.about] if self.about else ())))
        return hashlib.sha256(identity.encode("utf-8", "replace")).hexdigest()[:32]

    def to_dict(self) -> dict[str, Any]:
        """Return the finding as JSON has it."""
        data = dataclasses.asdict(self)
        del data["about"]
        return {**data, "message": self.message, "fingerprint": self.fingerprint}


def order(finding: Finding) -> tuple[int, int, str, str, str, str]:
    """Return the key that sorts findings: mandatory first, worst first, then by policy and resource."""
    return (
        finding.level != "mandatory",
        -SEVERITY_RANK[finding.severity],
        finding.id,
        finding.urn or "",
        finding.what,
        finding.value,
    )


@dataclasses.dataclass(frozen=True)
class Suppressed:
    """A finding that an ignore entry or the baseline answers for."""

    finding: Finding
    by: Literal["ignore", "baseline"]
    reason: str


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """All findings of one stack."""

    project: str
    stack: str
    findings: tuple[Finding, ...]
    policies: int
    """How many policies were judged (those that are not disabled)."""
    resources: int
    skipped: Mapping[str, int]
    """Policy to how many judgements something unknown prevented."""
    suppressed: tuple[Suppressed, ...] = ()
    warnings: tuple[str, ...] = ()

    def of_level(self, level: LevelName) -> tuple[Finding, ...]:
        """Return the findings of one level."""
        return tuple(each for each in self.findings if each.level == level)

    def counts(self) -> dict[str, int]:
        """Return how many findings there are of each severity, worst first."""
        return {
            name: sum(each.severity == name for each in self.findings) for name in ("critical", "high", "medium", "low")
        }
