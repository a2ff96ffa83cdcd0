"""What the platform refuses of classes of Durable Objects is refused here too, with its codes; what it takes runs."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from edgewright.engine import ProgramFailed, Project, Runner
from edgewright.platforms import protocol
from edgewright.platforms.archive import Archive
from edgewright.platforms.cloud import LocalCloud, Plan, plan

from tests.local.test_translate import PREAMBLE
from tests.projects import make_project

ROOM = '{"Room": {"type": "durable-object", "storage": "sqlite"}}'
BOUND = '[{"type": "durable_object_namespace", "name": "ROOM", "class_name": "Room"}]'
GONE = '{"Room": {"type": "durable-object", "state": "deleted"}}'
THERE: Mapping[str, Mapping[str, str]] = {"api": {"Room": "exports"}}


def planned(
    runner: Runner,
    folder: Path,
    main: str,
    classes: Mapping[str, Mapping[str, str]] | None = None,
    versions: Mapping[str, protocol.Version] | None = None,
) -> Plan:
    project = make_project(folder, PREAMBLE + main)
    before = Archive(workers=versions or {}, classes=classes or {})
    capture, _ = runner.run(project, "local", cloud=LocalCloud(before.published, before.workers))
    return plan(Project.load(project), capture, before)


def refused(runner: Runner, folder: Path, main: str, classes: Mapping[str, Mapping[str, str]] | None = None) -> str:
    with pytest.raises(ProgramFailed) as caught:
        planned(runner, folder, main, classes)
    return str(caught.value)


def test_a_new_class_and_a_binding_to_it_are_not_in_one_uploaded_version(runner: Runner, tmp_path: Path) -> None:
    both = f'worker("api", exports={ROOM}, bindings={BOUND})'
    told = refused(runner, tmp_path / "first", both)
    assert "100406" in told
    assert "Leave the binding out and use `ctx.exports.Room`, or deploy once without the binding" in told
    # Deployed before without the binding, or of another script, or made and deployed in one step: as the platform takes it.
    assert planned(runner, tmp_path / "later", both, THERE).classes == {"api": {"Room": "exports"}}
    elsewhere = 'worker("chat"); worker("api", bindings=[{**' + BOUND[1:-1] + ', "script_name": "chat"}])'
    assert planned(runner, tmp_path / "elsewhere", elsewhere).classes == {"api": {}, "chat": {}}
    once = (
        'made = c.Worker("api", account_id=ACCOUNT, name="api")\n'
        'c.WorkerVersion("v", account_id=ACCOUNT, worker_id=made.id, main_module="main.js", modules=[module()],'
        f" exports={ROOM}, bindings={BOUND}, deploy=True)"
    )
    assert planned(runner, tmp_path / "once", once).classes == {"api": {"Room": "exports"}}


def test_a_class_without_a_binding_is_made_by_the_deployment(runner: Runner, tmp_path: Path) -> None:
    made = planned(runner, tmp_path, f'worker("api", exports={ROOM})')
    assert made.classes == {"api": {"Room": "exports"}}
    (version,) = made.deployment.workers[0].versions
    assert version.classes == {"Room"}


def test_migrations_are_not_in_a_version_that_is_only_uploaded(runner: Runner, tmp_path: Path) -> None:
    migrated = 'worker("api", migrations={"new_tag": "v1", "new_sqlite_classes": ["Room"]})'
    told = refused(runner, tmp_path / "first", migrated)
    assert "migrations (Room)" in told
    assert "10211" in told
    # The same migration once more changes nothing.
    assert planned(runner, tmp_path / "again", migrated, {"api": {"Room": "migrations"}}).classes == {
        "api": {"Room": "migrations"}
    }
    at_once = (
        'made = c.Worker("api", account_id=ACCOUNT, name="api")\n'
        'c.WorkerVersion("v", account_id=ACCOUNT, worker_id=made.id, main_module="main.js", modules=[module()],'
        ' migrations={"new_tag": "v1", "new_sqlite_classes": ["Room"]}, deploy=True)'
    )
    assert planned(runner, tmp_path / "once", at_once).classes == {"api": {"Room": "migrations"}}


def test_a_class_with_objects_goes_only_when_that_is_said(runner: Runner, tmp_path: Path) -> None:
    told = refused(runner, tmp_path / "silent", 'worker("api")', THERE)
    assert "100402" in told
    assert '{"Room": {"type": "durable-object", "state": "deleted"}}' in told
    assert planned(runner, tmp_path / "said", f'worker("api", exports={GONE})', THERE).classes == {"api": {}}


SPLIT = """
made = c.Worker("api", account_id=ACCOUNT, name="api")
c.WorkerVersion("new", account_id=ACCOUNT, worker_id=made.id, main_module="main.js", modules=[module("export default 1")]{more})
c.WorkersDeployment(
    "deployment",
    account_id=ACCOUNT,
    script_name="api",
    strategy="percentage",
    versions=[{{"percentage": 90, "version_id": "old"}}, {{"percentage": 10, "version_id": {new}}}],
)
"""


@pytest.mark.parametrize(("before", "after"), [(True, False), (False, True)])
def test_versions_that_differ_in_their_classes_share_no_traffic(
    runner: Runner, tmp_path: Path, before: bool, after: bool
) -> None:
    (first,) = planned(
        runner, tmp_path / "a", f'worker("api"{f", exports={ROOM}" if before else ""})'
    ).deployment.workers
    old = first.versions[0].model_copy(update={"id": "old"})
    main = SPLIT.replace("c.WorkerVersion", "new = c.WorkerVersion").format(
        more=f", exports={ROOM}" if after else "", new="new.id"
    )
    with pytest.raises(ProgramFailed) as caught:
        planned(runner, tmp_path / "b", main, THERE if before else {}, {"old": old})
    assert "differ in their classes (Room)" in str(caught.value)
    assert "give the version with the change all requests first (100 %)" in str(caught.value)


def test_an_earlier_version_is_read_back_with_its_classes() -> None:
    export = protocol.Export(type="durable-object", storage="sqlite")
    known = protocol.Version(id="old", modules=[], main_module="main.js", exports={"Room": export})
    token = "cloudflare:index/getWorkerVersion:getWorkerVersion"
    answer = LocalCloud(versions={"old": known}).call(token, {"versionId": "old"})
    assert (answer["id"], answer["exports"]["Room"]["type"]) == ("old", "durable-object")
    assert LocalCloud().call(token, {"versionId": "old"}) == {"versionId": "old"}
