"""A function on CloudFront's events. See :class:`LambdaEdgeFunction`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
from typing_extensions import NotRequired, TypedDict

from edgewright.arguments.program import claim_name, gathers, program_file
from edgewright.arguments.shape import fill, has_later, normalise, properties, when_known
from edgewright.arguments.written import Bytes, Megabytes, Region, Seconds
from edgewright.assemble.lambda_package import (
    SETTINGS_FILES,
    SOURCES,
    Package,
    bundle_function,
    read_folder,
    settings_files,
)
from edgewright.base.fault_codes import Code
from edgewright.base.faults import Faults, show
from edgewright.platforms.cloudfront.options import EdgeEvent
from edgewright.platforms.lifecycle import with_lifecycles

TOKEN = "edgewright:index:LambdaEdgeFunction"


class EdgeFunctionCode(TypedDict):
    """A function's code. Exactly one of `directory`, `file` and `text`. Paths are relative to the program's folder.

    A Node.js file or text, and a directory whose handler is TypeScript, is bundled with its imports into one module;
    other directories, and Python, are packed as they are.
    """

    directory: NotRequired[str]
    """A folder with the handler's module. Required, unless there is a `file` or `text`."""
    file: NotRequired[str]
    """A file that exports the handler: TypeScript, JavaScript or Python. Required, unless there is a `directory` or `text`."""
    text: NotRequired[str]
    """The code itself: JavaScript, or Python with a Python `runtime`. Required, unless there is a `directory` or `file`."""


class LambdaEdgeFunctionArgs(TypedDict):
    """Arguments of LambdaEdgeFunction. All but the values of `settings` must be known when the program runs.

    What Lambda offers and Lambda@Edge refuses (environment variables, layers, a VPC, provisioned concurrency, arm64,
    container images, `$LATEST`, ...) is no argument here, and giving it is a fault that says what to do instead.
    """

    code: EdgeFunctionCode
    """The function's code."""
    events: NotRequired[list[EdgeEvent]]
    """The events that it is for. They decide which limits hold. Default: `origin-request`."""
    runtime: NotRequired[str]
    """A Node.js or Python runtime of which AWS still makes functions. Default: `nodejs22.x`."""
    handler: NotRequired[str]
    """`file.export`, which CloudFront's events are given to. Default: `index.handler`."""
    timeout: NotRequired[Seconds]
    """Seconds that it may take, at most 30. Default: 5."""
    memory: NotRequired[Megabytes]
    """Memory in MB as AWS counts them (`"1GB"` is 1024), 128 to 10240; on viewer events 128, for CloudFront takes no more there. Default: 128."""
    settings: NotRequired[pulumi.Input[Any]]
    """Data written into the package, in place of environment variables: `import settings from "edgewright:settings"` in
    bundled code, `settings.json` beside it for the rest. Readable by whoever may read the function: no
    secrets. Default: none."""
    request_body_bytes: NotRequired[Bytes]
    """The function reads requests' bodies, of up to this size: at most 40 KB on viewer and 1 MB on origin events.
    Default: bodies are not given to it, as with 0."""
    response_bytes: NotRequired[Bytes]
    """The largest response that it generates, with its headers: at most 40 KB on viewer and 1 MB on origin events.
    Default: unchecked."""
    region: NotRequired[Region]
    """`us-east-1`, the only region that CloudFront takes functions from. Default: `us-east-1`."""
    function_name: NotRequired[str]
    """The function's name. It stays taken when the stack is destroyed, until `edgewright reap` has removed the function, so that
    AWS refuses the next `up` with 409. Default: made by Pulumi, so that what a destroyed stack left behind is never in the
    way."""
    description: NotRequired[str]
    """What the function is for. Cut where it and the stack and component that it belongs to, which come before it, have 256
    characters. Default: nothing but those."""
    permissions: NotRequired[list[dict[str, Any]]]
    """Statements of an IAM policy that its role gets beside writing the log, as IAM spells them: `Effect`, `Action` or
    `NotAction`, `Resource` or `NotResource`, and where wanted `Sid` and `Condition`. Default: none."""
    tags: NotRequired[dict[str, str]]
    """Tags on the function and its role. Default: none."""


