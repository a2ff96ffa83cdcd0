"""Serves rules to Pulumi's engine.

`pulumi_policy.PolicyPack` reads each resource out of the request anew for each policy, which is most of what a large
pack costs. Rules say which types they judge, so here a resource is read once, only where a rule judges its type, and
only the properties that the rule looks at. Everything else (the pack's description, its server, the rest of the
protocol) stays `PolicyPack`'s, and so does the whole where this way is not open.
"""

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from edgewright.base.document import DocumentError, read_document
from edgewright.base.fault_codes import Code
from edgewright.base.project import PROJECT_FILES
from google.protobuf import json_format  # type: ignore[import-untyped]
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc
from pulumi_policy import EnforcementLevel, Policy, PolicyPack
from pydantic import ValidationError

from edgewright_policies.pack import (
    PACK_NAME,
    POLICIES,
    ConfigurationFaults,
    engine_configuration,
    settings_from_environment,
)
from edgewright_policies.reading import View
from edgewright_policies.rule import (
    Context,
    Node,
    Outcome,
    PolicyConfig,
    ResourceRule,
    Rule,
    StackRule,
    StackView,
    config_faults,
    current_settings,
    stack_of,
    use_settings_in_process,
)

# See https://github.com/pulumi/pulumi/blob/master/sdk/go/common/resource/properties.go.
_SIGNATURE = "4dabf18193072939515e22adb298388d"
_UNKNOWN_BEFORE_UPDATE = "a value that it judges is not known before the update"
_LEVELS = {
    EnforcementLevel.ADVISORY: analyzer_pb2.ADVISORY,
    EnforcementLevel.MANDATORY: analyzer_pb2.MANDATORY,
    EnforcementLevel.DISABLED: analyzer_pb2.DISABLED,
    EnforcementLevel.REMEDIATE: analyzer_pb2.REMEDIATE,
}
_SEVERITIES = {
    "low": analyzer_pb2.POLICY_SEVERITY_LOW,
    "medium": analyzer_pb2.POLICY_SEVERITY_MEDIUM,
    "high": analyzer_pb2.POLICY_SEVERITY_HIGH,
    "critical": analyzer_pb2.POLICY_SEVERITY_CRITICAL,
}


class Properties(Mapping[str, Any]):
    """A resource's properties as the engine sends them, each made into Python's values when it is first asked for."""

    __slots__ = ("_fields", "_read")

    def __init__(self, struct: Any) -> None:
        self._fields = struct.fields
        self._read: dict[str, Any] = {}

    def __getitem__(self, key: str) -> Any:
        if key not in self._read:
            if not isinstance(key, str) or key not in self._fields:
                raise KeyError(key)
            self._read[key] = plain(self._fields[key])
        return self._read[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)


def plain(value: Any) -> Any:
    """Return a protobuf value as Python's: secrets bare, assets and archives as Pulumi's own, unknowns as they are."""
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        return value.string_value
    if kind == "struct_value":
        fields = value.struct_value.fields
        if _SIGNATURE in fields:
            return _special(value)
        return {key: plain(each) for key, each in fields.items()}
    if kind == "list_value":
        return [plain(each) for each in value.list_value.values]
    if kind == "number_value":
        return value.number_value
    if kind == "bool_value":
        return value.bool_value
    return None


def _special(value: Any) -> Any:
    """Return a secret's value, an asset or an archive: Pulumi's own reading, which knows all their shapes."""
    from pulumi_policy.deserialize import deserialize_properties

    data = json_format.MessageToDict(value)
    try:
        return deserialize_properties({"it": data})["it"]
    except AssertionError:
        # A shape that this release of Pulumi's SDK does not know.
        return data


