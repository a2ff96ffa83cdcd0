"""Routing: regions, failover, routes and the percentages of a rollout."""

import bisect
import fnmatch
import re
from collections.abc import Iterator

from pulumi_policy.proxy import UnknownValueError
from pydantic import Field

from edgewright_policies.codes import CLOUDFLARE_COUNTRIES, CLOUDFLARE_REGIONS, ISO_3166_1, ROUTE53_CONTINENTS
from edgewright_policies.reading import View, as_number, show
from edgewright_policies.rule import (
    Context,
    NoConfig,
    PolicyConfig,
    StackView,
    Violation,
    resource_rule,
    rules_of,
    stack_rule,
)
from edgewright_policies.types import (
    CONTINUOUS_DEPLOYMENT,
    D1_DATABASE,
    DISTRIBUTION,
    EDGE_API,
    GEO_ROUTER,
    LAMBDA_ALIAS,
    LOAD_BALANCER,
    LOAD_BALANCER_POOL,
    R2_BUCKET,
    ROUTE53_RECORD,
    RULESET,
    WORKERS_CUSTOM_DOMAIN,
    WORKERS_DEPLOYMENT,
    WORKERS_ROUTE,
    ZONE,
    endpoint_name,
)

_DIRECTIONS = "north|south|east|west|central|northeast|northwest|southeast|southwest"
_AWS_REGION = re.compile(rf"(af|ap|ca|cn|eu|il|me|mx|sa|us|us-gov|us-iso[bf]?|eusc-de|eu-isoe)-({_DIRECTIONS})-\d")
_AWS_REGION_IN = re.compile(rf"(?<=\.)(af|ap|ca|cn|eu|il|me|mx|sa|us)-({_DIRECTIONS})-\d(?=\.)")
_D1_HINTS = ("apac", "eeur", "enam", "oc", "weur", "wnam")
_STEERED = ("geo", "dynamic_latency", "proximity")


class Regions(PolicyConfig):
    """Configuration of single-origin-region."""

    latency_sensitive: tuple[str, ...] = Field(
        default=(),
        description="Names of distributions of latency-sensitive public APIs; `*` stands for any text. An EdgeApi says it itself.",
    )
    min_regions: int = Field(default=2, ge=2, le=50, description="Least origin regions of a latency-sensitive API.")


@resource_rule(
    "single-origin-region",
    id="EW401",
    family="routing",
    on=(EDGE_API, LOAD_BALANCER, DISTRIBUTION),
    per={EDGE_API: "endpoints"},
    config=Regions,
    severity="high",
    title="A latency-sensitive public API has more than one origin region",
    why="From the other side of the world one region is 200 to 300 ms away on every miss, and when it is down, all is.",
    fix="Give the GeoRouter an origin in a second region, near the callers that are farthest.",
    source="https://docs.aws.amazon.com/wellarchitected/latest/reliability-pillar/rel_fault_isolation_multiaz_region_system.html",
)
def single_origin_region(item: View, resource: View, context: Context[Regions]) -> Iterator[Violation]:
    least = context.config.min_regions
    if context.type == EDGE_API:
        if resource.flag("latencySensitive") and resource.flag("public") is not False:
            origins = item.view("origin").views("origins")
            regions = sorted({each.text("region") or "" for each in origins})
            if origins and len(regions) < least:
                yield Violation(
                    f"{endpoint_name(item)} origin regions", f"{len(regions)} ({show(regions)})", f"at least {least}"
                )
        return
    if context.type == DISTRIBUTION:
        if any(fnmatch.fnmatchcase(context.name, each) for each in context.config.latency_sensitive):
            hosts = [origin.text("domainName") or "" for origin in item.views("origins")]
            found = {match.group() for host in hosts if (match := _AWS_REGION_IN.search(host))}
            # A host that does not say its region may be anywhere.
            if hosts and all(map(_AWS_REGION_IN.search, hosts)) and len(found) < least:
                yield Violation("origin regions", f"{len(found)} ({show(sorted(found))})", f"at least {least}")
        return
    policy = item.text("steeringPolicy") or ""
    pools = set(item.texts("defaultPools"))
    for name in ("regionPools", "countryPools", "popPools"):
        steered = item.view(name)
        for key in steered.keys():  # noqa: SIM118
            pools.update(steered.texts(key))
    if policy in _STEERED and 0 < len(pools) < least:
        yield Violation(
            "pools", f"{len(pools)} with steering_policy {policy}", f"at least {least}",
            "Add a pool in a second region: there is nothing to steer between.",
        )  # fmt: skip


