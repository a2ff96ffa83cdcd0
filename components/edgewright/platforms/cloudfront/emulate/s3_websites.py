"""What a bucket's website is, from the three ways to write it."""

import json
from collections.abc import Callable

from edgewright.engine.resources import Inputs
from edgewright.platforms.cloudfront import protocol as cf


def website(inputs: Inputs) -> cf.S3Website:
    """Return what a bucket's website endpoint does.

    Raises:
        pydantic.ValidationError, ValueError: something of it is not what S3 takes.
    """
    if inputs.get("routingRuleDetails"):
        rules = [_rule(rule, _capitalised) for rule in json.loads(str(inputs["routingRuleDetails"]))]
    else:
        rules = [_rule(rule, _as_given) for rule in inputs.get("routingRules") or []]
    redirect = inputs.get("redirectAllRequestsTo")
    return cf.S3Website(
        index_document=(inputs.get("indexDocument") or {}).get("suffix"),
        error_document=(inputs.get("errorDocument") or {}).get("key"),
        redirect_all=cf.S3RedirectAll.model_validate({k: v or None for k, v in redirect.items()}) if redirect else None,
        routing_rules=rules,
    )


def older_website(given: Inputs) -> cf.S3Website:
    """Return what the input `website` of a bucket asks for: names and URLs instead of objects, rules as JSON.

    Raises:
        pydantic.ValidationError, ValueError: something of it is not what S3 takes.
    """
    rules = given.get("routingRules") or []
    rules = json.loads(rules) if isinstance(rules, str) else rules
    redirect = str(given.get("redirectAllRequestsTo") or "")
    protocol, _, host = redirect.rpartition("://")
    return cf.S3Website(
        index_document=given.get("indexDocument"),
        error_document=given.get("errorDocument"),
        redirect_all=cf.S3RedirectAll.model_validate({"host_name": host, "protocol": protocol or None})
        if redirect
        else None,
        routing_rules=[_rule(rule, _capitalised) for rule in rules],
    )


def _as_given(name: str) -> str:
    return name


def _capitalised(name: str) -> str:
    """Return a field's name as S3's own JSON has it: `KeyPrefixEquals`."""
    return name[0].upper() + name[1:]


def _rule(rule: Inputs, named: Callable[[str], str]) -> cf.S3RedirectRule:
    condition, redirect = rule.get(named("condition")) or {}, rule.get(named("redirect")) or {}
    found = {
        "error_code": condition.get(named("httpErrorCodeReturnedEquals")),
        "key_prefix": condition.get(named("keyPrefixEquals")),
        "host_name": redirect.get(named("hostName")),
        "protocol": redirect.get(named("protocol")),
        "redirect_code": redirect.get(named("httpRedirectCode")),
        "replace_key_prefix_with": redirect.get(named("replaceKeyPrefixWith")),
        "replace_key_with": redirect.get(named("replaceKeyWith")),
    }
    return cf.S3RedirectRule.model_validate({key: value or None for key, value in found.items()})
