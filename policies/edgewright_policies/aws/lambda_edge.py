"""Lambda@Edge: what it refuses, hours after the plan said yes."""

import json
import re
from collections.abc import Callable, Iterator, Mapping

from edgewright.contract.limits.lists import lists
from pulumi_policy.proxy import UnknownValueError

from edgewright_policies.aws.common import (
    REGION,
    RESTRICTIONS,
    edge_functions,
    region_of,
    region_of_arn,
    safe_behaviors,
)
from edgewright_policies.reading import View, is_list, show
from edgewright_policies.rule import (
    Context,
    NoConfig,
    Node,
    StackView,
    Violation,
    resource_rule,
    rules_of,
    stack_rule,
)
from edgewright_policies.types import (
    ACM_CERTIFICATE,
    ACM_VALIDATION,
    DISTRIBUTION,
    IAM_ROLE,
    LAMBDA_FUNCTION,
    LAMBDA_PROVISIONED,
    LAMBDA_RUNTIME_MANAGEMENT,
    WAF_WEB_ACL,
    behavior_name,
)

_PRINCIPALS = ("edgelambda.amazonaws.com", "lambda.amazonaws.com")


Check = Callable[[View], tuple[str, str, str] | None]


def _refusals() -> tuple[Check, ...]:
    def environment(props: View) -> tuple[str, str, str] | None:
        variables = props.view("environment").view("variables")
        return ("environment", f"{len(variables.keys())} variables", "none") if variables else None

    def vpc(props: View) -> tuple[str, str, str] | None:
        return ("vpcConfig", "set", "none") if props.view("vpcConfig").texts("subnetIds") else None

    def layers(props: View) -> tuple[str, str, str] | None:
        value = props.raw("layers")
        return ("layers", str(len(value)), "none") if is_list(value) and len(value) else None

    def dead_letters(props: View) -> tuple[str, str, str] | None:
        return ("deadLetterConfig", "set", "none") if props.view("deadLetterConfig").has("targetArn") else None

    def tracing(props: View) -> tuple[str, str, str] | None:
        mode = props.view("tracingConfig").text("mode")
        return ("tracingConfig.mode", "Active", "PassThrough") if mode == "Active" else None

    def image(props: View) -> tuple[str, str, str] | None:
        is_image = props.text("packageType") == "Image" or props.has("imageUri")
        return ("packageType", "Image", "Zip") if is_image else None

    def architecture(props: View) -> tuple[str, str, str] | None:
        return ("architectures", "arm64", "x86_64") if "arm64" in props.texts("architectures") else None

    def runtime(props: View) -> tuple[str, str, str] | None:
        name = props.text("runtime")
        wrong = name is not None and not re.match(r"(nodejs|python)\d", name)
        if not wrong and name is not None and (past := lists("cloudfront").runtimes.fault(name)):
            return ("runtime", past, "one of which AWS still makes functions")
        return ("runtime", show(name), "a Node.js or Python runtime") if wrong else None

    def published(props: View) -> tuple[str, str, str] | None:
        return None if props.flag("publish") else ("publish", "false, so there is no numbered version", "true")

    def snap_start(props: View) -> tuple[str, str, str] | None:
        wrong = props.view("snapStart").text("applyOn") == "PublishedVersions"
        return ("snapStart.applyOn", "PublishedVersions", "None") if wrong else None

    def file_system(props: View) -> tuple[str, str, str] | None:
        return ("fileSystemConfig", "set", "none") if props.view("fileSystemConfig") else None

    def encrypted(props: View) -> tuple[str, str, str] | None:
        return ("sourceKmsKeyArn", "set", "none") if props.has("sourceKmsKeyArn") else None

    return (
        environment, vpc, layers, dead_letters, tracing, image, architecture, runtime, published, snap_start, file_system,
        encrypted,
    )  # fmt: skip


_REFUSALS = _refusals()


@stack_rule(
    "lambda-edge-refused",
    id="EW701",
    family="aws",
    on=(LAMBDA_FUNCTION, LAMBDA_PROVISIONED, LAMBDA_RUNTIME_MANAGEMENT, DISTRIBUTION),
    severity="critical",
    title="A function at CloudFront's edge uses nothing that Lambda@Edge refuses",
    why="CloudFront refuses the association only when the distribution is updated, minutes into the deployment.",
    fix="Drop it. Settings go into the bundle or an origin custom header; a cold start is lowered by a small bundle,"
    " lazy imports, or a viewer function moved to CloudFront Functions.",
    source=RESTRICTIONS,
)
def lambda_edge_refused(stack: StackView, context: Context[NoConfig]) -> Iterator[Violation | None]:
    edge = edge_functions(stack)
    most = context.limit("lambda_edge.ephemeral_storage_mb")
    for node, _ in edge.values():
        for check in _REFUSALS:
            try:
                found = check(node.props)
            except UnknownValueError:
                yield None
                continue
            if found:
                yield Violation(f"function {node.name} {found[0]}", found[1], found[2], urn=node.urn)
        try:
            size = node.props.view("ephemeralStorage").number("size")
            if size is not None and size > most.value:
                yield Violation(
                    f"function {node.name} ephemeralStorage.size", most.show(size), f"at most {most.text}", urn=node.urn
                )
        except UnknownValueError:
            yield None
    for node in stack.of(LAMBDA_RUNTIME_MANAGEMENT):
        updated = node.props.text("updateRuntimeOn") if node.props.known("updateRuntimeOn") else None
        for urn in node.dependencies:
            if urn in edge and updated not in (None, "Auto"):
                yield Violation(
                    f"runtime management of function {edge[urn][0].name}", show(updated), "Auto", urn=node.urn
                )
    for node in stack.of(LAMBDA_PROVISIONED):
        for urn in node.dependencies:
            if urn in edge:
                yield Violation(f"provisioned concurrency of function {edge[urn][0].name}", "set", "none", urn=node.urn)


