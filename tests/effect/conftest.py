"""What the table's rows run on: a folder of files, origins, and a local cloud for each platform."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from edgewright.assemble import bundler

from tests.effect.behind import Behind, behind
from tests.effect.files import write_files
from tests.effect.identity import Identity
from tests.effect.live import Live, live


@pytest.fixture(scope="session")
def effect_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the table's programs, with the files that they name."""
    folder = tmp_path_factory.mktemp("effect")
    write_files(folder)
    return folder


@pytest.fixture
def in_folder(effect_folder: Path) -> Path:
    """Run in the programs' folder; the folder before is entered again by the fixture of all tests."""
    os.chdir(effect_folder)
    return effect_folder


@pytest.fixture(scope="session", autouse=True)
def _bundler_is_warm() -> Iterator[None]:
    """Hundreds of programs bundle handlers: one process of esbuild serves them all."""
    bundler.ensure()
    yield
    bundler.close()


@pytest.fixture(scope="session")
def effect_behind() -> Iterator[Behind]:
    with behind() as state:
        yield state


@pytest.fixture(scope="session")
def live_on(
    runtime_dir: Path, tmp_path_factory: pytest.TempPathFactory, effect_behind: Behind
) -> Iterator[Callable[[str], Live]]:
    """A function that returns the local cloud of a platform; each is started once, when it is first asked for."""
    started: dict[str, Live] = {}
    identity = Identity()
    effect_behind.keys = {"table": identity.key_set(), "other": Identity().key_set()}
    with ExitStack() as stack:

        def start(host: str) -> Live:
            if host not in started:
                folder = tmp_path_factory.mktemp(f"effect-{host}")
                write_files(folder)
                started[host] = stack.enter_context(live(host, folder, effect_behind, identity))
            os.chdir(started[host].stack.project.directory)
            return started[host]

        yield start
