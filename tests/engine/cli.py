"""The Pulumi CLI as tests run it: one project, one backend, nothing of the user's own."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.engine.provider import version_of


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


def environment(base: Path) -> dict[str, str]:
    """Return the environment of a CLI whose backend and home are in a folder, and whose programs run in this Python."""
    state = base / "state"
    state.mkdir(parents=True, exist_ok=True)
    return {
        **os.environ,
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "PULUMI_BACKEND_URL": state.as_uri(),
        "PULUMI_CONFIG_PASSPHRASE": "test",
        "PULUMI_HOME": str(base / "home"),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def install(home: Path, package: str, project: Path) -> None:
    """Put the local cloud's provider where `pulumi plugin install` would have put a package's own.

    Args:
        home: the engine's own folder.
        package: the provider's package.
        project: the folder that the provider's code is imported from.
    """
    plugins = home / "plugins" / f"resource-{package}-v{version_of(package)}"
    plugins.mkdir(parents=True)
    launcher = plugins / f"pulumi-resource-{package}"
    launcher.write_text(
        f'#!/bin/sh\ncd "{project}" && exec "{sys.executable}" -m tests.engine.provider {package} "$@"\n'
    )
    launcher.chmod(0o755)
