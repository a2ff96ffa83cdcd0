"""The resource monitor of an in-process run: what the engine is to a program, as far as a laptop needs it."""

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse
from urllib.request import url2pathname

import grpc  # type: ignore[import-untyped]
from google.protobuf import empty_pb2, struct_pb2  # type: ignore[import-untyped]
from pulumi.runtime.mocks import MockMonitor, MockResourceArgs, Mocks
from pulumi.runtime.proto import callback_pb2, callback_pb2_grpc, engine_pb2, resource_pb2

from edgewright.base.unknown import UNKNOWN
from edgewright.engine import wire
from edgewright.engine.cloud import Cloud, CloudError, NotAnswered
from edgewright.engine.resources import (
    PROVIDER_PREFIX,
    STACK_TYPE,
    Diagnostic,
    Inputs,
    Resource,
    ResourceOptions,
    Severity,
    SourceLocation,
)

_STACK_REFERENCE = "pulumi:pulumi:StackReference"
_GET_RESOURCE = "pulumi:pulumi:getResource"
_DYNAMIC = "pulumi-python:dynamic:"


class _NoMocks(Mocks):
    """The base class asks for one; this monitor overrides everything that would call it."""

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:  # noqa: ARG002
        raise AssertionError("unreachable")

    def call(self, args: Any) -> Any:  # noqa: ARG002
        raise AssertionError("unreachable")


class Engine:
    """The engine's side of `pulumi.log`."""

    _severities = {
        engine_pb2.DEBUG: Severity.DEBUG,
        engine_pb2.INFO: Severity.INFO,
        engine_pb2.WARNING: Severity.WARNING,
        engine_pb2.ERROR: Severity.ERROR,
    }

    def __init__(self) -> None:
        self.diagnostics: list[Diagnostic] = []
        self.root = ""

    def Log(self, request: engine_pb2.LogRequest) -> empty_pb2.Empty:
        severity = self._severities.get(request.severity, Severity.INFO)
        if severity is not Severity.DEBUG:
            self.diagnostics.append(Diagnostic(severity, request.message, request.urn or None))
        return empty_pb2.Empty()

    def GetRootResource(self, _request: Any) -> engine_pb2.GetRootResourceResponse:
        return engine_pb2.GetRootResourceResponse(urn=self.root)

    def SetRootResource(self, request: Any) -> engine_pb2.SetRootResourceResponse:
        self.root = request.urn
        return engine_pb2.SetRootResourceResponse()


