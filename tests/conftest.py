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


TESTS = Path(__file__).parent

# An example may take its time on a busy machine.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


LONGEST = (
    "effect/test_on_cloudfront.py",
    "effect/test_on_cloudflare.py",
    "reference/test_verify_command.py",
    "cli/test_lifetime.py",
    "cli/test_interrupts.py",
    "verify/test_replay.py",
    "cli/test_endless_program.py",
    "reference/test_up.py",
    "contract/test_stored.py",
    "reference/test_behaviour.py",
    "purge/test_local.py",
    "policies/test_properties.py",
    "contract/test_hosts.py",
)
"""Files that take half a minute or more, the longest first: a worker that begins one last keeps the other waiting."""

PROCESSES = {"runner", "runtime_dir", "service"}
"""Fixtures that start processes. Tests that use one of them are not fast."""

NOT_FAST = (
    *("captures/", "effect/", "engine/", "origins/", "program/", "reference/", "verify/test_replay.py"),
    *(
        "cli/test_main.py",
        "components/test_lifecycles.py",
        "components/test_plugin.py",
        "components/test_requirements.py",
    ),
    *("docs/", "guard/test_commands.py", "guard/test_pack_folder.py", "guard/test_programs.py"),
    *(
        "guard/test_reference_stacks.py",
        "guard/test_workflows.py",
        "policies/test_fingerprints.py",
        "policies/test_serving.py",
    ),
    *("local/test_aws_translate.py", "local/test_aws_versions.py", "local/test_aws_waf.py", "local/test_classes.py"),
    *("local/test_processes.py", "local/test_runtime.py", "local/test_translate.py", "policies/test_properties.py"),
)
"""Whose tests start processes of their own, or search many cases."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest files first, and mark what `make test-fast` runs."""
    rank = {name: number for number, name in enumerate(LONGEST)}

    def place(item: pytest.Item) -> str:
        return item.path.relative_to(TESTS).as_posix()

    items.sort(key=lambda item: rank.get(place(item), len(rank)))
    for item in items:
        starts = PROCESSES & {*getattr(item, "fixturenames", ())}
        named = any(item.iter_markers("runtime")) or any(item.iter_markers("engine"))
        if not (starts or named or place(item).startswith(NOT_FAST)):
            item.add_marker("fast")


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
