"""The local cloud's resource handlers as a Pulumi provider plugin, so that the real engine runs without an account.

The engine starts `pulumi-resource-cloudflare <engine address>`, or `pulumi-resource-aws`, which is this module with the
package's name before the address. It keeps no state: the engine does. Where a test names a folder in
EDGEWRIGHT_TEST_ACCOUNT, that is the account: what it holds by name or place, and what it refuses to make.
"""

import importlib.util
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pulumi
from edgewright.engine.cloud import CloudError
from edgewright.platforms.cloud import LocalCloud
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
    InvokeRequest,
    InvokeResponse,
    Provider,
    UpdateRequest,
    UpdateResponse,
)
from pulumi.provider.experimental.server import main
from pulumi.runtime.rpc import UNKNOWN, _special_archive_sig, _special_asset_sig, _special_sig_key

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

REPLACED_FOR: Mapping[str, tuple[str, ...]] = {
    "WorkersCustomDomain": ("accountId", "hostname", "service", "zoneId"),
    "WorkersRoute": ("zoneId",),
    "Worker": ("accountId",),
    "Ruleset": ("kind", "name", "phase", "zoneId"),
    "WorkersKvNamespace": ("accountId", "jurisdiction"),
    "WorkersKv": ("accountId", "keyName", "namespaceId"),
    "KeyValueStore": ("name",),
    "LogGroup": ("name",),
    "LogDeliverySource": ("logType", "name", "resourceArn"),
    "LogDeliveryDestination": ("name",),
    "Dashboard": ("dashboardName",),
}
"""What the real providers replace a resource for: RequiresReplace and ForceNew in their schemas."""

PLACES: Mapping[str, tuple[str, ...]] = {
    "WorkersCustomDomain": ("hostname",),
    "WorkersRoute": ("zoneId", "pattern"),
    "Ruleset": ("zoneId", "phase"),
    "Worker": ("accountId", "name"),
    "WorkersKvNamespace": ("accountId", "title"),
    "KeyValueStore": ("name",),
    "LogDeliverySource": ("resourceArn",),
}
"""What an account has once: a second one of the same is refused, whatever its name in the stack."""

LAMBDA = "aws:lambda/function:Function"
VERSIONED = ("codeSha256", "qualifiedArn", "qualifiedInvokeArn", "version")
"""What another version of a function changes; the real provider knows it once the version is published."""

GET_VERSION = "cloudflare:index/getWorkerVersion:getWorkerVersion"

ACCOUNT_VARIABLE = "EDGEWRIGHT_TEST_ACCOUNT"


class Refused(Exception):
    """The account refuses to make something."""


class Account:
    """What the account holds, in a file: the engine starts a provider anew with each command."""

    def __init__(self, package: str) -> None:
        folder = os.environ.get(ACCOUNT_VARIABLE)
        self.file = Path(folder) / f"{package}.json" if folder else None

    def _held(self) -> dict[str, str]:
        if self.file is None or not self.file.exists():
            return {}
        held: dict[str, str] = json.loads(self.file.read_text("utf-8"))
        return held

    def _keep(self, held: dict[str, str]) -> None:
        if self.file is not None:
            self.file.write_text(json.dumps(held, indent=1, sort_keys=True), "utf-8")

    def refuse(self, kind: str) -> None:
        """Raise where the account is told to refuse to make things of a kind."""
        if self.file is not None and self.file.with_name(f"refuse-{kind}").exists():
            raise Refused(f"{kind}: the account refuses it")

    def take(self, kind: str, name: str, inputs: Mapping[str, Any]) -> None:
        """Note that something is there now, or raise where its place is taken."""
        held, place = self._held(), self._place(kind, name, inputs)
        if held.get(place, name) != name or (place in held and kind in PLACES):
            raise Refused(f"{place} is already in use by {held[place]}")
        self._keep({**held, place: name})

    def leave(self, kind: str, name: str, inputs: Mapping[str, Any]) -> None:
        """Note that something has gone."""
        held = self._held()
        held.pop(self._place(kind, name, inputs), None)
        self._keep(held)

    def upload(self, version: str, exports: Mapping[str, Any]) -> None:
        """Note the classes that an uploaded version of a Worker exports."""
        if self.file is not None:
            self.file.with_name(f"version-{version}.json").write_text(json.dumps(exports), "utf-8")

    def exports(self, version: str) -> dict[str, Any]:
        """Return the classes that a version exports, or raise where there is none."""
        file = self.file.with_name(f"version-{version}.json") if self.file is not None else None
        if file is None or not file.exists():
            raise Refused(f"there is no version {version}")
        found: dict[str, Any] = json.loads(file.read_text("utf-8"))
        return found

    @staticmethod
    def _place(kind: str, name: str, inputs: Mapping[str, Any]) -> str:
        keys = PLACES.get(kind)
        return " ".join([kind, *((str(inputs[key]) for key in keys) if keys else (name,))])


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
    # What is secret is read twice: in its wrapping, which has no hash, and without.
    if isinstance(found.value, pulumi.Asset | pulumi.Archive):
        vars(found.value)["hash"] = digest or vars(found.value).get("hash", "")
    return found


