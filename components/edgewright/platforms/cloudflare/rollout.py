"""A gradual rollout: which versions share the requests, and the rules by which a client keeps its version."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import pulumi
import pulumi_cloudflare as cloudflare

from edgewright.arguments.shape import Later, when_known
from edgewright.base.fault_codes import Code
from edgewright.base.faults import Faults
from edgewright.contract.models import EdgeSettings
from edgewright.platforms.cloudflare.arguments import COOKIES_FIELD, HEADERS_PHASE, VERSION_KEY, Plan
from edgewright.platforms.cloudflare.asked import Sticky
from edgewright.platforms.cloudflare.expressions import quoted
from edgewright.platforms.cloudflare.routes import split_route
from edgewright.platforms.cloudflare.version import cache_options, exports_of


def shares(
    parent: pulumi.Resource,
    plan: Plan,
    worker: cloudflare.Worker,
    version_id: pulumi.Output[str],
    settings: Later[EdgeSettings],
) -> Any:
    """Return each version with its share of the requests, or raise why the platform would refuse them."""
    if plan.percentage == 100:
        return [{"version_id": version_id, "percentage": 100}]

    def compare(known: list[Any]) -> None:
        previous, worker_id, account_id, document = known
        before = _classes_of(parent, account_id, worker_id, previous) if previous else None
        now = (exports_of(document) or {}).keys()
        if before is None or before == now:
            return
        faults = Faults("EdgeApi", plan.script_name)
        faults.add(
            "rollout.percentage",
            f"is {plan.percentage}, and the two versions differ in their classes of Durable Objects"
            f" ({', '.join(sorted(before ^ now))}): the platform refuses to split requests between such versions",
            code=Code.ROLLOUT_STATE,
            allowed="100 while a shield comes or goes",
            fix="1. End the rollout that is under way. 2. Deploy the change of the shield alone, without `rollout`."
            " 3. Roll out gradually again, with that deployment's `stable_version_id`.",
        )
        faults.raise_if_any()

    def split(known: list[Any]) -> list[dict[str, Any]]:
        new, previous, _ = known
        if not previous:
            faults = Faults("EdgeApi", plan.script_name)
            faults.add(
                "rollout.previous_version_id",
                "is empty, so that there is no version to keep the rest of the requests",
                code=Code.EMPTY,
                fix="Deploy once with `percentage: 100`.",
            )
            faults.raise_if_any()
        if new == previous:
            return [{"version_id": new, "percentage": 100}]
        rest = round(100 - plan.percentage, 2)
        return [{"version_id": new, "percentage": plan.percentage}, {"version_id": previous, "percentage": rest}]

    # The new version's id becomes known with its deployment; what is compared is known in a preview.
    compared = pulumi.Output.all(plan.previous_version_id, worker.id, plan.account_id, settings).apply(compare)
    return pulumi.Output.all(version_id, plan.previous_version_id, compared).apply(split)


def _classes_of(parent: pulumi.Resource, account_id: str, worker_id: str, version_id: str) -> set[str] | None:
    """Return the classes of Durable Objects of a version that was deployed before; None where the platform does not tell."""
    try:
        found = cloudflare.get_worker_version(
            account_id=account_id, worker_id=worker_id, version_id=version_id, opts=pulumi.InvokeOptions(parent=parent)
        )
    except Exception as error:  # noqa: BLE001 - whatever a provider raises: the deployment says what is wrong with it
        pulumi.log.warn(
            f"the version {version_id} could not be read, so that its classes are not compared: {error}. Where a shield comes or"
            " goes, Cloudflare refuses the rollout: give the version with the change all requests first"
        )
        return None
    if found.id is None:
        return None
    live = (None, "", "created", "expecting-transfer")
    return {
        name
        for name, each in (found.exports or {}).items()
        if each["type"] == "durable-object" and each.get("state") in live
    }


@dataclass(frozen=True)
class Served:
    """The versions that a deployment gives requests to."""

    version: str
    """The one that it was made for."""
    stable: str
    candidate: str
    """Empty where one version has every request."""


def served_by(versions: Sequence[str], previous: str | None) -> Served:
    """Return which of the deployed versions is the new one, and which to go back to."""
    new = next((version for version in versions if version != previous), versions[0])
    if len(versions) == 1:
        return Served(new, new, "")
    return Served(new, next(version for version in versions if version != new), new)


def make_sticky(parent: pulumi.Resource, name: str, plan: Plan, settings: Later[EdgeSettings]) -> cloudflare.Ruleset:
    """Make the rules by which a client keeps its version. They are there before the first request is split, and gone with the
    rollout, also where the API is protected."""
    when_known(settings, lambda known: _warn_of_sticky(name, plan, known))
    return cloudflare.Ruleset(
        f"{name}-sticky",
        zone_id=plan.zone_id,
        kind="zone",
        phase=HEADERS_PHASE,
        name="edgewright sticky rollout",
        description=f"What a client of {name} keeps its version by, by edgewright.",
        rules=sticky_rules(name, plan),
        opts=pulumi.ResourceOptions(parent=parent, protect=False),
    )


def sticky_rules(name: str, plan: Plan) -> list[Any]:
    """Return the rules that set the header which decides the version, whatever the client sent."""
    here = _asked_expression(plan)
    sticky = plan.sticky or Sticky()
    cookie, address = sticky.cookie, sticky.address
    by_address = {"operation": "set", "expression": "to_string(ip.src)"}
    if cookie is None:
        return [_header_rule(name, "by address", here, by_address)]
    # Names are decoded before they are compared (COOKIES_FIELD).
    field = f"http.request.cookies[{quoted(unquote(cookie))}]"
    with_cookie = f"len({field}) > 0"
    return [
        _header_rule(name, "by cookie", f"{here} and {with_cookie}", {"operation": "set", "expression": f"{field}[0]"}),
        _header_rule(
            name,
            "by address, without the cookie" if address else "drawn anew, without the cookie",
            f"{here} and not ({with_cookie})",
            by_address if address else {"operation": "remove"},
        ),
    ]


def _header_rule(name: str, what: str, expression: str, change: Mapping[str, str]) -> dict[str, Any]:
    return {
        "ref": f"edgewright_{hashlib.sha256(f'{name} {what}'.encode()).hexdigest()[:16]}",
        "description": f"{name}: {what}",
        "expression": expression,
        "action": "rewrite",
        "action_parameters": {"headers": {VERSION_KEY: change}},
        "enabled": True,
    }


def _asked_expression(plan: Plan) -> str:
    """Return the expression that matches what clients ask of the API in its zone."""
    parts = [f"http.host eq {quoted(plan.hostname)}"] if plan.hostname is not None else []
    for pattern in plan.routes:
        _, host, path = split_route(pattern)
        part = f"http.host {'wildcard' if host.startswith('*') else 'eq'} {quoted(host)}"
        if path.endswith("*"):
            part += f" and starts_with(http.request.uri.path, {quoted(path[:-1])})" if path != "/*" else ""
        else:
            part += f" and http.request.uri.path eq {quoted(path)}"
        parts.append(part)
    return "(" + " or ".join(parts if len(parts) == 1 else (f"({part})" for part in parts)) + ")"


def _warn_of_sticky(name: str, plan: Plan, settings: EdgeSettings) -> None:
    if plan.sticky is not None and plan.sticky.cookie is not None and plan.given.zone_plan is None:
        pulumi.log.warn(
            f"EdgeApi {name!r}: rollout.sticky.cookie: is read by a rule, and rules of a zone on the plan Free have no field for"
            f" cookies ({COOKIES_FIELD}). Say the zone's plan by `cloudflare.zone_plan`"
        )
    if cache_options(settings)["enabled"]:
        pulumi.log.warn(
            f"EdgeApi {name!r}: rollout.sticky: the cache of engine 'platform' keeps an entry for each value of {VERSION_KEY}, so"
            " that clients share none while the rollout lasts"
            " (https://developers.cloudflare.com/workers/cache/cache-keys/)"
        )
