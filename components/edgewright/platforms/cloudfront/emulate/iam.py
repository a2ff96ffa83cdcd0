"""AWS IAM: roles and policies."""

from collections.abc import Callable, Iterable
from typing import Final

from edgewright.engine.cloud import CloudError
from edgewright.engine.resources import Inputs, Outputs
from edgewright.platforms.cloudfront.emulate import iam_policies
from edgewright.platforms.cloudfront.emulate.account import (
    all_tags,
    by,
    capitals,
    first_part,
    global_arn,
    no_outputs,
)
from edgewright.platforms.handlers import EPOCH, Function, Handler

ROLE = "aws:iam/role:Role"
ROLE_ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
POLICY = "aws:iam/policy:Policy"


def _role_outputs(inputs: Inputs, _identity: str) -> Outputs:
    path = inputs.get("path") or "/"
    return {
        "arn": global_arn("iam", f"role{path}{inputs.get('name')}"),
        "createDate": EPOCH,
        "forceDetachPolicies": inputs.get("forceDetachPolicies", False),
        "inlinePolicies": inputs.get("inlinePolicies") or [],
        "managedPolicyArns": inputs.get("managedPolicyArns") or [],
        "maxSessionDuration": inputs.get("maxSessionDuration", 3600),
        "path": path,
        "uniqueId": "AROA" + capitals(ROLE, inputs.get("name"), digits=17),
        **all_tags(inputs),
    }


def check_policy(key: str) -> Callable[[Inputs], Iterable[str]]:
    def check(inputs: Inputs) -> Iterable[str]:
        try:
            iam_policies.read(inputs.get(key) or "")
        except iam_policies.BadPolicy as error:
            yield f"{key}: {error}"

    return check


def _policy_document(args: Inputs) -> Outputs:
    try:
        return iam_policies.policy_document(args)
    except iam_policies.BadPolicy as error:
        raise CloudError(f"getPolicyDocument: {error}") from None


HANDLERS: Final[dict[str, Handler]] = {
    ROLE: Handler(
        by("name"),
        _role_outputs,
        ("assumeRolePolicy",),
        check_policy("assumeRolePolicy"),
        make_id=first_part,
        gap="aws-lambda-role",
        auto_name="name",
        auto_prefix=True,
    ),
    ROLE_ATTACHMENT: Handler(
        by("role", "policyArn"),
        no_outputs,
        ("policyArn", "role"),
        make_id=lambda _type, identity: "-".join(map(str, identity)),
        gap="aws-lambda-role",
    ),
    ROLE_POLICY: Handler(
        by("role", "name"),
        no_outputs,
        ("policy", "role"),
        check_policy("policy"),
        make_id=lambda _type, identity: ":".join(map(str, identity)),
        gap="aws-lambda-role",
        auto_name="name",
        auto_prefix=True,
    ),
    POLICY: Handler(
        by("path", "name"),
        lambda i, identity: {
            "arn": identity,
            "attachmentCount": 0,
            "path": i.get("path") or "/",
            "policyId": "ANPA" + capitals(POLICY, identity, digits=17),
            **all_tags(i),
        },
        ("policy",),
        check_policy("policy"),
        make_id=lambda _type, identity: global_arn("iam", "policy{}{}".format(*(p or "/" for p in identity))),
        gap="aws-lambda-role",
        auto_name="name",
        auto_prefix=True,
    ),
}

FUNCTIONS: Final[dict[str, Function]] = {
    "aws:iam/getPolicyDocument:getPolicyDocument": _policy_document,
}
