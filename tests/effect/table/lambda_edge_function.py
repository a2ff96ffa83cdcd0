"""Rows of LambdaEdgeFunction: on the viewer's events of an API, which is where one is associated."""

import json
from collections.abc import Callable
from typing import Any

from tests.components.program import Run
from tests.effect.edge import Edge
from tests.effect.given import FUNCTION, Given, given, named
from tests.effect.rows import CLOUDFRONT, Effect, Judged, Recorded, Refused, Row
from tests.effect.sees import header


def text(value: str) -> str:
    """Return a function's text that puts a value on the answer, as `X-Mine`."""
    return (
        "export const handler = async (event) => { const { response } = event.Records[0].cf;"
        f" response.headers['x-mine'] = [{{ key: 'X-Mine', value: String({value}) }}]; return response; }};"
    )


def function(**parts: Any) -> Given:
    """An API with one function of the user's own."""
    whole = {"code": {"text": text("'one'")}, "events": ["viewer-response"], **parts}
    return given(function=whole, endpoint={"functions": [FUNCTION], "methods": ["GET", "POST"]})


def code(**parts: str) -> Given:
    return function(code=parts)


def read(kind: str, *keys: str) -> Callable[[Run], object]:
    """Return what reads an input of the program's own function or role."""

    def see(run: Run) -> object:
        (found,) = [item for item in run.of(kind) if item.name.startswith("row-function")]
        value: Any = found.inputs
        for key in keys:
            value = value.get(key)
        return value

    return see


BASE = function()
SEE = header("x-mine")
BODY = (
    "export const handler = async (event) => { const { request } = event.Records[0].cf;"
    " request.headers['x-body'] = [{ key: 'X-Body', value: String(request.body?.data?.length ?? 'none') }]; return request; };"
)
STUCK = "export const handler = async (event) => { await new Promise((done) => setTimeout(done, 3000)); return event.Records[0].cf.response; };"
GENERATES = "export const handler = async () => ({ status: '200', body: 'generated' });"


def seen_body(edge: Edge) -> object:
    """Whether the function saw the body of a request."""
    told = edge.ask(edge.fresh(), "POST", body=b"hello").json()["headers"].get("x-body")
    return told != "none"


def statements(run: Run) -> Any:
    (found,) = [item for item in run.of("RolePolicy") if item.name.startswith("row-function")]
    return json.loads(found.inputs["policy"])["Statement"][1:]


ALLOWED = {"Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": "*"}
NO_ROLE = "The role is not assumed here."


def allowed(key: str, value: Any) -> dict[str, Any]:
    """Return the statement with one more key, without the one that it stands in place of."""
    return {name: each for name, each in {**ALLOWED, key: value}.items() if f"Not{name}" != key}


