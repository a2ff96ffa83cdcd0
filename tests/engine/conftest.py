"""The real Pulumi engine on a copy of this project, with its state in a folder of its own."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.engine.provider import VERSION

REPOSITORY = Path(__file__).parents[2]
COPIED = ("__main__.py", "stacks", "policies", "components", "examples", "tests")


@dataclass(frozen=True)
class Answer:
    """What a run of the CLI gave."""

    code: int
    text: str

    @property
    def steps(self) -> dict[str, int]:
        """How many resources each kind of step touches, from a JSON answer."""
        return dict(json.loads(self.text[self.text.index("{") :])["changeSummary"])


@dataclass(frozen=True)
class Engine:
    """The CLI, set to one project, one backend and the plugins of this repository."""

    project: Path
    environment: dict[str, str]

    def __call__(self, *arguments: str, json_output: bool = False) -> Answer:
        done = subprocess.run(
            ["pulumi", *arguments, "--non-interactive", *(["--json"] if json_output else [])],
            cwd=self.project,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL if json_output else subprocess.STDOUT,
            text=True,
            timeout=200,
            check=False,
        )
        return Answer(done.returncode, done.stdout)

    def with_state(self, name: str) -> "Engine":
        """Return the same with another backend, empty at first use."""
        folder = self.project.parent / name
        folder.mkdir(exist_ok=True)
        return Engine(self.project, {**self.environment, "PULUMI_BACKEND_URL": folder.as_uri()})

    def export(self, stack: str) -> list[dict[str, Any]]:
        """Return the resources in the stack's state."""
        return list(json.loads(self("stack", "export", "--stack", stack).text)["deployment"]["resources"])


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    if shutil.which("pulumi") is None:
        pytest.skip("the Pulumi CLI is not on PATH; these tests need it")
    base = tmp_path_factory.mktemp("engine")
    project = base / "project"
    project.mkdir()
    for name in COPIED:
        source = REPOSITORY / name
        ignored = shutil.ignore_patterns("__pycache__", ".edgewright", ".venv")
        if source.is_dir():
            shutil.copytree(source, project / name, ignore=ignored)
        else:
            shutil.copy2(source, project / name)
    # The same interpreter and the same package for the program, the pack and the plugin.
    for place in (project / "Pulumi.yaml", project / "policies" / "PulumiPolicy.yaml"):
        text = (REPOSITORY / place.relative_to(project)).read_text()
        kept = [line for line in text.splitlines() if not line.strip().startswith("virtualenv:")]
        place.write_text("\n".join(kept) + "\n")
    # Where `pulumi plugin install` would have put the provider; a package's own dependencies are looked for only there.
    plugins = base / "home" / "plugins" / f"resource-cloudflare-v{VERSION}"
    plugins.mkdir(parents=True)
    launcher = plugins / "pulumi-resource-cloudflare"
    launcher.write_text(f'#!/bin/sh\ncd "{project}" && exec "{sys.executable}" -m tests.engine.provider "$@"\n')
    launcher.chmod(0o755)
    state = base / "state"
    state.mkdir()
    environment = {
        **os.environ,
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "PULUMI_BACKEND_URL": state.as_uri(),
        "PULUMI_CONFIG_PASSPHRASE": "test",
        "PULUMI_HOME": str(base / "home"),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    return Engine(project, environment)
