"""`edgewright verify`: replays traffic against a stack and holds what it measures against the stack's objectives."""

from edgewright.verify.client import Target
from edgewright.verify.counters import Counters, CounterSource, CountersUnavailable, GatewayCounters
from edgewright.verify.plan import derive_mix
from edgewright.verify.replay import TargetUnreachable, replay
from edgewright.verify.report import SCHEMA, Report

__all__ = [
    "SCHEMA",
    "CounterSource",
    "Counters",
    "CountersUnavailable",
    "GatewayCounters",
    "Report",
    "Target",
    "TargetUnreachable",
    "derive_mix",
    "replay",
]
