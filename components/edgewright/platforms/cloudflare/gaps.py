"""What the local cloud does not do as Cloudflare does."""

from edgewright.platforms.cloudflare import bindings
from edgewright.platforms.gap import Gap

GAPS: tuple[Gap, ...] = (
    Gap(
        "cache-rules",
        "Cloudflare Cache Rules",
        "Rulesets are recorded and not applied, but for those that change request headers (`transform-rules`): Cache Rules act"
        " on the zone's cache of what a Worker fetches, and workerd has no such cache, so that only the Worker's own decides what"
        " is stored. An origin in another Cloudflare zone follows that zone's rules, which no stack knows.",
    ),
    Gap(
        "transform-rules",
        "Cloudflare Transform Rules",
        "Rules of the phase `http_request_late_transform` change the headers of requests to the zone's hosts, also"
        " `Cloudflare-Workers-Version-Key`, where their expressions are of comparisons, `and`, `or`, `not`, `len`, `lower`,"
        " `starts_with`, `ends_with` and `to_string` over host, method, URI, cookies, headers, address and country. What else"
        " one uses is told in the log, and the rule does nothing; rules that rewrite URLs or the headers of answers are recorded"
        " and not applied. Plans are not known here: the field of cookies needs Pro.",
    ),
    Gap(
        "tiered-cache",
        "Cloudflare Tiered Cache",
        "Recorded and not applied: it acts between data centres, on the zone's cache of what a Worker fetches; here is one data"
        " centre, and workerd has no such cache.",
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
        "kv-jurisdiction",
        "Workers KV",
        "Jurisdictions are recorded: data are on this machine, wherever they must be.",
    ),
    Gap(
        "account",
        "Cloudflare accounts",
        "Accounts are recorded: everything of a stack runs on this machine, whichever account it is of.",
    ),
    Gap(
        "cpu-limit",
        "Workers CPU time",
        "All Workers of a stack share one runtime, so a request that goes over `limits.cpu_ms` (30 s where it is not set) or"
        " over memory ends the whole runtime, which starts again; GET and HEAD requests of others are sent anew. It is ended"
        " 1 s of CPU time past the limit, because stores are played in the same process; of several requests that share the"
        " runtime without ever keeping it to themselves none is measured. Which one it was is told from when each came.",
    ),
    Gap(
        "zone-settings",
        "Cloudflare zone settings",
        "Zone settings are recorded and not applied. URLs come to a Worker as clients send them; a zone normalises them"
        " first, unless it is told not to.",
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
        "worker-tags",
        "Workers tags",
        "Recorded and not applied: tags are for those who look for a Worker in the account, and no request sees them.",
    ),
    Gap(
        "r2-jurisdiction",
        "R2 jurisdictions",
        "A bucket's `jurisdiction` is part of its name, as on the platform; its data are on this machine's disk, wherever they must"
        " be.",
    ),
    Gap(
        "observability",
        "Workers observability",
        "Logs go to the local log, whatever the sampling rate; tail consumers get nothing.",
    ),
    Gap(
        "placement",
        "Workers Smart Placement",
        "Recorded and not applied: there is one place, so that nothing moves: neither the function nor what is of the place"
        " where it runs (Cache API, memory, rate limits' counters).",
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
        "purge",
        "edgewright purge",
        "Every function with a cache takes purges here. A deployed one does where KV or a shield carries them, or a"
        " cache stands in front; without any of them the zone's purge of tags and of everything empties its edge tier, where"
        " it has a zone and by Cloudflare's documentation, and the rest stays until it expires.",
    ),
    Gap(
        "workers-cache",
        "Workers Cache",
        "The portable cache core plays it, by its documentation: one place without tiers, in the gateway's memory and"
        " emptied at each start, objects of at most 32 MiB. Calls by `ctx.exports` and service bindings go by it, so"
        " `exports` with `cache`, `ctx.props` and `cf.cacheKey` do nothing; Cache Deception Armor does not act; a purge by"
        " path matches whole segments, is not rate-limited, and reaches every version; what `invalidate` made stale is"
        " served once more while it is fetched anew. A function behind it never sees `Range`, as documented; what clients get"
        " of an answer that is not stored is not documented: here ranges are cut from it and its validators answered, as from"
        " one that is stored, and where it is known not to be stored `If-None-Match` and `If-Modified-Since` reach the"
        " function.",
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
        "URL and header sizes are enforced; sizes of bodies and subrequests are not. Memory is that of the whole runtime: 128 MB"
        " for each Worker beside what the runtime and its stores take. Loading may take 15 s of CPU time, there 1 s.",
    ),
    Gap(
        "error-pages",
        "Cloudflare error pages",
        "A Worker that throws is answered with workerd's plain 500, not with the page of error 1101; the log has the"
        " stack. One that goes over a limit is answered with a problem document that names error 1102, not with its page.",
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
        " cuts the connection. Where Workers Cache stands in front, it is cut here too, and not stored, but for what the"
        " function compressed itself.",
    ),
    Gap(
        "inner-fetch",
        "Workers fetch to own hosts",
        "A fetch to a custom domain of the stack stays on this machine; one to a host of a route goes to the real"
        " network.",
    ),
    Gap(
        "shield-place",
        "Durable Objects as a cache's shield",
        "There is one place: `location` is recorded, and what is asked for takes no time between data centres. Storage is"
        " on this machine's disk, kept between starts.",
    ),
    Gap(
        "websocket-reload",
        "Workers WebSockets",
        "Every deployment closes open WebSockets; the real one closes those of Durable Objects only.",
    ),
    Gap(
        "kv-namespace-removed",
        "Workers KV",
        "The data of a namespace that is no longer declared is kept on disk, and is there again when the namespace comes"
        " back.",
    ),
    *bindings.GAPS,
)
