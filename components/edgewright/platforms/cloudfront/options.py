"""What of the components' arguments only CloudFront has: `cloudfront: {...}`.

A program may give them beside other platforms' options: they are checked wherever the component is, and do something on
CloudFront alone. Nothing heavy is imported here, because every program with a component reads it.
"""

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeGuard

import pulumi
from typing_extensions import NotRequired, TypedDict

from edgewright.arguments import values
from edgewright.arguments.shape import checked, is_later
from edgewright.arguments.written import Days, Region, written
from edgewright.base.fault_codes import Code
from edgewright.base.faults import Faults, output_of, show
from edgewright.platforms.cloudfront.lists import aws

PRICE_CLASSES = ("PriceClass_100", "PriceClass_200", "PriceClass_All")
VIEWER_EVENTS = ("viewer-request", "viewer-response")
ORIGIN_EVENTS = ("origin-request", "origin-response")
EVENTS = (*VIEWER_EVENTS, *ORIGIN_EVENTS)
REGION = "us-east-1"
"""Where what CloudFront uses of other services has to be."""

if TYPE_CHECKING:
    PriceClass: TypeAlias = Literal["PriceClass_100", "PriceClass_200", "PriceClass_All"]
    EdgeEvent: TypeAlias = Literal["viewer-request", "viewer-response", "origin-request", "origin-response"]
else:
    PriceClass = written("PriceClass", values.word("a price class", PRICE_CLASSES[0]), words=PRICE_CLASSES)
    EdgeEvent = written("EdgeEvent", values.word("an event", EVENTS[0]), words=EVENTS)


class CloudfrontApiOptions(TypedDict):
    """What an API has on CloudFront only. It does nothing on another host."""

    certificate_arn: NotRequired[pulumi.Input[str]]
    """The certificate of `hostname`, from us-east-1. Default: made, where `hosted_zone_id` is given."""
    hosted_zone_id: NotRequired[pulumi.Input[str]]
    """The Route 53 zone of `hostname`: a certificate is made and validated there, and the hostname resolves to the
    distribution. Default: DNS and certificate are left to you."""
    price_class: NotRequired[PriceClass]
    """Where it answers. Default: `PriceClass_All`."""
    origin_shield: NotRequired[Region]
    """The AWS region nearest to the origins, through which every miss goes. Default: none."""
    web_acl_arn: NotRequired[pulumi.Input[str]]
    """A web ACL with scope CLOUDFRONT, from us-east-1. Excludes `rate_limit` on endpoints, which makes one.
    Default: none, or one made from the endpoints' rate limits."""
    access_logs: NotRequired[bool]
    """Whether each request is logged, to CloudWatch Logs in us-east-1. Default: true."""
    log_retention_days: NotRequired[Days]
    """How long access logs are kept. Default: 30."""
    metrics: NotRequired[bool]
    """Whether the additional metrics (hit rate, origin latency, errors by status) are on. Default: true."""
    dashboard: NotRequired[bool]
    """Whether a CloudWatch dashboard shows them. Default: false."""
    wait_for_deployment: NotRequired[bool]
    """Whether a deployment waits until every edge location has it, which takes minutes. Default: true in a stack named prod or
    production, else false."""


class CloudfrontEndpointOptions(TypedDict):
    """What an endpoint has on CloudFront only. It does nothing on another host."""

    functions: NotRequired[list[pulumi.Input[Any]]]
    """A LambdaEdgeFunction's `association`, for viewer events: those of the origin are the API's own. One function an event.
    Default: none."""


OPTIONS: Mapping[str, type] = {"EdgeApi": CloudfrontApiOptions, "Endpoint": CloudfrontEndpointOptions}
"""By the component, or the mapping in a component's arguments, that has them."""


# --- checks: of what can be told of the options alone -----------------------------------------------------------------


def check_options(component: str, options: Mapping[str, Any], faults: Faults, at: str) -> None:
    """Note what is wrong with a component's options, whatever host it is on."""
    _CHECKS[component](options, at, faults)


def _check_api(options: Mapping[str, Any], at: str, faults: Faults) -> None:
    for key, check in _LATE:
        # One that becomes known later is looked at where it is used.
        if key in options and not is_later(options[key]):
            check(options[key], faults)
    if "price_class" in options:
        faults.one_of(f"{at}.price_class", options["price_class"], PRICE_CLASSES)
    _check_logs(options, faults)
    if "origin_shield" in options:
        _check_shield(options["origin_shield"], faults)


