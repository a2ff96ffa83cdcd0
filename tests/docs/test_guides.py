"""The guides are true: their examples pass the policies, and what they show of requests and commands is what happens."""

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import yaml
from edgewright.base.project import Project
from edgewright.cli import _show
from edgewright.cli.check import evaluate_capture
from edgewright.engine.resources import Capture
from edgewright.engine.runner import Runner
from edgewright.platforms.cloud import LocalCloud
from edgewright.testing import local_cloud

from tests.loopback import PATIENCE_S, free_ports
from tools.component_docs import PAGES

ROOT = Path(__file__).resolve().parents[2]
GUIDES = sorted((ROOT / "docs" / "guides").glob("*.md"))
_ADDRESS = "http://127.0.0.1:8787"


def _example(guide: Path) -> str:
    """Return the example that a guide runs."""
    found = re.search(r"edgewright -C examples/(\S+) dev", guide.read_text())
    return found[1] if found else guide.stem


EXAMPLES = sorted({*map(_example, GUIDES), *(page.example for page in PAGES)})


def _copy(name: str, folder: Path) -> Path:
    """Copy an example, with the ports of its services free."""
    target = folder / name
    shutil.copytree(ROOT / "examples" / name, target, ignore=shutil.ignore_patterns("__pycache__", ".edgewright"))
    file = target / "stacks" / "Pulumi.local.yaml"
    text = file.read_text()
    ports = sorted(set(re.findall(r"\b91\d\d\b", text)))
    free = dict(zip(ports, map(str, free_ports(len(ports)) if ports else []), strict=True))
    file.write_text(re.sub(r"\b91\d\d\b", lambda found: free[found[0]], text))
    return target


@pytest.mark.runtime
@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_passes_the_policies(name: str, runner: Runner, tmp_path: Path) -> None:
    folder = _copy(name, tmp_path)
    capture, settings = runner.run(folder, "local", cloud=LocalCloud())
    found = evaluate_capture(Project.load(folder), "local", capture, settings)
    assert [finding for finding in found.findings if finding.level == "mandatory"] == []
    assert capture.outputs["urls"]


def test_components_pages_show_examples_that_declare_them() -> None:
    for page in PAGES:
        assert f"{page.component}(" in (ROOT / "examples" / page.example / "__main__.py").read_text()


def _lines(guide: Path) -> Iterator[str]:
    for line in guide.read_text().splitlines():
        if line.startswith(("    curl ", "    edgewright ")):
            yield line.strip()


_SHOWN = [guide for guide in GUIDES if any(_lines(guide))]
"""Guides with commands whose outcome is shown. Those in a block of `sh` have a part of the reader's own."""


def _filled(command: str, folder: Path) -> str:
    """Return a command with what `$(python ...)` in it prints."""

    def run(found: re.Match[str]) -> str:
        words = [sys.executable, *shlex.split(found[1])]
        return subprocess.run(words, cwd=folder, check=True, capture_output=True, text=True).stdout.strip()

    return re.sub(r"\$\(python ([^)]*)\)", run, command)


def _ask(client: httpx.Client, command: str) -> httpx.Response:
    words = iter(shlex.split(command)[1:])
    method, headers, url = "GET", {}, ""
    for word in words:
        if word == "-H":
            name, _, value = next(words).partition(": ")
            headers[name] = value
        elif word == "-X":
            method = next(words)
        elif word != "-i":
            assert word.startswith(_ADDRESS), word
            url = word.removeprefix(_ADDRESS)
    return client.request(method, url, headers=headers)


def _check(answer: httpx.Response, expected: str, line: str) -> None:
    """Hold an answer against `200, Name: value, "text"`; the value of a header may have commas."""
    status, *rest = re.split(r', (?=[A-Z][\w-]*: |")', expected)
    assert answer.status_code == int(status), line
    for part in rest:
        if part.startswith('"'):
            assert part.strip('"') in answer.text, line
        else:
            name, _, value = part.partition(": ")
            assert answer.headers.get(name, "").startswith(value), f"{line}: {answer.headers.get(name)}"


