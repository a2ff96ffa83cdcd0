"""Codes of faults are interface: each has one meaning, a page, and stays."""

import json
import pickle
import re
from pathlib import Path
from typing import Any

import pytest
from edgewright.assemble.node import NodeMissing
from edgewright.base.errors import DeployFault, InfrastructureError, PortInUse, ProgramFailed, ProjectError
from edgewright.base.fault import ProjectFault
from edgewright.base.fault_codes import FAMILIES, Code
from edgewright.base.faults import Fault, Faults, InputFaults
from edgewright.cli.main import run
from edgewright.contract import purge
from edgewright.contract.purge import PurgeRefused
from edgewright.local.detached import raised

from tools.fault_docs import DOCS, pages

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "golden" / "fault_codes.txt"
"""Every code that there has been, with its name. Lines are added, and neither change nor go."""
PAGES = pages()


def test_no_code_is_lost_or_given_another_meaning() -> None:
    known = dict(line.split() for line in GOLDEN.read_text(encoding="utf-8").splitlines())
    now = {code.number: code.name for code in Code}
    assert {number: now.get(number) for number in known} == known


def test_every_code_is_in_the_golden_list() -> None:
    """Add a line to it for a new code."""
    written = GOLDEN.read_text(encoding="utf-8").splitlines()
    assert [f"{code.number} {code.name}" for code in sorted(Code, key=lambda code: code.number)] == written


def test_each_code_has_a_number_of_its_own_in_a_family() -> None:
    names = Code.__members__
    assert len({code.number for code in Code}) == len(names)
    for code in Code:
        assert re.fullmatch(rf"EWF[{''.join(map(str, FAMILIES))}]\d\d", code.number)


@pytest.mark.parametrize("code", Code, ids=lambda code: code.number)
def test_each_code_says_what_it_means_and_what_to_do(code: Code) -> None:
    for text in (code.means, code.why, code.do):
        assert text.endswith((".", "`"))
    assert not code.title.endswith(".")
    assert code.wrong
    assert code.right
    assert code.wrong != code.right


@pytest.mark.parametrize("name", sorted(PAGES))
def test_a_page_is_fresh(name: str) -> None:
    """Run `python -m tools.fault_docs` where it is not."""
    assert (DOCS / name).read_text(encoding="utf-8") == PAGES[name]


def test_there_is_no_other_page() -> None:
    assert {each.name for each in DOCS.glob("*.md")} == set(PAGES)


def test_a_fault_holds_its_code_and_shows_it_last() -> None:
    faults = Faults("EdgeApi", "api")
    faults.add("origin", "is required and was not given", code=Code.MISSING, fix="Give it.")
    with pytest.raises(InputFaults) as caught:
        faults.raise_if_any()
    assert [fault.code for fault in caught.value.faults] == [Code.MISSING]
    assert str(caught.value).splitlines()[1] == "  origin: is required and was not given. Give it. [EWF101]"


def test_what_was_given_and_is_at_fault_is_not_missing_or_empty_whatever_the_words() -> None:
    faults = Faults("EdgeApi", "api")
    faults.add("routes[0]", "'x' is not a route's pattern", code=Code.ROUTE)
    faults.add("routes", "has nothing in it", code=Code.EMPTY)
    faults.add("routes", "must be given", code=Code.MISSING)
    assert [fault.code for fault in faults] == [Code.ROUTE]


def test_a_fault_keeps_its_code_where_its_secret_is_concealed() -> None:
    faults = Faults("EdgeApi", "api")
    faults.add("secrets.KEY", "'hunter2!' is too short", code=Code.WEAK_SECRET)
    faults.conceal("hunter2!")
    (fault,) = faults
    assert isinstance(fault, Fault)
    assert fault.code is Code.WEAK_SECRET
    assert "hunter2" not in str(fault)


def test_explain_prints_a_page(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "ewf101"]) == 0
    assert capsys.readouterr().out == Code.MISSING.page


def test_explain_lists_and_knows_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(Code)
    assert run(["explain", "EWF203", "--format", "json"]) == 0
    assert [each["code"] for each in json.loads(capsys.readouterr().out)] == ["EWF203"]


