"""Origins: regions, failover and health checks."""

import fnmatch
import re
from collections.abc import Iterator

from pulumi_policy.proxy import UnknownValueError
from pydantic import Field

from edgewright_policies.codes import CLOUDFLARE_COUNTRIES, CLOUDFLARE_REGIONS, ISO_3166_1, ROUTE53_CONTINENTS
from edgewright_policies.reading import View, show
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
    D1_DATABASE,
    DISTRIBUTION,
    EDGE_API,
    GEO_ROUTER,
    LOAD_BALANCER,
    LOAD_BALANCER_POOL,
    R2_BUCKET,
    ROUTE53_RECORD,
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
                    "Create a route53.HealthCheck and give its id, or evaluate the target's health.", about=name,
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
                    yield Violation(
                        f"origin {show(origin.text('region'))} countries",
                        show(country),
                        countries_allowed,
                        about=country,
                    )
        fallback = resource.text("fallback")
        if fallback is not None and regions and fallback not in regions:
            yield Violation(
                "fallback", show(fallback), show(sorted(each for each in regions if each)),
                "Name the region of one of the origins.",
            )  # fmt: skip
    elif context.type == LOAD_BALANCER:
        for region in resource.view("regionPools").keys():  # noqa: SIM118
            if region not in CLOUDFLARE_REGIONS:
                yield Violation("region_pools", show(region), ", ".join(sorted(CLOUDFLARE_REGIONS)), about=region)
        for country in resource.view("countryPools").keys():  # noqa: SIM118
            if country not in CLOUDFLARE_COUNTRIES:
                yield Violation("country_pools", show(country), countries_allowed, about=country)
    elif context.type in (D1_DATABASE, R2_BUCKET):
        name = "primaryLocationHint" if context.type == D1_DATABASE else "location"
        hint = resource.text(name)
        if hint and hint.lower() not in _D1_HINTS:
            yield Violation(name, show(hint), ", ".join(_D1_HINTS))
    elif context.type == DISTRIBUTION:
        for country in resource.view("restrictions").view("geoRestriction").texts("locations"):
            if country not in ISO_3166_1:
                yield Violation("geoRestriction locations", show(country), countries_allowed, about=country)
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
                yield Violation("latency region", show(named), "a region of AWS, such as eu-west-1", about=named)
        for policy in resource.views("geolocationRoutingPolicies"):
            named, continent = policy.text("country"), policy.text("continent")
            if named is not None and named != "*" and named not in ISO_3166_1:
                yield Violation("geolocation country", show(named), f"`*` and {countries_allowed}", about=named)
            if continent is not None and continent not in ROUTE53_CONTINENTS:
                allowed = ", ".join(sorted(ROUTE53_CONTINENTS))
                yield Violation("geolocation continent", show(continent), allowed, about=continent)


@stack_rule(
    "failover-record-alone",
    id="EW408",
    family="routing",
    on=(ROUTE53_RECORD,),
    severity="medium",
    level="advisory",
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
