"""Cloudflare on a laptop: what the provider's resources become.

Two halves, and nothing else decides what runs: :data:`HANDLERS` answers the program's declarations with ids and outputs,
and :func:`translate` turns what was captured into the gateway's document. The local cloud never looks at a component.
"""

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pydantic

from edgewright.assemble.worker import BUNDLES, JAVASCRIPT, on_local_cloud
from edgewright.contract.limits import limit
from edgewright.engine.resources import Capture, Inputs, Outputs, Resource
from edgewright.platforms import protocol
from edgewright.platforms.cloudflare.bindings import KINDS
from edgewright.platforms.cloudflare.bindings.r2_bucket import bucket_id
from edgewright.platforms.handlers import EPOCH, Function, Handler, hex_id, uuid_id
from edgewright.platforms.scene import Scene

PACKAGE: Final = "cloudflare"

WORKERS_DEV: Final = "local.workers.dev"
"""Stands for the account's own workers.dev subdomain, which only the account knows (gap `workers-dev`)."""

_WORKER = "cloudflare:index/worker:Worker"
_VERSION = "cloudflare:index/workerVersion:WorkerVersion"
_DEPLOYMENT = "cloudflare:index/workersDeployment:WorkersDeployment"
_SCRIPT = "cloudflare:index/workersScript:WorkersScript"
_SUBDOMAIN = "cloudflare:index/workersScriptSubdomain:WorkersScriptSubdomain"
_CRON = "cloudflare:index/workersCronTrigger:WorkersCronTrigger"
_ROUTE = "cloudflare:index/workersRoute:WorkersRoute"
_DOMAIN = "cloudflare:index/workersCustomDomain:WorkersCustomDomain"
_NAMESPACE = "cloudflare:index/workersKvNamespace:WorkersKvNamespace"
_KV = "cloudflare:index/workersKv:WorkersKv"
_QUEUE = "cloudflare:index/queue:Queue"
_BUCKET = "cloudflare:index/r2Bucket:R2Bucket"
_DATABASE = "cloudflare:index/d1Database:D1Database"
_RULESET = "cloudflare:index/ruleset:Ruleset"
_TIERED = "cloudflare:index/tieredCache:TieredCache"
_REGIONAL = "cloudflare:index/regionalTieredCache:RegionalTieredCache"
_ARGO = "cloudflare:index/argoTieredCaching:ArgoTieredCaching"
_RESERVE = "cloudflare:index/zoneCacheReserve:ZoneCacheReserve"
_SETTING = "cloudflare:index/zoneSetting:ZoneSetting"
_DNS = "cloudflare:index/dnsRecord:DnsRecord"

GET_VERSION: Final = "cloudflare:index/getWorkerVersion:getWorkerVersion"
"""What tells of a version that was deployed before."""

REFERRED_TO: Final[Mapping[str, Handler]] = {}
"""None: resources refer to each other by ids."""

RECORDED_FUNCTIONS: Final[Mapping[str, Function]] = {
    # Nothing is known of a version that was deployed before, so that nothing is refused for it.
    GET_VERSION: dict,
}
"""Data functions that are answered also where nothing is played."""

_HEADERS_PHASE: Final = "http_request_late_transform"
"""The phase of a zone in which request headers change."""
_OPERATIONS: Final = ("set", "add", "remove")

_WORKER_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_HOST_LABEL = r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)"
_HOSTNAME = re.compile(rf"{_HOST_LABEL}(\.{_HOST_LABEL})+")
_ROUTE_PATTERN = re.compile(rf"(https?://)?(\*|\*?\.?{_HOST_LABEL}(\.{_HOST_LABEL})*)(:\d+)?(/[^\s?#]*)?")
_BINDING_NAME = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")


# --- ids and outputs -----------------------------------------------------------------------------------------------


def _account(inputs: Inputs, *keys: str) -> tuple[Any, ...]:
    # Two accounts are two names for the same machine: gap `account`.
    return tuple(inputs.get(key) for key in ("accountId", *keys))


def _zone(inputs: Inputs, *keys: str) -> tuple[Any, ...]:
    return tuple(inputs.get(key) for key in ("zoneId", *keys))


def _worker_outputs(inputs: Inputs, _identity: str) -> Outputs:
    name = inputs.get("name")
    observability = dict(inputs.get("observability") or {})
    logs, traces = dict(observability.get("logs") or {}), dict(observability.get("traces") or {})
    subdomain = dict(inputs.get("subdomain") or {})
    return {
        "createdOn": EPOCH,
        "updatedOn": EPOCH,
        "deployedOn": EPOCH,
        "logpush": inputs.get("logpush", False),
        "tags": inputs.get("tags") or [],  # Recorded alone: gap `worker-tags`.
        "tailConsumers": inputs.get("tailConsumers") or [],
        "previewsBaseConfig": inputs.get("previewsBaseConfig") or {},
        "observability": {
            **observability,
            "enabled": observability.get("enabled", False),
            "headSamplingRate": observability.get("headSamplingRate", 1),
            "logs": {
                "enabled": False,
                "headSamplingRate": 1,
                "invocationLogs": True,
                "persist": True,
                "destinations": [],
                **logs,
            },
            "traces": {"enabled": False, "headSamplingRate": 1, "persist": True, "destinations": [], **traces},
        },
        "references": {
            "dispatchNamespaceOutbounds": [],
            "domains": [],
            "durableObjects": [],
            "queues": [],
            "workers": [],
        },
        "subdomain": {
            **subdomain,
            "enabled": subdomain.get("enabled", False),
            "previewsEnabled": subdomain.get("previewsEnabled", False),
            "url": f"https://{name}.{WORKERS_DEV}",
        },
    }