@resource_rule(
    "failover-missing",
    id="EW402",
    family="routing",
    on=(GEO_ROUTER, LOAD_BALANCER, ROUTE53_RECORD),
    severity="medium",
    level="advisory",
    title="There is an origin to fail over to",
    why="Where one origin is all there is, its failure is everybody's.",
    fix="Add a second origin.",
    source="https://developers.cloudflare.com/load-balancing/understand-basics/traffic-steering/",
)
def failover_missing(resource: View, context: Context[NoConfig]) -> Iterator[Violation]:
    if context.type == GEO_ROUTER:
        origins = resource.views("origins")
        if len(origins) == 1:
            yield Violation("origins", "1", "at least 2")
    elif context.type == LOAD_BALANCER:
        pools = set(resource.texts("defaultPools"))
        fallback = resource.text("fallbackPool")
        if len(pools) == 1 and fallback in pools:
            yield Violation(
                "fallback_pool", "the only default pool", "another pool",
                "Name a pool that does not fail with the first one.",
            )  # fmt: skip
    else:
        kinds = {each.text("type") for each in resource.views("failoverRoutingPolicies")}
        if "PRIMARY" in kinds and not resource.has("setIdentifier"):
            yield Violation("setIdentifier", "not set", "a name beside the SECONDARY record's")


@resource_rule(
    "health-check-missing",
    id="EW403",
    family="routing",
    on=(GEO_ROUTER, LOAD_BALANCER_POOL, ROUTE53_RECORD),
    severity="medium",
    title="Origins that take over for each other are health-checked",
    why="Without a check, traffic goes on to an origin that is down, or never comes back to one that is up again.",
    fix="Set `health_check.path` to a path that answers only when the origin can serve.",
    source="https://developers.cloudflare.com/load-balancing/monitors/",
)
def health_check_missing(resource: View, context: Context[NoConfig]) -> Iterator[Violation]:
    if context.type == GEO_ROUTER:
        if len(resource.views("origins")) > 1 and not resource.view("healthCheck").has("path"):
            yield Violation("health_check.path", "not set", "a path")
    elif context.type == LOAD_BALANCER_POOL:
        if not resource.has("monitor") and not resource.has("monitorGroup") and resource.flag("enabled") is not False:
            yield Violation("monitor", "not set", "a monitor's id", "Create a LoadBalancerMonitor and give its id.")
    else:
        for each, name in (("failoverRoutingPolicies", "failover"), ("latencyRoutingPolicies", "latency")):
            policies = resource.views(each)
            secondary = bool(policies) and policies[0].text("type") == "SECONDARY"
            if policies and not secondary and not resource.has("healthCheckId"):
                if any(alias.flag("evaluateTargetHealth") for alias in resource.views("aliases")):
                    continue
                yield Violation(
                    "healthCheckId", f"not set on a record with {name} routing", "a HealthCheck's id",
                    "Create a route53.HealthCheck and give its id, or evaluate the target's health.",
                )  # fmt: skip