class Monitor(MockMonitor):
    """Records every registration and lets a :class:`Cloud` answer it.

    Differences to the base class: URNs are the engine's own, secrets and unknowns are kept apart from values, whole
    numbers are ints, transforms run, outputs of components are kept, and a fault does not end the run: it is noted in
    :attr:`faults` and the program goes on with the resource's inputs, so that all faults are told at once.
    """

    def __init__(
        self, project: str, stack: str, cloud: Cloud, project_dir: Path, excluded: tuple[Path, ...], preview: bool
    ) -> None:
        super().__init__(_NoMocks())
        self.project = project
        self.stack = stack
        self.cloud = cloud
        self.project_dir = project_dir
        self.excluded = excluded
        self.preview = preview
        self.recorded: dict[str, dict[str, Any]] = {}
        self.faults: list[tuple[SourceLocation | None, str]] = []
        self.unanswered: list[tuple[SourceLocation | None, str]] = []
        """What nobody answered, functions and other stacks: a fault only where the program cannot do without."""
        self.diagnostics: list[Diagnostic] = []
        self.outputs: dict[str, Any] = {}
        self.secret_outputs: frozenset[str] = frozenset()
        self._lock = threading.RLock()
        self._transforms: dict[str, list[callback_pb2.Callback]] = {}
        self._stack_transform_callbacks: list[callback_pb2.Callback] = []
        self._invoke_transform_callbacks: list[callback_pb2.Callback] = []
        self._hooks_told = False

    # --- identity ---------------------------------------------------------------------------------------------------

    @property
    def stack_urn(self) -> str:
        return f"urn:pulumi:{self.stack}::{self.project}::{STACK_TYPE}::{self.project}-{self.stack}"

    def make_urn(self, parent: str, type_: str, name: str) -> str:
        """Return the engine's URN: the parents' types chained, without the stack's."""
        chain = type_
        if parent and parent != self.stack_urn:
            chain = f"{parent.split('::')[2]}${type_}"
        return f"urn:pulumi:{self.stack}::{self.project}::{chain}::{name}"

    def _source(self, request: Any) -> SourceLocation | None:
        """Return the innermost frame that is the user's own code."""
        for frame in request.stackTrace.frames:
            path = Path(url2pathname(unquote(urlparse(frame.pc.uri).path)))
            if path.is_relative_to(self.project_dir) and not any(
                path.is_relative_to(folder) for folder in self.excluded
            ):
                return SourceLocation(path, frame.pc.line)
        return None

    # --- registration -----------------------------------------------------------------------------------------------

    def RegisterResource(self, request: Any) -> Any:
        if request.type == STACK_TYPE:
            return resource_pb2.RegisterResourceResponse(urn=self.stack_urn)
        source = self._source(request)
        if request.remote:
            self._fault(
                source,
                f"{request.type} {request.name!r}: a component of another language's plugin cannot be made without the"
                " Pulumi engine; leave it out of this stack, or run `pulumi preview`",
            )
        request = self._run_transforms(request)
        decoded = wire.decode(request.object)
        urn = self.make_urn(request.parent, request.type, request.name)
        with self._lock:
            if (first := self.recorded.get(urn)) is not None:
                where = self._where(first["source"])
                self._fault(
                    source,
                    f"two resources of type {request.type} are named {request.name!r}"
                    f"{f' (the other one: {where})' if where else ''}; give each its own name",
                )
            else:
                # Reserved now, so that a second registration at the same time is seen as one.
                self.recorded[urn] = {
                    "urn": urn,
                    "type": request.type,
                    "name": request.name,
                    "parent": None if request.parent in ("", self.stack_urn) else request.parent,
                    "custom": request.custom,
                    "inputs": decoded.values,
                    "secret_paths": frozenset(decoded.secrets),
                    "dependencies": tuple(sorted(request.dependencies)),
                    "property_dependencies": {
                        key: tuple(sorted(request.propertyDependencies[key].urns))
                        for key in sorted(request.propertyDependencies)
                    },
                    "options": _options(request),
                    "source": source,
                }
            if any((*request.hooks.before_create, *request.hooks.after_create)) and not self._hooks_told:
                self._hooks_told = True
                self.diagnostics.append(
                    Diagnostic(Severity.WARNING, "resource hooks do not run without the Pulumi engine", urn)
                )
        if not request.custom:
            return resource_pb2.RegisterResourceResponse(urn=urn, object=struct_pb2.Struct())
        identity, outputs = self._create(request.type, request.name, decoded.values, source)
        secret_keys = {path.split(".", 1)[0].split("[", 1)[0] for path in decoded.secrets} & outputs.keys()
        secret_keys |= set(request.additionalSecretOutputs) & outputs.keys()
        with self._lock:
            entry = self.recorded[urn]
            entry["outputs"] = {key: decoded.values.get(key, UNKNOWN) for key in outputs} if self.preview else outputs
            entry["secret_outputs"] = frozenset(secret_keys)
            entry["id"] = None if self.preview else identity
            self.resources[urn] = MockMonitor.ResourceRegistration(urn, "" if self.preview else identity, dict(outputs))
        if self.preview:
            # As the engine's preview does: what is given is known, what the cloud would make is not.
            known = {key: value for key, value in decoded.values.items() if key in outputs}
            return resource_pb2.RegisterResourceResponse(
                urn=urn, id="", object=wire.encode(known, secret_keys & known.keys())
            )
        return resource_pb2.RegisterResourceResponse(urn=urn, id=identity, object=wire.encode(outputs, secret_keys))

    def _create(self, type_: str, name: str, inputs: Inputs, source: SourceLocation | None) -> tuple[str, Inputs]:
        if type_.startswith(PROVIDER_PREFIX):
            return f"{name}-provider", dict(inputs)
        if type_.startswith(_DYNAMIC):
            self._fault(
                source,
                f"{name!r}: a dynamic provider's code runs in the Pulumi engine's plugin host, not here; leave it out of this stack",
            )
            return name, dict(inputs)
        try:
            if self.preview and _has_unknown(inputs):
                return name, dict(inputs)
            return self.cloud.new_resource(type_, name, inputs)
        except CloudError as error:
            self._fault(source, str(error))
            return f"{name}-refused", dict(inputs)

    def RegisterResourceOutputs(self, request: Any) -> empty_pb2.Empty:
        decoded = wire.decode(request.outputs)
        with self._lock:
            if request.urn == self.stack_urn:
                self.outputs = decoded.values
                self.secret_outputs = frozenset(decoded.secrets)
            elif (entry := self.recorded.get(request.urn)) is not None:
                entry["outputs"] = decoded.values
                entry["secret_outputs"] = frozenset(decoded.secrets)
                self.resources[request.urn] = MockMonitor.ResourceRegistration(request.urn, "", decoded.values)
        return empty_pb2.Empty()

    # --- looking up ---------------------------------------------------------------------------------------------------

    def ReadResource(self, request: Any) -> Any:
        source = self._source(request)
        decoded = wire.decode(request.properties)
        urn = self.make_urn(request.parent, request.type, request.name)
        outputs: Inputs = decoded.values
        if request.type == _STACK_REFERENCE:
            # As a function that nobody answers: unknown in a preview, and wanting where the program cannot do without.
            told: Any = UNKNOWN if self.preview else {}
            outputs = {"name": request.id, "outputs": told, "secretOutputNames": UNKNOWN if self.preview else []}
            self._fault(
                source,
                f"StackReference {request.id!r}: another stack's outputs are in the Pulumi backend, which is not read"
                " here; take the value from this stack's settings instead",
                self.unanswered,
            )
        else:
            try:
                outputs = self.cloud.read_resource(request.type, request.name, request.id, decoded.values)
            except CloudError as error:
                self._fault(source, str(error))
        with self._lock:
            self.recorded[urn] = {
                "urn": urn,
                "type": request.type,
                "name": request.name,
                "parent": None if request.parent in ("", self.stack_urn) else request.parent,
                "custom": True,
                "inputs": decoded.values,
                "secret_paths": frozenset(decoded.secrets),
                "dependencies": tuple(sorted(request.dependencies)),
                "source": source,
                "outputs": outputs,
                "id": request.id,
                "read": True,
            }
            self.resources[urn] = MockMonitor.ResourceRegistration(urn, request.id, dict(outputs))
        return resource_pb2.ReadResourceResponse(urn=urn, properties=wire.encode(outputs))

    def Invoke(self, request: Any) -> Any:
        request = self._run_invoke_transforms(request)
        args = wire.decode(request.args).values
        if request.tok == _GET_RESOURCE:
            registered = self.resources.get(args["urn"])
            if registered is None:
                raise CloudError(f"no resource {args['urn']} was declared before it was asked for")
            return resource_pb2.ResourceInvokeResponse(**{"return": wire.encode(registered._asdict())})
        try:
            answer = self.cloud.call(request.tok, args)
        except NotAnswered as error:
            self._fault(self._asking(request), str(error), self.unanswered)
            if self.preview:
                return resource_pb2.ResourceInvokeResponse(unknown=True)
            answer = {}
        except CloudError as error:
            self._fault(self._asking(request), str(error))
            answer = {}
        return resource_pb2.ResourceInvokeResponse(**{"return": wire.encode(answer)})

    # --- transforms ---------------------------------------------------------------------------------------------------

    def RegisterStackTransform(self, request: Any) -> empty_pb2.Empty:
        self._stack_transform_callbacks.append(request)
        return empty_pb2.Empty()

    def RegisterStackInvokeTransform(self, request: Any) -> empty_pb2.Empty:
        self._invoke_transform_callbacks.append(request)
        return empty_pb2.Empty()

    def _run_transforms(self, request: Any) -> Any:
        """Apply transforms in the engine's order: the resource's own, then its parents', then the stack's."""
        own = list(request.transforms)
        with self._lock:
            callbacks = list(own)
            parent = request.parent
            while parent and parent in self.recorded:
                callbacks += self._transforms.get(parent, [])
                parent = self.recorded[parent]["parent"] or ""
            callbacks += self._stack_transform_callbacks
            if own:
                self._transforms[self.make_urn(request.parent, request.type, request.name)] = own
        if not callbacks:
            return request
        changed = resource_pb2.RegisterResourceRequest()
        changed.CopyFrom(request)
        for callback in callbacks:
            message = resource_pb2.TransformRequest(
                type=changed.type,
                name=changed.name,
                custom=changed.custom,
                parent=changed.parent,
                properties=changed.object,
                options=_transform_options(changed),
            )
            answer = resource_pb2.TransformResponse.FromString(_call_back(callback, message.SerializeToString()))
            changed.object.CopyFrom(answer.properties)
            if answer.HasField("options"):
                _apply_transform_options(changed, answer.options)
        return changed

    def _run_invoke_transforms(self, request: Any) -> Any:
        if not self._invoke_transform_callbacks:
            return request
        changed = resource_pb2.ResourceInvokeRequest()
        changed.CopyFrom(request)
        for callback in self._invoke_transform_callbacks:
            message = resource_pb2.TransformInvokeRequest(token=changed.tok, args=changed.args)
            answer = resource_pb2.TransformInvokeResponse.FromString(_call_back(callback, message.SerializeToString()))
            changed.args.CopyFrom(answer.args)
        return changed

    # --- faults and the result ------------------------------------------------------------------------------------------

    def _asking(self, request: Any) -> SourceLocation | None:
        return self._source(request) if hasattr(request, "stackTrace") else None

    def _fault(
        self, source: SourceLocation | None, message: str, faults: list[tuple[SourceLocation | None, str]] | None = None
    ) -> None:
        faults = self.faults if faults is None else faults
        with self._lock:
            if (source, message) not in faults:
                faults.append((source, message))

    def _where(self, source: SourceLocation | None) -> str:
        return source.relative_to(self.project_dir) if source else ""

    def told_faults(self, unanswered: bool = False) -> list[str]:
        """Return the faults as lines, in the order of the program's lines; with them, where asked, what nobody answered."""

        def order(fault: tuple[SourceLocation | None, str]) -> tuple[str, int, str]:
            source, message = fault
            return (str(source.file), source.line, message) if source else ("", 0, message)

        return [
            f"{where}: {text}" if (where := self._where(source)) else text
            for source, text in sorted([*self.faults, *(self.unanswered if unanswered else ())], key=order)
        ]

    def captured(self) -> tuple[Resource, ...]:
        """Return the resources, parents before children, otherwise by the program's lines and by URN.

        Registrations run side by side, so their own order differs from run to run.
        """
        resources = {urn: Resource(**entry) for urn, entry in self.recorded.items()}

        def order(resource: Resource) -> tuple[str, int, str]:
            source = resource.source
            return (str(source.file) if source else "", source.line if source else 0, resource.urn)

        children: dict[str | None, list[Resource]] = {}
        for resource in resources.values():
            parent = resource.parent if resource.parent in resources else None
            children.setdefault(parent, []).append(resource)
        result: list[Resource] = []

        def visit(parent: str | None) -> None:
            for resource in sorted(children.get(parent, []), key=order):
                result.append(resource)
                visit(resource.urn)

        visit(None)
        return tuple(result)


