"""One fault: what is wrong with an input, or with a project. Nothing here needs Pulumi."""

from collections.abc import Mapping
from dataclasses import dataclass

from edgewright.base.fault_codes import Code


@dataclass(frozen=True)
class Fault:
    """One thing wrong with one input.

    `path` is the property (`endpoints[2].rate_limit.period`), `problem` what is wrong with it and the value got,
    `allowed` what it may be, `fix` what to do where that is more than to give an allowed value, `code` its kind: what programs
    decide by, and where it is explained.
    """

    path: str
    problem: str
    code: Code
    allowed: str = ""
    fix: str = ""

    @property
    def text(self) -> str:
        """Everything but the path and the code, in sentences."""
        text = f"{self.problem}."
        if self.allowed:
            text += f" Allowed: {self.allowed}."
        return f"{text} {self.fix}" if self.fix else text

    @property
    def coded(self) -> str:
        """Everything but the path: the sentences, and the code behind them."""
        return f"{self.text} [{self.code}]"

    def __str__(self) -> str:
        return f"{self.path}: {self.coded}"

    def to_dict(self) -> dict[str, str]:
        """Return it as data."""
        return {
            "path": self.path,
            "problem": self.problem,
            "allowed": self.allowed,
            "fix": self.fix,
            "code": self.code.number,
        }


@dataclass(frozen=True)
class ProjectFault:
    """One thing wrong with a project, its settings, its program or a command line.

    `text` says it whole, with its file and line where it has one; `code` is its kind. Where a component refused its arguments,
    `inputs` has what is wrong with each: the text lists them with codes of their own.
    """

    text: str
    code: Code
    inputs: tuple[Fault, ...] = ()
    line: int = 0
    """The line of the stack's settings file that it is about; 0 where it is about something else."""

    def __str__(self) -> str:
        return self.text if self.inputs else coded(self.text, self.code)

    def to_dict(self) -> dict[str, object]:
        """Return it as data."""
        found: dict[str, object] = {"code": self.code.number, "text": self.text}
        return {**found, "inputs": [each.to_dict() for each in self.inputs]} if self.inputs else found

    @classmethod
    def from_dict(cls, data: Mapping[str, object]) -> "ProjectFault":
        """Return the fault that :meth:`to_dict` wrote, without its inputs."""
        return cls(str(data["text"]), Code.of(str(data["code"])) or Code.PROGRAM)


def coded(text: str, code: Code) -> str:
    """Return a message with its code at the end of its first line."""
    first, end, rest = text.partition("\n")
    return f"{first} [{code}]{end}{rest}"
