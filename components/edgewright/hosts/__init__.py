"""One file a platform: how an API's specification becomes that platform's resources. See :class:`Host`."""

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import pulumi

from edgewright._endpoints import Endpoints
from edgewright.errors import Faults

HOSTS = ("cloudflare", "cloudfront")
"""Platforms that an EdgeApi can be on. Each is a module of this package."""


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


class Host(Protocol):
    """What a platform's module offers to EdgeApi, in the order of its calls."""

    def check(self, name: str, given: Mapping[str, Any], faults: Faults) -> Any:
        """Return the arguments that only this platform has, with their defaults; note what is wrong with them."""

    def check_endpoints(self, plan: Any, endpoints: Endpoints, faults: Faults) -> None:
        """Note what an endpoint asks of this platform that it does not have."""

    def bundle(self, plan: Any, endpoints: Endpoints, faults: Faults) -> dict[str, str]:
        """Return the handlers' modules by name, bundled for this platform."""

    def bindings(
        self, plan: Any, endpoints: Endpoints, needed: Sequence[Mapping[str, Any]], faults: Faults
    ) -> list[dict[str, Any]]:
        """Return what the function sees on `env`."""

    def modules(
        self, name: str, plan: Any, endpoints: Endpoints, settings: Mapping[str, Any], handlers: Mapping[str, str]
    ) -> Any:
        """Return the function's modules, or raise what is wrong with them. All that is given is known."""

    def create(
        self,
        parent: pulumi.Resource,
        name: str,
        plan: Any,
        endpoints: Endpoints,
        settings: Any,
        modules: Any,
        bound: Any,
    ) -> Deployed:
        """Make the API's resources. Settings, modules and bindings are known now or later."""


def host_of(name: str) -> Host:
    """Return a platform's module. Its SDK is imported only now: each takes its time."""
    host: Host = importlib.import_module(f"{__name__}.{name if name in HOSTS else HOSTS[0]}")
    return host