def _version_outputs(inputs: Inputs, _identity: str) -> Outputs:
    limits = dict(inputs.get("limits") or {})
    cache = dict(inputs.get("cacheOptions") or {})
    return {
        "annotations": inputs.get("annotations") or {},
        "authorEmail": "local@example.invalid",
        "authorId": "local",
        "cacheOptions": {"enabled": False, "crossVersionCache": False, **cache},
        "compatibilityFlags": inputs.get("compatibilityFlags") or [],
        "createdOn": EPOCH,
        "exportsReconciliation": None,
        "limits": {"cpuMs": None, "subrequests": None, **limits},
        "mainScriptBase64": "",
        "migrationTag": (inputs.get("migrations") or {}).get("newTag"),
        "number": 1,
        "source": "edgewright",
        "startupTimeMs": 0,
        "urls": [],
        "usageModel": "standard",
        "packageDependencies": inputs.get("packageDependencies"),
    }


def _script_outputs(inputs: Inputs, _identity: str) -> Outputs:
    return {
        "annotations": inputs.get("annotations") or {},
        "bindings": inputs.get("bindings") or [],
        "bodyPart": inputs.get("bodyPart") or "",
        "compatibilityDate": inputs.get("compatibilityDate") or "",
        "compatibilityFlags": inputs.get("compatibilityFlags") or [],
        "createdOn": EPOCH,
        "modifiedOn": EPOCH,
        "etag": hex_id(_SCRIPT, inputs),
        "handlers": ["fetch"],
        "namedHandlers": [],
        "hasAssets": bool(inputs.get("assets")),
        "hasModules": bool(inputs.get("mainModule")),
        "lastDeployedFrom": "edgewright",
        "logpush": inputs.get("logpush", False),
        "migrationTag": (inputs.get("migrations") or {}).get("newTag"),
        "placement": inputs.get("placement") or {},  # gap `placement`
        "placementMode": None,
        "placementStatus": None,
        "startupTimeMs": 0,
        "tailConsumers": inputs.get("tailConsumers") or [],
        "usageModel": "standard",
    }


def _zone_toggle(_inputs: Inputs, _identity: str) -> Outputs:
    return {"editable": True, "modifiedOn": EPOCH}


def get_version(args: Inputs, known: Mapping[str, protocol.Version]) -> Outputs:
    """Answer :data:`GET_VERSION` for a version that was deployed here before; of any other nothing is known."""
    version = known.get(str(args.get("versionId")))
    if version is None:
        return dict(args)
    exports = {name: each.model_dump() for name, each in version.exports.items() if each.live}
    return {
        **args,
        "id": version.id,
        "exports": {name: {**each, "renamedTo": each.pop("renamed_to")} for name, each in exports.items()},
    }


# --- what the API would refuse ----------------------------------------------------------------------------------------


def _check_worker(inputs: Inputs) -> Iterable[str]:
    name = inputs.get("name")
    if isinstance(name, str) and not _WORKER_NAME.fullmatch(name):
        yield f"name: {name!r} is not a Worker's name: 1 to 63 of a-z, 0-9, `-` and `_`, and first a letter or digit"


def _check_deployment(inputs: Inputs) -> Iterable[str]:
    if inputs.get("strategy") != "percentage":
        yield f"strategy: must be 'percentage', got {inputs.get('strategy')!r}"
    versions = inputs.get("versions") or []
    most = int(limit("cloudflare.workers.deployment_versions").value)
    if len(versions) > most:
        yield f"versions: {len(versions)} versions share the traffic; at most {most} can"
    total = 0.0
    for index, share in enumerate(versions):
        percentage = share.get("percentage")
        if not isinstance(percentage, (int, float)) or not 0 <= percentage <= 100:
            yield f"versions[{index}].percentage: must be 0 to 100, got {percentage!r}"
            continue
        total += percentage
    if versions and abs(total - 100) > 1e-6:
        yield f"versions: the percentages add to {total:g}; they must add to 100"


def _check_route(inputs: Inputs) -> Iterable[str]:
    pattern = inputs.get("pattern")
    if isinstance(pattern, str) and not _ROUTE_PATTERN.fullmatch(pattern):
        yield (
            f"pattern: {pattern!r} is not a route pattern: a hostname that may begin with `*`, then a path that may end"
            " in `*`, no query, for example example.com/api/*"
        )


def _check_domain(inputs: Inputs) -> Iterable[str]:
    hostname = inputs.get("hostname")
    if isinstance(hostname, str) and (len(hostname) > 253 or not _HOSTNAME.fullmatch(hostname)):
        yield (
            f"hostname: {hostname!r} is not a hostname: labels of letters, digits and `-` with dots between, in ASCII"
            " (Punycode for others), at most 253 characters"
        )


