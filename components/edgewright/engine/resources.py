"""What a run of a Pulumi program leaves behind: resources with their final inputs, and the program's outputs.

Everything here is plain data that can be pickled, so that it travels from the process that ran the program to the one
that asked for it.
"""

import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeAlias

Inputs: TypeAlias = Mapping[str, Any]
"""What a provider is given, by the names of its schema. What the values are, each provider's schema says: this and `Outputs` are
the border to Pulumi."""
Outputs: TypeAlias = dict[str, Any]
"""What a provider gives back."""

State: TypeAlias = Mapping[str, Any]
"""A stack's state as `pulumi stack export` writes it, or a part of it: another version of anything may have written it."""

STACK_TYPE: Final = "pulumi:pulumi:Stack"
"""The type token of the stack itself, the root of the tree of resources."""

PROVIDER_PREFIX: Final = "pulumi:providers:"
"""Type tokens of explicit providers begin with this."""


@dataclass(frozen=True)
class ResourceReference:
    """A resource that was given as an input to another one."""

    urn: str
    id: str | None = None


@dataclass(frozen=True)
class SourceLocation:
    """Where the user's own code declared something."""

    file: Path
    line: int

    def relative_to(self, directory: Path) -> str:
        """Return `file:line`, with the file relative to the directory where it is inside it."""
        try:
            shown = self.file.relative_to(directory)
        except ValueError:
            shown = self.file
        return f"{shown}:{self.line}"

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True)
class ResourceOptions:
    """The options of a declaration, as the engine sees them."""

    protect: bool = False
    ignore_changes: tuple[str, ...] = ()
    replace_on_changes: tuple[str, ...] = ()
    additional_secret_outputs: tuple[str, ...] = ()
    delete_before_replace: bool | None = None
    retain_on_delete: bool = False
    deleted_with: str | None = None
    import_id: str | None = None
    provider: str | None = None
    """The explicit provider's reference, `<urn>::<id>`; None for the default provider."""
    providers: Mapping[str, str] = field(default_factory=dict)
    """A component's providers by package name."""
    version: str | None = None
    aliases: tuple[str, ...] = ()
    custom_timeouts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Resource:
    """One registered resource: a custom one (made by a provider), a component, or a provider."""

    urn: str
    type: str
    """The type token, for example `cloudflare:index/worker:Worker` or `edgewright:index:EdgeApi`."""
    name: str
    parent: str | None
    """The parent's URN; None for a resource directly under the stack."""
    custom: bool
    inputs: Inputs
    """Camel-case wire names as the engine sees them. Secrets are unwrapped (see :attr:`secret_paths`), whole numbers
    are `int`, and a value that only an update would know is :data:`UNKNOWN`."""
    secret_paths: frozenset[str] = frozenset()
    """Property paths of secret inputs, for example `bindings[0].text`."""
    dependencies: tuple[str, ...] = ()
    """URNs, sorted."""
    property_dependencies: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    options: ResourceOptions = field(default_factory=ResourceOptions)
    source: SourceLocation | None = None
    """The line of the user's program that declared this resource, or the component that it is part of."""
    outputs: Inputs = field(default_factory=dict)
    """A custom resource's outputs as the cloud gave them; a component's as it registered them."""
    secret_outputs: frozenset[str] = frozenset()
    """Property paths of secret outputs."""
    id: str | None = None
    """None for a component, and for any resource in a preview."""
    read: bool = False
    """The program looked the resource up (`Type.get`): it is not the stack's own."""

    @property
    def package(self) -> str:
        """The provider package, for example `cloudflare`."""
        return self.type.split(":", 1)[0]


class Severity(enum.Enum):
    """How serious a diagnostic is."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True)
class Diagnostic:
    """A message that the program logged (`pulumi.log`, printed lines) or that the run adds."""

    severity: Severity
    message: str
    urn: str | None = None


@dataclass(frozen=True)
class Capture:
    """One run of a program: every resource in the order of registration, and the stack's outputs."""

    project: str
    stack: str
    resources: tuple[Resource, ...]
    outputs: Inputs = field(default_factory=dict)
    secret_outputs: frozenset[str] = frozenset()
    diagnostics: tuple[Diagnostic, ...] = ()
    preview: bool = False
    project_dir: Path = Path()
    program_dir: Path | None = None
    """Where the program ran, from which the relative paths of its files count; None is the project's folder."""
    files: frozenset[Path] = frozenset()
    """The project's own files that the run read as modules or opened: what a watcher watches."""
    regions: Mapping[str, str] = field(default_factory=dict)
    """Package to the region of its default provider, where the stack's configuration says it (`aws:region`)."""

    def __iter__(self) -> Iterator[Resource]:
        return iter(self.resources)

    def of_type(self, *types: str) -> tuple[Resource, ...]:
        """Return the resources of these type tokens, in the order of registration."""
        return tuple(resource for resource in self.resources if resource.type in types)

    def get(self, urn: str) -> Resource | None:
        """Return the resource with this URN, or None."""
        return self._by_urn().get(urn)

    def children(self, urn: str | None) -> tuple[Resource, ...]:
        """Return the resources whose parent this is; None asks for those directly under the stack."""
        return tuple(resource for resource in self.resources if resource.parent == urn)

    def component_of(self, resource: Resource) -> Resource | None:
        """Return the outermost component that this resource is part of, or None."""
        by_urn = self._by_urn()
        found = None
        parent = resource.parent
        while parent is not None and parent in by_urn:
            if not by_urn[parent].custom:
                found = by_urn[parent]
            parent = by_urn[parent].parent
        return found

    def _by_urn(self) -> dict[str, Resource]:
        return {resource.urn: resource for resource in self.resources}