_marshal = PropertyValue.marshal


def _back_with_hash(self: PropertyValue) -> Any:
    """Give a file or an archive back to the engine with its hash, which the SDK leaves out: what a check answers is all that
    the engine tells a diff of it."""
    # Nor does it write an unknown value, which an update in a preview gives back as it came.
    found = _marshal(PropertyValue(UNKNOWN) if isinstance(self.value, Computed) else self)
    if isinstance(self.value, pulumi.Asset | pulumi.Archive):
        fields = found.struct_value.fields
        while fields[_special_sig_key].string_value != (
            _special_asset_sig if isinstance(self.value, pulumi.Asset) else _special_archive_sig
        ):
            fields = fields["value"].struct_value.fields
        fields["hash"].string_value = vars(self.value).get("hash", "")
    return found


PropertyValue.unmarshal = staticmethod(_with_hash)  # type: ignore[method-assign]
PropertyValue.marshal = _back_with_hash  # type: ignore[method-assign]


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
        return f"hash {vars(value).get('hash', '')}"
    if isinstance(value, dict):
        return {key: kept(item) for key, item in value.items()}
    if isinstance(value, list):
        return [kept(item) for item in value]
    return value


def merged(given: PropertyValue, made: Any) -> PropertyValue:
    """Return an output for the state: as the cloud made it, and as it was given where that says the same, which is how
    secrets, files and archives stay what they are."""
    if kept(plain(given)) == made:
        return given
    inner = given.value
    if isinstance(inner, Mapping) and isinstance(made, Mapping):
        return PropertyValue(
            {key: merged(inner[key], value) if key in inner else wrap(value) for key, value in made.items()}
        )
    if isinstance(inner, list | tuple) and isinstance(made, list) and len(inner) == len(made):
        return PropertyValue([merged(one, value) for one, value in zip(inner, made, strict=True)])
    return wrap(made)


def planned(olds: Mapping[str, PropertyValue], news: Mapping[str, PropertyValue]) -> dict[str, PropertyValue]:
    """Return what a preview says of an update: what is given, and what the cloud had added."""

    def filled(old: PropertyValue, new: PropertyValue) -> PropertyValue:
        if isinstance(old.value, Mapping) and isinstance(new.value, Mapping):
            return PropertyValue({**old.value, **new.value})
        return new

    return {**olds, **{key: filled(olds[key], value) if key in olds else value for key, value in news.items()}}


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


def _type(request: CheckRequest | CreateRequest | DeleteRequest | DiffRequest | UpdateRequest) -> str:
    """Return the resource's own type: the SDK gives the parents' types with it."""
    return request.type.rsplit("$", 1)[-1]


def _kind(type_: str) -> str:
    return type_.rsplit(":", 1)[-1]


def _held(value: PropertyValue) -> PropertyValue:
    """Return a property for the state; what is secret stays so."""
    found = plain(value)
    return wrap(kept(found)) if isinstance(found, pulumi.Asset | pulumi.Archive) else value


def publishes(olds: Mapping[str, PropertyValue], news: Mapping[str, PropertyValue]) -> bool:
    """Tell whether an update of a function makes another version: of its code or its settings."""
    old = plain(olds[_INPUTS])
    new = {key: None if unknown(value) else kept(plain(value)) for key, value in news.items()}
    # Not of a version, but of the function, or of the provider alone.
    apart = ("name", "publish", "region", "reservedConcurrentExecutions", "skipDestroy", "tags", "timeouts")
    return bool(new.get("publish")) and any(
        new.get(key) != old.get(key) for key in {*old, *new} if key not in apart and not key.startswith("__")
    )


