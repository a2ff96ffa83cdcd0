"""CloudFront: how an API becomes a distribution with a function at its edge, and a store a KeyValueStore.

Endpoints become behaviors. The portable core runs on origin-request and origin-response: it routes, checks who is asking,
chooses the region's origin, which CloudFront then asks itself, and tells CloudFront what to store. What is cheap at the viewer
is a CloudFront Function.

What CloudFront does otherwise than the other host: where no endpoint of a behavior writes, other methods than GET, HEAD and
OPTIONS are answered 403 by CloudFront itself, not 405 by the core. A behavior open to writes would need a guard of its own.
"""

import json
import mimetypes
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pulumi
import pulumi_aws as aws

from edgewright import _check
from edgewright._bindings import KEY_VALUE_STORE
from edgewright._endpoints import Endpoints
from edgewright._handlers import bundle_handlers
from edgewright._modules import lambda_modules
from edgewright._normalise import checked, is_later
from edgewright._packages import Package, read_folder
from edgewright._program import claim, program_file
from edgewright._seeds import Seed
from edgewright.errors import Faults, show
from edgewright.hosts import Deployed, lambda_edge
from edgewright.hosts import _cloudfront_functions as viewer
from edgewright.hosts import _cloudfront_policies as policies
from edgewright.limits import limit
from edgewright.spec.models import RouterSpec

REGION = lambda_edge.REGION
METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
SAFE = ("GET", "HEAD", "OPTIONS")
PRICE_CLASSES = ("PriceClass_100", "PriceClass_200", "PriceClass_All")
FAILOVER_STATUSES = (400, 403, 404, 416, 429, 500, 502, 503, 504)
"""Statuses of an origin after which CloudFront can ask another."""
ERROR_STATUSES = (400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504)
"""Errors that CloudFront would keep for 10 s of its own accord."""
WAF_WINDOWS_S = (60,)
"""Windows of a WAF rate rule that an endpoint's rate limit has."""
WAF_LEAST = 10
PENDING_ORIGIN = "origin.invalid"
"""Stands for the origin of a distribution whose function answers everything itself (RFC 2606)."""
CLOUDFRONT_ZONE = "Z2FDTNDATAQYW2"
"""The hosted zone of every distribution, for alias records."""
MAX_AGE_S = 2_592_000
MAX_SEGMENTS = 512
"""More than a path of 1024 characters can have."""

CLOUDFLARE_ONLY: Mapping[str, str] = {
    "account_id": "The account is that of AWS's credentials. Leave it out.",
    "bindings": "A function at the edge reaches AWS services by their API: add the SDK's client to the handler.",
    "cache_rules": "The behaviors' cache policies say it. Leave it out.",
    "compatibility_date": "Leave it out: the function runs on Node.js.",
    "compatibility_flags": "Leave it out: the function runs on Node.js.",
    "limits": "Leave it out: the function has 5 s and 128 MB.",
    "placement": "Leave it out: the function runs in the regional cache nearest to the viewer.",
    "rollout": "Leave it out, and use a continuous deployment policy of CloudFront.",
    "routes": "Use `hostname`, and a behavior for each endpoint.",
    "script_name": "Leave it out: Pulumi names the function, so that a retired one is never in the way.",
    "secrets": "They would lie readable in the package: read them in the handler from Secrets Manager or Parameter Store.",
    "tiered_cache": "Use `origin_shield`.",
    "workers_dev": "Leave it out: the distribution answers on its cloudfront.net name.",
    "zone_id": "Use `hosted_zone_id`.",
    "zone_name": "Use `hosted_zone_id`.",
}


@dataclass(frozen=True)
class Behavior:
    """One behavior: what it matches, and the endpoints behind it."""

    pattern: str
    """CloudFront's path pattern; `*` is the default behavior."""
    items: tuple[Mapping[str, Any], ...]
    """Endpoints, the one that answers GET first."""

    @property
    def default(self) -> bool:
        """Whether it is the distribution's default behavior."""
        return self.pattern == "*"


@dataclass(frozen=True)
class Plan:
    """The arguments that only this platform has, sound and with their defaults."""

    given: Mapping[str, Any]
    hostname: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    redirects: str = ""
    experiments: tuple[Mapping[str, Any], ...] = ()
    assets: tuple[tuple[Mapping[str, Any], Path, Mapping[str, bytes]], ...] = ()


# --- checks --------------------------------------------------------------------------------------------------------


def check(name: str, given: Mapping[str, Any], faults: Faults) -> Plan:
    """Return the platform's arguments with their defaults; note what is wrong with them."""
    for key, fix in CLOUDFLARE_ONLY.items():
        if key in given:
            faults.add(key, "is of use to host 'cloudflare' only", fix=fix)
    hostname = given.get("hostname")
    if hostname is not None and _check.hostname("hostname", hostname, faults):
        claim("hostname", hostname, f"EdgeApi {name!r}", "hostname", faults, "Give each API a hostname of its own.")
        if "certificate_arn" not in given and "hosted_zone_id" not in given:
            faults.add(
                "hostname",
                "needs a certificate",
                fix="Give `hosted_zone_id`, and one is made and validated, or `certificate_arn`, from us-east-1.",
            )
    for key in ("certificate_arn", "hosted_zone_id"):
        if key in given and hostname is None:
            faults.add(key, "has no effect without `hostname`", fix="Give `hostname`, or leave it out.")
    if "certificate_arn" in given:
        checked(given["certificate_arn"], _check_certificate, faults)
    if "price_class" in given:
        faults.one_of("price_class", given["price_class"], PRICE_CLASSES)
    if "log_retention_days" in given:
        _check.whole("log_retention_days", given["log_retention_days"], faults, 1, 3653, "days")
    if "origin_shield" in given and not re.fullmatch(r"[a-z]{2}(-[a-z]+)+-\d", given["origin_shield"]):
        faults.add(
            "origin_shield", f"{show(given['origin_shield'])} is not an AWS region", allowed="for example eu-central-1"
        )
    _check_observability(given.get("observability", {}), faults)
    for key in given.get("vars", {}):
        _check.binding_name(f"vars.{key}", key, faults)
    return Plan(
        given=given,
        hostname=hostname,
        tags=_tags(given.get("tags", ())),
        redirects=_redirects(given.get("redirects", ()), faults),
        experiments=_experiments(given, faults),
        assets=_assets(given.get("assets", ()), faults),
    )