def test_explain_refuses_what_is_no_code_and_leads_on(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "EWF999", "EW101"]) == 2
    said = capsys.readouterr().err
    assert "'EWF999': no such code of a fault; see `edgewright explain`" in said
    assert "see `edgewright policies EW101`" in said


@pytest.mark.parametrize(
    "error",
    [
        ProjectError("Pulumi.dev.yaml:2: is wrong", Code.SETTING),
        ProgramFailed(
            [ProjectFault("__main__.py:1: x", Code.PROGRAM, (Fault("a", "b", code=Code.MISSING),))], [("info", "hi")]
        ),
        InfrastructureError("no answer", Code.NO_ANSWER),
        PortInUse("port 1 is in use"),
        NodeMissing("no Node.js"),
        PurgeRefused([purge.Fault("can never be served: x", "--url", "/%zz", Code.NEVER_SERVED)]),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_keeps_its_codes_on_its_way_between_processes(error: Exception) -> None:
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), again.__dict__) == (type(error), str(error), error.__dict__)


def test_a_projects_error_shows_the_code_at_the_end_of_each_faults_first_line() -> None:
    error = ProjectError([ProjectFault("Pulumi.dev.yaml:2: no", Code.SETTING), ProjectFault("a\n  b", Code.PROGRAM)])
    assert str(error) == "Pulumi.dev.yaml:2: no [EWF403]\na [EWF405]\n  b"


def test_a_refused_component_in_a_program_is_told_with_its_inputs_own_codes() -> None:
    fault = ProjectFault("heading\n  a: b. [EWF101]", Code.PROGRAM, (Fault("a", "b", code=Code.MISSING),))
    assert str(fault) == fault.text
    assert fault.to_dict() == {
        "code": "EWF405",
        "text": fault.text,
        "inputs": [{"path": "a", "problem": "b", "allowed": "", "fix": "", "code": "EWF101"}],
    }


def test_what_the_runtime_refuses_has_a_code() -> None:
    assert str(DeployFault("boom", "api", "main.js", 3, 1)) == "Worker api main.js:3:1: boom [EWF504]"


@pytest.mark.parametrize(
    ("told", "kind", "text"),
    [
        ({"faults": [{"code": "EWF405", "text": "__main__.py:1: no"}]}, ProjectError, "__main__.py:1: no [EWF405]"),
        ({"code": "EWF502", "message": "port 1"}, PortInUse, "port 1 [EWF502]"),
        ({"code": "EWF501", "message": "no Node.js"}, InfrastructureError, "no Node.js [EWF501]"),
        ({}, InfrastructureError, "see the log [EWF503]"),
    ],
)
def test_what_a_supervisor_tells_is_raised_with_its_code(
    told: dict[str, Any], kind: type[Exception], text: str
) -> None:
    error = raised(told, "see the log")
    assert (type(error), str(error)) == (kind, text)


WORDS_OF_OTHERS = {
    "engine/execute.py": "Python says only in words that an attribute was asked of None",
}
"""Files that decide by the words of a message which is not ours, and why. Add to it only what has no other way."""
_BY_WORDS = re.compile(
    r"""["'] (?:not )?in str\(\w*err\w*\)|str\(\w*err\w*\)\.(?:startswith|endswith|removeprefix)\("""
    r"""|\b(?:problem|message|reason)\.(?:startswith|endswith)\(|\.args\[0\]\.(?:startswith|endswith)\("""
)


def test_no_code_decides_by_the_words_of_a_message() -> None:
    found = {
        path.relative_to(ROOT / "components" / "edgewright").as_posix()
        for path in (ROOT / "components" / "edgewright").rglob("*.py")
        if _BY_WORDS.search(path.read_text(encoding="utf-8"))
    }
    assert found == set(WORDS_OF_OTHERS)


def test_every_code_is_used() -> None:
    text = "".join(
        path.read_text(encoding="utf-8")
        for folder in ("components/edgewright", "policies/edgewright_policies")
        for path in (ROOT / folder).rglob("*.py")
        if path.name != "fault_codes.py"
    )
    assert [code.name for code in Code if not re.search(rf"\bCode\.{code.name}\b", text)] == []