@resource_rule(
    "region-unknown",
    id="EW404",
    family="routing",
    on=(GEO_ROUTER, LOAD_BALANCER, D1_DATABASE, R2_BUCKET, ROUTE53_RECORD, DISTRIBUTION),
    severity="high",
    title="Regions and countries are codes that the platform knows",
    why="The provider takes any text; the platform refuses it half-way, or a region's callers silently go elsewhere.",
    fix="Use ISO 3166-1 alpha-2 codes for countries and the platform's own codes for regions.",
    source="https://developers.cloudflare.com/load-balancing/reference/region-mapping-api/",
)
def region_unknown(resource: View, context: Context[NoConfig]) -> Iterator[Violation]:
    countries_allowed = "ISO 3166-1 alpha-2 codes"
    if context.type == GEO_ROUTER:
        regions = set()
        for origin in resource.views("origins"):
            regions.add(origin.text("region"))
            for country in origin.texts("countries"):
                if country not in ISO_3166_1:
                    yield Violation(f"origin {show(origin.text('region'))} countries", show(country), countries_allowed)
        fallback = resource.text("fallback")
        if fallback is not None and regions and fallback not in regions:
            yield Violation(
                "fallback", show(fallback), show(sorted(each for each in regions if each)),
                "Name the region of one of the origins.",
            )  # fmt: skip
    elif context.type == LOAD_BALANCER:
        for region in resource.view("regionPools").keys():  # noqa: SIM118
            if region not in CLOUDFLARE_REGIONS:
                yield Violation("region_pools", show(region), ", ".join(sorted(CLOUDFLARE_REGIONS)))
        for country in resource.view("countryPools").keys():  # noqa: SIM118
            if country not in CLOUDFLARE_COUNTRIES:
                yield Violation("country_pools", show(country), countries_allowed)
    elif context.type in (D1_DATABASE, R2_BUCKET):
        name = "primaryLocationHint" if context.type == D1_DATABASE else "location"
        hint = resource.text(name)
        if hint and hint.lower() not in _D1_HINTS:
            yield Violation(name, show(hint), ", ".join(_D1_HINTS))
    elif context.type == DISTRIBUTION:
        for origin in resource.views("origins"):
            shield = origin.view("originShield").text("originShieldRegion")
            if shield and not _AWS_REGION.fullmatch(shield):
                yield Violation(
                    f"origin {show(origin.text('originId'))} originShieldRegion", show(shield), "a region of AWS, such as eu-west-1"
                )  # fmt: skip
    else:
        for policy in resource.views("latencyRoutingPolicies"):
            named = policy.text("region")
            if named and not _AWS_REGION.fullmatch(named):
                yield Violation("latency region", show(named), "a region of AWS, such as eu-west-1")
        for policy in resource.views("geolocationRoutingPolicies"):
            named, continent = policy.text("country"), policy.text("continent")
            if named is not None and named != "*" and named not in ISO_3166_1:
                yield Violation("geolocation country", show(named), f"`*` and {countries_allowed}")
            if continent is not None and continent not in ROUTE53_CONTINENTS:
                yield Violation("geolocation continent", show(continent), ", ".join(sorted(ROUTE53_CONTINENTS)))


def _normalised(pattern: str) -> tuple[str, str]:
    """Return a route pattern's host and path, without scheme, in lower case where case does not count."""
    pattern = re.sub(r"^[a-z*]+://", "", pattern.strip(), flags=re.I)
    host, slash, path = pattern.partition("/")
    return host.lower(), (slash + path) or "/"


class _Paths:
    """The paths of one host's routes, in order, each with where the next one is that another function answers."""

    def __init__(self, routes: list[tuple[str, str | None, str, str]]) -> None:
        self.routes = sorted(routes, key=lambda route: (route[0], route[3]))
        self.paths = [path for path, *_ in self.routes]
        self.next_other = [len(routes)] * len(routes)
        for at in range(len(routes) - 2, -1, -1):
            same = self.routes[at][1] == self.routes[at + 1][1]
            self.next_other[at] = self.next_other[at + 1] if same else at + 1

    def inside(self, prefix: str, script: str | None, own: str) -> tuple[str, str | None, str, str] | None:
        """Return the first route of another function for paths that begin so, other than the pattern itself."""
        at = bisect.bisect_left(self.paths, prefix)
        while at < len(self.routes) and self.paths[at].startswith(prefix):
            if self.routes[at][1] == script:
                at = self.next_other[at]
            elif self.paths[at] == own:
                at += 1
            else:
                return self.routes[at]
        return None


_Route = tuple[str, str, str, str | None, str, str]
"""Zone, host, path, script, name and URN."""


def _crossings(routes: list[_Route]) -> Iterator[Violation]:
    """Yield, for each route, the first one that it crosses: of which neither is the narrower one.

    A host has its `*` at the beginning and a path at the end, so that of two that meet one always contains the other. Two
    routes cross where one has the wider host and the other the wider path. Takes n log n steps.
    """
    hosts: dict[tuple[str, str], list[tuple[str, str | None, str, str]]] = {}
    for zone, host, path, script, name, urn in routes:
        if host.startswith("*"):
            hosts.setdefault((zone, host[1:]), []).append((path, script, name, urn))
    by_host = {key: _Paths(found) for key, found in hosts.items()}
    if not by_host:
        return
    for zone, host, path, script, name, _ in routes:
        if not path.endswith("*"):
            continue
        bare = host.removeprefix("*")
        # The hosts that contain this one: each ending of it. Of a host with a `*`, its own ending is the host itself.
        for at in range(1 if host.startswith("*") else 0, min(len(bare), 253) + 1):
            wider = by_host.get((zone, bare[at:]))
            other = wider.inside(path[:-1], script, path) if wider else None
            if other:
                yield Violation(
                    "route", f"{show('*' + bare[at:] + other[0])} and {show(host + path)} of {name}",
                    "routes of which one is the narrower", urn=other[3],
                )  # fmt: skip
                break


