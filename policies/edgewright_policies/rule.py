"""What a policy is here: one declarative value, made by :func:`resource_rule` or :func:`stack_rule`.

A rule's function yields :class:`Violation`; it never raises on an input, and reading what is unknown in a preview
skips the rule for that resource (or for that item, where the rule is made `per` item).
"""

import contextlib
import contextvars
import dataclasses
import fnmatch
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Generic, Literal, TypeVar

from edgewright.base.numbers import number_range
from edgewright.contract.limits import Limit, Overrides
from edgewright.contract.limits import limit as read_limit
from pulumi_policy import (
    EnforcementLevel,
    PolicyComplianceFramework,
    PolicyConfigSchema,
    PolicyResource,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    Severity,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.proxy import UnknownValueError
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from edgewright_policies.arguments import CLOUDFLARE, advice
from edgewright_policies.reading import View
from edgewright_policies.secret_text import without_tokens
from edgewright_policies.types import item_identity

Family = Literal["caching", "storage", "compute", "routing", "security", "isolation", "aws", "operations", "cost"]
FAMILIES: dict[Family, str] = {
    "caching": "Caching",
    "storage": "Storage",
    "compute": "Compute",
    "routing": "Routing",
    "security": "Security",
    "isolation": "Isolation",
    "aws": "AWS at the edge",
    "operations": "Operations",
    "cost": "Cost",
}
SeverityName = Literal["low", "medium", "high", "critical"]
LevelName = Literal["advisory", "mandatory", "disabled"]
SEVERITIES: tuple[SeverityName, ...] = ("low", "medium", "high", "critical")
PRODUCTION_STACKS = ("prod", "prod-*", "*-prod", "production", "production-*", "*-production", "live")
"""Names of stacks that are taken for production where the settings do not say."""


class PolicyConfig(BaseModel):
    """Base of policies' configurations: camelCase names, unknown ones refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel, populate_by_name=True)


class NoConfig(PolicyConfig):
    """The configuration of a policy that has none."""


C = TypeVar("C", bound=PolicyConfig)


@dataclasses.dataclass(frozen=True)
class Settings:
    """What policies know of the account and the stack beside the resources."""

    plans: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """Platform to the account's plan."""
    overrides: Overrides = dataclasses.field(default_factory=dict)
    """Limit id to this account's own value."""
    production: bool | None = None
    """Whether the stack is production; None judges by its name."""
    requests_per_second: float | None = None
    """The rate of the stack's declared traffic; None where it declares none."""

    def limit(self, limit_id: str) -> Limit:
        """Return a limit for this account."""
        key = (limit_id, self.plans.get(limit_id.partition(".")[0]), self.overrides.get(limit_id))
        if key not in _LIMITS:
            _LIMITS[key] = read_limit(limit_id, plan=key[1], overrides=self.overrides)
        return _LIMITS[key]

    def is_production(self, stack: str) -> bool:
        """Return whether a stack is production."""
        if self.production is not None:
            return self.production
        return any(fnmatch.fnmatchcase(stack.lower(), pattern) for pattern in PRODUCTION_STACKS)


_LIMITS: dict[tuple[str, str | None, float | None], Limit] = {}
_SETTINGS: contextvars.ContextVar[Settings | None] = contextvars.ContextVar("edgewright_policy_settings", default=None)
_process_settings = Settings()


def use_settings_in_process(settings: Settings) -> None:
    """Set what every evaluation in this process uses. The engine's pack does, which evaluates on other threads."""
    global _process_settings
    _process_settings = settings


@contextlib.contextmanager
def use_settings(settings: Settings) -> Iterator[None]:
    """Set what evaluations in this context use."""
    token = _SETTINGS.set(settings)
    try:
        yield
    finally:
        _SETTINGS.reset(token)


def current_settings() -> Settings:
    """Return the settings in force."""
    return _SETTINGS.get() or _process_settings


@dataclasses.dataclass(frozen=True)
class Violation:
    """One breach: what is wrong, the value, what is allowed, and what to do where the rule's own fix does not say."""

    what: str
    value: str
    allowed: str
    fix: str | None = None
    urn: str | None = None
    about: str | None = None
    """Tells breaches apart that say the same of the same resource, where it is the value that differs: a baseline with
    one of them must not hide the next."""


@dataclasses.dataclass(frozen=True)
class Context(Generic[C]):
    """What a rule is told beside the inputs."""

    config: C
    settings: Settings
    stack: str
    urn: str = ""
    type: str = ""
    name: str = ""
    protect: bool = False
    delete_before_replace: bool | None = None

    def limit(self, limit_id: str) -> Limit:
        """Return a platform limit for this account."""
        return self.settings.limit(limit_id)

    @property
    def production(self) -> bool:
        """Whether the stack is production."""
        return self.settings.is_production(self.stack)


@dataclasses.dataclass(frozen=True)
class Meta:
    """What a rule says of itself."""

    id: str
    """Stable: `EW` and three digits, the first of which is the family's."""
    family: Family
    title: str
    why: str
    fix: str
    source: str
    severity: SeverityName
    level: LevelName
    types: tuple[str, ...]
    framework: tuple[str, str]
    config: type[PolicyConfig]


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What judging one resource, or the stack, gave."""

    violations: tuple[Violation, ...]
    skipped: int
    """How many times something unknown kept the rule from judging."""


def _outcome(policy: str, urn: str, found: Iterable[Violation], skipped: int, host: str = CLOUDFLARE) -> Outcome:
    """Return the outcome: what a component made is mended by the component's arguments, and no message repeats a secret
    that stood among the inputs."""
    return Outcome(
        tuple(
            dataclasses.replace(
                each,
                what=without_tokens(each.what),
                value=without_tokens(each.value),
                fix=advice(policy, each.urn or urn, f"{each.what}: {each.value}", host) or each.fix,
            )
            for each in found
        ),
        skipped,
    )


def host_of(resource: View) -> str:
    """Return the host that a component says it is for."""
    return (resource.text("host") if resource.known("host") else None) or CLOUDFLARE


_FRAMEWORKS: dict[Family, tuple[str, str]] = {
    "caching": ("RFC 9111 HTTP Caching", "https://www.rfc-editor.org/rfc/rfc9111"),
    "storage": ("Platform limits", "https://developers.cloudflare.com/kv/platform/limits/"),
    "compute": ("Platform limits", "https://developers.cloudflare.com/workers/platform/limits/"),
    "routing": (
        "AWS Well-Architected: Reliability",
        "https://docs.aws.amazon.com/wellarchitected/latest/reliability-pillar/",
    ),
    "security": ("OWASP ASVS 5.0", "https://owasp.org/www-project-application-security-verification-standard/"),
    "isolation": (
        "AWS Well-Architected: Security",
        "https://docs.aws.amazon.com/wellarchitected/latest/security-pillar/",
    ),
    "aws": (
        "Lambda@Edge restrictions",
        "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/edge-functions-restrictions.html",
    ),
    "operations": (
        "AWS Well-Architected: Operational Excellence",
        "https://docs.aws.amazon.com/wellarchitected/latest/operational-excellence-pillar/",
    ),
    "cost": (
        "AWS Well-Architected: Cost Optimization",
        "https://docs.aws.amazon.com/wellarchitected/latest/cost-optimization-pillar/",
    ),
}


def config_schema(config: type[PolicyConfig]) -> dict[str, dict[str, Any]]:
    """Return the JSON Schema of each property of a configuration; an optional one has no default."""
    schema = {}
    for name, each in config.model_json_schema(by_alias=True).get("properties", {}).items():
        cleaned = {key: value for key, value in each.items() if key not in ("title", "anyOf")}
        given = [part for part in each.get("anyOf", ()) if part != {"type": "null"}]
        if len(given) == 1:
            cleaned = {**given[0], **cleaned}
            if cleaned.get("default", 0) is None:
                del cleaned["default"]
        schema[name] = cleaned
    return schema


def _schema(config: type[PolicyConfig]) -> PolicyConfigSchema | None:
    properties = config_schema(config)
    return PolicyConfigSchema(properties=properties) if properties else None


_RANGE_KINDS = ("greater_than", "greater_than_equal", "less_than", "less_than_equal", "finite_number")
_NUMBER_KINDS = ("int_type", "int_parsing", "int_from_float", "float_type", "float_parsing", *_RANGE_KINDS)


def config_fault(config: type[PolicyConfig], detail: Mapping[str, Any]) -> str:
    """Return what is wrong with one value of a configuration, in the words of YAML: `must be a list, got 'sharp'`."""
    kind, text = detail["type"], str(detail["msg"])
    if kind in ("tuple_type", "list_type"):
        text = "must be a list"
    elif kind in ("dict_type", "model_type"):
        text = "must be a mapping"
    elif kind in ("bool_type", "bool_parsing"):
        text = "must be true or false"
    elif kind in _NUMBER_KINDS:
        text = f"must be {_numbers(config, detail)}"
    else:
        text = re.sub(r"^Value error, ", "", text)
        text = re.sub(r"^(?:Input|Value|String|Tuple|List|Dictionary) should ", "must ", text)
        text = text.replace("Tuple", "the list")
    return f"{text[:1].lower()}{text[1:]}, got {detail['input']!r}"


def _numbers(config: type[PolicyConfig], detail: Mapping[str, Any]) -> str:
    """Return in words which numbers are allowed at the place of a fault."""
    schema: Mapping[str, Any] = config_schema(config).get(str(detail["loc"][0]), {})
    for part in detail["loc"][1:]:
        inner = schema.get("items" if isinstance(part, int) else "additionalProperties", {})
        schema = inner if isinstance(inner, Mapping) else {}
    least, most = (schema.get(f"{end}imum", schema.get(f"exclusive{end.capitalize()}imum")) for end in ("min", "max"))
    whole = schema.get("type") == "integer" or detail["type"].startswith("int_")
    above, below = ("minimum" not in schema and least is not None), ("maximum" not in schema and most is not None)
    return number_range(whole, least, most, above=above, below=below)


def config_faults(config: type[PolicyConfig], error: ValidationError) -> str:
    """Return a wrong configuration's faults, all of them, on one line."""
    return "; ".join(
        f"{'.'.join(map(str, each['loc'])) or 'configuration'}: {config_fault(config, each)}" for each in error.errors()
    )


def stack_of(urn: str) -> str:
    """Return the stack's name in a URN: `urn:pulumi:<stack>::<project>::<type>::<name>`."""
    return urn.removeprefix("urn:pulumi:").partition("::")[0]


class _Base:
    """What resource rules and stack rules share."""

    meta: Meta
    name: str
    description: str

    def _init(self, meta: Meta) -> None:
        self.meta = meta
        self._configs: dict[str, PolicyConfig] = {}
        self._default = meta.config()

    def configuration(self, raw: Mapping[str, Any] | None) -> PolicyConfig:
        """Return the configuration, validated.

        Raises:
            ValidationError: it is not as the policy's schema says.
        """
        if not raw:
            return self._default
        key = json.dumps(raw, sort_keys=True, default=str)
        if key not in self._configs:
            self._configs[key] = self.meta.config.model_validate(dict(raw))
        return self._configs[key]

    def text(self, violation: Violation) -> str:
        """Return the whole message: what is wrong, the value, what is allowed, what to do."""
        return f"{violation.what}: {violation.value}; allowed: {violation.allowed}. {violation.fix or self.meta.fix}"

    def _report(
        self, args: ResourceValidationArgs | StackValidationArgs, report: ReportViolation, stack: bool, outcome: Outcome
    ) -> None:
        for violation in outcome.violations:
            report(self.text(violation), violation.urn if stack else None)
        if outcome.skipped and not outcome.violations:
            args.not_applicable("a value that it judges is not known before the update")

    def _kwargs(self) -> dict[str, Any]:
        meta = self.meta
        return {
            "enforcement_level": EnforcementLevel(meta.level),
            "config_schema": _schema(meta.config),
            "display_name": meta.title,
            "severity": Severity(meta.severity),
            "framework": PolicyComplianceFramework(
                name=meta.framework[0], version="1", reference=meta.id, specification=meta.framework[1]
            ),
            "tags": [meta.family, meta.id],
            "remediation_steps": meta.fix,
            "url": meta.source,
        }


Per = Mapping[str, str | Callable[[View], Iterable[View]]]
"""Resource type to the property with its items, or to a function that returns them."""


class ResourceRule(_Base, ResourceValidationPolicy):
    """A policy on one resource, with everything that documents it."""

    def __init__(
        self,
        name: str,
        meta: Meta,
        check: Callable[..., Iterable[Violation]],
        per: "Per | None" = None,
    ) -> None:
        self._init(meta)
        self._check = check
        self._per = per or {}
        self._types = frozenset(meta.types)
        ResourceValidationPolicy.__init__(self, name, meta.title, self._validate, **self._kwargs())

    def judge(self, props: object, context: Context[Any]) -> Outcome:
        """Return the breaches of one resource's inputs."""
        resource = View(props)
        found: list[Violation] = []
        skipped = 0
        items_of = self._per.get(context.type)
        if items_of is None:
            try:
                found.extend(self._check(resource, resource, context) if self._per else self._check(resource, context))
            except UnknownValueError:
                skipped += 1
        else:
            items: list[View] = []
            try:
                # What comes before something that is not known is judged all the same.
                items.extend(resource.views(items_of) if isinstance(items_of, str) else items_of(resource))
            except UnknownValueError:
                skipped = 1
            for item in items:
                try:
                    # One by one: what was found before something that is not known counts.
                    for each in self._check(item, resource, context):
                        about = "\0".join(filter(None, (item_identity(item), each.about)))
                        found.append(dataclasses.replace(each, about=about) if about else each)
                except UnknownValueError:
                    skipped += 1
        return _outcome(self.name, context.urn, found, skipped, host_of(resource))

    def _validate(self, args: ResourceValidationArgs, report: ReportViolation) -> None:
        if args.resource_type not in self._types:
            return
        try:
            config = self.configuration(args.get_config())
        except ValidationError as error:
            report(f"the configuration of {self.name} is wrong: {config_faults(self.meta.config, error)}", None)
            return
        context = Context(
            config=config,
            settings=current_settings(),
            stack=stack_of(args.urn),
            urn=args.urn,
            type=args.resource_type,
            name=args.name,
            protect=bool(args.opts.protect),
            delete_before_replace=args.opts.delete_before_replace,
        )
        self._report(args, report, False, self.judge(args.props, context))


@dataclasses.dataclass(frozen=True)
class Node:
    """One resource as a stack rule sees it: its outputs, as the engine gives them."""

    urn: str
    type: str
    name: str
    props: View
    protect: bool = False
    dependencies: tuple[str, ...] = ()
    provider: View = dataclasses.field(default_factory=lambda: View({}))
    """The settings of the provider that makes it; empty where they are not told."""


class StackView:
    """A stack's resources, by type, in the order of their URNs: that of registration varies from run to run."""

    def __init__(self, nodes: Iterable[Node]) -> None:
        self.nodes = tuple(sorted(nodes, key=lambda node: node.urn))
        self._by_type: dict[str, list[Node]] = {}
        for node in self.nodes:
            self._by_type.setdefault(node.type, []).append(node)

    def of(self, *types: str) -> list[Node]:
        """Return the resources of these types."""
        return [node for each in types for node in self._by_type.get(each, ())]


class StackRule(_Base, StackValidationPolicy):
    """A policy on the whole stack, with everything that documents it."""

    def __init__(self, name: str, meta: Meta, check: Callable[..., Iterable[Violation | None]]) -> None:
        self._init(meta)
        self._check = check
        StackValidationPolicy.__init__(self, name, meta.title, self._validate, **self._kwargs())

    def judge(self, stack: StackView, context: Context[Any]) -> Outcome:
        """Return the stack's breaches. A rule yields None for what it could not judge."""
        found: list[Violation] = []
        skipped = 0
        try:
            for each in self._check(stack, context):
                if each is None:
                    skipped += 1
                else:
                    found.append(each)
        except UnknownValueError:
            skipped += 1
        return _outcome(self.name, "", found, skipped)

    def _validate(self, args: StackValidationArgs, report: ReportViolation) -> None:
        try:
            config = self.configuration(args.get_config())
        except ValidationError as error:
            report(f"the configuration of {self.name} is wrong: {config_faults(self.meta.config, error)}", None)
            return
        stack = StackView(_node(each) for each in args.resources)
        name = stack_of(stack.nodes[0].urn) if stack.nodes else ""
        context = Context(config=config, settings=current_settings(), stack=name)
        self._report(args, report, True, self.judge(stack, context))


def _node(resource: PolicyResource) -> Node:
    return Node(
        urn=resource.urn,
        type=resource.resource_type,
        name=resource.name,
        props=View(resource.props),
        protect=bool(resource.opts.protect),
        dependencies=tuple(sorted({each.urn for each in resource.dependencies})),
        provider=View(resource.provider.props if resource.provider else {}),
    )


Rule = ResourceRule | StackRule


def resource_rule(
    name: str,
    *,
    id: str,
    family: Family,
    on: tuple[str, ...],
    title: str,
    why: str,
    fix: str,
    source: str,
    severity: SeverityName = "medium",
    level: LevelName = "mandatory",
    config: type[PolicyConfig] = NoConfig,
    framework: tuple[str, str] | None = None,
    per: Per | None = None,
) -> Callable[[Callable[..., Iterable[Violation]]], ResourceRule]:
    """Make a policy of a function `check(resource, context)`.

    With `per`, a type to the list of items in it that are judged one by one, `check(item, resource, context)`: what is
    unknown in one item then does not keep the others from being judged. A type that `per` leaves out is one item.
    """
    meta = Meta(id, family, title, why, fix, source, severity, level, on, framework or _FRAMEWORKS[family], config)
    return lambda check: ResourceRule(name, meta, check, per)


def stack_rule(
    name: str,
    *,
    id: str,
    family: Family,
    on: tuple[str, ...],
    title: str,
    why: str,
    fix: str,
    source: str,
    severity: SeverityName = "medium",
    level: LevelName = "mandatory",
    config: type[PolicyConfig] = NoConfig,
    framework: tuple[str, str] | None = None,
) -> Callable[[Callable[..., Iterable[Violation | None]]], StackRule]:
    """Make a policy of a function `check(stack, context)`, which yields None for what it could not judge."""
    meta = Meta(id, family, title, why, fix, source, severity, level, on, framework or _FRAMEWORKS[family], config)
    return lambda check: StackRule(name, meta, check)


def rules_of(module: Mapping[str, object]) -> tuple[Rule, ...]:
    """Return the rules among a module's values, by id."""
    found = [value for value in module.values() if isinstance(value, ResourceRule | StackRule)]
    return tuple(sorted(found, key=lambda rule: rule.meta.id))


def in_order(*groups: tuple[Rule, ...]) -> tuple[Rule, ...]:
    """Return the rules of several modules as one family's, by id."""
    return tuple(sorted((rule for group in groups for rule in group), key=lambda rule: rule.meta.id))