@dataclass(frozen=True)
class Source:
    """A function's code, as it was read."""

    directory: str | None = None
    file: str | None = None
    text: str | None = None


class LambdaEdgeFunction(pulumi.ComponentResource):
    """A function on CloudFront's events, in us-east-1, with a numbered version.

        signed = LambdaEdgeFunction("signed", {"code": {"file": "signed.ts"}, "events": ["viewer-request"]})
        docs = GeoRouter("docs", {"origins": [{"region": "us", "url": "https://docs.example.com"}], "fallback": "us"})
        EdgeApi("api", {
            "host": "cloudfront",
            "endpoints": [
                {"path": "/docs/*", "origin": docs.routing, "cloudfront": {"functions": [signed.association]}},
            ],
        })

    In an EdgeApi it is for viewer events: those of the origin are the API's own function's. A distribution of your own takes it
    on any event, by `qualified_arn`.

    CloudFront keeps replicas of a version for hours after its last association, and AWS refuses to delete it until then:
    versions are retired, not deleted, and `edgewright reap` removes them later. The output `ledger` tells it which.
    """

    function_name: pulumi.Output[str]
    """The function's name."""
    arn: pulumi.Output[str]
    """The function's ARN, without a version."""
    qualified_arn: pulumi.Output[str]
    """The ARN of the numbered version, which is what a distribution is associated with."""
    version: pulumi.Output[str]
    """The number of the version."""
    role_arn: pulumi.Output[str]
    """The role's ARN."""
    association: Any
    """What an endpoint's `functions` takes: a mapping with events, arn and include_body. The events are known at preview."""
    ledger: pulumi.Output[Any]
    """What `edgewright reap` must know: component, function_name, arn, region, and the version in use."""
    report: Any
    """What the package is made of and what would make it start sooner: digest, files, bytes, zipped_bytes, parts, imports,
    advice."""

    @gathers
    def __init__(self, name: str, args: LambdaEdgeFunctionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Declare a function.

        Raises:
            InputFaults: an argument is missing, unknown, refused at the edge or out of its range; all such are named.
        """
        super().__init__(TOKEN, name, properties(args, LambdaEdgeFunctionArgs), with_lifecycles(opts))
        from edgewright.platforms.cloudfront import lambda_edge
        from edgewright.platforms.cloudfront.permissions import check_permissions

        faults = Faults("LambdaEdgeFunction", name)
        claim_name("LambdaEdgeFunction", name, opts, faults)
        kept = lambda_edge.refuse(args, faults) if isinstance(args, Mapping) else args
        given = normalise(kept, LambdaEdgeFunctionArgs, faults)
        shape = lambda_edge.check_shape(fill(lambda_edge.Asked, given), faults)
        check_permissions(given.get("permissions", ()), faults)
        package, folder = _package(
            fill(Source, given["code"]) if "code" in given else None, shape.handler, shape.runtime, faults
        )
        settings = given.get("settings")
        if settings is not None:
            for taken in sorted(set(SETTINGS_FILES) & package.files.keys()):
                faults.add(
                    "code.directory",
                    f"has a file {taken!r}, which `settings` is written to",
                    code=Code.RESERVED,
                    fix="Rename it.",
                )
        told = lambda_edge.check_package("code", package, shape, faults) if package.files else []
        faults.raise_if_any()
        for line in told:
            pulumi.log.info(f"{name}: {line}", self)

        def archive(known: Any) -> pulumi.AssetArchive:
            whole = package if known is None else package.with_files(settings_files(known))
            late = Faults("LambdaEdgeFunction", name)
            lambda_edge.check_package("settings", whole, shape, late)
            late.raise_if_any()
            return whole.archive(folder)

        code = when_known(settings, archive) if has_later(settings) else archive(settings)
        made = lambda_edge.create(
            self,
            name,
            name,
            shape,
            code,
            statements=given.get("permissions", ()),
            tags=given.get("tags"),
        )
        self.function_name = made.resource.name
        self.arn = made.resource.arn
        self.qualified_arn = made.resource.qualified_arn
        self.version = made.resource.version
        self.role_arn = made.role.arn
        self.association = {
            "events": list(shape.events),
            "arn": made.resource.qualified_arn,
            "include_body": shape.include_body,
        }
        self.ledger = made.ledger
        self.report = {**package.report(), "advice": told}
        self.register_outputs(
            {
                "functionName": self.function_name,
                "arn": self.arn,
                "qualifiedArn": self.qualified_arn,
                "version": self.version,
                "roleArn": self.role_arn,
                "association": self.association,
                "ledger": self.ledger,
                "report": self.report,
            }
        )


def _package(code: Source | None, handler: str, runtime: str, faults: Faults) -> tuple[Package, Any]:
    """Return a function's package, and the folder that its files are from where they are packed as they are."""
    if code is None:
        return Package(), None
    places = {"directory": code.directory, "file": code.file, "text": code.text}
    named = [key for key, said in places.items() if said]
    if len(named) != 1:
        faults.add(
            "code",
            f"has {' and '.join(f'`{key}`' for key in named) or 'no code'}",
            code=Code.EXCLUSIVE,
            allowed="exactly one of `directory`, `file` and `text`",
        )
        return Package(), None
    module = handler.rpartition(".")[0]
    python = runtime.startswith("python")
    if code.text:
        if python:
            return Package({f"{module}.py": code.text.encode()}), None
        return bundle_function("code.text", handler, faults, text=code.text), None
    given = code.directory or code.file or ""
    place = program_file(given)
    if code.directory:
        if not place.is_dir():
            faults.add(
                "code.directory",
                f"{show(given)} is not a folder",
                code=Code.NO_FILE,
                fix="Paths start from the program's folder.",
            )
            return Package(), None
        return _folder_package(place, module, handler, python, faults)
    if not place.is_file():
        faults.add(
            "code.file",
            f"{show(given)} is not a file",
            code=Code.NO_FILE,
            fix="Paths start from the program's folder.",
        )
        return Package(), None
    if python:
        if place.suffix != ".py":
            faults.add(
                "code.file",
                f"{show(given)} is not a Python file",
                code=Code.FILE_KIND,
                allowed=".py, or a Node.js `runtime`",
            )
        return Package({f"{module}.py": place.read_bytes()}), None
    if place.suffix not in (*SOURCES, ".js", ".mjs", ".cjs"):
        faults.add(
            "code.file",
            f"{show(given)} is neither JavaScript nor TypeScript",
            code=Code.FILE_KIND,
            allowed=", ".join((*SOURCES, ".js", ".mjs", ".cjs")) + ", or a Python `runtime`",
        )
        return Package(), None
    return bundle_function("code.file", handler, faults, file=place), None


def _folder_package(folder: Any, module: str, handler: str, python: bool, faults: Faults) -> tuple[Package, Any]:
    if not python:
        for suffix in SOURCES:
            if (folder / f"{module}{suffix}").is_file():
                return bundle_function("code.directory", handler, faults, file=folder / f"{module}{suffix}"), None
    files = read_folder("code.directory", folder, faults)
    wanted = [f"{module}{suffix}" for suffix in ((".py",) if python else (".mjs", ".js", ".cjs"))]
    if not any(name in files for name in wanted):
        faults.add(
            "code.directory",
            f"has no module of the handler {show(handler)}",
            code=Code.NO_FILE,
            allowed=" or ".join([*wanted, *([] if python else [f"{module}{suffix}" for suffix in SOURCES[:1]])]),
        )
    return Package(files), folder
