"""Findings that somebody answered for: `edgewright.ignore.yaml`, and baselines."""

import dataclasses
import datetime
import fnmatch
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from edgewright.base.document import Document, DocumentError, read_document
from edgewright.base.errors import ProjectError
from edgewright.base.fault import ProjectFault
from edgewright.base.fault_codes import Code
from edgewright.guard.findings import Evaluation, Finding, Suppressed

IGNORE_FILE = "edgewright.ignore.yaml"
LONGEST_DAYS = 366
"""An entry may not run for longer: what is never looked at again is not ignored but forgotten."""
_KEYS = ("policy", "resource", "stack", "reason", "expires")
_LEAST_REASON = 10


class SuppressionFaults(ProjectError):
    """The ignore file or the baseline is wrong. Each fault has the file and the line."""


@dataclasses.dataclass(frozen=True)
class Entry:
    """One entry of the ignore file."""

    policy: str
    resource: str
    stack: str
    reason: str
    expires: datetime.date
    line: int

    def matches(self, finding: Finding, stack: str) -> bool:
        """Return whether this entry speaks of a finding. `resource` and `stack` may have `*` and `?`."""
        if self.policy not in (finding.policy, finding.id):
            return False
        if not fnmatch.fnmatchcase(stack, self.stack):
            return False
        names = (finding.resource or "", finding.urn or "")
        return self.resource == "*" or any(fnmatch.fnmatchcase(name, self.resource) for name in names)


def read_ignores(path: Path, today: datetime.date | None = None) -> tuple[Entry, ...]:
    """Read an ignore file.

    Raises:
        SuppressionFaults: all faults at once, each with its line.
    """
    today = today or datetime.date.today()
    try:
        document = read_document(path, path.name)
    except DocumentError as error:
        raise SuppressionFaults(str(error), Code.SYNTAX) from None
    data = document.data
    if data is None:
        return ()
    if not isinstance(data, dict) or set(data) != {"ignore"} or not isinstance(data["ignore"], list):
        raise SuppressionFaults(
            f"{path.name}:1: must be a mapping with one key, `ignore`, which is a list of entries", Code.POLICY
        )
    faults: list[tuple[int, str]] = []
    entries = [_entry(document, index, each, today, faults) for index, each in enumerate(data["ignore"])]
    if faults:
        raise SuppressionFaults(
            ProjectFault(f"{path.name}:{line}: {message}", Code.POLICY) for line, message in sorted(faults)
        )
    return tuple(each for each in entries if each is not None)


def _entry(
    document: Document, index: int, data: Any, today: datetime.date, faults: list[tuple[int, str]]
) -> Entry | None:
    from edgewright_policies import POLICIES
    from edgewright_policies.pack import hint

    line = document.line(("ignore", index))
    before = len(faults)

    def fault(key: str, message: str) -> None:
        faults.append((document.line(("ignore", index, key)), f"{key}: {message}"))

    if not isinstance(data, dict):
        faults.append((line, f"entry {data!r} must be a mapping with the keys {', '.join(_KEYS)}"))
        return None
    for key in data:
        if key not in _KEYS:
            fault(str(key), f"unknown key; allowed: {', '.join(_KEYS)}")
    texts = {}
    for key in ("policy", "resource", "stack", "reason"):
        value = data.get(key, "*" if key in ("resource", "stack") else None)
        if not isinstance(value, str) or not value.strip():
            missing = "is required" if key not in data else f"{value!r} is not a text"
            fault(key, f"{missing}; {_MEANING[key]}")
            value = ""
        texts[key] = value.strip()
    known = {each.name for each in POLICIES} | {each.meta.id for each in POLICIES}
    if texts["policy"] and texts["policy"] not in known:
        fault("policy", f"{texts['policy']!r} is no policy; {hint(texts['policy'])}")
    if texts["reason"] and len(texts["reason"]) < _LEAST_REASON:
        fault(
            "reason",
            f"{texts['reason']!r} is too short; say in at least {_LEAST_REASON} characters why this is all right",
        )
    expires = _expiry(data.get("expires"), "expires" in data, today, fault)
    if len(faults) > before or expires is None:
        return None
    return Entry(texts["policy"], texts["resource"], texts["stack"], texts["reason"], expires, line)


_MEANING = {
    "policy": "give a policy's name or id",
    "resource": "give a resource's name or URN, with `*` for any text",
    "stack": "give a stack's name, with `*` for any text",
    "reason": "say why this is all right",
}


def _expiry(value: Any, given: bool, today: datetime.date, fault: Any) -> datetime.date | None:
    last = today + datetime.timedelta(days=LONGEST_DAYS)
    if not given:
        fault("expires", f"is required; give the day until which this holds, as YYYY-MM-DD, {last} at the latest")
        return None
    try:
        day = datetime.date.fromisoformat(value) if isinstance(value, str) and len(value) == 10 else None
    except ValueError:
        day = None
    if day is None:
        fault("expires", f"{value!r} is not a day; write it as YYYY-MM-DD")
        return None
    if day > last:
        fault("expires", f"{day} is more than {LONGEST_DAYS} days away; give {last} at the latest, and look again then")
        return None
    return day


