"""Lambda@Edge's quotas of time, memory and package, and what is in the package."""

from collections.abc import Iterator

from edgewright.contract.limits import Limit
from pulumi_policy.proxy import UnknownValueError
from pydantic import Field

from edgewright_policies.archives import Package, package_of
from edgewright_policies.aws.common import QUOTAS, RESTRICTIONS, edge_functions
from edgewright_policies.compute import HeavyImports, imported_by_package, kind_of
from edgewright_policies.reading import show
from edgewright_policies.rule import (
    Context,
    NoConfig,
    Node,
    PolicyConfig,
    StackView,
    Violation,
    rules_of,
    stack_rule,
)
from edgewright_policies.types import (
    DISTRIBUTION,
    LAMBDA_FUNCTION,
)


class EdgeTimeout(PolicyConfig):
    """Configuration of lambda-edge-timeout."""

    max_seconds: int | None = Field(
        default=None, ge=1, le=30, description="Most seconds; by default the guardrail of 5."
    )


@stack_rule(
    "lambda-edge-timeout",
    id="EW705",
    family="aws",
    on=(LAMBDA_FUNCTION, DISTRIBUTION),
    config=EdgeTimeout,
    severity="high",
    title="A function at the edge answers within its budget",
    why="Every second of it is a viewer's wait, on every request that the cache does not answer.",
    fix="Lower `timeout`, and move the slow part to the origin.",
    source=QUOTAS,
)
def lambda_edge_timeout(stack: StackView, context: Context[EdgeTimeout]) -> Iterator[Violation | None]:
    guardrail = context.limit("lambda_edge.timeout_s_guardrail")
    most = context.config.max_seconds or guardrail.value
    for node, _ in edge_functions(stack).values():
        try:
            value = node.props.number("timeout")
        except UnknownValueError:
            yield None
            continue
        if value is not None and value > most:
            yield Violation(
                f"function {node.name} timeout", f"{show(value)} s", f"at most {show(most)} s", urn=node.urn
            )


@stack_rule(
    "lambda-edge-viewer-memory",
    id="EW706",
    family="aws",
    on=(LAMBDA_FUNCTION, DISTRIBUTION),
    severity="low",
    level="advisory",
    title="A viewer function has 128 MB, and a package of 1 MB",
    why="The long-standing table of quotas, which accounts may still be held to, gives viewer triggers no more.",
    fix="Set memorySize to 128 and bundle only what is used, or run it on origin events.",
    source=QUOTAS,
)
def lambda_edge_viewer_memory(stack: StackView, context: Context[NoConfig]) -> Iterator[Violation | None]:
    most = context.limit("lambda_edge.viewer.memory_mb")
    for node, events in edge_functions(stack).values():
        if not events & {"viewer-request", "viewer-response"}:
            continue
        try:
            value = node.props.number("memorySize")
        except UnknownValueError:
            yield None
        else:
            if value is not None and value > most.value:
                yield Violation(
                    f"function {node.name} memorySize", most.show(value), f"at most {most.text}", urn=node.urn
                )
        yield from _too_large(node, context.limit("lambda_edge.viewer.package_bytes"), context.limit(_PACKAGE))


_PACKAGE = "lambda_edge.origin.package_bytes"


def _zipped_size(package: Package) -> int:
    """Return the bytes of a package's zip file, or what they would come to, to the KiB above: compressors differ a little."""
    return package.zipped if package.zipped is not None else -(-package.packed // 1024) * 1024


def _too_large(node: Node, most: Limit, less_than: Limit | None) -> Iterator[Violation | None]:
    """Yield a violation where a function's package is over one limit, and not over the next one, which another rule tells."""
    try:
        code = node.props.raw("code")
    except UnknownValueError:
        yield None
        return
    if code is None:
        return
    package = package_of(code)
    if (package.zipped or package.size) <= most.value:
        return
    size = _zipped_size(package)
    if size > most.value and (less_than is None or size <= less_than.value):
        yield Violation(f"function {node.name} package", most.show(size), f"at most {most.text}", urn=node.urn)


@stack_rule(
    "lambda-edge-heavy-imports",
    id="EW712",
    family="aws",
    on=(LAMBDA_FUNCTION, DISTRIBUTION),
    config=HeavyImports,
    severity="high",
    title="No known heavy package runs in a function at CloudFront's edge",
    why="Model inference, image and video codecs and whole cloud SDKs cost seconds at each cold start, in every region anew.",
    fix="Do it at the origin or in a service, or import the one client that is needed.",
    source=RESTRICTIONS,
)
def lambda_edge_heavy_imports(stack: StackView, context: Context[HeavyImports]) -> Iterator[Violation | None]:
    for node, _ in edge_functions(stack).values():
        try:
            code = node.props.raw("code")
        except UnknownValueError:
            yield None
            continue
        if code is None:
            continue
        for package in sorted(imported_by_package(package_of(code)) & context.config.wanted()):
            yield Violation(
                f"function {node.name} imports",
                f"{package} ({kind_of(package)})",
                "packages that start fast",
                urn=node.urn,
                about=package,
            )


@stack_rule(
    "lambda-edge-package-size",
    id="EW713",
    family="aws",
    on=(LAMBDA_FUNCTION, DISTRIBUTION),
    severity="critical",
    title="The package of a function at the edge fits Lambda@Edge's limit",
    why="CloudFront refuses a larger one when the distribution is updated; a large one starts slowly in every region.",
    fix="Bundle only what is used, and read data from the origin or from S3.",
    source=QUOTAS,
)
def lambda_edge_package_size(stack: StackView, context: Context[NoConfig]) -> Iterator[Violation | None]:
    for node, _ in edge_functions(stack).values():
        yield from _too_large(node, context.limit(_PACKAGE), None)


RULES = rules_of(globals())