@pytest.mark.runtime
@pytest.mark.parametrize("guide", _SHOWN, ids=lambda guide: guide.stem)
def test_what_a_guide_shows_is_what_happens(guide: Path, tmp_path: Path) -> None:
    folder = _copy(_example(guide), tmp_path)
    asked = 0
    with (
        local_cloud(folder, "local") as cloud,
        httpx.Client(base_url=cloud.url, trust_env=False, timeout=PATIENCE_S) as client,
    ):
        for line in _lines(guide):
            if line.startswith("edgewright "):
                words = [str(Path(sys.executable).with_name("edgewright")), "-C", str(folder), *shlex.split(line)[1:]]
                subprocess.run(words, check=True, capture_output=True, timeout=PATIENCE_S)
                continue
            command, _, expected = line.partition("#")
            _check(_ask(client, _filled(command, folder)), expected.strip(), line)
            asked += 1
    assert asked >= 2


@pytest.mark.runtime
def test_the_rollout_of_the_guide(tmp_path: Path) -> None:
    guide = (ROOT / "docs" / "guides" / "rollout.md").read_text()
    (staged,) = [yaml.safe_load(block)["config"] for block in re.findall(r"```yaml\n(.*?)```", guide, re.S)]
    folder = _copy("rollout", tmp_path)
    file = folder / "stacks" / "Pulumi.local.yaml"
    with local_cloud(folder, "local") as cloud:
        first = cloud.capture.outputs["stable_version_id"]
        assert f"  stable_version_id: {first}" in _show.output_lines(cloud.capture)
        assert cloud.capture.outputs["candidate_version_id"] == ""
        file.write_text(yaml.safe_dump({"config": {**staged, "rollout:previous": first}}))
        cloud.reload()
        second = cloud.capture.outputs["candidate_version_id"]
        assert second not in ("", first)
        assert cloud.capture.outputs["stable_version_id"] == first
        (worker,) = cloud.control.status()["workers"]
        assert {share["version_id"]: share["percentage"] for share in worker["deployment"]} == {first: 90, second: 10}
        promoted = {
            key: value for key, value in staged.items() if key not in ("rollout:percentage", "rollout:previous")
        }
        file.write_text(yaml.safe_dump({"config": promoted}))
        cloud.reload()
        assert cloud.capture.outputs["stable_version_id"] == second
        answer = httpx.get(f"{cloud.url}/greeting", trust_env=False, timeout=PATIENCE_S)
        assert answer.text == staged["rollout:greeting"]


@pytest.mark.runtime
def test_up_prints_the_outputs(tmp_path: Path) -> None:
    folder = _copy("rollout", tmp_path)
    command = [str(Path(sys.executable).with_name("edgewright")), "-C", str(folder)]
    try:
        told = subprocess.run(
            [*command, "up", "--no-verify", "--port", "0"], capture_output=True, text=True, timeout=5 * PATIENCE_S
        )
        assert told.returncode == 0, told.stderr
        assert re.search(r"\noutputs:\n  candidate_version_id: \n  stable_version_id: [0-9a-f-]{36}\n", told.stdout)
    finally:
        subprocess.run([*command, "down"], check=True, capture_output=True, timeout=PATIENCE_S)


def test_outputs_are_shown_but_not_secrets() -> None:
    outputs = {"url": "https://a.test", "count": 2, "key": "s3cret", "nested": {"a": ["s3cret"]}, "long": "x" * 500}
    capture = Capture("p", "s", (), outputs=outputs, secret_outputs=frozenset({"key", "nested.a[0]"}))
    assert _show.output_lines(capture) == [
        "",
        "outputs:",
        "  url: https://a.test",
        "  count: 2",
        "  key: [secret]",
        "  nested: [secret]",
        f"  long: {'x' * 399}…",
    ]
    assert _show.output_lines(Capture("p", "s", ())) == []
