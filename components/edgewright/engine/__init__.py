"""Runs Pulumi programs in-process on Pulumi's own seams, and captures what they declare."""

from edgewright.base.errors import ProgramFailed, ProgramKilled, ProjectError, RunnerBroken
from edgewright.base.project import Project
from edgewright.base.unknown import UNKNOWN
from edgewright.engine.cloud import Cloud, CloudError, RecordingCloud, UnknownType
from edgewright.engine.resources import (
    Capture,
    Diagnostic,
    Resource,
    ResourceOptions,
    ResourceReference,
    Severity,
    SourceLocation,
)
from edgewright.engine.runner import Runner, run_program

__all__ = [
    "UNKNOWN",
    "Capture",
    "Cloud",
    "CloudError",
    "Diagnostic",
    "ProgramFailed",
    "ProgramKilled",
    "Project",
    "ProjectError",
    "RecordingCloud",
    "Resource",
    "ResourceOptions",
    "ResourceReference",
    "Runner",
    "RunnerBroken",
    "Severity",
    "SourceLocation",
    "UnknownType",
    "run_program",
]
