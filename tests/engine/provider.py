"""The local cloud's resource handlers as a Pulumi provider plugin, so that the real engine runs without an account.

The engine starts `pulumi-resource-cloudflare <engine address>`, or `pulumi-resource-aws`, which is this module with the
package's name before the address. It keeps no state: the engine does.
"""

import importlib.util
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pulumi
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
from pulumi.runtime.rpc import UNKNOWN

PACKAGES = ("cloudflare", "aws")


def version_of(package: str) -> str:
    """Return the version of the SDK that is installed: the engine asks for the provider by it."""
    found = importlib.util.find_spec(f"pulumi_{package}")
    assert found is not None
    assert found.origin is not None
    version: str = json.loads((Path(found.origin).parent / "pulumi-plugin.json").read_text())["version"]
    return version


ONLY_REPLACED = ("WorkerVersion", "WorkersDeployment")
"""The real provider has no update for these: a change makes a new one."""

_INPUTS = "__inputs"

_unmarshal = PropertyValue.unmarshal


def _with_hash(value: Any) -> PropertyValue:
    """Read a property with the hash that the engine has of a file or an archive: it is all that the state keeps of it, and
    all that comes with a diff, which the SDK's own reader does not know."""
    digest = value.struct_value.fields["hash"].string_value if "hash" in value.struct_value.fields else ""
    try:
        found = _unmarshal(value)
    except AssertionError:
        return PropertyValue(f"hash {digest}")
    if isinstance(found.value, pulumi.Asset | pulumi.Archive):
        vars(found.value)["hash"] = digest
    return found


PropertyValue.unmarshal = staticmethod(_with_hash)  # type: ignore[method-assign]


def plain(value: PropertyValue) -> Any:
    """Return the Python value; unknowns are None, as a provider sees nothing of them in a preview."""
    inner = value.value
    if isinstance(inner, Computed) or inner == UNKNOWN:
        return None
    if isinstance(inner, pulumi.Asset | pulumi.Archive):
        return inner
    if isinstance(inner, Mapping):
        return {key: plain(item) for key, item in inner.items()}
    if isinstance(inner, list | tuple):
        return [plain(item) for item in inner]
    if isinstance(inner, float) and inner.is_integer():
        return int(inner)
    return inner


def kept(value: Any) -> Any:
    """Return plain data as the state keeps it: files and archives by their hash."""
    if isinstance(value, pulumi.Asset | pulumi.Archive):
        return f"hash {vars(value)['hash']}"
    if isinstance(value, dict):
        return {key: kept(item) for key, item in value.items()}
    if isinstance(value, list):
        return [kept(item) for item in value]
    return value


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
    if isinstance(inner, Computed) or inner == UNKNOWN:
        return True
    if isinstance(inner, Mapping):
        return any(unknown(item) for item in inner.values())
    return isinstance(inner, list | tuple) and any(unknown(item) for item in inner)


def _type(request: CheckRequest | CreateRequest | DiffRequest | UpdateRequest) -> str:
    """Return the resource's own type: the SDK gives the parents' types with it."""
    return request.type.rsplit("$", 1)[-1]


def _held(value: PropertyValue) -> PropertyValue:
    """Return a property for the state; what is secret stays so."""
    found = plain(value)
    return wrap(kept(found)) if isinstance(found, pulumi.Asset | pulumi.Archive) else value


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
            or kept(plain(request.new_inputs[key])) != old.get(key)
        )
        replaced = changed if _type(request).rsplit(":", 1)[-1] in ONLY_REPLACED else []
        return DiffResponse(changes=bool(changed), diffs=changed, replaces=replaced)

    def _made(
        self, type_: str, name: str, properties: dict[str, PropertyValue]
    ) -> tuple[str, dict[str, PropertyValue]]:
        inputs = {key: plain(value) for key, value in properties.items()}
        identity, outputs = self.cloud.new_resource(type_, name, inputs)
        held = {key: _held(value) for key, value in properties.items()}
        state = {key: held[key] if key in held else wrap(kept(value)) for key, value in outputs.items()}
        state[_INPUTS] = PropertyValue(held)
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
    main(sys.argv[2:], version_of(sys.argv[1]), LocalProvider())
