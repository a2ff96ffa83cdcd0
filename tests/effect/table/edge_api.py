"""Rows of an EdgeApi's own arguments: where it is, how it is deployed, what only one platform has."""

import re
from collections.abc import Callable
from typing import Any

import pulumi_aws as aws

from tests.components.program import Run
from tests.effect.edge import Edge
from tests.effect.given import ACCOUNT, STABLE, ZONE, Given, Kit, Later, given, named, policy
from tests.effect.identity import tokens
from tests.effect.rows import BOTH, CLOUDFLARE, CLOUDFRONT, Effect, Judged, Recorded, Refused, Row
from tests.effect.sees import header, status, told

BASE = given()
ECHO = {"handler": "echo.js"}
IN_ZONE: dict[str, Any] = {"zone_id": ZONE, "zone_name": "example.com"}
OTHER_ZONE = "0" * 31 + "1"
OTHER_ACCOUNT = "1" * 32


def reads(kind: str, *keys: Any) -> Callable[[Run], object]:
    """Return what reads an input of the only resource of a kind; None where there is no such resource."""

    def read(run: Run) -> object:
        found = run.of(kind)
        if not found:
            return None
        value: Any = found[0].inputs
        for key in keys:
            value = None if value is None else value.get(key)
        return value

    return read


def count(kind: str) -> Callable[[Run], object]:
    return lambda run: len(run.of(kind))


def only_on_cloudflare(argument: str, value: Any, instead: str) -> Row:
    return Refused(
        f"EdgeApi.{argument}",
        CLOUDFRONT,
        given(**{argument: value}),
        f"{argument}: is of use to host 'cloudflare' only",
        instead,
    )


def only_on_cloudfront(argument: str, value: Any, *parts: str) -> tuple[Row, ...]:
    """Return the rows of an argument that Cloudflare refuses, and of what is in it."""
    program = given(**{argument: value})
    says = f"{argument}: is of use to host 'cloudfront' only"
    return tuple(
        Refused(f"EdgeApi.{argument}{part}", CLOUDFLARE, program, says, "Leave it out") for part in ("", *parts)
    )


def at(host: str) -> Callable[[Edge], object]:
    """The status at a hostname with the program's name in it."""
    return lambda edge: edge.ask(at=host.format(edge.name)).status_code


def versions(edge: Edge) -> object:
    """The versions that three hundred requests reach, each drawn anew."""
    return {edge.ask().json()["env"]["VERSION"] for _ in range(300)}


def version(**headers: Any) -> Callable[[Edge], object]:
    return lambda edge: edge.ask(**headers).json()["env"]["VERSION"]


def rolled(**rollout: Any) -> Given:
    """A program that was deployed before as version `old`."""
    return given(
        endpoint=ECHO,
        vars={"VERSION": "new"},
        rollout=rollout,
        before=given(endpoint=ECHO, vars={"VERSION": "old"}, rollout={"percentage": 100}),
    )


def rolled_in_zone(zone: int, **rollout: Any) -> Given:
    """The same at a hostname in a zone."""
    place: dict[str, Any] = {"zone_id": f"{zone:032x}", "hostname": named("{}.example.com")}
    return given(
        endpoint=ECHO,
        vars={"VERSION": "new"},
        rollout=rollout,
        **place,
        before=given(endpoint=ECHO, vars={"VERSION": "old"}, rollout={"percentage": 100}, **place),
    )


def staged(**header: str) -> Given:
    return rolled(header={"name": "aws-cf-cd-try", "value": "yes", **header}, previous_version_id=STABLE)


def sticky(**session: int) -> Given:
    return rolled(percentage=15, previous_version_id=STABLE, session={"idle": 300, "longest": 600, **session})


def drawn(zone: int, **rollout: Any) -> Given:
    """A program that gives half of the requests the new version, in a zone of its own: of some rulesets a zone has one."""
    return rolled_in_zone(zone, percentage=50, previous_version_id=STABLE, **rollout)


def kept(zone: int, **by: Any) -> Given:
    """The same where clients keep their version."""
    return drawn(zone, sticky=by)


def of_an_address(edge: Edge) -> object:
    """How many versions one address gets, whatever else it says."""
    ip = f"198.51.100.{edge.number()}"
    return len({version(ip=ip, cloudflare_workers_version_key=str(number))(edge) for number in range(40)})


