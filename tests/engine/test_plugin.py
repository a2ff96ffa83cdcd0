"""The components for programs in other languages: `pulumi package`."""

import json

import pytest

from tests.engine.cli import Engine
from tools.schema import GOLDEN

pytestmark = [pytest.mark.engine, pytest.mark.timeout(600)]


def test_the_engine_reads_the_schema_of_the_components(engine: Engine) -> None:
    answer = engine("package", "get-schema", str(engine.project / "components"))
    assert answer.code == 0, answer.text
    schema = json.loads(answer.text[answer.text.index("{") :])
    golden = json.loads(GOLDEN.read_text("utf-8"))
    assert schema["version"] == golden["version"]
    assert sorted(schema["resources"]) == sorted(golden["resources"])
    assert sorted(schema["types"]) == sorted(golden["types"])


def test_the_components_are_added_to_another_project(engine: Engine) -> None:
    """`pulumi package add ./components`, as the README says, in a project of somebody else's."""
    project = engine.project.parent / "other"
    project.mkdir()
    (project / "Pulumi.yaml").write_text("name: other\nruntime: python\n")
    (project / "requirements.txt").write_text("")
    components = engine.project / "components"
    answer = Engine(project, engine.environment)("package", "add", str(components))
    assert answer.code == 0, answer.text
    assert "edgewright" in (project / "Pulumi.yaml").read_text(), answer.text
    made = "\n".join(path.read_text() for path in (project / "sdks").rglob("*.py"))
    assert "class EdgeApi(pulumi.ComponentResource)" in made