def numbered(olds: Mapping[str, PropertyValue], more: int) -> dict[str, PropertyValue]:
    """Return what names a function's version after so many more: AWS counts them up and uses no number again."""
    before = str(plain(olds["version"]))
    number = str(int(before) + more) if before.isdigit() else before
    arn = f"{plain(olds['arn'])}:{number}"
    invoked = str(plain(olds["qualifiedInvokeArn"])).replace(f":{before}/", f":{number}/")
    found = {"version": number, "qualifiedArn": arn, "qualifiedInvokeArn": invoked}
    return {key: wrap(value) for key, value in found.items()}


class LocalProvider(Provider):
    """Answers the engine as the local cloud answers an in-process run."""

    def __init__(self, package: str) -> None:
        self.cloud = LocalCloud()
        self.account = Account(package)

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
        kind = _kind(_type(request))
        replaced = changed if kind in ONLY_REPLACED else [key for key in changed if key in REPLACED_FOR.get(kind, ())]
        return DiffResponse(changes=bool(changed), diffs=changed, replaces=replaced)

    def _made(
        self, type_: str, name: str, properties: dict[str, PropertyValue]
    ) -> tuple[str, dict[str, PropertyValue]]:
        inputs = {key: plain(value) for key, value in properties.items()}
        identity, outputs = self.cloud.new_resource(type_, name, inputs)
        held = {key: _held(value) for key, value in properties.items()}
        # Outputs win: what the cloud adds inside of an input is there too, a Worker's address in its `subdomain`.
        state = {
            key: merged(held[key], kept(value)) if key in held else wrap(kept(value)) for key, value in outputs.items()
        }
        state[_INPUTS] = PropertyValue(held)
        return identity, state

    async def create(self, request: CreateRequest) -> CreateResponse:
        if request.preview:
            return CreateResponse(resource_id="", properties=dict(request.properties))
        kind = _kind(_type(request))
        self.account.refuse(kind)
        self.account.take(kind, request.name, {key: plain(value) for key, value in request.properties.items()})
        identity, state = self._made(_type(request), request.name, request.properties)
        if kind == "WorkerVersion":
            self.account.upload(identity, plain(request.properties.get("exports", PropertyValue({}))) or {})
        return CreateResponse(resource_id=identity, properties=state)

    async def update(self, request: UpdateRequest) -> UpdateResponse:
        published = _type(request) == LAMBDA and publishes(request.olds, request.news)
        if request.preview:
            later = dict.fromkeys(VERSIONED if published else (), PropertyValue.computed())
            return UpdateResponse(properties={**planned(request.olds, request.news), **later})
        kind = _kind(_type(request))
        self.account.refuse(kind)
        self.account.leave(kind, request.name, plain(request.olds[_INPUTS]))
        self.account.take(kind, request.name, {key: plain(value) for key, value in request.news.items()})
        state = self._made(_type(request), request.name, request.news)[1]
        # The local cloud's ids follow from what things are made of; an account's stay when a thing is changed.
        lasting = {key: value for key, value in request.olds.items() if key in ("arn", "domainName")}
        if _type(request) == LAMBDA:
            lasting |= numbered(request.olds, 1 if published else 0)
        return UpdateResponse(properties={**state, **lasting})

    async def invoke(self, request: InvokeRequest) -> InvokeResponse:
        args = {key: plain(value) for key, value in request.args.items()}
        self.account.refuse(_kind(request.tok))
        if request.tok == GET_VERSION:
            version = args["versionId"]
            found = {**args, "id": version, "exports": self.account.exports(version)}
        else:
            found = dict(self.cloud.call(request.tok, args))
        return InvokeResponse(return_value={key: wrap(value) for key, value in found.items()})

    async def delete(self, request: DeleteRequest) -> None:
        self.account.leave(_kind(_type(request)), request.name, plain(request.properties[_INPUTS]))


if __name__ == "__main__":
    main(sys.argv[2:], version_of(sys.argv[1]), LocalProvider(sys.argv[1]))
