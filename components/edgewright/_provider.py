"""The provider plugin that offers the components to every Pulumi language."""

import inspect
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

import pulumi
from pulumi.provider.experimental.analyzer import PropertyDefinition, TypeDefinition
from pulumi.provider.experimental.component import ComponentProvider
from pulumi.provider.experimental.util import camel_case
from pulumi.provider.provider import ConstructResult
from pulumi.provider.server import ComponentInitError
from typing_extensions import get_original_bases, is_typeddict

from edgewright import CachePolicy, EdgeApi, GeoRouter, KvNamespace, LambdaEdgeFunction, __version__
from edgewright.arguments.shape import docstrings
from edgewright.arguments.written import Written, is_written
from edgewright.base.faults import InputFaults

COMPONENTS: list[type[pulumi.ComponentResource]] = [CachePolicy, EdgeApi, GeoRouter, KvNamespace, LambdaEdgeFunction]
"""What the plugin offers. A component that is not here is of no use outside Python."""

NAME = "edgewright"


class EdgewrightProvider(ComponentProvider):
    """Pulumi's host for components, with one difference: faults in a component's arguments reach the engine as what they
    are, so that it prints each with its property and no traceback of the plugin."""

    def __init__(self) -> None:
        super().__init__(COMPONENTS, NAME, version=__version__)
        assert self.schema is not None
        self._texts: dict[str, type[Written]] = {
            f"#/types/{NAME}:index:{type_.name}": type_.python_type
            for type_ in self._type_defs.values()
            if is_written(type_.python_type)
        }
        inherited = _inherited_texts(
            [type_.python_type for type_ in self._type_defs.values()], self._components.values()
        )
        self.schema = _with_texts(_with_descriptions(_with_types_for_go(self.schema), inherited), self._texts)

    def get_type_definition(self, prop: PropertyDefinition) -> TypeDefinition | None:
        """Return the type of a property that is a mapping. What may be a text is taken as it comes."""
        return None if prop.ref in self._texts else super().get_type_definition(prop)

    def _full(self, text: type[Written]) -> TypeDefinition | None:
        """Return the type of the mapping that may be given in place of a text, where there is one."""
        full: Any = text.full
        return self._type_defs[full.__name__] if is_typeddict(full) else None

    def map_input_properties(
        self,
        inputs: pulumi.Inputs,
        properties: dict[str, PropertyDefinition],
        mapping: dict[str, str],
        component_name: str,
        property_path: str,
    ) -> pulumi.Inputs:
        """Return inputs with their Python names, those of a mapping that may be a text too.

        What has no such name is kept as it is: the component refuses it, where it would else be dropped without a word.
        """
        found = dict(super().map_input_properties(inputs, properties, mapping, component_name, property_path))
        found |= {key: value for key, value in inputs.items() if key not in properties and value is not None}
        for schema_name, prop in properties.items():
            value, text = found.get(mapping[schema_name]), self._texts.get(prop.ref or "")
            full = None if text is None else self._full(text)
            if full is None or not isinstance(value, dict):
                continue
            path = f"{property_path}.{schema_name}" if property_path else schema_name
            found[mapping[schema_name]] = self.map_input_properties(
                value, full.properties, full.properties_mapping, component_name, path
            )
        return found

    def construct(
        self,
        name: str,
        resource_type: str,
        inputs: pulumi.Inputs,
        options: pulumi.ResourceOptions | None = None,
    ) -> ConstructResult:
        """Make one component, or raise `InputPropertiesError` with what is wrong with its arguments."""
        try:
            return super().construct(name, resource_type, inputs, options)
        except ComponentInitError as error:
            if not isinstance(error.inner, InputFaults):
                raise
            raise pulumi.InputPropertiesError(
                error.inner.heading,
                [{"property_path": _schema_path(fault.path), "reason": fault.coded} for fault in error.inner.faults],
            ) from None


def _with_types_for_go(schema: str) -> str:
    """Return the schema with what Pulumi's generator for Go must be told.

    Left alone it makes no `EndpointArgs` for a type that only lists hold, although it names it in `EdgeApiArgs`: a package
    that does not compile.
    """
    package = json.loads(schema)
    package["language"]["go"]["generateExtraInputTypes"] = True
    return json.dumps(package)


def _inherited_texts(
    types: Iterable[Any], components: Iterable[type[pulumi.ComponentResource]]
) -> dict[str, dict[str, str]]:
    """Return what is said of the fields that a mapping has from another: by its token, and by the name in the schema."""
    arguments = {
        f"{NAME}:index:{component.__name__}": inspect.get_annotations(component.__init__)["args"]
        for component in components
    }
    shapes = {f"{NAME}:index:{shape.__name__}": shape for shape in types if is_typeddict(shape)} | arguments
    return {
        token: {
            camel_case(field): text
            for base in get_original_bases(shape)
            if is_typeddict(base)
            for field, text in docstrings(base).items()
        }
        for token, shape in shapes.items()
    }


def _with_descriptions(schema: str, inherited: Mapping[str, Mapping[str, str]]) -> str:
    """Return the schema with the descriptions of fields that a mapping has from another, which the analyzer leaves out."""
    package = json.loads(schema)
    for token, texts in inherited.items():
        owner = package["resources"].get(token) or package["types"].get(token) or {}
        for name, field in (owner.get("inputProperties") or owner.get("properties") or {}).items():
            if name in texts:
                field.setdefault("description", texts[name])
    return json.dumps(package)


def _with_texts(schema: str, texts: Mapping[str, type[Written]]) -> str:
    """Return the schema with what may be written as a text as what it is: `oneOf` of a number, a list or a mapping and a
    string, and an enumeration where only some words are known. The analyzer has a type without properties for each."""
    package = json.loads(schema)

    def placed(node: Any) -> Any:
        if isinstance(node, list):
            return [placed(item) for item in node]
        if not isinstance(node, dict):
            return node
        text = texts.get(node.get("$ref", ""))
        if text is None:
            return {key: placed(value) for key, value in node.items()}
        return {**{key: value for key, value in node.items() if key != "$ref"}, **_of_text(node["$ref"], text)}

    for ref, text in texts.items():
        key = ref.removeprefix("#/types/")
        if text.words:
            package["types"][key] = {
                "type": "string",
                "description": f"One of {', '.join(text.words)}.",
                "enum": [{"name": _enumerator(word), "value": word} for word in text.words],
            }
        else:
            del package["types"][key]
    return json.dumps(placed(package))


_NUMBERS = {int: "integer", float: "number"}


def _of_text(ref: str, text: type[Written]) -> dict[str, Any]:
    """Return the schema of a value that may be a text."""
    string = {"$ref": ref} if text.words else {"type": "string"}
    if text.full is not None:
        full = (
            {"$ref": f"#/types/{NAME}:index:{text.full.__name__}", "plain": True}
            if is_typeddict(text.full)
            else {"type": "array", "items": {"type": "string", "plain": True}, "plain": True}
        )
        return {"oneOf": [full, string]}
    number = _NUMBERS.get(text.kind.plain or str)
    return {"oneOf": [{"type": number}, string]} if number else string


def _enumerator(word: str) -> str:
    """Return a word as the name of an enumeration's member: `StaleWhileRevalidate`."""
    return "".join(part[:1].upper() + part[1:] for part in re.split("[-_]", word))


def _schema_path(path: str) -> str:
    """Return a property's path as the schema names it: `endpoints[0].rateLimit`. Users' own names stay as they are."""
    return re.sub(r"(?<![A-Za-z0-9_])[a-z]+(?:_[a-z]+)+(?![A-Za-z0-9_])", lambda found: camel_case(found[0]), path)
