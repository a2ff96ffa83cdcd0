"""What makes a setting take a text too: a duration, a share or a rate, read as the components read them.

    ttl: Annotated[int, Field(ge=60), Text(SECONDS)] = 3600

A number means what it meant; the editor's schema knows both. Bounds go before the text, which is read before they are asked.
"""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import (
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

from edgewright.arguments.values import (
    MILLISECONDS,
    MILLISECONDS_OR_PARTS,
    PER_SECOND,
    PERCENTAGE,
    SECONDS,
    SECONDS_OR_PARTS,
    SHARE,
    Kind,
    UnreadableError,
)
from edgewright.base.numbers import number_range

__all__ = [
    "MILLISECONDS",
    "MILLISECONDS_OR_PARTS",
    "PERCENTAGE",
    "PER_SECOND",
    "SECONDS",
    "SECONDS_OR_PARTS",
    "SHARE",
    "Text",
]


@dataclass(frozen=True)
class Text:
    """Lets a number be written as a text of a kind."""

    kind: Kind

    def read(self, bounds: Mapping[str, Any], value: Any, number: ValidatorFunctionWrapHandler) -> Any:
        """Return the number that is meant. One without a unit is read by pydantic, also where the engine has it as a text."""
        if not isinstance(value, str) or not any(letter.isalpha() or letter == "%" for letter in value):
            return number(value)
        try:
            understood = self.kind.read(value)
        except UnreadableError as error:
            fix = f". {error.fix}" if error.fix else ""
            raise ValueError(f"{value!r} {error.problem}; allowed: {self.kind.allowed}{fix}") from None
        try:
            return number(understood.value)
        except ValidationError:
            least, most = bounds.get("ge", bounds.get("gt")), bounds.get("le", bounds.get("lt"))
            above, below = "ge" not in bounds and "gt" in bounds, "le" not in bounds and "lt" in bounds
            allowed = number_range(bounds.get("type") == "int", least, most, above=above, below=below)
            raise ValueError(f"{value!r} is {understood.meaning}; allowed: {allowed}") from None

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> Any:
        # What the number is held to, for messages: the schema of its type with its bounds.
        inner: Any = handler(source)
        return WrapValidator(functools.partial(self.read, inner)).__get_pydantic_core_schema__(source, handler)

    def __get_pydantic_json_schema__(self, schema: Any, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"anyOf": [handler(schema), {"type": "string", "pattern": "^\\s*[0-9].*[A-Za-z%]\\s*$"}]}
