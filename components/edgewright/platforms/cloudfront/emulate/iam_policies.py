"""IAM policy documents: written as the provider writes them, and read where the local cloud has to obey them."""

import fnmatch
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from edgewright.engine.resources import Inputs, Outputs

Element: TypeAlias = Mapping[str, object]
"""A policy document, a statement, or a part of one, as IAM has it."""

DEFAULT_VERSION = "2012-10-17"
"""What the provider writes; https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_version.html"""


class BadPolicy(ValueError):
    """A text is not a policy document. The message says why."""


def _texts(value: object) -> list[str]:
    """Return what may be one text or several as several."""
    if value is None:
        return []
    return [str(item) for item in value] if isinstance(value, (list, tuple)) else [str(value)]


def _one_or_many(values: object) -> str | list[str]:
    """Return one value bare and several in the provider's order, with `&{` as `${`."""
    texts = sorted((text.replace("&{", "${") for text in _texts(values)), reverse=True)
    return texts[0] if len(texts) == 1 else texts


def _principals(given: Iterable[Inputs]) -> object:
    found: dict[str, list[str]] = {}
    for principal in given:
        found.setdefault(str(principal["type"]), []).extend(_texts(principal["identifiers"]))
    # `{"AWS": "*"}` stays as it is: a trust policy takes it and refuses the bare one.
    if found == {"*": ["*"]}:
        return "*"
    return {kind: _one_or_many(found[kind]) for kind in sorted(found)}


def _conditions(given: Iterable[Inputs]) -> Element:
    found: dict[str, dict[str, list[str]]] = {}
    for condition in given:
        test = found.setdefault(str(condition["test"]), {})
        test.setdefault(str(condition["variable"]), []).extend(_texts(condition["values"]))
    return {
        test: {variable: _one_or_many(values) for variable, values in sorted(variables.items())}
        for test, variables in sorted(found.items())
    }


def _statement(given: Inputs) -> Element:
    parts = {
        "Sid": given.get("sid"),
        "Effect": given.get("effect") or "Allow",
        "Action": _one_or_many(given.get("actions")),
        "NotAction": _one_or_many(given.get("notActions")),
        "Resource": _one_or_many(given.get("resources")),
        "NotResource": _one_or_many(given.get("notResources")),
        "Principal": _principals(given.get("principals") or []),
        "NotPrincipal": _principals(given.get("notPrincipals") or []),
        "Condition": _conditions(given.get("conditions") or []),
    }
    return {name: value for name, value in parts.items() if value}


def _merged(statements: Iterable[Element], more: Iterable[Element]) -> list[Element]:
    """Return statements with others added; one with a known `Sid` takes the other's place."""
    result = list(statements)
    for statement in more:
        sid = statement.get("Sid")
        places = [index for index, known in enumerate(result) if sid and known.get("Sid") == sid]
        if places:
            result[places[0]] = statement
        else:
            result.append(statement)
    return result


def _documents(args: Inputs, key: str, old_key: str) -> Iterator[Element]:
    for text in [*_texts(args.get(old_key)), *_texts(args.get(key))]:
        if text:
            yield read(text)


def policy_document(args: Inputs) -> Outputs:
    """Answer `aws:iam/getPolicyDocument`: sources first, then the statements, then overrides; a `Sid` names one place.

    Raises:
        BadPolicy: a document that is given is none, or two sources share a `Sid`.
    """
    version = args.get("version") or DEFAULT_VERSION
    identity = args.get("policyId")
    statements: list[Element] = []
    seen: set[str] = set()
    for document in _documents(args, "sourcePolicyDocuments", "sourceJson"):
        found = _listed(document)
        for sid in [str(item["Sid"]) for item in found if item.get("Sid")]:
            if sid in seen:
                raise BadPolicy(f"two statements of sourcePolicyDocuments have the Sid {sid!r}")
            seen.add(sid)
        statements = _merged(statements, found)
        identity = identity or document.get("Id")
        version = args.get("version") or document.get("Version") or version
    statements = _merged(statements, [_statement(item) for item in args.get("statements") or []])
    for document in _documents(args, "overridePolicyDocuments", "overrideJson"):
        statements = _merged(statements, _listed(document))
        identity = document.get("Id") or identity
        version = document.get("Version") or version
    made: dict[str, object] = {"Version": version}
    if identity:
        made["Id"] = identity
    if statements:
        made["Statement"] = statements
    return {
        **args,
        "version": version,
        "id": str(sum(json.dumps(made).encode())),
        "json": json.dumps(made, indent=2),
        "minifiedJson": json.dumps(made, separators=(",", ":")),
    }


