"""The provider plugin that offers the components to every Pulumi language."""

import json
import re

import pulumi
from pulumi.provider.experimental.component import ComponentProvider
from pulumi.provider.experimental.util import camel_case
from pulumi.provider.provider import ConstructResult
from pulumi.provider.server import ComponentInitError

from edgewright import CachePolicy, EdgeApi, GeoRouter, KvNamespace, LambdaEdgeFunction, __version__
from edgewright.base.faults import InputFaults

COMPONENTS: list[type[pulumi.ComponentResource]] = [CachePolicy, EdgeApi, GeoRouter, KvNamespace, LambdaEdgeFunction]
"""What the plugin offers. A component that is not here is of no use outside Python."""

NAME = "edgewright"


class EdgewrightProvider(ComponentProvider):
    """Pulumi's host for components, with one difference: faults in a component's arguments reach the engine as what they
    are, so that it prints each with its property and no traceback of the plugin."""

    def __init__(self) -> None:
        super().__init__(COMPONENTS, NAME, version=__version__)
        assert self.schema is not None
        self.schema = _with_types_for_go(self.schema)

    def construct(
        self,
        name: str,
        resource_type: str,
        inputs: pulumi.Inputs,
        options: pulumi.ResourceOptions | None = None,
    ) -> ConstructResult:
        """Make one component, or raise `InputPropertiesError` with what is wrong with its arguments."""
        try:
            return super().construct(name, resource_type, inputs, options)
        except ComponentInitError as error:
            if not isinstance(error.inner, InputFaults):
                raise
            raise pulumi.InputPropertiesError(
                str(error.inner).partition("\n")[0],
                [{"property_path": _schema_path(fault.path), "reason": fault.text} for fault in error.inner.faults],
            ) from None


def _with_types_for_go(schema: str) -> str:
    """Return the schema with what Pulumi's generator for Go must be told.

    Left alone it makes no `EndpointArgs` for a type that only lists hold, although it names it in `EdgeApiArgs`: a package
    that does not compile.
    """
    package = json.loads(schema)
    package["language"]["go"]["generateExtraInputTypes"] = True
    return json.dumps(package)


def _schema_path(path: str) -> str:
    """Return a property's path as the schema names it: `endpoints[0].rateLimit`. Users' own names stay as they are."""
    return re.sub(r"(?<![A-Za-z0-9_])[a-z]+(?:_[a-z]+)+(?![A-Za-z0-9_])", lambda found: camel_case(found[0]), path)
