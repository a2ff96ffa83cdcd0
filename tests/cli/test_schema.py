"""`edgewright schema`: what an editor is given accepts and refuses what the command does."""

import json
from pathlib import Path

import jsonschema

from tests.cli.conftest import Edgewright
from tests.projects import make_project

ROOT = Path(__file__).parents[2]


def test_the_schema_of_a_project(edgewright: Edgewright, tmp_path: Path) -> None:
    outcome = edgewright("schema", cwd=make_project(tmp_path, ""))
    assert outcome.code == 0
    schema = json.loads(outcome.out)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    assert validator.is_valid({"config": {"edgewright:objectives": {"p50_ms": 1}, "demo:anything": [1]}})
    assert not validator.is_valid({"config": {"edgewright:objectives": {"p50": 1}}})


def test_this_repositorys_stacks_fit_their_schema(edgewright: Edgewright, tmp_path: Path) -> None:
    import yaml

    file = tmp_path / "schema.json"
    assert edgewright("schema", "--output", str(file), cwd=ROOT).code == 0
    validator = jsonschema.Draft202012Validator(json.loads(file.read_text()))
    stacks = sorted((ROOT / "stacks").glob("Pulumi.*.yaml"))
    assert stacks
    for stack in stacks:
        assert [error.message for error in validator.iter_errors(yaml.safe_load(stack.read_text()))] == [], stack.name


def test_an_output_that_cannot_be_written(edgewright: Edgewright, tmp_path: Path) -> None:
    outcome = edgewright("schema", "--output", "/no/such/folder/x.json", cwd=make_project(tmp_path, ""))
    assert outcome.code == 2
    assert "cannot be written" in outcome.err
