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
        "One cache for all colos, emptied at each start; it ignores Vary. Timings are those of a simulator: compare"
        " ratios, never absolute times.",
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
    Gap(
        "workers-cache",
        "Workers Cache",
        "A version with `cache_options.enabled` is refused: nothing caches in front of a Worker here. The engine"
        " `worker` of a CachePolicy does the same work inside it.",
    ),
    Gap(
        "compatibility-date",
        "Workers compatibility dates",
        "A date that the installed workerd does not know yet is lowered to the newest that it knows, with a warning.",
    ),
    Gap(
        "cf-fields",
        "Cloudflare request.cf",
        "Geography, colo, protocol and a private AS number are there; bot scores, TLS details and whatever else needs"
        " the real network are absent or empty.",
    ),
    Gap(
        "geo-representative",
        "Cloudflare geolocation",
        "A country stands for its clients: one city, time zone and data centre each, chosen by `X-Local-Country` and not"
        " looked up by address.",
    ),
    Gap(
        "local-host",
        "Cloudflare hostnames",
        "A Worker sees its own host without the local port, whatever name the client used for loopback; redirects to"
        " that host are led back to the client's, absolute links in bodies are not.",
    ),
    Gap(
        "route-scheme",
        "Workers routes",
        "The scheme of a pattern is not looked at, because everything is plain HTTP here.",
    ),
    Gap(
        "accept-encoding",
        "Cloudflare compression",
        "The edge neither rewrites Accept-Encoding nor compresses answers.",
    ),
    Gap(
        "request-limits",
        "Workers limits",
        "URL and header sizes are enforced; sizes of bodies, memory, subrequests and start-up time are not.",
    ),
    Gap(
        "error-pages",
        "Cloudflare error pages",
        "A Worker that throws is answered with workerd's plain 500, not with the page of error 1101; the log has the"
        " stack.",
    ),
    Gap(
        "origin-errors",
        "Cloudflare fetch",
        "An origin that cannot be reached makes `fetch` reject, as in workerd; the network answers 521 to 530 for it.",
    ),
    Gap(
        "chunked-truncation",
        "Workers streaming",
        "When the body of an answer of unknown length fails half-way, workerd ends it as if it were whole; the network"
        " cuts the connection.",
    ),
    Gap(
        "inner-fetch",
        "Workers fetch to own hosts",
        "A fetch to a custom domain of the stack stays on this machine; one to a host of a route goes to the real"
        " network.",
    ),
    Gap(
        "service-version",
        "Workers service bindings",
        "A binding to a Worker with a gradual deployment always reaches the version with the largest share.",
    ),
    Gap(
        "durable-object-version",
        "Durable Objects",
        "All objects of a class run in the version with the largest share, on SQLite storage; there are no migrations.",
    ),
    Gap(
        "websocket-reload",
        "Workers WebSockets",
        "Every deployment closes open WebSockets; the real one closes those of Durable Objects only.",
    ),
    Gap(
        "queue-consumers",
        "Cloudflare Queues",
        "Messages are accepted and dropped: no consumer runs.",
    ),
    Gap(
        "kv-namespace-removed",
        "Workers KV",
        "The data of a namespace that is no longer declared is kept on disk, and is there again when the namespace comes"
        " back.",
    ),
    Gap(
        "version-metadata",
        "Workers version metadata",
        "The time stamp of a version is always 1970-01-01T00:00:00Z, and its tag is empty.",
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
