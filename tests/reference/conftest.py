"""The repository's own project, and copies of it that a test may spoil."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from edgewright.engine.runner import Runner

from tests.reference.cloud import ROOT, Cloud, copy_project, running

STACKS = ("dev", "local", "prod", "staging")
"""On Cloudflare."""
AWS_STACKS = ("aws-local", "aws-prod")
"""On CloudFront."""


Spoil = Callable[[str, str, str], Path]


@pytest.fixture
def spoil(tmp_path: Path) -> Spoil:
    """Return a function that copies the project with one text of a stack's settings replaced by another."""

    def copy(stack: str, old: str, new: str) -> Path:
        for name in ("Pulumi.yaml", "__main__.py"):
            shutil.copy(ROOT / name, tmp_path / name)
        shutil.copytree(ROOT / "stacks", tmp_path / "stacks", ignore=shutil.ignore_patterns("__pycache__"))
        file = tmp_path / "stacks" / f"Pulumi.{stack}.yaml"
        text = file.read_text()
        assert text.count(old) >= 1, f"{file.name} has no {old!r}"
        file.write_text(text.replace(old, new, 1))
        return tmp_path

    return copy


def _patient(text: str) -> str:
    # How fast this machine is while it runs tests is no fault of the stack's.
    for old, new in (("p50_ms: 10\n", "p50_ms: 2000\n"), ("timeout_ms: 1000\n", "timeout_ms: 4000\n")):
        assert old in text
        text = text.replace(old, new)
    return text


@pytest.fixture(scope="session")
def cloud(runner: Runner, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """The stack `local` on the real local cloud. A test leaves its origins well."""
    with running(copy_project(tmp_path_factory.mktemp("project"), _patient), runner) as cloud:
        yield cloud


@pytest.fixture(scope="session")
def cloudfront(runner: Runner, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """The stack `aws-local` on the real local cloud. A test leaves its origins well."""
    with running(copy_project(tmp_path_factory.mktemp("aws"), _patient), runner, "aws-local") as cloud:
        yield cloud


@pytest.fixture(params=["cloud", "cloudfront"], ids=["cloudflare", "cloudfront"])
def api(request: pytest.FixtureRequest) -> Cloud:
    """The same API on either platform: the same requests get the same answers, but for names of headers."""
    found: Cloud = request.getfixturevalue(request.param)
    return found
