"""Lambda@Edge: what the service refuses of a function, and the resources that one is made of.

What AWS would refuse only while a distribution is updated, minutes into a deployment, is refused here with its reason.
"""

import datetime
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from edgewright.arguments import checks
from edgewright.assemble.lambda_package import Package
from edgewright.base.fault_codes import Code
from edgewright.base.faults import Faults, show
from edgewright.contract.limits import limit
from edgewright.platforms.cloudfront.lists import aws as aws_data
from edgewright.platforms.cloudfront.options import EVENTS, REGION, VIEWER_EVENTS

"""Where CloudFront takes functions, certificates and web ACLs from. No other region, and no second provider."""
PRINCIPALS = ("edgelambda.amazonaws.com", "lambda.amazonaws.com")
RUNTIMES = tuple(aws_data().runtimes.known)
DEFAULT_RUNTIME = "nodejs22.x"
DEFAULT_HANDLER = "index.handler"
MEMORY_MB = 128
MAX_MEMORY_MB = 10_240
TIMEOUT_S = int(limit("lambda_edge.timeout_s_guardrail").value)
LEDGER_MARK = "edgewright"
"""Begins the description of each function, so that what a destroyed stack left behind can be found again."""

MAX_DESCRIPTION = 256
"""Characters of a function's description: https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html"""
RESTRICTIONS = limit("lambda_edge.ephemeral_storage_mb").source
_LAYERS_FIX = (
    "What lowers a cold start there is a small bundle and lazy imports, or CloudFront Functions for viewer events."
)

REFUSED: Mapping[str, tuple[str, str]] = {
    "environment": (
        "environment variables are refused by Lambda@Edge",
        "Give `settings`: they are written into the package.",
    ),
    "layers": (
        "layers are refused by Lambda@Edge",
        "Import the code: it is bundled with the function.",
    ),
    "provisioned_concurrency": (
        "provisioned concurrency does not exist for Lambda@Edge, whose replicas start where they are asked",
        _LAYERS_FIX,
    ),
    "reserved_concurrent_executions": (
        "reserved concurrency does not exist for Lambda@Edge: each region has the account's own",
        "Ask AWS for a higher quota in the regions of your viewers.",
    ),
    "snap_start": ("SnapStart is refused by Lambda@Edge", _LAYERS_FIX),
    "vpc_config": (
        "a function at the edge cannot be in a VPC",
        "Reach what is inside by an origin: a load balancer, or a CloudFront VPC origin.",
    ),
    "architectures": ("arm64 is refused by Lambda@Edge, which runs x86_64 only", "Leave it out."),
    "image_uri": (
        "a container image is refused by Lambda@Edge",
        "Give `code`: a directory, a file or a text.",
    ),
    "package_type": ("a container image is refused by Lambda@Edge", "Leave it out."),
    "dead_letter_config": (
        "a dead-letter queue is refused by Lambda@Edge",
        "Handle the error in the function: its caller waits for the answer.",
    ),
    "tracing_config": ("X-Ray is refused by Lambda@Edge", "Write timings to the log, or to Server-Timing."),
    "file_system_config": ("a file system is refused by Lambda@Edge", "Put files into the package, or into S3."),
    "ephemeral_storage": (
        f"storage beyond the {limit('lambda_edge.ephemeral_storage_mb').text} that each function has is refused by"
        " Lambda@Edge",
        "Leave it out.",
    ),
    "kms_key_arn": (
        "a key of your own is refused by Lambda@Edge, which has no environment variables to encrypt",
        "Leave it out.",
    ),
    "publish": (
        "is not a choice: CloudFront associates numbered versions only, never $LATEST",
        "Leave it out: each change is published, and `qualified_arn` has the number.",
    ),
    "qualifier": (
        "is not a choice: CloudFront associates numbered versions only, never $LATEST and no alias",
        "Use the output `qualified_arn`, or `association`.",
    ),
    "skip_destroy": (
        "is not a choice: replicas outlive the last association by hours, and until then a deletion fails",
        "Leave it out, and remove what is left behind with `edgewright reap`.",
    ),
}
"""What Lambda takes and Lambda@Edge does not: why, and what to do instead."""


