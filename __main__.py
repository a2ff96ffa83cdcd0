"""The products API: read the environment's settings, compose, export."""

import pulumi
from edgewright.config import load_settings

from stacks.compose import compose
from stacks.settings import Settings

api = compose(load_settings(Settings))

pulumi.export("urls", api.urls)
pulumi.export("script_name", api.script_name)
pulumi.export("version_id", api.version_id)
pulumi.export("stable_version_id", api.stable_version_id)