class Servicer:
    """Answers the engine's questions about resources and the stack; leaves the others to PolicyPack's servicer."""

    def __init__(self, inner: Any, name: str, policies: Sequence[Rule]) -> None:
        self._inner = inner
        self._name = name
        self._by_type: dict[str, list[ResourceRule]] = {}
        for rule in policies:
            if isinstance(rule, ResourceRule):
                for token in rule.meta.types:
                    self._by_type.setdefault(token, []).append(rule)
        self._of_stack = [rule for rule in policies if isinstance(rule, StackRule)]
        self._configs: dict[str, dict[str, Any]] = {}
        self._levels: dict[str, int] = {}
        info = inner.GetAnalyzerInfo(None, None)
        self._version = info.version

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def Configure(self, request: Any, context: Any) -> Any:
        """Take the policies' configuration, which `pulumi policy` and the engine send before anything is judged."""
        self._configs = {
            name: json_format.MessageToDict(each.properties) for name, each in request.policyConfig.items()
        }
        self._levels = {name: each.enforcementLevel for name, each in request.policyConfig.items()}
        return self._inner.Configure(request, context)

    def Remediate(self, request: Any, context: Any) -> Any:
        """No rule changes a resource: there is nothing to read one for, unless somebody asked a rule to."""
        if analyzer_pb2.REMEDIATE in self._levels.values():
            return self._inner.Remediate(request, context)
        return analyzer_pb2.RemediateResponse()

    def Analyze(self, request: Any, context: Any) -> Any:  # noqa: ARG002
        """Judge one resource's inputs."""
        response = analyzer_pb2.AnalyzeResponse()
        rules = self._by_type.get(request.type)
        if not rules:
            return response
        props = Properties(request.properties)
        options = request.options
        for rule in rules:

            def judge(config: PolicyConfig, rule: ResourceRule = rule) -> Outcome:
                return rule.judge(
                    props,
                    Context(
                        config=config,
                        settings=current_settings(),
                        stack=stack_of(request.urn),
                        urn=request.urn,
                        type=request.type,
                        name=request.name,
                        protect=options.protect,
                        delete_before_replace=options.deleteBeforeReplace
                        if options.deleteBeforeReplaceDefined
                        else None,
                    ),
                )

            self._answer(response, rule, judge)
        return response

    def AnalyzeStack(self, request: Any, context: Any) -> Any:  # noqa: ARG002
        """Judge the stack as it would be, from its resources' outputs."""
        response = analyzer_pb2.AnalyzeResponse()
        if not self._of_stack:
            return response
        known = {each.urn for each in request.resources}
        stack = StackView(
            Node(
                urn=each.urn,
                type=each.type,
                name=each.name,
                props=View(Properties(each.properties)),
                protect=each.options.protect,
                dependencies=tuple(sorted(known.intersection(each.dependencies))),
                provider=View(Properties(each.provider.properties) if each.HasField("provider") else {}),
            )
            for each in request.resources
        )
        name = stack_of(stack.nodes[0].urn) if stack.nodes else ""
        for rule in self._of_stack:

            def judge(config: PolicyConfig, rule: StackRule = rule) -> Outcome:
                return rule.judge(stack, Context(config=config, settings=current_settings(), stack=name))

            self._answer(response, rule, judge)
        return response

    def _answer(self, response: Any, rule: Rule, judge: Callable[[PolicyConfig], Outcome]) -> None:
        level = self._levels.get(rule.name, _LEVELS[EnforcementLevel(rule.meta.level)])
        if level == analyzer_pb2.DISABLED:
            return
        if level == analyzer_pb2.REMEDIATE:
            level = analyzer_pb2.MANDATORY
        try:
            config = rule.configuration(self._configs.get(rule.name))
        except ValidationError as error:
            self._report(
                response,
                rule,
                level,
                f"the configuration of {rule.name} is wrong: {config_faults(rule.meta.config, error)}",
            )
            return
        outcome = judge(config)
        for violation in outcome.violations:
            urn = violation.urn if isinstance(rule, StackRule) else None
            self._report(response, rule, level, rule.text(violation), urn)
        if outcome.skipped and not outcome.violations:
            response.not_applicable.append(
                analyzer_pb2.PolicyNotApplicable(policy_name=rule.name, reason=_UNKNOWN_BEFORE_UPDATE)
            )

    def _report(self, response: Any, rule: Rule, level: Any, message: str, urn: str | None = None) -> None:
        response.diagnostics.append(
            analyzer_pb2.AnalyzeDiagnostic(
                policyName=rule.name,
                policyPackName=self._name,
                policyPackVersion=self._version,
                message=f"{rule.description}\n{message}",
                urn=urn or "",
                description=rule.description,
                enforcementLevel=level,
                severity=_SEVERITIES[rule.meta.severity],
            )
        )


def serve(
    name: str,
    policies: Sequence[Policy],
    initial_config: Mapping[str, EnforcementLevel | dict[str, Any]] | None = None,
    **described: Any,
) -> None:
    """Serve policies to the engine that started this process, until it ends it. Never returns.

    Takes what `pulumi_policy.PolicyPack` takes. With rules only, resources are read once for all of them; with a policy
    of another kind among them, this is `PolicyPack`.
    """
    rules = [each for each in policies if isinstance(each, ResourceRule | StackRule)]
    protocol: Any = analyzer_pb2_grpc
    original = protocol.add_AnalyzerServicer_to_server

    def add(inner: Any, server: Any) -> None:
        protocol.add_AnalyzerServicer_to_server = original
        original(Servicer(inner, name, rules), server)

    if len(rules) == len(policies):
        # The one place where PolicyPack hands its servicer to its server. Where a release no longer passes here, the pack
        # runs as any other does: slower, with the same findings.
        protocol.add_AnalyzerServicer_to_server = add
    try:
        PolicyPack(name, list(policies), initial_config=dict(initial_config or {}), **described)
    finally:
        protocol.add_AnalyzerServicer_to_server = original


def program_folder(starts: Iterable[Path], project: str | None) -> Path | None:
    """Return the folder that a program runs in, from which the relative paths of its files count.

    The engine runs a pack in the pack's own folder and does not say where the program is: that is the nearest project
    of this name above one of the starts.
    """
    for start in starts:
        for folder in (start, *start.parents):
            for name in PROJECT_FILES:
                try:
                    data = read_document(folder / name, name).data if (folder / name).is_file() else None
                except (DocumentError, OSError):
                    continue
                if isinstance(data, dict) and project is not None and data.get("name") == project:
                    main = folder / str(data.get("main") or ".")
                    return main if main.is_dir() else main.parent
    return None


def run(name: str = PACK_NAME, policies: Sequence[Rule] = POLICIES) -> None:
    """Serve rules with the settings that the stack gives them, as `edgewright check` reads them. Never returns.

    Ends the process with every fault of the settings.
    """
    try:
        settings, wanted = settings_from_environment(os.environ)
        configuration = engine_configuration(wanted)
    except ConfigurationFaults as faults:
        lines = [f"  {'.'.join(path)}: {message} [{Code.POLICY}]" for path, message in faults.faults]
        sys.exit("The policies' settings have faults:\n" + "\n".join(lines))
    use_settings_in_process(settings)
    here = [Path.cwd(), *([Path(os.environ["PWD"])] if os.environ.get("PWD") else [])]
    folder = program_folder(here, os.environ.get("PULUMI_PROJECT"))
    if folder is not None and folder.is_dir():
        os.chdir(folder)
    names = {rule.name for rule in policies}
    serve(name, policies, {key: value for key, value in configuration.items() if key in names})
