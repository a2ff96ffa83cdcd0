"""The modules of a function: generated `main.js` and `settings.js`, the parts of edgewright's own code that the settings
need, and the users' handlers."""

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from edgewright.base.fault_codes import Code
from edgewright.contract import cache_parts, features
from edgewright.contract.models import EdgeSettings, EndpointSpec

JAVASCRIPT = "application/javascript+module"
SOURCE_MAP = "application/source-map"
MAIN = "main.js"
SETTINGS = "settings.js"
_EXPORT = "export default "
BUNDLES = Path(__file__).parents[1] / "_bundles"
"""Where the built code is, a folder a platform."""
_LOCAL = ("cache_check", "cache_purge")
_SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


SHIELD_CLASS = "EdgewrightShield"
"""The class that `main.js` exports for the shield. Its objects' storage is kept under this name: it never changes."""


def has_shield(settings: EdgeSettings) -> bool:
    """Say whether some endpoint of the function goes through a shield."""
    return any(map(_is_shielded, settings.endpoints))


def _is_shielded(endpoint: EndpointSpec) -> bool:
    """Say whether what an endpoint's cache lacks goes through the shield: not where the answer is a known caller's."""
    policy = cache_parts.in_effect(endpoint)
    return policy is not None and policy.stores and policy.tiers.shield is not None


def features_of(settings: EdgeSettings) -> list[str]:
    """Return the features that the settings need, sorted."""
    needed: set[str] = set()
    unsafe = any(not _SAFE.issuperset(endpoint.methods) for endpoint in settings.endpoints)
    for endpoint in settings.endpoints:
        auth, target = endpoint.auth, endpoint.target.kind
        policy = cache_parts.in_effect(endpoint)
        if policy is not None:
            needed |= {"cache", *(f"cache_{part}" for part in cache_parts.needed(policy, unsafe=unsafe))}
        if target == "origin":
            needed.add("geo")
        if target == "session" or (auth is not None and auth.kind == "session"):
            needed.add("sessions")
        if auth is not None and auth.kind == "jwt":
            needed.add("jwt")
        needed |= features.needed(endpoint)
    return sorted(needed)


def worker_modules(settings: EdgeSettings, handlers: Mapping[str, str], folder: Path) -> list[dict[str, str]]:
    """Return a function's modules, sorted by name, the same for the same settings and handlers.

    Args:
        settings: the settings document, whose URLs are known.
        handlers: module name to JavaScript text, and `<module>.map` to its source map: Workers maps stack traces by it,
            and no code sees it.
        folder: where the built code for the platform is.

    Raises:
        RunError: the package has no built code.
    """
    manifest = manifest_of(folder)
    parts = [manifest.core, *(manifest.features[feature] for feature in features_of(settings))]
    files = files_of(parts)
    modules = {name: (folder / name).read_bytes() for name in files}
    modules[MAIN] = _main(manifest, settings, sorted(name for name in handlers if not name.endswith(".map"))).encode()
    modules[SETTINGS] = f"{_EXPORT}{compact_json(settings.model_dump(mode='json'))};\n".encode()
    for name, text in handlers.items():
        modules[name] = text.encode()
    return [
        {
            "name": name,
            "content_type": SOURCE_MAP if name.endswith(".map") else JAVASCRIPT,
            "content_base64": base64.b64encode(modules[name]).decode("ascii"),
        }
        for name in sorted(modules)
    ]


