"""Types of fields in settings models, each of which takes exactly what the components take."""

from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator


def _validator(check: str, *further: str) -> AfterValidator:
    """Return what checks a value as a function of :mod:`edgewright.arguments.checks` does."""

    def validate(value: str) -> str:
        # The command reads settings, and starts without Pulumi's SDK, which the checks' faults are made with.
        from edgewright.arguments import checks
        from edgewright.base.faults import Faults

        faults = Faults("settings", "")
        getattr(checks, check)("", value, faults, *further)
        if faults:
            raise ValueError(" ".join(_sentence(fault.problem, fault.allowed, fault.fix) for fault in faults))
        return value

    return AfterValidator(validate)


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _sentence(problem: str, allowed: str, fix: str) -> str:
    return problem + (f"; allowed: {allowed}" if allowed else "") + (f". {fix}" if fix else "")


AccountId = Annotated[str, _validator("hex_id", "an account's id")]
"""An account: 32 hexadecimal digits."""

ZoneId = Annotated[str, _validator("hex_id", "a zone's id")]
"""A DNS zone: 32 hexadecimal digits."""

Hostname = Annotated[str, _validator("hostname")]
"""A full hostname in lower-case ASCII."""

HttpUrl = Annotated[str, _validator("http_url")]
"""An http(s) base URL without credentials, query and fragment."""

Region = Annotated[str, BeforeValidator(_lower), _validator("region")]
"""A region's name, in any case."""

Country = Annotated[str, _validator("country")]
"""An ISO 3166-1 alpha-2 code in capitals."""
