"""What earlier deployments of a stack have left behind: versions that a later one may refer to."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar

import pydantic

from edgewright.base.private import open_private
from edgewright.platforms import protocol
from edgewright.platforms.cloudfront import protocol as cf
from edgewright.platforms.handlers import Published, hex_id

KEPT_VERSIONS: Final = 100
"""How many versions of each kind can still be deployed, as on Workers (`cloudflare.workers.deployable_versions`)."""

Classes = Mapping[str, Mapping[str, str]]
"""Classes of Durable Objects that have been deployed, by Worker, each with what declared it: `exports` or `migrations`."""

_Model = TypeVar("_Model", bound=pydantic.BaseModel)
_CLASSES: Final = pydantic.TypeAdapter(dict[str, dict[str, str]])


@dataclass(frozen=True)
class Archive:
    """Versions of earlier deployments."""

    workers: Mapping[str, protocol.Version] = field(default_factory=dict)
    """Workers' versions by id."""
    functions: Mapping[str, cf.LambdaVersion] = field(default_factory=dict)
    """Lambda functions' versions by qualified ARN."""
    distributions: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """What the last deployment's distributions may not change while a policy of a rollout is attached, by id."""
    classes: Classes = field(default_factory=dict)
    """Workers' classes of Durable Objects, whose objects outlive versions."""

    @property
    def published(self) -> dict[str, Published]:
        """What was published last of each Lambda function, by its unqualified ARN."""
        latest: dict[str, Published] = {}
        for version in self.functions.values():
            arn, _, number = version.arn.rpartition(":")
            if not number.isdecimal():
                continue  # the file was changed by hand
            if arn not in latest or latest[arn].number < int(number):
                latest[arn] = Published(int(number), version.fingerprint)
        return latest


def read(folder: Path) -> Archive:
    """Return what is left of earlier deployments in a stack's folder."""
    return Archive(
        workers={path.stem: version for path, version in _models(versions_folder(folder), protocol.Version)},
        functions={version.arn: version for _, version in _models(functions_folder(folder), cf.LambdaVersion)},
        distributions=_distributions(folder),
        classes=_classes(_classes_file(folder)),
    )


def keep(
    folder: Path,
    deployment: protocol.Deployment,
    functions: tuple[cf.LambdaVersion, ...],
    *,
    classes: Classes | None = None,
    distributions: Mapping[str, Mapping[str, str]] | None = None,
) -> None:
    """Keep a deployment's versions and classes and what its distributions are held to, and forget the oldest of too many
    versions."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with open_private(_classes_file(folder), "w") as file:
        file.write(json.dumps(classes or {}, sort_keys=True))
    with open_private(_distributions_file(folder), "w") as file:
        file.write(json.dumps(distributions or {}, sort_keys=True))
    workers = {f"{version.id}.json": version for worker in deployment.workers for version in worker.versions}
    _write(versions_folder(folder), workers)
    _write(functions_folder(folder), {f"{hex_id(version.arn)}.json": version for version in functions})


_HELD: Final = pydantic.TypeAdapter(dict[str, dict[str, str]])


def versions_folder(folder: Path) -> Path:
    """Return where versions are that were deployed, which a rollout may go back to."""
    return folder / "versions"


def functions_folder(folder: Path) -> Path:
    """Return where versions of functions are that were published, which a deployment may go back to."""
    return folder / "functions"


def _classes_file(folder: Path) -> Path:
    return folder / "classes.json"


def _distributions_file(folder: Path) -> Path:
    return folder / "distributions.json"


def _distributions(folder: Path) -> dict[str, dict[str, str]]:
    try:
        return _HELD.validate_json(_distributions_file(folder).read_bytes())
    except (OSError, pydantic.ValidationError):
        return {}  # nothing was deployed, or by another release of edgewright


def _classes(path: Path) -> Classes:
    try:
        return _CLASSES.validate_json(path.read_bytes())
    except (OSError, pydantic.ValidationError):
        return {}  # nothing has been deployed, or by another release of edgewright


def _models(folder: Path, kind: type[_Model]) -> list[tuple[Path, _Model]]:
    found = []
    for path in sorted(folder.glob("*.json")):
        try:
            found.append((path, kind.model_validate_json(path.read_bytes())))
        except (OSError, pydantic.ValidationError):
            continue  # of another release of edgewright: it cannot be rolled back to
    return found


def _write(folder: Path, models: Mapping[str, pydantic.BaseModel]) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name, model in models.items():
        path = folder / name
        if path.exists():
            os.utime(path)
            continue
        # Versions hold secrets.
        with open_private(path, "w") as file:
            file.write(model.model_dump_json())
    kept = sorted(folder.glob("*.json"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in kept[KEPT_VERSIONS:]:
        path.unlink(missing_ok=True)
