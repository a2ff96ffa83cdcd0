"""What a platform offers to the components, and what comes back of an API. See :class:`Platform`."""

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import pulumi

from edgewright.arguments.endpoints.models import Compiled, Endpoints
from edgewright.arguments.shape import Later
from edgewright.base.faults import Faults
from edgewright.contract.models import EdgeSettings
from edgewright.platforms import DEFAULT, HOSTS
from edgewright.platforms.lifecycle import Held
from edgewright.platforms.parts import Binding


@dataclass(frozen=True)
class Deployed:
    """What an API tells of what was made of it."""

    urls: pulumi.Output[list[str]]
    script_name: pulumi.Output[str]
    version_id: pulumi.Output[str]
    stable_version_id: pulumi.Output[str]
    candidate_version_id: pulumi.Output[str]
    distribution: Any = field(default_factory=dict)
    """cloudfront: id, arn, domain_name, what an invalidation is keyed by, and quotas used. Empty elsewhere."""
    ledger: Any = field(default_factory=list)
    """cloudfront: entries for `edgewright reap`. Empty elsewhere."""


@dataclass(frozen=True)
class Store:
    """What was made of a KvNamespace."""

    id: pulumi.Output[str]
    title: pulumi.Output[str]
    binding: Binding
    """What other components take of it, but for the name under which functions see it."""
    made_with: Mapping[str, Held]
    """What it keeps from when it was made, by argument."""


class Platform(Protocol):
    """What a platform's module offers to EdgeApi, in the order of its calls."""

    def check(self, name: str, given: Mapping[str, Any], faults: Faults) -> Any:
        """Return the arguments that only this platform has, with their defaults; note what is wrong with them."""

    def check_endpoints(self, plan: Any, endpoints: Endpoints, faults: Faults) -> None:
        """Note what an endpoint asks of this platform that it does not have."""

    def bundle(self, plan: Any, endpoints: Endpoints, faults: Faults) -> dict[str, str]:
        """Return the handlers' modules by name, bundled for this platform."""

    def bindings(
        self, plan: Any, endpoints: Endpoints, needed: Sequence[Binding], faults: Faults
    ) -> list[dict[str, Any]]:
        """Return what the function sees on `env`."""

    def modules(
        self, name: str, plan: Any, endpoints: Endpoints, settings: EdgeSettings, handlers: Mapping[str, str]
    ) -> Any:
        """Return the function's modules, or raise what is wrong with them. All that is given is known."""

    def create(
        self,
        parent: pulumi.Resource,
        name: str,
        plan: Any,
        endpoints: Endpoints,
        compiled: Later[Compiled],
        modules: Any,
        bound: Any,
    ) -> Deployed:
        """Make the API's resources. What it compiled to, its modules and its bindings are known now or later."""

    def check_store(self, name: str, title: Any, given: Mapping[str, Any], faults: Faults) -> Any:
        """Return what a KvNamespace becomes here, for `create_store`; note what it cannot be."""

    def create_store(
        self, parent: pulumi.Resource, name: str, title: Any, given: Mapping[str, Any], plan: Any
    ) -> Store:
        """Make the store's resources."""


def host_of(name: str) -> Platform:
    """Return a platform's module. Its SDK is imported only now: each takes its time."""
    host: Platform = importlib.import_module(f"edgewright.platforms.{name if name in HOSTS else DEFAULT}.api")
    return host