def _check_endpoint(options: Mapping[str, Any], at: str, faults: Faults) -> None:
    for index, function in enumerate(options.get("functions", ())):
        if not is_later(function):
            is_association(function, f"{at}.functions[{index}]", faults)


def is_association(function: object, path: str, faults: Faults) -> TypeGuard[Mapping[str, Any]]:
    """Say whether this is what a LambdaEdgeFunction's `association` has; note it where it is not."""
    if isinstance(function, Mapping) and {"events", "arn"} <= function.keys():
        return True
    faults.add(
        path,
        f"{show(function)} is not a function",
        code=Code.COMPONENT_OUTPUT,
        allowed="a LambdaEdgeFunction's `association`",
        fix=output_of(function, "association"),
    )
    return False


_CHECKS: Mapping[str, Callable[[Mapping[str, Any], str, Faults], None]] = {
    "EdgeApi": _check_api,
    "Endpoint": _check_endpoint,
}


def check_later(options: Mapping[str, Any], faults: Faults) -> dict[str, Any]:
    """Return the options with what becomes known later checked when it is."""
    found = dict(options)
    for key, check in _LATE:
        if key in options and is_later(options[key]):
            found[key] = checked(options[key], check, faults)
    return found


def _check_id(key: str, pattern: str, example: str, value: object, faults: Faults) -> None:
    if not re.fullmatch(pattern, str(value)):
        faults.add(
            f"cloudfront.{key}", f"{show(value)} is not what AWS takes here", code=Code.IDENTIFIER, allowed=example
        )


_IDS = tuple(
    (key, partial(_check_id, key, pattern, example))
    for key, pattern, example in (
        (
            "web_acl_arn",
            r"arn:aws[a-z-]*:wafv2:us-east-1:\d{12}:global/webacl/[\w-]+/[\w-]+",
            "arn:aws:wafv2:us-east-1:...:global/webacl/NAME/ID, of the scope CLOUDFRONT",
        ),
        ("hosted_zone_id", r"Z[A-Z0-9]{0,31}", "the id of a zone of Route 53, for example Z0123456789ABCDEFGHIJ"),
    )
)


def _check_logs(options: Mapping[str, Any], faults: Faults) -> None:
    retention = aws().log_retention_days
    days = options.get("log_retention_days")
    if days is not None and days not in retention.values:
        faults.add(
            "cloudfront.log_retention_days",
            f"{show(days)} is not for how long CloudWatch keeps a log ({retention.source})",
            code=Code.NOT_TAKEN,
            allowed=f"{retention.text} days",
        )
    if days is not None and options.get("access_logs") is False:
        faults.add(
            "cloudfront.log_retention_days",
            "has no effect with `access_logs: false`",
            code=Code.NO_EFFECT,
            fix="Leave it out, or keep access logs.",
        )
    if options.get("dashboard") and options.get("metrics") is False:
        faults.add(
            "cloudfront.dashboard",
            "shows hit rates and latencies, which CloudFront has with `metrics` alone"
            " (https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/viewing-cloudfront-metrics.html)",
            code=Code.NEEDS,
            fix="Leave `metrics: false` out, or the dashboard.",
        )


def _check_shield(region: object, faults: Faults) -> None:
    shield = aws().origin_shield
    if region in shield.regions:
        return
    advised = shield.advised.get(str(region))
    faults.add(
        "cloudfront.origin_shield",
        f"{show(region)} is not a region with Origin Shield ({shield.source})",
        code=Code.REGION,
        allowed=", ".join(shield.regions),
        fix=f"For {region} AWS advises {advised}." if advised else "",
    )


def _check_certificate(arn: object, faults: Faults) -> None:
    at = "cloudfront.certificate_arn"
    found = re.fullmatch(r"arn:aws[a-z-]*:acm:([a-z0-9-]+):\d{12}:certificate/[\w-]+", str(arn))
    if found is None:
        faults.add(
            at, f"{show(arn)} is not a certificate's ARN", code=Code.IDENTIFIER, allowed="arn:aws:acm:us-east-1:..."
        )
    elif found[1] != REGION:
        faults.add(
            at,
            f"is from {found[1]}, and CloudFront takes certificates from us-east-1 only"
            " (https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cnames-and-https-requirements.html)",
            code=Code.REGION,
            allowed=REGION,
            fix="Give `cloudfront.hosted_zone_id` instead, and one is made there; no second provider is needed.",
        )


_LATE: tuple[tuple[str, Callable[[object, Faults], None]], ...] = (("certificate_arn", _check_certificate), *_IDS)
"""Options that may become known later, with their checks."""
