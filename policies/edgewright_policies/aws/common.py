"""What the rules on AWS share: which functions run at the edge."""

import re

from pulumi_policy.proxy import UnknownValueError

from edgewright_policies.reading import View
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


def safe_behaviors(distribution: View) -> list[View]:
    try:
        return list(behaviors(distribution))
    except UnknownValueError:
        return []


def _arns(distribution: View) -> tuple[set[str], bool, bool, set[str]]:
    """Return a distribution's functions' ARNs, whether these are all, whether it has any at all, and their events."""
    arns, events, any_, all_ = set(), set(), False, True
    for behavior in safe_behaviors(distribution):
        try:
            associations = behavior.views("lambdaFunctionAssociations")
        except UnknownValueError:
            any_, all_ = True, False
            continue
        for association in associations:
            any_ = True
            if association.known("lambdaArn"):
                arns.add(association.text("lambdaArn") or "")
            else:
                all_ = False
            if association.known("eventType"):
                events.add(association.text("eventType") or "")
    return arns, all_, any_, events


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
    found: dict[str, tuple[Node, set[str]]] = {}
    for distribution in stack.of(DISTRIBUTION):
        arns, all_, any_, events = _arns(distribution.props)
        if not any_:
            continue
        used = {by_arn[arn].urn for arn in arns if arn in by_arn}
        used |= {by_arn[bare].urn for arn in arns if (bare := re.sub(r":[^:]*$", "", arn)) in by_arn}
        # One whose ARN is known and which no behavior names is depended on for something else: it is an origin.
        by_name = {node.urn for node in by_arn.values()} if all_ else set()
        used |= {urn for urn in distribution.dependencies if urn in functions and urn not in by_name}
        for urn in used:
            _, before = found.get(urn, (functions[urn], set()))
            found[urn] = (functions[urn], before | events)
    return found
