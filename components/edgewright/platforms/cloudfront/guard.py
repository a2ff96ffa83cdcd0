"""The guard: the function at the viewer that knows tokens, and what it is made of."""

from collections.abc import Mapping
from operator import attrgetter
from pathlib import Path

import edgewright
from edgewright.assemble.worker import compact_json, files_of, manifest_of
from edgewright.contract.features import BY_SETTING
from edgewright.contract.models import EdgeSettings
from edgewright.platforms.cloudfront import lambda_edge

GUARD = lambda_edge.Shape(
    events=("viewer-request",), description="checks tokens before CloudFront gives out what it has stored"
)
"""How it is run."""


def guard_modules(
    settings: EdgeSettings, options: Mapping[str, object], bundles: Path | None = None
) -> dict[str, bytes]:
    """Return the files of the API's guard on Lambda@Edge, the function at the viewer that knows tokens and nothing else.

    Args:
        settings: the settings document without what the guard does not use.
        options: what it does beside checking tokens: `reserved`, `redirects`, `queries`.
        bundles: where the built code for the platform is; the package's own where it is not given.

    Raises:
        RunError: the package has no built code.
    """
    folder = bundles or Path(edgewright.__file__).parent / "_bundles" / "lambda_edge"
    manifest = manifest_of(folder)
    core = manifest.guard
    assert core is not None, "the platform's build has a guard"
    around = {
        row.name
        for setting, row in BY_SETTING.items()
        if row.around and any(map(attrgetter(setting), settings.endpoints))
    }
    parts = [manifest.features[name] for name in ("jwt", *sorted(around))]
    files = {name: (folder / name).read_bytes() for name in files_of((core, *parts))}
    files["index.mjs"] = (
        f'import {{ {core.export} }} from "./{core.file}";\n'
        + "".join(f'import {{ {part.export} }} from "./{part.file}";\n' for part in parts)
        + 'import { settings, options } from "./settings.mjs";\n'
        f"export const handler = {core.export}(settings, {{ features: [{', '.join(part.export for part in parts)}],"
        " ...options });\n"
    ).encode()
    files["settings.mjs"] = (
        f"export const settings = {compact_json(settings.model_dump(mode='json'))};\nexport const options = {compact_json(dict(options))};\n"
    ).encode()
    return files