def _check_kv(inputs: Inputs) -> Iterable[str]:
    key = inputs.get("keyName")
    if isinstance(key, str):
        most = limit("cloudflare.kv.key_bytes")
        if not 0 < len(key.encode()) <= most.value or key in (".", ".."):
            yield f"keyName: {_cut(key)} is {len(key.encode())} bytes; a key has 1 to {most.value} bytes and is not `.` or `..`"
    value = inputs.get("value")
    if isinstance(value, str):
        most = limit("cloudflare.kv.value_bytes")
        if len(value.encode()) > most.value:
            yield (
                f"value: {len(value.encode())} bytes; a value has at most {most.text}. Put it into object storage and"
                " a reference into KV"
            )
    metadata = inputs.get("metadata")
    if isinstance(metadata, str):
        most = limit("cloudflare.kv.metadata_bytes")
        if len(metadata.encode()) > most.value:
            yield f"metadata: {len(metadata.encode())} bytes; at most {most.text}"
        try:
            json.loads(metadata)
        except ValueError:
            yield f"metadata: must be JSON text, got {_cut(metadata)}"
    ttl = inputs.get("expirationTtl")
    least = limit("cloudflare.kv.expiration_ttl_min_s").value
    if isinstance(ttl, (int, float)) and ttl < least:
        yield f"expirationTtl: must be at least {least} s, got {ttl:g}"


def _check_version(inputs: Inputs) -> Iterable[str]:
    modules = inputs.get("modules") or []
    names = [module.get("name") for module in modules]
    main = inputs.get("mainModule")
    if modules and main not in names:
        yield f"mainModule: {main!r} is not among the modules {', '.join(map(str, names))}"
    if not modules and not inputs.get("assets"):
        yield "modules: a version needs modules"
    for name in sorted({str(name) for name in names if names.count(name) > 1}):
        yield f"modules: {name!r} is there twice"
    for index, module in enumerate(modules):
        given = [key for key in ("contentBase64", "contentFile") if module.get(key) is not None]
        if len(given) != 1:
            yield f"modules[{index}] ({module.get('name')}): needs contentBase64 or contentFile, one of them; got {given or 'neither'}"
    cpu = (inputs.get("limits") or {}).get("cpuMs")
    most = limit("cloudflare.workers.cpu_ms_max").value
    if cpu is not None and not (isinstance(cpu, (int, float)) and 0 < cpu <= most):
        yield f"limits.cpuMs: must be 1 to {most}, got {cpu!r}"
    if inputs.get("exports") and inputs.get("migrations"):
        yield "exports and migrations exclude each other: keep one"
    yield from _check_bindings(inputs)


def _check_script(inputs: Inputs) -> Iterable[str]:
    name = inputs.get("scriptName")
    if isinstance(name, str) and not _WORKER_NAME.fullmatch(name):
        yield f"scriptName: {name!r} is not a Worker's name: 1 to 63 of a-z, 0-9, `-` and `_`, and first a letter or digit"
    if (inputs.get("content") is None) == (inputs.get("contentFile") is None):
        yield "content: needs content or contentFile, one of them"
    if inputs.get("contentFile") is not None and inputs.get("contentSha256") is None:
        yield "contentSha256: is required with contentFile"
    if not inputs.get("mainModule"):
        yield "mainModule: only modules run here; give mainModule, and export a default `fetch` (service worker syntax is not supported)"
    yield from _check_bindings(inputs)


def _check_bindings(inputs: Inputs) -> Iterable[str]:
    seen: set[str] = set()
    for index, binding in enumerate(inputs.get("bindings") or []):
        where = f"bindings[{index}] ({binding.get('name')})"
        name = binding.get("name")
        if not isinstance(name, str) or not _BINDING_NAME.fullmatch(name):
            yield f"bindings[{index}].name: {name!r} is not a JavaScript variable's name"
        elif name in seen:
            yield f"{where}: another binding has this name"
        else:
            seen.add(name)
        kind = binding.get("type")
        rule = KINDS.get(str(kind))
        if rule is None:
            yield f"{where}: the binding type {kind!r} does not run here; those that do: {', '.join(KINDS)}"
            continue
        for key in rule.required:
            if binding.get(key) in (None, ""):
                yield f"{where}: a {kind} binding needs {key}"


def _cut(text: str, most: int = 60) -> str:
    return repr(text if len(text) <= most else text[:most] + "...")


