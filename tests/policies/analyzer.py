"""Runs the pack as the engine does: over gRPC's own messages, in the analyzer that serves a policy pack."""

from collections.abc import Mapping
from typing import Any

import pulumi
from edgewright.base.unknown import UNKNOWN
from edgewright.engine.resources import Capture, Resource
from edgewright_policies import PACK_NAME, POLICIES, engine_configuration, use_settings
from edgewright_policies.pack import make_settings
from pulumi.runtime import proto
from pulumi_policy import EnforcementLevel, policy
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

# See https://github.com/pulumi/pulumi/blob/master/sdk/go/common/resource/properties.go.
_SIGNATURE = "4dabf18193072939515e22adb298388d"
_ASSET = "c44067f5952c0a294b673a41bacd8c17"
_ARCHIVE = "0def7320c3a5731c473e5ecbe6d01bc7"


def _plain(value: Any) -> Any:
    if value is UNKNOWN:
        return UNKNOWN_STRING_VALUE
    if isinstance(value, pulumi.AssetArchive):
        return {_SIGNATURE: _ARCHIVE, "assets": {key: _plain(each) for key, each in value.assets.items()}}
    if isinstance(value, pulumi.FileArchive):
        return {_SIGNATURE: _ARCHIVE, "path": value.path}
    if isinstance(value, pulumi.StringAsset):
        return {_SIGNATURE: _ASSET, "text": value.text}
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value


def _options(resource: Resource) -> Any:
    return proto.AnalyzerResourceOptions(
        protect=resource.options.protect,
        deleteBeforeReplace=bool(resource.options.delete_before_replace),
        deleteBeforeReplaceDefined=resource.options.delete_before_replace is not None,
    )


def _servicer(config: Any) -> Any:
    return policy._PolicyAnalyzerServicer(PACK_NAME, "0.1.0", list(POLICIES), EnforcementLevel.ADVISORY, config)


class Analyzer:
    """The pack behind its gRPC servicer."""

    def __init__(self, policies: Mapping[str, Any] | None = None, limits: Mapping[str, Any] | None = None) -> None:
        self.settings = make_settings(limits, None)
        self.config = engine_configuration(policies)
        self.servicer = _servicer(self.config)
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
                    urn=resource.urn,
                    name=resource.name,
                    options=_options(resource),
                )
                request.properties.update(_plain(resource.inputs))
                response = self.servicer.Analyze(request, None)
                skipped += len(response.not_applicable)
                found += [(each.policyName, resource.urn, _message(each)) for each in response.diagnostics]
            stack = proto.AnalyzeStackRequest()
            for resource in capture:
                each = stack.resources.add(
                    type=resource.type,
                    urn=resource.urn,
                    name=resource.name,
                    options=_options(resource),
                    dependencies=list(resource.dependencies),
                )
                each.properties.update(_plain(resource.outputs))
            response = self.servicer.AnalyzeStack(stack, None)
            skipped += len(response.not_applicable)
            found += [(each.policyName, each.urn, _message(each)) for each in response.diagnostics]
        return sorted(found), skipped


def _default(value: Any) -> Any:
    """Return a schema's default as the engine gives it back: plain lists and mappings."""
    if hasattr(value, "fields"):
        return dict(value)
    return list(value) if hasattr(value, "values") else value


def _message(diagnostic: Any) -> str:
    text: str = diagnostic.message
    return text.removeprefix(f"{diagnostic.description}\n")