def _check_certificate(arn: object, faults: Faults) -> None:
    found = re.fullmatch(r"arn:aws[a-z-]*:acm:([a-z0-9-]+):\d{12}:certificate/[\w-]+", str(arn))
    if found is None:
        faults.add("certificate_arn", f"{show(arn)} is not a certificate's ARN", allowed="arn:aws:acm:us-east-1:...")
    elif found[1] != REGION:
        faults.add(
            "certificate_arn",
            f"is from {found[1]}, and CloudFront takes certificates from us-east-1 only"
            " (https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cnames-and-https-requirements.html)",
            allowed=REGION,
            fix="Give `hosted_zone_id` instead, and one is made there; no second provider is needed.",
        )


def _check_observability(observability: Mapping[str, Any], faults: Faults) -> None:
    for key in observability:
        faults.add(
            f"observability.{key}",
            "is of use to host 'cloudflare' only",
            fix="Use `metrics`, `dashboard` and `access_logs`.",
        )


def _tags(tags: Sequence[str]) -> dict[str, str]:
    """Return tags as AWS has them: `owner:web` is the value web of owner."""
    found = {}
    for tag in tags:
        key, _, value = tag.partition(":")
        found[key] = value
    return dict(sorted(found.items()))


def _redirects(redirects: Sequence[Mapping[str, Any]], faults: Faults) -> str:
    found: list[dict[str, Any]] = []
    seen: dict[str, int] = {}
    for index, rule in enumerate(redirects):
        at = f"redirects[{index}]"
        path, to, status = rule.get("path", ""), rule.get("to", ""), rule.get("status", 308)
        if "path" in rule and (
            not path.startswith("/") or "*" in path[:-1] or not path.isascii() or not path.isprintable()
        ):
            faults.add(f"{at}.path", f"{show(path)} is not a path", allowed="/old or /old/*")
        if path in seen:
            faults.add(f"{at}.path", f"{show(path)} is redirected by redirects[{seen[path]}] already")
        seen.setdefault(path, index)
        if "to" in rule and (not re.match(r"/(?![/\\])|https?://[^/]", to) or "*" in to[:-1] or not to.isascii()):
            faults.add(
                f"{at}.to", f"{show(to)} is neither a path nor an http(s) URL", allowed="/new, /new/* or https://..."
            )
        if to.endswith("*") and not path.endswith("*"):
            faults.add(f"{at}.to", f"{show(to)} ends with `*`, and `path` has none to take")
        if status not in viewer.STATUS_TEXTS:
            faults.add(f"{at}.status", f"{status} is no redirect", allowed=", ".join(map(str, viewer.STATUS_TEXTS)))
        found.append({"path": path, "to": to, "status": status, "text": viewer.STATUS_TEXTS.get(status, "")})
    found.sort(key=lambda rule: (-len(rule["path"]), rule["path"]))
    return viewer.compact(found) if found else ""


def _experiments(given: Mapping[str, Any], faults: Faults) -> tuple[Mapping[str, Any], ...]:
    found: list[dict[str, Any]] = []
    known = {endpoint.get("path") for endpoint in given.get("endpoints", ())}
    for index, experiment in enumerate(given.get("experiments", ())):
        at = f"experiments[{index}]"
        if "cookie" in experiment:
            _check.header_name(f"{at}.cookie", experiment["cookie"], faults)
            if experiment["cookie"] in [other["cookie"] for other in found]:
                faults.add(f"{at}.cookie", f"{show(experiment['cookie'])} is another experiment's too")
        variants = experiment.get("variants", {})
        if "variants" in experiment and len(variants) < 2:
            faults.add(f"{at}.variants", f"has {len(variants)} variants", allowed="2 or more, each with a weight")
        for variant, weight in variants.items():
            if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", variant):
                faults.add(
                    f"{at}.variants", f"{show(variant)} is not a variant", allowed="letters, digits, `_` and `-`"
                )
            _check.whole(f"{at}.variants.{variant}", weight, faults, 1, 1_000_000)
        for number, path in enumerate(experiment.get("paths", ())):
            if path not in known:
                faults.add(
                    f"{at}.paths[{number}]",
                    f"{show(path)} is not the `path` of an endpoint",
                    allowed=", ".join(sorted(filter(None, known))),
                )
        max_age = experiment.get("max_age", MAX_AGE_S)
        _check.seconds(f"{at}.max_age", max_age, faults)
        found.append(
            {
                "at": at,
                "cookie": experiment.get("cookie", ""),
                "variants": dict(sorted(variants.items())),
                "paths": tuple(experiment.get("paths", ())),
                "max_age": max_age,
            }
        )
    return tuple(sorted(found, key=lambda item: item["cookie"]))


def _assets(
    assets: Sequence[Mapping[str, Any]], faults: Faults
) -> tuple[tuple[Mapping[str, Any], Path, Mapping[str, bytes]], ...]:
    found = []
    for index, item in enumerate(assets):
        at = f"assets[{index}]"
        path = item.get("path", "/")
        if "path" in item and _check.endpoint_path(f"{at}.path", path, faults) and not path.endswith("/*"):
            faults.add(f"{at}.path", f"{show(path)} does not end with `/*`", allowed="for example /assets/*")
        if "browser_ttl" in item:
            _check.seconds(f"{at}.browser_ttl", item["browser_ttl"], faults)
        if item.get("immutable") and not item.get("browser_ttl"):
            faults.add(f"{at}.immutable", "is true without a `browser_ttl`", fix="Give one, for example 31536000.")
        if "directory" not in item:
            continue
        folder = program_file(item["directory"])
        if not folder.is_dir():
            faults.add(f"{at}.directory", f"{show(item['directory'])} is not a folder")
            continue
        files = read_folder(f"{at}.directory", folder, faults)
        if not files:
            faults.add(f"{at}.directory", f"{show(item['directory'])} has no files")
        found.append((item, folder, files))
    return tuple(found)


def check_endpoints(plan: Plan, endpoints: Endpoints, faults: Faults) -> None:
    """Note what an endpoint asks for that CloudFront does not have, and what CloudFront would refuse together."""
    for item in endpoints.items:
        at = item["at"]
        _check_rate_limit(at, item, plan, faults)
        if (item["auth"] or {}).get("secret_binding"):
            faults.add(
                f"{at}.auth.secret",
                "would lie readable in the function's package",
                fix="Use `jwks_url`: a key set has public keys only.",
            )
        if item.get("cache") is not None and item["auth"] is not None:
            faults.add(
                f"{at}.cache",
                "is given behind `auth`: CloudFront answers a hit before the function that checks who is asking",
                fix="Leave the cache out, or split the public part into an endpoint of its own.",
            )
        _check_functions(at, item, plan, faults)
    behaviors = behaviors_of(endpoints)
    most = limit("cloudfront.distribution.behaviors")
    count = len(behaviors) + len(plan.assets)
    if count > most.value:
        faults.add(
            "endpoints",
            f"need {count} behaviors ({most.source})",
            allowed=f"at most {most.text}",
            fix="Join endpoints under one path, or split the API in two.",
        )
    patterns = {behavior.pattern for behavior in behaviors}
    for index, (item, _, _) in enumerate(plan.assets):
        if item.get("path") in patterns:
            faults.add(
                f"assets[{index}].path", f"{show(item['path'])} is an endpoint's path too", fix="Give it another."
            )