HANDLERS: dict[str, Handler] = {
    _WORKER: Handler(lambda i: _account(i, "name"), _worker_outputs, ("accountId", "name"), _check_worker),
    _VERSION: Handler(
        # A version is what it is made of: an unchanged one keeps its id, as an unchanged resource does under the engine.
        lambda i: [i],
        _version_outputs,
        ("accountId", "workerId"),
        _check_version,
        make_id=lambda type_, identity: uuid_id(type_, *identity),
    ),
    _DEPLOYMENT: Handler(
        lambda i: [i],
        lambda i, _: {
            "annotations": i.get("annotations") or {},
            "authorEmail": "local@example.invalid",
            "createdOn": EPOCH,
            "source": "edgewright",
        },
        ("accountId", "scriptName", "strategy", "versions"),
        _check_deployment,
        make_id=lambda type_, identity: uuid_id(type_, *identity),
    ),
    _SCRIPT: Handler(
        lambda i: _account(i, "scriptName"),
        _script_outputs,
        ("accountId", "scriptName"),
        _check_script,
        make_id=lambda _type, identity: str(list(identity)[1]),
    ),
    _SUBDOMAIN: Handler(
        lambda i: _account(i, "scriptName"),
        lambda i, _: {"previewsEnabled": i.get("previewsEnabled", False)},
        ("accountId", "enabled", "scriptName"),
    ),
    _CRON: Handler(
        lambda i: _account(i, "scriptName"),
        lambda _inputs, _id: {},
        ("accountId", "schedules", "scriptName"),
        gap="cron",
    ),
    _ROUTE: Handler(lambda i: _zone(i, "pattern"), lambda _inputs, _id: {}, ("pattern", "zoneId"), _check_route),
    _DOMAIN: Handler(
        lambda i: _account(i, "hostname"),
        lambda i, identity: {
            "certId": uuid_id("certificate", identity),
            "environment": i.get("environment") or "production",
            "zoneId": i.get("zoneId") or hex_id("zone", *str(i.get("hostname")).split(".")[-2:]),
            "zoneName": i.get("zoneName") or ".".join(str(i.get("hostname")).split(".")[-2:]),
        },
        ("accountId", "hostname", "service"),
        _check_domain,
    ),
    _NAMESPACE: Handler(
        lambda i: _account(i, "title"),
        # Recorded alone: gap `kv-jurisdiction`.
        lambda i, _: {"jurisdiction": i.get("jurisdiction"), "supportsUrlEncoding": True},
        ("accountId", "title"),
    ),
    _KV: Handler(
        lambda i: _account(i, "namespaceId", "keyName"),
        lambda _inputs, _id: {},
        ("accountId", "keyName", "namespaceId", "value"),
        _check_kv,
        make_id=lambda _type, identity: str(list(identity)[2]),
    ),
    _QUEUE: Handler(
        lambda i: _account(i, "queueName"),
        lambda i, identity: {
            "consumers": [],
            "consumersTotalCount": 0,
            "producers": [],
            "producersTotalCount": 0,
            "createdOn": EPOCH,
            "modifiedOn": EPOCH,
            "queueId": identity,
            "settings": {
                "deliveryDelay": 0,
                "deliveryPaused": False,
                "messageRetentionPeriod": 345600,
                **(i.get("settings") or {}),
            },
        },
        ("accountId", "queueName"),
    ),
    _BUCKET: Handler(
        lambda i: _account(i, "name"),
        lambda i, _: {
            "creationDate": EPOCH,
            # Where data are is recorded alone: gap `r2-jurisdiction`.
            "jurisdiction": i.get("jurisdiction") or "default",
            "location": i.get("location") or "weur",
            "storageClass": i.get("storageClass") or "Standard",
        },
        ("accountId", "name"),
        make_id=lambda _type, identity: str(list(identity)[1]),
    ),
    _DATABASE: Handler(
        lambda i: _account(i, "name"),
        lambda i, identity: {
            "createdAt": EPOCH,
            "fileSize": 0,
            "numTables": 0,
            "readReplication": i.get("readReplication") or {"mode": "disabled"},
            "uuid": identity,
            "version": "production",
        },
        ("accountId", "name"),
        make_id=lambda type_, identity: uuid_id(type_, *identity),
    ),
    # Cache rules are recorded: gap `cache-rules`.
    _RULESET: Handler(
        lambda i: [i.get("accountId"), i.get("zoneId"), i.get("phase"), i.get("kind"), i.get("name")],
        lambda i, identity: {
            "description": i.get("description") or "",
            "lastUpdated": EPOCH,
            "rules": [
                {"enabled": True, "id": hex_id("rule", identity, rule.get("ref") or index), **rule}
                for index, rule in enumerate(i.get("rules") or [])
            ],
            "version": "1",
        },
        ("kind", "name", "phase"),
        lambda i: (
            () if bool(i.get("zoneId")) != bool(i.get("accountId")) else ["needs zoneId or accountId, one of them"]
        ),
    ),
    _TIERED: Handler(lambda i: _zone(i), _zone_toggle, ("value", "zoneId"), gap="tiered-cache"),
    _REGIONAL: Handler(lambda i: _zone(i), _zone_toggle, ("value", "zoneId"), gap="tiered-cache"),
    _ARGO: Handler(lambda i: _zone(i), _zone_toggle, ("value", "zoneId"), gap="tiered-cache"),
    _RESERVE: Handler(lambda i: _zone(i), _zone_toggle, ("value", "zoneId"), gap="tiered-cache"),
    _SETTING: Handler(
        lambda i: _zone(i, "settingId"),
        lambda _inputs, _id: {"editable": True, "enabled": True, "modifiedOn": EPOCH, "timeRemaining": 0},
        ("settingId", "value", "zoneId"),
        gap="zone-settings",
    ),
    _DNS: Handler(
        lambda i: _zone(i, "name", "type", "content"),
        lambda i, _: {
            "commentModifiedOn": None,
            "content": i.get("content") or "",
            "createdOn": EPOCH,
            "modifiedOn": EPOCH,
            "includeShadowMetadata": False,
            "meta": "{}",
            "proxiable": i.get("type") in ("A", "AAAA", "CNAME"),
            "proxied": i.get("proxied", False),
            "settings": {"flattenCname": False, "ipv4Only": False, "ipv6Only": False, **(i.get("settings") or {})},
            "tags": i.get("tags") or [],
            "tagsModifiedOn": None,
        },
        ("name", "ttl", "type", "zoneId"),
        gap="dns",
    ),
}


