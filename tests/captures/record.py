"""What a program declares, as text that two versions of edgewright can be compared by.

Uploaded code, and the digests and names that come of it, change with every edit of the code at the edge: they are
masked, and everything else is kept as the engine would see it.
"""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import pulumi
from edgewright.base.unknown import UNKNOWN
from edgewright.engine.resources import Capture, Resource, ResourceReference
from edgewright.engine.runner import Runner

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "tests" / "golden" / "captures"

_CODE = frozenset({"code", "contentBase64", "source", "content", "sourceCodeHash"})
"""Inputs that hold what is uploaded."""

_DIGEST = re.compile(r"(?<![0-9a-zA-Z])(?=[0-9a-f]*[0-9])(?=[0-9a-f]*[a-f])[0-9a-f]{7,64}(?![0-9a-zA-Z])")
"""Hexadecimal letters and digits as digests have them, and as the local cloud adds them to a name. Ids that are given,
such as an account's, are masked as well: they are in the settings."""


def projects() -> list[tuple[Path, str]]:
    """Return each project of the repository with each of its stacks."""
    found = []
    for project in (ROOT, *sorted(path.parent for path in ROOT.glob("examples/*/Pulumi.yaml"))):
        for settings in sorted((project / "stacks").glob("Pulumi.*.yaml")):
            found.append((project, settings.name.removeprefix("Pulumi.").removesuffix(".yaml")))
    return found


def file_of(project: Path, stack: str) -> Path:
    """Return the file of a stack's capture."""
    name = "reference" if project == ROOT else project.name
    return FOLDER / f"{name}.{stack}.json"


def record(runner: Runner, project: Path, stack: str) -> str:
    """Run a stack's program and return what it declared, as JSON with sorted keys."""
    capture, _ = runner.run(project, stack)
    document = {
        "resources": sorted(
            (_resource(resource, capture) for resource in capture), key=lambda found: str(found["urn"])
        ),
        "outputs": _plain(capture.outputs),
    }
    return json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _resource(resource: Resource, capture: Capture) -> dict[str, object]:
    options = resource.options
    kept = {
        "protect": options.protect,
        "ignoreChanges": list(options.ignore_changes),
        "replaceOnChanges": list(options.replace_on_changes),
        "deleteBeforeReplace": options.delete_before_replace,
        "retainOnDelete": options.retain_on_delete,
        "aliases": list(options.aliases),
    }
    found: dict[str, object] = {
        "urn": _masked(resource.urn),
        "parent": _masked(resource.parent) if resource.parent else None,
        "inputs": _plain(resource.inputs),
        "secrets": sorted(resource.secret_paths),
        "options": {name: value for name, value in kept.items() if value},
    }
    if not resource.custom:
        # A component's outputs are its interface; what a provider gives back is the local cloud's business.
        found["outputs"] = _plain(resource.outputs)
    return found


def _masked(text: str) -> str:
    return _DIGEST.sub("<digest>", text)


def _plain(value: object, name: str = "") -> object:
    if value is UNKNOWN:
        return "<unknown>"
    if isinstance(value, ResourceReference):
        return {"reference": _masked(value.urn)}
    if isinstance(value, pulumi.Asset | pulumi.Archive):
        return f"<{type(value).__name__}>"
    if isinstance(value, Mapping):
        return {str(key): _plain(item, str(key)) for key, item in value.items()}
    if isinstance(value, str):
        return "<code>" if name in _CODE else _masked(value)
    if isinstance(value, Sequence):
        return [_plain(item, name) for item in value]
    return value
