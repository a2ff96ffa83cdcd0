"""The local cloud's side of a program's run: it answers what a platform's file knows, and refuses the rest by name."""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from edgewright.base.errors import ProgramFailed
from edgewright.base.fault import ProjectFault
from edgewright.base.fault_codes import Code
from edgewright.base.project import Project
from edgewright.engine.cloud import CloudError, UnknownType
from edgewright.engine.resources import Capture, Inputs, Resource
from edgewright.platforms import each_part, protocol
from edgewright.platforms.archive import Archive, Classes
from edgewright.platforms.cloudfront import protocol as cf
from edgewright.platforms.gap import Gap
from edgewright.platforms.gaps import gap
from edgewright.platforms.handlers import Handler, Published, named
from edgewright.platforms.scene import Emulation, Scene

_EMULATIONS: tuple[Emulation, ...] = each_part("emulate")

HANDLERS: Mapping[str, Handler] = {type_: one for part in _EMULATIONS for type_, one in part.HANDLERS.items()}
"""Every resource type that the local cloud knows."""


def short_type(type_: str) -> str:
    """Return `cloudflare.Worker` for `cloudflare:index/worker:Worker`, and `aws.s3.Bucket` for `aws:s3/bucket:Bucket`."""
    package, module, name = type_.split(":", 2) if type_.count(":") > 1 else (type_, "", type_)
    module = module.split("/", 1)[0]
    return f"{package}.{name}" if module in ("", "index") else f"{package}.{module}.{name}"


def known_types(package: str | None = None) -> tuple[str, ...]:
    """Return the names of the known types, for people: those of one package, or of all where it has none."""
    own = [type_ for type_ in HANDLERS if package is not None and type_.startswith(f"{package}:")]
    return tuple(sorted(map(short_type, own or HANDLERS)))


@dataclass(frozen=True)
class LocalCloud:
    """Makes resources as the real platforms would, with ids that follow from what they are made of."""

    published: Mapping[str, Published] = field(default_factory=dict)
    """What was published before of what has numbered versions, by ARN."""
    versions: Mapping[str, protocol.Version] = field(default_factory=dict)
    """Workers' versions that were deployed here before, by id."""

    def new_resource(self, type_: str, name: str, inputs: Inputs) -> tuple[str, Inputs]:
        handler = self._handler(type_, name)
        inputs = named(handler, type_, name, inputs)
        faults = [
            f"{key}: is required and missing"
            for key in handler.required
            if inputs.get(key) is None or inputs[key] == ""
        ]
        if not faults:
            faults = list(handler.check(inputs))
        if faults:
            raise CloudError(f"{short_type(type_)} {name!r}: " + "; ".join(faults))
        identity = handler.make_id(type_, [name] if handler.by_name else handler.identity(inputs))
        prefix = {f"{handler.auto_name}Prefix": ""} if handler.auto_prefix else {}
        outputs = handler.number(inputs, handler.outputs(inputs, identity), self.published)
        return identity, {**prefix, **inputs, **outputs}

    def read_resource(self, type_: str, name: str, _identity: str, inputs: Inputs) -> Inputs:
        self._handler(type_, name)
        return dict(inputs)

    def call(self, token: str, args: Inputs) -> Inputs:
        for part in _EMULATIONS:
            found = part.call(token, args, self.versions)
            if found is not None:
                return found
        # Most would need the account: gap `reads`.
        raise UnknownType(
            f"the function {token} asks the real cloud, which the local one cannot answer for; give the value in the"
            " stack's settings instead"
        )

    def _handler(self, type_: str, name: str) -> Handler:
        handler = HANDLERS.get(type_)
        if handler is None:
            known = known_types(type_.split(":", 1)[0])
            near = difflib.get_close_matches(short_type(type_), known_types(), n=1, cutoff=0.8)
            raise UnknownType(
                f"{name!r}: the local cloud does not know the resource type {type_}"
                f"{f'; did you mean {near[0]}?' if near else ''}; it knows: {_listed(type_, known)}"
            )
        return handler


def _listed(type_: str, known: tuple[str, ...]) -> str:
    """Return known types as a text: those of the same part of the package, and the names of its other parts."""
    part = short_type(type_).rpartition(".")[0]
    same = [name for name in known if name.rpartition(".")[0] == part]
    others = sorted({name.rpartition(".")[0] + ".*" for name in known} - {f"{part}.*"})
    return ", ".join([*same, *others])


@dataclass(frozen=True)
class Plan:
    """What a captured program becomes on the local cloud."""

    deployment: protocol.Deployment
    functions: tuple[cf.LambdaVersion, ...] = ()
    """Every version of a Lambda function that the program publishes, deployed or not."""
    gaps: tuple[tuple[Resource, Gap], ...] = ()
    """Resources that are recorded and have no effect here."""
    distributions: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """What each distribution may not change in the next deployment, where it has a policy of a rollout."""
    classes: Classes = field(default_factory=dict)
    """Workers' classes of Durable Objects once this is deployed."""


def plan(
    project: Project,
    capture: Capture,
    archive: Archive | None = None,
    addresses: Mapping[str, str] | None = None,
) -> Plan:
    """Translate a captured program into the gateway's document.

    Args:
        project: where the program is: relative paths of files start from its folder.
        capture: what the program declared on :class:`LocalCloud`.
        archive: what earlier deployments have left.
        addresses: where origins' domain names are found on this machine.

    Raises:
        ProgramFailed: with every fault, each with the line that declared the resource.
    """
    base = project.main if project.main.is_dir() else project.main.parent
    archive = archive or Archive()
    scene = Scene(capture, Path(base), addresses, archive, protocol.Deployment(stack=capture.stack))
    for part in _EMULATIONS:
        part.play(scene)
    faults = scene.faults
    if faults:
        lines = []
        for resource, message in faults:
            where = f"{resource.source.relative_to(project.directory)}: " if resource.source else ""
            lines.append(ProjectFault(f"{where}{short_type(resource.type)} {resource.name!r}: {message}", Code.REFUSED))
        raise ProgramFailed(lines)
    recorded = []
    for resource in capture:
        handler = HANDLERS.get(resource.type)
        if handler is not None and handler.gap and not resource.read:
            recorded.append((resource, gap(handler.gap)))
    recorded += [(resource, gap(identity)) for resource, identity in scene.gaps]
    return Plan(
        scene.deployment,
        tuple(scene.functions),
        tuple(recorded),
        distributions=scene.distributions,
        classes=scene.classes,
    )