# --- translation -------------------------------------------------------------------------------------------------------


class _Refused(Exception):
    """One resource cannot be translated."""


@dataclass
class Translation:
    """The gateway's document, and what was found wrong on the way: (resource, message)."""

    deployment: protocol.Deployment
    faults: list[tuple[Resource, str]] = field(default_factory=list)
    gaps: list[tuple[Resource, str]] = field(default_factory=list)
    """Resources that are recorded and have no effect here, each with its gap."""
    classes: dict[str, dict[str, str]] = field(default_factory=dict)
    """Classes of Durable Objects once this is deployed, by Worker, each with what declared it."""


def call(token: str, args: Inputs, versions: Mapping[str, protocol.Version]) -> Inputs | None:
    """Return what a version that was deployed here before consists of; other functions ask the account."""
    return get_version(args, versions) if token == GET_VERSION else None


def play(scene: Scene) -> None:
    """Add the Workers, their stores and what leads to them."""
    found = translate(scene.capture, scene.base, scene.archive.workers, scene.archive.classes)
    scene.add(found.deployment)
    scene.faults += found.faults
    scene.gaps += found.gaps
    scene.classes = found.classes


def translate(
    capture: Capture,
    base: Path,
    archive: Mapping[str, protocol.Version],
    classes: Mapping[str, Mapping[str, str]] | None = None,
) -> Translation:
    """Return what the gateway is to run.

    Args:
        capture: the program's resources.
        base: the folder that relative paths of files start from: the program's.
        archive: versions of earlier deployments by id, which a gradual rollout may still refer to.
        classes: classes of Durable Objects that earlier deployments made, by Worker, each with what declared it.
    """
    result = Translation(protocol.Deployment(stack=capture.stack))
    own = [resource for resource in capture if resource.custom and not resource.read]
    document = result.deployment

    def of(*types: str) -> Iterable[Resource]:
        return (resource for resource in own if resource.type in types)

    def fault(resource: Resource, message: str) -> None:
        result.faults.append((resource, message))

    document.kv_namespaces = [protocol.KvNamespace(id=str(r.id), title=r.inputs["title"]) for r in of(_NAMESPACE)]
    document.queues = sorted(r.inputs["queueName"] for r in of(_QUEUE))
    document.r2_buckets = sorted(bucket_id(r.inputs["name"], r.inputs.get("jurisdiction")) for r in of(_BUCKET))
    document.d1_databases = sorted(str(r.outputs["uuid"]) for r in of(_DATABASE))

    # Workers by name, and names by what a version may call its Worker: id or name.
    names: dict[str, str] = {}
    versions: dict[str, list[protocol.Version]] = {}
    shares: dict[str, list[protocol.Share]] = {}
    homes: dict[str, Resource] = {}
    for resource in of(_WORKER):
        name = resource.inputs["name"]
        if name in homes:
            fault(resource, f"two Workers are named {name!r}; a name is one Worker's in an account")
            continue
        homes[name] = resource
        names[name] = names[str(resource.id)] = name
        versions[name] = []
    version_homes: dict[str, str] = {}
    for resource in of(_VERSION):
        owner = names.get(str(resource.inputs["workerId"]))
        if owner is None:
            fault(resource, f"workerId: no Worker of this stack has the id or name {resource.inputs['workerId']!r}")
            continue
        try:
            version = _version(resource, base)
        except _Refused as error:
            fault(resource, str(error))
            continue
        if all(known.id != version.id for known in versions[owner]):
            versions[owner].append(version)
        version_homes[version.id] = owner
        if resource.inputs.get("deploy"):
            shares[owner] = [protocol.Share(version_id=version.id, percentage=100)]
    for resource in of(_DEPLOYMENT):
        name = resource.inputs["scriptName"]
        if name not in homes:
            fault(resource, f"scriptName: no Worker of this stack is named {name!r}")
            continue
        deployed = []
        for share in resource.inputs["versions"]:
            version_id = share["versionId"]
            if version_id not in version_homes and version_id in archive:
                versions[name].append(archive[version_id])
                version_homes[version_id] = name
            if version_homes.get(version_id) != name:
                fault(
                    resource,
                    f"versions: the Worker {name!r} has no version {version_id!r}, neither in this stack nor among those"
                    " deployed here before",
                )
                continue
            deployed.append(protocol.Share(version_id=version_id, percentage=share["percentage"]))
        if name in shares:
            fault(
                resource,
                f"the Worker {name!r} is deployed twice; keep one WorkersDeployment, and no `deploy` on a version",
            )
        shares[name] = deployed
    for resource in of(_SCRIPT):
        name = resource.inputs["scriptName"]
        if name in homes:
            fault(resource, f"two Workers are named {name!r}; a name is one Worker's in an account")
            continue
        homes[name] = resource
        names[name] = name
        try:
            version = _script(resource, base)
        except _Refused as error:
            fault(resource, str(error))
            continue
        versions[name] = [version]
        shares[name] = [protocol.Share(version_id=version.id, percentage=100)]
    for name in sorted(homes):
        used = {share.version_id for share in shares.get(name, [])}
        document.workers.append(
            protocol.Worker(
                name=name,
                versions=[version for version in versions.get(name, []) if version.id in used],
                deployment=shares.get(name, []),
            )
        )

    _lifecycle(result, own, names, classes or {})
    _check_references(result, own)
    _routes(result, own, homes)
    _rulesets(result, own)
    _entries(result, own)
    return result


