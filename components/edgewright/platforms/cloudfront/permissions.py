"""Statements of an IAM policy that a function's role gets: what IAM would refuse of them, minutes into a deployment.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from edgewright.base.fault_codes import Code
from edgewright.base.faults import Faults, show

STATEMENT = ("Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition")
"""What a statement of a role's policy may have. Who it is for is not said: it is for the role."""

EFFECTS = ("Allow", "Deny")

OPERATORS = (
    *(
        f"String{each}"
        for each in ("Equals", "NotEquals", "EqualsIgnoreCase", "NotEqualsIgnoreCase", "Like", "NotLike")
    ),
    *(
        f"{kind}{each}"
        for kind in ("Numeric", "Date")
        for each in ("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals")
    ),
    "Bool",
    "BinaryEquals",
    "IpAddress",
    "NotIpAddress",
    *(f"Arn{each}" for each in ("Equals", "NotEquals", "Like", "NotLike")),
    "Null",
)
"""https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html"""

_ACTION = re.compile(r"(\*|[A-Za-z0-9-]+:[A-Za-z0-9*?]+)\Z")
_SID = re.compile(r"[A-Za-z0-9]+\Z")


def check_permissions(statements: Sequence[Mapping[str, object]], faults: Faults) -> None:
    """Note what is no statement of a role's policy."""
    seen: dict[str, str] = {}
    for index, statement in enumerate(statements):
        path = f"permissions[{index}]"
        for key in statement:
            if key in ("Principal", "NotPrincipal"):
                faults.add(
                    f"{path}.{key}",
                    "is for policies of resources: this one is for the function's role",
                    code=Code.UNKNOWN,
                    allowed=", ".join(STATEMENT),
                    fix="Leave it out.",
                )
            elif key not in STATEMENT:
                faults.unknown_key(path, key, STATEMENT)
        if "Effect" in statement:
            faults.one_of(f"{path}.Effect", statement["Effect"], EFFECTS)
        else:
            faults.add(
                f"{path}.Effect", "is required and was not given", code=Code.MISSING, allowed=" or ".join(EFFECTS)
            )
        _check_listed(
            path,
            "Action",
            _is_action,
            "'*', or a service and an action, for example 'dynamodb:GetItem'",
            statement,
            faults,
        )
        _check_listed(path, "Resource", _is_resource, "'*', or an ARN", statement, faults)
        if "Sid" in statement:
            _check_sid(f"{path}.Sid", statement["Sid"], seen, faults)
        if "Condition" in statement:
            _check_condition(f"{path}.Condition", statement["Condition"], faults)


def _check_listed(
    path: str, key: str, sound: Callable[[str], bool], allowed: str, statement: Mapping[str, object], faults: Faults
) -> None:
    """Note what is wrong with the one of `key` and `Not<key>` that a statement has."""
    given = [each for each in (key, f"Not{key}") if each in statement]
    if len(given) != 1:
        faults.add(
            f"{path}.{key}",
            f"and `Not{key}` are given together" if given else "is required and was not given",
            code=Code.EXCLUSIVE if given else Code.MISSING,
            allowed=f"exactly one of `{key}` and `Not{key}`",
        )
    for each in given:
        values = _listed(statement[each])
        if not values:
            faults.add(
                f"{path}.{each}",
                f"{show(statement[each])} names nothing",
                code=Code.EMPTY,
                allowed=f"{allowed}; or a list of such",
            )
        for value in values:
            if not isinstance(value, str) or not sound(value):
                faults.add(
                    f"{path}.{each}",
                    f"{show(value)} is refused by IAM",
                    code=Code.NOT_TAKEN,
                    allowed=f"{allowed}; or a list of such",
                )


def _listed(value: object) -> Sequence[Any]:
    return value if isinstance(value, (list, tuple)) else (value,)


def _is_action(text: str) -> bool:
    return _ACTION.match(text) is not None


def _is_resource(text: str) -> bool:
    return text == "*" or (text.startswith("arn:") and text.count(":") >= 5)


def _check_sid(path: str, sid: object, seen: dict[str, str], faults: Faults) -> None:
    if not isinstance(sid, str) or not _SID.match(sid):
        faults.add(path, f"{show(sid)} is not a statement's id", code=Code.NAME, allowed="letters and digits")
    elif sid in seen:
        faults.add(
            path,
            f"{show(sid)} is the id of {seen[sid]} too",
            code=Code.TWICE,
            fix="Give each statement an id of its own, or none.",
        )
    else:
        seen[sid] = path.rpartition(".")[0]


def _check_condition(path: str, condition: object, faults: Faults) -> None:
    if not isinstance(condition, Mapping) or not all(isinstance(each, Mapping) for each in condition.values()):
        faults.add(
            path,
            f"{show(condition)} is not a condition",
            code=Code.TYPE,
            allowed="a mapping from operators to mappings from condition keys to values, for example"
            " {'StringEquals': {'aws:RequestedRegion': 'eu-central-1'}}",
        )
        return
    for operator in condition:
        bare = re.sub(r"^For(AllValues|AnyValue):", "", str(operator)).removesuffix("IfExists")
        if bare not in OPERATORS:
            faults.one_of(f"{path}.{operator}", bare, OPERATORS)
