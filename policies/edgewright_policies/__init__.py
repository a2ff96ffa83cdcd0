"""CrossGuard policies that know the edge platforms and their limits.

`POLICIES` are plain policy values: pick some, or all, for a pack of your own.

    from edgewright_policies import POLICIES, serve

    serve("my-pack", [each for each in POLICIES if each.meta.family == "security"])
"""

from edgewright_policies.engine import serve
from edgewright_policies.pack import (
    PACK_NAME,
    POLICIES,
    ConfigurationFaults,
    configure,
    engine_configuration,
    settings_from_environment,
)
from edgewright_policies.rule import (
    FAMILIES,
    SEVERITIES,
    Context,
    Meta,
    Node,
    Outcome,
    PolicyConfig,
    ResourceRule,
    Rule,
    Settings,
    StackRule,
    StackView,
    Violation,
    resource_rule,
    stack_rule,
    use_settings,
    use_settings_in_process,
)

__all__ = [
    "FAMILIES",
    "PACK_NAME",
    "POLICIES",
    "SEVERITIES",
    "ConfigurationFaults",
    "Context",
    "Meta",
    "Node",
    "Outcome",
    "PolicyConfig",
    "ResourceRule",
    "Rule",
    "Settings",
    "StackRule",
    "StackView",
    "Violation",
    "configure",
    "engine_configuration",
    "resource_rule",
    "serve",
    "settings_from_environment",
    "stack_rule",
    "use_settings",
    "use_settings_in_process",
]