@resource_rule(
    "lambda-edge-version",
    id="EW702",
    family="aws",
    on=(DISTRIBUTION,),
    per={DISTRIBUTION: safe_behaviors},
    severity="critical",
    title="A behavior runs a numbered version in us-east-1",
    why="CloudFront refuses `$LATEST`, aliases and functions of other regions.",
    fix="Set `publish=True` on the function, with `region=us-east-1`, and associate its `qualified_arn`.",
    source=RESTRICTIONS,
)
def lambda_edge_version(behavior: View, _resource: View, _context: Context[NoConfig]) -> Iterator[Violation]:
    for association in behavior.views("lambdaFunctionAssociations"):
        arn = association.text("lambdaArn") or ""
        parts = arn.split(":")
        if len(parts) < 7 or parts[0] != "arn":
            continue
        event = association.text("eventType") if association.known("eventType") else None
        what = " ".join(filter(None, (behavior_name(behavior), show(event or ""), "lambdaArn")))
        # Of two functions on one event, which CloudFront refuses too, each is a breach of its own.
        function = parts[6]
        if len(parts) != 8 or not parts[7].isdigit():
            version = show(parts[7]) if len(parts) > 7 else "none"
            yield Violation(what, f"version {version}", "a numbered version", about=function)
        if parts[3] != REGION:
            yield Violation(f"{what} region", show(parts[3]), REGION, about=function)


@stack_rule(
    "edge-region",
    id="EW703",
    family="aws",
    on=(LAMBDA_FUNCTION, ACM_CERTIFICATE, ACM_VALIDATION, WAF_WEB_ACL, DISTRIBUTION),
    severity="critical",
    title="What CloudFront uses is in us-east-1",
    why="CloudFront takes certificates, web ACLs and functions from us-east-1 only.",
    fix='Set `region="us-east-1"` on the resource, or give it a provider of that region.',
    source="https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cnames-and-https-requirements.html",
)
def edge_region(stack: StackView, _context: Context[NoConfig]) -> Iterator[Violation | None]:
    judged = [(node, f"function {node.name} region") for node, _ in edge_functions(stack).values()]
    judged += [(node, f"certificate {node.name} region") for node in _certificates(stack)]
    for node in stack.of(WAF_WEB_ACL):
        if node.props.known("scope") and node.props.text("scope") == "CLOUDFRONT":
            judged.append((node, f"web ACL {node.name} region"))
    for node, what in judged:
        try:
            region = region_of(node)
        except UnknownValueError:
            yield None
            continue
        if region != REGION:
            yield Violation(what, show(region), REGION, urn=node.urn)
    # What the stack makes itself is judged above, where it can be mended.
    own = {
        node.props.text("arn") for node in stack.of(ACM_CERTIFICATE, WAF_WEB_ACL) if node.props.known("arn")
    }  # fmt: skip
    for node in stack.of(DISTRIBUTION):
        for what, read in _ARNS:
            try:
                arn = read(node.props)
            except UnknownValueError:
                yield None
                continue
            named = region_of_arn(arn or "")
            if named and named != REGION and arn not in own:
                yield Violation(
                    f"distribution {node.name} {what} region", show(named), REGION,
                    f"Make one in {REGION}, and give that: what there is cannot be moved.", urn=node.urn,
                )  # fmt: skip


_ARNS: tuple[tuple[str, Callable[[View], str | None]], ...] = (
    ("viewerCertificate.acmCertificateArn", lambda props: props.view("viewerCertificate").text("acmCertificateArn")),
    ("webAclId", lambda props: props.text("webAclId")),
)


