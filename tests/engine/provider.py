"""The local cloud's resource handlers as a Pulumi provider plugin, so that the real engine runs without an account.

The engine starts `pulumi-resource-cloudflare <engine address>`, which is this module. It keeps no state: the engine does.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pulumi_cloudflare
from edgewright.local.cloud import LocalCloud
from edgewright.program.cloud import CloudError
from pulumi.provider.experimental.property_value import Computed, PropertyValue
from pulumi.provider.experimental.provider import (
    CheckFailure,
    CheckRequest,
    CheckResponse,
    ConfigureRequest,
    ConfigureResponse,
    CreateRequest,
    CreateResponse,
    DeleteRequest,
    DiffRequest,
    DiffResponse,
    Provider,
    UpdateRequest,
    UpdateResponse,
)
from pulumi.provider.experimental.server import main

VERSION: str = json.loads((Path(pulumi_cloudflare.__file__).parent / "pulumi-plugin.json").read_text())["version"]
"""That of the SDK that is installed: the engine asks for the provider by it."""

ONLY_REPLACED = ("WorkerVersion", "WorkersDeployment")
"""The real provider has no update for these: a change makes a new one."""

_INPUTS = "__inputs"


def plain(value: PropertyValue) -> Any:
    """Return the Python value; unknowns are None, as a provider sees nothing of them in a preview."""
    inner = value.value
    if isinstance(inner, Computed):
        return None
    if isinstance(inner, Mapping):
        return {key: plain(item) for key, item in inner.items()}
    if isinstance(inner, list | tuple):
        return [plain(item) for item in inner]
    if isinstance(inner, float) and inner.is_integer():
        return int(inner)
    return inner


def wrap(value: Any) -> PropertyValue:
    """Return the property value of plain data."""
    if isinstance(value, PropertyValue):
        return value
    if isinstance(value, dict):
        return PropertyValue({key: wrap(item) for key, item in value.items()})
    if isinstance(value, list | tuple):
        return PropertyValue([wrap(item) for item in value])
    if value is None:
        return PropertyValue.null()
    return PropertyValue(float(value) if isinstance(value, int) and not isinstance(value, bool) else value)


def unknown(value: PropertyValue) -> bool:
    """Tell whether the value is, or holds, something that only the cloud will know."""
    inner = value.value
    if isinstance(inner, Computed):
        return True
    if isinstance(inner, Mapping):
        return any(unknown(item) for item in inner.values())
    return isinstance(inner, list | tuple) and any(unknown(item) for item in inner)


def _type(request: CheckRequest | CreateRequest | DiffRequest | UpdateRequest) -> str:
    """Return the resource's own type: the SDK gives the parents' types with it."""
    return request.type.rsplit("$", 1)[-1]


class LocalProvider(Provider):
    """Answers the engine as the local cloud answers an in-process run."""

    def __init__(self) -> None:
        self.cloud = LocalCloud()

    async def check_config(self, request: CheckRequest) -> CheckResponse:
        return CheckResponse(inputs=request.new_inputs)

    async def diff_config(self, request: DiffRequest) -> DiffResponse:
        return DiffResponse(changes=False)

    async def configure(self, request: ConfigureRequest) -> ConfigureResponse:
        return ConfigureResponse(accept_secrets=True, supports_preview=True)

    async def check(self, request: CheckRequest) -> CheckResponse:
        if not any(unknown(value) for value in request.new_inputs.values()):
            try:
                self.cloud.new_resource(
                    _type(request), request.name, {key: plain(value) for key, value in request.new_inputs.items()}
                )
            except CloudError as error:
                return CheckResponse(failures=[CheckFailure("", str(error))])
        return CheckResponse(inputs=request.new_inputs)

    async def diff(self, request: DiffRequest) -> DiffResponse:
        old = plain(request.old_state.get(_INPUTS, PropertyValue({})))
        keys = set(old) | set(request.new_inputs)
        changed = sorted(
            key
            for key in keys
            if key not in request.new_inputs
            or unknown(request.new_inputs[key])
            or plain(request.new_inputs[key]) != old.get(key)
        )
        replaced = changed if _type(request).rsplit(":", 1)[-1] in ONLY_REPLACED else []
        return DiffResponse(changes=bool(changed), diffs=changed, replaces=replaced)

    def _made(
        self, type_: str, name: str, properties: dict[str, PropertyValue]
    ) -> tuple[str, dict[str, PropertyValue]]:
        inputs = {key: plain(value) for key, value in properties.items()}
        identity, outputs = self.cloud.new_resource(type_, name, inputs)
        state = {key: properties[key] if key in properties else wrap(value) for key, value in outputs.items()}
        state[_INPUTS] = PropertyValue(dict(properties))
        return identity, state

    async def create(self, request: CreateRequest) -> CreateResponse:
        if request.preview:
            return CreateResponse(resource_id="", properties=dict(request.properties))
        identity, state = self._made(_type(request), request.name, request.properties)
        return CreateResponse(resource_id=identity, properties=state)

    async def update(self, request: UpdateRequest) -> UpdateResponse:
        if request.preview:
            return UpdateResponse(properties=dict(request.news))
        return UpdateResponse(properties=self._made(_type(request), request.name, request.news)[1])

    async def delete(self, request: DeleteRequest) -> None:
        return None


if __name__ == "__main__":
    main(sys.argv[1:], VERSION, LocalProvider())
