"""What the local cloud does not do as the real one does. One list: docs, commands and tests read it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Gap:
    """One difference between a product and its local stand-in."""

    id: str
    product: str
    """The product's own name."""
    difference: str
    """What is different here, in one or two sentences."""


GAPS: tuple[Gap, ...] = (
    Gap(
        "cache-rules",
        "Cloudflare Cache Rules",
        "Rulesets are recorded and not applied: there is no CDN in front of the Worker, so only the Worker's own cache"
        " decides what is stored.",
    ),
    Gap(
        "tiered-cache",
        "Cloudflare Tiered Cache",
        "Recorded and not applied: there is one data centre, so there are no tiers of data centres.",
    ),
    Gap(
        "cf-fetch-options",
        "Cloudflare fetch cache options",
        "`fetch(..., {cf: {cacheTtl}})` never caches: workerd has no CDN tier.",
    ),
    Gap(
        "cache-api",
        "Workers Cache API",
        "One cache for all colos, which outlives neither the local cloud nor, on purpose, a `--fresh` start; it ignores"
        " Vary. Timings are those of a simulator: compare ratios, never absolute times.",
    ),
    Gap(
        "kv-consistency",
        "Workers KV",
        "A write is visible at once; the real one may take 60 s or more, and limits writes to one a second and key.",
    ),
    Gap(
        "cpu-limit",
        "Workers CPU time",
        "`limits.cpu_ms` is recorded and not enforced.",
    ),
    Gap(
        "zone-settings",
        "Cloudflare zone settings",
        "Zone settings are recorded and not applied.",
    ),
    Gap(
        "dns",
        "Cloudflare DNS",
        "Records are accepted and not served. The gateway answers to each hostname on 127.0.0.1 by its Host header.",
    ),
    Gap(
        "tls",
        "Cloudflare TLS",
        "Plain HTTP on loopback: no certificates, no HTTP/2 or HTTP/3.",
    ),
    Gap(
        "cron",
        "Workers Cron Triggers",
        "Schedules are recorded and do not fire.",
    ),
    Gap(
        "observability",
        "Workers observability",
        "Logs go to the local log, whatever the sampling rate; tail consumers get nothing.",
    ),
    Gap(
        "placement",
        "Workers Smart Placement",
        "Recorded and not applied: there is one place.",
    ),
    Gap(
        "rate-limit",
        "Workers rate limiting",
        "One counter for the whole machine; the real one counts in each data centre.",
    ),
    Gap(
        "workers-dev",
        "workers.dev",
        "The account's subdomain is not known: `<worker>.local.workers.dev` stands for it.",
    ),
    Gap(
        "server-times",
        "Cloudflare API",
        "Fields that the API dates (`createdOn`, `modifiedOn`) are always 1970-01-01T00:00:00Z, and ids are made of"
        " names, so that a second run gives the same.",
    ),
    Gap(
        "reads",
        "Cloudflare API",
        "Looking up what the stack did not make (`Type.get`) gives the id and what the program says of it, and no more;"
        " functions such as `getZone` are refused.",
    ),
)

GAP_IDS = frozenset(gap.id for gap in GAPS)


def gap(identity: str) -> Gap:
    """Return the gap of this id.

    Raises:
        KeyError: there is none.
    """
    for found in GAPS:
        if found.id == identity:
            return found
    raise KeyError(identity)


def markdown() -> str:
    """Return the list as the documentation shows it."""
    lines = ["| id | product | what is different locally |", "| --- | --- | --- |"]
    lines += [f"| `{item.id}` | {item.product} | {item.difference} |" for item in GAPS]
    return "\n".join(lines) + "\n"
