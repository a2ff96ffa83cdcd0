"""The folder that `pulumi --policy-pack` takes, as `edgewright policies --write-pack` writes it."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import edgewright
import pytest
import yaml
from edgewright.base.errors import ProjectError
from edgewright.cli.main import run
from edgewright.guard import pack_folder
from edgewright.guard.pack_folder import files, requirement, virtual_environment, write
from edgewright_policies import POLICIES, choose

ROOT = Path(__file__).parents[2]


def _project(folder: Path, runtime: object) -> Path:
    (folder / "Pulumi.yaml").write_text(json.dumps({"name": "shop", "runtime": runtime}))
    return folder


def test_a_pack_is_written_once_and_never_over_something_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(_project(tmp_path, {"name": "python", "options": {"virtualenv": "venv"}}))
    assert run(["policies", "--write-pack", "infra/policies"]) == 0
    out = capfd.readouterr().out
    assert f"It runs in {tmp_path.resolve()}/venv, as the program does: edgewright must be in there." in out
    assert "It is not there yet: make it first, for Pulumi waits for ever for a pack without its environment." in out
    assert out.endswith("pulumi preview --policy-pack infra/policies\n")
    folder = tmp_path / "infra" / "policies"
    assert {each.name for each in folder.iterdir()} == {"PulumiPolicy.yaml", "__main__.py", "requirements.txt"}
    project = yaml.safe_load((folder / "PulumiPolicy.yaml").read_text())
    assert project["version"] == edgewright.__version__
    assert project["runtime"]["options"] == {"toolchain": "pip", "virtualenv": "../../venv"}
    assert "==" not in (folder / "requirements.txt").read_text()
    assert run(["policies", "--write-pack", "infra/policies"]) == 0
    assert "is so already" in capfd.readouterr().out
    (folder / "__main__.py").write_text("mine\n")
    (folder / "requirements.txt").unlink()
    assert run(["policies", "--write-pack", "infra/policies"]) == 2
    assert "infra/policies/__main__.py is there already and is another" in capfd.readouterr().err.replace("\n", " ")
    assert (folder / "__main__.py").read_text() == "mine\n"
    assert not (folder / "requirements.txt").exists()


@pytest.mark.parametrize(
    ("runtime", "environment"),
    [
        ("python", None),
        ("nodejs", None),
        ({"name": "python"}, None),
        ({"name": "python", "options": {"toolchain": "uv", "virtualenv": ".venv"}}, None),
        ({"name": "python", "options": {"toolchain": "pip", "virtualenv": ".venv"}}, "../.venv"),
        ({"name": "python", "options": {"virtualenv": "/opt/venv"}}, "/opt/venv"),
    ],
)
def test_a_pack_runs_where_the_program_does(tmp_path: Path, runtime: object, environment: str | None) -> None:
    found = virtual_environment(_project(tmp_path, runtime) / "policies")
    assert found == environment or (tmp_path / "policies" / (found or "")).resolve() == Path(environment or "")
    project = yaml.safe_load(files(tmp_path / "policies", ())["PulumiPolicy.yaml"])
    assert ("options" in project["runtime"]) == (environment is not None)


DIGEST = "0" * 64


@pytest.mark.parametrize(
    ("record", "named"),
    [
        (
            {"url": "https://h.example/e.whl", "archive_info": {"hashes": {"sha256": DIGEST}}},
            f"edgewright @ https://h.example/e.whl#sha256={DIGEST}",
        ),
        (
            {"url": "file:///srv/e.whl", "archive_info": {"hash": f"sha256={DIGEST}"}},
            f"edgewright @ file:///srv/e.whl#sha256={DIGEST}",
        ),
        (
            {"url": "https://me:secret@h.example/e.zip", "archive_info": {}, "subdirectory": "sub"},
            "edgewright @ https://h.example/e.zip#subdirectory=sub",
        ),
        (
            {
                "url": "https://h.example/e.git",
                "vcs_info": {"vcs": "git", "commit_id": "abc", "requested_revision": "main"},
            },
            "edgewright @ git+https://h.example/e.git@abc",
        ),
        ({"url": "file:///srv/checkout", "dir_info": {"editable": True}}, "../../checkout"),
        ({"url": "file:///srv/shop/policies/vendor", "dir_info": {}}, "./vendor"),
        (None, None),
    ],
)
def test_edgewright_is_named_by_where_it_comes_from(record: dict[str, object] | None, named: str | None) -> None:
    """A name and a version would be looked up on an index, where anybody can take the name."""
    assert requirement(Path("/srv/shop/policies"), None if record is None else json.dumps(record)) == named


@pytest.mark.parametrize("found", [None, json.dumps({"url": "file:///srv/checkout", "dir_info": {}})])
def test_no_pack_names_a_package_of_an_index(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, found: str | None
) -> None:
    monkeypatch.setattr(pack_folder, "_direct_url", lambda: found)
    lines = files(tmp_path / "policies", ())["requirements.txt"].splitlines()
    asked = [line for line in lines if not line.startswith("#")]
    assert len(asked) == (found is not None)
    assert all(line.startswith(("./", "../", "edgewright @ ")) for line in asked)
    assert any("edgewright @ https://" in line for line in lines) == (found is None)


def test_pip_takes_what_is_written(tmp_path: Path) -> None:
    """This repository's own environment is installed from the checkout, so the pack names the checkout."""
    write(tmp_path / "pack", ())
    command = ["-m", "pip", "install", "--dry-run", "--no-deps", "--no-index", "--no-build-isolation", "--quiet"]
    done = subprocess.run(
        [sys.executable, *command, "--report", "-", "-r", "requirements.txt"],
        cwd=tmp_path / "pack",
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )
    assert done.returncode == 0, done.stderr
    (installed,) = json.loads(done.stdout)["install"] or [None]
    assert installed["download_info"]["url"] == ROOT.as_uri()


