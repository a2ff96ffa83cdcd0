"""What the local cloud tells its gateway process: one deployment document, applied whole or not at all.

The document is computed from the captured resource inputs alone. TypeScript types for the gateway are generated from
the JSON Schema of :class:`Deployment`.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from edgewright.engine.resources import Inputs
from edgewright.platforms.cloudfront.protocol import CloudFrontDeployment


class ProtocolModel(BaseModel):
    """Base of the protocol's models: strict about unknown keys."""

    model_config = ConfigDict(extra="forbid")


class Module(ProtocolModel):
    """One module of a Worker version, as in `WorkerVersion.modules`."""

    name: str
    content_type: str = Field(description="`application/javascript+module`, `text/plain`, `application/wasm`, ...")
    content_base64: str


class OptionBinding(ProtocolModel):
    """A binding that miniflare makes of an entry in one of its options: the platform's records say which, so that the gateway
    knows no kinds."""

    type: Literal["option"] = "option"
    name: str
    option: str = Field(description="Miniflare's option, for example `kvNamespaces`: a mapping from names to values.")
    value: JsonValue


class ServiceBinding(ProtocolModel):
    type: Literal["service"] = "service"
    name: str
    service: str
    entrypoint: str | None = None


class DurableObjectBinding(ProtocolModel):
    type: Literal["durable_object_namespace"] = "durable_object_namespace"
    name: str
    class_name: str
    script_name: str | None = None


class VersionMetadataBinding(ProtocolModel):
    type: Literal["version_metadata"] = "version_metadata"
    name: str


Binding = Annotated[
    OptionBinding | ServiceBinding | DurableObjectBinding | VersionMetadataBinding, Field(discriminator="type")
]
"""The others are what the gateway has to know the whole deployment, or the version, for."""


class Export(ProtocolModel):
    """One entry of `WorkerVersion.exports`: a class of Durable Objects, or what became of it."""

    type: str
    storage: str | None = None
    state: str | None = Field(default=None, description="None and `created` are a class that is there.")
    renamed_to: str | None = None

    @classmethod
    def of(cls, inputs: Inputs) -> "Export":
        """Return an entry from the resource's inputs."""
        return cls(
            type=str(inputs.get("type")),
            storage=inputs.get("storage"),
            state=inputs.get("state"),
            renamed_to=inputs.get("renamedTo"),
        )

    @property
    def live(self) -> bool:
        """Whether it is a class of Durable Objects that this version has."""
        return self.type == "durable-object" and self.state in (None, "created", "expecting-transfer")


class Version(ProtocolModel):
    """One version of a Worker."""

    id: str
    modules: list[Module]
    main_module: str
    bindings: list[Binding] = []
    compatibility_date: str | None = None
    compatibility_flags: list[str] = []
    cpu_ms: int | None = Field(
        default=None,
        description="`limits.cpu_ms`; held by the gateway's watchdog, and the platform's default where it is null.",
    )
    cache_enabled: bool = Field(default=False, description="`cache_options.enabled`: a cache in front of the version.")
    cross_version_cache: bool = False
    exports: dict[str, Export] = Field(default={}, description="Classes of Durable Objects by name.")

    @property
    def classes(self) -> frozenset[str]:
        """The classes of Durable Objects that it declares as its own."""
        return frozenset(name for name, each in self.exports.items() if each.live)


class Share(ProtocolModel):
    """A version's share of the traffic in a Worker's deployment."""

    version_id: str
    percentage: float = Field(ge=0, le=100)


class Worker(ProtocolModel):
    """A Worker: its versions and how traffic is split among them."""

    name: str
    versions: list[Version]
    deployment: list[Share]


class KvNamespace(ProtocolModel):
    id: str
    title: str


class KvEntry(ProtocolModel):
    """A declared key (`WorkersKv`). Written when it is new or its content changed; other keys are never touched."""

    namespace_id: str
    key: str
    value_base64: str
    metadata_json: str | None = None
    expiration: int | None = Field(default=None, description="Unix time in seconds.")
    expiration_ttl_s: int | None = None


class Route(ProtocolModel):
    """A Workers route: `pattern` as in Cloudflare's routes, `worker` None for a route that bypasses Workers."""

    pattern: str
    worker: str | None


class Domain(ProtocolModel):
    """A Worker's custom domain, or its `workers.dev` name."""

    hostname: str
    worker: str


class HeaderChange(ProtocolModel):
    """What a rule does to one request header."""

    name: str
    operation: Literal["set", "add", "remove"]
    value: str | None = Field(default=None, description="A fixed value.")
    expression: str | None = Field(default=None, description="What makes the value, where it is not fixed.")


class HeaderRule(ProtocolModel):
    """A rule of a zone that changes request headers: a Transform Rule of the phase `http_request_late_transform`."""

    name: str = Field(description="What messages call it.")
    hosts: list[str] = Field(
        description="The zone's hosts in this stack, as in routes: `*` may be the first character."
    )
    expression: str = Field(description="Which requests it is for, in Cloudflare's Rules language.")
    changes: list[HeaderChange]


class Deployment(ProtocolModel):
    """Everything that the gateway runs."""

    stack: str
    workers: list[Worker] = []
    kv_namespaces: list[KvNamespace] = []
    kv_entries: list[KvEntry] = []
    queues: list[str] = []
    r2_buckets: list[str] = []
    d1_databases: list[str] = Field(default=[], description="Database ids.")
    routes: list[Route] = []
    domains: list[Domain] = []
    header_rules: list[HeaderRule] = Field(default=[], description="In the order in which they act.")
    cloudfront: CloudFrontDeployment | None = Field(default=None, description="None: no distributions.")