OTHER_NAMES: Mapping[str, str] = {
    "architecture": "architectures",
    "dead_letter_queue": "dead_letter_config",
    "env": "environment",
    "environment_variables": "environment",
    "file_system": "file_system_config",
    "image": "image_uri",
    "kms_key": "kms_key_arn",
    "layer": "layers",
    "reserved_concurrency": "reserved_concurrent_executions",
    "reserved_concurrent": "reserved_concurrent_executions",
    "security_group_ids": "vpc_config",
    "snapstart": "snap_start",
    "storage": "ephemeral_storage",
    "subnet_ids": "vpc_config",
    "tracing": "tracing_config",
    "variables": "environment",
    "vpc": "vpc_config",
}
"""What other tools, and people, call the same."""


@dataclass(frozen=True)
class Shape:
    """How a function is run."""

    runtime: str = DEFAULT_RUNTIME
    handler: str = DEFAULT_HANDLER
    timeout_s: int = TIMEOUT_S
    memory_mb: int = MEMORY_MB
    events: tuple[str, ...] = ("origin-request",)
    include_body: bool = False
    function_name: str | None = None
    description: str = ""

    @property
    def viewer(self) -> bool:
        """Whether it runs on a viewer's events, which have the smaller limits."""
        return any(event in VIEWER_EVENTS for event in self.events)

    @property
    def kind(self) -> str:
        """The name that the limits of its events have."""
        return "viewer" if self.viewer else "origin"


@dataclass(frozen=True)
class Asked:
    """What is asked for of a function, as it was read; None is the default."""

    events: tuple[str, ...] = ("origin-request",)
    runtime: str = DEFAULT_RUNTIME
    handler: str = DEFAULT_HANDLER
    timeout: int = TIMEOUT_S
    memory: int = MEMORY_MB
    request_body_bytes: int | None = None
    response_bytes: int | None = None
    region: str = REGION
    function_name: str | None = None
    description: str = ""


@dataclass(frozen=True)
class EdgeFunction:
    """A function that was made."""

    resource: aws.lambda_.Function
    role: aws.iam.Role
    ledger: pulumi.Output[dict[str, Any]]


def refuse(args: Mapping[str, object], faults: Faults) -> dict[str, object]:
    """Return the arguments without those that Lambda has and Lambda@Edge refuses, each noted with its reason."""
    kept = {}
    for key, value in args.items():
        snake = re.sub(r"(?<!^)(?=[A-Z])", "_", key).lower() if isinstance(key, str) else key
        snake = OTHER_NAMES.get(snake, snake)
        if snake in REFUSED and value is not None:
            reason, way = REFUSED[snake]
            faults.add(str(key), f"{reason} ({RESTRICTIONS})", code=Code.UNSUPPORTED, fix=way)
        else:
            kept[key] = value
    return kept


def check_shape(given: Asked, faults: Faults) -> Shape:
    """Return how a function is run, with the defaults; note what is wrong with it."""
    events = given.events
    if not events:
        faults.add(
            "events", "is empty, so that nothing would run the function", code=Code.EMPTY, allowed=", ".join(EVENTS)
        )
    for index, event in enumerate(events):
        if faults.one_of(f"events[{index}]", event, EVENTS) and event in events[:index]:
            faults.add(f"events[{index}]", f"{show(event)} is given twice", code=Code.TWICE)
    runtime = given.runtime
    if runtime not in RUNTIMES:
        faults.add(
            "runtime",
            f"{show(runtime)} does not run at the edge: Lambda@Edge takes Node.js and Python ({RESTRICTIONS})",
            code=Code.NOT_TAKEN,
            allowed=", ".join(aws_data().runtimes.taken(aws_data().read)),
        )
    elif past := aws_data().runtimes.fault(runtime, update=True):
        faults.add(
            "runtime",
            f"{past} ({aws_data().runtimes.source})",
            code=Code.NOT_TAKEN,
            allowed=", ".join(aws_data().runtimes.taken()),
        )
    elif past := aws_data().runtimes.fault(runtime):
        # Whether there is a function that may still be changed, a component does not see.
        pulumi.log.warn(
            f"{faults.component} {faults.name!r}: runtime: {past}. A function that is there already can be changed for now"
            f" ({aws_data().runtimes.source}); take one of {', '.join(aws_data().runtimes.taken())} for it"
        )
    handler = given.handler
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_/-]*\.[A-Za-z_$][A-Za-z0-9_$]*", handler):
        faults.add(
            "handler",
            f"{show(handler)} is not a handler",
            code=Code.NAME,
            allowed="file.export, for example index.handler",
        )
    if given.region != REGION:
        faults.add(
            "region",
            f"{show(given.region)} is not where CloudFront takes functions from ({RESTRICTIONS})",
            code=Code.REGION,
            allowed=REGION,
            fix="Leave it out: CloudFront replicates the function to the regions of its viewers.",
        )
    shape = Shape(
        runtime=runtime,
        handler=handler,
        timeout_s=given.timeout,
        memory_mb=given.memory,
        events=tuple(event for event in EVENTS if event in events),
        include_body=bool(given.request_body_bytes),
        function_name=given.function_name,
        description=given.description,
    )
    _check_sizes(given, shape, faults)
    if shape.function_name is not None and not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", shape.function_name):
        faults.add(
            "function_name",
            f"{show(shape.function_name)} is not a function's name",
            code=Code.NAME,
            allowed="1 to 64 letters, digits, hyphens and underscores",
        )
    return shape


