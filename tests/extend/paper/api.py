"""What Paper offers to the components. See :class:`edgewright.platforms.platform.Platform`."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
from edgewright.arguments.endpoints.models import Compiled, Endpoints
from edgewright.arguments.seeds import Seed, Source, read_seeds
from edgewright.arguments.shape import Later, fill
from edgewright.base.fault_codes import Code
from edgewright.base.faults import Faults
from edgewright.contract.models import EdgeSettings
from edgewright.platforms.platform import Deployed, Store


def check(name: str, given: Mapping[str, Any], faults: Faults) -> dict[str, Any]:
    """Return the plan: what `create` needs of the arguments."""
    if given.get("hostname") is not None:
        faults.add("hostname", "is given, and paper has no names", code=Code.UNSUPPORTED, fix="Leave it out.")
    return {"script_name": given.get("script_name", name)}


def check_endpoints(plan: Any, endpoints: Endpoints, faults: Faults) -> None:
    """Note what an endpoint asks for that is not to be had here."""
    for item in endpoints.items:
        if item.rate_limit is not None:
            faults.add(
                f"{item.at}.rate_limit",
                "is given, and nobody counts on paper",
                code=Code.UNSUPPORTED,
                fix="Leave it out.",
            )


def bundle(plan: Any, endpoints: Endpoints, faults: Faults) -> dict[str, str]:
    """Return no handlers' modules: nothing runs."""
    return {}


def bindings(
    plan: Any, endpoints: Endpoints, needed: Sequence[Mapping[str, Any]], faults: Faults
) -> list[dict[str, Any]]:
    """Return what the function sees on `env`."""
    return [dict(binding) for binding in needed]


def modules(
    name: str, plan: Any, endpoints: Endpoints, settings: EdgeSettings, handlers: Mapping[str, str]
) -> Mapping[str, Any]:
    """Return what is uploaded: the settings document itself."""
    return settings.model_dump(mode="json")


def create(
    parent: pulumi.Resource,
    name: str,
    plan: Any,
    endpoints: Endpoints,
    compiled: Later[Compiled],
    modules: Any,
    bound: Any,
) -> Deployed:
    """Make the API's one resource."""
    paths = [item.path for item in endpoints.items]
    pulumi.CustomResource(
        "paper:index/sheet:Sheet",
        f"{name}-sheet",
        {"title": plan["script_name"], "paths": paths, "settings": modules},
        pulumi.ResourceOptions(parent=parent),
    )
    nothing = pulumi.Output.from_input("")
    title = pulumi.Output.from_input(plan["script_name"])
    return Deployed(pulumi.Output.from_input([f"https://paper.invalid/{name}"]), title, title, title, nothing)


def check_store(name: str, title: Any, given: Mapping[str, Any], faults: Faults) -> list[Seed]:
    """Return the keys that a store starts with."""
    return read_seeds(fill(Source, given.get("seed", {})), faults, lambda *_: None)


def create_store(parent: pulumi.Resource, name: str, title: Any, given: Mapping[str, Any], plan: Any) -> Store:
    """Make a store: one sheet with its keys."""
    pulumi.CustomResource(
        "paper:index/sheet:Sheet", f"{name}-sheet", {"title": title}, pulumi.ResourceOptions(parent=parent)
    )
    return Store(pulumi.Output.from_input(name), pulumi.Output.from_input(title), {"type": "paper"}, {})