def test_outside_a_project_a_pack_runs_on_the_path(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert virtual_environment(tmp_path / "policies") is None
    assert run(["-C", str(tmp_path), "policies", "--write-pack", "p"]) == 0
    assert "It runs with the Python on PATH" in capfd.readouterr().out


def test_chosen_policies_are_named_in_the_pack(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    write(tmp_path / "pack", ["security", "EW201"])
    text = (tmp_path / "pack" / "__main__.py").read_text()
    assert 'run("edgewright", choose("security", "EW201"))' in text
    ast.parse(text)
    assert {each.meta.family for each in choose("security", "EW201")} == {"security", "storage"}
    assert choose(*(each.name for each in POLICIES)) == POLICIES
    with pytest.raises(ValueError, match="'nope': no such policy"):
        choose("security", "nope")
    assert run(["policies", "nope", "--write-pack", str(tmp_path / "other")]) == 2
    assert not (tmp_path / "other").exists()


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ProjectError, match="cannot be written"):
        write(tmp_path / "file" / "pack", ())


def test_a_written_pack_serves(tmp_path: Path) -> None:
    """The engine's part is in tests/policies/test_engine.py; this needs no engine."""
    write(tmp_path / "pack", ["storage"])
    with subprocess.Popen([sys.executable, "-u", str(tmp_path / "pack")], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert 0 < int(process.stdout.readline()) < 65_536
        finally:
            process.kill()


def test_this_repositorys_pack_is_as_one_is_written() -> None:
    ours = yaml.safe_load((ROOT / "policies" / "PulumiPolicy.yaml").read_text())
    assert ours == yaml.safe_load(files(ROOT / "policies", ())["PulumiPolicy.yaml"])
    written = ast.parse(files(ROOT / "policies", ())["__main__.py"])
    assert ast.dump(ast.Module(ast.parse((ROOT / "policies" / "__main__.py").read_text()).body[1:], [])) == ast.dump(
        ast.Module(written.body[1:], [])
    )