def read(text: object) -> Element:
    """Return a policy document.

    Raises:
        BadPolicy: it is none.
    """
    try:
        document = json.loads(text) if isinstance(text, str) else text
    except ValueError as error:
        raise BadPolicy(f"is not JSON: {error}") from None
    if not isinstance(document, Mapping):
        raise BadPolicy("is not a JSON object")
    _listed(document)
    return document


def _listed(document: Element) -> list[Element]:
    found = document.get("Statement") or []
    statements: list[Element] = []
    for statement in found if isinstance(found, list) else [found]:
        if not isinstance(statement, Mapping) or statement.get("Effect") not in ("Allow", "Deny"):
            raise BadPolicy("has a statement whose Effect is neither Allow nor Deny")
        statements.append(statement)
    return statements


def trusted_services(text: object) -> frozenset[str]:
    """Return the services that may assume a role, by its trust policy."""
    services: set[str] = set()
    for statement in _listed(read(text)):
        principal = statement.get("Principal")
        assumed = any(_matches(pattern, "sts:AssumeRole") for pattern in _texts(statement.get("Action")))
        if statement["Effect"] == "Allow" and assumed and isinstance(principal, Mapping):
            services.update(_texts(principal.get("Service")))
    return frozenset(services)


def _matches(pattern: str, text: str) -> bool:
    """Whether a pattern of IAM's (`*`, `?`) covers a text; actions do not distinguish case."""
    return fnmatch.fnmatchcase(text.lower(), pattern.lower().replace("[", "[[]"))


@dataclass(frozen=True)
class Caller:
    """Who asks a bucket: a distribution, with an origin access control, an identity, or nothing."""

    distribution_arn: str = ""
    account: str = ""
    identity_arn: str = ""
    canonical_user: str = ""


class NotDecided(Exception):
    """A policy uses what is not decided here. The message says what."""


def allows(text: object, action: str, resource: str, caller: Caller) -> bool:
    """Whether a bucket's policy lets a caller do something: a Deny wins, and what is not allowed is denied.

    Raises:
        BadPolicy: the text is no policy.
        NotDecided: it cannot be told here.
    """
    allowed = False
    for statement in _listed(read(text)):
        if not _covers(statement, "Action", action) or not _covers(statement, "Resource", resource):
            continue
        if not _is_for(statement, caller) or not _meets(statement, caller):
            continue
        if statement["Effect"] == "Deny":
            return False
        allowed = True
    return allowed


def _covers(statement: Element, element: str, text: str) -> bool:
    if f"Not{element}" in statement:
        return not any(_matches(pattern, text) for pattern in _texts(statement[f"Not{element}"]))
    return any(_matches(pattern, text) for pattern in _texts(statement.get(element)))


def _is_for(statement: Element, caller: Caller) -> bool:
    if "NotPrincipal" in statement:
        raise NotDecided("NotPrincipal is not decided here; name the principals")
    principal = statement.get("Principal")
    if principal == "*":
        return True
    if not isinstance(principal, Mapping):
        return False
    own = {
        "Service": {"cloudfront.amazonaws.com"} if caller.distribution_arn else set(),
        "AWS": {caller.identity_arn} if caller.identity_arn else set(),
        "CanonicalUser": {caller.canonical_user} if caller.canonical_user else set(),
    }
    return any(
        name == "*" or name in own.get(str(kind), set()) for kind, names in principal.items() for name in _texts(names)
    )


_LIKE = {"stringequals", "arnequals", "stringlike", "arnlike", "stringequalsignorecase"}


def _meets(statement: Element, caller: Caller) -> bool:
    known = {
        "aws:sourcearn": caller.distribution_arn,
        "aws:sourceaccount": caller.account,
        # The local edge reaches its buckets as CloudFront does: by TLS.
        "aws:securetransport": "true",
    }
    conditions = statement.get("Condition")
    for test, variables in conditions.items() if isinstance(conditions, Mapping) else ():
        bare = re.sub(r"IfExists$", "", str(test)).lower()
        for variable, values in variables.items():
            actual = known.get(str(variable).lower())
            if actual is None:
                raise NotDecided(f"the condition key {variable} is not decided here")
            if bare == "bool":
                met = actual in [text.lower() for text in _texts(values)]
            elif bare in _LIKE:
                met = any(_matches(pattern, actual) for pattern in _texts(values))
            elif bare.replace("not", "", 1) in _LIKE:
                met = not any(_matches(pattern, actual) for pattern in _texts(values))
            else:
                raise NotDecided(f"the condition operator {test} is not decided here")
            if not met:
                return False
    return True
