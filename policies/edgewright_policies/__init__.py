"""CrossGuard policies that know the edge platforms and their limits.

`POLICIES` are plain policy values: pick some, or all, for a pack of your own.

    from edgewright_policies import choose, run

    run("my-pack", choose("security", "kv-value-size"))
"""

from edgewright_policies.engine import run, serve
from edgewright_policies.pack import (
    PACK_NAME,
    POLICIES,
    ConfigurationFaults,
    choose,
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
    "choose",
    "configure",
    "engine_configuration",
    "resource_rule",
    "run",
    "serve",
    "settings_from_environment",
    "stack_rule",
    "use_settings",
    "use_settings_in_process",
]