def of_a_cookie(name: str) -> Callable[[Edge], object]:
    """How many versions clients with one value of a cookie get."""
    return lambda edge: len({version(cookie=f"a=b; {name}=one")(edge) for _ in range(40)})


def cookie_lasts(edge: Edge) -> object:
    """For how many seconds a viewer keeps the version, if nothing else is asked."""
    set_cookie = edge.ask().headers.get("set-cookie", "")
    return set_cookie.partition("Max-Age=")[2].partition(";")[0] or None


def left_after_400_s(edge: Edge) -> object:
    """For how many seconds a viewer keeps the version that it got 400 s ago, as the next of 200 and 300."""
    name, _, value = edge.ask().headers["set-cookie"].partition(";")[0].partition("=")
    policy, side, started, seen = value.split(".")
    older = f"{name}={policy}.{side}.{int(started) - 400}.{seen}"
    left = int(edge.ask(cookie=older).headers["set-cookie"].partition("Max-Age=")[2].partition(";")[0])
    return next(step for step in (200, 300) if left <= step)


def assets(**parts: Any) -> Given:
    return given(assets=[{"path": "/site/*", "directory": "site", **parts}])


def open_within(**parts: Any) -> Given:
    """Files within what an endpoint with `auth` covers."""
    return given(endpoint={"auth": tokens()}, assets=[{"path": "/x/open/*", "directory": "site", **parts}])


def redirects(**parts: Any) -> Given:
    return given(redirects=[{"path": "/old/*", "to": "/new/*", **parts}])


def location(path: str) -> Callable[[Edge], object]:
    def see(edge: Edge) -> object:
        answer = edge.ask(path)
        return answer.status_code, answer.headers.get("location")

    return see


def experiment(**parts: Any) -> Given:
    whole = {"cookie": "ab", "variants": {"a": 1, "b": 1}, "paths": ["/x/*"], **parts}
    return given(endpoint=ECHO, more=({"path": "/y/*", **ECHO},), experiments=[whole])


def assigned(path: str = "/x/1") -> Callable[[Edge], object]:
    """The name and life of the cookies that a viewer is given."""

    def see(edge: Edge) -> object:
        set_cookie = edge.ask(path).headers.get("set-cookie")
        if set_cookie is None:
            return None
        return set_cookie.partition("=")[0], set_cookie.lower().partition("max-age=")[2].partition(";")[0]

    return see


def variants(edge: Edge) -> object:
    """The variants that a hundred viewers are given."""
    found = set()
    for number in range(100):
        set_cookie = edge.ask(ip=f"203.0.113.{number}").headers.get("set-cookie") or ""
        found.add(set_cookie.partition("=")[2].partition(";")[0])
    return found


def web_acl(kit: Kit) -> Any:
    """The ARN of a web ACL of the program's own, which lets nobody in."""
    block: Any = {"block": {}}
    visible: Any = {"cloudwatch_metrics_enabled": False, "metric_name": "none", "sampled_requests_enabled": False}
    acl = aws.wafv2.WebAcl(
        f"{kit.name}-acl",
        scope="CLOUDFRONT",
        region="us-east-1",
        default_action=block,
        visibility_config=visible,
    )
    return acl.arn


def ruled(**parts: Any) -> Given:
    """An API whose zone has a rule for what its one endpoint fetches."""
    return given(
        **{**IN_ZONE, "hostname": "shop.example.com", "cache": {"edge_ttl": 7200}, "cache_rules": True, **parts}
    )


def rule(run: Run) -> object:
    """The host that the zone's rule for the one endpoint is for, and what it keeps of what the function fetches there."""
    if not run.of("Ruleset"):
        return None
    endpoint, _credentials = run.one("Ruleset").inputs["rules"]
    hosts = re.findall(r'http\.host eq "([^"]*)"', endpoint["expression"])
    return *hosts, endpoint["actionParameters"]["edgeTtl"]["mode"]


PROBE = {"handler": "probe.js"}
CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/12345678-1234-1234-1234-123456789012"
WORKER_NAME = "{}-own"

