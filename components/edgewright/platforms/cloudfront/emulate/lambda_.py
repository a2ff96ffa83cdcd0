"""AWS Lambda: functions, their versions and permissions."""

import base64
import hashlib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from edgewright.engine.resources import Inputs, Outputs
from edgewright.platforms.cloudfront.emulate.account import (
    all_tags,
    by,
    check_named,
    first_part,
    in_region,
    region,
    regional_arn,
)
from edgewright.platforms.cloudfront.emulate.packages import BadPackage, archive_files
from edgewright.platforms.cloudfront.lists import aws
from edgewright.platforms.handlers import EPOCH, Handler, Published, hex_id

LAMBDA = "aws:lambda/function:Function"
PERMISSION = "aws:lambda/permission:Permission"

NODE_AND_PYTHON = re.compile(r"(nodejs|python)\d+(\.\d+|\.x)?")


def _lambda_outputs(inputs: Inputs, _identity: str) -> Outputs:
    arn = regional_arn("lambda", inputs, f"function:{inputs.get('name')}")
    version = "1" if inputs.get("publish") else "$LATEST"
    digest, size = _code_digest(inputs, Path.cwd())
    return {
        "arn": arn,
        "architectures": inputs.get("architectures") or ["x86_64"],
        "codeSha256": digest,
        "sourceCodeHash": inputs.get("sourceCodeHash") or digest,
        "sourceCodeSize": size,
        "invokeArn": _invoke(inputs, arn, "2015-03-31", "invocations"),
        "lastModified": EPOCH,
        "loggingConfig": {"logFormat": "Text", "logGroup": f"/aws/lambda/{inputs.get('name')}"}
        | dict(inputs.get("loggingConfig") or {}),
        "ephemeralStorage": {"size": 512} | dict(inputs.get("ephemeralStorage") or {}),
        "memorySize": inputs.get("memorySize", 128),
        "packageType": inputs.get("packageType") or "Zip",
        "publish": inputs.get("publish", False),
        "qualifiedArn": f"{arn}:{version}",
        "qualifiedInvokeArn": _invoke(inputs, f"{arn}:{version}", "2015-03-31", "invocations"),
        "region": region(inputs),
        "reservedConcurrentExecutions": inputs.get("reservedConcurrentExecutions", -1),
        "responseStreamingInvokeArn": _invoke(inputs, arn, "2021-11-15", "response-streaming-invocations"),
        "signingJobArn": "",
        "signingProfileVersionArn": "",
        "skipDestroy": inputs.get("skipDestroy", False),
        "timeout": inputs.get("timeout", 3),
        "tracingConfig": {"mode": "PassThrough"} | dict(inputs.get("tracingConfig") or {}),
        "version": version,
        **all_tags(inputs),
    }


def fingerprint(inputs: Inputs, base: Path) -> str:
    """Return what tells a version from others: Lambda publishes another where its code or its settings have changed."""
    settings = {key: value for key, value in inputs.items() if key not in _NOT_OF_A_VERSION}
    return hex_id(_code_digest(inputs, base)[0], settings)


_NOT_OF_A_VERSION = frozenset(
    [
        "code",
        "name",
        "publish",
        "region",
        "reservedConcurrentExecutions",
        "skipDestroy",
        "sourceCodeHash",
        "tags",
        "timeouts",
    ]
)


def _number(inputs: Inputs, outputs: Outputs, published: Mapping[str, Published]) -> Outputs:
    last = published.get(outputs["arn"])
    if not inputs.get("publish") or last is None:
        return outputs
    number = last.number if last.fingerprint == fingerprint(inputs, Path.cwd()) else last.number + 1
    arn = f"{outputs['arn']}:{number}"
    return {
        **outputs,
        "version": str(number),
        "qualifiedArn": arn,
        "qualifiedInvokeArn": _invoke(inputs, arn, "2015-03-31", "invocations"),
    }


def _invoke(inputs: Inputs, arn: str, date: str, what: str) -> str:
    return f"arn:aws:apigateway:{region(inputs)}:lambda:path/{date}/functions/{arn}/{what}"


def _code_digest(inputs: Inputs, base: Path) -> tuple[str, int]:
    """Return a digest of the code and its size; AWS's own are of the zip that the provider makes of it."""
    sha, size = hashlib.sha256(), 0
    if inputs.get("code") is None:
        sha.update(repr([inputs.get(key) for key in ("s3Bucket", "s3Key", "s3ObjectVersion", "imageUri")]).encode())
    else:
        for file in archive_files(inputs["code"], base):
            content = base64.b64decode(file.content_base64)
            size += len(content)
            sha.update(f"{file.path}\0{len(content)}\0".encode() + content)
    return base64.b64encode(sha.digest()).decode(), size


def _check_lambda(inputs: Inputs) -> Iterable[str]:
    yield from check_named({"name": str(inputs.get("name") or "").rsplit(":", 1)[-1]})
    sources = [key for key in ("code", "s3Bucket", "imageUri") if inputs.get(key) is not None]
    if len(sources) != 1:
        yield f"code: needs code, s3Bucket with s3Key, or imageUri, one of them; got {', '.join(sources) or 'none'}"
    if inputs.get("packageType") != "Image":
        for key in ("handler", "runtime"):
            if not inputs.get(key):
                yield f"{key}: is required of a function that is a zip"
    runtime = str(inputs.get("runtime") or "")
    # Whether one is new here is known where all are looked at: there the earlier day counts.
    if past := aws().runtimes.fault(runtime, update=True):
        yield f"runtime: {past}; use {', '.join(aws().runtimes.taken())} ({aws().runtimes.source})"
    for key, least, most, unit in (("timeout", 1, 900, "s"), ("memorySize", 128, 32768, "MB")):
        value = inputs.get(key)
        if value is not None and not (isinstance(value, (int, float)) and least <= value <= most):
            yield f"{key}: must be {least} to {most} {unit}, got {value!r}"
    if inputs.get("code") is not None:
        try:
            if not archive_files(inputs["code"], Path.cwd()):
                yield "code: the package has no files"
        except BadPackage as error:
            yield f"code: {error}"


HANDLERS: Final[dict[str, Handler]] = {
    LAMBDA: Handler(
        by("name"), _lambda_outputs, ("role",), _check_lambda, make_id=first_part, auto_name="name", number=_number
    ),
    PERMISSION: Handler(
        by("statementId"),
        in_region,
        ("action", "function", "principal"),
        make_id=first_part,
        gap="aws-iam",
        auto_name="statementId",
        auto_prefix=True,
    ),
}
