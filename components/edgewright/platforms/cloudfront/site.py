"""One API while its resources are made: what each of the rooms beside this one is given."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pulumi
import pulumi_aws as aws

from edgewright.arguments.endpoints.models import Compiled, Endpoints
from edgewright.base.faults import Faults
from edgewright.contract.models import EdgeSettings, RouterSpec
from edgewright.platforms.cloudfront.asked import Asked, Asset
from edgewright.platforms.cloudfront.behaviors import Served, in_order, serve, taken_by
from edgewright.platforms.cloudfront.function_files import Uploads
from edgewright.platforms.cloudfront.plan import Plan
from edgewright.platforms.cloudfront.shield import shields_of


@dataclass(frozen=True)
class Site:
    """An API that is being made."""

    parent: pulumi.Resource
    name: str
    plan: Plan
    compiled: Compiled
    """What the API compiled to, its URLs known now or later."""
    uploads: pulumi.Output[Uploads]
    stores: tuple[Any, ...]
    """ARNs of the KeyValueStores that functions at the viewer read."""
    served: tuple[Served, ...]
    """The behaviors, in the distribution's order."""
    functions: dict[tuple[str, str], aws.cloudfront.Function] = field(default_factory=dict)
    """CloudFront Functions made so far, by event and content."""
    uploaded: list[aws.s3.BucketObjectv2] = field(default_factory=list)
    """Files of the bucket made so far."""

    @classmethod
    def of(
        cls,
        parent: pulumi.Resource,
        name: str,
        plan: Plan,
        endpoints: Endpoints,
        compiled: Compiled,
        uploads: pulumi.Output[Uploads],
        bound: Sequence[Mapping[str, Any]],
    ) -> "Site":
        """Return an API from what its parts were compiled to."""
        return cls(
            parent=parent,
            name=name,
            plan=plan,
            compiled=compiled,
            uploads=uploads,
            stores=tuple(binding["arn"] for binding in bound),
            served=tuple(serve(endpoints, compiled.settings)),
        )

    @property
    def given(self) -> Asked:
        """The arguments."""
        return self.plan.given

    @property
    def settings(self) -> EdgeSettings:
        """The settings document: where a URL becomes known later, `PENDING_URL` stands for it."""
        return self.compiled.settings

    @property
    def routers(self) -> dict[str, RouterSpec]:
        """Routers by name."""
        return {router.name: router for router in self.settings.routers}

    def shield(self, router: str) -> str | None:
        """Return the region of the Origin Shield before a router's origins, where there is one."""
        every = self.given.origin_shield
        return every or shields_of(self.served, self.plan, Faults("EdgeApi", self.name)).get(router)

    def takes_cookies(self, served: Served) -> bool:
        """Say whether anything behind the cache may look at cookies.

        Under mode `override` an answer is the same for all but by its key, so nothing does. CloudFront lets requests of one
        key wait for one answer only where no cookie goes on.
        """
        paths = {spec.path for spec in served.specs}
        drawn = any(paths & set(experiment.paths) for experiment in self.plan.experiments)
        forced = all(
            spec.cache is not None and spec.cache.mode == "override" and not spec.cache.key.cookies
            for spec in served.specs
        )
        return drawn or not served.safe or not forced

    @property
    def order(self) -> list[str]:
        """The patterns of the behaviors but the default one, endpoints' and files', in the distribution's order."""
        return in_order([each.behavior for each in self.served], [item.pattern for item, _, _ in self.plan.assets])

    @property
    def files(self) -> list[tuple[Asset, Path, dict[str, bytes]]]:
        """The files that are served, as `plan.assets` has them.

        Those whose path another behavior takes are not: nobody should get them, and a bucket that does not have them gives
        them to nobody, however their path is written (S3 reads `%2F` as a slash, CloudFront's patterns do not).
        """
        order = self.order
        found = []
        for item, folder, files in self.plan.assets:
            prefix = item.pattern.removesuffix("*")
            kept = {name: body for name, body in files.items() if taken_by(order, quote(prefix + name)) == item.pattern}
            found.append((item, folder, kept))
        return found

    @property
    def child(self) -> pulumi.ResourceOptions:
        """Options of a resource that belongs to the API."""
        return pulumi.ResourceOptions(parent=self.parent)

    @property
    def passing(self) -> pulumi.ResourceOptions:
        """Options of a resource that comes and goes with a rollout or a guard, also where the API is protected."""
        return pulumi.ResourceOptions(parent=self.parent, protect=False)

    def failover(self, served: Served) -> bool:
        """Say whether CloudFront can ask a second origin for a behavior."""
        router = self.routers.get(served.router or "")
        return served.safe and router is not None and len(router.origins) > 1