def apply_ignores(
    evaluation: Evaluation, entries: Iterable[Entry], today: datetime.date | None = None, shown: str = IGNORE_FILE
) -> Evaluation:
    """Return the evaluation with the findings that live entries answer for set aside.

    An entry past its day no longer holds, and one that matches nothing is of no use: both are warned about.
    """
    today = today or datetime.date.today()
    kept = list(evaluation.findings)
    suppressed: list[Suppressed] = []
    warnings: list[str] = []
    for entry in entries:
        if not fnmatch.fnmatchcase(evaluation.stack, entry.stack):
            continue
        matching = [each for each in kept if entry.matches(each, evaluation.stack)]
        if entry.expires < today:
            warnings.append(
                f"{shown}:{entry.line}: the entry for {entry.policy} expired on {entry.expires} and no longer holds;"
                f" {'mend what it hid' if matching else 'remove it'}"
            )
            continue
        if not matching:
            warnings.append(f"{shown}:{entry.line}: the entry for {entry.policy} matches no finding; remove it")
        suppressed += [Suppressed(each, "ignore", f"{entry.reason} (until {entry.expires})") for each in matching]
        kept = [each for each in kept if each not in matching]
    return dataclasses.replace(
        evaluation,
        findings=tuple(kept),
        suppressed=(*evaluation.suppressed, *suppressed),
        warnings=(*evaluation.warnings, *warnings),
    )


@dataclasses.dataclass(frozen=True)
class Baseline:
    """Findings that were there already: stack and fingerprint."""

    rows: frozenset[tuple[str, str]]

    def of(self, stack: str) -> frozenset[str]:
        """Return the fingerprints of one stack's findings."""
        return frozenset(fingerprint for name, fingerprint in self.rows if name == stack)


def write_baseline(path: Path, evaluations: Iterable[Evaluation]) -> int:
    """Write the findings of today as these stacks' baseline, and return how many there are.

    What the file says of other stacks stays.
    """
    evaluations = tuple(evaluations)
    stacks = {each.stack for each in evaluations}
    rows = {
        (evaluation.stack, each.fingerprint): {
            "stack": evaluation.stack,
            "fingerprint": each.fingerprint,
            "policy": each.policy,
            "urn": each.urn,
            "what": each.what,
        }
        for evaluation in evaluations
        for each in evaluation.findings
    }
    count = len(rows)
    try:
        kept = _baseline_rows(path)
    except SuppressionFaults:
        kept = []
    rows |= {(each["stack"], each["fingerprint"]): each for each in kept if each["stack"] not in stacks}
    text = json.dumps({"version": 1, "findings": [rows[key] for key in sorted(rows)]}, indent=2)
    path.write_text(text + "\n", encoding="utf-8")
    return count


def _baseline_rows(path: Path) -> list[dict[str, Any]]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SuppressionFaults(
            f"{path}: no such file; make one with --write-baseline {path}", Code.UNREADABLE
        ) from None
    except OSError as error:
        raise SuppressionFaults(f"{path}: cannot be read: {error.strerror}", Code.UNREADABLE) from None
    except (ValueError, RecursionError):
        raise SuppressionFaults(f"{path}: not JSON; make a new one with --write-baseline {path}", Code.SYNTAX) from None
    rows = data.get("findings") if isinstance(data, dict) and data.get("version") == 1 else None
    if not isinstance(rows, list) or not all(
        isinstance(each, dict) and isinstance(each.get("fingerprint"), str) and isinstance(each.get("stack"), str)
        for each in rows
    ):
        raise SuppressionFaults(
            f"{path}: not a baseline of version 1; make a new one with --write-baseline {path}", Code.SYNTAX
        )
    return rows


def read_baseline(path: Path) -> Baseline:
    """Return a baseline.

    Raises:
        SuppressionFaults: there is no such file, or it is not a baseline.
    """
    return Baseline(frozenset((each["stack"], each["fingerprint"]) for each in _baseline_rows(path)))


def apply_baseline(evaluation: Evaluation, baseline: Baseline, shown: str) -> Evaluation:
    """Return the evaluation with the findings that the baseline has set aside: only new ones are left."""
    fingerprints = baseline.of(evaluation.stack)
    known = tuple(each for each in evaluation.findings if each.fingerprint in fingerprints)
    gone = len(fingerprints - {each.fingerprint for each in known})
    warning = (
        f"{shown}: {gone} of its findings in {evaluation.stack} {'is' if gone == 1 else 'are'} no longer there;"
        f" write it again with --write-baseline {shown}"
    )
    return dataclasses.replace(
        evaluation,
        findings=tuple(each for each in evaluation.findings if each.fingerprint not in fingerprints),
        suppressed=(*evaluation.suppressed, *(Suppressed(each, "baseline", "was there already") for each in known)),
        warnings=(*evaluation.warnings, *((warning,) if gone else ())),
    )
