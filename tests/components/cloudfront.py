"""Programs with an API on CloudFront, and what their resources say."""

import json
from collections.abc import Callable
from typing import Any

from edgewright import EdgeApi, GeoRouter

from tests.components.program import Run, placed


def origins(name: str = "origins") -> GeoRouter:
    return GeoRouter(
        name,
        {
            "origins": [
                {"region": "us", "url": "https://us.example.com"},
                {"region": "eu", "url": "https://eu.example.com:8443/base"},
            ],
            "fallback": "us",
        },
    )


def api(name: str = "api", **args: Any) -> EdgeApi:
    whole: Any = placed({"host": "cloudfront", **args})
    if "endpoints" not in whole:
        whole["endpoints"] = [{"path": "/api", "origin": origins(f"{name}-origins").routing}]
    return EdgeApi(name, whole)


def program(**args: Any) -> Callable[[], object]:
    return lambda: api(**args)


def endpoint(**parts: Any) -> Callable[[], object]:
    """Return a program with one endpoint, to which parts are added."""
    return lambda: api(endpoints=[{"path": "/api", "origin": origins().routing, **parts}])


def of(found: Run, type_: str) -> list[Any]:
    """Return the inputs of the resources of a type, named with its package: `cloudfront.Function`."""
    package, _, kind = type_.partition(".")
    return [
        item.inputs
        for item in found.resources
        if item.type.startswith(f"aws:{package}/") and item.type.rsplit(":", 1)[-1] == kind
    ]


def distribution(found: Run) -> Any:
    (one,) = of(found, "cloudfront.Distribution")
    return one


def behaviors(found: Run) -> dict[str, Any]:
    inputs = distribution(found)
    named = {each["pathPattern"]: each for each in inputs.get("orderedCacheBehaviors") or []}
    return {**named, "*": inputs["defaultCacheBehavior"]}


def package(found: Run, function: str = "Function") -> dict[str, str]:
    (inputs,) = of(found, "lambda.Function")
    return {name: asset.text for name, asset in inputs["code"].assets.items()}


def settings(found: Run) -> Any:
    line = package(found)["settings.mjs"].splitlines()[0]
    return json.loads(line.removeprefix("export const settings = ").removesuffix(";"))


def codes(found: Run) -> dict[str, str]:
    by_arn = {f"arn:aws:cloudfront::{inputs['name']}": inputs["code"] for inputs in of(found, "cloudfront.Function")}
    assert by_arn
    return {inputs["name"]: inputs["code"] for inputs in of(found, "cloudfront.Function")}


def viewer_code(found: Run, pattern: str, event: str = "viewer-request") -> str:
    (arn,) = [
        item["functionArn"] for item in behaviors(found)[pattern]["functionAssociations"] if item["eventType"] == event
    ]
    content = arn.rsplit("-", 1)[-1]
    (code,) = [code for name, code in codes(found).items() if name.endswith(content)]
    return code