def _check_rate_limit(at: str, item: Mapping[str, Any], plan: Plan, faults: Faults) -> None:
    limited = item.get("rate_limit")
    if limited is None:
        return
    if "web_acl_arn" in plan.given:
        faults.add(
            f"{at}.rate_limit",
            "needs a rule of its own in `web_acl_arn`",
            fix="Add it there, or leave one of the two out.",
        )
    if limited.get("period", 60) not in WAF_WINDOWS_S:
        faults.add(
            f"{at}.rate_limit.period",
            f"{limited['period']} s is no window of AWS WAF, which counts on CloudFront",
            allowed=" or ".join(f"{window} s" for window in WAF_WINDOWS_S),
        )
    if limited.get("limit", WAF_LEAST) < WAF_LEAST:
        faults.add(
            f"{at}.rate_limit.limit", f"{limited['limit']} is below what AWS WAF counts", allowed=f"{WAF_LEAST} or more"
        )


def _check_functions(at: str, item: Mapping[str, Any], plan: Plan, faults: Faults) -> None:
    seen: dict[str, str] = {}
    for index, function in enumerate(item.get("functions", ())):
        path = f"{at}.functions[{index}]"
        if is_later(function):
            continue
        if not isinstance(function, Mapping) or not {"events", "arn"} <= function.keys():
            faults.add(path, f"{show(function)} is not a function", allowed="a LambdaEdgeFunction's `association`")
            continue
        if not is_later(function["arn"]):
            check_arn(f"{path}.arn", function["arn"], faults)
        for event in function["events"]:
            if event in lambda_edge.ORIGIN_EVENTS:
                faults.add(
                    path,
                    f"is on {event}, where the API's own function runs: an event of a behavior takes one"
                    f" ({limit('lambda_edge.functions_per_event').source})",
                    allowed=" or ".join(lambda_edge.VIEWER_EVENTS),
                    fix="Do it in a `handler`, or at the viewer.",
                )
            elif event in seen:
                faults.add(
                    path,
                    f"is on {event}, as {seen[event]} is: an event of a behavior takes one function"
                    f" ({limit('lambda_edge.functions_per_event').source})",
                    fix="Join the two functions.",
                )
            seen.setdefault(event, path)
    if any(event in lambda_edge.VIEWER_EVENTS for event in seen):
        reason = (
            "the caller's session" if (item["auth"] or {}).get("kind") == "session"
            else "redirects" if plan.redirects
            else "an experiment" if any(item["path"] in each["paths"] for each in plan.experiments)
            else ""
        )  # fmt: skip
        if reason:
            faults.add(
                f"{at}.functions",
                f"are on viewer events, where {reason} needs a CloudFront Function: CloudFront refuses both kinds together",
                fix="Leave one of the two out.",
            )


def check_arn(path: str, arn: object, faults: Faults) -> None:
    """Note what is wrong with the ARN of a function that a distribution is associated with."""
    parts = str(arn).split(":")
    if len(parts) < 7 or parts[0] != "arn" or parts[2] != "lambda":
        faults.add(
            path,
            f"{show(arn)} is not a function's ARN",
            allowed="arn:aws:lambda:us-east-1:ACCOUNT:function:NAME:NUMBER",
        )
        return
    if parts[3] != REGION:
        faults.add(
            path,
            f"is a function of {parts[3]}, and CloudFront takes functions from us-east-1 only ({lambda_edge.RESTRICTIONS})",
            allowed=REGION,
        )
    if len(parts) != 8 or not parts[7].isdigit():
        version = parts[7] if len(parts) > 7 else "no version, which is $LATEST"
        faults.add(
            path,
            f"has {version}, and CloudFront takes numbered versions only ({lambda_edge.RESTRICTIONS})",
            allowed="a LambdaEdgeFunction's `qualified_arn`",
        )


def bundle(_plan: Plan, endpoints: Endpoints, faults: Faults) -> dict[str, str]:
    """Return the handlers' modules, bundled for Node.js in Lambda."""
    return bundle_handlers(endpoints.handlers, endpoints.handler_places, [], faults, mode="lambda")


def bindings(
    plan: Plan, _endpoints: Endpoints, needed: Sequence[Mapping[str, Any]], faults: Faults
) -> list[dict[str, Any]]:
    """Return the stores that the functions at the viewer read."""
    found = []
    for binding in needed:
        if binding["type"] != KEY_VALUE_STORE:
            faults.add(
                "sessions.binding" if plan.given.get("sessions") else "endpoints",
                f"is a binding of type {binding['type']!r}, which nothing at CloudFront's edge can reach",
                allowed="the `binding` of a KvNamespace with host 'cloudfront'",
            )
            continue
        found.append(dict(binding))
    return found


# --- behaviors -----------------------------------------------------------------------------------------------------


def behaviors_of(endpoints: Endpoints) -> list[Behavior]:
    """Return the behaviors for the endpoints' paths, the most specific first; the default one is the last."""
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for item in sorted(endpoints.items, key=lambda item: _specificity(item["path"])):
        groups.setdefault(pattern_of(item["path"]), []).append(item)
    default = groups.pop("/*", groups.pop("*", []))
    found = [Behavior(pattern, _get_first(items)) for pattern, items in groups.items()]
    return [*found, Behavior("*", _get_first(default))]


def pattern_of(path: str) -> str:
    """Return CloudFront's pattern for an endpoint's path: its `*` stands for any characters, slashes too."""
    return re.sub(r"/:[^/]+", "/*", path)


def _specificity(path: str) -> tuple[Any, ...]:
    """Sorts as the core does: a literal, then a pattern that ends here, then a parameter, then `*`."""

    def rank(segment: str, last: bool) -> int:
        if segment == "*":
            return 4 if last else 3
        return 2 if segment.startswith(":") else 0

    segments = path.split("/")[1:]
    ranks = [rank(segment, index == len(segments) - 1) for index, segment in enumerate(segments)]
    return (*ranks, *[1] * (MAX_SEGMENTS - len(ranks)), path)


