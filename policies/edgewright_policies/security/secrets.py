"""Secrets that anybody could read."""

from collections.abc import Iterator

from edgewright_policies.archives import package_of
from edgewright_policies.reading import View, asset_bytes, modules, raise_unknown, show
from edgewright_policies.rule import Context, NoConfig, Violation, resource_rule, rules_of
from edgewright_policies.secret_text import code_kinds, token_kind, variable_kind
from edgewright_policies.types import (
    CLOUDFRONT_FUNCTION,
    CLOUDFRONT_KVS_KEY,
    CLOUDFRONT_KVS_KEYS,
    DISTRIBUTION,
    EDGE_API,
    LAMBDA_FUNCTION,
    PAGES_PROJECT,
    S3_OBJECT,
    S3_OBJECT_V2,
    SSM_PARAMETER,
    WORKER_VERSION,
    WORKERS_KV,
    WORKERS_SCRIPT,
)

_BINDING = "a secret binding"
_NONE = "no secret"

Value = tuple[str, str, str]
"""How a message names it, the name that it has, and the text."""


def _bindings(resource: View) -> Iterator[Value | None]:
    for each in resource.views("bindings"):
        part = {"plain_text": "text", "json": "json"}.get(each.text("type") or "")
        if part is None:
            continue
        if not each.known(part):
            yield None
        elif text := each.text(part):
            name = each.text("name") or ""
            yield f"variable {show(name)}", name, text


def _environment(variables: View) -> Iterator[Value | None]:
    for name in variables.keys():  # noqa: SIM118
        if not variables.known(name):
            yield None
        elif text := variables.text(name):
            yield f"variable {show(name)}", name, text


def _pages(project: View) -> Iterator[Value | None]:
    for kind in ("production", "preview"):
        variables = project.view("deploymentConfigs").view(kind).view("envVars")
        for name in variables.keys():  # noqa: SIM118
            if not variables.known(name) or not variables.view(name).known("value"):
                yield None
            elif variables.view(name).text("type") != "secret_text" and (text := variables.view(name).text("value")):
                yield f"{kind} variable {show(name)}", name, text


def _entries(resource: View, what: str, value: str) -> Iterator[Value | None]:
    name = resource.text(what) if resource.known(what) else ""
    if not resource.known(value):
        yield None
    elif text := resource.text(value):
        # Keys of a store are no names of variables: only the shape of a value counts.
        yield f"value of key {show(name)}", "", text


def _headers(distribution: View) -> Iterator[Value | None]:
    for origin in distribution.views("origins"):
        for header in origin.views("customHeaders"):
            if not header.known("value"):
                yield None
            elif text := header.text("value"):
                yield f"origin {show(origin.text('originId'))} header {show(header.text('name'))}", "", text


def _parameter(resource: View) -> Iterator[Value | None]:
    if resource.text("type") == "SecureString":
        return
    for part in ("value", "insecureValue"):
        if not resource.known(part):
            yield None
        elif text := resource.text(part):
            name = resource.text("name") if resource.known("name") else ""
            yield f"parameter {show(name)}", (name or "").rpartition("/")[2], text


def _values(resource: View, token: str) -> Iterator[Value | None]:
    if token in (WORKER_VERSION, WORKERS_SCRIPT):
        yield from _bindings(resource)
    elif token == LAMBDA_FUNCTION:
        yield from _environment(resource.view("environment").view("variables"))
    elif token == PAGES_PROJECT:
        yield from _pages(resource)
    elif token == EDGE_API:
        # On Cloudflare they are bindings of the version, which is judged itself. Here they go into the function's package.
        if resource.text("host") == "cloudfront":
            yield from _environment(resource.view("vars"))
    elif token == WORKERS_KV:
        yield from _entries(resource, "keyName", "value")
    elif token == CLOUDFRONT_KVS_KEY:
        yield from _entries(resource, "key", "value")
    elif token == CLOUDFRONT_KVS_KEYS:
        for pair in resource.views("resourceKeyValuePairs"):
            yield from _entries(pair, "key", "value")
    elif token == DISTRIBUTION:
        yield from _headers(resource)
    elif token == SSM_PARAMETER:
        yield from _parameter(resource)


def _code(resource: View, token: str) -> Iterator[tuple[str, str, bytes]]:
    """Yield how a message names each text, which file of several it is where that does not say it, and the text."""
    if token in (WORKER_VERSION, WORKERS_SCRIPT):
        for name, content in modules(resource):
            yield f"module {show(name)}", "", content
    elif token == CLOUDFRONT_FUNCTION:
        yield "code", "", asset_bytes(resource.raw("code")) or b""
    elif token in (S3_OBJECT, S3_OBJECT_V2):
        key = resource.text("key") or ""
        if text := resource.text("content"):
            yield f"object {show(key)}", "", text.encode("utf-8", "surrogatepass")
        elif resource.has("source"):
            for file in package_of(resource.raw("source"), key).files:
                if file.content is not None:
                    yield f"object {show(key)}", file.name, file.content
    elif token == LAMBDA_FUNCTION and resource.has("code"):
        for file in package_of(resource.raw("code")).files:
            if file.content is not None:
                yield f"file {show(file.name)}", "", file.content


@resource_rule(
    "secret-in-plain-text",
    id="EW506",
    family="security",
    on=(
        EDGE_API,
        WORKER_VERSION,
        WORKERS_SCRIPT,
        WORKERS_KV,
        PAGES_PROJECT,
        LAMBDA_FUNCTION,
        CLOUDFRONT_FUNCTION,
        CLOUDFRONT_KVS_KEY,
        CLOUDFRONT_KVS_KEYS,
        DISTRIBUTION,
        S3_OBJECT,
        S3_OBJECT_V2,
        SSM_PARAMETER,
    ),
    severity="critical",
    title="No secret in plain text",
    why="A plain variable, a bundle or a value in KV is read by everybody who may read the account, and stays in the"
    " stack's state and its history.",
    fix="Give it as a secret: `secrets` of the EdgeApi, a secret_text binding, or a secrets manager.",
    source="https://developers.cloudflare.com/workers/configuration/secrets/",
)
def secret_in_plain_text(resource: View, context: Context[NoConfig]) -> Iterator[Violation]:
    unknown = False
    for value in _values(resource, context.type):
        if value is None:
            unknown = True
            continue
        what, name, text = value
        found = variable_kind(name, text) if name else token_kind(text)
        if found:
            yield Violation(what, found, _BINDING if "variable " in what else _NONE, about=found)
    for what, file, content in _code(resource, context.type):
        for found in code_kinds(content):
            yield Violation(what, found, _NONE, about="\0".join(filter(None, (file, found))))
    if unknown:
        raise_unknown("a value")


RULES = rules_of(globals())
