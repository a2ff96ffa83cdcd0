"""The real Pulumi engine on a copy of this project, with its state in a folder of its own."""

import shutil
from pathlib import Path

import pytest

from tests.engine.cli import Engine as Engine
from tests.engine.cli import environment, install
from tests.engine.provider import PACKAGES

REPOSITORY = Path(__file__).parents[2]
COPIED = ("__main__.py", "stacks", "policies", "components", "examples", "tests")


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
    for package in PACKAGES:
        install(base / "home", package, project)
    return Engine(project, environment(base))