def _get_first(items: Sequence[Mapping[str, Any]]) -> tuple[Mapping[str, Any], ...]:
    return tuple(sorted(items, key=lambda item: "GET" not in item["methods"]))


@dataclass(frozen=True)
class Served:
    """A behavior with the settings that its endpoints compiled to."""

    behavior: Behavior
    specs: tuple[Mapping[str, Any], ...]
    """The endpoints' parts of the settings document."""

    @property
    def cache(self) -> Mapping[str, Any] | None:
        """The strategy whose key the behavior has."""
        for spec in self.specs:
            if "GET" in spec["methods"] or "*" in spec["methods"]:
                cache: Mapping[str, Any] | None = spec["cache"]
                return cache if cache is None or cache["mode"] != "bypass" else None
        return None

    @property
    def router(self) -> str | None:
        """The router of its endpoints, where one of them has an origin."""
        names: list[str] = [spec["target"]["router"] for spec in self.specs if spec["target"]["kind"] == "origin"]
        return names[0] if names else None

    @property
    def safe(self) -> bool:
        """Whether its endpoints answer only what CloudFront can ask a second origin."""
        return bool(self.specs) and all(set(spec["methods"]) <= set(SAFE) for spec in self.specs)

    @property
    def session(self) -> bool:
        """Whether an endpoint asks for a session."""
        return any((spec["auth"] or {}).get("kind") == "session" for spec in self.specs)


def serve(endpoints: Endpoints, settings: Mapping[str, Any]) -> list[Served]:
    """Return the behaviors with their endpoints' settings, in the distribution's order."""
    by_place = {(spec["path"], tuple(spec["methods"])): spec for spec in settings["endpoints"]}
    return [
        Served(behavior, tuple(by_place[(item["path"], tuple(item["methods"]))] for item in behavior.items))
        for behavior in behaviors_of(endpoints)
    ]


def modules(
    name: str, plan: Plan, endpoints: Endpoints, settings: Mapping[str, Any], handlers: Mapping[str, str]
) -> dict[str, Any]:
    """Return the function's package with its digest, or raise what is wrong with it."""
    faults = Faults("EdgeApi", name)
    served = serve(endpoints, settings)
    _check_served(served, plan, faults)
    behaviors = [
        {"pattern": each.behavior.pattern, "policy": each.cache["name"] if each.cache is not None else None}
        for each in served
    ]
    package = Package(lambda_modules(for_lambda(settings), behaviors, handlers, plan.given.get("vars", {})))
    lambda_edge.check_package("endpoints", package, lambda_edge.Shape(), faults)
    faults.raise_if_any()
    return {"archive": package.archive(), "digest": package.digest}


