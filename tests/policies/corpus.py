"""Reads the corpus: for each policy a stack that keeps to it, and bad ones that each break one rule of it.

One corpus serves the tests of the policies, the comparison with the real engine and the examples of the documentation.
"""

import base64
import copy
import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pulumi
import yaml
from edgewright.engine.resources import Capture, Resource, ResourceOptions, SourceLocation

CORPUS = Path(__file__).parent / "corpus"
PROJECT = "corpus"


@dataclasses.dataclass(frozen=True)
class Stack:
    """One stack of the corpus: plain data, and what it is to find."""

    policy: str
    name: str
    stack: str
    config: Mapping[str, Any]
    limits: Mapping[str, Any]
    resources: Mapping[str, Mapping[str, Any]]
    change: Mapping[str, Any]
    finds: str | None
    also: frozenset[str] = frozenset()
    """Other policies that the compliant stack breaks all the same; the corpus says why."""

    @property
    def policies(self) -> dict[str, Any]:
        """The stack's `edgewright:policies`."""
        return {self.policy: dict(self.config)} if self.config else {}

    def capture(self) -> Capture:
        """Return the stack as a program that declares it would leave it behind."""
        return capture(self.resources, self.stack)


def urn(stack: str, token: str, name: str) -> str:
    return f"urn:pulumi:{stack}::{PROJECT}::{token}::{name}"


def capture(resources: Mapping[str, Mapping[str, Any]], stack: str = "dev") -> Capture:
    urns = {name: urn(stack, data["type"], name) for name, data in resources.items()}
    made = []
    for line, (name, data) in enumerate(resources.items(), 1):
        options = dict(data.get("options", {}))
        inputs = {key: assets(each) for key, each in data["inputs"].items()}
        dependencies = tuple(sorted(urns[each] for each in options.pop("dependencies", []) if each in urns))
        made.append(
            Resource(
                urn=urns[name],
                type=data["type"],
                name=name,
                parent=None,
                custom=not data["type"].startswith("edgewright:"),
                inputs=inputs,
                dependencies=dependencies,
                options=ResourceOptions(**options),
                source=SourceLocation(Path("/project/__main__.py"), line),
                outputs=inputs,
            )
        )
    return Capture(PROJECT, stack, tuple(made), project_dir=Path("/project"))


def assets(value: Any) -> Any:
    """Return the value with assets and archives, written as in Pulumi YAML, made."""
    if isinstance(value, dict) and len(value) == 1:
        (name, inner) = next(iter(value.items()))
        if name == "fn::assetArchive" and isinstance(inner, dict) and all(isinstance(each, str) for each in inner):
            made = {key: assets(each) for key, each in inner.items()}
            good = all(isinstance(each, pulumi.Asset | pulumi.Archive) for each in made.values())
            return pulumi.AssetArchive(made) if good else value
        if name == "fn::stringAsset" and isinstance(inner, str):
            return pulumi.StringAsset(inner)
    return value


def expand(value: Any) -> Any:
    """Return the value with `$repeat`, `$join` and `$base64` carried out."""
    if isinstance(value, dict):
        if set(value) == {"$join"}:
            # A token that is written in one piece is a leak to whoever scans repositories.
            return "".join(map(expand, value["$join"]))
        if set(value) == {"$repeat", "count"}:
            return expand(value["$repeat"]) * value["count"]
        if set(value) == {"$base64"}:
            return base64.b64encode(expand(value["$base64"]).encode()).decode()
        return {key: expand(each) for key, each in value.items()}
    if isinstance(value, list):
        return [expand(each) for each in value]
    return value


def put(resources: dict[str, Any], path: str, value: Any) -> None:
    """Set one value, by a path of a resource's name and keys; null takes it away."""
    name, *keys = path.split("/")
    target = resources[name]["inputs"]
    for key in keys[:-1]:
        target = target[int(key)] if isinstance(target, list) else target.setdefault(key, {})
    last = keys[-1]
    if isinstance(target, list):
        index = int(last)
        if value is None:
            del target[index]
        elif index == len(target):
            target.append(value)
        else:
            target[index] = value
    elif value is None:
        target.pop(last, None)
    else:
        target[last] = value


def _changed(case: Mapping[str, Any], bad: Mapping[str, Any]) -> dict[str, Any]:
    resources = copy.deepcopy(dict(case["resources"]))
    for name in bad.get("remove", []):
        del resources[name]
    resources.update(copy.deepcopy(bad.get("add", {})))
    for name, options in bad.get("options", {}).items():
        resources[name].setdefault("options", {}).update(options)
    for path, value in bad["set"].items():
        put(resources, path, value)
    expanded = expand(resources)
    assert isinstance(expanded, dict)
    return expanded


def load() -> tuple[list[Stack], list[Stack]]:
    """Return the stacks that keep to their policy, and the bad ones."""
    good, bad = [], []
    for file in sorted(CORPUS.glob("*.yaml")):
        for case in yaml.safe_load(file.read_text(encoding="utf-8")):
            stack = case.get("stack", "dev")
            config = case.get("config", {})
            name = case["policy"]
            also = {each["policy"] for each in case.get("also", [])}
            good.append(
                Stack(name, "compliant", stack, config, {}, expand(dict(case["resources"])), {}, None, frozenset(also))
            )
            for each in case["bad"]:
                change = {key: each[key] for key in ("set", "add", "remove", "options") if each.get(key)}
                bad.append(
                    Stack(
                        name,
                        each["name"],
                        stack,
                        each.get("config", config),
                        each.get("limits", {}),
                        _changed(case, each),
                        change,
                        each["finds"],
                    )
                )
    return good, bad


GOOD, BAD = load()
