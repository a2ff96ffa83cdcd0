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
        "Rulesets are recorded and not applied: Cache Rules act on the zone's cache of what a Worker fetches, and workerd has"
        " no such cache, so that only the Worker's own decides what is stored; Transform Rules set no"
        " `Cloudflare-Workers-Version-Key`, which a client may send.",
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
        "service-version",
        "Workers service bindings",
        "A binding to a Worker with a gradual deployment always reaches the version with the largest share.",
    ),
    Gap(
        "shield-place",
        "Durable Objects as a cache's shield",
        "There is one place: `location` is recorded, and what is asked for takes no time between data centres. Storage is"
        " on this machine's disk, kept between starts.",
    ),
    Gap(
        "durable-object-version",
        "Durable Objects",
        "All objects of a class run in the version with the largest share, on SQLite storage. Which classes there are is known"
        " from this machine's own deployments: a class that an account has already is new here.",
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
    Gap(
        "aws-tls",
        "CloudFront TLS",
        "Plain HTTP/1.1 on loopback: no certificates, no HTTP/2 or HTTP/3. A viewer is taken to come by HTTPS unless"
        " the gateway says otherwise, so `redirect-to-https` does not loop.",
    ),
    Gap(
        "aws-protocols",
        "CloudFront protocols",
        "WebSockets, gRPC, Smooth Streaming and field-level encryption are not served.",
    ),
    Gap(
        "aws-waf",
        "AWS WAF",
        "Rules of a distribution's web ACL are applied where they are about rates, addresses, geography, or the method, path,"
        " query and single headers of a request; managed and other rule groups, labels, bodies, regex pattern sets and"
        " custom keys match nothing, and CAPTCHA, challenges and inserted headers do nothing. Rates are counted exactly;"
        " the real counts lag by seconds.",
    ),
    Gap(
        "aws-logs",
        "CloudFront logs and metrics",
        "Access logs, real-time logs, additional metrics and alarms are recorded and not produced; the local log and"
        " the counters stand for them.",
    ),
    Gap(
        "aws-signed-urls",
        "CloudFront signed URLs and cookies",
        "Signatures by the keys of a stack's key groups are verified. What accounts sign (`trustedSigners`, the older way)"
        " is refused, because an account's keys are not known here.",
    ),
    Gap(
        "aws-edge-locations",
        "CloudFront edge locations",
        "One location with one cache in memory, which a restart empties; no regional edge caches and no price"
        " classes. What is collapsed, is for the whole of it, as with Origin Shield.",
    ),
    Gap(
        "aws-object-size",
        "CloudFront object size",
        "Objects over 64 MiB are passed on and not stored; the real limit is 50 GB.",
    ),
    Gap(
        "aws-ranges",
        "CloudFront ranges",
        "The origin is asked for the range that the viewer asks for; the real one may ask for a larger one. One stored"
        " part of an object is kept, joined with the next where the two touch and have the same strong ETag; what the real"
        " one joins is not published. Of several ranges in one request none is cut from what is stored: the whole is"
        " the answer.",
    ),
    Gap(
        "aws-propagation",
        "CloudFront propagation",
        "Changes, invalidations, key-value updates and replicas of functions are there at once; the real ones take"
        " seconds to hours.",
    ),
    Gap(
        "aws-error-text",
        "CloudFront error pages",
        "Statuses are the documented ones. AWS does not publish the texts of its pages, so they follow pages that"
        " were seen; a failed validation names its reason more exactly. AWS does not say whether a custom error page"
        " stands in for the failure of a function either: here the failure is shown.",
    ),
    Gap(
        "aws-policy-detach",
        "CloudFront continuous deployment",
        "A distribution without `continuousDeploymentPolicyId` has no policy. The provider keeps the one that it had, and"
        " detaches it only where the value is empty (terraform-provider-aws#34511).",
    ),
    Gap(
        "aws-default-headers",
        "CloudFront origin requests",
        "Beside what policies name, Content-Type, Content-Length, Content-Encoding, Content-MD5, X-Forwarded-For,"
        " User-Agent, Via, Host and X-Amz-Cf-Id are sent; AWS documents only some of the defaults. Where a function on"
        " origin-request takes X-Forwarded-For away, it stays away; AWS does not say that it does.",
    ),
    Gap(
        "aws-viewer-headers",
        "CloudFront viewer headers",
        "Geography comes from one place a country, without regions, postal and metro codes; `CloudFront-Viewer-TLS` names"
        " one cipher for every viewer by HTTPS; the fingerprints JA3 and JA4 are absent.",
    ),
    Gap(
        "aws-device-headers",
        "CloudFront device headers",
        "Devices are told by common User-Agent tokens; AWS's own rules are not published.",
    ),
    Gap(
        "aws-collapse-cookies",
        "CloudFront request collapsing",
        "Requests of one key are collapsed, and stored objects validated with a 304, where no cookies are forwarded, as"
        " documented; a refresh behind `stale-while-revalidate` is one for all there too. One article of AWS says that a"
        " minimum TTL of 0 prevents collapsing, which the developer guide does not: it is not played, and a minimum above 0"
        " would store what is private.",
    ),
    Gap(
        "aws-function-engine",
        "CloudFront Functions runtime",
        "V8 without Node's globals, not CloudFront's own engine: syntax that it refuses is found by patterns, newer"
        " built-ins work here and not there, and Buffer and the string methods of runtime 1.0 are a subset.",
    ),
    Gap(
        "aws-function-time",
        "CloudFront Functions compute utilization",
        "A run is stopped after 1 s of wall time; the real limit is in CPU time, lower, and not published.",
    ),
    Gap(
        "aws-function-memory",
        "CloudFront Functions memory",
        "A function's thread may use 32 MB instead of 2 MB: an empty realm of V8 is larger than that.",
    ),
    Gap(
        "aws-function-helpers",
        "CloudFront Functions helpers",
        "`cf.kvs()` is there; origin modification, CWT, tenant and general helper methods are not.",
    ),
    Gap(
        "aws-lambda-runtime",
        "Lambda@Edge runtimes",
        "Functions run on the Node.js or the Python of this machine whatever version `runtime` says (those past their end are"
        " refused, as AWS does), without the AWS SDK"
        " unless the package has it.",
    ),
    Gap(
        "aws-lambda-limits",
        "Lambda@Edge limits",
        "Time is limited as declared; memory of JavaScript on its heap, and outside of it once the gateway's whole process has grown by"
        " 256 MB more, of Python where the system can; a version has"
        " at most 8 environments and no account-wide concurrency.",
    ),
    Gap(
        "aws-lambda-role",
        "Lambda@Edge execution role",
        "The role is not assumed: a function has no AWS credentials, and reaches what this machine reaches.",
    ),
    Gap(
        "aws-lambda-other",
        "AWS Lambda",
        "A function that no distribution associates is recorded and not run. Nothing outlives its stack: that a `functionName`"
        " stays taken after the stack is destroyed, and is answered with 409 then, does not show.",
    ),
    Gap(
        "aws-account",
        "AWS accounts and regions",
        "The account is 123456789012, what names no region is in us-east-1 whatever its provider says, and data"
        " functions answer for both; ids and ARNs follow from names.",
    ),
    Gap(
        "aws-metadata",
        "AWS descriptions and tags",
        "Descriptions, comments and tags are recorded: consoles, bills and policies show them, and nothing that runs does.",
    ),
    Gap(
        "aws-iam",
        "AWS IAM",
        "Permissions are recorded and not enforced; of the policies of buckets, what decides about distributions is.",
    ),
    Gap(
        "aws-dns",
        "Amazon Route 53",
        "Zones, records and health checks are accepted and not served. The gateway answers to each alias on 127.0.0.1"
        " by its Host header.",
    ),
    Gap(
        "aws-origin-dns",
        "CloudFront origin DNS",
        "DNS is asked for what is really connected to alone. Before a function on origin-request runs, names of the stack's"
        " buckets and of local addresses are there, names under `.invalid`, `.example` and `.test` are not (RFC 6761), and"
        " every other one is taken to be, so that a machine without a network behaves the same.",
    ),
    Gap(
        "aws-loopback",
        "CloudFront origins",
        "An origin may be at 127.0.0.1 and its like; the real one takes DNS names only.",
    ),
    Gap(
        "aws-s3",
        "S3 origins",
        "GET and HEAD of current objects, at the REST and the website endpoint, with access by the bucket's policy, where a"
        " statement about part of a bucket grants nothing; settings of buckets are recorded; no versions, SSE-KMS or"
        " signatures.",
    ),
    Gap(
        "aws-sticky-cookie",
        "CloudFront continuous deployment",
        "The cookie of a sticky session has a name and content of our own; AWS does not publish its.",
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