def on_local_cloud(modules: Mapping[str, bytes], folder: Path) -> dict[str, bytes]:
    """Return a function's modules as the local cloud runs them: with what takes a purge, which a deployed function has only
    where KV, a shield or a cache in front needs it, and with the check that its cache lacks no part.

    Args:
        modules: the files of a function by name. What was not made by this package, as it is now, stays as it is.
        folder: where the built code for the platform is.
    """
    if not {MAIN, SETTINGS, "cache.js"} <= modules.keys():
        return dict(modules)
    manifest = manifest_of(folder)
    try:
        document = modules[SETTINGS].decode().removeprefix(_EXPORT).removesuffix(";\n")
        settings = EdgeSettings.model_validate_json(document)
        others = modules.keys() - manifest.files.keys() - {MAIN, SETTINGS}
        handlers = sorted(name for name in others if not name.endswith(".map"))
        own = _main(manifest, settings, handlers)
    except (ValueError, KeyError, TypeError):
        return dict(modules)
    if modules[MAIN] != own.encode():
        return dict(modules)
    parts = [manifest.features[name] for name in _LOCAL]
    more = {name: (folder / name).read_bytes() for name in files_of(parts)}
    return {**more, **modules, MAIN: _main(manifest, settings, handlers, *_LOCAL).encode()}


def digest(modules: list[dict[str, str]]) -> str:
    """Return a short digest of modules, by which people tell versions apart."""
    whole = hashlib.sha256()
    for module in modules:
        whole.update(f"{module['name']}\0{module['content_base64']}\0".encode())
    return whole.hexdigest()[:16]


def size(modules: list[dict[str, str]]) -> int:
    """Return the bytes of all modules, uncompressed. Source maps do not count."""
    return sum(
        len(base64.b64decode(module["content_base64"])) for module in modules if module["content_type"] != SOURCE_MAP
    )


@dataclass(frozen=True)
class Part:
    """A part of edgewright's own code: its file, what it exports, and the files that it imports."""

    file: str
    export: str
    imports: tuple[str, ...]


@dataclass(frozen=True)
class Manifest:
    """What the build says of a platform's files."""

    core: Part
    features: Mapping[str, Part]
    files: Mapping[str, object]
    """Every file by its name."""
    guard: Part | None = None
    """The core of a function that checks tokens, where the platform has one."""


_MANIFEST: TypeAdapter[Manifest] = TypeAdapter(Manifest)


def manifest_of(folder: Path) -> Manifest:
    """Return what the build says of its files: which parts there are, and which each needs.

    Raises:
        RunError: the package has no built code.
    """
    try:
        return _MANIFEST.validate_json((folder / "manifest.json").read_bytes())
    except OSError:
        # The command reads this module too, and starts without the SDK.
        from edgewright.base.faults import RunFault

        raise RunFault(
            "edgewright's own code for the edge is not built. In a checkout run: make build", Code.INSTALL
        ) from None


def files_of(parts: Iterable[Part]) -> list[str]:
    """Return the names of the files that parts are made of, sorted."""
    return sorted({name for part in parts for name in (part.file, *part.imports)})


def _main(manifest: Manifest, settings: EdgeSettings, handlers: list[str], *more: str) -> str:
    parts = [manifest.features[feature] for feature in sorted({*features_of(settings), *more})]
    core = manifest.core
    lines = [f'import {{ {core.export} }} from "./{core.file}";']
    lines += [f'import {{ {part.export} }} from "./{part.file}";' for part in parts]
    lines.append(f'import settings from "./{SETTINGS}";')
    lines += [f'import * as h{index} from "./{name}";' for index, name in enumerate(handlers)]
    names = ", ".join(part.export for part in parts)
    modules = ", ".join(f"{json.dumps(name)}: h{index}" for index, name in enumerate(handlers))
    options = f"{{ features: [{names}], handlers: {{ {modules} }} }}"
    if "cache_shield" not in features_of(settings):
        lines.append(f"export default {core.export}(settings, {options});")
    else:
        lines.insert(0, f'import {{ createShield }} from "./{manifest.features["cache_shield"].file}";')
        lines += [f"const options = {options};", f"const worker = {core.export}(settings, options);"]
        lines += ["export default worker;", f"export const {SHIELD_CLASS} = createShield(settings, options, worker);"]
    return "\n".join(lines) + "\n"


def compact_json(document: object) -> str:
    """Return JSON as it stands in a module: without blanks."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))
