"""Operations: what is seen, what is kept, and who is called."""

from collections.abc import Iterator

from pulumi_policy.proxy import UnknownValueError
from pydantic import Field

from edgewright_policies.aws.common import edge_functions
from edgewright_policies.reading import View, show
from edgewright_policies.rule import (
    Context,
    NoConfig,
    PolicyConfig,
    StackView,
    Violation,
    resource_rule,
    rules_of,
    stack_rule,
)
from edgewright_policies.types import (
    DISTRIBUTION,
    DYNAMODB_TABLE,
    LAMBDA_FUNCTION,
    LOG_DELIVERY_SOURCE,
    LOG_GROUP,
    METRIC_ALARM,
    NOTIFICATION_POLICY,
    S3_BUCKET,
    WORKER,
    WORKERS_SCRIPT,
    behaviors,
)


@stack_rule(
    "observability-missing",
    id="EW801",
    family="operations",
    on=(WORKER, WORKERS_SCRIPT, DISTRIBUTION, LOG_DELIVERY_SOURCE),
    severity="medium",
    title="What runs at the edge can be seen",
    why="Without logs, the first report of an error comes from a user, and there is nothing to look at.",
    fix="Turn it on: `observability.enabled`, sampled where the traffic is large.",
    source="https://developers.cloudflare.com/workers/observability/logs/workers-logs/",
)
def observability_missing(stack: StackView, _context: Context[NoConfig]) -> Iterator[Violation | None]:
    delivered = {urn for source in stack.of(LOG_DELIVERY_SOURCE) for urn in source.dependencies}
    arns = {
        source.props.text("resourceArn")
        for source in stack.of(LOG_DELIVERY_SOURCE)
        if source.props.known("resourceArn")
    }
    for node in stack.of(DISTRIBUTION):
        try:
            logged = (
                node.urn in delivered
                or (node.props.known("arn") and (node.props.text("arn") or "-") in arns)
                or node.props.has("loggingConfig")
                or any(each.has("realtimeLogConfigArn") for each in behaviors(node.props))
            )
        except UnknownValueError:
            yield None
            continue
        if not logged:
            yield Violation(
                "loggingConfig", "not set", "a bucket, a realtime log configuration, or a LogDeliverySource of it",
                "Set loggingConfig, or realtimeLogConfigArn on the behaviors, or deliver its ACCESS_LOGS.",
                urn=node.urn,
            )  # fmt: skip
    for node in stack.of(WORKER, WORKERS_SCRIPT):
        try:
            observability = node.props.view("observability")
            seen = (
                observability.flag("enabled")
                or observability.view("logs").flag("enabled")
                or node.props.flag("logpush")
            )
            shown = show(observability.raw("enabled"))
        except UnknownValueError:
            yield None
            continue
        if not seen:
            yield Violation("observability.enabled", shown, "true", urn=node.urn)


@stack_rule(
    "alarm-missing",
    id="EW802",
    family="operations",
    on=(WORKER, WORKERS_SCRIPT, DISTRIBUTION, METRIC_ALARM, NOTIFICATION_POLICY),
    severity="low",
    level="advisory",
    title="Production has an alarm",
    why="An outage that nobody is told of lasts until somebody looks.",
    fix="Add a NotificationPolicy on Cloudflare, or a CloudWatch MetricAlarm on the distribution's 5xxErrorRate.",
    source="https://developers.cloudflare.com/notifications/",
)
def alarm_missing(stack: StackView, context: Context[NoConfig]) -> Iterator[Violation | None]:
    if not context.production:
        return
    if stack.of(WORKER, WORKERS_SCRIPT) and not stack.of(NOTIFICATION_POLICY, METRIC_ALARM):
        yield Violation("NotificationPolicy", f"none in stack {context.stack}", "at least one")
    elif stack.of(DISTRIBUTION) and not stack.of(METRIC_ALARM):
        yield Violation("MetricAlarm", f"none in stack {context.stack}", "at least one")


