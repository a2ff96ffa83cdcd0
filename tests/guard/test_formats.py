"""Reports: six formats of the same verdict."""

import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import jsonschema
import pytest
from edgewright.base.fault import ProjectFault
from edgewright.base.fault_codes import Code
from edgewright.guard import Evaluation
from edgewright.guard.findings import Location
from edgewright.guard.formats import FORMATS, github, junit, markdown, sarif, text
from edgewright.guard.formats import json as json_format
from edgewright.guard.gate import Gate, Unjudged, Verdict, judge
from edgewright_policies import POLICIES
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.guard.samples import ADVISORY, STACK_WIDE, evaluation, finding

SARIF = jsonschema.Draft4Validator(
    json.loads((Path(__file__).parent / "sarif-schema-2.1.0.json").read_text(encoding="utf-8"))
)
VERDICT = judge(evaluation(finding(), ADVISORY, STACK_WIDE), Gate())
CLEAN = judge(evaluation(skipped={}, suppressed=(), warnings=()), Gate())


def test_text_says_everything_about_a_finding() -> None:
    assert text.render(VERDICT).startswith(
        """\
HIGH mandatory kv-value-size EW201
  A key-value store's value fits its limit
  resource  product-1 (cloudflare:index/workersKv:WorkersKv)
  declared  stacks/compose.py:12
  found     value: 26,214,401 B
  allowed   at most 25 MiB
  do        Put it into R2.
  see       https://developers.cloudflare.com/kv/platform/limits/

"""
    )
    assert text.render(VERDICT).endswith(
        """\
warning: 1 limit was read more than 180 days ago
skipped, for values that are not known before the update: 2 (kv-key-size 2)
set aside: 1 by ignore
60 policies over 12 resources of shop/dev: 1 mandatory, 2 advisory; failed by 1 finding
"""
    )
    assert text.render(CLEAN) == "60 policies over 12 resources of shop/dev: no findings\n"


def test_json_has_one_shape_for_every_stack() -> None:
    alone = json.loads(json_format.render(VERDICT))
    broken = json.loads(json_format.render(UNJUDGED))
    several = json.loads(json_format.render(VERDICT, UNJUDGED))
    assert several["stacks"] == [*alone["stacks"], *broken["stacks"]]
    judged, unjudged = several["stacks"]
    assert judged.keys() == unjudged.keys()
    assert [type(judged[key]) for key in judged] == [type(unjudged[key]) for key in judged]
    assert judged["severities"].keys() == unjudged["severities"].keys()
    assert (judged["faults"], unjudged["findings"]) == ([], [])
    assert [each["code"] for each in unjudged["faults"]] == ["EWF403", "EWF405"]
    # Of one stack its keys are at the top too, as they always were.
    for each in (alone, broken):
        assert each == {**each, **each["stacks"][0]}
    assert {key: several[key] for key in several if key != "stacks"} == {
        "version": 2, "tool": alone["tool"], "passed": False,
    }  # fmt: skip


def test_json_has_every_field() -> None:
    data = json.loads(json_format.render(VERDICT))
    assert data["version"] == 2
    assert data["passed"] is False
    assert data["severities"] == {"critical": 0, "high": 1, "medium": 0, "low": 2}
    assert data["skipped"] == {"kv-key-size": 2}
    first = data["findings"][0]
    assert first["fails"] is True
    assert first["source"] == {"file": "stacks/compose.py", "line": 12}
    assert first["message"] == "value: 26,214,401 B; allowed: at most 25 MiB. Put it into R2."
    assert first["fingerprint"] == finding().fingerprint
    assert data["suppressed"][0]["by"] == "ignore"


def test_a_fingerprint_outlives_the_value_and_the_line() -> None:
    assert finding(value="1 B", source=None).fingerprint == finding().fingerprint
    assert finding(2).fingerprint != finding().fingerprint
    assert finding(what="key").fingerprint != finding().fingerprint


@pytest.mark.parametrize("verdict", [VERDICT, CLEAN], ids=["findings", "clean"])
def test_sarif_validates_and_declares_every_rule(verdict: Verdict) -> None:
    log = json.loads(sarif.render(verdict))
    SARIF.validate(log)
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [each["id"] for each in rules] == [each.meta.id for each in POLICIES]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["locations"][0]["physicalLocation"]["region"]["startLine"] >= 1


