"""What the local cloud does not do as CloudFront and what stands around it do."""

from edgewright.platforms.gap import Gap

GAPS: tuple[Gap, ...] = (
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