def _has_unknown(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(map(_has_unknown, value.values()))
    if isinstance(value, list):
        return any(map(_has_unknown, value))
    return value is UNKNOWN


def _call_back(callback: callback_pb2.Callback, message: bytes) -> bytes:
    """Call a function of the program's as the engine does, over the program's own callback server."""
    with grpc.insecure_channel(callback.target) as channel:
        stub = callback_pb2_grpc.CallbacksStub(channel)
        try:
            answer = stub.Invoke(callback_pb2.CallbackInvokeRequest(token=callback.token, request=message), timeout=30)
        except grpc.RpcError as error:
            details = error.details() if isinstance(error, grpc.Call) else str(error)
            raise CloudError(f"a transform failed: {details}") from None
        return bytes(answer.response)


def _transform_options(request: Any) -> Any:
    options = resource_pb2.TransformResourceOptions(
        depends_on=request.dependencies,
        ignore_changes=request.ignoreChanges,
        replace_on_changes=request.replaceOnChanges,
        version=request.version,
        aliases=request.aliases,
        provider=request.provider,
        custom_timeouts=request.customTimeouts,
        plugin_download_url=request.pluginDownloadURL,
        deleted_with=request.deletedWith,
        additional_secret_outputs=request.additionalSecretOutputs,
        providers=request.providers,
    )
    if request.HasField("protect"):
        options.protect = request.protect
    if request.HasField("retainOnDelete"):
        options.retain_on_delete = request.retainOnDelete
    if request.deleteBeforeReplaceDefined:
        options.delete_before_replace = request.deleteBeforeReplace
    return options


def _apply_transform_options(request: Any, options: Any) -> None:
    for ours, theirs in (
        ("dependencies", "depends_on"),
        ("ignoreChanges", "ignore_changes"),
        ("replaceOnChanges", "replace_on_changes"),
        ("additionalSecretOutputs", "additional_secret_outputs"),
    ):
        del getattr(request, ours)[:]
        getattr(request, ours).extend(getattr(options, theirs))
    del request.aliases[:]
    request.aliases.extend(options.aliases)
    request.version = options.version
    request.provider = options.provider
    request.pluginDownloadURL = options.plugin_download_url
    request.deletedWith = options.deleted_with
    request.customTimeouts.CopyFrom(options.custom_timeouts)
    request.providers.clear()
    request.providers.update(options.providers)
    if options.HasField("protect"):
        request.protect = options.protect
    if options.HasField("retain_on_delete"):
        request.retainOnDelete = options.retain_on_delete
    if options.HasField("delete_before_replace"):
        request.deleteBeforeReplaceDefined = True
        request.deleteBeforeReplace = options.delete_before_replace


def _options(request: Any) -> ResourceOptions:
    timeouts = request.customTimeouts
    aliases = [
        alias.urn if alias.WhichOneof("alias") == "urn" else _alias_text(alias.spec) for alias in request.aliases
    ]
    return ResourceOptions(
        protect=request.protect,
        ignore_changes=tuple(request.ignoreChanges),
        replace_on_changes=tuple(request.replaceOnChanges),
        additional_secret_outputs=tuple(request.additionalSecretOutputs),
        delete_before_replace=request.deleteBeforeReplace if request.deleteBeforeReplaceDefined else None,
        retain_on_delete=request.retainOnDelete,
        deleted_with=request.deletedWith or None,
        import_id=request.importId or None,
        provider=request.provider or None,
        providers=dict(request.providers),
        version=request.version or None,
        aliases=(*request.aliasURNs, *aliases),
        custom_timeouts={
            key: value for key in ("create", "update", "delete", "read") if (value := getattr(timeouts, key))
        },
    )


def _alias_text(spec: Any) -> str:
    """Return an alias that is given in parts as `name=..., type=..., parent=...`."""
    parts = {
        "name": spec.name,
        "type": spec.type,
        "stack": spec.stack,
        "project": spec.project,
        "parent": spec.parentUrn,
    }
    return ", ".join(f"{key}={value}" for key, value in parts.items() if value)