def test_sarif_says_level_and_place_and_leaves_out_what_was_set_aside() -> None:
    (run,) = json.loads(sarif.render(VERDICT))["runs"]
    fails, advisory, stack_wide = run["results"]
    assert fails["level"] == "error"
    assert advisory["level"] == "note"
    assert fails["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "stacks/compose.py"},
        "region": {"startLine": 12},
    }
    assert fails["locations"][0]["logicalLocations"][0]["fullyQualifiedName"].startswith("urn:pulumi:dev::")
    assert stack_wide["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "Pulumi.yaml"
    assert run["automationDetails"]["id"] == "edgewright/shop/dev/"


def test_sarif_tells_the_resources_of_a_loop_apart() -> None:
    (run,) = json.loads(sarif.render(judge(evaluation(finding(1), finding(2)), Gate())))["runs"]
    first, second = (each["partialFingerprints"]["primaryLocationLineHash"] for each in run["results"])
    assert first != second
    assert first == f"{finding(1).fingerprint}:1"


def test_sarif_has_no_more_results_than_code_scanning_takes() -> None:
    many = evaluation(*(finding(number) for number in range(sarif.MOST_RESULTS + 7)), warnings=())
    (run,) = json.loads(sarif.render(judge(many, Gate())))["runs"]
    assert len(run["results"]) == sarif.MOST_RESULTS
    (note,) = run["invocations"][0]["toolExecutionNotifications"]
    assert note["message"]["text"].startswith("7 more findings are left out")


def test_a_sarif_place_is_a_uri() -> None:
    odd = finding(source=Location("stacks/my compose#1%.py", 1))
    outside = finding(2, source=Location("/srv/lib/thing one.py", 3))
    (run,) = json.loads(sarif.render(judge(evaluation(odd, outside), Gate())))["runs"]
    uris = [each["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for each in run["results"]]
    assert uris[:2] == ["stacks/my%20compose%231%25.py", "file:///srv/lib/thing%20one.py"]


def test_junit_is_a_test_a_policy() -> None:
    root = ET.fromstring(junit.render(VERDICT))
    assert root.get("tests") == str(len(POLICIES))
    assert root.get("failures") == "1"
    cases = {case.get("name"): case for case in root.iter("testcase")}
    assert set(cases) == {each.name for each in POLICIES}
    failure = cases["kv-value-size"].find("failure")
    assert failure is not None
    assert "stacks/compose.py:12" in (failure.text or "")
    assert cases["kv-key-size"].find("skipped") is not None
    output = cases["jitter-missing"].find("system-out")
    assert output is not None
    assert cases["jitter-missing"].find("failure") is None
    for suite in root.iter("testsuite"):
        assert suite.get("tests") == str(len(suite.findall("testcase")))


def test_github_annotates_the_line() -> None:
    lines = github.render(VERDICT).splitlines()
    assert lines[0] == (
        "::error file=stacks/compose.py,line=12,title=kv-value-size (high)::product-1: value: 26,214,401 B;"
        " allowed: at most 25 MiB. Put it into R2."
    )
    assert lines[1].startswith("::notice title=jitter-missing (low)::")
    tricky = finding(what="a\n::error::b%", source=Location("a,b:c.py", 1))
    (line, *_) = github.render(judge(evaluation(tricky), Gate())).splitlines()
    assert line.startswith("::error file=a%2Cb%3Ac.py,line=1,")
    assert "a%0A::error::b%25" in line


def test_markdown_has_a_marker_by_which_its_comment_is_found() -> None:
    first = markdown.render(VERDICT).splitlines()[0]
    assert first == "<!-- edgewright-check shop.dev -->"
    assert markdown.render(CLEAN).splitlines()[1] == "### edgewright check: shop/dev passed"


def test_markdown_takes_nothing_in_a_finding_for_markup() -> None:
    nasty = finding(
        what="<img src=x onerror=alert(1)> @everyone [a](b) | c",
        value="`` | </details> @everyone <script>",
        resource="a`|b",
    )
    rendered = markdown.render(judge(evaluation(nasty, warnings=("<b>@here</b>",)), Gate()))
    outside = re.sub(r"(`+)(?:(?!\1).)+\1|<code>.*?</code>", "", rendered)
    for bad in ("<img", "<script", "<b>", "@everyone", "@here", "[a](b)"):
        assert bad not in outside
    row = next(line for line in rendered.splitlines() if line.startswith("| high"))
    assert len(re.findall(r"(?<!\\)\|", re.sub(r"<code>.*?</code>", "", row))) == 6


def _many(count: int) -> Evaluation:
    return evaluation(
        *(finding(number, what="wert €" * 20, value="ü" * 60) for number in range(count)), warnings=("w" * 200,) * 50
    )


@pytest.mark.parametrize(
    ("most", "count"), [(markdown.COMMENT_BYTES, 5000), (markdown.SUMMARY_BYTES, 20000), (4096, 100)]
)
def test_markdown_fits_and_counts_what_it_leaves_out(most: int, count: int) -> None:
    rendered = markdown.render(judge(_many(count), Gate()), most=most)
    size = len(rendered.encode())
    assert most * 0.7 < size <= most
    rows = sum(line.startswith("| high") for line in rendered.splitlines())
    assert f"_{count - rows} more findings: run `edgewright check` to see all of them._" in rendered
    assert rendered.count("<details>") == rendered.count("</details>")


def test_the_comments_default_fits_githubs_limit() -> None:
    assert len(FORMATS["markdown"](judge(_many(3000), Gate())).encode()) <= 65_536


def test_github_shows_ten_of_a_kind_and_the_log_has_the_rest() -> None:
    """More annotations of a step GitHub drops without a word."""
    failing = [finding(number) for number in range(25)]
    advice = [finding(number, level="advisory") for number in range(100, 112)]
    nasty = finding(99, what="::error::\n::warning::x")
    lines = github.render(judge(evaluation(*failing, nasty, *advice), Gate())).splitlines()
    for command, count in (("error", 10), ("notice", 10), ("warning", 1)):
        assert sum(line.startswith(f"::{command} ") for line in lines) == count
    assert sum(line.startswith("error: stacks/compose.py:12: kv-value-size (high): ") for line in lines) == 16
    assert "GitHub shows 10 annotations of a kind; above in this log only: 16 errors, 2 notices" in lines
    assert lines[-1].startswith("60 policies over 12 resources of shop/dev")


def _stacks(count: int, findings: int) -> list[Verdict]:
    return [
        judge(evaluation(*(finding(number) for number in range(findings)), stack=f"stack-{each}"), Gate())
        for each in range(count)
    ]


UNJUDGED = Unjudged(
    "shop",
    "prod",
    (
        ProjectFault("Pulumi.prod.yaml:3: shop:origin: 'mars' | <b>", Code.SETTING),
        ProjectFault("and another", Code.PROGRAM),
    ),
)


@pytest.mark.parametrize("most", [markdown.COMMENT_BYTES, 8192])
@pytest.mark.parametrize(("stacks", "findings"), [(2, 3), (40, 500), (300, 50), (3000, 1)])
def test_markdown_of_many_stacks_fits_and_says_how_each_fared(stacks: int, findings: int, most: int) -> None:
    rendered = markdown.render(*_stacks(stacks, findings), UNJUDGED, most=most)
    assert len(rendered.encode()) <= most
    assert rendered.startswith(
        f"<!-- edgewright-check -->\n### edgewright check: shop {stacks + 1} of {stacks + 1} stacks failed\n"
    )
    assert "| `prod` | **could not be checked** | | | |" in rendered
    assert "- Pulumi.prod.yaml:3: shop:origin: 'mars' \\| &lt;b&gt;" in rendered
    assert rendered.count("<details>") == rendered.count("</details>")
    listed = sum(line.startswith("| `stack-") for line in rendered.splitlines())
    assert listed == stacks or f"| _{stacks - listed} more stacks_ | | | | |" in rendered
    assert "| high | **fails** | [kv-value-size]" in rendered


def test_every_format_takes_several_stacks() -> None:
    judged = (VERDICT, judge(evaluation(stack="prod"), Gate()), UNJUDGED)
    log = json.loads(sarif.render(*judged))
    SARIF.validate(log)
    assert [each["automationDetails"]["id"] for each in log["runs"]] == [
        "edgewright/shop/dev/", "edgewright/shop/prod/", "edgewright/shop/prod/",
    ]  # fmt: skip
    assert [each["invocations"][0]["executionSuccessful"] for each in log["runs"]] == [True, True, False]
    told = log["runs"][2]["invocations"][0]["toolConfigurationNotifications"]
    assert [each["descriptor"]["id"] for each in told] == ["EWF403", "EWF405"]
    root = ET.fromstring(junit.render(*judged))
    assert (root.get("failures"), root.get("errors")) == ("1", "1")
    assert root.get("tests") == str(2 * len(POLICIES) + 1)
    assert "skipped" not in root.attrib, "Jenkins' schema knows it on suites only"
    cases = [(case.get("classname"), case.get("name")) for case in root.iter("testcase")]
    assert len(set(cases)) == len(cases)
    data = json.loads(json_format.render(*judged))
    assert data["passed"] is False
    assert [each["stack"] for each in data["stacks"]] == ["dev", "prod", "prod"]
    assert data["stacks"][2]["faults"] == [fault.to_dict() for fault in UNJUDGED.faults]
    assert "findings" not in data
    assert "::error title=prod could not be checked::Pulumi.prod.yaml:3" in github.render(*judged)
    assert "shop/prod could not be checked\n  Pulumi.prod.yaml:3" in text.render(*judged)


TEXTS = st.text(max_size=40)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    what=TEXTS, value=TEXTS, allowed=TEXTS, remediation=TEXTS, resource=st.none() | TEXTS, file=st.text(min_size=1, max_size=20),
    warning=TEXTS, project=TEXTS,
)  # fmt: skip
def test_any_text_makes_well_formed_reports(
    what: str, value: str, allowed: str, remediation: str, resource: str | None, file: str, warning: str, project: str
) -> None:
    sample = finding(
        what=what, value=value, allowed=allowed, remediation=remediation, resource=resource, source=Location(file, 3)
    )
    verdict = judge(evaluation(sample, warnings=(warning,), project=project), Gate())
    SARIF.validate(json.loads(sarif.render(verdict)))
    ET.fromstring(junit.render(verdict).encode("utf-8", "replace"))
    json.loads(json_format.render(verdict))
    assert sum(line.startswith("::") for line in github.render(verdict).split("\n")) == 2
    assert len(markdown.render(verdict, most=8192).encode()) <= 8192
    assert text.render(verdict)