def _check_sizes(given: Asked, shape: Shape, faults: Faults) -> None:
    most_time = limit(f"lambda_edge.{'viewer.timeout_s_new' if shape.viewer else 'origin.timeout_s'}")
    trigger = f"a function on {shape.kind} events"
    checks.whole(
        "timeout",
        shape.timeout_s,
        faults,
        1,
        int(most_time.value),
        "seconds",
        f"AWS ends {trigger} after {most_time.text} ({most_time.source}).",
    )
    memory = limit("lambda_edge.viewer.memory_mb")
    if shape.viewer and isinstance(shape.memory_mb, int) and memory.value < shape.memory_mb <= MAX_MEMORY_MB:
        faults.add(
            "memory",
            f"{shape.memory_mb} MB are more than CloudFront takes of a function on viewer events ({memory.source})",
            code=Code.LIMIT,
            allowed=memory.text,
            fix=f"Leave it out, or run the function on origin events, which may have up to {MAX_MEMORY_MB} MB.",
        )
    else:
        checks.whole("memory", shape.memory_mb, faults, MEMORY_MB, MAX_MEMORY_MB, "MB")
    for key, size, name, what in (
        (
            "request_body_bytes",
            given.request_body_bytes,
            "body_bytes",
            "the part of a request's body that the function sees",
        ),
        ("response_bytes", given.response_bytes, "response_bytes", "a response that the function generates"),
    ):
        if size is None:
            continue
        most = limit(f"lambda_edge.{shape.kind}.{name}")
        fix = (
            f"Move the function to origin events, which have {limit(f'lambda_edge.origin.{name}').text}, or let an"
            " origin do it."
            if shape.viewer
            else "Let an origin do it: a function can choose the origin without touching the body."
        )
        if size < 0:
            faults.add(key, f"{show(size)} is not a size", code=Code.RANGE, allowed=f"0 to {most.text}")
        elif size > most.value:
            faults.add(
                key,
                f"{size} bytes are more than {what} can have on {shape.kind} events ({most.source})",
                code=Code.LIMIT,
                allowed=f"at most {most.text}",
                fix=fix,
            )
    if given.request_body_bytes is not None and not any(event.endswith("-request") for event in shape.events):
        faults.add(
            "request_body_bytes",
            "is given where no request's event is: only those have the body",
            code=Code.NO_EFFECT,
            allowed="with viewer-request or origin-request",
        )


def check_package(path: str, package: Package, shape: Shape, faults: Faults) -> list[str]:
    """Note a fault where a package is over its limit; return what to tell of one that is over an older, smaller one."""
    size = len(package.zipped())
    # The vendor's pages give two quotas at the viewer: what only the older one forbids is told, not refused.
    most = limit(f"lambda_edge.{'viewer.package_bytes_new' if shape.viewer else 'origin.package_bytes'}")
    if size > most.value:
        faults.add(
            path,
            f"the package has {size} bytes zipped, too many for a function on {shape.kind} events ({most.source})",
            code=Code.LIMIT,
            allowed=f"at most {most.text}",
            fix="Leave packages out, or import less of them.",
        )
        return []
    return advice(package, shape)


