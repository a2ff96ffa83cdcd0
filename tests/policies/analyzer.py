"""Runs the pack as the engine does: over gRPC's own messages, in the analyzer that serves a policy pack."""

from collections.abc import Mapping
from typing import Any

from edgewright.program.resources import UNKNOWN, Capture, Resource
from edgewright_policies import PACK_NAME, POLICIES, engine_configuration, use_settings
from edgewright_policies.pack import make_settings
from google.protobuf import struct_pb2
from pulumi.runtime import proto
from pulumi_policy import EnforcementLevel, policy
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE


def _plain(value: Any) -> Any:
    if value is UNKNOWN:
        return UNKNOWN_STRING_VALUE
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value


def _struct(inputs: Mapping[str, Any]) -> struct_pb2.Struct:
    struct = struct_pb2.Struct()
    struct.update(_plain(inputs))
    return struct


def _options(resource: Resource) -> Any:
    return proto.AnalyzerResourceOptions(
        protect=resource.options.protect,
        deleteBeforeReplace=bool(resource.options.delete_before_replace),
        deleteBeforeReplaceDefined=resource.options.delete_before_replace is not None,
    )


class Analyzer:
    """The pack behind its gRPC servicer."""

    def __init__(self, policies: Mapping[str, Any] | None = None, limits: Mapping[str, Any] | None = None) -> None:
        self.settings = make_settings(limits, None)
        self.config = engine_configuration(policies)
        self.servicer = policy._PolicyAnalyzerServicer(
            PACK_NAME, "0.1.0", list(POLICIES), EnforcementLevel.ADVISORY, self.config
        )
        info = self.servicer.GetAnalyzerInfo(None, None)
        # As the engine does: the initial configuration, and the schema's defaults, come back as the configuration.
        request = proto.ConfigureAnalyzerRequest()
        for each in info.policies:
            chosen = request.policyConfig[each.name]
            chosen.enforcementLevel = each.enforcementLevel
            for name, schema in dict(each.configSchema.properties).items():
                if "default" in schema:
                    chosen.properties.update({name: _default(schema["default"])})
            if each.name in info.initialConfig:
                initial = info.initialConfig[each.name]
                chosen.enforcementLevel = initial.enforcementLevel
                chosen.properties.MergeFrom(initial.properties)
        self.servicer.Configure(request, None)

    def findings(self, capture: Capture) -> tuple[list[tuple[str, str, str]], int]:
        """Return policy, URN and message of each finding, and how many policies did not apply for what is unknown."""
        found: list[tuple[str, str, str]] = []
        skipped = 0
        with use_settings(self.settings):
            for resource in capture:
                request = proto.AnalyzeRequest(
                    type=resource.type,
                    properties=_struct(resource.inputs),
                    urn=resource.urn,
                    name=resource.name,
                    options=_options(resource),
                )
                response = self.servicer.Analyze(request, None)
                skipped += len(response.not_applicable)
                found += [(each.policyName, resource.urn, _message(each)) for each in response.diagnostics]
            stack = proto.AnalyzeStackRequest(
                resources=[
                    proto.AnalyzerResource(
                        type=resource.type,
                        properties=_struct(resource.outputs),
                        urn=resource.urn,
                        name=resource.name,
                        options=_options(resource),
                        dependencies=list(resource.dependencies),
                    )
                    for resource in capture
                ]
            )
            response = self.servicer.AnalyzeStack(stack, None)
            skipped += len(response.not_applicable)
            found += [(each.policyName, each.urn, _message(each)) for each in response.diagnostics]
        return sorted(found), skipped


def _default(value: Any) -> Any:
    if isinstance(value, struct_pb2.ListValue):
        return list(value)
    if isinstance(value, struct_pb2.Struct):
        return dict(value)
    return value


def _message(diagnostic: Any) -> str:
    text: str = diagnostic.message
    return text.removeprefix(f"{diagnostic.description}\n")
