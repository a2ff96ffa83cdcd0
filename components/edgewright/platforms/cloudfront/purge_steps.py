"""How what is on CloudFront is purged: by invalidations."""

from collections.abc import Mapping, Sequence
from typing import Any

from edgewright.contract.purge import Purge
from edgewright.platforms.cloudfront.purge import CloudFront, batches, check_soft, items
from edgewright.platforms.purging import Doer, Function, Step, Steps, Work


def check(purge: Purge, functions: Sequence[Function]) -> None:
    """Refuse a soft purge of what is on a distribution."""
    check_soft(purge, {each.distribution: each.hosts for each in functions if each.distribution is not None})


def check_local(purge: Purge, hosts: Mapping[str, Sequence[str]]) -> None:
    """The same for distributions that run here."""
    check_soft(purge, hosts)


def steps(purge: Purge, functions: Sequence[Function]) -> Steps:
    """Return the invalidations of each function's distributions."""
    found = Steps()
    for function in functions:
        if function.distribution is not None:
            found.last += _invalidations(function, function.distribution, purge, found.notes)
        if function.staging is not None:
            found.last += _invalidations(function, function.staging, purge, [])
    return found


def doer(_steps: Sequence[Step], work: Work) -> Doer:
    """Return who makes the invalidations. Credentials are asked for at the first."""
    return _Doer(work)


def arrival_s(_kinds: set[str]) -> int | None:
    """Return None: AWS says when an invalidation is done."""
    return None


def _invalidations(function: Function, distribution: str, purge: Purge, notes: list[str]) -> list[Step]:
    where = f"distribution {distribution}"
    found = items(purge, function.hosts)
    if not found:
        notes.append(f"{where}: none of the URLs and prefixes is on one of its hosts, {', '.join(function.hosts)}")
    return [
        Step(f"{where} {index}", "invalidation", f"{where}: {_count(part)}", function, distribution, purge, part)
        for index, part in enumerate(batches(found))
    ]


def _count(part: Sequence[str]) -> str:
    tags = sum(item.startswith("#") for item in part)
    paths = len(part) - tags
    counts = [(paths, "path", "paths"), (tags, "tag", "tags")]
    return ", ".join(f"{count} {one if count == 1 else many}" for count, one, many in counts if count)


class _Doer:
    def __init__(self, work: Work) -> None:
        self._began_ms = int(work.began_s * 1000)
        self._api = CloudFront()
        self.waited: list[float] = []

    def do(self, step: Step) -> dict[str, Any] | None:
        # The purge's own time keys it: a step that was interrupted makes no second invalidation when it is done again.
        return {"invalidation": self._api.invalidate(step.target, step.items, f"{self._began_ms} {step.id}")}

    def close(self) -> None:
        """Each invalidation has a client of its own."""
