"""The installation of the edge runtimes: whole or not at all, once, and clear when it fails."""

import json
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from edgewright.assemble import runtime
from edgewright.assemble.node import Node, NodeMissing
from edgewright.base.errors import RuntimeInstallFailed


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(runtime.CACHE_VARIABLE, str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """A function that puts a Python script in the place of npm."""

    def use(script: str) -> None:
        program = tmp_path / "npm.py"
        program.write_text(script)

        class Fake(Node):
            def npm(self, *arguments: str) -> list[str]:
                return [sys.executable, str(program), *arguments]

        monkeypatch.setattr(runtime, "find_node", lambda: Fake(Path(sys.executable), None))

    return use


INSTALLS = """
import pathlib, sys
assert sys.argv[1] == "ci" and "--ignore-scripts" in sys.argv
assert pathlib.Path("package-lock.json").is_file()
pathlib.Path("node_modules/miniflare").mkdir(parents=True)
with open({log!r}, "a") as file:
    file.write("installed\\n")
"""


def test_installs_once_and_whole(cache: Path, tmp_path: Path, npm: Callable[[str], None]) -> None:
    log = tmp_path / "log"
    npm(INSTALLS.format(log=str(log)))
    said: list[str] = []
    assert not runtime.installed()
    folder = runtime.ensure(said.append)
    assert folder == runtime.runtime_dir()
    assert folder.is_relative_to(cache)
    assert (folder / "node_modules" / "miniflare").is_dir()
    assert runtime.ensure(said.append) == folder
    assert log.read_text() == "installed\n"
    assert len(said) == 2
    assert sorted(path.name for path in folder.parent.iterdir()) == [folder.name, f"{folder.name}.lock"]


def test_two_commands_at_once_install_once(cache: Path, tmp_path: Path, npm: Callable[[str], None]) -> None:
    log = tmp_path / "log"
    npm("import time; time.sleep(0.5)\n" + INSTALLS.format(log=str(log)))
    threads = [threading.Thread(target=runtime.ensure) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert log.read_text() == "installed\n"


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("print('npm error code ENOTFOUND'); exit(1)", "the npm registry does not answer. Check the network"),
        ("print('npm error code EINTEGRITY'); exit(1)", "is not the one in the lock file"),
        ("print('npm error disk on fire'); exit(7)", "npm says: npm error disk on fire"),
        ("", "miniflare is not there"),
    ],
)
def test_a_failure_is_told_and_leaves_nothing(
    cache: Path, npm: Callable[[str], None], script: str, message: str
) -> None:
    npm(script)
    with pytest.raises(RuntimeInstallFailed) as caught:
        runtime.ensure()
    assert message in str(caught.value)
    assert not runtime.installed()
    assert [path.name for path in (cache / "runtime").iterdir()] == [f"{runtime.runtime_dir().name}.lock"]


def test_an_installation_that_was_killed_is_done_again(cache: Path, tmp_path: Path, npm: Callable[[str], None]) -> None:
    log = tmp_path / "log"
    npm(INSTALLS.format(log=str(log)))
    target = runtime.runtime_dir()
    (target.parent / f"{target.name}.tmp-dead" / "node_modules").mkdir(parents=True)
    (target / "node_modules").mkdir(parents=True)  # without its stamp
    runtime.ensure()
    assert (target / "node_modules" / "miniflare").is_dir()
    assert not (target.parent / f"{target.name}.tmp-dead").exists()


def test_no_node(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> Node:
        raise NodeMissing("Node.js 22 or newer was not found")

    monkeypatch.setattr(runtime, "find_node", missing)
    with pytest.raises(RuntimeInstallFailed, match=r"Node\.js 22 or newer was not found"):
        runtime.ensure()


def test_a_cache_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "file"
    file.write_text("")
    monkeypatch.setenv(runtime.CACHE_VARIABLE, str(file / "cache"))
    with pytest.raises(RuntimeInstallFailed, match="set EDGEWRIGHT_CACHE_DIR to a folder that can be written"):
        runtime.ensure()


@pytest.mark.runtime
def test_no_network_is_told_with_exit_3(cache: Path, tmp_path: Path) -> None:
    """The real npm, with a registry on a port where nothing listens."""
    import os

    environment = {
        **os.environ,
        "EDGEWRIGHT_CACHE_DIR": str(cache),
        "npm_config_registry": "http://127.0.0.1:9/",
        "npm_config_cache": str(tmp_path / "npm-cache"),
    }
    (tmp_path / "Pulumi.yaml").write_text("name: demo\nruntime: python\n")
    (tmp_path / "__main__.py").write_text("")
    (tmp_path / "Pulumi.local.yaml").write_text("config: {}\n")
    done = subprocess.run(
        [sys.executable, "-c", "from edgewright.cli._start import main; main()", "up"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    assert done.returncode == 3
    assert "the npm registry does not answer" in done.stderr
    assert "Traceback" not in done.stderr
    assert not list((cache / "runtime").glob("*.tmp-*"))


def test_the_lock_file_names_no_registry() -> None:
    lock = json.loads((Path(runtime.__file__).parent / "runtime" / "package-lock.json").read_text())
    assert not [name for name, package in lock["packages"].items() if "resolved" in package]
    assert all("integrity" in package for name, package in lock["packages"].items() if name)