class Retention(PolicyConfig):
    """Configuration of log-retention-missing."""

    max_days: int = Field(default=400, ge=1, le=3653, description="Most days that logs are kept.")


@resource_rule(
    "log-retention-missing",
    id="EW803",
    family="operations",
    on=(LOG_GROUP,),
    config=Retention,
    severity="low",
    title="Logs are kept for a stated time",
    why="Logs without a retention are kept, and paid for, for ever; and personal data in them too.",
    fix="Set retentionInDays.",
    source="https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/Working-with-log-groups-and-streams.html",
)
def log_retention_missing(resource: View, context: Context[Retention]) -> Iterator[Violation]:
    days = resource.number("retentionInDays")
    if not days:
        yield Violation("retentionInDays", "not set, which is for ever", f"1 to {context.config.max_days} days")
    elif days > context.config.max_days:
        yield Violation("retentionInDays", f"{show(days)} days", f"1 to {context.config.max_days} days")


@stack_rule(
    "log-group-missing",
    id="EW805",
    family="operations",
    on=(LAMBDA_FUNCTION, LOG_GROUP, DISTRIBUTION),
    severity="low",
    level="advisory",
    title="A function's log group is declared, with its retention",
    why="Lambda makes the group that is missing, without a retention: its logs are kept and paid for, for ever.",
    fix="Declare a LogGroup `/aws/lambda/<name>` with retentionInDays, or name one in loggingConfig.",
    source="https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-loggroups.html",
)
def log_group_missing(stack: StackView, _context: Context[NoConfig]) -> Iterator[Violation | None]:
    groups = stack.of(LOG_GROUP)
    names = {node.props.text("name") or "" for node in groups if node.props.known("name")}
    linked = {urn for node in groups for urn in node.dependencies}
    urns = {node.urn for node in groups}
    # At the edge each region has a group of its own, which no stack can declare.
    edge = edge_functions(stack)
    for node in stack.of(LAMBDA_FUNCTION):
        if node.urn in edge or node.urn in linked or urns & set(node.dependencies):
            continue
        try:
            name = node.props.view("loggingConfig").text("logGroup") or f"/aws/lambda/{node.props.text('name') or ''}"
        except UnknownValueError:
            yield None
            continue
        if name in names:
            continue
        if groups and (name == "/aws/lambda/" or not all(each.props.known("name") for each in groups)):
            # One of the groups may be this function's.
            yield None
            continue
        yield Violation(f"log group of function {node.name}", "not declared", "one with a retention", urn=node.urn)


class Owner(PolicyConfig):
    """Configuration of owner-tag-missing."""

    names: tuple[str, ...] = Field(
        default=("owner", "team"), min_length=1, description="Tags of which one has to be there."
    )


@resource_rule(
    "owner-tag-missing",
    id="EW804",
    family="operations",
    on=(WORKER, DISTRIBUTION, LAMBDA_FUNCTION, S3_BUCKET, DYNAMODB_TABLE),
    config=Owner,
    severity="low",
    level="advisory",
    title="Everything has an owner",
    why="When it fails or its bill grows, somebody has to be asked.",
    fix="Tag it: `owner:<team>` on Cloudflare, `owner: <team>` on AWS.",
    source="https://docs.aws.amazon.com/whitepapers/latest/tagging-best-practices/tagging-best-practices.html",
)
def owner_tag_missing(resource: View, context: Context[Owner]) -> Iterator[Violation]:
    names = {each.lower() for each in context.config.names}
    if context.type == WORKER:
        given = {each.partition(":")[0].partition("=")[0].strip().lower() for each in resource.texts("tags")}
    else:
        given = {key.lower() for key in (*resource.view("tags").keys(), *resource.view("tagsAll").keys())}
    if not names & given:
        yield Violation("tags", show(sorted(given)) or "none", " or ".join(sorted(names)))


RULES = rules_of(globals())
