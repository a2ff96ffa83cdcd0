"""The files of an API's functions on Lambda@Edge."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edgewright.assemble.lambda_package import Package
from edgewright.assemble.worker import BUNDLES, compact_json, features_of, files_of, manifest_of
from edgewright.contract.models import EdgeSettings


@dataclass(frozen=True)
class Uploads:
    """The packages of an API's functions."""

    edge: Package
    """That of the origin's events."""
    guard: Package | None = None
    """That of the function at the viewer that checks tokens."""


def lambda_modules(
    settings: EdgeSettings,
    behaviors: list[dict[str, Any]],
    handlers: Mapping[str, str],
    variables: Mapping[str, str],
) -> dict[str, bytes]:
    """Return the files of the API's function on Lambda@Edge, by name.

    Args:
        settings: the settings document, whose URLs are known.
        behaviors: the distribution's behaviors in their order, each with pattern and policy.
        handlers: module name to JavaScript text.
        variables: what handlers see on `env`: there are no environment variables.

    Raises:
        RunError: the package has no built code.
    """
    folder = BUNDLES / "lambda_edge"
    manifest = manifest_of(folder)
    document = settings.model_dump(mode="json")
    features = [manifest.features[feature] for feature in features_of(settings) if feature in manifest.features]
    core = manifest.core
    files = {name: (folder / name).read_bytes() for name in files_of((core, *features))}
    lines = [f'import {{ {core.export} }} from "./{core.file}";']
    lines += [f'import {{ {feature.export} }} from "./{feature.file}";' for feature in features]
    lines.append('import { settings, behaviors, env } from "./settings.mjs";')
    modules = {name.removesuffix(".js") + ".mjs": text for name, text in handlers.items()}
    lines += [f'import * as h{index} from "./{name}";' for index, name in enumerate(sorted(modules))]
    used = ", ".join(feature.export for feature in features)
    given = ", ".join(f"{json.dumps(name)}: h{index}" for index, name in enumerate(sorted(handlers)))
    lines.append(
        f"export const handler = {core.export}(settings,"
        f" {{ features: [{used}], handlers: {{ {given} }}, behaviors, env }});"
    )
    files["index.mjs"] = ("\n".join(lines) + "\n").encode()
    files["settings.mjs"] = (
        f"export const settings = {compact_json(document)};\n"
        f"export const behaviors = {compact_json(behaviors)};\n"
        f"export const env = {compact_json(dict(variables))};\n"
    ).encode()
    files.update({name: text.encode() for name, text in modules.items()})
    return files
