"""Amazon CloudWatch: logs, metrics, alarms and dashboards."""

from collections.abc import Iterable
from typing import Final

from edgewright.engine.resources import Inputs
from edgewright.platforms.cloudfront.emulate.account import (
    all_tags,
    by,
    capitals,
    first_part,
    global_arn,
    region,
    regional_arn,
)
from edgewright.platforms.cloudfront.lists import aws
from edgewright.platforms.handlers import Handler


def _check_group(inputs: Inputs) -> Iterable[str]:
    retention, days = aws().log_retention_days, inputs.get("retentionInDays")
    # 0: for ever.
    if days and days not in retention.values:
        yield f"retentionInDays: must be one of {retention.text}, got {days!r}"


HANDLERS: Final[dict[str, Handler]] = {
    "aws:cloudwatch/logGroup:LogGroup": Handler(
        by("name"),
        lambda i, _: {
            "arn": regional_arn("logs", i, f"log-group:{i.get('name')}"),
            "deletionProtectionEnabled": i.get("deletionProtectionEnabled", False),
            "logGroupClass": i.get("logGroupClass") or "STANDARD",
            "region": region(i),
            **all_tags(i),
        },
        (),
        _check_group,
        make_id=first_part,
        gap="aws-logs",
        auto_name="name",
        auto_prefix=True,
    ),
    "aws:cloudwatch/logDeliverySource:LogDeliverySource": Handler(
        by("name"),
        lambda i, _: {
            "arn": regional_arn("logs", i, f"delivery-source:{i.get('name')}"),
            "region": region(i),
            "service": "cloudfront",
            **all_tags(i),
        },
        ("logType", "resourceArn"),
        make_id=first_part,
        gap="aws-logs",
        auto_name="name",
    ),
    "aws:cloudwatch/logDeliveryDestination:LogDeliveryDestination": Handler(
        by("name"),
        lambda i, _: {
            "arn": regional_arn("logs", i, f"delivery-destination:{i.get('name')}"),
            "deliveryDestinationType": i.get("deliveryDestinationType") or "CWL",
            "outputFormat": i.get("outputFormat") or "json",
            "region": region(i),
            **all_tags(i),
        },
        make_id=first_part,
        gap="aws-logs",
        auto_name="name",
    ),
    "aws:cloudwatch/logDelivery:LogDelivery": Handler(
        by("deliverySourceName", "deliveryDestinationArn"),
        lambda i, identity: {
            "arn": regional_arn("logs", i, f"delivery:{identity}"),
            "fieldDelimiter": i.get("fieldDelimiter") or "",
            "recordFields": i.get("recordFields") or [],
            "region": region(i),
            "s3DeliveryConfigurations": i.get("s3DeliveryConfigurations") or [],
            **all_tags(i),
        },
        ("deliveryDestinationArn", "deliverySourceName"),
        make_id=lambda type_, identity: capitals(type_, *identity, digits=16),
        gap="aws-logs",
    ),
    "aws:cloudwatch/dashboard:Dashboard": Handler(
        by("dashboardName"),
        lambda i, _: {
            "dashboardArn": global_arn("cloudwatch", f"dashboard/{i.get('dashboardName')}"),
            "region": region(i),
        },
        ("dashboardBody", "dashboardName"),
        make_id=first_part,
        gap="aws-logs",
    ),
    "aws:cloudwatch/metricAlarm:MetricAlarm": Handler(
        by("name"),
        lambda i, _: {
            "arn": regional_arn("cloudwatch", i, f"alarm:{i.get('name')}"),
            "evaluateLowSampleCountPercentiles": i.get("evaluateLowSampleCountPercentiles") or "",
            "region": region(i),
            **all_tags(i),
        },
        make_id=first_part,
        gap="aws-logs",
        auto_name="name",
    ),
}
