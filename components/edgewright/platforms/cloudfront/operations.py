"""What is kept of the traffic: access logs, additional metrics and a dashboard."""

import json
from collections.abc import Sequence
from typing import Any

import pulumi
import pulumi_aws as aws

from edgewright.platforms.cloudfront import policies
from edgewright.platforms.cloudfront.options import REGION
from edgewright.platforms.cloudfront.site import Site

MAX_DELIVERY_NAME = 60
"""Characters in the name of a log's delivery: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutDeliverySource.html"""


def observe(site: Site, distribution: aws.cloudfront.Distribution, part: str = "") -> None:
    """Make what keeps logs and metrics of a distribution; `part` names it where it is not the primary one."""
    name = f"{site.name}-{part}" if part else site.name
    opts = site.passing if part else site.child
    if site.given.metrics:
        aws.cloudfront.MonitoringSubscription(
            f"{name}-metrics",
            distribution_id=distribution.id,
            monitoring_subscription={
                "realtime_metrics_subscription_config": {"realtime_metrics_subscription_status": "Enabled"}
            },
            opts=opts,
        )
    if site.given.dashboard and not part:
        aws.cloudwatch.Dashboard(
            f"{site.name}-dashboard",
            region=REGION,
            dashboard_name=policies.physical("dashboard", site.name),
            dashboard_body=distribution.id.apply(dashboard),
            opts=site.child,
        )
    if site.given.access_logs:
        _logs(site, distribution, name, opts)


def _logs(site: Site, distribution: aws.cloudfront.Distribution, name: str, opts: pulumi.ResourceOptions) -> None:
    physical = policies.physical("logs", name, MAX_DELIVERY_NAME)
    group = aws.cloudwatch.LogGroup(
        f"{name}-log-group",
        region=REGION,
        name=f"/aws/vendedlogs/cloudfront/{physical}",
        retention_in_days=site.given.log_retention_days,
        tags=dict(site.plan.tags),
        opts=opts,
    )
    source = aws.cloudwatch.LogDeliverySource(
        f"{name}-log-source",
        region=REGION,
        name=physical,
        log_type="ACCESS_LOGS",
        resource_arn=distribution.arn,
        opts=opts,
    )
    destination = aws.cloudwatch.LogDeliveryDestination(
        f"{name}-log-destination",
        region=REGION,
        name=physical,
        output_format="json",
        delivery_destination_configuration={"destination_resource_arn": group.arn},
        opts=opts,
    )
    aws.cloudwatch.LogDelivery(
        f"{name}-log-delivery",
        region=REGION,
        delivery_source_name=source.name,
        delivery_destination_arn=destination.arn,
        opts=opts,
    )


def dashboard(distribution_id: str) -> str:
    """Return a dashboard's body: requests, errors, hits and the function at the edge."""

    def widget(title: str, row: int, column: int, metrics: Sequence[tuple[str, str]]) -> dict[str, Any]:
        dimensions = ["DistributionId", distribution_id, "Region", "Global"]
        return {
            "type": "metric",
            "x": column * 12,
            "y": row * 6,
            "width": 12,
            "height": 6,
            "properties": {
                "title": title,
                "region": REGION,
                "view": "timeSeries",
                "period": 60,
                "metrics": [["AWS/CloudFront", name, *dimensions, {"stat": stat}] for name, stat in metrics],
            },
        }

    widgets = [
        widget("Requests", 0, 0, [("Requests", "Sum")]),
        widget("Hit rate (%)", 0, 1, [("CacheHitRate", "Average")]),
        widget("Errors (%)", 1, 0, [("4xxErrorRate", "Average"), ("5xxErrorRate", "Average")]),
        widget("Origin latency (ms)", 1, 1, [("OriginLatency", "p50"), ("OriginLatency", "p95"), ("OriginLatency", "p99")]),
        widget("Function at the edge", 2, 0, [("LambdaExecutionError", "Sum"), ("LambdaValidationError", "Sum"), ("LambdaLimitExceededErrors", "Sum")]),
        widget("Bytes", 2, 1, [("BytesDownloaded", "Sum"), ("BytesUploaded", "Sum")]),
    ]  # fmt: skip
    return json.dumps({"widgets": widgets}, sort_keys=True)
