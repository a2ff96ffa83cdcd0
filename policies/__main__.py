"""The policy pack: assembly only. `pulumi preview --policy-pack policies`."""

import os
import sys

from edgewright_policies import (
    PACK_NAME,
    POLICIES,
    ConfigurationFaults,
    engine_configuration,
    serve,
    settings_from_environment,
    use_settings_in_process,
)

try:
    settings, policies = settings_from_environment(os.environ)
    initial_config = engine_configuration(policies)
except ConfigurationFaults as faults:
    lines = [f"  {'.'.join(path)}: {message}" for path, message in faults.faults]
    sys.exit("The policies' settings have faults:\n" + "\n".join(lines))
use_settings_in_process(settings)
serve(PACK_NAME, POLICIES, initial_config)
