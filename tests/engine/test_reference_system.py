"""The reference system on the real engine: what `pulumi preview` and `pulumi up` do with it."""

import pytest
from edgewright.engine.cloud import RecordingCloud
from edgewright.engine.runner import run_program

from tests.engine.cli import Engine

pytestmark = [pytest.mark.engine, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def up(engine: Engine) -> Engine:
    assert engine("stack", "init", "dev").code == 0
    done = engine("up", "--stack", "dev", "--yes", "--skip-preview")
    assert done.code == 0, done.text
    return engine


@pytest.mark.parametrize("stack", ["dev", "staging"])
def test_a_preview_plans_every_resource(engine: Engine, stack: str) -> None:
    # In a backend of its own: another test brings `dev` up.
    fresh = engine.with_state("preview")
    assert fresh("stack", "init", stack).code == 0
    answer = fresh("preview", "--stack", stack, json_output=True)
    assert answer.code == 0, fresh("preview", "--stack", stack).text
    declared = len(tuple(run_program(engine.project, stack, preview=True, cloud=RecordingCloud())))
    assert answer.steps == {"create": declared + 1}, "every resource that the program declares, and the stack"


def test_a_second_run_changes_nothing(up: Engine) -> None:
    answer = up("preview", "--stack", "dev", "--expect-no-changes", json_output=True)
    assert answer.code == 0, up("preview", "--stack", "dev", "--diff").text
    assert set(answer.steps) == {"same"}


def test_the_engine_registers_what_an_in_process_run_captures(up: Engine) -> None:
    capture = run_program(up.project, "dev", cloud=RecordingCloud())
    here = {resource.urn: resource for resource in capture}
    there = {
        entry["urn"]: entry
        for entry in up.export("dev")
        if not entry["type"].startswith(("pulumi:providers:", "pulumi:pulumi:"))
    }
    assert here.keys() == there.keys()
    generated = {"namespaceId", "workerId", "versionId", "versions", "bindings"}
    for urn, resource in here.items():
        if resource.custom:
            assert set(there[urn]["inputs"]) == set(resource.inputs), urn
            for key in set(resource.inputs) - generated:
                assert there[urn]["inputs"][key] == resource.inputs[key], (urn, key)


def test_the_policy_pack_passes_the_stack_as_it_is(engine: Engine, up: Engine) -> None:
    done = up("preview", "--stack", "dev", "--policy-pack", "policies")
    assert done.code == 0, done.text
    assert "edgewright" in done.text


def test_the_policy_pack_blocks_a_violating_change(up: Engine) -> None:
    compose = up.project / "stacks" / "compose.py"
    kept = compose.read_text()
    changed = kept.replace(
        '"latency_sensitive": True,', '"latency_sensitive": True,\n        "limits": {"cpu_ms": 30000},'
    )
    assert changed != kept
    compose.write_text(changed)
    try:
        done = up("preview", "--stack", "dev", "--policy-pack", "policies")
    finally:
        compose.write_text(kept)
    assert done.code != 0
    assert "cpu" in done.text.lower()
    assert "mandatory" in done.text


def test_faults_of_settings_are_told_without_a_traceback(engine: Engine, up: Engine) -> None:
    settings = up.project / "stacks" / "Pulumi.dev.yaml"
    kept = settings.read_text()
    settings.write_text(kept.replace("products-api:fallback: us", "products-api:fallback: mars"))
    try:
        done = up("preview", "--stack", "dev")
    finally:
        settings.write_text(kept)
    assert done.code != 0
    assert "mars" in done.text
    assert "Traceback" not in done.text
