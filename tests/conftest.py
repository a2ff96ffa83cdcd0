"""Fixtures for all tests: a warm runner of programs, the edge runtimes, local clouds."""

import gc
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from edgewright.assemble import runtime
from edgewright.engine.runner import Runner
from edgewright.testing import LocalCloud, local_cloud
from hypothesis import settings

# What the terminal, the CI service or the shell says of its own must not change what a test sees.
for _name in (
    *("CI", "CLICOLOR", "CLICOLOR_FORCE", "COLUMNS", "FORCE_COLOR", "LINES", "NO_COLOR", "PY_COLORS", "TERM"),
    *("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY"),
    *(name for name in os.environ if name.startswith(("AWS_", "CLOUDFLARE_", "EDGEWRIGHT_", "PULUMI_CONFIG"))),
):
    if _name not in ("AWS_CA_BUNDLE", runtime.CACHE_VARIABLE, "EDGEWRIGHT_UPDATE_GOLDEN"):
        os.environ.pop(_name, None)
# Servers of tests are on loopback, where no proxy leads.
for _name in ("NO_PROXY", "no_proxy"):
    os.environ[_name] = ",".join(filter(None, (os.environ.get(_name), "127.0.0.1", "localhost", "::1")))


# An example may take its time on a busy machine.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


def pytest_collection_finish() -> None:
    """The SDKs and the tests themselves stay: a collector that looks through them at its usual pace takes a fifth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


@pytest.fixture(autouse=True)
def _stay_in_folder() -> Iterator[None]:
    """A command that a test runs in this process may change the folder (`-C`)."""
    folder = Path.cwd()
    yield
    os.chdir(folder)


@pytest.fixture(scope="session")
def runner() -> Iterator[Runner]:
    """A warm runner of programs, shared because its start costs seconds."""
    with Runner() as running:
        yield running


@pytest.fixture(scope="session")
def runtime_dir() -> Path:
    """The folder of the edge runtimes, installed on first use."""
    return runtime.ensure()


@pytest.fixture
def start_cloud(runtime_dir: Path) -> Iterator[Callable[..., LocalCloud]]:
    """A function that runs a project's stack on a local cloud on a free port; all are stopped after the test."""
    started: list[LocalCloud] = []

    def start(project_dir: Path, stack: str = "local", **options: object) -> LocalCloud:
        started.append(local_cloud(project_dir, stack, **options))  # type: ignore[arg-type]
        return started[-1]

    yield start
    for cloud in started:
        cloud.close()