ROWS: tuple[Row, ...] = (
    # --- where it is -------------------------------------------------------------------------------------------------
    Effect(
        "EdgeApi.host",
        CLOUDFLARE,
        BASE,
        given(host="cloudfront", account_id=None),
        lambda edge: "x-amz-cf-id" in edge.ask().headers,
        (False, True),
    ),
    Effect(
        "EdgeApi.host",
        CLOUDFRONT,
        BASE,
        given(host="cloudflare", account_id=ACCOUNT),
        lambda edge: "x-amz-cf-id" in edge.ask().headers,
        (True, False),
    ),
    Recorded(
        "EdgeApi.cloudflare.account_id",
        CLOUDFLARE,
        BASE,
        given(account_id=OTHER_ACCOUNT),
        reads("Worker", "accountId"),
        (ACCOUNT, OTHER_ACCOUNT),
        "account",
        "Everything of a stack runs on this machine, whichever account it is of.",
    ),
    Effect(
        "EdgeApi.script_name",
        CLOUDFLARE,
        BASE,
        given(script_name=named(WORKER_NAME)),
        at(f"{WORKER_NAME}.local.workers.dev"),
        (404, 200),
    ),
    only_on_cloudflare("script_name", "mine", "Pulumi names the function"),
    Recorded(
        "EdgeApi.cloudflare.zone_id",
        CLOUDFLARE,
        given(**IN_ZONE, hostname="shop.example.com"),
        given(zone_id=OTHER_ZONE, zone_name="example.com", hostname="shop.example.com"),
        reads("WorkersCustomDomain", "zoneId"),
        (ZONE, OTHER_ZONE),
        "zone-settings",
        "A hostname answers here whichever zone it is of.",
    ),
    Refused(
        "EdgeApi.cloudflare.zone_id",
        CLOUDFLARE,
        given(zone_id=ZONE),
        "cloudflare.zone_id: has no effect without `hostname` or `routes`",
        "Give a `hostname` or `routes` of the zone",
        note="alone",
    ),
    Refused(
        "EdgeApi.cloudflare.zone_name",
        CLOUDFLARE,
        given(**IN_ZONE, hostname="shop.example.org"),
        "hostname: 'shop.example.org' is outside the zone example.com",
        "example.com, or a name under it",
    ),
    Refused(
        "EdgeApi.cloudflare.zone_name",
        CLOUDFLARE,
        given(zone_name="example.com"),
        "cloudflare.zone_name: has no effect without `hostname` or `routes`",
        "Give a `hostname` or `routes` of the zone",
        note="alone",
    ),
    Effect(
        "EdgeApi.hostname",
        CLOUDFLARE,
        BASE,
        given(zone_id=ZONE, hostname=named("{}.example.com")),
        at("{}.example.com"),
        (404, 200),
    ),
    Effect(
        "EdgeApi.hostname",
        CLOUDFRONT,
        BASE,
        given(hostname=named("{}.example.com"), certificate_arn=CERTIFICATE),
        at("{}.example.com"),
        (404, 200),
    ),
    Effect(
        "EdgeApi.cloudflare.routes",
        CLOUDFLARE,
        BASE,
        given(zone_id=ZONE, routes=[named("{}-route.example.com/x/*")]),
        at("{}-route.example.com"),
        (404, 200),
    ),
    Effect(
        "EdgeApi.cloudflare.workers_dev",
        CLOUDFLARE,
        given(zone_id=ZONE, hostname=named("{}-w.example.com")),
        given(zone_id=ZONE, hostname=named("{}-w.example.com"), workers_dev=True),
        at("{}-api-dev.local.workers.dev"),
        (404, 200),
    ),
    Recorded(
        "EdgeApi.cloudfront.certificate_arn",
        CLOUDFRONT,
        given(hostname="shop.example.com", hosted_zone_id="Z1"),
        given(hostname="shop.example.com", certificate_arn=CERTIFICATE),
        lambda run: reads("Distribution", "viewerCertificate", "acmCertificateArn")(run) == CERTIFICATE,
        (False, True),
        "aws-tls",
        "Nothing is encrypted on loopback, so no certificate is shown.",
    ),
    Recorded(
        "EdgeApi.cloudfront.hosted_zone_id",
        CLOUDFRONT,
        given(hostname="shop.example.com", certificate_arn=CERTIFICATE),
        given(hostname="shop.example.com", certificate_arn=CERTIFICATE, hosted_zone_id="Z1"),
        reads("Record", "zoneId"),
        (None, "Z1"),
        "aws-dns",
        "Records are not served here.",
    ),
    # --- how a version is rolled out ---------------------------------------------------------------------------------
    Effect(
        "EdgeApi.rollout",
        CLOUDFLARE,
        rolled(percentage=100),
        rolled(percentage=50, previous_version_id=STABLE),
        versions,
        ({"new"}, {"new", "old"}),
    ),
    Effect(
        "EdgeApi.rollout.percentage",
        CLOUDFLARE,
        rolled(percentage=100, previous_version_id=STABLE),
        rolled(percentage=50, previous_version_id=STABLE),
        versions,
        ({"new"}, {"new", "old"}),
    ),
    Refused(
        "EdgeApi.rollout.previous_version_id",
        CLOUDFLARE,
        given(rollout={"percentage": 50}),
        "rollout.previous_version_id: is required while the new version gets 50 %",
        "`stable_version_id`",
        note="missing",
    ),
    Effect(
        "EdgeApi.rollout.previous_version_id",
        CLOUDFLARE,
        rolled(percentage=100),
        rolled(percentage=50, previous_version_id=STABLE),
        versions,
        ({"new"}, {"new", "old"}),
    ),
    Effect(
        "EdgeApi.rollout",
        CLOUDFRONT,
        rolled(percentage=100),
        rolled(percentage=15, previous_version_id=STABLE),
        versions,
        ({"new"}, {"new", "old"}),
    ),
    Effect(
        "EdgeApi.rollout.percentage",
        CLOUDFRONT,
        rolled(percentage=100, previous_version_id=STABLE),
        rolled(percentage=15, previous_version_id=STABLE),
        versions,
        ({"new"}, {"new", "old"}),
    ),
    Effect(
        "EdgeApi.rollout.previous_version_id", CLOUDFRONT, rolled(percentage=100), staged(), version(), ("new", "old")
    ),
    Effect(
        "EdgeApi.rollout.header",
        CLOUDFRONT,
        rolled(percentage=100),
        staged(),
        lambda edge: (version()(edge), version(aws_cf_cd_try="yes")(edge)),
        (("new", "new"), ("old", "new")),
    ),
    Effect(
        "EdgeApi.rollout.header.name",
        CLOUDFRONT,
        staged(),
        staged(name="aws-cf-cd-other"),
        version(aws_cf_cd_other="yes"),
        ("old", "new"),
    ),
    Effect(
        "EdgeApi.rollout.header.value",
        CLOUDFRONT,
        staged(),
        staged(value="please"),
        version(aws_cf_cd_try="please"),
        ("old", "new"),
    ),
    Effect(
        "EdgeApi.rollout.session",
        CLOUDFRONT,
        rolled(percentage=15, previous_version_id=STABLE),
        sticky(),
        cookie_lasts,
        (None, "300"),
    ),
    Effect("EdgeApi.rollout.session.idle", CLOUDFRONT, sticky(), sticky(idle=400), cookie_lasts, ("300", "400")),
    Effect("EdgeApi.rollout.session.longest", CLOUDFRONT, sticky(), sticky(longest=900), left_after_400_s, (200, 300)),
    *(
        Refused(
            f"EdgeApi.rollout.{part}",
            CLOUDFLARE,
            given(rollout={"header": {"name": "aws-cf-cd-try", "value": "yes"}}),
            "rollout.header: is of use to host 'cloudfront' only",
            "Use `percentage`",
        )
        for part in ("header", "header.name", "header.value")
    ),
    *(
        Refused(
            f"EdgeApi.rollout.{part}",
            CLOUDFLARE,
            given(rollout={"session": {"idle": 300, "longest": 600}}),
            "rollout.session: is of use to host 'cloudfront' only",
            "Use `sticky`",
        )
        for part in ("session", "session.idle", "session.longest")
    ),
    Effect("EdgeApi.rollout.sticky", CLOUDFLARE, drawn(1), kept(2, address=True), of_an_address, (2, 1)),
    Effect(
        "EdgeApi.rollout.sticky.cookie",
        CLOUDFLARE,
        kept(3, cookie="client"),
        kept(4, cookie="visitor"),
        lambda edge: (of_a_cookie("client")(edge), of_a_cookie("visitor")(edge)),
        ((1, 2), (2, 1)),
    ),
    Effect(
        "EdgeApi.rollout.sticky.address",
        CLOUDFLARE,
        kept(5, cookie="client"),
        kept(6, cookie="client", address=True),
        of_an_address,
        (2, 1),
    ),
    *(
        Refused(
            f"EdgeApi.rollout.{part}",
            CLOUDFRONT,
            given(
                rollout={"percentage": 5, "previous_version_id": "1", "sticky": {"cookie": "client", "address": True}}
            ),
            "rollout.sticky: is of use to host 'cloudflare' only",
            "Use `session`",
        )
        for part in ("sticky", "sticky.cookie", "sticky.address")
    ),
    # --- how it runs -------------------------------------------------------------------------------------------------
    Effect(
        "EdgeApi.cloudflare.compatibility_date",
        CLOUDFLARE,
        given(endpoint=PROBE),
        given(endpoint=PROBE, compatibility_date="2023-06-01"),
        told("hasValue"),
        (False, True),
    ),
    Effect(
        "EdgeApi.cloudflare.compatibility_flags",
        CLOUDFLARE,
        given(endpoint=PROBE),
        given(endpoint=PROBE, compatibility_flags=["nodejs_compat"]),
        told("buffer"),
        (False, True),
    ),
    Recorded(
        "EdgeApi.cloudflare.placement",
        CLOUDFLARE,
        BASE,
        given(placement="smart"),
        reads("WorkerVersion", "placement", "mode"),
        (None, "smart"),
        "placement",
        "There is one place.",
    ),
    *(
        Recorded(
            f"EdgeApi.cloudflare.observability{part}",
            CLOUDFLARE,
            BASE,
            given(observability=value),
            reads("Worker", "observability", *where),
            values,
            "observability",
            "What a platform keeps of logs is not kept here: the local log has everything.",
        )
        for part, value, where, values in (
            ("", {"enabled": False}, ("enabled",), (True, False)),
            (".enabled", {"enabled": False}, ("logs", "enabled"), (True, False)),
            (".head_sampling_rate", {"head_sampling_rate": 0.5}, ("logs", "headSamplingRate"), (1, 0.5)),
            (".invocation_logs", {"invocation_logs": False}, ("logs", "invocationLogs"), (True, False)),
            (".traces", {"traces": True}, ("traces", "enabled"), (False, True)),
        )
    ),
    Judged("EdgeApi.tags", BOTH, BASE, given(tags=["owner:web"]), (("EW804",), ()), ("EW804",)),
    # --- the zone's caches -------------------------------------------------------------------------------------------
    Recorded(
        "EdgeApi.cloudflare.tiered_cache",
        CLOUDFLARE,
        ruled(),
        ruled(tiered_cache=True),
        lambda run: (count("ArgoTieredCaching")(run), count("TieredCache")(run)),
        ((0, 0), (1, 1)),
        "tiered-cache",
        "There is one data centre.",
    ),
    Refused(
        "EdgeApi.cloudflare.tiered_cache",
        CLOUDFLARE,
        given(**IN_ZONE, hostname="shop.example.com", tiered_cache=True),
        "cloudflare.tiered_cache: has no effect without `cache_rules`",
        "`tiers.shield`",
        note="without rules",
    ),
    Recorded(
        "EdgeApi.cloudflare.cache_rules",
        CLOUDFLARE,
        ruled(cache_rules=False),
        ruled(),
        rule,
        (None, ("us.example.com", "bypass_by_default")),
        "cache-rules",
        "There is no zone's cache in front of what a Worker fetches.",
    ),
    Refused(
        "EdgeApi.cloudflare.cache_rules",
        CLOUDFLARE,
        given(**IN_ZONE, cache={"edge_ttl": 7200}, cache_rules=True),
        "cloudflare.cache_rules: act in the zone by which requests come to the function",
        "Give one of them",
        note="without a hostname",
    ),
    Refused(
        "EdgeApi.cloudflare.zone_plan",
        CLOUDFLARE,
        ruled(
            zone_plan="free",
            more=tuple({"path": f"/{number}", "cache": policy(edge_ttl=7200)} for number in range(9)),
        ),
        "make 11 cache rules. Allowed: at most 10",
        "leave `cloudflare.cache_rules` out",
    ),
    Refused(
        "EdgeApi.cloudflare.zone_plan",
        CLOUDFLARE,
        given(**IN_ZONE, zone_plan="free"),
        "cloudflare.zone_plan: has no effect without `cache_rules`",
        "Leave it out",
        note="without rules",
    ),
    # --- files -------------------------------------------------------------------------------------------------------
    Effect(
        "EdgeApi.assets",
        CLOUDFRONT,
        BASE,
        assets(),
        lambda edge: edge.ask("/site/css/app.css").text == "body { color: red }\n",
        (False, True),
    ),
    Effect(
        "EdgeApi.assets[].path",
        CLOUDFRONT,
        assets(),
        assets(path="/files/*"),
        lambda edge: edge.ask("/files/index.txt").status_code,
        (404, 200),
    ),
    Effect(
        "EdgeApi.assets[].directory",
        CLOUDFRONT,
        assets(),
        assets(directory="site2"),
        lambda edge: edge.ask("/site/index.txt").text,
        ("index of one\n", "index of two\n"),
    ),
    Effect(
        "EdgeApi.assets[].browser_ttl",
        CLOUDFRONT,
        assets(),
        assets(browser_ttl=99),
        lambda edge: "max-age=99" in edge.ask("/site/index.txt").headers.get("cache-control", ""),
        (False, True),
    ),
    Effect(
        "EdgeApi.assets[].immutable",
        CLOUDFRONT,
        assets(browser_ttl=99),
        assets(browser_ttl=99, immutable=True),
        lambda edge: "immutable" in edge.ask("/site/index.txt").headers.get("cache-control", ""),
        (False, True),
    ),
    Effect(
        "EdgeApi.assets[].content_security_policy",
        CLOUDFRONT,
        assets(),
        assets(content_security_policy="default-src 'self'"),
        header("content-security-policy", "/site/index.txt"),
        (None, "default-src 'self'"),
    ),
    *only_on_cloudfront(
        "assets",
        [{"path": "/site/*", "directory": "site"}],
        "[].path",
        "[].directory",
        "[].browser_ttl",
        "[].immutable",
        "[].content_security_policy",
        "[].public",
    ),
    Effect(
        "EdgeApi.assets[].public",
        CLOUDFRONT,
        given(endpoint={"auth": tokens()}),
        open_within(public=True),
        status("/x/open/index.txt"),
        (401, 200),
    ),
    Refused("EdgeApi.assets[].public", CLOUDFRONT, open_within(), "assets[0].path: ", "`public: true`", note="guarded"),
    # --- redirects and experiments -----------------------------------------------------------------------------------
    Effect("EdgeApi.redirects", CLOUDFRONT, BASE, redirects(), location("/old/a"), ((404, None), (308, "/new/a"))),
    Effect(
        "EdgeApi.redirects[].path",
        CLOUDFRONT,
        redirects(),
        redirects(path="/older/*"),
        location("/older/a"),
        ((404, None), (308, "/new/a")),
    ),
    Effect(
        "EdgeApi.redirects[].to",
        CLOUDFRONT,
        redirects(),
        redirects(to="https://www.example.com/new/*"),
        location("/old/a"),
        ((308, "/new/a"), (308, "https://www.example.com/new/a")),
    ),
    Effect(
        "EdgeApi.redirects[].status",
        CLOUDFRONT,
        redirects(),
        redirects(status=302),
        location("/old/a"),
        ((308, "/new/a"), (302, "/new/a")),
    ),
    *only_on_cloudfront("redirects", [{"path": "/old", "to": "/new"}], "[].path", "[].to", "[].status"),
    Effect(
        "EdgeApi.experiments", CLOUDFRONT, given(endpoint=ECHO), experiment(), assigned(), (None, ("ab", "2592000"))
    ),
    Effect(
        "EdgeApi.experiments[].cookie",
        CLOUDFRONT,
        experiment(),
        experiment(cookie="cd"),
        assigned(),
        (("ab", "2592000"), ("cd", "2592000")),
    ),
    Effect(
        "EdgeApi.experiments[].variants",
        CLOUDFRONT,
        experiment(),
        experiment(variants={"a": 1, "b": 1, "c": 2}),
        variants,
        ({"a", "b"}, {"a", "b", "c"}),
    ),
    Effect(
        "EdgeApi.experiments[].paths",
        CLOUDFRONT,
        experiment(),
        experiment(paths=["/y/*"]),
        assigned("/y/1"),
        (None, ("ab", "2592000")),
    ),
    Effect(
        "EdgeApi.experiments[].max_age",
        CLOUDFRONT,
        experiment(),
        experiment(max_age=60),
        assigned(),
        (("ab", "2592000"), ("ab", "60")),
    ),
    *only_on_cloudfront(
        "experiments",
        [{"cookie": "ab", "variants": {"a": 1, "b": 1}, "paths": ["/x/*"]}],
        "[].cookie",
        "[].variants",
        "[].paths",
        "[].max_age",
    ),
    # --- what CloudFront has beside ----------------------------------------------------------------------------------
    Recorded(
        "EdgeApi.cloudfront.price_class",
        CLOUDFRONT,
        BASE,
        given(price_class="PriceClass_100"),
        reads("Distribution", "priceClass"),
        ("PriceClass_All", "PriceClass_100"),
        "aws-edge-locations",
        "There is one edge location.",
    ),
    Recorded(
        "EdgeApi.cloudfront.origin_shield",
        CLOUDFRONT,
        BASE,
        given(origin_shield="eu-central-1"),
        lambda run: [
            each.get("originShield", {}).get("originShieldRegion")
            for each in run.one("Distribution").inputs["origins"]
            if each["domainName"] == "us.example.com"
        ],
        ([None], ["eu-central-1"]),
        "aws-edge-locations",
        "There is one cache, before which nothing can be shielded.",
    ),
    Effect(
        "EdgeApi.cloudfront.web_acl_arn",
        CLOUDFRONT,
        BASE,
        given(web_acl_arn=Later(web_acl, "ACL")),
        status(),
        (200, 403),
    ),
    Effect(
        "EdgeApi.security_headers",
        CLOUDFRONT,
        BASE,
        given(security_headers=True),
        header("x-content-type-options"),
        (None, "nosniff"),
    ),
    *only_on_cloudfront("security_headers", True),
    Recorded(
        "EdgeApi.cloudfront.access_logs",
        CLOUDFRONT,
        BASE,
        given(access_logs=False),
        count("LogDelivery"),
        (1, 0),
        "aws-logs",
        "Access logs are CloudWatch's; the local log stands for them.",
    ),
    Recorded(
        "EdgeApi.cloudfront.log_retention_days",
        CLOUDFRONT,
        BASE,
        given(log_retention_days=90),
        reads("LogGroup", "retentionInDays"),
        (30, 90),
        "aws-logs",
        "Nothing is kept for days here.",
    ),
    Recorded(
        "EdgeApi.cloudfront.metrics",
        CLOUDFRONT,
        BASE,
        given(metrics=False),
        count("MonitoringSubscription"),
        (1, 0),
        "aws-logs",
        "Metrics are CloudWatch's.",
    ),
    Recorded(
        "EdgeApi.cloudfront.dashboard",
        CLOUDFRONT,
        BASE,
        given(dashboard=True),
        count("Dashboard"),
        (0, 1),
        "aws-logs",
        "A dashboard is CloudWatch's.",
    ),
    Recorded(
        "EdgeApi.cloudfront.wait_for_deployment",
        CLOUDFRONT,
        BASE,
        given(wait_for_deployment=True),
        reads("Distribution", "waitForDeployment"),
        (False, True),
        "aws-propagation",
        "A change is everywhere at once here: there is nothing to wait for.",
    ),
    # --- what is said for policies -----------------------------------------------------------------------------------
    Judged(
        "EdgeApi.public",
        BOTH,
        given(endpoint={"methods": ["POST"]}),
        given(endpoint={"methods": ["POST"]}, public=False),
        (("EW507",), ()),
        ("EW507",),
    ),
    Judged("EdgeApi.latency_sensitive", BOTH, BASE, given(latency_sensitive=True), ((), ("EW401",)), ("EW401",)),
)