ROWS: tuple[Row, ...] = (
    Effect("LambdaEdgeFunction.code", CLOUDFRONT, BASE, code(text=text("'two'")), SEE, ("one", "two")),
    Effect("LambdaEdgeFunction.code.text", CLOUDFRONT, BASE, code(text=text("'two'")), SEE, ("one", "two")),
    Effect("LambdaEdgeFunction.code.file", CLOUDFRONT, BASE, code(file="functions/file.ts"), SEE, ("one", "file")),
    Effect(
        "LambdaEdgeFunction.code.directory",
        CLOUDFRONT,
        BASE,
        code(directory="functions/folder"),
        SEE,
        ("one", "folder"),
    ),
    Effect(
        "LambdaEdgeFunction.events",
        CLOUDFRONT,
        function(code={"text": GENERATES}, events=["viewer-response"]),
        function(code={"text": GENERATES}, events=["viewer-request"]),
        lambda edge: edge.ask().text == "generated",
        (False, True),
    ),
    Effect(
        "LambdaEdgeFunction.handler",
        CLOUDFRONT,
        code(directory="functions/folder"),
        function(code={"directory": "functions/folder"}, handler="index.other"),
        SEE,
        ("folder", "other"),
    ),
    Effect(
        "LambdaEdgeFunction.runtime",
        CLOUDFRONT,
        BASE,
        function(
            code={
                "text": "def handler(event, context):\n    response = event['Records'][0]['cf']['response']\n    response['headers']['x-mine'] = [{'key': 'X-Mine', 'value': 'python'}]\n    return response\n"
            },
            runtime="python3.13",
        ),
        SEE,
        ("one", "python"),
    ),
    Effect(
        "LambdaEdgeFunction.timeout",
        CLOUDFRONT,
        function(code={"text": STUCK}, timeout=20),
        function(code={"text": STUCK}, timeout=1),
        lambda edge: edge.ask().status_code,
        (200, 503),
    ),
    Recorded(
        "LambdaEdgeFunction.memory",
        CLOUDFRONT,
        given(function={"code": {"text": text("1")}, "events": ["origin-response"]}),
        given(function={"code": {"text": text("1")}, "events": ["origin-response"], "memory": 512}),
        read("Function", "memorySize"),
        (128, 512),
        "aws-lambda-other",
        "On viewer events it is 128 MB, and a function on the origin's is for distributions of one's own.",
    ),
    Effect(
        "LambdaEdgeFunction.settings",
        CLOUDFRONT,
        function(code={"file": "functions/settings.ts"}, settings={"greeting": "a"}),
        function(code={"file": "functions/settings.ts"}, settings={"greeting": "b"}),
        SEE,
        ("a", "b"),
    ),
    Effect(
        "LambdaEdgeFunction.request_body_bytes",
        CLOUDFRONT,
        function(code={"text": BODY}, events=["viewer-request"]),
        function(code={"text": BODY}, events=["viewer-request"], request_body_bytes=1000),
        seen_body,
        (False, True),
    ),
    Refused(
        "LambdaEdgeFunction.response_bytes",
        CLOUDFRONT,
        function(response_bytes=50_000),
        "response_bytes: 50000 bytes are more than a response that the function generates",
        "origin events",
    ),
    Refused(
        "LambdaEdgeFunction.region",
        CLOUDFRONT,
        function(region="eu-central-1"),
        "region: 'eu-central-1' is not where CloudFront takes functions from",
        "Leave it out",
    ),
    Effect(
        "LambdaEdgeFunction.function_name",
        CLOUDFRONT,
        BASE,
        function(function_name=named("{}-own")),
        lambda edge: str(edge.outputs["function"]) == f"{edge.name}-own",
        (False, True),
    ),
    Recorded(
        "LambdaEdgeFunction.description",
        CLOUDFRONT,
        BASE,
        function(description="adds a header"),
        lambda run: str(read("Function", "description")(run)).endswith(": adds a header"),
        (False, True),
        "aws-metadata",
        "A description is for people who look at the console.",
    ),
    Recorded(
        "LambdaEdgeFunction.permissions",
        CLOUDFRONT,
        BASE,
        function(permissions=[ALLOWED]),
        statements,
        ([], [ALLOWED]),
        "aws-lambda-role",
        NO_ROLE,
    ),
    *(
        Recorded(
            f"LambdaEdgeFunction.permissions[].{key}",
            CLOUDFRONT,
            function(permissions=[ALLOWED]),
            function(permissions=[allowed(key, value)]),
            statements,
            ([ALLOWED], [allowed(key, value)]),
            "aws-lambda-role",
            NO_ROLE,
        )
        for key, value in (
            ("Sid", "Read"),
            ("Effect", "Deny"),
            ("Action", ["dynamodb:Query", "dynamodb:Scan"]),
            ("NotAction", "dynamodb:DeleteItem"),
            ("Resource", "arn:aws:dynamodb:*:123456789012:table/shop"),
            ("NotResource", "arn:aws:dynamodb:*:123456789012:table/users"),
            ("Condition", {"StringEquals": {"aws:RequestedRegion": "eu-central-1"}}),
        )
    ),
    Judged(
        "LambdaEdgeFunction.tags",
        CLOUDFRONT,
        BASE,
        function(tags={"owner": "web"}),
        (("EW804",), ()),
        ("EW804",),
        names="row-function",
    ),
)