@stack_rule(
    "routes-overlap",
    id="EW405",
    family="routing",
    on=(WORKERS_ROUTE, WORKERS_CUSTOM_DOMAIN),
    severity="high",
    title="Routes do not contend for the same requests",
    why="Of two equal routes the platform refuses the second; of two of which neither is the narrower one, nobody who"
    " reads them can tell which function answers.",
    fix="Make one of them narrower, or send both to the same function.",
    source="https://developers.cloudflare.com/workers/configuration/routing/routes/",
)
def routes_overlap(stack: StackView, _context: Context[NoConfig]) -> Iterator[Violation | None]:
    exact: dict[tuple[str, str, str], str] = {}
    routes: list[_Route] = []
    for node in stack.of(WORKERS_ROUTE):
        try:
            pattern, script = node.props.text("pattern"), node.props.text("script")
            zone = node.props.text("zoneId") if node.props.known("zoneId") else ""
        except UnknownValueError:
            yield None
            continue
        if not pattern:
            continue
        host, path = _normalised(pattern)
        key = (zone or "", host, path)
        if key in exact:
            yield Violation("route", f"{show(pattern)}, also of {exact[key]}", "one route a pattern", urn=node.urn)
            continue
        exact[key] = node.name
        if "*" in host[1:] or "*" in path[:-1]:
            yield Violation(
                "route", show(pattern), "a `*` at the beginning of the host and at the end of the path",
                "Write a route for each, or match in the function.", urn=node.urn,
            )  # fmt: skip
            continue
        routes.append((zone or "", host, path, script, node.name, node.urn))
    yield from _crossings(routes)
    # A route is asked before a custom domain. A narrower one is a Worker in front of some paths; one that takes every path
    # leaves the custom domain's Worker nothing.
    whole = {host: (script, name) for _, host, path, script, name, _ in routes if path == "/*"}
    domains: dict[str, str] = {}
    for node in stack.of(WORKERS_CUSTOM_DOMAIN):
        try:
            hostname = (node.props.text("hostname") or "").lower().rstrip(".")
            service = node.props.text("service")
        except UnknownValueError:
            yield None
            continue
        if hostname and hostname in domains:
            yield Violation(
                "custom domain", f"{show(hostname)}, also of {domains[hostname]}", "one custom domain a hostname",
                urn=node.urn,
            )  # fmt: skip
        domains.setdefault(hostname, node.name)
        script, route = whole.get(hostname, (service, ""))
        if script != service:
            yield Violation(
                "custom domain", f"{show(hostname)}, every path of which the route {route} takes",
                "a hostname that no route of another function takes whole", urn=node.urn,
            )  # fmt: skip


class Canary(PolicyConfig):
    """Configuration of canary-percentages."""

    max_step: float = Field(
        default=100, gt=0, le=100, description="Most percent that a newcomer beside others may get."
    )