def advice(package: Package, shape: Shape) -> list[str]:
    """Return what would make a function start sooner, or fit where accounts are held to the older quotas, and what a name
    of its own brings with it."""
    found = []
    if shape.function_name is not None:
        found.append(
            f"{shape.function_name} is kept when the stack is destroyed, because its replicas go hours later: until"
            " `edgewright reap` has removed it, AWS answers the next stack that makes it with 409"
            " (ResourceConflictException). Leave `function_name` out, and each stack has a name of its own"
        )
    ends = aws_data().runtimes.known[shape.runtime].ends if shape.runtime in RUNTIMES else None
    if ends is not None and datetime.date.today() >= ends:
        found.append(f"the runtime {shape.runtime} is past its end ({ends}): move to {DEFAULT_RUNTIME} or its like")
    if shape.viewer:
        size, old = len(package.zipped()), limit("lambda_edge.viewer.package_bytes")
        if size > old.value:
            found.append(
                f"the package has {size} bytes zipped: the long-standing quota of a viewer function is {old.text}, and"
                " accounts may still be held to it; move what only misses need to an origin-request function"
            )
        timeout = limit("lambda_edge.viewer.timeout_s")
        if shape.timeout_s > timeout.value:
            found.append(
                f"the timeout is {shape.timeout_s} s: the long-standing quota of a viewer function is {timeout.text}"
            )
        small = limit("cloudfront.functions.code_bytes")
        if package.size <= small.value and not package.externals and not any(i.package for i in package.inputs):
            found.append(
                f"the code has {package.size} bytes and imports nothing: as a CloudFront Function it starts in under a"
                " millisecond in every edge location and costs a sixth, where it needs no network and no body"
            )
    heavy = [part for part in package.report()["parts"] if part["bytes"] > 100_000]
    for part in heavy:
        found.append(
            f"{part['name']} is {part['bytes']} bytes of the bundle: import a part of it, or import it lazily where it"
            " is first needed"
        )
    aws_sdk = [name for name in package.externals if name.startswith("@aws-sdk/")]
    if aws_sdk:
        found.append(
            f"{', '.join(aws_sdk)} is loaded from Lambda's runtime at each cold start: bundle the one client that is used,"
            " or import it lazily"
        )
    return found


def trust_policy() -> str:
    """Return the policy that lets Lambda run a function and CloudFront replicate it."""
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Principal": {"Service": list(PRINCIPALS)}, "Action": "sts:AssumeRole"},
            ],
        },
        sort_keys=True,
    )


def log_policy(statements: Sequence[Mapping[str, object]] = ()) -> str:
    """Return what a function may do: write its log in whatever region it runs, and what `statements` add."""
    logs = {
        "Effect": "Allow",
        "Action": ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
        "Resource": "arn:aws:logs:*:*:log-group:/aws/lambda/us-east-1.*",
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [logs, *statements]}, sort_keys=True)


def mark(component: str) -> str:
    """Return what begins a function's description: `edgewright project/stack/component`."""
    return f"{LEDGER_MARK} {pulumi.get_project()}/{pulumi.get_stack()}/{component}"


def create(
    parent: pulumi.Resource,
    name: str,
    component: str,
    shape: Shape,
    code: Any,
    *,
    statements: Sequence[Mapping[str, object]] = (),
    tags: Mapping[str, str] | None = None,
    protect: bool | None = None,
) -> EdgeFunction:
    """Make a function with its role.

    Args:
        parent: the component that it belongs to.
        name: begins the children's names.
        component: the component's own name, for the ledger.
        shape: how it is run.
        code: the package's archive, known now or later.
        statements: what its role may do beside writing its log.
        tags: tags of its own.
        protect: False where it goes with what it guards; by default it is protected as its component is.
    """
    child = pulumi.ResourceOptions(parent=parent, protect=protect)
    described = mark(component)
    role = aws.iam.Role(
        f"{name}-role",
        assume_role_policy=trust_policy(),
        description=f"Runs {component} at CloudFront's edge.",
        tags=dict(tags or {}),
        opts=child,
    )
    logs = aws.iam.RolePolicy(f"{name}-logs", role=role.name, policy=log_policy(statements), opts=child)
    function = aws.lambda_.Function(
        f"{name}-function",
        region=REGION,
        name=shape.function_name,
        description=(f"{described}: {shape.description}" if shape.description else described)[:MAX_DESCRIPTION],
        role=role.arn,
        runtime=shape.runtime,
        handler=shape.handler,
        code=code,
        timeout=shape.timeout_s,
        memory_size=shape.memory_mb,
        architectures=["x86_64"],
        package_type="Zip",
        publish=True,
        # Replicas outlive the last association by hours, and a deletion fails until then.
        skip_destroy=True,
        tags=dict(tags or {}),
        opts=pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=[logs])),
    )
    ledger = pulumi.Output.all(name=function.name, arn=function.arn, version=function.version).apply(
        lambda known: {
            "component": f"{pulumi.get_project()}/{pulumi.get_stack()}/{component}",
            "function_name": known["name"],
            "arn": known["arn"],
            "version": known["version"],
            "region": REGION,
            "events": list(shape.events),
        }
    )
    return EdgeFunction(function, role, ledger)
