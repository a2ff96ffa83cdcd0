"""AWS WAF."""

import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from pydantic.alias_generators import to_camel

from edgewright.contract.limits import limit
from edgewright.engine.resources import Inputs
from edgewright.platforms.cloudfront import protocol as cf
from edgewright.platforms.cloudfront.emulate.account import (
    REGION,
    all_tags,
    by,
    first_part,
    in_region,
    region,
    regional_arn,
    uuid_of,
)
from edgewright.platforms.cloudfront.lists import aws
from edgewright.platforms.handlers import Handler, uuid_id

WEB_ACL = "aws:wafv2/webAcl:WebAcl"
IP_SET = "aws:wafv2/ipSet:IpSet"

_WINDOWS_S = aws().waf_windows_s.values
_LEAST_RATE = int(limit("cloudfront.waf.rate_least").value)
_WAYS = {to_camel(name) for name in cf.WafStatement.model_fields}
_FIELDS = {to_camel(name) for name in cf.WafField.model_fields}


def statements(statement: Any) -> Iterator[Inputs]:
    """Yield a statement and all that it has inside."""
    if not isinstance(statement, Mapping):
        return
    yield statement
    for name, inner in statement.items():
        if isinstance(inner, Mapping) and name in _WAYS:
            yield from statements(inner.get("scopeDownStatement"))
            yield from statements(inner.get("statement"))
            for each in inner.get("statements") or []:
                yield from statements(each)


def unserved(rule: Inputs) -> bool:
    """Return whether a rule has what is not served here, and so may match nothing."""
    if not set(rule.get("action") or {}) & {"allow", "block", "count"}:
        return True
    for statement in statements(rule.get("statement")):
        for name, inner in statement.items():
            field = inner.get("fieldToMatch") if isinstance(inner, Mapping) else None
            if name not in _WAYS or (field is not None and not set(field) & _FIELDS):
                return True
    return False


def _check_web_acl(inputs: Inputs) -> Iterable[str]:
    if inputs.get("scope") == "CLOUDFRONT" and region(inputs) != REGION:
        yield f'region: a web ACL of the scope CLOUDFRONT is in {REGION}, got {region(inputs)!r}; set region="{REGION}"'
    priorities = [rule.get("priority") for rule in inputs.get("rules") or []]
    for priority in sorted({each for each in priorities if priorities.count(each) > 1}):
        yield f"rules: the priority {priority:g} is there twice; each rule has its own"
    counting = [
        rule
        for rule in inputs.get("rules") or []
        if any("rateBasedStatement" in statement for statement in statements(rule.get("statement")))
    ]
    most = limit("cloudfront.waf.rate_rules")
    if len(counting) > most.value:
        yield f"rules: WAFLimitsExceededException: {len(counting)} rate-based rules; a web ACL has at most {most.text}"
    longest = limit("cloudfront.waf.pattern_chars")
    for rule in inputs.get("rules") or []:
        for statement in statements(rule.get("statement")):
            expression = str((statement.get("regexMatchStatement") or {}).get("regexString") or "")
            if len(expression) > longest.value:
                yield (
                    f"rules[{rule.get('name')}].regexMatchStatement.regexString: {len(expression)} characters; AWS WAF takes"
                    f" {longest.value}"
                )
            rate = statement.get("rateBasedStatement")
            if not rate:
                continue
            where = f"rules[{rule.get('name')}].rateBasedStatement"
            if rate.get("evaluationWindowSec", 300) not in _WINDOWS_S:
                yield f"{where}.evaluationWindowSec: must be one of {_WINDOWS_S}, got {rate['evaluationWindowSec']!r}"
            if rate.get("limit", 0) < _LEAST_RATE:
                yield f"{where}.limit: must be {_LEAST_RATE} or more, got {rate.get('limit')!r}"


def _check_ip_set(inputs: Inputs) -> Iterable[str]:
    version = 4 if inputs.get("ipAddressVersion") == "IPV4" else 6
    for address in inputs.get("addresses") or []:
        try:
            good = "/" in str(address) and ipaddress.ip_network(str(address)).version == version
        except ValueError:
            good = False
        if not good:
            yield f"addresses: {address!r} is no network of {inputs.get('ipAddressVersion')} such as 192.0.2.0/24"


HANDLERS: Final[dict[str, Handler]] = {
    WEB_ACL: Handler(
        by("name", "scope"),
        lambda i, identity: {
            "applicationIntegrationUrl": "",
            "arn": regional_arn(
                "wafv2",
                i,
                f"{'global' if i.get('scope') == 'CLOUDFRONT' else 'regional'}/webacl/{i.get('name')}/{identity}",
            ),
            "capacity": 0,
            "lockToken": uuid_id("lock", dict(i)),
            "region": region(i),
            **all_tags(i),
        },
        ("defaultAction", "scope", "visibilityConfig"),
        _check_web_acl,
        make_id=uuid_of,
        auto_name="name",
        auto_prefix=True,
    ),
    IP_SET: Handler(
        by("name", "scope"),
        lambda i, identity: {
            "arn": regional_arn(
                "wafv2",
                i,
                f"{'global' if i.get('scope') == 'CLOUDFRONT' else 'regional'}/ipset/{i.get('name')}/{identity}",
            ),
            "lockToken": uuid_id("lock", dict(i)),
            "region": region(i),
            **all_tags(i),
        },
        ("ipAddressVersion", "scope"),
        _check_ip_set,
        make_id=uuid_of,
        auto_name="name",
        auto_prefix=True,
    ),
    "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration": Handler(
        by("resourceArn"), in_region, ("logDestinationConfigs", "resourceArn"), make_id=first_part, gap="aws-waf"
    ),
}
