"""The policies without an engine: evaluation over a captured program, findings, and reports of them."""

from edgewright.guard.evaluate import evaluate
from edgewright.guard.findings import Evaluation, Finding

__all__ = ["Evaluation", "Finding", "evaluate"]