def _lifecycle(
    result: Translation, own: list[Resource], names: Mapping[str, str], before: Mapping[str, Mapping[str, str]]
) -> None:
    """Note what the platform refuses of classes of Durable Objects, and what there are once this is deployed.

    A class is made by a deployment, so that a version that is only uploaded cannot be bound to it, and no two versions that
    share the traffic may differ in their classes:
    https://developers.cloudflare.com/workers/versions-and-deployments/gradual-deployments/with-durable-objects/ and
    packages/deploy-helpers of cloudflare/workers-sdk (November 2026).
    """
    result.classes = {name: dict(classes) for name, classes in before.items()}
    for resource in own:
        if resource.type not in (_VERSION, _SCRIPT):
            continue
        inputs = resource.inputs
        script = names.get(str(inputs.get("workerId") or inputs.get("scriptName")))
        if script is None:
            continue
        there = before.get(script, {})
        changes = _migrated(inputs.get("migrations") or {})
        at_once = resource.type == _SCRIPT or bool(inputs.get("deploy"))
        if at_once:
            result.classes.setdefault(script, {}).update(dict.fromkeys(changes, "migrations"))
            continue
        if new := sorted(changes - there.keys()):
            result.faults.append(
                (
                    resource,
                    f"migrations ({', '.join(new)}): the platform takes no change of classes in a version that is only"
                    " uploaded (10211). Declare the class in `exports`, or say `deploy=True` of this version once",
                )
            )
        made = {name for name, each in (inputs.get("exports") or {}).items() if protocol.Export.of(each).live}
        for binding in inputs.get("bindings") or []:
            name, home = binding.get("className"), binding.get("scriptName")
            bound = binding.get("type") == "durable_object_namespace" and home in (None, script)
            if bound and name in made - there.keys():
                result.faults.append(
                    (
                        resource,
                        f"bindings ({binding.get('name')}): the class {name!r} is made by the deployment of this version, and"
                        " the platform refuses a binding to it before (100406). Leave the binding out and use"
                        f" `ctx.exports.{name}`, or deploy once without the binding",
                    )
                )
    for worker in result.deployment.workers:
        _deployed_classes(result, worker, next(r for r in own if names.get(str(r.id)) == worker.name), before)


def _migrated(migrations: Inputs) -> set[str]:
    """Return the classes that migrations make, under their new names where they rename."""
    plain = {name for key in ("newClasses", "newSqliteClasses") for name in migrations.get(key) or ()}
    moved = {
        str(each.get("to")) for key in ("renamedClasses", "transferredClasses") for each in migrations.get(key) or ()
    }
    return plain | moved


def _deployed_classes(
    result: Translation, worker: protocol.Worker, home: Resource, before: Mapping[str, Mapping[str, str]]
) -> None:
    """Note what the platform refuses of a Worker's deployment for its classes, and write down what it makes."""
    versions = [version for version in worker.versions if any(s.version_id == version.id for s in worker.deployment)]
    if not versions:
        return
    if len({version.classes for version in versions}) > 1:
        apart = sorted(
            frozenset.union(*(v.classes for v in versions)) - frozenset.intersection(*(v.classes for v in versions))
        )
        result.faults.append(
            (
                home,
                f"the versions that share the traffic differ in their classes ({', '.join(apart)}), which the platform refuses:"
                " give the version with the change all requests first (100 %), then roll out gradually again",
            )
        )
    declared = {name: each for version in versions for name, each in version.exports.items()}
    for name, source in before.get(worker.name, {}).items():
        if source == "exports" and name not in declared:
            result.faults.append(
                (
                    home,
                    f"exports: {name!r} has objects and is not declared any more, which the platform refuses (100402,"
                    " orphaned_provisioned_namespace). Where class and objects are to go, say so once in the version's"
                    f' `exports`: {{"{name}": {{"type": "durable-object", "state": "deleted"}}}}',
                )
            )
    classes = result.classes.setdefault(worker.name, {})
    for name, each in declared.items():
        if each.live:
            classes[name] = "exports"
        else:
            classes.pop(name, None)


def _check_references(result: Translation, own: list[Resource]) -> None:
    """Note bindings to what the stack does not have: the real account may have it, a laptop does not."""
    for resource in own:
        if resource.type not in (_VERSION, _SCRIPT):
            continue
        for binding in resource.inputs.get("bindings") or []:
            kind = KINDS.get(str(binding.get("type")))
            if kind is None or kind.in_stack is None:
                continue
            key, known = kind.required[0], sorted(set(kind.in_stack(result.deployment)))
            bound = binding.get(key) if kind.names is None else kind.names(binding)
            if bound not in known:
                result.faults.append(
                    (
                        resource,
                        f"bindings ({binding.get('name')}): {key} {bound!r} is of no {binding['type']} of this"
                        f" stack; declare it here, or leave the binding out of this stack; there: {', '.join(known) or 'none'}",
                    )
                )


