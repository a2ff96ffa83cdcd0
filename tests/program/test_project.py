from pathlib import Path

import pytest
from edgewright.engine import Project, ProjectError

from tests.projects import make_project


def test_load_from_a_folder_inside(tmp_path: Path) -> None:
    make_project(tmp_path, "")
    project = Project.load(tmp_path / "stacks")
    assert project.name == "demo"
    assert project.directory == tmp_path.resolve()
    assert project.stacks() == ("local",)
    assert project.require_stack("local") == tmp_path.resolve() / "stacks" / "Pulumi.local.yaml"
    assert project.require_stack("organization/demo/local").name == "Pulumi.local.yaml"


def test_no_project(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match=r"no Pulumi.yaml here or in a folder above"):
        Project.load(tmp_path)


def test_all_faults_of_a_project_at_once(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: 'a b'\nruntime: nodejs\nmain: nowhere\nstackConfigDir: 3\n")
    with pytest.raises(ProjectError) as caught:
        Project.load(tmp_path)
    assert [fault.text for fault in caught.value.faults] == [
        "Pulumi.yaml:1: name: must be a project name of letters, digits, `-`, `_` and `.`, got 'a b'",
        "Pulumi.yaml:2: runtime: must be `python`, which is what edgewright runs, got 'nodejs'",
        "Pulumi.yaml:4: stackConfigDir: must be a path, got 3",
        "Pulumi.yaml:3: main: no program there: 'nowhere' is neither a file nor a folder with `__main__.py`",
    ]


def test_not_yaml(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: [\n")
    with pytest.raises(ProjectError, match=r"^Pulumi.yaml:\d: not valid YAML"):
        Project.load(tmp_path)