@resource_rule(
    "canary-percentages",
    id="EW406",
    family="routing",
    on=(WORKERS_DEPLOYMENT, LAMBDA_ALIAS, CONTINUOUS_DEPLOYMENT),
    config=Canary,
    severity="high",
    title="A rollout's percentages add up",
    why="The provider takes percentages that add to 150; the platform refuses them after the version was made.",
    fix="Give the versions percentages above 0 that add to 100.",
    source="https://developers.cloudflare.com/workers/configuration/versions-and-deployments/gradual-deployments/",
)
def canary_percentages(resource: View, context: Context[Canary]) -> Iterator[Violation]:
    if context.type == WORKERS_DEPLOYMENT:
        versions = resource.views("versions")
        if not versions:
            return
        most = context.limit("cloudflare.workers.deployment_versions")
        if len(versions) > most.value:
            yield Violation("versions", str(len(versions)), f"at most {most.text}")
        shares = [each.number("percentage") for each in versions]
        given = [each for each in shares if each is not None]
        if len(given) == len(shares) and abs(sum(given) - 100) > 0.01:
            yield Violation("percentages", f"{show(given)}, together {show(round(sum(given), 4))}", "100 together")
        if any(each <= 0 for each in given):
            yield Violation("percentages", show(given), "above 0 each")
        if len(given) > 1 and min(given) > context.config.max_step:
            yield Violation("percentages", show(given), f"a newcomer with at most {show(context.config.max_step)}")
    elif context.type == LAMBDA_ALIAS:
        weights = resource.view("routingConfig").pairs("additionalVersionWeights")
        for version, raw in weights.items():
            weight = as_number(raw)
            if weight is not None and not 0 <= weight <= 1:
                yield Violation(
                    f"weight of version {show(version)}", show(weight), "0 to 1",
                    "A weight is a share of 1, not a percentage.",
                )  # fmt: skip
    else:
        for config in resource.views("trafficConfig"):
            weight = config.view("singleWeightConfig").number("weight")
            if weight is not None and not 0 <= weight <= 0.15:
                yield Violation(
                    "trafficConfig weight", show(weight), "0 to 0.15",
                    "CloudFront sends a staging distribution at most 15 % of the requests.",
                )  # fmt: skip


@stack_rule(
    "ruleset-phase-duplicate",
    id="EW407",
    family="routing",
    on=(RULESET, ZONE),
    severity="critical",
    title="A zone has one ruleset a phase",
    why="Two rulesets of one phase overwrite each other on every update.",
    fix="Put the rules into one ruleset.",
    source="https://developers.cloudflare.com/ruleset-engine/about/phases/",
)
def ruleset_phase_duplicate(stack: StackView, context: Context[NoConfig]) -> Iterator[Violation | None]:
    most = as_number(context.limit("cloudflare.rulesets.per_phase").value) or 1
    seen: dict[tuple[str, str], list[str]] = {}
    zones = {node.urn for node in stack.of(ZONE)}
    for node in stack.of(RULESET):
        try:
            phase, kind = node.props.text("phase"), node.props.text("kind")
            # The zone may be one that is still to be made: then it is known by what the ruleset depends on.
            made = sorted(zones & set(node.dependencies))
            zone = made[0] if len(made) == 1 else node.props.text("zoneId") or ""
        except UnknownValueError:
            yield None
            continue
        if not zone or not phase or kind == "custom":
            continue
        names = seen.setdefault((zone, phase), [])
        names.append(node.name)
        if len(names) > most:
            yield Violation(
                f"ruleset of phase {show(phase)}", f"{len(names)} in one zone ({', '.join(sorted(names))})",
                show(most), urn=node.urn,
            )  # fmt: skip


@stack_rule(
    "failover-record-alone",
    id="EW408",
    family="routing",
    on=(ROUTE53_RECORD,),
    severity="high",
    title="A primary record has a secondary one",
    why="A PRIMARY record alone is answered whether its health check passes or not: there is nothing to fail over to.",
    fix="Add a record of the same name and type with the failover type SECONDARY.",
    source="https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/dns-failover-types.html",
)
def failover_record_alone(stack: StackView, _context: Context[NoConfig]) -> Iterator[Violation | None]:
    primaries: list[tuple[tuple[str, str, str], str, str]] = []
    secondaries: set[tuple[str, str, str]] = set()
    for node in stack.of(ROUTE53_RECORD):
        if not node.props.has("failoverRoutingPolicies"):
            continue
        try:
            kinds = {each.text("type") for each in node.props.views("failoverRoutingPolicies")}
            name = (node.props.text("name") or "").lower().rstrip(".")
            zone = (node.props.text("zoneId") or "") if node.props.known("zoneId") else ""
            key = (zone, name, node.props.text("type") or "")
        except UnknownValueError:
            # It may be the one that is missed.
            yield None
            return
        if "PRIMARY" in kinds:
            primaries.append((key, node.name, node.urn))
        elif "SECONDARY" in kinds:
            secondaries.add(key)
    for key, name, urn in primaries:
        if key not in secondaries:
            yield Violation(f"record {name} of {show(key[1])}", "PRIMARY without a SECONDARY", "both", urn=urn)


RULES = rules_of(globals())
