"""Runs Pulumi programs in-process on Pulumi's own seams, and captures what they declare."""

from edgewright.program.cloud import Cloud, CloudError, RecordingCloud, UnknownType
from edgewright.program.errors import ProgramFailed, ProgramKilled, ProjectError, RunnerBroken
from edgewright.program.project import Project
from edgewright.program.resources import (
    UNKNOWN,
    Capture,
    Diagnostic,
    Resource,
    ResourceOptions,
    ResourceReference,
    Severity,
    SourceLocation,
)
from edgewright.program.runner import Runner, run_program

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
