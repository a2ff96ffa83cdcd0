"""What the rules on AWS share: which functions run at the edge."""

import math
import re

from pulumi_policy.proxy import UnknownValueError

from edgewright_policies.reading import View, raise_unknown
from edgewright_policies.rule import (
    Node,
    StackView,
)
from edgewright_policies.types import (
    DISTRIBUTION,
    LAMBDA_FUNCTION,
    behaviors,
)

RESTRICTIONS = "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/edge-functions-restrictions.html"
QUOTAS = "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html"
REGION = "us-east-1"


def region_of(node: Node) -> str:
    """Return the region that a resource is in: its own, or its provider's.

    Raises:
        UnknownValueError: nobody says, or not before the update.
    """
    region = node.props.text("region") or node.provider.text("region")
    if not region:
        raise_unknown("region")
    return region


def region_of_arn(arn: str) -> str | None:
    """Return the region that an ARN names, or None where it names none or is of another partition of AWS."""
    parts = arn.split(":", 5)
    return parts[3] or None if len(parts) == 6 and parts[:2] == ["arn", "aws"] else None


def safe_behaviors(distribution: View) -> list[View]:
    try:
        return list(behaviors(distribution))
    except UnknownValueError:
        return []


def _associations(distribution: View) -> tuple[set[str], float, set[str]]:
    """Return the ARNs of a distribution's functions, how many more it may have that are not known, and their events."""
    arns: set[str] = set()
    events: set[str] = set()
    unknown: float = 0
    for behavior in safe_behaviors(distribution):
        try:
            associations = behavior.views("lambdaFunctionAssociations")
        except UnknownValueError:
            unknown = math.inf
            continue
        for association in associations:
            if association.known("lambdaArn"):
                arns.add(association.text("lambdaArn") or "")
            else:
                unknown += 1
            if association.known("eventType"):
                events.add(association.text("eventType") or "")
    return arns, unknown, events


def _is_published(node: Node) -> bool:
    """Return whether a function has numbered versions, as one at the edge needs, or may have."""
    return not node.props.known("publish") or node.props.flag("publish") is True


def edge_functions(stack: StackView) -> dict[str, tuple[Node, set[str]]]:
    """Return the functions that a distribution of the stack runs, by URN, each with the events of that distribution.

    A function is found by its ARN, or where that is not known yet, by the distribution's dependencies.
    """
    functions = {node.urn: node for node in stack.of(LAMBDA_FUNCTION)}
    by_arn = {}
    for node in functions.values():
        for name in ("qualifiedArn", "arn"):
            if node.props.known(name) and (arn := node.props.text(name)):
                by_arn[arn] = node
    named = {node.urn for node in by_arn.values()}
    found: dict[str, tuple[Node, set[str]]] = {}
    for distribution in stack.of(DISTRIBUTION):
        arns, unknown, events = _associations(distribution.props)
        waits = unknown > 0
        used: set[str] = set()
        for arn in arns:
            node_of = by_arn.get(arn) or by_arn.get(re.sub(r":[^:]*$", "", arn))
            if node_of is None:
                unknown += 1
            else:
                used.add(node_of.urn)
        others = {urn for urn in distribution.dependencies if urn in functions} - used if unknown else set()
        if not waits:
            # One whose ARN is known and which no behavior names is depended on for something else: it is an origin.
            others -= named
        if len(others) > unknown:
            # More are depended on than can be at the edge: those are, which have versions.
            others = {urn for urn in others if _is_published(functions[urn])} or others
        used |= others
        for urn in used:
            _, before = found.get(urn, (functions[urn], set()))
            found[urn] = (functions[urn], before | events)
    return found