def _routes(result: Translation, own: list[Resource], homes: Mapping[str, Resource]) -> None:
    document = result.deployment
    patterns: dict[tuple[str, str], Resource] = {}
    hostnames: dict[str, Resource] = {}

    def add_domain(hostname: str, worker: str, resource: Resource) -> None:
        hostname = hostname.lower()
        if worker not in homes:
            result.faults.append((resource, f"no Worker of this stack is named {worker!r}"))
        elif hostname in hostnames:
            result.faults.append(
                (resource, f"the hostname {hostname} already goes to a Worker ({hostnames[hostname].name})")
            )
        else:
            hostnames[hostname] = resource
            document.domains.append(protocol.Domain(hostname=hostname, worker=worker))

    for resource in own:
        inputs = resource.inputs
        if resource.type == _DOMAIN:
            add_domain(inputs["hostname"], inputs["service"], resource)
        elif resource.type == _WORKER and (inputs.get("subdomain") or {}).get("enabled"):
            add_domain(f"{inputs['name']}.{WORKERS_DEV}", inputs["name"], resource)
        elif resource.type == _SUBDOMAIN and inputs.get("enabled"):
            add_domain(f"{inputs['scriptName']}.{WORKERS_DEV}", inputs["scriptName"], resource)
        elif resource.type == _ROUTE:
            script = inputs.get("script") or None
            key = (inputs["zoneId"], inputs["pattern"])
            if key in patterns:
                result.faults.append(
                    (resource, f"the route {inputs['pattern']} is there twice (also as {patterns[key].name}); keep one")
                )
            elif script is not None and script not in homes:
                result.faults.append((resource, f"script: no Worker of this stack is named {script!r}"))
            else:
                patterns[key] = resource
                document.routes.append(protocol.Route(pattern=inputs["pattern"], worker=script))
    document.domains.sort(key=lambda domain: domain.hostname)
    document.routes.sort(key=lambda route: route.pattern)


def _rulesets(result: Translation, own: list[Resource]) -> None:
    """Add what changes request headers, and note what a zone has twice: it has one ruleset a phase
    (https://developers.cloudflare.com/ruleset-engine/about/phases/)."""
    taken: dict[tuple[Any, Any], Resource] = {}
    for resource in own:
        if resource.type != _RULESET:
            continue
        inputs = resource.inputs
        zone, phase = inputs.get("zoneId"), inputs["phase"]
        if zone and inputs["kind"] == "zone":
            first = taken.setdefault((zone, phase), resource)
            if first is not resource:
                result.faults.append(
                    (
                        resource,
                        f"phase: the zone {zone} already has a ruleset of the phase {phase} ({first.name}), and the platform takes"
                        " one (20217): put the rules of both into one",
                    )
                )
                continue
        if not zone or phase != _HEADERS_PHASE:
            result.gaps.append((resource, "cache-rules"))
            continue
        hosts = _hosts_of(zone, own)
        for index, rule in enumerate(inputs.get("rules") or []):
            changes = ((rule.get("actionParameters") or {}).get("headers") or {}) if rule.get("enabled", True) else {}
            strange = [name for name, change in changes.items() if change.get("operation") not in _OPERATIONS]
            result.faults += [
                (
                    resource,
                    f"rules[{index}] ({name}): the operation {changes[name].get('operation')!r} is not known; allowed:"
                    f" {', '.join(_OPERATIONS)}",
                )
                for name in strange
            ]
            if rule.get("action") == "rewrite" and changes and not strange:
                result.deployment.header_rules.append(
                    protocol.HeaderRule(
                        name=f"{resource.name}, rule {index + 1}",
                        hosts=hosts,
                        expression=rule.get("expression") or "true",
                        changes=[_header_change(name, change) for name, change in sorted(changes.items())],
                    )
                )


def _hosts_of(zone: str, own: list[Resource]) -> list[str]:
    """Return the hosts of a zone that lead to a Worker of this stack, of routes with their `*`."""
    found = set()
    for resource in own:
        if resource.type == _DOMAIN and resource.outputs.get("zoneId") == zone:
            found.add(str(resource.inputs["hostname"]).lower())
        elif resource.type == _ROUTE and resource.inputs["zoneId"] == zone:
            found.add(str(resource.inputs["pattern"]).rpartition("://")[2].partition("/")[0].lower())
    return sorted(found)


def _header_change(name: str, change: Inputs) -> protocol.HeaderChange:
    return protocol.HeaderChange(
        name=name, operation=change["operation"], value=change.get("value"), expression=change.get("expression")
    )


