"""The guard: the function at the viewer that knows tokens, and what it is made of."""

from collections.abc import Mapping
from operator import itemgetter
from pathlib import Path
from typing import Any

import edgewright
from edgewright.assemble.worker import compact_json, manifest_of
from edgewright.contract.features import BY_SETTING
from edgewright.contract.models import EdgeSettings
from edgewright.platforms.cloudfront import lambda_edge

GUARD = lambda_edge.Shape(
    events=("viewer-request",), description="checks tokens before CloudFront gives out what it has stored"
)
"""How it is run."""


def guard_modules(
    settings: Mapping[str, Any], options: Mapping[str, Any], bundles: Path | None = None
) -> dict[str, bytes]:
    """Return the files of the API's guard on Lambda@Edge, the function at the viewer that knows tokens and nothing else.

    Args:
        settings: the settings document, as plain data, without what the guard does not use.
        options: what it does beside checking tokens: `reserved`, `redirects`, `queries`.
        bundles: where the built code for the platform is; the package's own where it is not given.

    Raises:
        RunError: the package has no built code.
    """
    folder = bundles or Path(edgewright.__file__).parent / "_bundles" / "lambda_edge"
    manifest = manifest_of(folder)
    document = EdgeSettings.model_validate(settings).model_dump(mode="json")
    core = manifest["guard"]
    around = {
        row.name
        for setting, row in BY_SETTING.items()
        if row.around and any(map(itemgetter(setting), document["endpoints"]))
    }
    parts = [manifest["features"][name] for name in ("jwt", *sorted(around))]
    names = sorted({name for part in (core, *parts) for name in (part["file"], *part["imports"])})
    files = {name: (folder / name).read_bytes() for name in names}
    files["index.mjs"] = (
        f'import {{ {core["export"]} }} from "./{core["file"]}";\n'
        + "".join(f'import {{ {part["export"]} }} from "./{part["file"]}";\n' for part in parts)
        + 'import { settings, options } from "./settings.mjs";\n'
        f"export const handler = {core['export']}(settings, {{ features: [{', '.join(part['export'] for part in parts)}],"
        " ...options });\n"
    ).encode()
    files["settings.mjs"] = (
        f"export const settings = {compact_json(document)};\nexport const options = {compact_json(dict(options))};\n"
    ).encode()
    return files
