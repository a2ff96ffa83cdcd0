"""`edgewright explain`: says what a code means that a message or a finding shows."""

import json
import sys
from typing import Annotated

import typer

from edgewright.base.errors import ProjectError
from edgewright.base.fault import ProjectFault
from edgewright.base.fault_codes import Code
from edgewright.cli._exit import told
from edgewright.cli._format import FormatOption, JsonOption, wants_json


def describe(code: Code) -> dict[str, str]:
    """Return everything that the page of a code says."""
    return {
        "code": code.number,
        "family": code.family,
        "title": code.title,
        "means": code.means,
        "why": code.why,
        "do": code.do,
        "wrong": code.wrong,
        "right": code.right,
    }


def explain(
    codes: Annotated[list[str] | None, typer.Argument(help="Codes of faults, as EWF101. Default: list all.")] = None,
    format_: FormatOption = "text",
    as_json: JsonOption = False,
) -> None:
    """Explain the codes of faults, or list them. Codes of policies (EW101) are explained by `edgewright policies`.

    Examples:

      edgewright explain EWF101

      edgewright explain

      edgewright explain EWF101 EWF303 --format json
    """
    with told():
        faults: list[ProjectFault] = []
        chosen: list[Code] = []
        for name in dict.fromkeys(each.upper() for each in codes or ()):
            code = Code.of(name)
            if code:
                chosen.append(code)
            else:
                hint = (
                    f"edgewright policies {name}"
                    if name.startswith("EW") and name[2:].isdigit()
                    else "edgewright explain"
                )
                faults.append(ProjectFault(f"{name!r}: no such code of a fault; see `{hint}`", Code.OPTION))
        try:
            as_json = wants_json(format_, as_json)
        except ProjectError as error:
            faults += error.faults
        if faults:
            raise ProjectError(faults)
    if as_json:
        sys.stdout.write(json.dumps([describe(each) for each in chosen or Code], indent=2, ensure_ascii=False) + "\n")
    elif chosen:
        sys.stdout.write("\n".join(each.page for each in chosen))
    else:
        sys.stdout.write("".join(f"{each}  {each.title}\n" for each in Code))