def _entries(result: Translation, own: list[Resource]) -> None:
    known = {item.id for item in result.deployment.kv_namespaces}
    seen: set[tuple[str, str]] = set()
    for resource in own:
        if resource.type != _KV:
            continue
        inputs = resource.inputs
        if inputs["namespaceId"] not in known:
            result.faults.append(
                (resource, f"namespaceId: no KV namespace of this stack has the id {inputs['namespaceId']!r}")
            )
            continue
        if (inputs["namespaceId"], inputs["keyName"]) in seen:
            result.faults.append(
                (resource, f"keyName: the key {inputs['keyName']!r} is declared twice in this namespace")
            )
            continue
        seen.add((inputs["namespaceId"], inputs["keyName"]))
        ttl, expiration = inputs.get("expirationTtl"), inputs.get("expiration")
        result.deployment.kv_entries.append(
            protocol.KvEntry(
                namespace_id=inputs["namespaceId"],
                key=inputs["keyName"],
                value_base64=base64.b64encode(str(inputs["value"]).encode()).decode(),
                metadata_json=inputs.get("metadata"),
                expiration=None if expiration is None else int(expiration),
                expiration_ttl_s=None if ttl is None else int(ttl),
            )
        )
    result.deployment.kv_entries.sort(key=lambda entry: (entry.namespace_id, entry.key))


def _version(resource: Resource, base: Path) -> protocol.Version:
    inputs = resource.inputs
    if inputs.get("assets"):
        raise _Refused(
            "assets: static assets do not run here; serve the files from an origin, or leave them out of this stack"
        )
    limits = inputs.get("limits") or {}
    cache = inputs.get("cacheOptions") or {}
    types = {module["name"]: module.get("contentType") or JAVASCRIPT for module in inputs["modules"]}
    contents = {
        module["name"]: base64.b64decode(_content(module, f"modules ({module['name']})", base))
        for module in inputs["modules"]
    }
    return protocol.Version(
        id=str(resource.id),
        # With what takes a purge also where the deployed function has none: gap `purge`.
        modules=[
            protocol.Module(
                name=name,
                content_type=types.get(name, JAVASCRIPT),
                content_base64=base64.b64encode(content).decode("ascii"),
            )
            for name, content in on_local_cloud(contents, BUNDLES / "cloudflare").items()
        ],
        main_module=inputs["mainModule"],
        bindings=[_binding(binding) for binding in inputs.get("bindings") or []],
        compatibility_date=inputs.get("compatibilityDate"),
        compatibility_flags=inputs.get("compatibilityFlags") or [],
        cpu_ms=limits.get("cpuMs"),
        cache_enabled=bool(cache.get("enabled", False)),
        cross_version_cache=bool(cache.get("crossVersionCache", False)),
        exports={name: protocol.Export.of(each) for name, each in (inputs.get("exports") or {}).items()},
    )


def _script(resource: Resource, base: Path) -> protocol.Version:
    inputs = resource.inputs
    if inputs.get("assets"):
        raise _Refused(
            "assets: static assets do not run here; serve the files from an origin, or leave them out of this stack"
        )
    main = {
        "contentBase64": None
        if inputs.get("content") is None
        else base64.b64encode(inputs["content"].encode()).decode(),
        "contentFile": inputs.get("contentFile"),
        "contentSha256": inputs.get("contentSha256"),
    }
    modules = [
        protocol.Module(
            name=inputs["mainModule"],
            content_type=inputs.get("contentType") or "application/javascript+module",
            content_base64=_content(main, "content", base),
        )
    ]
    for name, file in sorted((inputs.get("files") or {}).items()):
        modules.append(
            protocol.Module(
                name=name, content_type=file["contentType"], content_base64=_content(file, f"files ({name})", base)
            )
        )
    cache = inputs.get("cacheOptions") or {}
    return protocol.Version(
        id=uuid_id(_SCRIPT, dict(inputs), [module.content_base64 for module in modules]),
        modules=modules,
        main_module=inputs["mainModule"],
        bindings=[_binding(binding) for binding in inputs.get("bindings") or []],
        compatibility_date=inputs.get("compatibilityDate"),
        compatibility_flags=inputs.get("compatibilityFlags") or [],
        cpu_ms=(inputs.get("limits") or {}).get("cpuMs"),
        cache_enabled=bool(cache.get("enabled", False)),
        cross_version_cache=bool(cache.get("crossVersionCache", False)),
    )


def _content(module: Inputs, where: str, base: Path) -> str:
    """Return a module's content in base64, from the inputs or from its file."""
    if module.get("contentBase64") is not None:
        text = str(module["contentBase64"])
        try:
            base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            raise _Refused(f"{where}: contentBase64 is not base64") from None
        return text
    path = base / str(module["contentFile"])
    try:
        content = path.read_bytes()
    except OSError as error:
        raise _Refused(f"{where}: contentFile {module['contentFile']!r} cannot be read: {error.strerror}") from None
    expected = module.get("contentSha256")
    if expected is not None and hashlib.sha256(content).hexdigest() != expected:
        raise _Refused(
            f"{where}: contentFile {module['contentFile']!r} does not have the SHA-256 {expected}; read it anew"
        )
    return base64.b64encode(content).decode()


def _binding(binding: Inputs) -> protocol.Binding:
    try:
        return KINDS[binding["type"]].plays(binding)
    except ValueError as error:
        raise _Refused(f"bindings ({binding.get('name')}): {_said(error)}") from None


def _said(error: ValueError) -> str:
    if not isinstance(error, pydantic.ValidationError):
        return str(error)
    return "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}, got {e.get('input')!r}" for e in error.errors())
