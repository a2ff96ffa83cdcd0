"""The policy pack: assembly only. `pulumi preview --policy-pack policies`."""

from edgewright_policies import POLICIES, run

run("edgewright", POLICIES)