def _certificates(stack: StackView) -> list[Node]:
    """Return the certificates that a distribution of the stack shows to viewers, as far as can be told."""
    certificates = {node.urn: node for node in stack.of(ACM_CERTIFICATE)}
    validations = {node.urn: node for node in stack.of(ACM_VALIDATION)}
    found: dict[str, Node] = {}
    for distribution in stack.of(DISTRIBUTION):
        used = set(distribution.dependencies)
        used |= {urn for each in used & validations.keys() for urn in validations[each].dependencies}
        try:
            shown = distribution.props.view("viewerCertificate").text("acmCertificateArn")
        except UnknownValueError:
            shown = None
        for urn in sorted(used & certificates.keys()):
            arn = certificates[urn].props.text("arn") if certificates[urn].props.known("arn") else None
            # One that is there for something else, such as an origin, may be anywhere.
            if not (shown and arn and shown != arn):
                found[urn] = certificates[urn]
    return list(found.values())


def _trusted(document: object) -> set[str] | None:
    """Return the services that a trust policy names, or None where it cannot be read."""
    if isinstance(document, str):
        try:
            document = json.loads(document[:65536])
        except (ValueError, RecursionError):
            return None
    if not isinstance(document, Mapping):
        return None
    statements = document.get("Statement", document.get("statements"))
    found: set[str] = set()
    for each in list(statements) if is_list(statements) and statements is not None else [statements]:
        principal = each.get("Principal") if isinstance(each, Mapping) and each.get("Effect") == "Allow" else None
        service = principal.get("Service") if isinstance(principal, Mapping) else None
        values = [service] if isinstance(service, str) else list(service) if service and is_list(service) else []
        found.update(value for value in values if isinstance(value, str))
    return found


@stack_rule(
    "lambda-edge-role",
    id="EW704",
    family="aws",
    on=(IAM_ROLE, LAMBDA_FUNCTION, DISTRIBUTION),
    severity="critical",
    title="The role of a function at the edge trusts both services",
    why="CloudFront cannot replicate a function whose role does not trust edgelambda.amazonaws.com.",
    fix="Trust lambda.amazonaws.com and edgelambda.amazonaws.com in assumeRolePolicy.",
    source="https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-edge-permissions.html",
)
def lambda_edge_role(stack: StackView, _context: Context[NoConfig]) -> Iterator[Violation | None]:
    roles = {node.urn: node for node in stack.of(IAM_ROLE)}
    judged = {urn for node, _ in edge_functions(stack).values() for urn in node.dependencies if urn in roles}
    for urn in sorted(judged):
        role = roles[urn]
        try:
            trusted = _trusted(role.props.raw("assumeRolePolicy"))
        except UnknownValueError:
            yield None
            continue
        if trusted is None:
            continue
        missing = [each for each in _PRINCIPALS if each not in trusted]
        if missing:
            yield Violation(
                f"role {role.name} trusted services",
                show(sorted(trusted)) or "none",
                " and ".join(_PRINCIPALS),
                urn=urn,
            )


@stack_rule(
    "lambda-edge-replicas",
    id="EW707",
    family="aws",
    on=(LAMBDA_FUNCTION, DISTRIBUTION),
    severity="high",
    title="Destroying a function at the edge leaves its replicas to CloudFront",
    why="Replicas go hours after the last association: until then AWS refuses to delete the function, and destroy fails.",
    fix="Set `skip_destroy=True` on the function, and delete old versions later.",
    source="https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-edge-delete-replicas.html",
)
def lambda_edge_replicas(stack: StackView, _context: Context[NoConfig]) -> Iterator[Violation | None]:
    for node, _ in edge_functions(stack).values():
        try:
            skip = node.props.flag("skipDestroy")
        except UnknownValueError:
            yield None
            continue
        if not skip:
            yield Violation(f"function {node.name} skipDestroy", "false", "true", urn=node.urn)


@resource_rule(
    "edge-event-clash",
    id="EW708",
    family="aws",
    on=(DISTRIBUTION,),
    per={DISTRIBUTION: safe_behaviors},
    severity="critical",
    title="A behavior has one function an event",
    why="CloudFront refuses two functions on one event, and a CloudFront Function beside Lambda@Edge on viewer events.",
    fix="Join the functions, or use one kind for viewer events.",
    source=RESTRICTIONS,
)
def edge_event_clash(behavior: View, _resource: View, context: Context[NoConfig]) -> Iterator[Violation]:
    most = context.limit("lambda_edge.functions_per_event")
    lambdas = [each.text("eventType") or "" for each in behavior.views("lambdaFunctionAssociations")]
    functions = [each.text("eventType") or "" for each in behavior.views("functionAssociations")]
    for kind, events in (("Lambda@Edge functions", lambdas), ("CloudFront Functions", functions)):
        for event in sorted(set(events)):
            if event and events.count(event) > most.value:
                yield Violation(
                    f"{behavior_name(behavior)} {show(event)}", f"{events.count(event)} {kind}", f"at most {most.text}"
                )
    viewer = sorted(each for each in {*lambdas} if each.startswith("viewer-"))
    if viewer and functions:
        yield Violation(
            f"{behavior_name(behavior)} viewer events",
            f"Lambda@Edge on {show(viewer)} and a CloudFront Function",
            "one kind on viewer events",
        )


RULES = rules_of(globals())
