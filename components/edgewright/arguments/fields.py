"""Types of fields in settings models, each of which takes exactly what the components take."""

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator

from edgewright.arguments import checks
from edgewright.base.faults import Faults


def _validator(check: Callable[[str, str, Faults], object]) -> AfterValidator:
    def validate(value: str) -> str:
        faults = Faults("settings", "")
        check("", value, faults)
        if faults:
            raise ValueError(" ".join(_sentence(fault.problem, fault.allowed, fault.fix) for fault in faults))
        return value

    return AfterValidator(validate)


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _sentence(problem: str, allowed: str, fix: str) -> str:
    return problem + (f"; allowed: {allowed}" if allowed else "") + (f". {fix}" if fix else "")


AccountId = Annotated[
    str, _validator(lambda path, value, faults: checks.hex_id(path, value, faults, "an account's id"))
]
"""An account: 32 hexadecimal digits."""

ZoneId = Annotated[str, _validator(lambda path, value, faults: checks.hex_id(path, value, faults, "a zone's id"))]
"""A DNS zone: 32 hexadecimal digits."""

Hostname = Annotated[str, _validator(checks.hostname)]
"""A full hostname in lower-case ASCII."""

HttpUrl = Annotated[str, _validator(checks.http_url)]
"""An http(s) base URL without credentials, query and fragment."""

Region = Annotated[str, BeforeValidator(_lower), _validator(checks.region)]
"""A region's name, in any case."""

Country = Annotated[str, _validator(checks.country)]
"""An ISO 3166-1 alpha-2 code in capitals."""
