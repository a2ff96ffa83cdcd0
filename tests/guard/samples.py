"""Findings to report on."""

from edgewright.guard import Evaluation, Finding
from edgewright.guard.findings import Location, Suppressed

PLACE = Location("stacks/compose.py", 12)


def finding(
    number: int = 1,
    *,
    policy: str = "kv-value-size",
    id: str = "EW201",
    family: str = "storage",
    severity: str = "high",
    level: str = "mandatory",
    what: str = "value",
    value: str = "26,214,401 B",
    allowed: str = "at most 25 MiB",
    remediation: str = "Put it into R2.",
    source: Location | None = PLACE,
    resource: str | None = "product",
) -> Finding:
    urn = f"urn:pulumi:dev::shop::cloudflare:index/workersKv:WorkersKv::{resource}-{number}" if resource else None
    return Finding(
        policy=policy,
        id=id,
        family=family,
        severity=severity,  # type: ignore[arg-type]
        level=level,  # type: ignore[arg-type]
        title="A key-value store's value fits its limit",
        what=what,
        value=value,
        allowed=allowed,
        remediation=remediation,
        url="https://developers.cloudflare.com/kv/platform/limits/",
        urn=urn,
        resource_type="cloudflare:index/workersKv:WorkersKv" if resource else None,
        resource=f"{resource}-{number}" if resource else None,
        source=source,
    )


ADVISORY = finding(
    2, policy="jitter-missing", id="EW111", family="caching", severity="low", level="advisory", what="jitter",
    value="not set", allowed="a range", source=None,
)  # fmt: skip
STACK_WIDE = finding(
    3,
    policy="alarm-missing",
    id="EW802",
    family="operations",
    severity="low",
    level="advisory",
    resource=None,
    source=None,
)


def evaluation(*findings: Finding, **changes: object) -> Evaluation:
    fields: dict[str, object] = {
        "project": "shop",
        "stack": "dev",
        "findings": findings,
        "policies": 60,
        "resources": 12,
        "skipped": {"kv-key-size": 2},
        "suppressed": (Suppressed(finding(9), "ignore", "seeded by hand until the migration (until 2027-01-01)"),),
        "warnings": ("1 limit was read more than 180 days ago",),
    }
    return Evaluation(**{**fields, **changes})  # type: ignore[arg-type]