def for_lambda(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings for the function: what CloudFront and WAF do themselves is left out of them."""
    endpoints = []
    for endpoint in settings["endpoints"]:
        cache = endpoint["cache"]
        if cache is not None:
            cache = {**cache, "engine": "worker", "tiers": {**cache["tiers"], "memory": None, "kv": None}}
        endpoints.append({**endpoint, "cache": cache, "rate_limit": None, "static": False})
    return {**settings, "endpoints": endpoints}


def _check_served(served: Sequence[Served], plan: Plan, faults: Faults) -> None:
    for each in served:
        names = {spec["cache"]["name"] if spec["cache"] else None for spec in each.specs if "GET" in spec["methods"]}
        if len(names) > 1:
            paths = " and ".join(sorted({show(spec["path"]) for spec in each.specs}))
            faults.add(
                f"{each.behavior.items[-1]['at']}.cache",
                f"is not that of every endpoint which CloudFront matches by {show(each.behavior.pattern)}: {paths}",
                fix="Give them one strategy, or other paths.",
            )
        for item, spec in zip(each.behavior.items, each.specs, strict=True):
            cache = spec["cache"]
            policies.compile_policy(f"{item['at']}.cache", cache, faults)
            for experiment in plan.experiments:
                if cache is None or cache["mode"] == "bypass" or spec["path"] not in experiment["paths"]:
                    continue
                if experiment["cookie"] not in cache["key"]["cookies"]:
                    faults.add(
                        f"{experiment['at']}.paths",
                        f"has {show(spec['path'])}, whose cache {show(cache['name'])} has no cookie"
                        f" {show(experiment['cookie'])} in its key, so that one variant would be served for another",
                        fix="Add it to the CachePolicy's `key.cookies`.",
                    )


# --- resources -----------------------------------------------------------------------------------------------------


def create(
    parent: pulumi.Resource,
    name: str,
    plan: Plan,
    endpoints: Endpoints,
    settings: Any,
    modules: Any,
    bound: Any,
) -> Deployed:
    """Make the distribution with its function, policies, functions at the viewer and what leads to it."""
    if not is_later(settings):
        return _Builder(parent, name, plan, endpoints, settings, modules, bound).build()
    # Through the plugin all of it comes at once, and what is made depends on it.
    made = pulumi.Output.all(settings, bound).apply(
        lambda known: _Builder(parent, name, plan, endpoints, known[0], modules, known[1]).build()
    )

    def part(key: str) -> Any:
        return made.apply(lambda deployed: getattr(deployed, key))

    return Deployed(**{key: part(key) for key in Deployed.__dataclass_fields__})


class _Builder:
    """Makes one API's resources, part by part."""

    def __init__(
        self,
        parent: pulumi.Resource,
        name: str,
        plan: Plan,
        endpoints: Endpoints,
        settings: Mapping[str, Any],
        modules: Any,
        bound: Any,
    ) -> None:
        self.parent = parent
        self.name = name
        self.plan = plan
        self.given = plan.given
        self.settings = settings
        self.modules: pulumi.Output[dict[str, Any]] = pulumi.Output.from_input(modules)
        self.stores: list[Any] = [binding["arn"] for binding in bound]
        self.served = serve(endpoints, settings)
        self.routers: dict[str, Mapping[str, Any]] = {router["name"]: router for router in settings["routers"]}
        self.child = pulumi.ResourceOptions(parent=parent)
        self.functions: dict[tuple[str, str], aws.cloudfront.Function] = {}

    def build(self) -> Deployed:
        faults = Faults("EdgeApi", self.name)
        codes = self._codes(faults)
        faults.raise_if_any()
        edge = self._edge_function()
        certificate = self._certificate()
        bucket = self._bucket()
        origins, groups = self._origins(bucket)
        behaviors: list[Any] = [self._behavior(served, edge, codes) for served in self.served]
        assets: list[Any] = [self._asset_behavior(item) for item, _, _ in self.plan.assets]
        acl = self._web_acl()
        tagged: Any = {"header_name": "Cache-Tag"} if self._tagged() else None
        errors: Any = [{"error_code": code, "error_caching_min_ttl": 0} for code in ERROR_STATUSES]
        restrictions: Any = {"geo_restriction": {"restriction_type": "none", "locations": []}}
        shown: Any = {"cloudfront_default_certificate": True}
        if self.plan.hostname is not None:
            shown = {
                "acm_certificate_arn": certificate,
                "minimum_protocol_version": "TLSv1.2_2021",
                "ssl_support_method": "sni-only",
            }
        distribution = aws.cloudfront.Distribution(
            f"{self.name}-distribution",
            aliases=[self.plan.hostname] if self.plan.hostname else [],
            cache_tag_config=tagged,
            comment=f"{self.name} ({pulumi.get_project()}/{pulumi.get_stack()}) by edgewright",
            custom_error_responses=errors,
            default_cache_behavior=behaviors[-1],
            enabled=True,
            http_version="http2and3",
            is_ipv6_enabled=True,
            ordered_cache_behaviors=[*assets, *behaviors[:-1]],
            origin_groups=groups,
            origins=origins,
            price_class=self.given.get("price_class", "PriceClass_All"),
            restrictions=restrictions,
            tags=dict(self.plan.tags),
            viewer_certificate=shown,
            # An update takes minutes to reach every location; only production is worth waiting for.
            wait_for_deployment=self.given.get("wait_for_deployment", production()),
            web_acl_id=acl,
            opts=self.child,
        )
        self._allow(bucket, distribution)
        self._dns(distribution)
        self._observe(distribution)
        return Deployed(
            urls=self._urls(distribution),
            script_name=edge.resource.name,
            version_id=edge.resource.version,
            stable_version_id=edge.resource.version,
            candidate_version_id=pulumi.Output.from_input(""),
            distribution={
                "id": distribution.id,
                "arn": distribution.arn,
                "domain_name": distribution.domain_name,
                "content": self._content(),
                "quotas": quotas(),
            },
            ledger=[edge.ledger],
        )

    # --- the function on the origin's events ---

    def _edge_function(self) -> lambda_edge.EdgeFunction:
        return lambda_edge.create(
            self.parent,
            f"{self.name}-edge",
            self.name,
            lambda_edge.Shape(
                events=lambda_edge.ORIGIN_EVENTS, description="answers or sends on what CloudFront has not"
            ),
            self.modules.apply(lambda known: known["archive"]),
            tags=self.plan.tags,
        )

    def _content(self) -> pulumi.Output[str]:
        """A hash of what is served by the function and from the bucket: where it stays, nothing need be invalidated."""
        files = [
            [item["path"], sorted((name, policies.content_hash(body.hex())) for name, body in found.items())]
            for item, _, found in self.plan.assets
        ]
        return self.modules.apply(lambda known: policies.content_hash([known["digest"], files]))

    def _tagged(self) -> bool:
        return any(endpoint["cache"] and endpoint["cache"]["tags"] for endpoint in self.settings["endpoints"])

    # --- origins ---

    def _origins(self, bucket: "aws.s3.Bucket | None") -> tuple[list[Any], list[Any]]:
        origins: list[Any] = []
        groups: list[Any] = []
        grouped = {served.router for served in self.served if self._failover(served)}
        for name in sorted(self.routers):
            router = self.routers[name]
            order = router["order"][router["fallback"]][: 2 if name in grouped else 1]
            for attempt, region in enumerate(order):
                (found,) = [origin for origin in router["origins"] if origin["region"] == region]
                origins.append(self._custom_origin(f"{name}-{attempt}", found["url"], router, attempt, name in grouped))
            if name in grouped:
                statuses = [status for status in router["retry_statuses"] if status in FAILOVER_STATUSES]
                groups.append(
                    {
                        "origin_id": name,
                        "failover_criteria": {"status_codes": sorted(statuses or [502, 503, 504])},
                        "members": [{"origin_id": f"{name}-0"}, {"origin_id": f"{name}-1"}],
                    }
                )
        if not origins:
            default = RouterSpec.model_fields["timeout_ms"].default
            pending = {"timeout_ms": default, "fallback": ""}
            origins.append(self._custom_origin("none", f"https://{PENDING_ORIGIN}", pending, 0, False))
        if bucket is not None:
            control = aws.cloudfront.OriginAccessControl(
                f"{self.name}-access",
                description=f"Lets {self.name} read its files.",
                name=policies.physical(f"{self.name}-access", "s3"),
                origin_access_control_origin_type="s3",
                signing_behavior="always",
                signing_protocol="sigv4",
                opts=self.child,
            )
            origins.append(
                {
                    "origin_id": "assets",
                    "domain_name": bucket.bucket_regional_domain_name,
                    "origin_access_control_id": control.id,
                    **self._shield(),
                }
            )
        return origins, groups

    def _shield(self) -> dict[str, Any]:
        region = self.given.get("origin_shield")
        return {"origin_shield": {"enabled": True, "origin_shield_region": region}} if region else {}

    def _custom_origin(
        self, origin_id: str, url: Any, router: Mapping[str, Any], attempt: int, grouped: bool
    ) -> dict[str, Any]:
        timeout = max(1, -(-router["timeout_ms"] // 1000))
        return {
            "origin_id": origin_id,
            "domain_name": _of(url, lambda known: urlsplit(known).hostname or PENDING_ORIGIN),
            "connection_attempts": 1 if grouped else 2,
            "connection_timeout": min(10, timeout),
            "custom_headers": [{"name": "x-edgewright-attempt", "value": str(attempt)}],
            "custom_origin_config": {
                "http_port": _of(url, lambda known: _port(known, "http")),
                "https_port": _of(url, lambda known: _port(known, "https")),
                "origin_protocol_policy": _of(url, lambda known: f"{urlsplit(known).scheme}-only"),
                "origin_ssl_protocols": ["TLSv1.2"],
                "origin_read_timeout": min(60, max(4, timeout)),
                "origin_keepalive_timeout": 5,
            },
            **self._shield(),
        }

    def _failover(self, served: Served) -> bool:
        router = self.routers.get(served.router or "")
        return served.safe and router is not None and len(router["origins"]) > 1

    # --- behaviors ---

    def _behavior(
        self, served: Served, edge: lambda_edge.EdgeFunction, codes: Mapping[viewer.ViewerNeeds, tuple[str, str]]
    ) -> dict[str, Any]:
        failover = self._failover(served) and not served.behavior.default
        any_router = served.router or next(iter(sorted(self.routers)), None)
        target = any_router if failover else f"{any_router}-0" if any_router else "none"
        unsafe_handler = any(
            spec["target"]["kind"] == "handler" and not set(spec["methods"]) <= set(SAFE)
            for spec in (served.specs if not served.behavior.default else self.settings["endpoints"])
        )
        lambdas: list[Any] = [
            {"event_type": "origin-request", "lambda_arn": edge.resource.qualified_arn, "include_body": unsafe_handler}
        ]
        if self.routers:
            lambdas.append(
                {"event_type": "origin-response", "lambda_arn": edge.resource.qualified_arn, "include_body": False}
            )
        own = [function for item in served.behavior.items for function in item.get("functions", ())]
        for function in own:
            lambdas += _associations(function)
        at_viewer = [] if own else self._viewer_functions(self._needs(served), codes)
        behavior: dict[str, Any] = {
            "target_origin_id": target,
            "viewer_protocol_policy": "redirect-to-https",
            "allowed_methods": list(SAFE if served.safe or not served.specs else METHODS),
            "cached_methods": ["GET", "HEAD"],
            "compress": True,
            "cache_policy_id": policies.cache_policy_id(
                self.parent, policies.compile_policy("", served.cache, Faults("EdgeApi", self.name))
            ),
            "origin_request_policy_id": policies.ALL_VIEWER_AND_CLOUDFRONT_HEADERS,
            "response_headers_policy_id": policies.response_headers_policy_id(
                self.parent, None, self.given.get("security_headers", False)
            ),
            "lambda_function_associations": sorted(lambdas, key=lambda item: str(item["event_type"])),
            "function_associations": at_viewer,
        }
        return behavior if served.behavior.default else {"path_pattern": served.behavior.pattern, **behavior}

    def _asset_behavior(self, item: Mapping[str, Any]) -> dict[str, Any]:
        ttl = item.get("browser_ttl", 0)
        control = f"public, max-age={ttl}" + (", immutable" if item.get("immutable") else "")
        return {
            "path_pattern": item["path"],
            "target_origin_id": "assets",
            "viewer_protocol_policy": "redirect-to-https",
            "allowed_methods": list(SAFE),
            "cached_methods": ["GET", "HEAD"],
            "compress": True,
            "cache_policy_id": policies.cache_policy_id(self.parent, policies.ASSETS),
            "response_headers_policy_id": policies.response_headers_policy_id(
                self.parent, control, self.given.get("security_headers", False)
            ),
            "lambda_function_associations": [],
            "function_associations": [],
        }

    # --- functions at the viewer ---

    def _needs(self, served: Served) -> viewer.ViewerNeeds:
        sessions = self.settings["sessions"]
        # A path that only the core's normal form makes a session's comes by the default behavior.
        any_session = served.session or (served.behavior.default and any(each.session for each in self.served))
        paths = {spec["path"] for spec in served.specs}
        experiments = [
            {key: experiment[key] for key in ("cookie", "variants", "max_age")}
            for experiment in self.plan.experiments
            if paths & set(experiment["paths"])
        ]
        cache = served.cache
        keyed = cache is not None and cache["key"]["region"] and served.router is not None
        return viewer.ViewerNeeds(
            regions=viewer.regions_of(self.routers[served.router]) if keyed and served.router else "",
            session=viewer.compact({key: sessions[key] for key in ("cookie", "key_prefix")})
            if any_session and sessions
            else "",
            experiments=viewer.compact(experiments) if experiments else "",
            redirects=self.plan.redirects,
        )

    def _codes(self, faults: Faults) -> dict[viewer.ViewerNeeds, tuple[str, str]]:
        found: dict[viewer.ViewerNeeds, tuple[str, str]] = {}
        for served in self.served:
            needs = self._needs(served)
            if needs not in found:
                found[needs] = (viewer.viewer_request(needs), viewer.viewer_response(needs) if needs.answers else "")
                for code in filter(None, found[needs]):
                    path = "redirects" if len(needs.redirects) > len(needs.experiments) else "experiments"
                    viewer.check_code(path, code, faults)
        return found

    def _viewer_functions(
        self, needs: viewer.ViewerNeeds, codes: Mapping[viewer.ViewerNeeds, tuple[str, str]]
    ) -> list[dict[str, Any]]:
        request, response = codes[needs]
        found = [
            {
                "event_type": "viewer-request",
                "function_arn": self._function("request", request, bool(needs.session)).arn,
            }
        ]
        if response:
            found.append(
                {"event_type": "viewer-response", "function_arn": self._function("response", response, False).arn}
            )
        return found

    def _function(self, kind: str, code: str, store: bool) -> aws.cloudfront.Function:
        """A function by its content: the next one is made beside it, because CloudFront deletes none that is in use."""
        content = policies.content_hash([code, store])
        if (kind, content) not in self.functions:
            self.functions[(kind, content)] = aws.cloudfront.Function(
                f"{self.name}-viewer-{kind}-{content}",
                name=policies.physical(f"{self.name}-{kind}", content)[-64:],
                comment=f"{self.name}: what is cheap at the viewer. By edgewright.",
                runtime=viewer.RUNTIME,
                code=code,
                publish=True,
                key_value_store_associations=self.stores if store else None,
                opts=self.child,
            )
        return self.functions[(kind, content)]

    # --- files ---

    def _bucket(self) -> "aws.s3.Bucket | None":
        if not self.plan.assets:
            return None
        bucket = aws.s3.Bucket(f"{self.name}-assets", region=REGION, tags=dict(self.plan.tags), opts=self.child)
        aws.s3.BucketPublicAccessBlock(
            f"{self.name}-assets-private",
            region=REGION,
            bucket=bucket.bucket,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=self.child,
        )
        for item, folder, files in self.plan.assets:
            prefix = item["path"].removesuffix("*").removeprefix("/")
            for name in sorted(files):
                path = folder / name
                shown = path.relative_to(Path.cwd()).as_posix() if path.is_relative_to(Path.cwd()) else str(path)
                aws.s3.BucketObjectv2(
                    f"{self.name}-asset-{prefix}{name}",
                    region=REGION,
                    bucket=bucket.bucket,
                    key=f"{prefix}{name}",
                    source=pulumi.FileAsset(shown),
                    content_type=mimetypes.guess_type(name)[0] or "application/octet-stream",
                    opts=self.child,
                )
        return bucket

    def _allow(self, bucket: "aws.s3.Bucket | None", distribution: aws.cloudfront.Distribution) -> None:
        if bucket is None:
            return

        def policy(known: Sequence[str]) -> str:
            statement = {
                "Effect": "Allow",
                "Principal": {"Service": "cloudfront.amazonaws.com"},
                "Action": "s3:GetObject",
                "Resource": f"{known[0]}/*",
                "Condition": {"StringEquals": {"AWS:SourceArn": known[1]}},
            }
            return json.dumps({"Version": "2012-10-17", "Statement": [statement]}, sort_keys=True)

        aws.s3.BucketPolicy(
            f"{self.name}-assets-readers",
            region=REGION,
            bucket=bucket.bucket,
            policy=pulumi.Output.all(bucket.arn, distribution.arn).apply(policy),
            opts=self.child,
        )

    # --- certificate, DNS, WAF ---

    def _certificate(self) -> Any:
        if "certificate_arn" in self.given or self.plan.hostname is None:
            return self.given.get("certificate_arn")
        certificate = aws.acm.Certificate(
            f"{self.name}-certificate",
            region=REGION,
            domain_name=self.plan.hostname,
            validation_method="DNS",
            tags=dict(self.plan.tags),
            opts=self.child,
        )
        # Nothing is known of it where the program is only recorded, to be checked.
        option: pulumi.Output[Any] = certificate.domain_validation_options.apply(
            lambda options: options[0] if options else None
        )

        def part(name: str) -> pulumi.Output[Any]:
            return option.apply(lambda found: getattr(found, name, None))

        record = aws.route53.Record(
            f"{self.name}-certificate-record",
            zone_id=self.given["hosted_zone_id"],
            name=part("resource_record_name"),
            type=part("resource_record_type"),
            records=[part("resource_record_value")],
            ttl=300,
            allow_overwrite=True,
            opts=self.child,
        )
        valid = aws.acm.CertificateValidation(
            f"{self.name}-certificate-validation",
            region=REGION,
            certificate_arn=certificate.arn,
            validation_record_fqdns=[record.fqdn],
            opts=self.child,
        )
        return valid.certificate_arn

    def _dns(self, distribution: aws.cloudfront.Distribution) -> None:
        if self.plan.hostname is None or "hosted_zone_id" not in self.given:
            return
        for kind in ("A", "AAAA"):
            aws.route53.Record(
                f"{self.name}-{kind.lower()}-record",
                zone_id=self.given["hosted_zone_id"],
                name=self.plan.hostname,
                type=kind,
                aliases=[
                    {"name": distribution.domain_name, "zone_id": CLOUDFRONT_ZONE, "evaluate_target_health": False}
                ],
                opts=self.child,
            )

    def _web_acl(self) -> Any:
        limited = [(item, item["rate_limit"]) for item in self.settings["endpoints"] if item["rate_limit"]]
        if not limited:
            return self.given.get("web_acl_arn")
        rules: Any = [_rate_rule(index, item, rate) for index, (item, rate) in enumerate(limited)]
        allow: Any = {"allow": {}}
        acl = aws.wafv2.WebAcl(
            f"{self.name}-web-acl",
            region=REGION,
            scope="CLOUDFRONT",
            description=f"Rate limits of {self.name}, by edgewright.",
            default_action=allow,
            rules=rules,
            visibility_config=_visibility(f"{self.name}-web-acl"),
            tags=dict(self.plan.tags),
            opts=self.child,
        )
        return acl.arn

    # --- logs, metrics, dashboard ---

    def _observe(self, distribution: aws.cloudfront.Distribution) -> None:
        if self.given.get("metrics", True):
            aws.cloudfront.MonitoringSubscription(
                f"{self.name}-metrics",
                distribution_id=distribution.id,
                monitoring_subscription={
                    "realtime_metrics_subscription_config": {"realtime_metrics_subscription_status": "Enabled"}
                },
                opts=self.child,
            )
        if self.given.get("dashboard", False):
            aws.cloudwatch.Dashboard(
                f"{self.name}-dashboard",
                region=REGION,
                dashboard_name=policies.physical("dashboard", self.name),
                dashboard_body=distribution.id.apply(dashboard),
                opts=self.child,
            )
        if self.given.get("access_logs", True):
            self._logs(distribution)

    def _logs(self, distribution: aws.cloudfront.Distribution) -> None:
        physical = policies.physical("logs", self.name)
        group = aws.cloudwatch.LogGroup(
            f"{self.name}-log-group",
            region=REGION,
            name=f"/aws/vendedlogs/cloudfront/{physical}",
            retention_in_days=self.given.get("log_retention_days", 30),
            tags=dict(self.plan.tags),
            opts=self.child,
        )
        source = aws.cloudwatch.LogDeliverySource(
            f"{self.name}-log-source",
            region=REGION,
            name=physical,
            log_type="ACCESS_LOGS",
            resource_arn=distribution.arn,
            opts=self.child,
        )
        destination = aws.cloudwatch.LogDeliveryDestination(
            f"{self.name}-log-destination",
            region=REGION,
            name=physical,
            output_format="json",
            delivery_destination_configuration={"destination_resource_arn": group.arn},
            opts=self.child,
        )
        aws.cloudwatch.LogDelivery(
            f"{self.name}-log-delivery",
            region=REGION,
            delivery_source_name=source.name,
            delivery_destination_arn=destination.arn,
            opts=self.child,
        )

    def _urls(self, distribution: aws.cloudfront.Distribution) -> pulumi.Output[list[str]]:
        own = [f"https://{self.plan.hostname}"] if self.plan.hostname else []
        return distribution.domain_name.apply(lambda known: [*own, *([f"https://{known}"] if known else [])])


def production() -> bool:
    """Say whether the stack is production, by its name."""
    return re.search(r"(^|[-_.])prod(uction)?$", pulumi.get_stack().lower()) is not None


def quotas() -> dict[str, Any]:
    """Return what the stack uses of the account's quotas for policies of one's own, and warn where none is left."""
    names = {"cache": "cache_policies", "headers": "response_headers_policies"}
    found = {}
    for kind, name in names.items():
        most = limit(f"cloudfront.{name}")
        count = policies.used().get(kind, 0)
        found[name] = {"used": count, "limit": int(most.value), "left": int(most.value) - count}
        if count > most.value:
            faults = Faults("EdgeApi", "stack")
            faults.add(
                "cache",
                f"needs {count} {name.replace('_', ' ')} of the stack's own ({most.source})",
                allowed=f"at most {most.text} an account",
                fix="Give endpoints equal keys: equal ones are shared.",
            )
            faults.raise_if_any()
    return found


def dashboard(distribution_id: str) -> str:
    """Return a dashboard's body: requests, errors, hits and the function at the edge."""

    def widget(title: str, row: int, column: int, metrics: Sequence[tuple[str, str]]) -> dict[str, Any]:
        dimensions = ["DistributionId", distribution_id, "Region", "Global"]
        return {
            "type": "metric",
            "x": column * 12,
            "y": row * 6,
            "width": 12,
            "height": 6,
            "properties": {
                "title": title,
                "region": REGION,
                "view": "timeSeries",
                "period": 60,
                "metrics": [["AWS/CloudFront", name, *dimensions, {"stat": stat}] for name, stat in metrics],
            },
        }

    widgets = [
        widget("Requests", 0, 0, [("Requests", "Sum")]),
        widget("Hit rate (%)", 0, 1, [("CacheHitRate", "Average")]),
        widget("Errors (%)", 1, 0, [("4xxErrorRate", "Average"), ("5xxErrorRate", "Average")]),
        widget("Origin latency (ms)", 1, 1, [("OriginLatency", "p50"), ("OriginLatency", "p95"), ("OriginLatency", "p99")]),
        widget("Function at the edge", 2, 0, [("LambdaExecutionError", "Sum"), ("LambdaValidationError", "Sum"), ("LambdaLimitExceededError", "Sum")]),
        widget("Bytes", 2, 1, [("BytesDownloaded", "Sum"), ("BytesUploaded", "Sum")]),
    ]  # fmt: skip
    return json.dumps({"widgets": widgets}, sort_keys=True)


def _of(url: Any, part: Callable[[str], Any]) -> Any:
    return url.apply(part) if is_later(url) else part(url)


def _port(url: str, scheme: str) -> int:
    parts = urlsplit(url)
    if parts.scheme == scheme and parts.port is not None:
        return parts.port
    return 80 if scheme == "http" else 443


def _associations(function: Any) -> list[dict[str, Any]]:
    return [
        {
            "event_type": event,
            "lambda_arn": function["arn"],
            "include_body": bool(function.get("include_body")) and event.endswith("-request"),
        }
        for event in function["events"]
    ]


def _visibility(name: str) -> Any:
    return {"cloudwatch_metrics_enabled": True, "metric_name": name, "sampled_requests_enabled": True}


def _rate_rule(priority: int, item: Mapping[str, Any], rate: Mapping[str, Any]) -> dict[str, Any]:
    name = rate["binding"].lower().replace("_", "-")
    path = re.sub(r":[^/]+", "[^/]+", re.sub(r"([.+^$(){}|\[\]\\])", r"\\\1", item["path"]).replace("*", ".*"))
    return {
        "name": name,
        "priority": priority,
        "action": {"block": {"custom_response": {"response_code": 429}}},
        "statement": {
            "rate_based_statement": {
                "limit": rate["limit"],
                "evaluation_window_sec": rate["period_s"],
                "aggregate_key_type": "IP",
                "scope_down_statement": {
                    "regex_match_statement": {
                        "regex_string": f"^{path}/?$",
                        "field_to_match": {"uri_path": {}},
                        "text_transformations": [
                            {"priority": 0, "type": "URL_DECODE"},
                            {"priority": 1, "type": "NORMALIZE_PATH"},
                        ],
                    }
                },
            }
        },
        "visibility_config": _visibility(name),
    }


# --- stores --------------------------------------------------------------------------------------------------------


def check_store(given: Mapping[str, Any], seeds: Sequence[Seed], faults: Faults) -> None:
    """Note what a KeyValueStore cannot hold: what is too large, and what expires."""
    for key, what, fix in (
        ("account_id", "is of use to host 'cloudflare' only", "The account is that of AWS's credentials. Leave it out."),
        ("default_ttl", "is given, and nothing expires in a KeyValueStore", "Delete keys, or use DynamoDB global tables, which expire."),
        ("list_limit", "is given, and a function cannot list a KeyValueStore", "Leave it out, or keep the list under a key."),
        ("jurisdiction", "is given, and a KeyValueStore is copied to every edge location", "Use DynamoDB in the regions allowed."),
    ):  # fmt: skip
        if key in given:
            faults.add(key, what, fix=fix)
    total = 0
    most_key, most, whole = (limit(f"cloudfront.kvs.{name}") for name in ("key_bytes", "value_bytes", "store_bytes"))
    alternatives = (
        "Put it into S3 behind `assets` and its name here, or use host 'cloudflare' (25 MiB a value), or a DynamoDB global"
        " table read by a handler."
    )
    for seed in seeds:
        at = f"seed[{seed.key}]"
        if seed.ttl is not None:
            faults.add(f"{at}.ttl", "is given, and nothing expires in a KeyValueStore", fix="Leave it out.")
        if seed.metadata is not None:
            faults.add(f"{at}.metadata", "is given, and a KeyValueStore keeps none", fix="Put it into the value.")
        if len(seed.key.encode()) > most_key.value:
            faults.add(at, f"the key has {len(seed.key.encode())} bytes", allowed=f"at most {most_key.text}")
        if is_later(seed.value):
            continue
        size = len(str(seed.value).encode())
        total += size + len(seed.key.encode())
        if size > most.value:
            faults.add(
                at,
                f"the value has {size} bytes, more than a KeyValueStore holds ({most.source})",
                allowed=f"at most {most.text}",
                fix=alternatives,
            )
    if total > whole.value:
        faults.add(
            "seed",
            f"has {total} bytes of keys and values, more than a KeyValueStore holds ({whole.source})",
            allowed=f"at most {whole.text}",
            fix=alternatives,
        )


def create_store(
    parent: pulumi.Resource, name: str, title: Any, given: Mapping[str, Any], seeds: Sequence[Seed]
) -> aws.cloudfront.KeyValueStore:
    """Make a KeyValueStore and the keys that it starts with, in one resource that chunks its updates itself."""
    child = pulumi.ResourceOptions(parent=parent)
    store = aws.cloudfront.KeyValueStore(f"{name}-store", name=title, comment=f"{name}, by edgewright.", opts=child)
    secret = given.get("seed", {}).get("secret", False)
    if seeds:
        pairs: Any = [
            {"key": seed.key, "value": pulumi.Output.secret(seed.value) if secret else seed.value}
            for seed in sorted(seeds, key=lambda seed: seed.key)
        ]
        aws.cloudfront.KeyvaluestoreKeysExclusive(
            f"{name}-keys",
            key_value_store_arn=store.arn,
            max_batch_size=int(limit("cloudfront.kvs.update_keys").value),
            resource_key_value_pairs=pairs,
            opts=child,
        )
    return store
